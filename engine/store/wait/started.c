/* Waits without a thread: what the store knows of them, and where they stand. See started.h. */
#include "store/wait/started.h"

#include "store/internal.h"
#include "store/watch/feed.h"

#define SHORTEST_RETRY_US 1000
#define RETRY_OWED_NS INT64_C(1000000000)

/* --- Lists ------------------------------------------------------------------------------------ */

void hf__link_add(struct hf__link *head, struct hf__link *link)
{
	link->next = head;
	link->previous = head->previous;
	head->previous->next = link;
	head->previous = link;
}

void hf__link_remove(struct hf__link *link)
{
	if (!hf__link_in(link))
		return;
	link->next->previous = link->previous;
	link->previous->next = link->next;
	link->next = link->previous = NULL;
}

size_t hf__link_count(const struct hf__link *head)
{
	size_t count = 0;
	for (const struct hf__link *link = head->next; link != head; link = link->next)
		count++;
	return count;
}

static int64_t end_of(const struct hf__heap_node *node)
{
	const struct hf_wait *w =
	    (const void *)((const uint8_t *)node - offsetof(struct hf_wait, deadline));
	return w->waiter.until;
}

static const struct hf_wait *by_retry(const struct hf__heap_node *node)
{
	return (const void *)((const uint8_t *)node - offsetof(struct hf_wait, retry));
}

static int64_t retry_of(const struct hf__heap_node *node)
{
	return by_retry(node)->waiter.retry_at;
}

static int64_t lsn_of(const struct hf__heap_node *node)
{
	return (int64_t)by_retry(node)->ticket.changed;
}

static void heap_leave(struct hf__heap *heap, struct hf__heap_node *node)
{
	if (hf__heap_in(node))
		hf__heap_remove(heap, node);
}

/* --- Memory ----------------------------------------------------------------------------------- */

void hf__started_init(struct hf_store *s)
{
	struct hf__started *all = &s->started;
	pthread_condattr_t monotonic;
	hf__link_init(&all->all);
	hf__link_init(&all->ready);
	hf__link_init(&all->feeds);
	hf__link_init(&all->owing);
	hf__link_init(&all->ended);
	hf__link_init(&all->calls);
	all->deadlines.deadline = end_of;
	all->retries.deadline = retry_of;
	all->settling.deadline = lsn_of;
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&all->moved, &monotonic);
	(void)pthread_cond_init(&all->work, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
}

void hf__started_deinit(struct hf_store *s)
{
	(void)pthread_cond_destroy(&s->started.moved);
	(void)pthread_cond_destroy(&s->started.work);
}

void hf__started_home_unref(struct hf__wait_home *home)
{
	if (home && atomic_fetch_sub(&home->refs, 1) == 1)
		hf__free(home);
}

struct hf_wait *hf__started_new(void)
{
	struct hf_wait *w = hf__alloc(sizeof *w);
	if (!w)
		return NULL;
	atomic_init(&w->refs, 1);
	w->waiter.wakes = hf__started_woken;
	w->waiter.retry_at = w->waiter.until = INT64_MAX;
	return w;
}

int hf__started_attach(struct hf_store *s, struct hf_wait *w)
{
	struct hf__started *all = &s->started;
	if (!all->home) {
		all->home = hf__alloc(sizeof *all->home);
		if (!all->home)
			return HF_ENOMEM;
		all->home->store = s;
		atomic_init(&all->home->refs, 1);
	}
	(void)atomic_fetch_add(&all->home->refs, 1);
	w->home = all->home;
	w->answer.store = s;
	(void)atomic_fetch_add(&w->refs, 1);
	hf__link_add(&all->all, &w->all);
	return HF_OK;
}

void hf__started_drop(struct hf_wait *w)
{
	if (w->what && w->what->drop && w->args)
		w->what->drop(w->args);
}

void hf__started_unref(struct hf_wait *w)
{
	if (atomic_fetch_sub(&w->refs, 1) > 1)
		return;
	hf__started_drop(w);
	hf__arena_deinit(&w->arena);
	hf__free(w->error);
	hf__started_home_unref(w->home);
	hf__free(w);
}

void hf__started_leave_feed(struct hf_wait *w)
{
	if (w->feed)
		w->feed->started = NULL;
	w->feed = NULL;
}

static void detach(struct hf_wait *w)
{
	hf__link_remove(&w->all);
	hf__link_remove(&w->turn);
	hf__link_remove(&w->ended);
	hf__link_remove(&w->owed);
	hf__started_leave_feed(w);
	hf__started_unref(w);
}

