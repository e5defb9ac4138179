/* tier: fast */
/* The failure rules R1 to R9, one test or more a rule, and the two rules of names that opening
 * adds: a store is made durable before it is opened, a leftover segment before it is used. The
 * rules as decisions are in test_recovery_table.c, as sweeps in the crash tests. */
#include <errno.h>

#include "base/mem.h"
#include "lib/patient.h"
#include "lib/test.h"
#include "log/group.h"

static struct patient *patient(void)
{
	return patient_new(sim_profile_strict(), 0);
}

static struct patient *patient_closed(size_t puts)
{
	struct patient *p = patient();
	patient_puts(p, puts);
	patient_close(p);
	return p;
}

/* R1: every byte of a group is covered, padding included. */
static void r1_no_bit_of_a_durable_group_can_change_unnoticed(void **state)
{
	(void)state;
	struct patient *p = patient_closed(4);
	sim_checkpoint(p->sim);
	for (uint64_t bit = (uint64_t)p->begin[2].offset * 8; bit < (uint64_t)p->end[2].offset * 8;
	     bit++) {
		assert_true(sim_flip_bit(p->sim, "segment-00000001", bit));
		assert_int_equal(patient_open(p), HF_ECORRUPT);
		(void)sim_rollback(p->sim);
	}
	patient_has(p, 4);
	patient_free(p);
}

/* R2: a length is used only after its checksum; what lies behind a wrong one is still found. */
static void r2_a_wrong_length_hides_nothing(void **state)
{
	(void)state;
	static const uint32_t lengths[] = {0, 1, 8, 4096, 0x7fffffff, 0xfffffff8, 0xffffffff};
	enum { GROUP_BODY_LEN = 60, ENTRY_BODY_LEN = 0 };
	struct patient *p = patient_closed(6);
	patient_no_witness(p); /* only the groups can tell */
	sim_checkpoint(p->sim);
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		uint8_t bytes[4];
		hf__store_u32(bytes, lengths[i]);
		sim_write_file(p->sim, "segment-00000001", p->begin[2].offset + GROUP_BODY_LEN, bytes,
		               sizeof bytes);
		patient_refused(p, HF_ECORRUPT);
		(void)sim_rollback(p->sim);
		sim_write_file(p->sim, "segment-00000001",
		               p->begin[2].offset + HF__GROUP_HEADER_SIZE + ENTRY_BODY_LEN, bytes,
		               sizeof bytes);
		patient_refused(p, HF_ECORRUPT);
		(void)sim_rollback(p->sim);
	}
	patient_free(p);
}

static void r3_a_torn_word_of_the_witness_leaves_the_other(void **state)
{
	(void)state;
	struct patient *p = patient_closed(6);
	sim_checkpoint(p->sim);
	for (unsigned slot = 0; slot < 2; slot++) {
		assert_true(sim_flip_bit(p->sim, HF__NAME_WITNESS,
		                         ((uint64_t)slot * HF__WITNESS_SLOT_STEP + 40) * 8));
		patient_has(p, 6);
		patient_close(p);
		/* The older word still covers the first groups. */
		patient_flip_put(p, 0);
		patient_refused(p, HF_ECORRUPT);
		(void)sim_rollback(p->sim);
	}
	patient_no_witness(p);
	patient_recovers(p, 6);
	patient_free(p);
}

/* R4: where the next segment says that this one ends, it ends. */
static void r4_bytes_past_the_pinned_end_do_not_exist(void **state)
{
	(void)state;
	struct patient *p = patient();
	patient_rotate(p);
	const size_t puts = p->puts;
	const struct hf__position end = p->end[puts - 2];
	uint8_t copy[HF__GROUP_HEADER_SIZE];
	patient_close(p);
	assert_int_equal(end.segment, 1);
	assert_true(sim_read_file(p->sim, "segment-00000001", p->begin[3].offset, copy, sizeof copy));
	const size_t room = (16u << 10) - end.offset;
	sim_write_file(p->sim, "segment-00000001", end.offset, copy,
	               room < sizeof copy ? room : sizeof copy);
	patient_has(p, puts);
	assert_false(patient_info(p).recovered);
	patient_close(p);
	/* And up to there it must be whole. */
	patient_flip_put(p, puts - 2);
	patient_refused(p, HF_ECORRUPT);
	patient_free(p);
}

