/* tier: fast */
/* Closing for the end of the process: as clean as any close, but the memory stays. */
#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/internal.h"

static hf_store *open_store(struct sim *sim)
{
	const struct hf_options options = {.create = true, .no_background = true};
	hf_store *store = NULL;
	assert_int_equal(hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, NULL), HF_OK);
	return store;
}

static void the_stop_is_clean_and_the_lock_is_free(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_weak(), 1);
	hf_store *first = open_store(sim);
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str("q"), .id = hf_str("i"), .payload = hf_str("p"), .write.durability = HF_OS};
	struct hf_outbox_stats stats = {0};
	struct hf_info info = {0};
	assert_int_equal(hf_outbox_enqueue(first, NULL, &args, NULL, NULL), HF_OK);
	assert_int_equal(hf_close_at_exit(first, NULL), HF_OK);
	hf_store *second = open_store(sim); /* refused while the first one had the lock */
	assert_int_equal(hf_get_info(second, &info, NULL), HF_OK);
	assert_false(info.recovered);
	assert_int_equal(hf_outbox_get_stats(second, hf_str("q"), 0, &stats, NULL), HF_OK);
	assert_int_equal(stats.queued.items, 1);
	assert_int_equal(hf_close(second, NULL), HF_OK);
	hf__store_free(first); /* what the end of a process does */
	assert_int_equal(hf_close_at_exit(NULL, NULL), HF_OK);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_stop_is_clean_and_the_lock_is_free),
	};
	return cmocka_run_group_tests_name("close at exit", tests, NULL, NULL);
}
