/* Entries.
 *
 * Job: one mutation as bytes: a 32-byte header, the body, zeros up to a multiple of 8. Nothing
 * in here knows what a body means.
 *
 * Happy path: the writer leaves room for the header, the domain puts the body behind it, and the
 * header is filled in last, in place: no body is copied. The checksums come after that, from a
 * thread that holds no lock. The LSN is not stored. It seeds both checksums, so an entry read under
 * another LSN does not verify.
 *
 * Failure modes: a flipped bit, a wrong length, bytes of another store, epoch or LSN:
 * HF_ECORRUPT and nothing else. The header's checksum is checked before its length is used, and
 * the length is compared with what is there before it leads anywhere. */
#include "log/entry.h"

#include "base/hash.h"

enum place {
	AT_BODY_LEN = 0,
	AT_DOMAIN = 4,
	AT_KIND = 5,
	AT_FLAGS = 6,
	AT_ZERO = 7,
	AT_TIME = 8,
	AT_BODY_SUM = 16,
	AT_SUM = 24, /* of the 24 bytes before it, the body's checksum included */
};

_Static_assert(AT_SUM == 24, "what a header's sum is of");

#define FLAGS_KNOWN (HF__ENTRY_LAST | HF__ENTRY_IGNORABLE)

/* Zeros behind a body of this length. */
static size_t pad_of(size_t body_len)
{
	return (HF__ALIGN - body_len % HF__ALIGN) % HF__ALIGN;
}

size_t hf__entry_begin(struct hf__writer *w)
{
	return hf__put_room(w, HF__ENTRY_HEADER_SIZE);
}

void hf__entry_end(struct hf__writer *w, size_t header, const struct hf__entry *entry)
{
	if (w->bad)
		return; /* then there may be no room at `header` at all */
	const size_t body_len = w->len - header - HF__ENTRY_HEADER_SIZE;
	if (body_len > UINT32_MAX) {
		w->bad = true;
		return;
	}
	hf__put_zeros(w, pad_of(body_len));
	if (w->bad)
		return;
	uint8_t *at = w->data + header; /* only now: padding may have moved the data */
	hf__store_u32(at + AT_BODY_LEN, (uint32_t)body_len);
	at[AT_DOMAIN] = entry->domain;
	at[AT_KIND] = entry->kind;
	at[AT_FLAGS] = entry->flags;
	at[AT_ZERO] = 0;
	hf__store_u64(at + AT_TIME, (uint64_t)entry->at);
}

void hf__entry_mark(uint8_t *ended, uint8_t flags)
{
	ended[AT_FLAGS] |= flags;
}

size_t hf__entry_sum(uint8_t *ended, const struct hf__log_id *id, uint64_t lsn)
{
	const uint64_t seed = hf__seed_at(id->seed, lsn);
	const size_t body_len = hf__load_u32(ended + AT_BODY_LEN);
	hf__store_u64(ended + AT_BODY_SUM, hf__checksum(ended + HF__ENTRY_HEADER_SIZE, body_len, seed));
	hf__store_u64(ended + AT_SUM, hf__checksum_24(ended, seed));
	return HF__ENTRY_HEADER_SIZE + body_len + pad_of(body_len);
}

static bool header_valid(const struct hf__log_id *id, const uint8_t *at, uint64_t seed)
{
	const bool known = (at[AT_FLAGS] & ~FLAGS_KNOWN) == 0 && at[AT_ZERO] == 0;
	return (known || id->features_unknown) &&
	       hf__load_u64(at + AT_SUM) == hf__checksum_24(at, seed);
}

/* The header verified. Is the body all there, intact, and its padding zero? */
/* The fewer than 8 bytes at `at`, behind a header: the last of the word that ends with them. */
static bool pad_is_zero(const uint8_t *at, size_t len)
{
	return len == 0 || hf__load_u64(at + len - 8) >> (64 - 8 * len) == 0;
}

