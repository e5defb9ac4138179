/* tier: long */
/* Every bit of a store flipped, alone: the odd half; see test_damage_flips_a.c. */
#include "lib/crash/damage.h"
#include "lib/test.h"

static void every_odd_bit_flipped_is_refused_or_harmless(void **state)
{
	(void)state;
	struct damage *damage = damage_new(0);
	damage_flips(damage, 1, 2);
	damage_report(damage, "odd bits flipped");
	const struct damage_counts counts = damage_counts(damage);
	assert_true(counts.opened == damage_bits(damage) / 2);
	assert_true(counts.corrupt > counts.opened / 10 * 9);
	assert_true(counts.harmless > 4096 / 2);
	damage_free(damage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_odd_bit_flipped_is_refused_or_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
