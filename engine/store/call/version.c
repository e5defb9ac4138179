/* See holdfast/version.h. A test compares the table with the headers: every public struct has a
 * row. */
#include "holdfast/holdfast.h"

#include "store/call/call.h"

const char *hf_version(void)
{
	HF__CALL;
	return HF_VERSION;
}

unsigned hf_version_number(void)
{
	HF__CALL;
	return HF_VERSION_NUMBER;
}

unsigned hf_abi(void)
{
	HF__CALL;
	return HF_ABI;
}

struct row {
	const char *name;
	size_t size;
};

#define ROW(struct_name) \
	{ \
#struct_name, sizeof(struct struct_name) \
	}

/* clang-format off */
static const struct row rows[] = {
    ROW(hf_bytes),
    ROW(hf_cancel_flag),
    ROW(hf_clock),
    ROW(hf_clock_set_back_args),
    ROW(hf_cursor),
    ROW(hf_cursor_advance_args),
    ROW(hf_cursor_got),
    ROW(hf_cursor_guard_args),
    ROW(hf_cursor_key),
    ROW(hf_cursor_lag_item),
    ROW(hf_cursor_lag_page),
    ROW(hf_cursor_list_args),
    ROW(hf_cursor_list_lag_args),
    ROW(hf_cursor_page),
    ROW(hf_cursor_put_args),
    ROW(hf_cursor_record_error_args),
    ROW(hf_cursor_remove_args),
    ROW(hf_cursor_reset_args),
    ROW(hf_document),
    ROW(hf_document_clear_args),
    ROW(hf_document_count_args),
    ROW(hf_document_counts),
    ROW(hf_document_got),
    ROW(hf_document_guard_args),
    ROW(hf_document_key),
    ROW(hf_document_list_args),
    ROW(hf_document_page),
    ROW(hf_document_put_args),
    ROW(hf_document_regroup_args),
    ROW(hf_document_remove_args),
    ROW(hf_error),
    ROW(hf_event),
    ROW(hf_event_batch),
    ROW(hf_fsck_domain),
    ROW(hf_fsck_finding),
    ROW(hf_fsck_object),
    ROW(hf_fsck_options),
    ROW(hf_fsck_summary),
    ROW(hf_idempotency_abandon_args),
    ROW(hf_idempotency_begin_args),
    ROW(hf_idempotency_begun),
    ROW(hf_idempotency_clear_args),
    ROW(hf_idempotency_complete_args),
    ROW(hf_idempotency_counts),
    ROW(hf_idempotency_entry),
    ROW(hf_idempotency_got),
    ROW(hf_idempotency_guard_args),
    ROW(hf_idempotency_guard_owner_args),
    ROW(hf_idempotency_key),
    ROW(hf_idempotency_list_args),
    ROW(hf_idempotency_page),
    ROW(hf_idempotency_put_args),
    ROW(hf_idempotency_remove_args),
    ROW(hf_inbox_clear_args),
    ROW(hf_inbox_counts),
    ROW(hf_inbox_got),
    ROW(hf_inbox_guard_args),
    ROW(hf_inbox_input),
    ROW(hf_inbox_key),
    ROW(hf_inbox_key_page),
    ROW(hf_inbox_list_dismissed_args),
    ROW(hf_inbox_list_tombstones_args),
    ROW(hf_inbox_load_args),
    ROW(hf_inbox_mark_all_args),
    ROW(hf_inbox_mark_args),
    ROW(hf_inbox_page),
    ROW(hf_inbox_prune_args),
    ROW(hf_inbox_put_tombstone_args),
    ROW(hf_inbox_record),
    ROW(hf_inbox_remove_args),
    ROW(hf_inbox_save_args),
    ROW(hf_inbox_set_status_args),
    ROW(hf_inbox_snooze_args),
    ROW(hf_inbox_status),
    ROW(hf_inbox_tombstone),
    ROW(hf_inbox_tombstone_page),
    ROW(hf_inbox_trim_args),
    ROW(hf_info),
    ROW(hf_lock),
    ROW(hf_lock_acquire_args),
    ROW(hf_lock_check_args),
    ROW(hf_lock_force_release_args),
    ROW(hf_lock_got),
    ROW(hf_lock_guard_args),
    ROW(hf_lock_guard_held_args),
    ROW(hf_lock_list_args),
    ROW(hf_lock_page),
    ROW(hf_lock_put_args),
    ROW(hf_lock_release_args),
    ROW(hf_lock_renew_args),
    ROW(hf_lock_stats),
    ROW(hf_lock_with_args),
    ROW(hf_log_entry),
    ROW(hf_migrated),
    ROW(hf_migration),
    ROW(hf_migration_entry),
    ROW(hf_migration_forget_args),
    ROW(hf_migration_guard_args),
    ROW(hf_migration_list_args),
    ROW(hf_migration_page),
    ROW(hf_migration_record_args),
    ROW(hf_name_page),
    ROW(hf_names_args),
    ROW(hf_options),
    ROW(hf_outbox_backoff),
    ROW(hf_outbox_claim_args),
    ROW(hf_outbox_claim_next_args),
    ROW(hf_outbox_clear_args),
    ROW(hf_outbox_complete_args),
    ROW(hf_outbox_completed_id),
    ROW(hf_outbox_completed_page),
    ROW(hf_outbox_configure_args),
    ROW(hf_outbox_drain_args),
    ROW(hf_outbox_drained),
    ROW(hf_outbox_enqueue_args),
    ROW(hf_outbox_enqueue_many_args),
    ROW(hf_outbox_extend_args),
    ROW(hf_outbox_fail_args),
    ROW(hf_outbox_got),
    ROW(hf_outbox_guard_args),
    ROW(hf_outbox_guard_claim_args),
    ROW(hf_outbox_input),
    ROW(hf_outbox_item),
    ROW(hf_outbox_items),
    ROW(hf_outbox_key),
    ROW(hf_outbox_list_args),
    ROW(hf_outbox_list_completed_args),
    ROW(hf_outbox_mark_failed_args),
    ROW(hf_outbox_pause_args),
    ROW(hf_outbox_prune_args),
    ROW(hf_outbox_put_args),
    ROW(hf_outbox_put_completed_args),
    ROW(hf_outbox_redrive_args),
    ROW(hf_outbox_release_args),
    ROW(hf_outbox_remove_args),
    ROW(hf_outbox_rerun),
    ROW(hf_outbox_reschedule_args),
    ROW(hf_outbox_retry_args),
    ROW(hf_outbox_stats),
    ROW(hf_outbox_status_stats),
    ROW(hf_result),
    ROW(hf_subscribe_args),
    ROW(hf_ticket),
    ROW(hf_timeline_append_args),
    ROW(hf_timeline_clear_args),
    ROW(hf_timeline_event),
    ROW(hf_timeline_filter),
    ROW(hf_timeline_got),
    ROW(hf_timeline_guard_args),
    ROW(hf_timeline_key),
    ROW(hf_timeline_page),
    ROW(hf_timeline_query_args),
    ROW(hf_timeline_retain_args),
    ROW(hf_write),
};
/* clang-format on */

size_t hf_struct_size(const char *name)
{
	HF__CALL;
	for (size_t i = 0; name && i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].size;
	return 0;
}
