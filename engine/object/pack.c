/* Indexes built whole: from a chain of leaves (late.c too), and packed where memory is short.
 *
 * An undo may need more nodes than there are: entries that left full leaves come back while their
 * places are taken. Memory is not to be had then. But all entries fit into the nodes that they were
 * in before (I-INDEX-1), which are here or free: so entries move along the chain of leaves to where
 * there is room, and the levels above are built anew, of no more nodes than they need. That takes
 * O(n), and is as good as never seen. */
#include <assert.h>

#include "object/tree.h"

/* --- Levels ----------------------------------------------------------------------------------- */

/* `even`: what the index's sums say is so of each leaf, whose objects need not be looked at. */
static struct hf__index_slot slot_of(const struct hf__index *index, struct hf__index_node *node,
                                     bool even)
{
	struct hf__index_slot slot = {.first = hf__node_first(node), .sum = index->top};
	slot.sum.node = node;
	slot.sum.size = node->count;
	if (node->inner || !even)
		hf__index_fold(index->type, node, &slot.sum);
	return slot;
}

/* A node above the first `count` of a chain, which it takes apart where they are inner ones. Gives
 * the rest of the chain. */
static struct hf__index_node *fill_node(const struct hf__index *index, struct hf__index_node *node,
                                        struct hf__index_node *chain, unsigned count, bool even)
{
	for (; count > 0; count--) {
		struct hf__index_node *next = chain->next;
		if (chain->inner)
			chain->next = NULL;
		hf__node_slots(node)[node->count++] = slot_of(index, chain, even);
		chain = next;
	}
	return chain;
}

/* The level above a chain of `count` nodes, as a chain, of nodes of at least this class; *above:
 * how many. */
static struct hf__index_node *raise_level(struct hf__index *index, struct hf__index_node *chain,
                                          size_t count, unsigned class, bool even, size_t *above)
{
	struct hf__index_node *first = NULL, **end = &first;
	size_t nodes = (count + HF__NODE_WIDTH - 1) / HF__NODE_WIDTH;
	for (unsigned cap = 4u << class % HF__NODE_INNER; cap < count && class < HF__NODE_LARGEST;
	     cap *= 2)
		class ++;
	for (*above = nodes; nodes > 0; nodes--) {
		const unsigned share = (unsigned)(count / nodes);
		struct hf__index_node *node = hf__nodes_take(index, class);
		assert(node); /* I-INDEX-1 */
		chain = fill_node(index, node, chain, share, even);
		count -= share;
		*end = node;
		end = &node->next;
	}
	return first;
}

static void raise_levels(struct hf__index *index, struct hf__index_node *leaves, unsigned class,
                         bool even)
{
	struct hf__index_node *chain = leaves;
	unsigned height = 0;
	size_t count = 0;
	for (const struct hf__index_node *leaf = leaves; leaf; leaf = leaf->next)
		count++;
	for (; count > 1; height++)
		chain = raise_level(index, chain, count, class, even, &count);
	hf__index_fold(index->type, chain, &index->top);
	index->top.height = (uint8_t)height;
}

/* --- Packing ---------------------------------------------------------------------------------- */

static void give_inner(struct hf__index *index, struct hf__index_node *node)
{
	if (!node->inner)
		return;
	for (unsigned i = 0; i < node->count; i++)
		give_inner(index, hf__node_slots(node)[i].sum.node);
	hf__nodes_give(index, node);
}

static struct hf__index_node *with_room(struct hf__index_node *leaf, bool forward)
{
	while (leaf && leaf->count == leaf->cap)
		leaf = forward ? leaf->next : leaf->prev;
	return leaf;
}

/* The last entry of each leaf from `leaf` on goes to the next, up to `room`. */
static void push_forward(struct hf__index_node *leaf, struct hf__index_node *room)
{
	for (; room != leaf; room = room->prev) {
		struct hf__index_node *from = room->prev;
		hf__open_gap(room, 0, hf__element_at(from, from->count - 1u));
		hf__close_gap(from, from->count - 1u);
	}
}

