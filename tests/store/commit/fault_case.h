/* What the tests of test_fault, test_fault_memory share. */
#ifndef TESTS_FAULT_CASE_H
#define TESTS_FAULT_CASE_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "lib/crash/crash_play.h"
#include "lib/patient.h"
#include "lib/test.h"

static inline uint64_t digest(hf_store *store)
{
	char why[300] = "";
	uint64_t out = 0;
	if (!play_digest(store, &out, why, sizeof why))
		fail_msg("%s", why);
	return out;
}

/* A store with something of everything, closed cleanly or killed. */
static inline struct sim *full_disk(bool killed, uint64_t *state)
{
	struct sim *sim = sim_new(sim_profile_strict(), 5);
	struct player player = {.sim = sim, .script = &script_domains};
	struct hf_error error = {0};
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = 16u << 10};
	sim_set_now(sim, SCRIPT_NOW);
	assert_int_equal(
	    hf__store_open(sim_os(sim), hf__all_domains(), &options, &player.store, &error), HF_OK);
	for (size_t i = 0; i < 44; i++) /* before the workload clears away what it made */
		if (script_domains.steps[i].kind == STEP_DO)
			assert_int_equal(play_ops(&player, &script_domains.steps[i], &error),
			                 script_answer(&script_domains.steps[i]));
	*state = digest(player.store);
	if (killed)
		play_kill(sim, player.store);
	else
		assert_int_equal(hf_close(player.store, &error), HF_OK);
	return sim;
}

#endif
