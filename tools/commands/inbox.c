/* inbox: records, one or many, marks, tombstones, the status. */
#include "commands/commands.h"
#include "print/out.h"
#include "print/show.h"
#include "print/text.h"

#include <stdlib.h>

/* --- Changes ---------------------------------------------------------------------------------- */

static int one_end(struct cli *cli, void *args)
{
	(void)args;
	return cli_given(cli, "until") == cli_given(cli, "for")
	           ? cli_usage(cli, "one of --until and --for is needed")
	           : CLI_OK;
}

/* By the store's clock, so it has to be open. */
static int put_off(struct cli *cli, void *args)
{
	if (cli_given(cli, "for"))
		((struct hf_inbox_snooze_args *)args)->until = cli_after(cli, cli_i64(cli, "for", 0));
	return CLI_OK;
}

static int need_status(struct cli *cli, void *args)
{
	(void)args;
	return cli_given(cli, "status") || cli_given(cli, "status-file")
	           ? CLI_OK
	           : cli_usage(cli, "--status or --status-file is missing");
}

/* --- Many records ----------------------------------------------------------------------------- */

/* For the library 0 is the default, as in a zeroed struct; what was typed is meant. */
static int64_t tombstone_for(const struct cli *cli, int64_t span)
{
	return cli_zero(cli, "tombstone-for") ? HF_INBOX_NO_TOMBSTONE : span;
}

/* One record a thread, all alike but for their name. */
static int save(struct cli *cli, int argc, char **argv, struct hf_inbox_save_args *args,
                const struct hf_inbox_input *record)
{
	struct hf_inbox_input *records = calloc((size_t)argc, sizeof *records);
	struct hf_result result = {0};
	struct hf_error error = {0};
	if (!records)
		return cli_fail_with(cli, HF_ENOMEM, "there is no memory for %d records", argc - 1);
	args->records = records;
	args->count = (size_t)argc - 1;
	for (size_t i = 0; i < args->count; i++) {
		records[i] = *record;
		records[i].thread = hf_str(argv[i + 1]);
	}
	const int rc = hf_inbox_save(cli->store, NULL, args, &result, &error);
	free(records);
	return cli_done(cli, rc, &result, &error,
	                args->mode == HF_INBOX_REPLACE ? "saved or removed" : "saved");
}

static int inbox_save(struct cli *cli, int argc, char **argv)
{
	struct {
		struct hf_inbox_save_args args;
		struct hf_inbox_input record;
	} given;
	struct hf_inbox_save_args *args = &given.args;
	int status = call_args(cli, argc, argv, &given);
	args->mode = cli_flag(cli, "replace") ? HF_INBOX_REPLACE : HF_INBOX_UPSERT;
	args->tombstone_for = tombstone_for(cli, args->tombstone_for);
	if (status == CLI_OK && args->mode == HF_INBOX_REPLACE)
		status = cli_confirm(cli, "remove every record of %s that is not named", argv[0]);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status == CLI_OK && !cli_given(cli, "generated-at"))
		args->generated_at = cli_given(cli, "now") ? args->now : cli_clock(cli);
	return status ? status : save(cli, argc, argv, args, &given.record);
}

static bool is_kept(const struct hf_inbox_prune_args *args, struct hf_bytes account)
{
	for (size_t i = 0; i < args->keep_count; i++)
		if (equal_bytes(args->keep_accounts[i].len ? args->keep_accounts[i] : hf_str("primary"),
		                account))
			return true;
	return args->keep_count == 0;
}

/* The library has no dry run for it. We hold the store's lock, so what is counted here is what a
 * prune would remove now. */
static int count_prune(struct cli *cli, const struct hf_inbox_prune_args *args)
{
	const struct hf_inbox_load_args all = {.user = args->user};
	struct hf_inbox_page page = {0};
	struct hf_error error;
	uint64_t count = 0;
	if (hf_inbox_load(cli->store, &all, 0, &page, &error) != HF_OK)
		return cli_fail(cli, &error);
	for (size_t i = 0; i < page.count; i++)
		count += !is_kept(args, page.items[i].key.account);
	hf_release(page.memory);
	return cli_would(cli, count, "removed");
}

static int prune(struct cli *cli, const struct hf_inbox_prune_args *args)
{
	struct hf_result result = {0};
	struct hf_error error = {0};
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (cli_flag(cli, "dry-run"))
		return count_prune(cli, args);
	return cli_done(cli, hf_inbox_prune(cli->store, NULL, args, &result, &error), &result, &error,
	                "removed");
}

