/* Deciding for waits that no thread waits for: one thread of the store tries what was woken, keeps
 * all their deadlines, and gives back what is owed. With no_background the host's hf_maintain() and
 * hf_flush() do it, and threads in hf_wait_block().
 *
 * Happy path: what a change wakes, or a deadline, is tried, one decision under the lock each, as a
 * call would make it; what was granted settles (started.c).
 *
 * Cancelling: a grant that was not taken goes back by an entry of its own, in the call that
 * cancels: an item without an attempt counted, at its old place in the order, a lock free. Its
 * commit wakes the next one in line. Nothing may be lost between the two: while a thread decides
 * for a wait, cancelling only marks it, and the thread gives back what it was granted (I-WAITS-2).
 *
 * Failure modes: what cannot be given back now, for want of memory or room, is owed, and tried
 * again each second and at closing. A store that failed can write nothing: what was granted is then
 * held as by a process that died. */
#include "store/wait/serve.h"

#include <assert.h>
#include <time.h>

#include "os/thread.h"
#include "store/internal.h"

#define LONGEST_SLEEP_NS INT64_C(1000000000)
#define SHORTEST_SLEEP_NS INT64_C(100000)

/* --- Giving back ------------------------------------------------------------------------------ */

/* Emits nothing for what is not held by that token any more. */
static int write_back(struct hf_store *s, struct hf_wait *w)
{
	const struct hf__op op = {.verb = w->what->back, .args = w->args};
	struct hf__ticket ticket;
	s->started.giving++;
	const int rc = hf__sequence(s, &op, 1, NULL, HF_DURABLE, &ticket, NULL);
	if (rc == HF_OK)
		hf__async_hand_out(s, ticket);
	s->started.giving--;
	(void)pthread_cond_broadcast(&s->started.moved);
	return rc;
}

/* The thread may be asleep without an end: nothing was owed. */
static void owe(struct hf_store *s, struct hf_wait *w)
{
	struct hf__started *all = &s->started;
	if (hf__link_empty(&all->owing))
		hf__wake_asleep(&all->asleep, &all->work);
	hf__link_add(&all->owing, &w->owed);
}

/* It is tried by this thread, and stands in no line: so no other thread takes or cancels it. */
static void end_unheld(struct hf_store *s, struct hf_wait *w, const char *why)
{
	if (w->holds) {
		w->holds = false;
		w->owes = write_back(s, w) != HF_OK && !atomic_load(&s->fault);
	}
	if (w->owes)
		owe(s, w);
	hf__started_end(s, w, HF_ECANCELED, why);
}

static void give_back_owed(struct hf_store *s)
{
	for (size_t left = hf__link_count(&s->started.owing); left > 0; left--) {
		struct hf_wait *w = HF__WAIT_OF(s->started.owing.next, owed);
		hf__link_remove(&w->owed);
		w->owes = write_back(s, w) != HF_OK && !atomic_load(&s->fault);
		if (w->owes)
			owe(s, w);
		else
			hf__started_let_go(s, w);
	}
}

void hf__serve_cancel(struct hf_store *s, struct hf_wait *w, const char *why)
{
	const int state = atomic_load(&w->state);
	if (state == HF__WAIT_TRIED)
		w->cancelled = true;
	if (state == HF__WAIT_TRIED || state == HF__WAIT_TAKEN ||
	    (state == HF__WAIT_ENDED && !w->holds))
		return;
	hf__started_rise(s, w);
	hf__waiter_leave(s, &w->waiter);
	atomic_store(&w->state, HF__WAIT_TRIED);
	end_unheld(s, w, why);
}

/* --- Trying ----------------------------------------------------------------------------------- */

static bool is_late(const struct hf_store *s, const struct hf_wait *w)
{
	return w->waiter.until < INT64_MAX && s->os->ticks(s->os->ctx) >= w->waiter.until;
}

/* Not to go on with it. */
static const char *ended_by(const struct hf_store *s, const struct hf_wait *w)
{
	return w->cancelled       ? "the wait was cancelled"
	       : s->waits.closing ? "the store is being closed"
	                          : NULL;
}

/* One decision, and what it wants done before. */
static int decide(struct hf_store *s, struct hf_wait *w, bool *last, struct hf_error *error)
{
	const struct hf__args *args = w->args;
	const struct hf__op op = {.verb = w->what->verb,
	                          .args = w->args,
	                          .result = &w->result,
	                          .answer = &w->answer,
	                          .waiter = &w->waiter,
	                          .direct = true};
	int rc;
	bool again;
	do {
		*last = is_late(s, w);
		w->waiter.woken = false;
		w->waiter.asked = false;
		hf__link_remove(&w->turn);
		rc = hf__sequence(s, &op, 1, NULL, args->write.durability, &w->ticket, error);
		again = w->what->again && w->what->again(w->args);
		if (again) {
			(void)pthread_mutex_unlock(&s->lock);
			rc = w->what->settle(s, error);
			(void)pthread_mutex_lock(&s->lock);
		}
	} while (again && rc == HF_OK);
	return rc;
}

/* Payloads are read at once, so that a grant that is not taken yet keeps no file of the store. */
static int load(struct hf_store *s, struct hf_wait *w, struct hf_error *error)
{
	(void)pthread_mutex_unlock(&s->lock);
	const int rc = hf__answer_load_all(s, &w->answer, error);
	(void)pthread_mutex_lock(&s->lock);
	return rc;
}

