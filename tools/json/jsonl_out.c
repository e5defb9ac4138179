/* Writing the whole store as JSON Lines: a header; for every inbox its own line, then its
 * records in load order, then its tombstones; the cursors; for every queue its settings where
 * they are not the defaults, then its items in enqueue order and its completed ids in the order
 * of their completion; the events of every timeline, oldest first; the locks that a lease holds;
 * the documents of every collection; the done keys of every scope; the migrations as they were
 * applied; an end line with the number of objects. No other process writes meanwhile, so all of it
 * is the state at the header's LSN. */
#include "cli/call.h"
#include "files/format.h"
#include "holdfast/admin.h"
#include "json/jsonl.h"
#include "json/line_sum.h"

struct lines_out {
	struct export *export;
	hf_store *store;
	struct buffer text;
	struct line_sum sum; /* of the lines so far */
};

static int put_line(struct lines_out *o, const struct jsonl_line *line)
{
	buffer_clear(&o->text);
	jsonl_put(&o->text, line);
	if (!o->text.failed)
		line_sum_add(&o->sum, buffer_bytes(&o->text));
	buffer_text(&o->text, "\n");
	if (o->text.failed)
		return cli_fail_with(o->export->cli, HF_ENOMEM, "out of memory");
	o->export->objects += line->kind != JSONL_HEADER && line->kind != JSONL_END;
	return sink_write(&o->export->sink, o->text.data, o->text.len);
}

static int put_header(struct lines_out *o)
{
	struct hf_info info = {0};
	struct hf_error error = {0};
	char uuid[37];
	size_t at = 0;
	if (hf_get_info(o->store, &info, &error) != HF_OK)
		return cli_fail(o->export->cli, &error);
	for (size_t i = 0; i < sizeof info.uuid; i++)
		at += (size_t)snprintf(uuid + at, sizeof uuid - at,
		                       i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
		                       info.uuid[i]);
	const struct jsonl_line line = {.kind = JSONL_HEADER,
	                                .of.header = {.format = hf_str(JSONL_FORMAT),
	                                              .uuid = hf_bytes_of(uuid, at),
	                                              .lsn = info.last_lsn,
	                                              .clock_ahead_us = cli_ahead(&info),
	                                              .ends = true,
	                                              .sums = true}};
	return put_line(o, &line);
}

/* Each item of a list as a line of its own. */
static int put_all(struct lines_out *o, const char *list, void *args,
                   int (*put)(void *o, const void *item))
{
	return call_each(o->export->cli, list, args, put, o);
}

/* --- Inboxes ---------------------------------------------------------------------------------- */

static int put_record(void *o, const void *record)
{
	const struct jsonl_line line = {.kind = JSONL_RECORD,
	                                .of.record = *(const struct hf_inbox_record *)record};
	return put_line(o, &line);
}

static int put_tombstone(void *o, const void *tombstone)
{
	const struct jsonl_line line = {.kind = JSONL_TOMBSTONE,
	                                .of.tombstone = *(const struct hf_inbox_tombstone *)tombstone};
	return put_line(o, &line);
}

static int put_inbox(void *ctx, const void *name)
{
	struct lines_out *o = ctx;
	const struct hf_bytes user = *(const struct hf_bytes *)name;
	const struct hf_inbox_load_args first = {.user = user, .limit = 1};
	struct hf_inbox_load_args records = {.user = user, .limit = 32};
	struct hf_inbox_list_tombstones_args tombstones = {.user = user, .limit = 256};
	struct jsonl_line line = {.kind = JSONL_INBOX, .of.inbox = {.user = user}};
	struct hf_inbox_page page = {0};
	struct hf_inbox_status status = {0};
	struct hf_error error = {0};
	if (hf_inbox_load(o->store, &first, 0, &page, &error) != HF_OK)
		return cli_fail(o->export->cli, &error);
	line.of.inbox.generated_at = page.generated_at;
	hf_release(page.memory);
	if (hf_inbox_get_status(o->store, user, 0, &status, &error) != HF_OK)
		return cli_fail(o->export->cli, &error);
	line.of.inbox.status = status.status;
	line.of.inbox.extra = status.extra;
	line.of.inbox.status_set = status.version != 0;
	int rc = put_line(o, &line);
	hf_release(status.memory);
	if (rc == CLI_OK)
		rc = put_all(o, "hf_inbox_load", &records, put_record);
	return rc == CLI_OK ? put_all(o, "hf_inbox_list_tombstones", &tombstones, put_tombstone) : rc;
}

