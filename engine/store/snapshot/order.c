/* See order.h. */
#include "store/snapshot/order.h"

#include <stdlib.h>

int hf__sorted_compare(const uint8_t *a, const uint8_t *b)
{
	const struct hf__sorted left = hf__sorted_head(a), right = hf__sorted_head(b);
	const int sign = hf__bytes_compare(hf_bytes_of(hf__sorted_key(a), left.key_len),
	                                   hf_bytes_of(hf__sorted_key(b), right.key_len));
	if (sign)
		return sign;
	if (left.kind != right.kind)
		return left.kind < right.kind ? -1 : 1;
	return hf__bytes_compare(hf_bytes_of(hf__sorted_key(a) + left.key_len, left.body_len),
	                         hf_bytes_of(hf__sorted_key(b) + right.key_len, right.body_len));
}

static int compare_pointers(const void *a, const void *b)
{
	return hf__sorted_compare(*(const uint8_t *const *)a, *(const uint8_t *const *)b);
}

const uint8_t **hf__sorted_order(const struct hf__sorted_batch *batch)
{
	const uint8_t **order = hf__alloc(batch->count * sizeof *order);
	const uint8_t *at = batch->bytes.data;
	for (size_t i = 0; order && i < batch->count; i++) {
		order[i] = at;
		at += hf__sorted_head(at).size;
	}
	if (order && batch->count > 1)
		qsort(order, batch->count, sizeof *order, compare_pointers);
	return order;
}
