/* The dispatcher takes what became durable from a feed to the subscriptions.
 *
 * Happy path: one thread sleeps in hf_feed_next; each batch goes to one subscription after the
 * other, into its ring under the dispatcher's lock or to its callback under no lock at all; then
 * its bell and its eventfd are notified, under no lock either. With no_background the host's
 * hf_maintain and hf_subscription_next do a round each; a caller that may not because another is
 * at it sleeps until that one is through, and then looks for what it has left.
 *
 * While one is served, its `busy` is set: it stays in the list, and hf_unsubscribe waits for the
 * end of it, unless that is called from within. So the list can be walked on after the lock was
 * let go.
 *
 * Failure modes: what a feed cannot read is kept as `failure` and reported by hf_subscription_next
 * once a ring is empty; the dispatcher tries again until the store is closed. A store that failed
 * makes nothing durable any more, so the thread ends. */
#include <limits.h>

#include "os/thread.h"
#include "store/commit/futex.h"
#include "store/watch/feed.h"
#include "store/watch/subscription.h"

#define EVENTS_AT_ONCE 256u
/* A round of a host's goes on while there is something, but not forever. */
#define BATCHES_MAX 64u
#define RETRY_US 100000

/* --- Service ---------------------------------------------------------------------------------- */

static void call(struct hf__watch *w, struct hf_subscription *s, const struct hf_event_batch *batch)
{
	(void)pthread_mutex_unlock(&w->dispatcher.lock);
	for (size_t i = 0; i < batch->count; i++) {
		if (!hf__subscription_wants(s, w->store->domains, &batch->events[i]))
			continue;
		s->callback(s->ctx, &batch->events[i]);
		(void)pthread_mutex_lock(&w->dispatcher.lock);
		const bool cancelled = s->cancelled;
		(void)pthread_mutex_unlock(&w->dispatcher.lock);
		if (cancelled)
			break;
	}
	(void)pthread_mutex_lock(&w->dispatcher.lock);
}

static void tell(struct hf__watch *w, struct hf_subscription *s)
{
	hf__notifier_wake(&s->filled);
	if (w->store->options.no_background) /* who waits there dispatches too, and waits for either */
		hf__notifier_wake(&w->durable);
	/* it can only be readable already */
	(void)w->store->os->event_tell(w->store->os->ctx, s->event);
}

static void fill(struct hf__watch *w, struct hf_subscription *s, const struct hf_event_batch *batch)
{
	const uint32_t before = s->count;
	for (size_t i = 0; i < batch->count; i++)
		if (hf__subscription_wants(s, w->store->domains, &batch->events[i]))
			hf__subscription_push(s, &batch->events[i]);
	if (s->count == before)
		return;
	(void)pthread_mutex_unlock(&w->dispatcher.lock);
	tell(w, s);
	(void)pthread_mutex_lock(&w->dispatcher.lock);
}

/* The lock is held, released meanwhile. Returns the one behind it. */
static struct hf_subscription *serve(struct hf__watch *w, struct hf_subscription *s,
                                     const struct hf_event_batch *batch)
{
	if (s->cancelled)
		return s->next;
	s->busy = true;
	if (s->callback)
		call(w, s, batch);
	else
		fill(w, s, batch);
	s->busy = false;
	struct hf_subscription *next = s->next;
	if (!s->cancelled)
		return next;
	if (!s->by_itself) {
		(void)pthread_cond_broadcast(&w->dispatcher.idle);
		return next;
	}
	hf__subscription_unlink(s);
	(void)pthread_mutex_unlock(&w->dispatcher.lock);
	hf__subscription_free(s);
	(void)pthread_mutex_lock(&w->dispatcher.lock);
	return next;
}

static void deliver(struct hf__watch *w, const struct hf_event_batch *batch)
{
	(void)pthread_mutex_lock(&w->dispatcher.lock);
	for (struct hf_subscription *s = w->dispatcher.first; s;)
		s = serve(w, s, batch);
	(void)pthread_mutex_unlock(&w->dispatcher.lock);
}

/* Waiters are notified of a failure too; once. */
static void note_failure(struct hf__watch *w, const struct hf_error *failure)
{
	(void)pthread_mutex_lock(&w->dispatcher.lock);
	const bool news = failure->code != w->dispatcher.failure.code;
	w->dispatcher.failure = *failure;
	for (struct hf_subscription *s = w->dispatcher.first; s && news && failure->code != HF_OK;
	     s = s->next)
		if (!s->callback)
			tell(w, s);
	(void)pthread_mutex_unlock(&w->dispatcher.lock);
}

uint64_t hf__watch_floor(struct hf__watch *w)
{
	(void)pthread_mutex_lock(&w->dispatcher.lock);
	const bool waits = w->dispatcher.source && w->dispatcher.first;
	const uint64_t from = waits ? atomic_load(&w->dispatcher.source->from) : HF__LSN_MAX;
	(void)pthread_mutex_unlock(&w->dispatcher.lock);
	return from;
}

/* --- Rounds ----------------------------------------------------------------------------------- */

