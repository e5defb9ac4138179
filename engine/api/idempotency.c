/* Idempotency keys and their responses. See holdfast/api.h. */
#include "holdfast/idempotency.h"
#include "api/row.h"
#include "holdfast/admin.h"

/* clang-format off */
static const struct hf_api_word idempotency_over_words[] = {
	{"scope", HF_IDEMPOTENCY_OVER_SCOPE},
	{"prefix", HF_IDEMPOTENCY_OVER_PREFIX},
	{"all", HF_IDEMPOTENCY_OVER_ALL},
	{0},
};

static const struct hf_api_word idempotency_outcome_words[] = {
	{"undecided", HF_IDEMPOTENCY_UNDECIDED},
	{"new", HF_IDEMPOTENCY_NEW},
	{"mismatch", HF_IDEMPOTENCY_MISMATCH},
	{"in_progress", HF_IDEMPOTENCY_IN_PROGRESS},
	{"replay", HF_IDEMPOTENCY_REPLAY},
	{0},
};

const struct hf_api_struct hf__api_idempotency_key = STRUCT(hf_idempotency_key,
	{AT(hf_idempotency_key, scope), HF_API_KEY},
	{AT(hf_idempotency_key, key), HF_API_KEY});

const struct hf_api_struct hf__api_idempotency_entry = STRUCT(hf_idempotency_entry,
	{AT(hf_idempotency_entry, key), HF_API_STRUCT, .of = &hf__api_idempotency_key},
	{AT(hf_idempotency_entry, fingerprint), HF_API_BYTES},
	{AT(hf_idempotency_entry, done), HF_API_BOOL},
	{AT(hf_idempotency_entry, status), HF_API_INT},
	{AT(hf_idempotency_entry, response), HF_API_BYTES},
	{AT(hf_idempotency_entry, created_at), HF_API_TIME},
	{AT(hf_idempotency_entry, expires_at), HF_API_TIME},
	{AT(hf_idempotency_entry, expires_computed), HF_API_BOOL},
	{AT(hf_idempotency_entry, token), HF_API_TOKEN},
	{AT(hf_idempotency_entry, lease_until), HF_API_TIME},
	{AT(hf_idempotency_entry, version), HF_API_LSN});

const struct hf_api_struct hf__api_idempotency_begin_args = SIZED(hf_idempotency_begin_args,
	{AT(hf_idempotency_begin_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_idempotency_begin_args, key), HF_API_STRUCT, .of = &hf__api_idempotency_key},
	{AT(hf_idempotency_begin_args, fingerprint), HF_API_BYTES,
	 .most = HF_IDEMPOTENCY_FINGERPRINT_MAX},
	{AT(hf_idempotency_begin_args, lease_us), HF_API_SPAN, .zero = "while the store stays open"},
	{AT(hf_idempotency_begin_args, ttl_us), HF_API_SPAN, .zero = "HF_IDEMPOTENCY_TTL_US"});

const struct hf_api_struct hf__api_idempotency_begun = SIZED(hf_idempotency_begun,
	{AT(hf_idempotency_begun, outcome), HF_API_ENUM, .words = idempotency_outcome_words},
	{AT(hf_idempotency_begun, token), HF_API_TOKEN},
	{AT(hf_idempotency_begun, lease_until), HF_API_TIME},
	{AT(hf_idempotency_begun, status), HF_API_INT},
	{AT(hf_idempotency_begun, response), HF_API_BYTES},
	{AT(hf_idempotency_begun, created_at), HF_API_TIME},
	{AT(hf_idempotency_begun, expires_at), HF_API_TIME},
	{AT(hf_idempotency_begun, expires_computed), HF_API_BOOL},
	{AT(hf_idempotency_begun, version), HF_API_LSN},
	{AT(hf_idempotency_begun, memory), HF_API_MEMORY});

const struct hf_api_struct hf__api_idempotency_complete_args = SIZED(hf_idempotency_complete_args,
	{AT(hf_idempotency_complete_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_idempotency_complete_args, key), HF_API_STRUCT, .of = &hf__api_idempotency_key},
	{AT(hf_idempotency_complete_args, token), HF_API_TOKEN},
	{AT(hf_idempotency_complete_args, status), HF_API_INT},
	{AT(hf_idempotency_complete_args, response), HF_API_BYTES, .most = HF_PAYLOAD_MAX},
	{AT(hf_idempotency_complete_args, ttl_us), HF_API_SPAN, .zero = "HF_IDEMPOTENCY_TTL_US"});

