/* tier: fast */
/* The store's clock: never behind what it wrote or showed, never ahead of a lease that was
 * given, and it never stands. */
#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/clock.h"
#include "store/store.h"

#define SECOND INT64_C(1000000)
#define HOUR (3600 * SECOND)
#define YEAR (8766 * HOUR)
#define NOW INT64_C(1795167000000000) /* 2026-11-20T09:30:00Z */

static struct hf_error error;

struct desk {
	struct sim *sim;
	hf_store *store;
};

static void open_store(struct desk *desk)
{
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = 64u << 10};
	if (hf__store_open(sim_os(desk->sim), hf__all_domains(), &options, &desk->store, &error) !=
	    HF_OK)
		fail_msg("open: %s", error.text);
}

static struct desk desk_open(void)
{
	struct desk desk = {.sim = sim_new(sim_profile_strict(), 8)};
	sim_set_now(desk.sim, NOW);
	open_store(&desk);
	return desk;
}

static void desk_close(struct desk *desk)
{
	assert_int_equal(hf_close(desk->store, &error), HF_OK);
	sim_free(desk->sim);
}

static int64_t clock_of(struct desk *desk)
{
	struct hf_lock_stats stats = {0};
	assert_int_equal(hf_lock_get_stats(desk->store, 0, &stats, &error), HF_OK);
	return stats.as_of;
}

static hf_token acquire(struct desk *desk, int64_t lease)
{
	struct hf_result result = {0};
	const struct hf_lock_acquire_args args = {
	    .name = hf_str("l"), .owner = hf_str("o"), .lease_us = lease};
	if (hf_lock_acquire(desk->store, NULL, &args, &result, &error) != HF_OK)
		fail_msg("acquire: %s", error.text);
	return result.token;
}

static bool held(struct desk *desk, hf_token token)
{
	const int rc = hf_lock_check(
	    desk->store, &(struct hf_lock_check_args){.name = hf_str("l"), .token = token}, 0, &error);
	assert_true(rc == HF_OK || rc == HF_ESTALE);
	return rc == HF_OK;
}

/* --- While open ------------------------------------------------------------------------------- */

static const int64_t jumps[] = {5 * SECOND, HOUR, 10 * YEAR, INT64_MAX - NOW};

static void a_lease_is_over_in_time_after_the_wall_clock_was_ahead_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
		struct desk desk = desk_open();
		sim_set_now(desk.sim, NOW + jumps[i]);
		const int64_t ahead = clock_of(&desk);
		assert_true(ahead > NOW + SECOND);
		sim_set_now(desk.sim, NOW);
		assert_true(clock_of(&desk) == ahead);
		const hf_token token = acquire(&desk, SECOND);
		sim_advance(desk.sim, SECOND - 1);
		assert_true(held(&desk, token));
		sim_advance(desk.sim, 1);
		assert_false(held(&desk, token));
		assert_true(clock_of(&desk) == ahead + SECOND);
		desk_close(&desk);
	}
}

static void a_wall_clock_set_to_1970_or_before_leaves_the_clock_going(void **state)
{
	(void)state;
	const int64_t walls[] = {0, 1, -YEAR, INT64_MIN};
	for (size_t i = 0; i < sizeof walls / sizeof walls[0]; i++) {
		struct desk desk = desk_open();
		const hf_token token = acquire(&desk, SECOND);
		sim_set_now(desk.sim, walls[i]);
		sim_suspend(desk.sim, SECOND - 1);
		assert_true(clock_of(&desk) == NOW + SECOND - 1 && held(&desk, token));
		sim_suspend(desk.sim, 1);
		assert_false(held(&desk, token));
		desk_close(&desk);
	}
}

static void a_store_made_in_1970_begins_there(void **state)
{
	(void)state;
	struct desk desk = {.sim = sim_new(sim_profile_strict(), 8)};
	sim_set_now(desk.sim, 7);
	open_store(&desk);
	assert_true(clock_of(&desk) == 7);
	desk_close(&desk);
}

