/* tier: fast, threads */
/* Leases, incarnations, tokens and reasons of locks, beyond what the table says. */
#include <pthread.h>
#include <sched.h>

#include "holdfast/holdfast.h"
#include "lib/settings.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/store.h"

#define SECOND INT64_C(1000000)

static hf_token acquire(hf_store *store, const char *name, const char *owner, int64_t lease)
{
	struct hf_result result = {0};
	struct hf_error error = {0};
	const struct hf_lock_acquire_args args = {
	    .name = hf_str(name), .owner = hf_str(owner), .lease_us = lease};
	if (hf_lock_acquire(store, NULL, &args, &result, &error) != HF_OK)
		fail_msg("%s", error.text);
	return result.token;
}

static int check(hf_store *store, const char *name, hf_token token)
{
	return hf_lock_check(store, &(struct hf_lock_check_args){.name = hf_str(name), .token = token},
	                     0, NULL);
}

static int renew(hf_store *store, const char *name, hf_token token, int64_t lease)
{
	return hf_lock_renew(
	    store, NULL,
	    &(struct hf_lock_renew_args){.name = hf_str(name), .token = token, .lease_us = lease}, NULL,
	    NULL);
}

/* The owner, "" for a free lock. */
static const char *holder(hf_store *store, const char *name)
{
	static char owner[64];
	struct hf_lock_got got = {0};
	const int rc = hf_lock_get(store, hf_str(name), 0, &got, NULL);
	owner[0] = '\0';
	if (rc == HF_OK)
		(void)snprintf(owner, sizeof owner, "%.*s", (int)got.lock.owner.len,
		               (const char *)got.lock.owner.data);
	else
		assert_int_equal(rc, HF_ENOTFOUND);
	hf_release(got.memory);
	return owner;
}

static struct hf_lock_stats stats(hf_store *store)
{
	struct hf_lock_stats out = {0};
	assert_int_equal(hf_lock_get_stats(store, 0, &out, NULL), HF_OK);
	return out;
}

static struct hf_info info(hf_store *store)
{
	struct hf_info out = {0};
	assert_int_equal(hf_get_info(store, &out, NULL), HF_OK);
	return out;
}

/* --- Leases ----------------------------------------------------------------------------------- */

static void a_lease_ends_at_its_very_instant_logged_or_not(void **unused)
{
	(void)unused;
	for (unsigned logged = 0; logged < 2; logged++) {
		for (enum setting setting = 0; setting < SETTINGS; setting++) {
			struct stage *stage = stage_open(setting);
			const hf_token first = acquire(stage->store, "a", "w1", SECOND);
			stage_at(stage, STAGE_NOW + SECOND - 1);
			stage_switch(stage);
			assert_int_equal(check(stage->store, "a", first), HF_OK);
			stage_at(stage, STAGE_NOW + SECOND);
			if (logged)
				assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
			stage_verify(stage);
			assert_int_equal(check(stage->store, "a", first), HF_ESTALE);
			assert_string_equal(holder(stage->store, "a"), "");
			assert_int_equal(stats(stage->store).held, logged ? 0 : 1);
			assert_true(stats(stage->store).next_ending ==
			            (logged ? HF_UNSET : STAGE_NOW + SECOND));
			assert_int_equal(renew(stage->store, "a", first, SECOND), HF_ESTALE);
			assert_true(acquire(stage->store, "a", "w2", SECOND) > first);
			assert_int_equal(check(stage->store, "a", first), HF_ESTALE);
			stage_close(stage);
		}
	}
}

static void renewing_moves_the_end_of_a_lease_both_ways(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	const hf_token token = acquire(stage->store, "a", "w1", 5 * SECOND);
	assert_int_equal(renew(stage->store, "a", token, 10 * SECOND), HF_OK);
	stage_at(stage, STAGE_NOW + 9 * SECOND);
	assert_int_equal(check(stage->store, "a", token), HF_OK);
	assert_int_equal(renew(stage->store, "a", token, SECOND / 2), HF_OK);
	assert_true(stats(stage->store).next_ending == STAGE_NOW + 9 * SECOND + SECOND / 2);
	stage_at(stage, STAGE_NOW + 10 * SECOND);
	assert_int_equal(check(stage->store, "a", token), HF_ESTALE);
	/* A lease beyond the end of time does not wrap around. */
	const hf_token last = acquire(stage->store, "a", "w1", INT64_MAX);
	stage_at(stage, STAGE_NOW + INT64_C(1000000000) * SECOND);
	assert_int_equal(check(stage->store, "a", last), HF_OK);
	stage_switch_to(stage, SETTING_REOPENED);
	assert_int_equal(check(stage->store, "a", last), HF_OK);
	stage_close(stage);
}

