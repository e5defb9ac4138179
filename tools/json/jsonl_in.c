/* Reading JSON Lines into a store: a header, then objects in any order, then the end line that
 * the header promised, without which a file that was cut off between two lines would look whole. */
#include "files/format.h"
#include "print/text.h"
#include "json/jsonl.h"

#include <stdio.h>

/* --- Names that come twice -------------------------------------------------------------------- */

static bool once(struct import *import, const struct jsonl_line *line, struct json_fault *fault)
{
	struct hf_bytes parts[4];
	const size_t count = jsonl_key(line, parts);
	/* As the store takes them: without white space at both ends. */
	for (size_t i = 1; i < count && line->kind == JSONL_CURSOR; i++)
		parts[i] = text_trim(parts[i]);
	return import_once(import, parts, count, "is the second one of", fault);
}

/* --- Objects ---------------------------------------------------------------------------------- */

/* An end that the store had computed, by the clock of this one: else a lease from a clock that
 * was ahead would last for years. */
static void move(const struct import *import, bool computed, hf_time *until)
{
	const hf_time given = *until;
	if (!computed || given == HF_UNSET || given == INT64_MAX)
		return;
	if (__builtin_add_overflow(given, import->moved_us, until) || *until == HF_UNSET)
		*until = import->moved_us > 0 ? INT64_MAX - 1 : HF_UNSET + 1;
}

/* For the library a time that is not given is now; in a file it is a line that lacks something. */
static bool has_time(struct import *import, const char *name, hf_time time)
{
	return time != HF_UNSET ||
	       load_fail(&import->load, HF_EINVAL, "\"%s\" is missing", name) == CLI_OK;
}

static int load_line_item(struct import *import, struct jsonl_line *line)
{
	struct hf_outbox_item *item = &line->of.item.item;
	struct hf_outbox_rerun *rerun = &line->of.item.rerun;
	move(import, item->available_computed, &item->available_at);
	move(import, rerun->available_computed, &rerun->available_at);
	item->rerun = line->of.item.noted ? rerun : NULL;
	if (item->status == HF_OUTBOX_ANY)
		return load_fail(&import->load, HF_EINVAL,
		                 "\"status\" is not one of queued, sending, failed");
	if (item->status == HF_OUTBOX_SENDING)
		item->status = HF_OUTBOX_QUEUED; /* no worker holds it here */
	return load_item(&import->load, item, true);
}

static int load_line_document(struct import *import, struct jsonl_line *line)
{
	struct hf_document *document = &line->of.document.document;
	const struct hf_bytes text = line->of.document.orders;
	int64_t orders = 0;
	move(import, document->expires_computed, &document->expires_at);
	if (!has_time(import, "updated_at", document->updated_at))
		return CLI_USAGE;
	if (text.len && !row_parse_words(load_orders(), text.data, text.len, &orders))
		return load_fail(&import->load, HF_EINVAL,
		                 "\"orders\" is not some of created,updated,group-created,group-updated");
	return load_document(&import->load, document, (unsigned)orders);
}

/* Of the store that takes the file in; 0 while it is only checked. */
static int64_t ahead_of(struct import *import)
{
	struct hf_info info = {0};
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
	if (line->of.header.format.len < name ||
	    memcmp(line->of.header.format.data, format.data, name) != 0)
		return load_fail(&import->load, HF_EINVAL, "the header is not that of a file of holdfast");
	if (line->of.header.format.len != format.len ||
	    memcmp(line->of.header.format.data, format.data, format.len) != 0)
		return load_fail(&import->load, HF_EVERSION,
		                 "written by a newer holdfast; this one reads " JSONL_FORMAT);
	import->header_seen = true;
	import->end_promised = line->of.header.ends;
	import->sums_promised = line->of.header.sums;
	if (line->of.header.clock_ahead_us < 0)
		return load_fail(&import->load, HF_EINVAL,
		                 "\"clock_ahead_us\" is below 0: no store's clock is behind");
	import->moved_us = ahead_of(import) - line->of.header.clock_ahead_us;
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
	if (line->of.end.objects != import->objects) {
		(void)snprintf(why, sizeof why, "the file should have %llu objects and has %llu",
		               (unsigned long long)line->of.end.objects,
		               (unsigned long long)import->objects);
		return not_whole(import, why);
	}
	if (line->of.end.checksum.len == 0 && import->end_promised)
		return not_whole(import, "the end line has no checksum");
	if (line->of.end.checksum.len > 0 && !equal_bytes(line->of.end.checksum, hf_str(sum)))
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

static int take_object(struct import *import, struct jsonl_line *line)
{
	if (!import->header_seen)
		return load_fail(&import->load, HF_EINVAL, "JSON Lines begin with a header line");
	if (import->end_seen)
		return load_fail(&import->load, HF_EINVAL, "an object behind the end line");
	if (line->kind == JSONL_END)
		return take_end(import, line);
	struct load *load = &import->load;
	switch (line->kind) {
	case JSONL_INBOX: {
		const bool set = line->of.inbox.status_set || line->of.inbox.status.len > 0 ||
		                 line->of.inbox.extra.len > 0;
		return load_inbox(load, line->of.inbox.user, line->of.inbox.generated_at,
		                  set ? &line->of.inbox.status : NULL, line->of.inbox.extra);
	}
	case JSONL_RECORD:
		return load_record(load, &line->of.record);
	case JSONL_TOMBSTONE:
		move(import, true, &line->of.tombstone.until);
		return load_tombstone(load, &line->of.tombstone);
	case JSONL_CURSOR:
		return has_time(import, "updated_at", line->of.cursor.updated_at)
		           ? load_cursor(load, &line->of.cursor)
		           : CLI_USAGE;
	case JSONL_OUTBOX: /* members that are missing have the defaults */
		return load_queue(load, &line->of.outbox.settings, line->of.outbox.paused);
	case JSONL_ITEM:
		return load_line_item(import, line);
	case JSONL_EVENT:
		return has_time(import, "happened_at", line->of.event.happened_at)
		           ? load_event(load, &line->of.event)
		           : CLI_USAGE;
	case JSONL_IDEM:
		line->of.idem.done = true;
		move(import, line->of.idem.expires_computed, &line->of.idem.expires_at);
		return has_time(import, "created_at", line->of.idem.created_at)
		           ? load_idem(load, &line->of.idem)
		           : CLI_USAGE;
	case JSONL_MIGRATION:
		return has_time(import, "applied_at", line->of.migration.applied_at)
		           ? load_migration(load, &line->of.migration)
		           : CLI_USAGE;
	case JSONL_DOCUMENT:
		return load_line_document(import, line);
	case JSONL_LOCK:
		move(import, true, &line->of.lock.lease_until);
		return load_lock(load, &line->of.lock);
	case JSONL_COMPLETED:
		move(import, true, &line->of.completed.id.until);
		return load_completed(load, line->of.completed.queue, &line->of.completed.id);
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
