/* tier: fast, threads */
/* Threads that start, cancel, take, free and are granted waits at random, beside threads that wait
 * and time that passes. A ledger beside the store says who holds what: no item is lost or given
 * twice, none is left held in the end, attempts are those that were failed, and the same for
 * locks. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "lib/rng.h"
#include "waits_case.h"

enum {
	THREADS = 6,
	SLOTS = 24,
	ITEMS = 48,
	QUEUES = 3,
	LOCKS = 3,
	STEPS = 400,
	LONG_STEPS = 20000
};

struct slot {
	pthread_rwlock_t lock; /* held for writing by who ends the handle */
	hf_wait *wait;
	bool item;
	unsigned lock_number;
};

static struct {
	struct slot slots[SLOTS];
	atomic_uint holding[ITEMS], attempts[ITEMS], completed[ITEMS];
	atomic_uint locked[LOCKS];
	atomic_uint taken, cancelled, timed_out, blocking;
	atomic_uint running;
	atomic_int wrong; /* line of the first check that failed */
	unsigned steps;
} all;

#define CHECK(that) \
	do { \
		int none = 0; \
		if (!(that)) \
			(void)atomic_compare_exchange_strong(&all.wrong, &none, __LINE__); \
	} while (0)

static const char *const queue_names[QUEUES] = {"q0", "q1", "q2"};
static const char *const lock_names[LOCKS] = {"l0", "l1", "l2"};

/* --- Items and locks that a thread has -------------------------------------------------------- */

static void end_item(const struct hf_outbox_item *item, struct hf_rng *rng)
{
	const unsigned number = (unsigned)strtoul(item->id.data, NULL, 10);
	const struct hf_outbox_complete_args complete = {
	    .queue = item->queue, .id = item->id, .token = item->token};
	const struct hf_outbox_release_args release = {
	    .queue = item->queue, .id = item->id, .token = item->token};
	const struct hf_outbox_fail_args fail = {.queue = item->queue,
	                                         .id = item->id,
	                                         .token = item->token,
	                                         .max_attempts = UINT32_MAX,
	                                         .reason = hf_str("no")};
	CHECK(atomic_exchange(&all.holding[number], 1) == 0);
	CHECK(item->attempts == atomic_load(&all.attempts[number]) && item->lost == 0);
	CHECK(atomic_load(&all.completed[number]) == 0);
	(void)sched_yield();
	const unsigned what = (unsigned)hf_rng_below(rng, 8);
	if (what == 0)
		(void)atomic_fetch_add(&all.completed[number], 1);
	else if (what < 4)
		(void)atomic_fetch_add(&all.attempts[number], 1);
	atomic_store(&all.holding[number], 0);
	const int rc = what == 0  ? hf_outbox_complete(store, NULL, &complete, NULL, NULL)
	               : what < 4 ? hf_outbox_fail(store, NULL, &fail, NULL, NULL)
	                          : hf_outbox_release(store, NULL, &release, NULL, NULL);
	CHECK(rc == HF_OK);
}

static void end_items(struct hf_outbox_items *items, struct hf_rng *rng)
{
	for (size_t i = 0; i < items->count; i++)
		end_item(&items->items[i], rng);
	hf_release(items->memory);
}

static void end_lock(unsigned number, hf_token token)
{
	const struct hf_lock_release_args args = {.name = hf_str(lock_names[number]), .token = token};
	CHECK(atomic_exchange(&all.locked[number], 1) == 0);
	(void)sched_yield();
	atomic_store(&all.locked[number], 0);
	CHECK(hf_lock_release(store, NULL, &args, NULL, NULL) == HF_OK);
}

/* --- Waits ------------------------------------------------------------------------------------ */

static int64_t some_wait(struct hf_rng *rng)
{
	return hf_rng_below(rng, 3) ? -1 : (int64_t)hf_rng_below(rng, 3) * 1000;
}

