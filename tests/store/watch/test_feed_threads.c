/* tier: fast, threads */
/* Feeds beside writers: many at once all see the same; waiting ends when something becomes
 * durable, when the time is over and when the store is closed. And a feed from outside, which
 * knows only what the files tell, never gives more than is durable. */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "lib/churn/churn.h"
#include "lib/followed.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/check/readonly.h"
#include "store/store.h"

enum { WRITERS = 3, FEEDS = 4, WRITES = 250, SEGMENT = 16 << 10 };

static struct sim *sim;
static hf_store *store;
static atomic_uint waiting;

static void open_store(bool background)
{
	const struct hf_options options = {
	    .create = true, .no_background = !background, .segment_size = SEGMENT};
	struct hf_error error = {0};
	if (hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error) != HF_OK)
		fail_msg("open: %s", error.text);
}

static int begin(void **state)
{
	(void)state;
	sim = sim_new(sim_profile_strict(), 3);
	open_store(true);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sim_free(sim);
	return 0;
}

static int64_t milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void rest(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static void *write_some(void *arg)
{
	const unsigned writer = *(const unsigned *)arg;
	for (unsigned i = 0; i < WRITES; i++) {
		char id[24];
		snprintf(id, sizeof id, "%u-%u", writer, i);
		const struct hf_outbox_enqueue_args args = {.write.durability =
		                                                i % 3 == 0 ? HF_OS : HF_DURABLE,
		                                            .queue = hf_str("q"),
		                                            .id = hf_str(id),
		                                            .payload = hf_str("payload")};
		assert_int_equal(hf_outbox_enqueue(store, NULL, &args, NULL, NULL), HF_OK);
	}
	return NULL;
}

/* Waits for every entry up to WRITERS * WRITES; what it gave is to be dense. */
static void *follow_all(void *arg)
{
	struct followed *followed = arg;
	hf_feed *feed;
	assert_int_equal(hf_feed_open(store, 1, &feed, NULL), HF_OK);
	while (followed->count < (size_t)WRITERS * WRITES) {
		struct hf_event_batch batch = {0};
		assert_int_equal(hf_feed_next(feed, 0, -1, &batch, NULL), HF_OK);
		assert_true(batch.count > 0);
		struct hf_info info = {0};
		assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
		assert_true(batch.next <= info.durable_lsn + 1);
		followed_add(followed, &batch);
	}
	hf_feed_close(feed);
	return NULL;
}

static void many_feeds_see_the_same(void **state)
{
	(void)state;
	pthread_t writers[WRITERS], followers[FEEDS];
	static struct followed followed[FEEDS];
	unsigned numbers[WRITERS];
	memset(followed, 0, sizeof followed);
	for (unsigned i = 0; i < FEEDS; i++)
		assert_int_equal(pthread_create(&followers[i], NULL, follow_all, &followed[i]), 0);
	for (unsigned i = 0; i < WRITERS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&writers[i], NULL, write_some, &numbers[i]), 0);
	}
	for (unsigned i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_join(writers[i], NULL), 0);
	assert_int_equal(hf_sync(store, NULL), HF_OK);
	for (unsigned i = 0; i < FEEDS; i++) {
		assert_int_equal(pthread_join(followers[i], NULL), 0);
		assert_int_equal(followed[i].count, WRITERS * WRITES);
		for (size_t j = 0; j < followed[i].count; j++)
			assert_true(
			    followed[i].events[j].lsn == j + 1 &&
			    strcmp(followed[i].events[j].operation, "enqueue") == 0 &&
			    hf__bytes_equal(followed[i].events[j].key[1], followed[0].events[j].key[1]));
	}
	for (unsigned i = 0; i < FEEDS; i++)
		followed_free(&followed[i]);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

/* --- Waiting ---------------------------------------------------------------------------------- */

struct waiter {
	hf_feed *feed;
	struct hf_event_batch batch;
	int rc;
};

static void *wait_for_ever(void *arg)
{
	struct waiter *waiter = arg;
	atomic_fetch_add(&waiting, 1);
	waiter->rc = hf_feed_next(waiter->feed, 0, -1, &waiter->batch, NULL);
	return NULL;
}

static pthread_t start_waiter(struct waiter *waiter, hf_lsn from)
{
	pthread_t thread;
	assert_int_equal(hf_feed_open(store, from, &waiter->feed, NULL), HF_OK);
	atomic_store(&waiting, 0);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_ever, waiter), 0);
	while (atomic_load(&waiting) == 0)
		rest(1);
	rest(20); /* most likely it sleeps by now; if not, the test still holds */
	return thread;
}

