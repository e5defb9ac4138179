/* See watch.h.
 *
 * No lost wake-up. A waiter counts itself, then looks (at what is durable, at a ring), then
 * sleeps if the word did not move. A thread that changes what is looked at does so first and
 * then looks whether a waiter is counted. Both touch `waiters` by a read-modify-write, so one of
 * the two sees the other: either the word moves, or the waiter sees the change. */
#include "store/watch/watch.h"

#include <limits.h>
#include <time.h>

#include "store/clock.h"
#include "store/commit/futex.h"
#include "store/watch/tail.h"

/* How long a waiter that cannot be woken sleeps before it looks again. */
#define POLL_US 20000

struct hf__watch *hf__watch_new(struct hf_store *store)
{
	struct hf__watch *w = hf__alloc(sizeof *w);
	if (!w)
		return NULL;
	w->store = store;
	atomic_init(&w->refs, 1);
	(void)pthread_mutex_init(&w->lock, NULL);
	hf__dispatcher_init(&w->dispatcher);
	return w;
}

void hf__watch_unref(struct hf__watch *w)
{
	if (atomic_fetch_sub(&w->refs, 1) > 1)
		return;
	hf__dispatcher_deinit(&w->dispatcher);
	(void)pthread_mutex_destroy(&w->lock);
	hf__free(w);
}

void hf__watch_add_tail(struct hf__watch *w, struct hf__tail *tail)
{
	(void)pthread_mutex_lock(&w->lock);
	(void)atomic_fetch_add(&w->refs, 1);
	tail->next = w->tails;
	if (tail->next)
		tail->next->previous = tail;
	w->tails = tail;
	tail->listed = true;
	(void)pthread_mutex_unlock(&w->lock);
}

/* While it is in the list the seam is there: hf_close empties the list before it goes. The lock
 * is held. */
static void unlist(struct hf__watch *w, struct hf__tail *tail)
{
	if (tail->next)
		tail->next->previous = tail->previous;
	if (tail->previous)
		tail->previous->next = tail->next;
	else
		w->tails = tail->next;
	tail->listed = false;
	hf__tail_close(tail);
}

void hf__watch_drop_tail(struct hf__watch *w, struct hf__tail *tail)
{
	(void)pthread_mutex_lock(&w->lock);
	if (tail->listed)
		unlist(w, tail);
	(void)pthread_mutex_unlock(&w->lock);
}

/* --- Calls that use the store ----------------------------------------------------------------- */

int hf__watch_enter(struct hf__watch *w, struct hf_error *error)
{
	/* Counted first: from then on hf_close waits, so the store is there. */
	if (atomic_fetch_add(&w->inside, 1) & HF__WATCH_CLOSED) {
		hf__watch_leave(w);
		return hf__fail(error, HF_ECANCELED, 0, "the store was closed");
	}
	const int rc = hf__check_fork(w->store, error);
	if (rc != HF_OK)
		hf__watch_leave(w);
	return rc;
}

void hf__watch_leave(struct hf__watch *w)
{
	if (atomic_fetch_sub(&w->inside, 1) == (HF__WATCH_CLOSED | 1))
		hf__futex_wake(&w->inside, INT_MAX);
}

bool hf__watch_closed(const struct hf__watch *w)
{
	return atomic_load(&w->inside) & HF__WATCH_CLOSED;
}

void hf__watch_close(struct hf__watch *w)
{
	uint32_t inside = atomic_fetch_or(&w->inside, HF__WATCH_CLOSED) | HF__WATCH_CLOSED;
	hf__notifier_wake(&w->durable);
	hf__dispatcher_closing(w);
	for (; inside != HF__WATCH_CLOSED; inside = atomic_load(&w->inside))
		hf__futex_wait(&w->inside, inside);
	/* Their seam goes with the store. No call uses them any more, but they may be freed
	 * meanwhile. */
	(void)pthread_mutex_lock(&w->lock);
	while (w->tails)
		unlist(w, w->tails);
	(void)pthread_mutex_unlock(&w->lock);
	hf__dispatcher_stop(w);
}

void hf__watch_orphan(struct hf__watch *w)
{
	atomic_store(&w->orphan, true);
	atomic_store(&w->inside, HF__WATCH_CLOSED);
}

bool hf__watch_ours(struct hf__watch *w)
{
	const int rc = hf__watch_enter(w, NULL);
	if (rc == HF_OK)
		hf__watch_leave(w);
	return rc != HF_EFORK && !atomic_load(&w->orphan);
}

/* --- Waiting ---------------------------------------------------------------------------------- */

void hf__notifier_wake(struct hf__notifier *bell)
{
	if (atomic_fetch_add(&bell->waiters, 0) == 0)
		return;
	(void)atomic_fetch_add(&bell->word, 1);
	hf__futex_wake(&bell->word, INT_MAX);
}

void hf__watch_advance(struct hf__watch *w)
{
	hf__notifier_wake(&w->durable);
}

static int64_t monotonic_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void hf__watch_begin(struct hf__watch_wait *wait, struct hf__notifier *bell, int64_t wait_us)
{
	const int64_t now = wait_us > 0 ? monotonic_us() : 0;
	*wait = (struct hf__watch_wait){.bell = bell};
	wait->until = wait_us < 0 ? INT64_MAX : hf__time_after(now, wait_us);
	if (wait_us == 0)
		return;
	(void)atomic_fetch_add(&bell->waiters, 1);
	wait->seen = atomic_load(&bell->word);
}

/* Microseconds to sleep; 0: the time is over. */
static int64_t left_of(const struct hf__watch_wait *wait)
{
	if (wait->until == 0 || wait->until == INT64_MAX)
		return wait->until;
	const int64_t now = monotonic_us();
	return now < wait->until ? wait->until - now : 0;
}

bool hf__watch_sleep(struct hf__watch_wait *wait)
{
	int64_t left = left_of(wait);
	if (left == 0)
		return false;
	if (wait->polls && left > POLL_US)
		left = POLL_US;
	if (left == INT64_MAX)
		hf__futex_wait(&wait->bell->word, wait->seen);
	else
		hf__futex_wait_for(&wait->bell->word, wait->seen, left);
	wait->seen = atomic_load(&wait->bell->word);
	return true;
}

void hf__watch_end(struct hf__watch_wait *wait)
{
	if (wait->until != 0)
		(void)atomic_fetch_sub(&wait->bell->waiters, 1);
}
