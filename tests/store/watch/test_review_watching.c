/* tier: fast, threads */
/* Watching at awkward moments: hosts that dispatcher by hand beside each other, a store that
 * fails in the middle of a flush, a log that two unclean stops left with nothing in its newest
 * segment. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "holdfast/holdfast.h"
#include "lib/patient.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/internal.h"

enum { PATIENCE_S = 30, MOMENT_MS = 50 };

static struct sim *sim;
static struct hf__os seam;
static hf_store *store;
static struct hf_error error;

static void rest(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static int begin_with(bool background)
{
	const struct hf_options options = {
	    .create = true, .no_background = !background, .segment_size = 64 << 10};
	alarm(PATIENCE_S);
	sim = sim_new(sim_profile_strict(), 3);
	seam = *sim_os(sim);
	return hf__store_open(&seam, hf__all_domains(), &options, &store, NULL);
}

static int begin(void **state)
{
	(void)state;
	return begin_with(true);
}

static int begin_by_hand(void **state)
{
	(void)state;
	return begin_with(false);
}

static int end(void **state)
{
	(void)state;
	sim_free(sim);
	alarm(0);
	return 0;
}

static int enqueue(const char *queue, unsigned number)
{
	char id[16];
	snprintf(id, sizeof id, "%u", number);
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str(queue), .id = hf_str(id), .payload = hf_str("p")};
	return hf_outbox_enqueue(store, NULL, &args, NULL, NULL);
}

static hf_subscription *subscribe(const char *queue, hf_event_fn callback)
{
	const struct hf_subscribe_args args = {
	    .domain = "outbox", .key = {hf_str(queue)}, .parts = 1, .ring = 8, .callback = callback};
	hf_subscription *subscription;
	assert_int_equal(hf_subscribe(store, &args, &subscription, &error), HF_OK);
	return subscription;
}

static size_t take(hf_subscription *subscription, int64_t wait_us)
{
	struct hf_event_batch batch = {0};
	assert_int_equal(hf_subscription_next(subscription, 0, wait_us, &batch, &error), HF_OK);
	hf_release(batch.memory);
	return batch.count;
}

/* --- By hand ---------------------------------------------------------------------------------- */

/* How many batches a host's round takes at most, as watch/dispatcher.c has it. */
enum { BATCHES = 64, EVENTS = 256 };

static pthread_t other;
static unsigned calls;
static hf_subscription *wanted;

static void *take_one(void *arg)
{
	(void)arg;
	return (void *)(uintptr_t)take(wanted, -1);
}

/* Each call makes the next batch, and the last of the round what another caller waits for by
 * then. */
static void go_on(void *ctx, const struct hf_event *event)
{
	(void)ctx;
	(void)event;
	if (calls++ == 0) {
		assert_int_equal(pthread_create(&other, NULL, take_one, NULL), 0);
		rest(MOMENT_MS);
	}
	assert_int_equal(enqueue(calls < BATCHES ? "busy" : "wanted", calls), HF_OK);
	if (calls == BATCHES)
		rest(MOMENT_MS);
}

static void who_may_not_pump_hears_of_what_the_one_who_did_has_left(void **state)
{
	(void)state;
	void *count;
	calls = 0;
	hf_subscription *busy = subscribe("busy", go_on);
	wanted = subscribe("wanted", NULL);
	assert_int_equal(enqueue("busy", 0), HF_OK);
	assert_int_equal(hf_maintain(store, 0, &error), HF_OK);
	assert_int_equal(calls, BATCHES);
	assert_int_equal(pthread_join(other, &count), 0);
	assert_int_equal((uintptr_t)count, 1);
	hf_unsubscribe(busy);
	hf_unsubscribe(wanted);
	assert_int_equal(hf_close(store, &error), HF_OK);
}

/* More than one round takes, of which nothing but the last is wanted. */
static void make_a_lot(void)
{
	enum { EACH = 1000, TXNS = BATCHES * EVENTS / EACH + 1 };
	for (unsigned txn = 0; txn < TXNS; txn++) {
		hf_txn *all;
		assert_int_equal(hf_txn_begin(store, &all, &error), HF_OK);
		for (unsigned i = 0; i < EACH; i++) {
			char id[16];
			snprintf(id, sizeof id, "%u", txn * EACH + i);
			const struct hf_outbox_enqueue_args args = {.queue = hf_str("busy"), .id = hf_str(id)};
			assert_int_equal(hf_outbox_enqueue(store, all, &args, NULL, &error), HF_OK);
		}
		assert_int_equal(hf_txn_commit(all, HF_OS, &error), HF_OK);
	}
	assert_int_equal(enqueue("wanted", 1), HF_OK);
}

static void who_pumps_for_himself_looks_at_all_there_is(void **state)
{
	(void)state;
	hf_subscription *subscription = subscribe("wanted", NULL);
	make_a_lot();
	assert_int_equal(take(subscription, 0), 1);
	hf_unsubscribe(subscription);
	assert_int_equal(hf_close(store, &error), HF_OK);
}

/* --- A failure in the middle of a flush ------------------------------------------------------- */

static atomic_bool fail_meanwhile;

