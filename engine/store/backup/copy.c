/* One file of a store into a backup: see backup.h.
 *
 * Happy path: the file of the older backup, if it is the same byte for byte, gets a second name;
 * that goes with the older one. Else it is shared or copied from the descriptor that the plan
 * opened, cut to what is the store's, padded with zeros, and synced now and then, so that the log's
 * flushes do not wait for much of it.
 *
 * Failure modes: what cannot be linked or shared is copied. A file that shares its blocks with one
 * that is being written is cut before it is padded: nothing behind the end is left.
 *
 * I-BACKUP-4: a file of the store gets a second name only if it is still, as short as it will ever
 * be, and zero behind its end: nothing that the store does to it later can change a byte. */
#include "store/backup/backup.h"

#include <errno.h>

#define PIECE (256u << 10)
#define SYNC_BYTES (4u << 20)

int hf__put_file(const struct hf__os *os, const char *name, const void *data, size_t len)
{
	int file = -1;
	int rc = os->open(os->ctx, name, HF__OS_WRITE | HF__OS_CREATE, &file);
	if (rc)
		return rc;
	rc = os->write(os->ctx, file, data, len, 0);
	if (rc == 0)
		rc = os->sync(os->ctx, file);
	const int closed = os->close(os->ctx, file);
	return rc ? rc : closed;
}

/* --- The same --------------------------------------------------------------------------------- */

struct reading {
	const struct hf__os *os;
	int file;
	uint8_t *piece;
};

/* Up to `len` bytes; *got fewer only at the end of the file. */
static int next_piece(struct reading *r, uint64_t at, size_t len, size_t *got)
{
	return r->os->read(r->os->ctx, r->file, r->piece, len, at, got);
}

/* Is `file` the part, and zeros behind it? What cannot be read is not. */
static bool is_part(struct reading *source, struct reading *file, const struct hf__part *part)
{
	size_t got = 0, had = 0;
	for (uint64_t at = 0; at < part->size; at += had) {
		const uint64_t left = at < part->len ? part->len - at : part->size - at;
		const size_t len = left < PIECE ? (size_t)left : PIECE;
		if (next_piece(file, at, len, &had) != 0 || had != len)
			return false;
		if (at >= part->len ? !hf__bytes_zero(file->piece, len)
		                    : next_piece(source, at, len, &got) != 0 || got != len ||
		                          memcmp(source->piece, file->piece, len) != 0)
			return false;
	}
	return true;
}

static bool has_size(const struct hf__os *os, int file, uint64_t size)
{
	uint64_t is = 0;
	return os->size(os->ctx, file, &is) == 0 && is == size;
}

/* Keeps what the older backup has. */
static bool keep(struct hf__copying *c, struct reading *source, const struct hf__part *part)
{
	const struct hf__os *older = c->older;
	struct reading old = {.os = older, .piece = source->piece + PIECE};
	if (!older || older->open(older->ctx, part->name, 0, &old.file) != 0)
		return false;
	const bool same = has_size(older, old.file, part->size) && is_part(source, &old, part);
	(void)older->close(older->ctx, old.file); /* it was only read */
	return same && c->parent->link(c->parent->ctx, older, part->name, c->to) == 0;
}

/* --- A second name ---------------------------------------------------------------------------- */

/* I-BACKUP-4 */
static bool may_link(struct hf__copying *c, const struct reading *source,
                     const struct hf__part *part)
{
	const struct hf__os *os = source->os;
	size_t got = 0;
	const uint64_t behind = part->size - part->len; /* less than a block, for one that is still */
	return c->link && part->still && behind < HF__BLOCK && has_size(os, source->file, part->size) &&
	       os->read(os->ctx, source->file, source->piece, (size_t)behind, part->len, &got) == 0 &&
	       got == behind && hf__bytes_zero(source->piece, got);
}