const struct hf_api_struct hf__api_idempotency_abandon_args = SIZED(hf_idempotency_abandon_args,
	{AT(hf_idempotency_abandon_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_idempotency_abandon_args, key), HF_API_STRUCT, .of = &hf__api_idempotency_key},
	{AT(hf_idempotency_abandon_args, token), HF_API_TOKEN});

const struct hf_api_struct hf__api_idempotency_put_args = SIZED(hf_idempotency_put_args,
	{AT(hf_idempotency_put_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_idempotency_put_args, key), HF_API_STRUCT, .of = &hf__api_idempotency_key},
	{AT(hf_idempotency_put_args, fingerprint), HF_API_BYTES,
	 .most = HF_IDEMPOTENCY_FINGERPRINT_MAX},
	{AT(hf_idempotency_put_args, status), HF_API_INT},
	{AT(hf_idempotency_put_args, response), HF_API_BYTES, .most = HF_PAYLOAD_MAX},
	{AT(hf_idempotency_put_args, created_at), HF_API_TIME,
	 .zero = "that of the entry that is there, else now"},
	{AT(hf_idempotency_put_args, expires_at), HF_API_TIME},
	{AT(hf_idempotency_put_args, ttl_us), HF_API_SPAN},
	{AT(hf_idempotency_put_args, expires_computed), HF_API_BOOL});

const struct hf_api_struct hf__api_idempotency_remove_args = SIZED(hf_idempotency_remove_args,
	{AT(hf_idempotency_remove_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_idempotency_remove_args, key), HF_API_STRUCT, .of = &hf__api_idempotency_key});

const struct hf_api_struct hf__api_idempotency_clear_args = SIZED(hf_idempotency_clear_args,
	{AT(hf_idempotency_clear_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_idempotency_clear_args, scope), HF_API_KEY, .optional = true},
	{AT(hf_idempotency_clear_args, over), HF_API_ENUM, .words = idempotency_over_words});

const struct hf_api_struct hf__api_idempotency_guard_args = SIZED(hf_idempotency_guard_args,
	{AT(hf_idempotency_guard_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_idempotency_guard_args, key), HF_API_STRUCT, .of = &hf__api_idempotency_key});

const struct hf_api_struct hf__api_idempotency_guard_owner_args =
	SIZED(hf_idempotency_guard_owner_args,
	{AT(hf_idempotency_guard_owner_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_idempotency_guard_owner_args, key), HF_API_STRUCT, .of = &hf__api_idempotency_key},
	{AT(hf_idempotency_guard_owner_args, token), HF_API_TOKEN});

const struct hf_api_struct hf__api_idempotency_got = SIZED(hf_idempotency_got,
	{AT(hf_idempotency_got, entry), HF_API_STRUCT, .of = &hf__api_idempotency_entry},
	{AT(hf_idempotency_got, memory), HF_API_MEMORY});

const struct hf_api_struct hf__api_idempotency_list_args = SIZED(hf_idempotency_list_args,
	{AT(hf_idempotency_list_args, scope), HF_API_KEY, .optional = true},
	{AT(hf_idempotency_list_args, without_response), HF_API_BOOL},
	{AT(hf_idempotency_list_args, limit), HF_API_UINT, .zero = "all"},
	{AT(hf_idempotency_list_args, page), HF_API_STRING, .zero = "the first page"},
	{AT(hf_idempotency_list_args, after), HF_API_ONE, .of = &hf__api_idempotency_key},
	{AT(hf_idempotency_list_args, over), HF_API_ENUM, .words = idempotency_over_words});

const struct hf_api_struct hf__api_idempotency_page = SIZED(hf_idempotency_page,
	{AT(hf_idempotency_page, items), HF_API_MANY, .of = &hf__api_idempotency_entry},
	{AT(hf_idempotency_page, count), HF_API_UINT},
	{AT(hf_idempotency_page, next), HF_API_STRING},
	{AT(hf_idempotency_page, memory), HF_API_MEMORY});

