/* A group: what one write and one sync make durable, and the unit of validity: header, count, previous hash, LSN continuity and all
 * its entries verify, or none of it exists. It is self-contained, so that it can be shipped unchanged. */
#ifndef HF_LOG_GROUP_H
#define HF_LOG_GROUP_H

#include "log/entry.h"

#define HF__GROUP_MAGIC "hfgr"

struct hf__group_header {
	uint16_t epoch;
	uint8_t uuid[16];
	struct hf__position place; /* where it was written; checked on the local disk only */
	uint64_t first_lsn;
	uint64_t durable_lsn; /* the log was known durable up to here when this group was written */
	uint64_t previous_hash; /* of the group before it; 0 for the very first */
	uint64_t nonce;
	uint32_t body_len;
	uint32_t entry_count;
	uint64_t body_hash;
	uint64_t hash; /* the header's own checksum, which covers body_hash: the group's hash */
};

/* Room for the header at the end of `w`; entries follow by hf__entry_begin/end. Returns where the header lies. */
size_t hf__group_begin(struct hf__writer *w);
/* Pads the body with zeros so that the group's end is a multiple of `align` on disk when it begins at header->place (HF__ALIGN, or
 * HF__SECTOR for pad=sector), then fills the header at `at`: body_len, body_hash and hash are computed and set in *header. */
void hf__group_end(struct hf__writer *w, size_t at, const struct hf__log_id *id, struct hf__group_header *header, uint32_t align);
/* Could a header begin at these 4 bytes? Says no to nearly all that is none, at the price of one comparison: for searches. */
static inline bool hf__group_magic(const uint8_t *at)
{
	return memcmp(at, HF__GROUP_MAGIC, sizeof HF__GROUP_MAGIC - 1) == 0;
}
/* Decodes and verifies the header alone. No check of place, hash or LSN against a neighbour. */
HF_CHECKED int hf__group_decode_header(const struct hf__log_id *id, struct hf_bytes bytes, struct hf__group_header *out);
/* Verifies the body and every entry; `bytes` begins at the header. */
HF_CHECKED int hf__group_verify_body(const struct hf__log_id *id, const struct hf__group_header *header, struct hf_bytes bytes);

#endif
