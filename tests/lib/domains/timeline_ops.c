#include "lib/domains/timeline_ops.h"

#include "base/bytes.h"
#include "lib/test.h"

static void expect_ok(int rc, const struct hf_error *error, const char *what)
{
	if (rc != HF_OK)
		fail_msg("%s: %s: %s", what, hf_code_name(rc), error->text);
}

struct hf_result tl_append(hf_store *store, const char *timeline, const char *id, const char *type,
                           const char *subject, hf_time at, const char *payload)
{
	struct hf_result result = {0};
	struct hf_error error = {0};
	const struct hf_timeline_append_args args = {.key = {hf_str(timeline), hf_str(id)},
	                                             .type = hf_str(type),
	                                             .subject = hf_str(subject),
	                                             .happened_at = at,
	                                             .payload = hf_str(payload)};
	expect_ok(hf_timeline_append(store, NULL, &args, &result, &error), &error, "append");
	return result;
}

struct hf_timeline_filter tl_filter(const char *subject, const char *type)
{
	return (struct hf_timeline_filter){.timeline = hf_str(TL_NAME),
	                                   .subject = hf_str(subject),
	                                   .by_subject = subject != NULL,
	                                   .type = hf_str(type)};
}

/* Does it pass the filter, and does it follow on the one before? */
static void check_item(const struct hf_timeline_event *event,
                       const struct hf_timeline_filter *filter, bool ascending,
                       const struct hf_timeline_event *before)
{
	assert_true(hf__bytes_equal(event->key.timeline, filter->timeline) && event->version > 0);
	assert_true(filter->type.len == 0 || hf__bytes_equal(event->type, filter->type));
	assert_true((filter->subject.len == 0 && !filter->by_subject) ||
	            hf__bytes_equal(event->subject, filter->subject));
	if (!before)
		return;
	const int ids = hf__bytes_compare(before->key.id, event->key.id);
	if (before->happened_at != event->happened_at)
		assert_true((before->happened_at < event->happened_at) == ascending);
	else
		assert_true(ids != 0 && (ids < 0) == ascending);
}

const char *tl_ids(hf_store *store, const struct hf_timeline_filter *filter, bool ascending,
                   size_t limit)
{
	static char text[TL_TEXT];
	char token[2048] = "";
	size_t len = 0, seen = 0;
	bool more = true;
	const uint64_t total = tl_count(store, filter);
	text[0] = '\0';
	while (more) {
		struct hf_timeline_page page = {0};
		struct hf_error error = {0};
		const struct hf_timeline_query_args args = {.filter = *filter,
		                                            .ascending = ascending,
		                                            .limit = limit,
		                                            .page = token[0] ? token : NULL};
		expect_ok(hf_timeline_query(store, &args, 0, &page, &error), &error, "query");
		for (size_t i = 0; i < page.count; i++, seen++) {
			const struct hf_timeline_event *e = &page.items[i];
			check_item(e, filter, ascending, i ? e - 1 : NULL);
			len += (size_t)snprintf(text + len, sizeof text - len, "%s%.*s", len ? " " : "",
			                        (int)e->key.id.len, (const char *)e->key.id.data);
		}
		assert_true(len < sizeof text);
		assert_true(page.total == total && (limit == 0 || page.count <= limit));
		assert_true(!page.next || (limit > 0 && page.count == limit && seen < total));
		more = page.next != NULL;
		(void)snprintf(token, sizeof token, "%s", more ? page.next : "");
		hf_release(page.memory);
	}
	assert_int_equal(seen, total);
	return text;
}

uint64_t tl_count(hf_store *store, const struct hf_timeline_filter *filter)
{
	uint64_t count;
	struct hf_error error = {0};
	const struct hf_timeline_count_args args = {.filter = *filter};
	expect_ok(hf_timeline_count(store, &args, 0, &count, &error), &error, "count");
	return count;
}

hf_time tl_latest(hf_store *store, const char *timeline)
{
	hf_time latest;
	struct hf_error error = {0};
	expect_ok(hf_timeline_latest_at(store, hf_str(timeline), 0, &latest, &error), &error,
	          "latest_at");
	return latest;
}
