/* tier: fast, threads */
/* How the end of a wait without a thread is told: the eventfd, the list of those that ended,
 * callbacks and what they may do; blocking; failures of memory and disk; a forked child. One thread
 * does everything. */
#include <errno.h>

#include "base/mem.h"
#include "waits_case.h"

/* Of the eventfd: how often it was written since. */
static uint64_t told(int event)
{
	uint64_t count = 0;
	const ssize_t got = read(event, &count, sizeof count);
	assert_true(got == sizeof count || (got < 0 && errno == EAGAIN));
	return count;
}

static int the_eventfd(void)
{
	int event;
	assert_int_equal(hf_eventfd(store, &event, &error), HF_OK);
	return event;
}

static size_t given(hf_wait **out, size_t max)
{
	size_t count;
	assert_int_equal(hf_waits_ended(store, out, max, &count, &error), HF_OK);
	return count;
}

static void the_eventfd_is_written_once_for_all_that_end_together(void **state)
{
	(void)state;
	begin();
	hf_wait *waits[20], *ended_[32];
	const int event = the_eventfd();
	const struct hf_outbox_input inputs[20] = {
	    {.id = hf_str("0")}, {.id = hf_str("1")}, {.id = hf_str("2")}, {.id = hf_str("3")},
	    {.id = hf_str("4")}, {.id = hf_str("5")}, {.id = hf_str("6")}, {.id = hf_str("7")}};
	const struct hf_outbox_enqueue_many_args args = {
	    .queue = hf_str("q"), .items = inputs, .count = 8};
	for (unsigned i = 0; i < 20; i++)
		waits[i] = claim_for(i < 8 ? -1 : SECOND, 0);
	assert_int_equal(told(event), 0);
	assert_int_equal(hf_outbox_enqueue_many(store, NULL, &args, NULL, &error), HF_OK);
	(void)told(event); /* that there is something to do */
	serve();
	assert_int_equal(told(event), 1);
	assert_int_equal(given(ended_, 5), 5);
	assert_int_equal(given(ended_ + 5, 27), 3);
	assert_memory_equal(ended_, waits, 8 * sizeof *waits); /* in the order of grants */
	pass_time(2 * SECOND);
	assert_int_equal(told(event), 1);
	assert_int_equal(given(ended_, 32), 12);
	assert_int_equal(given(ended_, 32), 0);
	for (unsigned i = 0; i < 20; i++)
		hf_wait_free(waits[i]);
	end();
}

static void what_was_taken_or_freed_is_not_given(void **state)
{
	(void)state;
	begin();
	hf_wait *ended_[4], *kept = claim();
	enqueue("a");
	enqueue("b");
	serve();
	hf_wait *taken = claim(), *freed = acquire("o");
	serve();
	assert_int_equal(take_item(taken, "b"), HF_OK);
	hf_wait_free(freed);
	cancel(kept); /* told of once, for its grant */
	assert_int_equal(given(ended_, 4), 1);
	assert_ptr_equal(ended_[0], kept);
	hf_wait_free(kept);
	end();
}

/* --- Callbacks -------------------------------------------------------------------------------- */

struct calls {
	unsigned count;
	hf_wait *last, *other;
	hf_token token;
};

static void note(void *ctx, hf_wait *wait)
{
	struct calls *calls = ctx;
	calls->count++;
	calls->last = wait;
	assert_int_equal(hf_wait_poll(wait, NULL), HF_OK);
}

static void call_me(hf_wait *wait, hf_wait_fn fn, struct calls *calls)
{
	assert_int_equal(hf_wait_callback(wait, fn, calls, &error), HF_OK);
}