/* --- Queues ----------------------------------------------------------------------------------- */

static int put_item(void *ctx, const void *listed)
{
	static const struct hf_outbox_rerun none = {.enqueued_at = HF_UNSET, .available_at = HF_UNSET};
	const struct hf_outbox_item *item = listed;
	struct lines_out *o = ctx;
	const struct hf_outbox_key key = {.queue = item->queue, .id = item->id};
	struct hf_outbox_got got = {0};
	struct hf_error error = {0};
	if (hf_outbox_get(o->store, &key, 0, &got, &error) != HF_OK)
		return cli_fail(o->export->cli, &error);
	struct jsonl_line line = {.kind = JSONL_ITEM,
	                          .of.item = {.item = got.item,
	                                      .noted = got.item.rerun != NULL,
	                                      .rerun = got.item.rerun ? *got.item.rerun : none}};
	if (got.item.status == HF_OUTBOX_SENDING)
		line.of.item.item.status = HF_OUTBOX_QUEUED; /* a claim does not go along */
	const int rc = put_line(o, &line);
	hf_release(got.memory);
	return rc;
}

/* What is listed does not name its queue. */
struct queue_out {
	struct lines_out *o;
	struct hf_bytes queue;
};

static int put_completed(void *ctx, const void *id)
{
	const struct queue_out *out = ctx;
	const struct jsonl_line line = {
	    .kind = JSONL_COMPLETED,
	    .of.completed = {.queue = out->queue, .id = *(const struct hf_outbox_completed_id *)id}};
	return put_line(out->o, &line);
}

/* A queue with these needs no line: a reader without one has them. */
static bool are_defaults(const struct hf_outbox_stats *stats)
{
	return stats->max_attempts == HF_OUTBOX_ATTEMPTS && stats->max_lost == HF_OUTBOX_LOST_MAX &&
	       stats->dedup_window_us == 0 && stats->dedup_max == HF_OUTBOX_DEDUP_MAX && !stats->paused;
}

static int put_queue(void *ctx, const void *name)
{
	struct lines_out *o = ctx;
	struct queue_out out = {.o = o, .queue = *(const struct hf_bytes *)name};
	struct hf_outbox_list_args items = {.queue = out.queue, .without_payload = true, .limit = 512};
	struct hf_outbox_list_completed_args ids = {.queue = out.queue, .limit = 512};
	struct jsonl_line line = {.kind = JSONL_OUTBOX};
	struct hf_outbox_stats stats = {0};
	struct hf_error error = {0};
	int rc = CLI_OK;
	if (hf_outbox_get_stats(o->store, out.queue, 0, &stats, &error) != HF_OK)
		return cli_fail(o->export->cli, &error);
	if (!are_defaults(&stats)) {
		rows_copy(rows_struct("hf_outbox_configure_args"), &line.of.outbox.settings,
		          rows_struct("hf_outbox_stats"), &stats);
		line.of.outbox.settings.queue = out.queue;
		line.of.outbox.paused = stats.paused;
		rc = put_line(o, &line);
	}
	if (rc == CLI_OK)
		rc = put_all(o, "hf_outbox_list", &items, put_item);
	return rc == CLI_OK
	           ? call_each(o->export->cli, "hf_outbox_list_completed", &ids, put_completed, &out)
	           : rc;
}

/* --- Timelines and cursors -------------------------------------------------------------------- */

static int put_event(void *o, const void *event)
{
	const struct jsonl_line line = {.kind = JSONL_EVENT,
	                                .of.event = *(const struct hf_timeline_event *)event};
	return put_line(o, &line);
}

static int put_timeline(void *o, const void *name)
{
	struct hf_timeline_query_args args = {
	    .filter.timeline = *(const struct hf_bytes *)name, .ascending = true, .limit = 32};
	return put_all(o, "hf_timeline_query", &args, put_event);
}

static int put_cursor(void *o, const void *cursor)
{
	const struct jsonl_line line = {.kind = JSONL_CURSOR,
	                                .of.cursor = *(const struct hf_cursor *)cursor};
	return put_line(o, &line);
}

/* --- Idempotency and migrations --------------------------------------------------------------- */

