/* Little-endian reader and writer over byte ranges. Both remember that they went bad: check
 * once, at the end. */
#ifndef HF_BASE_BYTES_H
#define HF_BASE_BYTES_H

#include <string.h>

#include "holdfast/types.h"

/* What is written by one build is judged by every other one: a compiler that may assume that
 * there is no NaN would let through what the others call damage. */
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "holdfast must not be compiled with -ffast-math or -ffinite-math-only"
#endif

/* --- Fixed places ----------------------------------------------------------------------------- */

/* Load and store at any address, little-endian. Shifts and not memcpy: right on big-endian machines
 * too, and compilers make one load or store of them. Inline, as the reader and the writer below: an
 * opening makes a hundred of these for each entry that it replays, and a commit as many. */

static inline uint16_t hf__load_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t hf__load_u32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t hf__load_u64(const uint8_t *at)
{
	return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
	       (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
	       (uint64_t)at[7] << 56;
}

static inline void hf__store_u16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)v;
	at[1] = (uint8_t)(v >> 8);
}

static inline void hf__store_u32(uint8_t *at, uint32_t v)
{
	hf__store_u16(at, (uint16_t)v);
	hf__store_u16(at + 2, (uint16_t)(v >> 16));
}

static inline void hf__store_u64(uint8_t *at, uint64_t v)
{
	hf__store_u32(at, (uint32_t)v);
	hf__store_u32(at + 4, (uint32_t)(v >> 32));
}

/* --- Reader ----------------------------------------------------------------------------------- */

/* Reads past the end, or after that, give zeros and set `bad`. Bytes it returns are borrowed
 * from the input. */