/* The same to the other side. */
static void push_back(struct hf__index_node *leaf, struct hf__index_node *room)
{
	for (; room != leaf; room = room->next) {
		struct hf__index_node *from = room->next;
		hf__open_gap(room, room->count, hf__element_at(from, 0));
		hf__close_gap(from, 0);
	}
}

/* All leaves are full: the second half of this one goes into another. */
static void split_leaf(struct hf__index *index, struct hf__index_node *leaf)
{
	struct hf__index_node *added = hf__nodes_take(index, HF__NODE_LEAF);
	assert(added); /* I-INDEX-1 */
	added->prev = leaf;
	added->next = leaf->next;
	if (leaf->next)
		leaf->next->prev = added;
	leaf->next = added;
	while (leaf->count > leaf->cap / 2) {
		hf__open_gap(added, 0, hf__element_at(leaf, leaf->count - 1u));
		leaf->count--;
	}
}

/* Where all leaves are smaller than they might be, the only one is the root: a larger one. */
static struct hf__index_node *only_leaf(struct hf__index *index, struct hf__index_node *leaf)
{
	return leaf->cap == HF__NODE_WIDTH ? leaf
	                                   : hf__nodes_swap(index, leaf, hf__node_class(leaf) + 1);
}

void hf__index_pack(struct hf__index *index, const struct hf__index_path *path,
                    const struct hf__index_entry *entry)
{
	struct hf__index_node *leaf = path->node[path->height], *room;
	unsigned slot = path->slot[path->height];
	give_inner(index, index->top.node);
	leaf = only_leaf(index, leaf);
	if (slot == leaf->count && leaf->next) { /* where it may push what is behind it */
		leaf = leaf->next;
		slot = 0;
	}
	if ((room = with_room(leaf, true)) != NULL) {
		push_forward(leaf, room);
	} else if ((room = with_room(leaf, false)) != NULL) {
		if (slot == 0) {
			leaf = leaf->prev;
			slot = leaf->count;
		}
		push_back(leaf, room);
		slot -= room != leaf;
	} else {
		split_leaf(index, leaf);
		if (slot > leaf->count) {
			slot -= leaf->count;
			leaf = leaf->next;
		}
	}
	hf__open_gap(leaf, slot, entry);
	while (leaf->prev)
		leaf = leaf->prev;
	raise_levels(index, leaf, HF__NODE_INNER, false);
}

/* --- Root ------------------------------------------------------------------------------------- */

void hf__index_mend_root(struct hf__index *index)
{
	struct hf__index_node *root = index->top.node;
	if (root->count == 0) {
		hf__nodes_give(index, root);
		index->top = (struct hf__index_sum){.least = INT64_MAX, .most = INT64_MIN};
		return;
	}
	for (; root->inner && root->count == 1; root = index->top.node) {
		index->top.node = hf__node_slots(root)[0].sum.node;
		index->top.height--;
		hf__nodes_give(index, root);
	}
	if (root->cap <= 4 || root->count > root->cap / 4)
		return;
	const unsigned class = hf__node_class(root) - 1;
	if (hf__nodes_for(index, class) <= HF__NODES_INSERTS / 2)
		return; /* those may be needed more, or others gave back what there is */
	index->top.node = hf__nodes_swap(index, root, class);
}

/* --- Built whole ------------------------------------------------------------------------------ */

struct hf__index_node *hf__index_flatten(struct hf__index *index)
{
	struct hf__index_node *leaf = index->top.node;
	while (leaf->inner)
		leaf = hf__node_slots(leaf)[0].sum.node;
	give_inner(index, index->top.node);
	return leaf;
}

/* Of full-sized nodes, which are there; the root becomes a smaller one if others do not need that
 * more. */
void hf__index_raise(struct hf__index *index, struct hf__index_node *leaves)
{
	const bool even = index->top.least == index->top.most && index->top.tags == 0;
	struct hf__index_node *before = NULL;
	for (struct hf__index_node *leaf = leaves; leaf; before = leaf, leaf = leaf->next)
		leaf->prev = before;
	raise_levels(index, leaves, HF__NODE_LARGEST, even);
	hf__index_mend_root(index);
}
