/* Orders that are made late: while an opening reads what it knows, entries are not put into place
 * one by one, but sorted and packed at the end, all at once.
 *
 * Job: no search and no full leaf for each object of a large index, and leaves that are full.
 *
 * Happy path: an index that has outgrown one leaf collects what comes in a chain of leaves behind
 * its tree, its tail, and takes no more than counts and sums note of it. At the end of the opening,
 * or where something asks for a place, the tail is sorted, merged with the leaves of the tree, and
 * the levels above are built anew. Entries that came in order are found to be so, and none moves.
 *
 * Memory: an entry is where it will be in the end, in a leaf. Sorting (sort.c) needs four leaves,
 * which are there before, and is quicker with more. The nodes of the levels above are set aside
 * while a tail grows. So putting in order cannot fail.
 *
 * Failure modes: no memory while a tail grows: then what there is is put in order, the entry goes
 * into its place by what the change reserved, and the end says so. An index that is asked for
 * places while it grows would be sorted again and again: it is late again only if it has doubled
 * since. Two objects that are equal in all fields are found when they are put in order; until then
 * nothing says so. */
#include "object/tree.h"

/* --- Collecting ------------------------------------------------------------------------------- */

/* Nodes of levels above so many leaves. */
static size_t levels_of(size_t leaves)
{
	size_t nodes = 0;
	while (leaves > 1) {
		leaves = (leaves + HF__NODE_WIDTH - 1) / HF__NODE_WIDTH;
		nodes += leaves;
	}
	return nodes;
}

static bool may_begin(const struct hf__index *index)
{
	const struct hf__index_node *root = index->top.node;
	if (index->given.change == index->nodes->change)
		return false; /* what it gave back in this change is remembered where a tail would be */
	/* The leaves below a tail are of full size, and one that stands alone is full: sorting fills
	 * them again. An index that shrank since it was put in order has a small root. */
	if (!root || (!root->inner && root->count < HF__NODE_WIDTH))
		return false;
	return index->top.late == HF__INDEX_AGAIN ||
	       (index->top.late == HF__INDEX_USUAL && !root->inner);
}

/* What the first index that becomes late needs, and all others use; more where one is large. */
static bool spares_make(struct hf__index_nodes *nodes, uint32_t wanted)
{
	while (nodes->spares < wanted) {
		struct hf__index_node *leaf = hf__nodes_new(nodes, HF__NODE_LEAF);
		if (!leaf)
			return false;
		hf__spare_put(nodes, leaf);
	}
	nodes->spares_kept = nodes->spares;
	return true;
}

/* For as many deals as so many leaves are worth. Without memory there are fewer: that is slower. */
static void spares_for(struct hf__index_nodes *nodes, size_t leaves)
{
	uint32_t wanted = HF__SORT_LEAVES;
	for (unsigned i = 0; i < HF__DEALS && leaves >= HF__DEALT; i++, leaves /= HF__SORT_PILES)
		wanted += HF__DEAL_LEAVES;
	(void)spares_make(nodes, wanted);
}

static bool begin(struct hf__index *index)
{
	struct hf__index_nodes *nodes = index->nodes;
	const struct hf__index_node *root = index->top.node;
	struct hf__index_tail *tail =
	    spares_make(nodes, HF__SORT_LEAVES) ? hf__alloc(sizeof *tail) : NULL;
	if (!tail)
		return false;
	*tail = (struct hf__index_tail){.index = index, .next = nodes->tails};
	for (const struct hf__index_node *leaf = hf__index_first(index).leaf; leaf; leaf = leaf->next)
		tail->below++;
	tail->above = levels_of(tail->below) - (root->inner && root->cap < HF__NODE_WIDTH);
	if (tail->next)
		tail->next->before = tail;
	nodes->tails = tail;
	index->tail = tail;
	index->top.late = HF__INDEX_LATE;
	return true;
}

/* A leaf more for the tail, and what has to stand above it. */
static bool extend(struct hf__index_tail *tail)
{
	struct hf__index_nodes *nodes = tail->index->nodes;
	const size_t wanted = levels_of(tail->below + tail->leaves + 1) - tail->above;
	while (tail->inner_count < wanted) {
		struct hf__index_node *inner = hf__nodes_new(nodes, HF__NODE_LARGEST);
		if (!inner)
			return false;
		inner->next = tail->inner;
		tail->inner = inner;
		tail->inner_count++;
	}
	struct hf__index_node *leaf = hf__nodes_new(nodes, HF__NODE_LEAF);
	if (!leaf)
		return false;
	if (tail->last)
		tail->last->next = leaf;
	else
		tail->first = leaf;
	tail->last = leaf;
	spares_for(nodes, ++tail->leaves);
	return true;
}

