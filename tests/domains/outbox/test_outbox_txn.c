/* tier: fast */
/* Outbox operations on many items, inside transactions, and in a form that must be refused. */
#include "lib/domains/outbox_ops.h"
#include "lib/settings.h"
#include "lib/test.h"

static struct hf_bytes queue(void)
{
	return hf_str(OB_QUEUE);
}

static struct hf_outbox_item get_item(hf_store *store, const char *id, struct hf_memory **memory)
{
	struct hf_outbox_got got = {0};
	const struct hf_outbox_key key = {queue(), hf_str(id)};
	assert_int_equal(hf_outbox_get(store, &key, 0, &got, NULL), HF_OK);
	*memory = got.memory;
	return got.item;
}

/* --- Many at once ----------------------------------------------------------------------------- */

static void enqueue_many_is_all_or_nothing_and_sees_itself(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		const struct hf_outbox_input items[] = {{.id = hf_str("a"), .payload = hf_str("1")},
		                                        {.id = hf_str("b"), .payload = hf_str("2")},
		                                        {.id = hf_str("a"), .payload = hf_str("3")}};
		struct hf_outbox_enqueue_many_args args = {.queue = queue(), .items = items, .count = 3};
		struct hf_result result = {0};
		struct hf_memory *memory;
		assert_int_equal(hf_outbox_enqueue_many(stage->store, NULL, &args, &result, NULL), HF_OK);
		assert_true(result.changed && result.count == 2);
		assert_int_equal(hf_outbox_enqueue_many(stage->store, NULL, &args, &result, NULL), HF_OK);
		assert_true(!result.changed && result.count == 0);
		stage_switch(stage);
		assert_memory_equal(get_item(stage->store, "a", &memory).payload.data, "1", 1);
		hf_release(memory);
		args.dedup = HF_OUTBOX_REPLACE; /* the third replaces what the first wrote */
		assert_int_equal(hf_outbox_enqueue_many(stage->store, NULL, &args, &result, NULL), HF_OK);
		assert_memory_equal(get_item(stage->store, "a", &memory).payload.data, "3", 1);
		hf_release(memory);
		assert_string_equal(ob_list(stage->store, HF_OUTBOX_ANY, 1), "a b");
		args.count = 0;
		assert_int_equal(hf_outbox_enqueue_many(stage->store, NULL, &args, &result, NULL), HF_OK);
		assert_false(result.changed);
		stage_close(stage);
	}
}

static void clear_removes_all_and_keeps_the_settings(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		const struct hf_outbox_configure_args settings = {.queue = queue(), .max_attempts = 9};
		const struct hf_outbox_clear_args args = {.queue = queue()};
		struct hf_result result = {0};
		assert_int_equal(hf_outbox_clear(stage->store, NULL, &args, &result, NULL), HF_OK);
		assert_true(!result.changed && result.count == 0);
		assert_int_equal(hf_outbox_configure(stage->store, NULL, &settings, NULL, NULL), HF_OK);
		ob_enqueue(stage->store, "a", "p", 0, 0);
		ob_enqueue(stage->store, "b", "p", 0, 0);
		ob_enqueue(stage->store, "c", "p", 0, 0);
		(void)ob_claim(stage->store, "a", 0);
		ob_mark_failed(stage->store, "b");
		stage_switch(stage);
		assert_int_equal(hf_outbox_clear(stage->store, NULL, &args, &result, NULL), HF_OK);
		assert_true(result.changed && result.count == 3 && result.version == 0);
		stage_switch(stage);
		assert_string_equal(ob_list(stage->store, HF_OUTBOX_ANY, 0), "");
		assert_int_equal(ob_stats(stage->store).max_attempts, 9);
		stage_close(stage);
	}
}

/* --- Settings --------------------------------------------------------------------------------- */

