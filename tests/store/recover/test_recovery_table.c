/* tier: fast */
/* The decision table of engine/store/recover/recover.c, one test a row: the facts are made by
 * hand on a disk, the decision must be the row's. Refusals change nothing, twice. Rows D10 and
 * D11 also say where the log goes on. */
#include "base/hash.h"
#include "lib/patient.h"
#include "lib/test.h"

static struct patient *patient(void)
{
	return patient_new(sim_profile_strict(), 0);
}

/* Two segments, the second with some groups; closed cleanly. */
static struct patient *two_segments(void)
{
	struct patient *p = patient();
	patient_rotate(p);
	patient_puts(p, 3);
	patient_close(p);
	return p;
}

static struct patient *three_segments(void)
{
	struct patient *p = patient();
	patient_rotate(p);
	patient_rotate(p);
	patient_puts(p, 3);
	patient_close(p);
	return p;
}

static void d1_the_witness_names_a_segment_and_there_is_none(void **state)
{
	(void)state;
	struct patient *p = patient();
	patient_puts(p, 1);
	patient_close(p);
	patient_zero(p, 1, 0, 512);
	patient_refused(p, HF_ECORRUPT);
	assert_true(sim_remove_file(p->sim, "segment-00000001"));
	patient_refused(p, HF_ECORRUPT);
	patient_free(p);
}

static void d1_no_segment_file_exists(void **state)
{
	(void)state;
	struct patient *p = patient();
	patient_close(p);
	assert_true(sim_remove_file(p->sim, "segment-00000001"));
	patient_refused(p, HF_ECORRUPT);
	patient_free(p);
}

static void d1b_the_only_header_is_of_another_epoch(void **state)
{
	(void)state;
	struct patient *p = patient();
	patient_puts(p, 1);
	patient_close(p);
	struct hf__segment_header header = patient_header(p, 1);
	patient_no_witness(p);
	p->id.epoch = header.epoch = 9;
	p->id.seed = hf__seed_base(p->id.uuid, 9);
	patient_set_header(p, &header);
	patient_refused(p, HF_ECORRUPT);
	patient_free(p);
}

static void d1b_the_only_header_is_of_another_number(void **state)
{
	(void)state;
	static uint8_t bytes[16 << 10];
	struct patient *p = patient();
	patient_puts(p, 1);
	patient_close(p);
	patient_no_witness(p);
	assert_true(sim_read_file(p->sim, "segment-00000001", 0, bytes, sizeof bytes));
	assert_true(sim_remove_file(p->sim, "segment-00000001"));
	sim_write_file(p->sim, "segment-00000003", 0, bytes, sizeof bytes);
	patient_refused(p, HF_ECORRUPT);
	patient_free(p);
}

/* It is whole, so that no crash made it; what it says besides does not matter. */
static void d1b_the_only_header_is_of_another_epoch_and_makes_no_sense(void **state)
{
	(void)state;
	struct patient *p = patient();
	patient_puts(p, 1);
	patient_close(p);
	struct hf__segment_header header = patient_header(p, 1);
	patient_no_witness(p);
	p->id.epoch = header.epoch = 9;
	p->id.seed = hf__seed_base(p->id.uuid, 9);
	header.size = 12345;
	patient_set_header(p, &header);
	patient_refused(p, HF_ECORRUPT);
	patient_free(p);
}

static void d2_the_only_header_is_damaged_and_its_groups_were_durable(void **state)
{
	(void)state;
	struct patient *p = patient();
	patient_puts(p, 3);
	patient_kill(p);
	patient_no_witness(p);
	patient_flip(p, 1, 100);
	patient_refused(p, HF_ECORRUPT);
	patient_free(p);
}

static void d3_every_byte_is_zero_and_the_first_segment_gets_another_number(void **state)
{
	(void)state;
	struct patient *p = patient();
	patient_close(p);
	patient_reopen(p);
	assert_false(patient_info(p).recovered);
	patient_recovers(p, 0);
	assert_int_equal(p->result.version, 1);
	assert_int_equal(patient_info(p).segment, 2);
	uint64_t size;
	assert_false(sim_file_size(p->sim, "segment-00000001", &size)); /* it is that file */
	patient_free(p);
}

static void d4_the_very_first_group_is_torn(void **state)
{
	(void)state;
	struct patient *p = patient();
	patient_puts(p, 1);
	patient_kill(p);
	patient_no_witness(p);
	patient_zero(p, 1, 0, 512);
	patient_reopen(p);
	assert_true(patient_info(p).recovered);
	patient_recovers(p, 0);
	/* That group's LSN may have got out; its segment is passed over. */
	assert_int_equal(p->result.version, 1 + HF__LSN_JUMP);
	assert_int_equal(patient_info(p).segment, 2);
	patient_close(p);
	patient_has(p, 1);
	patient_free(p);
}

