/* What is found in an index: places, ranks, and what passes a filter. Nothing here changes it. */
#include "object/tree.h"

/* --- Probes ----------------------------------------------------------------------------------- */

void hf__probe_entry(struct hf__index_probe *probe, const struct hf__index_type *type,
                     const struct hf__index_entry *entry)
{
	probe->type = type;
	probe->prefix = entry->prefix;
	probe->mask = UINT64_MAX;
	probe->object = entry->object;
	probe->fields = type->fields.count;
	probe->keyed = probe->whole = false;
}

void hf__probe_object(struct hf__index_probe *probe, const struct hf__index_type *type,
                      const void *object)
{
	const struct hf__index_entry entry = {hf__index_prefix(type, object),
	                                      (void *)(uintptr_t)object};
	hf__probe_entry(probe, type, &entry);
}

static void probe_position(struct hf__index_probe *probe, const struct hf__index_type *type,
                           const void *position, unsigned fields)
{
	probe->type = type;
	probe->object = NULL;
	probe->fields = fields < type->fields.count ? fields : type->fields.count;
	probe->keyed = true;
	hf__key_of_position(&type->fields, probe->fields, position, probe->key);
	probe->prefix =
	    hf__prefix_of_key(&type->fields, probe->fields, probe->key, &probe->mask, &probe->whole);
}

int hf__probe_tie(struct hf__index_probe *probe, const void *object)
{
	HF__STEP();
	if (object == probe->object)
		return 0;
	if (probe->object && probe->type->compare)
		return probe->type->compare(object, probe->object);
	if (!probe->keyed)
		hf__key_of_object(&probe->type->fields, probe->object, probe->key);
	probe->keyed = true;
	return hf__compare_key(&probe->type->fields, probe->fields, object, probe->key);
}

/* --- Down ------------------------------------------------------------------------------------- */

/* The first entry that compares as at least `floor`; their count: none does. */
static unsigned entry_floor(const struct hf__index_node *leaf, struct hf__index_probe *probe,
                            int floor)
{
	const struct hf__index_entry *entries = hf__node_entries(leaf);
	unsigned from = 0, left = leaf->count;
	while (left > 0) {
		const unsigned half = left / 2;
		if (hf__probe_compare(probe, &entries[from + half]) < floor) {
			from += half + 1;
			left -= half + 1;
		} else {
			left = half;
		}
	}
	return from;
}

/* The last child whose first entry compares as less than `floor`, or the first child. */
static unsigned child_before(const struct hf__index_node *node, struct hf__index_probe *probe,
                             int floor)
{
	const struct hf__index_slot *slots = hf__node_slots(node);
	unsigned from = 1, left = node->count - 1u;
	while (left > 0) {
		const unsigned half = left / 2;
		if (hf__probe_compare(probe, &slots[from + half].first) < floor) {
			from += half + 1;
			left -= half + 1;
		} else {
			left = half;
		}
	}
	return from - 1;
}

static inline void step_into(struct hf__index_path *path, unsigned depth, struct hf__index_sum *sum)
{
	HF__STEP();
	path->sum[depth] = sum;
	path->node[depth] = sum->node;
}

void hf__index_way(const struct hf__index *index, struct hf__index_probe *probe,
                   struct hf__index_path *path)
{
	unsigned depth = 0;
	path->height = index->top.height;
	step_into(path, 0, (struct hf__index_sum *)(uintptr_t)&index->top);
	for (; depth < path->height; depth++) {
		path->slot[depth] = child_before(path->node[depth], probe, 1);
		step_into(path, depth + 1, &hf__node_slots(path->node[depth])[path->slot[depth]].sum);
	}
	path->slot[depth] = entry_floor(path->node[depth], probe, 0);
}