static void logging_an_ending_changes_no_answer_and_happens_once(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	(void)acquire(stage->store, "a", "w1", SECOND);
	(void)acquire(stage->store, "b", "w1", 2 * SECOND);
	stage_at(stage, STAGE_NOW + SECOND);
	const hf_lsn before = info(stage->store).last_lsn;
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	assert_int_equal(info(stage->store).last_lsn, before + 1);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	assert_int_equal(info(stage->store).last_lsn, before + 1);
	assert_string_equal(holder(stage->store, "a"), "");
	assert_string_equal(holder(stage->store, "b"), "w1");
	stage_close(stage);
}

/* --- Incarnations ----------------------------------------------------------------------------- */

static void reopening_frees_what_was_held_without_a_lease_and_nothing_else(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	const hf_token unleased = acquire(stage->store, "unleased", "w1", 0),
	               leased = acquire(stage->store, "leased", "w1", SECOND);
	stage_switch_to(stage, SETTING_LOADED);
	assert_int_equal(check(stage->store, "unleased", unleased), HF_OK);
	stage_switch_to(stage, SETTING_REOPENED);
	assert_int_equal(check(stage->store, "unleased", unleased), HF_ESTALE);
	assert_string_equal(holder(stage->store, "unleased"), "");
	assert_int_equal(check(stage->store, "leased", leased), HF_OK);
	/* what the dead one held is to be logged now */
	assert_true(stats(stage->store).next_ending == stats(stage->store).as_of);
	/* The holder of a lease from before lives on, without a lease too once it says so here. */
	assert_int_equal(renew(stage->store, "leased", leased, 0), HF_OK);
	stage_at(stage, STAGE_NOW + 10 * SECOND);
	stage_switch_to(stage, SETTING_LOADED);
	assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	assert_int_equal(check(stage->store, "leased", leased), HF_OK);
	assert_int_equal(stats(stage->store).held, 1);
	assert_true(acquire(stage->store, "unleased", "w2", 0) > leased);
	stage_close(stage);
}

static void a_token_of_another_grant_name_or_epoch_is_stale(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	const hf_token token = acquire(stage->store, "a", "w1", 0),
	               other = acquire(stage->store, "b", "w1", 0);
	const hf_token wrong[] = {0,          token + 1, token - 1, token + (UINT64_C(1) << 48),
	                          UINT64_MAX, other};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		assert_int_equal(check(stage->store, "a", wrong[i]), HF_ESTALE);
		assert_int_equal(renew(stage->store, "a", wrong[i], SECOND), HF_ESTALE);
		const struct hf_lock_release_args release = {.name = hf_str("a"), .token = wrong[i]};
		assert_int_equal(hf_lock_release(stage->store, NULL, &release, NULL, NULL), HF_ESTALE);
	}
	assert_int_equal(check(stage->store, "a", token), HF_OK);
	stage_close(stage);
}

/* --- In a transaction ------------------------------------------------------------------------- */

/* Writes a cursor only while `token` holds the lock. */
static int write_guarded(hf_store *store, hf_token token, int64_t sequence, struct hf_error *error)
{
	hf_txn *txn = NULL;
	const struct hf_cursor_advance_args write = {
	    .key = {.consumer = hf_str("c"), .stream = hf_str("s")}, .sequence = sequence};
	const struct hf_lock_guard_held_args guard = {.name = hf_str("a"), .token = token};
	assert_int_equal(hf_txn_begin(store, &txn, NULL), HF_OK);
	assert_int_equal(hf_cursor_advance(store, txn, &write, NULL, NULL), HF_OK);
	assert_int_equal(hf_lock_guard_held(store, txn, &guard, NULL, NULL), HF_OK);
	return hf_txn_commit(txn, HF_DURABLE, error);
}

