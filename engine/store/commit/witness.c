/* How far the log is durable is written to the witness after every flush, once the waiters are
 * woken, and synced lazily: when idle, at rotation, at close.
 *
 * I-WIT-1: it is written only after the sync that it speaks of succeeded. I-WIT-2: slots take
 * turns, so the older word survives a torn newer one. A word that is skipped because another is
 * being written costs nothing: the next one says more, or the next sync catches up. Leaders may
 * come here out of order; an older word is not written over a newer one.
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

/* Takes the right to write the word, with the next generation and the clocks; false when
 * another thread is at it, has said more, or a fault forbids it: after a failed sync nothing is
 * written to the file any more. */
static bool begin(struct hf_store *s, struct hf__witness *word)
{
	bool go = false;
	(void)pthread_mutex_lock(&s->lock);
	if (!s->witness.busy && !atomic_load(&s->fault) && word->lsn >= s->witness.lsn) {
		go = true;
		word->generation = ++s->witness.generation;
		hf__clock_note(s, word);
		s->witness.busy = true;
		s->witness.lsn = word->lsn;
	}
	(void)pthread_mutex_unlock(&s->lock);
	return go;
}

static void end(struct hf_store *s, int rc, bool synced, uint32_t segment)
{
	(void)pthread_mutex_lock(&s->lock);
	s->witness.busy = false;
	s->witness.unsynced = !synced;
	if (synced)
		s->witness.segment = segment;
	if (rc)
		hf__fault(s, rc);
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
		hf__clock_note(s, &word);
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

void hf__witness_tell(struct hf_store *s, struct hf__position at, uint64_t lsn, uint64_t chain,
                      bool clean)
{
	struct hf__witness word = {.end = at, .lsn = lsn, .chain = chain, .clean = clean};
	if (!begin(s, &word))
		return;
	memcpy(word.boot_id, s->boot_id, sizeof word.boot_id);
	int rc = write_word(s, &word);
	if (rc == 0)
		s->witness.told = (struct hf__log_position){at, lsn, chain}; /* witness_busy guards it */
	const bool sync = rc == 0 && (clean || at.segment != s->witness.segment);
	if (sync)
		rc = s->os->sync(s->os->ctx, s->witness.file);
	end(s, rc, sync && rc == 0, at.segment);
}

void hf__witness_advanced(struct hf_store *s, const struct hf__flush_end *end)
{
	if (end->good && end->sync)
		hf__witness_tell(s, end->at.end, end->at.lsn, end->at.chain, false);
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
	const bool go = s->witness.unsynced && !s->witness.busy && !atomic_load(&s->fault);
	if (go)
		s->witness.busy = true;
	(void)pthread_mutex_unlock(&s->lock);
	if (!go)
		return 0;
	const int rc = s->os->sync(s->os->ctx, s->witness.file);
	end(s, rc, rc == 0, s->witness.segment);
	return rc;
}
