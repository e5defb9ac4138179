/* Reading JSON Lines into a store: a header, then objects in any order, then the end line that
 * the header promised, without which a file that was cut off between two lines would look whole. */
#include "cli/orders.h"
#include "files/format.h"
#include "print/text.h"
#include "json/jsonl.h"

#include <stdio.h>

/* --- Names that come twice -------------------------------------------------------------------- */

static bool once(struct import *import, const struct jsonl_line *line, struct json_fault *fault)
{
	static const char *const kinds[JSONL_KINDS] = {[JSONL_HEADER] = "header",
	                                               [JSONL_INBOX] = "inbox",
	                                               [JSONL_RECORD] = "record",
	                                               [JSONL_CURSOR] = "cursor",
	                                               [JSONL_OUTBOX] = "outbox",
	                                               [JSONL_ITEM] = "item",
	                                               [JSONL_COMPLETED] = "completed id",
	                                               [JSONL_EVENT] = "event",
	                                               [JSONL_DOCUMENT] = "document",
	                                               [JSONL_LOCK] = "lock",
	                                               [JSONL_IDEM] = "idem",
	                                               [JSONL_MIGRATION] = "migration",
	                                               [JSONL_END] = "end",
	                                               /* A key has a record or a tombstone, so that
	                                                * both are the same object. */
	                                               [JSONL_TOMBSTONE] = "record"};
	const struct hf_cursor_key *key = &line->cursor.key;
	const struct hf_bytes account = line->account.len ? line->account : hf_str("primary");
	struct hf_bytes parts[4] = {hf_str(kinds[line->kind])};
	size_t count = 1;
	if (line->kind == JSONL_INBOX) {
		parts[count++] = line->user;
	} else if (line->kind == JSONL_RECORD || line->kind == JSONL_TOMBSTONE) {
		parts[count++] = line->user, parts[count++] = account, parts[count++] = line->thread;
	} else if (line->kind == JSONL_CURSOR) {
		/* As the store takes them: without white space at both ends. */
		parts[count++] = text_trim(key->consumer), parts[count++] = text_trim(key->stream),
		parts[count++] = text_trim(key->subject);
	} else if (line->kind == JSONL_OUTBOX) {
		parts[count++] = line->queue;
	} else if (line->kind == JSONL_ITEM) {
		parts[count++] = line->queue, parts[count++] = line->item.id;
	} else if (line->kind == JSONL_EVENT) {
		parts[count++] = line->event.key.timeline, parts[count++] = line->event.key.id;
	} else if (line->kind == JSONL_IDEM) {
		parts[count++] = line->idem.key.scope, parts[count++] = line->idem.key.key;
	} else if (line->kind == JSONL_MIGRATION) {
		parts[count++] = line->migration.name;
	} else if (line->kind == JSONL_DOCUMENT) {
		parts[count++] = line->document.key.collection, parts[count++] = line->document.key.id;
	} else if (line->kind == JSONL_LOCK) {
		parts[count++] = line->lock.name;
	} else if (line->kind == JSONL_COMPLETED) {
		parts[count++] = line->queue, parts[count++] = line->completed;
	}
	return import_once(import, parts, count, "is the second one of", fault);
}

/* --- Objects ---------------------------------------------------------------------------------- */

static int load_line_inbox(struct import *import, const struct jsonl_line *line)
{
	const bool set = line->status_set || line->status.len > 0 || line->extra.len > 0;
	return load_inbox(&import->load, line->user, line->generated_at, set ? &line->status : NULL,
	                  line->extra);
}

static int load_line_record(struct import *import, const struct jsonl_line *line)
{
	const struct hf_inbox_input record = {
	    .account = line->account.len ? line->account : hf_str("primary"),
	    .thread = line->thread,
	    .payload = line->payload,
	    .unread = line->unread,
	    .dismissed = line->dismissed,
	    .score = line->score,
	    .updated_at = line->updated_at,
	    .snapshot_at = line->snapshot_at,
	    .seen_at = line->seen_at,
	    .read_at = line->read_at,
	    .dismissed_at = line->dismissed_at,
	    .snoozed_until = line->snoozed_until,
	};
	return load_record(&import->load, line->user, &record);
}

