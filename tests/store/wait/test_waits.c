/* tier: fast */
/* Waits without a thread: what they get, in which order, and what cancelling answers and leaves in
 * each of their states (docs/interface/waits.md). One thread does everything. */
#include "store/wait/serve.h"
#include "waits_case.h"

/* --- What they get ---------------------------------------------------------------------------- */

static void what_is_there_is_had_once_it_is_durable(void **state)
{
	(void)state;
	begin();
	enqueue("a");
	hf_wait *item = claim(), *lock = acquire("o");
	hf_token token;
	assert_false(ended(item) || ended(lock));
	assert_int_equal(take_item(claim_for(0, 0), NULL), HF_EBLOCKED); /* nothing else is there */
	serve();
	assert_true(ended(item) && ended(lock));
	assert_int_equal(take_item(item, "a"), HF_OK);
	assert_int_equal(take_lock(lock, &token), HF_OK);
	assert_item("a", HF_OUTBOX_SENDING, 0, 0);
	release_lock(token);
	end();
}

static void what_comes_wakes_the_first_in_line(void **state)
{
	(void)state;
	begin();
	hf_wait *waits[3];
	for (unsigned i = 0; i < 3; i++)
		waits[i] = claim();
	enqueue("a");
	enqueue("b");
	serve();
	assert_true(ended(waits[0]) && ended(waits[1]) && !ended(waits[2]));
	assert_int_equal(take_item(waits[0], "a"), HF_OK);
	assert_int_equal(take_item(waits[1], "b"), HF_OK);
	hf_wait_free(waits[2]);
	assert_int_equal(store->waits.waiting, 0);
	end();
}

static void a_lock_goes_from_one_to_the_next(void **state)
{
	(void)state;
	begin();
	hf_wait *waits[3];
	hf_token token, before = 0;
	for (unsigned i = 0; i < 3; i++)
		waits[i] = acquire(i == 0 ? "o0" : i == 1 ? "o1" : "o2");
	for (unsigned i = 0; i < 3; i++) {
		serve();
		assert_true(ended(waits[i]) && (i == 2 || !ended(waits[i + 1])));
		assert_int_equal(take_lock(waits[i], &token), HF_OK);
		assert_true(token > before);
		before = token;
		release_lock(token);
	}
	end();
}

static void an_item_that_is_delayed_and_a_lease_that_ends_serve_them(void **state)
{
	(void)state;
	begin();
	hf_token token;
	const struct hf_outbox_enqueue_args later = {.queue = hf_str("q"),
	                                             .id = hf_str("a"),
	                                             .payload = hf_str("a"),
	                                             .available_at = NOW + 60 * SECOND};
	assert_int_equal(hf_outbox_enqueue(store, NULL, &later, NULL, &error), HF_OK);
	hf_wait *item = claim(), *first = acquire("o0"), *second = acquire("o1");
	serve();
	assert_int_equal(take_lock(first, &token), HF_OK);
	pass_time(29 * SECOND);
	assert_false(ended(item) || ended(second));
	pass_time(2 * SECOND);
	assert_true(!ended(item) && ended(second));
	assert_int_equal(take_lock(second, &token), HF_OK);
	pass_time(40 * SECOND);
	assert_true(ended(item));
	assert_int_equal(take_item(item, "a"), HF_OK);
	end();
}

static void time_that_is_over_ends_a_wait(void **state)
{
	(void)state;
	begin();
	hf_token token;
	hf_wait *holder = acquire("o0");
	serve();
	assert_int_equal(take_lock(holder, &token), HF_OK);
	hf_wait *item = claim_for(5 * SECOND, 0), *lock = acquire_for("o1", 5 * SECOND);
	pass_time(4 * SECOND);
	assert_false(ended(item) || ended(lock));
	pass_time(2 * SECOND);
	assert_true(ended(item) && ended(lock));
	cancel(item); /* too late for anything */
	cancel(lock);
	assert_int_equal(take_item(item, NULL), HF_OK);
	assert_int_equal(take_lock(lock, NULL), HF_ETIMEDOUT);
	assert_non_null(strstr(error.text, "held by"));
	assert_int_equal(take_lock(acquire_for("o1", 0), NULL), HF_EHELD);
	assert_int_equal(store->waits.waiting, 0);
	end();
}

/* The instant at which its lease ended is past, and it is not to be had all the same: the
 * thread that serves must not try forever. */
