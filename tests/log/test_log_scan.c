/* tier: fast */
/* The scanner's decision table, one test a row (row_*), and what no damage may do to it. */
#include "log/scan_case.h"

/* --- The rows --------------------------------------------------------------------------------- */

static void row_outside(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__ALIGN);
	struct hf__scan_input in = input_of(&b);
	in.from = FILE_SIZE + 8;
	assert_verdict(scan(&in), HF__SCAN_CORRUPT, FILE_SIZE + 8, 100);
	in.from = UINT32_MAX;
	assert_verdict(scan(&in), HF__SCAN_CORRUPT, UINT32_MAX, 100);
	in.from = 512;
	in.pinned_end = FILE_SIZE + 1;
	assert_verdict(scan(&in), HF__SCAN_CORRUPT, 512, 100);
	in.pinned_end = UINT32_MAX;
	assert_verdict(scan(&in), HF__SCAN_CORRUPT, 512, 100);
	in.pinned_end = 504; /* before the first group */
	assert_verdict(scan(&in), HF__SCAN_CORRUPT, 512, 100);
	log_build_free(&b);
}

static void row_pin_missed(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__ALIGN);
	struct hf__scan_input in = input_of(&b);
	/* Anything but the end of a group; a group that reaches across is no group. */
	for (uint32_t pin = 512; pin <= b.start[4] + 96; pin += 8) {
		const bool boundary = pin == b.start[0] || pin == b.start[1] || pin == b.start[2] ||
		                      pin == b.start[3] || pin == b.start[4];
		in.pinned_end = pin;
		assert_int_equal(scan(&in).kind, boundary ? HF__SCAN_CLEAN : HF__SCAN_CORRUPT);
	}
	/* Damage before the pinned end, that only zeros could follow. */
	in.pinned_end = b.start[4];
	memset(b.w.data + b.start[3], 0, b.start[4] - b.start[3]);
	assert_verdict(scan(&in), HF__SCAN_CORRUPT, b.start[3], 106);
	log_build_free(&b);
}

static void row_witness_beyond(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__ALIGN);
	struct hf__scan_input in = input_of(&b);
	/* The last group is gone without a trace. Only the witness knows. */
	memset(b.w.data + b.start[3], 0, b.start[4] - b.start[3]);
	assert_verdict(scan(&in), HF__SCAN_CLEAN, b.start[3], 106);
	in.witness_end = b.start[4];
	assert_verdict(scan(&in), HF__SCAN_CORRUPT, b.start[3], 106);
	in.witness_lsn = 106;
	assert_int_equal(scan(&in).last_lost_lsn, 106);
	/* Also when this segment is not the last: the next one must not pin out what was durable. */
	in.pinned_end = b.start[3];
	assert_verdict(scan(&in), HF__SCAN_CORRUPT, b.start[3], 106);
	assert_int_equal(scan(&in).last_lost_lsn, 106);
	log_build_free(&b);
}

static void row_witness_inside_group(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__ALIGN);
	struct hf__scan_input in = input_of(&b);
	for (uint32_t end = 512; end <= b.start[4]; end += 8) {
		const bool boundary = end == b.start[0] || end == b.start[1] || end == b.start[2] ||
		                      end == b.start[3] || end == b.start[4];
		in.witness_end = end;
		assert_verdict(scan(&in), boundary ? HF__SCAN_CLEAN : HF__SCAN_CORRUPT, b.start[4], 107);
	}
	log_build_free(&b);
}

static void row_witness_other_lsn(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__ALIGN);
	struct hf__scan_input in = input_of(&b);
	witness_at(&in, &b, 2);
	for (uint64_t lsn = 1; lsn < 107; lsn++) {
		in.witness_lsn = lsn;
		assert_verdict(scan(&in), lsn == 103 ? HF__SCAN_CLEAN : HF__SCAN_CORRUPT, b.start[4], 107);
	}
	log_build_free(&b);
}

/* Same place, same LSN, another history: a copy of the store that was gone on with elsewhere. */
static void row_witness_other_chain(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__ALIGN);
	struct hf__scan_input in = input_of(&b);
	for (size_t i = 1; i <= 4; i++) {
		witness_at(&in, &b, i);
		assert_verdict(scan(&in), HF__SCAN_CLEAN, b.start[4], 107);
		in.witness_chain ^= 1;
		assert_verdict(scan(&in), HF__SCAN_CORRUPT, b.start[4], 107);
		assert_true(scan(&in).witness_disagrees);
		in.pinned_end = b.start[4];
		assert_int_equal(scan(&in).kind, HF__SCAN_CORRUPT);
		in.pinned_end = 0;
	}
	log_build_free(&b);
}

