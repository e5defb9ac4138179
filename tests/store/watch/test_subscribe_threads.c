/* tier: fast, threads */
/* Subscriptions with the store's own thread beside writers: nothing missing without a mark,
 * waits that end, and ends at any moment. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/store.h"

enum { WRITERS = 3, WRITES = 200, ROUNDS = 60 };

static struct sim *sim;
static hf_store *store;

static int begin_with(bool background)
{
	const struct hf_options options = {
	    .create = true, .no_background = !background, .segment_size = 64 << 10};
	sim = sim_new(sim_profile_strict(), 3);
	return hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, NULL);
}

static int begin(void **state)
{
	(void)state;
	return begin_with(true);
}

static int begin_without_thread(void **state)
{
	(void)state;
	return begin_with(false);
}

static int end(void **state)
{
	(void)state;
	sim_free(sim);
	return 0;
}

static void rest(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static void enqueue(unsigned writer, unsigned i)
{
	char id[24];
	snprintf(id, sizeof id, "%u-%u", writer, i);
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str("q"), .id = hf_str(id), .payload = hf_str("payload")};
	assert_int_equal(hf_outbox_enqueue(store, NULL, &args, NULL, NULL), HF_OK);
}

static void *write_some(void *arg)
{
	for (unsigned i = 0; i < WRITES; i++)
		enqueue(*(const unsigned *)arg, i);
	return NULL;
}

static unsigned numbers[WRITERS] = {0, 1, 2};

static void start_writers(pthread_t threads[WRITERS])
{
	for (unsigned i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_some, &numbers[i]), 0);
}

static void join_writers(pthread_t threads[WRITERS])
{
	for (unsigned i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static hf_subscription *subscribe(uint32_t ring)
{
	struct hf_error error = {0};
	hf_subscription *subscription;
	if (hf_subscribe(store, &(struct hf_subscribe_args){.ring = ring}, &subscription, &error) !=
	    HF_OK)
		fail_msg("subscribe: %s", error.text);
	return subscription;
}

struct reader {
	hf_subscription *subscription;
	bool slow;
	uint64_t told, lost;
};

/* Reads on until all WRITERS * WRITES changes, which are all there are, were told or counted as
 * lost. */
static void *read_all(void *arg)
{
	struct reader *reader = arg;
	hf_lsn next = 1;
	while (next <= (hf_lsn)WRITERS * WRITES) {
		struct hf_event_batch batch = {0};
		assert_int_equal(
		    hf_subscription_next(reader->subscription, reader->slow ? 3 : 0, -1, &batch, NULL),
		    HF_OK);
		assert_true(batch.count > 0);
		for (size_t i = 0; i < batch.count; i++) {
			assert_int_equal(batch.events[i].lsn, next);
			next += batch.events[i].lost ? batch.events[i].lost : 1;
			reader->told += batch.events[i].lost == 0;
			reader->lost += batch.events[i].lost;
		}
		hf_release(batch.memory);
		if (reader->slow)
			rest(1);
	}
	return NULL;
}

static void nothing_is_missing_without_a_mark(void **state)
{
	(void)state;
	pthread_t writers[WRITERS], threads[3];
	struct reader readers[3] = {{subscribe(4), true, 0, 0},
	                            {subscribe(WRITERS * WRITES), false, 0, 0},
	                            {subscribe(100), false, 0, 0}};
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_all, &readers[i]), 0);
	start_writers(writers);
	join_writers(writers);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(readers[i].told + readers[i].lost, WRITERS * WRITES);
		hf_unsubscribe(readers[i].subscription);
	}
	assert_true(readers[1].lost == 0 && readers[0].told > 0);
	print_message("figure: a ring of 4, read slowly: %llu told, %llu lost\n",
	              (unsigned long long)readers[0].told, (unsigned long long)readers[0].lost);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

/* --- Waiting ---------------------------------------------------------------------------------- */

struct waiter {
	hf_subscription *subscription;
	atomic_bool begun;
	int rc;
	size_t count;
};

static void *wait_for_ever(void *arg)
{
	struct waiter *waiter = arg;
	struct hf_event_batch batch = {0};
	atomic_store(&waiter->begun, true);
	waiter->rc = hf_subscription_next(waiter->subscription, 0, -1, &batch, NULL);
	waiter->count = batch.count;
	hf_release(batch.memory);
	return NULL;
}

static pthread_t start_waiter(struct waiter *waiter)
{
	pthread_t thread;
	waiter->subscription = subscribe(0);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_ever, waiter), 0);
	while (!atomic_load(&waiter->begun))
		rest(1);
	rest(20);
	return thread;
}

