/* Outboxes: queues of items that workers claim. See holdfast/api.h. */
#include "holdfast/outbox.h"
#include "api/row.h"
#include "holdfast/admin.h"
#include "holdfast/outbox_claim.h"
#include "holdfast/outbox_drain.h"
#include "holdfast/outbox_read.h"

/* clang-format off */
static const struct hf_api_word outbox_status_words[] = {
	{"any", HF_OUTBOX_ANY},
	{"queued", HF_OUTBOX_QUEUED},
	{"sending", HF_OUTBOX_SENDING},
	{"failed", HF_OUTBOX_FAILED},
	{0},
};

static const struct hf_api_word outbox_dedup_words[] = {
	{"keep", HF_OUTBOX_KEEP},
	{"replace", HF_OUTBOX_REPLACE},
	{"rerun", HF_OUTBOX_RERUN},
	{0},
};

static const struct hf_api_word outbox_leave_words[] = {
	{"max_attempts", HF_OUTBOX_LEAVE_MAX_ATTEMPTS},
	{"max_lost", HF_OUTBOX_LEAVE_MAX_LOST},
	{"dedup_window", HF_OUTBOX_LEAVE_DEDUP_WINDOW},
	{"dedup_max", HF_OUTBOX_LEAVE_DEDUP_MAX},
	{0},
};

static const struct hf_api_word outbox_backoff_kind_words[] = {
	{"none", HF_OUTBOX_BACKOFF_NONE},
	{"fixed", HF_OUTBOX_BACKOFF_FIXED},
	{"exponential", HF_OUTBOX_BACKOFF_EXPONENTIAL},
	{0},
};

const struct hf_api_struct hf__api_outbox_rerun = STRUCT(hf_outbox_rerun,
	{AT(hf_outbox_rerun, payload), HF_API_BYTES},
	{AT(hf_outbox_rerun, enqueued_at), HF_API_TIME},
	{AT(hf_outbox_rerun, available_at), HF_API_TIME},
	{AT(hf_outbox_rerun, available_computed), HF_API_BOOL});

const struct hf_api_struct hf__api_outbox_item = STRUCT(hf_outbox_item,
	{AT(hf_outbox_item, queue), HF_API_KEY},
	{AT(hf_outbox_item, id), HF_API_KEY},
	{AT(hf_outbox_item, payload), HF_API_BYTES},
	{AT(hf_outbox_item, extra), HF_API_BYTES, .zero = "none"},
	{AT(hf_outbox_item, status), HF_API_ENUM, .words = outbox_status_words},
	{AT(hf_outbox_item, attempts), HF_API_UINT},
	{AT(hf_outbox_item, lost), HF_API_UINT},
	{AT(hf_outbox_item, max_attempts), HF_API_UINT, .zero = "the queue's"},
	{AT(hf_outbox_item, priority), HF_API_INT},
	{AT(hf_outbox_item, enqueued_at), HF_API_TIME},
	{AT(hf_outbox_item, available_at), HF_API_TIME},
	{AT(hf_outbox_item, available_computed), HF_API_BOOL},
	{AT(hf_outbox_item, last_error), HF_API_TEXT, .zero = "none"},
	{AT(hf_outbox_item, group), HF_API_KEY, .zero = "none"},
	{AT(hf_outbox_item, rerun), HF_API_ONE, .of = &hf__api_outbox_rerun, .zero = "none is noted"},
	{AT(hf_outbox_item, token), HF_API_TOKEN},
	{AT(hf_outbox_item, owner), HF_API_KEY},
	{AT(hf_outbox_item, lease_until), HF_API_TIME},
	{AT(hf_outbox_item, run_until), HF_API_TIME},
	{AT(hf_outbox_item, version), HF_API_LSN});

const struct hf_api_struct hf__api_outbox_place = STRUCT(hf_outbox_place,
	{AT(hf_outbox_place, place), HF_API_LSN});

