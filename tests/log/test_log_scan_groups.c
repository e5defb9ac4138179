/* tier: fast */
/* See test_log_scan.c. */
#include <errno.h>

#include "log/scan_case.h"

/* --- What a continuing group is --------------------------------------------------------------- */

/* Nothing of the first group is taken when the scan expects something else there. */
static void a_group_that_does_not_follow_is_not_taken(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__ALIGN);
	const struct hf__scan_input good = input_of(&b);
	struct hf__scan_input in = good;
	in.next_lsn = 99;
	assert_int_equal(scan(&in).groups, 0);
	/* a gap: later groups say that 99 was durable */
	assert_int_equal(scan(&in).kind, HF__SCAN_CORRUPT);
	in = good, in.next_lsn = 101;
	assert_int_equal(scan(&in).groups, 0);
	in = good, in.previous_hash = 0x1235;
	assert_int_equal(scan(&in).groups, 0);
	in = good, in.segment = 4;
	/* another segment's groups prove nothing here */
	assert_verdict(scan(&in), HF__SCAN_TORN, 512, 100);
	in = good, in.from = 520;
	assert_int_equal(scan(&in).groups, 0);
	const struct hf__log_id other = log_build_id(0xA5, 8);
	in = good, in.id = &other;
	assert_verdict(scan(&in), HF__SCAN_TORN, 512, 100);
	log_build_free(&b);
}

/* A group that was copied to another place, or a file shifted by one group. */
static void a_group_in_another_place_is_not_taken(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__ALIGN);
	struct hf__scan_input in = input_of(&b);
	memmove(b.w.data + b.start[1], b.w.data + b.start[0], b.start[1] - b.start[0]);
	in.from = b.start[1];
	assert_int_equal(scan(&in).groups, 0);
	log_build_free(&b);
}

static void a_group_that_claims_its_own_durability_is_not_taken(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__ALIGN);
	struct hf__scan_input in = input_of(&b);
	uint8_t *last = b.w.data + b.start[3];
	hf__store_u64(last + GROUP_DURABLE_LSN, 106);
	log_build_reseal_group(&b.id, last);
	assert_verdict(scan(&in), HF__SCAN_TORN, b.start[3], 106);
	hf__store_u64(last + GROUP_DURABLE_LSN, 105);
	log_build_reseal_group(&b.id, last);
	assert_verdict(scan(&in), HF__SCAN_CLEAN, b.start[4], 107);
	log_build_free(&b);
}

/* Bytes of an earlier use of this segment number, before the numbering jumped: never
 * acknowledged, and no proof of anything. */
static void groups_of_an_abandoned_attempt_prove_nothing(void **state)
{
	(void)state;
	struct log_build old = four_groups(HF__ALIGN), b = log_build(HF__ALIGN);
	struct hf__scan_input in = input_of(&b);
	b.next_lsn = b.first_lsn[0] = 100 + HF__LSN_JUMP;
	b.durable_lsn = 99;
	log_build_group(&b, 1, 5);
	log_build_fill(&b, FILE_SIZE);
	memcpy(b.w.data + b.start[1], old.w.data + b.start[1], FILE_SIZE - b.start[1]);
	in.bytes = hf_bytes_of(b.w.data, b.w.len);
	in.next_lsn = 100 + HF__LSN_JUMP;
	assert_int_equal(old.start[1], b.start[1]);
	assert_verdict(scan(&in), HF__SCAN_TORN, b.start[1], 101 + HF__LSN_JUMP);
	log_build_free(&b);
	log_build_free(&old);
}

static void a_scan_can_begin_behind_any_group(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__ALIGN);
	struct hf__scan_input in = input_of(&b);
	in.pinned_end = b.start[2];
	const struct hf__scan_verdict all = scan(&in);
	in.pinned_end = 0;
	in.from = all.end;
	in.next_lsn = all.next_lsn;
	in.previous_hash = all.previous_hash;
	in.witness_end = b.start[1]; /* passed long ago */
	in.witness_lsn = 100;
	assert_verdict(scan(&in), HF__SCAN_CLEAN, b.start[4], 107);
	assert_int_equal(scan(&in).groups, 2);
	log_build_free(&b);
}

static void a_group_may_end_with_the_file(void **state)
{
	(void)state;
	struct log_build b = log_build(HF__ALIGN);
	log_build_group(&b, 1, FILE_SIZE - 512 - 112 - 32);
	struct hf__scan_input in = input_of(&b);
	assert_int_equal(b.w.len, FILE_SIZE);
	assert_verdict(scan(&in), HF__SCAN_CLEAN, FILE_SIZE, 101);
	in.pinned_end = FILE_SIZE;
	assert_verdict(scan(&in), HF__SCAN_CLEAN, FILE_SIZE, 101);
	witness_at(&in, &b, 1);
	assert_verdict(scan(&in), HF__SCAN_CLEAN, FILE_SIZE, 101);
	log_build_free(&b);
}

