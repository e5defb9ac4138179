/* tier: fast */
/* Both hashes against values from elsewhere: checksums are part of the format, so their values
 * are pinned here. */
#include <xxhash.h>

#include "base/hash.h"
#include "lib/rng.h"
#include "lib/test.h"

static uint8_t counting[70000]; /* 0, 1, 2, ... modulo 256 */

static int counting_fill(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof counting; i++)
		counting[i] = (uint8_t)i;
	return 0;
}

static void checksum_is_the_low_half_of_xxh3_128(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("checksum");
	for (size_t len = 0; len < 600; len++) {
		uint64_t seed = hf_rng_next(&rng);
		assert_true(hf__checksum(counting, len, seed) ==
		            XXH3_128bits_withSeed(counting, len, seed).low64);
	}
}

/* What is written out by hand: each length, and any bytes. */
static void checksums_by_hand_are_those_of_any_bytes(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("checksums by hand");
	uint8_t bytes[256];
	for (unsigned round = 0; round < 20000; round++) {
		const uint64_t seed = hf_rng_next(&rng);
		const size_t len = round % 250;
		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (uint8_t)(round % 3 ? hf_rng_next(&rng) : 0 - (uint64_t)(round % 2));
		assert_true(hf__checksum(bytes, len, seed) ==
		            XXH3_128bits_withSeed(bytes, len, seed).low64);
		assert_true(hf__checksum_24(bytes, seed) == hf__checksum(bytes, 24, seed));
		assert_true(hf__checksum_32(bytes, seed) == hf__checksum(bytes, 32, seed));
		assert_true(hf__checksum_72(bytes, seed) == hf__checksum(bytes, 72, seed));
	}
}

/* Lengths on both sides of every border inside XXH3. A change here is a change of the format. */
static void checksums_never_change(void **state)
{
	(void)state;
	static const struct {
		size_t len;
		uint64_t plain, seeded;
	} pinned[] = {
	    {0, UINT64_C(0x6001c324468d497f), UINT64_C(0x4ca5176998171787)},
	    {1, UINT64_C(0xc44bdff4074eecdb), UINT64_C(0x062b185e4e01441a)},
	    {3, UINT64_C(0x5f4299fc161c9cbb), UINT64_C(0xbe1fd1f503b5d59e)},
	    {9, UINT64_C(0x907931979dca3746), UINT64_C(0x97967290810c979c)},
	    {16, UINT64_C(0x842812cc870dcae2), UINT64_C(0xe463c7e2458d78d5)},
	    {17, UINT64_C(0xc06e233df7729217), UINT64_C(0xcba03fc2363de8bc)},
	    {128, UINT64_C(0x05321a0b64d67b41), UINT64_C(0x1ea8c8dcd452ca0d)},
	    {129, UINT64_C(0xbc30b63382b09a3b), UINT64_C(0x952bac83a81876ae)},
	    {240, UINT64_C(0xc92b68e16f83bbb6), UINT64_C(0x5bd854a1231155f7)},
	    {241, UINT64_C(0x02e8cd95421c6d02), UINT64_C(0x172114de208c5a80)},
	    {1000, UINT64_C(0xd33dd80b46f60e50), UINT64_C(0xc51f31dfd07c0b06)},
	    {70000, UINT64_C(0xd35a895856e09167), UINT64_C(0xff36cef4493b1962)},
	};
	for (size_t i = 0; i < sizeof pinned / sizeof *pinned; i++) {
		assert_true(hf__checksum(counting, pinned[i].len, 0) == pinned[i].plain);
		assert_true(hf__checksum(counting, pinned[i].len, UINT64_C(0x9e3779b97f4a7c15)) ==
		            pinned[i].seeded);
	}
}

static void seeds_never_change(void **state)
{
	(void)state;
	assert_true(hf__seed_base(counting, 7) == UINT64_C(0xab73a1fc4e37a91b));
	assert_true(hf__seed_at(UINT64_C(0xab73a1fc4e37a91b), 0) == UINT64_C(0x679916db7e00a029));
	assert_true(hf__seed_at(UINT64_C(0xab73a1fc4e37a91b), 1) == UINT64_C(0x16d3faa83436e368));
}

