/* Inboxes: records, tombstones, a status. See holdfast/api.h. */
#include "holdfast/inbox.h"
#include "api/row.h"
#include "holdfast/admin.h"

/* clang-format off */
static const struct hf_api_word inbox_save_mode_words[] = {
	{"upsert", HF_INBOX_UPSERT},
	{"replace", HF_INBOX_REPLACE},
	{0},
};

const struct hf_api_struct hf__api_inbox_key = STRUCT(hf_inbox_key,
	{AT(hf_inbox_key, user), HF_API_KEY},
	{AT(hf_inbox_key, account), HF_API_KEY, .optional = true},
	{AT(hf_inbox_key, thread), HF_API_KEY});

const struct hf_api_struct hf__api_inbox_record = STRUCT(hf_inbox_record,
	{AT(hf_inbox_record, key), HF_API_STRUCT, .of = &hf__api_inbox_key},
	{AT(hf_inbox_record, payload), HF_API_BYTES},
	{AT(hf_inbox_record, unread), HF_API_BOOL},
	{AT(hf_inbox_record, dismissed), HF_API_BOOL},
	{AT(hf_inbox_record, score), HF_API_REAL},
	{AT(hf_inbox_record, updated_at), HF_API_TIME},
	{AT(hf_inbox_record, snapshot_at), HF_API_TIME},
	{AT(hf_inbox_record, seen_at), HF_API_TIME},
	{AT(hf_inbox_record, read_at), HF_API_TIME},
	{AT(hf_inbox_record, dismissed_at), HF_API_TIME},
	{AT(hf_inbox_record, snoozed_until), HF_API_TIME},
	{AT(hf_inbox_record, saved), HF_API_LSN},
	{AT(hf_inbox_record, version), HF_API_LSN});

const struct hf_api_struct hf__api_inbox_input = STRUCT(hf_inbox_input,
	{AT(hf_inbox_input, account), HF_API_KEY, .optional = true, .zero = "\"primary\""},
	{AT(hf_inbox_input, thread), HF_API_KEY},
	{AT(hf_inbox_input, payload), HF_API_BYTES, .most = HF_PAYLOAD_MAX},
	{AT(hf_inbox_input, unread), HF_API_BOOL},
	{AT(hf_inbox_input, dismissed), HF_API_BOOL},
	{AT(hf_inbox_input, score), HF_API_REAL},
	{AT(hf_inbox_input, updated_at), HF_API_TIME, .zero = "none"},
	{AT(hf_inbox_input, snapshot_at), HF_API_TIME, .zero = "none"},
	{AT(hf_inbox_input, seen_at), HF_API_TIME},
	{AT(hf_inbox_input, read_at), HF_API_TIME},
	{AT(hf_inbox_input, dismissed_at), HF_API_TIME},
	{AT(hf_inbox_input, snoozed_until), HF_API_TIME});

const struct hf_api_struct hf__api_inbox_save_args = SIZED(hf_inbox_save_args,
	{AT(hf_inbox_save_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_inbox_save_args, user), HF_API_KEY},
	{AT(hf_inbox_save_args, records), HF_API_MANY, .of = &hf__api_inbox_input},
	{AT(hf_inbox_save_args, count), HF_API_UINT},
	{AT(hf_inbox_save_args, generated_at), HF_API_TIME, .zero = "unknown"},
	{AT(hf_inbox_save_args, mode), HF_API_ENUM, .words = inbox_save_mode_words},
	{AT(hf_inbox_save_args, restore), HF_API_BOOL},
	{AT(hf_inbox_save_args, now), HF_API_TIME, .zero = "the store's clock"},
	{AT(hf_inbox_save_args, tombstone_for), HF_API_SPAN, .zero = "HF_INBOX_TOMBSTONE_DEFAULT"},
	{AT(hf_inbox_save_args, only_newer), HF_API_BOOL});

const struct hf_api_struct hf__api_inbox_set_status_args = SIZED(hf_inbox_set_status_args,
	{AT(hf_inbox_set_status_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_inbox_set_status_args, user), HF_API_KEY},
	{AT(hf_inbox_set_status_args, status), HF_API_BYTES, .most = HF_INBOX_STATUS_MAX},
	{AT(hf_inbox_set_status_args, extra), HF_API_BYTES, .most = HF_INBOX_EXTRA_MAX},
	{AT(hf_inbox_set_status_args, set_extra), HF_API_BOOL});

const struct hf_api_struct hf__api_inbox_mark_args = SIZED(hf_inbox_mark_args,
	{AT(hf_inbox_mark_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_inbox_mark_args, key), HF_API_STRUCT, .of = &hf__api_inbox_key},
	{AT(hf_inbox_mark_args, now), HF_API_TIME, .zero = "the store's clock"});