static void an_item_that_is_lost_comes_with_its_backoff(void **state)
{
	(void)state;
	begin();
	enqueue("a");
	for (unsigned i = 0; i < 2; i++) {
		hf_wait *wait = claim_for(0, SECOND);
		assert_int_equal(hf_flush(store, &error), HF_OK);
		assert_int_equal(take_item(wait, "a"), HF_OK);
		sim_advance(sim, 3 * SECOND / 2); /* not logged */
	}
	hf_wait *wait = claim();
	assert_int_equal(hf_flush(store, &error), HF_OK);
	assert_int_equal(hf_flush(store, &error), HF_OK);
	assert_false(ended(wait));
	pass_time(SECOND);
	assert_int_equal(take_item(wait, "a"), HF_OK);
	assert_item("a", HF_OUTBOX_SENDING, 0, 2);
	end();
}

static void a_refusal_is_the_answer_of_the_wait(void **state)
{
	(void)state;
	begin();
	hf_wait *wait;
	const struct hf_lock_acquire_args args = {
	    .name = hf_str("l"), .owner = hf_str("o"), .write.expect = 99, .wait_us = -1};
	assert_int_equal(hf_lock_acquire_start(store, &args, &wait, &error), HF_OK);
	serve();
	assert_int_equal(take_lock(wait, NULL), HF_ECONFLICT);
	end();
}

static void what_was_given_is_copied(void **state)
{
	(void)state;
	begin();
	char queue[] = "q", owner[] = "w";
	struct hf_bytes queues[2] = {hf_str("none"), hf_str(queue)};
	hf_wait *wait;
	struct hf_outbox_claim_next_args args = {
	    .queues = queues, .queue_count = 2, .owner = hf_str(owner), .max = 2, .wait_us = -1};
	assert_int_equal(hf_outbox_claim_next_start(store, &args, &wait, &error), HF_OK);
	memset(queue, 'x', sizeof queue);
	memset(owner, 'x', sizeof owner);
	memset(queues, 0, sizeof queues);
	memset(&args, 0, sizeof args);
	enqueue("a");
	serve();
	struct hf_outbox_items items = {0};
	assert_int_equal(hf_outbox_claim_next_take(wait, &items, NULL, &error), HF_OK);
	assert_int_equal(items.count, 1);
	assert_memory_equal(items.items[0].owner.data, "w", 2);
	hf_wait_free(wait);
	hf_release(items.memory);
	end();
}

static void what_has_no_form_is_not_started(void **state)
{
	(void)state;
	begin();
	struct hf_ticket ticket;
	struct hf_cancel_flag flag = {0};
	hf_wait *wait = (hf_wait *)&ticket;
	struct hf_lock_acquire_args lock = {.name = hf_str("l"), .owner = hf_str("o"), .wait_us = -2};
	struct hf_outbox_claim_next_args item = {.queue = hf_str("q"), .wait_us = -1};
	assert_int_equal(hf_lock_acquire_start(store, &lock, &wait, &error), HF_EINVAL);
	assert_null(wait);
	lock.wait_us = -1;
	lock.write.ticket = &ticket;
	assert_int_equal(hf_lock_acquire_start(store, &lock, &wait, &error), HF_EINVAL);
	lock.write.ticket = NULL;
	lock.write.cancel = &flag;
	assert_int_equal(hf_lock_acquire_start(store, &lock, &wait, &error), HF_EINVAL);
	lock.write.cancel = NULL;
	lock.write.returning = &(struct hf_lock_got){0};
	assert_int_equal(hf_lock_acquire_start(store, &lock, &wait, &error), HF_EINVAL);
	assert_int_equal(hf_outbox_claim_next_start(store, &item, &wait, &error), HF_EINVAL);
	assert_null(wait);
	wait = claim();
	assert_int_equal(hf_lock_acquire_take(wait, NULL, &error), HF_EINVAL);
	assert_int_equal(hf_outbox_claim_next_take(wait, NULL, NULL, &error), HF_EINVAL);
	assert_int_equal(hf_wait_block(wait, -2, &error), HF_EINVAL);
	assert_int_equal(hf_wait_callback(wait, NULL, NULL, &error), HF_EINVAL);
	hf_wait_free(wait);
	hf_wait_free(NULL);
	end();
}

/* --- Cancelling, in each state ---------------------------------------------------------------- */

enum at { WAITING, GRANTED, DURABLE, TOLD };