static void r5_damage_is_told_by_the_witness(void **state)
{
	(void)state;
	struct patient *p = patient_closed(6);
	patient_flip_put(p, 5);
	patient_refused(p, HF_ECORRUPT);
	assert_int_equal(p->error.offset, p->begin[5].offset);
	assert_int_equal(p->error.first_lsn, p->lsn[5]);
	assert_int_equal(p->error.last_lsn, p->lsn[5]);
	patient_free(p);
}

static void r5_damage_is_told_by_a_later_group(void **state)
{
	(void)state;
	struct patient *p = patient_closed(6);
	patient_no_witness(p);
	patient_flip_put(p, 3);
	patient_refused(p, HF_ECORRUPT);
	assert_int_equal(p->error.first_lsn, p->lsn[3]);
	patient_free(p);
}

static void r5_damage_is_told_by_the_next_segment(void **state)
{
	(void)state;
	struct patient *p = patient();
	patient_rotate(p);
	patient_close(p);
	patient_no_witness(p);
	patient_flip_put(p, p->puts - 2); /* the last of the first segment */
	patient_refused(p, HF_ECORRUPT);
	assert_string_equal(p->error.file, "segment-00000001");
	patient_free(p);
}

static void r6_zeros_end_the_log_only_if_nothing_follows(void **state)
{
	(void)state;
	struct patient *p = patient_closed(6);
	patient_no_witness(p);
	sim_checkpoint(p->sim);
	patient_zero(p, 1, p->begin[3].offset, p->end[3].offset - p->begin[3].offset);
	patient_refused(p, HF_ECORRUPT); /* the groups behind tell of it */
	(void)sim_rollback(p->sim);
	patient_zero(p, 1, p->begin[5].offset, HF__GROUP_HEADER_SIZE);
	patient_has(p, 5);
	assert_true(patient_info(p).torn_bytes > 0); /* it did not end: something was torn */
	patient_close(p);
	(void)sim_rollback(p->sim);
	patient_zero(p, 1, p->begin[5].offset, p->end[5].offset - p->begin[5].offset);
	patient_has(p, 5);
	assert_int_equal(patient_info(p).torn_bytes, 0);
	patient_free(p);
}

/* R7: a sync failed, the cache shows the group, the disk does not have it: once it was shown it
 * must be there. */
static void r7_the_tail_is_durable_before_it_is_served(void **state)
{
	(void)state;
	struct patient *p = patient_new(sim_profile_weak(), 0);
	struct sim_profile profile = sim_profile_weak();
	profile.m6_reads_old = false;
	sim_set_profile(p->sim, profile);
	patient_puts(p, 3);
	sim_add_fault(p->sim, (struct sim_fault){.kinds = SIM_SYNC, .name = "segment-", .error = EIO});
	assert_int_equal(patient_put(p), HF_EUNCERTAIN);
	patient_close_failed(p);
	sim_clear_faults(p->sim);
	const struct hf__position end = p->end[2];
	assert_false(sim_synced(p->sim, "segment-00000001", end.offset, 100));
	patient_has(p, 4);
	assert_true(patient_info(p).rewritten_bytes > 0);
	const struct hf_info info = patient_info(p);
	assert_true(
	    sim_synced(p->sim, "segment-00000001", end.offset, info.segment_offset - end.offset));
	patient_kill(p);
	sim_evict(p->sim);
	patient_has(p, 4);
	patient_free(p);
}

