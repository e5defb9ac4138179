/* tier: fast, threads */
/* Waits without a thread in the hands of a caller that keeps no order: callbacks that come late and
 * free their wait, takes that are too early and too often, odd times, clocks that are set,
 * thousands on one key, full disks, and handles that cannot wait. */
#include "base/mem.h"
#include "holdfast/clock.h"
#include "waits_case.h"

/* What takes the place of a wait in memory, and must stay as it is. */
static void *taken_over[2];
static unsigned taken_count;

static void count_and_free(void *ctx, hf_wait *wait)
{
	hf_wait_free(wait);
	void *memory = hf__alloc_raw(sizeof(struct hf_wait));
	assert_non_null(memory);
	memset(memory, 0xff, sizeof(struct hf_wait));
	taken_over[taken_count++] = memory;
	++*(unsigned *)ctx;
}

/* The store keeps nothing of a wait that was taken: the callback is the last to have it. */
static void a_callback_of_a_wait_that_was_taken_may_free_it(void **state)
{
	(void)state;
	begin();
	enqueue("a");
	unsigned called = 0;
	struct hf_result result = {0};
	struct hf_outbox_items items = {0};
	hf_wait *item = claim(), *lock = acquire("o");
	serve();
	assert_int_equal(hf_outbox_claim_next_take(item, &items, NULL, &error), HF_OK);
	assert_int_equal(hf_lock_acquire_take(lock, &result, &error), HF_OK);
	assert_int_equal(hf_wait_callback(item, count_and_free, &called, &error), HF_OK);
	assert_int_equal(hf_wait_callback(lock, count_and_free, &called, &error), HF_OK);
	assert_int_equal(called, 0);
	serve();
	assert_int_equal(called, 2);
	for (unsigned i = 0; i < 2; i++) {
		for (size_t k = 0; k < sizeof(struct hf_wait); k++)
			assert_int_equal(((const uint8_t *)taken_over[i])[k], 0xff);
		hf__free(taken_over[i]);
	}
	hf_release(items.memory);
	end();
}

/* An event loop that is set up when waits are out already. */
static void an_eventfd_that_is_made_late_is_readable(void **state)
{
	(void)state;
	begin();
	int event;
	uint64_t count = 0;
	size_t given;
	enqueue("a");
	hf_wait *wait = claim(), *told = NULL;
	serve();
	assert_true(ended(wait));
	assert_int_equal(hf_eventfd(store, &event, &error), HF_OK);
	assert_int_equal(read(event, &count, sizeof count), sizeof count);
	assert_int_equal(hf_waits_ended(store, &told, 1, &given, &error), HF_OK);
	assert_ptr_equal(told, wait);
	assert_int_equal(take_item(wait, "a"), HF_OK);
	assert_int_equal(hf_eventfd(store, &event, &error), HF_OK);
	assert_true(read(event, &count, sizeof count) < 0); /* the same one, and nothing new */
	end();
}

/* It is the parent's to be taken, whatever it says. */
static void a_forked_child_is_told_of_no_end(void **state)
{
	(void)state;
	begin();
	enqueue("a");
	hf_wait *wait = claim();
	serve();
	assert_true(ended(wait));
	sim_set_forked(sim, true);
	assert_int_equal(hf_wait_poll(wait, &error), HF_EFORK);
	assert_int_equal(hf_wait_block(wait, 0, &error), HF_EFORK);
	assert_int_equal(hf_wait_block(wait, -1, &error), HF_EFORK);
	sim_set_forked(sim, false);
	assert_int_equal(hf_wait_poll(wait, &error), HF_OK);
	assert_int_equal(take_item(wait, "a"), HF_OK);
	end();
}

