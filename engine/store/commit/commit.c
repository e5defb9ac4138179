/* Sync, then publish: leader and followers.
 *
 * A caller that has something to wait for and finds no flush under way leads one: it seals the
 * filling group, lets the next one fill, writes and syncs without the lock, publishes how far the
 * log is written and durable, and wakes the waiters of that group and ONE of those of the next,
 * which leads it. One flush is in flight at any time. A single thread leads its own
 * flush: no hand-off.
 *
 * Waiters give way a few times, then sleep on the word of the buffer that holds their LSN. Both
 * words change under the lock at the end of each flush, so no waiter can miss it: one that has
 * read the word before sleeps only if it has not changed since.
 *
 * Failure: a failed write or sync fails the store for good (write-once fault). Everyone in or
 * behind the group gets HF_EUNCERTAIN; nothing is tried again: after a failed sync the kernel
 * may have dropped the data and marked it clean.
 *
 * I-COMMIT-1: durable_lsn <= written_lsn < next_lsn, and both only grow. I-COMMIT-2: a group's
 * header says durable_lsn as it is when the group is sealed, so a valid group proves that
 * everything up to there was durable. I-COMMIT-3: the header of a segment is written only after
 * the segment before it is durable. I-COMMIT-4: checksums are computed without the lock;
 * writer.chain is that of the newest group whose flush is over. */
#include "store/internal.h"

#include <assert.h>
#include <limits.h>

#include "store/commit/futex.h"

/* See yield_a_few_times. Settable at compile time to measure it: docs/decisions.md. */
#ifndef HF__YIELDS
#define HF__YIELDS 16u
#endif

/* --- One flush -------------------------------------------------------------------------------- */

static void plan_segment_header(const struct hf_store *s, const struct hf__buffer *b,
                                struct hf__segment_header *out)
{
	*out = (struct hf__segment_header){
	    .format_major = HF__FORMAT_MAJOR,
	    .format_minor = HF__FORMAT_MINOR,
	    .compat = s->identity.compat,
	    .ro_compat = s->identity.ro_compat,
	    .incompat = s->identity.incompat,
	    .epoch = s->id.epoch,
	    .number = b->start.segment,
	    .size = s->segments.next.size,
	    .first_lsn = b->first_lsn,
	    .jumped = s->writer.jumped,
	    .previous_end = s->writer.end,
	    .previous_lsn = s->writer.previous_lsn,
	    .previous_hash = s->writer.chain,
	};
	memcpy(out->uuid, s->id.uuid, sizeof out->uuid);
}

/* The next segment becomes the current one. */
static void rotate(struct hf_store *s, struct hf__buffer *b, struct hf__flush *f)
{
	plan_segment_header(s, b, &f->segment);
	hf__sealed_add(s, s->writer.end.segment);
	f->old_file = s->writer.file;
	hf__cut_later(s, s->writer.end.segment, s->writer.end.offset, b->first_lsn);
	/* I-COMMIT-3. Crash: after this sync and before the header is written the old segment is the
	 * last one, whole. */
	f->sync_old = s->writer.file >= 0 && atomic_load(&s->durable_lsn) < b->first_lsn - 1;
	s->writer.file = s->segments.next.file;
	s->writer.segment_size = s->segments.next.size;
	s->segments.next.ready = false;
	s->writer.must_rotate = false;
	s->writer.rotate_need = 0;
	s->writer.jumped = false;
	f->opens = true;
}

/* Closes the filling group and begins a new buffer. From here on the bytes belong to the leader,
 * which sums them when it has released the lock. */
static void seal(struct hf_store *s, struct hf__flush *f)
{
	struct hf__buffer *b = hf__filling(s);
	if (b->opens_segment)
		rotate(s, b, f);
	f->header = (struct hf__group_header){
	    .epoch = s->id.epoch,
	    .place = b->start,
	    .first_lsn = b->first_lsn,
	    .durable_lsn = atomic_load(&s->durable_lsn), /* I-COMMIT-2 */
	    .previous_hash = s->writer.chain,
	    .nonce = hf__random(s),
	    .entry_count = b->entries,
	    .incarnation_lsn = s->world.incarnation_lsn,
	};
	memcpy(f->header.uuid, s->id.uuid, sizeof f->header.uuid);
	hf__group_end(&b->bytes, b->header, &f->header, s->align);
	s->writer.previous_lsn = b->last_lsn;
	s->writer.end = (struct hf__position){b->start.segment,
	                                      b->start.offset + (uint32_t)(b->bytes.len - b->header)};
	if (s->taking.closed) { /* a snapshot shows what is there behind it */
		s->taking.closed = false;
		s->taking.at = (struct hf__log_position){.end = s->writer.end, .lsn = b->last_lsn};
	}
	f->group = b;
	f->lsn = b->last_lsn;
	s->info.groups++;
	s->info.entries += b->entries;
	s->compaction.logged += b->bytes.len;
	s->compaction.entries += b->entries;
	s->writer.inflight = s->writer.filling;
	s->writer.filling ^= 1u;
	hf__filling(s)->begun = false;
	hf__filling(s)->entries = 0;
	hf__filling(s)->transactions = 0;
	hf__filling(s)->durable = false;
	atomic_store_explicit(&s->writer.pending, 0, memory_order_relaxed);
	hf__room_wake(s);
}

