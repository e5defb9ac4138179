/* tier: fast */
/* fsck on the files beside the log, and on what is no damage: a torn tail, leftovers, a failed
 * read, no store at all. */
#include "fsck_case.h"
#include "lib/log_build.h"
#include "log/identity.h"

static uint32_t end_of(const struct fixture *f, uint32_t segment)
{
	const struct place *p = &f->places[last_of(f, segment) - 1];
	return p->offset + ENTRY_HEADER + (p->body_len + 7u) / 8 * 8;
}

/* --- The other files -------------------------------------------------------------------------- */

static void damaged_identity_leaves_the_log_readable(void **state)
{
	struct fixture *f = *state;
	flip(f, HF__NAME_IDENTITY, 100);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0, (struct expected){HF_FSCK_DAMAGE, HF__NAME_IDENTITY, 0, 0, 0});
	assert_true(said->summary.entries == f->count);
	back(f);
	assert_true(sim_remove_file(f->sim, HF__NAME_IDENTITY));
	said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0, (struct expected){HF_FSCK_DAMAGE, HF__NAME_IDENTITY, 0, 0, 0});
	back(f);
}

static void a_newer_format_is_no_damage(void **state)
{
	struct fixture *f = *state;
	struct hf__identity identity;
	uint8_t sector[HF__IDENTITY_SIZE];
	assert_true(sim_read_file(f->sim, HF__NAME_IDENTITY, 0, sector, sizeof sector));
	assert_int_equal(hf__identity_decode(sector, sizeof sector, &identity), HF_OK);
	identity.format_major = 3;
	hf__identity_encode(&identity, sector);
	sim_write_file(f->sim, HF__NAME_IDENTITY, 0, sector, sizeof sector);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_EVERSION, 1);
	expect(said, 0, (struct expected){HF_FSCK_NEWER, HF__NAME_IDENTITY, 0, 0, 0});
	assert_int_equal(said->summary.format, 3);
	back(f);
}

static void each_slot_of_the_witness_is_checked(void **state)
{
	struct fixture *f = *state;
	uint8_t slots[2][HF__WITNESS_SLOT_SIZE];
	for (unsigned i = 0; i < 2; i++)
		assert_true(sim_read_file(f->sim, HF__NAME_WITNESS, i * 4096, slots[i], sizeof slots[i]));
	const unsigned newest = hf__load_u64(slots[1] + 8) > hf__load_u64(slots[0] + 8);
	flip(f, HF__NAME_WITNESS, newest * HF__WITNESS_SLOT_STEP + 40);
	/* Without the newest word nothing says that the stop was clean: it may have been a crash. */
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_OK, 1);
	expect(said, 0,
	       (struct expected){HF_FSCK_TORN, HF__NAME_WITNESS, newest * HF__WITNESS_SLOT_STEP, 0, 0});
	back(f);
	flip(f, HF__NAME_WITNESS, (1 - newest) * HF__WITNESS_SLOT_STEP + 40);
	said = check(f->sim);
	/* The older one may have been lost by a crash while the stop was marked clean. */
	expect_verdict(said, HF_OK, 1);
	expect(said, 0,
	       (struct expected){HF_FSCK_TORN, HF__NAME_WITNESS, (1 - newest) * HF__WITNESS_SLOT_STEP,
	                         0, 0});
	back(f);
	assert_true(sim_remove_file(f->sim, HF__NAME_WITNESS));
	said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0, (struct expected){HF_FSCK_DAMAGE, HF__NAME_WITNESS, 0, 0, 0});
	back(f);
	assert_true(sim_truncate_file(f->sim, HF__NAME_WITNESS, 700));
	said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0, (struct expected){HF_FSCK_DAMAGE, HF__NAME_WITNESS, 700, 0, 0});
	back(f);
}

/* --- Harmless --------------------------------------------------------------------------------- */

static void a_torn_tail_is_no_damage(void **state)
{
	struct fixture *f = *state;
	uint8_t torn[300];
	memset(torn, 0x5a, sizeof torn);
	sim_write_file(f->sim, file_of(last_segment(f)), end_of(f, last_segment(f)), torn, sizeof torn);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_OK, 1);
	expect(said, 0,
	       (struct expected){HF_FSCK_TORN, file_of(last_segment(f)), end_of(f, last_segment(f)), 0,
	                         0});
	assert_true(said->findings[0].length == sizeof torn && said->summary.torn_bytes == sizeof torn);
	assert_true(said->summary.state_checked && said->summary.last_stop == HF_FSCK_STOP_UNCLEAN);
	back(f);
}

static void leftovers_are_no_damage(void **state)
{
	struct fixture *f = *state;
	const uint32_t first = f->places[0].segment;
	const uint64_t pinned_end = end_of(f, first);
	sim_write_file(f->sim, "segment-00000009.tmp", 0, "x", 1);
	sim_write_file(f->sim, "notes", 0, "x", 1);
	sim_write_file(f->sim, file_of(first), pinned_end + 40, "left", 4);
	sim_write_file(f->sim, "segment-000000f0", 600, "left", 4);
	assert_true(sim_remove_file(f->sim, HF__NAME_LOCK));
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_OK, 5);
	expect(said, 0, (struct expected){HF_FSCK_LEFTOVER, file_of(first), pinned_end, 0, 0});
	expect(said, 1, (struct expected){HF_FSCK_LEFTOVER, "segment-000000f0", 0, 0, 0});
	assert_true(said->summary.findings[HF_FSCK_LEFTOVER] == 5 && said->summary.state_checked);
	back(f);
}

static void a_failed_read_is_no_damage(void **state)
{
	struct fixture *f = *state;
	sim_add_fault(
	    f->sim, (struct sim_fault){
	                .kinds = SIM_READ, .name = "segment-00000002", .error = 5, .persistent = true});
	const struct said *said = check(f->sim);
	assert_int_equal(said->rc, HF_EIO);
	assert_true(said->count >= 1);
	for (size_t i = 0; i < said->count; i++)
		expect(said, i,
		       (struct expected){HF_FSCK_IO, "segment-00000002", 0, said->findings[i].first_lsn,
		                         said->findings[i].last_lsn});
	sim_clear_faults(f->sim);
	back(f);
}

static void an_empty_directory_holds_no_store(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_strict(), 2);
	const struct said *said = check(sim);
	assert_int_equal(said->rc, HF_ENOTFOUND);
	assert_int_equal(said->count, 0);
	sim_free(sim);
}

static void a_fresh_store_is_clean(void **state)
{
	(void)state;
	struct sim *sim = sim_new(sim_profile_strict(), 3);
	assert_int_equal(hf_close(open_store(sim, true), NULL), HF_OK);
	expect_verdict(check(sim), HF_OK, 0);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(damaged_identity_leaves_the_log_readable, begin),
	    cmocka_unit_test_setup(a_newer_format_is_no_damage, begin),
	    cmocka_unit_test_setup(each_slot_of_the_witness_is_checked, begin),
	    cmocka_unit_test_setup(a_torn_tail_is_no_damage, begin),
	    cmocka_unit_test_setup(leftovers_are_no_damage, begin),
	    cmocka_unit_test_setup(a_failed_read_is_no_damage, begin),
	    cmocka_unit_test_setup(an_empty_directory_holds_no_store, begin),
	    cmocka_unit_test_setup(a_fresh_store_is_clean, begin),
	};
	return cmocka_run_group_tests_name("fsck of other files", tests, set_up, tear_down);
}