static void d5_a_header_of_a_newer_format(void **state)
{
	(void)state;
	struct patient *p = two_segments();
	struct hf__segment_header header = patient_header(p, 2);
	header.format_major = HF__FORMAT_MAJOR + 1;
	patient_set_header(p, &header);
	patient_refused(p, HF_EVERSION);
	header.format_major = HF__FORMAT_MAJOR;
	header.incompat |= 1u << 31;
	patient_set_header(p, &header);
	patient_refused(p, HF_EVERSION);
	patient_free(p);
}

static void d6_the_witness_names_a_segment_after_the_last_header(void **state)
{
	(void)state;
	struct patient *p = two_segments();
	patient_zero(p, 2, 0, 512);
	patient_refused(p, HF_ECORRUPT);
	assert_true(sim_remove_file(p->sim, "segment-00000002"));
	patient_refused(p, HF_ECORRUPT);
	patient_free(p);
}

static void d7_a_later_segment_was_durable_and_lost_its_header(void **state)
{
	(void)state;
	struct patient *p = two_segments();
	patient_no_witness(p);
	patient_flip(p, 2, 17);
	patient_refused(p, HF_ECORRUPT);
	patient_free(p);
}

/* The other side of D7: what proves nothing is what a crash left at rotation. */
static void d7_not_a_later_segment_that_was_never_durable(void **state)
{
	(void)state;
	struct patient *p = patient();
	patient_rotate(p);
	const size_t puts = p->puts;
	patient_kill(p);
	patient_no_witness(p);
	patient_zero(p, 2, 0, 512);
	patient_reopen(p);
	assert_true(patient_info(p).recovered);
	patient_recovers(p, puts - 1);
	assert_int_equal(patient_info(p).segment, 3);
	assert_true(p->result.version > p->lsn[puts - 2] + HF__LSN_JUMP);
	/* The log has gone past it: it is removed when the witness is on disk. */
	uint64_t size = 0;
	assert_int_equal(hf_maintain(p->store, 0, &p->error), HF_OK);
	assert_false(sim_file_size(p->sim, "segment-00000002", &size));
	patient_close(p);
	patient_has(p, puts);
	patient_free(p);
}

static void d8_the_chain_is_broken(void **state)
{
	(void)state;
	struct patient *p = three_segments();
	sim_checkpoint(p->sim);
	patient_flip(p, 2, 30);
	patient_refused(p, HF_ECORRUPT);
	(void)sim_rollback(p->sim);
	assert_true(sim_remove_file(p->sim, "segment-00000001"));
	patient_refused(p, HF_ECORRUPT);
	(void)sim_rollback(p->sim);
	assert_true(sim_truncate_file(p->sim, "segment-00000002", 12u << 10));
	patient_refused(p, HF_ECORRUPT);
	(void)sim_rollback(p->sim);
	/* A segment under another name is none, wherever it came from. */
	assert_true(sim_remove_file(p->sim, "segment-00000002"));
	assert_true(sim_rename_file(p->sim, "segment-00000001", "segment-00000002"));
	patient_refused(p, HF_ECORRUPT);
	(void)sim_rollback(p->sim);
	patient_has(p, p->puts);
	patient_free(p);
}

static void d9_a_scan_finds_damage(void **state)
{
	(void)state;
	struct patient *p = two_segments();
	sim_checkpoint(p->sim);
	patient_flip_put(p, 4);
	patient_refused(p, HF_ECORRUPT);
	assert_string_equal(p->error.file, "segment-00000001");
	assert_int_equal(p->error.offset, p->begin[4].offset);
	assert_int_equal(p->error.first_lsn, p->lsn[4]);
	(void)sim_rollback(p->sim);
	patient_flip_put(p, p->puts - 1);
	patient_refused(p, HF_ECORRUPT);
	assert_int_equal(p->error.last_lsn, p->lsn[p->puts - 1]);
	patient_free(p);
}

static void d9_neighbours_disagree(void **state)
{
	(void)state;
	struct patient *p = two_segments();
	const struct hf__segment_header header = patient_header(p, 2);
	struct hf__segment_header other = header;
	other.previous_lsn--;
	patient_set_header(p, &other);
	patient_refused(p, HF_ECORRUPT);
	other = header;
	other.previous_hash ^= 1;
	patient_set_header(p, &other);
	patient_refused(p, HF_ECORRUPT);
	other = header;
	other.first_lsn++;
	patient_set_header(p, &other);
	patient_refused(p, HF_ECORRUPT);
	other = header;
	other.jumped = true;
	patient_set_header(p, &other);
	patient_refused(p, HF_ECORRUPT);
	patient_free(p);
}