static void who_lost_the_lock_writes_nothing(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_error error = {0};
	const hf_token token = acquire(stage->store, "a", "w1", SECOND);
	assert_int_equal(write_guarded(stage->store, token, 1, &error), HF_OK);
	stage_at(stage, STAGE_NOW + SECOND);
	assert_int_equal(write_guarded(stage->store, token, 2, &error), HF_ESTALE);
	assert_int_equal(error.operation, 1);
	assert_string_equal(error.text, "lock guard_held: no owner holds the lock any more: \"a\"");
	const hf_token next = acquire(stage->store, "a", "w2", SECOND);
	assert_int_equal(write_guarded(stage->store, token, 2, &error), HF_ESTALE);
	assert_string_equal(error.text, "lock guard_held: another token holds the lock: \"a\"");
	assert_int_equal(write_guarded(stage->store, next, 2, &error), HF_OK);
	stage_close(stage);
}

static void a_lock_can_change_hands_inside_a_transaction(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_txn *txn = NULL;
	struct hf_result given = {0}, taken = {0};
	const hf_token token = acquire(stage->store, "a", "w1", 0);
	const struct hf_lock_release_args release = {.name = hf_str("a"), .token = token};
	const struct hf_lock_acquire_args take = {
	    .name = hf_str("a"), .owner = hf_str("w2"), .lease_us = SECOND};
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	assert_int_equal(hf_lock_release(stage->store, txn, &release, &given, NULL), HF_OK);
	assert_int_equal(hf_lock_acquire(stage->store, txn, &take, &taken, NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	assert_true(given.changed && given.version == 0 && taken.token > token);
	assert_int_equal(check(stage->store, "a", taken.token), HF_OK);
	stage_close(stage);
}

static void a_transaction_cannot_wait(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_txn *txn = NULL;
	struct hf_error error = {0};
	const struct hf_lock_acquire_args take = {
	    .name = hf_str("a"), .owner = hf_str("w"), .wait_us = 1};
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	assert_int_equal(hf_lock_acquire(stage->store, txn, &take, NULL, &error), HF_EINVAL);
	assert_string_equal(error.text, "lock acquire: a transaction cannot wait");
	hf_txn_abandon(txn);
	stage_close(stage);
}

/* --- Form and reasons ------------------------------------------------------------------------- */

static void arguments_that_break_the_rules_are_refused(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	static const char long_name[HF_KEY_MAX + 1] = "x";
	static char long_reason[HF_LOCK_REASON_MAX + 1];
	const struct hf_bytes names[] = {{NULL, 0}, {long_name, sizeof long_name}, {"a\0b", 3}};
	memset(long_reason, 'x', sizeof long_reason);
	for (size_t i = 0; i < 3; i++) {
		const struct hf_lock_acquire_args name = {.name = names[i], .owner = hf_str("w")},
		                                  owner = {.name = hf_str("a"), .owner = names[i]};
		assert_int_equal(hf_lock_acquire(stage->store, NULL, &name, NULL, NULL), HF_EINVAL);
		assert_int_equal(hf_lock_acquire(stage->store, NULL, &owner, NULL, NULL), HF_EINVAL);
		assert_int_equal(hf_lock_renew(stage->store, NULL,
		                               &(struct hf_lock_renew_args){.name = names[i]}, NULL, NULL),
		                 HF_EINVAL);
		assert_int_equal(hf_lock_release(stage->store, NULL,
		                                 &(struct hf_lock_release_args){.name = names[i]}, NULL,
		                                 NULL),
		                 HF_EINVAL);
		assert_int_equal(
		    hf_lock_check(stage->store, &(struct hf_lock_check_args){.name = names[i]}, 0, NULL),
		    HF_EINVAL);
	}
	const struct hf_lock_acquire_args lease = {
	    .name = hf_str("a"), .owner = hf_str("w"), .lease_us = -1};
	assert_int_equal(hf_lock_acquire(stage->store, NULL, &lease, NULL, NULL), HF_EINVAL);
	struct hf_lock_force_release_args force = {.name = hf_str("a"), .reason = hf_str(" \t")};
	assert_int_equal(hf_lock_force_release(stage->store, NULL, &force, NULL, NULL), HF_EREASON);
	force.reason = hf_bytes_of(long_reason, sizeof long_reason);
	assert_int_equal(hf_lock_force_release(stage->store, NULL, &force, NULL, NULL), HF_ETOOBIG);
	struct hf_lock_put_args put = {
	    .name = hf_str("a"), .owner = hf_str("w"), .acquired_at = HF_UNSET, .lease_until = 5};
	assert_int_equal(hf_lock_put(stage->store, NULL, &put, NULL, NULL), HF_EINVAL);
	put = (struct hf_lock_put_args){
	    .name = hf_str("a"), .owner = hf_str("w"), .acquired_at = 5, .lease_until = HF_UNSET};
	assert_int_equal(hf_lock_put(stage->store, NULL, &put, NULL, NULL), HF_EINVAL);
	/* Guards only make sense in a transaction, and a version guard needs a version. */
	const struct hf_lock_guard_args guard = {.write.expect = HF_ABSENT, .name = hf_str("a")};
	assert_int_equal(hf_lock_guard(stage->store, NULL, &guard, NULL, NULL), HF_EINVAL);
	const struct hf_lock_guard_held_args held = {.name = hf_str("a")};
	assert_int_equal(hf_lock_guard_held(stage->store, NULL, &held, NULL, NULL), HF_EINVAL);
	assert_int_equal(info(stage->store).last_lsn, 0);
	stage_close(stage);
}

static void a_refusal_says_who_holds_the_lock_and_for_how_long(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_error error = {0};
	const struct hf_lock_acquire_args take = {.name = hf_str("a"), .owner = hf_str("w2")};
	const hf_token token = acquire(stage->store, "a", "w1", 90 * SECOND);
	stage_at(stage, STAGE_NOW + SECOND / 2);
	assert_int_equal(hf_lock_acquire(stage->store, NULL, &take, NULL, &error), HF_EHELD);
	assert_string_equal(error.text, "lock acquire: \"a\" is held by \"w1\" for another 89.500 s");
	assert_int_equal(renew(stage->store, "a", token, 0), HF_OK);
	assert_int_equal(hf_lock_acquire(stage->store, NULL, &take, NULL, &error), HF_EHELD);
	assert_string_equal(error.text, "lock acquire: \"a\" is held by \"w1\" without a lease");
	stage_close(stage);
}

/* A put that is like what is there changes nothing; one for the same owner is a new grant. */
static void what_is_put_is_held_until_its_owner_takes_it_over(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_result first = {0}, again = {0};
	const struct hf_lock_put_args put = {.name = hf_str("a"),
	                                     .owner = hf_str("w1"),
	                                     .acquired_at = 5,
	                                     .lease_until = STAGE_NOW + SECOND};
	assert_int_equal(hf_lock_put(stage->store, NULL, &put, &first, NULL), HF_OK);
	assert_int_equal(hf_lock_put(stage->store, NULL, &put, &again, NULL), HF_OK);
	assert_true(first.changed && !again.changed && again.version == first.version);
	stage_switch_to(stage, SETTING_REOPENED);
	assert_string_equal(holder(stage->store, "a"), "w1");
	assert_true(acquire(stage->store, "a", "w1", SECOND) > first.token);
	assert_int_equal(check(stage->store, "a", first.token), HF_ESTALE);
	stage_close(stage);
}

/* --- Nobody calls ----------------------------------------------------------------------------- */

static void the_background_thread_logs_endings_when_they_are_due(void **unused)
{
	(void)unused;
	const struct hf_options options = {.create = true, .segment_size = 64 << 10};
	struct sim *sim = sim_new(sim_profile_strict(), 5);
	hf_store *store = NULL;
	sim_set_now(sim, STAGE_NOW);
	assert_int_equal(hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, NULL), HF_OK);
	(void)acquire(store, "a", "w1", SECOND);
	const hf_lsn granted = info(store).last_lsn;
	sim_advance(sim, SECOND);
	while (info(store).last_lsn == granted)
		(void)sched_yield();
	assert_int_equal(stats(store).held, 0);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_lease_ends_at_its_very_instant_logged_or_not),
	    cmocka_unit_test(renewing_moves_the_end_of_a_lease_both_ways),
	    cmocka_unit_test(logging_an_ending_changes_no_answer_and_happens_once),
	    cmocka_unit_test(reopening_frees_what_was_held_without_a_lease_and_nothing_else),
	    cmocka_unit_test(a_token_of_another_grant_name_or_epoch_is_stale),
	    cmocka_unit_test(who_lost_the_lock_writes_nothing),
	    cmocka_unit_test(a_lock_can_change_hands_inside_a_transaction),
	    cmocka_unit_test(a_transaction_cannot_wait),
	    cmocka_unit_test(arguments_that_break_the_rules_are_refused),
	    cmocka_unit_test(a_refusal_says_who_holds_the_lock_and_for_how_long),
	    cmocka_unit_test(what_is_put_is_held_until_its_owner_takes_it_over),
	    cmocka_unit_test(the_background_thread_logs_endings_when_they_are_due),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
