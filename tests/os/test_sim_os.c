/* tier: fast, threads */
/* The simulated disk does what the models M1 to M10 say: each switch has a test that finds its
 * outcome among the crash images with the switch on, and does not find it with the switch off. */
#include "lib/sim/sim_os.h"
#include "lib/test.h"

#include <errno.h>
#include <pthread.h>

#define SECTOR ((size_t)SIM_SECTOR)

/* --- A small vocabulary ----------------------------------------------------------------------- */

static int file_open(struct sim *sim, const char *name, unsigned flags)
{
	int file = -1;
	struct hf__os *os = sim_os(sim);
	assert_int_equal(os->open(os->ctx, name, flags, &file), 0);
	return file;
}

static int file_create(struct sim *sim, const char *name)
{
	return file_open(sim, name, HF__OS_WRITE | HF__OS_CREATE);
}

/* The answer of a write of `len` equal bytes. */
static int fill(struct sim *sim, int file, uint64_t at, int byte, size_t len)
{
	struct hf__os *os = sim_os(sim);
	uint8_t *data = malloc(len + 1);
	assert_non_null(data);
	memset(data, byte, len + 1);
	int err = os->write(os->ctx, file, data, len, at);
	free(data);
	return err;
}

static int sync_file(struct sim *sim, int file)
{
	struct hf__os *os = sim_os(sim);
	return os->sync(os->ctx, file);
}

static int sync_dir(struct sim *sim)
{
	struct hf__os *os = sim_os(sim);
	return os->sync_dir(os->ctx);
}

static int rename_file(struct sim *sim, const char *from, const char *to)
{
	struct hf__os *os = sim_os(sim);
	return os->rename(os->ctx, from, to);
}

/* The byte that a read at this place sees; -1 past the end or without a file. */
static int byte_at(struct sim *sim, const char *name, uint64_t at)
{
	uint8_t byte = 0;
	return sim_read_file(sim, name, at, &byte, 1) ? byte : -1;
}

static bool has(struct sim *sim, const char *name)
{
	uint64_t size = 0;
	return sim_file_size(sim, name, &size);
}

/* A disk with one file "f" of two durable sectors of 'a', and its open descriptor. */
static struct sim *disk_with_file(struct sim_profile profile, int *file)
{
	struct sim *sim = sim_new(profile, 1);
	*file = file_create(sim, "f");
	assert_int_equal(fill(sim, *file, 0, 'a', 2 * SECTOR), 0);
	assert_int_equal(sync_file(sim, *file), 0);
	assert_int_equal(sync_dir(sim), 0);
	return sim;
}

typedef bool (*image_test)(struct sim *image);

static int image_found(void *arg, struct sim *image, const struct sim_shape *shape)
{
	(void)shape;
	return (*(image_test *)arg)(image);
}

/* Is there a crash image that passes? */
static bool reachable(struct sim *sim, image_test test)
{
	return sim_each_crash(sim, NULL, image_found, &test, NULL) != 0;
}

static bool reachable_and_free(struct sim *sim, image_test test)
{
	bool found = reachable(sim, test);
	sim_free(sim);
	return found;
}

/* The outcome is unreachable with the switch off, reachable with it on, and the weak profile,
 * which the crash sweep runs, has it on. */
static void switch_matters(struct sim *(*setup)(struct sim_profile), image_test test,
                           struct sim_profile off, struct sim_profile on)
{
	assert_false(reachable_and_free(setup(off), test));
	assert_true(reachable_and_free(setup(on), test));
	assert_true(reachable_and_free(setup(sim_profile_weak()), test));
}

/* --- M1 --------------------------------------------------------------------------------------- */

static bool second_without_first(struct sim *image)
{
	return byte_at(image, "f", 0) == 'a' && byte_at(image, "f", SECTOR) == 'b';
}

static struct sim *two_sectors_pending(struct sim_profile profile)
{
	int file = -1;
	struct sim *sim = disk_with_file(profile, &file);
	assert_int_equal(fill(sim, file, 0, 'b', 2 * SECTOR), 0);
	return sim;
}

static void m1_any_subset_of_sectors_survives(void **state)
{
	(void)state;
	switch_matters(two_sectors_pending, second_without_first, sim_profile_strict(),
	               (struct sim_profile){.m1_subsets = true});
}

static bool later_file_without_earlier(struct sim *image)
{
	return byte_at(image, "f", 0) == 'a' && byte_at(image, "g", 0) == 'b';
}

