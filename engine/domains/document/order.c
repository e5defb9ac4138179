/* The orders of a collection: what stands where, and counts by rank. Nothing here changes anything.
 *
 * Every view is sorted by (group if it is one within groups), time, id, or by id alone instead. A
 * group is a range of such a view. */
#include "domains/document/document.h"
#include "object/prefix.h"

#include <stddef.h>

#define DOCUMENT struct hf__document
#define POSITION struct hf__document_position
#define GROUP HF__FIELD(HF__FIELD_BLOB, DOCUMENT, value.group, POSITION, group)
#define COMPUTED HF__FIELD(HF__FIELD_U8, DOCUMENT, value.computed, POSITION, computed)
#define CREATED HF__FIELD(HF__FIELD_I64, DOCUMENT, value.created_at, POSITION, time)
#define UPDATED HF__FIELD(HF__FIELD_I64, DOCUMENT, value.updated_at, POSITION, time)
#define EXPIRES HF__FIELD(HF__FIELD_I64, DOCUMENT, value.expires_at, POSITION, time)
#define ID HF__PART(DOCUMENT, id, len, 0, POSITION, id)

static int64_t weigh(const void *object, uint8_t *tag)
{
	const DOCUMENT *document = object;
	*tag = document->value.computed ? HF__COMPUTED : 0;
	return hf__document_until(document);
}

/* Most documents have no group: then it is one byte of zeros. */
static uint64_t prefix_in_group(const DOCUMENT *document, int64_t time, enum hf__document_view view)
{
	uint64_t prefix;
	if (!document->value.group && hf__prefix_of_time(0, time, &prefix))
		return prefix;
	return hf__prefix_of(&hf__document_views[view].fields, document);
}

static uint64_t prefix_group_created(const void *object)
{
	const DOCUMENT *document = object;
	return prefix_in_group(document, document->value.created_at, HF__DOCUMENT_GROUP_CREATED);
}

static uint64_t prefix_group_updated(const void *object)
{
	const DOCUMENT *document = object;
	return prefix_in_group(document, document->value.updated_at, HF__DOCUMENT_GROUP_UPDATED);
}

/* What the fields of the orders by time say, written out: documents that were put in one
 * microsecond have equal prefixes. */
static int compare_times(int64_t x, int64_t y, const DOCUMENT *a, const DOCUMENT *b)
{
	if (x != y)
		return x < y ? -1 : 1;
	return hf__bytes_compare(hf__document_id(a), hf__document_id(b));
}

static int compare_created(const void *a, const void *b)
{
	const DOCUMENT *x = a, *y = b;
	return compare_times(x->value.created_at, y->value.created_at, x, y);
}

static int compare_updated(const void *a, const void *b)
{
	const DOCUMENT *x = a, *y = b;
	return compare_times(x->value.updated_at, y->value.updated_at, x, y);
}

static int compare_groups(const DOCUMENT *x, const DOCUMENT *y)
{
	const struct hf__blob *a = x->value.group, *b = y->value.group;
	return a == b ? 0 : hf__bytes_compare(hf__blob_bytes(a), hf__blob_bytes(b));
}

static int compare_group_created(const void *a, const void *b)
{
	const int groups = compare_groups(a, b);
	return groups ? groups : compare_created(a, b);
}

static int compare_group_updated(const void *a, const void *b)
{
	const int groups = compare_groups(a, b);
	return groups ? groups : compare_updated(a, b);
}

#define VIEW(count, ...) \
	{ \
		.fields = {count, {__VA_ARGS__}}, .weight = weigh \
	}
#define VIEW_BY(own, ...) \
	{ \
		.fields = {2, {__VA_ARGS__}}, .compare = (own), .weight = weigh \
	}
#define VIEW_IN_GROUP(own, own_prefix, ...) \
	{ \
		.fields = {3, {__VA_ARGS__}}, .compare = (own), .prefix = (own_prefix), .weight = weigh \
	}

const struct hf__index_type hf__document_views[HF__DOCUMENT_VIEWS] = {
    [HF__DOCUMENT_CREATED] = VIEW_BY(compare_created, CREATED, ID),
    [HF__DOCUMENT_UPDATED] = VIEW_BY(compare_updated, UPDATED, ID),
    [HF__DOCUMENT_GROUP_CREATED] =
        VIEW_IN_GROUP(compare_group_created, prefix_group_created, GROUP, CREATED, ID),
    [HF__DOCUMENT_GROUP_UPDATED] =
        VIEW_IN_GROUP(compare_group_updated, prefix_group_updated, GROUP, UPDATED, ID),
    [HF__DOCUMENT_ID] = VIEW(1, ID),
    [HF__DOCUMENT_GROUP_ID] = VIEW(2, GROUP, ID),
    [HF__DOCUMENT_ENDING] = VIEW(3, COMPUTED, EXPIRES, ID),
    [HF__DOCUMENT_GROUP_ENDING] = VIEW(4, GROUP, COMPUTED, EXPIRES, ID),
};

/* --- Counts ----------------------------------------------------------------------------------- */

/* How many of those that can expire stand up to this end of theirs, from the collection's first
 * on. */
static size_t ends_until(const struct hf__document_range *range, bool computed, int64_t time)
{
	const struct hf__document_position at = {
	    .group = range->group, .computed = computed, .time = time};
	const enum hf__document_view view =
	    range->grouped ? HF__DOCUMENT_GROUP_ENDING : HF__DOCUMENT_ENDING;
	const struct hf__range ends = {
	    .index = &range->collection->views[view], .fields = 2u + range->grouped, .at = &at};
	return hf__range_until(&ends);
}

/* Those of the range that have expired: up to `now` where a caller named the instant, up to
 * `mono` where the store computed it. */
static size_t count_over(const struct hf__document_range *range, struct hf__instant at)
{
	const struct hf__document_position group = {.group = range->group};
	const struct hf__range ends = {
	    .index = &range->collection->views[HF__DOCUMENT_GROUP_ENDING], .fields = 1, .at = &group};
	const size_t first = range->grouped ? hf__range_before(&ends) : 0;
	return ends_until(range, false, at.now) - first + ends_until(range, true, at.mono) -
	       ends_until(range, false, INT64_MAX);
}

/* All of the range less those of it that have expired. */
size_t hf__document_tally(const struct hf__document_range *range, struct hf__instant at)
{
	const struct hf__document_position group = {.group = range->group};
	const struct hf__range all = {
	    .index = &range->collection->views[range->view], .fields = 1, .at = &group};
	const size_t count = range->grouped ? hf__range_until(&all) - hf__range_before(&all)
	                                    : hf__index_count(all.index);
	return count - count_over(range, at);
}
