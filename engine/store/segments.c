/* The next segment: made of zeros that are already on disk, ahead of need, so that a commit overwrites written blocks and needs no journal commit,
 * and so that a full disk is noticed before anything was sequenced.
 *
 * A leftover of an earlier opening is adopted, under the next number, when every byte of it is zero; anything else with a greater number than the current segment
 * is what a crash left at rotation: it is passed over (its number too) and removed once the log has gone past it. */
#include "store/internal.h"

#include <errno.h>

static uint32_t clamp_size(uint64_t size)
{
	if (size > HF__SEGMENT_SIZE_MAX)
		size = HF__SEGMENT_SIZE_MAX;
	return (uint32_t)((size + HF__BLOCK - 1) & ~(uint64_t)(HF__BLOCK - 1));
}

/* A small store stays small: the first segment is at most 1 MiB, each next one twice as large, up to what was asked for. */
static uint32_t wanted_size(const struct hf_store *s, uint32_t need)
{
	const uint64_t full = s->identity.segment_size;
	uint64_t size = s->segment_size ? (uint64_t)s->segment_size * 2 : HF__SEGMENT_FIRST_MAX;
	if (size > full)
		size = full;
	/* A group that opens a segment must fit; padding of its end included. */
	if (size < (uint64_t)need + s->align)
		size = (uint64_t)need + s->align;
	return clamp_size(size);
}

#define PIECE (HF__BLOCK * 16)

/* Reads all of it through `piece`. 0 with *zero, or errno. */
static int read_zeros(struct hf_store *s, int file, uint32_t size, uint8_t *piece, bool *zero)
{
	for (uint64_t at = 0; at < size;) {
		size_t got = 0;
		const int rc = s->os->read(s->os->ctx, file, piece, PIECE, at, &got);
		if (rc)
			return rc;
		if (got == 0 || !hf__bytes_zero(piece, got))
			return 0;
		at += got;
	}
	*zero = true;
	return 0;
}

/* Is the file of the wanted size and all zero? 0 with *zero, or errno. The stack of the committing thread may be a small one. */
static int check_zero(struct hf_store *s, int file, uint32_t size, bool *zero)
{
	uint64_t found = 0;
	*zero = false;
	int rc = s->os->size(s->os->ctx, file, &found);
	if (rc || found != size)
		return rc;
	uint8_t *piece = hf__alloc(PIECE);
	if (!piece)
		return ENOMEM;
	rc = read_zeros(s, file, size, piece, zero);
	hf__free(piece);
	return rc;
}

/* Tries to take over the newest file of the directory. Not under the lock: preparing is set. 0 with *file >= 0 on success, -1 when it will not do. */
static int adopt(struct hf_store *s, uint32_t number, uint32_t size, int *file)
{
	char name[HF__NAME_MAX];
	bool zero = false;
	*file = -1;
	hf__segment_name(number, name);
	int candidate = -1;
	int rc = s->os->open(s->os->ctx, name, HF__OS_WRITE, &candidate);
	if (rc)
		return rc == ENOENT ? 0 : rc;
	rc = check_zero(s, candidate, size, &zero);
	if (rc == 0 && zero) {
		*file = candidate;
		return 0;
	}
	const int closed = s->os->close(s->os->ctx, candidate);
	return rc ? rc : closed;
}

/* What was adopted gets a name of its own. Whether the old one is on disk nobody knows: whoever made it may have been killed before the
 * directory was synced, or been told that this failed, after which syncing it alone need not help. */
static int rename_adopted(const struct hf__os *os, struct hf__next_segment *next, bool *unknowable)
{
	char old[HF__NAME_MAX], name[HF__NAME_MAX];
	if (next->number == 2) {
		next->number = 1; /* made with the store, and durable before the store existed */
		return 0;
	}
	hf__segment_name(next->number - 1, old);
	hf__segment_name(next->number, name);
	int rc = os->rename(os->ctx, old, name);
	if (rc == 0) {
		rc = os->sync_dir(os->ctx);
		/* Crash: zeros under the old name, the new one or both. */
		*unknowable = rc != 0;
	}
	if (rc == 0)
		return 0;
	(void)os->close(os->ctx, next->file); /* the first failure is what the caller must hear of */
	next->file = -1;
	return rc;
}

/* Not under the lock. Only the newest number may be adopted, so that numbers keep growing along the log: is it a leftover? */
static int make(struct hf_store *s, struct hf__next_segment *next, bool leftover, bool *unknowable)
{
	*unknowable = false;
	int rc = HF_OK;
	next->file = -1;
	if (leftover) {
		rc = adopt(s, next->number - 1, next->size, &next->file);
		if (rc == 0 && next->file >= 0)
			return rename_adopted(s->os, next, unknowable);
	}
	return rc ? rc : hf__segment_prepare(s->os, next->number, next->size, &next->file, unknowable);
}

