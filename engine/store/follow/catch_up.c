/* What became durable since: each call looks, and applies whole groups.
 *
 * Happy path: is the store held, and what does the witness say? If it says no more than before
 * that is all. Else the groups up to there are read (tail.h) and go into the state by the apply of
 * replay, one group under one hold of the store's lock. A clean word at the state's end says that
 * the opening which wrote it has ended.
 *
 * When no writer holds the store and the witness does not say that it was closed, the writer was
 * killed: then the state is loaded anew, as an opening would find it, and judged as it would be.
 * That is done once for each word of the witness: an opening for writing writes one before it
 * writes to the log (I-WIT-3).
 *
 * Failure modes: what cannot be read leaves the state and its place as they are. A group or
 * segment that is not there where it must be is a reason to load anew, which finds out whether
 * that is damage. A group that could not be applied as a whole (no memory) leaves no state, until
 * it is loaded.
 *
 * I-FOLLOW-4: a reader sees whole groups, and so whole transactions. */
#include "store/follow/follow.h"

/* Segments that are kept though they have no name; and bytes of them, or as many as the snapshot
 * that a load would read has. */
#define GONE_MOST 64u
#define GONE_BYTES (64u << 20)

/* --- Looking ---------------------------------------------------------------------------------- */

/* *word: what the witness says, or the newest that it said. */
static int look(struct hf__follow *f, bool *held, struct hf__witness *word, struct hf_error *error)
{
	struct hf__recovery *facts = &f->tail.facts;
	/* In this order: who takes the lock later writes a newer word. */
	*held = hf__follow_is_held(f);
	facts->error = error;
	const int rc = hf__recovery_witness(facts);
	facts->error = NULL;
	*word = facts->witness.generation > f->word.generation ? facts->witness : f->word;
	return rc;
}

/* The opening that wrote last did not close the store, and no opening has judged what it left. */
static bool died(const struct hf__follow *f, bool held, const struct hf__witness *word)
{
	return !held && !word->clean && word->generation != f->judged;
}

/* --- Applying --------------------------------------------------------------------------------- */

/* The rest of its group comes from memory. */
static int apply_group(struct hf__follow *f, struct hf__entry *entry, struct hf_error *error)
{
	struct hf_store *s = f->store;
	int rc = HF_OK;
	(void)pthread_mutex_lock(&s->lock);
	if (entry->incarnation > f->apply.incarnation) {
		hf__states_opened(s, entry->incarnation);
		f->ended = false;
	}
	for (;;) {
		rc = hf__recovery_apply(&f->apply, entry);
		if (rc != HF_OK || f->tail.left == 0)
			break;
		rc = hf__tail_next(&f->tail, UINT64_MAX, 0, entry, error);
		if (rc != HF_OK)
			break;
	}
	if (rc == HF_OK)
		hf__follow_reached(f);
	else
		f->whole = f->loaded = false; /* I-FOLLOW-4 */
	(void)pthread_mutex_unlock(&s->lock);
	return rc == HF_OK ? rc
	                   : hf__fail(error, rc, 0, "an entry of the log could not be applied: %s",
	                              hf_code_name(rc));
}

/* Its payloads are read from there. true: so much is kept that has no name any more that a load is
 * due. A directory that cannot be read now is looked at with the next segment. */
static bool keep_segment(struct hf__follow *f)
{
	const struct hf__base *base = hf__newest_base(f->store);
	const uint64_t loaded = base->os ? base->reader.source.size : 0;
	uint64_t bytes = 0;
	size_t gone = 0;
	if (f->tail.segment == f->segment)
		return false;
	hf__pinned_keep(&f->files, f->tail.file);
	f->segment = f->tail.segment;
	return hf__pinned_gone(&f->files, &gone, &bytes) == 0 &&
	       (gone > GONE_MOST || (bytes > GONE_BYTES && bytes > loaded));
}