void hf__started_let_go(struct hf_store *s, struct hf_wait *w)
{
	const int state = atomic_load(&w->state);
	(void)s;
	if (!hf__link_in(&w->all) || w->owes || w->calling)
		return;
	if (state == HF__WAIT_TAKEN ? !hf__link_in(&w->ended) : state == HF__WAIT_ENDED && w->freed)
		detach(w);
}

/* --- Standing --------------------------------------------------------------------------------- */

/* A thread is to look at the heaps again, or at those that are ready. */
static void wake_thread(struct hf_store *s)
{
	struct hf__started *all = &s->started;
	hf__wake_asleep(&all->asleep, &all->work);
	if (!all->runs && all->blocked > 0) /* a thread in hf_wait_block() does the work */
		(void)pthread_cond_broadcast(&all->moved);
}

static bool is_first(const struct hf__heap *heap, const struct hf__heap_node *node)
{
	return hf__heap_first(heap) == node;
}

void hf__started_stand(struct hf_store *s, struct hf_wait *w)
{
	struct hf__started *all = &s->started;
	bool sooner = false;
	atomic_store(&w->state, HF__WAIT_STANDS);
	if (w->waiter.until < INT64_MAX) {
		hf__heap_insert(&all->deadlines, &w->deadline);
		sooner = is_first(&all->deadlines, &w->deadline);
	}
	if (w->what && w->waiter.retry_at < INT64_MAX && hf__waiter_is_next(s, &w->waiter)) {
		/* It was just tried. What is still in its way may be no matter of time alone, such as a
		 * claim that was lost and comes back with a backoff once that is logged. */
		const int64_t soonest = hf__time_after(hf__clock(s), SHORTEST_RETRY_US);
		if (w->waiter.retry_at < soonest)
			w->waiter.retry_at = soonest;
		hf__heap_insert(&all->retries, &w->retry);
		sooner |= is_first(&all->retries, &w->retry);
	}
	if (sooner)
		wake_thread(s);
}

void hf__started_rise(struct hf_store *s, struct hf_wait *w)
{
	heap_leave(&s->started.deadlines, &w->deadline);
	if (atomic_load(&w->state) == HF__WAIT_SETTLES)
		heap_leave(&s->started.settling, &w->retry);
	else
		heap_leave(&s->started.retries, &w->retry);
	hf__link_remove(&w->turn);
}

void hf__started_woken(struct hf_store *s, struct hf__waiter *waiter)
{
	struct hf_wait *w = HF__WAIT_OF(waiter, waiter);
	w->waiter.woken = true;
	if (hf__link_in(&w->turn))
		return;
	hf__link_add(&s->started.ready, &w->turn);
	wake_thread(s);
	if (!s->started.runs && atomic_load(&s->async.event) >= 0)
		atomic_store(&s->async.owed, true); /* the host's loop is to call hf_maintain() */
}

bool hf__started_calls_for(const struct hf_store *s)
{
	const struct hf__started *all = &s->started;
	return !hf__link_empty(&all->ended) ||
	       (!all->runs && !(hf__link_empty(&all->ready) && hf__link_empty(&all->calls)));
}

int64_t hf__started_next(struct hf_store *s)
{
	const struct hf__heap_node *end = hf__heap_first(&s->started.deadlines);
	const struct hf__heap_node *retry = hf__heap_first(&s->started.retries);
	int64_t left = end ? end_of(end) - s->os->ticks(s->os->ctx) : INT64_MAX;
	if (!hf__link_empty(&s->started.owing) && left > RETRY_OWED_NS)
		left = RETRY_OWED_NS;
	if (retry) {
		const int64_t now = hf__clock(s), at = retry_of(retry);
		const uint64_t us = at > now ? (uint64_t)at - (uint64_t)now : 0;
		const int64_t ns = us > INT64_MAX / 2000 ? INT64_MAX / 2 : (int64_t)us * 1000;
		left = ns < left ? ns : left;
	}
	return left == INT64_MAX ? -1 : left > 0 ? left : 0;
}

/* --- Closing ---------------------------------------------------------------------------------- */

void hf__started_forget(struct hf_store *s, bool forked)
{
	struct hf__started *all = &s->started;
	if (!all->home)
		return;
	if (forked)
		hf__gate_orphan(&all->home->gate);
	else
		(void)pthread_mutex_lock(&s->lock);
	while (!hf__link_empty(&all->all))
		detach(HF__WAIT_OF(all->all.next, all));
	if (!forked)
		(void)pthread_mutex_unlock(&s->lock);
	hf__gate_shut(&all->home->gate);
	if (!forked)
		hf__gate_drain(&all->home->gate);
	hf__started_home_unref(all->home);
	all->home = NULL;
}
