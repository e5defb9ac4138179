/* tier: fast */
/* What a transaction read is so at its commit, as a law over all reads of all domains: a read in a
 * transaction, then something else happens (an operation, time passes, an ending is logged, names
 * that are gone are forgotten), then the commit. If the same read outside says something else by
 * then, the commit was HF_ECONFLICT. If nothing happened, it was HF_OK; and so it is when the read
 * is made again after a conflict. */
#include "lib/domains/asked.h"
#include "lib/test.h"

enum { TRIALS = 600, HISTORY = 24 };

/* Names, snoozed records and tombstones: what ends by time is judged when it is read alone
 * (docs/interface/transactions.md). */
static bool ends_unguarded(unsigned which)
{
	static const unsigned reads[] = {7, 12, 14, 16, 22, 31, 36};
	for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++)
		if (reads[i] == which)
			return true;
	return false;
}

static void live_on(struct pair *pair, struct hf_rng *rng, unsigned focus)
{
	const size_t steps = 4 + hf_rng_below(rng, HISTORY);
	for (size_t i = 0; i < steps; i++) {
		const struct deed deed = deed_draw(rng, pair->stores[0], focus);
		struct place place = {0};
		(void)deed_perform(&deed, pair->stores[0], NULL, HF_DURABLE, &place, NULL);
		deed_release(&place);
		if (hf_rng_chance(rng, 1, 4))
			sim_advance(pair->sims[0], hf_rng_range(rng, 1, 12) * DEED_SECOND);
	}
}

/* Something, or nothing. Gives its words. */
static const char *happen(struct pair *pair, struct hf_rng *rng, unsigned focus,
                          char words[DEED_WORDS])
{
	hf_store *store = pair->stores[0];
	struct place place = {0};
	struct deed deed;
	switch (hf_rng_below(rng, 6)) {
	case 0:
		return "nothing";
	case 1:
		sim_advance(pair->sims[0], hf_rng_range(rng, 1, 30) * DEED_SECOND);
		return "time";
	case 2:
		assert_int_equal(hf_maintain(store, 0, NULL), HF_OK);
		return "upkeep";
	case 3:
		sim_advance(pair->sims[0], hf_rng_range(rng, 1, 30) * DEED_SECOND);
		assert_int_equal(hf_maintain(store, 0, NULL), HF_OK);
		return "time and upkeep";
	default:
		deed = deed_draw(rng, store, focus);
		(void)deed_perform(&deed, store, NULL, HF_OS, &place, NULL);
		deed_release(&place);
		return deed_words(&deed, words);
	}
}

struct reading {
	hf_txn *txn;
	struct said before, after;
};

static void begin(hf_store *store, unsigned which, struct reading *r)
{
	memset(r, 0, sizeof *r);
	assert_int_equal(hf_txn_begin(store, &r->txn, NULL), HF_OK);
	ask_read(hf_txn_reads(r->txn), which, &r->before);
}

/* How the commit answered, which must be right. */
static int judge(struct reading *r, unsigned trial, unsigned which, const char *what)
{
	struct hf_error error = {0};
	const int rc = hf_txn_commit(r->txn, HF_OS, &error);
	const bool differs = strcmp(r->before.text, r->after.text) != 0;
	if (differs && rc != HF_ECONFLICT && !(ends_unguarded(which) && strncmp(what, "time", 4) == 0))
		fail_msg("trial %u, read %u: \"%s\", then %s: \"%s\", but the commit is %s", trial, which,
		         r->before.text, what, r->after.text, hf_code_name(rc));
	if (strcmp(what, "nothing") == 0 && rc != HF_OK)
		fail_msg("trial %u, read %u: nothing happened, but the commit is %s", trial, which,
		         error.text);
	assert_true(rc == HF_OK || (rc == HF_ECONFLICT && error.operation == HF_OPERATION_READ));
	return rc;
}

static void what_was_read_is_so_at_the_commit(void **state)
{
	static struct reading readings[READS];
	struct hf_rng rng = hf_rng_for("transact law");
	unsigned differed = 0, conflicts = 0;
	(void)state;
	for (unsigned trial = 0; trial < TRIALS; trial++) {
		struct pair pair;
		char words[DEED_WORDS];
		pair_open(&pair);
		hf_store *store = pair.stores[0];
		const unsigned focus = (unsigned)hf_rng_below(&rng, DEED_KINDS);
		live_on(&pair, &rng, focus);
		for (unsigned i = 0; i < READS; i++)
			begin(store, i, &readings[i]);
		const char *what = happen(&pair, &rng, focus, words);
		for (unsigned i = 0; i < READS; i++)
			ask_read(store, i, &readings[i].after);
		for (unsigned i = 0; i < READS; i++) {
			conflicts += judge(&readings[i], trial, i, what) != HF_OK;
			differed += strcmp(readings[i].before.text, readings[i].after.text) != 0;
			begin(store, i, &readings[i]); /* again: now it is so */
			readings[i].after = readings[i].before;
			assert_int_equal(judge(&readings[i], trial, i, "nothing"), HF_OK);
		}
		pair_close(&pair);
	}
	print_message("%u of %u answers differed, %u conflicts\n", differed, TRIALS * READS, conflicts);
	assert_true(differed > TRIALS / 2 && conflicts < differed * 4);
}

/* --- Operations ------------------------------------------------------------------------------- */

/* An operation takes the transaction's handle as it takes the store's. */
static void operations_take_either_handle(void **state)
{
	struct hf_rng rng = hf_rng_for("transact handles");
	struct pair pair;
	(void)state;
	pair_open(&pair);
	for (unsigned trial = 0; trial < TRIALS; trial++) {
		static struct said said[2];
		struct deed deeds[2][ASK_TOGETHER];
		const size_t count = pair_draw(&pair, &rng, trial % DEED_KINDS, deeds);
		memset(said, 0, sizeof said);
		for (unsigned i = 0; i < 2; i++) {
			struct place places[ASK_TOGETHER] = {0};
			struct hf_error error = {0};
			hf_txn *txn;
			assert_int_equal(hf_txn_begin(pair.stores[i], &txn, NULL), HF_OK);
			hf_store *handle = i == 0 ? pair.stores[0] : hf_txn_reads(txn);
			for (size_t j = 0; j < count; j++)
				assert_int_equal(
				    deed_perform(&deeds[i][j], handle, txn, HF_DURABLE, &places[j], &error), HF_OK);
			const int rc = hf_txn_commit(txn, HF_OS, &error);
			say_outcome(&said[i], rc, error.operation, error.text, places, count);
		}
		pair_agree(said, deeds[0], count, 0);
		pair_advance(&pair, hf_rng_range(&rng, 0, 3) * DEED_SECOND);
	}
	pair_close(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_read_is_so_at_the_commit),
	    cmocka_unit_test(operations_take_either_handle),
	};
	return cmocka_run_group_tests_name("transact law", tests, NULL, NULL);
}
