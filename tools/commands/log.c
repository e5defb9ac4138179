/* log: the entries of the store's log, one a line, and with --follow those that come. why: those
 * that concern one object. They take no lock, so they work beside a writer and on what cannot be
 * written to. */
#include "commands/commands.h"
#include "print/object.h"
#include "print/out.h"
#include "print/text.h"

#include <inttypes.h>
#include <stdlib.h>

/* A log has many entries and a reader may be slow: they are sent on in pieces. */
enum { SENT_AT_ONCE = 512, TEXT_MAX = 1024 };

struct listing {
	struct cli *cli;
	const struct object *object; /* NULL: all */
	uint64_t limit, count;
	int status;
};

/* --- One entry -------------------------------------------------------------------------------- */

static void show_place(struct out *out, const struct hf_log_entry *entry)
{
	char segment[24];
	snprintf(segment, sizeof segment, "segment-%08" PRIx32, entry->segment);
	out_text(out, "segment", segment);
	out_int(out, "offset", (long)entry->offset);
}

/* `entry` is NULL for one that a feed gave. */
static void show_json(struct out *out, const struct hf_event *event, const char *text,
                      const struct hf_log_entry *entry)
{
	struct buffer object = {0};
	object_add(&object, event);
	out_begin(out, "log-entry");
	out_u64(out, "lsn", event->lsn);
	out_time(out, "at", event->at);
	out_text(out, "domain", event->domain);
	out_text(out, "operation", event->operation);
	out_text(out, "object", object.failed ? NULL : object.data);
	out_bool(out, "removed", event->removed);
	out_bool(out, "many", event->many);
	out_bytes(out, "reason", event->reason);
	out_text(out, "text", text);
	out_bool(out, "transaction_end", event->transaction_end);
	out_int(out, "kind", event->kind);
	if (entry)
		show_place(out, entry);
	out_int(out, "body_len", (long)event->body.len);
	out_end(out);
	buffer_free(&object);
}

/* What follows in the same transaction is marked by a plus at the end of the line. */
static void show_line(struct out *out, const struct hf_event *event, const char *text)
{
	char at[TEXT_TIME_SIZE];
	text_time(event->at, at);
	out_line(out, "%" PRIu64 "  %s  %-7s %s%s", event->lsn, at, event->domain, text,
	         event->transaction_end ? "" : " +");
}

static void show(struct listing *listing, const struct hf_event *event, const char *text,
                 const struct hf_log_entry *entry)
{
	if (listing->cli->json)
		show_json(listing->cli->out, event, text, entry);
	else
		show_line(listing->cli->out, event, text);
	listing->count++;
	if (listing->count % SENT_AT_ONCE == 0)
		listing->status = out_flush(listing->cli);
}

static bool more_wanted(const struct listing *listing)
{
	return listing->status == CLI_OK && (listing->limit == 0 || listing->count < listing->limit);
}

/* --- What there is ---------------------------------------------------------------------------- */

static bool concerns(const struct object *object, const struct hf_event *event)
{
	return strcmp(event->domain, object->kind) == 0 &&
	       hf_event_concerns(event, object->part, object->parts);
}

static bool show_entry(void *ctx, const struct hf_log_entry *entry)
{
	struct listing *listing = ctx;
	if (!listing->object) {
		show(listing, entry->event, entry->text, entry);
	} else if (concerns(listing->object, entry->event)) {
		char text[TEXT_MAX];
		hf_event_text(entry->event, text, sizeof text);
		show(listing, entry->event, text, entry);
	}
	return more_wanted(listing);
}

/* --- What comes ------------------------------------------------------------------------------- */

static void show_batch(struct listing *listing, const struct hf_event_batch *batch)
{
	for (size_t i = 0; i < batch->count && more_wanted(listing); i++) {
		char text[TEXT_MAX];
		hf_event_text(&batch->events[i], text, sizeof text);
		show(listing, &batch->events[i], text, NULL);
	}
	if (listing->status == CLI_OK)
		listing->status = out_flush(listing->cli);
}

static int follow(struct listing *listing, const char *directory, hf_lsn from)
{
	struct hf_error error = {0};
	struct hf_event_batch batch = {0};
	hf_feed *feed;
	int rc = hf_feed_open_path(directory, from, &feed, &error);
	if (rc != HF_OK)
		return cli_fail(listing->cli, &error);
	while (rc == HF_OK && more_wanted(listing)) {
		rc = hf_feed_next(feed, 0, -1, &batch, &error);
		if (rc == HF_OK) {
			show_batch(listing, &batch);
			hf_release(batch.memory);
		}
	}
	hf_feed_close(feed);
	return rc == HF_OK ? listing->status : cli_fail(listing->cli, &error);
}

/* --- Commands --------------------------------------------------------------------------------- */

static int log_list(struct cli *cli, int argc, char **argv)
{
	struct listing listing = {.cli = cli, .limit = cli_u64(cli, "limit", 0)};
	struct hf_error error = {0};
	const char *directory = cli_directory(cli);
	(void)argc;
	(void)argv;
	if (!directory)
		return CLI_USAGE;
	const hf_lsn from = cli_u64(cli, "from", 0);
	if (cli_flag(cli, "follow"))
		return follow(&listing, directory, from);
	const int rc = hf_log_each(directory, from, 0, show_entry, &listing, &error);
	return rc == HF_OK ? listing.status : cli_fail(cli, &error);
}

static int tell_why(struct cli *cli, const char *directory, const char *word,
                    const struct object *object)
{
	struct listing listing = {.cli = cli, .object = object, .limit = cli_u64(cli, "limit", 0)};
	struct hf_error error = {0};
	const int rc = hf_log_each(directory, cli_u64(cli, "from", 0), HF_LOG_WITHOUT_TEXT, show_entry,
	                           &listing, &error);
	if (rc != HF_OK)
		return cli_fail(cli, &error);
	if (listing.status == CLI_OK && listing.count == 0) {
		return cli_fail_with(cli, HF_ENOTFOUND, "no entry of the log that is kept concerns %s",
		                     word);
	}
	return listing.status;
}

static int log_why(struct cli *cli, int argc, char **argv)
{
	struct object object;
	char *memory = NULL;
	const char *directory = cli_directory(cli);
	(void)argc;
	if (!directory)
		return CLI_USAGE;
	const char *wrong = object_parse(argv[0], &object, &memory);
	const int status = wrong ? cli_usage(cli, "'%s' %s", argv[0], wrong)
	                         : tell_why(cli, directory, argv[0], &object);
	free(memory);
	return status;
}

/* clang-format off */
#define PART {"from", "LSN", "begin with this entry", CLI_U64}, \
	{"limit", "N", "at most so many entries; 0, as without it, is all", CLI_U64}

const struct cli_command log_commands[] = {
	{"log", NULL, "", "list the entries of the log, one a line",
	 "With --follow it goes on, beside a process of this host that writes the store, with entries "
	 "once they are durable.",
	 .run = log_list,
	 OPTIONS(PART, {"follow", NULL, "go on with what becomes durable, until interrupted"})},
	{"why", NULL, "KIND/KEY",
	 "list the entries that concern one object: how it came to be as it is",
	 "The parts of a KEY are separated by slashes, as in outbox/mail/i1, inbox/ann/primary/t1 or "
	 "cursor/mailer/events; with parts left out\nat the end it is about all objects that begin so. "
	 "In a part %2F is a slash, %25 a percent sign, %XX any byte.",
	 .run = log_why, OPTIONS(PART)},
	{0},
};