static void a_wall_clock_that_jumps_forward_ends_a_lease_early(void **state)
{
	(void)state;
	struct desk desk = desk_open();
	const hf_token token = acquire(&desk, 30 * SECOND);
	sim_set_now(desk.sim, NOW + HOUR);
	assert_false(held(&desk, token));
	sim_set_now(desk.sim, NOW);
	assert_false(held(&desk, token));
	desk_close(&desk);
}

static void what_passes_while_the_machine_is_suspended_counts(void **state)
{
	(void)state;
	struct desk desk = desk_open();
	sim_set_now(desk.sim, NOW + YEAR);
	(void)clock_of(&desk);
	sim_set_now(desk.sim, NOW);
	const hf_token token = acquire(&desk, HOUR);
	sim_suspend(desk.sim, HOUR);
	assert_false(held(&desk, token));
	desk_close(&desk);
}

/* --- Across openings -------------------------------------------------------------------------- */

enum stop { CLOSED, KILLED, REBOOTED };

/* Takes a lease of a minute while the wall clock is `ahead`, sets the wall clock back, stops,
 * and lets `pass` go by before opening again. */
static hf_token reopened(struct desk *desk, int64_t ahead, enum stop stop, int64_t pass)
{
	sim_set_now(desk->sim, NOW + ahead);
	const hf_token token = acquire(desk, 60 * SECOND);
	sim_set_now(desk->sim, NOW);
	if (stop == KILLED)
		assert_int_equal(hf_maintain(desk->store, 0, &error), HF_OK);
	hf_store *old = desk->store;
	if (stop != KILLED)
		assert_int_equal(hf_close(old, &error), HF_OK);
	else
		sim_kill(desk->sim);
	if (stop == REBOOTED)
		sim_reboot(desk->sim);
	sim_suspend(desk->sim, pass);
	open_store(desk);
	if (stop == KILLED) {
		sim_set_forked(desk->sim, true);
		assert_int_equal(hf_close(old, NULL), HF_EFORK);
		sim_set_forked(desk->sim, false);
	}
	return token;
}

static void time_spent_closed_counts(void **state)
{
	(void)state;
	const int64_t aheads[] = {0, HOUR, 10 * YEAR};
	for (size_t i = 0; i < sizeof aheads / sizeof aheads[0]; i++) {
		for (enum stop stop = CLOSED; stop <= REBOOTED; stop++) {
			struct desk desk = desk_open();
			hf_token token = reopened(&desk, aheads[i], stop, 60 * SECOND - 1);
			assert_true(clock_of(&desk) >= NOW + aheads[i] + 60 * SECOND - 1);
			sim_advance(desk.sim, 1);
			assert_false(held(&desk, token));
			desk_close(&desk);
			desk = desk_open();
			token = reopened(&desk, aheads[i], stop == KILLED ? CLOSED : stop, 30 * SECOND);
			/* it is without a lease that an opening ends what another had */
			assert_true(held(&desk, token));
			sim_advance(desk.sim, 30 * SECOND);
			assert_false(held(&desk, token));
			desk_close(&desk);
		}
	}
}

static void advance_unsynced(struct desk *desk, int64_t sequence)
{
	const struct hf_cursor_advance_args args = {
	    .write = {.durability = HF_OS},
	    .key = {.consumer = hf_str("c"), .stream = hf_str("s")},
	    .sequence = sequence};
	assert_int_equal(hf_cursor_advance(desk->store, NULL, &args, NULL, &error), HF_OK);
}

/* Recovery makes the end of the log durable and says so in the witness: with a clock that has
 * resumed. A word with an earlier one would be what the next opening resumes from. */
