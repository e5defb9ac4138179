#include "lib/domains/outbox_ops.h"
#include "lib/test.h"

#define IDS_MAX 4096u

static void expect_ok(int rc, const struct hf_error *error)
{
	if (rc != HF_OK)
		fail_msg("%s", error->text);
}

struct hf_result ob_enqueue(hf_store *store, const char *id, const char *payload, int32_t priority,
                            hf_time available_at)
{
	struct hf_error error = {0};
	struct hf_result result = {0};
	const struct hf_outbox_enqueue_args args = {.queue = hf_str(OB_QUEUE),
	                                            .id = hf_str(id),
	                                            .payload = hf_str(payload),
	                                            .priority = priority,
	                                            .available_at = available_at};
	expect_ok(hf_outbox_enqueue(store, NULL, &args, &result, &error), &error);
	return result;
}

hf_token ob_claim(hf_store *store, const char *id, int64_t lease)
{
	struct hf_error error = {0};
	struct hf_result result = {0};
	const struct hf_outbox_claim_args args = {
	    .queue = hf_str(OB_QUEUE), .id = hf_str(id), .owner = hf_str("w"), .lease_us = lease};
	expect_ok(hf_outbox_claim(store, NULL, &args, NULL, &result, &error), &error);
	return result.token;
}

static void add_ids(char *text, const struct hf_outbox_items *items)
{
	size_t len = strlen(text);
	for (size_t i = 0; i < items->count && len < IDS_MAX; i++) {
		const struct hf_bytes id = items->items[i].id;
		len += (size_t)snprintf(text + len, IDS_MAX - len, "%s%.*s", len ? " " : "", (int)id.len,
		                        (const char *)id.data);
	}
}

const char *ob_claim_next(hf_store *store, uint32_t max, int64_t lease)
{
	static char ids[IDS_MAX];
	struct hf_error error = {0};
	struct hf_result result = {0};
	struct hf_outbox_items items = {0};
	const struct hf_outbox_claim_next_args args = {
	    .queue = hf_str(OB_QUEUE), .max = max, .owner = hf_str("w"), .lease_us = lease};
	expect_ok(hf_outbox_claim_next(store, NULL, &args, &items, &result, &error), &error);
	assert_true(result.count == items.count && result.changed == (items.count > 0));
	for (size_t i = 0; i < items.count; i++) {
		assert_int_equal(items.items[i].status, HF_OUTBOX_SENDING);
		assert_true(i == 0 || items.items[i].token > items.items[i - 1].token);
	}
	ids[0] = '\0';
	add_ids(ids, &items);
	hf_release(items.memory);
	return ids;
}

void ob_complete(hf_store *store, const char *id, hf_token token)
{
	struct hf_error error = {0};
	const struct hf_outbox_complete_args args = {
	    .queue = hf_str(OB_QUEUE), .id = hf_str(id), .token = token};
	expect_ok(hf_outbox_complete(store, NULL, &args, NULL, &error), &error);
}

void ob_fail(hf_store *store, const char *id, hf_token token, uint32_t max_attempts)
{
	struct hf_error error = {0};
	const struct hf_outbox_fail_args args = {
	    .queue = hf_str(OB_QUEUE), .id = hf_str(id), .token = token, .max_attempts = max_attempts};
	expect_ok(hf_outbox_fail(store, NULL, &args, NULL, &error), &error);
}

void ob_mark_failed(hf_store *store, const char *id)
{
	struct hf_error error = {0};
	const struct hf_outbox_mark_failed_args args = {.queue = hf_str(OB_QUEUE), .id = hf_str(id)};
	expect_ok(hf_outbox_mark_failed(store, NULL, &args, NULL, &error), &error);
}

const char *ob_list(hf_store *store, enum hf_outbox_status status, size_t limit)
{
	static char ids[IDS_MAX];
	struct hf_error error = {0};
	struct hf_outbox_items items = {0};
	ids[0] = '\0';
	do {
		struct hf_outbox_items before = items;
		const struct hf_outbox_list_args args = {
		    .queue = hf_str(OB_QUEUE), .status = status, .limit = limit, .page = items.next};
		expect_ok(hf_outbox_list(store, &args, 0, &items, &error), &error);
		hf_release(before.memory);
		assert_true(limit == 0 || items.count <= limit);
		assert_true(!items.next || (limit > 0 && items.count == limit));
		add_ids(ids, &items);
	} while (items.next);
	hf_release(items.memory);
	return ids;
}

struct hf_outbox_stats ob_stats(hf_store *store)
{
	struct hf_error error = {0};
	struct hf_outbox_stats stats = {0};
	expect_ok(hf_outbox_get_stats(store, hf_str(OB_QUEUE), 0, &stats, &error), &error);
	return stats;
}

const char *ob_status(hf_store *store, const char *id)
{
	static const char *const names[] = {"?", "queued", "sending", "failed"};
	struct hf_error error = {0};
	struct hf_outbox_got got = {0};
	const struct hf_outbox_key key = {hf_str(OB_QUEUE), hf_str(id)};
	const int rc = hf_outbox_get(store, &key, 0, &got, &error);
	if (rc == HF_ENOTFOUND)
		return "";
	expect_ok(rc, &error);
	const char *name = names[got.item.status];
	hf_release(got.memory);
	return name;
}