static void a_callback_comes_once_whatever_ended_the_wait(void **state)
{
	(void)state;
	begin();
	struct calls granted = {0}, cancelled = {0}, late = {0}, freed = {0}, closed = {0};
	hf_wait *waits[5], *ended_[8];
	waits[0] = claim();
	waits[1] = claim();
	waits[2] = claim_for(SECOND, 0);
	waits[3] = claim();
	waits[4] = claim();
	call_me(waits[0], note, &granted);
	call_me(waits[1], note, &cancelled);
	call_me(waits[3], note, &freed);
	call_me(waits[4], note, &closed);
	assert_int_equal(hf_wait_callback(waits[4], note, &closed, &error), HF_EINVAL);
	enqueue("a");
	cancel(waits[1]);
	assert_int_equal(granted.count + cancelled.count, 0); /* not from within another call */
	serve();
	assert_int_equal(granted.count, 1);
	assert_int_equal(cancelled.count, 1);
	pass_time(2 * SECOND);
	call_me(waits[2], note, &late); /* it has ended */
	assert_int_equal(late.count, 0);
	assert_int_equal(hf_flush(store, &error), HF_OK);
	assert_int_equal(late.count, 1);
	assert_int_equal(given(ended_, 8), 0);
	hf_wait_free(waits[3]);
	cancel(waits[0]);
	serve();
	assert_int_equal(closed.count, 1);
	assert_int_equal(take_item(waits[4], "a"), HF_OK);
	waits[3] = claim();
	waits[4] = claim();
	call_me(waits[4], note, &closed);
	assert_int_equal(hf_close(store, &error), HF_OK);
	assert_int_equal(closed.count, 2);
	assert_int_equal(freed.count, 0);
	assert_int_equal(granted.count + cancelled.count + late.count, 3);
	assert_int_equal(hf_wait_callback(waits[0], note, &granted, &error), HF_ECANCELED);
	for (unsigned i = 0; i < 5; i++)
		hf_wait_free(waits[i]);
	sim_free(sim);
}

static void take_and_free(void *ctx, hf_wait *wait)
{
	struct calls *calls = ctx;
	calls->count++;
	(void)take_lock(wait, &calls->token);
}

/* It gives back its own grant, which is the next one's, and starts a wait whose callback comes in
 * the same round. */
static void cancel_and_start(void *ctx, hf_wait *wait)
{
	struct calls *calls = ctx;
	calls->count++;
	cancel(wait);
	assert_int_equal(hf_wait_cancel(wait, NULL), HF_OK);
	calls->other = acquire("o9");
	call_me(calls->other, take_and_free, calls);
	hf_wait_free(wait);
}

static void free_the_other(void *ctx, hf_wait *wait)
{
	struct calls *calls = ctx;
	calls->count++;
	hf_wait_free(calls->other);
	hf_wait_free(wait);
}

static void a_callback_may_cancel_start_take_and_free(void **state)
{
	(void)state;
	begin();
	struct calls first = {0}, second = {0}, third = {0};
	hf_token token;
	hf_wait *wait = acquire("o0"), *next = acquire("o1");
	call_me(wait, cancel_and_start, &first);
	serve();
	serve();
	assert_int_equal(take_lock(next, &token), HF_OK); /* not o9, who came later */
	release_lock(token);
	serve();
	assert_int_equal(first.count, 2);
	release_lock(first.token);
	/* Two callbacks are due, and the first frees the wait of the second. */
	second.other = acquire("o0");
	call_me(second.other, note, &third);
	wait = acquire_for("o1", 0);
	call_me(wait, free_the_other, &second);
	wait = second.other;
	cancel(wait);
	serve();
	assert_true(second.count + third.count >= 1 && second.count == 1);
	assert_false(lock_is_held());
	end();
}

/* --- Blocking --------------------------------------------------------------------------------- */

static void one_thread_can_block_and_serves_meanwhile(void **state)
{
	(void)state;
	begin();
	enqueue("a");
	hf_wait *item = claim(), *none = claim();
	assert_int_equal(hf_wait_block(item, 0, &error), HF_ETIMEDOUT);
	assert_int_equal(hf_wait_block(item, -1, &error), HF_OK);
	assert_int_equal(hf_wait_block(none, 2000, &error), HF_ETIMEDOUT);
	assert_int_equal(take_item(item, "a"), HF_OK);
	hf_wait_free(none);
	end();
}

/* --- Failures --------------------------------------------------------------------------------- */

