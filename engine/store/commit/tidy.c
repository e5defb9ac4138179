/* What is put in order on the disk once this opening has made something durable: segments that
 * the log has left are cut to what they hold, files that crashes left are removed. Never while
 * opening, which writes nothing, and by either of two: the leader of the flush that made
 * it possible, and upkeep.
 *
 * I-TIDY-1: a segment is cut only when the header of its successor, which says where it ends, is
 * durable, and to no less than that. A crash in between leaves it longer, which is sound (D8); a
 * later opening cuts it at its first mutation. I-TIDY-2: one that has a second name is a
 * backup's too and stays as it is. */
#include "store/internal.h"

#include <errno.h>

#include "store/commit/guard.h"

/* --- Cutting ---------------------------------------------------------------------------------- */

bool hf__cuts_reserve(struct hf_store *s, size_t count)
{
	/* Rotations add to it where nothing may fail; two at most wait at a time. */
	s->tidy.cuts = hf__alloc((count + HF__CUTS_SPARE) * sizeof *s->tidy.cuts);
	s->tidy.cut_cap = s->tidy.cuts ? count + HF__CUTS_SPARE : 0;
	return s->tidy.cuts != NULL;
}

void hf__cut_later(struct hf_store *s, uint32_t number, uint32_t end, uint64_t lsn)
{
	if (number != 0 && s->tidy.cut_count < s->tidy.cut_cap) /* else a later opening does it */
		s->tidy.cuts[s->tidy.cut_count++] = (struct hf__cut){number, end, lsn};
}

/* Something of this opening is durable, and with it every header that was there before. The lock
 * is held. */
static bool may_tidy(const struct hf_store *s)
{
	return s->writer.wrote && !atomic_load(&s->fault) &&
	       atomic_load(&s->durable_lsn) >= s->world.incarnation_lsn;
}

static bool take_cut(struct hf_store *s, struct hf__cut *out)
{
	bool taken = false;
	(void)pthread_mutex_lock(&s->lock);
	for (size_t i = 0; may_tidy(s) && i < s->tidy.cut_count && !taken; i++) {
		taken = s->tidy.cuts[i].lsn <= atomic_load(&s->durable_lsn);
		if (taken) {
			*out = s->tidy.cuts[i];
			s->tidy.cuts[i] = s->tidy.cuts[--s->tidy.cut_count];
		}
	}
	(void)pthread_mutex_unlock(&s->lock);
	return taken;
}

static bool cut_segments(struct hf_store *s)
{
	struct hf__cut c;
	bool freed = false;
	while (take_cut(s, &c)) {
		char name[HF__NAME_MAX];
		hf__segment_name(c.number, name);
		/* Crash: it is as long as before, or not; nothing behind the pinned end exists either
		 * way. A failure costs room and nothing else. */
		freed = s->os->cut(s->os->ctx, name, hf__segment_cut_size(c.end)) == 0 || freed;
	}
	return freed;
}

/* --- Temporary files -------------------------------------------------------------------------- */

struct stray {
	char name[HF__NAME_MAX];
	uint32_t making; /* number of the segment that is being made */
	bool taking; /* a snapshot is */
};

static int find_stray(void *arg, const char *name)
{
	struct stray *stray = arg;
	char making[HF__NAME_MAX];
	hf__segment_name(stray->making, making);
	if (!hf__segment_tmp_name(name) && (stray->taking || !hf__snapshot_tmp_name(name)))
		return 0;
	if (stray->making != 0 && strncmp(name, making, strlen(making)) == 0)
		return 0;
	memcpy(stray->name, name, strlen(name) + 1);
	return -1;
}

/* Segments that an earlier opening did not get to make. Taking the right to prepare keeps a new
 * one from being begun meanwhile. */
static void remove_strays(struct hf_store *s)
{
	struct stray stray = {.making = 0};
	(void)pthread_mutex_lock(&s->lock);
	const bool go = s->tidy.strays && !s->segments.preparing && may_tidy(s);
	if (go) {
		s->segments.preparing = true;
		s->tidy.strays = false;
		stray.making = s->segments.making.file >= 0 ? s->segments.making.number : 0;
		stray.taking = s->taking.busy;
	}
	(void)pthread_mutex_unlock(&s->lock);
	if (!go)
		return;
	while (s->os->list(s->os->ctx, find_stray, &stray) == -1)
		if (s->os->unlink(s->os->ctx, stray.name) != 0)
			break; /* the next opening tries again */
	(void)pthread_mutex_lock(&s->lock);
	s->segments.preparing = false;
	(void)pthread_cond_broadcast(&s->writer.room);
	(void)pthread_mutex_unlock(&s->lock);
}

/* --- Leftovers -------------------------------------------------------------------------------- */

static int unlink_segment(struct hf_store *s, uint32_t number)
{
	char name[HF__NAME_MAX];
	hf__segment_name(number, name);
	if (hf__guard_foreign(s, name, number))
		return 0; /* it was put here by hand, and may be the only copy */
	/* Crash: a leftover that comes back is found by the next open and removed again. */
	const int rc = s->os->unlink(s->os->ctx, name);
	return rc == ENOENT ? 0 : rc;
}

/* Takes one number off the list that the log has durably gone past; 0 when there is none. */
static uint32_t take_leftover(struct hf_store *s)
{
	uint32_t taken = 0;
	(void)pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->tidy.leftover_count && !taken; i++) {
		if (s->tidy.leftovers[i] >= s->witness.segment)
			continue;
		taken = s->tidy.leftovers[i];
		s->tidy.leftovers[i] = s->tidy.leftovers[--s->tidy.leftover_count];
	}
	(void)pthread_mutex_unlock(&s->lock);
	return taken;
}

static bool remove_leftovers(struct hf_store *s)
{
	bool freed = false;
	/* The witness was synced about a later segment, so that segment's header is durable and pins
	 * the leftover out forever (R4). */
	for (uint32_t number; (number = take_leftover(s)) != 0;) {
		if (unlink_segment(s, number) != 0)
			break; /* the next opening tries again */
		freed = true;
	}
	return freed;
}

/* Is there something to put in order? The lock is held. */
static bool due(const struct hf_store *s)
{
	bool found = s->tidy.strays;
	for (size_t i = 0; i < s->tidy.cut_count && !found; i++)
		found = s->tidy.cuts[i].lsn <= atomic_load(&s->durable_lsn);
	for (size_t i = 0; i < s->tidy.leftover_count && !found; i++)
		found = s->tidy.leftovers[i] < s->writer.end.segment;
	return found && may_tidy(s);
}

void hf__tidy(struct hf_store *s)
{
	const bool cut = cut_segments(s);
	remove_strays(s);
	if (!remove_leftovers(s) && !cut)
		return;
	(void)pthread_mutex_lock(&s->lock);
	s->segments.refused.size = 0; /* there may be room now */
	(void)pthread_mutex_unlock(&s->lock);
}

void hf__tidy_ended(struct hf_store *s, struct hf__flush_end *end)
{
	end->tidy = end->good && end->sync && due(s);
}

void hf__tidy_advanced(struct hf_store *s, const struct hf__flush_end *end)
{
	if (end->tidy)
		hf__tidy(s);
}
