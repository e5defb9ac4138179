/* See returned.h. */
#include "lib/operation/returned.h"

#include <stdarg.h>

#include "api/api.h"
#include "lib/test.h"

enum { OBJECT_TEXT = 1 << 17 };

static struct hf_memory **memory_in(const struct hf_api_struct *of, struct op_answer *got)
{
	for (const struct hf_api_member *m = of->members; m->name; m++)
		if (m->type == HF_API_MEMORY)
			return (struct hf_memory **)(void *)(got->bytes + m->offset);
	return NULL;
}

/* --- In words --------------------------------------------------------------------------------- */

struct words {
	bool without_payload;
	size_t len;
	char text[OBJECT_TEXT];
};

static void add(struct words *words, const void *data, size_t len)
{
	assert_true(len < OBJECT_TEXT - words->len);
	if (len > 0)
		memcpy(words->text + words->len, data, len);
	words->len += len;
}

static void add_member(void *ctx, const struct hf_api_member *m, struct op_value value)
{
	struct words *words = ctx;
	char head[96];
	if (strcmp(m->name, "payload") == 0 || strcmp(m->name, "response") == 0)
		value.bytes.len = words->without_payload ? 0 : value.bytes.len;
	const int len = snprintf(head, sizeof head, "%s=%lld,%zu:", m->name, (long long)value.number,
	                         value.bytes.len);
	add(words, head, (size_t)len);
	add(words, value.bytes.data, value.bytes.len);
}

/* --- A get ------------------------------------------------------------------------------------ */

static const struct hf_api_call *get_of(const struct hf_api_struct *of)
{
	const struct hf_api_part *part;
	for (unsigned i = 0; (part = hf_api_describe(i)) != NULL; i++)
		for (const struct hf_api_call *call = part->calls; call->name; call++)
			if (call->kind == HF_API_READ && call->fills == of)
				return call;
	fail_msg("no get fills %s", of->name);
	return NULL;
}

/* The first of these paths that the arguments have. */
static struct hf_bytes part_of(struct op_args *args, const char *first, const char *second)
{
	const struct hf_bytes *part = op_member(args, first);
	if (!part)
		part = op_member(args, second);
	return part ? *part : hf_bytes_of(NULL, 0);
}

static void fill_key(struct op_args *get, struct op_args *args)
{
	const void *key = op_member(args, "key");
	const struct hf_inbox_save_args *save = (const void *)args->args;
	if (!key)
		key = op_member(args, "cursor.key");
	if (key) {
		memcpy(get->args, key, get->call->takes->size);
		return;
	}
	struct hf_bytes parts[3] = {part_of(args, "queue", "name"), part_of(args, "id", "item.id")};
	if (strcmp(args->call->name, "hf_inbox_save") == 0) {
		parts[0] = save->user;
		parts[1] = save->records[0].account;
		parts[2] = save->records[0].thread;
	}
	memcpy(get->args, parts, get->call->takes->size);
}

static void compare(struct returned *returned, struct op_args *args, hf_store *store)
{
	struct words *words = calloc(2, sizeof *words);
	struct op_args get = {.call = get_of(returned->of)};
	struct op_answer answer; /* both as of their first release, as a zeroed struct says */
	assert_non_null(words);
	fill_key(&get, args);
	const int rc = op_run(&get, store, NULL, HF_READ_UNDURABLE, &answer, NULL, NULL);
	assert_true(rc == HF_OK || rc == HF_ENOTFOUND);
	if ((rc == HF_OK) != (*memory_in(returned->of, &returned->got) != NULL))
		fail_msg("%s: a get answers %s, the call gave %s", args->call->name, hf_code_name(rc),
		         rc == HF_OK ? "nothing" : "an object");
	words[0].without_payload = !returned->payload;
	op_each(returned->of, returned->got.bytes, add_member, &words[0]);
	words[1].without_payload = !returned->payload;
	op_each(returned->of, answer.bytes, add_member, &words[1]);
	if (words[0].len != words[1].len || memcmp(words[0].text, words[1].text, words[0].len) != 0)
		fail_msg("%s gave\n%.*s\na get gives\n%.*s", args->call->name, (int)words[0].len,
		         words[0].text, (int)words[1].len, words[1].text);
	op_release(get.call, &answer);
	free(words);
}

/* --- Asking and looking ----------------------------------------------------------------------- */

void returned_ask(struct returned *returned, struct op_args *args, bool payload)
{
	const struct hf_inbox_save_args *save = (const void *)args->args;
	*returned = (struct returned){0};
	if (!args->call->object || (strcmp(args->call->name, "hf_inbox_save") == 0 && save->count != 1))
		return;
	returned->of = args->call->object;
	returned->payload = payload;
	op_write(args)->returning = returned->got.bytes;
	op_write(args)->returning_payload = payload;
}

/* Every byte behind the size is 0: there is nothing to release. */
static bool is_nothing(const struct returned *returned)
{
	for (size_t i = sizeof(size_t); i < sizeof returned->got.bytes; i++)
		if (returned->got.bytes[i] != 0)
			return false;
	return true;
}

void returned_check(struct returned *returned, struct op_args *args, hf_store *store, int rc,
                    bool newest)
{
	if (!returned->of)
		return;
	if (rc != HF_OK && !is_nothing(returned))
		fail_msg("%s answered %s and gave an object", args->call->name, hf_code_name(rc));
	if (rc == HF_OK && newest)
		compare(returned, args, store);
	hf_release(*memory_in(returned->of, &returned->got));
	*returned = (struct returned){0};
}