const struct hf_api_struct hf__api_outbox_items = SIZED(hf_outbox_items,
	{AT(hf_outbox_items, items), HF_API_MANY, .of = &hf__api_outbox_item},
	{AT(hf_outbox_items, count), HF_API_UINT},
	{AT(hf_outbox_items, next), HF_API_STRING},
	{AT(hf_outbox_items, memory), HF_API_MEMORY},
	{AT(hf_outbox_items, places), HF_API_MANY, .of = &hf__api_outbox_place},
	{AT(hf_outbox_items, places_count), HF_API_UINT});

const struct hf_api_struct hf__api_outbox_enqueue_args = SIZED(hf_outbox_enqueue_args,
	{AT(hf_outbox_enqueue_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_enqueue_args, queue), HF_API_KEY},
	{AT(hf_outbox_enqueue_args, id), HF_API_KEY},
	{AT(hf_outbox_enqueue_args, payload), HF_API_BYTES, .most = HF_PAYLOAD_MAX},
	{AT(hf_outbox_enqueue_args, enqueued_at), HF_API_TIME},
	{AT(hf_outbox_enqueue_args, available_at), HF_API_TIME, .zero = "now, by the store's clock"},
	{AT(hf_outbox_enqueue_args, priority), HF_API_INT},
	{AT(hf_outbox_enqueue_args, max_attempts), HF_API_UINT, .zero = "the queue's"},
	{AT(hf_outbox_enqueue_args, dedup), HF_API_ENUM, .words = outbox_dedup_words},
	{AT(hf_outbox_enqueue_args, group), HF_API_KEY, .optional = true, .zero = "none"},
	{AT(hf_outbox_enqueue_args, extra), HF_API_BYTES, .most = HF_OUTBOX_EXTRA_MAX});

const struct hf_api_struct hf__api_outbox_input = STRUCT(hf_outbox_input,
	{AT(hf_outbox_input, id), HF_API_KEY},
	{AT(hf_outbox_input, payload), HF_API_BYTES},
	{AT(hf_outbox_input, enqueued_at), HF_API_TIME},
	{AT(hf_outbox_input, available_at), HF_API_TIME},
	{AT(hf_outbox_input, priority), HF_API_INT},
	{AT(hf_outbox_input, max_attempts), HF_API_UINT},
	{AT(hf_outbox_input, group), HF_API_KEY, .optional = true},
	{AT(hf_outbox_input, extra), HF_API_BYTES});

const struct hf_api_struct hf__api_outbox_enqueue_many_args = SIZED(hf_outbox_enqueue_many_args,
	{AT(hf_outbox_enqueue_many_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_enqueue_many_args, queue), HF_API_KEY},
	{AT(hf_outbox_enqueue_many_args, items), HF_API_MANY, .of = &hf__api_outbox_input},
	{AT(hf_outbox_enqueue_many_args, count), HF_API_UINT},
	{AT(hf_outbox_enqueue_many_args, dedup), HF_API_ENUM, .words = outbox_dedup_words});

const struct hf_api_struct hf__api_outbox_put_args = SIZED(hf_outbox_put_args,
	{AT(hf_outbox_put_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_put_args, queue), HF_API_KEY},
	{AT(hf_outbox_put_args, item), HF_API_STRUCT, .of = &hf__api_outbox_item});

const struct hf_api_struct hf__api_outbox_configure_args = SIZED(hf_outbox_configure_args,
	{AT(hf_outbox_configure_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_configure_args, queue), HF_API_KEY},
	{AT(hf_outbox_configure_args, max_attempts), HF_API_UINT, .zero = "HF_OUTBOX_ATTEMPTS"},
	{AT(hf_outbox_configure_args, max_lost), HF_API_UINT, .zero = "HF_OUTBOX_LOST_MAX"},
	{AT(hf_outbox_configure_args, dedup_window_us), HF_API_SPAN, .zero = "not at all"},
	{AT(hf_outbox_configure_args, dedup_max), HF_API_UINT, .zero = "HF_OUTBOX_DEDUP_MAX"},
	{AT(hf_outbox_configure_args, leave), HF_API_FLAGS, .words = outbox_leave_words,
	 .zero = "all four"});

const struct hf_api_struct hf__api_outbox_clear_args = SIZED(hf_outbox_clear_args,
	{AT(hf_outbox_clear_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_clear_args, queue), HF_API_KEY});

