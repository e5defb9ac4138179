/* A store on the simulated disk whose waits are served by the test's own thread (no_background), a
 * queue "q" and a lock "l", and words for both kinds of waits. */
#ifndef TESTS_WAITS_CASE_H
#define TESTS_WAITS_CASE_H

#include <unistd.h>

#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/follow/follow.h"
#include "store/internal.h"

#define NOW INT64_C(1795167000000000)
#define SECOND INT64_C(1000000)

static struct sim *sim;
static hf_store *store;
static struct hf_error error;

static inline void open_again(bool no_background)
{
	const struct hf_options options = {
	    .create = true, .no_background = no_background, .segment_size = 64u << 10};
	assert_int_equal(hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error),
	                 HF_OK);
}

static inline void begin_with(bool no_background)
{
	sim = sim_new(sim_profile_strict(), 4);
	sim_set_now(sim, NOW);
	open_again(no_background);
}

static inline void begin(void)
{
	begin_with(true);
}

static inline void end(void)
{
	assert_int_equal(hf__state_verify(store, NULL), HF_OK);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	sim_free(sim);
}

/* Everything that is due is decided, durable and told of. */
static inline void serve(void)
{
	assert_int_equal(hf_maintain(store, 0, &error), HF_OK);
}

static inline void pass_time(int64_t us)
{
	sim_advance(sim, us);
	serve();
}

static inline void enqueue_in(const char *id, const char *group)
{
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str("q"), .id = hf_str(id), .payload = hf_str(id), .group = hf_str(group)};
	assert_int_equal(hf_outbox_enqueue(store, NULL, &args, NULL, &error), HF_OK);
}

static inline void enqueue(const char *id)
{
	enqueue_in(id, "");
}

static inline hf_wait *claim_for(int64_t wait_us, int64_t lease_us)
{
	hf_wait *wait;
	const struct hf_outbox_claim_next_args args = {
	    .queue = hf_str("q"), .owner = hf_str("w"), .lease_us = lease_us, .wait_us = wait_us};
	assert_int_equal(hf_outbox_claim_next_start(store, &args, &wait, &error), HF_OK);
	return wait;
}

static inline hf_wait *claim(void)
{
	return claim_for(-1, 30 * SECOND);
}

static inline hf_wait *acquire_for(const char *owner, int64_t wait_us)
{
	hf_wait *wait;
	const struct hf_lock_acquire_args args = {
	    .name = hf_str("l"), .owner = hf_str(owner), .lease_us = 30 * SECOND, .wait_us = wait_us};
	assert_int_equal(hf_lock_acquire_start(store, &args, &wait, &error), HF_OK);
	return wait;
}

static inline hf_wait *acquire(const char *owner)
{
	return acquire_for(owner, -1);
}

/* Takes it and frees the handle: the code, and if there is an item that id. */
static inline int take_item(hf_wait *wait, const char *id)
{
	struct hf_outbox_items items = {0};
	struct hf_result result = {0};
	const int rc = hf_outbox_claim_next_take(wait, &items, &result, &error);
	assert_int_equal(items.count, id ? 1 : 0);
	assert_int_equal(result.changed, id != NULL);
	if (id) {
		assert_int_equal(items.items[0].id.len, strlen(id));
		assert_memory_equal(items.items[0].id.data, id, strlen(id));
		assert_int_equal(items.items[0].payload.len, strlen(id));
	}
	hf_release(items.memory);
	hf_wait_free(wait);
	return rc;
}

static inline int take_lock(hf_wait *wait, hf_token *token)
{
	struct hf_result result = {0};
	const int rc = hf_lock_acquire_take(wait, &result, &error);
	assert_int_equal(rc == HF_OK, result.token != 0);
	if (token)
		*token = result.token;
	hf_wait_free(wait);
	return rc;
}

/* Of an item of "q". */
static inline void assert_item(const char *id, enum hf_outbox_status status, uint32_t attempts,
                               uint32_t lost)
{
	struct hf_outbox_got got = {0};
	const struct hf_outbox_key key = {hf_str("q"), hf_str(id)};
	assert_int_equal(hf_outbox_get(store, &key, 0, &got, &error), HF_OK);
	assert_int_equal(got.item.status, status);
	assert_int_equal(got.item.attempts, attempts);
	assert_int_equal(got.item.lost, lost);
	hf_release(got.memory);
}

static inline bool lock_is_held(void)
{
	struct hf_lock_got got = {0};
	const int rc = hf_lock_get(store, hf_str("l"), 0, &got, &error);
	assert_true(rc == HF_OK || rc == HF_ENOTFOUND);
	hf_release(got.memory);
	return rc == HF_OK;
}

static inline void release_lock(hf_token token)
{
	const struct hf_lock_release_args args = {.name = hf_str("l"), .token = token};
	assert_int_equal(hf_lock_release(store, NULL, &args, NULL, &error), HF_OK);
}

static inline bool ended(hf_wait *wait)
{
	const int rc = hf_wait_poll(wait, &error);
	assert_true(rc == HF_OK || rc == HF_ETIMEDOUT);
	return rc == HF_OK;
}

static inline void cancel(hf_wait *wait)
{
	assert_int_equal(hf_wait_cancel(wait, &error), HF_OK);
}

#endif