/* R8, the exposure that remains: damage to what is newer than every word about it looks like a
 * torn group. It is dropped whole. */
static void r8_an_untold_group_that_is_damaged_looks_torn(void **state)
{
	(void)state;
	struct patient *p = patient();
	patient_puts(p, 6);
	patient_kill(p);
	patient_no_witness(p);
	patient_flip_put(p, 5);
	patient_recovers(p, 5);
	patient_free(p);
}

static void r9_a_read_error_is_no_damage(void **state)
{
	(void)state;
	struct patient *p = patient_closed(3);
	const uint64_t before = sim_hash(p->sim);
	unsigned failures = 0;
	for (uint64_t nth = 1; nth == 1 || sim_fault_hits(p->sim) > 0; nth++) {
		sim_clear_faults(p->sim);
		sim_add_fault(p->sim, (struct sim_fault){.kinds = SIM_READ | SIM_OPEN | SIM_SIZE | SIM_LIST,
		                                         .nth = nth,
		                                         .error = EIO});
		const int rc = patient_open(p);
		assert_true(rc == HF_OK || rc == HF_EIO);
		failures += rc == HF_EIO;
		if (rc == HF_OK) { /* what failed was asked again */
			assert_false(patient_info(p).recovered);
			assert_int_equal(patient_sequence(p), 3);
			patient_kill(p);
		}
		assert_true(sim_hash(p->sim) == before);
	}
	assert_true(failures > 8);
	patient_free(p);
}

static bool veto_countdown(void *ctx, size_t size)
{
	uint64_t *left = ctx;
	(void)size;
	return *left == 0 || --*left == 0;
}

static void r9_no_memory_is_no_damage(void **state)
{
	(void)state;
	struct patient *p = patient_closed(3);
	const uint64_t before = sim_hash(p->sim);
	int rc = HF_ENOMEM;
	uint64_t nth = 1;
	for (; rc != HF_OK; nth++) {
		uint64_t left = nth;
		hf__mem_set_veto(veto_countdown, &left);
		rc = patient_open(p);
		hf__mem_set_veto(NULL, NULL);
		assert_true(rc == HF_OK || rc == HF_ENOMEM);
		assert_true(sim_hash(p->sim) == before);
	}
	assert_true(nth > 10);
	patient_has(p, 3);
	patient_free(p);
}

static void r9_a_store_without_its_identity_is_no_fresh_directory(void **state)
{
	(void)state;
	struct patient *p = patient_closed(3);
	sim_checkpoint(p->sim);
	assert_true(sim_remove_file(p->sim, HF__NAME_IDENTITY));
	patient_refused(p, HF_ECORRUPT);
	p->options.create = true;
	assert_int_equal(patient_open(p), HF_ECORRUPT);
	p->options.create = false;
	assert_true(sim_hash_of(p->sim, "segment-") != 0);
	(void)sim_rollback(p->sim);
	assert_true(sim_remove_file(p->sim, HF__NAME_WITNESS));
	patient_refused(p, HF_ECORRUPT);
	(void)sim_rollback(p->sim);
	patient_has(p, 3);
	patient_free(p);
}

/* --- Names ------------------------------------------------------------------------------------ */

/* Takes away everything that a power loss may. */
static void lose_power(struct patient *p)
{
	const struct sim_pending pending = sim_pending(p->sim);
	uint8_t nothing[256] = {0};
	assert_true(pending.sectors <= sizeof nothing && pending.sizes <= sizeof nothing &&
	            pending.dir_ops <= sizeof nothing);
	struct sim *image = sim_crash(
	    p->sim, &(struct sim_choice){.sectors = nothing, .sizes = nothing, .dir_ops = nothing});
	assert_non_null(image);
	sim_free(p->sim);
	p->sim = image;
}

/* The creation was told that its last step failed; the next opening finds the store and must
 * make sure that it stays. */
