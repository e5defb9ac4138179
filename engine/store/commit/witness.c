/* How far the log is durable is written to the witness after every flush, once the waiters are
 * woken, and synced lazily: when idle, at rotation, at close.
 *
 * I-WIT-1: it is written only after the sync that it speaks of succeeded. I-WIT-2: slots take
 * turns, so the older word survives a torn newer one. A word that is skipped because another is
 * being written costs nothing: the next one says more, or the next sync catches up. Words are
 * prepared in the order of flushes; an older word is not written over a newer one.
 *
 * I-WIT-3: before the first write to the log of an opening the word "not clean" is written, with
 * the end of the word before it. It is what shows the next opening that something may be on the
 * disk which reads do not show: after a failed sync they may show the old bytes while the disk
 * holds the new ones. An opening that finds the word "clean" at the log's end rewrites nothing,
 * so it must not find it then. */
#include "store/internal.h"

#include <errno.h>

static int write_word(struct hf_store *s, const struct hf__witness *word)
{
	uint8_t slot[HF__WITNESS_SLOT_SIZE];
	hf__witness_encode(&s->id, word, slot);
	/* Crash: this slot holds the old word, the new one or neither; the other slot holds the word
	 * before. */
	/* else it would be written to a file of the host's */
	const int rc = s->os->same(s->os->ctx, s->witness.file, NULL);
	return rc ? rc
	          : s->os->write(s->os->ctx, s->witness.file, slot, sizeof slot,
	                         (word->generation & 1) * HF__WITNESS_SLOT_STEP);
}

/* Takes the right to write a word, with the next generation and the clocks; false when another
 * thread is at it, has said more, or a fault forbids it: after a failed sync nothing is written to
 * the file any more. The lock is held. */
static bool begin(struct hf_store *s, const struct hf__log_position *at, bool clean)
{
	struct hf__witness *word = &s->witness.word;
	if (atomic_load(&s->witness.busy) || atomic_load(&s->fault) || at->lsn < s->witness.lsn)
		return false;
	*word = (struct hf__witness){.generation = ++s->witness.generation,
	                             .end = at->end,
	                             .lsn = at->lsn,
	                             .chain = at->chain,
	                             .clean = clean};
	memcpy(word->boot_id, s->boot_id, sizeof word->boot_id);
	hf__clock_note(s, word, clean);
	atomic_store(&s->witness.busy, true);
	s->witness.unsynced = true;
	s->witness.lsn = at->lsn;
	return true;
}

static void end(struct hf_store *s, int rc, bool synced, uint32_t segment)
{
	if (rc == 0 && !synced) {
		atomic_store(&s->witness.busy, false);
		return;
	}
	(void)pthread_mutex_lock(&s->lock);
	atomic_store(&s->witness.busy, false);
	if (rc)
		hf__fault(s, rc);
	s->witness.unsynced = s->witness.unsynced && rc != 0;
	if (rc == 0)
		s->witness.segment = segment;
	(void)pthread_mutex_unlock(&s->lock);
}

int hf__witness_not_clean(struct hf_store *s)
{
	struct hf__witness word = {0};
	(void)pthread_mutex_lock(&s->lock);
	const bool failed = atomic_load(&s->fault) != 0;
	if (!failed) {
		word = (struct hf__witness){.generation = ++s->witness.generation,
		                            .end = s->witness.told.end,
		                            .lsn = s->witness.told.lsn,
		                            .chain = s->witness.told.chain};
		hf__clock_note(s, &word, true);
		memcpy(word.boot_id, s->boot_id, sizeof word.boot_id);
	}
	(void)pthread_mutex_unlock(&s->lock);
	if (failed) /* a sync failed meanwhile: nothing is written to the file any more */
		return EIO;
	/* Crash: power loss may take it, and then reads show what the disk holds. After a kill it is
	 * there, and the next opening rewrites (R7). It is not synced: if that failed, reads could
	 * show the word before it again. Once something of this opening is durable, that one names
	 * no end of the log any more. */
	return write_word(s, &word);
}

/* The word that begin() prepared. */
static void tell(struct hf_store *s)
{
	const struct hf__witness *word = &s->witness.word;
	const uint32_t segment = word->end.segment;
	int rc = write_word(s, word);
	if (rc == 0)
		s->witness.told = (struct hf__log_position){word->end, word->lsn, word->chain};
	const bool sync = rc == 0 && (word->clean || segment != s->witness.segment);
	if (sync)
		rc = s->os->sync(s->os->ctx, s->witness.file);
	end(s, rc, sync, segment);
}

void hf__witness_tell(struct hf_store *s, struct hf__position at, uint64_t lsn, uint64_t chain,
                      bool clean)
{
	(void)pthread_mutex_lock(&s->lock);
	const bool go = begin(s, &(struct hf__log_position){at, lsn, chain}, clean);
	(void)pthread_mutex_unlock(&s->lock);
	if (go)
		tell(s);
}

/* Under the lock that the end of the flush has anyway. */
void hf__witness_ended(struct hf_store *s, struct hf__flush_end *end)
{
	end->tells = end->good && end->sync && begin(s, &end->at, false);
}

void hf__witness_advanced(struct hf_store *s, const struct hf__flush_end *end)
{
	if (end->tells)
		tell(s);
}

static void catch_up(struct hf_store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	const struct hf__log_position newest = s->durable;
	const bool behind = newest.lsn > s->witness.lsn;
	(void)pthread_mutex_unlock(&s->lock);
	if (behind)
		hf__witness_tell(s, newest.end, newest.lsn, newest.chain, false);
}

int hf__witness_sync(struct hf_store *s)
{
	catch_up(s);
	(void)pthread_mutex_lock(&s->lock);
	const bool go =
	    s->witness.unsynced && !atomic_load(&s->witness.busy) && !atomic_load(&s->fault);
	if (go)
		atomic_store(&s->witness.busy, true);
	(void)pthread_mutex_unlock(&s->lock);
	if (!go)
		return 0;
	const int rc = s->os->sync(s->os->ctx, s->witness.file);
	end(s, rc, true, s->witness.segment);
	return rc;
}
