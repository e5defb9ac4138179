/* Recovery, reading segments: whole into memory, for what looks at one from several sides; or piece
 * by piece, for what only goes through it. */
#include "store/recover/recover.h"

#include <errno.h>

#define AT_ONCE (1u << 20) /* bytes of a segment that are read in one call */
#define PIECE (256u << 10) /* stays in a processor's cache while it is hashed and applied */

/* 0 with *file and f->size, or an errno value. */
static int open_segment(struct hf__recovery *r, struct hf__segment_file *f, int *file)
{
	const struct hf__os *os = r->store->os;
	char name[HF__NAME_MAX];
	hf__segment_name(f->number, name);
	int rc = os->open(os->ctx, name, 0, file);
	if (rc == 0)
		rc = os->size(os->ctx, *file, &f->size);
	return rc == 0 && f->size > HF__SEGMENT_SIZE_MAX ? EFBIG : rc;
}

/* `rc`, or what closing says. */
static int close_segment(const struct hf__recovery *r, int file, int rc)
{
	const struct hf__os *os = r->store->os;
	const int closed = file >= 0 ? os->close(os->ctx, file) : 0;
	return rc ? rc : closed;
}

static int not_read(struct hf__recovery *r, const struct hf__segment_file *f, int os_errno)
{
	char name[HF__NAME_MAX];
	if (os_errno == EFBIG)
		return hf__corrupt(r, f->number, f->size, "the file is larger than any segment");
	hf__segment_name(f->number, name);
	return hf__failed_read(r, name, os_errno);
}

/* --- Whole ------------------------------------------------------------------------------------ */

/* Reads `len` bytes from the beginning to r->bytes, whose len is 0. 0 or errno. */
static int read_at_once(struct hf__recovery *r, int file, size_t len)
{
	const struct hf__os *os = r->store->os;
	if (!hf__writer_reserve(&r->bytes, len + 1))
		return ENOMEM;
	return os->read(os->ctx, file, r->bytes.data, len, 0, &r->bytes.len);
}

/* The same for what is long: mostly zeros. Fresh memory is zero without being touched, so pieces of
 * zeros cost no page of it. */
static int read_in_pieces(struct hf__recovery *r, int file, size_t len)
{
	const struct hf__os *os = r->store->os;
	uint8_t *piece = hf__alloc(HF__WINDOW_PEEK);
	size_t got = HF__WINDOW_PEEK;
	int rc = 0;
	hf__writer_deinit(&r->bytes);
	r->bytes.data = hf__alloc(len);
	r->bytes.cap = r->bytes.data ? len : 0;
	if (!piece || !r->bytes.data)
		rc = ENOMEM;
	while (rc == 0 && got == HF__WINDOW_PEEK && r->bytes.len < len) {
		const size_t left = len - r->bytes.len;
		rc = os->read(os->ctx, file, piece, left < HF__WINDOW_PEEK ? left : HF__WINDOW_PEEK,
		              r->bytes.len, &got);
		if (rc == 0 && !hf__bytes_zero(piece, got))
			memcpy(r->bytes.data + r->bytes.len, piece, got);
		r->bytes.len += rc == 0 ? got : 0;
	}
	hf__free(piece);
	return rc;
}

int hf__recovery_read(struct hf__recovery *r, struct hf__segment_file *f, size_t len)
{
	int file = -1;
	int rc = open_segment(r, f, &file);
	const size_t wanted = len && len < f->size ? len : (size_t)f->size;
	r->bytes.len = 0;
	if (rc == 0 && wanted > AT_ONCE && len == 0)
		rc = read_in_pieces(r, file, wanted);
	else if (rc == 0)
		rc = read_at_once(r, file, wanted);
	rc = close_segment(r, file, rc);
	return rc ? not_read(r, f, rc) : HF_OK;
}

/* --- Piece by piece --------------------------------------------------------------------------- */

struct source {
	const struct hf__os *os;
	int file;
};

static int read_piece(void *ctx, void *into, size_t len, uint64_t at, size_t *got)
{
	const struct source *source = ctx;
	return source->os->read(source->os->ctx, source->file, into, len, at, got);
}

int hf__recovery_look(struct hf__recovery *r, struct hf__segment_file *f,
                      struct hf__scan_input *input, struct hf__scan_window *window,
                      hf__scan_entry_fn each, void *arg, struct hf__scan_verdict *verdict)
{
	struct source source = {r->store->os, -1};
	int rc = open_segment(r, f, &source.file), scanned = HF_OK;
	*window = (struct hf__scan_window){.read = read_piece,
	                                   .ctx = &source,
	                                   .size = (uint32_t)f->size,
	                                   .piece = PIECE,
	                                   .keeps = window->keeps};
	if (input->pinned_end != 0 && input->pinned_end < window->size)
		window->size = input->pinned_end;
	input->window = window;
	if (rc == 0)
		scanned = hf__scan(input, each, arg, verdict);
	window->os_errno = close_segment(r, source.file, rc ? rc : window->os_errno);
	window->ctx = NULL; /* it goes with this call */
	return window->os_errno ? not_read(r, f, window->os_errno) : scanned;
}
