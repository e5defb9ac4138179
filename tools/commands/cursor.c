/* cursor: confirmed positions. */
#include "commands/commands.h"
#include "print/out.h"
#include "print/show.h"

const struct cli_option cursor_key_options[] = {
    {"subject", CLI_TEXT, "SUBJECT", "one subject of the stream (the stream as a whole)", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option cursor_advance_options[] = {
    {"subject", CLI_TEXT, "SUBJECT", "one subject of the stream (the stream as a whole)", false},
    {"delivery-id", CLI_TEXT, "ID", "what was delivered", false},
    {"delivered-at", CLI_TIME, "TIME", "when it was delivered (now)", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option cursor_reset_options[] = {
    {"reason", CLI_TEXT, "TEXT", "why; kept in the cursor and in the log", true},
    {"subject", CLI_TEXT, "SUBJECT", "one subject of the stream (the stream as a whole)", false},
    {"delivery-id", CLI_TEXT, "ID", "what was delivered", false},
    {"delivered-at", CLI_TIME, "TIME", "when it was delivered (none)", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option cursor_put_options[] = {
    {"subject", CLI_TEXT, "SUBJECT", "one subject of the stream (the stream as a whole)", false},
    {"delivery-id", CLI_TEXT, "ID", "what was delivered", false},
    {"delivered-at", CLI_TIME, "TIME", "when it was delivered (none)", false},
    {"error", CLI_TEXT, "MESSAGE", "the last error (none)", false},
    {"error-count", CLI_U64, "COUNT", "errors since the position was confirmed (1 with --error)",
     false},
    {"updated-at", CLI_TIME, "TIME", "when it last changed (the clock's)", false},
    {"reset-reason", CLI_TEXT, "TEXT", "why it was last reset (never)", false},
    {"reset-at", CLI_TIME, "TIME", "when it was last reset; with --reset-reason", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option cursor_lag_options[] = {
    {"subject", CLI_TEXT, "SUBJECT", "only this one (all); '' for cursors without a subject",
     false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option cursor_list_options[] = {
    {"consumer", CLI_TEXT, "CONSUMER", "only this one", false},
    {"stream", CLI_TEXT, "STREAM", "only this one", false},
    {"subject", CLI_TEXT, "SUBJECT", "only this one; '' for cursors without a subject", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

static struct hf_cursor_key key_of(const struct cli *cli, char **argv)
{
	struct hf_cursor_key key = {.consumer = hf_str(argv[0]),
	                            .stream = hf_str(argv[1]),
	                            .subject = cli_bytes(cli, "subject")};
	return key;
}

/* --- Changes ---------------------------------------------------------------------------------- */

int cmd_cursor_advance(struct cli *cli, int argc, char **argv)
{
	struct hf_cursor_advance_args args = {
	    .write = cli_write(cli),
	    .key = key_of(cli, argv),
	    .delivery_id = cli_bytes(cli, "delivery-id"),
	    .delivered_at = cli_i64(cli, "delivered-at", HF_UNSET),
	    .now = cli_now(cli),
	};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	if (!cli_argument_i64(cli, "SEQUENCE", argv[2], &args.sequence))
		return CLI_USAGE;
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_cursor_advance(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "advanced");
}

/* What a reset would do. The library has judged it: it was put into a transaction that cannot be
 * committed, since behind it stands a guard that wants no cursor. */
static int try_reset(struct cli *cli, const struct hf_cursor_reset_args *args)
{
	const struct hf_cursor_guard_args never = {.write.expect = HF_ABSENT, .key = args->key};
	struct hf_cursor_got there;
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

int cmd_cursor_reset(struct cli *cli, int argc, char **argv)
{
	struct hf_cursor_reset_args args = {
	    .write = cli_write(cli),
	    .key = key_of(cli, argv),
	    .delivery_id = cli_bytes(cli, "delivery-id"),
	    .delivered_at = cli_i64(cli, "delivered-at", HF_UNSET),
	    .reason = cli_bytes(cli, "reason"),
	    .now = cli_now(cli),
	};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	if (!cli_argument_i64(cli, "SEQUENCE", argv[2], &args.sequence))
		return CLI_USAGE;
	const int status = cli_open(cli);
	if (status == CLI_OK && cli_flag(cli, "dry-run"))
		return try_reset(cli, &args);
	return status ? status
	              : cli_done(cli, hf_cursor_reset(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "reset");
}

int cmd_cursor_put(struct cli *cli, int argc, char **argv)
{
	const struct hf_bytes message = cli_bytes(cli, "error");
	struct hf_cursor_put_args args = {
	    .write = cli_write(cli),
	    .cursor = {.key = key_of(cli, argv),
	               .last_delivery_id = cli_bytes(cli, "delivery-id"),
	               .last_delivered_at = cli_i64(cli, "delivered-at", HF_UNSET),
	               .last_error = message,
	               .error_count = cli_u64(cli, "error-count", message.len > 0),
	               .updated_at = cli_i64(cli, "updated-at", HF_UNSET),
	               .reset_reason = cli_bytes(cli, "reset-reason"),
	               .reset_at = cli_i64(cli, "reset-at", HF_UNSET)},
	};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	if (!cli_argument_i64(cli, "SEQUENCE", argv[2], &args.cursor.last_sequence))
		return CLI_USAGE;
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_cursor_put(cli->store, NULL, &args, &result, &error), &result,
	                         &error, "stored");
}

int cmd_cursor_error(struct cli *cli, int argc, char **argv)
{
	const struct hf_cursor_record_error_args args = {.write = cli_write(cli),
	                                                 .key = key_of(cli, argv),
	                                                 .message = hf_str(argv[2]),
	                                                 .now = cli_now(cli)};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_cursor_record_error(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "noted");
}

int cmd_cursor_remove(struct cli *cli, int argc, char **argv)
{
	const struct hf_cursor_remove_args args = {.write = cli_write(cli), .key = key_of(cli, argv)};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_cursor_remove(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "removed");
}

/* --- Reads ------------------------------------------------------------------------------------ */

int cmd_cursor_get(struct cli *cli, int argc, char **argv)
{
	const struct hf_cursor_key key = key_of(cli, argv);
	struct hf_cursor_got got;
	struct hf_error error;
	(void)argc;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_cursor_get(cli->store, &key, 0, &got, &error) != HF_OK)
		return cli_fail(cli, &error);
	show_cursor(cli->out, &got.cursor, NULL);
	hf_release(got.memory);
	return CLI_OK;
}

int cmd_cursor_list(struct cli *cli, int argc, char **argv)
{
	const struct hf_cursor_list_args args = {
	    .consumer = cli_bytes(cli, "consumer"),
	    .stream = cli_bytes(cli, "stream"),
	    .subject = cli_bytes(cli, "subject"),
	    .by_subject = cli_given(cli, "subject"),
	    .limit = cli_u64(cli, "limit", 0),
	    .page = cli_text(cli, "page"),
	};
	struct hf_cursor_page page;
	struct hf_error error;
	(void)argc;
	(void)argv;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_cursor_list(cli->store, &args, 0, &page, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_list(
	    cli->out,
	    "stream subject consumer last_sequence last_delivery_id updated_at error_count last_error");
	for (size_t i = 0; i < page.count; i++)
		show_cursor(cli->out, &page.items[i], NULL);
	show_list_end(cli, page.count, page.next);
	hf_release(page.memory);
	return CLI_OK;
}

int cmd_cursor_lag(struct cli *cli, int argc, char **argv)
{
	struct hf_cursor_list_lag_args args = {
	    .stream = hf_str(argv[0]),
	    .subject = cli_bytes(cli, "subject"),
	    .by_subject = cli_given(cli, "subject"),
	    .limit = cli_u64(cli, "limit", 0),
	    .page = cli_text(cli, "page"),
	};
	struct hf_cursor_lag_page page;
	struct hf_error error;
	(void)argc;
	if (!cli_argument_i64(cli, "HEAD", argv[1], &args.head))
		return CLI_USAGE;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_cursor_list_lag(cli->store, &args, 0, &page, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_list(cli->out, "consumer subject lag last_sequence updated_at error_count last_error");
	for (size_t i = 0; i < page.count; i++)
		show_cursor(cli->out, &page.items[i].cursor, &page.items[i].lag);
	show_list_end(cli, page.count, page.next);
	hf_release(page.memory);
	return CLI_OK;
}