struct hf__reader {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static inline struct hf__reader hf__reader(struct hf_bytes bytes)
{
	return (struct hf__reader){bytes.data, bytes.len, false};
}

/* What it was given is not what it should be. */
static inline void hf__reader_spoil(struct hf__reader *r)
{
	r->bad = true;
	r->left = 0;
}

/* The next `len` bytes, or NULL when there are not as many, and forever after. */
static inline const uint8_t *hf__reader_take(struct hf__reader *r, size_t len)
{
	if (len > r->left) {
		hf__reader_spoil(r);
		return NULL;
	}
	const uint8_t *taken = r->at;
	if (len) { /* an empty input may stand at NULL, to which nothing may be added */
		r->at += len;
		r->left -= len;
	}
	return taken;
}

static inline uint8_t hf__get_u8(struct hf__reader *r)
{
	const uint8_t *at = hf__reader_take(r, 1);
	return at ? at[0] : 0;
}

static inline uint16_t hf__get_u16(struct hf__reader *r)
{
	const uint8_t *at = hf__reader_take(r, 2);
	return at ? hf__load_u16(at) : 0;
}

static inline uint32_t hf__get_u32(struct hf__reader *r)
{
	const uint8_t *at = hf__reader_take(r, 4);
	return at ? hf__load_u32(at) : 0;
}

static inline uint64_t hf__get_u64(struct hf__reader *r)
{
	const uint8_t *at = hf__reader_take(r, 8);
	return at ? hf__load_u64(at) : 0;
}

static inline int32_t hf__get_i32(struct hf__reader *r)
{
	return (int32_t)hf__get_u32(r);
}

static inline int64_t hf__get_i64(struct hf__reader *r)
{
	return (int64_t)hf__get_u64(r);
}

static inline double hf__get_f64(struct hf__reader *r)
{
	const uint64_t bits = hf__get_u64(r);
	double v;
	_Static_assert(sizeof v == sizeof bits, "a double is 8 bytes");
	memcpy(&v, &bits, sizeof v);
	return v;
}

static inline struct hf_bytes hf__get_bytes(struct hf__reader *r, size_t len)
{
	const uint8_t *at = hf__reader_take(r, len);
	return hf_bytes_of(at, at ? len : 0);
}

/* u16 length, then the bytes */
static inline struct hf_bytes hf__get_short(struct hf__reader *r)
{
	return hf__get_bytes(r, hf__get_u16(r));
}

/* u32 length, then the bytes */
static inline struct hf_bytes hf__get_long(struct hf__reader *r)
{
	return hf__get_bytes(r, hf__get_u32(r));
}

/* Everything was read, nothing was missing. */
static inline bool hf__reader_done(const struct hf__reader *r)
{
	return !r->bad && r->left == 0;
}

/* --- Writer ----------------------------------------------------------------------------------- */

/* Grows on the heap. `bad` after a failed allocation or a value that does not fit; further puts
 * do nothing. */
struct hf__writer {
	uint8_t *data;
	size_t len;
	size_t cap;
	bool bad;
};

/* Makes room for `more` bytes so that the next puts cannot fail. */
bool hf__writer_reserve(struct hf__writer *w, size_t more);
/* Room for `len` bytes that now count as written, or NULL: bad. The second is the first where the
 * buffer has to grow. */
uint8_t *hf__writer_extend(struct hf__writer *w, size_t len);
static inline uint8_t *hf__writer_room(struct hf__writer *w, size_t len)
{
	if (w->bad || len > w->cap - w->len)
		return hf__writer_extend(w, len);
	uint8_t *at = w->data + w->len;
	w->len += len;
	return at;
}

static inline void hf__put_u8(struct hf__writer *w, uint8_t v)
{
	uint8_t *at = hf__writer_room(w, 1);
	if (at)
		at[0] = v;
}

static inline void hf__put_u16(struct hf__writer *w, uint16_t v)
{
	uint8_t *at = hf__writer_room(w, 2);
	if (at)
		hf__store_u16(at, v);
}

static inline void hf__put_u32(struct hf__writer *w, uint32_t v)
{
	uint8_t *at = hf__writer_room(w, 4);
	if (at)
		hf__store_u32(at, v);
}

static inline void hf__put_u64(struct hf__writer *w, uint64_t v)
{
	uint8_t *at = hf__writer_room(w, 8);
	if (at)
		hf__store_u64(at, v);
}

static inline void hf__put_i32(struct hf__writer *w, int32_t v)
{
	hf__put_u32(w, (uint32_t)v);
}

static inline void hf__put_i64(struct hf__writer *w, int64_t v)
{
	hf__put_u64(w, (uint64_t)v);
}

static inline void hf__put_f64(struct hf__writer *w, double v)
{
	uint64_t bits;
	memcpy(&bits, &v, sizeof bits);
	hf__put_u64(w, bits);
}

static inline void hf__put_bytes(struct hf__writer *w, struct hf_bytes bytes)
{
	if (bytes.len == 0)
		return; /* empty bytes, and an empty writer, may stand at NULL */
	uint8_t *at = hf__writer_room(w, bytes.len);
	if (at)
		memcpy(at, bytes.data, bytes.len);
}

/* bad when longer than 65,535 */
static inline void hf__put_short(struct hf__writer *w, struct hf_bytes bytes)
{
	w->bad = w->bad || bytes.len > UINT16_MAX;
	hf__put_u16(w, (uint16_t)bytes.len);
	hf__put_bytes(w, bytes);
}

/* bad when longer than 4 GiB - 1 */
static inline void hf__put_long(struct hf__writer *w, struct hf_bytes bytes)
{
	w->bad = w->bad || bytes.len > UINT32_MAX;
	hf__put_u32(w, (uint32_t)bytes.len);
	hf__put_bytes(w, bytes);
}

void hf__put_zeros(struct hf__writer *w, size_t count);
/* Zeros to be overwritten later: where they begin. Inline, as the count is a constant. */
static inline size_t hf__put_room(struct hf__writer *w, size_t count)
{
	const size_t at = w->len;
	uint8_t *room = hf__writer_room(w, count);
	if (room)
		memset(room, 0, count);
	return at;
}
/* zeros up to a multiple of a power of two */
void hf__put_align(struct hf__writer *w, size_t alignment);
void hf__writer_deinit(struct hf__writer *w);

/* --- Ranges ----------------------------------------------------------------------------------- */

/* Names are mostly this short: a call would cost more than looking at them does. len > 0 */
static inline bool hf__same(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a, *y = b;
	if (len - 8 <= 8)
		return ((hf__load_u64(x) ^ hf__load_u64(y)) |
		        (hf__load_u64(x + len - 8) ^ hf__load_u64(y + len - 8))) == 0;
	if (len - 4 < 4)
		return ((hf__load_u32(x) ^ hf__load_u32(y)) |
		        (hf__load_u32(x + len - 4) ^ hf__load_u32(y + len - 4))) == 0;
	return memcmp(a, b, len) == 0;
}

/* memcpy for names; the ranges do not overlap. */
static inline void hf__copy(uint8_t *to, const void *from, size_t len)
{
	const uint8_t *at = from;
	if (len - 8 <= 8) {
		const uint64_t first = hf__load_u64(at), last = hf__load_u64(at + len - 8);
		hf__store_u64(to, first);
		hf__store_u64(to + len - 8, last);
	} else if (len - 4 < 4) {
		const uint32_t first = hf__load_u32(at), last = hf__load_u32(at + len - 4);
		hf__store_u32(to, first);
		hf__store_u32(to + len - 4, last);
	} else if (len > 0) {
		memcpy(to, from, len);
	}
}

static inline bool hf__word_has_nul(uint64_t word)
{
	return ((word - UINT64_MAX / 255) & ~word & UINT64_MAX / 255 << 7) != 0;
}

/* len > 0 */
static inline bool hf__has_nul(const void *data, size_t len)
{
	const uint8_t *at = data;
	if (len - 8 <= 8)
		return hf__word_has_nul(hf__load_u64(at)) || hf__word_has_nul(hf__load_u64(at + len - 8));
	if (len - 4 < 4)
		return hf__word_has_nul(hf__load_u32(at) | (uint64_t)hf__load_u32(at + len - 4) << 32);
	return memchr(data, '\0', len) != NULL;
}

static inline bool hf__bytes_equal(struct hf_bytes a, struct hf_bytes b)
{
	return a.len == b.len && (a.len == 0 || hf__same(a.data, b.data, a.len));
}

/* memcmp order, a prefix before its extension: <0, 0, >0 */
int hf__bytes_compare(struct hf_bytes a, struct hf_bytes b);
bool hf__bytes_zero(const void *data, size_t len); /* all bytes are zero; fast on large ranges */

#endif
