/* tier: fast, threads */
/* A feed's reader is woken from another thread, and closing a feed or a subscription that
 * another thread reads waits for it. A wait for a lock or for work is cancelled alone, beside
 * others, and never loses what it was granted. */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/check/readonly.h"
#include "store/store.h"
#include "store/watch/subscription.h"

static struct sim *sim;
static hf_store *store;
static _Atomic unsigned waiting;

static void rest(int ms)
{
	const struct timespec span = {.tv_nsec = ms * 1000000L};
	nanosleep(&span, NULL);
}

static int64_t milliseconds(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int open_store(bool background)
{
	struct hf_error error = {0};
	const struct hf_options options = {
	    .create = true, .no_background = !background, .segment_size = 16 << 10};
	sim = sim_new(sim_profile_strict(), 3);
	if (hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error) != HF_OK)
		fail_msg("open: %s", error.text);
	atomic_store(&waiting, 0);
	return 0;
}

static int begin(void **state)
{
	(void)state;
	return open_store(true);
}

static int begin_without_thread(void **state)
{
	(void)state;
	return open_store(false);
}

static int end(void **state)
{
	(void)state;
	sim_free(sim);
	return 0;
}

static void close_store(void)
{
	assert_int_equal(hf_close(store, NULL), HF_OK);
	assert_int_equal(sim_broken(sim).left_open, 0);
}

static void advance(int64_t sequence)
{
	const struct hf_cursor_advance_args args = {.key = {hf_str("c"), hf_str("s"), hf_str("")},
	                                            .sequence = sequence,
	                                            .delivery_id = hf_str("d")};
	assert_int_equal(hf_cursor_advance(store, NULL, &args, NULL, NULL), HF_OK);
}

/* --- Readers ---------------------------------------------------------------------------------- */

struct reader {
	pthread_t thread;
	hf_feed *feed;
	hf_subscription *subscription;
	int rc;
	size_t count;
};

static void *read_one(void *arg)
{
	struct reader *reader = arg;
	struct hf_event_batch batch = {0};
	(void)atomic_fetch_add(&waiting, 1);
	do /* refused while start() looks whether we are inside */
		reader->rc = reader->feed ? hf_feed_next(reader->feed, 0, -1, &batch, NULL)
		                          : hf_subscription_next(reader->subscription, 0, -1, &batch, NULL);
	while (reader->rc == HF_EINVAL);
	reader->count = batch.count;
	hf_release(batch.memory);
	return NULL;
}

/* Closing under a reader that is inside is allowed; before it has come in it is not. */
static bool is_inside(const struct reader *reader, unsigned readers)
{
	struct hf_event_batch batch = {0};
	if (reader->subscription)
		return atomic_load(&reader->subscription->readers) == readers;
	return hf_feed_next(reader->feed, 0, 0, &batch, NULL) == HF_EINVAL;
}

static void start(struct reader *reader)
{
	const unsigned before = atomic_load(&waiting);
	assert_int_equal(pthread_create(&reader->thread, NULL, read_one, reader), 0);
	while (atomic_load(&waiting) == before || !is_inside(reader, before + 1))
		rest(1);
	rest(10); /* most likely it sleeps by now; if not, the test still holds */
}

static void expect_ended(struct reader *reader, int rc, size_t count)
{
	assert_int_equal(pthread_join(reader->thread, NULL), 0);
	assert_int_equal(reader->rc, rc);
	assert_int_equal(reader->count, count);
}

static hf_feed *open_feed(bool outside, hf_lsn from)
{
	hf_feed *feed = NULL;
	const int rc = outside ? hf__feed_look(sim_opener(sim, 1), hf__all_domains(), from, &feed, NULL)
	                       : hf_feed_open(store, from, &feed, NULL);
	assert_int_equal(rc, HF_OK);
	return feed;
}

static void a_reader_is_woken_from_another_thread(void **state)
{
	(void)state;
	struct hf_event_batch batch = {0};
	for (unsigned outside = 0; outside < 2; outside++) {
		advance(1 + outside);
		struct reader reader = {.feed = open_feed(outside, 2 + outside)};
		start(&reader);
		const int64_t began = milliseconds();
		hf_feed_wake(reader.feed);
		expect_ended(&reader, HF_ECANCELED, 0);
		assert_true(milliseconds() - began < 1000);
		/* Before it waits: the next call that finds nothing. Then it is over, and the feed is
		 * where it was. */
		hf_feed_wake(reader.feed);
		assert_int_equal(hf_feed_next(reader.feed, 0, -1, &batch, NULL), HF_ECANCELED);
		assert_int_equal(hf_feed_next(reader.feed, 0, 1000, &batch, NULL), HF_OK);
		assert_true(batch.count == 0 && batch.next == 2 + outside);
		hf_feed_close(reader.feed);
	}
	close_store();
}

