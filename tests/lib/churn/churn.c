/* See churn.h. */
#include "lib/churn/churn.h"

#include "lib/test.h"

/* What the contract lets an operation on arbitrary objects answer. */
static void judge(struct churn *c, int rc)
{
	c->refused += rc != HF_OK;
	if (rc == HF_OK || rc == HF_ENOTFOUND || rc == HF_ECONFLICT || rc == HF_ECLAIMED ||
	    rc == HF_ESTALE || rc == HF_ENONMONOTONIC || rc == HF_EHELD || rc == HF_EBLOCKED)
		return;
	fail_msg("step %llu, %s answered %s", (unsigned long long)c->steps,
	         c->slots[c->slot_count - 1].args.call->name, hf_code_name(rc));
}

/* --- What was granted ------------------------------------------------------------------------- */

/* The two parts of the key that a token is for; the first of a lock is its name. */
static void key_parts(struct op_args *args, struct hf_bytes *parts[2])
{
	parts[0] = op_member(args, "queue");
	parts[1] = op_member(args, "id");
	if (!parts[0])
		parts[0] = op_member(args, "name");
	if (!parts[0]) {
		parts[0] = op_member(args, "key.scope");
		parts[1] = op_member(args, "key.key");
	}
}

static void remember(struct churn *c, struct churn_slot *slot, const struct hf_bytes *id,
                     hf_token token)
{
	struct hf_bytes *parts[2];
	struct churn_claim claim = {.domain = slot->args.call->name[3], .token = token};
	key_parts(&slot->args, parts);
	for (unsigned i = 0; i < 2; i++) {
		const struct hf_bytes *part = i == 1 && id ? id : parts[i];
		assert_true(!part || part->len < sizeof claim.part[i]);
		if (part)
			memcpy(claim.part[i], part->data, part->len);
	}
	c->claims[c->claim_count < CHURN_CLAIMS ? c->claim_count++
	                                        : op_random_below(&c->random, CHURN_CLAIMS)] = claim;
}

/* The step is over: keeps the tokens that it was granted, frees what it was given. */
static void take(struct churn *c, hf_store *store, int rc)
{
	const bool committed = rc == HF_OK;
	for (size_t i = 0; i < c->slot_count; i++) {
		struct churn_slot *slot = &c->slots[i];
		const struct hf_api_call *call = slot->args.call;
		const struct hf_outbox_items *items = (const void *)slot->answer.bytes;
		const struct hf_idempotency_begun *begun = (const void *)slot->answer.bytes;
		if (committed && call->fills && call->name[3] == 'o')
			for (size_t j = 0; j < items->count; j++)
				remember(c, slot, &items->items[j].id, items->items[j].token);
		else if (committed && call->fills && begun->outcome == HF_IDEMPOTENCY_NEW)
			remember(c, slot, NULL, begun->token);
		else if (committed && call->name[3] == 'l' && slot->result.token)
			remember(c, slot, NULL, slot->result.token);
		op_release(call, &slot->answer);
		returned_check(&slot->returned, &slot->args, store, rc, c->slot_count == 1);
	}
	c->slot_count = 0;
	c->random.used = 0;
}

/* With a token that was granted once, or with none at all. */
static void hold(struct churn *c, struct op_args *args, hf_token *token)
{
	struct hf_bytes *parts[2];
	const size_t from = c->claim_count ? (size_t)op_random_below(&c->random, c->claim_count) : 0;
	*token = 1;
	key_parts(args, parts);
	for (size_t i = 0; i < c->claim_count; i++) {
		const struct churn_claim *claim = &c->claims[(from + i) % c->claim_count];
		if (claim->domain != args->call->name[3])
			continue;
		*parts[0] = hf_str(claim->part[0]);
		if (parts[1])
			*parts[1] = hf_str(claim->part[1]);
		*token = claim->token;
		return;
	}
}

/* --- Steps ------------------------------------------------------------------------------------ */

/* Operations on many objects take no expected version, nor do ids that are no objects. */
static bool is_on_one_object(struct op_args *args)
{
	static const char *const paths[] = {"key", "id", "name", "item", "leave"};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		if (op_member(args, paths[i]))
			return strcmp(args->call->name, "hf_outbox_put_completed") != 0;
	return strcmp(args->call->name, "hf_inbox_set_status") == 0;
}