/* The group is synced; before that is told, something else fails the store. */
static int sync_and_fail(void *ctx, int file)
{
	bool yes = true;
	const int rc = sim_os(sim)->sync(ctx, file);
	if (rc || !atomic_compare_exchange_strong(&fail_meanwhile, &yes, false))
		return rc;
	(void)pthread_mutex_lock(&store->lock);
	hf__fault(store, EIO);
	(void)pthread_mutex_unlock(&store->lock);
	rest(MOMENT_MS);
	return 0;
}

static void commit_while_failing(void)
{
	seam.sync = sync_and_fail;
	assert_int_equal(enqueue("q", 1), HF_OK);
	atomic_store(&fail_meanwhile, true);
	assert_int_equal(enqueue("q", 2), HF_OK); /* durable: it was said */
	assert_int_equal(enqueue("q", 3), HF_EFAILED);
}

static void a_subscription_tells_what_became_durable_while_the_store_failed(void **state)
{
	(void)state;
	struct hf_event_batch batch = {0};
	size_t count = 0;
	int rc;
	hf_subscription *subscription = subscribe("q", NULL);
	commit_while_failing();
	while ((rc = hf_subscription_next(subscription, 0, -1, &batch, &error)) == HF_OK) {
		count += batch.count;
		hf_release(batch.memory);
	}
	assert_int_equal(rc, HF_EFAILED);
	assert_int_equal(count, 2);
	hf_unsubscribe(subscription);
	assert_int_equal(hf_close(store, &error), HF_EFAILED);
}

struct follower {
	hf_feed *feed;
	size_t count;
	int rc;
};

static void *follow(void *arg)
{
	struct follower *follower = arg;
	struct hf_event_batch batch = {0};
	while ((follower->rc = hf_feed_next(follower->feed, 0, -1, &batch, NULL)) == HF_OK) {
		follower->count += batch.count;
		hf_release(batch.memory);
	}
	return NULL;
}

static void a_feed_gives_what_became_durable_while_the_store_failed(void **state)
{
	(void)state;
	struct follower follower = {0};
	pthread_t thread;
	assert_int_equal(hf_feed_open(store, 1, &follower.feed, &error), HF_OK);
	assert_int_equal(pthread_create(&thread, NULL, follow, &follower), 0);
	rest(MOMENT_MS);
	commit_while_failing();
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(follower.rc, HF_EFAILED);
	assert_int_equal(follower.count, 2);
	hf_feed_close(follower.feed);
	assert_int_equal(hf_close(store, &error), HF_EFAILED);
}

/* --- A segment with nothing in it ------------------------------------------------------------- */

static size_t drain(hf_feed *feed)
{
	struct hf_event_batch batch = {0};
	size_t count = 0;
	do {
		assert_int_equal(hf_feed_next(feed, 0, 0, &batch, &error), HF_OK);
		count += batch.count;
		hf_release(batch.memory);
	} while (batch.count > 0);
	return count;
}

/* Stops uncleanly, and again in the nth write of the first commit after it, of which no more
 * than a segment's header stays. */
static struct patient *stopped_twice(size_t puts, uint64_t nth)
{
	struct sim_profile profile = sim_profile_strict();
	profile.m8_short_write = true;
	struct patient *p = patient_new(profile, 0);
	patient_puts(p, puts);
	patient_kill(p);
	patient_reopen(p);
	sim_add_fault(p->sim, (struct sim_fault){.kinds = SIM_WRITE,
	                                         .name = "segment-",
	                                         .nth = nth,
	                                         .error = EIO,
	                                         .prefix = HF__SEGMENT_HEADER_SIZE});
	const int rc = patient_put(p);
	assert_true(rc == HF_OK || rc == HF_EIO || rc == HF_EUNCERTAIN);
	patient_kill(p);
	sim_clear_faults(p->sim);
	patient_reopen(p);
	return p;
}

static void follow_past_it(struct patient *p)
{
	hf_feed *feed, *next;
	const size_t puts = p->puts;
	assert_int_equal(hf_feed_open(p->store, 1, &feed, &error), HF_OK);
	assert_int_equal(hf_feed_open(p->store, p->lsn[puts - 1] + 1, &next, &error), HF_OK);
	assert_int_equal(drain(feed), puts);
	assert_int_equal(drain(next), 0);
	patient_puts(p, 2);
	assert_int_equal(drain(feed), 2);
	assert_int_equal(drain(next), 2);
	hf_feed_close(feed);
	hf_feed_close(next);
}

static void a_feed_passes_a_segment_that_a_second_crash_left_empty(void **state)
{
	(void)state;
	unsigned empty = 0;
	for (uint64_t nth = 1; nth <= 12; nth++) {
		struct patient *p = stopped_twice(3, nth);
		empty += patient_info(p).segment > 1 &&
		         patient_info(p).segment_offset == HF__SEGMENT_HEADER_SIZE;
		follow_past_it(p);
		patient_close(p);
		patient_free(p);
	}
	assert_int_equal(empty, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(who_may_not_pump_hears_of_what_the_one_who_did_has_left,
	                                    begin_by_hand, end),
	    cmocka_unit_test_setup_teardown(who_pumps_for_himself_looks_at_all_there_is, begin_by_hand,
	                                    end),
	    cmocka_unit_test_setup_teardown(
	        a_subscription_tells_what_became_durable_while_the_store_failed, begin, end),
	    cmocka_unit_test_setup_teardown(a_feed_gives_what_became_durable_while_the_store_failed,
	                                    begin, end),
	    cmocka_unit_test(a_feed_passes_a_segment_that_a_second_crash_left_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