static void plan(struct hf_store *s, struct hf__flush *f)
{
	struct hf__buffer *b = hf__filling(s);
	*f = (struct hf__flush){.old_file = -1};
	f->sync = s->writer.sync_wanted || (b->begun && b->entries > 0 && b->durable);
	s->writer.sync_wanted = false;
	f->lsn = atomic_load(&s->written_lsn);
	if (b->begun && b->entries > 0)
		seal(s, f);
	f->file = s->writer.file;
	f->end = s->writer.end;
	f->chain = s->writer.chain;
	s->writer.inflight_sync = f->sync;
}

/* I-COMMIT-4. All checksums of the group, without the lock: a megabyte costs the others nothing. */
static void sum(const struct hf_store *s, struct hf__flush *f)
{
	uint8_t *frame = f->group->bytes.data + f->group->header,
	        *entry = frame + HF__GROUP_HEADER_SIZE;
	if (f->opens)
		hf__segment_header_encode(&s->id, &f->segment, f->group->bytes.data);
	for (uint32_t i = 0; i < f->header.entry_count; i++)
		entry += hf__entry_sum(entry, &s->id, f->header.first_lsn + i);
	hf__group_sum(frame, &s->id, &f->header);
	f->chain = f->header.hash;
}

/* Without the lock. As a sink answers. */
static int write_and_sync(struct hf_store *s, const struct hf__flush *f, int64_t now)
{
	const struct hf__sink *sink = s->sink;
	int rc = sink->write(s, f, now);
	if (rc == 0 && f->group)
		atomic_store_explicit(&s->written_lsn, f->lsn, memory_order_release);
	if (rc == 0 && f->sync)
		rc = sink->sync(s, f);
	if (f->old_file >= 0) {
		const int left = sink->leave(s, f);
		rc = rc ? rc : left;
	}
	return rc;
}

/* What the end of a flush concerns. */
struct wakeup {
	unsigned done; /* everybody on this word is served */
	unsigned next; /* one of these is to lead the next flush */
	uint32_t served, queued; /* how many sleep there */
};

/* What is on the disk now. The lock is held. */
static void publish(struct hf_store *s, const struct hf__flush *f, struct wakeup *w)
{
	if (f->group)
		s->writer.wrote = true;
	if (f->sync) {
		s->info.syncs++;
		assert(f->lsn >= atomic_load(&s->durable_lsn));
		atomic_store_explicit(&s->durable_lsn, f->lsn, memory_order_release);
		s->durable = (struct hf__log_position){f->end, f->lsn, f->chain};
	}
	if (f->group)
		f->group->begun = false;
	hf__progress_bump(s);
	/* A waiter that counts itself as a sleeper after this finds the word changed. */
	w->served = atomic_load(&s->sleepers[w->done]);
	w->queued = w->done == w->next ? 0 : atomic_load(&s->sleepers[w->next]);
	hf__room_wake(s);
}

/* The group is summed: what comes next can name it, and so can a snapshot that is cut behind it,
 * whose taker waits until it is durable. The lock is held. */
static void name_group(struct hf_store *s, const struct hf__flush *f)
{
	s->writer.chain = f->chain;
	if (f->group && s->taking.at.lsn == f->lsn)
		s->taking.at.chain = f->chain;
}

/* The lock is held. Publishes the outcome and hands on the lead. */
static void finish(struct hf_store *s, const struct hf__flush *f, int rc, struct wakeup *w,
                   struct hf__flush_end *end)
{
	w->next = s->writer.filling;
	/* without a group only waiters for the sync are served */
	w->done = f->group ? s->writer.inflight : s->writer.filling;
	name_group(s, f);
	if (rc)
		hf__fault(s, rc);
	else
		publish(s, f, w);
	/* Last: a thread that finds a fault and no flush under way knows that nothing more will be
	 * published (hf__ticket_answer). */
	s->flushing = false;
	*end =
	    (struct hf__flush_end){.at = {f->end, f->lsn, f->chain}, .good = rc == 0, .sync = f->sync};
	for (size_t i = 0; s->progress->ended[i]; i++)
		s->progress->ended[i](s, end);
}

