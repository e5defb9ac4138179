/* Waiting calls: a caller that finds nothing to have sleeps until there may be something, and is
 * served in the order of arrival.
 *
 * Happy path: decide says what it waits for (hf__wait_on). In the same critical section the
 * caller takes its place in the line of that key and sleeps. A commit that changes an object
 * with that key wakes the first of the line, one for each change; it decides again, and when it
 * leaves, served or not, the next one is woken to look for itself. So a commit wakes one thread
 * however many wait, and pays one comparison when no caller does.
 *
 * Not to be had is a matter of the newest state, like every decision: a waiter may be served by
 * a change that is not durable yet, and its answer then waits for both (rule 2).
 *
 * Time: the instant at which trying again may help is one of the store's clock; only the first
 * of a line sleeps by it. How long a caller waits is measured by the seam's monotonic clock.
 * Both are slept away in real time and looked at again afterwards; hf_maintain() wakes those that
 * are due when a clock is a test's.
 *
 * Failure modes: a store that fails wakes everyone, and trying again says HF_EFAILED. Closing
 * sends everyone away with HF_ECANCELED and waits until they are out.
 *
 * I-WAIT-1: no wakeup is lost. Deciding and going to sleep happen under one hold of the lock; which
 * waiter is awake is said by `woken`, which is looked at before sleeping again. I-WAIT-2: see
 * lines.c. */
#include "store/internal.h"

#include <assert.h>
#include <time.h>

/* A sleep that has an end is cut into pieces: a clock may be set forward while we sleep. */
#define LONGEST_SLEEP_NS INT64_C(1000000000)
/* A clock that stands still must not make a waiter spin. */
#define SHORTEST_SLEEP_NS INT64_C(100000)

/* --- Sleeping --------------------------------------------------------------------------------- */

/* Until its time is up or, for the first in line, until trying again may help; below 0: until
 * woken. */
static int64_t nanoseconds_to_sleep(struct hf_store *s, const struct hf__waiter *w)
{
	int64_t left = INT64_MAX;
	if (w->until < INT64_MAX)
		left = w->until - s->os->ticks(s->os->ctx);
	if (w->retry_at < INT64_MAX && hf__waiter_is_next(s, w)) {
		const int64_t now = hf__clock(s);
		const uint64_t us = w->retry_at > now ? (uint64_t)w->retry_at - (uint64_t)now : 0;
		const int64_t ns =
		    us > (uint64_t)LONGEST_SLEEP_NS / 1000 ? LONGEST_SLEEP_NS : (int64_t)us * 1000;
		left = ns < left ? ns : left;
	}
	if (left == INT64_MAX)
		return -1;
	return left > LONGEST_SLEEP_NS    ? LONGEST_SLEEP_NS
	       : left < SHORTEST_SLEEP_NS ? SHORTEST_SLEEP_NS
	                                  : left;
}

/* The lock is held, and released meanwhile. May wake for no reason: every try is a whole one. */
static void waiter_sleep(struct hf_store *s, struct hf__waiter *w)
{
	if (w->woken)
		return;
	const int64_t ns = nanoseconds_to_sleep(s, w);
	if (ns < 0) {
		(void)pthread_cond_wait(&w->wake, &s->lock);
		return;
	}
	struct timespec until;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	const int64_t nsec = until.tv_nsec + ns;
	until.tv_sec += (time_t)(nsec / 1000000000);
	until.tv_nsec = (long)(nsec % 1000000000);
	(void)pthread_cond_timedwait(&w->wake, &s->lock, &until);
}

/* Tries until there is something, or no point in going on. The lock is held. */
static int try_and_wait(struct hf_store *s, const struct hf__op *op, enum hf_durability durability,
                        struct hf__ticket *ticket, struct hf_error *error)
{
	struct hf__waiter *w = op->waiter;
	for (;;) {
		/* Before a try, never after one: what a try was granted stays granted. */
		const bool cancelled = w->cancel && w->cancel->cancelled;
		if (s->waits.closing || cancelled) {
			hf__clear_results(op, 1);
			*ticket = (struct hf__ticket){0, 0};
			return hf__fail(error, HF_ECANCELED, 0, "%s: %s", op->verb->name,
			                cancelled ? "the wait was cancelled" : "the store is being closed");
		}
		const bool last_try = w->until < INT64_MAX && s->os->ticks(s->os->ctx) >= w->until;
		w->woken = false;
		w->asked = false; /* if there is no room it does not come to a decision */
		const int rc = hf__sequence(s, op, 1, NULL, durability, ticket, error);
		if (!w->asked || last_try)
			return rc;
		hf__waiter_stand(s, w);
		waiter_sleep(s, w);
	}
}