static void a_tail_shorter_than_a_header_must_be_zero(void **state)
{
	(void)state;
	struct log_build b = log_build(HF__ALIGN);
	log_build_group(&b, 1, FILE_SIZE - 512 - 112 - 32 - 16);
	log_build_fill(&b, FILE_SIZE);
	struct hf__scan_input in = input_of(&b);
	assert_verdict(scan(&in), HF__SCAN_CLEAN, FILE_SIZE - 16, 101);
	b.w.data[FILE_SIZE - 2] = 1;
	assert_verdict(scan(&in), HF__SCAN_TORN, FILE_SIZE - 16, 101);
	assert_int_equal(scan(&in).torn_len, 15);
	log_build_free(&b);
}

static void no_bytes_at_all_are_an_empty_log(void **state)
{
	(void)state;
	const struct hf__log_id id = log_build_id(1, 1);
	const struct hf__scan_input in = {.id = &id, .segment = 1, .next_lsn = 1};
	struct hf__scan_verdict v;
	assert_int_equal(hf__scan(&in, NULL, NULL, &v), 0);
	assert_verdict(v, HF__SCAN_CLEAN, 0, 1);
}

/* A file in memory whose nth read fails, or gives less than there was. */
struct failing {
	struct hf_bytes file;
	uint64_t nth, reads;
	bool shorter;
};

static int read_failing(void *ctx, void *into, size_t len, uint64_t at, size_t *got)
{
	struct failing *f = ctx;
	const bool fails = ++f->reads == f->nth;
	if (fails && !f->shorter)
		return ENXIO;
	const int rc = read_bytes(&f->file, into, len, at, got);
	*got -= fails;
	return rc;
}

/* R9: what could not be read is no fact. */
static void a_read_that_fails_ends_the_scan_without_a_verdict(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__ALIGN);
	for (unsigned way = 0; way < 4; way++) {
		struct failing f = {.file = {b.w.data, b.w.len}, .nth = 1, .shorter = way % 2};
		for (bool failed = true; failed; f.nth++) {
			struct hf__scan_window window = {.read = read_failing,
			                                 .ctx = &f,
			                                 .size = (uint32_t)b.w.len,
			                                 .piece = 64,
			                                 .keeps = way / 2};
			struct hf__scan_input in = input_of(&b);
			struct hf__scan_verdict v;
			struct seen seen = {.next_lsn = in.next_lsn};
			in.window = &window;
			f.reads = 0;
			const int rc = hf__scan(&in, see, &seen, &v);
			failed = f.reads >= f.nth;
			assert_int_equal(rc, failed ? HF_EIO : 0);
			assert_int_equal(window.os_errno, !failed ? 0 : f.shorter ? EIO : ENXIO);
			hf__scan_window_deinit(&window);
		}
		assert_true(f.nth > 10);
	}
	log_build_free(&b);
}

static void the_callback_can_stop_the_scan(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__ALIGN);
	const struct hf__scan_input in = input_of(&b);
	struct hf__scan_verdict v;
	struct seen seen = {.next_lsn = 100, .stop_at = 105, .file = b.w.data};
	assert_int_equal(hf__scan(&in, see, &seen, &v), 55);
	assert_int_equal(seen.count, 5);
	assert_int_equal(v.end, b.start[2]); /* the groups that were delivered whole */
	assert_int_equal(v.next_lsn, 104);
	assert_int_equal(v.groups, 2);
	log_build_free(&b);
}

/* --- What comes next -------------------------------------------------------------------------- */

struct looking_ahead {
	struct hf_bytes file;
	const void *next, *before; /* bodies: the newest that was expected, and the one before it */
	unsigned told, came;
};

static void note_expected(void *arg, const struct hf__entry *entry)
{
	struct looking_ahead *ahead = arg;
	const uint8_t *file = ahead->file.data, *body = entry->body.data;
	assert_true(body > file && body - file <= (ptrdiff_t)ahead->file.len);
	assert_true(entry->body.len <= ahead->file.len - (size_t)(body - file));
	ahead->next = body;
	ahead->told++;
}

/* The one before it was told of it. */
static int note_came(void *arg, const struct hf__entry *entry)
{
	struct looking_ahead *ahead = arg;
	if (ahead->came > 0 && ahead->before)
		assert_ptr_equal(ahead->before, entry->body.data);
	ahead->before = ahead->next;
	ahead->came++;
	return 0;
}