static void an_opening_that_is_killed_or_closed_unused_leaves_the_clock_as_it_was(void **state)
{
	(void)state;
	const int64_t aheads[] = {0, HOUR, 10 * YEAR};
	for (size_t a = 0; a < sizeof aheads / sizeof aheads[0]; a++) {
		for (int openings = 1; openings <= 6; openings++) {
			struct desk desk = desk_open();
			hf_store *old[6];
			(void)reopened(&desk, aheads[a], KILLED, SECOND);
			for (int life = 0; life < openings; life++) {
				old[life] = desk.store;
				/* the first group of an opening is durable before it is answered */
				for (int i = 0; life % 2 == 0 && i < 2; i++)
					advance_unsynced(&desk, 2 * life + i + 1);
				sim_kill(desk.sim);
				sim_advance(desk.sim, SECOND);
				open_store(&desk);
				assert_true(clock_of(&desk) == NOW + aheads[a] + (life + 2) * SECOND);
			}
			assert_int_equal(hf_close(desk.store, &error), HF_OK);
			open_store(&desk);
			assert_true(clock_of(&desk) == NOW + aheads[a] + (openings + 1) * SECOND);
			sim_set_forked(desk.sim, true);
			for (int life = 0; life < openings; life++)
				assert_int_equal(hf_close(old[life], NULL), HF_EFORK);
			sim_set_forked(desk.sim, false);
			desk_close(&desk);
		}
	}
}

static void what_passes_until_somebody_looks_counts(void **state)
{
	(void)state;
	struct desk desk = desk_open();
	sim_set_now(desk.sim, NOW + HOUR);
	(void)acquire(&desk, SECOND);
	const int64_t ahead = clock_of(&desk);
	sim_set_now(desk.sim, NOW);
	assert_int_equal(hf_close(desk.store, &error), HF_OK);
	open_store(&desk);
	sim_advance(desk.sim, 600 * SECOND);
	assert_true(clock_of(&desk) == ahead + 600 * SECOND);
	desk_close(&desk);
}

static void
after_another_boot_with_the_wall_clock_behind_a_lease_lasts_no_longer_than_it_is(void **state)
{
	(void)state;
	struct desk desk = desk_open();
	const hf_token token = acquire(&desk, 60 * SECOND);
	assert_int_equal(hf_close(desk.store, &error), HF_OK);
	sim_reboot(desk.sim);
	sim_set_now(desk.sim, 0); /* a machine without a battery */
	open_store(&desk);
	assert_true(held(&desk, token) && clock_of(&desk) >= NOW);
	sim_suspend(desk.sim, 60 * SECOND);
	assert_false(held(&desk, token));
	desk_close(&desk);
}

static void what_lasts_ends_at_its_time_or_never(void **state)
{
	(void)state;
	assert_true(hf__time_after(NOW, 0) == NOW && hf__time_after(NOW, SECOND) == NOW + SECOND);
	assert_true(hf__time_after(HF_UNSET, 1) == HF_UNSET + 1);
	assert_true(hf__time_after(-1, INT64_MAX) == INT64_MAX - 1);
	assert_true(hf__time_after(0, INT64_MAX) == INT64_MAX &&
	            hf__time_after(1, INT64_MAX) == INT64_MAX);
	assert_true(hf__time_after(INT64_MAX, INT64_MAX) == INT64_MAX &&
	            hf__time_after(INT64_MAX, 0) == INT64_MAX);
	assert_true(hf__ticks_after(5, SECOND) == 1000 * SECOND + 5);
	assert_true(hf__ticks_after(5, INT64_MAX / 999) == INT64_MAX &&
	            hf__ticks_after(0, INT64_MAX) == INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_lasts_ends_at_its_time_or_never),
	    cmocka_unit_test(a_lease_is_over_in_time_after_the_wall_clock_was_ahead_once),
	    cmocka_unit_test(a_wall_clock_set_to_1970_or_before_leaves_the_clock_going),
	    cmocka_unit_test(a_store_made_in_1970_begins_there),
	    cmocka_unit_test(a_wall_clock_that_jumps_forward_ends_a_lease_early),
	    cmocka_unit_test(what_passes_while_the_machine_is_suspended_counts),
	    cmocka_unit_test(time_spent_closed_counts),
	    cmocka_unit_test(an_opening_that_is_killed_or_closed_unused_leaves_the_clock_as_it_was),
	    cmocka_unit_test(what_passes_until_somebody_looks_counts),
	    cmocka_unit_test(
	        after_another_boot_with_the_wall_clock_behind_a_lease_lasts_no_longer_than_it_is),
	};
	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
