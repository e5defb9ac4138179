/* tier: fast, threads */
/* Everybody who may wait on a store at once, and then it is closed, after its disk has failed or
 * not: each is sent away with a code that says why, and may end its handle at once; callbacks go
 * on using the store until the end. Prints nothing random: rounds are numbered, and each moves
 * the moment of failure. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/internal.h"

enum { PATIENCE_S = 60, ROUNDS = 48, CHANGES = 40 };

static struct sim *sim;
static hf_store *store;
static uint64_t failures;
static atomic_uint tickets_called, events_called, asked_again;

static int enqueue(const char *queue, struct hf_ticket *ticket)
{
	static atomic_uint number;
	char id[16];
	snprintf(id, sizeof id, "%u", atomic_fetch_add(&number, 1));
	const struct hf_outbox_enqueue_args args = {
	    .write.ticket = ticket, .queue = hf_str(queue), .id = hf_str(id), .payload = hf_str("p")};
	return hf_outbox_enqueue(store, NULL, &args, NULL, NULL);
}

/* --- Who waits: each until it is told why not any more ---------------------------------------- */

/* Once each: a call that does not wait must not run beside hf_close, so nobody who was served
 * could go on. There is nothing to be had. */
static void *claim(void *arg)
{
	const struct hf_outbox_claim_next_args args = {.queue = hf_str("nothing"),
	                                               .owner = hf_str(arg),
	                                               .lease_us = 1000,
	                                               .max = 1,
	                                               .wait_us = -1};
	struct hf_outbox_items items = {0};
	return (void *)(intptr_t)hf_outbox_claim_next(store, NULL, &args, &items, NULL, NULL);
}

static void *acquire(void *arg)
{
	const struct hf_lock_acquire_args args = {
	    .name = hf_str("held"), .owner = hf_str(arg), .wait_us = -1};
	return (void *)(intptr_t)hf_lock_acquire(store, NULL, &args, NULL, NULL);
}

static void *follow(void *arg)
{
	hf_feed *feed = arg;
	struct hf_event_batch batch = {0};
	int rc;
	while ((rc = hf_feed_next(feed, 3, -1, &batch, NULL)) == HF_OK)
		hf_release(batch.memory);
	hf_feed_close(feed);
	return (void *)(intptr_t)rc;
}

static void *read_ring(void *arg)
{
	hf_subscription *subscription = arg;
	struct hf_event_batch batch = {0};
	int rc;
	while ((rc = hf_subscription_next(subscription, 2, -1, &batch, NULL)) == HF_OK)
		hf_release(batch.memory);
	hf_unsubscribe(subscription);
	return (void *)(intptr_t)rc;
}

/* --- Who is called, and calls back ------------------------------------------------------------ */

static void note_ticket(void *ctx, const struct hf_ticket *ticket, int code)
{
	struct hf_ticket next;
	(void)ticket;
	(void)code;
	(void)ctx;
	atomic_fetch_add(&tickets_called, 1);
	/* A chain without end, if closing did not end it. */
	if (enqueue("work", &next) == HF_OK &&
	    hf_ticket_callback(store, &next, note_ticket, NULL, NULL) == HF_OK)
		atomic_fetch_add(&asked_again, 1);
}

static void note_event(void *ctx, const struct hf_event *event)
{
	struct hf_ticket ticket;
	(void)ctx;
	(void)event;
	atomic_fetch_add(&events_called, 1);
	if (enqueue("told", &ticket) == HF_OK && hf_ticket_wait(store, &ticket, 100000, NULL) == HF_OK)
		atomic_fetch_add(&asked_again, 1);
}

/* --- A round ---------------------------------------------------------------------------------- */

static void open_store(void)
{
	const struct hf_options options = {.create = true, .segment_size = 16 << 10};
	sim = sim_new(sim_profile_weak(), 3);
	assert_int_equal(hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, NULL), HF_OK);
}

