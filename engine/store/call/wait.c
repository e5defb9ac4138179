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
 * waiter is awake is said by `woken`, which is looked at before sleeping again. I-WAIT-2: of the
 * waiters of one key only the first is ever served: the others stand behind (hf__wait_behind), and
 * become first when it leaves. */
#include "store/internal.h"

#include <assert.h>
#include <time.h>

/* A sleep that has an end is cut into pieces: a clock may be set forward while we sleep. */
#define LONGEST_SLEEP_NS INT64_C(1000000000)
/* A clock that stands still must not make a waiter spin. */
#define SHORTEST_SLEEP_NS INT64_C(100000)

/* One call that may wait; lies on its stack. */
struct hf__waiter {
	struct hf__waiter *next, *previous; /* in its line */
	pthread_cond_t wake;
	int64_t until; /* the seam's monotonic clock; INT64_MAX: forever */
	/* another thread may end the wait by it; read and written under the lock. NULL: none may */
	const struct hf_cancel_flag *cancel;
	uint64_t key; /* of its line */
	bool in_line;
	bool woken; /* something changed since its newest try began */
	/* What the newest decision said. */
	bool asked;
	uint64_t asked_key;
	int64_t retry_at; /* the store's clock */
};

/* --- Lines ------------------------------------------------------------------------------------ */

static unsigned line_of(uint64_t key)
{
	return (unsigned)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % HF__WAIT_LINES;
}

/* The first waiter for the key; NULL: none. Strangers in the same line are few: there are
 * more lines than a service waits for at once. */
static struct hf__waiter *first_of(const struct hf_store *s, uint64_t key)
{
	struct hf__waiter *w = s->waits.first[line_of(key)];
	while (w && w->key != key)
		w = w->next;
	return w;
}

static void wake(struct hf__waiter *w)
{
	if (w->woken)
		return;
	w->woken = true;
	(void)pthread_cond_signal(&w->wake);
}

static void wake_first(struct hf_store *s, uint64_t key)
{
	struct hf__waiter *w = first_of(s, key);
	if (w)
		wake(w);
}

static void line_up(struct hf_store *s, struct hf__waiter *w, uint64_t key)
{
	const unsigned line = line_of(key);
	struct hf__waiter *last = s->waits.last[line];
	w->key = key;
	w->next = NULL;
	w->previous = last;
	if (last)
		last->next = w;
	else
		s->waits.first[line] = w;
	s->waits.last[line] = w;
	s->waits.waiting++;
	w->in_line = true;
}

/* The waiter that becomes first by it has to look: what woke this one may be for it now, and
 * it has not slept by the right clock. */
static void leave_line(struct hf_store *s, struct hf__waiter *w)
{
	const unsigned line = line_of(w->key);
	if (!w->in_line)
		return;
	const bool was_first = first_of(s, w->key) == w;
	if (w->previous)
		w->previous->next = w->next;
	else
		s->waits.first[line] = w->next;
	if (w->next)
		w->next->previous = w->previous;
	else
		s->waits.last[line] = w->previous;
	s->waits.waiting--;
	w->in_line = false;
	if (was_first)
		wake_first(s, w->key);
}

/* The key of those that wait for several: see hf__wait_on_many. No domain's keys meet it but by
 * the chance of a hash, which costs a wakeup. */
#define MANY UINT64_C(0x6d616e79206b6579)

/* --- What decide() calls ---------------------------------------------------------------------- */

void hf__wait_on(struct hf__decision *d, uint64_t key, int64_t retry_at)
{
	if (!d->waiter)
		return;
	d->waiter->asked = true;
	d->waiter->asked_key = key;
	d->waiter->retry_at = retry_at;
}

void hf__wait_on_many(struct hf__decision *d, int64_t retry_at)
{
	hf__wait_on(d, MANY, retry_at);
}

bool hf__wait_behind(const struct hf__decision *d, uint64_t key)
{
	if (!d->waiter)
		return false;
	const struct hf__waiter *first = first_of(d->store, key);
	return first && first != d->waiter;
}

