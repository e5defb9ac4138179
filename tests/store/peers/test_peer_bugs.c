/* tier: fast */
/* Faults that other logs and stores had and mended, each made again here: what lost, refused or
 * revived data there does not here. The numbers are of the list in docs/peers.md. */
#include <errno.h>

#include "base/mem.h"
#include "holdfast/admin.h"
#include "lib/patient.h"
#include "lib/patient_crash.h"
#include "lib/test.h"
#include "log/snapshot.h"
#include "store/check/readonly.h"

static const char *segment_name(uint32_t number)
{
	static char name[HF__NAME_MAX];
	hf__segment_name(number, name);
	return name;
}

static struct patient *with_puts(struct sim_profile profile, size_t count)
{
	struct patient *p = patient_new(profile, 0);
	patient_puts(p, count);
	return p;
}

static void compact(struct patient *p)
{
	if (hf_compact(p->store, &p->error) != HF_OK)
		fail_msg("compact: %s", p->error.text);
}

/* --- The end of the log ----------------------------------------------------------------------- */

static void b2_a_torn_group_in_a_prepared_segment_is_the_end(void **state)
{
	(void)state;
	struct patient *p = with_puts(sim_profile_strict(), 6);
	patient_kill(p);
	patient_no_witness(p);
	patient_flip_put(p, 5);
	patient_recovers(p, 5);
	patient_free(p);
}

static void b3_a_tail_of_zeros_after_a_hard_reset_is_the_end(void **state)
{
	(void)state;
	struct patient *p = with_puts(sim_profile_strict(), 6);
	patient_kill(p);
	patient_no_witness(p);
	patient_zero(p, p->begin[5].segment, p->begin[5].offset, p->end[5].offset - p->begin[5].offset);
	patient_recovers(p, 5);
	patient_free(p);
}

static void b4_a_full_disk_harms_nothing_and_opening_needs_no_room(void **state)
{
	(void)state;
	struct patient *p = with_puts(sim_profile_weak(), 6);
	sim_set_capacity(p->sim, sim_used(p->sim));
	while (patient_put(p) == HF_OK) {
	}
	assert_int_equal(p->error.code, HF_ENOSPACE);
	const size_t puts = p->puts;
	patient_kill(p);
	assert_int_equal(patient_fsck(p->sim), HF_OK);
	patient_has(p, puts);
	sim_set_capacity(p->sim, 0);
	sim_advance(p->sim, 2000000);
	patient_recovers(p, puts);
	patient_free(p);
}

static void b5_a_rotation_survives_a_crash_at_every_call(void **state)
{
	(void)state;
	struct patient *p = with_puts(sim_profile_weak(), 100);
	const unsigned images = patient_crash_at_every_call(p, patient_rotate);
	printf("figure: %u images of a rotation\n", images);
	assert_true(images > 100);
	patient_free(p);
}

static void b6_a_check_changes_nothing_so_no_repair_can_lose_anything(void **state)
{
	(void)state;
	struct patient *p = with_puts(sim_profile_strict(), 6);
	patient_close(p);
	patient_flip_put(p, 2);
	const uint64_t before = sim_hash(p->sim);
	assert_int_equal(patient_fsck(p->sim), HF_ECORRUPT);
	patient_refused(p, HF_ECORRUPT);
	assert_true(sim_hash(p->sim) == before);
	patient_free(p);
}

static void b7_an_old_segment_under_a_newer_number_is_no_part_of_the_log(void **state)
{
	(void)state;
	struct patient *p = patient_new(sim_profile_strict(), 0);
	patient_rotate(p);
	patient_puts(p, 3);
	const size_t puts = p->puts;
	const uint32_t last = patient_info(p).segment;
	static uint8_t bytes[16u << 10];
	patient_close(p);
	const struct hf__os *os = sim_os(p->sim);
	size_t got = 0;
	int file = -1;
	assert_int_equal(os->open(os->ctx, segment_name(1), 0, &file), 0);
	assert_int_equal(os->read(os->ctx, file, bytes, sizeof bytes, 0, &got), 0);
	assert_int_equal(os->close(os->ctx, file), 0);
	assert_int_equal(os->open(os->ctx, segment_name(last + 1), HF__OS_WRITE | HF__OS_CREATE, &file),
	                 0);
	assert_int_equal(os->write(os->ctx, file, bytes, got, 0), 0);
	assert_int_equal(os->close(os->ctx, file), 0);
	patient_recovers(p, puts);
	patient_close(p);
	patient_has(p, puts + 1);
	patient_free(p);
}

