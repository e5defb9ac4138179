/* tier: fast */
/* HF_TOKEN_OF(): an operation of a transaction names the token that an earlier one of it will get.
 * Claim and complete, claim and fail, begin and complete, acquire and a guarded write are one
 * transaction; the log has the token itself; everything else that can be named is HF_EINVAL. */
#include "holdfast/holdfast.h"
#include "lib/settings.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/store.h"

#define NAME hf_str("name")
static const struct hf_idempotency_key key = {{"scope", 5}, {"key", 3}};

static void enqueue(hf_store *store)
{
	const struct hf_outbox_enqueue_args args = {
	    .queue = NAME, .id = NAME, .payload = hf_str("payload")};
	assert_int_equal(hf_outbox_enqueue(store, NULL, &args, NULL, NULL), HF_OK);
}

static int claim(hf_store *store, hf_txn *txn, struct hf_result *result)
{
	const struct hf_outbox_claim_args args = {.queue = NAME, .id = NAME, .owner = NAME};
	return hf_outbox_claim(store, txn, &args, NULL, result, NULL);
}

static int complete(hf_store *store, hf_txn *txn, hf_token token, struct hf_error *error)
{
	const struct hf_outbox_complete_args args = {.queue = NAME, .id = NAME, .token = token};
	return hf_outbox_complete(store, txn, &args, NULL, error);
}

static int acquire(hf_store *store, hf_txn *txn, struct hf_result *result)
{
	const struct hf_lock_acquire_args args = {.name = NAME, .owner = NAME};
	return hf_lock_acquire(store, txn, &args, result, NULL);
}

static int guard_held(hf_store *store, hf_txn *txn, hf_token token)
{
	const struct hf_lock_guard_held_args args = {.name = NAME, .token = token};
	return hf_lock_guard_held(store, txn, &args, NULL, NULL);
}

static int begin_key(hf_store *store, hf_txn *txn, struct hf_idempotency_begun *begun)
{
	const struct hf_idempotency_begin_args args = {.key = key};
	return hf_idempotency_begin(store, txn, &args, begun, NULL, NULL);
}

static int finish(hf_store *store, hf_txn *txn, hf_token token)
{
	const struct hf_idempotency_complete_args args = {
	    .key = key, .token = token, .response = hf_str("response")};
	return hf_idempotency_complete(store, txn, &args, NULL, NULL);
}

static hf_txn *begin(hf_store *store)
{
	hf_txn *txn;
	assert_int_equal(hf_txn_begin(store, &txn, NULL), HF_OK);
	return txn;
}

/* --- One transaction -------------------------------------------------------------------------- */

