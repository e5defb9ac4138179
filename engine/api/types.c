/* What every other part uses: bytes, what a mutation is given and gives, errors; which version this
 * is; these tables themselves. See holdfast/api.h. */
#include "holdfast/types.h"
#include "api/row.h"
#include "holdfast/api.h"
#include "holdfast/version.h"

/* clang-format off */
const struct hf_api_word hf__api_durability_words[] = {
	{"durable", HF_DURABLE},
	{"os", HF_OS},
	{0},
};

const struct hf_api_struct hf__api_bytes = STRUCT(hf_bytes,
	{AT(hf_bytes, data), HF_API_CONTEXT},
	{AT(hf_bytes, len), HF_API_UINT});

const struct hf_api_struct hf__api_ticket = STRUCT(hf_ticket,
	{AT(hf_ticket, changed), HF_API_LSN},
	{AT(hf_ticket, due), HF_API_LSN});

const struct hf_api_struct hf__api_cancel_flag = STRUCT(hf_cancel_flag,
	{AT(hf_cancel_flag, cancelled), HF_API_UINT});

const struct hf_api_struct hf__api_write = STRUCT(hf_write,
	{AT(hf_write, expect), HF_API_LSN},
	{AT(hf_write, durability), HF_API_ENUM, .words = hf__api_durability_words},
	{AT(hf_write, literal_times), HF_API_BOOL},
	{AT(hf_write, returning_payload), HF_API_BOOL},
	{AT(hf_write, ticket), HF_API_ONE, .of = &hf__api_ticket,
	 .zero = "wait until the answer may be relied on"},
	{AT(hf_write, cancel), HF_API_ONE, .of = &hf__api_cancel_flag},
	{AT(hf_write, returning), HF_API_CONTEXT, .zero = "no object is asked for"},
	{AT(hf_write, missing_ok), HF_API_BOOL},
	{AT(hf_write, reserved), HF_API_UINT, .elements = 1});

const struct hf_api_struct hf__api_result = SIZED(hf_result,
	{AT(hf_result, changed), HF_API_BOOL},
	{AT(hf_result, version), HF_API_LSN},
	{AT(hf_result, token), HF_API_TOKEN},
	{AT(hf_result, count), HF_API_UINT},
	{AT(hf_result, status), HF_API_INT},
	{AT(hf_result, available_at), HF_API_TIME},
	{AT(hf_result, left_alone), HF_API_UINT});

const struct hf_api_struct hf__api_error = STRUCT(hf_error,
	{AT(hf_error, code), HF_API_INT},
	{AT(hf_error, os_errno), HF_API_INT},
	{AT(hf_error, operation), HF_API_UINT},
	{AT(hf_error, file), HF_API_CHARS},
	{AT(hf_error, offset), HF_API_UINT},
	{AT(hf_error, first_lsn), HF_API_LSN},
	{AT(hf_error, last_lsn), HF_API_LSN},
	{AT(hf_error, text), HF_API_CHARS},
	{AT(hf_error, reserved), HF_API_UINT, .elements = 4});

/* --- These tables themselves ------------------------------------------------------------------ */

static const struct hf_api_word api_type_words[] = {
	{"bool", HF_API_BOOL},
	{"int", HF_API_INT},
	{"uint", HF_API_UINT},
	{"real", HF_API_REAL},
	{"time", HF_API_TIME},
	{"span", HF_API_SPAN},
	{"wait", HF_API_WAIT},
	{"lsn", HF_API_LSN},
	{"token", HF_API_TOKEN},
	{"enum", HF_API_ENUM},
	{"flags", HF_API_FLAGS},
	{"key", HF_API_KEY},
	{"text", HF_API_TEXT},
	{"bytes", HF_API_BYTES},
	{"string", HF_API_STRING},
	{"chars", HF_API_CHARS},
	{"struct", HF_API_STRUCT},
	{"one", HF_API_ONE},
	{"many", HF_API_MANY},
	{"memory", HF_API_MEMORY},
	{"function", HF_API_FUNCTION},
	{"context", HF_API_CONTEXT},
	{"size", HF_API_SIZE},
	{0},
};