const struct hf_api_struct hf__api_inbox_snooze_args = SIZED(hf_inbox_snooze_args,
	{AT(hf_inbox_snooze_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_inbox_snooze_args, key), HF_API_STRUCT, .of = &hf__api_inbox_key},
	{AT(hf_inbox_snooze_args, until), HF_API_TIME, .zero = "wakes the record"});

const struct hf_api_struct hf__api_inbox_remove_args = SIZED(hf_inbox_remove_args,
	{AT(hf_inbox_remove_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_inbox_remove_args, key), HF_API_STRUCT, .of = &hf__api_inbox_key},
	{AT(hf_inbox_remove_args, tombstone_for), HF_API_SPAN, .zero = "none"});

const struct hf_api_struct hf__api_inbox_put_tombstone_args = SIZED(hf_inbox_put_tombstone_args,
	{AT(hf_inbox_put_tombstone_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_inbox_put_tombstone_args, key), HF_API_STRUCT, .of = &hf__api_inbox_key},
	{AT(hf_inbox_put_tombstone_args, dismissed), HF_API_BOOL},
	{AT(hf_inbox_put_tombstone_args, dismissed_at), HF_API_TIME,
	 .zero = "unknown, and required unless dismissed"},
	{AT(hf_inbox_put_tombstone_args, until), HF_API_TIME});

const struct hf_api_struct hf__api_inbox_guard_args = SIZED(hf_inbox_guard_args,
	{AT(hf_inbox_guard_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_inbox_guard_args, key), HF_API_STRUCT, .of = &hf__api_inbox_key});

const struct hf_api_struct hf__api_inbox_mark_all_args = SIZED(hf_inbox_mark_all_args,
	{AT(hf_inbox_mark_all_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_inbox_mark_all_args, user), HF_API_KEY},
	{AT(hf_inbox_mark_all_args, account), HF_API_KEY, .optional = true,
	 .zero = "all (not \"primary\")"},
	{AT(hf_inbox_mark_all_args, up_to), HF_API_LSN, .zero = "no such bound"},
	{AT(hf_inbox_mark_all_args, now), HF_API_TIME, .zero = "the store's clock"});

const struct hf_api_struct hf__api_inbox_prune_args = SIZED(hf_inbox_prune_args,
	{AT(hf_inbox_prune_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_inbox_prune_args, user), HF_API_KEY},
	{AT(hf_inbox_prune_args, keep_accounts), HF_API_MANY, .of = &hf__api_bytes},
	{AT(hf_inbox_prune_args, keep_count), HF_API_UINT},
	{AT(hf_inbox_prune_args, tombstone_for), HF_API_SPAN});

const struct hf_api_struct hf__api_inbox_trim_args = SIZED(hf_inbox_trim_args,
	{AT(hf_inbox_trim_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_inbox_trim_args, user), HF_API_KEY},
	{AT(hf_inbox_trim_args, max_records), HF_API_UINT, .zero = "no such bound"},
	{AT(hf_inbox_trim_args, max_age_us), HF_API_SPAN, .zero = "no such bound"},
	{AT(hf_inbox_trim_args, dry_run), HF_API_BOOL},
	{AT(hf_inbox_trim_args, now), HF_API_TIME, .zero = "the store's clock"},
	{AT(hf_inbox_trim_args, tombstone_for), HF_API_SPAN});

const struct hf_api_struct hf__api_inbox_clear_args = SIZED(hf_inbox_clear_args,
	{AT(hf_inbox_clear_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_inbox_clear_args, user), HF_API_KEY});

const struct hf_api_struct hf__api_inbox_got = SIZED(hf_inbox_got,
	{AT(hf_inbox_got, record), HF_API_STRUCT, .of = &hf__api_inbox_record},
	{AT(hf_inbox_got, memory), HF_API_MEMORY});

const struct hf_api_struct hf__api_inbox_position = STRUCT(hf_inbox_position,
	{AT(hf_inbox_position, snapshot_at), HF_API_TIME},
	{AT(hf_inbox_position, score), HF_API_REAL},
	{AT(hf_inbox_position, account), HF_API_KEY, .optional = true},
	{AT(hf_inbox_position, thread), HF_API_KEY, .optional = true});