static void what_is_there_comes_in_spite_of_a_wake(void **state)
{
	(void)state;
	struct hf_event_batch batch = {0};
	hf_feed *feed = open_feed(false, 1);
	advance(1);
	hf_feed_wake(feed);
	assert_int_equal(hf_feed_next(feed, 0, -1, &batch, NULL), HF_OK);
	assert_int_equal(batch.count, 1);
	hf_release(batch.memory);
	assert_int_equal(hf_feed_next(feed, 0, -1, &batch, NULL), HF_ECANCELED);
	hf_feed_close(feed);
	close_store();
}

static void two_readers_of_one_feed_are_refused(void **state)
{
	(void)state;
	struct hf_event_batch batch = {0};
	struct reader reader = {.feed = open_feed(false, 1)};
	start(&reader);
	assert_int_equal(hf_feed_next(reader.feed, 0, 0, &batch, NULL), HF_EINVAL);
	hf_feed_wake(reader.feed);
	expect_ended(&reader, HF_ECANCELED, 0);
	hf_feed_close(reader.feed);
	close_store();
}

static void closing_a_feed_waits_for_its_reader(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct reader reader = {.feed = open_feed(i % 2, 1)};
		start(&reader);
		hf_feed_close(reader.feed);
		expect_ended(&reader, HF_ECANCELED, 0);
	}
	close_store();
}

static void ending_a_subscription_waits_for_its_readers(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		hf_subscription *subscription;
		assert_int_equal(hf_subscribe(store, NULL, &subscription, NULL), HF_OK);
		struct reader readers[2] = {{.subscription = subscription}, {.subscription = subscription}};
		atomic_store(&waiting, 0);
		start(&readers[0]);
		start(&readers[1]);
		hf_unsubscribe(subscription);
		expect_ended(&readers[0], HF_ECANCELED, 0);
		expect_ended(&readers[1], HF_ECANCELED, 0);
	}
	close_store();
}

/* --- Waiting calls ---------------------------------------------------------------------------- */

struct call {
	pthread_t thread;
	struct hf_cancel_flag cancel;
	const char *owner;
	bool claims; /* else it acquires */
	int rc;
	size_t got;
	hf_token token;
};

static void *make_call(void *arg)
{
	struct call *call = arg;
	struct hf_result result = {0};
	(void)atomic_fetch_add(&waiting, 1);
	if (call->claims) {
		struct hf_outbox_items out = {0};
		const struct hf_outbox_claim_next_args args = {.write.cancel = &call->cancel,
		                                               .queue = hf_str("q"),
		                                               .owner = hf_str("w"),
		                                               .wait_us = -1};
		call->rc = hf_outbox_claim_next(store, NULL, &args, &out, &result, NULL);
		call->got = out.count;
		hf_release(out.memory);
	} else {
		const struct hf_lock_acquire_args args = {.write.cancel = &call->cancel,
		                                          .name = hf_str("l"),
		                                          .owner = hf_str(call->owner),
		                                          .wait_us = -1};
		call->rc = hf_lock_acquire(store, NULL, &args, &result, NULL);
		call->token = result.token;
	}
	return NULL;
}

static void start_call(struct call *call)
{
	const unsigned before = atomic_load(&waiting);
	assert_int_equal(pthread_create(&call->thread, NULL, make_call, call), 0);
	while (atomic_load(&waiting) == before)
		rest(1);
	rest(20);
}

static hf_token hold_the_lock(void)
{
	struct hf_result result = {0};
	const struct hf_lock_acquire_args args = {.name = hf_str("l"), .owner = hf_str("first")};
	assert_int_equal(hf_lock_acquire(store, NULL, &args, &result, NULL), HF_OK);
	return result.token;
}