void hf__index_way_to_end(const struct hf__index *index, bool last, struct hf__index_path *path)
{
	unsigned depth = 0;
	path->height = index->top.height;
	step_into(path, 0, (struct hf__index_sum *)(uintptr_t)&index->top);
	for (; depth < path->height; depth++) {
		path->slot[depth] = last ? path->node[depth]->count - 1u : 0;
		step_into(path, depth + 1, &hf__node_slots(path->node[depth])[path->slot[depth]].sum);
	}
	path->slot[depth] = last ? path->node[depth]->count - 1u : 0;
}

/* --- Place ------------------------------------------------------------------------------------ */

static struct hf__index_at end_of(const struct hf__index *index, bool last)
{
	hf__index_in_order(index);
	const struct hf__index_node *node = index->top.node;
	for (unsigned depth = 0; node && depth < index->top.height; depth++) {
		HF__STEP();
		node = hf__node_slots(node)[last ? node->count - 1u : 0].sum.node;
	}
	return (struct hf__index_at){node, node && last ? node->count - 1u : 0};
}

struct hf__index_at hf__index_first(const struct hf__index *index)
{
	return end_of(index, false);
}

struct hf__index_at hf__index_last(const struct hf__index *index)
{
	return end_of(index, true);
}

struct hf__index_at hf__index_find(const struct hf__index *index, const void *object)
{
	struct hf__index_probe probe;
	hf__index_in_order(index);
	const struct hf__index_node *node = index->top.node;
	hf__probe_object(&probe, index->type, object);
	for (unsigned depth = 0; depth < index->top.height; depth++) {
		HF__STEP();
		node = hf__node_slots(node)[child_before(node, &probe, 1)].sum.node;
	}
	HF__STEP();
	return (struct hf__index_at){node, entry_floor(node, &probe, 0)};
}

/* By the sizes of what the way down leaves behind it. */
static size_t count_before(const struct hf__index *index, struct hf__index_probe *probe,
                           int child_floor, int floor)
{
	hf__index_in_order(index);
	const struct hf__index_node *node = index->top.node;
	size_t rank = 0;
	for (unsigned depth = 0; depth < index->top.height; depth++) {
		const unsigned child = child_before(node, probe, child_floor);
		HF__STEP();
		for (unsigned i = 0; i < child; i++)
			rank += hf__node_slots(node)[i].sum.size;
		node = hf__node_slots(node)[child].sum.node;
	}
	HF__STEP();
	return rank + entry_floor(node, probe, floor);
}

size_t hf__index_rank(const struct hf__index *index, const void *object)
{
	struct hf__index_probe probe;
	hf__probe_object(&probe, index->type, object);
	return count_before(index, &probe, 1, 0);
}

size_t hf__index_floor_rank(const struct hf__index *index, const void *position, unsigned fields,
                            int floor)
{
	struct hf__index_probe probe;
	if (!index->top.node)
		return 0;
	probe_position(&probe, index->type, position, fields);
	return count_before(index, &probe, floor, floor);
}

struct hf__index_at hf__index_floor(const struct hf__index *index, const void *position,
                                    unsigned fields, int floor)
{
	struct hf__index_probe probe;
	hf__index_in_order(index);
	const struct hf__index_node *node = index->top.node;
	if (!node)
		return (struct hf__index_at){0};
	probe_position(&probe, index->type, position, fields);
	for (unsigned depth = 0; depth < index->top.height; depth++) {
		HF__STEP();
		node = hf__node_slots(node)[child_before(node, &probe, floor)].sum.node;
	}
	HF__STEP();
	const unsigned slot = entry_floor(node, &probe, floor);
	return slot < node->count ? (struct hf__index_at){node, slot}
	                          : (struct hf__index_at){node->next, 0};
}

/* --- Filters ---------------------------------------------------------------------------------- */

/* Forward from the first or backward from the last. */
struct walk {
	const struct hf__index *index;
	const struct hf__index_filter *filter;
	bool back;
};

static bool object_passes(const struct walk *walk, const void *object)
{
	const struct hf__index_filter *filter = walk->filter;
	uint8_t tag;
	const int64_t weight = hf__index_weigh(walk->index->type, object, &tag);
	const int64_t low = tag & filter->moved ? filter->moved_low : filter->low;
	return (filter->tags == 0 || (tag & filter->tags) != 0) && low <= weight &&
	       weight <= filter->high;
}