static int inbox_prune(struct cli *cli, int argc, char **argv)
{
	struct hf_inbox_prune_args args = {0};
	struct hf_bytes *keep = calloc((size_t)argc, sizeof *keep);
	if (!keep)
		return cli_fail_with(cli, HF_ENOMEM, "there is no memory for the names of %d accounts",
		                     argc - 1);
	int status = call_args(cli, argc, argv, &args);
	for (int i = 1; i < argc; i++)
		keep[i - 1] = hf_str(argv[i]);
	args.keep_accounts = keep;
	args.keep_count = (size_t)argc - 1;
	args.tombstone_for = tombstone_for(cli, args.tombstone_for);
	if (status == CLI_OK && argc > 1)
		status = cli_confirm(cli, "remove the records of %s in every account that is not named",
		                     argv[0]);
	if (status == CLI_OK)
		status = prune(cli, &args);
	free(keep);
	return status;
}

static int check_trim(struct cli *cli, void *ctx)
{
	struct hf_inbox_trim_args *args = ctx;
	args->tombstone_for = tombstone_for(cli, args->tombstone_for);
	return (args->max_records == 0 && args->max_age_us == 0) || cli_zero(cli, "max-records") ||
	               cli_zero(cli, "max-age")
	           ? cli_usage(cli, "--max-records or --max-age is missing, and 0 is no bound")
	           : CLI_OK;
}

/* --- Reads ------------------------------------------------------------------------------------ */

/* The inbox's own time is no record: a line of its own with --json. */
static int show_inbox(struct cli *cli, const void *args, const void *page)
{
	if (!cli->json)
		return CLI_OK;
	out_begin(cli->out, "inbox");
	out_bytes(cli->out, "user", ((const struct hf_inbox_load_args *)args)->user);
	out_time(cli->out, "generated_at", ((const struct hf_inbox_page *)page)->generated_at);
	out_end(cli->out);
	return CLI_OK;
}

/* clang-format off */
#define ACCOUNT {"account", "ACCOUNT", "the record's account (primary)"}
#define ALL {"account", "ACCOUNT", "only this account (all)"}, \
	{"up-to", "LSN", "leave alone what was saved later: the greatest `saved` that was shown", \
	 .zero = "--up-to must not be 0: nothing was saved before the first entry"}

#define FORGOTTEN {"tombstone-for", "TIME", \
	"how long a dismissed record that goes is remembered (30d); 0: not at all"}

