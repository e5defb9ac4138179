/* See os/memory_file.h.
 *
 * A file is a table of pieces. A piece has memory for all of its bytes, of which the first `used`
 * were written; what lies behind them is zeros and was not touched, so that a segment that is made
 * ahead costs as many pages as were logged into it. A piece without memory is zeros altogether.
 *
 * What was allocated, or written once, zeros too, has its memory: writing it again never fails.
 * Without memory for more the answer is ENOSPC. */
#include "os/memory_file.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

#define PIECE ((uint64_t)64 << 10)
#define LONGEST ((uint64_t)1 << 42)

struct hf__memory_piece {
	uint8_t *data; /* NULL: zeros */
	size_t used;
};

/* --- One piece -------------------------------------------------------------------------------- */

/* Memory that is not touched: hf__alloc would make zeros of it. */
static bool piece_has_memory(struct hf__memory_piece *p)
{
	if (!p->data)
		p->data = hf__realloc(NULL, PIECE);
	return p->data != NULL;
}

static void piece_free(struct hf__memory_piece *p)
{
	hf__free(p->data);
	*p = (struct hf__memory_piece){NULL, 0};
}

static void piece_read(const struct hf__memory_piece *p, size_t from, uint8_t *out, size_t len)
{
	const size_t there = from < p->used ? p->used - from : 0;
	const size_t copied = there < len ? there : len;
	if (copied)
		memcpy(out, p->data + from, copied);
	memset(out + copied, 0, len - copied);
}

static bool piece_write(struct hf__memory_piece *p, size_t from, const uint8_t *data, size_t len)
{
	if (!piece_has_memory(p))
		return false;
	if (from >= p->used && hf__bytes_zero(data, len))
		return true; /* it is so already */
	if (from > p->used)
		memset(p->data + p->used, 0, from - p->used);
	memcpy(p->data + from, data, len);
	if (from + len > p->used)
		p->used = from + len;
	return true;
}

static void piece_zero(struct hf__memory_piece *p, size_t from, size_t len)
{
	if (from >= p->used)
		return;
	if (len >= p->used - from)
		p->used = from;
	else
		memset(p->data + from, 0, len);
}

/* --- All of them ------------------------------------------------------------------------------ */

static uint64_t pieces_of(uint64_t size)
{
	return (size + PIECE - 1) / PIECE;
}

/* The part of [at, at + len) that lies in one piece: where in it, and how long. */
static size_t part(uint64_t at, uint64_t len, size_t *from)
{
	*from = (size_t)(at % PIECE);
	return len < PIECE - *from ? (size_t)len : (size_t)(PIECE - *from);
}

static bool table_reaches(struct hf__memory_file *f, uint64_t size)
{
	while (f->count < pieces_of(size)) {
		struct hf__memory_piece *more = hf__grown(f->pieces, f->count, &f->cap, sizeof *more, 2);
		if (!more)
			return false;
		f->pieces = more;
		f->pieces[f->count++] = (struct hf__memory_piece){NULL, 0};
	}
	return true;
}

void hf__memory_file_free(struct hf__memory_file *f)
{
	for (size_t i = 0; i < f->count; i++)
		piece_free(&f->pieces[i]);
	hf__free(f->pieces);
	hf__free(f);
}

void hf__memory_file_read(const struct hf__memory_file *f, void *buffer, size_t len, uint64_t at,
                          size_t *got)
{
	static const struct hf__memory_piece zeros;
	uint8_t *out = buffer;
	const uint64_t there = at < f->size ? f->size - at : 0;
	const size_t wanted = there < len ? (size_t)there : len;
	size_t from;
	for (*got = 0; *got < wanted;) {
		const uint64_t i = (at + *got) / PIECE;
		const size_t n = part(at + *got, wanted - *got, &from);
		piece_read(i < f->count ? &f->pieces[i] : &zeros, from, out + *got, n);
		*got += n;
	}
}

int hf__memory_file_write(struct hf__memory_file *f, const void *data, size_t len, uint64_t at)
{
	const uint8_t *bytes = data;
	size_t from;
	if (len > LONGEST || at > LONGEST - len)
		return EFBIG;
	if (len == 0)
		return 0;
	if (!table_reaches(f, at + len))
		return ENOSPC;
	for (size_t done = 0; done < len;) {
		const size_t n = part(at + done, len - done, &from);
		if (!piece_write(&f->pieces[(at + done) / PIECE], from, bytes + done, n))
			return ENOSPC;
		done += n;
	}
	if (at + len > f->size)
		f->size = at + len;
	return 0;
}

int hf__memory_file_allocate(struct hf__memory_file *f, uint64_t size)
{
	if (size > LONGEST)
		return EFBIG;
	if (!table_reaches(f, size))
		return ENOSPC;
	for (uint64_t i = 0; i < pieces_of(size); i++)
		if (!piece_has_memory(&f->pieces[i]))
			return ENOSPC;
	if (size > f->size)
		f->size = size;
	return 0;
}

void hf__memory_file_punch(struct hf__memory_file *f, uint64_t at, uint64_t len)
{
	const uint64_t end = len < UINT64_MAX - at ? at + len : UINT64_MAX;
	size_t from;
	while (at < end && at / PIECE < f->count) {
		struct hf__memory_piece *p = &f->pieces[at / PIECE];
		const size_t n = part(at, end - at, &from);
		piece_zero(p, from, n);
		if (n == PIECE)
			piece_free(p);
		at += n;
	}
}

void hf__memory_file_cut(struct hf__memory_file *f, uint64_t size)
{
	const uint64_t kept = pieces_of(size);
	while (f->count > kept)
		piece_free(&f->pieces[--f->count]);
	if (size % PIECE && kept <= f->count)
		piece_zero(&f->pieces[kept - 1], (size_t)(size % PIECE), (size_t)PIECE);
	f->size = size;
}
