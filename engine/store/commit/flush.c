/* One flush: what a leader does with the filling group.
 *
 * Job: write a group and sync it, without the lock, and publish how far the log is written and
 * durable. There are two rights: one to write, one to sync. A leader that syncs takes both and
 * gives the first back as soon as its group is handed to the kernel, by one store and without the
 * lock: the next thread notes under the lock that it is (hf__written_note). So one group is
 * written and one sync in flight at any time, and a commit that needs no sync never waits for one
 * (docs/commit/os-mode.md).
 *
 * Happy path: take the rights, seal, release the lock, sum, write, sync, take the lock, publish,
 * wake. Failure: a failed write or sync fails the store for good (write-once fault). Everyone in or
 * behind the group gets HF_EUNCERTAIN; nothing is tried again: after a failed sync the kernel may
 * have dropped the data and marked it clean.
 *
 * I-COMMIT-1: durable_lsn <= written_lsn < next_lsn, and both only grow. I-COMMIT-2: a group's
 * header says durable_lsn as it is when the group is sealed, so a valid group proves that
 * everything up to there was durable. I-COMMIT-3: the header of a segment is written only after
 * the segment before it is durable. I-COMMIT-4: checksums are computed without the lock;
 * writer.chain is that of the newest group that was written. I-COMMIT-5: no group opens a segment
 * beside a sync, which is one of the segment that it would close. */
#include "store/commit/flush.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>

#include "store/commit/futex.h"
#include "store/internal.h"

/* --- Rights ----------------------------------------------------------------------------------- */

/* The group in flight is with the kernel, and its writer, which may be syncing, has not noted that
 * yet. The lock is held. */
void hf__written_note(struct hf_store *s)
{
	struct hf__log_writer *w = &s->writer;
	if (!w->owned || atomic_load(&w->writing))
		return;
	w->owned = false;
	w->wrote = w->wrote || w->summed.lsn != 0;
	if (w->summed.lsn == 0)
		return; /* there was no group */
	w->chain = w->summed.chain;
	if (s->taking.at.lsn == w->summed.lsn) /* a snapshot that is cut behind it can name it now */
		s->taking.at.chain = w->summed.chain;
	w->buffers[w->inflight].begun = false;
}

bool hf__may_sync(struct hf_store *s)
{
	hf__written_note(s);
	return !s->writer.owned && !s->writer.syncing;
}

bool hf__may_write(struct hf_store *s)
{
	const struct hf__buffer *b = hf__filling(s);
	hf__written_note(s);
	/* I-COMMIT-5 */
	return !s->writer.owned && !(s->writer.syncing && b->begun && b->opens_segment);
}

static void take(struct hf_store *s, struct hf__flush *f, bool sync)
{
	f->group = NULL; /* what is left is set by seal() and plan(), or for a group alone */
	f->old_file = -1;
	f->sync_old = f->opens = false;
	f->transactions = 0;
	f->late.all.count = 0;
	f->alone = false;
	s->writer.owned = true;
	atomic_store_explicit(&s->writer.writing, true, memory_order_relaxed);
	s->writer.summed.lsn = 0;
	s->writer.syncing = s->writer.syncing || sync;
	f->turn = ++s->writer.turn;
	atomic_store_explicit(&s->flushing, true, memory_order_relaxed);
}

/* --- Sealing ---------------------------------------------------------------------------------- */

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
	HF__PROBE2(rotate, b->start.segment, b->first_lsn);
	hf__sealed_add(s, s->writer.end);
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
	f->transactions = b->transactions;
	f->times.first = s->counts.filling.first;
	f->alone = f->sync & s->counts.filling.alone;
	if (!f->alone)
		hf__counts_sealed(s, f);
	s->info.groups++;
	s->info.entries += b->entries;
	s->compaction.logged += b->bytes.len;
	s->counts.bytes += b->bytes.len;
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

/* What of the filling group, and whether a sync follows. A leader that only writes leaves what was
 * to be synced to the next one. */
