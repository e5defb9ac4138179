/* See range.h. Nothing here knows how an index is built: a range is found by seeking its edges, and
 * its size is the difference of two ranks. */
#include "object/range.h"

struct hf_bytes hf__prefix_end(struct hf_bytes prefix, uint8_t room[HF_KEY_MAX])
{
	const uint8_t *bytes = prefix.data;
	size_t len = prefix.len < HF_KEY_MAX ? prefix.len : HF_KEY_MAX;
	while (len > 0 && bytes[len - 1] == UINT8_MAX)
		len--;
	if (len == 0)
		return hf_bytes_of(NULL, 0);
	memcpy(room, bytes, len);
	room[len - 1]++;
	return hf_bytes_of(room, len);
}

bool hf__begins_with(struct hf_bytes bytes, struct hf_bytes prefix)
{
	return prefix.len <= bytes.len &&
	       (prefix.len == 0 || memcmp(bytes.data, prefix.data, prefix.len) == 0);
}

/* Is it before this bound, in the field behind those that are equal? */
static bool is_below(const struct hf__range *range, const void *object, const void *bound)
{
	return hf__fields_compare_at(&range->index->type->fields, range->fields + 1, object, bound) < 0;
}

/* Is it in the range, which is walked up to here? */
static bool holds(const struct hf__range *range, const void *object)
{
	if (range->fields > 0 &&
	    hf__fields_compare_at(&range->index->type->fields, range->fields, object, range->at) != 0)
		return false;
	if (range->reverse)
		return !range->low || !is_below(range, object, range->low);
	return !range->high || is_below(range, object, range->high);
}

/* This one, or the next one in the range's direction that passes; nowhere when that is outside. */
static struct hf__index_at settle(const struct hf__range *range, struct hf__index_at at)
{
	if (range->filter)
		at = range->reverse ? hf__index_pass_back(range->index, at, range->filter)
		                    : hf__index_pass(range->index, at, range->filter);
	return at.leaf && holds(range, hf__index_object(at)) ? at : (struct hf__index_at){0};
}

/* The last one before this; the last of all for nowhere. */
static struct hf__index_at before(const struct hf__index *index, struct hf__index_at at)
{
	return at.leaf ? hf__index_prev(at) : hf__index_last(index);
}

/* Where the walk begins. */
static struct hf__index_at edge(const struct hf__range *range)
{
	const struct hf__index *index = range->index;
	if (range->reverse && range->high)
		return before(index, hf__index_seek(index, range->high, range->fields + 1));
	if (range->reverse && range->fields)
		return before(index, hf__index_after(index, range->at, range->fields));
	if (range->reverse)
		return hf__index_last(index);
	if (range->low)
		return hf__index_seek(index, range->low, range->fields + 1);
	return range->fields ? hf__index_seek(index, range->at, range->fields) : hf__index_first(index);
}

struct hf__index_at hf__range_first(const struct hf__range *range, const void *after)
{
	const struct hf__index *index = range->index;
	if (!after)
		return settle(range, edge(range));
	const struct hf__index_at at = range->reverse
	                                   ? before(index, hf__index_seek(index, after, HF__FIELDS_MAX))
	                                   : hf__index_after(index, after, HF__FIELDS_MAX);
	/* A position in front of the bounds: all of the range is behind it. */
	const void *bound = range->reverse ? range->high : range->low;
	if (at.leaf && bound && is_below(range, hf__index_object(at), bound) != range->reverse)
		return settle(range, edge(range));
	return settle(range, at);
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
