/* tier: fast, threads */
/* What a sync of the simulated disk covers, and what is known of it. */
#include <pthread.h>

#include "sim_case.h"

struct slow_sync {
	struct sim *sim;
	int file;
	int err;
};

static void *sync_slowly(void *arg)
{
	struct slow_sync *slow = arg;
	slow->err = sync_file(slow->sim, slow->file);
	return NULL;
}

static void a_sync_covers_only_what_was_written_before_it_began(void **state)
{
	(void)state;
	int file = -1;
	struct sim *sim = disk_with_file(sim_profile_weak(), &file);
	assert_int_equal(fill(sim, file, 0, 'b', 100), 0);
	sim_set_sync_delay(sim, 100000);
	uint64_t calls = sim_calls(sim);
	struct slow_sync slow = {.sim = sim, .file = file, .err = -1};
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, sync_slowly, &slow), 0);
	while (sim_calls(sim) == calls) {
	}
	assert_int_equal(fill(sim, file, 100, 'c', 100), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(slow.err, 0);
	assert_true(sim_synced(sim, "f", 0, 100));
	assert_false(sim_synced(sim, "f", 100, 100));
	sim_free(sim);
}

static void synced_bytes_are_told_from_the_others(void **state)
{
	(void)state;
	int file = -1;
	struct sim *sim = disk_with_file(sim_profile_weak(), &file);
	assert_true(sim_synced(sim, "f", 0, 2 * SECTOR));
	assert_false(sim_synced(sim, "f", 0, 2 * SECTOR + 1));
	assert_false(sim_synced(sim, "g", 0, 0));
	assert_int_equal(fill(sim, file, 100, 'b', 100), 0);
	assert_true(sim_synced(sim, "f", 0, 100));
	assert_false(sim_synced(sim, "f", 0, 101));
	assert_true(sim_synced(sim, "f", 200, SECTOR));
	sim_set_profile(sim, sim_profile_hostile());
	assert_false(sim_synced(sim, "f", 0, 100));
	assert_true(sim_synced(sim, "f", SECTOR, SECTOR));
	assert_int_equal(rename_file(sim, "f", "g"), 0);
	assert_false(sim_synced(sim, "g", SECTOR, SECTOR));
	assert_int_equal(sync_dir(sim), 0);
	assert_true(sim_synced(sim, "g", SECTOR, SECTOR));
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_sync_covers_only_what_was_written_before_it_began),
	    cmocka_unit_test(synced_bytes_are_told_from_the_others),
	};
	return cmocka_run_group_tests_name("simulated disk: syncs", tests, NULL, NULL);
}
