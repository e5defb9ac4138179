#include "lib/domains/idem_ops.h"
#include "lib/test.h"

#define TEXT_MAX 4096u

static void expect_ok(int rc, const struct hf_error *error)
{
	if (rc != HF_OK)
		fail_msg("%s: %s", hf_code_name(rc), error->text);
}

struct hf_idempotency_key id_key(const char *scope, const char *key)
{
	return (struct hf_idempotency_key){hf_str(scope), hf_str(key)};
}

struct hf_idempotency_begun id_begin(hf_store *store, const char *scope, const char *key,
                                     const char *fingerprint, int64_t lease_us)
{
	struct hf_error error = {0};
	struct hf_idempotency_begun begun = {0};
	const struct hf_idempotency_begin_args args = {
	    .key = id_key(scope, key), .fingerprint = hf_str(fingerprint), .lease_us = lease_us};
	expect_ok(hf_idempotency_begin(store, NULL, &args, &begun, NULL, &error), &error);
	hf_release(begun.memory);
	begun.memory = NULL;
	begun.response = hf_bytes_of(NULL, 0);
	return begun;
}

void id_complete(hf_store *store, const char *scope, const char *key, hf_token token,
                 const char *response, int64_t ttl_us)
{
	struct hf_error error = {0};
	const struct hf_idempotency_complete_args args = {.key = id_key(scope, key),
	                                                  .token = token,
	                                                  .status = 200,
	                                                  .response = hf_str(response),
	                                                  .ttl_us = ttl_us};
	expect_ok(hf_idempotency_complete(store, NULL, &args, NULL, &error), &error);
}

struct hf_result id_put(hf_store *store, const char *scope, const char *key, const char *response,
                        hf_time expires_at)
{
	struct hf_error error = {0};
	struct hf_result result = {0};
	const struct hf_idempotency_put_args args = {
	    .key = id_key(scope, key), .response = hf_str(response), .expires_at = expires_at};
	expect_ok(hf_idempotency_put(store, NULL, &args, &result, &error), &error);
	return result;
}

bool id_has(hf_store *store, const char *scope, const char *key)
{
	struct hf_error error = {0};
	bool has;
	const struct hf_idempotency_key names = id_key(scope, key);
	expect_ok(hf_idempotency_has(store, &names, 0, &has, &error), &error);
	return has;
}

static void add_name(char *text, struct hf_bytes name)
{
	const size_t len = strlen(text);
	if (len < TEXT_MAX)
		(void)snprintf(text + len, TEXT_MAX - len, "%s%.*s", len ? " " : "", (int)name.len,
		               (const char *)name.data);
}

const char *id_list(hf_store *store, const char *scope, size_t limit)
{
	static char text[TEXT_MAX];
	struct hf_error error = {0};
	struct hf_idempotency_page page = {0};
	text[0] = '\0';
	do {
		struct hf_memory *before = page.memory;
		const struct hf_idempotency_list_args args = {
		    .scope = hf_str(scope), .limit = limit, .page = page.next};
		expect_ok(hf_idempotency_list(store, &args, 0, &page, &error), &error);
		hf_release(before);
		assert_true(limit == 0 || page.count <= limit);
		assert_true(!page.next || (limit > 0 && page.count == limit));
		for (size_t i = 0; i < page.count; i++)
			add_name(text, page.items[i].key.key);
	} while (page.next);
	hf_release(page.memory);
	return text;
}

const char *id_scopes(hf_store *store, size_t limit)
{
	static char text[TEXT_MAX];
	struct hf_error error = {0};
	struct hf_name_page page = {0};
	text[0] = '\0';
	do {
		struct hf_memory *before = page.memory;
		const struct hf_names_args args = {.limit = limit, .page = page.next};
		expect_ok(hf_idempotency_names(store, &args, 0, &page, &error), &error);
		hf_release(before);
		assert_true(!page.next || (limit > 0 && page.count == limit));
		for (size_t i = 0; i < page.count; i++)
			add_name(text, page.items[i]);
	} while (page.next);
	hf_release(page.memory);
	return text;
}

const char *id_count(hf_store *store, const char *scope)
{
	static char text[48];
	struct hf_error error = {0};
	struct hf_idempotency_counts counts = {0};
	expect_ok(hf_idempotency_count(store, hf_str(scope), 0, &counts, &error), &error);
	(void)snprintf(text, sizeof text, "%llu %llu", (unsigned long long)counts.in_progress,
	               (unsigned long long)counts.done);
	return text;
}
