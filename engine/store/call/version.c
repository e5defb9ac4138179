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
    ROW(hf_cancel),
    ROW(hf_clock),
    ROW(hf_clock_set_back),
    ROW(hf_cursor),
    ROW(hf_cursor_advance),
    ROW(hf_cursor_got),
    ROW(hf_cursor_guard),
    ROW(hf_cursor_key),
    ROW(hf_cursor_lag),
    ROW(hf_cursor_lag_item),
    ROW(hf_cursor_lag_page),
    ROW(hf_cursor_list),
    ROW(hf_cursor_page),
    ROW(hf_cursor_put),
    ROW(hf_cursor_record_error),
    ROW(hf_cursor_remove),
    ROW(hf_cursor_reset),
    ROW(hf_document),
    ROW(hf_document_clear),
    ROW(hf_document_count),
    ROW(hf_document_counted),
    ROW(hf_document_got),
    ROW(hf_document_guard),
    ROW(hf_document_key),
    ROW(hf_document_list),
    ROW(hf_document_page),
    ROW(hf_document_put),
    ROW(hf_document_regroup),
    ROW(hf_document_remove),
    ROW(hf_error),
    ROW(hf_event),
    ROW(hf_event_batch),
    ROW(hf_fsck_domain),
    ROW(hf_fsck_finding),
    ROW(hf_fsck_object),
    ROW(hf_fsck_options),
    ROW(hf_fsck_summary),
    ROW(hf_idempotency_abandon),
    ROW(hf_idempotency_begin),
    ROW(hf_idempotency_begun),
    ROW(hf_idempotency_clear),
    ROW(hf_idempotency_complete),
    ROW(hf_idempotency_counts),
    ROW(hf_idempotency_entry),
    ROW(hf_idempotency_got),
    ROW(hf_idempotency_guard),
    ROW(hf_idempotency_guard_owner),
    ROW(hf_idempotency_key),
    ROW(hf_idempotency_list),
    ROW(hf_idempotency_page),
    ROW(hf_idempotency_put),
    ROW(hf_idempotency_remove),
    ROW(hf_inbox_clear),
    ROW(hf_inbox_counts),
    ROW(hf_inbox_dismissed),
    ROW(hf_inbox_got),
    ROW(hf_inbox_guard),
    ROW(hf_inbox_input),
    ROW(hf_inbox_key),
    ROW(hf_inbox_keys),
    ROW(hf_inbox_load),
    ROW(hf_inbox_mark),
    ROW(hf_inbox_mark_all),
    ROW(hf_inbox_page),
    ROW(hf_inbox_prune),
    ROW(hf_inbox_put_tombstone),
    ROW(hf_inbox_record),
    ROW(hf_inbox_remove),
    ROW(hf_inbox_save),
    ROW(hf_inbox_set_status),
    ROW(hf_inbox_snooze),
    ROW(hf_inbox_status),
    ROW(hf_inbox_tombstone),
    ROW(hf_inbox_tombstone_page),
    ROW(hf_inbox_tombstones),
    ROW(hf_inbox_trim),
    ROW(hf_info),
    ROW(hf_lock),
    ROW(hf_lock_acquire),
    ROW(hf_lock_check),
    ROW(hf_lock_force_release),
    ROW(hf_lock_got),
    ROW(hf_lock_guard),
    ROW(hf_lock_guard_held),
    ROW(hf_lock_list),
    ROW(hf_lock_page),
    ROW(hf_lock_put),
    ROW(hf_lock_release),
    ROW(hf_lock_renew),
    ROW(hf_lock_stats),
    ROW(hf_lock_with),
    ROW(hf_log_entry),
    ROW(hf_migrated),
    ROW(hf_migration),
    ROW(hf_migration_entry),
    ROW(hf_migration_forget),
    ROW(hf_migration_guard),
    ROW(hf_migration_list),
    ROW(hf_migration_page),
    ROW(hf_migration_record),
    ROW(hf_name_page),
    ROW(hf_names),
    ROW(hf_options),
    ROW(hf_outbox_backoff),
    ROW(hf_outbox_claim),
    ROW(hf_outbox_claim_next),
    ROW(hf_outbox_clear),
    ROW(hf_outbox_complete),
    ROW(hf_outbox_completed_id),
    ROW(hf_outbox_completed_list),
    ROW(hf_outbox_completed_page),
    ROW(hf_outbox_configure),
    ROW(hf_outbox_count),
    ROW(hf_outbox_drain),
    ROW(hf_outbox_drained),
    ROW(hf_outbox_enqueue),
    ROW(hf_outbox_enqueue_many),
    ROW(hf_outbox_extend),
    ROW(hf_outbox_fail),
    ROW(hf_outbox_got),
    ROW(hf_outbox_guard),
    ROW(hf_outbox_guard_claim),
    ROW(hf_outbox_input),
    ROW(hf_outbox_item),
    ROW(hf_outbox_items),
    ROW(hf_outbox_key),
    ROW(hf_outbox_list),
    ROW(hf_outbox_mark_failed),
    ROW(hf_outbox_pause),
    ROW(hf_outbox_prune),
    ROW(hf_outbox_put),
    ROW(hf_outbox_put_completed),
    ROW(hf_outbox_redrive),
    ROW(hf_outbox_release),
    ROW(hf_outbox_remove),
    ROW(hf_outbox_rerun),
    ROW(hf_outbox_reschedule),
    ROW(hf_outbox_retry),
    ROW(hf_outbox_stats),
    ROW(hf_result),
    ROW(hf_subscribe),
    ROW(hf_ticket),
    ROW(hf_timeline_append),
    ROW(hf_timeline_clear),
    ROW(hf_timeline_event),
    ROW(hf_timeline_filter),
    ROW(hf_timeline_got),
    ROW(hf_timeline_guard),
    ROW(hf_timeline_key),
    ROW(hf_timeline_page),
    ROW(hf_timeline_query),
    ROW(hf_timeline_retain),
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