static void cut(struct patient *p, uint32_t segment, uint64_t size)
{
	const struct hf__os *os = sim_os(p->sim);
	assert_int_equal(os->cut(os->ctx, segment_name(segment), size), 0);
}

static void b8_a_segment_cut_exactly_between_groups_is_damage(void **state)
{
	(void)state;
	for (unsigned sealed = 0; sealed < 2; sealed++) {
		struct patient *p = with_puts(sim_profile_strict(), 6);
		if (sealed)
			patient_rotate(p);
		patient_close(p);
		cut(p, 1, p->end[3].offset);
		patient_refused(p, HF_ECORRUPT);
		assert_int_equal(patient_fsck(p->sim), HF_ECORRUPT);
		patient_free(p);
	}
}

static void b12_a_read_that_fails_is_not_the_end_of_the_log(void **state)
{
	(void)state;
	struct patient *p = with_puts(sim_profile_strict(), 6);
	patient_close(p);
	for (uint64_t nth = 1; nth < 12; nth++) {
		sim_add_fault(p->sim, (struct sim_fault){.kinds = SIM_READ, .nth = nth, .error = EIO});
		const int rc = patient_open(p);
		sim_clear_faults(p->sim);
		assert_true(rc == HF_EIO || rc == HF_OK);
		if (rc == HF_OK) {
			patient_has(p, 6);
			patient_close(p);
		}
	}
	patient_has(p, 6);
	patient_free(p);
}

static void b17_damage_in_the_middle_does_not_end_the_replay_in_silence(void **state)
{
	(void)state;
	struct patient *p = with_puts(sim_profile_strict(), 6);
	patient_kill(p);
	patient_flip_put(p, 1);
	patient_refused(p, HF_ECORRUPT);
	assert_true(p->error.first_lsn == p->lsn[1]);
	patient_free(p);
}

static void b21_an_empty_or_partial_header_of_the_newest_segment_blocks_nothing(void **state)
{
	(void)state;
	for (size_t len = 1; len < HF__SEGMENT_HEADER_SIZE; len += 101) {
		struct patient *p = with_puts(sim_profile_strict(), 6);
		uint8_t header[HF__SEGMENT_HEADER_SIZE];
		patient_kill(p);
		memset(header, 0x77, sizeof header);
		sim_write_file(p->sim, segment_name(2), 0, header, len);
		patient_recovers(p, 6);
		patient_free(p);
	}
}

static void b22_what_a_failed_write_left_is_never_in_the_middle(void **state)
{
	(void)state;
	struct patient *p = with_puts(sim_profile_weak(), 3);
	sim_add_fault(p->sim,
	              (struct sim_fault){
	                  .kinds = SIM_WRITE, .name = "segment-", .error = EIO, .prefix = SIZE_MAX});
	assert_int_equal(patient_put(p), HF_EUNCERTAIN);
	sim_clear_faults(p->sim);
	patient_close_failed(p);
	patient_reopen(p);
	const uint64_t found = patient_sequence(p);
	assert_true(found == 3 || found == 4);
	p->puts = found;
	patient_puts(p, 5);
	patient_close(p);
	assert_int_equal(patient_fsck(p->sim), HF_OK);
	patient_has(p, found + 5);
	patient_free(p);
}

static void b23_b24_what_comes_behind_a_torn_tail_is_reached(void **state)
{
	(void)state;
	struct patient *p = with_puts(sim_profile_strict(), 6);
	patient_kill(p);
	patient_no_witness(p);
	patient_flip_put(p, 5);
	for (unsigned life = 0; life < 4; life++) {
		patient_recovers(p, 5 + life);
		patient_kill(p);
	}
	assert_int_equal(patient_fsck(p->sim), HF_OK);
	patient_has(p, 9);
	patient_free(p);
}

static void b28_files_that_cannot_be_read_are_no_empty_store(void **state)
{
	(void)state;
	static const char *const names[] = {HF__NAME_IDENTITY, HF__NAME_WITNESS, "segment-"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct patient *p = with_puts(sim_profile_strict(), 6);
		patient_close(p);
		sim_add_fault(p->sim, (struct sim_fault){.kinds = SIM_OPEN | SIM_READ,
		                                         .name = names[i],
		                                         .error = EACCES,
		                                         .persistent = true});
		p->options.create = true;
		assert_int_not_equal(patient_open(p), HF_OK);
		sim_clear_faults(p->sim);
		patient_has(p, 6);
		patient_free(p);
	}
}

