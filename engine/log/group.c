/* Groups.
 *
 * Job: what one write and one sync make durable: a header of 88 bytes, then entries with consecutive LSNs, then (pad=sector) zeros.
 *
 * A group is valid if and only if
 *  - its header verifies: magic, no unknown flag, uuid and epoch of this store, checksum seeded by the first LSN; at least one
 *    entry, LSNs in range, a body length that is aligned, allowed and not too short for its entries;
 *  - the body is all there and has the hash that the header names;
 *  - exactly entry_count entries verify in it, under consecutive LSNs, the last of which ends its transaction;
 *  - what is left behind them is zero and shorter than a sector.
 * Whether it stands in the right place and follows the right group is the scanner's to judge: a shipped group stands elsewhere.
 *
 * Failure modes: anything else is HF_ECORRUPT; there is no partly valid group. The header's own checksum covers the body's hash, so
 * that it names everything in the group and the next group can name it by 8 bytes. */
#include "log/group.h"

#include <assert.h>

#include "base/hash.h"

enum place {
	AT_MAGIC = 0,
	AT_FLAGS = 4,
	AT_EPOCH = 6,
	AT_UUID = 8,
	AT_SEGMENT = 24,
	AT_OFFSET = 28,
	AT_FIRST_LSN = 32,
	AT_DURABLE_LSN = 40,
	AT_PREVIOUS_HASH = 48,
	AT_NONCE = 56,
	AT_BODY_LEN = 64,
	AT_ENTRY_COUNT = 68,
	AT_BODY_HASH = 72,
	AT_SUM = 80,
};

size_t hf__group_begin(struct hf__writer *w)
{
	const size_t header = w->len;
	hf__put_zeros(w, HF__GROUP_HEADER_SIZE);
	return header;
}

static void header_store(uint8_t *at, const struct hf__group_header *header)
{
	memcpy(at + AT_MAGIC, HF__GROUP_MAGIC, sizeof HF__GROUP_MAGIC - 1);
	hf__store_u16(at + AT_FLAGS, 0);
	hf__store_u16(at + AT_EPOCH, header->epoch);
	memcpy(at + AT_UUID, header->uuid, sizeof header->uuid);
	hf__store_u32(at + AT_SEGMENT, header->place.segment);
	hf__store_u32(at + AT_OFFSET, header->place.offset);
	hf__store_u64(at + AT_FIRST_LSN, header->first_lsn);
	hf__store_u64(at + AT_DURABLE_LSN, header->durable_lsn);
	hf__store_u64(at + AT_PREVIOUS_HASH, header->previous_hash);
	hf__store_u64(at + AT_NONCE, header->nonce);
	hf__store_u32(at + AT_BODY_LEN, header->body_len);
	hf__store_u32(at + AT_ENTRY_COUNT, header->entry_count);
	hf__store_u64(at + AT_BODY_HASH, header->body_hash);
}

/* Zeros that put the end of a group of `size` bytes on a multiple of `align`. Only the remainders count, so nothing can wrap. */
static size_t pad_of(uint32_t offset, size_t size, uint32_t align)
{
	const size_t over = (offset % align + size % align) % align;
	return over ? align - over : 0;
}

void hf__group_end(struct hf__writer *w, size_t at, const struct hf__log_id *id, struct hf__group_header *header, uint32_t align)
{
	const uint64_t seed = hf__seed_at(id->seed, header->first_lsn);
	assert(align == HF__ALIGN || align == HF__SECTOR);
	if (w->bad) {
		return; /* then there may be no room at `at` at all */
	}
	hf__put_zeros(w, pad_of(header->place.offset, w->len - at, align));
	if (w->bad) {
		return;
	}
	const size_t body_len = w->len - at - HF__GROUP_HEADER_SIZE;
	if (body_len > HF__GROUP_BODY_MAX) {
		w->bad = true; /* no reader would take it */
		return;
	}
	uint8_t *group = w->data + at;
	header->body_len = (uint32_t)body_len;
	header->body_hash = hf__checksum(group + HF__GROUP_HEADER_SIZE, body_len, seed);
	header_store(group, header);
	header->hash = hf__checksum(group, AT_SUM, seed);
	hf__store_u64(group + AT_SUM, header->hash);
}