static bool body_valid(const uint8_t *at, size_t len, uint64_t seed)
{
	const uint8_t *body = at + HF__ENTRY_HEADER_SIZE;
	const size_t left = len - HF__ENTRY_HEADER_SIZE;
	const size_t body_len = hf__load_u32(at + AT_BODY_LEN);
	if (body_len > left || pad_of(body_len) > left - body_len)
		return false;
	return hf__load_u64(at + AT_BODY_SUM) == hf__checksum(body, body_len, seed) &&
	       pad_is_zero(body + body_len, pad_of(body_len));
}

size_t hf__entry_read(uint64_t lsn, const uint8_t *valid, struct hf__entry *out)
{
	const size_t body_len = hf__load_u32(valid + AT_BODY_LEN);
	*out = (struct hf__entry){
	    .lsn = lsn,
	    .at = (int64_t)hf__load_u64(valid + AT_TIME),
	    .domain = valid[AT_DOMAIN],
	    .kind = valid[AT_KIND],
	    .flags = valid[AT_FLAGS],
	    .body = {valid + HF__ENTRY_HEADER_SIZE, body_len},
	};
	return HF__ENTRY_HEADER_SIZE + body_len + pad_of(body_len);
}

bool hf__entry_header_valid(const struct hf__log_id *id, uint64_t lsn, struct hf_bytes bytes)
{
	return bytes.len >= HF__ENTRY_HEADER_SIZE &&
	       header_valid(id, bytes.data, hf__seed_at(id->seed, lsn));
}

bool hf__entry_body_valid(const struct hf__log_id *id, uint64_t lsn, struct hf_bytes bytes)
{
	return bytes.len >= HF__ENTRY_HEADER_SIZE &&
	       body_valid(bytes.data, bytes.len, hf__seed_at(id->seed, lsn));
}

bool hf__entry_glance(struct hf_bytes bytes, struct hf__entry *out)
{
	const uint8_t *at = bytes.data;
	if (bytes.len < HF__ENTRY_HEADER_SIZE)
		return false;
	out->domain = at[AT_DOMAIN];
	out->kind = at[AT_KIND];
	out->body = hf_bytes_of(at + HF__ENTRY_HEADER_SIZE, hf__load_u32(at + AT_BODY_LEN));
	return out->body.len <= bytes.len - HF__ENTRY_HEADER_SIZE;
}

bool hf__entry_possible(const struct hf__log_id *id, struct hf_bytes bytes)
{
	const uint8_t *at = bytes.data;
	if (bytes.len < HF__ENTRY_HEADER_SIZE ||
	    hf__load_u32(at + AT_BODY_LEN) > bytes.len - HF__ENTRY_HEADER_SIZE)
		return false;
	return at[AT_DOMAIN] != 0 && at[AT_KIND] != 0 &&
	       (id->features_unknown || ((at[AT_FLAGS] & ~FLAGS_KNOWN) == 0 && at[AT_ZERO] == 0));
}

bool hf__entry_verify(const struct hf__log_id *id, uint64_t lsn, struct hf_bytes bytes,
                      size_t *size, uint8_t *flags)
{
	const uint64_t seed = hf__seed_at(id->seed, lsn);
	const uint8_t *at = bytes.data;
	if (bytes.len < HF__ENTRY_HEADER_SIZE || !header_valid(id, at, seed) ||
	    !body_valid(at, bytes.len, seed))
		return false;
	const size_t body_len = hf__load_u32(at + AT_BODY_LEN);
	*size = HF__ENTRY_HEADER_SIZE + body_len + pad_of(body_len);
	*flags = at[AT_FLAGS];
	return true;
}

int hf__entry_decode(const struct hf__log_id *id, uint64_t lsn, struct hf_bytes bytes,
                     struct hf__entry *out, size_t *size)
{
	uint8_t flags;
	*size = 0;
	if (!hf__entry_verify(id, lsn, bytes, size, &flags)) {
		memset(out, 0, sizeof *out);
		return HF_ECORRUPT;
	}
	*size = hf__entry_read(lsn, bytes.data, out);
	return HF_OK;
}