void hf__serve_try(struct hf_store *s, struct hf_wait *w)
{
	struct hf_error error = {0};
	bool last = false;
	assert(w->what);
	hf__started_rise(s, w);
	atomic_store(&w->state, HF__WAIT_TRIED);
	const char *why = ended_by(s, w);
	int rc = why ? HF_ECANCELED : decide(s, w, &last, &error);
	why = ended_by(s, w);
	if (!why && w->waiter.asked && !last) {
		hf__waiter_stand(s, &w->waiter);
		hf__started_stand(s, w);
		if (w->waiter.woken) /* while the lock was released */
			hf__started_woken(s, &w->waiter);
		return;
	}
	hf__waiter_leave(s, &w->waiter);
	if (rc == HF_OK && w->answer.loads)
		rc = load(s, w, &error);
	/* Only now: it may have been cancelled meanwhile. */
	why = ended_by(s, w);
	w->holds = w->result.changed;
	if (why) {
		end_unheld(s, w, why);
		return;
	}
	if (w->waiter.asked && w->what->late)
		rc = w->what->late(w->args, rc, &error);
	hf__started_decided(s, w, rc, &error);
}

void hf__serve(struct hf_store *s)
{
	struct hf__started *all = &s->started;
	if (all->serving || !all->home)
		return;
	all->serving = true;
	give_back_owed(s);
	hf__started_due(s);
	while (!hf__link_empty(&all->ready)) {
		struct hf_wait *w = HF__WAIT_OF(all->ready.next, turn);
		(void)atomic_fetch_add(&w->refs, 1);
		if (atomic_load(&w->state) == HF__WAIT_STANDS)
			hf__serve_try(s, w);
		else
			hf__link_remove(&w->turn);
		(void)pthread_mutex_unlock(&s->lock);
		hf__started_unref(w);
		(void)pthread_mutex_lock(&s->lock);
	}
	all->serving = false;
	(void)pthread_cond_broadcast(&all->moved);
}

/* --- The thread ------------------------------------------------------------------------------- */

static void sleep_for(struct hf_store *s, int64_t ns)
{
	struct timespec until;
	if (ns < 0) {
		(void)pthread_cond_wait(&s->started.work, &s->lock);
		return;
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	const int64_t nsec = until.tv_nsec + ns;
	until.tv_sec += (time_t)(nsec / 1000000000);
	until.tv_nsec = (long)(nsec % 1000000000);
	(void)pthread_cond_timedwait(&s->started.work, &s->lock, &until);
}

/* Below 0: until woken. A sleep that has an end is cut into pieces: a clock may be set forward
 * while it sleeps. One that stands still must not make it spin. */
static int64_t time_to_sleep(struct hf_store *s)
{
	const int64_t ns = hf__started_next(s);
	if (ns < 0)
		return ns;
	return ns > LONGEST_SLEEP_NS    ? LONGEST_SLEEP_NS
	       : ns < SHORTEST_SLEEP_NS ? SHORTEST_SLEEP_NS
	                                : ns;
}

static void *thread_main(void *arg)
{
	struct hf_store *s = arg;
	struct hf__started *all = &s->started;
	hf__thread_name("hf-waits");
	(void)pthread_mutex_lock(&s->lock);
	while (!all->stopping) {
		hf__serve(s);
		(void)pthread_mutex_unlock(&s->lock);
		hf__async_tell(s);
		(void)pthread_mutex_lock(&s->lock);
		if (all->stopping || !hf__link_empty(&all->ready))
			continue;
		all->asleep = true;
		sleep_for(s, time_to_sleep(s));
		all->asleep = false;
	}
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

int hf__serve_start(struct hf_store *s)
{
	struct hf__started *all = &s->started;
	if (all->runs || s->options.no_background)
		return 0;
	const int rc = hf__thread_start(&all->thread, thread_main, s);
	all->runs = rc == 0;
	return rc;
}

/* --- Closing ---------------------------------------------------------------------------------- */

/* No thread decides any more. What was granted goes back, also what its caller was told of. */
static void end_all(struct hf_store *s)
{
	struct hf__started *all = &s->started;
	struct hf__link closed;
	hf__link_init(&closed);
	while (all->giving > 0)
		(void)pthread_cond_wait(&all->moved, &s->lock);
	hf__started_end_all(s, true, "the store was closed");
	give_back_owed(s);
	while (!hf__link_empty(&all->all)) {
		struct hf_wait *w = HF__WAIT_OF(all->all.next, all);
		hf__link_remove(&w->all);
		hf__link_add(&closed, &w->all);
		hf__serve_cancel(s, w, "the store was closed");
	}
	while (all->giving > 0)
		(void)pthread_cond_wait(&all->moved, &s->lock);
	while (!hf__link_empty(&closed)) {
		struct hf__link *link = closed.next;
		hf__link_remove(link);
		hf__link_add(&all->all, link);
	}
}

void hf__serve_close(struct hf_store *s)
{
	struct hf__started *all = &s->started;
	(void)pthread_mutex_lock(&s->lock);
	all->stopping = true;
	(void)pthread_cond_signal(&all->work);
	const bool runs = all->runs;
	(void)pthread_mutex_unlock(&s->lock);
	if (runs)
		(void)pthread_join(all->thread, NULL);
	(void)pthread_mutex_lock(&s->lock);
	all->runs = false;
	while (all->serving)
		(void)pthread_cond_wait(&all->moved, &s->lock);
	if (all->home)
		end_all(s);
	(void)pthread_mutex_unlock(&s->lock);
}
