/* tier: fast */
/* Read-only handles beside a writer and after it: they show what the writer has, step by step,
 * whatever became of it. */
#include <errno.h>

#include "base/hash.h"
#include "lib/churn/churn.h"
#include "lib/follow/follower.h"
#include "lib/rng.h"
#include "lib/test.h"
#include "store/follow/follow.h"
#include "store/snapshot/walk.h"

enum { STEPS = 400, LIVES = 200, SEGMENT = 16 << 10 };

static const struct hf_options writing = {
    .create = true, .no_background = true, .segment_size = SEGMENT};

static void a_handle_shows_each_step_of_a_writer(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_strict(), 3);
	struct churn churn;
	sim_set_now(sim, OP_NOW);
	hf_store *writer = follower_writer(sim, &writing);
	hf_store *follower = follower_open(sim, 1);
	churn_init(&churn, "each step", 20, 1500);
	for (unsigned i = 0; i < STEPS; i++) {
		churn_step(&churn, writer);
		assert_int_equal(hf_sync(writer, NULL), HF_OK);
		assert_int_equal(follower_refresh(follower), follower_digest(writer));
		follower_verify(follower);
		if (i % 20 == 0) {
			hf_store *fresh = follower_open(sim, 2);
			assert_int_equal(follower_digest(fresh), follower_digest(writer));
			assert_int_equal(hf_close(fresh, NULL), HF_OK);
		}
	}
	churn_deinit(&churn);
	assert_int_equal(hf_close(follower, NULL), HF_OK);
	assert_int_equal(hf_close(writer, NULL), HF_OK);
	sim_free(sim);
}

/* --- Lives ------------------------------------------------------------------------------------ */

/* What an opening for writing would find; no writer has the store open. */
static uint64_t digest_of_opening(struct sim *sim)
{
	struct sim *copy = sim_clone(sim);
	hf_store *store = follower_writer(copy, &writing);
	const uint64_t digest = follower_digest(store);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	sim_free(copy);
	return digest;
}

/* Both, the one that was there all the time and a new one. */
static void expect_all(struct sim *sim, hf_store *follower, uint64_t digest)
{
	hf_store *fresh = follower_open(sim, 2);
	assert_int_equal(follower_digest(fresh), digest);
	assert_int_equal(follower_refresh(follower), digest);
	follower_verify(follower);
	assert_int_equal(hf_close(fresh, NULL), HF_OK);
}

static void live(struct sim *sim, struct churn *churn, hf_store *follower)
{
	struct hf_rng *rng = &churn->random.rng;
	hf_store *writer = follower_writer(sim, &writing);
	for (uint64_t left = hf_rng_below(rng, 20); left > 0; left--) {
		churn_step(churn, writer);
		if (hf_rng_chance(rng, 1, 9))
			assert_int_equal(hf_snapshot(writer, NULL), HF_OK);
		if (hf_rng_chance(rng, 1, 15))
			assert_int_equal(hf_compact(writer, NULL), HF_OK);
		if (hf_rng_chance(rng, 1, 6))
			assert_int_equal(hf_maintain(writer, 0, NULL), HF_OK);
		if (hf_rng_chance(rng, 2, 3))
			continue;
		assert_int_equal(hf_sync(writer, NULL), HF_OK);
		expect_all(sim, follower, follower_digest(writer));
	}
	if (hf_rng_chance(rng, 1, 2))
		follower_kill(sim, writer);
	else
		assert_int_equal(hf_close(writer, NULL), HF_OK);
	if (hf_rng_chance(rng, 2, 3))
		expect_all(sim, follower, digest_of_opening(sim));
	if (hf_rng_chance(rng, 1, 2))
		sim_advance(sim, (int64_t)hf_rng_below(rng, 40) * 1000000);
}

static void a_handle_outlives_writers_that_close_and_that_are_killed(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_strict(), 4);
	struct churn churn;
	sim_set_now(sim, OP_NOW);
	assert_int_equal(hf_close(follower_writer(sim, &writing), NULL), HF_OK);
	hf_store *follower = follower_open(sim, 1);
	churn_init(&churn, "lives", 20, 1500);
	for (unsigned i = 0; i < LIVES; i++)
		live(sim, &churn, follower);
	churn_deinit(&churn);
	assert_int_equal(hf_close(follower, NULL), HF_OK);
	sim_free(sim);
}

static void advance(hf_store *writer, int64_t sequence, int code)
{
	const struct hf_cursor_advance_args args = {.key = {hf_str("c"), hf_str("s"), hf_str("")},
	                                            .sequence = sequence};
	assert_int_equal(hf_cursor_advance(writer, NULL, &args, NULL, NULL), code);
}

