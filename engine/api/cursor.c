/* Cursors of consumers. See holdfast/api.h. */
#include "holdfast/cursor.h"
#include "api/row.h"

/* clang-format off */
const struct hf_api_struct hf__api_cursor_key = STRUCT(hf_cursor_key,
	{AT(hf_cursor_key, consumer), HF_API_KEY},
	{AT(hf_cursor_key, stream), HF_API_KEY},
	{AT(hf_cursor_key, subject), HF_API_KEY, .optional = true});

const struct hf_api_struct hf__api_cursor = STRUCT(hf_cursor,
	{AT(hf_cursor, key), HF_API_STRUCT, .of = &hf__api_cursor_key},
	{AT(hf_cursor, last_sequence), HF_API_INT, .zero = "nothing yet"},
	{AT(hf_cursor, last_delivery_id), HF_API_TEXT},
	{AT(hf_cursor, last_delivered_at), HF_API_TIME},
	{AT(hf_cursor, last_error), HF_API_TEXT},
	{AT(hf_cursor, error_count), HF_API_UINT},
	{AT(hf_cursor, updated_at), HF_API_TIME},
	{AT(hf_cursor, reset_reason), HF_API_TEXT, .zero = "there was none"},
	{AT(hf_cursor, reset_at), HF_API_TIME},
	{AT(hf_cursor, version), HF_API_LSN});

const struct hf_api_struct hf__api_cursor_advance_args = SIZED(hf_cursor_advance_args,
	{AT(hf_cursor_advance_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_cursor_advance_args, key), HF_API_STRUCT, .of = &hf__api_cursor_key},
	{AT(hf_cursor_advance_args, sequence), HF_API_INT},
	{AT(hf_cursor_advance_args, delivery_id), HF_API_TEXT, .most = HF_CURSOR_DELIVERY_ID_MAX},
	{AT(hf_cursor_advance_args, delivered_at), HF_API_TIME, .zero = "`now`"},
	{AT(hf_cursor_advance_args, now), HF_API_TIME, .zero = "the store's clock"});

const struct hf_api_struct hf__api_cursor_reset_args = SIZED(hf_cursor_reset_args,
	{AT(hf_cursor_reset_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_cursor_reset_args, key), HF_API_STRUCT, .of = &hf__api_cursor_key},
	{AT(hf_cursor_reset_args, sequence), HF_API_INT},
	{AT(hf_cursor_reset_args, delivery_id), HF_API_TEXT},
	{AT(hf_cursor_reset_args, delivered_at), HF_API_TIME, .zero = "cleared"},
	{AT(hf_cursor_reset_args, reason), HF_API_TEXT, .most = HF_CURSOR_REASON_MAX},
	{AT(hf_cursor_reset_args, now), HF_API_TIME, .zero = "the store's clock"});

const struct hf_api_struct hf__api_cursor_record_error_args = SIZED(hf_cursor_record_error_args,
	{AT(hf_cursor_record_error_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_cursor_record_error_args, key), HF_API_STRUCT, .of = &hf__api_cursor_key},
	{AT(hf_cursor_record_error_args, message), HF_API_TEXT},
	{AT(hf_cursor_record_error_args, now), HF_API_TIME, .zero = "the store's clock"});

const struct hf_api_struct hf__api_cursor_put_args = SIZED(hf_cursor_put_args,
	{AT(hf_cursor_put_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_cursor_put_args, cursor), HF_API_STRUCT, .of = &hf__api_cursor});

const struct hf_api_struct hf__api_cursor_remove_args = SIZED(hf_cursor_remove_args,
	{AT(hf_cursor_remove_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_cursor_remove_args, key), HF_API_STRUCT, .of = &hf__api_cursor_key});

const struct hf_api_struct hf__api_cursor_guard_args = SIZED(hf_cursor_guard_args,
	{AT(hf_cursor_guard_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_cursor_guard_args, key), HF_API_STRUCT, .of = &hf__api_cursor_key});

const struct hf_api_struct hf__api_cursor_got = SIZED(hf_cursor_got,
	{AT(hf_cursor_got, cursor), HF_API_STRUCT, .of = &hf__api_cursor},
	{AT(hf_cursor_got, memory), HF_API_MEMORY});

const struct hf_api_struct hf__api_cursor_list_args = SIZED(hf_cursor_list_args,
	{AT(hf_cursor_list_args, consumer), HF_API_KEY, .optional = true, .zero = "any"},
	{AT(hf_cursor_list_args, stream), HF_API_KEY, .optional = true, .zero = "any"},
	{AT(hf_cursor_list_args, subject), HF_API_KEY, .optional = true, .zero = "any"},
	{AT(hf_cursor_list_args, by_subject), HF_API_BOOL},
	{AT(hf_cursor_list_args, limit), HF_API_UINT, .zero = "all"},
	{AT(hf_cursor_list_args, page), HF_API_STRING, .zero = "the first page"},
	{AT(hf_cursor_list_args, after), HF_API_ONE, .of = &hf__api_cursor_key});

