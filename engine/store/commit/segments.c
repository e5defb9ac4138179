/* The next segment: made of zeros that are already on disk, ahead of need, so that a commit
 * overwrites written blocks and needs no journal commit, and so that a full disk is noticed
 * before anything was sequenced.
 *
 * Its size follows from what the segment before it came to hold: a store that is killed again and
 * again after little work keeps small ones. Room is asked for before a zero is written, for the
 * half and the half of that if there is none; a refusal is remembered for a second. Upkeep makes
 * it in slices; a commit that needs it takes over what is there and makes the rest at once.
 *
 * A leftover of an earlier opening is adopted, under the next number, when every byte of it was
 * zero at the opening; anything else with a greater number than the current segment is what a
 * crash left at rotation: it is passed over (its number too) and removed once the log has gone
 * past it (tidy.c). */
#include "store/internal.h"

#include <errno.h>

#define SLICE (64u << 10)
#define REFUSAL_NS INT64_C(1000000000)

static bool is_no_room(int rc)
{
	return rc == ENOSPC || rc == EDQUOT || rc == EFBIG;
}

/* --- Making it -------------------------------------------------------------------------------- */

/* All of these not under the lock: preparing is set. */

/* Begins the largest segment from `size` down to `least` that there is room for. */
static int begin_making(struct hf_store *s, const struct hf__segment_next *next, uint32_t size,
                        uint32_t least)
{
	uint64_t room;
	if (s->os->room(s->os->ctx, &room) == 0 && room < (uint64_t)least + next->kept)
		return ENOSPC; /* and nothing was made or removed to find that out */
	for (size = hf__segment_fit(s->os, size, least, next->spare);;
	     size = hf__segment_half(size, least)) {
		const int rc = hf__segment_begin(s->os, &s->segments.making, next->number, size);
		if (!is_no_room(rc) || size <= least)
			return rc;
	}
}

/* After an unclean stop nothing more goes into the segment that it left, however much of it is
 * unused; and the next one may find no room. What lies behind the log's end there is given back,
 * then. The place of the next group's header is zeroed and synced first: a torn group behind it
 * must not become whole by zeros in the place of what was lost. false: that did not help. */
static bool give_back(struct hf_store *s, bool *unknowable)
{
	static const uint8_t zeros[HF__GROUP_HEADER_SIZE];
	const uint32_t end = s->writer.end.offset;
	const uint32_t left = s->writer.segment_size - end,
	               head = left < sizeof zeros ? left : (uint32_t)sizeof zeros;
	const uint32_t from = hf__segment_cut_size(end + head);
	if (s->segments.gave_back || !s->writer.jumped || s->writer.file < 0 ||
	    from >= s->writer.segment_size)
		return false;
	s->segments.gave_back = true;
	int rc = s->writer.began ? 0 : hf__witness_not_clean(s); /* I-WIT-3 */
	s->writer.began = s->writer.began || rc == 0;
	/* Crash: the log ends here with these bytes or without them, and the stop was not clean
	 * before. */
	if (rc == 0)
		rc = s->os->write(s->os->ctx, s->writer.file, zeros, head, end);
	if (rc == 0) {
		rc = s->os->sync(s->os->ctx, s->writer.file);
		*unknowable = rc != 0;
	}
	/* Crash: some of it is zero. None of it is part of the log. */
	return rc == 0 &&
	       s->os->punch(s->os->ctx, s->writer.file, from, s->writer.segment_size - from) == 0;
}

/* Makes all of one, going on with what was begun. */
static int make_all(struct hf_store *s, struct hf__segment_next *next, uint32_t least,
                    bool *unknowable)
{
	if (s->segments.making.file >= 0 && s->segments.making.size < least)
		hf__segment_drop(s->os, &s->segments.making);
	for (uint32_t size = next->size;;) {
		int rc = s->segments.making.file >= 0 ? 0 : begin_making(s, next, size, least);
		const bool begun = rc == 0;
		if (begun) {
			next->size = size = s->segments.making.size;
			rc = hf__segment_fill(s->os, &s->segments.making, size, unknowable);
		}
		if (rc == 0)
			rc = hf__segment_publish(s->os, &s->segments.making, &next->file, unknowable);
		if (rc == 0 || *unknowable || !is_no_room(rc))
			return rc;
		if (begun && size > least)
			size = hf__segment_half(size, least);
		else if (!give_back(s, unknowable))
			return rc;
	}
}

/* What was adopted gets a name of its own. Whether the old one is on disk is not known:
 * the process that made it may have been killed before the directory was synced, or seen that fail,
 * after which syncing it alone need not help. */
