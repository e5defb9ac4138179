/* Two hashes that are never mixed.
 *
 * Job: checksums for what is on disk (XXH3: fast, stable, no secret) and a keyed hash for what
 * is in memory (SipHash-1-3: no outsider can choose keys that collide). A checksum must come
 * out the same on every machine forever; the keyed hash must come out differently at every
 * opening. So neither may stand in for the other.
 *
 * Seeds: the base is the checksum of uuid and epoch, so no two stores share it. The seed of an
 * LSN is a one-to-one function of the LSN for a given base: two places of one store never have
 * the same seed, and bytes that turn up at another place do not verify. These definitions are
 * part of the format: engine/log/FORMAT.md states them and they never change.
 *
 * XXH3 is compiled in: most of what a commit sums is shorter than a call through a library's table
 * is worth. Longer bytes are summed by the widest registers of the processor (hash_wide.c).
 *
 * Failure modes: none; both hashes are pure functions. XXH3 finds accidents and not forgeries. */
#include "base/hash.h"

#include <stdatomic.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"

/* Up to here XXH3 uses no vectors. */
#define SHORT ((size_t)240)

#ifdef HF_TESTING
static _Atomic uint64_t hashed;
static void (*_Atomic watching)(size_t len);

uint64_t hf__checksum_bytes(void)
{
	return atomic_load(&hashed);
}

void hf__hash_watch(void (*seen)(size_t len))
{
	atomic_store(&watching, seen);
}

static void tell(size_t len)
{
	void (*const seen)(size_t) = atomic_load(&watching);
	if (seen)
		seen(len);
}

static void tell_sum(size_t len)
{
	(void)atomic_fetch_add_explicit(&hashed, len, memory_order_relaxed);
	tell(len);
}
#else
static inline void tell_sum(size_t len)
{
	(void)len;
}
#endif

static inline bool is_wide(void)
{
#ifdef __x86_64__
	return hf__checksum_has_wide && __builtin_cpu_supports("avx2");
#else
	return false;
#endif
}

/* --- XXH3 of 17 to 240 bytes ------------------------------------------------------------------ */

#define ALWAYS static inline __attribute__((always_inline))
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define BY_HAND 1
#endif

/* Both halves of the product of two words, one upon the other. gcc makes a pair of words of each
 * product, of all of them first, and keeps them in memory meanwhile: by hand, one after the other,
 * it is a fifth fewer instructions for a sum. */
ALWAYS uint64_t fold(uint64_t a, uint64_t b)
{
#ifdef BY_HAND
	__asm__ volatile("mulq %1\n\txorq %1, %0" : "+a"(a), "+d"(b) : : "cc");
	return a;
#else
	return XXH3_mul128_fold64(a, b);
#endif
}

struct sums {
	uint64_t low, high;
};

ALWAYS uint64_t mix(const uint8_t *at, unsigned secret, uint64_t seed)
{
	const uint64_t a = hf__load_u64(XXH3_kSecret + secret) + seed,
	               b = hf__load_u64(XXH3_kSecret + secret + 8) - seed;
	return fold(hf__load_u64(at) ^ a, hf__load_u64(at + 8) ^ b);
}

ALWAYS void mix_two(struct sums *sums, const uint8_t *one, const uint8_t *two, unsigned secret,
                    uint64_t seed)
{
	sums->low += mix(one, secret, seed);
	sums->low ^= hf__load_u64(two) + hf__load_u64(two + 8);
	sums->high += mix(two, secret + 16, seed);
	sums->high ^= hf__load_u64(one) + hf__load_u64(one + 8);
#ifdef BY_HAND
	__asm__ volatile("" : "+r"(sums->low), "+r"(sums->high) : : "memory");
#endif
}

ALWAYS uint64_t sum_to_128(const uint8_t *at, size_t len, uint64_t seed)
{
	struct sums sums = {len * XXH_PRIME64_1, 0};
	if (len > 96)
		mix_two(&sums, at + 48, at + len - 64, 96, seed);
	if (len > 64)
		mix_two(&sums, at + 32, at + len - 48, 64, seed);
	if (len > 32)
		mix_two(&sums, at + 16, at + len - 32, 32, seed);
	mix_two(&sums, at, at + len - 16, 0, seed);
	return XXH3_avalanche(sums.low + sums.high);
}