static struct sim *two_files_pending(struct sim_profile profile)
{
	int file = -1;
	struct sim *sim = disk_with_file(profile, &file);
	int other = file_create(sim, "g");
	assert_int_equal(fill(sim, other, 0, 'a', SECTOR), 0);
	assert_int_equal(sync_file(sim, other), 0);
	assert_int_equal(sync_dir(sim), 0);
	assert_int_equal(fill(sim, file, 0, 'b', SECTOR), 0);
	assert_int_equal(fill(sim, other, 0, 'b', SECTOR), 0);
	return sim;
}

static void m1_writes_of_two_files_are_reordered(void **state)
{
	(void)state;
	switch_matters(two_files_pending, later_file_without_earlier, sim_profile_strict(),
	               (struct sim_profile){.m1_subsets = true});
}

static bool holds_older_version(struct sim *image)
{
	return byte_at(image, "f", 0) == 'b';
}

static void m1_a_sector_written_twice_may_keep_the_first_version(void **state)
{
	(void)state;
	int file = -1;
	struct sim_profile profile = {.m1_subsets = true};
	struct sim *sim = disk_with_file(profile, &file);
	assert_int_equal(fill(sim, file, 0, 'b', 100), 0);
	assert_int_equal(fill(sim, file, 0, 'c', 100), 0);
	assert_int_equal(sim_pending(sim).sectors, 1);
	assert_int_equal(sim_pending(sim).versions, 2);
	assert_true(reachable(sim, holds_older_version));
	assert_int_equal(sync_file(sim, file), 0);
	assert_false(reachable_and_free(sim, holds_older_version));
}

/* One pending write of 'b' over bytes 100 to 199 of the durable 'a's. */
static struct sim *small_write_pending(struct sim_profile profile)
{
	int file = -1;
	struct sim *sim = disk_with_file(profile, &file);
	assert_int_equal(fill(sim, file, 100, 'b', 100), 0);
	return sim;
}

static bool holds_zero(struct sim *image)
{
	return byte_at(image, "f", 150) == 0;
}

static bool holds_garbage(struct sim *image)
{
	uint8_t data[100];
	assert_true(sim_read_file(image, "f", 100, data, sizeof(data)));
	size_t strange = 0;
	for (size_t i = 0; i < sizeof(data); i++)
		strange += data[i] != 'a' && data[i] != 'b' && data[i] != 0;
	return strange > sizeof(data) / 2;
}

static bool holds_stale(struct sim *image)
{
	return byte_at(image, "f", 150) == 's';
}

static void m1_a_lost_sector_may_hold_zeros(void **state)
{
	(void)state;
	struct sim_profile off = {.m1_subsets = true};
	struct sim_profile on = {.m1_subsets = true, .m1_lost_zero = true};
	switch_matters(small_write_pending, holds_zero, off, on);
}

static void m1_a_lost_sector_may_hold_garbage(void **state)
{
	(void)state;
	struct sim_profile off = {.m1_subsets = true};
	struct sim_profile on = {.m1_subsets = true, .m1_lost_garbage = true};
	switch_matters(small_write_pending, holds_garbage, off, on);
}

/* A removed file of 's' lies below. */
static struct sim *small_write_over_stale(struct sim_profile profile)
{
	struct sim *sim = small_write_pending(profile);
	struct hf__os *os = sim_os(sim);
	int old = file_create(sim, "old");
	assert_int_equal(fill(sim, old, 0, 's', SECTOR), 0);
	assert_int_equal(sync_file(sim, old), 0);
	assert_int_equal(os->close(os->ctx, old), 0);
	assert_int_equal(os->unlink(os->ctx, "old"), 0);
	assert_int_equal(sync_dir(sim), 0);
	return sim;
}

static void m1_a_lost_sector_may_hold_bytes_of_a_removed_file(void **state)
{
	(void)state;
	struct sim_profile off = {.m1_subsets = true};
	struct sim_profile on = {.m1_subsets = true, .m1_lost_stale = true};
	switch_matters(small_write_over_stale, holds_stale, off, on);
}

static bool neighbour_harmed(struct sim *image)
{
	return byte_at(image, "f", 99) != 'a' || byte_at(image, "f", 200) != 'a';
}

static bool other_sector_harmed(struct sim *image)
{
	return byte_at(image, "f", SECTOR) != 'a';
}

static bool last_of_page_harmed(struct sim *image)
{
	return byte_at(image, "f", SIM_PAGE - 1) != 'a';
}

static bool next_page_harmed(struct sim *image)
{
	return byte_at(image, "f", SIM_PAGE) != 'a';
}

