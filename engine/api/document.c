/* Documents in collections. See holdfast/api.h. */
#include "holdfast/document.h"
#include "api/row.h"
#include "holdfast/admin.h"

/* clang-format off */
static const struct hf_api_word document_orders_words[] = {
	{"created", HF_DOCUMENT_CREATED},
	{"updated", HF_DOCUMENT_UPDATED},
	{"group_created", HF_DOCUMENT_GROUP_CREATED},
	{"group_updated", HF_DOCUMENT_GROUP_UPDATED},
	{"id", HF_DOCUMENT_ID},
	{"group_id", HF_DOCUMENT_GROUP_ID},
	{0},
};

static const struct hf_api_word document_by_words[] = {
	{"created", HF_DOCUMENT_BY_CREATED},
	{"updated", HF_DOCUMENT_BY_UPDATED},
	{"any", HF_DOCUMENT_BY_ANY},
	{"id", HF_DOCUMENT_BY_ID},
	{0},
};

const struct hf_api_struct hf__api_document_key = STRUCT(hf_document_key,
	{AT(hf_document_key, collection), HF_API_KEY},
	{AT(hf_document_key, id), HF_API_KEY});

const struct hf_api_struct hf__api_document = STRUCT(hf_document,
	{AT(hf_document, key), HF_API_STRUCT, .of = &hf__api_document_key},
	{AT(hf_document, group), HF_API_KEY, .zero = "none"},
	{AT(hf_document, payload), HF_API_BYTES},
	{AT(hf_document, created_at), HF_API_TIME},
	{AT(hf_document, updated_at), HF_API_TIME},
	{AT(hf_document, expires_at), HF_API_TIME},
	{AT(hf_document, expires_computed), HF_API_BOOL},
	{AT(hf_document, version), HF_API_LSN});

const struct hf_api_struct hf__api_document_put_args = SIZED(hf_document_put_args,
	{AT(hf_document_put_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_document_put_args, key), HF_API_STRUCT, .of = &hf__api_document_key},
	{AT(hf_document_put_args, payload), HF_API_BYTES, .most = HF_PAYLOAD_MAX},
	{AT(hf_document_put_args, group), HF_API_KEY, .optional = true, .zero = "none"},
	{AT(hf_document_put_args, created_at), HF_API_TIME,
	 .zero = "kept, or `now` for a new document"},
	{AT(hf_document_put_args, expires_at), HF_API_TIME,
	 .zero = "never, unless ttl_us says otherwise"},
	{AT(hf_document_put_args, ttl_us), HF_API_SPAN},
	{AT(hf_document_put_args, expires_computed), HF_API_BOOL},
	{AT(hf_document_put_args, orders), HF_API_FLAGS, .words = document_orders_words},
	{AT(hf_document_put_args, now), HF_API_TIME, .zero = "the store's clock"});

const struct hf_api_struct hf__api_document_regroup_args = SIZED(hf_document_regroup_args,
	{AT(hf_document_regroup_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_document_regroup_args, key), HF_API_STRUCT, .of = &hf__api_document_key},
	{AT(hf_document_regroup_args, group), HF_API_KEY, .optional = true, .zero = "none"},
	{AT(hf_document_regroup_args, now), HF_API_TIME, .zero = "the store's clock"});

const struct hf_api_struct hf__api_document_remove_args = SIZED(hf_document_remove_args,
	{AT(hf_document_remove_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_document_remove_args, key), HF_API_STRUCT, .of = &hf__api_document_key});

const struct hf_api_struct hf__api_document_clear_args = SIZED(hf_document_clear_args,
	{AT(hf_document_clear_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_document_clear_args, collection), HF_API_KEY});

const struct hf_api_struct hf__api_document_guard_args = SIZED(hf_document_guard_args,
	{AT(hf_document_guard_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_document_guard_args, key), HF_API_STRUCT, .of = &hf__api_document_key});

const struct hf_api_struct hf__api_document_got = SIZED(hf_document_got,
	{AT(hf_document_got, document), HF_API_STRUCT, .of = &hf__api_document},
	{AT(hf_document_got, memory), HF_API_MEMORY});

