/* Ranges of an index: what is equal to a position in its leading fields, walked from either end,
 * continued behind a position, and counted by ranks. */
#ifndef HF_OBJECT_RANGE_H
#define HF_OBJECT_RANGE_H

#include "object/index.h"

/* The objects that are equal to `at` in the first `fields` fields of the index, and pass the filter
 * if there is one. */
struct hf__range {
	const struct hf__index *index;
	unsigned fields; /* 0: all objects */
	const void *at; /* a position */
	const struct hf__index_filter *filter;
	bool reverse; /* walked from its end */
};

/* The first of the range in its direction, or the first of it behind `after` (a position in all
 * fields of the index; NULL: from the start). Nowhere: none. */
struct hf__index_at hf__range_first(const struct hf__range *range, const void *after);
/* The next one of the range in its direction, or nowhere. */
struct hf__index_at hf__range_next(const struct hf__range *range, struct hf__index_at at);
/* How many of the index stand before the range, and up to its end: O(log n), whatever the
 * filter. */
size_t hf__range_before(const struct hf__range *range);
size_t hf__range_until(const struct hf__range *range);

#endif
