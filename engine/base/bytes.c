/* Little-endian bytes in and out.
 *
 * Job: turn values into bytes and back, on any machine the same, at any alignment.
 *
 * Happy path: a decoder makes all its gets in a row and asks hf__reader_done once; an encoder
 * makes all its puts in a row and looks at `bad` once. That leaves no room for a forgotten
 * check. Most of it is inline, in bytes.h: it is a good part of what a commit costs.
 *
 * Failure modes: a reader asked for more than is left goes bad and from then on gives zeros and
 * empty bytes, so no decoded length can lead anywhere. A writer that cannot grow, or is given a
 * value that its field cannot hold, goes bad and from then on keeps what it has. Lengths are
 * compared with what is left, never added to a position. */
#include "base/bytes.h"

#include "base/mem.h"

#define WRITER_FIRST ((size_t)64)

/* --- Writer ----------------------------------------------------------------------------------- */

/* Doubling keeps the copying linear; near the top of the address space the exact size must do. */
static size_t writer_next_cap(const struct hf__writer *w, size_t needed)
{
	size_t cap = w->cap ? w->cap : WRITER_FIRST;
	while (cap < needed)
		cap = cap > SIZE_MAX / 2 ? needed : cap * 2;
	return cap;
}

/* A reserve that fails changes nothing, `bad` included: a caller that asks beforehand can still
 * give up cleanly. */
bool hf__writer_reserve(struct hf__writer *w, size_t more)
{
	if (w->bad)
		return false;
	if (more <= w->cap - w->len)
		return true;
	if (more > SIZE_MAX - w->len)
		return false;
	size_t cap = writer_next_cap(w, w->len + more);
	uint8_t *data = hf__realloc(w->data, cap);
	if (!data)
		return false;
	w->data = data;
	w->cap = cap;
	return true;
}

uint8_t *hf__writer_extend(struct hf__writer *w, size_t len)
{
	if (!hf__writer_reserve(w, len)) {
		w->bad = true;
		return NULL;
	}
	uint8_t *at = w->data + w->len;
	w->len += len;
	return at;
}

void hf__put_zeros(struct hf__writer *w, size_t count)
{
	if (count == 0)
		return;
	uint8_t *at = hf__writer_room(w, count);
	if (at)
		memset(at, 0, count);
}

void hf__put_align(struct hf__writer *w, size_t alignment)
{
	hf__put_zeros(w, (0 - w->len) & (alignment - 1));
}

void hf__writer_deinit(struct hf__writer *w)
{
	hf__free(w->data);
	*w = (struct hf__writer){0};
}

/* --- Ranges ----------------------------------------------------------------------------------- */

int hf__bytes_compare(struct hf_bytes a, struct hf_bytes b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.data, b.data, common) : 0;
	return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool hf__bytes_zero(const void *data, size_t len)
{
	enum { HEAD = 16 };
	const uint8_t *at = data;
	if (len < HEAD / 2) {
		uint8_t any = 0;
		for (size_t i = 0; i < len; i++)
			any |= at[i];
		return any == 0;
	}
	const size_t head = len < HEAD ? len : HEAD;
	if ((hf__load_u64(at) | hf__load_u64(at + head - 8)) != 0)
		return false;
	/* The head is zero, and every later byte equals the one HEAD before it: so all are zero.
	 * memcmp runs at memory speed. */
	return len <= HEAD || memcmp(at, at + HEAD, len - HEAD) == 0;
}