/* One of each kind in that state, and one more of each behind it. */
static void bring(enum at at, hf_wait *item[2], hf_wait *lock[2])
{
	size_t count = 0;
	hf_wait *told[4];
	item[0] = claim();
	if (at == WAITING) {
		hf_token token;
		lock[1] = acquire("holder");
		serve();
		assert_int_equal(take_lock(lock[1], &token), HF_OK);
	}
	item[1] = claim();
	if (at != WAITING) { /* flushed, so before the lock is granted */
		enqueue_in("a", "g");
		enqueue_in("b", "g");
	}
	lock[0] = acquire("o0");
	lock[1] = acquire("o1");
	if (at == WAITING)
		return;
	if (at == GRANTED) { /* decided, and not flushed: hf_maintain() does both */
		(void)pthread_mutex_lock(&store->lock);
		hf__serve(store);
		(void)pthread_mutex_unlock(&store->lock);
	} else {
		serve();
	}
	assert_int_equal(ended(item[0]), at != GRANTED);
	assert_int_equal(ended(lock[0]), at != GRANTED);
	if (at == TOLD)
		assert_int_equal(hf_waits_ended(store, told, 4, &count, &error), HF_OK);
	assert_int_equal(count, at == TOLD ? 2 : 0);
}

static void cancelled_nothing_is_held_and_the_next_gets_it(void **state)
{
	(void)state;
	for (enum at at = GRANTED; at <= TOLD; at++) {
		hf_wait *item[2], *lock[2];
		hf_token token;
		begin();
		bring(at, item, lock);
		cancel(item[0]);
		cancel(lock[0]);
		assert_item("a", HF_OUTBOX_QUEUED, 0, 0);
		assert_false(lock_is_held());
		serve();
		cancel(item[0]); /* once more */
		assert_int_equal(take_item(item[0], NULL), HF_ECANCELED);
		assert_int_equal(take_lock(lock[0], NULL), HF_ECANCELED);
		/* not "b": the group keeps its order, and "a" was not counted */
		assert_int_equal(take_item(item[1], "a"), HF_OK);
		assert_int_equal(take_lock(lock[1], &token), HF_OK);
		assert_item("a", HF_OUTBOX_SENDING, 0, 0);
		end();
	}
}

static void cancelled_while_it_waits_it_leaves_its_place(void **state)
{
	(void)state;
	hf_wait *item[2], *lock[2];
	begin();
	bring(WAITING, item, lock);
	cancel(item[0]);
	cancel(lock[0]);
	assert_true(ended(item[0]) && ended(lock[0]) && !ended(item[1]) && !ended(lock[1]));
	assert_int_equal(take_item(item[0], NULL), HF_ECANCELED);
	assert_string_equal(error.text, "outbox claim next: the wait was cancelled");
	assert_int_equal(take_lock(lock[0], NULL), HF_ECANCELED);
	enqueue("a");
	pass_time(31 * SECOND);
	assert_int_equal(take_item(item[1], "a"), HF_OK);
	assert_int_equal(take_lock(lock[1], NULL), HF_OK);
	end();
}

static void freed_is_cancelled(void **state)
{
	(void)state;
	for (enum at at = WAITING; at <= TOLD; at++) {
		hf_wait *item[2], *lock[2];
		begin();
		bring(at, item, lock);
		hf_wait_free(item[0]);
		hf_wait_free(lock[0]);
		if (at != WAITING) {
			serve();
			assert_int_equal(take_item(item[1], "a"), HF_OK);
			assert_int_equal(take_lock(lock[1], NULL), HF_OK);
		} else {
			hf_wait_free(item[1]);
			hf_wait_free(lock[1]);
		}
		assert_int_equal(store->waits.waiting, 0);
		end();
	}
}

static void what_was_taken_stays_taken(void **state)
{
	(void)state;
	begin();
	enqueue("a");
	hf_wait *item = claim(), *lock = acquire("o");
	struct hf_outbox_items items = {0}, none = {0};
	struct hf_result result = {0};
	serve();
	assert_int_equal(hf_outbox_claim_next_take(item, &items, NULL, &error), HF_OK);
	assert_int_equal(hf_lock_acquire_take(lock, &result, &error), HF_OK);
	assert_int_equal(hf_wait_cancel(item, &error), HF_ENOTFOUND);
	assert_int_equal(hf_wait_cancel(lock, &error), HF_ENOTFOUND);
	assert_int_equal(hf_outbox_claim_next_take(item, &none, NULL, &error), HF_ENOTFOUND);
	assert_null(none.memory);
	assert_int_equal(hf_lock_acquire_take(lock, &result, &error), HF_ENOTFOUND);
	hf_wait_free(item);
	hf_wait_free(lock);
	assert_item("a", HF_OUTBOX_SENDING, 0, 0);
	assert_true(lock_is_held());
	hf_release(items.memory);
	end();
}

