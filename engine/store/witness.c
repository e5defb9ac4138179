/* The witness is told how far the log is durable after every flush, behind the backs of those who waited, and synced lazily: when idle, at rotation, at close.
 *
 * I-WIT-1: it is written only after the sync that it speaks of succeeded. I-WIT-2: slots take turns, so the older word survives a torn newer one. A word
 * that is skipped because another is being written costs nothing: the next one says more, or the next sync catches up. Leaders may come here out of
 * order; an older word is not written over a newer one. */
#include "store/internal.h"

static int write_word(struct hf_store *s, const struct hf__witness *word)
{
	uint8_t slot[HF__WITNESS_SLOT_SIZE];
	hf__witness_encode(&s->id, word, slot);
	/* Crash: this slot holds the old word, the new one or neither; the other slot holds the word before. */
	return s->os->write(s->os->ctx, s->witness_file, slot, sizeof slot, (word->generation & 1) * HF__WITNESS_SLOT_SIZE);
}

/* Takes the right to write the word, with the next generation and the clocks; false when somebody else is at it, has said more, or a fault forbids it: after a failed sync
 * nothing is written to the file any more. */
static bool begin(struct hf_store *s, struct hf__witness *word)
{
	bool go = false;
	(void)pthread_mutex_lock(&s->lock);
	if (!s->witness_busy && !atomic_load(&s->fault) && word->lsn >= s->witness_lsn) {
		go = true;
		word->generation = ++s->witness_generation;
		hf__clock_note(s, word);
		s->witness_busy = true;
		s->witness_lsn = word->lsn;
	}
	(void)pthread_mutex_unlock(&s->lock);
	return go;
}

static void end(struct hf_store *s, int rc, bool synced, uint32_t segment)
{
	(void)pthread_mutex_lock(&s->lock);
	s->witness_busy = false;
	s->witness_unsynced = !synced;
	if (synced)
		s->witness_segment = segment;
	if (rc)
		hf__fault(s, rc);
	(void)pthread_mutex_unlock(&s->lock);
}

void hf__witness_tell(struct hf_store *s, struct hf__position at, uint64_t lsn, uint64_t chain, bool clean)
{
	struct hf__witness word = {.end = at, .lsn = lsn, .chain = chain, .clean = clean};
	if (!begin(s, &word))
		return;
	memcpy(word.boot_id, s->boot_id, sizeof word.boot_id);
	int rc = write_word(s, &word);
	const bool sync = rc == 0 && (clean || at.segment != s->witness_segment);
	if (sync)
		rc = s->os->sync(s->os->ctx, s->witness_file);
	end(s, rc, sync && rc == 0, at.segment);
}

static void catch_up(struct hf_store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	const struct hf__told newest = s->durable;
	const bool behind = newest.lsn > s->witness_lsn;
	(void)pthread_mutex_unlock(&s->lock);
	if (behind)
		hf__witness_tell(s, newest.end, newest.lsn, newest.chain, false);
}

int hf__witness_sync(struct hf_store *s)
{
	catch_up(s);
	(void)pthread_mutex_lock(&s->lock);
	const bool go = s->witness_unsynced && !s->witness_busy && !atomic_load(&s->fault);
	if (go)
		s->witness_busy = true;
	(void)pthread_mutex_unlock(&s->lock);
	if (!go)
		return 0;
	const int rc = s->os->sync(s->os->ctx, s->witness_file);
	end(s, rc, rc == 0, s->witness_segment);
	return rc;
}
