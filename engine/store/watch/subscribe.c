/* Subscriptions as their users see them: filter, taking, waiting, ending. What fills them is
 * watch/dispatcher.c, what they hold ring.c.
 *
 * The eventfd. It is cleared before the ring is looked at and written anew when something stays
 * in it, while the dispatcher writes after it filled: a reader that finds the ring empty is
 * notified of the next change. A notification may come late and be about what was taken already. */
#include "store/watch/subscription.h"

#include <limits.h>

#include "store/commit/futex.h"

#define RING_DEFAULT 1024u
#define RING_MAX (1u << 20)

/* --- Filter ----------------------------------------------------------------------------------- */

static int check_domain(const struct hf_store *store, const char *name, uint8_t *id)
{
	*id = 0;
	if (!name)
		return HF_OK;
	for (unsigned i = 0; i < store->domains->count; i++)
		if (strcmp(store->domains->rows[i]->name, name) == 0)
			*id = store->domains->rows[i]->id;
	return *id ? HF_OK : HF_EINVAL;
}

static int check_args(const struct hf_store *store, const struct hf_subscribe_args *args,
                      uint8_t *domain, struct hf_error *error)
{
	if (check_domain(store, args->domain, domain) != HF_OK)
		return hf__fail(error, HF_EINVAL, 0, "subscribe: there is no such domain");
	if (args->parts > 3 || (args->parts > 0 && *domain == 0))
		return hf__fail(error, HF_EINVAL, 0,
		                "subscribe: at most 3 key parts, and a domain with them");
	for (unsigned i = 0; i < args->parts; i++)
		if (!hf__key_part_ok(args->key[i], true))
			return hf__fail(error, HF_EINVAL, 0,
			                "subscribe: a key part must have at most %u bytes and no NUL",
			                HF_KEY_MAX);
	if (args->ring > RING_MAX)
		return hf__fail(error, HF_EINVAL, 0, "subscribe: a ring holds at most %u changes",
		                RING_MAX);
	return HF_OK;
}

/* --- Taking ----------------------------------------------------------------------------------- */

/* HF_OK with events, HF_ENOTFOUND without, or why not. */
static int take(struct hf_subscription *s, size_t limit, struct hf_event_batch *out,
                struct hf_error *error)
{
	const struct hf__os *os = s->watch->store->os;
	struct hf__answer answer = {.store = s->watch->store};
	int rc = HF_ENOTFOUND;
	os->event_clear(os->ctx, s->event);
	(void)pthread_mutex_lock(&s->watch->dispatcher.lock);
	const uint32_t count = limit > 0 && limit < s->count ? (uint32_t)limit : s->count;
	const struct hf_error failure = s->watch->dispatcher.failure;
	if (count > 0)
		rc = hf__ring_copy(s, count, &answer, out);
	if (rc == HF_OK)
		hf__ring_drop(s, count);
	const bool left = s->count > 0;
	(void)pthread_mutex_unlock(&s->watch->dispatcher.lock);
	/* What was cleared may have said that the store is closing. */
	if (left || failure.code != HF_OK || hf__watch_closed(s->watch))
		(void)os->event_tell(os->ctx, s->event);
	if (rc == HF_ENOMEM) {
		hf__answer_reset(&answer);
		return hf__fail(error, rc, 0, "no memory for the subscription's events");
	}
	if (rc == HF_OK || failure.code == HF_OK)
		return rc;
	if (error)
		*error = failure;
	return failure.code;
}

static int ended(struct hf_subscription *s, struct hf_error *error)
{
	if (hf__watch_closed(s->watch))
		return hf__fail(error, HF_ECANCELED, 0, "the store was closed");
	(void)pthread_mutex_lock(&s->watch->dispatcher.lock);
	const bool cancelled = s->cancelled;
	(void)pthread_mutex_unlock(&s->watch->dispatcher.lock);
	return cancelled ? hf__fail(error, HF_ECANCELED, 0, "the subscription was ended") : HF_OK;
}

