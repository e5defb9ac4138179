/* See history_acts.h. */
#include "lib/history/history_acts.h"

#include <stdio.h>

static struct hf_bytes name_of(unsigned object)
{
	static const char *const names[HISTORY_OBJECTS] = {"item-1", "item-2", "lock-1", "lock-2",
	                                                   "key-1",  "key-2",  "cursor", "accounts"};
	return hf_str(names[object]);
}

static struct hf_bytes owner_of(const struct act *act)
{
	static const char *const names[] = {"t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8"};
	return hf_str(names[act->thread % (sizeof names / sizeof names[0])]);
}

/* Each item has a queue of its own, so that a claim of the next is about one object. */
static struct hf_bytes queue_of(const struct act *act)
{
	return name_of(act->object);
}

static int64_t lease_of(const struct act *act)
{
	return act->leased ? HISTORY_LEASE_US : 0;
}

static uint64_t instant_now(struct target *target)
{
	return atomic_fetch_add(target->instant, 1) + 1;
}

/* --- Drawing ---------------------------------------------------------------------------------- */

void act_draw(struct act *act, struct target *target, struct hf_rng *rng)
{
	struct tokens *tokens = &target->tokens[act->object];
	const unsigned newest = atomic_load(&tokens->next) + TOKENS_KEPT - 1;
	const unsigned back = hf_rng_below(rng, 4) ? 0 : (unsigned)hf_rng_below(rng, TOKENS_KEPT);
	act->token = atomic_load(&tokens->ring[(newest - back) % TOKENS_KEPT]);
	act->leased = hf_rng_below(rng, 2) == 0;
	/* Sequences go up slowly, so that many are equal to the position or behind it. */
	act->number = 1 + (int64_t)hf_rng_below(rng, act->name == ACT_ADVANCE ? 40
	                                             : act->name == ACT_MOVE  ? HISTORY_MOVES
	                                                                      : 2);
	if (act->token == 0)
		act->token = 1;
}

static void keep_token(struct act *act, struct target *target, hf_token token)
{
	struct tokens *tokens = &target->tokens[act->object];
	act->given = token;
	if (act->code == HF_OK && token)
		atomic_store(&tokens->ring[atomic_fetch_add(&tokens->next, 1) % TOKENS_KEPT], token);
}

/* --- Waits ------------------------------------------------------------------------------------ */

static int start_wait(const struct act *act, const struct target *target, hf_wait **wait)
{
	const struct hf_outbox_claim_next_args claim = {
	    .queue = queue_of(act), .owner = owner_of(act), .lease_us = lease_of(act), .wait_us = -1};
	const struct hf_lock_acquire_args acquire = {.name = name_of(act->object),
	                                             .owner = owner_of(act),
	                                             .lease_us = lease_of(act),
	                                             .wait_us = -1};
	return act->name == ACT_WAIT_CLAIM
	           ? hf_outbox_claim_next_start(target->store, &claim, wait, NULL)
	           : hf_lock_acquire_start(target->store, &acquire, wait, NULL);
}

static int take_wait(const struct act *act, hf_wait *wait, hf_token *token)
{
	struct hf_outbox_items items = {0};
	struct hf_result result = {0};
	const int rc = act->name == ACT_WAIT_CLAIM ? hf_outbox_claim_next_take(wait, &items, NULL, NULL)
	                                           : hf_lock_acquire_take(wait, &result, NULL);
	*token = items.count > 0 ? items.items[0].token : result.token;
	hf_release(items.memory);
	return rc;
}

/* Waits a moment, then cancels, or takes what it got. Number 1 of 2 cancels in any case. */
static void do_wait(struct act *act, struct target *target)
{
	hf_wait *wait = NULL;
	hf_token token = 0;
	act->code = start_wait(act, target, &wait);
	if (act->code != HF_OK)
		return;
	const int ended = hf_wait_block(wait, act->number == 1 ? 0 : 100, NULL);
	act->cancels = act->number == 1 || ended != HF_OK ? instant_now(target) : 0;
	/* Nothing takes it meanwhile. */
	act->code = act->cancels ? hf_wait_cancel(wait, NULL) : HF_OK;
	if (act->code == HF_OK)
		act->code = take_wait(act, wait, &token);
	keep_token(act, target, token);
	hf_wait_free(wait);
}

/* --- Items ------------------------------------------------------------------------------------ */

static void do_claim(struct act *act, struct target *target)
{
	const struct hf_outbox_claim_args args = {.queue = queue_of(act),
	                                          .id = name_of(act->object),
	                                          .owner = owner_of(act),
	                                          .lease_us = lease_of(act)};
	struct hf_result result = {0};
	act->code = hf_outbox_claim(target->store, NULL, &args, NULL, &result, NULL);
	keep_token(act, target, result.token);
}

