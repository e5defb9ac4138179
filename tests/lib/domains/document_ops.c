#include "lib/domains/document_ops.h"
#include "lib/test.h"

#define TEXT_MAX 8192u

static void expect_ok(int rc, const struct hf_error *error)
{
	if (rc != HF_OK)
		fail_msg("%s", error->text);
}

static struct hf_document_key key_of(const char *id)
{
	return (struct hf_document_key){hf_str(DC_COLLECTION), hf_str(id)};
}

struct hf_result dc_put(hf_store *store, const char *id, struct hf_document_put_args args)
{
	struct hf_error error = {0};
	struct hf_result result = {0};
	args.key = key_of(id);
	if (!args.payload.data)
		args.payload = hf_str("p");
	expect_ok(hf_document_put(store, NULL, &args, &result, &error), &error);
	return result;
}

void dc_regroup(hf_store *store, const char *id, const char *group)
{
	struct hf_error error = {0};
	const struct hf_document_regroup_args args = {.key = key_of(id), .group = hf_str(group)};
	expect_ok(hf_document_regroup(store, NULL, &args, NULL, &error), &error);
}

void dc_remove(hf_store *store, const char *id)
{
	struct hf_error error = {0};
	const struct hf_document_remove_args args = {.key = key_of(id)};
	expect_ok(hf_document_remove(store, NULL, &args, NULL, &error), &error);
}

bool dc_has(hf_store *store, const char *id)
{
	struct hf_error error = {0};
	const struct hf_document_key key = key_of(id);
	bool there = false;
	expect_ok(hf_document_has(store, &key, 0, &there, &error), &error);
	return there;
}

static void add_word(char *text, struct hf_bytes word)
{
	const size_t len = strlen(text);
	assert_true(len + word.len + 2 < TEXT_MAX);
	(void)snprintf(text + len, TEXT_MAX - len, "%s%.*s", len ? " " : "", (int)word.len,
	               (const char *)word.data);
}

const char *dc_list(hf_store *store, struct hf_document_list_args args)
{
	static char ids[TEXT_MAX];
	struct hf_error error = {0};
	struct hf_document_page page = {0};
	if (args.collection.len == 0)
		args.collection = hf_str(DC_COLLECTION);
	ids[0] = '\0';
	do {
		struct hf_memory *before = page.memory;
		args.page = page.next;
		expect_ok(hf_document_list(store, &args, 0, &page, &error), &error);
		hf_release(before);
		assert_true(args.limit == 0 || page.count <= args.limit);
		assert_true(!page.next || (args.limit > 0 && page.count == args.limit));
		for (size_t i = 0; i < page.count; i++)
			add_word(ids, page.items[i].key.id);
	} while (page.next);
	hf_release(page.memory);
	return ids;
}

uint64_t dc_count(hf_store *store, const char *group)
{
	struct hf_error error = {0};
	struct hf_document_counts counted = {0};
	const struct hf_document_count_args args = {
	    .collection = hf_str(DC_COLLECTION), .group = hf_str(group), .by_group = group != NULL};
	expect_ok(hf_document_count(store, &args, 0, &counted, &error), &error);
	return counted.documents;
}

const char *dc_collections(hf_store *store, size_t limit)
{
	static char names[TEXT_MAX];
	struct hf_error error = {0};
	struct hf_name_page page = {0};
	names[0] = '\0';
	do {
		struct hf_memory *before = page.memory;
		const struct hf_names_args args = {.limit = limit, .page = page.next};
		expect_ok(hf_document_names(store, &args, 0, &page, &error), &error);
		hf_release(before);
		for (size_t i = 0; i < page.count; i++)
			add_word(names, page.items[i]);
	} while (page.next);
	hf_release(page.memory);
	return names;
}