/* An end that the store had computed, by the clock of this one: else a lease from a clock that
 * was ahead would last for years. */
static hf_time moved(const struct import *import, hf_time until)
{
	hf_time sum;
	if (until == HF_UNSET || until == INT64_MAX)
		return until;
	if (__builtin_add_overflow(until, import->moved_us, &sum) || sum == HF_UNSET)
		return import->moved_us > 0 ? INT64_MAX - 1 : HF_UNSET + 1;
	return sum;
}

static int load_line_tombstone(struct import *import, const struct jsonl_line *line)
{
	const struct hf_inbox_tombstone tomb = {
	    .key = {line->user, line->account.len ? line->account : hf_str("primary"), line->thread},
	    .dismissed = line->dismissed,
	    .dismissed_at = line->dismissed_at,
	    .until = moved(import, line->until),
	};
	return load_tombstone(&import->load, &tomb);
}

/* For the library a time that is not given is now; in a file it is a line that lacks something. */
static int need_time(struct import *import, const char *name, hf_time time)
{
	return time != HF_UNSET ? CLI_OK
	                        : load_fail(&import->load, HF_EINVAL, "\"%s\" is missing", name);
}

static int load_line_cursor(struct import *import, const struct jsonl_line *line)
{
	struct hf_cursor cursor = line->cursor;
	cursor.updated_at = line->updated_at;
	const int rc = need_time(import, "updated_at", line->updated_at);
	return rc == CLI_OK ? load_cursor(&import->load, &cursor) : rc;
}

static int load_line_item(struct import *import, const struct jsonl_line *line)
{
	struct hf_outbox_item item = line->item;
	item.payload = line->payload;
	struct hf_outbox_rerun rerun = line->rerun;
	item.available_at =
	    item.available_computed ? moved(import, item.available_at) : item.available_at;
	rerun.available_at =
	    rerun.available_computed ? moved(import, rerun.available_at) : rerun.available_at;
	item.rerun = line->noted ? &rerun : NULL;
	item.status = HF_OUTBOX_ANY;
	for (enum hf_outbox_status status = HF_OUTBOX_QUEUED; status <= HF_OUTBOX_FAILED; status++) {
		const struct hf_bytes name = hf_str(outbox_status_name(status));
		if (name.len == line->item_status.len &&
		    memcmp(name.data, line->item_status.data, name.len) == 0)
			item.status = status;
	}
	if (item.status == HF_OUTBOX_ANY)
		return load_fail(&import->load, HF_EINVAL,
		                 "\"status\" is not one of queued, sending, failed");
	if (item.status == HF_OUTBOX_SENDING)
		item.status = HF_OUTBOX_QUEUED; /* no worker holds it here */
	return load_item(&import->load, line->queue, &item, true);
}

static int load_line_lock(struct import *import, const struct jsonl_line *line)
{
	struct hf_lock lock = line->lock;
	lock.lease_until = moved(import, lock.lease_until);
	return load_lock(&import->load, &lock);
}

static int load_line_event(struct import *import, const struct jsonl_line *line)
{
	struct hf_timeline_event event = line->event;
	event.payload = line->payload;
	const int rc = need_time(import, "happened_at", event.happened_at);
	return rc == CLI_OK ? load_event(&import->load, &event) : rc;
}

static int load_line_idem(struct import *import, const struct jsonl_line *line)
{
	struct hf_idempotency_put_args entry = line->idem;
	if (entry.expires_computed)
		entry.expires_at = moved(import, entry.expires_at);
	const int rc = need_time(import, "created_at", entry.created_at);
	return rc == CLI_OK ? load_idem(&import->load, &entry) : rc;
}

static int load_line_migration(struct import *import, const struct jsonl_line *line)
{
	const int rc = need_time(import, "applied_at", line->migration.applied_at);
	return rc == CLI_OK ? load_migration(&import->load, &line->migration) : rc;
}

