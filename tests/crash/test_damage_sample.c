/* tier: fast */
/* A sample of the damage that tests/medium/test_damage_*.c does in full: bits far apart, lengths
 * far apart, both ways of padding. */
#include "lib/crash/damage.h"
#include "lib/rng.h"
#include "lib/test.h"

enum { FLIP_STEP = 3001, CUT_STEP = 1009 };

static uint64_t phase;

static void cut_some(struct damage *damage, const char *name, uint64_t size)
{
	(void)size;
	damage_truncations(damage, name, CUT_STEP, phase);
}

static void sample(uint32_t pad, const char *title)
{
	struct hf_rng rng = hf_rng_for(title);
	struct damage *damage = damage_new(pad);
	phase = hf_rng_below(&rng, CUT_STEP);
	damage_flips(damage, hf_rng_below(&rng, FLIP_STEP), FLIP_STEP);
	damage_each_file(damage, cut_some);
	damage_rot(damage, 50);
	damage_report(damage, title);
	const struct damage_counts counts = damage_counts(damage);
	assert_true(counts.opened >= damage_bits(damage) / FLIP_STEP);
	assert_true(counts.corrupt > counts.opened / 2);
	damage_free(damage);
}

static void damage_is_refused_or_harmless_without_padding(void **state)
{
	(void)state;
	sample(0, "a sample");
}

static void damage_is_refused_or_harmless_with_padding(void **state)
{
	(void)state;
	sample(512, "a sample, padded");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(damage_is_refused_or_harmless_without_padding),
	    cmocka_unit_test(damage_is_refused_or_harmless_with_padding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