static int rename_adopted(struct hf_store *s, struct hf__segment_next *next, bool *unknowable)
{
	const struct hf__os *os = s->os;
	char old[HF__NAME_MAX], name[HF__NAME_MAX];
	if (s->segments.made_first) {
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

/* Takes over the newest file of the directory, which was zero when the store was opened. ENOENT:
 * it is gone, by a renaming that had failed falsely, say. */
static int adopt(struct hf_store *s, struct hf__segment_next *next, bool *unknowable)
{
	char name[HF__NAME_MAX];
	hf__segment_name(next->number - 1, name);
	const int rc = s->os->open(s->os->ctx, name, HF__OS_WRITE, &next->file);
	return rc ? rc : rename_adopted(s, next, unknowable);
}

/* It was too small for what must go there, and a larger one exists: the log passes over its
 * number. Not under the lock. Nothing but zeros was ever written to it, so no failure matters. */
static void give_up(struct hf_store *s, const struct hf__segment_next *prepared)
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
	return hf__fail(error, HF_EUNCERTAIN, rc,
	                "syncing the next log segment failed (error %d): reopen the store", rc);
}

/* It is part of the log from here on, under its old number: the removal of leftovers must not
 * find it. */
static void drop_leftover(struct hf_store *s, uint32_t number)
{
	for (size_t i = 0; i < s->tidy.leftover_count; i++)
		if (s->tidy.leftovers[i] == number)
			s->tidy.leftovers[i] = s->tidy.leftovers[--s->tidy.leftover_count];
}

/* --- Getting it ------------------------------------------------------------------------------- */

/* Was this much refused a moment ago? `least` bytes are needed; *size is cut to what was not.
 * The lock is held. */
static bool was_refused(const struct hf_store *s, uint32_t least, uint32_t *size)
{
	if (s->segments.refused.size == 0 || s->os->ticks(s->os->ctx) >= s->segments.refused.until)
		return false;
	if (*size >= s->segments.refused.size)
		*size = hf__segment_half(s->segments.refused.size, least);
	return least >= s->segments.refused.size;
}

static void remember_refusal(struct hf_store *s, uint32_t least)
{
	s->segments.refused = (struct hf__refusal){
	    .size = least, .until = s->os->ticks(s->os->ctx) + REFUSAL_NS, .lsn = s->world.next_lsn};
}

/* What may be adopted: only the newest number, so that numbers keep growing along the log. The
 * lock is held. */
static bool may_adopt(const struct hf_store *s, uint32_t least)
{
	return !s->segments.next.ready && s->segments.making.file < 0 &&
	       s->segments.zero_leftover >= least;
}

/* The leftover, or all of a new one. Not under the lock. */
static int adopt_or_make(struct hf_store *s, struct hf__segment_next *next, bool adopts,
                         uint32_t least, bool *unknowable)
{
	const struct hf__segment_next fresh = *next;
	int rc = ENOENT;
	if (adopts) {
		next->size = s->segments.zero_leftover;
		rc = adopt(s, next, unknowable);
	}
	if (rc != ENOENT)
		return rc;
	*next = fresh;
	return make_all(s, next, least, unknowable);
}

/* The end of having prepared; the lock is held again. */
static int prepared(struct hf_store *s, struct hf__segment_next *next, int rc, bool unknowable,
                    uint32_t least, struct hf_error *error)
{
	s->segments.preparing = false;
	(void)pthread_cond_broadcast(&s->writer.room);
	if (rc) {
		if (!unknowable && is_no_room(rc))
			remember_refusal(s, least);
		return why_not(s, rc, unknowable, error);
	}
	s->segments.refused.size = 0;
	s->segments.zero_leftover = 0; /* adopted, or not the newest any more */
	next->ready = true;
	s->segments.next = *next;
	drop_leftover(s, next->number);
	if (next->number > s->segments.newest_number)
		s->segments.newest_number = next->number;
	return HF_OK;
}

bool hf__next_segment_ready(const struct hf_store *s, uint32_t need)
{
	return s->segments.next.ready && s->segments.next.size >= need + s->align;
}

int hf__next_segment(struct hf_store *s, uint32_t need, bool grows, struct hf_error *error)
{
	if (hf__next_segment_ready(s, need))
		return HF_OK;
	if (s->segments.preparing) { /* another thread is at it: the caller looks again */
		s->writer.room_waiters++;
		(void)pthread_cond_wait(&s->writer.room, &s->lock);
		s->writer.room_waiters--;
		return HF_OK;
	}
	if (s->segments.newest_number == UINT32_MAX)
		return hf__fail(error, HF_ENOSPACE, 0, "segment numbers are used up");
	const uint32_t least = hf__segment_least(s, need);
	const struct hf__segment_next small = s->segments.next;
	struct hf__segment_next next = hf__segment_planned(s, least);
	next.kept = grows ? next.kept : 0;
	const bool adopts = may_adopt(s, least);
	bool unknowable = false;
	if (!adopts && s->segments.making.file < 0 && was_refused(s, least, &next.size))
		return why_not(s, ENOSPC, false, error);
	s->segments.next.ready = false;
	s->segments.preparing = true;
	(void)pthread_mutex_unlock(&s->lock);
	const int rc = adopt_or_make(s, &next, adopts, least, &unknowable);
	if (rc == 0 && small.ready)
		give_up(s, &small);
	(void)pthread_mutex_lock(&s->lock);
	if (rc)
		s->segments.next = small; /* a call that needs no more may still have it */
	return prepared(s, &next, rc, unknowable, least, error);
}

bool hf__next_segment_give_up(struct hf_store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	const struct hf__buffer *b = hf__filling(s);
	const struct hf__segment_next unused = s->segments.next;
	const bool free = unused.ready && !s->segments.preparing && !(b->begun && b->opens_segment);
	if (free)
		s->segments.next.ready = false;
	(void)pthread_mutex_unlock(&s->lock);
	if (!free)
		return false;
	give_up(s, &unused);
	/* What a name held is free once it is gone for good. */
	const int rc = s->os->sync_dir(s->os->ctx);
	if (rc) {
		(void)pthread_mutex_lock(&s->lock);
		hf__fault(s, rc);
		(void)pthread_mutex_unlock(&s->lock);
	}
	return rc == 0;
}

/* --- Ahead of need ---------------------------------------------------------------------------- */

/* Of what is made, as much as the log's growth asks for is there: all when an eighth of the log's
 * segment is left. At once, 64 MiB of zeros would stand before commits for a tenth of a second. */
static bool is_ahead(const struct hf_store *s)
{
	const struct hf__making *m = &s->segments.making;
	const uint64_t half = s->writer.segment_size / 2, used = s->writer.end.offset - half;
	return m->file >= 0 && m->at >= m->size * used * 4 / (half * 3) + SLICE;
}

/* A store that writes nothing needs none, and one whose disk is full is not asked again before
 * it has written something. */
static bool is_due(const struct hf_store *s, bool paced)
{
	if (s->segments.next.ready || s->segments.preparing || s->writer.file < 0 || !s->writer.wrote ||
	    s->segments.newest_number == UINT32_MAX ||
	    (s->segments.refused.size && s->segments.refused.lsn == s->world.next_lsn))
		return false;
	return s->writer.end.offset > s->writer.segment_size / 2 && !(paced && is_ahead(s));
}

/* One slice. The lock is held, released meanwhile. */
static int make_slice(struct hf_store *s)
{
	const uint32_t least = hf__segment_least(s, 2 * hf__segment_reserve(s->identity.segment_size));
	struct hf__segment_next next = hf__segment_planned(s, least);
	const bool adopts = may_adopt(s, least), begins = s->segments.making.file < 0;
	bool unknowable = false, whole = adopts;
	int rc = 0;
	if (!adopts && begins && was_refused(s, least, &next.size))
		return HF_ENOSPACE;
	s->segments.preparing = true;
	(void)pthread_mutex_unlock(&s->lock);
	if (adopts)
		rc = adopt_or_make(s, &next, adopts, least, &unknowable);
	else if (begins)
		rc = begin_making(s, &next, next.size, least);
	else
		rc = hf__segment_fill(s->os, &s->segments.making, SLICE, &unknowable);
	if (rc == 0 && !adopts && s->segments.making.at == s->segments.making.size) {
		whole = true;
		next.size = s->segments.making.size;
		rc = hf__segment_publish(s->os, &s->segments.making, &next.file, &unknowable);
	}
	(void)pthread_mutex_lock(&s->lock);
	if (rc || whole)
		return prepared(s, &next, rc, unknowable, least, NULL);
	s->segments.preparing = false;
	(void)pthread_cond_broadcast(&s->writer.room);
	return HF_OK;
}

int hf__prepare_ahead(struct hf_store *s, int64_t until, bool paced, bool *more)
{
	int rc = HF_OK;
	*more = false;
	(void)pthread_mutex_lock(&s->lock);
	while (rc == HF_OK && !atomic_load(&s->fault) && is_due(s, paced)) {
		/* A commit that waits for it makes the rest by itself. */
		if (*more && (s->writer.room_waiters > 0 || s->upkeep.stopping ||
		              (until != INT64_MAX && s->os->ticks(s->os->ctx) >= until)))
			break;
		rc = make_slice(s);
		*more = rc == HF_OK;
	}
	*more = *more && is_due(s, paced);
	(void)pthread_mutex_unlock(&s->lock);
	return rc;
}
