/* Rule 11 as a law over all domains: that an ending is logged changes no answer.
 *
 * Two stores live the same life. In one of them every ending is logged as soon as it is due; the other never has any upkeep. Whatever is asked of
 * them, operations and reads, alone and together, they say the same; the clock moves on, and both are closed and opened again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/asked.h"
#include "store/internal.h"

enum { LIVES = 150, STEPS = 40 };

static void reopen(struct pair *pair)
{
	const struct hf_options options = {.no_background = true};
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(hf_close(pair->stores[i], NULL), HF_OK);
		assert_int_equal(hf__store_open(sim_os(pair->sims[i]), hf__all_domains(), &options, &pair->stores[i], NULL), HF_OK);
	}
}

/* The same deeds for each store, with the tokens that are its own. */
static void ask(struct pair *pair, struct hf_rng *rng, unsigned focus, struct said said[2])
{
	struct deed deeds[2][ASK_TOGETHER] = {0};
	const size_t count = hf_rng_below(rng, ASK_TOGETHER + 1); /* 0: a read */
	const unsigned which = (unsigned)hf_rng_below(rng, READS);
	for (size_t i = 0; i < count; i++) {
		deeds[0][i] = deeds[1][i] = deed_draw(rng, pair->stores[0], focus);
		if (deeds[0][i].token != 1)
			deeds[1][i].token = deed_token(&deeds[1][i], pair->stores[1]);
	}
	for (unsigned i = 0; i < 2; i++) {
		said[i] = (struct said){.without_lsns = true, .without_counts = true};
		if (count == 0)
			ask_read(pair->stores[i], which, &said[i]);
		else
			ask_deeds(pair->stores[i], deeds[i], count, &said[i]);
	}
	if (strcmp(said[0].text, said[1].text) != 0)
		fail_msg("%zu asked (kind %u flag %u other %u name %u, read %u): \"%s\" with endings logged, \"%s\" without", count,
		         deeds[0][0].which, deeds[0][0].flag, deeds[0][0].other, deeds[0][0].name, which, said[0].text, said[1].text);
}

static void that_an_ending_is_logged_changes_no_answer(void **state)
{
	struct hf_rng rng = hf_rng_for("endings");
	struct said said[2];
	uint64_t logged = 0;
	(void)state;
	for (unsigned life = 0; life < LIVES; life++) {
		struct pair pair;
		const unsigned focus = (unsigned)hf_rng_below(&rng, DEED_KINDS);
		pair_open(&pair);
		for (unsigned step = 0; step < STEPS; step++) {
			const int64_t later = hf_rng_chance(&rng, 1, 3) ? hf_rng_range(&rng, 1, 12) * DEED_SECOND : 0;
			sim_advance(pair.sims[0], later);
			sim_advance(pair.sims[1], later);
			if (hf_rng_chance(&rng, 1, 12))
				reopen(&pair);
			const hf_lsn before = pair.stores[0]->next_lsn;
			assert_int_equal(hf_maintain(pair.stores[0], 0, NULL), HF_OK);
			logged += pair.stores[0]->next_lsn - before;
			ask(&pair, &rng, focus, said);
		}
		pair_close(&pair);
	}
	print_message("%llu endings were logged\n", (unsigned long long)logged);
	assert_true(logged > LIVES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(that_an_ending_is_logged_changes_no_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