const struct hf_api_struct hf__api_outbox_pause_args = SIZED(hf_outbox_pause_args,
	{AT(hf_outbox_pause_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_pause_args, queue), HF_API_KEY},
	{AT(hf_outbox_pause_args, wait_us), HF_API_WAIT});

const struct hf_api_struct hf__api_outbox_put_completed_args = SIZED(hf_outbox_put_completed_args,
	{AT(hf_outbox_put_completed_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_put_completed_args, queue), HF_API_KEY},
	{AT(hf_outbox_put_completed_args, id), HF_API_KEY},
	{AT(hf_outbox_put_completed_args, until), HF_API_TIME});

const struct hf_api_struct hf__api_outbox_remove_args = SIZED(hf_outbox_remove_args,
	{AT(hf_outbox_remove_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_remove_args, queue), HF_API_KEY},
	{AT(hf_outbox_remove_args, id), HF_API_KEY});

const struct hf_api_struct hf__api_outbox_mark_failed_args = SIZED(hf_outbox_mark_failed_args,
	{AT(hf_outbox_mark_failed_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_mark_failed_args, queue), HF_API_KEY},
	{AT(hf_outbox_mark_failed_args, id), HF_API_KEY},
	{AT(hf_outbox_mark_failed_args, reason), HF_API_TEXT});

const struct hf_api_struct hf__api_outbox_retry_args = SIZED(hf_outbox_retry_args,
	{AT(hf_outbox_retry_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_retry_args, queue), HF_API_KEY},
	{AT(hf_outbox_retry_args, id), HF_API_KEY},
	{AT(hf_outbox_retry_args, reset_attempts), HF_API_BOOL});

const struct hf_api_struct hf__api_outbox_redrive_args = SIZED(hf_outbox_redrive_args,
	{AT(hf_outbox_redrive_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_redrive_args, queue), HF_API_KEY},
	{AT(hf_outbox_redrive_args, group), HF_API_KEY, .optional = true, .zero = "any"},
	{AT(hf_outbox_redrive_args, error), HF_API_TEXT, .zero = "any"},
	{AT(hf_outbox_redrive_args, enqueued_before), HF_API_TIME, .zero = "any"},
	{AT(hf_outbox_redrive_args, attempts_below), HF_API_UINT, .zero = "any"},
	{AT(hf_outbox_redrive_args, limit), HF_API_UINT, .zero = "all"},
	{AT(hf_outbox_redrive_args, reset_attempts), HF_API_BOOL},
	{AT(hf_outbox_redrive_args, dry_run), HF_API_BOOL});

const struct hf_api_struct hf__api_outbox_prune_args = SIZED(hf_outbox_prune_args,
	{AT(hf_outbox_prune_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_prune_args, queue), HF_API_KEY},
	{AT(hf_outbox_prune_args, status), HF_API_ENUM, .words = outbox_status_words},
	{AT(hf_outbox_prune_args, enqueued_before), HF_API_TIME, .zero = "any"},
	{AT(hf_outbox_prune_args, limit), HF_API_UINT, .zero = "all"},
	{AT(hf_outbox_prune_args, dry_run), HF_API_BOOL});

const struct hf_api_struct hf__api_outbox_reschedule_args = SIZED(hf_outbox_reschedule_args,
	{AT(hf_outbox_reschedule_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_reschedule_args, queue), HF_API_KEY},
	{AT(hf_outbox_reschedule_args, id), HF_API_KEY},
	{AT(hf_outbox_reschedule_args, set_available_at), HF_API_BOOL},
	{AT(hf_outbox_reschedule_args, available_at), HF_API_TIME},
	{AT(hf_outbox_reschedule_args, set_priority), HF_API_BOOL},
	{AT(hf_outbox_reschedule_args, priority), HF_API_INT});

const struct hf_api_struct hf__api_outbox_guard_args = SIZED(hf_outbox_guard_args,
	{AT(hf_outbox_guard_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_guard_args, queue), HF_API_KEY},
	{AT(hf_outbox_guard_args, id), HF_API_KEY});

