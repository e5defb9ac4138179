/* tier: fast */
/* What is left of a damaged store: files lost, renamed, exchanged, doubled, cut, zeroed or of
 * another store, and bits flipped, each judged by what verifies. */
#include "lib/rng.h"
#include "lib/salvaged/salvaged.h"
#include "lib/test.h"
#include "log/format.h"

enum { FLIPS = 100 };

static const char *const kinds[] = {"log", "snapshot", "compacted"};

static void each_kind(void (*fn)(struct salvaged *s, const char *kind))
{
	for (unsigned kind = SALVAGED_LOG; kind <= SALVAGED_COMPACTED; kind++) {
		struct salvaged *s = salvaged_new(kind);
		fn(s, kinds[kind]);
		const struct salvaged_counts c = salvaged_counts(s);
		printf("figure: salvage, %s: %llu disks, %llu without a loss, %llu losses, %llu objects "
		       "kept, %llu gone\n",
		       kinds[kind], (unsigned long long)c.judged, (unsigned long long)c.whole,
		       (unsigned long long)c.losses, (unsigned long long)c.kept,
		       (unsigned long long)c.gone);
		salvaged_free(s);
	}
}

static void nothing_is_damaged(struct salvaged *s, const char *kind)
{
	salvaged_judge(s, "%s, whole", kind);
	assert_int_equal(salvaged_counts(s).whole, 1);
	assert_int_equal(salvaged_counts(s).gone, 0);
}

static void a_whole_store_loses_nothing(void **state)
{
	(void)state;
	each_kind(nothing_is_damaged);
}

static void remove_each(struct salvaged *s, const char *kind)
{
	uint64_t size;
	const char *name;
	for (size_t i = 0; (name = salvaged_file(s, i, &size)) != NULL; i++) {
		assert_true(sim_remove_file(salvaged_disk(s), name));
		salvaged_judge(s, "%s, %s removed", kind, name);
	}
}

static void what_other_files_hold_is_kept_when_one_is_gone(void **state)
{
	(void)state;
	each_kind(remove_each);
}

static void flip_some(struct salvaged *s, const char *kind)
{
	struct hf_rng rng = hf_rng_for(kind);
	uint64_t size;
	for (unsigned i = 0; i < FLIPS;) {
		const char *name = salvaged_file(s, hf_rng_below(&rng, 8), &size);
		if (!name || size == 0)
			continue;
		const uint64_t bit = hf_rng_below(&rng, size * 8);
		assert_true(sim_flip_bit(salvaged_disk(s), name, bit));
		salvaged_judge(s, "%s, bit %llu of %s flipped", kind, (unsigned long long)bit, name);
		i++;
	}
}

static void a_flipped_bit_costs_its_group_alone(void **state)
{
	(void)state;
	each_kind(flip_some);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_whole_store_loses_nothing),
	    cmocka_unit_test(what_other_files_hold_is_kept_when_one_is_gone),
	    cmocka_unit_test(a_flipped_bit_costs_its_group_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
