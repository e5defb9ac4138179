/* A store on the simulated disk with a gate: where a moment matters, syncs of all threads but the
 * test's own stop there until the test opens it. */
#ifndef TESTS_ASYNC_GATE_H
#define TESTS_ASYNC_GATE_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/internal.h"

static struct {
	struct hf__os os;
	const struct hf__os *below;
	pthread_t exempt;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool closed;
	unsigned held;
	atomic_uint tells;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};

static inline int gated_sync(void *ctx, int file)
{
	if (!pthread_equal(pthread_self(), gate.exempt)) {
		(void)pthread_mutex_lock(&gate.lock);
		gate.held++;
		(void)pthread_cond_broadcast(&gate.moved);
		while (gate.closed)
			(void)pthread_cond_wait(&gate.moved, &gate.lock);
		gate.held--;
		(void)pthread_mutex_unlock(&gate.lock);
	}
	return gate.below->sync(ctx, file);
}

static inline int counted_tell(void *ctx, int event)
{
	(void)atomic_fetch_add(&gate.tells, 1);
	return gate.below->event_tell(ctx, event);
}

static inline void set_gate(bool closed)
{
	(void)pthread_mutex_lock(&gate.lock);
	gate.closed = closed;
	(void)pthread_cond_broadcast(&gate.moved);
	(void)pthread_mutex_unlock(&gate.lock);
}

static inline void wait_until_held(void)
{
	(void)pthread_mutex_lock(&gate.lock);
	while (gate.held == 0)
		(void)pthread_cond_wait(&gate.moved, &gate.lock);
	(void)pthread_mutex_unlock(&gate.lock);
}

static struct sim *sim;

static hf_store *store;

static inline int open_sim(bool no_background)
{
	const struct hf_options options = {
	    .create = true, .no_background = no_background, .segment_size = 16u << 10};
	gate.below = sim_os(sim);
	gate.os = *gate.below;
	gate.os.sync = gated_sync;
	gate.os.event_tell = counted_tell;
	gate.exempt = pthread_self();
	atomic_store(&gate.tells, 0);
	return hf__store_open(&gate.os, hf__all_domains(), &options, &store, NULL);
}

static inline int advance(const char *consumer, int64_t sequence, enum hf_durability durability,
                          struct hf_ticket *ticket)
{
	const struct hf_cursor_advance_args args = {
	    .write = {.durability = durability, .ticket = ticket},
	    .key = {hf_str(consumer), hf_str("s"), hf_str("")},
	    .sequence = sequence};
	return hf_cursor_advance(store, NULL, &args, NULL, NULL);
}

/* An open store whose first group is durable. */
static inline void begin(bool no_background)
{
	sim = sim_new(sim_profile_ordered(), 1);
	sim_set_now(sim, 1000000000);
	assert_int_equal(open_sim(no_background), HF_OK);
	for (int i = 1; i <= 2; i++)
		assert_int_equal(advance("begin", i, HF_DURABLE, NULL), HF_OK);
}

static inline void end(int code)
{
	assert_int_equal(hf_close(store, NULL), code);
	assert_int_equal(sim_broken(sim).synced_again, 0);
	sim_free(sim);
}

/* --- The thread that flushes ------------------------------------------------------------------ */

static inline void wait_for_event(int event)
{
	uint64_t count;
	struct pollfd wanted = {.fd = event, .events = POLLIN};
	assert_int_equal(poll(&wanted, 1, 60000), 1);
	assert_int_equal(read(event, &count, sizeof count), sizeof count);
}

#endif
