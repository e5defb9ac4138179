/* log: the entries of the store's log, one a line. It takes no lock, so it works beside a writer and on what cannot be written to. */
#include "commands.h"
#include "out.h"
#include "text.h"

#include <inttypes.h>

/* A log has many entries and a reader may be slow: they are sent on in pieces. */
enum { SENT_AT_ONCE = 512 };

const struct cli_option log_options[] = {
    {"from", CLI_U64, "LSN", "begin with this entry", false},
    {"limit", CLI_U64, "N", "at most so many entries; 0, as without it, is all", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

struct listing {
	struct cli *cli;
	uint64_t limit, count;
	int status;
};

static void show_json(struct out *out, const struct hf_log_entry *entry)
{
	char segment[24];
	snprintf(segment, sizeof segment, "segment-%08" PRIx32, entry->segment);
	out_begin(out, "log-entry");
	out_u64(out, "lsn", entry->lsn);
	out_time(out, "at", entry->at);
	out_text(out, "domain", entry->domain);
	out_text(out, "text", entry->text);
	out_bool(out, "transaction_end", entry->transaction_end);
	out_int(out, "kind", entry->kind);
	out_text(out, "segment", segment);
	out_int(out, "offset", (long)entry->offset);
	out_int(out, "body_len", (long)entry->body_len);
	out_end(out);
}

/* What follows in the same transaction is marked by a plus at the end of the line. */
static void show_line(struct out *out, const struct hf_log_entry *entry)
{
	char at[TEXT_TIME_SIZE];
	text_time(entry->at, at);
	out_line(out, "%" PRIu64 "  %s  %-7s %s%s", entry->lsn, at, entry->domain, entry->text, entry->transaction_end ? "" : " +");
}

static bool show_entry(void *ctx, const struct hf_log_entry *entry)
{
	struct listing *listing = ctx;
	struct cli *cli = listing->cli;
	if (cli->json) {
		show_json(cli->out, entry);
	} else {
		show_line(cli->out, entry);
	}
	listing->count++;
	if (listing->count % SENT_AT_ONCE == 0) {
		listing->status = out_flush(cli);
	}
	return listing->status == CLI_OK && (listing->limit == 0 || listing->count < listing->limit);
}

int cmd_log(struct cli *cli, int argc, char **argv)
{
	struct listing listing = {.cli = cli, .limit = cli_u64(cli, "limit", 0)};
	struct hf_error error = {0};
	const char *directory = cli_directory(cli);
	(void)argc;
	(void)argv;
	if (!directory) {
		return CLI_USAGE;
	}
	const int rc = hf_log_each(directory, cli_u64(cli, "from", 0), 0, show_entry, &listing, &error);
	return rc == HF_OK ? listing.status : cli_fail(cli, &error);
}
