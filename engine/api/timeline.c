/* Timelines: events in order. See holdfast/api.h. */
#include "holdfast/timeline.h"
#include "api/row.h"
#include "holdfast/admin.h"

/* clang-format off */
const struct hf_api_struct hf__api_timeline_key = STRUCT(hf_timeline_key,
	{AT(hf_timeline_key, timeline), HF_API_KEY},
	{AT(hf_timeline_key, id), HF_API_KEY});

const struct hf_api_struct hf__api_timeline_event = STRUCT(hf_timeline_event,
	{AT(hf_timeline_event, key), HF_API_STRUCT, .of = &hf__api_timeline_key},
	{AT(hf_timeline_event, type), HF_API_KEY},
	{AT(hf_timeline_event, subject), HF_API_KEY},
	{AT(hf_timeline_event, happened_at), HF_API_TIME},
	{AT(hf_timeline_event, payload), HF_API_BYTES},
	{AT(hf_timeline_event, version), HF_API_LSN});

const struct hf_api_struct hf__api_timeline_append_args = SIZED(hf_timeline_append_args,
	{AT(hf_timeline_append_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_timeline_append_args, key), HF_API_STRUCT, .of = &hf__api_timeline_key},
	{AT(hf_timeline_append_args, type), HF_API_KEY},
	{AT(hf_timeline_append_args, subject), HF_API_KEY, .optional = true},
	{AT(hf_timeline_append_args, happened_at), HF_API_TIME, .zero = "now by the store's clock"},
	{AT(hf_timeline_append_args, payload), HF_API_BYTES, .most = HF_PAYLOAD_MAX});

const struct hf_api_struct hf__api_timeline_retain_args = SIZED(hf_timeline_retain_args,
	{AT(hf_timeline_retain_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_timeline_retain_args, timeline), HF_API_KEY},
	{AT(hf_timeline_retain_args, max_events), HF_API_UINT, .zero = "no such bound"},
	{AT(hf_timeline_retain_args, max_age_us), HF_API_SPAN, .zero = "no such bound"},
	{AT(hf_timeline_retain_args, dry_run), HF_API_BOOL},
	{AT(hf_timeline_retain_args, now), HF_API_TIME, .zero = "the store's clock"});

const struct hf_api_struct hf__api_timeline_clear_args = SIZED(hf_timeline_clear_args,
	{AT(hf_timeline_clear_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_timeline_clear_args, timeline), HF_API_KEY});

const struct hf_api_struct hf__api_timeline_guard_args = SIZED(hf_timeline_guard_args,
	{AT(hf_timeline_guard_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_timeline_guard_args, key), HF_API_STRUCT, .of = &hf__api_timeline_key});

const struct hf_api_struct hf__api_timeline_got = SIZED(hf_timeline_got,
	{AT(hf_timeline_got, event), HF_API_STRUCT, .of = &hf__api_timeline_event},
	{AT(hf_timeline_got, memory), HF_API_MEMORY});

const struct hf_api_struct hf__api_timeline_filter = STRUCT(hf_timeline_filter,
	{AT(hf_timeline_filter, timeline), HF_API_KEY},
	{AT(hf_timeline_filter, subject), HF_API_KEY, .optional = true,
	 .zero = "any, unless by_subject"},
	{AT(hf_timeline_filter, by_subject), HF_API_BOOL},
	{AT(hf_timeline_filter, type), HF_API_KEY, .optional = true, .zero = "any"});

const struct hf_api_struct hf__api_timeline_position = STRUCT(hf_timeline_position,
	{AT(hf_timeline_position, happened_at), HF_API_TIME},
	{AT(hf_timeline_position, id), HF_API_KEY, .optional = true});

const struct hf_api_struct hf__api_timeline_query_args = SIZED(hf_timeline_query_args,
	{AT(hf_timeline_query_args, filter), HF_API_STRUCT, .of = &hf__api_timeline_filter},
	{AT(hf_timeline_query_args, ascending), HF_API_BOOL},
	{AT(hf_timeline_query_args, without_payload), HF_API_BOOL},
	{AT(hf_timeline_query_args, limit), HF_API_UINT, .zero = "all"},
	{AT(hf_timeline_query_args, page), HF_API_STRING, .zero = "the first page"},
	{AT(hf_timeline_query_args, after), HF_API_ONE, .of = &hf__api_timeline_position});

const struct hf_api_struct hf__api_timeline_count_args = SIZED(hf_timeline_count_args,
	{AT(hf_timeline_count_args, filter), HF_API_STRUCT, .of = &hf__api_timeline_filter});

const struct hf_api_struct hf__api_timeline_page = SIZED(hf_timeline_page,
	{AT(hf_timeline_page, items), HF_API_MANY, .of = &hf__api_timeline_event},
	{AT(hf_timeline_page, count), HF_API_UINT},
	{AT(hf_timeline_page, total), HF_API_UINT},
	{AT(hf_timeline_page, next), HF_API_STRING},
	{AT(hf_timeline_page, memory), HF_API_MEMORY});

static const struct hf_api_struct *const structs[] = {
	&hf__api_timeline_key, &hf__api_timeline_event, &hf__api_timeline_append_args,
	&hf__api_timeline_retain_args, &hf__api_timeline_clear_args, &hf__api_timeline_guard_args,
	&hf__api_timeline_got, &hf__api_timeline_filter, &hf__api_timeline_position,
	&hf__api_timeline_query_args,
	&hf__api_timeline_page, &hf__api_timeline_count_args, NULL,
};

static const struct hf_api_call calls[] = {
	{CALL(hf_timeline_append), HF_API_MUTATION, .takes = &hf__api_timeline_append_args,
	 .object = &hf__api_timeline_got},
	{CALL(hf_timeline_retain), HF_API_MUTATION, .takes = &hf__api_timeline_retain_args},
	{CALL(hf_timeline_clear), HF_API_MUTATION, .takes = &hf__api_timeline_clear_args},
	{CALL(hf_timeline_guard), HF_API_MUTATION, .takes = &hf__api_timeline_guard_args,
	 .object = &hf__api_timeline_got},
	{CALL(hf_timeline_get), HF_API_READ, .takes = &hf__api_timeline_key,
	 .fills = &hf__api_timeline_got},
	{CALL(hf_timeline_query), HF_API_READ, .takes = &hf__api_timeline_query_args,
	 .fills = &hf__api_timeline_page},
	{CALL(hf_timeline_count), HF_API_READ, .takes = &hf__api_timeline_count_args,
	 .gives = HF_API_UINT},
	{CALL(hf_timeline_latest_at), HF_API_READ, .takes = &hf__api_bytes, .gives = HF_API_TIME},
	{CALL(hf_timeline_names), HF_API_READ, .takes = &hf__api_names_args,
	 .fills = &hf__api_name_page},
	{0},
};

const struct hf_api_part hf__api_timeline_part = {"timeline", structs, calls};