/* What it wrote is in the log and was never acknowledged: an opening finds it all the same. */
static void what_a_writer_left_whose_first_sync_failed_is_found(void **state)
{
	(void)state;
	/* the first one is of the segment that is made */
	const struct sim_fault fault = {.kinds = SIM_SYNC, .name = "segment-", .nth = 2, .error = EIO};
	for (unsigned looks = 0; looks < 2; looks++) {
		struct sim *sim = sim_new(sim_profile_strict(), 9);
		sim_set_now(sim, OP_NOW);
		hf_store *writer = follower_writer(sim, &writing);
		advance(writer, 1, HF_OK);
		follower_kill(sim, writer);
		hf_store *follower = follower_open(sim, 1);
		expect_all(sim, follower, digest_of_opening(sim));
		writer = follower_writer(sim, &writing);
		sim_add_fault(sim, fault);
		advance(writer, 2, HF_EUNCERTAIN);
		sim_clear_faults(sim);
		if (looks)
			(void)follower_refresh(follower);
		const uint64_t before = follower_digest(follower);
		follower_kill(sim, writer);
		assert_true(digest_of_opening(sim) != before);
		expect_all(sim, follower, digest_of_opening(sim));
		assert_int_equal(hf_close(follower, NULL), HF_OK);
		sim_free(sim);
	}
}

/* --- What was held ---------------------------------------------------------------------------- */

static void enqueue_and_claim(hf_store *writer, const char *id)
{
	const struct hf_outbox_enqueue_args item = {
	    .queue = hf_str("q"), .id = hf_str(id), .payload = hf_str("p")};
	const struct hf_outbox_claim_args claim = {
	    .queue = hf_str("q"), .id = hf_str(id), .owner = hf_str("w")};
	assert_int_equal(hf_outbox_enqueue(writer, NULL, &item, NULL, NULL), HF_OK);
	assert_int_equal(hf_outbox_claim(writer, NULL, &claim, NULL, NULL, NULL), HF_OK);
}

static int status_of(hf_store *store, const char *id)
{
	const struct hf_outbox_key key = {hf_str("q"), hf_str(id)};
	struct hf_outbox_got got = {0};
	assert_int_equal(hf_outbox_get(store, &key, 0, &got, NULL), HF_OK);
	const int status = (int)got.item.status;
	hf_release(got.memory);
	return status;
}

static void what_a_writer_holds_is_free_when_it_is_gone(void **state)
{
	(void)state;
	for (unsigned killed = 0; killed < 2; killed++) {
		struct sim *sim = sim_new(sim_profile_strict(), 5);
		sim_set_now(sim, OP_NOW);
		hf_store *writer = follower_writer(sim, &writing);
		enqueue_and_claim(writer, "a");
		hf_store *follower = follower_open(sim, 1);
		assert_int_equal(status_of(follower, "a"), HF_OUTBOX_SENDING);
		if (killed)
			follower_kill(sim, writer);
		else
			assert_int_equal(hf_close(writer, NULL), HF_OK);
		assert_int_equal(status_of(follower, "a"), HF_OUTBOX_QUEUED);
		hf_store *fresh = follower_open(sim, 2);
		assert_int_equal(status_of(fresh, "a"), HF_OUTBOX_QUEUED);
		/* The next one's are held. */
		writer = follower_writer(sim, &writing);
		assert_int_equal(status_of(follower, "a"), HF_OUTBOX_QUEUED);
		enqueue_and_claim(writer, "b");
		assert_int_equal(status_of(follower, "a"), HF_OUTBOX_QUEUED);
		assert_int_equal(status_of(follower, "b"), HF_OUTBOX_SENDING);
		assert_int_equal(status_of(fresh, "b"), HF_OUTBOX_SENDING);
		assert_int_equal(hf_close(writer, NULL), HF_OK);
		assert_int_equal(status_of(follower, "b"), HF_OUTBOX_QUEUED);
		assert_int_equal(hf_close(follower, NULL), HF_OK);
		assert_int_equal(hf_close(fresh, NULL), HF_OK);
		sim_free(sim);
	}
}

/* --- A walk over it --------------------------------------------------------------------------- */

static int count_new(struct hf__emitter *emitter, uint64_t lsn, uint8_t kind)
{
	(void)lsn;
	(void)kind;
	(void)sim_seen_add(emitter->ctx, hf__checksum(emitter->body.data, emitter->body.len, 1));
	emitter->body.len = 0;
	return HF_OK;
}

static int put_no_payload(struct hf__emitter *emitter, const struct hf__payload *payload)
{
	(void)payload;
	hf__put_u32(&emitter->body, 0);
	return HF_OK;
}

