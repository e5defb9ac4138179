/* tier: fast */
/* Files that a writer removes stay open for a follower, and not without end. */
#include "lib/churn/churn.h"
#include "lib/follow/follower.h"
#include "lib/test.h"
#include "store/follow/follow.h"

enum { ROUNDS = 24, MOST = 90 };

static const struct hf_options writing = {
    .create = true, .no_background = true, .segment_size = 16 << 10};

static void segments_that_are_gone_are_let_go(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_strict(), 41);
	struct churn churn;
	size_t most = 0;
	sim_set_now(sim, OP_NOW);
	hf_store *writer = follower_writer(sim, &writing);
	hf_store *follower = follower_open(sim, 1);
	churn_init(&churn, "kept", 20, 1500);
	for (unsigned i = 0; i < ROUNDS; i++) {
		for (unsigned j = 0; j < 40; j++) {
			churn_fill(&churn, writer, 1500);
			if (j % 8 == 0)
				assert_int_equal(hf_refresh(follower, NULL, NULL), HF_OK);
			if (follower->follow->files.count > most)
				most = follower->follow->files.count;
		}
		assert_int_equal(hf_compact(writer, NULL), HF_OK);
		assert_int_equal(hf_sync(writer, NULL), HF_OK);
		assert_int_equal(follower_refresh(follower), follower_digest(writer));
	}
	print_message("figure: %zu files at most, %llu loads\n", most,
	              (unsigned long long)follower->follow->loads);
	assert_true(most <= MOST && follower->follow->loads > 1 &&
	            follower->follow->loads < ROUNDS / 3);
	assert_int_equal(hf_close(follower, NULL), HF_OK);
	assert_int_equal(hf_close(writer, NULL), HF_OK);
	churn_deinit(&churn);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(segments_that_are_gone_are_let_go),
	};
	return cmocka_run_group_tests_name("what followers keep", tests, NULL, NULL);
}