const struct hf_api_struct hf__api_inbox_load_args = SIZED(hf_inbox_load_args,
	{AT(hf_inbox_load_args, user), HF_API_KEY},
	{AT(hf_inbox_load_args, account), HF_API_KEY, .optional = true,
	 .zero = "all (not \"primary\")"},
	{AT(hf_inbox_load_args, unread_only), HF_API_BOOL},
	{AT(hf_inbox_load_args, without_dismissed), HF_API_BOOL},
	{AT(hf_inbox_load_args, without_snoozed), HF_API_BOOL},
	{AT(hf_inbox_load_args, limit), HF_API_UINT, .zero = "all"},
	{AT(hf_inbox_load_args, page), HF_API_STRING, .zero = "the first page"},
	{AT(hf_inbox_load_args, after), HF_API_ONE, .of = &hf__api_inbox_position});

const struct hf_api_struct hf__api_inbox_page = SIZED(hf_inbox_page,
	{AT(hf_inbox_page, generated_at), HF_API_TIME},
	{AT(hf_inbox_page, items), HF_API_MANY, .of = &hf__api_inbox_record},
	{AT(hf_inbox_page, count), HF_API_UINT},
	{AT(hf_inbox_page, next), HF_API_STRING},
	{AT(hf_inbox_page, memory), HF_API_MEMORY});

const struct hf_api_struct hf__api_inbox_list_dismissed_args =
	SIZED(hf_inbox_list_dismissed_args,
	{AT(hf_inbox_list_dismissed_args, user), HF_API_KEY},
	{AT(hf_inbox_list_dismissed_args, limit), HF_API_UINT, .zero = "all"},
	{AT(hf_inbox_list_dismissed_args, page), HF_API_STRING, .zero = "the first page"},
	{AT(hf_inbox_list_dismissed_args, after), HF_API_ONE, .of = &hf__api_inbox_key});

const struct hf_api_struct hf__api_inbox_key_page = SIZED(hf_inbox_key_page,
	{AT(hf_inbox_key_page, items), HF_API_MANY, .of = &hf__api_inbox_key},
	{AT(hf_inbox_key_page, count), HF_API_UINT},
	{AT(hf_inbox_key_page, next), HF_API_STRING},
	{AT(hf_inbox_key_page, memory), HF_API_MEMORY});

const struct hf_api_struct hf__api_inbox_list_tombstones_args =
	SIZED(hf_inbox_list_tombstones_args,
	{AT(hf_inbox_list_tombstones_args, user), HF_API_KEY},
	{AT(hf_inbox_list_tombstones_args, account), HF_API_KEY, .optional = true},
	{AT(hf_inbox_list_tombstones_args, thread), HF_API_KEY, .optional = true, .zero = "all"},
	{AT(hf_inbox_list_tombstones_args, limit), HF_API_UINT, .zero = "all"},
	{AT(hf_inbox_list_tombstones_args, page), HF_API_STRING, .zero = "the first page"},
	{AT(hf_inbox_list_tombstones_args, after), HF_API_ONE, .of = &hf__api_inbox_key});

const struct hf_api_struct hf__api_inbox_tombstone = STRUCT(hf_inbox_tombstone,
	{AT(hf_inbox_tombstone, key), HF_API_STRUCT, .of = &hf__api_inbox_key},
	{AT(hf_inbox_tombstone, dismissed), HF_API_BOOL},
	{AT(hf_inbox_tombstone, dismissed_at), HF_API_TIME},
	{AT(hf_inbox_tombstone, until), HF_API_TIME},
	{AT(hf_inbox_tombstone, version), HF_API_LSN});

const struct hf_api_struct hf__api_inbox_tombstone_page = SIZED(hf_inbox_tombstone_page,
	{AT(hf_inbox_tombstone_page, items), HF_API_MANY, .of = &hf__api_inbox_tombstone},
	{AT(hf_inbox_tombstone_page, count), HF_API_UINT},
	{AT(hf_inbox_tombstone_page, next), HF_API_STRING},
	{AT(hf_inbox_tombstone_page, memory), HF_API_MEMORY});

const struct hf_api_struct hf__api_inbox_counts = SIZED(hf_inbox_counts,
	{AT(hf_inbox_counts, total), HF_API_UINT},
	{AT(hf_inbox_counts, unread), HF_API_UINT},
	{AT(hf_inbox_counts, unseen), HF_API_UINT},
	{AT(hf_inbox_counts, dismissed), HF_API_UINT});

const struct hf_api_struct hf__api_inbox_status = SIZED(hf_inbox_status,
	{AT(hf_inbox_status, status), HF_API_BYTES},
	{AT(hf_inbox_status, extra), HF_API_BYTES},
	{AT(hf_inbox_status, version), HF_API_LSN, .zero = "never set"},
	{AT(hf_inbox_status, memory), HF_API_MEMORY});