static void claim_and_complete(hf_store *store)
{
	const struct hf_outbox_key item = {NAME, NAME};
	struct hf_outbox_got got = {0};
	struct hf_result result = {0};
	enqueue(store);
	hf_txn *txn = begin(store);
	assert_int_equal(claim(store, txn, &result), HF_OK);
	assert_int_equal(complete(store, txn, HF_TOKEN_OF(0), NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	assert_true(result.token != 0 && result.token != HF_TOKEN_OF(0));
	assert_int_equal(hf_outbox_get(store, &item, 0, &got, NULL), HF_ENOTFOUND);
}

static void claim_extend_and_fail(hf_store *store)
{
	const struct hf_outbox_key item = {NAME, NAME};
	struct hf_outbox_got got = {0};
	enqueue(store);
	hf_txn *txn = begin(store);
	/* without a result: the token is kept all the same */
	assert_int_equal(claim(store, txn, NULL), HF_OK);
	const hf_token token = HF_TOKEN_OF(hf_txn_count(txn) - 1);
	const struct hf_outbox_guard_claim_args guard = {.queue = NAME, .id = NAME, .token = token};
	const struct hf_outbox_extend_args extend = {
	    .queue = NAME, .id = NAME, .token = token, .lease_us = 1000000};
	const struct hf_outbox_fail_args fail = {
	    .queue = NAME, .id = NAME, .token = token, .reason = hf_str("refused")};
	assert_int_equal(hf_outbox_guard_claim(store, txn, &guard, NULL, NULL), HF_OK);
	assert_int_equal(hf_outbox_extend(store, txn, &extend, NULL, NULL), HF_OK);
	assert_int_equal(hf_outbox_fail(store, txn, &fail, NULL, NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	assert_int_equal(hf_outbox_get(store, &item, 0, &got, NULL), HF_OK);
	assert_int_equal(got.item.attempts, 1);
	assert_int_equal(got.item.status, HF_OUTBOX_QUEUED);
	hf_release(got.memory);
	txn = begin(store);
	const struct hf_outbox_release_args release = {
	    .queue = NAME, .id = NAME, .token = HF_TOKEN_OF(0)};
	assert_int_equal(claim(store, txn, NULL), HF_OK);
	assert_int_equal(hf_outbox_release(store, txn, &release, NULL, NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
}

static void begin_and_complete(hf_store *store)
{
	struct hf_idempotency_begun begun = {0};
	hf_txn *txn = begin(store);
	const struct hf_idempotency_guard_owner_args guard = {.key = key, .token = HF_TOKEN_OF(0)};
	const struct hf_idempotency_abandon_args abandon = {.key = key, .token = HF_TOKEN_OF(0)};
	assert_int_equal(begin_key(store, txn, &begun), HF_OK);
	assert_int_equal(hf_idempotency_guard_owner(store, txn, &guard, NULL, NULL), HF_OK);
	assert_int_equal(hf_idempotency_abandon(store, txn, &abandon, NULL, NULL), HF_OK);
	assert_int_equal(begin_key(store, txn, &begun), HF_OK);
	assert_int_equal(finish(store, txn, HF_TOKEN_OF(3)), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	assert_int_equal(begin_key(store, NULL, &begun), HF_OK);
	assert_int_equal(begun.outcome, HF_IDEMPOTENCY_REPLAY);
	hf_release(begun.memory);
}

static void acquire_and_guarded_write(hf_store *store)
{
	struct hf_result result = {0};
	const struct hf_document_put_args put = {.key = {NAME, NAME}};
	const struct hf_lock_renew_args renew = {
	    .name = NAME, .token = HF_TOKEN_OF(0), .lease_us = 1000000};
	const struct hf_lock_check_args check = {.name = NAME, .token = HF_TOKEN_OF(0)};
	hf_txn *txn = begin(store);
	assert_int_equal(acquire(store, txn, &result), HF_OK);
	assert_int_equal(guard_held(store, txn, HF_TOKEN_OF(0)), HF_OK);
	assert_int_equal(hf_lock_renew(store, txn, &renew, NULL, NULL), HF_OK);
	assert_int_equal(hf_document_put(store, txn, &put, NULL, NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	assert_int_equal(hf_lock_check(store, &check, 0, NULL), HF_EINVAL);
	const struct hf_lock_release_args release = {.name = NAME, .token = result.token},
	                                  named = {.name = NAME, .token = HF_TOKEN_OF(0)};
	assert_int_equal(hf_lock_release(store, NULL, &release, NULL, NULL), HF_OK);
	txn = begin(store);
	const struct hf_lock_put_args lent = {
	    .name = NAME, .owner = NAME, .acquired_at = STAGE_NOW, .lease_until = STAGE_NOW + 9000000};
	assert_int_equal(hf_lock_put(store, txn, &lent, NULL, NULL), HF_OK);
	assert_int_equal(hf_lock_release(store, txn, &named, NULL, NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
}

/* Replay, a loaded snapshot and a follower of the feed come to the same state: stage_switch() and
 * stage_close() compare. So the log has the tokens themselves. */
static void what_was_one_transaction_is_the_same_from_the_log(void **state)
{
	static void (*const all[])(hf_store *) = {claim_and_complete, claim_extend_and_fail,
	                                          begin_and_complete, acquire_and_guarded_write};
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++)
		for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
			struct stage *stage = stage_open(setting);
			all[i](stage->store);
			stage_switch(stage);
			stage_close(stage);
		}
}

/* --- Refused ---------------------------------------------------------------------------------- */

static void what_cannot_be_named_is_refused(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_store *store = stage->store;
	struct hf_error error = {0};
	const struct hf_document_put_args put = {.key = {NAME, NAME}};
	enqueue(store);
	assert_int_equal(complete(store, NULL, HF_TOKEN_OF(0), &error), HF_EINVAL); /* alone */
	assert_non_null(strstr(error.text, "only in a transaction"));
	const struct {
		hf_token token;
		int code;
	} rows[] = {
	    {HF_TOKEN_OF(0), HF_EINVAL}, /* a put grants none */
	    {HF_TOKEN_OF(1), HF_OK},
	    {HF_TOKEN_OF(2), HF_EINVAL}, /* itself */
	    {HF_TOKEN_OF(3), HF_EINVAL}, /* a later one */
	    {HF_TOKEN_OF(UINT32_MAX), HF_EINVAL},
	    {1, HF_OK}, /* plain wrong tokens, which the commit judges */
	    {UINT64_MAX, HF_OK},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		hf_txn *txn = begin(store);
		assert_int_equal(hf_document_put(store, txn, &put, NULL, NULL), HF_OK);
		assert_int_equal(claim(store, txn, NULL), HF_OK);
		if (complete(store, txn, rows[i].token, &error) != rows[i].code)
			fail_msg("row %zu: %s", i, error.text);
		hf_txn_abandon(txn);
	}
	hf_txn *txn = begin(store);
	assert_int_equal(complete(store, txn, HF_TOKEN_OF(1), &error), HF_EINVAL); /* not yet added */
	assert_int_equal(claim(store, txn, NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), HF_EINVAL);
	assert_int_equal(error.operation, 0);
	stage_close(stage);
}

static void who_got_none_is_no_holder(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_store *store = stage->store;
	struct hf_idempotency_begun begun = {0};
	struct hf_error error = {0};
	assert_int_equal(begin_key(store, NULL, &begun), HF_OK);
	hf_txn *txn = begin(store);
	const struct hf_document_put_args put = {.key = {NAME, NAME}};
	assert_int_equal(hf_document_put(store, txn, &put, NULL, NULL), HF_OK);
	assert_int_equal(begin_key(store, txn, &begun), HF_OK); /* in progress: no token */
	assert_int_equal(finish(store, txn, HF_TOKEN_OF(1)), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), HF_EINVAL);
	assert_int_equal(error.operation, 2);
	bool there;
	assert_int_equal(hf_document_has(store, &(struct hf_document_key){NAME, NAME}, 0, &there, NULL),
	                 HF_OK);
	assert_false(there);
	stage_close(stage);
}

/* A claim that is refused refuses the transaction, as ever. */
static void a_refused_claim_is_named_by_its_index(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_store *store = stage->store;
	struct hf_error error = {0};
	enqueue(store);
	assert_int_equal(claim(store, NULL, NULL), HF_OK);
	hf_txn *txn = begin(store);
	assert_int_equal(claim(store, txn, NULL), HF_OK);
	assert_int_equal(complete(store, txn, HF_TOKEN_OF(0), NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), HF_ECLAIMED);
	assert_int_equal(error.operation, 0);
	stage_close(stage);
}

/* Every member that is a token: forgotten ones would take the value for a wrong token. */
static void all_that_take_a_token_are_asked(void **state)
{
	unsigned members = 0;
	(void)state;
	for (unsigned part = 0; hf_api_describe(part); part++)
		for (const struct hf_api_call *call = hf_api_describe(part)->calls; call->name; call++) {
			if (call->kind != HF_API_MUTATION)
				continue;
			for (const struct hf_api_member *m = call->takes->members; m->name; m++)
				members += m->type == HF_API_TOKEN;
		}
	assert_int_equal(members, 11); /* as many as above name one; else this test lacks some */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_one_transaction_is_the_same_from_the_log),
	    cmocka_unit_test(what_cannot_be_named_is_refused),
	    cmocka_unit_test(who_got_none_is_no_holder),
	    cmocka_unit_test(a_refused_claim_is_named_by_its_index),
	    cmocka_unit_test(all_that_take_a_token_are_asked),
	};
	return cmocka_run_group_tests_name("tokens named", tests, NULL, NULL);
}
