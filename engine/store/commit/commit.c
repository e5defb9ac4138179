/* Waiting for what was sequenced: leaders and followers.
 *
 * A caller that has something to wait for and finds no flush under way leads one (flush.c): it
 * seals the filling group, lets the next one fill, writes and syncs without the lock, publishes how
 * far the log is written and durable, and wakes the waiters of that group and ONE of those of the
 * next, which leads it. A single thread leads its own flush: no hand-off. One that waits for no
 * sync leads a flush without, beside a sync that is in flight or where others see to the sync.
 *
 * Waiters give way a few times, then sleep on a word: of two for a sync and two for a write that of
 * the flush in flight, if it serves them, or the other. All words change under the lock at the end
 * of each flush, so no waiter can miss it: one that has read the word before sleeps only if it has
 * not changed since. The end of a write that a sync follows is told without the lock: who waits for
 * a write alone counts itself as a sleeper, and then looks once more. */
#include "store/commit/flush.h"
#include "store/commit/futex.h"
#include "store/internal.h"

/* See yield_a_few_times. Settable at compile time to measure it: docs/decisions.md. */
#ifndef HF__YIELDS
#define HF__YIELDS 16u
#endif

bool hf__only_to_be_written(const struct hf_store *s, struct hf__ticket ticket)
{
	return ticket.due <= atomic_load(&s->durable_lsn);
}

void hf__want(struct hf_store *s, struct hf__ticket ticket)
{
	const bool served = s->writer.syncing && ticket.due <= s->writer.sync_lsn;
	if (!served && !hf__only_to_be_written(s, ticket))
		s->writer.sync_wanted = true;
}

/* The lock is held and this ticket cannot be led for: the word to sleep on. */
static unsigned word_for(struct hf_store *s, struct hf__ticket ticket)
{
	const struct hf__log_writer *w = &s->writer;
	hf__want(s, ticket);
	if (hf__only_to_be_written(s, ticket))
		return HF__WORD_WRITE + (w->write_word ^ (ticket.changed > w->write_lsn));
	return w->sync_word ^ (!w->syncing || ticket.due > w->sync_lsn);
}

/* Will another thread lead the sync that is wanted, if there is one? */
static bool others_sync(const struct hf_store *s)
{
	return atomic_load(&s->writer.sync_waiters) > 0 || hf__flusher_syncs(&s->async);
}

/* May a flush begin that will do for this ticket? *sync: it syncs what is to be synced. A leader
 * that has only to write does that too, unless a sync is in flight or others see to it. */
static bool may_lead(struct hf_store *s, struct hf__ticket ticket, bool *sync)
{
	*sync = !hf__only_to_be_written(s, ticket);
	if (*sync)
		return hf__may_sync(s);
	*sync = !others_sync(s) && hf__may_sync(s);
	return *sync || hf__may_write(s);
}

bool hf__lead_for(struct hf_store *s, struct hf__ticket ticket)
{
	bool sync;
	if (atomic_load(&s->fault) || !may_lead(s, ticket, &sync))
		return false;
	hf__want(s, ticket);
	hf__lead(s, sync);
	return true;
}

/* May there be something to lead, for one that waits on this word? Needs no lock. */
static bool is_free(const struct hf_store *s, unsigned word)
{
	return word < HF__WORD_WRITE ? !atomic_load_explicit(&s->flushing, memory_order_relaxed)
	                             : !atomic_load(&s->writer.writing);
}

/* With many threads the others need this processor for about as long as a flush takes, and
 * a waiter that finds itself served needs neither to be put to sleep nor to be woken. With few
 * threads these rounds are over in no time. */
static bool yield_a_few_times(struct hf_store *s, struct hf__ticket ticket, unsigned word)
{
	for (unsigned round = 0; round < HF__YIELDS; round++) {
		hf__yield();
		if (hf__reached(s, ticket) || is_free(s, word))
			return true;
	}
	return false;
}

static void sleep_on(struct hf_store *s, unsigned word, uint32_t seen, bool whatever_is_free)
{
	(void)atomic_fetch_add(&s->sleepers[word], 1);
	if (whatever_is_free || !is_free(s, word))
		hf__futex_wait(&s->words[word], seen);
	(void)atomic_fetch_sub(&s->sleepers[word], 1);
}

/* Leads or sleeps once; the lock is held before and not after. */
static void lead_or_sleep(struct hf_store *s, struct hf__ticket ticket)
{
	bool sync;
	if (may_lead(s, ticket, &sync)) {
		hf__want(s, ticket);
		hf__lead_unlock(s, sync);
		return;
	}
	const unsigned word = word_for(s, ticket);
	sync = word < HF__WORD_WRITE;
	/* beside a sync it can wait for nothing but the end of that one: I-COMMIT-5 */
	const bool turns = !sync && !s->writer.owned;
	const uint32_t seen = atomic_load_explicit(&s->words[word], memory_order_acquire);
	(void)atomic_fetch_add(&s->writer.sync_waiters, sync);
	(void)pthread_mutex_unlock(&s->lock);
	if (turns || !yield_a_few_times(s, ticket, word))
		sleep_on(s, word, seen, sync || turns);
	(void)atomic_fetch_sub(&s->writer.sync_waiters, sync);
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
	if (hf__may_sync(s)) {
		hf__lead(s, true);
		return;
	}
	s->writer.room_waiters++; /* and then looks: hand_over() in flush.c */
	if (hf__filling(s)->entries > 0 && hf__may_write(s))
		hf__lead(s, false);
	else
		(void)pthread_cond_wait(&s->writer.room, &s->lock);
	s->writer.room_waiters--;
}
