/* tier: fast */
/* The scanner's decision table, one test a row (row_*), and what no damage may do to it. */
#include "base/hash.h"
#include "lib/log_build.h"
#include "lib/rng.h"
#include "lib/test.h"
#include "log/scan.h"

enum { FILE_SIZE = 4096 };

/* Four groups of 1, 3, 2 and 1 entries and zeros behind them: LSNs 100, 101-103, 104-105, 106;
 * the next is 107. Each group tells that what lies before the one before it was durable: 99, 99,
 * 100, 103. */
static struct log_build four_groups(uint32_t align)
{
	struct log_build b = log_build(align);
	log_build_group(&b, 1, 5);
	log_build_group(&b, 3, 40);
	log_build_group(&b, 2, 0);
	log_build_group(&b, 1, 100);
	log_build_fill(&b, FILE_SIZE);
	return b;
}

static struct hf__scan_input input_of(const struct log_build *b)
{
	const struct hf__scan_input input = {
	    .id = &b->id,
	    .bytes = {b->w.data, b->w.len},
	    .segment = 3,
	    .from = 512,
	    .next_lsn = 100,
	    .previous_hash = 0x1234,
	};
	return input;
}

/* The witness's word, a true one, about the place where group `i` begins. */
static void witness_at(struct hf__scan_input *in, const struct log_build *b, size_t i)
{
	in->witness_end = b->start[i];
	in->witness_lsn = b->first_lsn[i] - 1;
	in->witness_chain = b->chain[i];
}

/* Checks each entry against what log_build wrote, and counts. */
struct seen {
	uint64_t next_lsn;
	uint64_t count;
	uint64_t stop_at; /* an LSN, or 0 */
	const uint8_t *file;
};

static int see(void *arg, const struct hf__entry *entry)
{
	struct seen *seen = arg;
	const uint8_t *body = entry->body.data;
	assert_int_equal(entry->lsn, seen->next_lsn);
	assert_int_equal(entry->at, 1795167000000000 + (int64_t)entry->lsn);
	assert_int_equal(entry->place.segment, 3);
	assert_ptr_equal(body, seen->file + entry->place.offset);
	for (size_t i = 0; i < entry->body.len; i++)
		assert_int_equal(body[i], (uint8_t)(entry->lsn + 7 * i + 1));
	if (entry->lsn == seen->stop_at)
		return 55;
	seen->next_lsn++;
	seen->count++;
	return 0;
}

static struct hf__scan_verdict scan(const struct hf__scan_input *input)
{
	struct hf__scan_verdict v;
	struct seen seen = {.next_lsn = input->next_lsn, .file = input->bytes.data};
	assert_int_equal(hf__scan(input, see, &seen, &v), 0);
	/* What holds for every verdict. */
	assert_int_equal(v.entries, seen.count);
	assert_int_equal(v.next_lsn, seen.next_lsn);
	assert_true((v.kind == HF__SCAN_CORRUPT) == (v.why != NULL));
	assert_true(v.kind == HF__SCAN_TORN || v.torn_len == 0);
	assert_true(v.kind != HF__SCAN_TORN ||
	            (v.torn_len > 0 && v.torn_len <= input->bytes.len - v.end));
	assert_true(v.durable_end >= input->from && v.durable_end <= v.end);
	assert_true(v.kind == HF__SCAN_CORRUPT ? v.last_lost_lsn >= v.next_lsn - 1
	                                       : v.last_lost_lsn == 0);
	return v;
}

static void assert_verdict(struct hf__scan_verdict v, enum hf__scan_end kind, uint32_t end,
                           uint64_t next_lsn)
{
	assert_int_equal(v.kind, kind);
	assert_int_equal(v.end, end);
	assert_int_equal(v.next_lsn, next_lsn);
}

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
	    cmocka_unit_test(a_group_that_does_not_follow_is_not_taken),
	    cmocka_unit_test(a_group_in_another_place_is_not_taken),
	    cmocka_unit_test(a_group_that_claims_its_own_durability_is_not_taken),
	    cmocka_unit_test(groups_of_an_abandoned_attempt_prove_nothing),
	    cmocka_unit_test(a_scan_can_begin_behind_any_group),
	    cmocka_unit_test(a_group_may_end_with_the_file),
	    cmocka_unit_test(a_tail_shorter_than_a_header_must_be_zero),
	    cmocka_unit_test(no_bytes_at_all_are_an_empty_log),
	    cmocka_unit_test(the_callback_can_stop_the_scan),
	    cmocka_unit_test(with_a_current_witness_every_flipped_bit_is_corrupt),
	    cmocka_unit_test(without_a_witness_only_the_last_groups_can_look_torn),
	    cmocka_unit_test(every_zeroed_sector_in_front_of_the_witness_is_corrupt),
	    cmocka_unit_test(every_truncation_is_judged_by_what_it_cut),
	    cmocka_unit_test(whatever_a_crash_leaves_of_the_last_group_is_torn_or_clean),
	    cmocka_unit_test(hostile_headers_cost_linear_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
