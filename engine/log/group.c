/* Groups.
 *
 * Job: what one write and one sync make durable: a frame of 32 bytes, a portable header of 80,
 * entries with consecutive LSNs, zeros up to a multiple of the store's padding.
 *
 * A slice (portable header and entries) is valid if and only if
 *  - its header verifies: magic, no unknown flag, uuid and epoch of this store, checksum seeded
 *    by the first LSN; at least one entry, LSNs in range, a body length that is aligned, allowed
 *    and not too short for its entries;
 *  - the body is all there and has the hash that the header names;
 *  - exactly entry_count entries verify in it, under consecutive LSNs, the last of which ends
 *    its transaction, and nothing follows.
 * A group is valid if its slice is, its frame verifies together with the slice's hash, and what
 * the frame calls padding is zero. Whether it stands in the right place and follows the right
 * group is the scanner's to judge.
 *
 * Failure modes: anything else is HF_ECORRUPT; there is no partly valid group. The portable
 * header's checksum covers the body's hash, so that it names everything in the slice and the
 * next group can name it by 8 bytes. */
#include "log/group.h"

#include <assert.h>

#include "base/hash.h"

enum frame_place {
	AT_MAGIC = 0,
	AT_SEGMENT = 4,
	AT_OFFSET = 8,
	AT_PAD_LEN = 12,
	AT_DURABLE_LSN = 16,
	AT_FRAME_SUM = 24,
};

/* In the slice. */
enum place {
	AT_PORTABLE_MAGIC = 0,
	AT_FLAGS = 4,
	AT_EPOCH = 6,
	AT_UUID = 8,
	AT_ENTRY_COUNT = 24,
	AT_BODY_LEN = 28,
	AT_INCARNATION_LSN = 32,
	AT_FIRST_LSN = 40,
	AT_PREVIOUS_HASH = 48,
	AT_NONCE = 56,
	AT_BODY_HASH = 64,
	AT_SUM = 72,
};
_Static_assert(AT_SUM == 72 && AT_FRAME_SUM + 8 == 32, "what the checksums are of");

/* --- Writing ---------------------------------------------------------------------------------- */

size_t hf__group_begin(struct hf__writer *w)
{
	return hf__put_room(w, HF__GROUP_HEADER_SIZE);
}

static void portable_store(uint8_t *at, const struct hf__group_header *header)
{
	memcpy(at + AT_PORTABLE_MAGIC, HF__GROUP_PORTABLE_MAGIC, sizeof HF__GROUP_PORTABLE_MAGIC - 1);
	hf__store_u16(at + AT_FLAGS, 0);
	hf__store_u16(at + AT_EPOCH, header->epoch);
	memcpy(at + AT_UUID, header->uuid, sizeof header->uuid);
	hf__store_u32(at + AT_ENTRY_COUNT, header->entry_count);
	hf__store_u32(at + AT_BODY_LEN, header->body_len);
	hf__store_u64(at + AT_INCARNATION_LSN, header->incarnation_lsn);
	hf__store_u64(at + AT_FIRST_LSN, header->first_lsn);
	hf__store_u64(at + AT_PREVIOUS_HASH, header->previous_hash);
	hf__store_u64(at + AT_NONCE, header->nonce);
	hf__store_u64(at + AT_BODY_HASH, header->body_hash);
}

/* The frame's checksum: over what stands before it and the hash of the slice. */
static inline uint64_t frame_sum(const uint8_t *frame, uint64_t hash, uint64_t seed)
{
	uint8_t covered[AT_FRAME_SUM + 8];
	memcpy(covered, frame, AT_FRAME_SUM);
	hf__store_u64(covered + AT_FRAME_SUM, hash);
	return hf__checksum_32(covered, seed);
}

static void frame_store(uint8_t *at, const struct hf__group_header *header, uint64_t seed)
{
	memcpy(at + AT_MAGIC, HF__GROUP_MAGIC, sizeof HF__GROUP_MAGIC - 1);
	hf__store_u32(at + AT_SEGMENT, header->place.segment);
	hf__store_u32(at + AT_OFFSET, header->place.offset);
	hf__store_u32(at + AT_PAD_LEN, header->pad_len);
	hf__store_u64(at + AT_DURABLE_LSN, header->durable_lsn);
	hf__store_u64(at + AT_FRAME_SUM, frame_sum(at, header->hash, seed));
}

/* Zeros that put the end of a group of `size` bytes on a multiple of `align`. Only the
 * remainders count, so nothing can wrap. */
static uint32_t pad_of(uint32_t offset, size_t size, uint32_t align)
{
	const size_t over = (offset % align + size % align) % align;
	return over ? (uint32_t)(align - over) : 0;
}

