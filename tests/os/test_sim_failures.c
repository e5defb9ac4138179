/* tier: fast */
/* The simulated disk does what models M6 to M10 say of calls that fail and disks that lie:
 * each switch has a test that finds its outcome among the crash images with the switch on, and does
 * not find it with the switch off. */
#include <errno.h>

#include "sim_case.h"

/* --- M6: failed syncs ------------------------------------------------------------------------- */

static void fail_next(struct sim *sim, unsigned kinds, bool falsely)
{
	sim_clear_faults(sim);
	sim_add_fault(sim, (struct sim_fault){
	                       .kinds = kinds, .error = EIO, .falsely = falsely, .prefix = SIZE_MAX});
}

static bool first_byte_old(struct sim *image)
{
	return byte_at(image, "f", 0) == 'a';
}

/* A sync of 'b' over 'a' fails; the next one answers 0. */
static struct sim *failed_then_synced_file(struct sim_profile profile, int *file)
{
	struct sim *sim = disk_with_file(profile, file);
	assert_int_equal(fill(sim, *file, 0, 'b', SECTOR), 0);
	fail_next(sim, SIM_SYNC, false);
	assert_int_equal(sync_file(sim, *file), EIO);
	assert_int_equal(sync_file(sim, *file), 0);
	assert_int_equal(sim_broken(sim).synced_again, 1);
	assert_int_equal(sim_fault_hits(sim), 1);
	return sim;
}

static struct sim *failed_then_synced(struct sim_profile profile)
{
	int file = -1;
	return failed_then_synced_file(profile, &file);
}

static void m6_a_sync_after_a_failed_one_stores_nothing_and_says_so_to_nobody(void **state)
{
	(void)state;
	struct sim_profile on = {.m6_sync_drops = true};
	switch_matters(failed_then_synced, first_byte_old, sim_profile_strict(), on);
	struct sim *sim = failed_then_synced(on);
	assert_int_equal(byte_at(sim, "f", 0), 'b');
	assert_false(sim_synced(sim, "f", 0, SECTOR));
	sim_evict(sim);
	assert_int_equal(byte_at(sim, "f", 0), 'a');
	sim_free(sim);
}

static void m6_reads_may_fall_back_to_the_old_bytes(void **state)
{
	(void)state;
	struct sim *sim =
	    failed_then_synced((struct sim_profile){.m6_sync_drops = true, .m6_reads_old = true});
	assert_int_equal(byte_at(sim, "f", 0), 'a');
	sim_free(sim);
}

static bool first_byte_new(struct sim *image)
{
	return byte_at(image, "f", 0) == 'b';
}

static void m6_what_a_failed_sync_dropped_may_be_stored_all_the_same(void **state)
{
	(void)state;
	struct sim *sim = failed_then_synced((struct sim_profile){.m6_sync_drops = true});
	assert_true(reachable(sim, first_byte_new));
	sim_reboot(sim);
	assert_int_equal(byte_at(sim, "f", 0), 'a');
	sim_free(sim);
}

static void m6_writing_the_same_bytes_again_makes_them_durable(void **state)
{
	(void)state;
	for (int old = 0; old < 2; old++) {
		int file = -1;
		struct sim_profile profile = sim_profile_hostile();
		profile.m6_reads_old = old != 0;
		struct sim *sim = failed_then_synced_file(profile, &file);
		assert_int_equal(fill(sim, file, 0, 'b', SECTOR), 0);
		assert_int_equal(sync_file(sim, file), 0);
		assert_true(sim_synced(sim, "f", 0, SECTOR));
		assert_int_equal(sim_pending(sim).sectors, 0);
		sim_free(sim);
	}
}

static bool grown(struct sim *image)
{
	uint64_t size = 0;
	return sim_file_size(image, "f", &size) && size == 3 * SECTOR;
}

static bool not_grown(struct sim *image)
{
	return !grown(image);
}

static void m6_a_size_dropped_by_a_failed_sync_stays_unknown_until_written_again(void **state)
{
	(void)state;
	int file = -1;
	struct sim *sim = disk_with_file(sim_profile_weak(), &file);
	assert_int_equal(fill(sim, file, 2 * SECTOR, 'c', SECTOR), 0);
	fail_next(sim, SIM_SYNC, false);
	assert_int_equal(sync_file(sim, file), EIO);
	assert_int_equal(sync_file(sim, file), 0);
	assert_true(reachable(sim, grown));
	assert_true(reachable(sim, not_grown));
	assert_int_equal(fill(sim, file, 2 * SECTOR, 'c', SECTOR), 0);
	assert_int_equal(sync_file(sim, file), 0);
	assert_false(reachable_and_free(sim, not_grown));
}

/* --- M7 and M8 -------------------------------------------------------------------------------- */

static struct sim *falsely_failed(struct sim_profile profile)
{
	int file = -1;
	struct sim *sim = disk_with_file(profile, &file);
	assert_int_equal(fill(sim, file, 0, 'b', SECTOR), 0);
	fail_next(sim, SIM_SYNC, true);
	assert_int_equal(sync_file(sim, file), EIO);
	return sim;
}

static void m7_a_sync_that_reports_failure_may_have_stored_everything(void **state)
{
	(void)state;
	struct sim_profile profile = sim_profile_weak();
	assert_false(reachable_and_free(falsely_failed(profile), first_byte_old));
	profile.m7_false_failure = false;
	assert_true(reachable_and_free(falsely_failed(profile), first_byte_old));
}

