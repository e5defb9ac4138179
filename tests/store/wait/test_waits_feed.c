/* tier: fast */
/* Feeds that are waited for without a thread: a wait ends when there is something to read, and
 * nothing moves until it is taken. And what ten thousand waits of one thread cost. */
#include "base/mem.h"
#include "waits_case.h"

static hf_feed *the_feed(void)
{
	hf_feed *feed;
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(store, &info, &error), HF_OK);
	assert_int_equal(hf_feed_open(store, info.last_lsn + 1, &feed, &error), HF_OK);
	return feed;
}

static hf_wait *read_later(hf_feed *feed, int64_t wait_us)
{
	hf_wait *wait;
	assert_int_equal(hf_feed_next_start(feed, 0, wait_us, &wait, &error), HF_OK);
	return wait;
}

/* Takes and frees it: the code, and how many entries. */
static int take_events(hf_wait *wait, size_t count)
{
	struct hf_event_batch batch = {0};
	const int rc = hf_feed_next_take(wait, &batch, &error);
	assert_int_equal(batch.count, count);
	hf_release(batch.memory);
	hf_wait_free(wait);
	return rc;
}

static int advance(int64_t sequence, struct hf_ticket *ticket)
{
	const struct hf_cursor_advance_args args = {.write.ticket = ticket,
	                                            .key = {hf_str("c"), hf_str("s"), hf_str("")},
	                                            .sequence = sequence};
	return hf_cursor_advance(store, NULL, &args, NULL, &error);
}

static void it_ends_with_what_is_durable(void **state)
{
	(void)state;
	struct hf_ticket ticket;
	begin();
	assert_int_equal(advance(1, NULL), HF_OK);
	hf_feed *feed = the_feed();
	hf_wait *wait = read_later(feed, -1), *second;
	assert_int_equal(hf_feed_next_start(feed, 0, -1, &second, &error), HF_EINVAL);
	assert_int_equal(advance(2, &ticket), HF_OK);
	assert_false(ended(wait));
	assert_int_equal(hf_flush(store, &error), HF_OK);
	assert_true(ended(wait));
	assert_int_equal(advance(3, NULL), HF_OK);
	assert_int_equal(take_events(wait, 2), HF_OK);
	wait = read_later(feed, SECOND);
	pass_time(2 * SECOND);
	assert_int_equal(take_events(wait, 0), HF_OK); /* its time was over */
	assert_int_equal(take_events(read_later(feed, 0), 0), HF_OK);
	hf_feed_close(feed);
	end();
}

static hf_feed *feed_from_the_oldest(void)
{
	hf_feed *feed;
	assert_int_equal(hf_feed_open(store, 0, &feed, &error), HF_OK);
	return feed;
}

/* A loop that reads again and again must sleep meanwhile. */
static void without_an_entry_to_give_it_goes_on(void **state)
{
	(void)state;
	begin();
	hf_feed *feed = feed_from_the_oldest();
	hf_wait *wait = read_later(feed, -1);
	assert_false(ended(wait)); /* the store has none */
	assert_int_equal(hf_flush(store, &error), HF_OK);
	assert_false(ended(wait));
	assert_int_equal(advance(1, NULL), HF_OK);
	assert_true(ended(wait));
	assert_int_equal(take_events(wait, 1), HF_OK);
	hf_feed_close(feed);
	end();
}

static void what_is_cancelled_stays_to_be_read(void **state)
{
	(void)state;
	begin();
	assert_int_equal(advance(1, NULL), HF_OK);
	hf_feed *feed = the_feed();
	hf_wait *wait = read_later(feed, -1);
	cancel(wait);
	assert_int_equal(take_events(wait, 0), HF_ECANCELED);
	wait = read_later(feed, -1);
	assert_int_equal(advance(2, NULL), HF_OK);
	assert_true(ended(wait));
	hf_wait_free(wait); /* told, not taken */
	assert_int_equal(take_events(read_later(feed, -1), 1), HF_OK);
	hf_feed_close(feed);
	end();
}