static void plan(struct hf_store *s, struct hf__flush *f, bool sync)
{
	struct hf__buffer *b = hf__filling(s);
	const bool group = b->begun && b->entries > 0;
	const bool wanted = s->writer.sync_wanted || (group && b->durable);
	f->sync = sync && wanted;
	s->writer.sync_wanted = wanted && !sync;
	f->lsn = atomic_load(&s->written_lsn);
	if (group) {
		seal(s, f);
		s->writer.write_word ^= 1u;
		s->writer.write_lsn = f->lsn;
	}
	f->file = s->writer.file;
	f->end = s->writer.end;
	f->chain = s->writer.chain;
	if (f->sync) {
		if (s->counts.late.all.count > 0)
			hf__counts_join(s, f);
		s->writer.sync_word ^= 1u;
		s->writer.sync_lsn = f->lsn;
	} else if (sync) {
		s->writer.syncing = false;
	}
}

/* --- Writing and syncing ---------------------------------------------------------------------- */

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

/* Wakes those that wait for a write. The lock is not held. */
static void wake_writers(struct hf_store *s, int most)
{
	for (unsigned word = HF__WORD_WRITE; word < HF__WORDS; word++)
		if (atomic_load(&s->sleepers[word]) > 0)
			hf__futex_wake(&s->words[word], most);
}

/* The group is with the kernel: the right to write is free, before the sync. Who came meanwhile for
 * that is notified; usually there is no such thread, and the lock is not taken. */
static void hand_over(struct hf_store *s, struct hf__flush *f)
{
	if (!f->alone)
		hf__counts_handed(s, f);
	s->writer.summed = (struct hf__log_position){f->end, f->group ? f->lsn : 0, f->chain};
	if (f->group)
		atomic_store_explicit(&s->written_lsn, f->lsn, memory_order_release);
	/* In this order: a thread counts itself before it looks. */
	atomic_store(&s->writer.writing, false);
	if (atomic_load(&s->sleepers[HF__WORD_WRITE]) == 0 &&
	    atomic_load(&s->sleepers[HF__WORD_WRITE + 1]) == 0 &&
	    atomic_load(&s->writer.room_waiters) == 0)
		return;
	(void)pthread_mutex_lock(&s->lock);
	hf__written_note(s);
	hf__progress_bump(s, HF__WORD_WRITE);
	hf__room_wake(s);
	(void)pthread_mutex_unlock(&s->lock);
	wake_writers(s, INT_MAX);
}

/* Without the lock. As a sink answers. */
static int write_and_sync(struct hf_store *s, struct hf__flush *f, int64_t now)
{
	const struct hf__sink *sink = s->sink;
	int rc = sink->write(s, f, now);
	if (rc == 0 && f->sync) {
		hand_over(s, f);
		rc = sink->sync(s, f);
	}
	if (f->old_file >= 0) {
		const int left = sink->leave(s, f);
		rc = rc ? rc : left;
	}
	return rc;
}

/* --- The end ---------------------------------------------------------------------------------- */

/* The lock is held. What was handed over may be noted already, and another group in flight. A write
 * that ends in a store that failed meanwhile is not published: no answer relies on it. */
static int end_write(struct hf_store *s, const struct hf__flush *f, int rc)
{
	if (!s->writer.owned || s->writer.turn != f->turn)
		return rc;
	if (rc == 0 && !f->sync && atomic_load(&s->fault))
		rc = EIO;
	if (rc == 0 && !f->sync && f->group)
		atomic_store_explicit(&s->written_lsn, f->lsn, memory_order_release);
	if (rc == 0 && !f->sync)
		s->writer.summed = (struct hf__log_position){f->end, f->group ? f->lsn : 0, f->chain};
	if (rc)
		s->writer.owned = false;
	atomic_store(&s->writer.writing, false);
	hf__written_note(s);
	return rc;
}

static void publish_sync(struct hf_store *s, const struct hf__flush *f)
{
	s->info.syncs++;
	assert(f->lsn >= atomic_load(&s->durable_lsn));
	atomic_store_explicit(&s->durable_lsn, f->lsn, memory_order_release);
	s->durable = (struct hf__log_position){f->end, f->lsn, f->chain};
}