static int run_one(struct churn *c, hf_store *store, hf_txn *txn)
{
	struct op_random *r = &c->random;
	struct churn_slot *slot = &c->slots[c->slot_count++];
	op_random_fill(r, op_random_draw(r, NULL), &slot->args);
	struct hf_write *write = op_write(&slot->args);
	hf_token *token = op_member(&slot->args, "token");
	write->durability = op_random_percent(r, 20) ? HF_OS : HF_DURABLE;
	if (is_on_one_object(&slot->args) && op_random_percent(r, 4))
		write->expect = op_random_percent(r, 50) ? HF_ABSENT : 1 + op_random_below(r, 50);
	if (token)
		hold(c, &slot->args, token);
	slot->returned = (struct returned){0};
	if (c->steps % 2 == 0)
		returned_ask(&slot->returned, &slot->args, c->steps % 4 == 0);
	return op_run(&slot->args, store, txn, 0, &slot->answer, &slot->result, NULL);
}

static void run_transaction(struct churn *c, hf_store *store)
{
	hf_txn *txn = NULL;
	assert_int_equal(hf_txn_begin(store, &txn, NULL), HF_OK);
	for (uint64_t left = 1 + op_random_below(&c->random, CHURN_TOGETHER); left > 0; left--)
		assert_int_equal(run_one(c, store, txn), HF_OK); /* refusals come at the commit */
	if (op_random_percent(&c->random, 5)) {
		hf_txn_abandon(txn);
		take(c, store, HF_ECANCELED);
		return;
	}
	const int rc = hf_txn_commit(txn, op_random_percent(&c->random, 20) ? HF_OS : HF_DURABLE, NULL);
	judge(c, rc);
	take(c, store, rc);
}

void churn_step(struct churn *churn, hf_store *store)
{
	churn->steps++;
	if (op_random_percent(&churn->random, 20)) {
		run_transaction(churn, store);
		return;
	}
	const int rc = run_one(churn, store, NULL);
	judge(churn, rc);
	take(churn, store, rc);
}

void churn_nudge(struct churn *churn, hf_store *store)
{
	const struct hf_cursor_advance_args args = {
	    .key = {.consumer = hf_str("nudge"), .stream = hf_str("str0")},
	    .sequence = ++churn->random.sequence,
	    .delivery_id = hf_str("n")};
	struct hf_result result = {0};
	assert_int_equal(hf_cursor_advance(store, NULL, &args, &result, NULL), HF_OK);
	assert_true(result.changed);
}

void churn_fill(struct churn *churn, hf_store *store, size_t len)
{
	char id[24];
	struct hf_result result = {0};
	assert_true(len <= churn->random.big_max);
	hf_rng_fill(&churn->random.rng, churn->random.bytes, len);
	(void)snprintf(id, sizeof id, "fill%llu", (unsigned long long)++churn->steps);
	const struct hf_outbox_enqueue_args args = {.queue = hf_str("fill"),
	                                            .id = hf_str(id),
	                                            .payload = hf_bytes_of(churn->random.bytes, len)};
	assert_int_equal(hf_outbox_enqueue(store, NULL, &args, &result, NULL), HF_OK);
	assert_true(result.changed);
}

void churn_init(struct churn *churn, const char *of, unsigned big_percent, size_t big_max)
{
	*churn = (struct churn){
	    .random = {.rng = hf_rng_for(of), .big_percent = big_percent, .big_max = big_max}};
	assert_true(big_max >= 300 && big_max <= OP_ROOM / 64);
	churn->random.bytes = malloc(OP_ROOM);
	assert_non_null(churn->random.bytes);
}

void churn_deinit(struct churn *churn)
{
	free(churn->random.bytes);
	churn->random.bytes = NULL;
}

struct stage *churn_begin(struct churn *churn, const char *name, struct hf_options options,
                          size_t big_max, unsigned steps)
{
	options.segment_size = CHURN_SEGMENT;
	struct stage *stage = stage_open_with(SETTING_REOPENED, &options);
	churn_init(churn, name, big_max > 300 ? 30 : 0, big_max);
	for (unsigned i = 0; i < steps; i++)
		churn_step(churn, stage->store);
	return stage;
}

void churn_end(struct churn *churn, struct stage *stage)
{
	churn_deinit(churn);
	stage_close(stage);
}
