/* tier: fast */
/* Snapshot files that no writer writes, with every checksum right: blocks whose lengths lie, frames
 * that are none or too much, entries that are not whole. Each is refused, with no more memory than
 * its size and one block. */
#include <zstd.h>

#include "log/snapshot_forge.h"

/* --- Blocks ----------------------------------------------------------------------------------- */

static void what_the_forger_makes_is_taken_where_nothing_is_wrong(void **state)
{
	(void)state;
	uint8_t entry[64];
	const uint32_t len = (uint32_t)one_entry(entry, 100);
	const struct told raw = {.type = ENTRIES, .stored_len = len, .raw_len = len};
	assert_int_equal(of_one_block(raw, hf_bytes_of(entry, len), 1), HF_OK);
	struct forge none = forge_some();
	forge_end(&none);
	assert_int_equal(outcome(&none), HF_OK);
}

static void a_block_says_nothing_impossible(void **state)
{
	(void)state;
	static const uint8_t bytes[20000];
	static const struct told bad[] = {
	    {.type = 0, .stored_len = 20, .raw_len = 20},
	    {.type = 4, .stored_len = 20, .raw_len = 20},
	    {.type = PAYLOAD, .codec = 2, .stored_len = 20, .raw_len = 20},
	    {.type = PAYLOAD, .reserved = 1, .stored_len = 20, .raw_len = 20},
	    {.type = PAYLOAD, .stored_len = 20, .raw_len = 21},
	    {.type = PAYLOAD, .stored_len = 20, .raw_len = 19},
	    {.type = PAYLOAD, .stored_len = 20, .raw_len = 20, .pad = 1},
	    {.type = PAYLOAD, .stored_len = 12, .raw_len = 12}, /* shorter than its place */
	    {.type = PAYLOAD, .stored_len = 28, .raw_len = 28},
	    {.type = PAYLOAD, .stored_len = UINT32_MAX, .raw_len = UINT32_MAX},
	    {.type = PAYLOAD, .codec = ZSTD, .stored_len = 20, .raw_len = 20},
	    {.type = PAYLOAD, .codec = ZSTD, .stored_len = 20, .raw_len = 30},
	    {.type = ENTRIES, .codec = ZSTD, .stored_len = 20, .raw_len = (36u << 20) + 1},
	    {.type = ENTRIES, .codec = ZSTD, .stored_len = 20, .raw_len = UINT32_MAX},
	    {.type = ENTRIES, .stored_len = 0, .raw_len = 0},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(of_one_block(bad[i], hf_bytes_of(bytes, 20), 0), HF_ECORRUPT);
		assert_true(largest < 1 << 10);
	}
	const struct told good = {.type = PAYLOAD, .stored_len = 16384, .raw_len = 16384};
	const struct told large = {.type = PAYLOAD, .stored_len = 16385, .raw_len = 16385};
	assert_int_equal(of_one_block(good, hf_bytes_of(bytes, 16384), 0), HF_OK);
	assert_int_equal(of_one_block(large, hf_bytes_of(bytes, 16385), 0), HF_ECORRUPT);
}

/* A frame of `len` zeros (or of the bytes), by parameters that no writer of ours sets. */
static size_t frame(uint8_t *out, size_t cap, const void *raw, size_t len, int content_size,
                    int sum)
{
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	assert_non_null(zstd);
	(void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, content_size);
	(void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, sum);
	const size_t size = ZSTD_compress2(zstd, out, cap, raw, len);
	assert_false(ZSTD_isError(size));
	(void)ZSTD_freeCCtx(zstd);
	return size;
}

static int of_frame(const uint8_t *stored, size_t len, uint32_t raw_len)
{
	const struct told told = {
	    .type = PAYLOAD, .codec = ZSTD, .stored_len = (uint32_t)len, .raw_len = raw_len};
	return of_one_block(told, hf_bytes_of(stored, len), 0);
}

static void a_frame_is_one_frame_of_exactly_that_size(void **state)
{
	(void)state;
	static uint8_t raw[16384], out[4096], two[8192];
	memset(raw, 'a', sizeof raw);
	const size_t size = frame(out, sizeof out, raw, 9000, 1, 0);
	assert_int_equal(of_frame(out, size, 9000), HF_OK);
	assert_int_equal(of_frame(out, size, 8999), HF_ECORRUPT);
	assert_int_equal(of_frame(out, size, 9001), HF_ECORRUPT);
	assert_int_equal(of_frame(out, size - 1, 9000), HF_ECORRUPT);
	out[size] = 0;
	assert_int_equal(of_frame(out, size + 1, 9000), HF_ECORRUPT);
	/* two frames, also where both together have the size; one that is skipped, before or behind */
	memcpy(two, out, size);
	memcpy(two + size, out, size);
	assert_int_equal(of_frame(two, 2 * size, 9000), HF_ECORRUPT);
	const size_t half = frame(out, sizeof out, raw, 4500, 1, 0);
	memcpy(two, out, half);
	memcpy(two + half, out, half);
	assert_int_equal(of_frame(two, 2 * half, 9000), HF_ECORRUPT);
	static const uint8_t skipped[12] = {0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4};
	memcpy(two, skipped, sizeof skipped);
	memcpy(two + sizeof skipped, out, half);
	assert_int_equal(of_frame(two, sizeof skipped + half, 4500), HF_ECORRUPT);
	memcpy(two, out, half);
	memcpy(two + half, skipped, sizeof skipped);
	assert_int_equal(of_frame(two, half + sizeof skipped, 4500), HF_ECORRUPT);
	/* without a content size, and with a checksum */
	assert_int_equal(of_frame(out, frame(out, sizeof out, raw, 9000, 0, 0), 9000), HF_ECORRUPT);
	assert_int_equal(of_frame(out, frame(out, sizeof out, raw, 9000, 1, 1), 9000), HF_ECORRUPT);
	for (size_t i = 0; i < 64; i++) { /* every length of nothing */
		memset(two, 0, sizeof two);
		if (i)
			assert_int_equal(of_frame(two, i, 9000), HF_ECORRUPT);
	}
}