static void settings_that_are_left_are_those_of_the_transaction_so_far(void **unused)
{
	(void)unused;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct stage *stage = stage_open(setting);
		const uint32_t all = 15;
		struct hf_outbox_configure_args args = {.queue = queue(),
		                                        .max_attempts = 9,
		                                        .max_lost = 3,
		                                        .dedup_window_us = 7,
		                                        .dedup_max = 77};
		const struct hf_outbox_pause_args pause = {.queue = queue()};
		struct hf_result result = {0};
		hf_txn *txn;
		assert_int_equal(hf_outbox_configure(stage->store, NULL, &args, NULL, NULL), HF_OK);
		assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
		args = (struct hf_outbox_configure_args){
		    .queue = queue(), .leave = all - HF_OUTBOX_LEAVE_MAX_ATTEMPTS, .max_attempts = 4};
		assert_int_equal(hf_outbox_configure(stage->store, txn, &args, NULL, NULL), HF_OK);
		assert_int_equal(hf_outbox_pause(stage->store, txn, &pause, NULL, NULL), HF_OK);
		args = (struct hf_outbox_configure_args){.queue = queue(),
		                                         .leave = all - HF_OUTBOX_LEAVE_DEDUP_MAX};
		assert_int_equal(hf_outbox_configure(stage->store, txn, &args, NULL, NULL), HF_OK);
		args = (struct hf_outbox_configure_args){.queue = queue(),
		                                         .leave = all - HF_OUTBOX_LEAVE_DEDUP_WINDOW};
		assert_int_equal(hf_outbox_configure(stage->store, txn, &args, NULL, NULL), HF_OK);
		args = (struct hf_outbox_configure_args){.queue = queue(), .leave = all};
		assert_int_equal(hf_outbox_configure(stage->store, txn, &args, &result, NULL), HF_OK);
		assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
		assert_false(result.changed);
		stage_switch(stage);
		const struct hf_outbox_stats stats = ob_stats(stage->store);
		assert_true(stats.max_attempts == 4 && stats.max_lost == 3 && stats.dedup_window_us == 0 &&
		            stats.paused);
		assert_int_equal(stats.dedup_max, HF_OUTBOX_DEDUP_MAX);
		args.leave = all + 1;
		assert_int_equal(hf_outbox_configure(stage->store, NULL, &args, NULL, NULL), HF_EINVAL);
		stage_close(stage);
	}
}

/* --- Transactions ----------------------------------------------------------------------------- */

static void a_transaction_takes_an_item_through_its_whole_life(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	char large[4000];
	memset(large, 'L', sizeof large); /* lies on disk, and in no file yet when it is claimed */
	struct hf_result enqueued = {0}, claimed = {0};
	struct hf_outbox_items items = {0};
	hf_txn *txn;
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	{
		/* Arguments live until the call returns, no longer. */
		char id[] = "a";
		const struct hf_outbox_enqueue_args enqueue = {
		    .queue = queue(), .id = hf_str(id), .payload = hf_bytes_of(large, sizeof large)};
		assert_int_equal(hf_outbox_enqueue(stage->store, txn, &enqueue, &enqueued, NULL), HF_OK);
		id[0] = '!';
	}
	const struct hf_outbox_claim_next_args next = {
	    .queue = queue(), .max = 5, .owner = hf_str("w")};
	assert_int_equal(hf_outbox_claim_next(stage->store, txn, &next, &items, &claimed, NULL), HF_OK);
	assert_true(items.count == 0 && !items.memory && !claimed.changed);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_OK);
	assert_true(enqueued.changed && claimed.changed && claimed.count == 1 && items.count == 1);
	assert_int_equal(items.items[0].payload.len, sizeof large);
	assert_memory_equal(items.items[0].payload.data, large, sizeof large);
	/* Guarded by the claim, one item's completion enqueues the next one. */
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	const struct hf_outbox_guard_claim_args guard = {
	    .queue = queue(), .id = hf_str("a"), .token = items.items[0].token};
	const struct hf_outbox_complete_args complete = {
	    .queue = queue(), .id = hf_str("a"), .token = items.items[0].token};
	const struct hf_outbox_enqueue_args follow = {.queue = queue(), .id = hf_str("b")};
	assert_int_equal(hf_outbox_guard_claim(stage->store, txn, &guard, NULL, NULL), HF_OK);
	assert_int_equal(hf_outbox_complete(stage->store, txn, &complete, NULL, NULL), HF_OK);
	assert_int_equal(hf_outbox_enqueue(stage->store, txn, &follow, NULL, NULL), HF_OK);
	/* will find it gone */
	assert_int_equal(hf_outbox_guard_claim(stage->store, txn, &guard, NULL, NULL), HF_OK);
	struct hf_error error;
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), HF_ENOTFOUND);
	assert_int_equal(error.operation, 3);
	assert_string_equal(ob_list(stage->store, HF_OUTBOX_ANY, 0), "a");
	assert_string_equal(ob_status(stage->store, "a"), "sending");
	hf_release(items.memory);
	stage_close(stage);
}