/* --- Snapshots and compaction ----------------------------------------------------------------- */

static void b13_a_clock_that_is_set_back_removes_nothing_that_is_kept(void **state)
{
	(void)state;
	const int64_t day = INT64_C(86400) * 1000000;
	struct patient *p = patient_new(sim_profile_strict(), 0);
	patient_close(p);
	p->options.retain_us = day;
	patient_reopen(p);
	for (unsigned i = 0; i < 6; i++) {
		patient_puts(p, 30);
		compact(p);
		sim_set_now(p->sim, INT64_C(1500000000000000) - (int64_t)i * 30 * day);
	}
	uint64_t size;
	assert_true(sim_file_size(p->sim, segment_name(2), &size)); /* all of it is of this day */
	const size_t puts = p->puts;
	patient_close(p);
	assert_int_equal(patient_fsck(p->sim), HF_OK);
	patient_has(p, puts);
	patient_free(p);
}

static void b15_b27_b29_b30_a_compaction_survives_a_crash_at_every_call(void **state)
{
	(void)state;
	struct patient *p = patient_new(sim_profile_weak(), 0);
	patient_rotate(p);
	patient_rotate(p);
	unsigned images = patient_crash_at_every_call(p, compact);
	patient_rotate(p);
	patient_puts(p, 3);
	images += patient_crash_at_every_call(p, compact);
	printf("figure: %u images of two compactions\n", images);
	assert_true(images > 300);
	patient_free(p);
}

static void b18_a_bit_of_a_snapshot_costs_no_more_than_the_snapshot(void **state)
{
	(void)state;
	struct patient *p = with_puts(sim_profile_strict(), 40);
	assert_int_equal(hf_snapshot(p->store, NULL), HF_OK);
	const uint64_t lsn = patient_info(p).last_lsn;
	char name[HF__NAME_MAX];
	uint64_t size = 0;
	hf__snapshot_name(lsn, name);
	patient_puts(p, 3);
	patient_close(p);
	assert_true(sim_file_size(p->sim, name, &size));
	for (uint64_t at = 0; at < size; at += 13) {
		assert_true(sim_flip_bit(p->sim, name, at * 8 + at % 8));
		patient_has(p, 43);
		patient_close(p);
		assert_true(sim_flip_bit(p->sim, name, at * 8 + at % 8));
	}
	patient_free(p);
}

static void b19_a_damaged_snapshot_is_no_reason_to_touch_the_log(void **state)
{
	(void)state;
	struct patient *p = with_puts(sim_profile_strict(), 40);
	assert_int_equal(hf_snapshot(p->store, NULL), HF_OK);
	char name[HF__NAME_MAX];
	hf__snapshot_name(patient_info(p).last_lsn, name);
	patient_puts(p, 3);
	patient_close(p);
	assert_true(sim_flip_bit(p->sim, name, 600 * 8));
	assert_int_equal(patient_fsck(p->sim), HF_ECORRUPT);
	patient_has(p, 43);
	compact(p); /* a new one takes its place, and only then something goes */
	patient_close(p);
	assert_int_equal(patient_fsck(p->sim), HF_OK);
	patient_has(p, 43);
	patient_free(p);
}

static void b20_every_failed_sync_of_a_compaction_is_seen(void **state)
{
	(void)state;
	for (uint64_t nth = 1; nth < 12; nth++) {
		struct patient *p = patient_new(sim_profile_weak(), 0);
		patient_rotate(p);
		patient_puts(p, 3);
		const size_t puts = p->puts;
		sim_add_fault(
		    p->sim, (struct sim_fault){.kinds = SIM_SYNC | SIM_SYNC_DIR, .nth = nth, .error = EIO});
		const int rc = hf_compact(p->store, NULL);
		assert_int_equal(rc == HF_OK, sim_fault_hits(p->sim) == 0);
		sim_clear_faults(p->sim);
		(void)hf_close(p->store, NULL);
		p->store = NULL;
		patient_has(p, puts);
		compact(p);
		patient_recovers(p, puts);
		patient_free(p);
	}
}

static bool veto(void *ctx, size_t size)
{
	unsigned *left = ctx;
	(void)size;
	return (*left)-- == 0;
}

