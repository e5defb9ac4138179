/* tier: fast */
/* A form error inside a transaction names the operation by its index, in the call that adds it
 * and once more when the transaction is committed all the same: every mutation of every domain,
 * zeroed, which lacks a name at least, as the first of a transaction and behind two others.
 * Nothing is done. */
#include "holdfast/holdfast.h"
#include "lib/settings.h"
#include "lib/test.h"

/* How they are called: with all arguments zeroed. */
#define PLAIN(function, args) \
	static int call_##function(hf_store *store, hf_txn *txn, struct hf_error *error) \
	{ \
		static const struct args zeroed; \
		struct hf_result result = {0}; \
		return function(store, txn, &zeroed, &result, error); \
	}
#define GIVING(function, args, gives) \
	static int call_##function(hf_store *store, hf_txn *txn, struct hf_error *error) \
	{ \
		static const struct args zeroed; \
		struct gives given; \
		struct hf_result result = {0}; \
		return function(store, txn, &zeroed, &given, &result, error); \
	}

/* clang-format off: a line is a mutation */
PLAIN(hf_clock_set_back, hf_clock_set_back_args)
PLAIN(hf_cursor_advance, hf_cursor_advance_args)
PLAIN(hf_cursor_reset, hf_cursor_reset_args)
PLAIN(hf_cursor_record_error, hf_cursor_record_error_args)
PLAIN(hf_cursor_put, hf_cursor_put_args)
PLAIN(hf_cursor_remove, hf_cursor_remove_args)
PLAIN(hf_cursor_guard, hf_cursor_guard_args)
PLAIN(hf_document_put, hf_document_put_args)
PLAIN(hf_document_regroup, hf_document_regroup_args)
PLAIN(hf_document_remove, hf_document_remove_args)
PLAIN(hf_document_clear, hf_document_clear_args)
PLAIN(hf_document_guard, hf_document_guard_args)
GIVING(hf_idempotency_begin, hf_idempotency_begin_args, hf_idempotency_begun)
PLAIN(hf_idempotency_complete, hf_idempotency_complete_args)
PLAIN(hf_idempotency_abandon, hf_idempotency_abandon_args)
PLAIN(hf_idempotency_put, hf_idempotency_put_args)
PLAIN(hf_idempotency_remove, hf_idempotency_remove_args)
PLAIN(hf_idempotency_clear, hf_idempotency_clear_args)
PLAIN(hf_idempotency_guard, hf_idempotency_guard_args)
PLAIN(hf_idempotency_guard_owner, hf_idempotency_guard_owner_args)
PLAIN(hf_inbox_save, hf_inbox_save_args)
PLAIN(hf_inbox_set_status, hf_inbox_set_status_args)
PLAIN(hf_inbox_dismiss, hf_inbox_mark_args)
PLAIN(hf_inbox_undismiss, hf_inbox_mark_args)
PLAIN(hf_inbox_mark_read, hf_inbox_mark_args)
PLAIN(hf_inbox_mark_unread, hf_inbox_mark_args)
PLAIN(hf_inbox_mark_seen, hf_inbox_mark_args)
PLAIN(hf_inbox_snooze, hf_inbox_snooze_args)
PLAIN(hf_inbox_remove, hf_inbox_remove_args)
PLAIN(hf_inbox_put_tombstone, hf_inbox_put_tombstone_args)
PLAIN(hf_inbox_guard, hf_inbox_guard_args)
PLAIN(hf_inbox_mark_all_read, hf_inbox_mark_all_args)
PLAIN(hf_inbox_dismiss_all, hf_inbox_mark_all_args)
PLAIN(hf_inbox_prune, hf_inbox_prune_args)
PLAIN(hf_inbox_trim, hf_inbox_trim_args)
PLAIN(hf_inbox_clear, hf_inbox_clear_args)
PLAIN(hf_lock_acquire, hf_lock_acquire_args)
PLAIN(hf_lock_renew, hf_lock_renew_args)
PLAIN(hf_lock_release, hf_lock_release_args)
PLAIN(hf_lock_force_release, hf_lock_force_release_args)
PLAIN(hf_lock_put, hf_lock_put_args)
PLAIN(hf_lock_guard, hf_lock_guard_args)
PLAIN(hf_lock_guard_held, hf_lock_guard_held_args)
PLAIN(hf_migration_record, hf_migration_record_args)
PLAIN(hf_migration_forget, hf_migration_forget_args)
PLAIN(hf_migration_guard, hf_migration_guard_args)
PLAIN(hf_outbox_enqueue, hf_outbox_enqueue_args)
PLAIN(hf_outbox_enqueue_many, hf_outbox_enqueue_many_args)
PLAIN(hf_outbox_put, hf_outbox_put_args)
PLAIN(hf_outbox_configure, hf_outbox_configure_args)
PLAIN(hf_outbox_clear, hf_outbox_clear_args)
PLAIN(hf_outbox_pause, hf_outbox_pause_args)
PLAIN(hf_outbox_resume, hf_outbox_pause_args)
PLAIN(hf_outbox_put_completed, hf_outbox_put_completed_args)
GIVING(hf_outbox_claim, hf_outbox_claim_args, hf_outbox_items)
GIVING(hf_outbox_claim_next, hf_outbox_claim_next_args, hf_outbox_items)
PLAIN(hf_outbox_extend, hf_outbox_extend_args)
PLAIN(hf_outbox_complete, hf_outbox_complete_args)
PLAIN(hf_outbox_fail, hf_outbox_fail_args)
PLAIN(hf_outbox_release, hf_outbox_release_args)
PLAIN(hf_outbox_remove, hf_outbox_remove_args)
PLAIN(hf_outbox_mark_failed, hf_outbox_mark_failed_args)
PLAIN(hf_outbox_retry, hf_outbox_retry_args)
PLAIN(hf_outbox_redrive, hf_outbox_redrive_args)
PLAIN(hf_outbox_prune, hf_outbox_prune_args)
PLAIN(hf_outbox_reschedule, hf_outbox_reschedule_args)
PLAIN(hf_outbox_guard, hf_outbox_guard_args)
PLAIN(hf_outbox_guard_claim, hf_outbox_guard_claim_args)
PLAIN(hf_timeline_append, hf_timeline_append_args)
PLAIN(hf_timeline_retain, hf_timeline_retain_args)
PLAIN(hf_timeline_clear, hf_timeline_clear_args)
PLAIN(hf_timeline_guard, hf_timeline_guard_args)
/* clang-format on */

