/* The orders of a collection: what stands where, walks in both directions past what has expired,
 * and counts by rank. Nothing here changes anything.
 *
 * Every view is sorted by (group if it is one within groups), time, id. A group is a range of
 * such a view. */
#include "domains/document/document.h"

#include <stddef.h>

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static bool within_groups(enum hf__document_view view)
{
	return view == HF__DOCUMENT_GROUP_CREATED || view == HF__DOCUMENT_GROUP_UPDATED ||
	       view == HF__DOCUMENT_GROUP_ENDING;
}

struct hf__document *hf__document_of(const struct hf__index_node *node)
{
	const size_t offset = offsetof(struct hf__document_place, node);
	return ((const struct hf__document_place *)(const void *)((const uint8_t *)node - offset))
	    ->document;
}

struct hf__document_position hf__document_position_of(const struct hf__document *document,
                                                      enum hf__document_view view)
{
	struct hf__document_position at = {.id = hf__document_id(document)};
	if (within_groups(view))
		at.group = hf__blob_bytes(document->value.group);
	switch (view) {
	case HF__DOCUMENT_CREATED:
	case HF__DOCUMENT_GROUP_CREATED:
		at.time = document->value.created_at;
		break;
	case HF__DOCUMENT_UPDATED:
	case HF__DOCUMENT_GROUP_UPDATED:
		at.time = document->value.updated_at;
		break;
	case HF__DOCUMENT_ENDING:
	case HF__DOCUMENT_GROUP_ENDING:
	case HF__DOCUMENT_VIEWS:
		at.computed = document->value.computed;
		at.time = document->value.expires_at;
		break;
	}
	return at;
}

/* --- Comparing -------------------------------------------------------------------------------- */

static int compare_positions(const struct hf__document_position *a,
                             const struct hf__document_position *b)
{
	int sign = hf__bytes_compare(a->group, b->group);
	if (sign == 0)
		sign = COMPARE(a->computed, b->computed);
	if (sign == 0)
		sign = COMPARE(a->time, b->time);
	return sign != 0 ? sign : hf__bytes_compare(a->id, b->id);
}

static int compare_in(enum hf__document_view view, const struct hf__index_node *a,
                      const struct hf__index_node *b)
{
	const struct hf__document_position at = hf__document_position_of(hf__document_of(a), view);
	const struct hf__document_position bt = hf__document_position_of(hf__document_of(b), view);
	return compare_positions(&at, &bt);
}

static int compare_created(const struct hf__index_node *a, const struct hf__index_node *b)
{
	return compare_in(HF__DOCUMENT_CREATED, a, b);
}

static int compare_updated(const struct hf__index_node *a, const struct hf__index_node *b)
{
	return compare_in(HF__DOCUMENT_UPDATED, a, b);
}

static int compare_group_created(const struct hf__index_node *a, const struct hf__index_node *b)
{
	return compare_in(HF__DOCUMENT_GROUP_CREATED, a, b);
}

static int compare_group_updated(const struct hf__index_node *a, const struct hf__index_node *b)
{
	return compare_in(HF__DOCUMENT_GROUP_UPDATED, a, b);
}

static int compare_ending(const struct hf__index_node *a, const struct hf__index_node *b)
{
	return compare_in(HF__DOCUMENT_ENDING, a, b);
}

static int compare_group_ending(const struct hf__index_node *a, const struct hf__index_node *b)
{
	return compare_in(HF__DOCUMENT_GROUP_ENDING, a, b);
}

void hf__document_orders_init(struct hf__index views[HF__DOCUMENT_VIEWS])
{
	static const hf__index_compare compares[HF__DOCUMENT_VIEWS] = {
	    [HF__DOCUMENT_CREATED] = compare_created,
	    [HF__DOCUMENT_UPDATED] = compare_updated,
	    [HF__DOCUMENT_GROUP_CREATED] = compare_group_created,
	    [HF__DOCUMENT_GROUP_UPDATED] = compare_group_updated,
	    [HF__DOCUMENT_ENDING] = compare_ending,
	    [HF__DOCUMENT_GROUP_ENDING] = compare_group_ending,
	};
	for (unsigned i = 0; i < HF__DOCUMENT_VIEWS; i++)
		hf__index_init(&views[i], compares[i]);
}

/* --- Places ----------------------------------------------------------------------------------- */

/* Which part of a position counts. */
enum depth { BY_GROUP, BY_TIME, BY_ID };

struct probe {
	enum hf__document_view view;
	enum depth depth;
	struct hf__document_position at;
};

static int probe_position(const struct hf__index_node *node, const void *raw)
{
	const struct probe *probe = raw;
	const struct hf__document_position at =
	    hf__document_position_of(hf__document_of(node), probe->view);
	int sign = hf__bytes_compare(at.group, probe->at.group);
	if (sign == 0 && probe->depth >= BY_TIME)
		sign = COMPARE(at.computed, probe->at.computed);
	if (sign == 0 && probe->depth >= BY_TIME)
		sign = COMPARE(at.time, probe->at.time);
	return sign != 0 || probe->depth < BY_ID ? sign : hf__bytes_compare(at.id, probe->at.id);
}

