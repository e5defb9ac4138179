/* The main job on real files, start to end: import what two programs left behind, work with it, kill the process in the middle,
 * reopen, and check that nothing which was acknowledged is missing and nothing else has changed. Ends with 0 only if every
 * check held. Usage: example_demo [DIRECTORY-OF-THE-FILES]; makes the directory `store` where it is run. */
#include <holdfast/holdfast.h>

#include "lib/crew.h"
#include "lib/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STORE "store"
#define QUEUE "commits"
#define USER "ada"

enum {
	ITEMS_MAX = 1024,
	RECORDS_MAX = 1024,
	WORKERS = 8,
	KILL_AFTER = 150, /* acknowledgements */
	DISMISSALS = 10,
};

/* An entry of the outbox file and what became of it. */
struct item {
	char id[HF_KEY_MAX + 1];
	struct hf_bytes payload; /* in the file's text */
	struct hf_outbox_put put;
	unsigned sent; /* how often a worker began to send it */
	bool done; /* its completion was acknowledged */
	bool left; /* it was still there after the kill */
};

struct demo {
	hf_store *store;
	char *outbox_text, *inbox_text;
	struct item items[ITEMS_MAX];
	size_t item_count;
	unsigned was_failed, was_sending;
	struct hf_inbox_input records[RECORDS_MAX];
	char record_keys[RECORDS_MAX][2][HF_KEY_MAX + 1]; /* account, thread */
	size_t record_count;
	hf_time generated_at;
	struct hf_bytes poller_status;
	struct hf_inbox_key dismissed[DISMISSALS];
	size_t dismissed_before; /* as the file had it */
	unsigned done, kill_at;
};

/* --- Judging -------------------------------------------------------------------------------------------------------------- */

/* A step that must be HF_OK. */
static void must(int code, const struct hf_error *error, const char *what)
{
	if (code == HF_OK)
		return;
	printf("FAILED: %s: %s: %s\n", what, hf_code_name(error->code), error->text);
	exit(1);
}

/* A fact that must hold. */
static void check(bool holds, const char *what)
{
	if (holds)
		return;
	printf("FAILED: %s\n", what);
	exit(1);
}

static bool same(struct hf_bytes left, struct hf_bytes right)
{
	return left.len == right.len && (left.len == 0 || memcmp(left.data, right.data, left.len) == 0);
}

static void open_store(struct demo *demo)
{
	struct hf_options options = {.create = true};
	struct hf_error error;

	must(hf_open(STORE, &options, &demo->store, &error), &error, "open");
}

static void close_store(struct demo *demo)
{
	struct hf_error error;

	must(hf_close(demo->store, &error), &error, "close");
	demo->store = NULL;
}

/* --- Reading the files ---------------------------------------------------------------------------------------------------- */

static bool read_item(void *arg, const struct json_record *record)
{
	struct demo *demo = arg;
	struct item *item = &demo->items[demo->item_count];
	const struct json_field *payload = json_find(record, "item");
	const char *id = json_scalar(record, "id"), *status = json_scalar(record, "status");
	long long enqueued_ms = strtoll(json_scalar(record, "enqueuedAt"), NULL, 10);

	if (demo->item_count == ITEMS_MAX || !payload || !*id || strlen(id) > HF_KEY_MAX)
		return false;
	memcpy(item->id, id, strlen(id) + 1);
	item->payload = hf_bytes(payload->text, payload->len);
	demo->was_failed += strcmp(status, "failed") == 0;
	demo->was_sending += strcmp(status, "sending") == 0;
	item->put = (struct hf_outbox_put){
	    .queue = hf_str(QUEUE),
	    .item =
	        {
	            .id = hf_str(item->id),
	            .payload = item->payload,
	            .status = strcmp(status, "failed") == 0 ? HF_OUTBOX_FAILED : HF_OUTBOX_QUEUED,
	            .attempts = (uint32_t)strtoul(json_scalar(record, "attempts"), NULL, 10),
	            .enqueued_at = enqueued_ms * 1000,
	            .available_at = enqueued_ms * 1000,
	        },
	};
	demo->item_count++;
	return true;
}

/* "2026-11-20T09:30:00Z" */
static hf_time read_time(const char *text)
{
	struct tm parts = {0};

	return strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts) ? (hf_time)timegm(&parts) * 1000000 : HF_UNSET;
}