/* Publishes the outcome and gives the rights back. The lock is held. */
static int finish(struct hf_store *s, const struct hf__flush *f, int rc, struct hf__flush_end *end)
{
	rc = end_write(s, f, rc);
	if (f->sync)
		s->writer.syncing = false;
	if (rc == 0 && f->sync)
		publish_sync(s, f);
	if (rc)
		hf__fault(s, rc);
	/* A waiter that counts itself as a sleeper after this finds the word changed. Beside a sync the
	 * waiters for one sleep on: else each write beside it would keep them busy. */
	hf__progress_bump(s, s->writer.syncing ? HF__WORD_WRITE : 0);
	hf__room_wake(s);
	/* Last: a thread that finds a fault and no flush under way knows that nothing more will be
	 * published (hf__ticket_answer). */
	atomic_store(&s->flushing, s->writer.owned || s->writer.syncing);
	*end =
	    (struct hf__flush_end){.at = {f->end, f->lsn, f->chain}, .good = rc == 0, .sync = f->sync};
	for (size_t i = 0; s->progress->ended[i]; i++)
		s->progress->ended[i](s, end);
	return rc;
}

static void wake_one(struct hf_store *s, unsigned word)
{
	if (atomic_load(&s->sleepers[word]) > 0)
		hf__futex_wake(&s->words[word], 1);
}

/* The next leader first: its flush can begin while the others are still being woken. What each word
 * stands for was noted under the lock. */
struct wakeup {
	unsigned synced, written; /* those on these words are served */
	bool idle; /* no sync is in flight */
};

static void wake(struct hf_store *s, const struct hf__flush *f, const struct wakeup *w)
{
	if (w->idle)
		wake_one(s, w->synced ^ 1u);
	if (f->group && !f->sync) {
		wake_one(s, w->written ^ 1u);
		if (atomic_load(&s->sleepers[w->written]) > 0)
			hf__futex_wake(&s->words[w->written], INT_MAX);
	}
	if (f->sync && atomic_load(&s->sleepers[w->synced]) > 0)
		hf__futex_wake(&s->words[w->synced], INT_MAX);
	if (f->sync || !f->group)
		wake_writers(s, 1);
}

void hf__lead_unlock(struct hf_store *s, bool sync)
{
	struct hf__flush f;
	struct hf__spare spare;
	struct hf__flush_end end;
	take(s, &f, sync);
	if (sync)
		hf__gather(s);
	plan(s, &f, sync);
	HF__PROBE3(flush__begin, f.lsn, f.group ? f.group->bytes.len : 0, f.sync);
	struct wakeup w = {.synced = s->writer.sync_word,
	                   .written = HF__WORD_WRITE + s->writer.write_word};
	struct hf__buffer *const group = f.group;
	(void)pthread_mutex_unlock(&s->lock);
	if (group)
		sum(s, &f);
	const int64_t began = s->os->ticks(s->os->ctx);
	int rc = write_and_sync(s, &f, began);
	const int64_t ended = s->os->ticks(s->os->ctx);
	HF__PROBE4(flush__end, f.lsn, f.sync, ended - began, rc);
	(void)pthread_mutex_lock(&s->lock);
	rc = finish(s, &f, rc, &end);
	hf__spare_after(s, group, &spare);
	if (rc == 0)
		hf__counts_flushed(s, &f, began, ended);
	if (rc == 0 && f.sync)
		hf__gather_learn(s, ended - began, f.transactions, hf__filling(s)->transactions);
	w.idle = !s->writer.syncing;
	(void)pthread_mutex_unlock(&s->lock);
	if (rc == 0)
		wake(s, &f, &w);
	for (size_t i = 0; s->progress->advanced[i]; i++)
		s->progress->advanced[i](s, &end);
	hf__spare_free(&spare);
}

void hf__lead(struct hf_store *s, bool sync)
{
	hf__lead_unlock(s, sync);
	(void)pthread_mutex_lock(&s->lock);
}