static void do_item(struct act *act, struct target *target)
{
	const struct hf_bytes queue = queue_of(act), id = name_of(act->object);
	const struct hf_outbox_enqueue_args enqueue = {
	    .queue = queue, .id = id, .payload = hf_str("payload")};
	const struct hf_outbox_complete_args complete = {.queue = queue, .id = id, .token = act->token};
	const struct hf_outbox_fail_args fail = {
	    .queue = queue, .id = id, .token = act->token, .reason = hf_str("refused")};
	struct hf_result result = {0};
	act->code = act->name == ACT_ENQUEUE
	                ? hf_outbox_enqueue(target->store, NULL, &enqueue, &result, NULL)
	            : act->name == ACT_COMPLETE
	                ? hf_outbox_complete(target->store, NULL, &complete, &result, NULL)
	                : hf_outbox_fail(target->store, NULL, &fail, &result, NULL);
	act->changed = result.changed;
}

static void do_get(struct act *act, struct target *target)
{
	const struct hf_outbox_key key = {queue_of(act), name_of(act->object)};
	struct hf_outbox_got got = {0};
	act->code = hf_outbox_get(target->store, &key, 0, &got, NULL);
	act->shown = got.item.status;
	act->shown_too = got.item.attempts;
	act->given = got.item.token;
	hf_release(got.memory);
}

/* --- Locks ------------------------------------------------------------------------------------ */

static void do_lock(struct act *act, struct target *target)
{
	const struct hf_bytes name = name_of(act->object);
	const struct hf_lock_acquire_args acquire = {
	    .name = name, .owner = owner_of(act), .lease_us = lease_of(act)};
	const struct hf_lock_renew_args renew = {
	    .name = name, .token = act->token, .lease_us = lease_of(act)};
	const struct hf_lock_release_args release = {.name = name, .token = act->token};
	const struct hf_lock_check_args check = {.name = name, .token = act->token};
	struct hf_result result = {0};
	if (act->name == ACT_ACQUIRE) {
		act->code = hf_lock_acquire(target->store, NULL, &acquire, &result, NULL);
		keep_token(act, target, result.token);
		return;
	}
	act->code = act->name == ACT_RENEW ? hf_lock_renew(target->store, NULL, &renew, NULL, NULL)
	            : act->name == ACT_RELEASE
	                ? hf_lock_release(target->store, NULL, &release, NULL, NULL)
	                : hf_lock_check(target->store, &check, 0, NULL);
}

/* --- Keys ------------------------------------------------------------------------------------- */

static void do_begin(struct act *act, struct target *target)
{
	const struct hf_idempotency_begin_args args = {
	    .key = {hf_str("scope"), name_of(act->object)},
	    .fingerprint = hf_str(act->number == 1 ? "one request" : "another"),
	    .lease_us = lease_of(act)};
	struct hf_idempotency_begun begun = {0};
	act->code = hf_idempotency_begin(target->store, NULL, &args, &begun, NULL, NULL);
	act->shown = begun.outcome;
	act->shown_too = begun.status;
	keep_token(act, target, begun.token);
	hf_release(begun.memory);
}

static void do_finish(struct act *act, struct target *target)
{
	const struct hf_idempotency_complete_args args = {
	    .key = {hf_str("scope"), name_of(act->object)},
	    .token = act->token,
	    .status = (int32_t)act->number,
	    .response = hf_str("response"),
	    .ttl_us = lease_of(act)};
	act->code = hf_idempotency_complete(target->store, NULL, &args, NULL, NULL);
}

/* --- Cursors ---------------------------------------------------------------------------------- */

static void do_advance(struct act *act, struct target *target)
{
	const struct hf_cursor_advance_args args = {
	    .key = {name_of(act->object), hf_str("stream"), hf_str("")},
	    .sequence = act->number,
	    .delivery_id = hf_str(act->leased ? "one" : "other"),
	    .delivered_at = HF_UNSET};
	act->code = hf_cursor_advance(target->store, NULL, &args, NULL, NULL);
}

static void do_where(struct act *act, struct target *target)
{
	const struct hf_cursor_key key = {name_of(act->object), hf_str("stream"), hf_str("")};
	struct hf_cursor_got got = {0};
	act->code = hf_cursor_get(target->store, &key, 0, &got, NULL);
	act->shown = got.cursor.last_sequence;
	hf_release(got.memory);
}

/* --- Transactions ----------------------------------------------------------------------------- */

static void do_work(struct act *act, struct target *target)
{
	const struct hf_bytes queue = queue_of(act), id = name_of(act->object);
	const struct hf_outbox_claim_args claim = {.queue = queue, .id = id, .owner = owner_of(act)};
	const struct hf_outbox_complete_args complete = {
	    .queue = queue, .id = id, .token = HF_TOKEN_OF(0)};
	struct hf_result result = {0};
	hf_txn *txn;
	act->code = hf_txn_begin(target->store, &txn, NULL);
	if (act->code != HF_OK)
		return;
	(void)!hf_outbox_claim(target->store, txn, &claim, NULL, &result, NULL);
	(void)!hf_outbox_complete(target->store, txn, &complete, NULL, NULL);
	act->code = hf_txn_commit(txn, HF_DURABLE, NULL);
	act->given = result.token;
}