static void a_failed_flush_makes_a_grant_uncertain(void **state)
{
	(void)state;
	begin();
	enqueue("a");
	hf_wait *item = claim(), *lock = acquire("o"), *waits = claim(), *none = claim_for(0, 0);
	sim_add_fault(sim, (struct sim_fault){.kinds = SIM_SYNC, .error = EIO, .persistent = true});
	assert_int_equal(hf_maintain(store, 0, &error), HF_EFAILED);
	assert_true(ended(item) && ended(lock) && ended(none));
	assert_int_equal(hf_maintain(store, 0, &error), HF_EFAILED);
	assert_true(ended(waits));
	assert_int_equal(take_item(item, NULL), HF_EUNCERTAIN);
	assert_int_equal(take_lock(lock, NULL), HF_EUNCERTAIN);
	assert_int_equal(take_item(none, NULL), HF_EUNCERTAIN);
	assert_int_equal(take_item(waits, NULL), HF_EFAILED);
	waits = claim();
	assert_int_equal(take_item(waits, NULL), HF_EFAILED);
	assert_int_equal(hf_close(store, NULL), HF_EFAILED);
	sim_free(sim);
}

static unsigned allowed;

static bool veto(void *ctx, size_t size)
{
	(void)ctx;
	(void)size;
	return allowed == 0 || allowed-- == 0;
}

/* Whatever allocation fails: not started, or ended with HF_ENOMEM, or granted; nothing is lost. */
static void without_memory_nothing_is_lost(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 12; at++) {
		begin();
		enqueue("a");
		const struct hf_outbox_claim_next_args args = {
		    .queue = hf_str("q"), .owner = hf_str("w"), .wait_us = -1};
		hf_wait *wait = NULL;
		allowed = at;
		hf__mem_set_veto(veto, NULL);
		int rc = hf_outbox_claim_next_start(store, &args, &wait, &error);
		hf__mem_set_veto(NULL, NULL);
		assert_int_equal(rc == HF_OK, wait != NULL);
		serve();
		struct hf_outbox_items items = {0};
		if (wait)
			rc = hf_outbox_claim_next_take(wait, &items, NULL, &error);
		assert_true(rc == HF_ENOMEM || (rc == HF_OK && items.count == 1));
		assert_item("a", rc == HF_OK ? HF_OUTBOX_SENDING : HF_OUTBOX_QUEUED, 0, 0);
		hf_release(items.memory);
		hf_wait_free(wait);
		end();
	}
}

/* A wait that was granted many items and cancelled while there was no memory to give them back, and
 * freed; *next stands behind it. */
static void owe_a_grant(hf_wait **next)
{
	enum { ITEMS = 600 };
	hf_wait *many;
	static struct hf_outbox_input inputs[ITEMS];
	static char names[ITEMS][8];
	for (unsigned i = 0; i < ITEMS; i++) {
		(void)snprintf(names[i], sizeof names[i], "%u", i);
		inputs[i] = (struct hf_outbox_input){.id = hf_str(names[i]), .payload = hf_str(names[i])};
	}
	const struct hf_outbox_enqueue_many_args fill = {
	    .queue = hf_str("q"), .items = inputs, .count = ITEMS};
	const struct hf_outbox_claim_next_args args = {
	    .queue = hf_str("q"), .owner = hf_str("w"), .max = ITEMS, .wait_us = -1};
	assert_int_equal(hf_outbox_enqueue_many(store, NULL, &fill, NULL, &error), HF_OK);
	assert_int_equal(hf_outbox_claim_next_start(store, &args, &many, &error), HF_OK);
	*next = claim();
	assert_int_equal(hf_wait_block(many, -1, &error), HF_OK);
	for (unsigned i = 0; i < 4; i++)
		serve(); /* what the claim needed is given back */
	allowed = 0;
	hf__mem_set_veto(veto, NULL);
	cancel(many);
	(void)pthread_mutex_lock(&store->lock);
	assert_false(hf__link_empty(&store->started.owing));
	(void)pthread_mutex_unlock(&store->lock);
	hf__mem_set_veto(NULL, NULL);
	assert_int_equal(take_item(many, NULL), HF_ECANCELED);
}

/* What cannot be given back at once is owed, and given back when there is memory again. */
static void a_grant_that_is_owed_goes_back_later(void **state)
{
	(void)state;
	begin();
	hf_wait *next;
	owe_a_grant(&next);
	assert_item("0", HF_OUTBOX_SENDING, 0, 0);
	serve();
	assert_true(hf__link_empty(&store->started.owing));
	assert_int_equal(take_item(next, "0"), HF_OK);
	assert_item("599", HF_OUTBOX_QUEUED, 0, 0);
	end();
}

