/* The two files: what is in them, their way into the store, and their way back. All by the
 * command, as a person would do it. */
#include "demo.h"
#include "report.h"
#include "tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void path_of(const struct demo *demo, const char *name, char path[4096])
{
	must_be((size_t)snprintf(path, 4096, "%s/%s", demo->data, name) < 4096,
	        "the path of the files is of a sane length");
}

/* --- Reading ---------------------------------------------------------------------------------- */

static void note_item(struct demo *demo, yajl_val entry, struct item *item)
{
	yajl_val attempts = json_member(entry, "attempts");

	item->id = json_string(entry, "id");
	item->was_failed = strcmp(json_string(entry, "status"), "failed") == 0;
	item->was_sending = strcmp(json_string(entry, "status"), "sending") == 0;
	item->attempts = YAJL_IS_INTEGER(attempts) ? (uint32_t)YAJL_GET_INTEGER(attempts) : 0;
	must_be(*item->id && strlen(item->id) <= SENDER_ID_MAX, "every entry of outbox.json has an id");
	demo->was_failed += item->was_failed;
	demo->was_sending += item->was_sending;
}

void files_read(struct demo *demo)
{
	yajl_val records;
	char path[4096];

	path_of(demo, "outbox.json", path);
	demo->outbox = json_read(path);
	demo->item_count = json_length(demo->outbox);
	demo->items = calloc(demo->item_count + 1, sizeof(*demo->items));
	must_be(demo->item_count && demo->items, "outbox.json is an array of entries");
	for (size_t i = 0; i < demo->item_count; i++)
		note_item(demo, json_at(demo->outbox, i), &demo->items[i]);

	path_of(demo, "notifications.json", path);
	demo->inbox = json_read(path);
	records = json_member(demo->inbox, "notifications");
	demo->record_count = json_length(records);
	must_be(demo->record_count > DISMISSALS, "notifications.json has notifications");
	for (size_t i = 0; i < demo->record_count; i++)
		demo->was_dismissed += YAJL_IS_TRUE(json_member(json_at(records, i), "dismissed"));
}

void files_free(struct demo *demo)
{
	yajl_tree_free(demo->outbox);
	yajl_tree_free(demo->inbox);
	free(demo->items);
	free(demo->acks);
}

struct item *files_item(struct demo *demo, struct hf_bytes id)
{
	for (size_t i = 0; i < demo->item_count; i++)
		if (same_bytes(hf_str(demo->items[i].id), id))
			return &demo->items[i];
	return NULL;
}

/* --- Comparing -------------------------------------------------------------------------------- */

static void export_all(void)
{
	must_be(
	    tool_run("outbox.json", (const char *[]){"-C", STORE, "export", "--queue", QUEUE, NULL}),
	    "the outbox can be exported");
	must_be(tool_run("notifications.json",
	                 (const char *[]){"-C", STORE, "export", "--user", USER, NULL}),
	        "the inbox can be exported");
}

static void compare(const char *path, yajl_val expected, const char *what, const char *figures)
{
	yajl_val got = json_read(path);
	char where[256] = "";
	bool same = got && json_same(expected, got, where, sizeof(where));

	if (got && !same)
		fprintf(stderr, "demo: %s differs at its %s\n", path, *where ? where : "root");
	report_fact(same, what, "%s", figures);
	yajl_tree_free(got);
}

/* --- In --------------------------------------------------------------------------------------- */

static void check_counts(const struct demo *demo)
{
	hf_store *store = store_open();
	struct hf_outbox_stats stats = {0};
	struct hf_inbox_counts counts = {0};
	struct hf_error error;

	must(hf_outbox_get_stats(store, hf_str(QUEUE), 0, &stats, &error), &error, "stats");
	must_be(stats.failed.items == demo->was_failed &&
	            stats.queued.items == demo->item_count - demo->was_failed,
	        "the queue counts what outbox.json holds");
	must(hf_inbox_count(store, hf_str(USER), 0, &counts, &error), &error, "counts");
	must_be(counts.total == demo->record_count && counts.dismissed == demo->was_dismissed,
	        "the inbox counts what notifications.json holds");
	store_close(store);
}

void files_import(struct demo *demo)
{
	char path[4096], figures[64];

	must_be(tool_run("init.out", (const char *[]){"-C", STORE, "init", NULL}),
	        "a store can be made");
	path_of(demo, "outbox.json", path);
	must_be(tool_run("import.out",
	                 (const char *[]){"-C", STORE, "import", "--queue", QUEUE, path, NULL}),
	        "outbox.json can be imported");
	path_of(demo, "notifications.json", path);
	must_be(
	    tool_run("import.out", (const char *[]){"-C", STORE, "import", "--user", USER, path, NULL}),
	    "notifications.json can be imported");
	check_counts(demo);
	report_line("import",
	            "outbox.json         %zu items: %zu failed, %zu queued (%zu were being sent when "
	            "their client died)",
	            demo->item_count, demo->was_failed, demo->item_count - demo->was_failed,
	            demo->was_sending);
	report_line("", "notifications.json  %zu records, %zu of them dismissed", demo->record_count,
	            demo->was_dismissed);

	/* An item in the hands of a client that is dead is queued: that much the import changes, and
	 * no more. */
	for (size_t i = 0; i < demo->item_count; i++)
		if (demo->items[i].was_sending)
			json_set_string(json_member(json_at(demo->outbox, i), "status"), "queued");
	export_all();
	snprintf(figures, sizeof(figures), "%zu entries", demo->item_count);
	compare("outbox.json", demo->outbox, "outbox.json: exported after the import, the same JSON",
	        figures);
	snprintf(figures, sizeof(figures), "%zu records", demo->record_count);
	compare("notifications.json", demo->inbox,
	        "notifications.json: exported after the import, the same JSON", figures);
}

/* --- Out -------------------------------------------------------------------------------------- */

/* What the check of the store says of itself: how much it has read. */
static void check_store(void)
{
	bool sound = tool_run("fsck.json", (const char *[]){"-C", STORE, "--json", "fsck", NULL});
	yajl_val summary = sound ? json_read("fsck.json") : NULL;

	report_fact(sound, "holdfast fsck: every byte, every entry, every count of the store",
	            "%s entries, %s bytes", json_string(summary, "entries"),
	            json_string(summary, "bytes"));
	yajl_tree_free(summary);
}

void files_export(struct demo *demo)
{
	yajl_val nothing = yajl_tree_parse("[]", NULL, 0);
	char figures[64];

	export_all();
	compare("outbox.json", nothing, "outbox.json: exported at the end, all delivered", "0 entries");
	snprintf(figures, sizeof(figures), "%zu records, %zu dismissed", demo->record_count,
	         demo->was_dismissed + DISMISSALS);
	compare("notifications.json", demo->inbox,
	        "notifications.json: exported at the end, only what the user did is new", figures);
	yajl_tree_free(nothing);
	check_store();
}
