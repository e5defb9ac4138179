/* The change feed: entries of the log as events, once they are durable.
 *
 * Happy path: a feed is a place in the log (tail.h) and a wish where to begin. hf_feed_next asks
 * the store how far it is durable, takes the entries up to there, lets the domain say what each
 * is about, and copies them into memory of the caller's. Without any it sleeps until a flush
 * ends (watch.h). A feed on a directory does the same with what the store's files say
 * (hf__tail_learn), looking again a few times a second.
 *
 * Failure modes: what cannot be read is reported and the feed stays where it was, so that the call
 * can be repeated; nothing is skipped. hf_close sends the waiters away.
 *
 * I-FEED-1: what a feed gave is a run of the log from where it began, without a gap and without
 * anything undurable. */
#include "store/watch/feed.h"

#include <limits.h>

#include "store/commit/futex.h"
#include "store/follow/follow.h"

#define EVENTS_MAX 1024u
#define BATCH_BYTES (1u << 20)
#define LOOKS_MAX 8u

/* --- Events ----------------------------------------------------------------------------------- */

static bool room_for_event(struct hf_feed *feed, size_t count)
{
	struct hf_event *events = hf__grown(feed->events, count, &feed->cap, sizeof *events, 16);
	feed->events = events ? events : feed->events;
	return events != NULL;
}

/* The event borrows from the copy of the body. */
static int add_event(struct hf_feed *feed, struct hf__answer *answer, const struct hf__entry *entry,
                     size_t count)
{
	struct hf__entry copy = *entry;
	if (!room_for_event(feed, count) || hf__answer_bytes(answer, entry->body, &copy.body) != HF_OK)
		return HF_ENOMEM;
	hf__event_of(feed->tail.store, &copy, &feed->events[count]);
	return HF_OK;
}

/* --- Batches ---------------------------------------------------------------------------------- */

/* What this version cannot read stays where it is: the next call says so again. */
static int take_entry(struct hf_feed *feed, uint64_t limit, struct hf__entry *out,
                      struct hf_error *error)
{
	for (;;) {
		int rc = HF_OK;
		while (!feed->has_waiting && rc == HF_OK) {
			rc = hf__tail_next(&feed->tail, limit, feed->from, &feed->waiting, error);
			/* until it is in a batch that was given */
			feed->has_waiting = rc == HF_OK && feed->waiting.lsn >= feed->from;
		}
		*out = feed->waiting;
		if (rc == HF_OK)
			rc = hf__event_readable(feed->tail.store, out, error);
		if (rc != HF_ENOTFOUND || !feed->has_waiting)
			return rc;
		feed->has_waiting = false;
	}
}

/* Fills the scratch with what there is. HF_OK with at least one, HF_ENOTFOUND, or why not. A
 * failure behind the first entry comes with the next call. */
static int gather(struct hf_feed *feed, struct hf__answer *answer, size_t max, uint64_t limit,
                  size_t *count, struct hf_error *error)
{
	size_t bytes = 0;
	struct hf__entry entry;
	for (*count = 0; *count < max; (*count)++) {
		int rc = take_entry(feed, limit, &entry, *count == 0 ? error : NULL);
		if (rc == HF_OK && *count > 0 && bytes + entry.body.len > BATCH_BYTES)
			return HF_OK;
		if (rc == HF_OK && add_event(feed, answer, &entry, *count) != HF_OK)
			rc = hf__fail(*count == 0 ? error : NULL, HF_ENOMEM, 0,
			              "no memory for the feed's events");
		if (rc != HF_OK)
			return *count > 0 ? HF_OK : rc;
		bytes += entry.body.len;
		feed->has_waiting = false;
	}
	return HF_OK;
}