static const struct hf_api_struct *const structs[] = {
	&hf__api_inbox_key, &hf__api_inbox_record, &hf__api_inbox_input, &hf__api_inbox_save_args,
	&hf__api_inbox_set_status_args, &hf__api_inbox_mark_args, &hf__api_inbox_snooze_args,
	&hf__api_inbox_remove_args, &hf__api_inbox_put_tombstone_args, &hf__api_inbox_guard_args,
	&hf__api_inbox_mark_all_args, &hf__api_inbox_prune_args, &hf__api_inbox_trim_args,
	&hf__api_inbox_clear_args, &hf__api_inbox_got, &hf__api_inbox_position,
	&hf__api_inbox_load_args, &hf__api_inbox_page,
	&hf__api_inbox_list_dismissed_args, &hf__api_inbox_key_page,
	&hf__api_inbox_list_tombstones_args, &hf__api_inbox_tombstone, &hf__api_inbox_tombstone_page,
	&hf__api_inbox_counts, &hf__api_inbox_status, NULL,
};

static const struct hf_api_call calls[] = {
	{CALL(hf_inbox_save), HF_API_MUTATION, .takes = &hf__api_inbox_save_args,
	 .object = &hf__api_inbox_got},
	{CALL(hf_inbox_set_status), HF_API_MUTATION, .takes = &hf__api_inbox_set_status_args},
	{CALL(hf_inbox_dismiss), HF_API_MUTATION, .takes = &hf__api_inbox_mark_args,
	 .object = &hf__api_inbox_got},
	{CALL(hf_inbox_undismiss), HF_API_MUTATION, .takes = &hf__api_inbox_mark_args,
	 .object = &hf__api_inbox_got},
	{CALL(hf_inbox_mark_read), HF_API_MUTATION, .takes = &hf__api_inbox_mark_args,
	 .object = &hf__api_inbox_got},
	{CALL(hf_inbox_mark_unread), HF_API_MUTATION, .takes = &hf__api_inbox_mark_args,
	 .object = &hf__api_inbox_got},
	{CALL(hf_inbox_mark_seen), HF_API_MUTATION, .takes = &hf__api_inbox_mark_args,
	 .object = &hf__api_inbox_got},
	{CALL(hf_inbox_snooze), HF_API_MUTATION, .takes = &hf__api_inbox_snooze_args,
	 .object = &hf__api_inbox_got},
	{CALL(hf_inbox_remove), HF_API_MUTATION, .takes = &hf__api_inbox_remove_args,
	 .object = &hf__api_inbox_got},
	{CALL(hf_inbox_put_tombstone), HF_API_MUTATION, .takes = &hf__api_inbox_put_tombstone_args},
	{CALL(hf_inbox_guard), HF_API_MUTATION, .takes = &hf__api_inbox_guard_args,
	 .object = &hf__api_inbox_got},
	{CALL(hf_inbox_mark_all_read), HF_API_MUTATION, .takes = &hf__api_inbox_mark_all_args},
	{CALL(hf_inbox_dismiss_all), HF_API_MUTATION, .takes = &hf__api_inbox_mark_all_args},
	{CALL(hf_inbox_prune), HF_API_MUTATION, .takes = &hf__api_inbox_prune_args},
	{CALL(hf_inbox_trim), HF_API_MUTATION, .takes = &hf__api_inbox_trim_args},
	{CALL(hf_inbox_clear), HF_API_MUTATION, .takes = &hf__api_inbox_clear_args},
	{CALL(hf_inbox_get), HF_API_READ, .takes = &hf__api_inbox_key, .fills = &hf__api_inbox_got},
	{CALL(hf_inbox_load), HF_API_READ, .takes = &hf__api_inbox_load_args,
	 .fills = &hf__api_inbox_page},
	{CALL(hf_inbox_list_dismissed), HF_API_READ, .takes = &hf__api_inbox_list_dismissed_args,
	 .fills = &hf__api_inbox_key_page},
	{CALL(hf_inbox_list_tombstones), HF_API_READ, .takes = &hf__api_inbox_list_tombstones_args,
	 .fills = &hf__api_inbox_tombstone_page},
	{CALL(hf_inbox_count), HF_API_READ, .takes = &hf__api_bytes, .fills = &hf__api_inbox_counts},
	{CALL(hf_inbox_get_status), HF_API_READ, .takes = &hf__api_bytes,
	 .fills = &hf__api_inbox_status},
	{CALL(hf_inbox_names), HF_API_READ, .takes = &hf__api_names_args, .fills = &hf__api_name_page},
	{0},
};

const struct hf_api_part hf__api_inbox_part = {"inbox", structs, calls};