/* The thread of the waits does it, though nothing else wakes it. */
static void a_grant_that_is_owed_goes_back_by_itself(void **state)
{
	(void)state;
	begin_with(false);
	hf_wait *next;
	owe_a_grant(&next);
	assert_int_equal(hf_wait_block(next, 20 * SECOND, &error), HF_OK);
	assert_int_equal(take_item(next, "0"), HF_OK);
	end();
}

static void a_forked_child_touches_nothing(void **state)
{
	(void)state;
	begin();
	size_t count;
	hf_wait *wait = claim(), *other = claim(), *none = NULL;
	const struct hf_lock_acquire_args args = {.name = hf_str("l"), .owner = hf_str("o")};
	sim_set_forked(sim, true);
	assert_int_equal(hf_lock_acquire_start(store, &args, &none, &error), HF_EFORK);
	assert_null(none);
	assert_int_equal(hf_wait_poll(wait, &error), HF_EFORK);
	assert_int_equal(hf_wait_block(wait, -1, &error), HF_EFORK);
	assert_int_equal(hf_wait_cancel(wait, &error), HF_EFORK);
	assert_int_equal(hf_wait_callback(wait, note, NULL, &error), HF_EFORK);
	assert_int_equal(hf_outbox_claim_next_take(wait, &(struct hf_outbox_items){0}, NULL, &error),
	                 HF_EFORK);
	assert_int_equal(hf_waits_ended(store, &none, 1, &count, &error), HF_EFORK);
	hf_wait_free(other);
	assert_int_equal(hf_close(store, &error), HF_EFORK);
	hf_wait_free(wait);
	sim_free(sim);
}

/* The parent's handle has the grant: a child that closed its copy of the store must not, too. */
static void a_forked_child_is_granted_nothing_after_it_closed(void **state)
{
	(void)state;
	begin();
	enqueue("a");
	hf_feed *feed;
	hf_wait *item = claim(), *lock = acquire("o"), *stands = acquire("p"), *fed;
	assert_int_equal(hf_feed_open(store, 0, &feed, &error), HF_OK);
	assert_int_equal(hf_feed_next_start(feed, 0, -1, &fed, &error), HF_OK);
	serve();
	assert_true(ended(item) && ended(lock) && ended(fed));
	sim_set_forked(sim, true);
	assert_int_equal(hf_close(store, &error), HF_EFORK);
	assert_int_equal(hf_wait_poll(stands, &error), HF_EFORK);
	assert_int_equal(hf_wait_block(stands, -1, &error), HF_EFORK);
	assert_int_equal(hf_wait_cancel(stands, &error), HF_EFORK);
	assert_int_equal(hf_wait_callback(stands, note, NULL, &error), HF_EFORK);
	assert_int_equal(hf_feed_next_take(fed, &(struct hf_event_batch){0}, &error), HF_EFORK);
	assert_int_equal(hf_feed_next(feed, 0, 0, &(struct hf_event_batch){0}, &error), HF_EFORK);
	assert_int_equal(take_item(item, NULL), HF_EFORK);
	assert_int_equal(take_lock(lock, NULL), HF_EFORK);
	hf_wait_free(stands);
	hf_wait_free(fed);
	hf_feed_close(feed);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_eventfd_is_written_once_for_all_that_end_together),
	    cmocka_unit_test(what_was_taken_or_freed_is_not_given),
	    cmocka_unit_test(a_callback_comes_once_whatever_ended_the_wait),
	    cmocka_unit_test(a_callback_may_cancel_start_take_and_free),
	    cmocka_unit_test(one_thread_can_block_and_serves_meanwhile),
	    cmocka_unit_test(a_failed_flush_makes_a_grant_uncertain),
	    cmocka_unit_test(without_memory_nothing_is_lost),
	    cmocka_unit_test(a_grant_that_is_owed_goes_back_later),
	    cmocka_unit_test(a_grant_that_is_owed_goes_back_by_itself),
	    cmocka_unit_test(a_forked_child_touches_nothing),
	    cmocka_unit_test(a_forked_child_is_granted_nothing_after_it_closed),
	};
	(void)alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
