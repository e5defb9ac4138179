/* tier: fast */
/* Read-only handles that look between any two calls of a writer to its disk: never damage, never
 * less than before, never more than is durable, and always a state that the writer had. */
#include "lib/churn/churn.h"
#include "lib/follow/between.h"
#include "lib/follow/follower.h"
#include "lib/rng.h"
#include "lib/test.h"
#include "store/follow/follow.h"

enum { LIVES = 12, STATES_MAX = 4096, SEEN_MAX = 1 << 17 };

static const struct hf_options writing = {
    .create = true, .no_background = true, .segment_size = 16 << 10};

struct at {
	hf_lsn lsn;
	uint64_t digest;
};

static struct {
	struct sim *sim;
	struct between between;
	hf_store *writer, *follower;
	struct at states[STATES_MAX], seen[SEEN_MAX];
	size_t states_count, seen_count;
	hf_lsn last; /* of the follower */
	unsigned looks, fresh, exact;
} world;

static void note_seen(hf_store *follower)
{
	const struct at at = {follower_lsn(follower), follower_digest(follower)};
	if (world.seen_count > 0 && world.seen[world.seen_count - 1].lsn == at.lsn) {
		assert_int_equal(world.seen[world.seen_count - 1].digest, at.digest);
		return;
	}
	assert_true(world.seen_count < SEEN_MAX);
	world.seen[world.seen_count++] = at;
}

static void look(void *ctx)
{
	(void)ctx;
	const hf_lsn durable = world.writer ? hf__durable_end(world.writer) : UINT64_MAX;
	const uint64_t before = sim_hash(world.sim);
	(void)follower_refresh(world.follower);
	const hf_lsn lsn = follower_lsn(world.follower);
	if (lsn > durable)
		fail_msg("LSN %llu is shown, %llu is durable", (unsigned long long)lsn,
		         (unsigned long long)durable);
	assert_true(lsn >= world.last);
	world.last = lsn;
	note_seen(world.follower);
	if (world.looks++ % 37 == 0) {
		hf_store *fresh = follower_open(world.sim, 2);
		assert_true(follower_lsn(fresh) <= durable);
		note_seen(fresh);
		assert_int_equal(hf_close(fresh, NULL), HF_OK);
		world.fresh++;
	}
	assert_int_equal(sim_hash(world.sim), before);
}

static void note_state(void)
{
	assert_true(world.states_count < STATES_MAX);
	world.states[world.states_count++] =
	    (struct at){hf__passed_lsn(world.writer), follower_digest(world.writer)};
}

/* What was seen at the LSN of a state is that state. */
static void compare(void)
{
	for (size_t i = 0; i < world.seen_count; i++)
		for (size_t j = world.states_count; j-- > 0;)
			if (world.states[j].lsn == world.seen[i].lsn) {
				assert_int_equal(world.states[j].digest, world.seen[i].digest);
				world.exact++;
				break;
			}
}

static void step(struct churn *churn, unsigned i)
{
	churn_step(churn, world.writer);
	note_state();
	if (i % 11 == 5)
		assert_int_equal(hf_maintain(world.writer, 0, NULL), HF_OK);
	if (i % 17 == 3)
		assert_int_equal(hf_snapshot(world.writer, NULL), HF_OK);
	if (i % 29 == 7)
		assert_int_equal(hf_compact(world.writer, NULL), HF_OK);
	if (i % 11 == 5 || i % 17 == 3 || i % 29 == 7)
		note_state();
}

static void live(struct churn *churn, unsigned life)
{
	struct hf_error error = {0};
	if (hf__store_open(&world.between.os, hf__all_domains(), &writing, &world.writer, &error) !=
	    HF_OK)
		fail_msg("open: %s", error.text);
	note_state();
	for (unsigned i = 0; i < 60; i++)
		step(churn, i);
	if (life % 2 == 0) {
		/* The LSNs that an opening passes over have no entry. */
		assert_int_equal(hf_sync(world.writer, NULL), HF_OK);
		note_state();
		hf_store *writer = world.writer;
		world.writer = NULL;
		assert_int_equal(hf_close(writer, NULL), HF_OK);
		return;
	}
	hf_store *writer = world.writer;
	world.writer = NULL;
	follower_kill(world.sim, writer);
}