static const struct hf__index *order_of(const struct hf__document_range *range)
{
	return &range->collection->views[range->view];
}

/* The last node before the key. */
static const struct hf__index_node *before(const struct hf__index *order, const struct probe *probe)
{
	const struct hf__index_node *node = hf__index_seek(order, probe_position, probe);
	return node ? hf__index_prev(node) : hf__index_last(order);
}

/* --- Walks ------------------------------------------------------------------------------------ */

/* The first node from `node` on whose document is there, if it still is of the range. */
static struct hf__document *settle_on(const struct hf__index_node *node,
                                      const struct hf__document_range *range, struct hf__instant at,
                                      bool reverse)
{
	const struct hf__index_filter there = hf__lasting(at);
	const struct hf__index_node *found =
	    reverse ? hf__index_pass_back(node, &there) : hf__index_pass(node, &there);
	if (!found)
		return NULL;
	struct hf__document *document = hf__document_of(found);
	return !range->grouped || hf__bytes_equal(hf__blob_bytes(document->value.group), range->group)
	           ? document
	           : NULL;
}

/* Where the range begins, or ends. */
static const struct hf__index_node *edge(const struct hf__document_range *range, bool reverse)
{
	const struct hf__index *order = order_of(range);
	const struct probe probe = {.view = range->view, .depth = BY_GROUP, .at.group = range->group};
	if (!range->grouped)
		return reverse ? hf__index_last(order) : hf__index_first(order);
	if (!reverse)
		return hf__index_seek(order, probe_position, &probe);
	const struct hf__index_node *behind = hf__index_after(order, probe_position, &probe);
	return behind ? hf__index_prev(behind) : hf__index_last(order);
}

struct hf__document *hf__document_first(const struct hf__document_range *range,
                                        const struct hf__document_position *after,
                                        struct hf__instant at, bool reverse)
{
	if (!after)
		return settle_on(edge(range, reverse), range, at, reverse);
	const struct probe probe = {.view = range->view, .depth = BY_ID, .at = *after};
	const struct hf__index *order = order_of(range);
	return settle_on(reverse ? before(order, &probe)
	                         : hf__index_after(order, probe_position, &probe),
	                 range, at, reverse);
}

struct hf__document *hf__document_next(const struct hf__document *document,
                                       const struct hf__document_range *range,
                                       struct hf__instant at, bool reverse)
{
	const struct hf__index_node *node = hf__document_node(document, range->view);
	return settle_on(reverse ? hf__index_prev(node) : hf__index_next(node), range, at, reverse);
}

/* --- Counts ----------------------------------------------------------------------------------- */

/* How many come before what comes after the key. */
static size_t rank_after(const struct hf__index *order, const struct probe *probe)
{
	const struct hf__index_node *node = hf__index_after(order, probe_position, probe);
	return node ? hf__index_rank(node) : hf__index_count(order);
}

static size_t rank_of(const struct hf__index *order, const struct probe *probe)
{
	const struct hf__index_node *node = hf__index_seek(order, probe_position, probe);
	return node ? hf__index_rank(node) : hf__index_count(order);
}

/* Those of the range that have expired: up to `now` where a caller named the instant, up to
 * `mono` where the store computed it. */
static size_t count_over(const struct hf__document_range *range, struct hf__instant at)
{
	const enum hf__document_view view =
	    range->grouped ? HF__DOCUMENT_GROUP_ENDING : HF__DOCUMENT_ENDING;
	const struct hf__index *endings = &range->collection->views[view];
	const struct probe group = {.view = view, .depth = BY_GROUP, .at.group = range->group};
	const struct probe named = {
	    .view = view, .depth = BY_TIME, .at = {.group = range->group, .time = at.now}};
	const struct probe all_named = {
	    .view = view, .depth = BY_TIME, .at = {.group = range->group, .time = INT64_MAX}};
	const struct probe computed = {
	    .view = view,
	    .depth = BY_TIME,
	    .at = {.group = range->group, .computed = true, .time = at.mono}};
	const size_t first = range->grouped ? rank_of(endings, &group) : 0;
	return rank_after(endings, &named) - first + rank_after(endings, &computed) -
	       rank_after(endings, &all_named);
}

/* All of the range less those of it that have expired. */
size_t hf__document_tally(const struct hf__document_range *range, struct hf__instant at)
{
	const struct probe all = {.view = range->view, .depth = BY_GROUP, .at.group = range->group};
	if (!range->grouped)
		return hf__index_count(order_of(range)) - count_over(range, at);
	return rank_after(order_of(range), &all) - rank_of(order_of(range), &all) -
	       count_over(range, at);
}
