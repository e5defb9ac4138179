/* Ranges of an index: what is equal to a position in its leading fields, walked from either end,
 * continued behind a position, and counted by ranks. */
#ifndef HF_OBJECT_RANGE_H
#define HF_OBJECT_RANGE_H

#include "object/index.h"

/* The objects that are equal to `at` in the first `fields` fields of the index, lie between the
 * bounds, and pass the filter if there is one. */
struct hf__range {
	const struct hf__index *index;
	unsigned fields; /* 0: all objects */
	const void *at; /* a position */
	/* Bounds in the field behind those, positions that are equal to `at` in those before: from
	 * `low` on, up to and without `high`. NULL: none */
	const void *low, *high;
	const struct hf__index_filter *filter;
	bool reverse; /* walked from its end */
};

/* What begins with a prefix, as bounds of a string: from the prefix itself up to the first string
 * behind all of them, which is written into `room`. Empty: there is none, of bytes 0xff alone. */
struct hf_bytes hf__prefix_end(struct hf_bytes prefix, uint8_t room[HF_KEY_MAX]);
bool hf__begins_with(struct hf_bytes bytes, struct hf_bytes prefix);

/* The first of the range in its direction, or the first of it behind `after` (a position in all
 * fields of the index, which may lie outside of the bounds; NULL: from the start). Nowhere: none.
 */
struct hf__index_at hf__range_first(const struct hf__range *range, const void *after);
/* The next one of the range in its direction, or nowhere. */
struct hf__index_at hf__range_next(const struct hf__range *range, struct hf__index_at at);
/* How many of the index stand before the range, and up to its end: O(log n), whatever filter and
 * bounds. */
size_t hf__range_before(const struct hf__range *range);
size_t hf__range_until(const struct hf__range *range);

#endif