const struct cli_command inbox_commands[] = {
	{"inbox", "save", "USER [THREAD...]", "save a record, or the same for each THREAD",
	 "What was dismissed stays dismissed. With --replace the user's other records go.",
	 CLI_COMMITS | CLI_CLOCK | CLI_CONFIRMS, .run = inbox_save, READS(hf_inbox_save),
	 .also = "hf_inbox_input", .hidden = "count mode thread",
	 OPTIONS(ACCOUNT, PAYLOAD, {"unread", NULL, "it is unread"},
		{"dismissed", NULL, "it is dismissed"},
		{"score", "NUMBER", "higher comes first among those of one save (0)"},
		{"updated-at", "TIME", "kept as given (none)"},
		{"generated-at", "TIME",
		 "when the picture of the inbox was taken (--now, else the clock's)"},
		{"replace", NULL, "remove the user's other records"},
		{"tombstone-for", "TIME", "with --replace: how long a dismissed record that goes is "
		 "remembered (30d); 0: not at all"},
		{"only-newer", NULL,
		 "leave a record alone whose updated-at is older than the stored one's"},
		{"restore", NULL, "give a new record the five times below instead of its own"},
		{"snapshot-at", "TIME", "with --restore (none)"},
		{"seen-at", "TIME", "with --restore (none)"},
		{"read-at", "TIME", "with --restore (none)"},
		{"dismissed-at", "TIME", "with --restore (none)"},
		{"snoozed-until", "TIME", "with --restore (none)"})},
	{"inbox", "load", "USER", "list a user's records, the newest first", .flags = CLI_PAGES,
	 LISTS(hf_inbox_load, "account thread unread dismissed score snapshot_at payload"),
	 .page = show_inbox,
	 OPTIONS({"account", "ACCOUNT", "only this account"},
		{"unread", NULL, "only unread ones", .member = "unread_only"},
		{"without-dismissed", NULL, "leave the dismissed out"},
		{"without-snoozed", NULL, "leave the snoozed out"})},
	{"inbox", "get", "USER THREAD", "show one record", READS(hf_inbox_get), OPTIONS(ACCOUNT, RAW)},
	{"inbox", "dismiss", "USER THREAD", "dismiss a record; no later save brings it back",
	 .flags = CLI_MARK_NOW, CALLS(hf_inbox_dismiss, "dismissed"), OPTIONS(ACCOUNT)},
	{"inbox", "undismiss", "USER THREAD", "take a dismissal back", .flags = CLI_MARK_NOW,
	 CALLS(hf_inbox_undismiss, "undismissed"), OPTIONS(ACCOUNT)},
	{"inbox", "read", "USER THREAD", "mark a record as read", .flags = CLI_MARK_NOW,
	 CALLS(hf_inbox_mark_read, "marked as read"), OPTIONS(ACCOUNT)},
	{"inbox", "unread", "USER THREAD", "mark a record as unread", .flags = CLI_MARK_NOW,
	 CALLS(hf_inbox_mark_unread, "marked as unread"), OPTIONS(ACCOUNT)},
	{"inbox", "seen", "USER THREAD", "mark a record as seen in a list", .flags = CLI_MARK_NOW,
	 CALLS(hf_inbox_mark_seen, "marked as seen"), OPTIONS(ACCOUNT)},
	{"inbox", "snooze", "USER THREAD", "put a record off until a time", .flags = CLI_MARK,
	 CALLS(hf_inbox_snooze, "snoozed"), .check = one_end, .opened = put_off,
	 OPTIONS(ACCOUNT, {"until", "TIME", "when it comes back"},
		{"for", "TIME", "the same from now on: 2h, 3d", CLI_DURATION})},
	{"inbox", "wake", "USER THREAD", "end a snooze", .flags = CLI_MARK,
	 CALLS(hf_inbox_snooze, "awake again"), .hidden = "until", OPTIONS(ACCOUNT)},
	{"inbox", "remove", "USER THREAD", "remove a record; a later save brings it back as new",
	 .flags = CLI_MARK, CALLS(hf_inbox_remove, "removed"),
	 OPTIONS(ACCOUNT,
		{"tombstone-for", "TIME", "no save brings it back for so long: 12h, 30d"})},
	{"inbox", "read-all", "USER", "mark all records as read, in one entry of the log",
	 .flags = CLI_COMMITS | CLI_CLOCK, CALLS(hf_inbox_mark_all_read, "marked as read"),
	 OPTIONS(ALL)},
	{"inbox", "dismiss-all", "USER", "dismiss all records, in one entry of the log",
	 .flags = CLI_COMMITS | CLI_CLOCK, CALLS(hf_inbox_dismiss_all, "dismissed"), OPTIONS(ALL)},
	{"inbox", "tombstones", "USER", "list what is remembered of records that went",
	 "A dismissed one comes back dismissed, a removed one does not come back.", CLI_PAGES,
	 LISTS(hf_inbox_list_tombstones, "account thread dismissed dismissed_at until"),
	 .hidden = "account thread"},
	{"inbox", "lift", "USER THREAD",
	 "forget a tombstone: a later save brings the record back as new", .flags = CLI_ONE,
	 CALLS(hf_inbox_put_tombstone, "lifted"), .hidden = "dismissed dismissed_at until",
	 OPTIONS(ACCOUNT)},
	{"inbox", "prune", "USER [ACCOUNT...]", "remove the records of all accounts that are not named",
	 "Without any ACCOUNT nothing is removed.", CLI_MANY, .run = inbox_prune,
	 READS(hf_inbox_prune), .hidden = "keep_count", OPTIONS(FORGOTTEN)},
	{"inbox", "trim", "USER", "remove the oldest records beyond a number or an age",
	 .flags = CLI_MANY | CLI_CLOCK, CALLS(hf_inbox_trim, "removed"), .check = check_trim,
	 .confirm = "remove the oldest records of %s",
	 OPTIONS({"max-records", "COUNT", "keep at most so many"},
		{"max-age", "TIME", "keep what was saved no longer ago: 12h, 30d"}, FORGOTTEN)},
	{"inbox", "clear", "USER", "remove all records of a user",
	 "The inbox's status stays; the time of its newest save goes too.", CLI_MANY,
	 CALLS(hf_inbox_clear, "removed"), .confirm = "remove all records of %s",
	 COUNTS(hf_inbox_count, "total")},
	{"inbox", "counts", "USER", "count a user's records", READS(hf_inbox_count)},
	{"inbox", "dismissed", "USER", "list the keys of the dismissed records", .flags = CLI_PAGES,
	 LISTS(hf_inbox_list_dismissed, "account thread")},
	{"inbox", "status get", "USER", "show the inbox's status, a poller's own note",
	 READS(hf_inbox_get_status), OPTIONS({"raw", NULL, "the status alone, byte for byte"})},
	{"inbox", "status set", "USER", "set the inbox's status", .flags = CLI_ONE,
	 CALLS(hf_inbox_set_status, "status set"), .check = need_status, .hidden = "extra set_extra",
	 OPTIONS({"status", "TEXT", "the status"},
		{"status-file", "FILE", "the status from a file, `-` is stdin"})},
	{0},
};