static bool give_name(struct hf__copying *c, const struct reading *source,
                      const struct hf__part *part)
{
	const struct hf__os *from = c->plan->source;
	if (!may_link(c, source, part) || from->same(from->ctx, source->file, part->name) != 0 ||
	    c->parent->link(c->parent->ctx, from, part->name, c->to) != 0)
		return false;
	if (from->same(from->ctx, source->file, part->name) == 0)
		return true;
	/* It was removed meanwhile; that the other file has its name is not excluded. */
	(void)c->to->unlink(c->to->ctx, part->name);
	return false;
}

/* --- A copy ----------------------------------------------------------------------------------- */

static int copy_bytes(struct hf__copying *c, struct reading *source, const struct hf__part *part,
                      int file, bool *reads)
{
	const struct hf__os *to = c->to;
	uint64_t synced = 0;
	int rc = 0;
	size_t got = 0;
	for (uint64_t at = 0; at < part->len && rc == 0; at += got) {
		const uint64_t left = part->len - at;
		rc = next_piece(source, at, left < PIECE ? (size_t)left : PIECE, &got);
		*reads = rc != 0 || got == 0;
		if (*reads)
			return rc ? rc : EIO; /* it was as long when it was planned */
		rc = to->write(to->ctx, file, source->piece, got, at);
		hf__meter_add(c->meter, got);
		if (rc == 0 && at + got - synced >= SYNC_BYTES) {
			rc = to->sync(to->ctx, file);
			synced = at + got;
		}
	}
	c->facts->copied += part->len;
	return rc;
}

/* All of the source, of which a writer may have written more. *shared false: it was not possible,
 * and nothing was done. */
static int share(struct hf__copying *c, const struct reading *source, const struct hf__part *part,
                 int file, bool *shared)
{
	*shared = c->parent->clone(c->parent->ctx, c->plan->source, source->file, c->to, file) == 0;
	if (!*shared)
		return 0;
	c->facts->shared += part->len;
	hf__meter_add(c->meter, part->len);
	return c->to->cut(c->to->ctx, part->name, part->len);
}

/* Zeros behind: the last of them are enough, nothing is ever written there. */
static int pad(struct hf__copying *c, const struct hf__part *part, int file)
{
	static const uint8_t zeros[HF__BLOCK];
	const uint64_t behind = part->size - part->len;
	const size_t len = behind < sizeof zeros ? (size_t)behind : sizeof zeros;
	return len == 0 ? 0 : c->to->write(c->to->ctx, file, zeros, len, part->size - len);
}

/* Crash: any part of it is there, in a directory without IDENTITY. */
static int make_copy(struct hf__copying *c, struct reading *source, const struct hf__part *part,
                     bool *reads)
{
	const struct hf__os *to = c->to;
	bool shared = false;
	int file = -1;
	int rc = to->open(to->ctx, part->name, HF__OS_WRITE | HF__OS_CREATE, &file);
	if (rc)
		return rc;
	rc = share(c, source, part, file, &shared);
	if (rc == 0 && !shared)
		rc = copy_bytes(c, source, part, file, reads);
	if (rc == 0)
		rc = pad(c, part, file);
	if (rc == 0)
		rc = to->sync(to->ctx, file);
	const int closed = to->close(to->ctx, file);
	return rc ? rc : closed;
}

int hf__copy_part(struct hf__copying *c, const struct hf__part *part, bool *reads)
{
	const struct hf__os *os = &c->plan->pins.os;
	struct reading source = {.os = os, .file = -1, .piece = hf__alloc(2 * (size_t)PIECE)};
	int rc = source.piece ? os->open(os->ctx, part->name, 0, &source.file) : ENOMEM;
	*reads = rc != 0;
	if (rc == 0 && keep(c, &source, part)) {
		c->facts->kept += part->len;
		hf__meter_add(c->meter, part->len);
	} else if (rc == 0 && give_name(c, &source, part)) {
		c->facts->linked += part->len;
		hf__meter_add(c->meter, part->len);
	} else if (rc == 0) {
		rc = make_copy(c, &source, part, reads);
	}
	if (source.file >= 0)
		(void)os->close(os->ctx, source.file); /* it was only read */
	hf__free(source.piece);
	c->facts->files++;
	c->facts->bytes += part->len;
	return rc;
}
