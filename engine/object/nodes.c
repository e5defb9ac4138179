/* The memory of indexes.
 *
 * Job: nodes that are there when an insert needs one, at any moment of a change and of its undo.
 *
 * Happy path: a step of a change reserves before it changes anything, which is one comparison
 * unless a node was taken since; inserts take, removals give; at the end of the change what is
 * beyond the usual goes to libc.
 *
 * I-INDEX-1: within a change no node goes to libc, and a step takes only what was reserved beyond
 * what the change gave back. So an index and the nodes that are free hold at every moment at least
 * the nodes that the index had at any earlier moment of the change. That is what an undo rests on:
 * entries that filled nodes once fit into them again, if need be packed (hf__index_insert).
 *
 * Failure modes: no memory is HF_ENOMEM of the reservation, and nothing has changed. */
#include "object/nodes.h"

#include <assert.h>

#include "object/tree.h"

static size_t size_of_class(unsigned class)
{
	const size_t element =
	    class < HF__NODE_INNER ? sizeof(struct hf__index_entry) : sizeof(struct hf__index_slot);
	return sizeof(struct hf__index_node) + (element * 4u << class % HF__NODE_INNER);
}

unsigned hf__node_class(const struct hf__index_node *node)
{
	unsigned class = node->inner ? HF__NODE_INNER : 0;
	for (unsigned cap = 4; cap < node->cap; cap *= 2)
		class ++;
	return class;
}

/* What one step may take of this class: each insert one, and in high indexes that grow alike one
 * for each level. */
static uint32_t wanted(const struct hf__index_nodes *nodes, unsigned class)
{
	unsigned levels = 1;
	for (size_t n = nodes->taken[HF__NODE_LARGEST]; class == HF__NODE_LARGEST && n > 1; n /= 8)
		levels++;
	while (class > 0 && nodes->taken[class - 1] == 0 && nodes->taken[class] == 0)
		if (++class == HF__NODE_CLASSES)
			return 0;
	return HF__NODES_INSERTS * levels;
}

static struct hf__index_node *node_new(unsigned class)
{
	struct hf__index_node *node = hf__alloc(size_of_class(class));
	if (!node)
		return NULL;
	node->inner = class >= HF__NODE_INNER;
	node->cap = (uint8_t)(4u << class % HF__NODE_INNER);
	return node;
}

struct hf__index_node *hf__nodes_new(struct hf__index_nodes *nodes, unsigned class)
{
	struct hf__index_node *node = node_new(class);
	nodes->taken[class] += node != NULL;
	nodes->ready = false; /* more may be wanted from here on */
	return node;
}

static bool make(struct hf__index_nodes *nodes, unsigned class, uint32_t count)
{
	while (nodes->count[class] < count) {
		struct hf__index_node *node = node_new(class);
		if (!node)
			return false;
		node->next = nodes->free[class];
		nodes->free[class] = node;
		nodes->count[class]++;
	}
	return true;
}

int hf__nodes_make(struct hf__index_nodes *nodes)
{
	for (unsigned class = 0; class < HF__NODE_CLASSES; class ++)
		if (!make(nodes, class, nodes->held[class] + wanted(nodes, class)))
			return HF_ENOMEM;
	nodes->ready = true;
	return HF_OK;
}

void hf__nodes_ease(struct hf__index_nodes *nodes)
{
	for (unsigned class = HF__NODE_LEAF; class < HF__NODE_CLASSES; class += HF__NODE_INNER)
		if (nodes->count[class] < nodes->held[class] + 2 && wanted(nodes, class) > 0)
			(void)make(nodes, class, nodes->held[class] + HF__NODES_INSERTS);
}

/* --- What an index gave back ------------------------------------------------------------------ */

static struct hf__index_given *given_by(struct hf__index *index)
{
	if (index->given.change != index->nodes->change)
		index->given = (struct hf__index_given){.change = index->nodes->change};
	return &index->given;
}

static size_t own_count(const struct hf__index *index, unsigned class)
{
	const struct hf__index_given *given = &index->given;
	if (given->change != index->nodes->change)
		return 0;
	if (class == HF__NODE_LEAF)
		return given->leaves;
	return class == HF__NODE_LARGEST ? given->inner : given->small >> class & 1u;
}

