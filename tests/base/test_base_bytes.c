/* tier: fast */
/* Reader and writer: what is put comes back, whatever is missing turns the reader bad, and bad
 * is forever. */
#include "base/bytes.h"
#include "base/mem.h"
#include "lib/rng.h"
#include "lib/test.h"

static bool veto_all(void *ctx, size_t size)
{
	(void)ctx;
	(void)size;
	return true;
}

static int veto_off(void **state)
{
	(void)state;
	hf__mem_set_veto(NULL, NULL);
	return 0;
}

static bool bytes_are(struct hf_bytes bytes, const char *text)
{
	return hf__bytes_equal(bytes, hf_str(text));
}

static void sample_put(struct hf__writer *w)
{
	hf__put_u8(w, 0xa1);
	hf__put_u16(w, 0xb1b2);
	hf__put_u32(w, 0xc1c2c3c4);
	hf__put_u64(w, UINT64_C(0xd1d2d3d4d5d6d7d8));
	hf__put_i32(w, -2);
	hf__put_i64(w, INT64_MIN);
	hf__put_f64(w, -0.5);
	hf__put_bytes(w, hf_str("raw"));
	hf__put_short(w, hf_str("short"));
	hf__put_long(w, hf_str("long"));
	hf__put_short(w, hf_bytes_of(NULL, 0));
	hf__put_u8(w, 0x7f);
}

/* Is everything that sample_put wrote there? */
static bool sample_get(struct hf__reader *r)
{
	bool same = hf__get_u8(r) == 0xa1;
	same &= hf__get_u16(r) == 0xb1b2;
	same &= hf__get_u32(r) == 0xc1c2c3c4;
	same &= hf__get_u64(r) == UINT64_C(0xd1d2d3d4d5d6d7d8);
	same &= hf__get_i32(r) == -2;
	same &= hf__get_i64(r) == INT64_MIN;
	double half = hf__get_f64(r);
	same &= half < -0.25 && half > -0.75;
	same &= bytes_are(hf__get_bytes(r, 3), "raw");
	same &= bytes_are(hf__get_short(r), "short");
	same &= bytes_are(hf__get_long(r), "long");
	same &= hf__get_short(r).len == 0;
	same &= hf__get_u8(r) == 0x7f;
	return same;
}

static void what_is_put_comes_back(void **state)
{
	(void)state;
	struct hf__writer w = {0};
	sample_put(&w);
	assert_false(w.bad);
	struct hf__reader r = hf__reader(hf_bytes_of(w.data, w.len));
	assert_true(sample_get(&r));
	assert_true(hf__reader_done(&r));
	hf__writer_deinit(&w);
	assert_null(w.data);
	hf__writer_deinit(&w);
}

static void bytes_are_little_endian_on_every_machine(void **state)
{
	(void)state;
	static const uint8_t expected[] = {0x02, 0x01, 0x06, 0x05, 0x04, 0x03, 0x0e,
	                                   0x0d, 0x0c, 0x0b, 0x0a, 0x09, 0x08, 0x07};
	struct hf__writer w = {0};
	hf__put_u16(&w, 0x0102);
	hf__put_u32(&w, 0x03040506);
	hf__put_u64(&w, UINT64_C(0x0708090a0b0c0d0e));
	assert_int_equal(w.len, sizeof expected);
	assert_memory_equal(w.data, expected, sizeof expected);
	hf__writer_deinit(&w);
}

static void every_proper_prefix_goes_bad(void **state)
{
	(void)state;
	struct hf__writer w = {0};
	sample_put(&w);
	assert_false(w.bad);
	for (size_t len = 0; len < w.len; len++) {
		uint8_t *exact = malloc(len ? len : 1); /* so that a sanitizer sees a read behind it */
		assert_non_null(exact);
		memcpy(exact, w.data, len);
		struct hf__reader r = hf__reader(hf_bytes_of(exact, len));
		assert_false(sample_get(&r));
		assert_true(r.bad);
		assert_false(hf__reader_done(&r));
		free(exact);
	}
	hf__writer_deinit(&w);
}

static void a_bad_reader_gives_zeros_though_bytes_are_left(void **state)
{
	(void)state;
	static const uint8_t input[] = {1, 2, 3};
	struct hf__reader r = hf__reader(hf_bytes_of(input, sizeof input));
	assert_int_equal(hf__get_u32(&r), 0);
	assert_true(r.bad);
	assert_int_equal(hf__get_u8(&r), 0);
	assert_int_equal(hf__get_short(&r).len, 0);
	assert_null(hf__get_bytes(&r, 1).data);
	assert_false(hf__reader_done(&r));
}