static bool align_possible(uint32_t align)
{
	return align == HF__ALIGN || align == HF__SECTOR || align == HF__BLOCK;
}

void hf__group_end(struct hf__writer *w, size_t at, struct hf__group_header *header, uint32_t align)
{
	assert(align_possible(align));
	if (w->bad)
		return; /* then there may be no room at `at` at all */
	const size_t body_len = w->len - at - HF__GROUP_HEADER_SIZE;
	if (body_len > HF__GROUP_BODY_MAX) {
		w->bad = true; /* no reader would take it */
		return;
	}
	header->body_len = (uint32_t)body_len;
	header->pad_len = pad_of(header->place.offset, w->len - at, align);
	hf__put_zeros(w, header->pad_len);
}

void hf__group_sum(uint8_t *frame, const struct hf__log_id *id, struct hf__group_header *header)
{
	const uint64_t seed = hf__seed_at(id->seed, header->first_lsn);
	uint8_t *slice = frame + HF__GROUP_FRAME_SIZE, *body = slice + HF__GROUP_PORTABLE_SIZE;
	header->body_hash = hf__checksum(body, header->body_len, seed);
	portable_store(slice, header);
	header->hash = hf__checksum_72(slice, seed);
	hf__store_u64(slice + AT_SUM, header->hash);
	frame_store(frame, header, seed);
}

void hf__group_wrap(struct hf__writer *w, const struct hf__log_id *id, struct hf_bytes slice,
                    struct hf__group_header *header, uint32_t align)
{
	const size_t at = w->len;
	assert(align_possible(align));
	header->pad_len = pad_of(header->place.offset, HF__GROUP_FRAME_SIZE + slice.len, align);
	hf__put_zeros(w, HF__GROUP_FRAME_SIZE);
	hf__put_bytes(w, slice);
	hf__put_zeros(w, header->pad_len);
	if (!w->bad)
		frame_store(w->data + at, header, hf__seed_at(id->seed, header->first_lsn));
}

/* --- Headers ---------------------------------------------------------------------------------- */

static inline void portable_load(const uint8_t *at, struct hf__group_header *out)
{
	out->epoch = hf__load_u16(at + AT_EPOCH);
	memcpy(out->uuid, at + AT_UUID, sizeof out->uuid);
	out->entry_count = hf__load_u32(at + AT_ENTRY_COUNT);
	out->body_len = hf__load_u32(at + AT_BODY_LEN);
	out->incarnation_lsn = hf__load_u64(at + AT_INCARNATION_LSN);
	out->first_lsn = hf__load_u64(at + AT_FIRST_LSN);
	out->previous_hash = hf__load_u64(at + AT_PREVIOUS_HASH);
	out->nonce = hf__load_u64(at + AT_NONCE);
	out->body_hash = hf__load_u64(at + AT_BODY_HASH);
	out->hash = hf__load_u64(at + AT_SUM);
}

static inline void frame_load(const uint8_t *at, struct hf__group_header *out)
{
	out->place.segment = hf__load_u32(at + AT_SEGMENT);
	out->place.offset = hf__load_u32(at + AT_OFFSET);
	out->pad_len = hf__load_u32(at + AT_PAD_LEN);
	out->durable_lsn = hf__load_u64(at + AT_DURABLE_LSN);
}

/* Could this be a portable header of this store? What costs no hashing. */
static inline bool portable_ours(const struct hf__log_id *id, const uint8_t *at)
{
	if (memcmp(at + AT_PORTABLE_MAGIC, HF__GROUP_PORTABLE_MAGIC,
	           sizeof HF__GROUP_PORTABLE_MAGIC - 1) != 0)
		return false;
	if (hf__load_u16(at + AT_FLAGS) != 0 && !id->features_unknown)
		return false;
	return hf__load_u16(at + AT_EPOCH) == id->epoch &&
	       memcmp(at + AT_UUID, id->uuid, sizeof id->uuid) == 0;
}

static inline bool portable_sensible(const struct hf__group_header *h)
{
	if (h->entry_count == 0 || h->first_lsn == 0 || h->first_lsn > HF__LSN_MAX ||
	    h->entry_count - 1 > HF__LSN_MAX - h->first_lsn)
		return false;
	if (h->incarnation_lsn == 0 || h->incarnation_lsn > h->first_lsn)
		return false;
	return h->body_len <= HF__GROUP_BODY_MAX && h->body_len % HF__ALIGN == 0 &&
	       h->entry_count <= h->body_len / HF__ENTRY_HEADER_SIZE;
}

