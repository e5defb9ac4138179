/* tier: fast */
/* The simulated disk does what models M2 to M5 say of sizes and names: each switch has a
 * test that finds its outcome among the crash images with the switch on, and does not find it with
 * the switch off. */
#include "sim_case.h"

/* --- M2 and M5: sizes ------------------------------------------------------------------------- */

/* The file grows in two steps. */
static struct sim *grown_file(struct sim_profile profile)
{
	int file = -1;
	struct sim *sim = disk_with_file(profile, &file);
	assert_int_equal(fill(sim, file, 2 * SECTOR, 'c', SECTOR), 0);
	assert_int_equal(fill(sim, file, 3 * SECTOR, 'd', SECTOR), 0);
	return sim;
}

/* A write over the end of the file, within one sector. */
static struct sim *written_over_the_end(struct sim_profile profile)
{
	struct sim *sim = sim_new(profile, 1);
	int file = file_create(sim, "f");
	assert_int_equal(fill(sim, file, 0, 'a', 100), 0);
	assert_int_equal(sync_file(sim, file), 0);
	assert_int_equal(sync_dir(sim), 0);
	assert_int_equal(fill(sim, file, 50, 'b', 100), 0);
	return sim;
}

static bool new_data_under_old_size(struct sim *image)
{
	uint64_t size = 0;
	return sim_file_size(image, "f", &size) && size == 100 && byte_at(image, "f", 99) == 'b';
}

static void m2_a_size_may_lag_behind_its_data(void **state)
{
	(void)state;
	switch_matters(written_over_the_end, new_data_under_old_size, sim_profile_strict(),
	               (struct sim_profile){.m2_size_lag = true});
}

static bool size_without_data(struct sim *image)
{
	uint64_t size = 0;
	return sim_file_size(image, "f", &size) && size == 4 * SECTOR &&
	       byte_at(image, "f", 2 * SECTOR) == 0 && byte_at(image, "f", 3 * SECTOR) == 0;
}

static void m5_a_size_may_run_ahead_of_its_data(void **state)
{
	(void)state;
	struct sim_profile off = sim_profile_weak();
	off.m5_size_early = false;
	switch_matters(grown_file, size_without_data, off, (struct sim_profile){.m5_size_early = true});
}

/* --- M3 and M4: names ------------------------------------------------------------------------- */

static struct sim *synced_without_entry(struct sim_profile profile)
{
	struct sim *sim = sim_new(profile, 1);
	int file = file_create(sim, "f");
	assert_int_equal(fill(sim, file, 0, 'a', SECTOR), 0);
	assert_int_equal(sync_file(sim, file), 0);
	return sim;
}

static void m3_sync_of_a_file_does_not_keep_its_entry(void **state)
{
	(void)state;
	struct sim_profile on = {.m3_entry_apart = true};
	switch_matters(synced_without_entry, file_missing, sim_profile_strict(), on);
	struct sim *sim = synced_without_entry(on);
	assert_int_equal(sync_dir(sim), 0);
	assert_false(reachable_and_free(sim, file_missing));
}

static bool second_entry_without_first(struct sim *image)
{
	return has(image, "g") && !has(image, "f");
}

static struct sim *two_entries_pending(struct sim_profile profile)
{
	struct sim *sim = sim_new(profile, 1);
	(void)file_create(sim, "f");
	(void)file_create(sim, "g");
	return sim;
}

static void m4_any_subset_of_directory_changes_survives(void **state)
{
	(void)state;
	switch_matters(two_entries_pending, second_entry_without_first, sim_profile_strict(),
	               (struct sim_profile){.m4_dir_subsets = true});
}

static bool unlinked_but_not_renamed(struct sim *image)
{
	return !has(image, "f") && !has(image, "g") && has(image, "t");
}

static void m4_an_unlink_may_survive_an_earlier_rename_that_does_not(void **state)
{
	(void)state;
	for (int subsets = 0; subsets < 2; subsets++) {
		int file = -1;
		struct sim *sim = disk_with_file(
		    (struct sim_profile){.m4_dir_subsets = subsets != 0, .m4_rename_early = true}, &file);
		struct hf__os *os = sim_os(sim);
		(void)file_create(sim, "t");
		assert_int_equal(sync_dir(sim), 0);
		assert_int_equal(rename_file(sim, "t", "g"), 0);
		assert_int_equal(os->unlink(os->ctx, "f"), 0);
		assert_int_equal(reachable_and_free(sim, unlinked_but_not_renamed), subsets != 0);
	}
}

static bool renamed_but_empty(struct sim *image)
{
	uint64_t size = 1;
	return sim_file_size(image, "g", &size) && size == 0;
}

static struct sim *renamed_before_sync(struct sim_profile profile)
{
	struct sim *sim = sim_new(profile, 1);
	int file = file_create(sim, "f");
	assert_int_equal(fill(sim, file, 0, 'a', SECTOR), 0);
	assert_int_equal(rename_file(sim, "f", "g"), 0);
	assert_int_equal(sim_broken(sim).renamed_unsynced, 1);
	return sim;
}

static void m4_a_rename_may_survive_without_the_data(void **state)
{
	(void)state;
	struct sim_profile off = sim_profile_weak();
	off.m4_rename_early = false;
	switch_matters(renamed_before_sync, renamed_but_empty, off,
	               (struct sim_profile){.m4_rename_early = true});
}

static bool rename_halved(struct sim *image)
{
	return has(image, "f") == has(image, "g");
}

static void m4_a_rename_is_atomic(void **state)
{
	(void)state;
	int file = -1;
	struct sim *sim = disk_with_file(sim_profile_hostile(), &file);
	assert_int_equal(rename_file(sim, "f", "g"), 0);
	assert_false(reachable_and_free(sim, rename_halved));
}

static bool new_file_hides_a_lost_rename(struct sim *image)
{
	return has(image, "f") && !has(image, "g") && byte_at(image, "f", 0) != 'a';
}

static void m4_a_name_is_not_created_anew_before_it_is_free(void **state)
{
	(void)state;
	int file = -1;
	struct sim *sim = disk_with_file(sim_profile_hostile(), &file);
	assert_int_equal(rename_file(sim, "f", "g"), 0);
	(void)file_create(sim, "f");
	assert_false(reachable_and_free(sim, new_file_hides_a_lost_rename));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(m2_a_size_may_lag_behind_its_data),
	    cmocka_unit_test(m5_a_size_may_run_ahead_of_its_data),
	    cmocka_unit_test(m3_sync_of_a_file_does_not_keep_its_entry),
	    cmocka_unit_test(m4_any_subset_of_directory_changes_survives),
	    cmocka_unit_test(m4_an_unlink_may_survive_an_earlier_rename_that_does_not),
	    cmocka_unit_test(m4_a_rename_may_survive_without_the_data),
	    cmocka_unit_test(m4_a_rename_is_atomic),
	    cmocka_unit_test(m4_a_name_is_not_created_anew_before_it_is_free),
	};
	return cmocka_run_group_tests_name("simulated disk: sizes and names", tests, NULL, NULL);
}
