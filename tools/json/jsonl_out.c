/* Writing the whole store as JSON Lines: a header; for every inbox its own line, then its
 * records in load order, then its tombstones; the cursors; for every queue its settings where
 * they are not the defaults, then its items in enqueue order and its completed ids in the order
 * of their completion; the events of every timeline, oldest first; the locks that a lease holds;
 * the documents of every collection; the done keys of every scope; the migrations as they were
 * applied; an end line with the number of objects. No other process writes meanwhile, so all of it
 * is the state at the header's LSN. */
#include "cli/orders.h"
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
	struct hf_info info;
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
	                                .format = hf_str(JSONL_FORMAT),
	                                .uuid = hf_bytes_of(uuid, at),
	                                .lsn = info.last_lsn,
	                                .clock_ahead_us = cli_ahead(&info),
	                                .ends = true,
	                                .sums = true};
	return put_line(o, &line);
}

/* --- Inboxes ---------------------------------------------------------------------------------- */

static int put_record(struct lines_out *o, const struct hf_inbox_record *record)
{
	const struct jsonl_line line = {
	    .kind = JSONL_RECORD,
	    .user = record->key.user,
	    .account = record->key.account,
	    .thread = record->key.thread,
	    .payload = record->payload,
	    .unread = record->unread,
	    .dismissed = record->dismissed,
	    .score = record->score,
	    .updated_at = record->updated_at,
	    .snapshot_at = record->snapshot_at,
	    .seen_at = record->seen_at,
	    .read_at = record->read_at,
	    .dismissed_at = record->dismissed_at,
	    .snoozed_until = record->snoozed_until,
	};
	return put_line(o, &line);
}

static int put_records(struct lines_out *o, struct hf_bytes user)
{
	struct hf_inbox_page page = {0};
	int rc = CLI_OK;
	do {
		const struct hf_inbox_load_args args = {.user = user, .limit = 32, .page = page.next};
		struct hf_inbox_page next;
		struct hf_error error = {0};
		const int code = hf_inbox_load(o->store, &args, 0, &next, &error);
		hf_release(page.memory);
		page = next;
		if (code != HF_OK)
			return cli_fail(o->export->cli, &error);
		for (size_t i = 0; i < page.count && rc == CLI_OK; i++)
			rc = put_record(o, &page.items[i]);
	} while (rc == CLI_OK && page.next);
	hf_release(page.memory);
	return rc;
}

static int put_tombstone(struct lines_out *o, const struct hf_inbox_tombstone *tomb)
{
	const struct jsonl_line line = {
	    .kind = JSONL_TOMBSTONE,
	    .user = tomb->key.user,
	    .account = tomb->key.account,
	    .thread = tomb->key.thread,
	    .dismissed = tomb->dismissed,
	    .dismissed_at = tomb->dismissed_at,
	    .until = tomb->until,
	};
	return put_line(o, &line);
}

static int put_tombstones(struct lines_out *o, struct hf_bytes user)
{
	struct hf_inbox_tombstone_page page = {0};
	int rc = CLI_OK;
	do {
		const struct hf_inbox_list_tombstones_args args = {
		    .user = user, .limit = 256, .page = page.next};
		struct hf_inbox_tombstone_page next;
		struct hf_error error = {0};
		const int code = hf_inbox_list_tombstones(o->store, &args, 0, &next, &error);
		hf_release(page.memory);
		page = next;
		if (code != HF_OK)
			return cli_fail(o->export->cli, &error);
		for (size_t i = 0; i < page.count && rc == CLI_OK; i++)
			rc = put_tombstone(o, &page.items[i]);
	} while (rc == CLI_OK && page.next);
	hf_release(page.memory);
	return rc;
}

static int put_inbox(struct lines_out *o, struct hf_bytes user)
{
	const struct hf_inbox_load_args first = {.user = user, .limit = 1};
	struct jsonl_line line = {.kind = JSONL_INBOX, .user = user};
	struct hf_inbox_page page;
	struct hf_inbox_status status;
	struct hf_error error = {0};
	if (hf_inbox_load(o->store, &first, 0, &page, &error) != HF_OK)
		return cli_fail(o->export->cli, &error);
	line.generated_at = page.generated_at;
	hf_release(page.memory);
	if (hf_inbox_get_status(o->store, user, 0, &status, &error) != HF_OK)
		return cli_fail(o->export->cli, &error);
	line.status = status.status;
	line.extra = status.extra;
	line.status_set = status.version != 0;
	int rc = put_line(o, &line);
	hf_release(status.memory);
	if (rc == CLI_OK)
		rc = put_records(o, user);
	return rc == CLI_OK ? put_tombstones(o, user) : rc;
}

