/* Random numbers that can be had again: every test draws from a seed that it prints with the
 * command that reruns it. */
#ifndef HF_TESTS_RNG_H
#define HF_TESTS_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* xoshiro256**, filled from its seed by splitmix64. */
struct hf_rng {
	uint64_t state[4];
};

/* The seed of this process: HF_SEED from the environment (decimal or 0x...), or a fixed default,
 * so that plain runs repeat. The first call prints it with the command that reruns this very
 * executable. A HF_SEED that is no number ends the test. */
uint64_t hf_test_seed(void);

struct hf_rng hf_rng(uint64_t seed);
/* A stream of its own for one use of the process's seed: same name and HF_SEED, same numbers,
 * whichever other tests run. */
struct hf_rng hf_rng_for(const char *name);

uint64_t hf_rng_next(struct hf_rng *rng);
/* 0 .. bound - 1, without bias; bound 0 gives 0 */
uint64_t hf_rng_below(struct hf_rng *rng, uint64_t bound);
int64_t hf_rng_range(struct hf_rng *rng, int64_t low, int64_t high); /* both included */
bool hf_rng_chance(struct hf_rng *rng, uint32_t numerator, uint32_t denominator);
void hf_rng_fill(struct hf_rng *rng, void *data, size_t len);

/* One round of splitmix64: a good mixer of small integers into seeds. */
uint64_t hf_rng_mix(uint64_t value);

#endif