static void a_change_ends_the_wait(void **state)
{
	(void)state;
	struct waiter waiter = {0};
	pthread_t thread = start_waiter(&waiter);
	enqueue(0, 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(waiter.rc == HF_OK && waiter.count == 1);
	struct hf_event_batch batch = {0};
	assert_int_equal(hf_subscription_next(waiter.subscription, 0, 20000, &batch, NULL), HF_OK);
	assert_int_equal(batch.count, 0);
	hf_unsubscribe(waiter.subscription);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

static void closing_ends_the_wait(void **state)
{
	(void)state;
	struct waiter waiter = {0};
	pthread_t thread = start_waiter(&waiter);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(waiter.rc, HF_ECANCELED);
	hf_unsubscribe(waiter.subscription);
	assert_int_equal(sim_broken(sim).left_open, 0);
}

static void the_eventfd_can_be_waited_for(void **state)
{
	(void)state;
	hf_subscription *subscription = subscribe(0);
	struct pollfd fd = {.fd = hf_subscription_eventfd(subscription), .events = POLLIN};
	struct hf_event_batch batch = {0};
	for (unsigned i = 0; i < 5; i++) {
		enqueue(0, i);
		do { /* readable for nothing now and then */
			assert_int_equal(poll(&fd, 1, 5000), 1);
			assert_int_equal(hf_subscription_next(subscription, 0, 0, &batch, NULL), HF_OK);
		} while (batch.count == 0);
		assert_true(batch.count == 1 && batch.events[0].lsn == i + 1);
		hf_release(batch.memory);
	}
	hf_unsubscribe(subscription);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

/* --- Ending ----------------------------------------------------------------------------------- */

struct slow {
	atomic_uint calls;
	atomic_bool inside;
};

static void take_time(void *ctx, const struct hf_event *event)
{
	struct slow *slow = ctx;
	(void)event;
	atomic_store(&slow->inside, true);
	atomic_fetch_add(&slow->calls, 1);
	rest(30);
	atomic_store(&slow->inside, false);
}

static void a_callback_has_returned_when_its_subscription_is_ended(void **state)
{
	(void)state;
	struct slow slow = {0};
	hf_subscription *subscription;
	assert_int_equal(hf_outbox_subscribe(store, hf_str("q"), take_time, &slow, &subscription, NULL),
	                 HF_OK);
	for (unsigned i = 0; i < 3; i++)
		enqueue(0, i);
	while (!atomic_load(&slow.inside))
		rest(1);
	hf_unsubscribe(subscription);
	assert_false(atomic_load(&slow.inside));
	const unsigned calls = atomic_load(&slow.calls);
	assert_true(calls >= 1 && calls < 3);
	enqueue(0, 3);
	rest(40);
	assert_int_equal(atomic_load(&slow.calls), calls);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

static void closing_waits_for_a_callback(void **state)
{
	(void)state;
	struct slow slow = {0};
	hf_subscription *subscription;
	assert_int_equal(hf_outbox_subscribe(store, hf_str("q"), take_time, &slow, &subscription, NULL),
	                 HF_OK);
	enqueue(0, 0);
	while (!atomic_load(&slow.inside))
		rest(1);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	assert_false(atomic_load(&slow.inside));
	hf_unsubscribe(subscription);
}

static void count_calls(void *ctx, const struct hf_event *event)
{
	(void)event;
	atomic_fetch_add((atomic_uint *)ctx, 1);
}

static void *come_and_go(void *arg)
{
	atomic_uint *calls = arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct hf_event_batch batch = {0};
		hf_subscription *called, *ring = subscribe(2);
		assert_int_equal(hf_outbox_subscribe(store, hf_str("q"), count_calls, calls, &called, NULL),
		                 HF_OK);
		assert_int_equal(hf_subscription_next(ring, 1, (int64_t)(i % 3) * 1000, &batch, NULL),
		                 HF_OK);
		hf_release(batch.memory);
		if (i % 2)
			hf_unsubscribe(ring);
		hf_unsubscribe(called);
		if (i % 2 == 0)
			hf_unsubscribe(ring);
	}
	return NULL;
}

static void subscriptions_come_and_go_while_changes_come(void **state)
{
	(void)state;
	pthread_t writers[WRITERS], guests[2];
	static atomic_uint calls[2];
	start_writers(writers);
	for (unsigned i = 0; i < 2; i++) {
		atomic_store(&calls[i], 0);
		assert_int_equal(pthread_create(&guests[i], NULL, come_and_go, &calls[i]), 0);
	}
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_join(guests[i], NULL), 0);
	join_writers(writers);
	/* One more: the thread has gone to sleep without subscriptions and wakes again. */
	hf_subscription *subscription = subscribe(0);
	struct hf_event_batch batch = {0};
	enqueue(9, 0);
	assert_int_equal(hf_subscription_next(subscription, 0, -1, &batch, NULL), HF_OK);
	assert_true(batch.count == 1 && batch.events[0].lsn == WRITERS * WRITES + 1);
	hf_release(batch.memory);
	hf_unsubscribe(subscription);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(nothing_is_missing_without_a_mark, begin, end),
	    cmocka_unit_test_setup_teardown(nothing_is_missing_without_a_mark, begin_without_thread,
	                                    end),
	    cmocka_unit_test_setup_teardown(a_change_ends_the_wait, begin, end),
	    cmocka_unit_test_setup_teardown(a_change_ends_the_wait, begin_without_thread, end),
	    cmocka_unit_test_setup_teardown(closing_ends_the_wait, begin, end),
	    cmocka_unit_test_setup_teardown(closing_ends_the_wait, begin_without_thread, end),
	    cmocka_unit_test_setup_teardown(the_eventfd_can_be_waited_for, begin, end),
	    cmocka_unit_test_setup_teardown(a_callback_has_returned_when_its_subscription_is_ended,
	                                    begin, end),
	    cmocka_unit_test_setup_teardown(closing_waits_for_a_callback, begin, end),
	    cmocka_unit_test_setup_teardown(subscriptions_come_and_go_while_changes_come, begin, end),
	};
	return cmocka_run_group_tests_name("subscribe, threads", tests, NULL, NULL);
}