const struct hf_api_struct hf__api_document_count_args = SIZED(hf_document_count_args,
	{AT(hf_document_count_args, collection), HF_API_KEY},
	{AT(hf_document_count_args, group), HF_API_KEY, .optional = true,
	 .zero = "all, unless by_group"},
	{AT(hf_document_count_args, by_group), HF_API_BOOL});

const struct hf_api_struct hf__api_document_counts = SIZED(hf_document_counts,
	{AT(hf_document_counts, documents), HF_API_UINT},
	{AT(hf_document_counts, orders), HF_API_FLAGS, .words = document_orders_words,
	 .zero = "it holds no documents"},
	{AT(hf_document_counts, as_of), HF_API_TIME});

const struct hf_api_struct hf__api_document_position = STRUCT(hf_document_position,
	{AT(hf_document_position, at), HF_API_TIME},
	{AT(hf_document_position, id), HF_API_KEY, .optional = true});

const struct hf_api_struct hf__api_document_list_args = SIZED(hf_document_list_args,
	{AT(hf_document_list_args, collection), HF_API_KEY},
	{AT(hf_document_list_args, group), HF_API_KEY, .optional = true,
	 .zero = "all, unless by_group"},
	{AT(hf_document_list_args, by_group), HF_API_BOOL},
	{AT(hf_document_list_args, by), HF_API_ENUM, .words = document_by_words},
	{AT(hf_document_list_args, descending), HF_API_BOOL},
	{AT(hf_document_list_args, without_payload), HF_API_BOOL},
	{AT(hf_document_list_args, limit), HF_API_UINT, .zero = "all"},
	{AT(hf_document_list_args, page), HF_API_STRING, .zero = "the first page"},
	{AT(hf_document_list_args, after), HF_API_ONE, .of = &hf__api_document_position},
	{AT(hf_document_list_args, id_prefix), HF_API_KEY, .optional = true, .zero = "all"});

const struct hf_api_struct hf__api_document_page = SIZED(hf_document_page,
	{AT(hf_document_page, items), HF_API_MANY, .of = &hf__api_document},
	{AT(hf_document_page, count), HF_API_UINT},
	{AT(hf_document_page, next), HF_API_STRING},
	{AT(hf_document_page, memory), HF_API_MEMORY});

static const struct hf_api_struct *const structs[] = {
	&hf__api_document_key, &hf__api_document, &hf__api_document_put_args,
	&hf__api_document_regroup_args, &hf__api_document_remove_args, &hf__api_document_clear_args,
	&hf__api_document_guard_args, &hf__api_document_got, &hf__api_document_count_args,
	&hf__api_document_counts, &hf__api_document_position, &hf__api_document_list_args,
	&hf__api_document_page, NULL,
};

static const struct hf_api_call calls[] = {
	{CALL(hf_document_put), HF_API_MUTATION, .takes = &hf__api_document_put_args,
	 .object = &hf__api_document_got},
	{CALL(hf_document_regroup), HF_API_MUTATION, .takes = &hf__api_document_regroup_args,
	 .object = &hf__api_document_got},
	{CALL(hf_document_remove), HF_API_MUTATION, .takes = &hf__api_document_remove_args,
	 .object = &hf__api_document_got},
	{CALL(hf_document_clear), HF_API_MUTATION, .takes = &hf__api_document_clear_args},
	{CALL(hf_document_guard), HF_API_MUTATION, .takes = &hf__api_document_guard_args,
	 .object = &hf__api_document_got},
	{CALL(hf_document_get), HF_API_READ, .takes = &hf__api_document_key,
	 .fills = &hf__api_document_got},
	{CALL(hf_document_has), HF_API_READ, .takes = &hf__api_document_key, .gives = HF_API_BOOL},
	{CALL(hf_document_count), HF_API_READ, .takes = &hf__api_document_count_args,
	 .fills = &hf__api_document_counts},
	{CALL(hf_document_list), HF_API_READ, .takes = &hf__api_document_list_args,
	 .fills = &hf__api_document_page},
	{CALL(hf_document_names), HF_API_READ, .takes = &hf__api_names_args,
	 .fills = &hf__api_name_page},
	{0},
};

const struct hf_api_part hf__api_document_part = {"document", structs, calls};