static void one_wait_is_cancelled_and_the_others_go_on(void **state)
{
	(void)state;
	const hf_token token = hold_the_lock();
	struct call calls[3] = {{.owner = "a"}, {.owner = "b"}, {.owner = "c"}};
	for (unsigned i = 0; i < 3; i++)
		start_call(&calls[i]);
	assert_int_equal(hf_cancel(store, &calls[0].cancel, NULL), HF_OK);
	assert_int_equal(pthread_join(calls[0].thread, NULL), 0);
	assert_true(calls[0].rc == HF_ECANCELED && calls[0].token == 0);
	/* The next in line has the lock, the last one waits on. */
	const struct hf_lock_release_args release = {.name = hf_str("l"), .token = token};
	assert_int_equal(hf_lock_release(store, NULL, &release, NULL, NULL), HF_OK);
	assert_int_equal(pthread_join(calls[1].thread, NULL), 0);
	assert_true(calls[1].rc == HF_OK && calls[1].token > token);
	/* Too late for the one, in time for the other; and for one that comes afterwards. */
	assert_int_equal(hf_cancel(store, &calls[1].cancel, NULL), HF_OK);
	assert_int_equal(hf_cancel(store, &calls[2].cancel, NULL), HF_OK);
	assert_int_equal(pthread_join(calls[2].thread, NULL), 0);
	assert_int_equal(calls[2].rc, HF_ECANCELED);
	start_call(&calls[2]);
	assert_int_equal(pthread_join(calls[2].thread, NULL), 0);
	assert_int_equal(calls[2].rc, HF_ECANCELED);
	assert_int_equal(hf_cancel(store, NULL, NULL), HF_EINVAL);
	close_store();
}

static void a_cancelled_claim_takes_nothing(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct call call = {.claims = true};
		struct hf_outbox_stats stats = {0};
		assert_int_equal(pthread_create(&call.thread, NULL, make_call, &call), 0);
		if (i % 2)
			rest(1);
		const struct hf_outbox_enqueue_args named = {.queue = hf_str("q"), .id = hf_str("item")};
		assert_int_equal(hf_outbox_enqueue(store, NULL, &named, NULL, NULL), HF_OK);
		assert_int_equal(hf_cancel(store, &call.cancel, NULL), HF_OK);
		assert_int_equal(pthread_join(call.thread, NULL), 0);
		/* It was given the item and has it, or it was not, and the item is still to be had. */
		assert_true(call.rc == (call.got ? HF_OK : HF_ECANCELED));
		assert_int_equal(hf_outbox_get_stats(store, hf_str("q"), 0, &stats, NULL), HF_OK);
		assert_true(stats.sending.items == call.got && stats.queued.items == 1 - call.got);
		const struct hf_outbox_remove_args gone = {.queue = hf_str("q"), .id = hf_str("item")};
		assert_int_equal(hf_outbox_remove(store, NULL, &gone, NULL, NULL), HF_OK);
	}
	close_store();
}

static void run_nothing(void *ctx)
{
	*(bool *)ctx = true;
}

static void waiting_to_be_alone_is_cancelled_too(void **state)
{
	(void)state;
	struct hf_cancel_flag cancel = {1};
	bool ran = false;
	(void)hold_the_lock();
	const struct hf_lock_with_args args = {.name = hf_str("l"), .wait_us = -1, .cancel = &cancel};
	assert_int_equal(hf_lock_with(store, &args, run_nothing, &ran, NULL), HF_ECANCELED);
	assert_false(ran);
	close_store();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_reader_is_woken_from_another_thread, begin, end),
	    cmocka_unit_test_setup_teardown(what_is_there_comes_in_spite_of_a_wake, begin, end),
	    cmocka_unit_test_setup_teardown(two_readers_of_one_feed_are_refused, begin, end),
	    cmocka_unit_test_setup_teardown(closing_a_feed_waits_for_its_reader, begin, end),
	    cmocka_unit_test_setup_teardown(ending_a_subscription_waits_for_its_readers, begin, end),
	    cmocka_unit_test_setup_teardown(ending_a_subscription_waits_for_its_readers,
	                                    begin_without_thread, end),
	    cmocka_unit_test_setup_teardown(one_wait_is_cancelled_and_the_others_go_on, begin, end),
	    cmocka_unit_test_setup_teardown(a_cancelled_claim_takes_nothing, begin, end),
	    cmocka_unit_test_setup_teardown(waiting_to_be_alone_is_cancelled_too, begin, end),
	};
	return cmocka_run_group_tests_name("feed, waking and cancelling", tests, NULL, NULL);
}
