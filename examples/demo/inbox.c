/* The inbox: a user dismisses, a poller saves the same again, and what was dismissed stays
 * dismissed. */
#include "demo.h"
#include "report.h"
#include "tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATER "later.json"

static yajl_val record_at(const struct demo *demo, size_t i)
{
	return json_at(json_member(demo->inbox, "notifications"), i);
}

/* Dismisses some of those that are not, here and in what is expected of the inbox from now on. */
static void dismiss_some(struct demo *demo)
{
	hf_store *store = store_open();
	struct hf_error error;
	unsigned dismissed = 0;

	for (size_t i = 0; i < demo->record_count && dismissed < DISMISSALS; i++) {
		yajl_val record = record_at(demo, i), flag = json_member(record, "dismissed");
		struct hf_inbox_mark_args mark = {
		    .key = {hf_str(USER), hf_str(json_string(record, "account_id")),
		            hf_str(json_string(record, "thread_id"))},
		};
		if (YAJL_IS_TRUE(flag))
			continue;
		must(hf_inbox_dismiss(store, NULL, &mark, NULL, &error), &error, "dismiss");
		json_set_true(flag);
		dismissed++;
	}
	must_be(dismissed == DISMISSALS, "there were enough to dismiss");
	store_close(store);
}

/* What the poller finds ten hours later: the same, under another date. It knows of no dismissal. */
static void write_later(struct demo *demo)
{
	const char *generated_at = json_string(demo->inbox, "generated_at");
	size_t len = strlen(generated_at);
	char path[4096], later[64], *text, *at;
	FILE *file;

	snprintf(path, sizeof(path), "%s/notifications.json", demo->data);
	text = json_read_text(path);
	at = text ? strstr(text, generated_at) : NULL;
	must_be(at && len > 12 && len < sizeof(later) && at[11] == '0',
	        "notifications.json says when it was made, before ten o'clock");
	at[11] = '1';
	memcpy(later, at, len);
	later[len] = '\0';
	json_set_string(json_member(demo->inbox, "generated_at"), later);
	file = fopen(LATER, "wb");
	must_be(file && fputs(text, file) >= 0 && fclose(file) == 0,
	        "the poller's next file can be written");
	free(text);
}

void inbox_use(struct demo *demo)
{
	hf_store *store;

	dismiss_some(demo);
	write_later(demo);
	must_be(tool_run("import.out",
	                 (const char *[]){"-C", STORE, "import", "--user", USER, LATER, NULL}),
	        "the poller's next file can be imported");
	store = store_open();
	inbox_check(demo, store);
	store_close(store);
	report_line(
	    "inbox",
	    "%d more dismissed; the poller saved all %zu again, undismissed: %zu are still dismissed",
	    DISMISSALS, demo->record_count, demo->was_dismissed + DISMISSALS);
}

void inbox_check(struct demo *demo, hf_store *store)
{
	struct hf_inbox_counts counts = {0};
	struct hf_error error;

	must(hf_inbox_count(store, hf_str(USER), 0, &counts, &error), &error, "counts");
	must_be(counts.total == demo->record_count &&
	            counts.dismissed == demo->was_dismissed + DISMISSALS,
	        "what was dismissed stays dismissed");
	for (size_t i = 0; i < demo->record_count; i++) {
		yajl_val record = record_at(demo, i);
		struct hf_inbox_key key = {hf_str(USER), hf_str(json_string(record, "account_id")),
		                           hf_str(json_string(record, "thread_id"))};
		struct hf_inbox_got got = {0};
		must(hf_inbox_get(store, &key, 0, &got, &error), &error, "get");
		must_be(got.record.dismissed == YAJL_IS_TRUE(json_member(record, "dismissed")),
		        "the right ones are dismissed");
		hf_release(got.memory);
	}
}