const struct hf_api_struct hf__api_outbox_guard_claim_args = SIZED(hf_outbox_guard_claim_args,
	{AT(hf_outbox_guard_claim_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_guard_claim_args, queue), HF_API_KEY},
	{AT(hf_outbox_guard_claim_args, id), HF_API_KEY},
	{AT(hf_outbox_guard_claim_args, token), HF_API_TOKEN});

const struct hf_api_struct hf__api_outbox_claim_args = SIZED(hf_outbox_claim_args,
	{AT(hf_outbox_claim_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_claim_args, queue), HF_API_KEY},
	{AT(hf_outbox_claim_args, id), HF_API_KEY},
	{AT(hf_outbox_claim_args, owner), HF_API_KEY},
	{AT(hf_outbox_claim_args, lease_us), HF_API_SPAN},
	{AT(hf_outbox_claim_args, max_run_us), HF_API_SPAN, .zero = "no bound"});

const struct hf_api_struct hf__api_outbox_claim_next_args = SIZED(hf_outbox_claim_next_args,
	{AT(hf_outbox_claim_next_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_claim_next_args, queue), HF_API_KEY},
	{AT(hf_outbox_claim_next_args, queues), HF_API_MANY, .of = &hf__api_bytes},
	{AT(hf_outbox_claim_next_args, queue_count), HF_API_UINT},
	{AT(hf_outbox_claim_next_args, max), HF_API_UINT, .zero = "one"},
	{AT(hf_outbox_claim_next_args, owner), HF_API_KEY},
	{AT(hf_outbox_claim_next_args, lease_us), HF_API_SPAN},
	{AT(hf_outbox_claim_next_args, max_run_us), HF_API_SPAN},
	{AT(hf_outbox_claim_next_args, wait_us), HF_API_WAIT});

const struct hf_api_struct hf__api_outbox_extend_args = SIZED(hf_outbox_extend_args,
	{AT(hf_outbox_extend_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_extend_args, queue), HF_API_KEY},
	{AT(hf_outbox_extend_args, id), HF_API_KEY},
	{AT(hf_outbox_extend_args, token), HF_API_TOKEN},
	{AT(hf_outbox_extend_args, lease_us), HF_API_SPAN, .label = "the lease"});

const struct hf_api_struct hf__api_outbox_complete_args = SIZED(hf_outbox_complete_args,
	{AT(hf_outbox_complete_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_complete_args, queue), HF_API_KEY},
	{AT(hf_outbox_complete_args, id), HF_API_KEY},
	{AT(hf_outbox_complete_args, token), HF_API_TOKEN});

const struct hf_api_struct hf__api_outbox_backoff = STRUCT(hf_outbox_backoff,
	{AT(hf_outbox_backoff, kind), HF_API_ENUM, .words = outbox_backoff_kind_words},
	{AT(hf_outbox_backoff, delay_us), HF_API_SPAN},
	{AT(hf_outbox_backoff, cap_us), HF_API_SPAN});

const struct hf_api_struct hf__api_outbox_fail_args = SIZED(hf_outbox_fail_args,
	{AT(hf_outbox_fail_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_fail_args, queue), HF_API_KEY},
	{AT(hf_outbox_fail_args, id), HF_API_KEY},
	{AT(hf_outbox_fail_args, token), HF_API_TOKEN},
	{AT(hf_outbox_fail_args, max_attempts), HF_API_UINT, .zero = "the item's, else the queue's"},
	{AT(hf_outbox_fail_args, reason), HF_API_TEXT},
	{AT(hf_outbox_fail_args, backoff), HF_API_STRUCT, .of = &hf__api_outbox_backoff});

const struct hf_api_struct hf__api_outbox_release_args = SIZED(hf_outbox_release_args,
	{AT(hf_outbox_release_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_outbox_release_args, queue), HF_API_KEY},
	{AT(hf_outbox_release_args, id), HF_API_KEY},
	{AT(hf_outbox_release_args, token), HF_API_TOKEN},
	{AT(hf_outbox_release_args, delay_us), HF_API_SPAN, .label = "the delay",
	 .zero = "available_at stays as it was"});