static int take_or_wait(struct hf_subscription *s, size_t limit, int64_t wait_us,
                        struct hf_event_batch *out, struct hf_error *error)
{
	struct hf__watch *w = s->watch;
	struct hf__watch_wait wait;
	int rc;
	hf__watch_begin(&wait, w->store->options.no_background ? &w->durable : &s->filled, wait_us);
	for (;;) {
		const bool more = hf__dispatcher_run(w);
		rc = take(s, limit, out, error);
		if (rc != HF_ENOTFOUND)
			break;
		rc = ended(s, error);
		if (rc != HF_OK || (!more && !hf__watch_sleep(&wait)))
			break;
	}
	hf__watch_end(&wait);
	return rc;
}

static int next(hf_subscription *subscription, size_t limit, int64_t wait_us,
                struct hf_event_batch *out, struct hf_error *error)
{
	if (wait_us < -1)
		return hf__fail(error, HF_EINVAL, 0, "wait_us must be -1, 0 or a time");
	if (subscription->callback)
		return hf__fail(error, HF_EINVAL, 0, "this subscription has a callback and no ring");
	(void)atomic_fetch_add(&subscription->readers, 1);
	int rc = hf__watch_enter(subscription->watch, error);
	if (rc == HF_OK) {
		rc = take_or_wait(subscription, limit, wait_us, out, error);
		hf__watch_leave(subscription->watch);
	}
	if (atomic_fetch_sub(&subscription->readers, 1) == 1)
		hf__futex_wake(&subscription->readers, INT_MAX);
	return rc;
}

int hf_subscription_next(hf_subscription *subscription, size_t limit, int64_t wait_us,
                         struct hf_event_batch *out, struct hf_error *error)
{
	HF__CALL;
	struct hf_event_batch batch = {0};
	int rc = hf__can_give(&hf__api_event_batch, out, error);
	if (rc == HF_OK)
		rc = next(subscription, limit, wait_us, &batch, error);
	hf__give(&hf__api_event_batch, out, &batch);
	return rc;
}

int hf_subscription_eventfd(const hf_subscription *subscription)
{
	HF__CALL;
	return subscription->event;
}

/* --- Beginning -------------------------------------------------------------------------------- */

static int keep_filter(struct hf_subscription *s, const struct hf_subscribe_args *args)
{
	size_t len = 0;
	for (unsigned i = 0; i < args->parts; i++)
		len += args->key[i].len;
	s->key_text = hf__alloc(len);
	if (!s->key_text)
		return HF_ENOMEM;
	uint8_t *at = s->key_text;
	for (unsigned i = 0; i < args->parts; i++) {
		if (args->key[i].len > 0)
			memcpy(at, args->key[i].data, args->key[i].len);
		s->key[i] = hf_bytes_of(at, args->key[i].len);
		at += args->key[i].len;
	}
	s->parts = args->parts;
	return HF_OK;
}

static int make_ring(struct hf_subscription *s, const struct hf_store *store, uint32_t size,
                     struct hf_error *error)
{
	s->size = size ? size : RING_DEFAULT;
	s->slots = hf__alloc(((size_t)s->size + 1) * sizeof *s->slots);
	if (!s->slots)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for a ring");
	const int rc = store->os->event_new(store->os->ctx, &s->event);
	if (rc == 0)
		return HF_OK;
	s->event = -1;
	return hf__os_failed(error, "no eventfd could be made", rc);
}

static int make(struct hf__watch *w, const struct hf_subscribe_args *args,
                struct hf_subscription **out, struct hf_error *error)
{
	uint8_t domain = 0;
	int rc = check_args(w->store, args, &domain, error);
	if (rc != HF_OK)
		return rc;
	struct hf_subscription *s = hf__alloc(sizeof *s);
	if (!s)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for a subscription");
	s->watch = w;
	s->domain = domain;
	s->callback = args->callback;
	s->ctx = args->ctx;
	s->event = -1;
	s->event_free = w->store->os->event_free;
	(void)atomic_fetch_add(&w->refs, 1);
	rc = keep_filter(s, args);
	if (rc != HF_OK)
		(void)hf__fail(error, rc, 0, "no memory for a subscription");
	if (rc == HF_OK && !s->callback)
		rc = make_ring(s, w->store, args->ring, error);
	if (rc == HF_OK)
		*out = s;
	else
		hf__subscription_free(s);
	return rc;
}