const struct hf_api_struct hf__api_idempotency_count_args = SIZED(hf_idempotency_count_args,
	{AT(hf_idempotency_count_args, scope), HF_API_KEY, .optional = true},
	{AT(hf_idempotency_count_args, over), HF_API_ENUM, .words = idempotency_over_words});

const struct hf_api_struct hf__api_idempotency_counts = SIZED(hf_idempotency_counts,
	{AT(hf_idempotency_counts, in_progress), HF_API_UINT},
	{AT(hf_idempotency_counts, done), HF_API_UINT},
	{AT(hf_idempotency_counts, as_of), HF_API_TIME});

static const struct hf_api_struct *const structs[] = {
	&hf__api_idempotency_key, &hf__api_idempotency_entry, &hf__api_idempotency_begin_args,
	&hf__api_idempotency_begun, &hf__api_idempotency_complete_args,
	&hf__api_idempotency_abandon_args, &hf__api_idempotency_put_args,
	&hf__api_idempotency_remove_args, &hf__api_idempotency_clear_args,
	&hf__api_idempotency_guard_args, &hf__api_idempotency_guard_owner_args,
	&hf__api_idempotency_got, &hf__api_idempotency_list_args, &hf__api_idempotency_page,
	&hf__api_idempotency_count_args, &hf__api_idempotency_counts, NULL,
};

static const struct hf_api_call calls[] = {
	{CALL(hf_idempotency_text), HF_API_PLAIN_CALL, .takes = &hf__api_idempotency_key},
	{CALL(hf_idempotency_parse), HF_API_PLAIN_CALL, .takes = &hf__api_bytes,
	 .fills = &hf__api_idempotency_key},
	{CALL(hf_idempotency_outcome_name), HF_API_PLAIN_CALL},
	{CALL(hf_idempotency_begin), HF_API_MUTATION, .takes = &hf__api_idempotency_begin_args,
	 .fills = &hf__api_idempotency_begun},
	{CALL(hf_idempotency_complete), HF_API_MUTATION, .takes = &hf__api_idempotency_complete_args,
	 .object = &hf__api_idempotency_got},
	{CALL(hf_idempotency_abandon), HF_API_MUTATION, .takes = &hf__api_idempotency_abandon_args,
	 .object = &hf__api_idempotency_got},
	{CALL(hf_idempotency_put), HF_API_MUTATION, .takes = &hf__api_idempotency_put_args,
	 .object = &hf__api_idempotency_got},
	{CALL(hf_idempotency_remove), HF_API_MUTATION, .takes = &hf__api_idempotency_remove_args,
	 .object = &hf__api_idempotency_got},
	{CALL(hf_idempotency_clear), HF_API_MUTATION, .takes = &hf__api_idempotency_clear_args},
	{CALL(hf_idempotency_guard), HF_API_MUTATION, .takes = &hf__api_idempotency_guard_args,
	 .object = &hf__api_idempotency_got},
	{CALL(hf_idempotency_guard_owner), HF_API_MUTATION,
	 .takes = &hf__api_idempotency_guard_owner_args,
	 .object = &hf__api_idempotency_got},
	{CALL(hf_idempotency_get), HF_API_READ, .takes = &hf__api_idempotency_key,
	 .fills = &hf__api_idempotency_got},
	{CALL(hf_idempotency_has), HF_API_READ, .takes = &hf__api_idempotency_key,
	 .gives = HF_API_BOOL},
	{CALL(hf_idempotency_list), HF_API_READ, .takes = &hf__api_idempotency_list_args,
	 .fills = &hf__api_idempotency_page},
	{CALL(hf_idempotency_count_over), HF_API_READ, .takes = &hf__api_idempotency_count_args,
	 .fills = &hf__api_idempotency_counts},
	{CALL(hf_idempotency_count), HF_API_READ, .takes = &hf__api_bytes,
	 .fills = &hf__api_idempotency_counts},
	{CALL(hf_idempotency_names), HF_API_READ, .takes = &hf__api_names_args,
	 .fills = &hf__api_name_page},
	{0},
};

const struct hf_api_part hf__api_idempotency_part = {"idempotency", structs, calls};