/* May something below pass? With an exact filter: does something? */
static bool sum_may(const struct hf__index_sum *sum, const struct hf__index_filter *filter)
{
	return (filter->tags == 0 || (sum->tags & filter->tags) != 0) && filter->low <= sum->most &&
	       sum->least <= filter->high;
}

/* Of a leaf, from this slot on. */
static struct hf__index_at pass_in_leaf(const struct walk *walk, const struct hf__index_node *leaf,
                                        unsigned slot)
{
	/* backward the slot before the first wraps around */
	for (unsigned seen = 0; slot < leaf->count; slot = walk->back ? slot - 1 : slot + 1, seen++) {
		const unsigned to = slot + 1 < HF__FETCHED ? 0 : slot + 1 - HF__FETCHED;
		if (seen % HF__FETCHED == 1) /* the first one usually passes */
			hf__leaf_fetch(leaf, walk->back ? to : slot,
			               walk->back ? slot + 1 : slot + HF__FETCHED);
		if (object_passes(walk, hf__node_entries(leaf)[slot].object))
			return (struct hf__index_at){leaf, slot};
	}
	return (struct hf__index_at){0};
}

/* Below a node, from this slot on; `height` levels lie below it. It calls itself once for each
 * level. */
static struct hf__index_at pass_below(const struct walk *walk, const struct hf__index_node *node,
                                      unsigned height, unsigned slot)
{
	HF__STEP();
	if (height == 0)
		return pass_in_leaf(walk, node, slot);
	for (; slot < node->count; slot = walk->back ? slot - 1 : slot + 1) {
		const struct hf__index_sum *sum = &hf__node_slots(node)[slot].sum;
		if (!sum_may(sum, walk->filter))
			continue;
		const struct hf__index_at at =
		    pass_below(walk, sum->node, height - 1, walk->back ? sum->node->count - 1u : 0);
		if (at.leaf)
			return at;
	}
	return (struct hf__index_at){0};
}

/* First the rest of the leaf, then from its place upward what lies behind it. */
static struct hf__index_at pass_from(const struct walk *walk, struct hf__index_at at)
{
	if (!at.leaf || !sum_may(&walk->index->top, walk->filter))
		return (struct hf__index_at){0};
	const struct hf__index_at found = pass_in_leaf(walk, at.leaf, at.slot);
	if (found.leaf || !(walk->back ? at.leaf->prev : at.leaf->next))
		return found;
	struct hf__index_probe probe;
	struct hf__index_path path;
	hf__probe_object(&probe, walk->index->type, hf__index_object(at));
	hf__index_way(walk->index, &probe, &path);
	for (unsigned depth = path.height; depth-- > 0;) {
		const unsigned slot = walk->back ? path.slot[depth] - 1 : path.slot[depth] + 1;
		at = pass_below(walk, path.node[depth], path.height - depth, slot);
		if (at.leaf)
			return at;
	}
	return (struct hf__index_at){0};
}

struct hf__index_at hf__index_pass(const struct hf__index *index, struct hf__index_at at,
                                   const struct hf__index_filter *filter)
{
	return pass_from(&(struct walk){index, filter, false}, at);
}

struct hf__index_at hf__index_pass_back(const struct hf__index *index, struct hf__index_at at,
                                        const struct hf__index_filter *filter)
{
	return pass_from(&(struct walk){index, filter, true}, at);
}

struct hf__index_at hf__index_first_pass(const struct hf__index *index,
                                         const struct hf__index_filter *filter)
{
	const struct walk walk = {index, filter, false};
	hf__index_in_order(index);
	return index->top.node && sum_may(&index->top, filter)
	           ? pass_below(&walk, index->top.node, index->top.height, 0)
	           : (struct hf__index_at){0};
}