static void lengths_beyond_the_end_go_bad(void **state)
{
	(void)state;
	static const uint8_t input[] = {0xff, 0xff, 0xff, 0xff, 'x'};
	struct hf__reader r = hf__reader(hf_bytes_of(input, sizeof input));
	assert_int_equal(hf__get_long(&r).len, 0);
	assert_true(r.bad);
	r = hf__reader(hf_bytes_of(input, sizeof input));
	assert_int_equal(hf__get_short(&r).len, 0);
	assert_true(r.bad);
	r = hf__reader(hf_bytes_of(input, sizeof input));
	assert_int_equal(hf__get_bytes(&r, SIZE_MAX).len, 0);
	assert_true(r.bad);
}

static void left_over_bytes_are_not_done(void **state)
{
	(void)state;
	struct hf__reader r = hf__reader(hf_str("ab"));
	assert_int_equal(hf__get_u8(&r), 'a');
	assert_false(r.bad);
	assert_false(hf__reader_done(&r));
	struct hf__reader empty = hf__reader(hf_bytes_of(NULL, 0));
	assert_true(hf__reader_done(&empty));
	assert_int_equal(hf__get_bytes(&empty, 0).len, 0);
	assert_true(hf__reader_done(&empty));
}

static void values_too_long_for_their_field_turn_the_writer_bad(void **state)
{
	(void)state;
	uint8_t *large = calloc(1, 65536);
	assert_non_null(large);
	struct hf__writer w = {0};
	hf__put_short(&w, hf_bytes_of(large, 65535));
	assert_false(w.bad);
	size_t len = w.len;
	assert_int_equal(len, 65537);
	hf__put_short(&w, hf_bytes_of(large, 65536));
	assert_true(w.bad);
	hf__put_u8(&w, 1);
	assert_int_equal(w.len, len);
	hf__writer_deinit(&w);
	if (SIZE_MAX > UINT32_MAX) {
		/* refused by its length, before a byte is read */
		hf__put_long(&w, hf_bytes_of(large, (size_t)UINT32_MAX + 1));
		assert_true(w.bad);
	}
	hf__writer_deinit(&w);
	free(large);
}

static void a_failed_allocation_turns_the_writer_bad_and_keeps_what_it_has(void **state)
{
	(void)state;
	struct hf__writer w = {0};
	hf__put_u32(&w, 7);
	hf__mem_set_veto(veto_all, NULL);
	hf__put_zeros(&w, w.cap);
	assert_true(w.bad);
	assert_int_equal(w.len, 4);
	hf__mem_set_veto(NULL, NULL);
	hf__put_u32(&w, 8); /* room or not: bad is forever */
	assert_int_equal(w.len, 4);
	assert_int_equal(hf__load_u32(w.data), 7);
	assert_false(hf__writer_reserve(&w, 0));
	hf__writer_deinit(&w);
}

static void reserve_makes_the_next_puts_safe_and_fails_without_a_trace(void **state)
{
	(void)state;
	struct hf__writer w = {0};
	assert_true(hf__writer_reserve(&w, 1000));
	hf__mem_set_veto(veto_all, NULL);
	for (int i = 0; i < 125; i++)
		hf__put_u64(&w, 1);
	assert_false(w.bad);
	assert_int_equal(w.len, 1000);
	assert_false(hf__writer_reserve(&w, w.cap));
	assert_false(w.bad);
	assert_int_equal(w.len, 1000);
	/* Sizes whose sum with the length would wrap around to a small one, for which memory is
	 * there. */
	hf__mem_set_veto(NULL, NULL);
	for (size_t short_of = 0; short_of < 1000; short_of++)
		assert_false(hf__writer_reserve(&w, SIZE_MAX - short_of));
	assert_false(w.bad);
	hf__writer_deinit(&w);
}

static void align_pads_with_zeros_to_the_next_multiple(void **state)
{
	(void)state;
	for (size_t alignment = 1; alignment <= 64; alignment *= 2) {
		for (size_t len = 0; len <= 130; len++) {
			struct hf__writer w = {0};
			for (size_t i = 0; i < len; i++)
				hf__put_u8(&w, 0xff);
			hf__put_align(&w, alignment);
			assert_false(w.bad);
			assert_int_equal(w.len, (len + alignment - 1) / alignment * alignment);
			assert_true(w.len == len || hf__bytes_zero(w.data + len, w.len - len));
			hf__writer_deinit(&w);
		}
	}
}