static bool read_record(void *arg, const struct json_record *record)
{
	struct demo *demo = arg;
	size_t i = demo->record_count;
	const char *account = json_scalar(record, "account_id"), *thread = json_scalar(record, "thread_id");

	if (i == RECORDS_MAX || strlen(account) > HF_KEY_MAX || !*thread || strlen(thread) > HF_KEY_MAX)
		return false;
	memcpy(demo->record_keys[i][0], account, strlen(account) + 1);
	memcpy(demo->record_keys[i][1], thread, strlen(thread) + 1);
	demo->records[i] = (struct hf_inbox_input){
	    .account = hf_str(demo->record_keys[i][0]),
	    .thread = hf_str(demo->record_keys[i][1]),
	    .payload = hf_bytes(record->text, record->len),
	    .unread = strcmp(json_scalar(record, "unread"), "true") == 0,
	    .dismissed = strcmp(json_scalar(record, "dismissed"), "true") == 0,
	    .score = strtod(json_scalar(record, "score"), NULL),
	    .updated_at = read_time(json_scalar(record, "updated_at")),
	};
	demo->dismissed_before += demo->records[i].dismissed;
	demo->record_count++;
	return true;
}

static bool read_inbox(void *arg, const struct json_record *file)
{
	struct demo *demo = arg;
	const struct json_field *list = json_find(file, "notifications"), *status = json_find(file, "poller_status");

	demo->generated_at = read_time(json_scalar(file, "generated_at"));
	if (status)
		demo->poller_status = hf_bytes(status->text, status->len);
	return list && json_records(list->text, list->len, 2, read_record, demo);
}

static void read_files(struct demo *demo, const char *directory)
{
	char path[4096];
	size_t len;

	snprintf(path, sizeof(path), "%s/outbox.json", directory);
	demo->outbox_text = json_load(path, &len);
	check(demo->outbox_text && json_records(demo->outbox_text, len, 2, read_item, demo), "reading outbox.json");
	snprintf(path, sizeof(path), "%s/notifications.json", directory);
	demo->inbox_text = json_load(path, &len);
	check(demo->inbox_text && json_records(demo->inbox_text, len, 1, read_inbox, demo), "reading notifications.json");
}

/* --- The outbox ----------------------------------------------------------------------------------------------------------- */

static struct item *find_item(struct demo *demo, const void *id, size_t len)
{
	for (size_t i = 0; i < demo->item_count; i++)
		if (same(hf_str(demo->items[i].id), hf_bytes(id, len)))
			return &demo->items[i];
	return NULL;
}

static void import_outbox(struct demo *demo)
{
	struct hf_outbox_stats stats;
	struct hf_error error;
	hf_txn *txn;

	must(hf_txn_begin(demo->store, &txn, &error), &error, "begin");
	for (size_t i = 0; i < demo->item_count; i++)
		must(hf_outbox_put(demo->store, txn, &demo->items[i].put, NULL, &error), &error, "put");
	must(hf_txn_commit(txn, HF_DURABLE, &error), &error, "import of the outbox");
	must(hf_outbox_stats(demo->store, hf_str(QUEUE), 0, &stats, &error), &error, "stats");
	check(stats.failed.items == demo->was_failed && stats.queued.items == demo->item_count - demo->was_failed,
	      "the queue counts what the file holds");
	printf("outbox     %zu entries imported in one transaction: %u failed, %llu queued (%u were being sent when their client died)\n",
	       demo->item_count, demo->was_failed, (unsigned long long)stats.queued.items, demo->was_sending);
}

/* Gives what failed another chance, all of it or none. */
static void retry_failed(struct demo *demo)
{
	struct hf_outbox_list query = {.queue = hf_str(QUEUE), .status = HF_OUTBOX_FAILED, .without_payload = true};
	struct hf_outbox_items failed;
	struct hf_outbox_stats stats;
	struct hf_error error;
	hf_txn *txn;

	must(hf_outbox_list(demo->store, &query, 0, &failed, &error), &error, "list");
	must(hf_txn_begin(demo->store, &txn, &error), &error, "begin");
	for (size_t i = 0; i < failed.count; i++) {
		struct hf_outbox_retry retry = {.queue = query.queue, .id = failed.items[i].id};
		must(hf_outbox_retry(demo->store, txn, &retry, NULL, &error), &error, "retry");
	}
	must(hf_txn_commit(txn, HF_DURABLE, &error), &error, "retry of the failed");
	must(hf_outbox_stats(demo->store, query.queue, 0, &stats, &error), &error, "stats");
	check(stats.queued.items == demo->item_count && stats.failed.items == 0, "all are queued");
	printf("           %zu failed ones queued again\n", failed.count);
	hf_release(failed.memory);
}

static bool note_step(void *arg, enum crew_step step, const char *id)
{
	struct demo *demo = arg;
	struct item *item = find_item(demo, id, strlen(id));

	check(item, "the crew works on what was imported");
	if (step == CREW_SENDING) {
		check(!item->done, "nothing is sent again once its completion was acknowledged");
		item->sent++;
	} else {
		check(item->sent && !item->done, "an item is completed once, after it was sent");
		item->done = true;
		demo->done++;
	}
	return !demo->kill_at || demo->done < demo->kill_at;
}

