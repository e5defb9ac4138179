/* tier: medium */
/* One bit in sixteen of a store flipped, alone, beginning at another bit on every run;
 * tests/long flips every bit. */
#include <inttypes.h>
#include <sys/random.h>

#include "lib/crash/damage.h"
#include "lib/rng.h"
#include "lib/test.h"

enum { STEP = 16 };

/* A plain run draws a seed of its own, so that runs add up to the whole; hf_test_seed prints it. */
static void draw_seed(void)
{
	uint64_t drawn;
	char text[32];
	if (getenv("HF_SEED") || getrandom(&drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)
		return;
	snprintf(text, sizeof text, "%" PRIu64, drawn);
	assert_int_equal(setenv("HF_SEED", text, 0), 0);
}

static void bits_flipped_are_refused_or_harmless(void **state)
{
	(void)state;
	draw_seed();
	struct hf_rng rng = hf_rng_for("flips");
	struct damage *damage = damage_new(0);
	const uint64_t phase = hf_rng_below(&rng, STEP);
	damage_flips(damage, phase, STEP);
	damage_report(damage, "one bit in 16 flipped");
	printf("figure: damage, flips: bits %" PRIu64 " of every %d, of %" PRIu64 " bits\n", phase,
	       STEP, damage_bits(damage));
	const struct damage_counts counts = damage_counts(damage);
	assert_true(counts.opened == damage_bits(damage) / STEP);
	/* Nearly all of a full log matters; zeros behind its ends and the older word of the witness
	 * do not. */
	assert_true(counts.corrupt > counts.opened / 10 * 9);
	assert_true(counts.harmless > 4096 / STEP);
	damage_free(damage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bits_flipped_are_refused_or_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
