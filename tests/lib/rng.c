/* Seeded random numbers for tests.
 *
 * Job: make a random test repeatable. The generator is xoshiro256**, whose state splitmix64
 * fills from one 64-bit seed.
 *
 * Happy path: a test calls hf_rng_for("its name") and draws. The process's seed is printed once,
 * with the command that reruns the executable under the same seed.
 *
 * Failure: a HF_SEED that does not parse ends the process at once. Falling back to the default
 * would rerun the wrong test and report that the bug is gone. */
#include "lib/rng.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SEED UINT64_C(20240229)

static uint64_t process_seed;
static pthread_once_t seed_once = PTHREAD_ONCE_INIT;

static uint64_t seed_parse(const char *text)
{
	char *end = NULL;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 0);
	if (errno != 0 || end == text || *end != '\0') {
		fprintf(stderr, "HF_SEED=%s is not a number\n", text);
		exit(2);
	}
	return value;
}

static void seed_choose(void)
{
	const char *text = getenv("HF_SEED");
	process_seed = text && *text ? seed_parse(text) : DEFAULT_SEED;
	printf("seed %llu; rerun: HF_SEED=%llu %s\n", (unsigned long long)process_seed,
	       (unsigned long long)process_seed, program_invocation_name);
	fflush(stdout); /* before anything can crash */
}

uint64_t hf_test_seed(void)
{
	pthread_once(&seed_once, seed_choose);
	return process_seed;
}

uint64_t hf_rng_mix(uint64_t value)
{
	value += UINT64_C(0x9e3779b97f4a7c15);
	value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
	return value ^ (value >> 31);
}

struct hf_rng hf_rng(uint64_t seed)
{
	struct hf_rng rng;
	for (int i = 0; i < 4; i++) {
		/* Successive outputs of splitmix64 are all different, so the state is never all zero. */
		rng.state[i] = hf_rng_mix(seed + (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15));
	}
	return rng;
}

struct hf_rng hf_rng_for(const char *name)
{
	uint64_t seed = hf_test_seed();
	for (const char *c = name; *c; c++)
		seed = hf_rng_mix(seed ^ (unsigned char)*c);
	return hf_rng(seed);
}

static uint64_t rotate_left(uint64_t value, int bits)
{
	return (value << bits) | (value >> (64 - bits));
}

uint64_t hf_rng_next(struct hf_rng *rng)
{
	uint64_t *s = rng->state;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t shifted = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint64_t hf_rng_below(struct hf_rng *rng, uint64_t bound)
{
	if (bound < 2)
		return 0;
	/* 2^64 mod bound values at the low end would make small results likelier: draw again. */
	uint64_t surplus = (UINT64_MAX - bound + 1) % bound;
	uint64_t value;
	do {
		value = hf_rng_next(rng);
	} while (value < surplus);
	return value % bound;
}

int64_t hf_rng_range(struct hf_rng *rng, int64_t low, int64_t high)
{
	uint64_t span = (uint64_t)high - (uint64_t)low;
	uint64_t offset = span == UINT64_MAX ? hf_rng_next(rng) : hf_rng_below(rng, span + 1);
	return (int64_t)((uint64_t)low + offset);
}

bool hf_rng_chance(struct hf_rng *rng, uint32_t numerator, uint32_t denominator)
{
	return hf_rng_below(rng, denominator) < numerator;
}

void hf_rng_fill(struct hf_rng *rng, void *data, size_t len)
{
	uint8_t *at = data;
	while (len > 0) {
		uint64_t value = hf_rng_next(rng);
		size_t take = len < sizeof value ? len : sizeof value;
		memcpy(at, &value, take);
		at += take;
		len -= take;
	}
}