static void what_is_taken_too_early_too_often_or_as_another_is_as_it_was(void **state)
{
	(void)state;
	begin();
	struct hf_outbox_items items = {0};
	struct hf_event_batch batch = {0};
	struct hf_result result = {0};
	hf_wait *wait = claim();
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(hf_outbox_claim_next_take(wait, &items, &result, &error), HF_EBLOCKED);
		assert_int_equal(hf_lock_acquire_take(wait, &result, &error), HF_EINVAL);
		assert_int_equal(hf_feed_next_take(wait, &batch, &error), HF_EINVAL);
	}
	enqueue("a");
	serve();
	assert_int_equal(hf_lock_acquire_take(wait, &result, &error), HF_EINVAL);
	assert_int_equal(hf_outbox_claim_next_take(wait, NULL, &result, &error), HF_EINVAL);
	assert_int_equal(hf_outbox_claim_next_take(wait, &items, &result, &error), HF_OK);
	assert_true(items.count == 1 && result.changed);
	struct hf_outbox_items again = {0};
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(hf_outbox_claim_next_take(wait, &again, &result, &error), HF_ENOTFOUND);
		assert_true(again.count == 0 && !result.changed);
		assert_int_equal(hf_wait_cancel(wait, &error), HF_ENOTFOUND);
	}
	hf_wait_free(wait);
	assert_item("a", HF_OUTBOX_SENDING, 0, 0);
	hf_release(items.memory);
	end();
}

static void a_wait_is_zero_a_time_or_forever(void **state)
{
	(void)state;
	static const int64_t refused[] = {-2, -1000000, INT64_MIN, INT64_MIN + 1};
	static const int64_t endless[] = {-1, INT64_MAX, INT64_MAX - 1, INT64_MAX / 1000};
	begin();
	hf_wait *wait;
	hf_feed *feed;
	assert_int_equal(hf_feed_open(store, 0, &feed, &error), HF_OK);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		const struct hf_lock_acquire_args lock = {
		    .name = hf_str("l"), .owner = hf_str("o"), .wait_us = refused[i]};
		const struct hf_outbox_claim_next_args item = {
		    .queue = hf_str("q"), .owner = hf_str("w"), .wait_us = refused[i]};
		assert_int_equal(hf_lock_acquire_start(store, &lock, &wait, &error), HF_EINVAL);
		assert_int_equal(hf_outbox_claim_next_start(store, &item, &wait, &error), HF_EINVAL);
		assert_int_equal(hf_feed_next_start(feed, 0, refused[i], &wait, &error), HF_EINVAL);
		assert_null(wait);
	}
	hf_wait *ever[4], *at_once = claim_for(0, 0);
	for (size_t i = 0; i < 4; i++)
		ever[i] = claim_for(endless[i], 0);
	assert_int_equal(hf_wait_block(ever[0], INT64_MIN, &error), HF_EINVAL);
	pass_time(1000000 * SECOND);
	assert_true(ended(at_once));
	assert_int_equal(take_item(at_once, NULL), HF_OK);
	for (size_t i = 0; i < 4; i++) {
		assert_false(ended(ever[i]));
		assert_int_equal(hf_wait_block(ever[i], 0, &error), HF_ETIMEDOUT);
		hf_wait_free(ever[i]);
	}
	hf_feed_close(feed);
	end();
}

/* What they wait for has moved with the clock: a lease, a delay. */
static void a_clock_that_is_set_back_makes_nobody_wait_longer(void **state)
{
	(void)state;
	begin();
	const struct hf_clock_set_back_args args = {.reason = hf_str("it was wrong")};
	sim_set_now(sim, NOW + 3600 * SECOND);
	hf_token token;
	hf_wait *holder = acquire("a");
	serve();
	assert_int_equal(take_lock(holder, &token), HF_OK);
	hf_wait *next = acquire("b");
	serve();
	sim_set_now(sim, NOW);
	serve();
	struct hf_result result = {0};
	assert_int_equal(hf_clock_set_back(store, NULL, &args, &result, &error), HF_OK);
	assert_true(result.changed);
	pass_time(29 * SECOND);
	assert_false(ended(next));
	pass_time(SECOND);
	assert_true(ended(next));
	assert_int_equal(take_lock(next, &token), HF_OK);
	end();
}