static void enlist(struct hf__dispatcher *p, struct hf_subscription *s)
{
	s->previous = p->last;
	if (p->last)
		p->last->next = s;
	else
		p->first = s;
	p->last = s;
}

/* Into the list, with a source to be filled from: the first one brings it. */
static int join(struct hf__watch *w, struct hf_subscription *s, struct hf_error *error)
{
	struct hf_feed *source = NULL;
	const int rc = hf_feed_open(w->store, hf__durable_end(w->store) + 1, &source, error);
	if (rc != HF_OK)
		return rc;
	(void)pthread_mutex_lock(&w->dispatcher.lock);
	if (!w->dispatcher.source) {
		w->dispatcher.source = source;
		source = NULL;
	}
	/* The source began at or before this place, and what it gave was given under this lock. */
	s->from = hf__durable_end(w->store) + 1;
	enlist(&w->dispatcher, s);
	(void)pthread_mutex_unlock(&w->dispatcher.lock);
	hf_feed_close(source);
	return HF_OK;
}

int hf_subscribe(hf_store *store, const struct hf_subscribe_args *args, hf_subscription **out,
                 struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(subscribe_args, args);
	struct hf_subscription *s = NULL;
	*out = NULL;
	int rc = hf__took(&hf__api_subscribe_args, args, error);
	if (rc == HF_OK)
		rc = hf__check_writable(store, error); /* nothing else rings its bell */
	if (rc == HF_OK)
		rc = hf__watch_enter(store->watch, error);
	if (rc != HF_OK)
		return rc;
	rc = make(store->watch, args, &s, error);
	if (s) {
		rc = join(store->watch, s, error);
		if (rc != HF_OK)
			hf__subscription_free(s);
	}
	if (rc == HF_OK && hf__dispatcher_start(store->watch) != HF_OK) {
		hf_unsubscribe(s);
		rc = hf__fail(error, HF_ENOMEM, 0, "the thread for subscriptions could not be started");
	}
	if (rc == HF_OK)
		*out = s;
	hf__watch_leave(store->watch);
	return rc;
}

/* --- Ending ----------------------------------------------------------------------------------- */

/* true: it is the caller's to free. */
static bool leave(struct hf__watch *w, struct hf_subscription *s)
{
	(void)pthread_mutex_lock(&w->dispatcher.lock);
	s->cancelled = true;
	s->by_itself = s->busy && pthread_equal(w->dispatcher.runner, pthread_self());
	while (s->busy && !s->by_itself)
		(void)pthread_cond_wait(&w->dispatcher.idle, &w->dispatcher.lock);
	if (!s->by_itself)
		hf__subscription_unlink(s);
	const bool mine = !s->by_itself;
	(void)pthread_mutex_unlock(&w->dispatcher.lock);
	return mine;
}

/* One with a callback has none. It is cancelled: a caller that comes later leaves too. */
static void send_readers_away(struct hf_subscription *s)
{
	hf__notifier_wake(&s->filled);
	hf__notifier_wake(&s->watch->durable); /* with no_background they sleep there */
	for (uint32_t readers = atomic_load(&s->readers); readers > 0;
	     readers = atomic_load(&s->readers))
		hf__futex_wait(&s->readers, readers);
}

void hf_unsubscribe(hf_subscription *subscription)
{
	HF__CALL;
	if (!subscription)
		return;
	struct hf__watch *w = subscription->watch;
	const bool ours = hf__watch_ours(w); /* in a forked child no thread serves it or reads it */
	if (ours && !leave(w, subscription))
		return;
	if (ours)
		send_readers_away(subscription);
	hf__subscription_free(subscription);
}