/* Whatever stands behind the last group, no byte beyond the file is told of. */
static void the_next_entry_is_told_wherever_one_seems_to_be(void **state)
{
	struct hf_rng rng = hf_rng_for("ahead");
	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		struct log_build b = four_groups(HF__ALIGN);
		const size_t len = round % 2 ? b.w.len : b.start[4] + (size_t)hf_rng_below(&rng, 300);
		hf_rng_fill(&rng, b.w.data + b.start[4], round % 3 ? b.w.len - b.start[4] : 0);
		struct looking_ahead ahead = {.file = {b.w.data, len}};
		struct hf__scan_input in = input_of(&b);
		struct hf__scan_verdict v;
		in.bytes.len = len;
		in.expect = note_expected;
		in.expected = UINT32_MAX;
		assert_int_equal(hf__scan(&in, note_came, &ahead, &v), 0);
		assert_int_equal(ahead.came, 7);
		assert_true(ahead.told == 6 || ahead.told == 7);
		in.expected = 0; /* of no domain */
		ahead = (struct looking_ahead){.file = in.bytes};
		assert_int_equal(hf__scan(&in, note_came, &ahead, &v), 0);
		assert_int_equal(ahead.told, 0);
		log_build_free(&b);
	}
}

/* --- Sweeps ----------------------------------------------------------------------------------- */

/* Which groups of the undamaged log did the scan take? A verdict may take fewer, never others. */
static size_t groups_taken(const struct log_build *b, const struct hf__scan_verdict *v)
{
	for (size_t i = 0; i <= b->groups; i++)
		if (v->end == b->start[i] && v->next_lsn == b->first_lsn[i])
			return i;
	fail_msg("the log ends at %u with LSN %llu", v->end, (unsigned long long)v->next_lsn);
	return 0;
}

/* With a current witness no flipped bit in the log passes, and only bits behind its end can look
 * torn. */
static void with_a_current_witness_every_flipped_bit_is_corrupt(void **state)
{
	(void)state;
	static const uint32_t aligns[] = {HF__ALIGN, HF__SECTOR};
	for (size_t i = 0; i < 2; i++) {
		struct log_build b = four_groups(aligns[i]);
		struct hf__scan_input in = input_of(&b);
		witness_at(&in, &b, 4);
		for (size_t bit = 512 * 8; bit < FILE_SIZE * 8; bit++) {
			b.w.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(scan(&in).kind,
			                 bit / 8 < b.start[4] ? HF__SCAN_CORRUPT : HF__SCAN_TORN);
			b.w.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		log_build_free(&b);
	}
}

/* Without any witness what stays silent is exactly what no later group knows of (R8): with one
 * group in a row synced before the next but one is written, that is the last two. */
static void without_a_witness_only_the_last_groups_can_look_torn(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__ALIGN);
	const struct hf__scan_input in = input_of(&b);
	for (size_t bit = 512 * 8; bit < b.start[4] * 8; bit++) {
		b.w.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		const struct hf__scan_verdict v = scan(&in);
		assert_true(groups_taken(&b, &v) < 4);
		assert_int_equal(v.kind, bit / 8 < b.start[2] ? HF__SCAN_CORRUPT : HF__SCAN_TORN);
		b.w.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	log_build_free(&b);
}

static void every_zeroed_sector_in_front_of_the_witness_is_corrupt(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__SECTOR);
	struct hf__scan_input in = input_of(&b);
	witness_at(&in, &b, 4);
	for (uint32_t at = 512; at < b.start[4]; at += 512) {
		uint8_t saved[512];
		memcpy(saved, b.w.data + at, 512);
		memset(b.w.data + at, 0, 512);
		assert_int_equal(scan(&in).kind, HF__SCAN_CORRUPT);
		memcpy(b.w.data + at, saved, 512);
	}
	log_build_free(&b);
}

/* Cut at every byte, in memory of exactly that size. With the witness: corrupt as long as
 * anything durable is cut. */
static void every_truncation_is_judged_by_what_it_cut(void **state)
{
	(void)state;
	struct log_build b = four_groups(HF__ALIGN);
	for (uint32_t len = 512; len < FILE_SIZE; len++) {
		struct hf__scan_input in = input_of(&b);
		uint8_t *exact = test_malloc(len);
		memcpy(exact, b.w.data, len);
		in.bytes = hf_bytes_of(exact, len);
		struct hf__scan_verdict v = scan(&in);
		const bool boundary = len == b.start[groups_taken(&b, &v)];
		assert_int_equal(v.kind, boundary || len >= b.start[4] ? HF__SCAN_CLEAN : HF__SCAN_TORN);
		witness_at(&in, &b, 2);
		v = scan(&in);
		assert_true((v.kind == HF__SCAN_CORRUPT) == (len < b.start[2]));
		in.witness_end = 0;
		in.witness_lsn = 0;
		in.pinned_end = b.start[4];
		assert_int_equal(scan(&in).kind, len < b.start[4] ? HF__SCAN_CORRUPT : HF__SCAN_CLEAN);
		test_free(exact);
	}
	log_build_free(&b);
}