static void operations_on_a_queue_work_in_transactions(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_result cleared = {0}, configured = {0}, enqueued = {0};
	struct hf_error error;
	hf_txn *txn;
	ob_enqueue(stage->store, "old", "p", 0, 0);
	for (unsigned spoiled = 0; spoiled < 2; spoiled++) {
		char id[] = "new", payload[] = "payload";
		const struct hf_outbox_input items[] = {{.id = hf_str(id), .payload = hf_str(payload)},
		                                        {.id = hf_str("newer")}};
		const struct hf_outbox_clear_args clear = {.queue = queue()};
		const struct hf_outbox_configure_args settings = {.queue = queue(),
		                                                  .max_attempts = 3 + spoiled};
		const struct hf_outbox_enqueue_many_args many = {
		    .queue = queue(), .items = items, .count = 2};
		const struct hf_outbox_guard_args old = {
		    .write.expect = HF_ABSENT, .queue = queue(), .id = hf_str(spoiled ? "new" : "old")};
		assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
		assert_int_equal(hf_outbox_clear(stage->store, txn, &clear, &cleared, NULL), HF_OK);
		assert_int_equal(hf_outbox_configure(stage->store, txn, &settings, &configured, NULL),
		                 HF_OK);
		assert_int_equal(hf_outbox_enqueue_many(stage->store, txn, &many, &enqueued, NULL), HF_OK);
		assert_int_equal(hf_outbox_guard(stage->store, txn, &old, NULL, NULL), HF_OK);
		memset(id, '!', sizeof id);
		memset(payload, '!', sizeof payload);
		assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), spoiled ? HF_ECONFLICT : HF_OK);
		assert_true(spoiled ? cleared.count == 0 && error.operation == 3
		                    : cleared.count == 1 && enqueued.count == 2);
		assert_string_equal(ob_list(stage->store, HF_OUTBOX_ANY, 0), "new newer");
		assert_int_equal(ob_stats(stage->store).max_attempts, 3);
		stage_verify(stage);
	}
	stage_close(stage);
}

static void guards_need_a_transaction(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	const struct hf_outbox_guard_args guard = {
	    .write.expect = HF_ABSENT, .queue = queue(), .id = hf_str("a")};
	const struct hf_outbox_guard_claim_args guard_claim = {
	    .queue = queue(), .id = hf_str("a"), .token = 1};
	assert_int_equal(hf_outbox_guard(stage->store, NULL, &guard, NULL, NULL), HF_EINVAL);
	assert_int_equal(hf_outbox_guard_claim(stage->store, NULL, &guard_claim, NULL, NULL),
	                 HF_EINVAL);
	stage_close(stage);
}