/* --- Cursors ---------------------------------------------------------------------------------- */

static int put_cursors(struct lines_out *o)
{
	struct hf_cursor_page page = {0};
	int rc = CLI_OK;
	do {
		const struct hf_cursor_list_args args = {.limit = 256, .page = page.next};
		struct hf_cursor_page next;
		struct hf_error error = {0};
		const int code = hf_cursor_list(o->store, &args, 0, &next, &error);
		hf_release(page.memory);
		page = next;
		if (code != HF_OK)
			return cli_fail(o->export->cli, &error);
		for (size_t i = 0; i < page.count && rc == CLI_OK; i++) {
			const struct jsonl_line line = {.kind = JSONL_CURSOR,
			                                .cursor = page.items[i],
			                                .updated_at = page.items[i].updated_at};
			rc = put_line(o, &line);
		}
	} while (rc == CLI_OK && page.next);
	hf_release(page.memory);
	return rc;
}

/* --- Queues ----------------------------------------------------------------------------------- */

static int put_item(struct lines_out *o, struct hf_bytes queue, struct hf_bytes id)
{
	static const struct hf_outbox_rerun none = {.enqueued_at = HF_UNSET, .available_at = HF_UNSET};
	const struct hf_outbox_key key = {.queue = queue, .id = id};
	struct hf_outbox_got got;
	struct hf_error error = {0};
	if (hf_outbox_get(o->store, &key, 0, &got, &error) != HF_OK)
		return cli_fail(o->export->cli, &error);
	/* A claim does not go along. */
	const enum hf_outbox_status status =
	    got.item.status == HF_OUTBOX_FAILED ? HF_OUTBOX_FAILED : HF_OUTBOX_QUEUED;
	const struct jsonl_line line = {.kind = JSONL_ITEM,
	                                .queue = queue,
	                                .item = got.item,
	                                .item_status = hf_str(outbox_status_name(status)),
	                                .noted = got.item.rerun != NULL,
	                                .rerun = got.item.rerun ? *got.item.rerun : none,
	                                .payload = got.item.payload};
	const int rc = put_line(o, &line);
	hf_release(got.memory);
	return rc;
}

static int put_items(struct lines_out *o, struct hf_bytes queue)
{
	struct hf_outbox_items page = {0};
	int rc = CLI_OK;
	do {
		const struct hf_outbox_list_args args = {
		    .queue = queue, .without_payload = true, .limit = 512, .page = page.next};
		struct hf_outbox_items next;
		struct hf_error error = {0};
		const int code = hf_outbox_list(o->store, &args, 0, &next, &error);
		hf_release(page.memory);
		page = next;
		if (code != HF_OK)
			return cli_fail(o->export->cli, &error);
		for (size_t i = 0; i < page.count && rc == CLI_OK; i++)
			rc = put_item(o, queue, page.items[i].id);
	} while (rc == CLI_OK && page.next);
	hf_release(page.memory);
	return rc;
}

static int put_completed(struct lines_out *o, struct hf_bytes queue)
{
	struct hf_outbox_completed_page page = {0};
	int rc = CLI_OK;
	do {
		const struct hf_outbox_list_completed_args args = {
		    .queue = queue, .limit = 512, .page = page.next};
		struct hf_outbox_completed_page next;
		struct hf_error error = {0};
		const int code = hf_outbox_list_completed(o->store, &args, 0, &next, &error);
		hf_release(page.memory);
		page = next;
		if (code != HF_OK)
			return cli_fail(o->export->cli, &error);
		for (size_t i = 0; i < page.count && rc == CLI_OK; i++) {
			const struct jsonl_line line = {.kind = JSONL_COMPLETED,
			                                .queue = queue,
			                                .completed = page.ids[i].id,
			                                .blocks_until = page.ids[i].until};
			rc = put_line(o, &line);
		}
	} while (rc == CLI_OK && page.next);
	hf_release(page.memory);
	return rc;
}

/* A queue with these needs no line: a reader without one has them. */
static bool are_defaults(const struct hf_outbox_stats *stats)
{
	return stats->max_attempts == HF_OUTBOX_ATTEMPTS && stats->max_lost == HF_OUTBOX_LOST_MAX &&
	       stats->dedup_window_us == 0 && stats->dedup_max == HF_OUTBOX_DEDUP_MAX && !stats->paused;
}