static void header_load(const uint8_t *at, struct hf__group_header *out)
{
	out->epoch = hf__load_u16(at + AT_EPOCH);
	memcpy(out->uuid, at + AT_UUID, sizeof out->uuid);
	out->place.segment = hf__load_u32(at + AT_SEGMENT);
	out->place.offset = hf__load_u32(at + AT_OFFSET);
	out->first_lsn = hf__load_u64(at + AT_FIRST_LSN);
	out->durable_lsn = hf__load_u64(at + AT_DURABLE_LSN);
	out->previous_hash = hf__load_u64(at + AT_PREVIOUS_HASH);
	out->nonce = hf__load_u64(at + AT_NONCE);
	out->body_len = hf__load_u32(at + AT_BODY_LEN);
	out->entry_count = hf__load_u32(at + AT_ENTRY_COUNT);
	out->body_hash = hf__load_u64(at + AT_BODY_HASH);
	out->hash = hf__load_u64(at + AT_SUM);
}

/* Cheapest first: the search for later groups asks this at every 8 bytes. The checksum is computed only for what says it is ours. */
static bool header_authentic(const struct hf__log_id *id, const uint8_t *at)
{
	if (!hf__group_magic(at + AT_MAGIC) || hf__load_u16(at + AT_FLAGS) != 0) {
		return false;
	}
	if (hf__load_u16(at + AT_EPOCH) != id->epoch || memcmp(at + AT_UUID, id->uuid, sizeof id->uuid) != 0) {
		return false;
	}
	return hf__load_u64(at + AT_SUM) == hf__checksum(at, AT_SUM, hf__seed_at(id->seed, hf__load_u64(at + AT_FIRST_LSN)));
}

static bool header_sensible(const struct hf__group_header *h)
{
	if (h->entry_count == 0 || h->first_lsn == 0 || h->first_lsn > HF__LSN_MAX || h->entry_count - 1 > HF__LSN_MAX - h->first_lsn) {
		return false;
	}
	return h->body_len <= HF__GROUP_BODY_MAX && h->body_len % HF__ALIGN == 0 && h->entry_count <= h->body_len / HF__ENTRY_HEADER_SIZE;
}

int hf__group_decode_header(const struct hf__log_id *id, struct hf_bytes bytes, struct hf__group_header *out)
{
	memset(out, 0, sizeof *out);
	if (bytes.len < HF__GROUP_HEADER_SIZE || !header_authentic(id, bytes.data)) {
		return HF_ECORRUPT;
	}
	header_load(bytes.data, out);
	if (!header_sensible(out)) {
		memset(out, 0, sizeof *out);
		return HF_ECORRUPT;
	}
	return HF_OK;
}

/* Exactly entry_count entries from `body` on; what is left behind them goes to *rest. */
static bool entries_valid(const struct hf__log_id *id, const struct hf__group_header *header, struct hf_bytes body, struct hf_bytes *rest)
{
	const uint8_t *at = body.data;
	size_t left = body.len;
	uint8_t flags = 0;
	for (uint32_t i = 0; i < header->entry_count; i++) {
		struct hf__entry entry;
		size_t size;
		if (hf__entry_decode(id, header->first_lsn + i, hf_bytes(at, left), &entry, &size) != HF_OK) {
			return false;
		}
		flags = entry.flags;
		at += size;
		left -= size;
	}
	*rest = hf_bytes(at, left);
	return (flags & HF__ENTRY_LAST) != 0; /* transactions never span groups */
}

int hf__group_verify_body(const struct hf__log_id *id, const struct hf__group_header *header, struct hf_bytes bytes)
{
	struct hf_bytes rest;
	if (bytes.len < HF__GROUP_HEADER_SIZE || header->body_len > bytes.len - HF__GROUP_HEADER_SIZE) {
		return HF_ECORRUPT;
	}
	const struct hf_bytes body = {(const uint8_t *)bytes.data + HF__GROUP_HEADER_SIZE, header->body_len};
	if (hf__checksum(body.data, body.len, hf__seed_at(id->seed, header->first_lsn)) != header->body_hash) {
		return HF_ECORRUPT;
	}
	if (!entries_valid(id, header, body, &rest)) {
		return HF_ECORRUPT;
	}
	return rest.len < HF__SECTOR && hf__bytes_zero(rest.data, rest.len) ? HF_OK : HF_ECORRUPT;
}