static void its_feed_and_its_store_may_end_before_it(void **state)
{
	(void)state;
	begin();
	assert_int_equal(advance(1, NULL), HF_OK);
	hf_feed *feed = the_feed();
	hf_wait *wait = read_later(feed, -1);
	hf_feed_wake(feed);
	assert_true(ended(wait));
	assert_int_equal(take_events(wait, 0), HF_ECANCELED);
	wait = read_later(feed, -1);
	hf_feed_close(feed);
	assert_true(ended(wait));
	assert_int_equal(take_events(wait, 0), HF_ECANCELED);
	feed = the_feed();
	wait = read_later(feed, -1);
	assert_int_equal(hf_close(store, &error), HF_OK);
	hf_feed_close(feed);
	assert_int_equal(take_events(wait, 0), HF_ECANCELED);
	open_again(true);
	feed = the_feed();
	wait = read_later(feed, -1);
	assert_int_equal(hf_close(store, &error), HF_OK);
	assert_int_equal(take_events(wait, 0), HF_ECANCELED);
	hf_feed_close(feed);
	sim_free(sim);
}

static void a_store_that_failed_ends_it(void **state)
{
	(void)state;
	begin();
	assert_int_equal(advance(1, NULL), HF_OK);
	hf_feed *feed = the_feed();
	hf_wait *wait = read_later(feed, -1);
	sim_add_fault(sim, (struct sim_fault){.kinds = SIM_SYNC, .error = 5, .persistent = true});
	assert_int_equal(advance(2, NULL), HF_EUNCERTAIN);
	assert_true(ended(wait));
	assert_int_equal(take_events(wait, 0), HF_EFAILED);
	hf_feed_close(feed);
	assert_int_equal(hf_close(store, NULL), HF_EFAILED);
	sim_free(sim);
}

static void readers_of_files_are_refused(void **state)
{
	(void)state;
	begin();
	hf_store *reader;
	hf_feed *feed;
	hf_wait *wait;
	assert_int_equal(advance(1, NULL), HF_OK);
	assert_int_equal(
	    hf__store_open_read(sim_opener(sim, 1), hf__all_domains(), NULL, &reader, &error), HF_OK);
	assert_int_equal(hf_feed_open(reader, 0, &feed, &error), HF_OK);
	assert_int_equal(hf_feed_next_start(feed, 0, -1, &wait, &error), HF_EREADONLY);
	assert_null(wait);
	const struct hf_lock_acquire_args args = {.name = hf_str("l"), .owner = hf_str("o")};
	assert_int_equal(hf_lock_acquire_start(reader, &args, &wait, &error), HF_EREADONLY);
	hf_feed_close(feed);
	assert_int_equal(hf_close(reader, NULL), HF_OK);
	end();
}

/* --- Many ------------------------------------------------------------------------------------- */

enum { MANY = 10000, BYTES_EACH = 2500 };

static void ten_thousand_waits_of_one_thread(void **state)
{
	(void)state;
	static hf_wait *waits[MANY], *told[MANY];
	size_t count = 0;
	begin();
	const size_t before = hf__mem_used();
	for (unsigned i = 0; i < MANY; i++)
		waits[i] = claim_for(i % 3 ? (int64_t)(1 + i % 7) * SECOND : -1, SECOND * 600);
	const size_t each = (hf__mem_used() - before) / MANY;
	printf("figure: a wait takes %zu bytes\n", each);
	assert_true(each < BYTES_EACH);
	enqueue("a");
	serve();
	assert_int_equal(take_item(waits[0], "a"), HF_OK);
	for (unsigned i = 1; i < MANY; i += 10)
		cancel(waits[i]);
	for (unsigned i = 0; i < 8; i++)
		pass_time(SECOND);
	assert_int_equal(hf_waits_ended(store, told, MANY, &count, &error), HF_OK);
	for (unsigned i = 1; i < MANY; i++) {
		assert_int_equal(ended(waits[i]), i % 3 || i % 10 == 1);
		count -= ended(waits[i]);
		hf_wait_free(waits[i]);
	}
	assert_int_equal(count, 0);
	assert_int_equal(store->waits.waiting, 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_ends_with_what_is_durable),
	    cmocka_unit_test(without_an_entry_to_give_it_goes_on),
	    cmocka_unit_test(what_is_cancelled_stays_to_be_read),
	    cmocka_unit_test(its_feed_and_its_store_may_end_before_it),
	    cmocka_unit_test(a_store_that_failed_ends_it),
	    cmocka_unit_test(readers_of_files_are_refused),
	    cmocka_unit_test(ten_thousand_waits_of_one_thread),
	};
	(void)alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