/* How many objects a walk over the follower gives; half way the writer goes, if there is one. */
static size_t walk_over(hf_store *follower, hf_store *writer)
{
	struct hf__emitter emitter = {
	    .ctx = sim_seen_new(), .emit = count_new, .payload = put_no_payload};
	struct hf__walk walk;
	bool more = true;
	(void)pthread_mutex_lock(&follower->lock);
	hf__walk_begin(&walk, follower->domains, follower->world.states, follower->world.next_lsn - 1,
	               &emitter, &follower->world.change);
	for (unsigned i = 0; more; i++) {
		assert_int_equal(hf__walk_step(&walk, 1, &more), HF_OK);
		if (i != 50 || !writer)
			continue;
		(void)pthread_mutex_unlock(&follower->lock);
		assert_int_equal(hf_close(writer, NULL), HF_OK);
		assert_int_equal(hf_refresh(follower, NULL, NULL), HF_OK);
		(void)pthread_mutex_lock(&follower->lock);
	}
	hf__walk_end(&follower->world.change);
	(void)pthread_mutex_unlock(&follower->lock);
	const size_t count = sim_seen_count(emitter.ctx);
	sim_seen_free(emitter.ctx);
	hf__writer_deinit(&emitter.body);
	return count;
}

static void a_writer_that_ends_while_it_is_exported_hides_nothing(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_strict(), 10);
	sim_set_now(sim, OP_NOW);
	hf_store *writer = follower_writer(sim, &writing), *follower = follower_open(sim, 1);
	for (unsigned i = 0; i < 200; i++) {
		char id[16];
		(void)snprintf(id, sizeof id, "i%u", i);
		const struct hf_outbox_enqueue_args item = {.queue = hf_str("q"), .id = hf_str(id)};
		const struct hf_outbox_claim_args claim = {.queue = hf_str("q"),
		                                           .id = hf_str(id),
		                                           .owner = hf_str("w"),
		                                           .lease_us = i % 2 ? 60000000 : 0};
		assert_int_equal(hf_outbox_enqueue(writer, NULL, &item, NULL, NULL), HF_OK);
		assert_int_equal(hf_outbox_claim(writer, NULL, &claim, NULL, NULL, NULL), HF_OK);
	}
	(void)follower_refresh(follower);
	const size_t all = walk_over(follower, NULL);
	assert_true(all >= 200);
	assert_int_equal(walk_over(follower, writer), all);
	assert_int_equal(status_of(follower, "i0"), HF_OUTBOX_QUEUED);
	assert_int_equal(status_of(follower, "i1"), HF_OUTBOX_SENDING);
	follower_verify(follower);
	assert_int_equal(hf_close(follower, NULL), HF_OK);
	sim_free(sim);
}

/* --- Time ------------------------------------------------------------------------------------- */

/* The wall clock is wrong: only the clock since boot says how long it was. */
static void time_counts_while_nobody_has_the_store_open(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_strict(), 8);
	const struct hf_outbox_enqueue_args item = {
	    .queue = hf_str("q"), .id = hf_str("a"), .payload = hf_str("p")};
	const struct hf_outbox_claim_args claim = {
	    .queue = hf_str("q"), .id = hf_str("a"), .owner = hf_str("w"), .lease_us = 10000000};
	sim_set_now(sim, OP_NOW);
	hf_store *writer = follower_writer(sim, &writing);
	assert_int_equal(hf_outbox_enqueue(writer, NULL, &item, NULL, NULL), HF_OK);
	assert_int_equal(hf_outbox_claim(writer, NULL, &claim, NULL, NULL, NULL), HF_OK);
	hf_store *follower = follower_open(sim, 1);
	assert_int_equal(hf_close(writer, NULL), HF_OK);
	sim_advance(sim, 9000000);
	sim_set_now(sim, OP_NOW - 1000000000);
	hf_store *fresh = follower_open(sim, 2);
	assert_int_equal(status_of(follower, "a"), HF_OUTBOX_SENDING);
	assert_int_equal(status_of(fresh, "a"), HF_OUTBOX_SENDING);
	assert_int_equal(hf_close(fresh, NULL), HF_OK);
	sim_advance(sim, 2000000);
	fresh = follower_open(sim, 2);
	assert_int_equal(status_of(follower, "a"), HF_OUTBOX_QUEUED);
	assert_int_equal(status_of(fresh, "a"), HF_OUTBOX_QUEUED);
	assert_int_equal(hf_close(fresh, NULL), HF_OK);
	assert_int_equal(hf_close(follower, NULL), HF_OK);
	sim_free(sim);
}

/* --- What is refused -------------------------------------------------------------------------- */