static void d10_after_a_clean_stop_the_same_segment_goes_on(void **state)
{
	(void)state;
	struct patient *p = two_segments();
	const struct hf__position end = p->end[p->puts - 1];
	const uint64_t lsn = p->lsn[p->puts - 1];
	patient_reopen(p);
	const struct hf_info info = patient_info(p);
	assert_false(info.recovered);
	assert_int_equal(info.rewritten_bytes, 0);
	assert_int_equal(info.torn_bytes, 0);
	assert_int_equal(info.segment, end.segment);
	assert_int_equal(info.segment_offset, end.offset);
	patient_recovers(p, p->puts);
	assert_int_equal(p->result.version, lsn + 1);
	assert_int_equal(patient_info(p).segment, end.segment);
	patient_free(p);
}

static void d11_after_an_unclean_stop_the_next_segment_is_begun(void **state)
{
	(void)state;
	struct patient *p = patient();
	patient_puts(p, 5);
	patient_kill(p);
	patient_no_witness(p);
	patient_reopen(p);
	const struct hf_info info = patient_info(p);
	assert_true(info.recovered);
	assert_true(info.rewritten_bytes > 0);
	patient_recovers(p, 5);
	assert_int_equal(p->result.version, p->lsn[4] + 1 + HF__LSN_JUMP);
	assert_int_equal(patient_info(p).segment, 2);
	const struct hf__segment_header header = patient_header(p, 2);
	assert_true(header.jumped);
	assert_int_equal(header.previous_end.segment, 1);
	assert_int_equal(header.previous_end.offset, p->end[4].offset);
	patient_close(p);
	patient_has(p, 6);
	assert_false(patient_info(p).recovered);
	patient_free(p);
}

static void d11_a_torn_tail_is_dropped_and_passed_over(void **state)
{
	(void)state;
	struct patient *p = patient();
	patient_puts(p, 5);
	patient_kill(p);
	patient_no_witness(p);
	patient_zero(p, 1, p->begin[4].offset + 100, 8); /* part of the last group is not there */
	patient_reopen(p);
	assert_true(patient_info(p).torn_bytes > 0);
	patient_recovers(p, 4);
	assert_int_equal(patient_info(p).segment, 2);
	patient_close(p);
	patient_has(p, 5);
	patient_free(p);
}

static void d11_opening_alone_changes_nothing_and_can_be_repeated(void **state)
{
	(void)state;
	struct patient *p = patient();
	patient_puts(p, 5);
	patient_kill(p);
	patient_no_witness(p);
	const uint64_t segments = sim_hash_of(p->sim, "segment-");
	for (int i = 0; i < 3; i++) {
		patient_has(p, 5);
		assert_true(patient_info(p).recovered);
		assert_int_equal(patient_info(p).rewritten_bytes > 0, i == 0);
		assert_true(sim_hash_of(p->sim, "segment-") == segments);
		patient_close(p);
	}
	patient_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(d1_the_witness_names_a_segment_and_there_is_none),
	    cmocka_unit_test(d1_no_segment_file_exists),
	    cmocka_unit_test(d1b_the_only_header_is_of_another_epoch),
	    cmocka_unit_test(d1b_the_only_header_is_of_another_number),
	    cmocka_unit_test(d1b_the_only_header_is_of_another_epoch_and_makes_no_sense),
	    cmocka_unit_test(d2_the_only_header_is_damaged_and_its_groups_were_durable),
	    cmocka_unit_test(d3_every_byte_is_zero_and_the_first_segment_gets_another_number),
	    cmocka_unit_test(d4_the_very_first_group_is_torn),
	    cmocka_unit_test(d5_a_header_of_a_newer_format),
	    cmocka_unit_test(d6_the_witness_names_a_segment_after_the_last_header),
	    cmocka_unit_test(d7_a_later_segment_was_durable_and_lost_its_header),
	    cmocka_unit_test(d7_not_a_later_segment_that_was_never_durable),
	    cmocka_unit_test(d8_the_chain_is_broken),
	    cmocka_unit_test(d9_a_scan_finds_damage),
	    cmocka_unit_test(d9_neighbours_disagree),
	    cmocka_unit_test(d10_after_a_clean_stop_the_same_segment_goes_on),
	    cmocka_unit_test(d11_after_an_unclean_stop_the_next_segment_is_begun),
	    cmocka_unit_test(d11_a_torn_tail_is_dropped_and_passed_over),
	    cmocka_unit_test(d11_opening_alone_changes_nothing_and_can_be_repeated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