static void start_one(struct slot *slot, struct hf_rng *rng)
{
	struct hf_bytes queues[QUEUES];
	char owner[24];
	for (unsigned i = 0; i < QUEUES; i++)
		queues[i] = hf_str(queue_names[i]);
	/* Each wait is an owner of its own, or it would take over what another one holds. */
	(void)snprintf(owner, sizeof owner, "%llx", (unsigned long long)hf_rng_next(rng));
	slot->item = hf_rng_below(rng, 3) != 0;
	slot->lock_number = (unsigned)hf_rng_below(rng, LOCKS);
	const bool several = hf_rng_below(rng, 4) == 0;
	const struct hf_outbox_claim_next_args claim = {
	    .queue = several ? (struct hf_bytes){0} : queues[slot->lock_number],
	    .queues = several ? queues : NULL,
	    .queue_count = several ? QUEUES : 0,
	    .owner = hf_str(owner),
	    .max = 1 + (uint32_t)hf_rng_below(rng, 3),
	    .write.durability = hf_rng_below(rng, 2) ? HF_OS : HF_DURABLE,
	    .wait_us = some_wait(rng)};
	const struct hf_lock_acquire_args acquire = {.name = hf_str(lock_names[slot->lock_number]),
	                                             .owner = hf_str(owner),
	                                             .wait_us = some_wait(rng)};
	const int rc = slot->item ? hf_outbox_claim_next_start(store, &claim, &slot->wait, NULL)
	                          : hf_lock_acquire_start(store, &acquire, &slot->wait, NULL);
	CHECK(rc == HF_OK);
}

static void take_one(struct slot *slot, struct hf_rng *rng)
{
	struct hf_outbox_items items = {0};
	struct hf_result result = {0};
	if (!slot->wait)
		return;
	const int rc = slot->item ? hf_outbox_claim_next_take(slot->wait, &items, &result, NULL)
	                          : hf_lock_acquire_take(slot->wait, &result, NULL);
	(void)atomic_fetch_add(rc == HF_ECANCELED ? &all.cancelled : &all.taken,
	                       rc == HF_ECANCELED || result.changed);
	(void)atomic_fetch_add(&all.timed_out, rc == HF_ETIMEDOUT || (rc == HF_OK && !result.changed));
	CHECK(rc == HF_OK || rc == HF_EBLOCKED || rc == HF_ENOTFOUND || rc == HF_ECANCELED ||
	      (!slot->item && (rc == HF_ETIMEDOUT || rc == HF_EHELD)));
	CHECK(result.changed == (rc == HF_OK && (!slot->item || items.count > 0)));
	if (rc != HF_OK)
		return;
	if (slot->item)
		end_items(&items, rng);
	else
		end_lock(slot->lock_number, result.token);
}

static void cancel_one(struct slot *slot)
{
	if (!slot->wait)
		return;
	const int rc = hf_wait_cancel(slot->wait, NULL);
	CHECK(rc == HF_OK || rc == HF_ENOTFOUND);
}

/* Callers with threads stand in the same lines. */
static void wait_with_a_thread(struct hf_rng *rng)
{
	struct hf_outbox_items items = {0};
	struct hf_result result = {0};
	char owner[24];
	(void)snprintf(owner, sizeof owner, "t%llx", (unsigned long long)hf_rng_next(rng));
	const unsigned number = (unsigned)hf_rng_below(rng, LOCKS);
	const struct hf_outbox_claim_next_args claim = {
	    .queue = hf_str(queue_names[number]), .owner = hf_str(owner), .wait_us = 1000};
	const struct hf_lock_acquire_args acquire = {
	    .name = hf_str(lock_names[number]), .owner = hf_str(owner), .wait_us = 1000};
	(void)atomic_fetch_add(&all.blocking, 1);
	if (hf_rng_below(rng, 2)) {
		CHECK(hf_outbox_claim_next(store, NULL, &claim, &items, NULL, NULL) == HF_OK);
		end_items(&items, rng);
	} else if (hf_lock_acquire(store, NULL, &acquire, &result, NULL) == HF_OK) {
		end_lock(number, result.token);
	}
}

static void step(struct hf_rng *rng)
{
	struct slot *slot = &all.slots[hf_rng_below(rng, SLOTS)];
	const unsigned what = (unsigned)hf_rng_below(rng, 16);
	if (what < 6) {
		(void)pthread_rwlock_wrlock(&slot->lock);
		if (slot->wait && (what < 2 || hf_wait_poll(slot->wait, NULL) == HF_OK)) {
			if (what > 2)
				take_one(slot, rng);
			hf_wait_free(slot->wait);
			slot->wait = NULL;
		}
		if (!slot->wait)
			start_one(slot, rng);
		(void)pthread_rwlock_unlock(&slot->lock);
	} else if (what < 14) {
		(void)pthread_rwlock_rdlock(&slot->lock);
		if (what < 9)
			cancel_one(slot);
		else if (what < 13)
			take_one(slot, rng);
		else if (slot->wait)
			CHECK(hf_wait_block(slot->wait, 50, NULL) <= HF_ETIMEDOUT);
		(void)pthread_rwlock_unlock(&slot->lock);
	} else {
		wait_with_a_thread(rng);
	}
}

