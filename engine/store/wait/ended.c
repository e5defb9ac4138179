/* How waits without a thread end, and are told of.
 *
 * Happy path: a wait stands in the line of its key like a thread that sleeps there, and in the
 * heaps of what may wake it; it is tried (serve.c); what was decided settles until its ticket is
 * answered; then it has ended, and its caller is told once, by the eventfd of the store and either
 * the list of those that ended or a callback.
 *
 * Failure modes: after a fault nothing settles any more, and what does not rest on what is durable
 * ends as uncertain. A caller that frees its handle leaves the store with what is to be done, which
 * is finished without it.
 *
 * I-WAITS-1: a wait is in exactly one place: in its line, with a thread that tries it, in
 * `settling`, or ended. I-WAITS-2: what was granted is held by a wait that can be taken, or was
 * taken, or is being given back. I-WAITS-3: each is told of once, and not after it was freed.
 * I-WAITS-4: a grant is told of only when its ticket is answered. */
#include <assert.h>

#include "store/internal.h"
#include "store/watch/feed.h"

/* --- Ends ------------------------------------------------------------------------------------- */

static void tell(struct hf_store *s, struct hf_wait *w)
{
	struct hf__started *all = &s->started;
	if (all->blocked > 0)
		(void)pthread_cond_broadcast(&all->moved);
	if (w->told || w->freed)
		return;
	w->told = true; /* I-WAITS-3 */
	hf__link_add(w->fn ? &all->calls : &all->ended, &w->ended);
	if (w->fn)
		hf__wake_asleep(&s->async.asleep, &s->async.work);
	if (atomic_load(&s->async.event) >= 0)
		atomic_store(&s->async.owed, true);
}

void hf__started_end(struct hf_store *s, struct hf_wait *w, int code, const char *why)
{
	assert(atomic_load(&w->state) != HF__WAIT_TAKEN); /* I-WAITS-1 */
	assert(!why || !w->holds); /* I-WAITS-2 */
	hf__started_rise(s, w);
	hf__waiter_leave(s, &w->waiter);
	if (code != HF_OK)
		hf__started_leave_feed(w);
	w->code = code;
	w->why = why;
	atomic_store_explicit(&w->state, HF__WAIT_ENDED, memory_order_release);
	tell(s, w);
	hf__started_let_go(s, w);
}

/* Its ticket is answered. */
static void settled(struct hf_store *s, struct hf_wait *w)
{
	/* I-WAITS-4 */
	if (hf__ticket_answer(s, w->ticket) == HF_OK) {
		hf__started_end(s, w, w->code, w->why);
		return;
	}
	/* Nothing of it can be relied on, nor given back: the store has failed. */
	w->holds = false;
	hf__started_drop(w);
	hf__zero_result(&w->result);
	hf__started_end(s, w, HF_EUNCERTAIN, "the write or sync failed: reopen the store, then look");
}

void hf__started_decided(struct hf_store *s, struct hf_wait *w, int rc,
                         const struct hf_error *error)
{
	w->code = rc;
	if (rc != HF_OK)
		w->error = hf__alloc(sizeof *w->error);
	if (w->error)
		*w->error = *error;
	hf__async_hand_out(s, w->ticket);
	atomic_store(&w->state, HF__WAIT_SETTLES);
	if (hf__ticket_answer(s, w->ticket) != HF_ETIMEDOUT)
		settled(s, w);
	else
		hf__heap_insert(&s->started.settling, &w->retry);
}

void hf__started_end_all(struct hf_store *s, bool feeds_too, const char *why)
{
	struct hf__link *next;
	for (struct hf__link *link = s->started.all.next; link != &s->started.all; link = next) {
		struct hf_wait *w = HF__WAIT_OF(link, all);
		next = link->next;
		if (atomic_load(&w->state) == HF__WAIT_STANDS && (w->what || feeds_too))
			hf__started_end(s, w, HF_ECANCELED, why);
	}
}

static void settle_all(struct hf_store *s)
{
	struct hf__heap_node *node;
	while ((node = hf__heap_first(&s->started.settling)) != NULL) {
		struct hf_wait *w = HF__WAIT_OF(node, retry);
		if (hf__ticket_answer(s, w->ticket) == HF_ETIMEDOUT)
			return;
		settled(s, w);
	}
}