/* A wall that jumps ends leases early, and serves who waits for that. */
static void a_clock_that_is_set_forward_ends_what_they_wait_for(void **state)
{
	(void)state;
	begin();
	hf_token token;
	hf_wait *holder = acquire("a"), *next = acquire("b"), *late = acquire_for("c", 3600 * SECOND);
	serve();
	assert_int_equal(take_lock(holder, &token), HF_OK);
	sim_set_now(sim, NOW + 31 * SECOND);
	serve();
	assert_true(ended(next));
	/* how long a caller waits is no matter of the wall */
	sim_set_now(sim, NOW + 7200 * SECOND);
	serve();
	assert_true(ended(late));
	assert_int_equal(take_lock(next, NULL), HF_OK);
	assert_int_equal(take_lock(late, NULL), HF_OK);
	end();
}

enum { CROWD = 20000 };

static void thousands_on_one_key_leave_in_any_order(void **state)
{
	(void)state;
	static hf_wait *waits[CROWD];
	begin();
	hf_token token;
	hf_wait *holder = acquire("o");
	serve();
	assert_int_equal(take_lock(holder, &token), HF_OK);
	for (unsigned i = 0; i < CROWD; i++)
		waits[i] = acquire_for("o2", i % 3 ? -1 : (int64_t)i * SECOND + SECOND);
	for (unsigned i = 0; i < CROWD; i++) { /* all but one, from everywhere in the line */
		const unsigned at = (unsigned)((uint64_t)i * 7919 % CROWD);
		if (at == CROWD / 2)
			continue;
		if (i % 2)
			cancel(waits[at]);
		hf_wait_free(waits[at]);
	}
	serve();
	assert_false(ended(waits[CROWD / 2]));
	release_lock(token);
	serve();
	assert_int_equal(take_lock(waits[CROWD / 2], NULL), HF_OK);
	end();
}

/* What is left of a disk that is full has room for less than an entry of 500 bytes, each time for
 * another part of it. */
static void fill_but(unsigned part)
{
	static char bytes[2000];
	struct hf_outbox_enqueue_args args = {.queue = hf_str("filler"), .write.durability = HF_OS};
	int rc = HF_OK;
	sim_set_capacity(sim, sim_used(sim));
	for (unsigned i = 0; rc == HF_OK; i++) {
		char id[8];
		(void)snprintf(id, sizeof id, "%u", i);
		args.id = hf_str(id);
		args.payload = hf_bytes_of(bytes, i == 0 ? part : 450);
		rc = hf_outbox_enqueue(store, NULL, &args, NULL, &error);
	}
	assert_int_equal(rc, HF_ENOSPACE);
}

/* No room: refused, and nothing is held; or owed, and given back when there is room again. */
static void a_full_disk_loses_nothing(void **state)
{
	(void)state;
	unsigned refused = 0, owed = 0, back = 0;
	for (unsigned part = 0; part < 500; part += 20) {
		begin();
		enqueue("a");
		fill_but(part);
		hf_wait *wait = claim(), *next = NULL;
		const int served = hf_maintain(store, 0, &error);
		assert_true(served == HF_OK || served == HF_ENOSPACE);
		assert_true(ended(wait));
		struct hf_outbox_items items = {0};
		cancel(wait);
		const int rc = hf_outbox_claim_next_take(wait, &items, NULL, &error);
		assert_true(rc == HF_ENOSPACE || rc == HF_ECANCELED);
		const bool owes = !hf__link_empty(&store->started.owing);
		refused += rc == HF_ENOSPACE;
		owed += owes;
		back += rc == HF_ECANCELED && !owes;
		assert_true(items.count == 0);
		assert_item("a", owes ? HF_OUTBOX_SENDING : HF_OUTBOX_QUEUED, 0, 0);
		hf_wait_free(wait);
		sim_set_capacity(sim, 0);
		pass_time(5 * SECOND); /* that there was no room is remembered for a moment */
		assert_true(hf__link_empty(&store->started.owing));
		assert_item("a", HF_OUTBOX_QUEUED, 0, 0);
		next = claim();
		serve();
		assert_int_equal(take_item(next, "a"), HF_OK);
		end();
	}
	assert_true(refused > 0 && owed > 0 && back > 0);
}