const struct hf_api_struct hf__api_outbox_drain_args = SIZED(hf_outbox_drain_args,
	{AT(hf_outbox_drain_args, queue), HF_API_KEY},
	{AT(hf_outbox_drain_args, send), HF_API_FUNCTION},
	{AT(hf_outbox_drain_args, ctx), HF_API_CONTEXT},
	{AT(hf_outbox_drain_args, max_attempts), HF_API_UINT},
	{AT(hf_outbox_drain_args, backoff), HF_API_STRUCT, .of = &hf__api_outbox_backoff},
	{AT(hf_outbox_drain_args, owner), HF_API_KEY, .optional = true, .zero = "\"drain\""},
	{AT(hf_outbox_drain_args, lease_us), HF_API_SPAN, .zero = "none"},
	{AT(hf_outbox_drain_args, with_delayed), HF_API_BOOL},
	{AT(hf_outbox_drain_args, with_paused), HF_API_BOOL},
	{AT(hf_outbox_drain_args, durability), HF_API_ENUM, .words = hf__api_durability_words});

const struct hf_api_struct hf__api_outbox_drained = SIZED(hf_outbox_drained,
	{AT(hf_outbox_drained, sent), HF_API_UINT},
	{AT(hf_outbox_drained, failed), HF_API_UINT},
	{AT(hf_outbox_drained, left), HF_API_UINT},
	{AT(hf_outbox_drained, changed), HF_API_UINT});

const struct hf_api_struct hf__api_outbox_key = STRUCT(hf_outbox_key,
	{AT(hf_outbox_key, queue), HF_API_KEY},
	{AT(hf_outbox_key, id), HF_API_KEY});

const struct hf_api_struct hf__api_outbox_got = SIZED(hf_outbox_got,
	{AT(hf_outbox_got, item), HF_API_STRUCT, .of = &hf__api_outbox_item},
	{AT(hf_outbox_got, memory), HF_API_MEMORY},
	{AT(hf_outbox_got, place), HF_API_LSN});

const struct hf_api_struct hf__api_outbox_list_args = SIZED(hf_outbox_list_args,
	{AT(hf_outbox_list_args, queue), HF_API_KEY},
	{AT(hf_outbox_list_args, status), HF_API_ENUM, .words = outbox_status_words},
	{AT(hf_outbox_list_args, match), HF_API_FUNCTION, .zero = "all"},
	{AT(hf_outbox_list_args, match_ctx), HF_API_CONTEXT},
	{AT(hf_outbox_list_args, without_payload), HF_API_BOOL},
	{AT(hf_outbox_list_args, limit), HF_API_UINT, .zero = "all"},
	{AT(hf_outbox_list_args, page), HF_API_STRING, .zero = "the first page"},
	{AT(hf_outbox_list_args, after), HF_API_LSN},
	{AT(hf_outbox_list_args, id_prefix), HF_API_KEY, .optional = true, .zero = "all"});

const struct hf_api_struct hf__api_outbox_status_stats = STRUCT(hf_outbox_status_stats,
	{AT(hf_outbox_status_stats, items), HF_API_UINT},
	{AT(hf_outbox_status_stats, oldest), HF_API_TIME});

const struct hf_api_struct hf__api_outbox_stats = SIZED(hf_outbox_stats,
	{AT(hf_outbox_stats, queued), HF_API_STRUCT, .of = &hf__api_outbox_status_stats},
	{AT(hf_outbox_stats, sending), HF_API_STRUCT, .of = &hf__api_outbox_status_stats},
	{AT(hf_outbox_stats, failed), HF_API_STRUCT, .of = &hf__api_outbox_status_stats},
	{AT(hf_outbox_stats, ready), HF_API_UINT},
	{AT(hf_outbox_stats, delayed), HF_API_UINT},
	{AT(hf_outbox_stats, blocked), HF_API_UINT},
	{AT(hf_outbox_stats, oldest_due), HF_API_TIME},
	{AT(hf_outbox_stats, as_of), HF_API_TIME},
	{AT(hf_outbox_stats, max_attempts), HF_API_UINT},
	{AT(hf_outbox_stats, max_lost), HF_API_UINT},
	{AT(hf_outbox_stats, settings_version), HF_API_LSN},
	{AT(hf_outbox_stats, paused), HF_API_BOOL},
	{AT(hf_outbox_stats, groups), HF_API_UINT},
	{AT(hf_outbox_stats, busy_groups), HF_API_UINT},
	{AT(hf_outbox_stats, dedup_window_us), HF_API_SPAN},
	{AT(hf_outbox_stats, dedup_max), HF_API_UINT},
	{AT(hf_outbox_stats, completed), HF_API_UINT},
	{AT(hf_outbox_stats, dropped), HF_API_UINT});