/* What a kill left: nothing acknowledged is there still, nothing else is gone but what was in somebody's hands. */
static void check_after_kill(struct demo *demo)
{
	struct hf_outbox_list query = {.queue = hf_str(QUEUE)};
	struct hf_outbox_items left;
	struct hf_info info;
	struct hf_error error;
	size_t unheard; /* completed, but killed before it could say so */

	must(hf_info(demo->store, &info, &error), &error, "info");
	must(hf_outbox_list(demo->store, &query, 0, &left, &error), &error, "list");
	for (size_t i = 0; i < left.count; i++) {
		const struct hf_outbox_item *found = &left.items[i];
		struct item *item = find_item(demo, found->id.data, found->id.len);
		check(item && !item->done, "an acknowledged completion is lost");
		item->left = true;
		check(found->status == HF_OUTBOX_QUEUED, "whatever the dead process held is queued again");
		check(same(found->payload, item->payload) && found->attempts == item->put.item.attempts, "an item changed");
	}
	for (size_t i = 0; i < demo->item_count; i++)
		check(demo->items[i].left || demo->items[i].sent, "an item that nobody touched is gone");
	unheard = demo->item_count - demo->done - left.count;
	check(unheard <= WORKERS, "more is gone than was in the workers' hands");
	printf("reopened   %llu log entries replayed; 0 of %u acknowledged completions lost, %zu completed unheard, %zu queued\n",
	       (unsigned long long)info.replayed, demo->done, unheard, left.count);
	hf_release(left.memory);
}

/* --- The inbox ------------------------------------------------------------------------------------------------------------ */

static void save_inbox(struct demo *demo, hf_time generated_at)
{
	struct hf_inbox_save save = {
	    .user = hf_str(USER),
	    .records = demo->records,
	    .count = demo->record_count,
	    .generated_at = generated_at,
	};
	struct hf_inbox_set_status status = {.user = save.user, .status = demo->poller_status};
	struct hf_error error;
	hf_txn *txn;

	must(hf_txn_begin(demo->store, &txn, &error), &error, "begin");
	must(hf_inbox_save(demo->store, txn, &save, NULL, &error), &error, "save");
	must(hf_inbox_set_status(demo->store, txn, &status, NULL, &error), &error, "status");
	must(hf_txn_commit(txn, HF_DURABLE, &error), &error, "save of the inbox");
}

static void check_inbox(struct demo *demo, size_t dismissed, hf_time generated_at)
{
	struct hf_inbox_load query = {.user = hf_str(USER)};
	struct hf_inbox_counts counts;
	struct hf_inbox_page page;
	struct hf_error error;

	must(hf_inbox_counts(demo->store, query.user, 0, &counts, &error), &error, "counts");
	check(counts.total == demo->record_count && counts.dismissed == dismissed, "the inbox counts what it should hold");
	must(hf_inbox_load(demo->store, &query, 0, &page, &error), &error, "load");
	check(page.count == demo->record_count && page.generated_at == generated_at, "the inbox holds what was saved");
	for (size_t i = 0; i < page.count; i++) {
		const struct hf_inbox_record *found = &page.items[i];
		size_t at = 0;
		while (at < demo->record_count &&
		       !(same(found->key.account, demo->records[at].account) && same(found->key.thread, demo->records[at].thread)))
			at++;
		check(at < demo->record_count && same(found->payload, demo->records[at].payload), "a record changed");
		check(i == 0 || found[-1].score >= found->score, "records come by score");
	}
	hf_release(page.memory);
}

static void use_inbox(struct demo *demo)
{
	struct hf_error error;
	size_t dismissed = 0;

	save_inbox(demo, demo->generated_at);
	check_inbox(demo, demo->dismissed_before, demo->generated_at);
	printf("inbox      %zu notifications saved, %zu of them dismissed\n", demo->record_count, demo->dismissed_before);
	for (size_t i = 0; i < demo->record_count && dismissed < DISMISSALS; i++) {
		struct hf_inbox_mark mark = {.key = {hf_str(USER), demo->records[i].account, demo->records[i].thread}};
		if (demo->records[i].dismissed)
			continue;
		must(hf_inbox_dismiss(demo->store, NULL, &mark, NULL, &error), &error, "dismiss");
		demo->dismissed[dismissed++] = mark.key;
	}
	/* A minute later the poller saves the same again, and still says that these are not dismissed. */
	demo->generated_at += 60 * (hf_time)1000000;
	save_inbox(demo, demo->generated_at);
	check_inbox(demo, demo->dismissed_before + dismissed, demo->generated_at);
	for (size_t i = 0; i < dismissed; i++) {
		struct hf_inbox_got got;
		must(hf_inbox_get(demo->store, &demo->dismissed[i], 0, &got, &error), &error, "get");
		check(got.record.dismissed, "a dismissed record stays dismissed");
		hf_release(got.memory);
	}
	printf("           %zu more dismissed; after the poller saved again %zu are still dismissed\n", dismissed,
	       demo->dismissed_before + dismissed);
}