static void m7_a_write_that_reports_failure_may_be_whole(void **state)
{
	(void)state;
	for (int on = 0; on < 2; on++) {
		int file = -1;
		struct sim *sim = disk_with_file((struct sim_profile){.m7_false_failure = on != 0}, &file);
		fail_next(sim, SIM_WRITE, true);
		assert_int_equal(fill(sim, file, 0, 'b', 2 * SECTOR), EIO);
		assert_int_equal(byte_at(sim, "f", 2 * SECTOR - 1), on != 0 ? 'b' : 'a');
		sim_free(sim);
	}
}

static void m8_a_failed_write_leaves_a_prefix(void **state)
{
	(void)state;
	for (int on = 0; on < 2; on++) {
		int file = -1;
		struct sim_profile profile = sim_profile_weak();
		profile.m8_short_write = profile.m8_short_write && on != 0;
		struct sim *sim = disk_with_file(profile, &file);
		sim_add_fault(sim,
		              (struct sim_fault){
		                  .kinds = SIM_WRITE, .name = "f", .nth = 2, .error = EIO, .prefix = 10});
		assert_int_equal(fill(sim, file, SECTOR, 'x', 1), 0);
		assert_int_equal(fill(sim, file, 0, 'b', SECTOR), EIO);
		assert_int_equal(byte_at(sim, "f", 9), on != 0 ? 'b' : 'a');
		assert_int_equal(byte_at(sim, "f", 10), 'a');
		assert_int_equal(fill(sim, file, 0, 'c', SECTOR), 0);
		sim_free(sim);
	}
}

static void m8_a_full_disk_takes_what_fits(void **state)
{
	(void)state;
	for (int on = 0; on < 2; on++) {
		int file = -1;
		uint64_t size = 0;
		struct sim *sim = disk_with_file((struct sim_profile){.m8_short_write = on != 0}, &file);
		sim_set_capacity(sim, 2 * SECTOR + 100);
		assert_int_equal(fill(sim, file, SECTOR, 'b', 2 * SECTOR), ENOSPC);
		assert_true(sim_file_size(sim, "f", &size));
		assert_int_equal(size, on != 0 ? 2 * SECTOR + 100 : 2 * SECTOR);
		assert_int_equal(byte_at(sim, "f", SECTOR), on != 0 ? 'b' : 'a');
		/* what is there can be written over */
		assert_int_equal(fill(sim, file, 0, 'c', 2 * SECTOR), 0);
		sim_set_capacity(sim, 0);
		assert_int_equal(fill(sim, file, SECTOR, 'b', 2 * SECTOR), 0);
		sim_free(sim);
	}
}

/* --- M9 and M10 ------------------------------------------------------------------------------- */

static struct sim *dir_failed_then_synced(struct sim_profile profile)
{
	struct sim *sim = sim_new(profile, 1);
	(void)file_create(sim, "f");
	fail_next(sim, SIM_SYNC_DIR, false);
	assert_int_equal(sync_dir(sim), EIO);
	assert_int_equal(sync_dir(sim), 0);
	assert_int_equal(sim_broken(sim).synced_again, 1);
	return sim;
}

static void m9_a_directory_sync_after_a_failed_one_stores_nothing(void **state)
{
	(void)state;
	struct sim_profile on = {.m9_dir_sync_drops = true};
	switch_matters(dir_failed_then_synced, file_missing, sim_profile_strict(), on);
	struct sim *sim = dir_failed_then_synced(on);
	assert_true(has(sim, "f"));
	/* A newer change of the name, stored, settles it. */
	assert_int_equal(rename_file(sim, "f", "g"), 0);
	assert_int_equal(sync_dir(sim), 0);
	assert_int_equal(sim_pending(sim).dir_ops, 0);
	sim_free(sim);
}

static void m10_a_lying_disk_loses_what_was_synced(void **state)
{
	(void)state;
	for (int lies = 0; lies < 2; lies++) {
		int file = -1;
		struct sim *sim = disk_with_file(sim_profile_strict(), &file);
		sim_set_profile(sim, (struct sim_profile){.m10_lies = lies != 0});
		assert_int_equal(fill(sim, file, 0, 'b', SECTOR), 0);
		assert_int_equal(sync_file(sim, file), 0);
		assert_int_equal(reachable_and_free(sim, first_byte_old), lies != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(m6_a_sync_after_a_failed_one_stores_nothing_and_says_so_to_nobody),
	    cmocka_unit_test(m6_reads_may_fall_back_to_the_old_bytes),
	    cmocka_unit_test(m6_what_a_failed_sync_dropped_may_be_stored_all_the_same),
	    cmocka_unit_test(m6_writing_the_same_bytes_again_makes_them_durable),
	    cmocka_unit_test(m6_a_size_dropped_by_a_failed_sync_stays_unknown_until_written_again),
	    cmocka_unit_test(m7_a_sync_that_reports_failure_may_have_stored_everything),
	    cmocka_unit_test(m7_a_write_that_reports_failure_may_be_whole),
	    cmocka_unit_test(m8_a_failed_write_leaves_a_prefix),
	    cmocka_unit_test(m8_a_full_disk_takes_what_fits),
	    cmocka_unit_test(m9_a_directory_sync_after_a_failed_one_stores_nothing),
	    cmocka_unit_test(m10_a_lying_disk_loses_what_was_synced),
	};
	return cmocka_run_group_tests_name("simulated disk: failures", tests, NULL, NULL);
}
