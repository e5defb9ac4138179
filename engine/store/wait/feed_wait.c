/* Waiting for a feed without a thread: the wait ends when a flush has made durable what the feed
 * has not given yet (started.c looks after each), and taking it reads. So nothing of the feed moves
 * until it is taken, and a wait that is cancelled has nothing to give back. */
#include "store/internal.h"
#include "store/wait/serve.h"
#include "store/watch/feed.h"

/* The lock is held, inside the store. */
static int attach(struct hf_store *s, struct hf_feed *feed, struct hf_wait *w, int64_t wait_us,
                  struct hf_error *error)
{
	if (feed->started)
		return hf__fail(error, HF_EINVAL, 0, "feed next: this feed is waited for already");
	const int rc = hf__wait_attach(s, w, wait_us, error);
	if (rc != HF_OK)
		return rc;
	if (!feed->home) {
		feed->home = w->home;
		(void)atomic_fetch_add(&w->home->refs, 1);
	}
	feed->started = w;
	w->feed = feed;
	w->from = feed->from > 0 ? feed->from : 1;
	return HF_OK;
}

static int start(struct hf_store *s, struct hf_feed *feed, struct hf_wait *w, int64_t wait_us,
                 struct hf_error *error)
{
	(void)pthread_mutex_lock(&s->lock);
	const int rc = attach(s, feed, w, wait_us, error);
	/* Looked at and put there in one hold of the lock, under which a flush publishes. */
	if (rc == HF_OK && (hf__feed_behind(feed) || atomic_load(&s->fault) || wait_us == 0)) {
		hf__started_end(s, w, HF_OK, NULL);
	} else if (rc == HF_OK) {
		hf__link_add(&s->started.feeds, &w->turn);
		hf__started_stand(s, w);
	}
	(void)pthread_mutex_unlock(&s->lock);
	hf__async_tell(s);
	return rc;
}

int hf_feed_next_start(hf_feed *feed, size_t limit, int64_t wait_us, hf_wait **out,
                       struct hf_error *error)
{
	HF__CALL;
	*out = NULL;
	if (wait_us < -1)
		return hf__fail(error, HF_EINVAL, 0, "wait_us must be -1, 0 or a time");
	if (!feed->watch)
		return hf__fail(error, HF_EREADONLY, 0,
		                "feed next: a feed of a directory is told nothing: use hf_feed_next");
	int rc = hf__watch_enter(feed->watch, error);
	if (rc != HF_OK)
		return rc;
	struct hf_store *s = feed->tail.store;
	rc = hf__check_writable(s, error);
	struct hf_wait *w = rc == HF_OK ? hf__started_new() : NULL;
	if (w) {
		w->limit = limit;
		rc = start(s, feed, w, wait_us, error);
	} else if (rc == HF_OK) {
		rc = hf__fail(error, HF_ENOMEM, 0, "no memory for a wait");
	}
	hf__watch_leave(feed->watch);
	if (rc == HF_OK)
		*out = w;
	else if (w)
		hf__started_unref(w);
	return rc;
}

/* *feed: what is to be read, and was entered; NULL: there is nothing to read. The lock is held. */
static int take(struct hf_store *s, struct hf_wait *w, struct hf_feed **feed,
                struct hf_error *error)
{
	const bool ended = atomic_load(&w->state) == HF__WAIT_ENDED;
	int rc = HF_OK;
	if (ended && w->feed) {
		rc = hf__feed_enter(w->feed, error);
		if (rc != HF_OK)
			return rc; /* another thread reads it: as it was */
		*feed = w->feed;
	}
	rc = hf__wait_answer(w, error);
	if (!ended)
		return rc;
	hf__started_leave_feed(w);
	if (!w->fn)
		hf__link_remove(&w->ended);
	hf__started_let_go(s, w);
	return rc;
}

int hf_feed_next_take(hf_wait *wait, struct hf_event_batch *out, struct hf_error *error)
{
	HF__CALL;
	struct hf_event_batch batch = {0};
	struct hf_feed *feed = NULL;
	int rc = hf__can_give(&hf__api_event_batch, out, error);
	if (rc == HF_OK && wait->what)
		rc = hf__fail(error, HF_EINVAL, 0, "this wait is for something else");
	if (rc == HF_OK)
		rc = hf__gate_enter(&wait->home->gate, wait->home->store, error);
	if (rc == HF_ECANCELED) {
		rc = hf__wait_answer(wait, error); /* the store is closed */
	} else if (rc == HF_OK) {
		struct hf_store *s = wait->home->store;
		(void)pthread_mutex_lock(&s->lock);
		rc = take(s, wait, &feed, error);
		(void)pthread_mutex_unlock(&s->lock);
		hf__gate_leave(&wait->home->gate);
	}
	/* Entered, it is there until it was read. */
	if (feed)
		rc = hf__feed_read_entered(feed, wait->limit, 0, &batch, error);
	hf__give(&hf__api_event_batch, out, &batch);
	return rc;
}