/* --- The cursor ----------------------------------------------------------------------------------------------------------- */

static void check_cursor(struct demo *demo)
{
	struct hf_cursor_key key = {.consumer = hf_str("mailer"), .stream = hf_str("events")};
	struct hf_cursor_got got;
	struct hf_error error;

	must(hf_cursor_get(demo->store, &key, 0, &got, &error), &error, "get");
	check(got.cursor.last_sequence == 40 && same(got.cursor.reset_reason, hf_str("replay after an outage")),
	      "the cursor stands where it was reset to, with the reason");
	hf_release(got.memory);
}

static void use_cursor(struct demo *demo)
{
	struct hf_cursor_advance advance = {.key = {hf_str("mailer"), hf_str("events"), {0}}, .sequence = 42, .delivery_id = hf_str("d-42")};
	struct hf_cursor_reset reset = {.key = advance.key, .sequence = 40, .delivered_at = HF_UNSET};
	struct hf_error error;

	must(hf_cursor_advance(demo->store, NULL, &advance, NULL, &error), &error, "advance");
	advance.sequence = 41;
	check(hf_cursor_advance(demo->store, NULL, &advance, NULL, &error) == HF_ENONMONOTONIC, "a cursor does not go back");
	printf("cursor     at 42; going to 41 refused: %s\n", error.text);
	check(hf_cursor_reset(demo->store, NULL, &reset, NULL, &error) == HF_EREASON, "no reset without a reason");
	reset.reason = hf_str("replay after an outage");
	must(hf_cursor_reset(demo->store, NULL, &reset, NULL, &error), &error, "reset");
	check_cursor(demo);
	printf("           reset to 40 with a reason\n");
}

/* --- The story ------------------------------------------------------------------------------------------------------------ */

static void work_and_kill(struct demo *demo)
{
	bool killed;

	demo->kill_at = KILL_AFTER;
	close_store(demo); /* the crew opens it */
	check(crew_run(STORE, QUEUE, WORKERS, note_step, demo, &killed) && killed, "the crew was killed at work");
	printf("crash      a process with %d workers, killed by SIGKILL after %u acknowledged completions\n", WORKERS, demo->done);
	open_store(demo);
	check_after_kill(demo);
	check_inbox(demo, demo->dismissed_before + DISMISSALS, demo->generated_at);
	check_cursor(demo);
}

static void finish(struct demo *demo)
{
	struct hf_outbox_stats stats;
	struct hf_error error;
	unsigned twice = 0, before = demo->done;
	bool killed;

	demo->kill_at = 0;
	close_store(demo);
	check(crew_run(STORE, QUEUE, WORKERS, note_step, demo, &killed) && !killed, "the second crew came to the end");
	open_store(demo);
	must(hf_outbox_stats(demo->store, hf_str(QUEUE), 0, &stats, &error), &error, "stats");
	check(stats.queued.items == 0 && stats.sending.items == 0 && stats.failed.items == 0, "the queue is empty");
	for (size_t i = 0; i < demo->item_count; i++) {
		check(demo->items[i].sent > 0, "an item was never sent");
		twice += demo->items[i].sent > 1;
	}
	check(twice <= WORKERS, "only what was in the dead workers' hands is sent again");
	check_inbox(demo, demo->dismissed_before + DISMISSALS, demo->generated_at);
	check_cursor(demo);
	close_store(demo);
	printf("finished   %u more by a second crew; all %zu sent, %u of them twice (in hand when the first crew died)\n", demo->done - before,
	       demo->item_count, twice);
}

int main(int argc, char **argv)
{
	static struct demo demo;

	if (access(STORE, F_OK) == 0) {
		fprintf(stderr, "there is a `" STORE "` here already: run the demo in an empty directory, as ./run demo does\n");
		return 2;
	}
	read_files(&demo, argc > 1 ? argv[1] : HF_SOURCE_DIR "/tests/data");
	open_store(&demo);
	import_outbox(&demo);
	retry_failed(&demo);
	use_inbox(&demo);
	use_cursor(&demo);
	work_and_kill(&demo);
	finish(&demo);
	free(demo.outbox_text);
	free(demo.inbox_text);
	printf("all checks held\n");
	return 0;
}