static void row_pinned(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__ALIGN);
	struct hf__scan_input in = input_of(&b);
	/* What lies behind the pinned end does not exist: not even groups that would be proof
	 * elsewhere, nor garbage. */
	in.pinned_end = b.start[2];
	b.w.data[b.start[2] + 20] ^= 1;
	b.w.data[FILE_SIZE - 1] = 0xFF;
	assert_verdict(scan(&in), HF__SCAN_CLEAN, b.start[2], 104);
	assert_int_equal(scan(&in).groups, 2);
	assert_int_equal(scan(&in).durable_lsn, 99);
	/* A witness in a later segment has nothing to say here. */
	in.witness_lsn = 5000;
	assert_verdict(scan(&in), HF__SCAN_CLEAN, b.start[2], 104);
	assert_int_equal(scan(&in).durable_end, b.start[2]);
	log_build_free(&b);
}

static void row_witness_lsn_missing(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__ALIGN);
	struct hf__scan_input in = input_of(&b);
	/* The witness lies in a segment that does not exist any more. */
	in.witness_lsn = 106;
	assert_verdict(scan(&in), HF__SCAN_CLEAN, b.start[4], 107);
	in.witness_lsn = 107;
	assert_verdict(scan(&in), HF__SCAN_CORRUPT, b.start[4], 107);
	assert_int_equal(scan(&in).last_lost_lsn, 107);
	log_build_free(&b);
}

static void row_durable_lost(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__ALIGN);
	struct hf__scan_input in = input_of(&b);
	/* The second group is damaged; the fourth says that 103 was durable. The third proves
	 * nothing: it only knows of 100. */
	b.w.data[b.start[1] + 100] ^= 1;
	assert_verdict(scan(&in), HF__SCAN_CORRUPT, b.start[1], 101);
	assert_int_equal(scan(&in).last_lost_lsn, 103);
	assert_int_equal(scan(&in).durable_lsn, 103);
	assert_int_equal(scan(&in).durable_end, b.start[1]);
	/* Its header alone is proof, however torn its body is. */
	memset(b.w.data + b.start[3] + GROUP_HEADER, 0, b.start[4] - b.start[3] - GROUP_HEADER);
	assert_verdict(scan(&in), HF__SCAN_CORRUPT, b.start[1], 101);
	/* Without it nothing says that the second group was ever acknowledged. */
	b.w.data[b.start[3] + 60] ^= 1;
	assert_verdict(scan(&in), HF__SCAN_TORN, b.start[1], 101);
	log_build_free(&b);
}

static void row_zero_tail(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__ALIGN);
	struct hf__scan_input in = input_of(&b);
	assert_verdict(scan(&in), HF__SCAN_CLEAN, b.start[4], 107);
	assert_int_equal(scan(&in).previous_hash, b.previous_hash);
	assert_int_equal(scan(&in).groups, 4);
	assert_int_equal(scan(&in).durable_lsn, 103);
	/* LSNs 104 and 105 share the third group with nothing else, but 103 is all that is known. */
	assert_int_equal(scan(&in).durable_end, b.start[2]);
	in.witness_lsn = 104;
	assert_int_equal(scan(&in).durable_end, b.start[2]); /* half of a group */
	in.witness_lsn = 105;
	assert_int_equal(scan(&in).durable_end, b.start[3]);
	in.witness_lsn = 106;
	assert_int_equal(scan(&in).durable_end, b.start[4]);
	/* A zero header is the end only if every byte behind it is zero. */
	in.witness_lsn = 0;
	for (uint32_t at = b.start[4]; at < FILE_SIZE; at++) {
		b.w.data[at] = 0x10;
		assert_verdict(scan(&in), HF__SCAN_TORN, b.start[4], 107);
		assert_int_equal(scan(&in).torn_len, at + 1 - b.start[4]);
		b.w.data[at] = 0;
	}
	log_build_free(&b);
}

static void row_torn(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__ALIGN);
	struct hf__scan_input in = input_of(&b);
	witness_at(&in, &b, 3);
	/* The last group, newer than the witness, torn at every byte: some prefix of it, then zeros. */
	for (uint32_t keep = b.start[3] + 1; keep < b.start[4]; keep++) {
		uint8_t saved[FILE_SIZE];
		memcpy(saved, b.w.data, FILE_SIZE);
		memset(b.w.data + keep, 0, FILE_SIZE - keep);
		/* what was cut was zero anyway */
		const bool same = memcmp(saved, b.w.data, FILE_SIZE) == 0;
		assert_verdict(scan(&in), same ? HF__SCAN_CLEAN : HF__SCAN_TORN,
		               same ? b.start[4] : b.start[3], same ? 107 : 106);
		assert_int_equal(scan(&in).durable_end, b.start[3]);
		memcpy(b.w.data, saved, FILE_SIZE);
	}
	log_build_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(row_outside),
	    cmocka_unit_test(row_pin_missed),
	    cmocka_unit_test(row_witness_beyond),
	    cmocka_unit_test(row_witness_inside_group),
	    cmocka_unit_test(row_witness_other_lsn),
	    cmocka_unit_test(row_witness_other_chain),
	    cmocka_unit_test(row_pinned),
	    cmocka_unit_test(row_witness_lsn_missing),
	    cmocka_unit_test(row_durable_lost),
	    cmocka_unit_test(row_zero_tail),
	    cmocka_unit_test(row_torn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
