/* tier: fast */
/* Read-only handles beside a writer and after it: they show what the writer has, step by step,
 * whatever became of it. */
#include "lib/churn/churn.h"
#include "lib/follow/follower.h"
#include "lib/rng.h"
#include "lib/test.h"

enum { STEPS = 400, SEGMENT = 16 << 10 };

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
		assert_int_equal(hf__state_verify(follower, NULL), HF_OK);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_handle_shows_each_step_of_a_writer),
	};
	return cmocka_run_group_tests_name("following", tests, NULL, NULL);
}