static const struct hf_api_word api_kind_words[] = {
	{"mutation", HF_API_MUTATION},
	{"read", HF_API_READ},
	{"wait_call", HF_API_WAIT_CALL},
	{"plain_call", HF_API_PLAIN_CALL},
	{0},
};

const struct hf_api_struct hf__api_api_word = STRUCT(hf_api_word,
	{AT(hf_api_word, word), HF_API_STRING},
	{AT(hf_api_word, value), HF_API_INT});

const struct hf_api_struct hf__api_api_member = STRUCT(hf_api_member,
	{AT(hf_api_member, name), HF_API_STRING},
	{AT(hf_api_member, offset), HF_API_UINT},
	{AT(hf_api_member, size), HF_API_UINT},
	{AT(hf_api_member, type), HF_API_ENUM, .words = api_type_words},
	{AT(hf_api_member, elements), HF_API_UINT},
	{AT(hf_api_member, of), HF_API_ONE, .of = &hf__api_api_struct},
	{AT(hf_api_member, words), HF_API_ONE, .of = &hf__api_api_word},
	{AT(hf_api_member, most), HF_API_UINT, .zero = "no bound of its own"},
	{AT(hf_api_member, optional), HF_API_BOOL},
	{AT(hf_api_member, zero), HF_API_STRING},
	{AT(hf_api_member, label), HF_API_STRING, .zero = "its name"});

const struct hf_api_struct hf__api_api_struct = STRUCT(hf_api_struct,
	{AT(hf_api_struct, name), HF_API_STRING},
	{AT(hf_api_struct, size), HF_API_UINT},
	{AT(hf_api_struct, first), HF_API_UINT},
	{AT(hf_api_struct, members), HF_API_ONE, .of = &hf__api_api_member});

const struct hf_api_struct hf__api_api_call = STRUCT(hf_api_call,
	{AT(hf_api_call, name), HF_API_STRING},
	{AT(hf_api_call, function), HF_API_FUNCTION},
	{AT(hf_api_call, kind), HF_API_ENUM, .words = api_kind_words},
	{AT(hf_api_call, takes), HF_API_ONE, .of = &hf__api_api_struct},
	{AT(hf_api_call, fills), HF_API_ONE, .of = &hf__api_api_struct,
	 .zero = "nothing, or a plain value"},
	{AT(hf_api_call, gives), HF_API_ENUM, .words = api_type_words, .zero = "none"},
	{AT(hf_api_call, object), HF_API_ONE, .of = &hf__api_api_struct,
	 .zero = "it gives no object back"});

const struct hf_api_struct hf__api_api_part = STRUCT(hf_api_part,
	{AT(hf_api_part, name), HF_API_STRING},
	{AT(hf_api_part, structs), HF_API_ONE, .of = &hf__api_api_struct},
	{AT(hf_api_part, calls), HF_API_ONE, .of = &hf__api_api_call});

static const struct hf_api_struct *const structs[] = {
	&hf__api_bytes, &hf__api_ticket, &hf__api_cancel_flag, &hf__api_write, &hf__api_result,
	&hf__api_error, &hf__api_api_word, &hf__api_api_member, &hf__api_api_struct,
	&hf__api_api_call, &hf__api_api_part, NULL,
};

static const struct hf_api_call calls[] = {
	{CALL(hf_code_name), HF_API_PLAIN_CALL},
	{CALL(hf_release), HF_API_PLAIN_CALL},
	{CALL(hf_version), HF_API_PLAIN_CALL},
	{CALL(hf_version_number), HF_API_PLAIN_CALL},
	{CALL(hf_abi), HF_API_PLAIN_CALL},
	{CALL(hf_struct_size), HF_API_PLAIN_CALL},
	{CALL(hf_api_describe), HF_API_PLAIN_CALL, .fills = &hf__api_api_part},
	{0},
};

const struct hf_api_part hf__api_types_part = {"types", structs, calls};
