/* See range.h. Nothing here knows how an index is built: a range is found by seeking its edges, and
 * its size is the difference of two ranks. */
#include "object/range.h"

/* This one, or the next one in the range's direction that passes; nowhere when that is outside. */
static struct hf__index_at settle(const struct hf__range *range, struct hf__index_at at)
{
	if (range->filter)
		at = range->reverse ? hf__index_pass_back(range->index, at, range->filter)
		                    : hf__index_pass(range->index, at, range->filter);
	if (!at.leaf || range->fields == 0)
		return at;
	return hf__fields_compare_at(&range->index->type->fields, range->fields, hf__index_object(at),
	                             range->at) == 0
	           ? at
	           : (struct hf__index_at){0};
}

/* The last one before this; the last of all for nowhere. */
static struct hf__index_at before(const struct hf__index *index, struct hf__index_at at)
{
	return at.leaf ? hf__index_prev(at) : hf__index_last(index);
}

struct hf__index_at hf__range_first(const struct hf__range *range, const void *after)
{
	const struct hf__index *index = range->index;
	if (range->reverse && after)
		return settle(range, before(index, hf__index_seek(index, after, HF__FIELDS_MAX)));
	if (range->reverse && range->fields)
		return settle(range, before(index, hf__index_after(index, range->at, range->fields)));
	if (range->reverse)
		return settle(range, hf__index_last(index));
	if (after)
		return settle(range, hf__index_after(index, after, HF__FIELDS_MAX));
	return settle(range, range->fields ? hf__index_seek(index, range->at, range->fields)
	                                   : hf__index_first(index));
}

struct hf__index_at hf__range_next(const struct hf__range *range, struct hf__index_at at)
{
	return settle(range, range->reverse ? hf__index_prev(at) : hf__index_next(at));
}

size_t hf__range_before(const struct hf__range *range)
{
	return hf__index_floor_rank(range->index, range->at, range->fields, 0);
}

size_t hf__range_until(const struct hf__range *range)
{
	return hf__index_floor_rank(range->index, range->at, range->fields, 1);
}