static __attribute__((noinline)) uint64_t sum_to_240(const uint8_t *at, size_t len, uint64_t seed)
{
	struct sums sums = {len * XXH_PRIME64_1, 0};
	mix_two(&sums, at, at + 16, 0, seed);
	mix_two(&sums, at + 32, at + 48, 32, seed);
	mix_two(&sums, at + 64, at + 80, 64, seed);
	mix_two(&sums, at + 96, at + 112, 96, seed);
	sums.low = XXH3_avalanche(sums.low);
	sums.high = XXH3_avalanche(sums.high);
	const uint8_t *const end = at + len / 32 * 32;
	for (const uint8_t *from = at + 128; from < end; from += 32)
		mix_two(&sums, from, from + 16, XXH3_MIDSIZE_STARTOFFSET + (unsigned)(from - at) - 128,
		        seed);
	mix_two(&sums, at + len - 16, at + len - 32,
	        XXH3_SECRET_SIZE_MIN - XXH3_MIDSIZE_LASTOFFSET - 16, 0 - seed);
	return XXH3_avalanche(sums.low + sums.high);
}

uint64_t hf__checksum(const void *data, size_t len, uint64_t seed)
{
	tell_sum(len);
	if (len - 129 <= SHORT - 129)
		return sum_to_240(data, len, seed);
	if (len > SHORT && is_wide())
		return hf__checksum_wide(data, len, seed);
	return XXH3_128bits_withSeed(data, len, seed).low64;
}

#define FIXED_CHECKSUM(len) \
	uint64_t hf__checksum_##len(const void *data, uint64_t seed) \
	{ \
		tell_sum(len); \
		return sum_to_128(data, len, seed); \
	}
FIXED_CHECKSUM(24)
FIXED_CHECKSUM(32)
FIXED_CHECKSUM(72)

/* The checksum, seed 0, of the 16 bytes of the uuid and the epoch in two bytes, little-endian. */
uint64_t hf__seed_base(const uint8_t uuid[16], uint16_t epoch)
{
	uint8_t named[18];
	memcpy(named, uuid, 16);
	hf__store_u16(named + 16, epoch);
	return hf__checksum(named, sizeof named, 0);
}

/* --- SipHash-1-3 ------------------------------------------------------------------------------ */

struct sip {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotate_left(uint64_t value, int bits)
{
	return value << bits | value >> (64 - bits);
}

/* Inline, so that the four words stay in registers. */
static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate_left(s->v1, 13) ^ s->v0;
	s->v3 = rotate_left(s->v3, 16) ^ s->v2;
	s->v0 = rotate_left(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotate_left(s->v1, 17) ^ s->v2;
	s->v3 = rotate_left(s->v3, 21) ^ s->v0;
	s->v2 = rotate_left(s->v2, 32);
}

/* One round per word: the "1" in the name. */
static inline void sip_absorb(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

/* The last word: up to 7 left-over bytes, and the length modulo 256 on top, so that trailing
 * zeros count. They are the end of the last 8 bytes where there are so many. */
static uint64_t sip_tail(const uint8_t *at, size_t left, size_t len)
{
	uint64_t word = (uint64_t)len << 56;
	if (left > 0 && len >= 8)
		return word | hf__load_u64(at + left - 8) >> (64 - 8 * left);
	for (size_t i = 0; i < left; i++)
		word |= (uint64_t)at[i] << (8 * i);
	return word;
}

uint64_t hf__keyed_hash(const uint8_t key[16], const void *data, size_t len)
{
	uint64_t k0 = hf__load_u64(key), k1 = hf__load_u64(key + 8);
	/* The four constants are "somepseudorandomlygeneratedbytes" in ASCII, as the algorithm
	 * defines. */
	struct sip s = {k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
	                k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};
	const uint8_t *at = data;
	size_t left = len;
	for (; left >= 8; left -= 8, at += 8)
		sip_absorb(&s, hf__load_u64(at));
	sip_absorb(&s, sip_tail(at, left, len));
	s.v2 ^= 0xff;
	for (int i = 0; i < 3; i++) /* three rounds to finish: the "3" */
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* --- Contents --------------------------------------------------------------------------------- */

/* The key becomes a secret of the longest length that XXH3 reads: a seed would only shift the
 * public one, and leave collisions that hold under every seed. Words of the secret come from
 * both halves of the key. SipHash would resist an attacker who sees the hashes; none does, and
 * payloads of megabytes have to be hashed while the store's lock is held. */
struct hf__hash128 hf__content_hash(const uint8_t key[16], const void *data, size_t len)
{
#ifdef HF_TESTING
	tell(len);
#endif
	uint8_t secret[192];
	const uint64_t low = hf__load_u64(key), high = hf__load_u64(key + 8);
	for (uint64_t i = 0; i < sizeof secret / 8; i++)
		hf__store_u64(secret + 8 * i, hf__seed_at(low, 2 * i + 1) ^ hf__seed_at(high, 2 * i + 2));
	const XXH128_hash_t hash = XXH3_128bits_withSecret(data, len, secret, sizeof secret);
	return (struct hf__hash128){hash.low64, hash.high64};
}
