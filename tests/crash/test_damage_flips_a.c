/* tier: long */
/* Every bit of a store flipped, alone: the even half. The odd half is test_damage_flips_b.c, so
 * that two processors share the work. */
#include "lib/crash/damage.h"
#include "lib/test.h"

static void every_even_bit_flipped_is_refused_or_harmless(void **state)
{
	(void)state;
	struct damage *damage = damage_new(0);
	damage_flips(damage, 0, 2);
	damage_report(damage, "even bits flipped");
	const struct damage_counts counts = damage_counts(damage);
	assert_true(counts.opened == damage_bits(damage) / 2);
	/* Nearly all of a full log matters; zeros behind its ends and the older word of the witness
	 * do not. */
	assert_true(counts.corrupt > counts.opened / 10 * 9);
	assert_true(counts.harmless > 4096 / 2);
	damage_free(damage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_even_bit_flipped_is_refused_or_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
