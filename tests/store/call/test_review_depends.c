/* tier: fast */
/* Rule 2 as a law over all domains: whatever an answer could have been told apart by, it waits
 * for.
 *
 * Two stores have the same history. In one of them something more is changed, durably, and left
 * undurable. Then both are asked the same: an operation that asks for no more than the kernel, a
 * transaction of several, or a read. If the answers differ, then the first one rests on that
 * change, and the change must be durable by now. Nobody has to know which object an answer
 * depends on: the other store tells. */
#include "lib/domains/asked.h"
#include "lib/test.h"
#include "store/internal.h"

enum { TRIALS = 1000, HISTORY = 24 };

/* --- The law ---------------------------------------------------------------------------------- */

static void live_on(struct pair *pair, struct hf_rng *rng, unsigned focus)
{
	const size_t steps = 4 + hf_rng_below(rng, HISTORY);
	for (size_t i = 0; i < steps; i++) {
		const struct deed deed = deed_draw(rng, pair->stores[0], focus);
		const int64_t later = hf_rng_chance(rng, 1, 4) ? hf_rng_range(rng, 1, 12) * DEED_SECOND : 0;
		int rc[2];
		for (unsigned j = 0; j < 2; j++) {
			struct place place = {0};
			rc[j] = deed_perform(&deed, pair->stores[j], NULL, HF_DURABLE, &place, NULL);
			deed_release(&place);
			sim_advance(pair->sims[j], later);
		}
		assert_int_equal(rc[0], rc[1]);
	}
}

static hf_lsn last_lsn(const hf_store *s)
{
	return s->world.next_lsn - 1;
}

/* Something more, durable when anybody waits for it, which nobody does. false: it changed
 * nothing. */
static bool change_more(hf_store *s, const struct deed *deed)
{
	struct place place = {0};
	struct hf__ticket ticket;
	hf_txn *txn;
	const hf_lsn before = last_lsn(s);
	assert_int_equal(hf_txn_begin(s, &txn, NULL), HF_OK);
	assert_int_equal(deed_perform(deed, s, txn, HF_DURABLE, &place, NULL), HF_OK);
	const int rc = hf__submit(s, txn, HF_DURABLE, &ticket, NULL);
	deed_release(&place);
	return rc == HF_OK && last_lsn(s) > before;
}

static void what_can_be_told_from_an_answer_is_durable(void **state)
{
	struct hf_rng rng = hf_rng_for("answers");
	unsigned told = 0, changes = 0;
	(void)state;
	for (unsigned trial = 0; trial < TRIALS; trial++) {
		struct pair pair;
		struct said said[2] = {0};
		char words[2][DEED_WORDS];
		struct deed deeds[ASK_TOGETHER] = {0};
		pair_open(&pair);
		const unsigned focus = (unsigned)hf_rng_below(&rng, DEED_KINDS);
		live_on(&pair, &rng, focus);
		const struct deed more = deed_draw(&rng, pair.stores[0], focus);
		const size_t count = hf_rng_below(&rng, ASK_TOGETHER + 1); /* 0: a read */
		const unsigned which = (unsigned)hf_rng_below(&rng, READS);
		for (size_t i = 0; i < count; i++)
			deeds[i] = deed_draw(&rng, pair.stores[1], focus);
		if (change_more(pair.stores[0], &more)) {
			const hf_lsn due = last_lsn(pair.stores[0]);
			for (unsigned i = 0; i < 2; i++)
				count == 0 ? ask_read(pair.stores[i], which, &said[i])
				           : ask_deeds(pair.stores[i], deeds, count, &said[i]);
			const hf_lsn durable = atomic_load(&pair.stores[0]->durable_lsn);
			const bool differ = strcmp(said[0].text, said[1].text) != 0;
			changes++;
			told += differ;
			if (differ && durable < due)
				fail_msg("trial %u: %s came before, %zu asked (%s, read %u), and \"%s\" was said "
				         "instead of \"%s\" while LSN %llu was not durable, only %llu",
				         trial, deed_words(&more, words[0]), count,
				         count ? deed_words(&deeds[0], words[1]) : "", which, said[0].text,
				         said[1].text, (unsigned long long)due, (unsigned long long)durable);
		}
		pair_close(&pair);
	}
	print_message("%u changes, %u of them told\n", changes, told);
	assert_true(changes > TRIALS / 3 && told > TRIALS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_can_be_told_from_an_answer_is_durable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