/* It was too small for what must go there, and a larger one exists: the log passes over its number. Not under the lock. Nothing but zeros was ever
 * written to it, so no failure matters. */
static void give_up(struct hf_store *s, const struct hf__next_segment *prepared)
{
	char name[HF__NAME_MAX];
	hf__segment_name(prepared->number, name);
	(void)s->os->close(s->os->ctx, prepared->file);
	/* Crash: a file of zeros with a number of its own; the next open removes it. */
	(void)s->os->unlink(s->os->ctx, name);
}

static int why_not(struct hf_store *s, int rc, bool unknowable, struct hf_error *error)
{
	if (!unknowable && rc == ENOENT) { /* there is no directory any more to make it in */
		hf__fault(s, ESTALE);
		return hf__fail_fault(s, error);
	}
	if (!unknowable)
		return hf__os_failed(error, "no next log segment could be made, and nothing was done", rc);
	/* A failed sync: what the directory holds now is unknowable. Nothing was sequenced. */
	hf__fault(s, rc);
	return hf__fail(error, HF_EUNCERTAIN, rc, "syncing the next log segment failed (error %d): reopen the store", rc);
}

/* It is part of the log from here on, under its old number: the removal of leftovers must not find it. */
static void drop_leftover(struct hf_store *s, uint32_t number)
{
	for (size_t i = 0; i < s->leftover_count; i++)
		if (s->leftovers[i] == number)
			s->leftovers[i] = s->leftovers[--s->leftover_count];
}

bool hf__next_segment_ready(const struct hf_store *s, uint32_t need)
{
	return s->next.ready && s->next.size >= need + s->align;
}

int hf__next_segment(struct hf_store *s, uint32_t need, struct hf_error *error)
{
	if (hf__next_segment_ready(s, need))
		return HF_OK;
	if (s->preparing) { /* somebody is at it: the caller looks again */
		s->room_waiters++;
		(void)pthread_cond_wait(&s->room, &s->lock);
		s->room_waiters--;
		return HF_OK;
	}
	if (s->newest_number == UINT32_MAX)
		return hf__fail(error, HF_ENOSPACE, 0, "segment numbers are used up");
	const struct hf__next_segment small = s->next;
	struct hf__next_segment next = {.number = s->newest_number + 1, .size = wanted_size(s, need)};
	const bool leftover = !small.ready && s->newest_number > s->end.segment;
	bool unknowable = false;
	s->next.ready = false;
	s->preparing = true;
	(void)pthread_mutex_unlock(&s->lock);
	const int rc = make(s, &next, leftover, &unknowable);
	if (rc == 0 && small.ready)
		give_up(s, &small);
	(void)pthread_mutex_lock(&s->lock);
	s->preparing = false;
	(void)pthread_cond_broadcast(&s->room);
	if (rc) {
		s->next = small; /* whoever needs no more than that may still have it */
		return why_not(s, rc, unknowable, error);
	}
	next.ready = true;
	s->next = next;
	drop_leftover(s, next.number);
	if (next.number > s->newest_number)
		s->newest_number = next.number;
	return HF_OK;
}

bool hf__next_segment_due(const struct hf_store *s)
{
	if (s->next.ready || s->preparing || s->file < 0)
		return false;
	return s->end.offset > s->segment_size / 2;
}

/* --- What a crash left behind ----------------------------------------------------------------------------------------------- */

static int unlink_segment(struct hf_store *s, uint32_t number)
{
	char name[HF__NAME_MAX];
	hf__segment_name(number, name);
	if (hf__guard_foreign(s, name, number))
		return 0; /* somebody put it here, and it may be the only copy */
	/* Crash: a leftover that comes back is found by the next open and removed again. */
	const int rc = s->os->unlink(s->os->ctx, name);
	return rc == ENOENT ? 0 : rc;
}

/* Takes one number off the list that the log has durably gone past; 0 when there is none. */
static uint32_t take_leftover(struct hf_store *s)
{
	uint32_t taken = 0;
	(void)pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->leftover_count && !taken; i++) {
		if (s->leftovers[i] >= s->witness_segment)
			continue;
		taken = s->leftovers[i];
		s->leftovers[i] = s->leftovers[--s->leftover_count];
	}
	(void)pthread_mutex_unlock(&s->lock);
	return taken;
}

int hf__remove_leftovers(struct hf_store *s)
{
	/* The witness was synced about a later segment, so that segment's header is durable and pins the leftover out for ever (R4). */
	for (uint32_t number; (number = take_leftover(s)) != 0;) {
		const int rc = unlink_segment(s, number);
		if (rc)
			return rc;
	}
	return 0;
}