static int put_queue(struct lines_out *o, struct hf_bytes queue)
{
	struct hf_outbox_stats stats;
	struct hf_error error = {0};
	int rc = CLI_OK;
	if (hf_outbox_get_stats(o->store, queue, 0, &stats, &error) != HF_OK)
		return cli_fail(o->export->cli, &error);
	if (!are_defaults(&stats)) {
		const struct jsonl_line line = {.kind = JSONL_OUTBOX,
		                                .queue = queue,
		                                .max_attempts = stats.max_attempts,
		                                .settings = {.max_lost = stats.max_lost,
		                                             .dedup_window_us = stats.dedup_window_us,
		                                             .dedup_max = stats.dedup_max},
		                                .paused = stats.paused};
		rc = put_line(o, &line);
	}
	if (rc == CLI_OK)
		rc = put_items(o, queue);
	return rc == CLI_OK ? put_completed(o, queue) : rc;
}

/* --- Timelines -------------------------------------------------------------------------------- */

static int put_timeline(struct lines_out *o, struct hf_bytes timeline)
{
	struct hf_timeline_page page = {0};
	int rc = CLI_OK;
	do {
		const struct hf_timeline_query_args args = {
		    .filter.timeline = timeline, .ascending = true, .limit = 32, .page = page.next};
		struct hf_timeline_page next;
		struct hf_error error = {0};
		const int code = hf_timeline_query(o->store, &args, 0, &next, &error);
		hf_release(page.memory);
		page = next;
		if (code != HF_OK)
			return cli_fail(o->export->cli, &error);
		for (size_t i = 0; i < page.count && rc == CLI_OK; i++) {
			const struct jsonl_line line = {
			    .kind = JSONL_EVENT, .event = page.items[i], .payload = page.items[i].payload};
			rc = put_line(o, &line);
		}
	} while (rc == CLI_OK && page.next);
	hf_release(page.memory);
	return rc;
}

/* --- Idempotency and migrations --------------------------------------------------------------- */

/* What is not finished goes with its owner: a token means nothing elsewhere. */
static int put_idem(struct lines_out *o, const struct hf_idempotency_key *key)
{
	struct hf_idempotency_got got;
	struct hf_error error = {0};
	const int code = hf_idempotency_get(o->store, key, 0, &got, &error);
	if (code == HF_ENOTFOUND) /* it has expired since it was listed */
		return CLI_OK;
	if (code != HF_OK)
		return cli_fail(o->export->cli, &error);
	const struct hf_idempotency_entry *entry = &got.entry;
	const struct jsonl_line line = {.kind = JSONL_IDEM,
	                                .idem = {.key = entry->key,
	                                         .fingerprint = entry->fingerprint,
	                                         .status = entry->status,
	                                         .response = entry->response,
	                                         .created_at = entry->created_at,
	                                         .expires_at = entry->expires_at,
	                                         .expires_computed = entry->expires_computed}};
	const int rc = put_line(o, &line);
	hf_release(got.memory);
	return rc;
}

static int put_scope(struct lines_out *o, struct hf_bytes scope)
{
	struct hf_idempotency_page page = {0};
	int rc = CLI_OK;
	do {
		const struct hf_idempotency_list_args args = {
		    .scope = scope, .without_response = true, .limit = 512, .page = page.next};
		struct hf_idempotency_page next;
		struct hf_error error = {0};
		const int code = hf_idempotency_list(o->store, &args, 0, &next, &error);
		hf_release(page.memory);
		page = next;
		if (code != HF_OK)
			return cli_fail(o->export->cli, &error);
		for (size_t i = 0; i < page.count && rc == CLI_OK; i++)
			rc = page.items[i].done ? put_idem(o, &page.items[i].key) : CLI_OK;
	} while (rc == CLI_OK && page.next);
	hf_release(page.memory);
	return rc;
}

static int put_migrations(struct lines_out *o)
{
	struct hf_migration_page page;
	struct hf_error error = {0};
	int rc = CLI_OK;
	if (hf_migration_list(o->store, NULL, 0, &page, &error) != HF_OK)
		return cli_fail(o->export->cli, &error);
	for (size_t i = 0; i < page.count && rc == CLI_OK; i++) {
		const struct jsonl_line line = {.kind = JSONL_MIGRATION,
		                                .migration = {.name = page.items[i].name,
		                                              .applied_at = page.items[i].applied_at,
		                                              .has_checksum = page.items[i].has_checksum,
		                                              .checksum = page.items[i].checksum}};
		rc = put_line(o, &line);
	}
	hf_release(page.memory);
	return rc;
}

/* --- Documents -------------------------------------------------------------------------------- */