static void a_store_that_was_opened_survives_whatever_its_creation_met(void **state)
{
	(void)state;
	for (int falsely = 0; falsely < 2; falsely++) {
		struct patient *p = patient();
		patient_close(p);
		sim_free(p->sim);
		p->sim = sim_new(sim_profile_weak(), 2);
		sim_set_now(p->sim, 1000000000);
		const struct sim_fault fault = {.kinds = SIM_SYNC_DIR, .nth = 3, .error = EIO};
		const struct sim_fault rename = {
		    .kinds = SIM_RENAME, .name = HF__NAME_IDENTITY, .error = EIO, .falsely = true};
		sim_add_fault(p->sim, falsely ? rename : fault);
		p->options.create = true;
		assert_int_equal(patient_open(p), HF_EIO);
		assert_int_equal(sim_fault_hits(p->sim), 1);
		sim_clear_faults(p->sim);
		p->options.create = false;
		patient_reopen(p);
		patient_puts(p, 1);
		patient_kill(p);
		lose_power(p);
		patient_has(p, 1);
		patient_free(p);
	}
}

/* A segment was prepared, and its name is not on disk: who finds it there must not rest a commit
 * on it. */
static void a_leftover_segment_is_durable_before_it_is_used(void **state)
{
	(void)state;
	struct patient *p = patient_new(sim_profile_weak(), 0);
	while (patient_info(p).segment_offset < 9000)
		patient_puts(p, 1); /* more than half full: the next one is due */
	sim_add_fault(p->sim, (struct sim_fault){.kinds = SIM_SYNC_DIR, .error = EIO});
	assert_int_equal(hf_maintain(p->store, 0, &p->error), HF_EUNCERTAIN);
	patient_close_failed(p);
	sim_clear_faults(p->sim);
	uint64_t size = 0;
	assert_true(sim_file_size(p->sim, "segment-00000002", &size));
	const size_t puts = p->puts;
	patient_recovers(p, puts);
	patient_kill(p);
	lose_power(p);
	patient_has(p, puts + 1);
	patient_free(p);
}

static void a_leftover_segment_that_is_not_zero_is_passed_over(void **state)
{
	(void)state;
	struct patient *p = patient_closed(3);
	static uint8_t garbage[16u << 10];
	garbage[9000] = 1;
	sim_write_file(p->sim, "segment-00000002", 0, garbage, sizeof garbage);
	patient_reopen(p);
	patient_rotate(p);
	assert_int_equal(patient_info(p).segment, 3);
	const size_t puts = p->puts;
	patient_close(p);
	patient_has(p, puts);
	assert_false(patient_info(p).recovered);
	patient_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(r1_no_bit_of_a_durable_group_can_change_unnoticed),
	    cmocka_unit_test(r2_a_wrong_length_hides_nothing),
	    cmocka_unit_test(r3_a_torn_word_of_the_witness_leaves_the_other),
	    cmocka_unit_test(r4_bytes_past_the_pinned_end_do_not_exist),
	    cmocka_unit_test(r5_damage_is_told_by_the_witness),
	    cmocka_unit_test(r5_damage_is_told_by_a_later_group),
	    cmocka_unit_test(r5_damage_is_told_by_the_next_segment),
	    cmocka_unit_test(r6_zeros_end_the_log_only_if_nothing_follows),
	    cmocka_unit_test(r7_the_tail_is_durable_before_it_is_served),
	    cmocka_unit_test(r8_an_untold_group_that_is_damaged_looks_torn),
	    cmocka_unit_test(r9_a_read_error_is_no_damage),
	    cmocka_unit_test(r9_no_memory_is_no_damage),
	    cmocka_unit_test(r9_a_store_without_its_identity_is_no_fresh_directory),
	    cmocka_unit_test(a_store_that_was_opened_survives_whatever_its_creation_met),
	    cmocka_unit_test(a_leftover_segment_is_durable_before_it_is_used),
	    cmocka_unit_test(a_leftover_segment_that_is_not_zero_is_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