static hf_subscription *subscribe(const char *queue, hf_event_fn callback)
{
	const struct hf_subscribe_args args = {
	    .domain = "outbox", .key = {hf_str(queue)}, .parts = 1, .ring = 4, .callback = callback};
	hf_subscription *subscription;
	assert_int_equal(hf_subscribe(store, &args, &subscription, NULL), HF_OK);
	return subscription;
}

static void make_changes(void)
{
	struct hf_ticket ticket = {0, 0};
	for (unsigned i = 0; i < CHANGES; i++) {
		const int rc = enqueue("work", i % 3 ? &ticket : NULL);
		if (rc != HF_OK)
			return;
		if (i % 10 == 4)
			atomic_fetch_add(&asked_again,
			                 hf_ticket_callback(store, &ticket, note_ticket, NULL, NULL) == HF_OK);
	}
}

/* A call that has not begun yet must not come after hf_close. The others need no such care: they
 * have handles. */
static void await_waiting_calls(size_t count)
{
	size_t inside = 0;
	while (inside < count) {
		(void)pthread_mutex_lock(&store->lock);
		inside = store->waits.inside;
		(void)pthread_mutex_unlock(&store->lock);
	}
}

static bool says_why(int rc, bool failing)
{
	return rc == HF_ECANCELED || (failing && (rc == HF_EFAILED || rc == HF_EUNCERTAIN));
}

static void everybody_is_sent_away(unsigned round)
{
	enum { THREADS = 5 };
	static void *(*const mains[THREADS])(void *) = {claim, acquire, acquire, follow, read_ring};
	const bool failing = round % 2;
	pthread_t threads[THREADS];
	open_store();
	hf_feed *feed;
	assert_int_equal(hf_feed_open(store, 0, &feed, NULL), HF_OK);
	const struct hf_lock_acquire_args held = {.name = hf_str("held"), .owner = hf_str("main")};
	assert_int_equal(hf_lock_acquire(store, NULL, &held, NULL, NULL), HF_OK);
	hf_subscription *called = subscribe("work", note_event);
	static char a[] = "a", b[] = "b", c[] = "c";
	void *const args[THREADS] = {a, b, c, feed, subscribe("work", NULL)};
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, mains[i], args[i]), 0);
	await_waiting_calls(3);
	if (failing)
		sim_add_fault(sim, (struct sim_fault){
		                       .kinds = SIM_SYNC | SIM_WRITE, .nth = 5 + round * 2, .error = EIO});
	make_changes();
	if (round % 4 > 1)
		nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL);
	const int rc = hf_close(store, NULL);
	assert_true(rc == HF_OK || (failing && (rc == HF_EFAILED || rc == HF_EUNCERTAIN)));
	for (unsigned i = 0; i < THREADS; i++) {
		void *code;
		assert_int_equal(pthread_join(threads[i], &code), 0);
		if (!says_why((int)(intptr_t)code, failing))
			fail_msg("round %u: waiter %u ended with %s", round, i,
			         hf_code_name((int)(intptr_t)code));
	}
	hf_unsubscribe(called);
	failures += sim_fault_hits(sim);
	assert_int_equal(sim_broken(sim).left_open, 0);
	sim_free(sim);
}

static void everybody_is_sent_away_at_once(void **state)
{
	(void)state;
	alarm(PATIENCE_S);
	atomic_store(&tickets_called, 0);
	atomic_store(&events_called, 0);
	for (unsigned round = 0; round < ROUNDS; round++)
		everybody_is_sent_away(round);
	alarm(0);
	assert_true(failures > ROUNDS / 4 && atomic_load(&tickets_called) > ROUNDS &&
	            atomic_load(&events_called) > 0);
	print_message("figure: %u rounds, %u of them failing, %u tickets told, %u events told\n",
	              ROUNDS, (unsigned)failures, atomic_load(&tickets_called),
	              atomic_load(&events_called));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(everybody_is_sent_away_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
