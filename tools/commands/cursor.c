/* cursor: confirmed positions. */
#include "commands/commands.h"
#include "print/out.h"
#include "print/show.h"

/* What a reset would do. The library has judged it: it was put into a transaction that cannot be
 * committed, since behind it stands a guard that wants no cursor. */
static int try_reset(struct cli *cli, const struct hf_cursor_reset_args *args)
{
	const struct hf_cursor_guard_args never = {.write.expect = HF_ABSENT, .key = args->key};
	struct hf_cursor_got there = {0};
	struct hf_error error = {0};
	hf_txn *txn = NULL;
	int rc = hf_txn_begin(cli->store, &txn, &error);
	if (rc == HF_OK)
		rc = hf_cursor_reset(cli->store, txn, args, NULL, &error);
	if (rc == HF_OK)
		rc = hf_cursor_guard(cli->store, txn, &never, NULL, &error);
	if (rc == HF_OK)
		rc = hf_txn_commit(txn, HF_DURABLE, &error);
	else
		hf_txn_abandon(txn);
	if (rc != HF_ECONFLICT || error.operation == 0)
		return cli_fail(cli, &error);
	rc = hf_cursor_get(cli->store, &args->key, 0, &there, &error);
	if (rc != HF_OK && rc != HF_ENOTFOUND)
		return cli_fail(cli, &error);
	show_reset(cli->out, args, rc == HF_OK ? &there.cursor : NULL);
	hf_release(there.memory);
	return CLI_OK;
}

static int cursor_reset(struct cli *cli, int argc, char **argv)
{
	struct hf_cursor_reset_args args = {0};
	struct hf_result result = {0};
	struct hf_error error = {0};
	int status = call_args(cli, argc, argv, &args);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status == CLI_OK && cli_flag(cli, "dry-run"))
		return try_reset(cli, &args);
	return status ? status
	              : cli_done(cli, hf_cursor_reset(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "reset");
}

static int count_error(struct cli *cli, void *ctx)
{
	struct hf_cursor_put_args *args = ctx;
	if (!cli_given(cli, "error-count"))
		args->cursor.error_count = args->cursor.last_error.len > 0;
	return CLI_OK;
}

/* clang-format off */
#define SUBJECT {"subject", "SUBJECT", "one subject of the stream (the stream as a whole)"}
#define DELIVERY_ID {"delivery-id", "ID", "what was delivered"}

const struct cli_command cursor_commands[] = {
	{"cursor", "advance", "CONSUMER STREAM SEQUENCE",
	 "confirm a delivery: a cursor only goes forward", .flags = CLI_ONE_NOW,
	 CALLS(hf_cursor_advance, "advanced"),
	 OPTIONS(SUBJECT, DELIVERY_ID, {"delivered-at", "TIME", "when it was delivered (now)"})},
	{"cursor", "reset", "CONSUMER STREAM SEQUENCE",
	 "put a cursor anywhere, for a reason that is kept",
	 "With --dry-run it tells where the cursor stands and where it would stand.",
	 CLI_ONE_NOW | CLI_DRY_RUN, .run = cursor_reset, READS(hf_cursor_reset),
	 OPTIONS({"reason", "TEXT", "why; kept in the cursor and in the log", .required = true},
		SUBJECT, DELIVERY_ID, {"delivered-at", "TIME", "when it was delivered (none)"})},
	{"cursor", "put", "CONSUMER STREAM SEQUENCE",
	 "store a whole cursor as given; never puts one back", .flags = CLI_ONE,
	 CALLS(hf_cursor_put, "stored"), .check = count_error, .hidden = "version",
	 OPTIONS(SUBJECT, DELIVERY_ID, {"delivered-at", "TIME", "when it was delivered (none)"},
		{"error", "MESSAGE", "the last error (none)"},
		{"error-count", "COUNT", "errors since the position was confirmed (1 with --error)"},
		{"updated-at", "TIME", "when it last changed (the clock's)"},
		{"reset-reason", "TEXT", "why it was last reset (never)"},
		{"reset-at", "TIME", "when it was last reset; with --reset-reason"})},
	{"cursor", "error", "CONSUMER STREAM MESSAGE",
	 "note a failed delivery; the position stays", .flags = CLI_ONE_NOW,
	 CALLS(hf_cursor_record_error, "noted"), OPTIONS(SUBJECT)},
	{"cursor", "get", "CONSUMER STREAM", "show one cursor", READS(hf_cursor_get), OPTIONS(SUBJECT)},
	{"cursor", "list", "", "list cursors by stream, subject, consumer", .flags = CLI_PAGES,
	 LISTS(hf_cursor_list, "stream subject consumer last_sequence last_delivery_id updated_at "
		"error_count last_error"),
	 OPTIONS({"consumer", "CONSUMER", "only this one"}, {"stream", "STREAM", "only this one"},
		{"subject", "SUBJECT", "only this one; '' for cursors without a subject"})},
	{"cursor", "lag", "STREAM HEAD", "how far consumers are behind HEAD, the slowest first",
	 .flags = CLI_PAGES,
	 LISTS(hf_cursor_list_lag, "consumer subject lag last_sequence updated_at error_count "
		"last_error"),
	 OPTIONS({"subject", "SUBJECT", "only this one (all); '' for cursors without a subject"})},
	{"cursor", "remove", "CONSUMER STREAM", "forget a cursor", .flags = CLI_MARK,
	 CALLS(hf_cursor_remove, "removed"), OPTIONS(SUBJECT)},
	{0},
};
