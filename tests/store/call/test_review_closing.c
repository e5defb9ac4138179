/* tier: fast, threads */
/* Closing a store while others are inside: waiting calls, callbacks, feeds, subscriptions and
 * upkeep at once. Each moment that matters is held by the seam or by a callback until the close
 * has got as far as it can; a close that hangs ends the test by its alarm. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/internal.h"

enum { PATIENCE_S = 30, MOMENT_MS = 50 };

static struct sim *sim;
static struct hf__os seam; /* the simulated disk, with hooks */
static hf_store *store;
static struct hf_error error;
static atomic_bool closed; /* hf_close has returned */

static void rest(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Until it is set, but no longer than that. */
static bool seen_within(const atomic_bool *flag, long ms)
{
	for (; !atomic_load(flag) && ms > 0; ms--)
		rest(1);
	return atomic_load(flag);
}

static int begin(void **state)
{
	(void)state;
	const struct hf_options options = {.create = true, .segment_size = 64 << 10};
	alarm(PATIENCE_S);
	atomic_store(&closed, false);
	sim = sim_new(sim_profile_strict(), 3);
	seam = *sim_os(sim);
	return hf__store_open(&seam, hf__all_domains(), &options, &store, NULL);
}

static int end(void **state)
{
	(void)state;
	sim_free(sim);
	alarm(0);
	return 0;
}

static void close_store(void)
{
	const int rc = hf_close(store, &error);
	atomic_store(&closed, true);
	assert_int_equal(rc, HF_OK);
	assert_int_equal(sim_broken(sim).left_open, 0);
}

static void *closer(void *arg)
{
	(void)arg;
	close_store();
	return NULL;
}

static int enqueue(const char *queue, const char *id)
{
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str(queue), .id = hf_str(id), .payload = hf_str("p")};
	return hf_outbox_enqueue(store, NULL, &args, NULL, NULL);
}

static int acquire(const char *owner, int64_t lease_us, int64_t wait_us)
{
	const struct hf_lock_acquire_args args = {
	    .name = hf_str("l"), .owner = hf_str(owner), .lease_us = lease_us, .wait_us = wait_us};
	return hf_lock_acquire(store, NULL, &args, NULL, NULL);
}

static size_t waiting(void)
{
	(void)pthread_mutex_lock(&store->lock);
	const size_t count = store->waits.waiting;
	(void)pthread_mutex_unlock(&store->lock);
	return count;
}

static bool closing(void)
{
	(void)pthread_mutex_lock(&store->lock);
	const bool is = store->waits.closing || store->async.closing;
	(void)pthread_mutex_unlock(&store->lock);
	return is || hf__watch_closed(store->watch);
}

static hf_subscription *subscribe(const char *queue, hf_event_fn callback, void *ctx)
{
	const struct hf_subscribe_args args = {.domain = "outbox",
	                                       .key = {hf_str(queue)},
	                                       .parts = 1,
	                                       .ring = 8,
	                                       .callback = callback,
	                                       .ctx = ctx};
	hf_subscription *subscription;
	assert_int_equal(hf_subscribe(store, &args, &subscription, &error), HF_OK);
	return subscription;
}

/* --- Waiting calls ---------------------------------------------------------------------------- */

static void wait_for_the_lock(void *ctx, const struct hf_event *event)
{
	(void)event;
	*(int *)ctx = acquire("b", 0, -1);
}

static void a_callback_of_a_subscription_that_waits_for_a_lock_is_sent_away(void **state)
{
	(void)state;
	int rc = -1;
	assert_int_equal(acquire("a", 0, 0), HF_OK);
	hf_subscription *subscription = subscribe("q", wait_for_the_lock, &rc);
	assert_int_equal(enqueue("q", "1"), HF_OK);
	while (waiting() == 0)
		rest(1);
	close_store();
	assert_int_equal(rc, HF_ECANCELED);
	hf_unsubscribe(subscription);
}

struct run {
	atomic_bool began;
	bool closed_meanwhile;
	int rc, inside;
};

/* What runs alone may use the store to its end, whenever it got its turn. */
static void run_alone(void *ctx)
{
	struct run *run = ctx;
	atomic_store(&run->began, true);
	while (!closing())
		rest(1);
	run->closed_meanwhile = seen_within(&closed, MOMENT_MS);
	run->inside = run->closed_meanwhile ? HF_ECANCELED : enqueue("q", "inside");
}

static void *with_lock(void *arg)
{
	struct run *run = arg;
	run->rc = hf_lock_with(store, &(struct hf_lock_with_args){.name = hf_str("l"), .wait_us = -1},
	                       run_alone, run, NULL);
	return NULL;
}

