/* tier: fast */
/* Two more laws over all domains, told by pairs of stores.
 *
 * Rule 4: a transaction does what its operations would do one after the other, and the first
 * that would be refused refuses it all, by its index and for the same reason. Payloads: whether
 * they are kept in memory or read from the log, an answer is the same; so is the length of a
 * segment. */
#include "lib/domains/asked.h"
#include "lib/test.h"
#include "store/internal.h"

enum { LIVES = 100, STEPS = 40 };

/* All that there is to read. */
static void agree_on_all(struct pair *pair, const struct deed *deeds, size_t count)
{
	for (unsigned read = 0; read < READS; read++) {
		struct said said[2] = {{.without_lsns = true}, {.without_lsns = true}};
		for (unsigned i = 0; i < 2; i++)
			ask_read(pair->stores[i], read, &said[i]);
		pair_agree(said, deeds, count, read);
	}
}

/* --- Transactions ----------------------------------------------------------------------------- */

/* One after the other, until one is refused; says what the transaction would have to say. false:
 * it was refused. */
static bool one_by_one(hf_store *s, const struct deed *deeds, size_t count, struct said *said)
{
	struct place places[ASK_TOGETHER] = {0};
	struct hf_error error = {0};
	int rc = HF_OK;
	size_t done = 0;
	while (done < count && rc == HF_OK) {
		rc = deed_perform(&deeds[done], s, NULL, HF_DURABLE, &places[done], &error);
		done += rc == HF_OK;
	}
	say_outcome(said, rc, (unsigned)done, error.text, places, count);
	return rc == HF_OK;
}

static void a_transaction_is_what_its_operations_are_one_by_one(void **state)
{
	struct hf_rng rng = hf_rng_for("transactions");
	unsigned committed = 0, refused = 0;
	(void)state;
	for (unsigned life = 0; life < 4 * LIVES; life++) {
		struct pair pair;
		const unsigned focus = (unsigned)hf_rng_below(&rng, DEED_KINDS);
		bool alike = true;
		pair_open(&pair);
		for (unsigned step = 0; step < STEPS && alike; step++) {
			struct deed deeds[2][ASK_TOGETHER] = {0};
			struct said said[2] = {{.without_lsns = true}, {.without_lsns = true}};
			pair_advance(&pair,
			             hf_rng_chance(&rng, 1, 3) ? hf_rng_range(&rng, 1, 12) * DEED_SECOND : 0);
			const size_t count = pair_draw(&pair, &rng, focus, deeds);
			if (count < 2)
				continue;
			ask_deeds(pair.stores[0], deeds[0], count, &said[0]);
			alike = one_by_one(pair.stores[1], deeds[1], count, &said[1]);
			pair_agree(said, deeds[0], count, READS);
			committed += alike;
			refused += !alike;
			if (alike)
				agree_on_all(&pair, deeds[0], count);
		}
		pair_close(&pair);
	}
	print_message("%u transactions were committed, %u refused\n", committed, refused);
	assert_true(committed > LIVES && refused > LIVES);
}

/* --- Payloads --------------------------------------------------------------------------------- */

static void where_a_payload_lies_changes_no_answer(void **state)
{
	struct hf_rng rng = hf_rng_for("payloads");
	(void)state;
	for (unsigned life = 0; life < LIVES; life++) {
		struct pair pair;
		const unsigned focus = (unsigned)hf_rng_below(&rng, DEED_KINDS);
		pair_open_with(&pair, (struct hf_options){0},
		               (struct hf_options){.inline_max = 1, .segment_size = 16 << 10});
		for (unsigned step = 0; step < STEPS; step++) {
			struct deed deeds[2][ASK_TOGETHER] = {0};
			struct said said[2] = {{0}, {0}};
			pair_advance(&pair,
			             hf_rng_chance(&rng, 1, 3) ? hf_rng_range(&rng, 1, 12) * DEED_SECOND : 0);
			if (hf_rng_chance(&rng, 1, 12))
				pair_reopen(&pair);
			const size_t count = pair_draw(&pair, &rng, focus, deeds);
			for (unsigned i = 0; i < 2 && count > 0; i++)
				ask_deeds(pair.stores[i], deeds[i], count, &said[i]);
			pair_agree(said, deeds[0], count, READS);
			if (step % 8 == 7)
				agree_on_all(&pair, deeds[0], count);
		}
		pair_close(&pair);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_transaction_is_what_its_operations_are_one_by_one),
	    cmocka_unit_test(where_a_payload_lies_changes_no_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
