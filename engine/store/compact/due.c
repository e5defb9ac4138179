/* See due.h.
 *
 * A compaction writes what lives. It pays when the log behind the newest snapshot has come to a
 * part of that: then each byte that is logged costs a fixed number of bytes of snapshots, whatever
 * the size of the store, and the directory holds at most
 *
 *     the old snapshot + the log (DEAD_PERCENT of it, or compact_bytes) + the new snapshot
 *
 * which is below 3 x live. Small stores are left alone below compact_bytes; but entries cost time
 * at the next opening however small they are, so they count as well. */
#include "store/compact/compact.h"

#include "os/thread.h"

#define DEAD_PERCENT 75u
#define ENTRIES_LEAST UINT64_C(100000)
#define SOONER 5u
#define POLL_US 1000
#define RETRY_NS INT64_C(5000000000) /* a full disk is left alone meanwhile */

static uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Is there so much that nothing needs any more, or so much to replay, that one pays? Who asks for
 * it has the time: then it pays `sooner`. The lock is held. */
static bool is_due(const struct hf_store *s, unsigned sooner)
{
	const struct hf__compaction *c = &s->compaction;
	const uint64_t least = s->options.compact_bytes / sooner;
	if (s->options.compact_bytes == UINT64_MAX || s->taking.busy || atomic_load(&s->fault) ||
	    c->logged == 0 || s->os->ticks(s->os->ctx) < c->retry_at)
		return false;
	return c->logged > greater(least, c->live_bytes / 100 * DEAD_PERCENT / sooner) ||
	       c->entries > greater(ENTRIES_LEAST, c->live_entries) / sooner;
}

/* Whoever set at_work. */
static int compact(struct hf_store *s, bool paced)
{
	const int rc = hf__compact(s, paced, NULL);
	(void)pthread_mutex_lock(&s->lock);
	if (rc != HF_OK)
		s->compaction.retry_at = s->os->ticks(s->os->ctx) + RETRY_NS;
	(void)pthread_mutex_unlock(&s->lock);
	atomic_store(&s->compaction.at_work, false);
	return rc == HF_EUNCERTAIN ? rc : HF_OK;
}

/* One thread for all of them: what each needs for a moment comes from the same part of the heap. */
static void *thread_main(void *arg)
{
	struct hf_store *s = arg;
	struct hf__compaction *c = &s->compaction;
	hf__thread_name("hf-compact");
	(void)pthread_mutex_lock(&s->lock);
	while (!atomic_load(&s->taking.stopping)) {
		if (!c->wanted) {
			(void)pthread_cond_wait(&c->wake, &s->lock);
			continue;
		}
		c->wanted = false;
		(void)pthread_mutex_unlock(&s->lock);
		(void)compact(s, true);
		(void)pthread_mutex_lock(&s->lock);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* Whoever set at_work. */
static void wake_thread(struct hf_store *s)
{
	struct hf__compaction *c = &s->compaction;
	if (!c->started)
		c->started = hf__thread_start(&c->thread, thread_main, s) == 0;
	if (!c->started) {
		atomic_store(&c->at_work, false);
		return;
	}
	(void)pthread_mutex_lock(&s->lock);
	c->wanted = true;
	(void)pthread_cond_signal(&c->wake);
	(void)pthread_mutex_unlock(&s->lock);
}

static void wait_for_it(struct hf_store *s)
{
	while (atomic_load(&s->compaction.at_work) && !atomic_load(&s->taking.stopping))
		hf__thread_sleep(POLL_US);
}

int hf__compact_upkeep(struct hf_store *s, bool asked)
{
	if (asked)
		wait_for_it(s);
	(void)pthread_mutex_lock(&s->lock);
	const bool due = !atomic_load(&s->compaction.at_work) && is_due(s, asked ? SOONER : 1);
	if (due)
		atomic_store(&s->compaction.at_work, true);
	(void)pthread_mutex_unlock(&s->lock);
	if (!due)
		return HF_OK;
	if (s->options.no_background || asked)
		return compact(s, false);
	wake_thread(s);
	return HF_OK;
}

void hf__compact_stop(struct hf_store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	atomic_store(&s->taking.stopping, true);
	(void)pthread_cond_signal(&s->compaction.wake);
	(void)pthread_mutex_unlock(&s->lock);
	if (s->compaction.started)
		(void)pthread_join(s->compaction.thread, NULL);
	s->compaction.started = false;
}
