/* See range.h. Nothing here knows how an index is built: a range is found by seeking its edges, and
 * its size is the difference of two ranks. */
#include "object/range.h"

/* The node, or the next one in the range's direction that passes; NULL when that is outside. */
static struct hf__index_node *settle(const struct hf__range *range, struct hf__index_node *node)
{
	if (range->filter)
		node = range->reverse ? hf__index_pass_back(node, range->filter)
		                      : hf__index_pass(node, range->filter);
	if (!node || range->fields == 0)
		return node;
	return hf__fields_compare_at(&range->index->type->fields, range->fields,
	                             hf__index_object(range->index, node), range->at) == 0
	           ? node
	           : NULL;
}

/* The last node before `node`; the last of all for NULL. */
static struct hf__index_node *before(const struct hf__index *index,
                                     const struct hf__index_node *node)
{
	return node ? hf__index_prev(node) : hf__index_last(index);
}

struct hf__index_node *hf__range_first(const struct hf__range *range, const void *after)
{
	const struct hf__index *index = range->index;
	if (range->reverse && after)
		return settle(range, before(index, hf__index_seek(index, after, HF__FIELDS_MAX)));
	if (range->reverse)
		return settle(
		    range,
		    before(index, range->fields ? hf__index_after(index, range->at, range->fields) : NULL));
	if (after)
		return settle(range, hf__index_after(index, after, HF__FIELDS_MAX));
	return settle(range, range->fields ? hf__index_seek(index, range->at, range->fields)
	                                   : hf__index_first(index));
}

struct hf__index_node *hf__range_next(const struct hf__range *range,
                                      const struct hf__index_node *node)
{
	return settle(range, range->reverse ? hf__index_prev(node) : hf__index_next(node));
}

static size_t rank_or_count(const struct hf__index *index, const struct hf__index_node *node)
{
	return node ? hf__index_rank(node) : hf__index_count(index);
}

size_t hf__range_before(const struct hf__range *range)
{
	return rank_or_count(range->index, hf__index_seek(range->index, range->at, range->fields));
}

size_t hf__range_until(const struct hf__range *range)
{
	return rank_or_count(range->index, hf__index_after(range->index, range->at, range->fields));
}
