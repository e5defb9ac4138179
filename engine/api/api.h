/* The public interface as data (holdfast/api.h), one file a domain. Job: to be read by whatever
 * would otherwise need a line for each member: sizes of structs, forms and copies of arguments, the
 * tool, bindings, tests. This floor knows the public headers alone; a test compares it with them,
 * member by member. How it is used and how a member is added: docs/interface/api-table.md. */
#ifndef HF_API_API_H
#define HF_API_API_H

#include "holdfast/api.h"

/* What belongs to no domain, up to NULL. Each domain's part stands in its row. */
extern const struct hf_api_part *const hf__api_common[];

/* NULL: it has no such struct. */
const struct hf_api_struct *hf__api_struct_of(const struct hf_api_part *part, const char *name);

extern const struct hf_api_part hf__api_types_part;
extern const struct hf_api_word hf__api_durability_words[];
extern const struct hf_api_struct hf__api_bytes, hf__api_ticket, hf__api_cancel_flag, hf__api_write,
    hf__api_result, hf__api_error, hf__api_api_word, hf__api_api_member, hf__api_api_struct,
    hf__api_api_call, hf__api_api_part;

extern const struct hf_api_part hf__api_store_part;
extern const struct hf_api_struct hf__api_options, hf__api_info;

extern const struct hf_api_part hf__api_feed_part;
extern const struct hf_api_struct hf__api_event, hf__api_event_batch, hf__api_subscribe_args;

extern const struct hf_api_part hf__api_admin_part;
extern const struct hf_api_struct hf__api_names_args, hf__api_name_page, hf__api_log_entry,
    hf__api_fsck_object, hf__api_fsck_finding, hf__api_fsck_options, hf__api_fsck_domain,
    hf__api_fsck_summary, hf__api_segment;

extern const struct hf_api_part hf__api_transfer_part;
extern const struct hf_api_struct hf__api_snapshot_file, hf__api_export_options,
    hf__api_verify_options, hf__api_import_options;

extern const struct hf_api_part hf__api_backup_part;
extern const struct hf_api_struct hf__api_backup_options, hf__api_backup_facts,
    hf__api_restore_options;

extern const struct hf_api_part hf__api_salvage_part;
extern const struct hf_api_struct hf__api_salvage_options, hf__api_salvage_domain,
    hf__api_salvage_summary;

extern const struct hf_api_part hf__api_metrics_part;
extern const struct hf_api_struct hf__api_metrics_options;

extern const struct hf_api_part hf__api_clock_part;
extern const struct hf_api_struct hf__api_clock, hf__api_clock_set_back_args;

extern const struct hf_api_part hf__api_cursor_part;
extern const struct hf_api_struct hf__api_cursor_key, hf__api_cursor, hf__api_cursor_advance_args,
    hf__api_cursor_reset_args, hf__api_cursor_record_error_args, hf__api_cursor_put_args,
    hf__api_cursor_remove_args, hf__api_cursor_guard_args, hf__api_cursor_got,
    hf__api_cursor_list_args, hf__api_cursor_page, hf__api_cursor_lag_position,
    hf__api_cursor_list_lag_args, hf__api_cursor_lag_item, hf__api_cursor_lag_page;

extern const struct hf_api_part hf__api_document_part;
extern const struct hf_api_struct hf__api_document_key, hf__api_document, hf__api_document_put_args,
    hf__api_document_regroup_args, hf__api_document_remove_args, hf__api_document_clear_args,
    hf__api_document_guard_args, hf__api_document_got, hf__api_document_count_args,
    hf__api_document_counts, hf__api_document_position, hf__api_document_list_args,
    hf__api_document_page;

extern const struct hf_api_part hf__api_idempotency_part;
extern const struct hf_api_struct hf__api_idempotency_key, hf__api_idempotency_entry,
    hf__api_idempotency_begin_args, hf__api_idempotency_begun, hf__api_idempotency_complete_args,
    hf__api_idempotency_abandon_args, hf__api_idempotency_put_args, hf__api_idempotency_remove_args,
    hf__api_idempotency_clear_args, hf__api_idempotency_guard_args,
    hf__api_idempotency_guard_owner_args, hf__api_idempotency_got, hf__api_idempotency_list_args,
    hf__api_idempotency_page, hf__api_idempotency_count_args, hf__api_idempotency_counts;