const struct hf_api_struct hf__api_cursor_page = SIZED(hf_cursor_page,
	{AT(hf_cursor_page, items), HF_API_MANY, .of = &hf__api_cursor},
	{AT(hf_cursor_page, count), HF_API_UINT},
	{AT(hf_cursor_page, next), HF_API_STRING},
	{AT(hf_cursor_page, memory), HF_API_MEMORY});

const struct hf_api_struct hf__api_cursor_lag_position = STRUCT(hf_cursor_lag_position,
	{AT(hf_cursor_lag_position, last_sequence), HF_API_INT},
	{AT(hf_cursor_lag_position, subject), HF_API_KEY, .optional = true},
	{AT(hf_cursor_lag_position, consumer), HF_API_KEY, .optional = true});

const struct hf_api_struct hf__api_cursor_list_lag_args = SIZED(hf_cursor_list_lag_args,
	{AT(hf_cursor_list_lag_args, stream), HF_API_KEY},
	{AT(hf_cursor_list_lag_args, subject), HF_API_KEY, .optional = true, .zero = "any"},
	{AT(hf_cursor_list_lag_args, by_subject), HF_API_BOOL},
	{AT(hf_cursor_list_lag_args, head), HF_API_INT},
	{AT(hf_cursor_list_lag_args, limit), HF_API_UINT, .zero = "all"},
	{AT(hf_cursor_list_lag_args, page), HF_API_STRING, .zero = "the first page"},
	{AT(hf_cursor_list_lag_args, after), HF_API_ONE, .of = &hf__api_cursor_lag_position});

const struct hf_api_struct hf__api_cursor_lag_item = STRUCT(hf_cursor_lag_item,
	{AT(hf_cursor_lag_item, cursor), HF_API_STRUCT, .of = &hf__api_cursor},
	{AT(hf_cursor_lag_item, lag), HF_API_INT});

const struct hf_api_struct hf__api_cursor_lag_page = SIZED(hf_cursor_lag_page,
	{AT(hf_cursor_lag_page, items), HF_API_MANY, .of = &hf__api_cursor_lag_item},
	{AT(hf_cursor_lag_page, count), HF_API_UINT},
	{AT(hf_cursor_lag_page, next), HF_API_STRING},
	{AT(hf_cursor_lag_page, memory), HF_API_MEMORY});

static const struct hf_api_struct *const structs[] = {
	&hf__api_cursor_key, &hf__api_cursor, &hf__api_cursor_advance_args,
	&hf__api_cursor_reset_args, &hf__api_cursor_record_error_args, &hf__api_cursor_put_args,
	&hf__api_cursor_remove_args, &hf__api_cursor_guard_args, &hf__api_cursor_got,
	&hf__api_cursor_list_args, &hf__api_cursor_page, &hf__api_cursor_lag_position,
	&hf__api_cursor_list_lag_args,
	&hf__api_cursor_lag_item, &hf__api_cursor_lag_page, NULL,
};

static const struct hf_api_call calls[] = {
	{CALL(hf_cursor_advance), HF_API_MUTATION, .takes = &hf__api_cursor_advance_args,
	 .object = &hf__api_cursor_got},
	{CALL(hf_cursor_reset), HF_API_MUTATION, .takes = &hf__api_cursor_reset_args,
	 .object = &hf__api_cursor_got},
	{CALL(hf_cursor_record_error), HF_API_MUTATION, .takes = &hf__api_cursor_record_error_args,
	 .object = &hf__api_cursor_got},
	{CALL(hf_cursor_put), HF_API_MUTATION, .takes = &hf__api_cursor_put_args,
	 .object = &hf__api_cursor_got},
	{CALL(hf_cursor_remove), HF_API_MUTATION, .takes = &hf__api_cursor_remove_args,
	 .object = &hf__api_cursor_got},
	{CALL(hf_cursor_guard), HF_API_MUTATION, .takes = &hf__api_cursor_guard_args,
	 .object = &hf__api_cursor_got},
	{CALL(hf_cursor_get), HF_API_READ, .takes = &hf__api_cursor_key, .fills = &hf__api_cursor_got},
	{CALL(hf_cursor_list), HF_API_READ, .takes = &hf__api_cursor_list_args,
	 .fills = &hf__api_cursor_page},
	{CALL(hf_cursor_list_lag), HF_API_READ, .takes = &hf__api_cursor_list_lag_args,
	 .fills = &hf__api_cursor_lag_page},
	{0},
};

const struct hf_api_part hf__api_cursor_part = {"cursor", structs, calls};