static int load_line_document(struct import *import, const struct jsonl_line *line)
{
	struct hf_document document = line->document;
	unsigned orders = 0;
	document.payload = line->payload;
	document.updated_at = line->updated_at;
	if (document.expires_computed)
		document.expires_at = moved(import, document.expires_at);
	const int rc = need_time(import, "updated_at", line->updated_at);
	if (rc != CLI_OK)
		return rc;
	if (line->orders.len && !orders_parse(line->orders, &orders))
		return load_fail(&import->load, HF_EINVAL,
		                 "\"orders\" is not some of created,updated,group-created,group-updated");
	return load_document(&import->load, &document, orders);
}

/* Members that are missing, as in files from before they were, have the defaults. */
static int load_line_queue(struct import *import, const struct jsonl_line *line)
{
	struct hf_outbox_configure_args settings = line->settings;
	settings.queue = line->queue;
	settings.max_attempts = line->max_attempts;
	return load_queue(&import->load, &settings, line->paused);
}

/* Of the store that takes the file in; 0 while it is only checked. */
static int64_t ahead_of(struct import *import)
{
	struct hf_info info;
	return import->cli->store && hf_get_info(import->cli->store, &info, NULL) == HF_OK
	           ? cli_ahead(&info)
	           : 0;
}

/* The file as a whole is not what was written: refused, or with --force a note, and its lines
 * are taken one by one. */
static int not_whole(struct import *import, const char *why)
{
	if (!import->force)
		return load_fail(&import->load, HF_EINVAL, "%s; --force takes what verifies line by line",
		                 why);
	if (!import->unverified)
		cli_note(import->cli, "%s: %s; its lines are taken one by one", import->input.name, why);
	import->unverified = true;
	return CLI_OK;
}

static int take_header(struct import *import, const struct jsonl_line *line)
{
	static const struct hf_bytes format = {JSONL_FORMAT, sizeof JSONL_FORMAT - 1};
	const size_t name = format.len - 1; /* without its number */
	if (import->header_seen)
		return load_fail(&import->load, HF_EINVAL, "a second header");
	if (line->format.len < name || memcmp(line->format.data, format.data, name) != 0)
		return load_fail(&import->load, HF_EINVAL, "the header is not that of a file of holdfast");
	if (line->format.len != format.len || memcmp(line->format.data, format.data, format.len) != 0)
		return load_fail(&import->load, HF_EVERSION,
		                 "written by a newer holdfast; this one reads " JSONL_FORMAT);
	import->header_seen = true;
	import->end_promised = line->ends;
	import->sums_promised = line->sums;
	if (line->clock_ahead_us < 0)
		return load_fail(&import->load, HF_EINVAL,
		                 "\"clock_ahead_us\" is below 0: no store's clock is behind");
	import->moved_us = ahead_of(import) - line->clock_ahead_us;
	if (!line->has_sum || line_sum_holds(import->load.piece->text))
		return CLI_OK;
	import->moved_us = 0; /* not known */
	return not_whole(import, "its header was changed: the sum of that line does not hold");
}

static int take_end(struct import *import, const struct jsonl_line *line)
{
	char sum[LINE_SUM_SIZE], why[128];
	import->end_seen = true;
	line_sum_text(&import->sum, sum);
	if (line->objects != import->objects) {
		(void)snprintf(why, sizeof why, "the file should have %llu objects and has %llu",
		               (unsigned long long)line->objects, (unsigned long long)import->objects);
		return not_whole(import, why);
	}
	if (line->checksum.len == 0 && import->end_promised)
		return not_whole(import, "the end line has no checksum");
	if (line->checksum.len > 0 && !equal_bytes(line->checksum, hf_str(sum)))
		return not_whole(import,
		                 "the file was changed: the checksum of its end line does not hold");
	return CLI_OK;
}