static void advance(int64_t sequence, enum hf_durability durability)
{
	const struct hf_cursor_advance_args args = {.write.durability = durability,
	                                            .key = {hf_str("c"), hf_str("s"), hf_str("")},
	                                            .sequence = sequence,
	                                            .delivery_id = hf_str("d")};
	assert_int_equal(hf_cursor_advance(store, NULL, &args, NULL, NULL), HF_OK);
}

static void what_becomes_durable_ends_the_wait(void **state)
{
	(void)state;
	struct waiter waiter = {0};
	advance(1, HF_DURABLE);
	pthread_t thread = start_waiter(&waiter, 2);
	advance(2, HF_OS); /* handed to the kernel: not yet */
	rest(20);
	advance(3, HF_DURABLE);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(waiter.rc, HF_OK);
	assert_true(waiter.batch.count == 2 && waiter.batch.events[0].lsn == 2 &&
	            waiter.batch.events[1].lsn == 3);
	hf_release(waiter.batch.memory);
	hf_feed_close(waiter.feed);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

static void time_ends_the_wait(void **state)
{
	(void)state;
	struct hf_event_batch batch = {0};
	hf_feed *feed;
	assert_int_equal(hf_feed_open(store, 1, &feed, NULL), HF_OK);
	const int64_t began = milliseconds();
	assert_int_equal(hf_feed_next(feed, 0, 30000, &batch, NULL), HF_OK);
	assert_true(batch.count == 0 && !batch.memory && milliseconds() - began >= 29);
	hf_feed_close(feed);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

static void closing_sends_away_who_waits(void **state)
{
	(void)state;
	struct waiter waiter = {0};
	advance(1, HF_DURABLE);
	pthread_t thread = start_waiter(&waiter, 2);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(waiter.rc, HF_ECANCELED);
	assert_true(waiter.batch.count == 0 && !waiter.batch.memory);
	assert_int_equal(hf_feed_next(waiter.feed, 0, -1, &waiter.batch, NULL), HF_ECANCELED);
	hf_feed_close(waiter.feed);
	assert_int_equal(sim_broken(sim).left_open, 0);
}

static void a_fault_sends_away_who_waits(void **state)
{
	(void)state;
	struct waiter waiter = {0};
	advance(1, HF_DURABLE);
	pthread_t thread = start_waiter(&waiter, 2);
	sim_add_fault(sim, (struct sim_fault){.kinds = SIM_SYNC, .error = 5, .persistent = true});
	assert_int_equal(hf_sync(store, NULL), HF_OK); /* nothing to sync */
	const struct hf_cursor_remove_args args = {.key = {hf_str("c"), hf_str("s"), hf_str("")}};
	assert_int_equal(hf_cursor_remove(store, NULL, &args, NULL, NULL), HF_EUNCERTAIN);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(waiter.rc, HF_EFAILED);
	hf_feed_close(waiter.feed);
	assert_int_equal(hf_close(store, NULL), HF_EFAILED);
}

/* --- From outside ----------------------------------------------------------------------------- */

static hf_feed *look(hf_lsn from)
{
	struct hf_error error = {0};
	hf_feed *feed;
	if (hf__feed_look(sim_opener(sim, 1), hf__all_domains(), from, &feed, &error) != HF_OK)
		fail_msg("look: %s", error.text);
	return feed;
}

static hf_lsn durable_lsn(void)
{
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	return info.durable_lsn;
}

static void expect_same_events(const struct followed *a, const struct followed *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		assert_true(a->events[i].lsn == b->events[i].lsn &&
		            hf__bytes_equal(a->events[i].body, b->events[i].body));
}

/* Steps of all kinds of durability, closings and kills: after each it has given nothing that is
 * not durable, and at the end all that is. */
static void a_feed_from_outside_gives_what_is_durable_and_nothing_else(void **state)
{
	(void)state;
	struct followed outside = {0}, inside = {0};
	struct churn churn;
	hf_feed *looking = look(0), *feed;
	churn_init(&churn, "outside", 15, 1500);
	for (unsigned i = 1; i < 900; i++) {
		churn_step(&churn, store);
		assert_int_equal(followed_feed(&outside, looking, 0, NULL), HF_OK);
		assert_true(outside.next <= durable_lsn() + 1);
		if (i % 150 != 0)
			continue;
		if (i % 300 == 0) {
			assert_int_equal(hf_close(store, NULL), HF_OK);
		} else { /* kill -9 */
			sim_set_forked(sim, true);
			(void)hf_close(store, NULL);
			sim_set_forked(sim, false);
			sim_kill(sim);
			hf_feed_close(looking);
			looking = look(outside.next);
		}
		open_store(false);
	}
	churn_deinit(&churn);
	assert_int_equal(hf_sync(store, NULL), HF_OK);
	assert_int_equal(followed_feed(&outside, looking, 0, NULL), HF_OK);
	assert_int_equal(hf_feed_open(store, 1, &feed, NULL), HF_OK);
	assert_int_equal(followed_feed(&inside, feed, 0, NULL), HF_OK);
	assert_true(inside.count > 400);
	expect_same_events(&outside, &inside);
	hf_feed_close(feed);
	hf_feed_close(looking);
	followed_free(&outside);
	followed_free(&inside);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

static int begin_without_thread(void **state)
{
	(void)state;
	sim = sim_new(sim_profile_strict(), 3);
	open_store(false);
	return 0;
}

static void a_feed_from_outside_waits_for_what_was_not_given_out_yet(void **state)
{
	(void)state;
	struct hf_event_batch batch = {0};
	struct hf_error future = {0};
	hf_feed *feed;
	for (hf_lsn from = 2; from < 10000; from *= 7) /* never issued: refused, not skipped over */
		assert_int_equal(hf__feed_look(sim_opener(sim, 1), hf__all_domains(), from, &feed, &future),
		                 HF_EINVAL);
	assert_null(feed);
	advance(1, HF_DURABLE);
	advance(2, HF_OS);
	feed = look(3); /* what the files hold has been given out, durable or not */
	assert_int_equal(hf_sync(store, NULL), HF_OK);
	assert_int_equal(hf_feed_next(feed, 0, 0, &batch, NULL), HF_OK);
	assert_int_equal(batch.count, 0);
	advance(3, HF_DURABLE);
	assert_int_equal(hf_feed_next(feed, 0, 5000000, &batch, NULL), HF_OK);
	assert_true(batch.count == 1 && batch.events[0].lsn == 3);
	hf_release(batch.memory);
	hf_feed_close(feed);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	/* No store, no feed. */
	struct sim *empty = sim_new(sim_profile_strict(), 1);
	struct hf_error error = {0};
	assert_int_equal(hf__feed_look(sim_os(empty), hf__all_domains(), 0, &feed, &error),
	                 HF_ENOTFOUND);
	assert_null(feed);
	sim_free(empty);
}

/* The newest group is durable, and its witness was never written: the header of the group behind
 * it tells. */
static void a_group_behind_tells_what_the_witness_does_not(void **state)
{
	(void)state;
	struct hf_event_batch batch = {0};
	uint8_t old[1024];
	advance(1, HF_DURABLE);
	assert_true(sim_read_file(sim, "WITNESS", 0, old, sizeof old));
	advance(2, HF_DURABLE);
	/* its group says that 2 was durable; it reaches the file when its answer is asked for */
	advance(3, HF_OS);
	sim_write_file(sim, "WITNESS", 0, old, sizeof old);
	hf_feed *feed = look(1);
	struct followed followed = {0};
	assert_int_equal(followed_feed(&followed, feed, 0, NULL), HF_OK);
	assert_int_equal(followed.count, 2);
	followed_free(&followed);
	assert_int_equal(hf_feed_next(feed, 0, 0, &batch, NULL), HF_OK);
	assert_int_equal(batch.count, 0);
	hf_feed_close(feed);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(many_feeds_see_the_same, begin, end),
	    cmocka_unit_test_setup_teardown(what_becomes_durable_ends_the_wait, begin, end),
	    cmocka_unit_test_setup_teardown(time_ends_the_wait, begin, end),
	    cmocka_unit_test_setup_teardown(closing_sends_away_who_waits, begin, end),
	    cmocka_unit_test_setup_teardown(a_fault_sends_away_who_waits, begin, end),
	    cmocka_unit_test_setup_teardown(a_feed_from_outside_gives_what_is_durable_and_nothing_else,
	                                    begin_without_thread, end),
	    cmocka_unit_test_setup_teardown(a_feed_from_outside_waits_for_what_was_not_given_out_yet,
	                                    begin_without_thread, end),
	    cmocka_unit_test_setup_teardown(a_group_behind_tells_what_the_witness_does_not,
	                                    begin_without_thread, end),
	};
	return cmocka_run_group_tests_name("feed, threads", tests, NULL, NULL);
}