static int step(void *ctx, hf_store *store, hf_txn *txn, struct hf_error *error)
{
	struct act *act = ctx;
	struct hf_cursor_advance_args args = {
	    .key = {name_of(act->object), hf_str("stream"), hf_str("")},
	    .delivery_id = hf_str(act->leased ? "one" : "other"),
	    .delivered_at = HF_UNSET};
	struct hf_cursor_got got = {0};
	const int rc = hf_cursor_get(store, &args.key, 0, &got, error);
	if (rc != HF_OK && rc != HF_ENOTFOUND)
		return rc;
	args.sequence = act->shown = rc == HF_OK ? got.cursor.last_sequence + 1 : 1;
	hf_release(got.memory);
	return hf_cursor_advance(store, txn, &args, NULL, error);
}

static int account(hf_store *store, unsigned which, int64_t *has, struct hf_error *error)
{
	const char name[2] = {(char)('0' + which), 0};
	const struct hf_document_key key = {hf_str("accounts"), hf_str(name)};
	struct hf_document_got got = {0};
	const int rc = hf_document_get(store, &key, 0, &got, error);
	*has = rc == HF_OK ? *(const char *)got.document.payload.data : HISTORY_HAS;
	hf_release(got.memory);
	return rc == HF_ENOTFOUND ? HF_OK : rc;
}

static int set_account(hf_store *store, hf_txn *txn, unsigned which, int64_t has,
                       struct hf_error *error)
{
	const char name[2] = {(char)('0' + which), 0}, payload = (char)has;
	const struct hf_document_put_args args = {.key = {hf_str("accounts"), hf_str(name)},
	                                          .payload = hf_bytes_of(&payload, 1)};
	return hf_document_put(store, txn, &args, NULL, error);
}

static int move(void *ctx, hf_store *store, hf_txn *txn, struct hf_error *error)
{
	struct act *act = ctx;
	unsigned from, to;
	int64_t amount, has = 0;
	history_move(act, &from, &to, &amount);
	int rc = account(store, from, &act->shown, error);
	if (rc == HF_OK)
		rc = account(store, to, &has, error);
	if (rc == HF_OK && act->shown < amount)
		return HF_EBLOCKED;
	if (rc == HF_OK)
		rc = set_account(store, txn, from, act->shown - amount, error);
	return rc == HF_OK ? set_account(store, txn, to, has + amount, error) : rc;
}

static int sum(void *ctx, hf_store *store, hf_txn *txn, struct hf_error *error)
{
	struct act *act = ctx;
	struct hf_document_page page = {0};
	const struct hf_document_list_args args = {.collection = hf_str("accounts")};
	int64_t has[3] = {HISTORY_HAS, HISTORY_HAS, HISTORY_HAS};
	(void)txn;
	const int rc = hf_document_list(store, &args, 0, &page, error);
	for (size_t i = 0; rc == HF_OK && i < page.count; i++)
		has[*(const char *)page.items[i].key.id.data - '0'] =
		    *(const char *)page.items[i].payload.data;
	hf_release(page.memory);
	act->shown = has[0] * 10000 + has[1] * 100 + has[2];
	return rc;
}

static void do_transact(struct act *act, struct target *target)
{
	const hf_transact_fn fn = act->name == ACT_STEP ? step : act->name == ACT_MOVE ? move : sum;
	act->code = hf_transact(target->store, fn, act, UINT32_MAX, HF_DURABLE, NULL);
}

void act_do(struct act *act, struct target *target)
{
	static void (*const doing[ACTS])(struct act *, struct target *) = {
	    [ACT_ENQUEUE] = do_item, [ACT_CLAIM] = do_claim,     [ACT_COMPLETE] = do_item,
	    [ACT_FAIL] = do_item,    [ACT_GET] = do_get,         [ACT_ACQUIRE] = do_lock,
	    [ACT_RENEW] = do_lock,   [ACT_RELEASE] = do_lock,    [ACT_CHECK] = do_lock,
	    [ACT_BEGIN] = do_begin,  [ACT_FINISH] = do_finish,   [ACT_ADVANCE] = do_advance,
	    [ACT_WHERE] = do_where,  [ACT_WAIT_CLAIM] = do_wait, [ACT_WAIT_LOCK] = do_wait,
	    [ACT_WORK] = do_work,    [ACT_STEP] = do_transact,   [ACT_MOVE] = do_transact,
	    [ACT_SUM] = do_transact,
	};
	doing[act->name](act, target);
}