/* Without memory the entries are not given; the feed finds its place anew. */
static int give_batch(struct hf_feed *feed, struct hf__answer *answer, size_t count,
                      struct hf_event_batch *out, struct hf_error *error)
{
	struct hf_event *events = hf__arena_copy(&answer->memory, feed->events, count * sizeof *events);
	const uint64_t last = feed->events[count - 1].lsn;
	if (events)
		out->memory = hf__answer_give(answer);
	if (!out->memory) {
		feed->astray = true;
		return hf__fail(error, HF_ENOMEM, 0, "no memory for the feed's events");
	}
	out->events = events;
	out->count = count;
	atomic_store(&feed->from, out->next = last + 1);
	return HF_OK;
}

/* --- What is durable -------------------------------------------------------------------------- */

bool hf__feed_behind(const struct hf_feed *feed)
{
	return (feed->from > 0 ? feed->from : 1) <= hf__durable_end(feed->tail.store);
}

/* Of a read-only handle, which may have gone to another store. */
static int check_place(const struct hf_feed *feed, struct hf_error *error)
{
	if (feed->places == hf__follow_places(feed->tail.store))
		return HF_OK;
	return hf__fail(error, HF_EGONE, 0, "another store lies where this one was: open a new feed");
}

static int find_limit(struct hf_feed *feed, uint64_t *limit, struct hf_error *error)
{
	if (feed->watch) {
		*limit = hf__durable_end(feed->tail.store);
		return check_place(feed, error);
	}
	/* It reads, and what waits lies in what was read. */
	const int rc = feed->has_waiting ? HF_OK : hf__tail_learn(&feed->tail, &feed->known, error);
	*limit = feed->known;
	return rc;
}

static int find_place(struct hf_feed *feed, uint64_t limit, struct hf_error *error)
{
	feed->has_waiting = false;
	const int rc = hf__tail_seek(&feed->tail, feed->from, limit, error);
	feed->astray = rc != HF_OK;
	return rc;
}

/* HF_ENOTFOUND: nothing is there yet. */
static int next_batch(struct hf_feed *feed, size_t max, struct hf_event_batch *out,
                      struct hf_error *error)
{
	struct hf__answer answer = {.store = feed->tail.store};
	uint64_t limit = 0;
	size_t count = 0;
	int rc = find_limit(feed, &limit, error);
	if (rc == HF_OK && feed->astray)
		rc = find_place(feed, limit, error);
	if (rc == HF_OK)
		rc = gather(feed, &answer, max, limit, &count, error);
	if (rc == HF_ENOTFOUND && feed->watch && feed->from <= limit)
		atomic_store(&feed->from, limit + 1); /* what lies up to there is not for feeds */
	if (rc == HF_OK)
		rc = give_batch(feed, &answer, count, out, error);
	if (rc != HF_OK)
		hf__answer_reset(&answer);
	return rc;
}

/* A read-only handle is brought up to date, and not loaded anew meanwhile. While another writes and
 * removes segments, what is known, a listing, and the files that a seam keeps are not of one
 * moment: so the place is looked for anew before that is called damage. */
static int try_next(struct hf_feed *feed, size_t max, struct hf_event_batch *out,
                    struct hf_error *error)
{
	struct hf_store *s = feed->tail.store;
	const bool beside = s->follow || !feed->watch; /* another writer may be there */
	int rc = HF_OK;
	for (unsigned i = 0; i < LOOKS_MAX; i++) {
		rc = hf__follow_begin(s, error);
		if (rc != HF_OK)
			return rc;
		rc = next_batch(feed, max, out, error);
		const bool gone = rc == HF_ECORRUPT && beside && !hf__tail_listed(&feed->tail);
		hf__follow_end(s);
		if (rc != HF_ECORRUPT || !beside)
			return rc;
		feed->astray = true;
		if (gone)
			rc = hf__fail(error, HF_EGONE, 0, "the log does not go back so far any more");
	}
	return rc;
}

