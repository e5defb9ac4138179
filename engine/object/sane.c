/* Is an index what it should be? For verify and tests. */
#include "object/prefix.h"
#include "object/tree.h"

struct looking {
	const struct hf__index *index;
	const struct hf__index_node *leaf; /* the newest one, in order */
	const void *before; /* the newest object */
};

static bool sums_equal(const struct hf__index_sum *a, const struct hf__index_sum *b)
{
	return a->least == b->least && a->most == b->most && a->size == b->size && a->tags == b->tags;
}

static bool entry_sane(struct looking *l, const struct hf__index_entry *entry)
{
	const struct hf__fields *fields = &l->index->type->fields;
	if (entry->prefix != hf__prefix_of(fields, entry->object) ||
	    (l->before && hf__fields_compare(fields, l->before, entry->object) >= 0))
		return false;
	l->before = entry->object;
	return true;
}

static bool leaf_sane(struct looking *l, const struct hf__index_node *leaf)
{
	if (leaf->inner || leaf->prev != l->leaf || (l->leaf && l->leaf->next != leaf))
		return false;
	l->leaf = leaf;
	for (unsigned i = 0; i < leaf->count; i++)
		if (!entry_sane(l, &hf__node_entries(leaf)[i]))
			return false;
	return true;
}

/* A root may be small; a node beside others is neither, nor is it nearly empty but at the edges,
 * which `edge` says. */
static bool fill_sane(const struct hf__index_node *node, bool root, bool edge)
{
	if (node->count == 0 || node->count > node->cap || (!root && node->cap != HF__NODE_WIDTH))
		return false;
	if (root)
		return !node->inner || node->count > 1;
	return edge || node->count >= HF__NODE_WIDTH / 4;
}

/* It calls itself once for each level. */
static bool node_sane(struct looking *l, const struct hf__index_sum *sum, unsigned depth, bool edge)
{
	struct hf__index_node *node = sum->node;
	struct hf__index_sum right = *sum;
	if (!fill_sane(node, depth == 0, edge))
		return false;
	if (depth == l->index->top.height) {
		if (!leaf_sane(l, node))
			return false;
	} else if (!node->inner) {
		return false;
	}
	for (unsigned i = 0; i < node->count && node->inner; i++) {
		const struct hf__index_slot *slot = &hf__node_slots(node)[i];
		const bool beside = edge && (i == 0 || i == node->count - 1u);
		const struct hf__index_entry first = hf__node_first(slot->sum.node);
		if (!node_sane(l, &slot->sum, depth + 1, beside || node->count == 1) ||
		    slot->first.object != first.object || slot->first.prefix != first.prefix)
			return false;
	}
	hf__index_fold(l->index->type, node, &right);
	return sums_equal(&right, sum);
}

bool hf__index_sane(const struct hf__index *index)
{
	struct looking l = {.index = index};
	hf__index_in_order(index);
	if (!index->top.node)
		return index->top.size == 0 && index->top.height == 0;
	return index->top.height < HF__INDEX_DEPTH && node_sane(&l, &index->top, 0, true) &&
	       !l.leaf->next;
}
