/* Random work: a step runs one random operation (churn_ops.c), or a few in a transaction, and
 * looks at the code that comes back. */
#include "lib/churn/churn_ops.h"
#include "lib/test.h"

/* What the contract lets an operation on arbitrary objects answer. */
static void judge(struct churn *c, int rc)
{
	c->refused += rc != HF_OK;
	if (rc == HF_OK || rc == HF_ENOTFOUND || rc == HF_ECONFLICT || rc == HF_ECLAIMED ||
	    rc == HF_ESTALE || rc == HF_ENONMONOTONIC || rc == HF_EHELD || rc == HF_EBLOCKED)
		return;
	fail_msg("step %llu answered %s", (unsigned long long)c->steps, hf_code_name(rc));
}

static void remember(struct churn *c, const char *in, const struct hf_outbox_item *claimed)
{
	struct churn_claim *claim =
	    &c->claims[c->claim_count < CHURN_CLAIMS ? c->claim_count++ : churn_below(c, CHURN_CLAIMS)];
	memcpy(claim->queue, in, sizeof claim->queue);
	assert_true(claimed->id.len < sizeof claim->id);
	memcpy(claim->id, claimed->id.data, claimed->id.len);
	claim->id[claimed->id.len] = '\0';
	claim->token = claimed->token;
}

static void take_claims(struct churn *c, bool committed)
{
	for (size_t i = 0; i < c->out_count; i++) {
		for (size_t j = 0; committed && j < c->outs[i].count; j++)
			remember(c, c->out_queues[i], &c->outs[i].items[j]);
		hf_release(c->outs[i].memory);
		c->outs[i] = (struct hf_outbox_items){0};
	}
	c->out_count = 0;
	churn_idem_take(c, committed);
	churn_lock_take(c, committed);
	c->used = 0;
}

static void run_transaction(struct churn *c, hf_store *store)
{
	hf_txn *txn = NULL;
	assert_int_equal(hf_txn_begin(store, &txn, NULL), HF_OK);
	for (uint64_t left = 1 + churn_below(c, 4); left > 0; left--)
		assert_int_equal(churn_any_op(c)(c, store, txn), HF_OK); /* refusals come at the commit */
	if (churn_percent(c, 5)) {
		hf_txn_abandon(txn);
		take_claims(c, false);
		return;
	}
	const int rc = hf_txn_commit(txn, churn_percent(c, 20) ? HF_OS : HF_DURABLE, NULL);
	judge(c, rc);
	take_claims(c, rc == HF_OK);
}

void churn_step(struct churn *churn, hf_store *store)
{
	churn->steps++;
	if (churn_percent(churn, 20)) {
		run_transaction(churn, store);
		return;
	}
	const int rc = churn_any_op(churn)(churn, store, NULL);
	judge(churn, rc);
	take_claims(churn, rc == HF_OK);
}

void churn_nudge(struct churn *churn, hf_store *store)
{
	const struct hf_cursor_advance_args args = {
	    .key = {.consumer = hf_str("nudge"), .stream = hf_str("str0")},
	    .sequence = ++churn->sequence,
	    .delivery_id = hf_str("n")};
	struct hf_result result;
	assert_int_equal(hf_cursor_advance(store, NULL, &args, &result, NULL), HF_OK);
	assert_true(result.changed);
}

void churn_fill(struct churn *churn, hf_store *store, size_t len)
{
	char id[24];
	struct hf_result result;
	assert_true(len <= churn->big_max);
	hf_rng_fill(&churn->rng, churn->bytes, len);
	(void)snprintf(id, sizeof id, "fill%llu", (unsigned long long)++churn->steps);
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str("fill"), .id = hf_str(id), .payload = hf_bytes_of(churn->bytes, len)};
	assert_int_equal(hf_outbox_enqueue(store, NULL, &args, &result, NULL), HF_OK);
	assert_true(result.changed);
}

void churn_init(struct churn *churn, const char *of, unsigned big_percent, size_t big_max)
{
	*churn = (struct churn){.rng = hf_rng_for(of), .big_percent = big_percent, .big_max = big_max};
	assert_true(big_max >= 300 && big_max <= CHURN_BYTES / 64);
	churn->bytes = malloc(CHURN_BYTES);
	assert_non_null(churn->bytes);
}

void churn_deinit(struct churn *churn)
{
	free(churn->bytes);
	churn->bytes = NULL;
}