static void pad_hostile_trashes_synced_bytes_of_the_same_sector_only(void **state)
{
	(void)state;
	struct sim_profile profile = sim_profile_weak();
	assert_false(reachable_and_free(small_write_pending(profile), neighbour_harmed));
	profile = sim_profile_hostile();
	assert_true(reachable_and_free(small_write_pending(profile), neighbour_harmed));
	assert_false(reachable_and_free(small_write_pending(profile), other_sector_harmed));
}

/* Pages of 4 KiB: synced sectors that nothing was written to go with one that was, up to the end
 * of its page. */
static void page_hostile_trashes_the_whole_page_and_no_other(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_pages(), 1);
	int file = file_create(sim, "f");
	assert_int_equal(fill(sim, file, 0, 'a', 2 * SIM_PAGE), 0);
	assert_int_equal(sync_file(sim, file), 0);
	assert_int_equal(sync_dir(sim), 0);
	assert_int_equal(fill(sim, file, 100, 'b', 100), 0);
	assert_true(sim_synced(sim, "f", SIM_PAGE, SIM_PAGE));
	assert_false(sim_synced(sim, "f", SIM_PAGE - 1, 1));
	assert_true(reachable(sim, last_of_page_harmed));
	assert_false(reachable(sim, next_page_harmed));
	sim_free(sim);
}

static void writing_what_is_durable_already_can_harm_nothing(void **state)
{
	(void)state;
	int file = -1;
	struct sim *sim = disk_with_file(sim_profile_hostile(), &file);
	uint64_t hash = sim_hash(sim);
	assert_int_equal(fill(sim, file, 0, 'a', 2 * SECTOR), 0);
	assert_int_equal(fill(sim, file, 100, 'a', 100), 0);
	assert_int_equal(sim_pending(sim).sectors, 0);
	assert_int_equal(sim_hash(sim), hash);
	sim_free(sim);
}

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

static bool file_missing(struct sim *image)
{
	return !has(image, "f");
}

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

/* --- What a sync covers, and what is known of it ---------------------------------------------- */

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

static void an_illegal_choice_is_refused(void **state)
{
	(void)state;
	struct sim *sim = two_sectors_pending(sim_profile_strict());
	const uint8_t second_only[2] = {0, SIM_PICK_NEWEST};
	const uint8_t zeroed[2] = {SIM_PICK_NEWEST, SIM_PICK_ZERO};
	const uint8_t none[2] = {0, 0};
	assert_null(sim_crash(sim, &(struct sim_choice){.sectors = second_only}));
	assert_null(sim_crash(sim, &(struct sim_choice){.sectors = zeroed}));
	struct sim *image = sim_crash(sim, &(struct sim_choice){.sectors = none});
	assert_non_null(image);
	assert_int_equal(byte_at(image, "f", 0), 'a');
	sim_free(image);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(m1_any_subset_of_sectors_survives),
	    cmocka_unit_test(m1_writes_of_two_files_are_reordered),
	    cmocka_unit_test(m1_a_sector_written_twice_may_keep_the_first_version),
	    cmocka_unit_test(m1_a_lost_sector_may_hold_zeros),
	    cmocka_unit_test(m1_a_lost_sector_may_hold_garbage),
	    cmocka_unit_test(m1_a_lost_sector_may_hold_bytes_of_a_removed_file),
	    cmocka_unit_test(pad_hostile_trashes_synced_bytes_of_the_same_sector_only),
	    cmocka_unit_test(page_hostile_trashes_the_whole_page_and_no_other),
	    cmocka_unit_test(writing_what_is_durable_already_can_harm_nothing),
	    cmocka_unit_test(m2_a_size_may_lag_behind_its_data),
	    cmocka_unit_test(m5_a_size_may_run_ahead_of_its_data),
	    cmocka_unit_test(m3_sync_of_a_file_does_not_keep_its_entry),
	    cmocka_unit_test(m4_any_subset_of_directory_changes_survives),
	    cmocka_unit_test(m4_an_unlink_may_survive_an_earlier_rename_that_does_not),
	    cmocka_unit_test(m4_a_rename_may_survive_without_the_data),
	    cmocka_unit_test(m4_a_rename_is_atomic),
	    cmocka_unit_test(m4_a_name_is_not_created_anew_before_it_is_free),
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
	    cmocka_unit_test(a_sync_covers_only_what_was_written_before_it_began),
	    cmocka_unit_test(synced_bytes_are_told_from_the_others),
	    cmocka_unit_test(an_illegal_choice_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