static void fixed_places_work_at_any_address(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("fixed places");
	for (size_t shift = 0; shift < 16; shift++) {
		uint8_t area[32] = {0};
		uint64_t v = hf_rng_next(&rng);
		hf__store_u64(area + shift, v);
		assert_true(hf__load_u64(area + shift) == v);
		assert_int_equal(hf__load_u32(area + shift), (uint32_t)v);
		assert_int_equal(hf__load_u16(area + shift), (uint16_t)v);
		assert_int_equal(area[shift + 7], v >> 56);
		assert_true(hf__bytes_zero(area + shift + 8, sizeof area - shift - 8));
	}
}

static void compare_orders_like_memcmp_with_prefixes_first(void **state)
{
	(void)state;
	static const char *const sorted[] = {"", "a", "aa", "ab", "b", "b\x7f", "b\x80", "b\xff", "c"};
	const int count = sizeof sorted / sizeof *sorted;
	for (int i = 0; i < count; i++) {
		for (int j = 0; j < count; j++) {
			int sign = hf__bytes_compare(hf_str(sorted[i]), hf_str(sorted[j]));
			assert_int_equal((sign > 0) - (sign < 0), (i > j) - (i < j));
			assert_int_equal(hf__bytes_equal(hf_str(sorted[i]), hf_str(sorted[j])), i == j);
		}
	}
	assert_true(hf__bytes_equal(hf_bytes_of(NULL, 0), hf_str("")));
}

/* Short ones are looked at in words. */
static void ranges_of_any_length_are_the_same_if_each_byte_is(void **state)
{
	(void)state;
	uint8_t a[80], b[80];
	for (unsigned value = 0; value < 256; value += 51)
		for (size_t len = 1; len + 3 < sizeof a; len++) {
			const size_t at = len % 4;
			memset(a, 0xa5, sizeof a);
			memset(b, 0xa5, sizeof b);
			memset(a + at, (int)value, len);
			memset(b + 1, (int)value, len);
			assert_true(hf__same(a + at, b + 1, len));
			assert_true(hf__has_nul(a + at, len) == (value == 0));
			memset(b, 0x5a, sizeof b);
			hf__copy(b + 1, a + at, len);
			assert_true(hf__same(a + at, b + 1, len));
			assert_true(b[0] == 0x5a && b[1 + len] == 0x5a);
			for (size_t i = 0; i < len; i++) {
				b[1 + i] ^= 0x80;
				assert_false(hf__same(a + at, b + 1, len));
				b[1 + i] = 0;
				assert_true(hf__has_nul(b + 1, len));
				b[1 + i] = (uint8_t)value;
			}
		}
}

static void one_byte_that_is_not_zero_is_found_wherever_it_is(void **state)
{
	(void)state;
	enum { LEN = 100 };
	uint8_t area[LEN] = {0};
	for (size_t len = 0; len <= LEN; len++) {
		assert_true(hf__bytes_zero(area, len));
		for (size_t at = 0; at < LEN; at++) {
			area[at] = 0x80;
			assert_int_equal(hf__bytes_zero(area, len), at >= len);
			area[at] = 0;
		}
	}
	assert_true(hf__bytes_zero(NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_put_comes_back),
	    cmocka_unit_test(bytes_are_little_endian_on_every_machine),
	    cmocka_unit_test(every_proper_prefix_goes_bad),
	    cmocka_unit_test(a_bad_reader_gives_zeros_though_bytes_are_left),
	    cmocka_unit_test(lengths_beyond_the_end_go_bad),
	    cmocka_unit_test(left_over_bytes_are_not_done),
	    cmocka_unit_test(values_too_long_for_their_field_turn_the_writer_bad),
	    cmocka_unit_test_teardown(a_failed_allocation_turns_the_writer_bad_and_keeps_what_it_has,
	                              veto_off),
	    cmocka_unit_test_teardown(reserve_makes_the_next_puts_safe_and_fails_without_a_trace,
	                              veto_off),
	    cmocka_unit_test(align_pads_with_zeros_to_the_next_multiple),
	    cmocka_unit_test(fixed_places_work_at_any_address),
	    cmocka_unit_test(compare_orders_like_memcmp_with_prefixes_first),
	    cmocka_unit_test(ranges_of_any_length_are_the_same_if_each_byte_is),
	    cmocka_unit_test(one_byte_that_is_not_zero_is_found_wherever_it_is),
	};
	return cmocka_run_group_tests_name("base/bytes", tests, NULL, NULL);
}