static void *work(void *arg)
{
	struct hf_rng rng = hf_rng((uint64_t)(uintptr_t)arg);
	for (unsigned i = 0; i < all.steps && atomic_load(&all.wrong) == 0; i++)
		step(&rng);
	(void)atomic_fetch_sub(&all.running, 1);
	return NULL;
}

/* --- The end ---------------------------------------------------------------------------------- */

static void fill(void)
{
	memset(&all, 0, sizeof all);
	for (unsigned i = 0; i < SLOTS; i++)
		assert_int_equal(pthread_rwlock_init(&all.slots[i].lock, NULL), 0);
	for (unsigned i = 0; i < ITEMS; i++) {
		char id[8];
		(void)snprintf(id, sizeof id, "%u", i);
		const struct hf_outbox_enqueue_args args = {.queue = hf_str(queue_names[i % QUEUES]),
		                                            .id = hf_str(id),
		                                            .group = hf_str(i % 4 ? "" : "group"),
		                                            .max_attempts = UINT32_MAX};
		assert_int_equal(hf_outbox_enqueue(store, NULL, &args, NULL, &error), HF_OK);
	}
}

static void expect_all_there(void)
{
	struct hf_lock_stats locks = {0};
	unsigned there = 0, completed = 0;
	for (unsigned q = 0; q < QUEUES; q++) {
		const struct hf_outbox_list_args args = {.queue = hf_str(queue_names[q])};
		struct hf_outbox_items items = {0};
		assert_int_equal(hf_outbox_list(store, &args, 0, &items, &error), HF_OK);
		for (size_t i = 0; i < items.count; i++) {
			const struct hf_outbox_item *item = &items.items[i];
			const unsigned number = (unsigned)strtoul(item->id.data, NULL, 10);
			assert_int_equal(item->status, HF_OUTBOX_QUEUED);
			assert_int_equal(item->attempts, atomic_load(&all.attempts[number]));
			assert_int_equal(item->lost, 0);
			there++;
		}
		hf_release(items.memory);
	}
	for (unsigned i = 0; i < ITEMS; i++)
		completed += atomic_load(&all.completed[i]);
	assert_int_equal(there + completed, ITEMS);
	assert_int_equal(hf_lock_get_stats(store, 0, &locks, &error), HF_OK);
	assert_int_equal(locks.held, 0);
}

static void nothing_is_lost_where_threads_cancel(bool no_background, bool close_early)
{
	pthread_t threads[THREADS];
	const uint64_t seed = hf_test_seed();
	begin_with(no_background);
	fill();
	atomic_store(&all.running, THREADS);
	all.steps = getenv("HF_LONG") ? LONG_STEPS : STEPS;
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)(seed * 16 + i)), 0);
	while (atomic_load(&all.running) > 0) {
		sim_advance(sim, 100);
		CHECK(hf_maintain(store, 0, NULL) == HF_OK);
		(void)usleep(100);
	}
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	if (atomic_load(&all.wrong))
		fail_msg("check of line %d", atomic_load(&all.wrong));
	if (close_early) { /* with what is granted, told or being waited for */
		assert_int_equal(hf_close(store, &error), HF_OK);
		open_again(true);
	}
	for (unsigned i = 0; i < SLOTS; i++)
		hf_wait_free(all.slots[i].wait);
	expect_all_there();
	assert_int_equal(store->waits.waiting, 0);
	assert_true(hf__link_empty(&store->started.all));
	assert_true(atomic_load(&all.taken) > 0 && atomic_load(&all.cancelled) > 0);
	printf("%u taken, %u cancelled, %u timed out, %u with a thread\n", atomic_load(&all.taken),
	       atomic_load(&all.cancelled), atomic_load(&all.timed_out), atomic_load(&all.blocking));
	end();
	for (unsigned i = 0; i < SLOTS; i++)
		(void)pthread_rwlock_destroy(&all.slots[i].lock);
}

static void with_the_threads_of_the_store(void **state)
{
	(void)state;
	nothing_is_lost_where_threads_cancel(false, false);
}

static void served_by_the_hosts_threads(void **state)
{
	(void)state;
	nothing_is_lost_where_threads_cancel(true, false);
}

static void and_closed_in_the_middle(void **state)
{
	(void)state;
	nothing_is_lost_where_threads_cancel(false, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(with_the_threads_of_the_store),
	    cmocka_unit_test(served_by_the_hosts_threads),
	    cmocka_unit_test(and_closed_in_the_middle),
	};
	(void)alarm(getenv("HF_LONG") ? 1200 : 120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
