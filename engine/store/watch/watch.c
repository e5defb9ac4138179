/* See watch.h. */
#include "store/watch/watch.h"

#include <limits.h>

#include "store/commit/futex.h"
#include "store/watch/tail.h"

struct hf__watch *hf__watch_new(struct hf_store *store)
{
	struct hf__watch *w = hf__alloc(sizeof *w);
	if (!w)
		return NULL;
	w->store = store;
	atomic_init(&w->refs, 1);
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_mutex_init(&w->dispatcher.lock, NULL);
	(void)pthread_cond_init(&w->dispatcher.idle, NULL);
	return w;
}

void hf__watch_unref(struct hf__watch *w)
{
	if (atomic_fetch_sub(&w->refs, 1) > 1)
		return;
	(void)pthread_cond_destroy(&w->dispatcher.idle);
	(void)pthread_mutex_destroy(&w->dispatcher.lock);
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

void hf__watch_shut(struct hf__watch *w)
{
	(void)atomic_fetch_or(&w->inside, HF__WATCH_CLOSED);
	hf__notifier_wake(&w->durable);
}

void hf__watch_drain(struct hf__watch *w)
{
	for (uint32_t inside; (inside = atomic_load(&w->inside)) != HF__WATCH_CLOSED;)
		hf__futex_wait(&w->inside, inside);
	/* Their seam goes with the store. No call uses them any more, but they may be freed
	 * meanwhile. */
	(void)pthread_mutex_lock(&w->lock);
	while (w->tails)
		unlist(w, w->tails);
	(void)pthread_mutex_unlock(&w->lock);
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

void hf__watch_advanced(struct hf_store *s, const struct hf__flush_end *end)
{
	if (end->sync || atomic_load(&s->fault)) /* after a failure too: nothing more is under way */
		hf__notifier_wake(&s->watch->durable);
}

void hf__watch_failed(struct hf_store *s)
{
	hf__notifier_wake(&s->watch->durable);
}