static void a_claim_inside_an_abandoned_or_failed_transaction_gives_nothing(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	ob_enqueue(stage->store, "a", "p", 0, 0);
	const struct hf_outbox_claim_args args = {
	    .queue = queue(), .id = hf_str("a"), .owner = hf_str("w")};
	struct hf_outbox_items first = {0}, second = {0};
	hf_txn *txn;
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	assert_int_equal(hf_outbox_claim(stage->store, txn, &args, &first, NULL, NULL), HF_OK);
	hf_txn_abandon(txn);
	assert_true(first.count == 0 && !first.memory);
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	assert_int_equal(hf_outbox_claim(stage->store, txn, &args, &first, NULL, NULL), HF_OK);
	assert_int_equal(hf_outbox_claim(stage->store, txn, &args, &second, NULL, NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_ECLAIMED);
	hf_release(first.memory);
	hf_release(second.memory);
	assert_string_equal(ob_status(stage->store, "a"), "queued");
	stage_close(stage);
}

/* --- Form ------------------------------------------------------------------------------------- */

/* What changed before its predecessor went and is held after it, all in one transaction: taking
 * that back, both are held for a while. */
static void a_group_is_held_by_whom_it_was_once_a_transaction_is_taken_back(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_txn *txn;
	struct hf_outbox_items items = {0};
	for (const char *id = "a\0b\0c\0"; *id; id += 2) {
		const struct hf_outbox_enqueue_args args = {
		    .queue = queue(), .id = hf_str(id), .group = hf_str("g")};
		assert_int_equal(hf_outbox_enqueue(stage->store, NULL, &args, NULL, NULL), HF_OK);
	}
	const struct hf_outbox_complete_args done = {
	    .queue = queue(), .id = hf_str("a"), .token = ob_claim(stage->store, "a", 60000000)};
	const struct hf_outbox_claim_next_args next = {
	    .queue = queue(), .owner = hf_str("w"), .lease_us = 60000000};
	const struct hf_outbox_guard_args spoiler = {
	    .write.expect = 99999, .queue = queue(), .id = hf_str("b")};
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	for (int32_t priority = 1; priority <= 2; priority++) {
		const struct hf_outbox_reschedule_args move = {
		    .queue = queue(), .id = hf_str("b"), .set_priority = true, .priority = priority};
		assert_int_equal(hf_outbox_reschedule(stage->store, txn, &move, NULL, NULL), HF_OK);
	}
	assert_int_equal(hf_outbox_complete(stage->store, txn, &done, NULL, NULL), HF_OK);
	assert_int_equal(hf_outbox_claim_next(stage->store, txn, &next, &items, NULL, NULL), HF_OK);
	assert_int_equal(hf_outbox_guard(stage->store, txn, &spoiler, NULL, NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_ECONFLICT);
	hf_release(items.memory);
	stage_verify(stage);
	assert_string_equal(ob_claim_next(stage->store, 5, 1000000), "");
	stage_close(stage);
}

static void what_breaks_the_form_is_refused(void **unused)
{
	(void)unused;
	static const uint8_t big[1] = {0};
	static char long_key[HF_KEY_MAX + 1];
	struct stage *stage = stage_open(SETTING_LIVE);
	hf_store *s = stage->store;
	struct hf_outbox_items items = {0};
	struct hf_outbox_stats stats = {0};
	memset(long_key, 'k', sizeof long_key);
	const struct hf_bytes bad[] = {{NULL, 0}, {"a\0b", 3}, {long_key, sizeof long_key}};
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(
		    hf_outbox_enqueue(s, NULL,
		                      &(struct hf_outbox_enqueue_args){.queue = bad[i], .id = hf_str("a")},
		                      NULL, NULL),
		    HF_EINVAL);
		assert_int_equal(
		    hf_outbox_enqueue(s, NULL,
		                      &(struct hf_outbox_enqueue_args){.queue = queue(), .id = bad[i]},
		                      NULL, NULL),
		    HF_EINVAL);
		assert_int_equal(
		    hf_outbox_retry(s, NULL, &(struct hf_outbox_retry_args){.queue = queue(), .id = bad[i]},
		                    NULL, NULL),
		    HF_EINVAL);
		const struct hf_outbox_claim_args claim = {
		    .queue = queue(), .id = hf_str("a"), .owner = bad[i]};
		assert_int_equal(hf_outbox_claim(s, NULL, &claim, NULL, NULL, NULL), HF_EINVAL);
		assert_int_equal(
		    hf_outbox_list(s, &(struct hf_outbox_list_args){.queue = bad[i]}, 0, &items, NULL),
		    HF_EINVAL);
		assert_int_equal(hf_outbox_get_stats(s, bad[i], 0, &stats, NULL), HF_EINVAL);
	}
	const struct hf_outbox_claim_next_args negative = {
	    .queue = queue(), .owner = hf_str("w"), .lease_us = -1};
	assert_int_equal(hf_outbox_claim_next(s, NULL, &negative, &items, NULL, NULL), HF_EINVAL);
	const struct hf_outbox_claim_next_args nowhere = {.queue = queue(), .owner = hf_str("w")};
	assert_int_equal(hf_outbox_claim_next(s, NULL, &nowhere, NULL, NULL, NULL), HF_EINVAL);
	const struct hf_outbox_release_args back = {
	    .queue = queue(), .id = hf_str("a"), .delay_us = -1};
	assert_int_equal(hf_outbox_release(s, NULL, &back, NULL, NULL), HF_EINVAL);
	const struct hf_outbox_clear_args clear = {.write.expect = 5, .queue = queue()};
	assert_int_equal(hf_outbox_clear(s, NULL, &clear, NULL, NULL), HF_EINVAL);
	struct hf_outbox_enqueue_args enqueue = {
	    .queue = queue(), .id = hf_str("a"), .dedup = (enum hf_outbox_dedup)3};
	assert_int_equal(hf_outbox_enqueue(s, NULL, &enqueue, NULL, NULL), HF_EINVAL);
	const struct hf_outbox_put_args put = {
	    .queue = queue(), .item = {.id = hf_str("a"), .status = (enum hf_outbox_status)4}};
	assert_int_equal(hf_outbox_put(s, NULL, &put, NULL, NULL), HF_EINVAL);
	const struct hf_outbox_list_args list = {.queue = queue(), .status = (enum hf_outbox_status)4};
	assert_int_equal(hf_outbox_list(s, &list, 0, &items, NULL), HF_EINVAL);
	struct hf_outbox_fail_args give_up = {
	    .queue = queue(), .id = hf_str("a"), .backoff = {.kind = (enum hf_outbox_backoff_kind)3}};
	assert_int_equal(hf_outbox_fail(s, NULL, &give_up, NULL, NULL), HF_EINVAL);
	give_up.backoff = (struct hf_outbox_backoff){HF_OUTBOX_BACKOFF_FIXED, 5, -1};
	assert_int_equal(hf_outbox_fail(s, NULL, &give_up, NULL, NULL), HF_EINVAL);
	hf_txn *txn;
	assert_int_equal(hf_txn_begin(s, &txn, NULL), HF_OK);
	const struct hf_outbox_guard_args pointless = {.queue = queue(), .id = hf_str("a")};
	assert_int_equal(hf_outbox_guard(s, txn, &pointless, NULL, NULL), HF_EINVAL);
	hf_txn_abandon(txn);
	/* Sizes are refused before a byte is read. */
	const struct hf_bytes too_big = {big, (size_t)HF_PAYLOAD_MAX + 1};
	const struct hf_outbox_enqueue_args huge = {
	    .queue = queue(), .id = hf_str("a"), .payload = too_big};
	assert_int_equal(hf_outbox_enqueue(s, NULL, &huge, NULL, NULL), HF_ETOOBIG);
	assert_string_equal(ob_list(s, HF_OUTBOX_ANY, 0), "");
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(enqueue_many_is_all_or_nothing_and_sees_itself),
	    cmocka_unit_test(clear_removes_all_and_keeps_the_settings),
	    cmocka_unit_test(settings_that_are_left_are_those_of_the_transaction_so_far),
	    cmocka_unit_test(a_transaction_takes_an_item_through_its_whole_life),
	    cmocka_unit_test(operations_on_a_queue_work_in_transactions),
	    cmocka_unit_test(guards_need_a_transaction),
	    cmocka_unit_test(a_claim_inside_an_abandoned_or_failed_transaction_gives_nothing),
	    cmocka_unit_test(a_group_is_held_by_whom_it_was_once_a_transaction_is_taken_back),
	    cmocka_unit_test(what_breaks_the_form_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
