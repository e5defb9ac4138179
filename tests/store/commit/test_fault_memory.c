/* tier: fast, threads */
/* See test_fault.c. */
#include "store/commit/fault_case.h"

/* --- No memory -------------------------------------------------------------------------------- */

struct veto {
	uint64_t left; /* allocations that still succeed */
	bool once; /* only the next one fails */
	bool met;
};

static bool veto_ask(void *ctx, size_t size)
{
	struct veto *veto = ctx;
	(void)size;
	if (veto->left > 0) {
		veto->left--;
		return false;
	}
	const bool fails = !veto->once || !veto->met;
	veto->met = true;
	return fails;
}

/* Tries the step with ever more memory until it does what it should; gives how often it did not. */
static uint64_t starve_step(struct player *player, const struct step *step, bool once)
{
	struct hf_error error;
	const uint64_t before = digest(player->store);
	for (uint64_t nth = 0;; nth++) {
		struct veto veto = {.left = nth, .once = once};
		struct hf_info info = {0};
		hf__mem_set_veto(veto_ask, &veto);
		const int rc = play_ops(player, step, &error);
		hf__mem_set_veto(NULL, NULL);
		assert_int_equal(hf__state_verify(player->store, &error), HF_OK);
		if (rc != HF_ENOMEM) {
			assert_int_equal(rc, script_answer(step));
			return nth;
		}
		assert_true(veto.met);
		if (digest(player->store) != before)
			fail_msg("%s: HF_ENOMEM, and the state has changed",
			         script_verb_name(step->ops[0].verb));
		assert_int_equal(hf_get_info(player->store, &info, &error), HF_OK);
		assert_int_equal(info.fault, 0);
	}
}

static void starve_script(const struct script *script, bool once)
{
	struct sim *sim = sim_new(sim_profile_strict(), 4);
	struct player player = {.sim = sim, .script = script};
	struct hf_error error = {0};
	uint64_t starved = 0;
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = 64u << 10};
	sim_set_now(sim, SCRIPT_NOW);
	assert_int_equal(
	    hf__store_open(sim_os(sim), hf__all_domains(), &options, &player.store, &error), HF_OK);
	for (const struct step *step = script->steps; step->kind != STEP_END; step++)
		if (step->kind == STEP_DO)
			starved += starve_step(&player, step, once);
	assert_true(starved > 50);
	const uint64_t after = digest(player.store);
	assert_int_equal(hf_close(player.store, &error), HF_OK);
	assert_int_equal(
	    hf__store_open(sim_os(sim), hf__all_domains(), &options, &player.store, &error), HF_OK);
	assert_true(digest(player.store) == after);
	assert_int_equal(hf_close(player.store, &error), HF_OK);
	sim_free(sim);
}

static void without_memory_operations_do_nothing(void **state)
{
	(void)state;
	starve_script(&script_domains, false);
	starve_script(&script_transactions, false);
}

static void one_failed_allocation_undoes_the_whole_operation(void **state)
{
	(void)state;
	starve_script(&script_domains, true);
	starve_script(&script_transactions, true);
}

static void opening_without_memory_changes_nothing(void **state)
{
	(void)state;
	for (int killed = 0; killed < 2; killed++) {
		uint64_t full = 0, nth = 0;
		struct sim *sim = full_disk(killed, &full);
		const uint64_t segments = sim_hash_of(sim, "segment-");
		const struct hf_options options = {.no_background = true};
		hf_store *store = NULL;
		struct hf_error error = {0};
		for (; !store; nth++) {
			struct veto veto = {.left = nth};
			hf__mem_set_veto(veto_ask, &veto);
			const int rc = hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, &error);
			hf__mem_set_veto(NULL, NULL);
			assert_true(rc == HF_OK ? store != NULL : rc == HF_ENOMEM && store == NULL);
			assert_true(sim_hash_of(sim, "segment-") == segments);
		}
		assert_true(digest(store) == full);
		assert_int_equal(hf_close(store, &error), HF_OK);
		sim_free(sim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_memory_operations_do_nothing),
	    cmocka_unit_test(one_failed_allocation_undoes_the_whole_operation),
	    cmocka_unit_test(opening_without_memory_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