/* A frame may say anything about its size and give anything else. */
static void a_frame_that_lies_is_given_no_more_room(void **state)
{
	(void)state;
	enum { BOMB = 64 << 20 };
	uint8_t *zeros = calloc(1, BOMB), *out = malloc(1 << 16);
	assert_true(zeros && out);
	const size_t size = frame(out, 1 << 16, zeros, BOMB, 1, 0);
	struct told told = {
	    .type = ENTRIES, .codec = ZSTD, .stored_len = (uint32_t)size, .raw_len = 36u << 20};
	assert_int_equal(of_one_block(told, hf_bytes_of(out, size), 1), HF_ECORRUPT);
	assert_true(largest < 1 << 17); /* it says what it is, so there was no need of a block */
	/* Now it says that it is smaller: content size in 4 bytes, single segment. */
	const size_t descriptor = 4;
	assert_int_equal(out[descriptor] >> 6, 2);
	const size_t at = out[descriptor] & 0x20u ? 5 : 6;
	assert_int_equal(hf__load_u32(out + at), BOMB);
	hf__store_u32(out + at, 36u << 20);
	assert_int_equal(of_one_block(told, hf_bytes_of(out, size), 1), HF_ECORRUPT);
	assert_true(largest <= 36u << 20);
	hf__store_u32(out + at, 16384);
	told.type = PAYLOAD;
	told.raw_len = 16384;
	assert_int_equal(of_one_block(told, hf_bytes_of(out, size), 0), HF_ECORRUPT);
	assert_true(largest < 1 << 18);
	free(zeros);
	free(out);
}

/* --- Entries ---------------------------------------------------------------------------------- */

static int of_entries(const uint8_t *raw, size_t len, uint64_t count)
{
	const struct told told = {
	    .type = ENTRIES, .stored_len = (uint32_t)len, .raw_len = (uint32_t)len};
	return of_one_block(told, hf_bytes_of(raw, len), count);
}

static void entries_are_whole_and_say_nothing_impossible(void **state)
{
	(void)state;
	uint8_t raw[64];
	for (size_t len = 1; len < 20; len++) {
		(void)one_entry(raw, 100);
		assert_int_equal(of_entries(raw, len, 1), HF_ECORRUPT);
	}
	assert_int_equal(of_entries(raw, 21, 1), HF_ECORRUPT); /* a byte behind it */
	assert_int_equal(of_entries(raw, 20, 0), HF_ECORRUPT);
	assert_int_equal(of_entries(raw, 20, 2), HF_ECORRUPT);
	static const uint32_t lens[] = {0, 3, 5, UINT32_MAX - 15, UINT32_MAX};
	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		(void)one_entry(raw, 100);
		hf__store_u32(raw + 12, lens[i]);
		assert_int_equal(of_entries(raw, 20, 1), HF_ECORRUPT);
	}
	static const uint64_t lsns[] = {0, 101, HF__LSN_MAX, UINT64_MAX};
	for (size_t i = 0; i < sizeof lsns / sizeof *lsns; i++)
		assert_int_equal(of_entries(raw, one_entry(raw, lsns[i]), 1), HF_ECORRUPT);
	for (unsigned bit = 0; bit < 8; bit++) {
		(void)one_entry(raw, 1);
		raw[10] = (uint8_t)(1u << bit);
		assert_int_equal(of_entries(raw, 20, 1), bit == 1 ? HF_OK : HF_ECORRUPT);
	}
	(void)one_entry(raw, 1);
	raw[11] = 1;
	assert_int_equal(of_entries(raw, 20, 1), HF_ECORRUPT);
}

static void an_empty_state_has_no_entries(void **state)
{
	(void)state;
	const struct hf__snapshot_header header = case_header(0);
	struct forge f = forge_begin(&header);
	uint8_t raw[64];
	forge_raw(&f, ENTRIES, hf_bytes_of(raw, one_entry(raw, 0)));
	f.entries = 1;
	forge_end(&f);
	assert_int_equal(outcome(&f), HF_ECORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_forger_makes_is_taken_where_nothing_is_wrong),
	    cmocka_unit_test(a_block_says_nothing_impossible),
	    cmocka_unit_test(a_frame_is_one_frame_of_exactly_that_size),
	    cmocka_unit_test(a_frame_that_lies_is_given_no_more_room),
	    cmocka_unit_test(entries_are_whole_and_say_nothing_impossible),
	    cmocka_unit_test(an_empty_state_has_no_entries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