const struct hf_api_struct hf__api_outbox_completed_id = STRUCT(hf_outbox_completed_id,
	{AT(hf_outbox_completed_id, id), HF_API_KEY},
	{AT(hf_outbox_completed_id, until), HF_API_TIME},
	{AT(hf_outbox_completed_id, version), HF_API_LSN});

const struct hf_api_struct hf__api_outbox_completed_page = SIZED(hf_outbox_completed_page,
	{AT(hf_outbox_completed_page, ids), HF_API_MANY, .of = &hf__api_outbox_completed_id},
	{AT(hf_outbox_completed_page, count), HF_API_UINT},
	{AT(hf_outbox_completed_page, next), HF_API_STRING},
	{AT(hf_outbox_completed_page, memory), HF_API_MEMORY});

const struct hf_api_struct hf__api_outbox_list_completed_args =
	SIZED(hf_outbox_list_completed_args,
	{AT(hf_outbox_list_completed_args, queue), HF_API_KEY},
	{AT(hf_outbox_list_completed_args, id), HF_API_KEY, .optional = true, .zero = "all"},
	{AT(hf_outbox_list_completed_args, limit), HF_API_UINT, .zero = "all"},
	{AT(hf_outbox_list_completed_args, page), HF_API_STRING, .zero = "the first page"},
	{AT(hf_outbox_list_completed_args, after), HF_API_LSN});

static const struct hf_api_struct *const structs[] = {
	&hf__api_outbox_rerun, &hf__api_outbox_item, &hf__api_outbox_place, &hf__api_outbox_items,
	&hf__api_outbox_enqueue_args, &hf__api_outbox_input, &hf__api_outbox_enqueue_many_args,
	&hf__api_outbox_put_args, &hf__api_outbox_configure_args, &hf__api_outbox_clear_args,
	&hf__api_outbox_pause_args, &hf__api_outbox_put_completed_args, &hf__api_outbox_remove_args,
	&hf__api_outbox_mark_failed_args, &hf__api_outbox_retry_args, &hf__api_outbox_redrive_args,
	&hf__api_outbox_prune_args, &hf__api_outbox_reschedule_args, &hf__api_outbox_guard_args,
	&hf__api_outbox_guard_claim_args, &hf__api_outbox_claim_args, &hf__api_outbox_claim_next_args,
	&hf__api_outbox_extend_args, &hf__api_outbox_complete_args, &hf__api_outbox_backoff,
	&hf__api_outbox_fail_args, &hf__api_outbox_release_args, &hf__api_outbox_drain_args,
	&hf__api_outbox_drained, &hf__api_outbox_key, &hf__api_outbox_got, &hf__api_outbox_list_args,
	&hf__api_outbox_status_stats, &hf__api_outbox_stats, &hf__api_outbox_completed_id,
	&hf__api_outbox_completed_page, &hf__api_outbox_list_completed_args, NULL,
};