bool hf__index_defer(struct hf__index *index, const struct hf__index_entry *entry, int64_t weight,
                     uint8_t tag)
{
	if (index->top.late != HF__INDEX_LATE && !may_begin(index))
		return false;
	if (index->top.late != HF__INDEX_LATE && !begin(index)) {
		index->nodes->starved = true;
		return false;
	}
	struct hf__index_tail *tail = index->tail;
	if ((!tail->last || tail->last->count == HF__NODE_WIDTH) && !extend(tail)) {
		index->nodes->starved = true;
		hf__index_settle(index);
		return false;
	}
	hf__index_tail_put(index, entry, weight, tag);
	return true;
}

/* --- Putting in order ------------------------------------------------------------------------- */

static void tail_unlink(struct hf__index *index)
{
	const struct hf__index_tail *tail = index->tail;
	if (tail->before)
		tail->before->next = tail->next;
	else
		index->nodes->tails = tail->next;
	if (tail->next)
		tail->next->before = tail->before;
	index->given = (struct hf__index_given){0};
}

static size_t tail_size(const struct hf__index_tail *tail)
{
	return tail->last ? (tail->leaves - 1) * HF__NODE_WIDTH + tail->last->count : 0;
}

/* What was set aside, and what is more than sorting needs, is the index's own until the change
 * ends. */
static void give_inner(struct hf__index *index, struct hf__index_tail *tail)
{
	while (tail->inner) {
		struct hf__index_node *node = tail->inner;
		tail->inner = node->next;
		hf__nodes_give(index, node);
	}
}

static void give_spares(struct hf__index *index)
{
	while (index->nodes->spares > index->nodes->spares_kept)
		hf__nodes_give(index, hf__spare_take(index->nodes));
}

void hf__index_settle(struct hf__index *index)
{
	struct hf__index_tail *tail = index->tail;
	const size_t size = tail_size(tail);
	tail_unlink(index);
	index->top.late = 2 * size >= index->top.size ? HF__INDEX_AGAIN : HF__INDEX_EAGER;
	give_inner(index, tail);
	if (size > 0) {
		const struct hf__index_entry newest = hf__node_entries(tail->last)[tail->last->count - 1u];
		struct hf__index_node *leaves = hf__index_flatten(index);
		if (leaves->next) {
			leaves = hf__leaves_merge(index, leaves, hf__leaves_sort(index, tail->first));
		} else { /* one of many that are sorted */
			leaves->next = tail->first;
			leaves = hf__leaves_sort(index, leaves);
		}
		hf__index_raise(index, leaves);
		index->top.run = hf__index_object(hf__index_last(index)) == newest.object;
		give_spares(index);
	}
	hf__free(tail);
}

/* --- From an opening's beginning to its end --------------------------------------------------- */

void hf__index_late_begin(struct hf__index_nodes *nodes)
{
	nodes->twins = nodes->starved = false;
	nodes->late = true;
}

int hf__index_late_end(struct hf__index_nodes *nodes)
{
	while (nodes->tails) {
		/* what is missing then are small roots */
		nodes->starved = hf__nodes_reserve(nodes) != HF_OK || nodes->starved;
		hf__index_settle(nodes->tails->index);
		hf__nodes_end(nodes);
	}
	nodes->late = false;
	hf__spares_free(nodes);
	if (nodes->twins)
		return HF_ECORRUPT;
	return nodes->starved ? HF_ENOMEM : HF_OK;
}

/* --- All of it -------------------------------------------------------------------------------- */

void hf__index_tail_each(const struct hf__index *index, void (*fn)(void *object))
{
	for (const struct hf__index_node *leaf = index->tail->first; leaf; leaf = leaf->next)
		for (unsigned i = 0; i < leaf->count; i++)
			fn(hf__node_entries(leaf)[i].object);
}

static void free_chain(struct hf__index_nodes *nodes, struct hf__index_node *node)
{
	while (node) {
		struct hf__index_node *next = node->next;
		hf__nodes_free(nodes, node);
		node = next;
	}
}

void hf__index_tail_free(struct hf__index *index)
{
	struct hf__index_tail *tail = index->tail;
	tail_unlink(index);
	index->top.late = HF__INDEX_USUAL;
	free_chain(index->nodes, tail->first);
	free_chain(index->nodes, tail->inner);
	hf__free(tail);
}
