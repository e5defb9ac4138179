/* tier: fast */
/* Transactions that fail and transactions that run out of memory leave an inbox as it was. */
#include "base/mem.h"
#include "inbox_model.h"

/* --- Transactions ----------------------------------------------------------------------------- */

static void add_changes(struct stage *stage, hf_txn *txn, struct model *m,
                        struct hf_result results[6])
{
	static const struct hf_inbox_input input = {
	    .thread = {"fresh", 5}, .payload = {"x", 1}, .unread = true};
	const struct hf_inbox_mark_args fresh = {.key = {hf_str("nobody"), {0}, hf_str("fresh")}};
	const struct hf_inbox_save_args make = {
	    .user = hf_str("nobody"), .records = &input, .count = 1, .generated_at = 99};
	const struct hf_inbox_save_args replace = {.user = hf_str("u"),
	                                           .records = &input,
	                                           .count = 1,
	                                           .generated_at = 99,
	                                           .mode = HF_INBOX_REPLACE};
	const struct hf_inbox_set_status_args status = {.user = hf_str("u"), .status = hf_str("busy")};
	const struct hf_inbox_clear_args clear = {.user = hf_str("u")};
	(void)m;
	assert_int_equal(hf_inbox_save(stage->store, txn, &make, &results[0], NULL), HF_OK);
	/* sees the save */
	assert_int_equal(hf_inbox_dismiss(stage->store, txn, &fresh, &results[1], NULL), HF_OK);
	assert_int_equal(hf_inbox_save(stage->store, txn, &replace, &results[2], NULL), HF_OK);
	assert_int_equal(hf_inbox_set_status(stage->store, txn, &status, &results[3], NULL), HF_OK);
	assert_int_equal(hf_inbox_clear(stage->store, txn, &clear, &results[4], NULL), HF_OK);
	assert_int_equal(hf_inbox_save(stage->store, txn, &replace, &results[5], NULL), HF_OK);
}

static void a_failing_operation_takes_all_of_its_transaction_along(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct hf_rng rng = hf_rng_for("inbox transactions");
		struct stage *stage = stage_open(setting);
		struct model *m = fill(stage, &rng);
		struct hf_error error = {0};
		struct hf_result results[6] = {0};
		hf_txn *txn;
		stage_switch(stage);
		struct hf__writer before = stage_dump(stage);
		assert_int_equal(hf_txn_begin(stage->store, &txn, &error), HF_OK);
		add_changes(stage, txn, m, results);
		const struct hf_inbox_guard_args guard = {.write.expect = HF_ABSENT,
		                                          .key = {hf_str("nobody"), {0}, hf_str("fresh")}};
		assert_int_equal(hf_inbox_guard(stage->store, txn, &guard, NULL, &error), HF_OK);
		assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), HF_ECONFLICT);
		assert_int_equal(error.operation, 6);
		for (size_t i = 0; i < 6; i++)
			assert_true(!results[i].changed && results[i].version == 0 && results[i].count == 0);
		struct hf__writer after = stage_dump(stage);
		assert_true(hf__bytes_equal(hf_bytes_of(before.data, before.len),
		                            hf_bytes_of(after.data, after.len)));
		hf__writer_deinit(&before);
		hf__writer_deinit(&after);
		check_all_loads(stage, m);
		/* Without the guard all of it happens. */
		assert_int_equal(hf_txn_begin(stage->store, &txn, &error), HF_OK);
		add_changes(stage, txn, m, results);
		assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), HF_OK);
		for (size_t i = 0; i < 6; i++)
			assert_true(results[i].changed);
		assert_true(results[1].version == results[0].version + 1 || results[0].version == 0);
		assert_int_equal(results[5].count, 1);
		stage_close(stage);
		free(m);
	}
}

static void a_guard_needs_a_transaction_and_an_expectation(void **state)
{
	(void)state;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_error error = {0};
	hf_txn *txn;
	struct hf_inbox_guard_args guard = {.write.expect = HF_ABSENT,
	                                    .key = {hf_str("u"), {0}, hf_str("t")}};
	assert_int_equal(hf_inbox_guard(stage->store, NULL, &guard, NULL, &error), HF_EINVAL);
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	assert_int_equal(hf_inbox_guard(stage->store, txn, &guard, NULL, &error), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), HF_OK);
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	guard.write.expect = 0;
	assert_int_equal(hf_inbox_guard(stage->store, txn, &guard, NULL, &error), HF_EINVAL);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &error), HF_EINVAL);
	stage_close(stage);
}

/* --- Memory ----------------------------------------------------------------------------------- */

static bool veto(void *ctx, size_t size)
{
	size_t *left = ctx;
	(void)size;
	if (*left == 0)
		return true;
	--*left;
	return false;
}

static int load_once(struct stage *stage, struct hf_error *error)
{
	struct hf_inbox_page page = {0};
	const int rc =
	    hf_inbox_load(stage->store, &(struct hf_inbox_load_args){.user = hf_str("u"), .limit = 5},
	                  0, &page, error);
	assert_true(rc == HF_OK ? page.count == 5 && page.next : !page.memory && !page.items);
	hf_release(page.memory);
	return rc;
}