#define ROW(function) \
	{ \
#function, call_##function \
	}

static const struct {
	const char *name;
	int (*call)(hf_store *store, hf_txn *txn, struct hf_error *error);
} rows[] = {
    ROW(hf_clock_set_back),
    ROW(hf_cursor_advance),
    ROW(hf_cursor_reset),
    ROW(hf_cursor_record_error),
    ROW(hf_cursor_put),
    ROW(hf_cursor_remove),
    ROW(hf_cursor_guard),
    ROW(hf_document_put),
    ROW(hf_document_regroup),
    ROW(hf_document_remove),
    ROW(hf_document_clear),
    ROW(hf_document_guard),
    ROW(hf_idempotency_begin),
    ROW(hf_idempotency_complete),
    ROW(hf_idempotency_abandon),
    ROW(hf_idempotency_put),
    ROW(hf_idempotency_remove),
    ROW(hf_idempotency_clear),
    ROW(hf_idempotency_guard),
    ROW(hf_idempotency_guard_owner),
    ROW(hf_inbox_save),
    ROW(hf_inbox_set_status),
    ROW(hf_inbox_dismiss),
    ROW(hf_inbox_undismiss),
    ROW(hf_inbox_mark_read),
    ROW(hf_inbox_mark_unread),
    ROW(hf_inbox_mark_seen),
    ROW(hf_inbox_snooze),
    ROW(hf_inbox_remove),
    ROW(hf_inbox_put_tombstone),
    ROW(hf_inbox_guard),
    ROW(hf_inbox_mark_all_read),
    ROW(hf_inbox_dismiss_all),
    ROW(hf_inbox_prune),
    ROW(hf_inbox_trim),
    ROW(hf_inbox_clear),
    ROW(hf_lock_acquire),
    ROW(hf_lock_renew),
    ROW(hf_lock_release),
    ROW(hf_lock_force_release),
    ROW(hf_lock_put),
    ROW(hf_lock_guard),
    ROW(hf_lock_guard_held),
    ROW(hf_migration_record),
    ROW(hf_migration_forget),
    ROW(hf_migration_guard),
    ROW(hf_outbox_enqueue),
    ROW(hf_outbox_enqueue_many),
    ROW(hf_outbox_put),
    ROW(hf_outbox_configure),
    ROW(hf_outbox_clear),
    ROW(hf_outbox_pause),
    ROW(hf_outbox_resume),
    ROW(hf_outbox_put_completed),
    ROW(hf_outbox_claim),
    ROW(hf_outbox_claim_next),
    ROW(hf_outbox_extend),
    ROW(hf_outbox_complete),
    ROW(hf_outbox_fail),
    ROW(hf_outbox_release),
    ROW(hf_outbox_remove),
    ROW(hf_outbox_mark_failed),
    ROW(hf_outbox_retry),
    ROW(hf_outbox_redrive),
    ROW(hf_outbox_prune),
    ROW(hf_outbox_reschedule),
    ROW(hf_outbox_guard),
    ROW(hf_outbox_guard_claim),
    ROW(hf_timeline_append),
    ROW(hf_timeline_retain),
    ROW(hf_timeline_clear),
    ROW(hf_timeline_guard),
};

static void add_good(hf_store *store, hf_txn *txn)
{
	const struct hf_outbox_enqueue_args item = {.queue = hf_str("q"), .id = hf_str("i")};
	assert_int_equal(hf_outbox_enqueue(store, txn, &item, NULL, NULL), HF_OK);
}

static void a_form_error_names_the_operation(void **state)
{
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_outbox_stats stats = {0};
	(void)state;
	for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
		const unsigned before = i % 2 ? 2 : 0;
		struct hf_error error = {.operation = 77}, at_end = {.operation = 77};
		hf_txn *txn;
		assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
		for (unsigned n = 0; n < before; n++)
			add_good(stage->store, txn);
		const int rc = rows[i / 2].call(stage->store, txn, &error);
		if ((rc != HF_EINVAL && rc != HF_EREASON) || error.code != rc || error.operation != before)
			fail_msg("%s: %s, operation %u of %u: %s", rows[i / 2].name, hf_code_name(rc),
			         error.operation, before, error.text);
		add_good(stage->store, txn);
		assert_int_equal(hf_txn_commit(txn, HF_DURABLE, &at_end), HF_EINVAL);
		if (at_end.operation != before)
			fail_msg("%s, committed: operation %u of %u", rows[i / 2].name, at_end.operation,
			         before);
	}
	/* Alone there is no index. */
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hf_error error = {.operation = 77};
		assert_true(rows[i].call(stage->store, NULL, &error) != HF_OK);
		assert_int_equal(error.operation, 0);
	}
	assert_int_equal(hf_outbox_get_stats(stage->store, hf_str("q"), 0, &stats, NULL), HF_OK);
	assert_int_equal(stats.queued.items, 0);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_form_error_names_the_operation),
	};
	return cmocka_run_group_tests_name("form errors in transactions", tests, NULL, NULL);
}