static bool frame_sensible(const struct hf__group_header *h)
{
	return h->pad_len < HF__BLOCK && h->pad_len % HF__ALIGN == 0;
}

/* Fields first: the checksum is computed only over what says that it is ours. *seed: of both. */
static inline bool portable_decode(const struct hf__log_id *id, const uint8_t *at,
                                   struct hf__group_header *out, uint64_t *seed)
{
	if (!portable_ours(id, at))
		return false;
	portable_load(at, out);
	*seed = hf__seed_at(id->seed, out->first_lsn);
	return portable_sensible(out) && out->hash == hf__checksum_72(at, *seed);
}

static inline bool frame_decode(const uint8_t *frame, uint64_t seed, struct hf__group_header *out)
{
	frame_load(frame, out);
	return frame_sensible(out) &&
	       hf__load_u64(frame + AT_FRAME_SUM) == frame_sum(frame, out->hash, seed);
}

bool hf__group_stands(struct hf_bytes bytes, struct hf__position place)
{
	const uint8_t *at = bytes.data;
	return bytes.len >= HF__GROUP_HEADER_SIZE && hf__group_magic(at) &&
	       hf__load_u32(at + AT_SEGMENT) == place.segment &&
	       hf__load_u32(at + AT_OFFSET) == place.offset;
}

int hf__group_decode_header(const struct hf__log_id *id, struct hf_bytes bytes,
                            struct hf__group_header *out)
{
	const uint8_t *frame = bytes.data;
	uint64_t seed;
	if (bytes.len >= HF__GROUP_HEADER_SIZE && hf__group_magic(frame) &&
	    portable_decode(id, frame + HF__GROUP_FRAME_SIZE, out, &seed) &&
	    frame_decode(frame, seed, out))
		return HF_OK;
	memset(out, 0, sizeof *out);
	return HF_ECORRUPT;
}

void hf__group_read_header(const uint8_t *valid, struct hf__group_header *out)
{
	portable_load(valid + HF__GROUP_FRAME_SIZE, out);
	frame_load(valid, out);
}

/* --- Bodies ----------------------------------------------------------------------------------- */

/* Exactly entry_count entries, and nothing behind them. */
static bool entries_valid(const struct hf__log_id *id, const struct hf__group_header *header,
                          struct hf_bytes body)
{
	const uint8_t *at = body.data;
	size_t left = body.len;
	uint8_t flags = 0;
	for (uint32_t i = 0; i < header->entry_count; i++) {
		size_t size;
		if (!hf__entry_verify(id, header->first_lsn + i, hf_bytes_of(at, left), &size, &flags))
			return false;
		at += size;
		left -= size;
	}
	return left == 0 && (flags & HF__ENTRY_LAST) != 0; /* transactions never span groups */
}

static bool body_valid(const struct hf__log_id *id, const struct hf__group_header *header,
                       struct hf_bytes body)
{
	return hf__checksum(body.data, body.len, hf__seed_at(id->seed, header->first_lsn)) ==
	           header->body_hash &&
	       entries_valid(id, header, body);
}

int hf__group_verify_body(const struct hf__log_id *id, const struct hf__group_header *header,
                          struct hf_bytes bytes)
{
	if (bytes.len < hf__group_size(header))
		return HF_ECORRUPT;
	const uint8_t *body = (const uint8_t *)bytes.data + HF__GROUP_HEADER_SIZE;
	if (header->pad_len > 0 && !hf__bytes_zero(body + header->body_len, header->pad_len))
		return HF_ECORRUPT;
	return body_valid(id, header, hf_bytes_of(body, header->body_len)) ? HF_OK : HF_ECORRUPT;
}

struct hf_bytes hf__group_slice(const struct hf__group_header *header, struct hf_bytes bytes)
{
	return hf_bytes_of((const uint8_t *)bytes.data + HF__GROUP_FRAME_SIZE,
	                   HF__GROUP_PORTABLE_SIZE + header->body_len);
}

int hf__group_verify_slice(const struct hf__log_id *id, struct hf_bytes slice,
                           struct hf__group_header *out)
{
	const uint8_t *at = slice.data;
	uint64_t seed;
	memset(out, 0, sizeof *out);
	if (slice.len >= HF__GROUP_PORTABLE_SIZE && portable_decode(id, at, out, &seed) &&
	    out->body_len == slice.len - HF__GROUP_PORTABLE_SIZE &&
	    body_valid(id, out, hf_bytes_of(at + HF__GROUP_PORTABLE_SIZE, out->body_len)))
		return HF_OK;
	memset(out, 0, sizeof *out);
	return HF_ECORRUPT;
}