static int seed_order(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void seeds_differ_by_lsn_uuid_and_epoch(void **state)
{
	(void)state;
	enum { COUNT = 50000 };
	static uint64_t seeds[COUNT];
	uint64_t base = hf__seed_base(counting, 1);
	for (uint64_t lsn = 0; lsn < COUNT; lsn++)
		seeds[lsn] = hf__seed_at(base, lsn % 2 ? lsn << 20 : lsn);
	qsort(seeds, COUNT, sizeof *seeds, seed_order);
	for (size_t i = 1; i < COUNT; i++)
		assert_true(seeds[i] != seeds[i - 1]);
	assert_true(hf__seed_base(counting, 1) != hf__seed_base(counting, 2));
	assert_true(hf__seed_base(counting, 1) != hf__seed_base(counting, 257));
	assert_true(hf__seed_base(counting, 1) != hf__seed_base(counting + 1, 1));
}

/* A second SipHash-1-3, written the slow way: one byte at a time into the words of the padded
 * message, state in an array. */
static uint64_t turn(uint64_t v, unsigned by)
{
	return v << by | v >> (64 - by);
}

static void slow_round(uint64_t v[4])
{
	v[0] += v[1], v[1] = turn(v[1], 13), v[1] ^= v[0], v[0] = turn(v[0], 32);
	v[2] += v[3], v[3] = turn(v[3], 16), v[3] ^= v[2];
	v[0] += v[3], v[3] = turn(v[3], 21), v[3] ^= v[0];
	v[2] += v[1], v[1] = turn(v[1], 17), v[1] ^= v[2], v[2] = turn(v[2], 32);
}

static uint64_t slow_word(const uint8_t *bytes)
{
	uint64_t word = 0;
	for (int i = 7; i >= 0; i--)
		word = word << 8 | bytes[i];
	return word;
}

static uint64_t slow_siphash(const uint8_t key[16], const uint8_t *data, size_t len)
{
	static const char constants[] = "uespemosmodnarodarenegylsetybdet";
	uint8_t padded[320] = {0};
	uint64_t v[4];
	for (int i = 0; i < 4; i++)
		v[i] = slow_word((const uint8_t *)constants + 8 * i) ^ slow_word(key + 8 * (i % 2));
	size_t total = len / 8 * 8 + 8;
	assert_true(total <= sizeof padded);
	memcpy(padded, data, len);
	padded[total - 1] = (uint8_t)len;
	for (size_t at = 0; at < total; at += 8) {
		v[3] ^= slow_word(padded + at);
		slow_round(v);
		v[0] ^= slow_word(padded + at);
	}
	v[2] ^= 0xff;
	slow_round(v), slow_round(v), slow_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void keyed_hash_equals_a_second_implementation(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("siphash");
	for (size_t len = 0; len <= 300; len++) {
		uint8_t key[16], data[300];
		hf_rng_fill(&rng, key, sizeof key);
		hf_rng_fill(&rng, data, len);
		assert_true(hf__keyed_hash(key, data, len) == slow_siphash(key, data, len));
	}
}

/* The first is the published vector for no bytes under the key 0, 1, ... 15. The others come
 * from a language runtime that hashes its strings with SipHash-1-3: under the zero key and under
 * a key made from a seed of 42. */
static void keyed_hash_gives_the_known_values(void **state)
{
	(void)state;
	static const uint8_t zero[16];
	static const uint8_t made[16] = {0xaf, 0x90, 0xcd, 0x68, 0xd3, 0x4f, 0x50, 0xdc,
	                                 0xc1, 0xe9, 0x99, 0xfe, 0x9f, 0xbb, 0x20, 0xb9};
	assert_true(hf__keyed_hash(counting, NULL, 0) == UINT64_C(0xabac0158050fc4dc));
	assert_true(hf__keyed_hash(zero, "a", 1) == UINT64_C(0x407448d2b89b1813));
	assert_true(hf__keyed_hash(made, "a", 1) == UINT64_C(0xfe4a47335692551e));
	assert_true(hf__keyed_hash(zero, "abcdefg", 7) == UINT64_C(0x6db12aae9070f506));
	assert_true(hf__keyed_hash(made, "abcdefg", 7) == UINT64_C(0x13162120b6bf06ed));
	assert_true(hf__keyed_hash(zero, "abcdefgh", 8) == UINT64_C(0x3f7b849c0b8e35ea));
	assert_true(hf__keyed_hash(made, "abcdefgh", 8) == UINT64_C(0xb441be6d79f21056));
	assert_true(hf__keyed_hash(zero, "abcdefghi", 9) == UINT64_C(0xf89b34a3d11eb6e5));
	assert_true(hf__keyed_hash(made, "abcdefghi", 9) == UINT64_C(0xad255ab35982cc7f));
	assert_true(hf__keyed_hash(zero, counting, 63) == UINT64_C(0x385d3e39e5f37359));
	assert_true(hf__keyed_hash(made, counting, 63) == UINT64_C(0x06e24d6f0d014c37));
}

static void every_bit_of_key_and_data_counts(void **state)
{
	(void)state;
	uint8_t key[16] = {0}, data[40] = {0};
	uint64_t plain = hf__keyed_hash(key, data, sizeof data);
	for (size_t bit = 0; bit < 8 * sizeof data; bit++) {
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_true(hf__keyed_hash(key, data, sizeof data) != plain);
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof key; bit++) {
		key[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_true(hf__keyed_hash(key, data, sizeof data) != plain);
		key[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(hf__keyed_hash(key, data, 39) != plain); /* trailing zeros count */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(checksum_is_the_low_half_of_xxh3_128),
	    cmocka_unit_test(checksums_by_hand_are_those_of_any_bytes),
	    cmocka_unit_test(checksums_never_change),
	    cmocka_unit_test(seeds_never_change),
	    cmocka_unit_test(seeds_differ_by_lsn_uuid_and_epoch),
	    cmocka_unit_test(keyed_hash_equals_a_second_implementation),
	    cmocka_unit_test(keyed_hash_gives_the_known_values),
	    cmocka_unit_test(every_bit_of_key_and_data_counts),
	};
	return cmocka_run_group_tests_name("base/hash", tests, counting_fill, NULL);
}