static int put_document(struct lines_out *o, const struct hf_document *document, const char *orders)
{
	const struct jsonl_line line = {.kind = JSONL_DOCUMENT,
	                                .document = *document,
	                                .updated_at = document->updated_at,
	                                .orders = hf_str(orders),
	                                .payload = document->payload};
	return put_line(o, &line);
}

static int put_collection(struct lines_out *o, struct hf_bytes collection)
{
	const struct hf_document_count_args count = {.collection = collection};
	struct hf_document_counts counted;
	struct hf_document_page page = {0};
	struct hf_error error = {0};
	char orders[ORDERS_TEXT_SIZE];
	int rc = CLI_OK;
	if (hf_document_count(o->store, &count, 0, &counted, &error) != HF_OK)
		return cli_fail(o->export->cli, &error);
	orders_text(counted.orders, orders);
	do {
		const struct hf_document_list_args args = {
		    .collection = collection, .by = HF_DOCUMENT_BY_ANY, .limit = 32, .page = page.next};
		struct hf_document_page next;
		const int code = hf_document_list(o->store, &args, 0, &next, &error);
		hf_release(page.memory);
		page = next;
		if (code != HF_OK)
			return cli_fail(o->export->cli, &error);
		for (size_t i = 0; i < page.count && rc == CLI_OK; i++)
			rc = put_document(o, &page.items[i], orders);
	} while (rc == CLI_OK && page.next);
	hf_release(page.memory);
	return rc;
}

/* --- Locks ------------------------------------------------------------------------------------ */

/* Without a lease a lock would not outlive this very process. */
static int put_locks(struct lines_out *o)
{
	struct hf_lock_page page = {0};
	int rc = CLI_OK;
	do {
		const struct hf_lock_list_args args = {.limit = 256, .page = page.next};
		struct hf_lock_page next;
		struct hf_error error = {0};
		const int code = hf_lock_list(o->store, &args, 0, &next, &error);
		hf_release(page.memory);
		page = next;
		if (code != HF_OK)
			return cli_fail(o->export->cli, &error);
		for (size_t i = 0; i < page.count && rc == CLI_OK; i++) {
			const struct jsonl_line line = {.kind = JSONL_LOCK, .lock = page.items[i]};
			rc = page.items[i].lease_until == HF_UNSET ? CLI_OK : put_line(o, &line);
		}
	} while (rc == CLI_OK && page.next);
	hf_release(page.memory);
	return rc;
}

/* --- Names ------------------------------------------------------------------------------------ */

typedef int (*names_fn)(hf_store *store, const struct hf_names_args *args, unsigned flags,
                        struct hf_name_page *out, struct hf_error *error);

static int each_name(struct lines_out *o, names_fn names,
                     int (*put)(struct lines_out *o, struct hf_bytes name))
{
	struct hf_name_page page = {0};
	int rc = CLI_OK;
	do {
		const struct hf_names_args args = {.limit = 256, .page = page.next};
		struct hf_name_page next;
		struct hf_error error = {0};
		const int code = names(o->store, &args, 0, &next, &error);
		hf_release(page.memory);
		page = next;
		if (code != HF_OK)
			return cli_fail(o->export->cli, &error);
		for (size_t i = 0; i < page.count && rc == CLI_OK; i++)
			rc = put(o, page.items[i]);
	} while (rc == CLI_OK && page.next);
	hf_release(page.memory);
	return rc;
}

int export_jsonl(struct export *export)
{
	struct lines_out o = {.export = export, .store = export->cli->store};
	int rc = line_sum_begin(&o.sum) ? put_header(&o)
	                                : cli_fail_with(export->cli, HF_ENOMEM, "out of memory");
	if (rc == CLI_OK)
		rc = each_name(&o, hf_inbox_names, put_inbox);
	if (rc == CLI_OK)
		rc = put_cursors(&o);
	if (rc == CLI_OK)
		rc = each_name(&o, hf_outbox_names, put_queue);
	if (rc == CLI_OK)
		rc = each_name(&o, hf_timeline_names, put_timeline);
	if (rc == CLI_OK)
		rc = put_locks(&o);
	if (rc == CLI_OK)
		rc = each_name(&o, hf_document_names, put_collection);
	if (rc == CLI_OK)
		rc = each_name(&o, hf_idempotency_names, put_scope);
	if (rc == CLI_OK)
		rc = put_migrations(&o);
	if (rc == CLI_OK) {
		char sum[LINE_SUM_SIZE];
		line_sum_text(&o.sum, sum);
		const struct jsonl_line line = {
		    .kind = JSONL_END, .objects = export->objects, .checksum = hf_str(sum)};
		rc = put_line(&o, &line);
	}
	buffer_free(&o.text);
	line_sum_free(&o.sum);
	return rc;
}
