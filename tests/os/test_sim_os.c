/* tier: fast */
/* The simulated disk does what model M1 says of sectors, and its hostile profiles of what lies
 * beside them: each switch has a test that finds its outcome among the crash images with the switch
 * on, and does not find it with the switch off. */
#include "sim_case.h"

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
	    cmocka_unit_test(an_illegal_choice_is_refused),
	};
	return cmocka_run_group_tests_name("simulated disk: sectors", tests, NULL, NULL);
}