static void closing_waits_for_a_call_that_waited_and_got_its_turn(void **state)
{
	(void)state;
	struct run run = {0};
	struct hf_result held = {0};
	pthread_t thread;
	const struct hf_lock_acquire_args args = {.name = hf_str("l"), .owner = hf_str("a")};
	assert_int_equal(hf_lock_acquire(store, NULL, &args, &held, &error), HF_OK);
	assert_int_equal(pthread_create(&thread, NULL, with_lock, &run), 0);
	while (waiting() == 0)
		rest(1);
	const struct hf_lock_release_args release = {.name = hf_str("l"), .token = held.token};
	assert_int_equal(hf_lock_release(store, NULL, &release, NULL, &error), HF_OK);
	while (!atomic_load(&run.began))
		rest(1);
	close_store();
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(run.rc, HF_OK);
	assert_false(run.closed_meanwhile);
	assert_int_equal(run.inside, HF_OK);
}

/* --- Upkeep ----------------------------------------------------------------------------------- */

static atomic_bool hold_write, held;

/* A write of upkeep's that takes until the thread for tickets has heard that the store is
 * closing. */
static int slow_write(void *ctx, int file, const void *data, size_t len, uint64_t at)
{
	bool yes = true;
	if (atomic_compare_exchange_strong(&hold_write, &yes, false)) {
		atomic_store(&held, true);
		while (!closing())
			rest(1);
		rest(MOMENT_MS);
	}
	return sim_os(sim)->write(ctx, file, data, len, at);
}

static void a_flush_of_upkeep_does_not_keep_the_thread_for_tickets_from_ending(void **state)
{
	(void)state;
	struct hf_ticket ticket;
	const struct hf_outbox_enqueue_args args = {
	    .write.ticket = &ticket, .queue = hf_str("q"), .id = hf_str("1")};
	atomic_store(&held, false);
	seam.write = slow_write;
	assert_int_equal(acquire("a", 1000, 0), HF_OK);
	assert_int_equal(hf_outbox_enqueue(store, NULL, &args, NULL, &error), HF_OK);
	assert_int_equal(hf_ticket_wait(store, &ticket, -1, &error), HF_OK);
	rest(MOMENT_MS); /* the witness of it is written */
	atomic_store(&hold_write, true);
	sim_advance(sim, 2000); /* the lease ends, which upkeep logs */
	assert_true(seen_within(&held, 5000));
	close_store();
}

/* --- Feeds and subscriptions ------------------------------------------------------------------ */

static atomic_bool slow_close, freed;

/* While hf_close closes the files of feeds, somebody who was sent away closes his feed. */
static int close_slowly(void *ctx, int file)
{
	bool yes = true;
	if (atomic_compare_exchange_strong(&slow_close, &yes, false))
		(void)seen_within(&freed, MOMENT_MS);
	return sim_os(sim)->close(ctx, file);
}

static void *follow_to_the_end(void *arg)
{
	hf_feed *feed = arg;
	struct hf_event_batch batch = {0};
	int rc;
	while ((rc = hf_feed_next(feed, 0, -1, &batch, NULL)) == HF_OK)
		hf_release(batch.memory);
	hf_feed_close(feed);
	atomic_store(&freed, true);
	return (void *)(intptr_t)rc;
}

static hf_feed *read_feed(hf_lsn from)
{
	hf_feed *feed;
	struct hf_event_batch batch = {0};
	assert_int_equal(hf_feed_open(store, from, &feed, &error), HF_OK);
	assert_int_equal(hf_feed_next(feed, 1, 0, &batch, &error), HF_OK);
	assert_int_equal(batch.count, 1);
	hf_release(batch.memory);
	return feed;
}

static void a_feed_may_be_closed_as_soon_as_it_says_that_the_store_was(void **state)
{
	(void)state;
	pthread_t thread;
	void *rc;
	assert_int_equal(enqueue("q", "1"), HF_OK);
	hf_feed *followed = read_feed(1), *last = read_feed(1);
	atomic_store(&freed, false);
	atomic_store(&slow_close, true);
	seam.close = close_slowly;
	assert_int_equal(pthread_create(&thread, NULL, follow_to_the_end, followed), 0);
	rest(MOMENT_MS);
	close_store();
	assert_int_equal(pthread_join(thread, &rc), 0);
	assert_int_equal((intptr_t)rc, HF_ECANCELED);
	hf_feed_close(last);
}

struct self {
	hf_subscription *subscription;
	atomic_bool known, began, ended;
};