static void own_change(struct hf__index *index, unsigned class, bool more)
{
	struct hf__index_given *given = given_by(index);
	if (class == HF__NODE_LEAF)
		given->leaves = more ? given->leaves + 1 : given->leaves - 1;
	else if (class == HF__NODE_LARGEST)
		given->inner = more ? given->inner + 1 : given->inner - 1;
	else
		given->small ^= (uint8_t)(1u << class);
}

size_t hf__nodes_for(const struct hf__index *index, unsigned class)
{
	const struct hf__index_nodes *nodes = index->nodes;
	return nodes->count[class] - nodes->held[class] + own_count(index, class);
}

struct hf__index_node *hf__nodes_take(struct hf__index *index, unsigned class)
{
	struct hf__index_nodes *nodes = index->nodes;
	const unsigned end = class < HF__NODE_INNER ? HF__NODE_INNER : HF__NODE_CLASSES;
	while (class < end && hf__nodes_for(index, class) == 0)
		class ++;
	if (class == end)
		return NULL;
	if (own_count(index, class) > 0) { /* first, so that it never has many */
		own_change(index, class, false);
		nodes->held[class]--;
	}
	struct hf__index_node *node = nodes->free[class];
	nodes->free[class] = node->next;
	nodes->count[class]--;
	nodes->ready = false;
	nodes->used = true;
	nodes->taken[class]++;
	node->prev = node->next = NULL;
	node->count = 0;
	return node;
}

void hf__nodes_give(struct hf__index *index, struct hf__index_node *node)
{
	struct hf__index_nodes *nodes = index->nodes;
	const unsigned class = hf__node_class(node);
	const bool full = class == HF__NODE_LEAF || class == HF__NODE_LARGEST;
	node->next = nodes->free[class];
	nodes->free[class] = node;
	nodes->count[class]++;
	nodes->taken[class]--;
	nodes->ready = false;
	nodes->used = true;
	if (!full && own_count(index, class) > 0)
		return;
	own_change(index, class, true);
	nodes->held[class]++;
}

struct hf__index_node *hf__nodes_swap(struct hf__index *index, struct hf__index_node *old,
                                      unsigned class)
{
	struct hf__index_node *node = hf__nodes_take(index, class);
	assert(node); /* I-INDEX-1 */
	node->count = old->count;
	memcpy(hf__element_at(node, 0), hf__element_at(old, 0),
	       old->count * hf__element_size(old->inner));
	hf__nodes_give(index, old);
	return node;
}

void hf__nodes_free(struct hf__index_nodes *nodes, struct hf__index_node *node)
{
	nodes->taken[hf__node_class(node)]--;
	hf__free(node);
}

/* --- Spare leaves ----------------------------------------------------------------------------- */

struct hf__index_node *hf__spare_take(struct hf__index_nodes *nodes)
{
	struct hf__index_node *leaf = nodes->spare;
	assert(leaf);
	nodes->spare = leaf->next;
	nodes->spares--;
	leaf->next = leaf->prev = NULL;
	leaf->count = 0;
	return leaf;
}

void hf__spare_put(struct hf__index_nodes *nodes, struct hf__index_node *leaf)
{
	leaf->next = nodes->spare;
	nodes->spare = leaf;
	nodes->spares++;
}

void hf__spares_free(struct hf__index_nodes *nodes)
{
	while (nodes->spare)
		hf__nodes_free(nodes, hf__spare_take(nodes));
	nodes->spares_kept = 0;
}

/* --- The end of a change -------------------------------------------------------------------- */

static void free_down_to(struct hf__index_nodes *nodes, unsigned class, uint32_t count)
{
	while (nodes->count[class] > count) {
		struct hf__index_node *node = nodes->free[class];
		nodes->free[class] = node->next;
		nodes->count[class]--;
		hf__free(node);
	}
}

/* Some are kept beyond what the next step wants: an index that shrinks and grows by turns asks
 * libc for nothing. */
void hf__nodes_end(struct hf__index_nodes *nodes)
{
	if (!nodes->used)
		return;
	nodes->used = false;
	nodes->change++;
	for (unsigned class = 0; class < HF__NODE_CLASSES; class ++) {
		nodes->held[class] = 0;
		free_down_to(nodes, class, wanted(nodes, class) + HF__NODES_INSERTS);
	}
}

void hf__nodes_deinit(struct hf__index_nodes *nodes)
{
	hf__spares_free(nodes);
	for (unsigned class = 0; class < HF__NODE_CLASSES; class ++)
		free_down_to(nodes, class, 0);
}