extern const struct hf_api_part hf__api_inbox_part;
extern const struct hf_api_struct hf__api_inbox_key, hf__api_inbox_record, hf__api_inbox_input,
    hf__api_inbox_save_args, hf__api_inbox_set_status_args, hf__api_inbox_mark_args,
    hf__api_inbox_snooze_args, hf__api_inbox_remove_args, hf__api_inbox_put_tombstone_args,
    hf__api_inbox_guard_args, hf__api_inbox_mark_all_args, hf__api_inbox_prune_args,
    hf__api_inbox_trim_args, hf__api_inbox_clear_args, hf__api_inbox_got, hf__api_inbox_position,
    hf__api_inbox_load_args, hf__api_inbox_page, hf__api_inbox_list_dismissed_args,
    hf__api_inbox_key_page, hf__api_inbox_list_tombstones_args, hf__api_inbox_tombstone,
    hf__api_inbox_tombstone_page, hf__api_inbox_counts, hf__api_inbox_status;

extern const struct hf_api_part hf__api_lock_part;
extern const struct hf_api_struct hf__api_lock, hf__api_lock_acquire_args, hf__api_lock_renew_args,
    hf__api_lock_release_args, hf__api_lock_force_release_args, hf__api_lock_put_args,
    hf__api_lock_guard_args, hf__api_lock_guard_held_args, hf__api_lock_with_args,
    hf__api_lock_check_args, hf__api_lock_got, hf__api_lock_list_args, hf__api_lock_page,
    hf__api_lock_stats;

extern const struct hf_api_part hf__api_migration_part;
extern const struct hf_api_struct hf__api_migration, hf__api_migrated,
    hf__api_migration_record_args, hf__api_migration_forget_args, hf__api_migration_guard_args,
    hf__api_migration_entry, hf__api_migration_list_args, hf__api_migration_page;

extern const struct hf_api_part hf__api_outbox_part;
extern const struct hf_api_struct hf__api_outbox_rerun, hf__api_outbox_item, hf__api_outbox_place,
    hf__api_outbox_items, hf__api_outbox_enqueue_args, hf__api_outbox_input,
    hf__api_outbox_enqueue_many_args, hf__api_outbox_put_args, hf__api_outbox_configure_args,
    hf__api_outbox_clear_args, hf__api_outbox_pause_args, hf__api_outbox_put_completed_args,
    hf__api_outbox_remove_args, hf__api_outbox_mark_failed_args, hf__api_outbox_retry_args,
    hf__api_outbox_redrive_args, hf__api_outbox_prune_args, hf__api_outbox_reschedule_args,
    hf__api_outbox_guard_args, hf__api_outbox_guard_claim_args, hf__api_outbox_claim_args,
    hf__api_outbox_claim_next_args, hf__api_outbox_extend_args, hf__api_outbox_complete_args,
    hf__api_outbox_backoff, hf__api_outbox_fail_args, hf__api_outbox_release_args,
    hf__api_outbox_drain_args, hf__api_outbox_drained, hf__api_outbox_key, hf__api_outbox_got,
    hf__api_outbox_list_args, hf__api_outbox_status_stats, hf__api_outbox_stats,
    hf__api_outbox_completed_id, hf__api_outbox_completed_page, hf__api_outbox_list_completed_args;

extern const struct hf_api_part hf__api_timeline_part;
extern const struct hf_api_struct hf__api_timeline_key, hf__api_timeline_event,
    hf__api_timeline_append_args, hf__api_timeline_retain_args, hf__api_timeline_clear_args,
    hf__api_timeline_guard_args, hf__api_timeline_got, hf__api_timeline_filter,
    hf__api_timeline_position, hf__api_timeline_query_args, hf__api_timeline_page,
    hf__api_timeline_count_args;

#endif
