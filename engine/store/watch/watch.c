/* See watch.h. */
#include "store/watch/watch.h"

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
	return hf__gate_enter(&w->gate, w->store, error);
}

void hf__watch_leave(struct hf__watch *w)
{
	hf__gate_leave(&w->gate);
}

bool hf__watch_closed(const struct hf__watch *w)
{
	return hf__gate_is_shut(&w->gate);
}

void hf__watch_shut(struct hf__watch *w)
{
	hf__gate_shut(&w->gate);
	hf__notifier_wake(&w->durable);
}

void hf__watch_drain(struct hf__watch *w)
{
	hf__gate_drain(&w->gate);
	/* Their seam goes with the store. No call uses them any more, but they may be freed
	 * meanwhile. */
	(void)pthread_mutex_lock(&w->lock);
	while (w->tails)
		unlist(w, w->tails);
	(void)pthread_mutex_unlock(&w->lock);
}

void hf__watch_orphan(struct hf__watch *w)
{
	hf__gate_orphan(&w->gate);
}

bool hf__watch_ours(struct hf__watch *w)
{
	return hf__gate_ours(&w->gate, w->store);
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