/* A failed store gives its feeds what was durable, and then says so: their takers find out. */
static void feeds_grew(struct hf_store *s, bool failed)
{
	const uint64_t end = hf__durable_end(s);
	struct hf__link *next;
	for (struct hf__link *link = s->started.feeds.next; link != &s->started.feeds; link = next) {
		struct hf_wait *w = HF__WAIT_OF(link, turn);
		next = link->next;
		if (failed || w->from <= end)
			hf__started_end(s, w, HF_OK, NULL);
	}
}

void hf__started_flushed(struct hf_store *s, struct hf__flush_end *end)
{
	(void)end;
	settle_all(s);
	feeds_grew(s, atomic_load(&s->fault) != 0);
}

void hf__started_failed(struct hf_store *s)
{
	if (s->flushing)
		return; /* its end will come here */
	settle_all(s);
	feeds_grew(s, true);
}

/* --- Time ------------------------------------------------------------------------------------- */

void hf__started_due(struct hf_store *s)
{
	struct hf__started *all = &s->started;
	struct hf__heap_node *node;
	if (hf__heap_first(&all->deadlines) || hf__heap_first(&all->retries)) {
		const int64_t now = hf__clock(s), ticks = s->os->ticks(s->os->ctx);
		while ((node = hf__heap_first(&all->deadlines)) &&
		       HF__WAIT_OF(node, deadline)->waiter.until <= ticks) {
			struct hf_wait *w = HF__WAIT_OF(node, deadline);
			hf__heap_remove(&all->deadlines, node);
			if (w->what)
				hf__started_woken(s, &w->waiter);
			else
				hf__started_end(s, w, HF_OK, NULL);
		}
		while ((node = hf__heap_first(&all->retries)) &&
		       HF__WAIT_OF(node, retry)->waiter.retry_at <= now) {
			hf__heap_remove(&all->retries, node);
			hf__started_woken(s, &HF__WAIT_OF(node, retry)->waiter);
		}
	}
}

/* --- Feeds ------------------------------------------------------------------------------------ */

bool hf__started_end_feed(struct hf_feed *feed, bool closing)
{
	struct hf__wait_home *home = feed->home;
	if (!home)
		return false;
	const int rc = hf__gate_enter(&home->gate, home->store, NULL);
	if (rc == HF_EFORK && feed->started && closing) /* a forked child: no other thread is there */
		hf__started_leave_feed(feed->started);
	if (rc != HF_OK)
		return false;
	struct hf_store *s = home->store;
	(void)pthread_mutex_lock(&s->lock);
	struct hf_wait *w = feed->started;
	if (w && !closing && atomic_load(&w->state) == HF__WAIT_ENDED)
		w = NULL; /* it has what it waited for */
	if (w)
		hf__started_end(s, w, HF_ECANCELED,
		                closing ? "the feed was closed" : "it was ended by hf_feed_wake");
	(void)pthread_mutex_unlock(&s->lock);
	hf__async_tell(s);
	hf__gate_leave(&home->gate);
	return w != NULL;
}

/* --- Callbacks -------------------------------------------------------------------------------- */

bool hf__started_call(struct hf_store *s)
{
	struct hf__started *all = &s->started;
	if (hf__link_empty(&all->calls))
		return false;
	struct hf_wait *w = HF__WAIT_OF(all->calls.next, ended);
	hf__link_remove(&w->ended);
	w->calling = true;
	all->caller = pthread_self();
	/* The store may keep none of its own: it was taken. The callback may free it. */
	(void)atomic_fetch_add(&w->refs, 1);
	(void)pthread_mutex_unlock(&s->lock);
	w->fn(w->ctx, w);
	(void)pthread_mutex_lock(&s->lock);
	w->calling = false;
	(void)pthread_cond_broadcast(&all->moved);
	hf__started_let_go(s, w);
	(void)pthread_mutex_unlock(&s->lock);
	hf__started_unref(w);
	(void)pthread_mutex_lock(&s->lock);
	return true;
}