static void run(struct sim_profile profile, uint32_t pad, const char *name)
{
	struct churn churn;
	memset(&world, 0, sizeof world);
	world.sim = sim_new(profile, 21);
	sim_set_now(world.sim, OP_NOW);
	struct hf_options options = writing;
	options.pad = pad;
	assert_int_equal(hf_close(follower_writer(world.sim, &options), NULL), HF_OK);
	world.follower = follower_open(world.sim, 1);
	between_init(&world.between, sim_os(world.sim), look, NULL);
	churn_init(&churn, name, 20, 1500);
	for (unsigned i = 0; i < LIVES; i++)
		live(&churn, i);
	compare();
	print_message("figure: %u looks, %zu states seen, %u of them compared, %u new handles\n",
	              world.looks, world.seen_count, world.exact, world.fresh);
	assert_true(world.looks > 3000 && world.fresh > 80 && world.exact > 300);
	assert_true(world.exact * 10 > world.seen_count * 7);
	world.between.before = NULL;
	churn_deinit(&churn);
	assert_int_equal(hf_close(world.follower, NULL), HF_OK);
	sim_free(world.sim);
}

static void between_any_two_calls_a_durable_state_is_shown(void **state)
{
	(void)state;
	run(sim_profile_strict(), 0, "between");
}

static void between_any_two_calls_of_a_padded_store_too(void **state)
{
	(void)state;
	run(sim_profile_weak(), 512, "between, padded");
}

/* --- A writer between any two calls of a reader ----------------------------------------------- */

static struct churn works;
static unsigned left, done;

static void end_life(void)
{
	hf_store *writer = world.writer;
	if (hf_rng_chance(&works.random.rng, 1, 2))
		follower_kill(world.sim, writer);
	else
		assert_int_equal(hf_close(writer, NULL), HF_OK);
	world.writer = NULL;
	if (hf_rng_chance(&works.random.rng, 3, 4))
		world.writer = follower_writer(world.sim, &writing);
}

static void work(void *ctx)
{
	struct hf_rng *rng = &works.random.rng;
	(void)ctx;
	if (left == 0 || !hf_rng_chance(rng, 1, 4))
		return;
	left--;
	done++;
	if (!world.writer)
		world.writer = follower_writer(world.sim, &writing);
	else if (hf_rng_chance(rng, 1, 40))
		end_life();
	else if (hf_rng_chance(rng, 1, 20))
		assert_int_equal(hf_snapshot(world.writer, NULL), HF_OK);
	else if (hf_rng_chance(rng, 1, 20))
		assert_int_equal(hf_compact(world.writer, NULL), HF_OK);
	else if (hf_rng_chance(rng, 1, 20))
		assert_int_equal(hf_maintain(world.writer, 0, NULL), HF_OK);
	else
		churn_step(&works, world.writer);
}

/* As the handle was left by the newest call. */
static void expect_durable(hf_store *follower)
{
	const hf_lsn shown = follower->follow->tail.next_lsn - 1;
	if (world.writer && shown > hf__durable_end(world.writer))
		fail_msg("LSN %llu is shown, %llu is durable", (unsigned long long)shown,
		         (unsigned long long)hf__durable_end(world.writer));
}

static void expect_what_is_there(hf_store *follower)
{
	left = 0;
	if (world.writer)
		assert_int_equal(hf_sync(world.writer, NULL), HF_OK);
	else
		world.writer = follower_writer(world.sim, &writing);
	assert_int_equal(follower_refresh(follower), follower_digest(world.writer));
	follower_verify(follower);
}