static int dismissed_once(struct stage *stage, struct hf_error *error)
{
	struct hf_inbox_key_page keys = {0};
	const int rc = hf_inbox_list_dismissed(
	    stage->store, &(struct hf_inbox_list_dismissed_args){.user = hf_str("u"), .limit = 1}, 0,
	    &keys, error);
	assert_true(rc == HF_OK ? keys.count == 1 : !keys.memory && !keys.items);
	hf_release(keys.memory);
	return rc;
}

static int tombs_once(struct stage *stage, struct hf_error *error)
{
	struct hf_inbox_tombstone_page page = {0};
	const int rc = hf_inbox_list_tombstones(
	    stage->store, &(struct hf_inbox_list_tombstones_args){.user = hf_str("u"), .limit = 1}, 0,
	    &page, error);
	assert_true(rc == HF_OK ? page.count == 1 && page.next : !page.memory && !page.items);
	hf_release(page.memory);
	return rc;
}

static int trim_once(struct stage *stage, struct hf_error *error)
{
	const struct hf_inbox_trim_args args = {.user = hf_str("u"), .max_records = 3};
	return hf_inbox_trim(stage->store, NULL, &args, NULL, error);
}

/* A transaction of all that allocates: a new inbox, a replacement, a status, copies of all
 * arguments. */
static int change_once(struct stage *stage, struct hf_error *error)
{
	static const struct hf_inbox_input inputs[] = {{.thread = {"t9", 2}, .payload = {"x", 1}},
	                                               {.thread = {"t1", 2}, .dismissed = true}};
	const struct hf_inbox_save_args make = {
	    .user = hf_str("nobody"), .records = inputs, .count = 2, .generated_at = 99};
	const struct hf_inbox_save_args replace = {
	    .user = hf_str("u"), .records = inputs, .count = 2, .mode = HF_INBOX_REPLACE};
	const struct hf_inbox_set_status_args status = {.user = hf_str("u"), .status = hf_str("busy")};
	const struct hf_bytes keep = hf_str("primary");
	const struct hf_inbox_prune_args prune = {
	    .user = hf_str("u"), .keep_accounts = &keep, .keep_count = 1};
	const struct hf_inbox_put_tombstone_args bury = {
	    .key = {hf_str("u"), {0}, hf_str("x")}, .dismissed_at = HF_UNSET, .until = INT64_MAX};
	const struct hf_inbox_mark_all_args all = {.user = hf_str("nobody")};
	hf_txn *txn;
	int rc = hf_txn_begin(stage->store, &txn, error);
	if (rc != HF_OK)
		return rc;
	rc = hf_inbox_save(stage->store, txn, &make, NULL, error);
	if (rc == HF_OK)
		rc = hf_inbox_save(stage->store, txn, &replace, NULL, error);
	if (rc == HF_OK)
		rc = hf_inbox_set_status(stage->store, txn, &status, NULL, error);
	if (rc == HF_OK)
		rc = hf_inbox_prune(stage->store, txn, &prune, NULL, error);
	if (rc == HF_OK)
		rc = hf_inbox_put_tombstone(stage->store, txn, &bury, NULL, error);
	if (rc == HF_OK)
		rc = hf_inbox_mark_all_read(stage->store, txn, &all, NULL, error);
	if (rc == HF_OK)
		return hf_txn_commit(txn, HF_DURABLE, error);
	hf_txn_abandon(txn);
	return rc;
}

static void running_out_of_memory_anywhere_leaves_no_trace(void **state)
{
	(void)state;
	int (*const operations[])(struct stage *, struct hf_error *) = {
	    load_once, dismissed_once, tombs_once, trim_once, change_once};
	for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
		struct hf_rng rng = hf_rng_for("inbox memory");
		struct stage *stage = stage_open(SETTING_LIVE);
		struct model *m = fill(stage, &rng);
		struct hf__writer before = stage_dump(stage);
		int rc = HF_ENOMEM;
		for (size_t budget = 0; rc != HF_OK; budget++) {
			size_t left = budget;
			struct hf_error error = {0};
			hf__mem_set_veto(veto, &left);
			rc = operations[i](stage, &error);
			hf__mem_set_veto(NULL, NULL);
			assert_true(rc == HF_OK || (rc == HF_ENOMEM && error.code == HF_ENOMEM));
			struct hf__writer after = stage_dump(stage);
			const bool same = hf__bytes_equal(hf_bytes_of(before.data, before.len),
			                                  hf_bytes_of(after.data, after.len));
			assert_true(same == (rc == HF_ENOMEM || i < 3)); /* reads change nothing at all */
			hf__writer_deinit(&after);
			assert_true(budget < 500);
		}
		hf__writer_deinit(&before);
		stage_close(stage);
		free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_failing_operation_takes_all_of_its_transaction_along),
	    cmocka_unit_test(a_guard_needs_a_transaction_and_an_expectation),
	    cmocka_unit_test(running_out_of_memory_anywhere_leaves_no_trace),
	};
	return cmocka_run_group_tests_name("inbox all or nothing", tests, NULL, NULL);
}
