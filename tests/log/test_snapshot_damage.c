/* tier: fast */
/* Snapshot files that were whole once: a bit, an end, a block, a read, an allocation. Nothing else
 * than what was written ever comes out, and what fails says why. */
#include "base/hash.h"
#include "log/snapshot_case.h"

/* --- Bits and ends ---------------------------------------------------------------------------- */

static void every_flipped_bit_is_found(void **state)
{
	(void)state;
	const struct case_state small = case_small();
	struct case_file file = case_written(&small);
	for (size_t bit = 0; bit < file.len * 8; bit++) {
		int verified;
		file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(case_read_state(&small, &file, &verified), HF_ECORRUPT);
		assert_int_equal(verified, HF_ECORRUPT);
		file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	case_holds(&small, &file);
	print_message("figure: snapshot of %zu bytes, every bit flipped\n", file.len);
	case_file_free(&file);
}

static void every_byte_of_a_larger_file_counts(void **state)
{
	(void)state;
	enum { COUNT = 300 };
	static struct case_entry entries[COUNT];
	static uint8_t noise[1000 + COUNT];
	struct hf_rng rng = hf_rng_for("snapshot bytes");
	hf_rng_fill(&rng, noise, sizeof noise);
	for (size_t i = 0; i < COUNT; i++)
		entries[i] = (struct case_entry){
		    .lsn = i + 1, .domain = 1, .len = (uint32_t)(i * 3), .payload = noise + i};
	const struct case_state some = {case_header(COUNT), entries, COUNT};
	struct case_file file = case_written(&some);
	/* a step that meets every place of a header and most bytes in between */
	for (size_t at = 0; at < file.len; at += at < 1024 || file.len - at < 1024 ? 1 : 41) {
		int verified;
		const uint8_t was = file.data[at];
		file.data[at] = (uint8_t)(was + 1 + hf_rng_below(&rng, 255));
		assert_int_equal(case_read_state(&some, &file, &verified), HF_ECORRUPT);
		assert_int_equal(verified, HF_ECORRUPT);
		file.data[at] = was;
	}
	case_file_free(&file);
}

/* Each in memory of exactly its size. */
static void every_truncation_and_every_addition_is_found(void **state)
{
	(void)state;
	const struct case_state small = case_small();
	struct case_file file = case_written(&small);
	for (size_t len = 0; len < file.len + 64; len++) {
		struct case_file other = {.data = malloc(len + 1), .len = len};
		int verified;
		assert_non_null(other.data);
		memset(other.data, 0, len);
		memcpy(other.data, file.data, len < file.len ? len : file.len);
		if (len != file.len)
			assert_int_equal(case_read_state(&small, &other, &verified), HF_ECORRUPT);
		free(other.data);
	}
	case_file_free(&file);
}

/* The source's size is one thing, what it gives another. */
static void a_file_that_ends_within_its_size_is_damage(void **state)
{
	(void)state;
	const struct case_state small = case_small();
	struct case_file file = case_written(&small);
	const uint64_t size = file.len;
	for (; file.len > 0; file.len--) {
		struct hf__snapshot_source source = case_source(&file);
		struct hf__snapshot_reader r;
		struct hf__snapshot_fault fault;
		source.size = size + 8 * (file.len % 2);
		if (file.len == size && source.size == size)
			continue;
		assert_int_equal(hf__snapshot_open(&r, source, &fault), HF_ECORRUPT);
		case_fault_is(HF_ECORRUPT, &fault);
	}
	case_file_free(&file);
}

/* --- Blocks ----------------------------------------------------------------------------------- */

/* Blocks of equal sizes: payloads that nothing compresses. */
enum { ALIKE = 6, ALIKE_LEN = 16384, ALIKE_BLOCK = 32 + ALIKE_LEN };

static struct case_state alike(uint64_t lsn, uint8_t *noise)
{
	static struct case_entry entries[ALIKE];
	for (size_t i = 0; i < ALIKE; i++)
		entries[i] = (struct case_entry){
		    .lsn = i + 1, .domain = 1, .len = ALIKE_LEN, .payload = noise + i * 1000};
	return (struct case_state){case_header(lsn), entries, ALIKE};
}

static void blocks_belong_to_their_place(void **state)
{
	(void)state;
	uint8_t *noise = malloc(ALIKE_LEN * 2), *block = malloc(ALIKE_BLOCK);
	struct hf_rng rng = hf_rng_for("snapshot blocks");
	assert_true(noise && block);
	hf_rng_fill(&rng, noise, (size_t)ALIKE_LEN * 2);
	const struct case_state some = alike(50, noise);
	struct case_file file = case_written(&some);
	for (size_t i = 0; i < ALIKE; i++)
		for (size_t j = 0; j < ALIKE; j++) {
			uint8_t *one = file.data + CASE_HEADER + i * ALIKE_BLOCK;
			uint8_t *other = file.data + CASE_HEADER + j * ALIKE_BLOCK;
			int verified;
			if (i == j)
				continue;
			/* one in the place of the other, then swapped, then as they were */
			memcpy(block, other, ALIKE_BLOCK);
			memcpy(other, one, ALIKE_BLOCK);
			assert_int_equal(case_read_state(&some, &file, &verified), HF_ECORRUPT);
			assert_int_equal(verified, HF_ECORRUPT);
			memcpy(one, block, ALIKE_BLOCK);
			assert_int_equal(case_read_state(&some, &file, &verified), HF_ECORRUPT);
			assert_int_equal(verified, HF_ECORRUPT);
			memcpy(one, other, ALIKE_BLOCK);
			memcpy(other, block, ALIKE_BLOCK);
		}
	case_holds(&some, &file);
	case_file_free(&file);
	free(block);
	free(noise);
}

/* Every part of a file, in the place of the same part of another one of the same store. */
static void nothing_of_another_snapshot_verifies(void **state)
{
	(void)state;
	uint8_t *noise = malloc(ALIKE_LEN * 2);
	struct hf_rng rng = hf_rng_for("snapshot files");
	assert_non_null(noise);
	hf_rng_fill(&rng, noise, (size_t)ALIKE_LEN * 2);
	const struct case_state older = alike(50, noise), newer = alike(51, noise);
	struct case_file from = case_written(&older), to = case_written(&newer);
	assert_int_equal(from.len, to.len);
	for (size_t at = 0; at < to.len;) {
		const size_t left = to.len - at;
		const size_t size = at == 0 ? CASE_HEADER : left > ALIKE_BLOCK ? ALIKE_BLOCK : left;
		int verified;
		uint8_t *was = malloc(size);
		assert_non_null(was);
		memcpy(was, to.data + at, size);
		memcpy(to.data + at, from.data + at, size);
		assert_int_equal(case_read_state(&newer, &to, &verified), HF_ECORRUPT);
		assert_int_equal(verified, HF_ECORRUPT);
		memcpy(to.data + at, was, size);
		free(was);
		at += size;
	}
	case_holds(&newer, &to);
	case_file_free(&from);
	case_file_free(&to);
	free(noise);
}

/* --- Faults ----------------------------------------------------------------------------------- */

static void every_read_that_fails_is_no_damage(void **state)
{
	(void)state;
	const struct case_state small = case_small();
	struct case_file file = case_written(&small);
	case_holds(&small, &file);
	const size_t reads = file.calls;
	assert_true(reads > 10);
	for (size_t i = 1; i <= reads; i++) {
		int verified;
		file.calls = 0;
		file.fail_at = i;
		assert_int_equal(case_read_state(&small, &file, &verified), HF_EIO);
	}
	file.fail_at = 0;
	case_holds(&small, &file);
	case_file_free(&file);
}

static void every_write_that_fails_ends_it(void **state)
{
	(void)state;
	const struct case_state small = case_small();
	struct case_file whole = case_written(&small);
	for (size_t i = 1;; i++) {
		struct case_file file = {.fail_at = i};
		int os_errno, verified;
		const int rc = case_write_state(&small, &file, &os_errno);
		if (file.calls < i) {
			assert_int_equal(rc, HF_OK);
			assert_true(i > 5);
			case_file_free(&file);
			break;
		}
		assert_int_equal(rc, HF_EIO);
		assert_int_equal(os_errno, ENOSPC);
		/* what is there is a beginning, and no snapshot */
		assert_true(file.calls == i && file.len < whole.len);
		assert_true(file.len == 0 || memcmp(file.data, whole.data, file.len) == 0);
		assert_int_equal(case_read_state(&small, &file, &verified), HF_ECORRUPT);
		case_file_free(&file);
	}
	case_file_free(&whole);
}

static size_t allocations, fail_at;

static bool veto_one(void *ctx, size_t size)
{
	(void)ctx;
	(void)size;
	return ++allocations == fail_at;
}

/* zstd's are among them. */
static void every_allocation_that_fails_is_no_damage(void **state)
{
	(void)state;
	const struct case_state small = case_small();
	struct case_file whole = case_written(&small);
	const size_t used = hf__mem_used();
	for (fail_at = 1;; fail_at++) {
		struct case_file file = {0};
		int os_errno;
		allocations = 0;
		hf__mem_set_veto(veto_one, NULL);
		const int rc = case_write_state(&small, &file, &os_errno);
		hf__mem_set_veto(NULL, NULL);
		assert_int_equal(rc, allocations < fail_at ? HF_OK : HF_ENOMEM);
		case_file_free(&file);
		assert_int_equal(hf__mem_used(), used);
		if (rc == HF_OK)
			break;
	}
	assert_true(fail_at > 8);
	for (fail_at = 1;; fail_at++) {
		int verified;
		allocations = 0;
		hf__mem_set_veto(veto_one, NULL);
		const int rc = case_read_state(&small, &whole, &verified);
		hf__mem_set_veto(NULL, NULL);
		assert_int_equal(rc, allocations < fail_at ? HF_OK : HF_ENOMEM);
		assert_int_equal(hf__mem_used(), used);
		if (rc == HF_OK)
			break;
	}
	assert_true(fail_at > 8);
	case_file_free(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_flipped_bit_is_found),
	    cmocka_unit_test(every_byte_of_a_larger_file_counts),
	    cmocka_unit_test(every_truncation_and_every_addition_is_found),
	    cmocka_unit_test(a_file_that_ends_within_its_size_is_damage),
	    cmocka_unit_test(blocks_belong_to_their_place),
	    cmocka_unit_test(nothing_of_another_snapshot_verifies),
	    cmocka_unit_test(every_read_that_fails_is_no_damage),
	    cmocka_unit_test(every_write_that_fails_ends_it),
	    cmocka_unit_test(every_allocation_that_fails_is_no_damage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