static void a_writer_at_work_between_any_two_calls_is_no_damage(void **state)
{
	(void)state;
	struct hf_error error = {0};
	memset(&world, 0, sizeof world);
	left = done = 0;
	world.sim = sim_new(sim_profile_strict(), 22);
	sim_set_now(world.sim, OP_NOW);
	world.writer = follower_writer(world.sim, &writing);
	churn_init(&works, "a writer between", 20, 1500);
	between_init(&world.between, sim_opener(world.sim, 1), work, NULL);
	for (unsigned round = 0; round < 150; round++) {
		left = 12;
		if (hf__store_open_read(&world.between.os, hf__all_domains(), NULL, &world.follower,
		                        &error) != HF_OK)
			fail_msg("open_read: %s (%s at %llu)", error.text, error.file,
			         (unsigned long long)error.offset);
		expect_durable(world.follower);
		for (unsigned i = 0; i < 8; i++) {
			left = 1 + (unsigned)hf_rng_below(&works.random.rng, 12);
			(void)follower_refresh(world.follower);
			expect_durable(world.follower);
			if (i % 3 == 2)
				expect_what_is_there(world.follower);
		}
		assert_int_equal(hf_close(world.follower, NULL), HF_OK);
	}
	print_message("figure: %u steps of a writer between calls of a reader\n", done);
	assert_true(done > 1500);
	churn_deinit(&works);
	assert_int_equal(hf_close(world.writer, NULL), HF_OK);
	sim_free(world.sim);
}

/* --- A writer that comes while a store without a writer is loaded ----------------------------- */

static void come(void *ctx)
{
	(void)ctx;
	if (left-- != 1)
		return;
	world.writer = follower_writer(world.sim, &writing);
	for (int64_t i = 1; i <= 2; i++) {
		const struct hf_cursor_advance_args args = {
		    .write.durability = i == 1 ? HF_DURABLE : HF_OS,
		    .key = {hf_str("come"), hf_str("s"), hf_str("")},
		    .sequence = i};
		assert_int_equal(hf_cursor_advance(world.writer, NULL, &args, NULL, NULL), HF_OK);
	}
}

static void a_writer_that_comes_meanwhile_is_noticed(void **state)
{
	(void)state;
	struct hf_error error = {0};
	unsigned came = 0;
	for (unsigned nth = 1, calls = 2; nth < calls; nth++) {
		memset(&world, 0, sizeof world);
		world.sim = sim_new(sim_profile_strict(), 23);
		sim_set_now(world.sim, OP_NOW);
		churn_init(&works, "comes", 20, 1500);
		hf_store *first = follower_writer(world.sim, &writing);
		for (unsigned i = 0; i < 20; i++)
			churn_step(&works, first);
		follower_kill(world.sim, first);
		between_init(&world.between, sim_opener(world.sim, 1), come, NULL);
		left = nth;
		if (hf__store_open_read(&world.between.os, hf__all_domains(), NULL, &world.follower,
		                        &error) != HF_OK)
			fail_msg("open_read: %s", error.text);
		came += world.writer != NULL;
		expect_durable(world.follower);
		calls = world.between.calls;
		left = 0;
		if (world.writer)
			expect_what_is_there(world.follower);
		assert_int_equal(hf_close(world.follower, NULL), HF_OK);
		if (world.writer)
			assert_int_equal(hf_close(world.writer, NULL), HF_OK);
		churn_deinit(&works);
		sim_free(world.sim);
	}
	print_message("figure: at each of %u calls\n", came);
	assert_true(came > 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(between_any_two_calls_a_durable_state_is_shown),
	    cmocka_unit_test(between_any_two_calls_of_a_padded_store_too),
	    cmocka_unit_test(a_writer_at_work_between_any_two_calls_is_no_damage),
	    cmocka_unit_test(a_writer_that_comes_meanwhile_is_noticed),
	};
	return cmocka_run_group_tests_name("following between calls", tests, NULL, NULL);
}