void hf__lead_unlock(struct hf_store *s)
{
	struct hf__flush f;
	struct hf__spare spare;
	struct wakeup w = {0};
	struct hf__flush_end end;
	s->flushing = true;
	hf__gather(s);
	plan(s, &f);
	(void)pthread_mutex_unlock(&s->lock);
	if (f.group)
		sum(s, &f);
	const int64_t began = s->os->ticks(s->os->ctx);
	const int rc = write_and_sync(s, &f, began);
	const int64_t took = s->os->ticks(s->os->ctx) - began;
	(void)pthread_mutex_lock(&s->lock);
	finish(s, &f, rc, &w, &end);
	hf__spare_after(s, f.group, &spare);
	if (rc == 0)
		hf__gather_learn(s, took, f.group ? f.group->transactions : 0,
		                 hf__filling(s)->transactions);
	(void)pthread_mutex_unlock(&s->lock);
	/* The next leader first: its flush can begin while the others are still being woken. */
	if (rc == 0 && w.queued > 0)
		hf__futex_wake(&s->words[w.next], 1);
	if (rc == 0 && w.served > 0)
		hf__futex_wake(&s->words[w.done], INT_MAX);
	for (size_t i = 0; s->progress->advanced[i]; i++)
		s->progress->advanced[i](s, &end);
	hf__spare_free(&spare);
}

void hf__lead(struct hf_store *s)
{
	hf__lead_unlock(s);
	(void)pthread_mutex_lock(&s->lock);
}

/* --- Waiting ---------------------------------------------------------------------------------- */

/* The lock is held and a flush is under way: will its end do? Gives the buffer whose word to
 * sleep on. */
static unsigned word_for(struct hf_store *s, struct hf__ticket ticket)
{
	const struct hf__buffer *b = &s->writer.buffers[s->writer.inflight];
	const bool sealed = s->writer.inflight != s->writer.filling && b->begun;
	const bool covers = sealed && ticket.changed <= b->last_lsn && ticket.due <= b->last_lsn;
	if (covers && (s->writer.inflight_sync || atomic_load(&s->durable_lsn) >= ticket.due))
		return s->writer.inflight;
	if (ticket.due > atomic_load(&s->durable_lsn))
		s->writer.sync_wanted = true;
	return s->writer.filling;
}

void hf__want(struct hf_store *s, struct hf__ticket ticket)
{
	if (s->flushing)
		(void)word_for(s, ticket);
	else if (ticket.due > atomic_load(&s->durable_lsn))
		s->writer.sync_wanted = true;
}

/* With many threads the others need this processor for about as long as a flush takes, and
 * a waiter that finds itself served needs neither to be put to sleep nor to be woken. With few
 * threads these rounds are over in no time. */
static bool yield_a_few_times(struct hf_store *s, struct hf__ticket ticket)
{
	for (unsigned round = 0; round < HF__YIELDS; round++) {
		hf__yield();
		if (hf__reached(s, ticket) || !atomic_load_explicit(&s->flushing, memory_order_relaxed))
			return true;
	}
	return false;
}

/* Leads or sleeps once; the lock is held before and not after. */
static void lead_or_sleep(struct hf_store *s, struct hf__ticket ticket)
{
	if (!s->flushing) {
		hf__want(s, ticket);
		hf__lead_unlock(s);
		return;
	}
	const unsigned word = word_for(s, ticket);
	const uint32_t seen = atomic_load_explicit(&s->words[word], memory_order_acquire);
	(void)pthread_mutex_unlock(&s->lock);
	if (yield_a_few_times(s, ticket))
		return;
	(void)atomic_fetch_add(&s->sleepers[word], 1);
	hf__futex_wait(&s->words[word], seen);
	(void)atomic_fetch_sub(&s->sleepers[word], 1);
}

int hf__wait_unlock(struct hf_store *s, struct hf__ticket ticket)
{
	while (!hf__reached(s, ticket)) {
		if (atomic_load(&s->fault)) {
			(void)pthread_mutex_unlock(&s->lock);
			return HF_EUNCERTAIN;
		}
		lead_or_sleep(s, ticket);
		/* woken by the flush that served it: the lock is not needed again */
		if (hf__reached(s, ticket))
			return HF_OK;
		(void)pthread_mutex_lock(&s->lock);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return HF_OK;
}

int hf__wait_for(struct hf_store *s, struct hf__ticket ticket)
{
	if (hf__reached(s, ticket))
		return HF_OK;
	(void)pthread_mutex_lock(&s->lock);
	return hf__wait_unlock(s, ticket);
}

void hf__make_room(struct hf_store *s)
{
	if (!s->flushing) {
		hf__lead(s);
		return;
	}
	s->writer.room_waiters++;
	(void)pthread_cond_wait(&s->writer.room, &s->lock);
	s->writer.room_waiters--;
}
