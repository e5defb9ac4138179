/* inbox: reads, and changes of one record. */
#include "commands/commands.h"
#include "print/out.h"
#include "print/show.h"

#include <stdlib.h>

const struct cli_option inbox_key_options[] = {
    {"account", CLI_TEXT, "ACCOUNT", "the record's account (primary)", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option inbox_snooze_options[] = {
    {"account", CLI_TEXT, "ACCOUNT", "the record's account (primary)", false},
    {"until", CLI_TIME, "TIME", "when it comes back", false},
    {"for", CLI_DURATION, "TIME", "the same from now on: 2h, 3d", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option inbox_remove_options[] = {
    {"account", CLI_TEXT, "ACCOUNT", "the record's account (primary)", false},
    {"tombstone-for", CLI_DURATION, "TIME", "no save brings it back for so long: 12h, 30d", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option inbox_get_options[] = {
    {"account", CLI_TEXT, "ACCOUNT", "the record's account (primary)", false},
    {"raw", CLI_SWITCH, NULL, "the payload alone, byte for byte", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option inbox_load_options[] = {
    {"account", CLI_TEXT, "ACCOUNT", "only this account", false},
    {"unread", CLI_SWITCH, NULL, "only unread ones", false},
    {"without-dismissed", CLI_SWITCH, NULL, "leave the dismissed out", false},
    {"without-snoozed", CLI_SWITCH, NULL, "leave the snoozed out", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option inbox_raw_options[] = {
    {"raw", CLI_SWITCH, NULL, "the status alone, byte for byte", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option inbox_status_options[] = {
    {"status", CLI_TEXT, "TEXT", "the status", false},
    {"status-file", CLI_TEXT, "FILE", "the status from a file, `-` is stdin", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

static struct hf_inbox_key key_of(const struct cli *cli, char **argv)
{
	struct hf_inbox_key key = {
	    .user = hf_str(argv[0]), .account = cli_bytes(cli, "account"), .thread = hf_str(argv[1])};
	return key;
}

/* --- Marks ------------------------------------------------------------------------------------ */

typedef int (*mark_fn)(hf_store *, hf_txn *, const struct hf_inbox_mark_args *, struct hf_result *,
                       struct hf_error *);

static int mark(struct cli *cli, char **argv, mark_fn change, const char *did)
{
	const struct hf_inbox_mark_args args = {
	    .write = cli_write(cli), .key = key_of(cli, argv), .now = cli_now(cli)};
	struct hf_result result = {0};
	struct hf_error error = {0};
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, change(cli->store, NULL, &args, &result, &error), &result, &error,
	                         did);
}

int cmd_inbox_dismiss(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	return mark(cli, argv, hf_inbox_dismiss, "dismissed");
}

int cmd_inbox_undismiss(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	return mark(cli, argv, hf_inbox_undismiss, "undismissed");
}

int cmd_inbox_read(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	return mark(cli, argv, hf_inbox_mark_read, "marked as read");
}

int cmd_inbox_unread(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	return mark(cli, argv, hf_inbox_mark_unread, "marked as unread");
}

int cmd_inbox_seen(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	return mark(cli, argv, hf_inbox_mark_seen, "marked as seen");
}

static int snooze(struct cli *cli, char **argv, hf_time until, const char *did)
{
	const struct hf_inbox_snooze_args args = {
	    .write = cli_write(cli), .key = key_of(cli, argv), .until = until};
	struct hf_result result = {0};
	struct hf_error error = {0};
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_inbox_snooze(cli->store, NULL, &args, &result, &error),
	                         &result, &error, did);
}

int cmd_inbox_snooze(struct cli *cli, int argc, char **argv)
{
	const hf_time span = cli_i64(cli, "for", 0);
	(void)argc;
	if (cli_given(cli, "until") == cli_given(cli, "for"))
		return cli_usage(cli, "one of --until and --for is needed");
	const int status = cli_open(cli);
	return status ? status
	              : snooze(cli, argv, cli_i64(cli, "until", cli_after(cli, span)), "snoozed");
}

int cmd_inbox_wake(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	return snooze(cli, argv, HF_UNSET, "awake again");
}

int cmd_inbox_remove(struct cli *cli, int argc, char **argv)
{
	const struct hf_inbox_remove_args args = {.write = cli_write(cli),
	                                          .key = key_of(cli, argv),
	                                          .tombstone_for = cli_i64(cli, "tombstone-for", 0)};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_inbox_remove(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "removed");
}

/* --- Reads ------------------------------------------------------------------------------------ */

int cmd_inbox_get(struct cli *cli, int argc, char **argv)
{
	const struct hf_inbox_key key = key_of(cli, argv);
	struct hf_inbox_got got;
	struct hf_error error;
	(void)argc;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_inbox_get(cli->store, &key, 0, &got, &error) != HF_OK)
		return cli_fail(cli, &error);
	if (cli_flag(cli, "raw"))
		show_raw(cli->out, got.record.payload);
	else
		show_inbox_record(cli->out, &got.record, true);
	hf_release(got.memory);
	return CLI_OK;
}

int cmd_inbox_load(struct cli *cli, int argc, char **argv)
{
	const struct hf_inbox_load_args args = {.user = hf_str(argv[0]),
	                                        .account = cli_bytes(cli, "account"),
	                                        .unread_only = cli_flag(cli, "unread"),
	                                        .without_dismissed = cli_flag(cli, "without-dismissed"),
	                                        .without_snoozed = cli_flag(cli, "without-snoozed"),
	                                        .limit = cli_u64(cli, "limit", 0),
	                                        .page = cli_text(cli, "page")};
	struct hf_inbox_page page;
	struct hf_error error;
	(void)argc;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_inbox_load(cli->store, &args, 0, &page, &error) != HF_OK)
		return cli_fail(cli, &error);
	/* The inbox's own time is no record: a line of its own with --json. */
	if (cli->json) {
		out_begin(cli->out, "inbox");
		out_bytes(cli->out, "user", args.user);
		out_time(cli->out, "generated_at", page.generated_at);
		out_end(cli->out);
	}
	out_list(cli->out, "account thread unread dismissed score snapshot_at payload");
	for (size_t i = 0; i < page.count; i++)
		show_inbox_record(cli->out, &page.items[i], true);
	show_list_end(cli, page.count, page.next);
	hf_release(page.memory);
	return CLI_OK;
}

int cmd_inbox_dismissed(struct cli *cli, int argc, char **argv)
{
	const struct hf_inbox_list_dismissed_args args = {
	    .user = hf_str(argv[0]), .limit = cli_u64(cli, "limit", 0), .page = cli_text(cli, "page")};
	struct hf_inbox_key_page keys;
	struct hf_error error;
	(void)argc;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_inbox_list_dismissed(cli->store, &args, 0, &keys, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_list(cli->out, "account thread");
	for (size_t i = 0; i < keys.count; i++) {
		out_begin(cli->out, "inbox-key");
		out_bytes(cli->out, "user", keys.items[i].user);
		out_bytes(cli->out, "account", keys.items[i].account);
		out_bytes(cli->out, "thread", keys.items[i].thread);
		out_end(cli->out);
	}
	show_list_end(cli, keys.count, keys.next);
	hf_release(keys.memory);
	return CLI_OK;
}

int cmd_inbox_counts(struct cli *cli, int argc, char **argv)
{
	struct hf_inbox_counts counts;
	struct hf_error error;
	(void)argc;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_inbox_count(cli->store, hf_str(argv[0]), 0, &counts, &error) != HF_OK)
		return cli_fail(cli, &error);
	show_inbox_counts(cli->out, hf_str(argv[0]), &counts);
	return CLI_OK;
}

/* --- The inbox's status ----------------------------------------------------------------------- */

int cmd_inbox_status_get(struct cli *cli, int argc, char **argv)
{
	struct hf_inbox_status got;
	struct hf_error error;
	(void)argc;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_inbox_get_status(cli->store, hf_str(argv[0]), 0, &got, &error) != HF_OK)
		return cli_fail(cli, &error);
	if (cli_flag(cli, "raw")) {
		show_raw(cli->out, got.status);
	} else {
		out_begin(cli->out, "inbox-status");
		out_bytes(cli->out, "user", hf_str(argv[0]));
		out_u64(cli->out, "version", got.version);
		out_bytes(cli->out, "status", got.status);
		out_end(cli->out);
	}
	hf_release(got.memory);
	return CLI_OK;
}

int cmd_inbox_status_set(struct cli *cli, int argc, char **argv)
{
	struct hf_inbox_set_status_args args = {.write = cli_write(cli), .user = hf_str(argv[0])};
	struct hf_result result = {0};
	struct hf_error error = {0};
	char *memory = NULL;
	bool given = false;
	(void)argc;
	int status = cli_content(cli, "status", HF_INBOX_STATUS_MAX, &args.status, &given, &memory);
	if (status == CLI_OK && !given)
		status = cli_usage(cli, "--status or --status-file is missing");
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status == CLI_OK) {
		status = cli_done(cli, hf_inbox_set_status(cli->store, NULL, &args, &result, &error),
		                  &result, &error, "status set");
	}
	free(memory);
	return status;
}
