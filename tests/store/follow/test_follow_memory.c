/* tier: fast */
/* Read-only handles without memory, and with failing reads: the call says so, and the next one
 * works. */
#include <errno.h>

#include "base/mem.h"
#include "lib/churn/churn.h"
#include "lib/follow/follower.h"
#include "lib/test.h"
#include "store/follow/follow.h"

static const struct hf_options writing = {
    .create = true, .no_background = true, .segment_size = 16 << 10};

struct veto {
	uint64_t left;
	bool met;
};

/* Exactly one allocation fails. */
static bool veto_ask(void *ctx, size_t size)
{
	struct veto *veto = ctx;
	(void)size;
	if (veto->left-- > 0 || veto->met)
		return false;
	return veto->met = true;
}

static struct sim *some_store(struct churn *churn, hf_store **writer)
{
	struct sim *sim = sim_new(sim_profile_strict(), 31);
	sim_set_now(sim, OP_NOW);
	*writer = follower_writer(sim, &writing);
	churn_init(churn, "no memory", 20, 1500);
	for (unsigned i = 0; i < 60; i++)
		churn_step(churn, *writer);
	assert_int_equal(hf_snapshot(*writer, NULL), HF_OK);
	for (unsigned i = 0; i < 30; i++)
		churn_step(churn, *writer);
	assert_int_equal(hf_sync(*writer, NULL), HF_OK);
	return sim;
}

static void an_opening_without_memory_leaves_nothing(void **state)
{
	(void)state;
	struct churn churn;
	hf_store *writer, *follower;
	struct sim *sim = some_store(&churn, &writer);
	uint64_t nth = 0;
	for (bool starved = true; starved; nth++) {
		struct veto veto = {.left = nth};
		hf__mem_set_veto(veto_ask, &veto);
		const int rc =
		    hf__store_open_read(sim_opener(sim, 1), hf__all_domains(), NULL, &follower, NULL);
		hf__mem_set_veto(NULL, NULL);
		starved = veto.met;
		assert_int_equal(rc, starved ? HF_ENOMEM : HF_OK);
	}
	assert_int_equal(follower_refresh(follower), follower_digest(writer));
	print_message("figure: %llu allocations of an opening\n", (unsigned long long)nth);
	assert_true(nth > 150);
	assert_int_equal(hf_close(follower, NULL), HF_OK);
	assert_int_equal(hf_close(writer, NULL), HF_OK);
	churn_deinit(&churn);
	sim_free(sim);
}

static void catching_up_without_memory_is_done_by_the_next_call(void **state)
{
	(void)state;
	struct churn churn;
	hf_store *writer;
	struct sim *sim = some_store(&churn, &writer);
	hf_store *follower = follower_open(sim, 1);
	unsigned starved = 0;
	for (unsigned round = 0; round < 250; round++) {
		struct veto veto = {.left = round % 25};
		for (unsigned i = 0; i < 4; i++)
			churn_step(&churn, writer);
		assert_int_equal(hf_sync(writer, NULL), HF_OK);
		hf__mem_set_veto(veto_ask, &veto);
		const int rc = hf_refresh(follower, NULL, NULL);
		hf__mem_set_veto(NULL, NULL);
		assert_true(rc == HF_OK || (rc == HF_ENOMEM && veto.met));
		starved += rc == HF_ENOMEM;
		assert_int_equal(follower_refresh(follower), follower_digest(writer));
		follower_verify(follower);
	}
	print_message("figure: %u calls without memory\n", starved);
	assert_true(starved > 30);
	assert_int_equal(hf_close(follower, NULL), HF_OK);
	assert_int_equal(hf_close(writer, NULL), HF_OK);
	churn_deinit(&churn);
	sim_free(sim);
}

/* Each call to the disk fails once, in an opening and in catching up. */
static void a_read_that_fails_is_no_damage(void **state)
{
	(void)state;
	struct churn churn;
	hf_store *writer, *follower = NULL;
	struct sim *sim = some_store(&churn, &writer);
	const struct sim_fault fault = {
	    .kinds = SIM_OPEN | SIM_READ | SIM_SIZE | SIM_LIST, .error = EIO, .persistent = true};
	unsigned failed = 0;
	for (uint64_t nth = 1;; nth++) {
		struct sim_fault one = fault;
		one.nth = nth;
		sim_add_fault(sim, one);
		const int rc =
		    hf__store_open_read(sim_opener(sim, 1), hf__all_domains(), NULL, &follower, NULL);
		const bool hit = sim_fault_hits(sim) > 0;
		sim_clear_faults(sim);
		if (!hit) {
			assert_int_equal(rc, HF_OK);
			break;
		}
		assert_int_equal(rc, HF_EIO);
		failed++;
	}
	for (uint64_t nth = 1; nth < 8; nth++) {
		struct sim_fault one = fault;
		one.nth = nth;
		churn_step(&churn, writer);
		churn_nudge(&churn, writer);
		assert_int_equal(hf_sync(writer, NULL), HF_OK);
		sim_add_fault(sim, one);
		const int rc = hf_refresh(follower, NULL, NULL);
		const bool hit = sim_fault_hits(sim) > 0;
		sim_clear_faults(sim);
		assert_int_equal(rc, hit ? HF_EIO : HF_OK);
		failed += hit;
		assert_int_equal(follower_refresh(follower), follower_digest(writer));
	}
	print_message("figure: %u failed calls\n", failed);
	assert_true(failed > 20);
	assert_int_equal(hf_close(follower, NULL), HF_OK);
	assert_int_equal(hf_close(writer, NULL), HF_OK);
	churn_deinit(&churn);
	sim_free(sim);
}

static void without_descriptors_nothing_is_opened(void **state)
{
	(void)state;
	struct churn churn;
	hf_store *writer, *follower;
	struct sim *sim = some_store(&churn, &writer);
	struct hf_error error = {0};
	sim_add_fault(
	    sim, (struct sim_fault){.kinds = SIM_OPEN, .nth = 2, .error = EMFILE, .persistent = true});
	assert_int_equal(
	    hf__store_open_read(sim_opener(sim, 1), hf__all_domains(), NULL, &follower, &error),
	    HF_ENOSPACE);
	assert_string_equal(
	    error.text, "the store's files could not be opened: the process has no descriptor left");
	sim_clear_faults(sim);
	assert_int_equal(hf_close(writer, NULL), HF_OK);
	churn_deinit(&churn);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_opening_without_memory_leaves_nothing),
	    cmocka_unit_test(catching_up_without_memory_is_done_by_the_next_call),
	    cmocka_unit_test(a_read_that_fails_is_no_damage),
	    cmocka_unit_test(without_descriptors_nothing_is_opened),
	};
	return cmocka_run_group_tests_name("following without memory", tests, NULL, NULL);
}