/* Handles that no writer tells, and a store that is in memory alone. */
static void handles_that_cannot_wait_say_so(void **state)
{
	(void)state;
	begin();
	hf_txn *txn;
	size_t count;
	int event;
	hf_wait *wait = (hf_wait *)&count;
	const struct hf_lock_acquire_args lock = {.name = hf_str("l"), .owner = hf_str("o")};
	const struct hf_outbox_claim_next_args item = {.queue = hf_str("q"), .owner = hf_str("w")};
	assert_int_equal(hf_txn_begin(store, &txn, &error), HF_OK);
	hf_store *reads = hf_txn_reads(txn), *reader;
	hf_feed *feed;
	assert_int_equal(hf_lock_acquire_start(reads, &lock, &wait, &error), HF_EREADONLY);
	assert_null(wait);
	assert_int_equal(hf_outbox_claim_next_start(reads, &item, &wait, &error), HF_EREADONLY);
	assert_int_equal(hf_waits_ended(reads, &wait, 1, &count, &error), HF_EREADONLY);
	assert_int_equal(hf_eventfd(reads, &event, &error), HF_EREADONLY);
	assert_int_equal(hf_feed_open(reads, 0, &feed, &error), HF_EREADONLY);
	assert_int_equal(hf_cancel_waits(reads, &error), HF_EREADONLY);
	hf_txn_abandon(txn);
	assert_int_equal(
	    hf__store_open_read(sim_opener(sim, 1), hf__all_domains(), NULL, &reader, &error), HF_OK);
	assert_int_equal(hf_outbox_claim_next_start(reader, &item, &wait, &error), HF_EREADONLY);
	assert_null(wait);
	assert_int_equal(hf_waits_ended(reader, &wait, 1, &count, &error), HF_OK);
	assert_int_equal(count, 0);
	assert_int_equal(hf_close(reader, NULL), HF_OK);
	end();
}

static void a_store_in_memory_serves_them_with_its_threads(void **state)
{
	(void)state;
	hf_token token;
	assert_int_equal(hf_open_memory(NULL, &store, &error), HF_OK);
	hf_wait *first = acquire("o"), *second = acquire("p"), *third = acquire("q");
	assert_int_equal(hf_wait_block(first, -1, &error), HF_OK);
	assert_int_equal(take_lock(first, &token), HF_OK);
	assert_int_equal(hf_wait_block(second, 1000, &error), HF_ETIMEDOUT);
	release_lock(token);
	assert_int_equal(hf_wait_block(second, -1, &error), HF_OK);
	cancel(second);
	assert_int_equal(hf_wait_block(third, -1, &error), HF_OK);
	assert_int_equal(take_lock(second, NULL), HF_ECANCELED);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	assert_int_equal(take_lock(third, NULL), HF_ECANCELED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_callback_of_a_wait_that_was_taken_may_free_it),
	    cmocka_unit_test(an_eventfd_that_is_made_late_is_readable),
	    cmocka_unit_test(a_forked_child_is_told_of_no_end),
	    cmocka_unit_test(what_is_taken_too_early_too_often_or_as_another_is_as_it_was),
	    cmocka_unit_test(a_wait_is_zero_a_time_or_forever),
	    cmocka_unit_test(a_clock_that_is_set_back_makes_nobody_wait_longer),
	    cmocka_unit_test(a_clock_that_is_set_forward_ends_what_they_wait_for),
	    cmocka_unit_test(thousands_on_one_key_leave_in_any_order),
	    cmocka_unit_test(a_full_disk_loses_nothing),
	    cmocka_unit_test(handles_that_cannot_wait_say_so),
	    cmocka_unit_test(a_store_in_memory_serves_them_with_its_threads),
	};
	(void)alarm(60);
	return cmocka_run_group_tests_name("waits, hostile", tests, NULL, NULL);
}