/* A later group can know more than the witness, which is written after it. */
static int learn(struct hf__follow *f, uint64_t *limit, struct hf_error *error)
{
	static const uint8_t nothing[HF__GROUP_HEADER_SIZE];
	const struct hf__os *os = f->store->os;
	uint8_t next[HF__GROUP_HEADER_SIZE];
	size_t got = 0;
	if (f->tail.file >= 0 && f->tail.left == 0 &&
	    os->read(os->ctx, f->tail.file, next, sizeof next, f->tail.offset, &got) == 0 &&
	    memcmp(next, nothing, got) == 0)
		return HF_OK; /* nothing was written there */
	return hf__tail_learn(&f->tail, limit, error);
}

/* As far as it is durable. HF_OK, or why no further; HF_EGONE: a load is due. */
static int follow_log(struct hf__follow *f, bool held, struct hf_error *error)
{
	uint64_t limit = f->word.lsn;
	bool anew = false, learnt = !held;
	for (;;) {
		struct hf__entry entry;
		int rc = hf__tail_next(&f->tail, limit, 0, &entry, error);
		if (rc == HF_ENOTFOUND && learnt)
			return HF_OK;
		if (rc == HF_ENOTFOUND) {
			rc = learn(f, &limit, error);
			learnt = true;
			if (rc != HF_OK)
				return rc;
			continue;
		}
		if (rc == HF_OK)
			anew = keep_segment(f);
		if (rc == HF_OK)
			rc = apply_group(f, &entry, error);
		if (rc != HF_OK || anew)
			return rc != HF_OK ? rc : HF_EGONE;
	}
}

/* --- The call --------------------------------------------------------------------------------- */

/* The clock of the writer of the word, and whether that opening is over. */
static void heed_word(struct hf__follow *f, const struct hf__witness *word)
{
	struct hf_store *s = f->store;
	const bool newer = word->generation > f->word.generation;
	(void)pthread_mutex_lock(&s->lock);
	if (newer)
		hf__clock_resume(s, word);
	f->word = *word;
	(void)pthread_mutex_unlock(&s->lock);
}

static void heed_end(struct hf__follow *f)
{
	struct hf_store *s = f->store;
	if (f->ended || !f->word.clean || f->word.lsn != f->tail.next_lsn - 1)
		return;
	(void)pthread_mutex_lock(&s->lock);
	hf__follow_end_opening(f);
	(void)pthread_mutex_unlock(&s->lock);
}

int hf__follow_catch_up(struct hf__follow *f, struct hf_error *error)
{
	struct hf__witness word;
	struct hf_error failure = {0};
	bool held;
	int rc = hf__follow_move(f, error);
	if (rc != HF_OK)
		return rc;
	if (!f->loaded)
		return hf__follow_load(f, error);
	rc = look(f, &held, &word, error);
	if (rc != HF_OK)
		return rc;
	if (died(f, held, &word))
		return hf__follow_load(f, error);
	f->held = held;
	heed_word(f, &word);
	rc = follow_log(f, held && !word.clean, &failure);
	if (rc == HF_ECORRUPT || rc == HF_EGONE)
		return hf__follow_load(f, error);
	if (rc != HF_OK && error)
		*error = failure;
	if (rc == HF_OK)
		heed_end(f);
	return rc;
}

/* --- Around each look at the state ------------------------------------------------------------ */

int hf__follow_begin(struct hf_store *s, struct hf_error *error)
{
	struct hf__follow *f = s->follow;
	if (!f)
		return HF_OK;
	(void)pthread_mutex_lock(&f->turn);
	const bool still = s->options.no_refresh && f->loaded;
	const int rc = still ? HF_OK : hf__follow_catch_up(f, error);
	if (rc == HF_OK)
		(void)pthread_rwlock_rdlock(&f->in_use);
	(void)pthread_mutex_unlock(&f->turn);
	return rc;
}

void hf__follow_end(struct hf_store *s)
{
	if (s->follow)
		(void)pthread_rwlock_unlock(&s->follow->in_use);
}

int hf__follow_whole(const struct hf_store *s, struct hf_error *error)
{
	if (!s->follow || s->follow->whole)
		return HF_OK;
	return hf__fail(error, HF_ELAGGED, 0,
	                "the state could not be brought up to date: the next call loads it anew");
}