static void closing_gives_back_what_was_not_taken(void **state)
{
	(void)state;
	for (enum at at = WAITING; at <= TOLD; at++) {
		hf_wait *item[2], *lock[2];
		begin();
		bring(at, item, lock);
		if (at == WAITING) {
			enqueue("b");
			enqueue("a");
		}
		assert_int_equal(hf_close(store, &error), HF_OK);
		for (unsigned i = 0; i < 2; i++) {
			assert_true(ended(item[i]) && ended(lock[i]));
			assert_int_equal(hf_wait_block(item[i], -1, &error), HF_OK);
			assert_int_equal(take_item(item[i], NULL), HF_ECANCELED);
			assert_int_equal(hf_wait_cancel(lock[i], &error), HF_OK);
			assert_int_equal(take_lock(lock[i], NULL), HF_ECANCELED);
		}
		open_again(true);
		assert_item("a", HF_OUTBOX_QUEUED, 0, 0);
		assert_int_equal(lock_is_held(), at == WAITING);
		end();
	}
}

static void what_a_crash_leaves_of_each(void **state)
{
	(void)state;
	for (enum at at = GRANTED; at <= TOLD; at++) {
		hf_wait *item[2], *lock[2];
		begin();
		bring(at, item, lock);
		struct sim *after = sim_crash(sim, &(struct sim_choice){0});
		for (unsigned i = 0; i < 2; i++) {
			hf_wait_free(item[i]);
			hf_wait_free(lock[i]);
		}
		end();
		sim = after;
		open_again(true);
		/* Not flushed: never granted. Else held by no live caller, until its lease ends. */
		assert_item("a", at == GRANTED ? HF_OUTBOX_QUEUED : HF_OUTBOX_SENDING, 0, 0);
		assert_int_equal(lock_is_held(), at != GRANTED);
		pass_time(31 * SECOND);
		assert_item("a", HF_OUTBOX_QUEUED, 0, at == GRANTED ? 0 : 1);
		assert_false(lock_is_held());
		end();
	}
}

static void a_lock_that_its_owner_took_over_is_free_afterwards(void **state)
{
	(void)state;
	begin();
	hf_token token;
	hf_wait *first = acquire("o");
	serve();
	assert_int_equal(take_lock(first, &token), HF_OK);
	hf_wait *second = acquire("o");
	serve();
	cancel(second);
	assert_int_equal(take_lock(second, NULL), HF_ECANCELED);
	assert_false(lock_is_held());
	end();
}

static void what_others_took_meanwhile_is_left_alone(void **state)
{
	(void)state;
	begin();
	enqueue("a");
	hf_wait *item = claim(), *lock = acquire("o");
	serve();
	const struct hf_lock_force_release_args force = {.name = hf_str("l"), .reason = hf_str("why")};
	const struct hf_outbox_mark_failed_args failed = {
	    .queue = hf_str("q"), .id = hf_str("a"), .reason = hf_str("why")};
	assert_int_equal(hf_lock_force_release(store, NULL, &force, NULL, &error), HF_OK);
	assert_int_equal(hf_outbox_mark_failed(store, NULL, &failed, NULL, &error), HF_OK);
	hf_wait *other = acquire("p");
	serve();
	const uint64_t next = store->world.next_lsn;
	cancel(item);
	cancel(lock);
	assert_int_equal(store->world.next_lsn, next);
	assert_int_equal(take_lock(other, NULL), HF_OK);
	assert_true(lock_is_held());
	assert_item("a", HF_OUTBOX_FAILED, 1, 0);
	hf_wait_free(item);
	hf_wait_free(lock);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_there_is_had_once_it_is_durable),
	    cmocka_unit_test(what_comes_wakes_the_first_in_line),
	    cmocka_unit_test(a_lock_goes_from_one_to_the_next),
	    cmocka_unit_test(an_item_that_is_delayed_and_a_lease_that_ends_serve_them),
	    cmocka_unit_test(time_that_is_over_ends_a_wait),
	    cmocka_unit_test(an_item_that_is_lost_comes_with_its_backoff),
	    cmocka_unit_test(a_refusal_is_the_answer_of_the_wait),
	    cmocka_unit_test(what_was_given_is_copied),
	    cmocka_unit_test(what_has_no_form_is_not_started),
	    cmocka_unit_test(cancelled_nothing_is_held_and_the_next_gets_it),
	    cmocka_unit_test(cancelled_while_it_waits_it_leaves_its_place),
	    cmocka_unit_test(freed_is_cancelled),
	    cmocka_unit_test(what_was_taken_stays_taken),
	    cmocka_unit_test(closing_gives_back_what_was_not_taken),
	    cmocka_unit_test(what_a_crash_leaves_of_each),
	    cmocka_unit_test(a_lock_that_its_owner_took_over_is_free_afterwards),
	    cmocka_unit_test(what_others_took_meanwhile_is_left_alone),
	};
	(void)alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