/* What is not finished goes with its owner: a token means nothing elsewhere. */
static int put_idem(void *ctx, const void *listed)
{
	const struct hf_idempotency_entry *entry = listed;
	struct lines_out *o = ctx;
	struct hf_idempotency_got got = {0};
	struct hf_error error = {0};
	if (!entry->done)
		return CLI_OK;
	const int code = hf_idempotency_get(o->store, &entry->key, 0, &got, &error);
	if (code == HF_ENOTFOUND) /* it has expired since it was listed */
		return CLI_OK;
	if (code != HF_OK)
		return cli_fail(o->export->cli, &error);
	const struct jsonl_line line = {.kind = JSONL_IDEM, .of.idem = got.entry};
	const int rc = put_line(o, &line);
	hf_release(got.memory);
	return rc;
}

static int put_scope(void *o, const void *name)
{
	struct hf_idempotency_list_args args = {
	    .scope = *(const struct hf_bytes *)name, .without_response = true, .limit = 512};
	return put_all(o, "hf_idempotency_list", &args, put_idem);
}

static int put_migration(void *o, const void *migration)
{
	const struct jsonl_line line = {.kind = JSONL_MIGRATION,
	                                .of.migration = *(const struct hf_migration_entry *)migration};
	return put_line(o, &line);
}

/* --- Documents and locks ---------------------------------------------------------------------- */

struct collection_out {
	struct lines_out *o;
	struct hf_bytes orders;
};

static int put_document(void *ctx, const void *document)
{
	const struct collection_out *out = ctx;
	const struct jsonl_line line = {
	    .kind = JSONL_DOCUMENT,
	    .of.document = {.document = *(const struct hf_document *)document, .orders = out->orders}};
	return put_line(out->o, &line);
}

static int put_collection(void *ctx, const void *name)
{
	struct lines_out *o = ctx;
	const struct hf_document_count_args count = {.collection = *(const struct hf_bytes *)name};
	struct hf_document_list_args args = {
	    .collection = count.collection, .by = HF_DOCUMENT_BY_ANY, .limit = 32};
	struct hf_document_counts counted = {0};
	struct hf_error error = {0};
	char orders[80];
	if (hf_document_count(o->store, &count, 0, &counted, &error) != HF_OK)
		return cli_fail(o->export->cli, &error);
	row_flags_text(load_orders(), counted.orders, orders, sizeof orders);
	struct collection_out out = {.o = o, .orders = hf_str(orders)};
	return call_each(o->export->cli, "hf_document_list", &args, put_document, &out);
}

/* Without a lease a lock would not outlive this very process. */
static int put_lock(void *o, const void *lock)
{
	const struct jsonl_line line = {.kind = JSONL_LOCK, .of.lock = *(const struct hf_lock *)lock};
	return line.of.lock.lease_until == HF_UNSET ? CLI_OK : put_line(o, &line);
}

/* --- All of it -------------------------------------------------------------------------------- */

static int put_objects(struct lines_out *o)
{
	static const struct {
		const char *list;
		int (*put)(void *o, const void *item);
	} parts[] = {
	    {"hf_inbox_names", put_inbox},       {"hf_cursor_list", put_cursor},
	    {"hf_outbox_names", put_queue},      {"hf_timeline_names", put_timeline},
	    {"hf_lock_list", put_lock},          {"hf_document_names", put_collection},
	    {"hf_idempotency_names", put_scope}, {"hf_migration_list", put_migration},
	};
	int rc = CLI_OK;
	for (size_t i = 0; i < sizeof parts / sizeof *parts && rc == CLI_OK; i++) {
		struct hf_cursor_list_args all = {0}; /* the largest of what they take */
		rc = put_all(o, parts[i].list, &all, parts[i].put);
	}
	return rc;
}

int export_jsonl(struct export *export)
{
	struct lines_out o = {.export = export, .store = export->cli->store};
	int rc = line_sum_begin(&o.sum) ? put_header(&o)
	                                : cli_fail_with(export->cli, HF_ENOMEM, "out of memory");
	if (rc == CLI_OK)
		rc = put_objects(&o);
	if (rc == CLI_OK) {
		char sum[LINE_SUM_SIZE];
		line_sum_text(&o.sum, sum);
		const struct jsonl_line line = {
		    .kind = JSONL_END, .of.end = {.objects = export->objects, .checksum = hf_str(sum)}};
		rc = put_line(&o, &line);
	}
	buffer_free(&o.text);
	line_sum_free(&o.sum);
	return rc;
}