/* Ends itself while the store is closing, as whoever has enough might. */
static void unsubscribe_at_the_end(void *ctx, const struct hf_event *event)
{
	struct self *self = ctx;
	(void)event;
	while (!atomic_load(&self->known))
		rest(1);
	atomic_store(&self->began, true);
	while (!hf__watch_closed(store->watch))
		rest(1);
	hf_unsubscribe(self->subscription);
	atomic_store(&self->ended, true);
}

static void a_callback_may_end_its_subscription_while_the_store_is_closing(void **state)
{
	(void)state;
	struct self self = {0};
	self.subscription = subscribe("q", unsubscribe_at_the_end, &self);
	atomic_store(&self.known, true);
	assert_int_equal(enqueue("q", "1"), HF_OK);
	while (!atomic_load(&self.began))
		rest(1);
	close_store();
	assert_true(atomic_load(&self.ended));
}

static void *read_to_the_end(void *arg)
{
	hf_subscription *subscription = arg;
	struct hf_event_batch batch = {0};
	int rc;
	while ((rc = hf_subscription_next(subscription, 0, -1, &batch, NULL)) == HF_OK)
		hf_release(batch.memory);
	hf_unsubscribe(subscription);
	atomic_store(&freed, true);
	return (void *)(intptr_t)rc;
}

static void hold_the_pump(void *ctx, const struct hf_event *event)
{
	(void)ctx;
	(void)event;
	atomic_store(&held, true);
	while (!hf__watch_closed(store->watch))
		rest(1);
	(void)seen_within(&freed, 1000);
}

static void a_subscription_may_be_ended_as_soon_as_it_says_that_the_store_was_closed(void **state)
{
	(void)state;
	pthread_t thread;
	void *rc;
	atomic_store(&freed, false);
	atomic_store(&held, false);
	/* The dispatcher serves the one, and would serve the other next. */
	hf_subscription *called = subscribe("q", hold_the_pump, NULL),
	                *read = subscribe("q", NULL, NULL);
	assert_int_equal(pthread_create(&thread, NULL, read_to_the_end, read), 0);
	assert_int_equal(enqueue("q", "1"), HF_OK);
	assert_true(seen_within(&held, 5000));
	close_store();
	assert_int_equal(pthread_join(thread, &rc), 0);
	assert_int_equal((intptr_t)rc, HF_ECANCELED);
	assert_true(atomic_load(&freed));
	hf_unsubscribe(called);
}

static atomic_bool clear_late;
static pthread_t closing_thread;

/* The event is cleared just after the close has told it. */
static void clear_after_closing(void *ctx, int event)
{
	bool yes = true;
	if (atomic_compare_exchange_strong(&clear_late, &yes, false)) {
		assert_int_equal(pthread_create(&closing_thread, NULL, closer, NULL), 0);
		while (!hf__watch_closed(store->watch))
			rest(1);
		rest(MOMENT_MS);
	}
	sim_os(sim)->event_clear(ctx, event);
}

static void an_event_loop_that_was_just_reading_hears_that_the_store_was_closed(void **state)
{
	(void)state;
	struct hf_event_batch batch = {0};
	hf_subscription *subscription = subscribe("q", NULL, NULL);
	struct pollfd told = {.fd = hf_subscription_eventfd(subscription), .events = POLLIN};
	seam.event_clear = clear_after_closing;
	assert_int_equal(enqueue("q", "1"), HF_OK);
	assert_int_equal(poll(&told, 1, 5000), 1);
	atomic_store(&clear_late, true);
	assert_int_equal(hf_subscription_next(subscription, 0, 0, &batch, &error), HF_OK);
	assert_int_equal(batch.count, 1);
	hf_release(batch.memory);
	assert_int_equal(poll(&told, 1, 0), 1);
	assert_int_equal(pthread_join(closing_thread, NULL), 0);
	hf_unsubscribe(subscription);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        a_callback_of_a_subscription_that_waits_for_a_lock_is_sent_away, begin, end),
	    cmocka_unit_test_setup_teardown(closing_waits_for_a_call_that_waited_and_got_its_turn,
	                                    begin, end),
	    cmocka_unit_test_setup_teardown(
	        a_flush_of_upkeep_does_not_keep_the_thread_for_tickets_from_ending, begin, end),
	    cmocka_unit_test_setup_teardown(a_feed_may_be_closed_as_soon_as_it_says_that_the_store_was,
	                                    begin, end),
	    cmocka_unit_test_setup_teardown(
	        a_callback_may_end_its_subscription_while_the_store_is_closing, begin, end),
	    cmocka_unit_test_setup_teardown(
	        a_subscription_may_be_ended_as_soon_as_it_says_that_the_store_was_closed, begin, end),
	    cmocka_unit_test_setup_teardown(
	        an_event_loop_that_was_just_reading_hears_that_the_store_was_closed, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