/* Takes the dispatcher's turn; *source NULL: no subscription. */
static bool begin(struct hf__watch *w, struct hf_feed **source)
{
	struct hf_feed *unused = NULL;
	(void)pthread_mutex_lock(&w->dispatcher.lock);
	const bool mine = !w->dispatcher.running;
	if (mine) {
		w->dispatcher.running = true;
		w->dispatcher.runner = pthread_self();
		w->dispatcher.refused = false;
	} else {
		w->dispatcher.refused = true;
	}
	if (mine && !w->dispatcher.first) {
		unused = w->dispatcher.source;
		w->dispatcher.source = NULL;
	}
	*source = w->dispatcher.source;
	(void)pthread_mutex_unlock(&w->dispatcher.lock);
	hf_feed_close(unused);
	return mine;
}

/* Rings only if something is left: else waiters that are woken by it would refuse each other for
 * ever. */
static void end(struct hf__watch *w, const struct hf_feed *source)
{
	(void)pthread_mutex_lock(&w->dispatcher.lock);
	/* the source is ours until the next line */
	const bool left = w->dispatcher.refused && source && hf__feed_behind(source);
	w->dispatcher.running = false;
	(void)pthread_mutex_unlock(&w->dispatcher.lock);
	if (left)
		hf__notifier_wake(&w->durable);
}

/* One batch. HF_OK with *count, or why there is none. */
static int dispatcher_batch(struct hf__watch *w, struct hf_feed *source, int64_t wait_us,
                            size_t *count)
{
	struct hf_event_batch batch = {0};
	struct hf_error failure = {0};
	int rc = hf_feed_next(source, EVENTS_AT_ONCE, wait_us, &batch, &failure);
	*count = batch.count;
	/* The store may be closed in the meantime: no subscription is served then. */
	if (rc == HF_ECANCELED || hf__watch_enter(w, NULL) != HF_OK) {
		hf_release(batch.memory);
		return HF_ECANCELED;
	}
	/* only the one who dispatches writes it */
	if (rc != HF_OK || w->dispatcher.failure.code != HF_OK)
		note_failure(w, &failure);
	if (batch.count > 0)
		deliver(w, &batch);
	hf__watch_leave(w);
	hf_release(batch.memory);
	return rc;
}

bool hf__dispatcher_run(struct hf__watch *w)
{
	struct hf_feed *source;
	size_t count = 1;
	if (!w->store->options.no_background || !begin(w, &source))
		return false;
	bool more = source != NULL;
	for (unsigned i = 0; more && i < BATCHES_MAX; i++)
		more = dispatcher_batch(w, source, 0, &count) == HF_OK && count > 0;
	end(w, source);
	return more;
}

/* --- The thread ------------------------------------------------------------------------------- */

static void pause_after(struct hf__watch *w)
{
	struct hf__watch_wait wait;
	if (hf__watch_enter(w, NULL) != HF_OK)
		return;
	hf__watch_begin(&wait, &w->durable, RETRY_US);
	if (!hf__watch_closed(w))
		(void)hf__watch_sleep(&wait);
	hf__watch_end(&wait);
	hf__watch_leave(w);
}

static void *thread_main(void *arg)
{
	struct hf__watch *w = arg;
	int rc = HF_OK;
	hf__thread_name("hf-dispatch");
	while (rc != HF_ECANCELED && rc != HF_EFAILED && !hf__watch_closed(w)) {
		const uint32_t seen = atomic_load(&w->dispatcher.wanted);
		struct hf_feed *source;
		size_t count;
		(void)begin(w, &source); /* no other thread dispatches */
		rc = source ? dispatcher_batch(w, source, -1, &count) : HF_OK;
		end(w, source);
		if (!source && !hf__watch_closed(w))
			hf__futex_wait(&w->dispatcher.wanted, seen);
		else if (rc != HF_OK && rc != HF_ECANCELED && rc != HF_EFAILED)
			pause_after(w);
	}
	return NULL;
}

static void wake_thread(struct hf__watch *w)
{
	(void)atomic_fetch_add(&w->dispatcher.wanted, 1);
	hf__futex_wake(&w->dispatcher.wanted, INT_MAX);
}

int hf__dispatcher_start(struct hf__watch *w)
{
	int rc = 0;
	if (w->store->options.no_background)
		return HF_OK;
	(void)pthread_mutex_lock(&w->dispatcher.lock);
	if (!w->dispatcher.thread_runs) {
		rc = hf__thread_start(&w->dispatcher.thread, thread_main, w);
		w->dispatcher.thread_runs = rc == 0;
	}
	(void)pthread_mutex_unlock(&w->dispatcher.lock);
	if (rc == 0)
		wake_thread(w);
	return rc ? HF_ENOMEM : HF_OK;
}

void hf__dispatcher_closing(struct hf__watch *w)
{
	(void)pthread_mutex_lock(&w->dispatcher.lock);
	for (struct hf_subscription *s = w->dispatcher.first; s; s = s->next)
		if (!s->callback)
			tell(w, s);
	(void)pthread_mutex_unlock(&w->dispatcher.lock);
	wake_thread(w);
}

void hf__dispatcher_stop(struct hf__watch *w)
{
	if (w->dispatcher.thread_runs)
		(void)pthread_join(w->dispatcher.thread, NULL);
	w->dispatcher.thread_runs = false;
	hf_feed_close(w->dispatcher.source);
	w->dispatcher.source = NULL;
}
