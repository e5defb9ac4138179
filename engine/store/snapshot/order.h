/* In which order entries of a snapshot stand. Of sorter.c and merge.c alone. */
#ifndef HF_STORE_SNAPSHOT_ORDER_H
#define HF_STORE_SNAPSHOT_ORDER_H

#include <string.h>

#include "store/snapshot/sorter.h"

#define HF__SORTED_PIECE (256u << 10) /* read and written at once */

static inline struct hf__sorted hf__sorted_head(const uint8_t *entry)
{
	struct hf__sorted head;
	memcpy(&head, entry, sizeof head);
	return head;
}

static inline const uint8_t *hf__sorted_key(const uint8_t *entry)
{
	return entry + sizeof(struct hf__sorted);
}

/* By key, kind and body: equal ones are the same entry. */
int hf__sorted_compare(const uint8_t *a, const uint8_t *b);
/* Where the entries of a batch lie, in order; to be freed. NULL: out of memory. */
const uint8_t **hf__sorted_order(const struct hf__sorted_batch *batch);

#endif
