/* tier: fast */
/* Rule 11 as a law over all domains: that an ending is logged changes no answer.
 *
 * Two stores live the same life. In one of them every ending is logged as soon as it is due; the
 * other never has any upkeep. Whatever is asked of them, operations and reads, alone and
 * together, they say the same; the clock moves on, and both are closed and opened again. */
#include "lib/domains/asked.h"
#include "lib/test.h"
#include "store/internal.h"

enum { LIVES = 150, STEPS = 40 };

static void ask(struct pair *pair, struct hf_rng *rng, unsigned focus)
{
	struct deed deeds[2][ASK_TOGETHER] = {0};
	struct said said[2];
	const size_t count = pair_draw(pair, rng, focus, deeds);
	const unsigned read = (unsigned)hf_rng_below(rng, READS);
	for (unsigned i = 0; i < 2; i++) {
		said[i] = (struct said){.without_lsns = true, .without_counts = true};
		if (count == 0)
			ask_read(pair->stores[i], read, &said[i]);
		else
			ask_deeds(pair->stores[i], deeds[i], count, &said[i]);
	}
	pair_agree(said, deeds[0], count, read);
}

static void that_an_ending_is_logged_changes_no_answer(void **state)
{
	struct hf_rng rng = hf_rng_for("endings");
	uint64_t logged = 0;
	(void)state;
	for (unsigned life = 0; life < LIVES; life++) {
		struct pair pair;
		const unsigned focus = (unsigned)hf_rng_below(&rng, DEED_KINDS);
		pair_open(&pair);
		for (unsigned step = 0; step < STEPS; step++) {
			const int64_t later =
			    hf_rng_chance(&rng, 1, 3) ? hf_rng_range(&rng, 1, 12) * DEED_SECOND : 0;
			pair_advance(&pair, later);
			if (hf_rng_chance(&rng, 1, 12)) {
				/* Stamps may be microseconds ahead of the clock. Who is opened in that time
				 * begins there, and stays ahead by so much as long as it writes something, an
				 * ending too: that is no answer about the ending. */
				pair_advance(&pair, DEED_SECOND);
				pair_reopen(&pair);
			}
			const hf_lsn before = pair.stores[0]->world.next_lsn;
			assert_int_equal(hf_maintain(pair.stores[0], 0, NULL), HF_OK);
			logged += pair.stores[0]->world.next_lsn - before;
			ask(&pair, &rng, focus);
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