/* A crash while the last group was in flight: any subset of its sectors, the rest zero or
 * garbage. Never corrupt, never part of it. */
static void whatever_a_crash_leaves_of_the_last_group_is_torn_or_clean(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("torn");
	for (unsigned round = 0; round < 2000; round++) {
		struct log_build b = log_build(HF__ALIGN);
		log_build_group(&b, 2, 300);
		b.durable_lsn = b.next_lsn - 1;
		log_build_group(&b, 3, 700);
		log_build_fill(&b, 2 * FILE_SIZE);
		struct hf__scan_input in = input_of(&b);
		witness_at(&in, &b, 1);
		bool whole = true;
		for (uint32_t at = b.start[1]; at < b.start[2]; at = (at / 512 + 1) * 512) {
			const uint32_t end =
			    (at / 512 + 1) * 512 < b.start[2] ? (at / 512 + 1) * 512 : b.start[2];
			const uint64_t fate = hf_rng_below(&rng, 3);
			if (fate == 1)
				memset(b.w.data + at, 0, end - at);
			else if (fate == 2)
				hf_rng_fill(&rng, b.w.data + at, end - at);
			whole = whole && fate == 0;
		}
		const struct hf__scan_verdict v = scan(&in);
		assert_int_not_equal(v.kind, HF__SCAN_CORRUPT);
		assert_int_equal(v.end, whole ? b.start[2] : b.start[1]);
		log_build_free(&b);
	}
}

/* A file of nothing but authentic headers that promise large bodies must not cost more than a
 * look at each. */
static void hostile_headers_cost_linear_time(void **state)
{
	(void)state;
	enum { SIZE = 4 << 20 };
	struct log_build b = log_build(HF__ALIGN);
	log_build_fill(&b, SIZE);
	for (uint32_t at = 512; at + GROUP_HEADER <= SIZE; at += GROUP_HEADER) {
		uint8_t *group = b.w.data + at;
		hf__store_u32(group + GROUP_MAGIC, 0x72676668);
		hf__store_u32(group + GROUP_PORTABLE_MAGIC, 0x67706668);
		hf__store_u16(group + GROUP_EPOCH, b.id.epoch);
		memcpy(group + GROUP_UUID, b.id.uuid, 16);
		hf__store_u32(group + GROUP_SEGMENT, 3);
		hf__store_u32(group + GROUP_OFFSET, at);
		hf__store_u64(group + GROUP_INCARNATION_LSN, 100);
		hf__store_u64(group + GROUP_FIRST_LSN, 100 + at);
		hf__store_u32(group + GROUP_BODY_LEN, (SIZE - at - GROUP_HEADER) / 8 * 8);
		hf__store_u32(group + GROUP_ENTRY_COUNT, 1);
		log_build_reseal_headers(&b.id, group);
	}
	/* Verifying every body would hash 100 GB. */
	const struct hf__scan_input in = input_of(&b);
	assert_verdict(scan(&in), HF__SCAN_TORN, 512, 100);
	log_build_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_group_that_does_not_follow_is_not_taken),
	    cmocka_unit_test(a_group_in_another_place_is_not_taken),
	    cmocka_unit_test(a_group_that_claims_its_own_durability_is_not_taken),
	    cmocka_unit_test(groups_of_an_abandoned_attempt_prove_nothing),
	    cmocka_unit_test(a_scan_can_begin_behind_any_group),
	    cmocka_unit_test(a_group_may_end_with_the_file),
	    cmocka_unit_test(a_tail_shorter_than_a_header_must_be_zero),
	    cmocka_unit_test(no_bytes_at_all_are_an_empty_log),
	    cmocka_unit_test(a_read_that_fails_ends_the_scan_without_a_verdict),
	    cmocka_unit_test(the_callback_can_stop_the_scan),
	    cmocka_unit_test(the_next_entry_is_told_wherever_one_seems_to_be),
	    cmocka_unit_test(with_a_current_witness_every_flipped_bit_is_corrupt),
	    cmocka_unit_test(without_a_witness_only_the_last_groups_can_look_torn),
	    cmocka_unit_test(every_zeroed_sector_in_front_of_the_witness_is_corrupt),
	    cmocka_unit_test(every_truncation_is_judged_by_what_it_cut),
	    cmocka_unit_test(whatever_a_crash_leaves_of_the_last_group_is_torn_or_clean),
	    cmocka_unit_test(hostile_headers_cost_linear_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