/* Is there a reason not to wait any longer? */
static int over(struct hf_feed *feed, struct hf_error *error)
{
	const struct hf_store *s = feed->tail.store;
	if (atomic_load(&feed->inside) & FEED_CLOSED)
		return hf__fail(error, HF_ECANCELED, 0, "the feed is being closed");
	if (atomic_load(&feed->woken))
		return hf__fail(error, HF_ECANCELED, 0, "the wait was ended by hf_feed_wake");
	if (!feed->watch)
		return HF_OK;
	if (hf__watch_closed(feed->watch))
		return hf__fail(error, HF_ECANCELED, 0, "the store was closed");
	/* In this order: a flush that was under way when something else failed still publishes what
	 * it made durable, and rings when it is over. */
	if (atomic_load(&s->fault) && !atomic_load(&s->flushing))
		return hf__fail(
		    error, HF_EFAILED, s->fault_errno,
		    "the store failed earlier: nothing more becomes durable; close and reopen it");
	return HF_OK;
}

static int wait_for_next(struct hf_feed *feed, size_t max, int64_t wait_us,
                         struct hf_event_batch *out, struct hf_error *error)
{
	struct hf__watch_wait wait;
	int rc;
	hf__watch_begin(&wait, feed->watch ? &feed->watch->durable : &feed->bell, wait_us);
	wait.polls = !feed->watch || feed->tail.store->follow;
	for (;;) {
		/* Before looking: whatever was durable when the store failed is still given. */
		const int ended = over(feed, error);
		rc = try_next(feed, max, out, error);
		if (rc != HF_ENOTFOUND)
			break;
		rc = ended;
		if (rc != HF_OK || !hf__watch_sleep(&wait))
			break;
	}
	if (rc == HF_ECANCELED)
		atomic_store(&feed->woken, false);
	hf__watch_end(&wait);
	if (rc == HF_OK && out->count == 0)
		out->next = feed->from;
	return rc;
}

int hf__feed_enter(struct hf_feed *feed, struct hf_error *error)
{
	uint32_t nobody = 0;
	if (atomic_compare_exchange_strong(&feed->inside, &nobody, 1))
		return HF_OK;
	if (nobody & FEED_CLOSED)
		return hf__fail(error, HF_ECANCELED, 0, "the feed is being closed");
	return hf__fail(error, HF_EINVAL, 0, "another thread reads this feed");
}

static void feed_leave(struct hf_feed *feed)
{
	if (atomic_fetch_sub(&feed->inside, 1) == (FEED_CLOSED | 1))
		hf__futex_wake(&feed->inside, INT_MAX);
}

int hf__feed_read_entered(struct hf_feed *feed, size_t limit, int64_t wait_us,
                          struct hf_event_batch *out, struct hf_error *error)
{
	const size_t max = limit > 0 && limit < EVENTS_MAX ? limit : EVENTS_MAX;
	int rc = feed->watch ? hf__watch_enter(feed->watch, error) : HF_OK;
	if (rc == HF_OK) {
		rc = wait_for_next(feed, max, wait_us, out, error);
		if (feed->watch)
			hf__watch_leave(feed->watch);
	}
	feed_leave(feed);
	return rc;
}

static int feed_next(hf_feed *feed, size_t limit, int64_t wait_us, struct hf_event_batch *out,
                     struct hf_error *error)
{
	if (wait_us < -1)
		return hf__fail(error, HF_EINVAL, 0, "wait_us must be -1, 0 or a time");
	const int rc = hf__feed_enter(feed, error);
	return rc == HF_OK ? hf__feed_read_entered(feed, limit, wait_us, out, error) : rc;
}

int hf_feed_next(hf_feed *feed, size_t limit, int64_t wait_us, struct hf_event_batch *out,
                 struct hf_error *error)
{
	HF__CALL;
	struct hf_event_batch batch = {0};
	int rc = hf__can_give(&hf__api_event_batch, out, error);
	if (rc == HF_OK)
		rc = feed_next(feed, limit, wait_us, &batch, error);
	hf__give(&hf__api_event_batch, out, &batch);
	return rc;
}

void hf_feed_wake(hf_feed *feed)
{
	HF__CALL;
	if (hf__started_end_feed(feed, false))
		return;
	atomic_store(&feed->woken, true);
	/* The watch outlives the store while a feed refers to it. */
	hf__notifier_wake(feed->watch ? &feed->watch->durable : &feed->bell);
}

