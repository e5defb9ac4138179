/* tier: medium */
/* Compound faults: many short random lives of a store, in each of which several things go wrong
 * one after the other. See lib/crash/compound.h.
 *
 * HF_COMPOUND_RUN=number, as a complaint prints it, walks that one alone and prints its steps;
 * HF_COMPOUND_RUNS says how many there are. */
#include <inttypes.h>

#include <errno.h>

#include "lib/crash/compound.h"
#include "lib/rng.h"
#include "lib/test.h"

enum { RUNS = 20000, REPORTS_MAX = 5 };

static uint64_t seed_of(uint64_t run)
{
	return hf_rng_mix(hf_test_seed() ^ hf_rng_mix(run));
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);
	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void print_figures(const struct compound_stats *s, uint64_t runs, uint64_t bad)
{
	printf("figure: compound faults: %" PRIu64 " runs, %" PRIu64 " openings (%" PRIu64
	       " failed), %" PRIu64 " faults, %" PRIu64 " kills, %" PRIu64 " evictions, %" PRIu64
	       " power cuts (%" PRIu64 " inside a call, %" PRIu64 " of them in an opening)\n",
	       runs, s->openings, s->failed_openings, s->faults, s->kills, s->evictions, s->cuts,
	       s->cuts_inside, s->cuts_in_opening);
	printf("figure: compound faults: %" PRIu64 " acknowledged, %" PRIu64 " uncertain, %" PRIu64
	       " refused, %" PRIu64 " clean stops, %" PRIu64 " rotations, %" PRIu64 " bad\n",
	       s->acknowledged, s->uncertain, s->refused, s->cleans, s->rotations, bad);
}

static void whatever_goes_wrong_what_was_acknowledged_stays(void **state)
{
	struct compound_stats stats = {0};
	const bool alone = getenv("HF_COMPOUND_RUN") != NULL;
	const uint64_t first = number_from("HF_COMPOUND_RUN", 0);
	const uint64_t runs = alone ? 1 : number_from("HF_COMPOUND_RUNS", RUNS);
	uint64_t bad = 0;
	(void)state;
	(void)hf_test_seed(); /* prints it first */
	for (uint64_t run = first; run < first + runs; run++) {
		char why[300];
		if (compound_run(seed_of(run), alone, &stats, why, sizeof why) == 0)
			continue;
		if (bad++ < REPORTS_MAX)
			(void)fprintf(
			    stderr, "WRONG: %s\n  rerun: HF_SEED=%" PRIu64 " HF_COMPOUND_RUN=%" PRIu64 " %s\n",
			    why, hf_test_seed(), run, program_invocation_name);
	}
	print_figures(&stats, runs, bad);
	assert_int_equal(bad, 0);
	if (alone || runs < RUNS)
		return;
	assert_true(stats.faults > runs && stats.cuts > runs && stats.kills > runs);
	assert_true(stats.cuts_in_opening > 0 && stats.failed_openings > 0 && stats.uncertain > 0 &&
	            stats.rotations > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whatever_goes_wrong_what_was_acknowledged_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