/* --- The call --------------------------------------------------------------------------------- */

static void cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t monotonic;
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(cond, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
}

static int64_t end_of_wait(struct hf_store *s, int64_t wait_us)
{
	const int64_t now = s->os->ticks(s->os->ctx);
	return wait_us < 0 ? INT64_MAX : hf__ticks_after(now, wait_us);
}

/* The last thing that a waiting call does with the store, which may be gone afterwards. */
static void leave(struct hf_store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	assert(s->waits.inside > 0);
	if (--s->waits.inside == 0 && s->waits.closing)
		(void)pthread_cond_signal(&s->waits.left);
	(void)pthread_mutex_unlock(&s->lock);
}

int hf__call_begin(struct hf_store *s, struct hf_error *error)
{
	const int rc = hf__check_fork(s, error);
	if (rc != HF_OK)
		return rc;
	(void)pthread_mutex_lock(&s->lock);
	s->waits.inside++;
	(void)pthread_mutex_unlock(&s->lock);
	return HF_OK;
}

int hf__call_begin_writable(struct hf_store *s, struct hf_error *error)
{
	const int rc = hf__check_writable(s, error);
	return rc == HF_OK ? hf__call_begin(s, error) : rc;
}

void hf__call_end(struct hf_store *s)
{
	leave(s);
}

int hf__commit_wait(struct hf_store *s, const struct hf__op *op, enum hf_durability durability,
                    int64_t wait_us, struct hf_error *error)
{
	const struct hf_write *write = &((const struct hf__args *)op->args)->write;
	struct hf__waiter w = {
	    .until = end_of_wait(s, wait_us), .cancel = write->cancel, .retry_at = INT64_MAX};
	struct hf_error mine = {0}; /* tries that were not the last one must not show */
	struct hf__op waiting = *op;
	struct hf__ticket ticket;
	cond_init(&w.wake);
	waiting.waiter = &w;
	(void)pthread_mutex_lock(&s->lock);
	s->waits.inside++;
	int rc = try_and_wait(s, &waiting, durability, &ticket, &mine);
	hf__waiter_leave(s, &w);
	rc = hf__commit_end(s, &waiting, 1, rc, ticket, &mine);
	leave(s);
	(void)pthread_cond_destroy(&w.wake);
	if (rc != HF_OK && error)
		*error = mine;
	return rc;
}

void hf__waits_cancel(struct hf_store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	s->waits.closing = true;
	hf__started_end_all(s, false, "the store is being closed");
	hf__wait_wake_all(s);
	(void)pthread_mutex_unlock(&s->lock);
	hf__async_tell(s);
}

void hf__waits_close(struct hf_store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	while (s->waits.inside > 0)
		(void)pthread_cond_wait(&s->waits.left, &s->lock);
	(void)pthread_mutex_unlock(&s->lock);
}

int hf_cancel(hf_store *store, struct hf_cancel_flag *cancel, struct hf_error *error)
{
	HF__CALL;
	if (!cancel)
		return hf__fail(error, HF_EINVAL, 0, "cancel: it needs a struct hf_cancel_flag");
	const int rc = hf__check_fork(store, error);
	if (rc != HF_OK)
		return rc;
	(void)pthread_mutex_lock(&store->lock);
	cancel->cancelled = 1;
	hf__wait_wake_cancelled(store, cancel);
	(void)pthread_mutex_unlock(&store->lock);
	return HF_OK;
}

int hf_cancel_waits(hf_store *store, struct hf_error *error)
{
	HF__CALL;
	const int rc = hf__check_fork(store, error);
	if (rc == HF_OK)
		hf__waits_cancel(store);
	return rc;
}