/* --- Opening and closing ---------------------------------------------------------------------- */

struct hf_feed *hf__feed_new(struct hf_store *store, uint64_t from)
{
	struct hf_feed *feed = hf__alloc(sizeof *feed);
	if (!feed)
		return NULL;
	hf__tail_init(&feed->tail, store);
	feed->from = from;
	return feed;
}

static void feed_free(struct hf_feed *feed)
{
	hf__started_home_unref(feed->home);
	hf__tail_deinit(&feed->tail);
	hf__free(feed->events);
	hf__free(feed);
}

/* May `from` be asked for, and is it where the log ends by now? Then *told says where that is,
 * if it is known. In a jump it may: what comes next follows. */
static int check_from(struct hf_store *s, uint64_t from, struct hf__log_position *told)
{
	(void)pthread_mutex_lock(&s->lock);
	const uint64_t next = s->world.next_lsn;
	*told = s->durable;
	(void)pthread_mutex_unlock(&s->lock);
	return from > next ? HF_EINVAL : HF_OK;
}

static int feed_place(struct hf_feed *feed, struct hf_error *error)
{
	struct hf_store *s = feed->tail.store;
	struct hf__log_position told;
	const uint64_t from = feed->from;
	if (check_from(s, from, &told) != HF_OK)
		return hf__fail(error, HF_EINVAL, 0,
		                "there is no entry %llu yet, nor is it the one that comes next",
		                (unsigned long long)from);
	if (told.end.segment != 0 && from > told.lsn) {
		hf__tail_put(&feed->tail, told.end, told.lsn, told.chain);
		return HF_OK;
	}
	/* The first LSN of this opening may come next while the log still ends a jump before it. */
	const uint64_t end = hf__durable_end(s);
	return hf__tail_seek(&feed->tail, from > end ? end + 1 : from, end + 1, error);
}

int hf_feed_open(hf_store *store, hf_lsn from, hf_feed **out, struct hf_error *error)
{
	HF__CALL;
	*out = NULL;
	int rc =
	    store->lent.reads_of ? hf__check_fork(store, error) : hf__watch_enter(store->watch, error);
	if (rc != HF_OK)
		return rc;
	struct hf_feed *feed = hf__feed_new(store, from);
	rc = feed ? hf__follow_begin(store, error)
	          : hf__fail(error, HF_ENOMEM, 0, "no memory for a feed");
	if (rc == HF_OK) {
		feed->places = hf__follow_places(store);
		rc = feed_place(feed, error);
		hf__follow_end(store);
	}
	if (rc == HF_OK) {
		feed->watch = store->watch;
		hf__watch_add_tail(feed->watch, &feed->tail);
		*out = feed;
	} else if (feed) {
		feed_free(feed);
	}
	hf__watch_leave(store->watch);
	return rc;
}

/* Not in a forked child, where there is none. */
static void send_reader_away(struct hf_feed *feed)
{
	uint32_t inside = atomic_fetch_or(&feed->inside, FEED_CLOSED) | FEED_CLOSED;
	hf__notifier_wake(feed->watch ? &feed->watch->durable : &feed->bell);
	for (; inside != FEED_CLOSED; inside = atomic_load(&feed->inside))
		hf__futex_wait(&feed->inside, inside);
}

void hf_feed_close(hf_feed *feed)
{
	HF__CALL;
	if (!feed)
		return;
	struct hf__watch *watch = feed->watch;
	struct hf_store *look = feed->look;
	(void)hf__started_end_feed(feed, true);
	if (watch ? hf__watch_ours(watch) : hf__check_fork(look, NULL) == HF_OK)
		send_reader_away(feed);
	/* If the store is closed it has closed the file; in a forked child the file is the parent's. */
	if (watch && hf__watch_ours(watch))
		hf__watch_drop_tail(watch, &feed->tail);
	if (watch)
		feed->tail.file = -1;
	feed_free(feed);
	if (watch)
		hf__watch_unref(watch);
	if (look)
		hf__close_look(look);
}
