/* A group: what one write and one sync make durable, and the unit of validity: headers, count,
 * previous hash, LSN continuity and all its entries verify, or none of it exists.
 *
 * It is a frame and a slice. The slice (portable header, entries) is the same wherever the group
 * is kept, and its hash is its name in the chain: it is what can be shipped. The frame says
 * where this copy stands, how far the log was durable here, and by how many zeros it is padded;
 * its checksum covers the slice's hash, so that it vouches for no other slice. */
#ifndef HF_LOG_GROUP_H
#define HF_LOG_GROUP_H

#include "log/entry.h"

#define HF__GROUP_MAGIC "hfgr" /* of the frame */
#define HF__GROUP_PORTABLE_MAGIC "hfpg"

struct hf__group_header {
	/* The frame. */
	struct hf__position place; /* where it was written */
	uint32_t pad_len; /* zeros behind the body */
	/* the log was known durable up to here, on this disk, when this group was written */
	uint64_t durable_lsn;
	/* The slice. */
	uint16_t epoch;
	uint8_t uuid[16];
	uint32_t entry_count;
	uint32_t body_len; /* of the entries, without padding */
	/* the first LSN of the opening that wrote it; not greater than first_lsn */
	uint64_t incarnation_lsn;
	uint64_t first_lsn;
	uint64_t previous_hash; /* of the group before it; 0 for the very first */
	uint64_t nonce;
	uint64_t body_hash;
	uint64_t hash; /* the portable header's checksum, which covers body_hash: the group's hash */
};

/* Bytes from the frame's first to the padding's last. */
static inline uint32_t hf__group_size(const struct hf__group_header *header)
{
	return HF__GROUP_HEADER_SIZE + header->body_len + header->pad_len;
}

/* Room for frame and header at the end of `w`; entries follow by hf__entry_begin/end. Returns
 * where the header lies. */
size_t hf__group_begin(struct hf__writer *w);
/* Pads with zeros so that the end of the group at `at` is a multiple of `align` on disk when it
 * begins at header->place (HF__ALIGN, or the store's padding): body_len and pad_len are set in
 * *header, and the group's length is known. */
void hf__group_end(struct hf__writer *w, size_t at, struct hf__group_header *header,
                   uint32_t align);
/* Fills frame and header of a group that has ended and whose entries are summed; body_hash and hash
 * are computed and set in *header. */
void hf__group_sum(uint8_t *frame, const struct hf__log_id *id, struct hf__group_header *header);
/* Could a header begin at these 4 bytes? Says no to nearly all that is none, at the price of one
 * comparison: for searches. */
static inline bool hf__group_magic(const uint8_t *at)
{
	return memcmp(at, HF__GROUP_MAGIC, sizeof HF__GROUP_MAGIC - 1) == 0;
}
/* Does a frame begin here that says that it stands at `place`? Says no to nearly all else,
 * without hashing: for searches. */
bool hf__group_stands(struct hf_bytes bytes, struct hf__position place);
/* Decodes and verifies frame and portable header. No check of place, hash or LSN against a
 * neighbour. */
HF_CHECKED int hf__group_decode_header(const struct hf__log_id *id, struct hf_bytes bytes,
                                       struct hf__group_header *out);
/* The same of a group that verified already: reads, checks nothing. */
void hf__group_read_header(const uint8_t *valid, struct hf__group_header *out);
/* Verifies body, padding and every entry; `bytes` begins at the frame. */
HF_CHECKED int hf__group_verify_body(const struct hf__log_id *id,
                                     const struct hf__group_header *header, struct hf_bytes bytes);

/* The slice of a group that verified; `bytes` begins at the frame. */
struct hf_bytes hf__group_slice(const struct hf__group_header *header, struct hf_bytes bytes);
/* Is this a whole slice, and nothing behind it? The frame's members of *out are zero. */
HF_CHECKED int hf__group_verify_slice(const struct hf__log_id *id, struct hf_bytes slice,
                                      struct hf__group_header *out);
/* Appends a slice that verified, *header being what it says, in a frame for another place:
 * header->place and header->durable_lsn are taken, pad_len is set. The hash stays. */
void hf__group_wrap(struct hf__writer *w, const struct hf__log_id *id, struct hf_bytes slice,
                    struct hf__group_header *header, uint32_t align);

#endif