static void b25_no_memory_while_opening_drops_nothing(void **state)
{
	(void)state;
	struct patient *p = with_puts(sim_profile_strict(), 20);
	compact(p);
	patient_puts(p, 3);
	patient_close(p);
	int rc = HF_ENOMEM;
	for (unsigned tries = 0; rc != HF_OK; tries++) {
		unsigned left = tries;
		hf__mem_set_veto(veto, &left);
		rc = patient_open(p);
		hf__mem_set_veto(NULL, NULL);
		assert_true(rc == HF_OK || rc == HF_ENOMEM);
	}
	patient_recovers(p, 23);
	patient_free(p);
}

static void b26_without_descriptors_a_compaction_changes_nothing(void **state)
{
	(void)state;
	for (uint64_t nth = 1; nth < 10; nth++) {
		struct patient *p = patient_new(sim_profile_weak(), 0);
		patient_rotate(p);
		patient_puts(p, 3);
		const size_t puts = p->puts;
		sim_add_fault(p->sim, (struct sim_fault){.kinds = SIM_OPEN, .nth = nth, .error = EMFILE});
		const int rc = hf_compact(p->store, NULL);
		assert_true(rc == HF_OK || rc == HF_ENOSPACE);
		sim_clear_faults(p->sim);
		assert_int_equal(patient_info(p).fault, 0);
		compact(p);
		patient_close(p);
		assert_int_equal(patient_fsck(p->sim), HF_OK);
		patient_has(p, puts);
		patient_free(p);
	}
}

static void b33_no_entry_is_lost_between_two_segments_on_a_full_disk(void **state)
{
	(void)state;
	for (uint64_t room = 0; room < 40u << 10; room += 3u << 10) {
		struct patient *p = with_puts(sim_profile_weak(), 1);
		sim_set_capacity(p->sim, sim_used(p->sim) + room);
		while (patient_put(p) == HF_OK) {
		}
		sim_set_capacity(p->sim, 0);
		sim_advance(p->sim, 2000000);
		patient_puts(p, 5);
		const size_t puts = p->puts;
		patient_close(p);
		assert_int_equal(patient_fsck(p->sim), HF_OK);
		patient_has(p, puts);
		patient_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(b2_a_torn_group_in_a_prepared_segment_is_the_end),
	    cmocka_unit_test(b3_a_tail_of_zeros_after_a_hard_reset_is_the_end),
	    cmocka_unit_test(b4_a_full_disk_harms_nothing_and_opening_needs_no_room),
	    cmocka_unit_test(b5_a_rotation_survives_a_crash_at_every_call),
	    cmocka_unit_test(b6_a_check_changes_nothing_so_no_repair_can_lose_anything),
	    cmocka_unit_test(b7_an_old_segment_under_a_newer_number_is_no_part_of_the_log),
	    cmocka_unit_test(b8_a_segment_cut_exactly_between_groups_is_damage),
	    cmocka_unit_test(b12_a_read_that_fails_is_not_the_end_of_the_log),
	    cmocka_unit_test(b13_a_clock_that_is_set_back_removes_nothing_that_is_kept),
	    cmocka_unit_test(b15_b27_b29_b30_a_compaction_survives_a_crash_at_every_call),
	    cmocka_unit_test(b17_damage_in_the_middle_does_not_end_the_replay_in_silence),
	    cmocka_unit_test(b18_a_bit_of_a_snapshot_costs_no_more_than_the_snapshot),
	    cmocka_unit_test(b19_a_damaged_snapshot_is_no_reason_to_touch_the_log),
	    cmocka_unit_test(b20_every_failed_sync_of_a_compaction_is_seen),
	    cmocka_unit_test(b21_an_empty_or_partial_header_of_the_newest_segment_blocks_nothing),
	    cmocka_unit_test(b22_what_a_failed_write_left_is_never_in_the_middle),
	    cmocka_unit_test(b23_b24_what_comes_behind_a_torn_tail_is_reached),
	    cmocka_unit_test(b25_no_memory_while_opening_drops_nothing),
	    cmocka_unit_test(b26_without_descriptors_a_compaction_changes_nothing),
	    cmocka_unit_test(b28_files_that_cannot_be_read_are_no_empty_store),
	    cmocka_unit_test(b33_no_entry_is_lost_between_two_segments_on_a_full_disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