static const struct hf_api_call calls[] = {
	{CALL(hf_outbox_enqueue), HF_API_MUTATION, .takes = &hf__api_outbox_enqueue_args,
	 .object = &hf__api_outbox_got},
	{CALL(hf_outbox_enqueue_many), HF_API_MUTATION, .takes = &hf__api_outbox_enqueue_many_args},
	{CALL(hf_outbox_put), HF_API_MUTATION, .takes = &hf__api_outbox_put_args,
	 .object = &hf__api_outbox_got},
	{CALL(hf_outbox_configure), HF_API_MUTATION, .takes = &hf__api_outbox_configure_args},
	{CALL(hf_outbox_clear), HF_API_MUTATION, .takes = &hf__api_outbox_clear_args},
	{CALL(hf_outbox_pause), HF_API_MUTATION, .takes = &hf__api_outbox_pause_args},
	{CALL(hf_outbox_resume), HF_API_MUTATION, .takes = &hf__api_outbox_pause_args},
	{CALL(hf_outbox_put_completed), HF_API_MUTATION, .takes = &hf__api_outbox_put_completed_args},
	{CALL(hf_outbox_remove), HF_API_MUTATION, .takes = &hf__api_outbox_remove_args,
	 .object = &hf__api_outbox_got},
	{CALL(hf_outbox_mark_failed), HF_API_MUTATION, .takes = &hf__api_outbox_mark_failed_args,
	 .object = &hf__api_outbox_got},
	{CALL(hf_outbox_retry), HF_API_MUTATION, .takes = &hf__api_outbox_retry_args,
	 .object = &hf__api_outbox_got},
	{CALL(hf_outbox_redrive), HF_API_MUTATION, .takes = &hf__api_outbox_redrive_args},
	{CALL(hf_outbox_prune), HF_API_MUTATION, .takes = &hf__api_outbox_prune_args},
	{CALL(hf_outbox_reschedule), HF_API_MUTATION, .takes = &hf__api_outbox_reschedule_args,
	 .object = &hf__api_outbox_got},
	{CALL(hf_outbox_guard), HF_API_MUTATION, .takes = &hf__api_outbox_guard_args,
	 .object = &hf__api_outbox_got},
	{CALL(hf_outbox_guard_claim), HF_API_MUTATION, .takes = &hf__api_outbox_guard_claim_args,
	 .object = &hf__api_outbox_got},
	{CALL(hf_outbox_claim), HF_API_MUTATION, .takes = &hf__api_outbox_claim_args,
	 .fills = &hf__api_outbox_items},
	{CALL(hf_outbox_claim_next), HF_API_MUTATION, .takes = &hf__api_outbox_claim_next_args,
	 .fills = &hf__api_outbox_items},
	{CALL(hf_outbox_claim_next_start), HF_API_PLAIN_CALL, .takes = &hf__api_outbox_claim_next_args},
	{CALL(hf_outbox_claim_next_take), HF_API_PLAIN_CALL, .fills = &hf__api_outbox_items},
	{CALL(hf_outbox_extend), HF_API_MUTATION, .takes = &hf__api_outbox_extend_args,
	 .object = &hf__api_outbox_got},
	{CALL(hf_outbox_complete), HF_API_MUTATION, .takes = &hf__api_outbox_complete_args,
	 .object = &hf__api_outbox_got},
	{CALL(hf_outbox_fail), HF_API_MUTATION, .takes = &hf__api_outbox_fail_args,
	 .object = &hf__api_outbox_got},
	{CALL(hf_outbox_release), HF_API_MUTATION, .takes = &hf__api_outbox_release_args,
	 .object = &hf__api_outbox_got},
	{CALL(hf_outbox_drain), HF_API_WAIT_CALL, .takes = &hf__api_outbox_drain_args,
	 .fills = &hf__api_outbox_drained},
	{CALL(hf_outbox_subscribe), HF_API_PLAIN_CALL, .takes = &hf__api_bytes},
	{CALL(hf_outbox_unsubscribe), HF_API_PLAIN_CALL},
	{CALL(hf_outbox_get), HF_API_READ, .takes = &hf__api_outbox_key, .fills = &hf__api_outbox_got},
	{CALL(hf_outbox_list), HF_API_READ, .takes = &hf__api_outbox_list_args,
	 .fills = &hf__api_outbox_items},
	{CALL(hf_outbox_get_stats), HF_API_READ, .takes = &hf__api_bytes,
	 .fills = &hf__api_outbox_stats},
	{CALL(hf_outbox_list_completed), HF_API_READ, .takes = &hf__api_outbox_list_completed_args,
	 .fills = &hf__api_outbox_completed_page},
	{CALL(hf_outbox_names), HF_API_READ, .takes = &hf__api_names_args, .fills = &hf__api_name_page},
	{0},
};

const struct hf_api_part hf__api_outbox_part = {"outbox", structs, calls};