/* Is the line as it was written? That of an object: the others have their own answers. */
static bool as_written(const struct import *import, const struct piece *piece,
                       const struct jsonl_line *line, struct json_fault *fault)
{
	if (line->kind == JSONL_HEADER || line->kind == JSONL_END)
		return true;
	if (!line->has_sum)
		return !import->sums_promised ||
		       json_refuse(fault, HF_EINVAL, 0,
		                   "has no sum, and the header says that every line has one");
	return line_sum_holds(piece->text) ||
	       json_refuse(fault, HF_EINVAL, 0, "was changed: its sum does not hold%s",
	                   import->force ? "" : "; --force takes the others");
}

static int take_object(struct import *import, const struct jsonl_line *line)
{
	if (!import->header_seen)
		return load_fail(&import->load, HF_EINVAL, "JSON Lines begin with a header line");
	if (import->end_seen)
		return load_fail(&import->load, HF_EINVAL, "an object behind the end line");
	if (line->kind == JSONL_END)
		return take_end(import, line);
	switch (line->kind) {
	case JSONL_INBOX:
		return load_line_inbox(import, line);
	case JSONL_RECORD:
		return load_line_record(import, line);
	case JSONL_TOMBSTONE:
		return load_line_tombstone(import, line);
	case JSONL_CURSOR:
		return load_line_cursor(import, line);
	case JSONL_OUTBOX:
		return load_line_queue(import, line);
	case JSONL_ITEM:
		return load_line_item(import, line);
	case JSONL_EVENT:
		return load_line_event(import, line);
	case JSONL_IDEM:
		return load_line_idem(import, line);
	case JSONL_MIGRATION:
		return load_line_migration(import, line);
	case JSONL_DOCUMENT:
		return load_line_document(import, line);
	case JSONL_LOCK:
		return load_line_lock(import, line);
	case JSONL_COMPLETED:
		return load_completed(&import->load, line->queue, line->completed,
		                      moved(import, line->blocks_until));
	default:
		return CLI_OK;
	}
}

/* --- Lines ------------------------------------------------------------------------------------ */

static int take_line(void *ctx, const struct piece *piece)
{
	struct import *import = ctx;
	struct json_object object;
	struct json_fault fault = {0};
	struct field_texts texts = {0};
	struct jsonl_line line = {.kind = JSONL_KINDS};
	const struct fields f = {.object = &object, .texts = &texts, .fault = &fault};
	int rc = CLI_OK;
	import->load.piece = piece;
	const bool skipped = import_skips(import, piece);
	const bool read = !skipped && json_object_read(&object, piece->text, &fault) &&
	                  jsonl_read(&f, &line) && as_written(import, piece, &line, &fault);
	const bool is_object = line.kind != JSONL_HEADER && line.kind != JSONL_END;
	import->objects += is_object;
	if (!read || (line.kind != JSONL_HEADER && !once(import, &line, &fault)))
		rc = skipped ? CLI_OK : split_fail(&import->input, import->cli, "line", piece, &fault);
	else
		rc = line.kind == JSONL_HEADER ? take_header(import, &line) : take_object(import, &line);
	if (line.kind != JSONL_END)
		line_sum_add(&import->sum, piece->text);
	if (!skipped)
		json_object_free(&object);
	field_texts_free(&texts);
	import->load.piece = NULL;
	/* Without its header or its end line a file is none. */
	return is_object && import->header_seen && !import->end_seen ? import_judged(import, piece, rc)
	                                                             : rc;
}

int import_jsonl(struct import *import)
{
	import->load.noun = "line";
	import->objects = 0;
	import->header_seen = import->end_promised = import->sums_promised = import->end_seen = false;
	if (!line_sum_begin(&import->sum))
		return cli_fail_with(import->cli, HF_ENOMEM, "out of memory");
	const int rc = split_lines(&import->input, import->cli, take_line, import);
	if (rc != CLI_OK)
		return rc;
	if (!import->header_seen)
		return cli_fail_with(import->cli, HF_EINVAL,
		                     "%s is empty: JSON Lines begin with a header line",
		                     import->input.name);
	if (!import->end_promised || import->end_seen)
		return CLI_OK;
	char why[128];
	(void)snprintf(why, sizeof why,
	               "the file is cut off: its end line is missing behind %llu objects",
	               (unsigned long long)import->objects);
	return not_whole(import, why);
}