static void must_not_run(void *ctx)
{
	(void)ctx;
	fail_msg("it ran");
}

static void what_would_call_back_to_write_is_refused(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_strict(), 6);
	const struct hf_lock_with_args with = {.name = hf_str("l"), .wait_us = -1};
	const struct hf_migration migrations[] = {{.name = hf_str("m")}};
	hf_store *writer = follower_writer(sim, &writing), *follower = follower_open(sim, 1);
	assert_int_equal(hf_lock_with(follower, &with, must_not_run, NULL, NULL), HF_EREADONLY);
	assert_int_equal(hf_migrate(follower, migrations, 1, NULL, NULL), HF_EREADONLY);
	assert_int_equal(hf_migrate(writer, migrations, 1, NULL, NULL), HF_OK);
	assert_int_equal(hf_migrate(follower, migrations, 1, NULL, NULL), HF_OK); /* nothing to do */
	assert_int_equal(hf_close(follower, NULL), HF_OK);
	assert_int_equal(hf_close(writer, NULL), HF_OK);
	sim_free(sim);
}

static void everything_that_writes_is_refused(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_strict(), 6);
	const struct hf_cursor_advance_args args = {.key = {hf_str("c"), hf_str("s"), hf_str("")},
	                                            .sequence = 1};
	const struct hf_lock_acquire_args lock = {
	    .name = hf_str("l"), .owner = hf_str("o"), .wait_us = -1};
	hf_store *writer = follower_writer(sim, &writing), *follower = follower_open(sim, 1);
	struct hf_subscribe_args all = {0};
	hf_subscription *subscription;
	struct hf_info info = {0};
	hf_txn *txn;
	const uint64_t before = sim_hash(sim);
	assert_int_equal(hf_cursor_advance(follower, NULL, &args, NULL, NULL), HF_EREADONLY);
	assert_int_equal(hf_lock_acquire(follower, NULL, &lock, NULL, NULL), HF_EREADONLY);
	assert_int_equal(hf_txn_begin(follower, &txn, NULL), HF_OK);
	assert_int_equal(hf_cursor_advance(follower, txn, &args, NULL, NULL), HF_EREADONLY);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_EREADONLY);
	assert_int_equal(hf_sync(follower, NULL), HF_EREADONLY);
	assert_int_equal(hf_flush(follower, NULL), HF_EREADONLY);
	assert_int_equal(hf_maintain(follower, 0, NULL), HF_EREADONLY);
	assert_int_equal(hf_snapshot(follower, NULL), HF_EREADONLY);
	assert_int_equal(hf_compact(follower, NULL), HF_EREADONLY);
	assert_int_equal(hf_subscribe(follower, &all, &subscription, NULL), HF_EREADONLY);
	assert_int_equal(hf_get_info(follower, &info, NULL), HF_OK);
	assert_true(info.read_only && info.writer && info.fault == 0);
	assert_int_equal(hf_get_info(writer, &info, NULL), HF_OK);
	assert_true(!info.read_only && info.writer);
	assert_int_equal(hf_close(follower, NULL), HF_OK);
	assert_int_equal(sim_hash(sim), before);
	assert_int_equal(hf_close(writer, NULL), HF_OK);
	follower = follower_open(sim, 1);
	assert_int_equal(hf_get_info(follower, &info, NULL), HF_OK);
	assert_true(info.read_only && !info.writer);
	assert_int_equal(hf_close(follower, NULL), HF_OK);
	sim_free(sim);
}

static void there_has_to_be_a_store(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_strict(), 6);
	struct hf_error error = {0};
	hf_store *follower;
	assert_int_equal(hf__store_open_read(sim_os(sim), hf__all_domains(), NULL, &follower, &error),
	                 HF_ENOTFOUND);
	assert_null(follower);
	assert_string_equal(error.text, "the directory holds no store");
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_handle_shows_each_step_of_a_writer),
	    cmocka_unit_test(a_handle_outlives_writers_that_close_and_that_are_killed),
	    cmocka_unit_test(what_a_writer_left_whose_first_sync_failed_is_found),
	    cmocka_unit_test(what_a_writer_holds_is_free_when_it_is_gone),
	    cmocka_unit_test(time_counts_while_nobody_has_the_store_open),
	    cmocka_unit_test(a_writer_that_ends_while_it_is_exported_hides_nothing),
	    cmocka_unit_test(what_would_call_back_to_write_is_refused),
	    cmocka_unit_test(everything_that_writes_is_refused),
	    cmocka_unit_test(there_has_to_be_a_store),
	};
	return cmocka_run_group_tests_name("following", tests, NULL, NULL);
}