void hf__query_wake(struct hf__query *q, uint64_t key)
{
	wake_first(q->answer->store, key);
}

void hf__wait_forget(struct hf__waiter *waiter)
{
	waiter->asked = false;
}

/* --- Waking ----------------------------------------------------------------------------------- */

/* All of them: none knows what the others wait for. */
static void wake_many(struct hf_store *s)
{
	for (struct hf__waiter *w = s->waits.first[line_of(MANY)]; w; w = w->next)
		if (w->key == MANY)
			wake(w);
}

void hf__wait_changed(struct hf_store *s, const struct hf__change *change)
{
	for (size_t i = 0; i < change->count; i++) {
		const struct hf__object *object = change->records[i].object;
		if (!object->type->wait_key)
			continue;
		wake_first(s, object->type->wait_key(object));
		wake_many(s);
	}
}

void hf__wait_wake_all(struct hf_store *s)
{
	for (unsigned line = 0; line < HF__WAIT_LINES && s->waits.waiting > 0; line++)
		for (struct hf__waiter *w = s->waits.first[line]; w; w = w->next)
			wake(w);
}

void hf__wait_wake_due(struct hf_store *s)
{
	if (s->waits.waiting == 0)
		return;
	const int64_t now = hf__clock(s), ticks = s->os->ticks(s->os->ctx);
	for (unsigned line = 0; line < HF__WAIT_LINES; line++)
		for (struct hf__waiter *w = s->waits.first[line]; w; w = w->next)
			if (w->retry_at <= now || w->until <= ticks)
				wake(w);
}

/* --- Sleeping --------------------------------------------------------------------------------- */

/* Until its time is up or, for the first in line, until trying again may help; below 0: until
 * woken. */
static int64_t nanoseconds_to_sleep(struct hf_store *s, const struct hf__waiter *w)
{
	int64_t left = INT64_MAX;
	if (w->until < INT64_MAX)
		left = w->until - s->os->ticks(s->os->ctx);
	if (w->retry_at < INT64_MAX && (w->key == MANY || first_of(s, w->key) == w)) {
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

/* Takes its place, or keeps the one it has. */
static void stand_in_line(struct hf_store *s, struct hf__waiter *w)
{
	if (w->in_line && w->key == w->asked_key)
		return;
	leave_line(s, w);
	line_up(s, w, w->asked_key);
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
		const int rc = hf__sequence(s, op, 1, durability, ticket, error);
		if (!w->asked || last_try)
			return rc;
		stand_in_line(s, w);
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

void hf__call_end(struct hf_store *s)
{
	leave(s);
}

int hf__commit_wait(struct hf_store *s, const struct hf__op *op, enum hf_durability durability,
                    int64_t wait_us, struct hf_error *error)
{
	const struct hf_write *write = op->args;
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
	leave_line(s, &w);
	rc = hf__commit_end(s, &waiting, 1, rc, ticket, &mine);
	leave(s);
	(void)pthread_cond_destroy(&w.wake);
	if (rc != HF_OK && error)
		*error = mine;
	return rc;
}

void hf__waits_init(struct hf_store *s)
{
	(void)pthread_cond_init(&s->waits.left, NULL);
}

void hf__waits_deinit(struct hf_store *s)
{
	(void)pthread_cond_destroy(&s->waits.left);
}

void hf__waits_cancel(struct hf_store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	s->waits.closing = true;
	hf__wait_wake_all(s);
	(void)pthread_mutex_unlock(&s->lock);
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
	const int rc = cancel
	                   ? hf__check_fork(store, error)
	                   : hf__fail(error, HF_EINVAL, 0, "cancel: it needs a struct hf_cancel_flag");
	if (rc != HF_OK)
		return rc;
	(void)pthread_mutex_lock(&store->lock);
	cancel->cancelled = 1;
	for (unsigned line = 0; line < HF__WAIT_LINES; line++)
		for (struct hf__waiter *w = store->waits.first[line]; w; w = w->next)
			if (w->cancel == cancel)
				wake(w);
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
