/* inbox: what concerns many records: save, prune, trim, clear. Marks of all and tombstones are
 * in cmd_inbox_all.c. */
#include "commands/commands.h"
#include "print/out.h"
#include "print/show.h"

#include <stdlib.h>

/* --- save ------------------------------------------------------------------------------------- */

const struct cli_option inbox_save_options[] = {
    {"account", CLI_TEXT, "ACCOUNT", "the record's account (primary)", false},
    {"payload", CLI_TEXT, "TEXT", "the payload", false},
    {"payload-file", CLI_TEXT, "FILE", "the payload from a file, `-` is stdin", false},
    {"unread", CLI_SWITCH, NULL, "it is unread", false},
    {"dismissed", CLI_SWITCH, NULL, "it is dismissed", false},
    {"score", CLI_REAL, "NUMBER", "higher comes first among those of one save (0)", false},
    {"updated-at", CLI_TIME, "TIME", "kept as given (none)", false},
    {"generated-at", CLI_TIME, "TIME",
     "when the picture of the inbox was taken (--now, else the clock's)", false},
    {"replace", CLI_SWITCH, NULL, "remove the user's other records", false},
    {"tombstone-for", CLI_DURATION, "TIME",
     "with --replace: how long a dismissed record that goes is remembered (30d); 0: not at all",
     false},
    {"only-newer", CLI_SWITCH, NULL,
     "leave a record alone whose updated-at is older than the stored one's", false},
    {"restore", CLI_SWITCH, NULL, "give a new record the five times below instead of its own",
     false},
    {"snapshot-at", CLI_TIME, "TIME", "with --restore (none)", false},
    {"seen-at", CLI_TIME, "TIME", "with --restore (none)", false},
    {"read-at", CLI_TIME, "TIME", "with --restore (none)", false},
    {"dismissed-at", CLI_TIME, "TIME", "with --restore (none)", false},
    {"snoozed-until", CLI_TIME, "TIME", "with --restore (none)", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

static struct hf_inbox_input input_of(const struct cli *cli, struct hf_bytes payload)
{
	struct hf_inbox_input input = {
	    .account = cli_bytes(cli, "account"),
	    .payload = payload,
	    .unread = cli_flag(cli, "unread"),
	    .dismissed = cli_flag(cli, "dismissed"),
	    .score = cli_real(cli, "score", 0),
	    .updated_at = cli_i64(cli, "updated-at", HF_UNSET),
	    .snapshot_at = cli_i64(cli, "snapshot-at", HF_UNSET),
	    .seen_at = cli_i64(cli, "seen-at", HF_UNSET),
	    .read_at = cli_i64(cli, "read-at", HF_UNSET),
	    .dismissed_at = cli_i64(cli, "dismissed-at", HF_UNSET),
	    .snoozed_until = cli_i64(cli, "snoozed-until", HF_UNSET),
	};
	return input;
}

/* For the library 0 is the default, as in a zeroed struct; what was typed is meant. */
static int64_t tombstone_for(const struct cli *cli)
{
	const int64_t span = cli_i64(cli, "tombstone-for", 0);
	return cli_given(cli, "tombstone-for") && span == 0 ? HF_INBOX_NO_TOMBSTONE : span;
}

/* One record a thread, all alike but for their name. */
static int save(struct cli *cli, int argc, char **argv, struct hf_bytes payload)
{
	const int opened = cli_open(cli);
	const hf_time taken = cli_given(cli, "now") ? cli_now(cli) : cli_clock(cli);
	const size_t count = (size_t)argc - 1;
	struct hf_inbox_input *records = calloc(count + 1, sizeof *records);
	struct hf_result result = {0};
	struct hf_error error = {0};
	if (opened != CLI_OK) {
		free(records);
		return opened;
	}
	if (!records)
		return cli_fail_with(cli, HF_ENOMEM, "there is no memory for %zu records", count);
	for (size_t i = 0; i < count; i++) {
		records[i] = input_of(cli, payload);
		records[i].thread = hf_str(argv[i + 1]);
	}
	const struct hf_inbox_save_args args = {
	    .write = cli_write(cli),
	    .user = hf_str(argv[0]),
	    .records = records,
	    .count = count,
	    .generated_at = cli_i64(cli, "generated-at", taken),
	    .mode = cli_flag(cli, "replace") ? HF_INBOX_REPLACE : HF_INBOX_UPSERT,
	    .restore = cli_flag(cli, "restore"),
	    .now = cli_now(cli),
	    .tombstone_for = tombstone_for(cli),
	    .only_newer = cli_flag(cli, "only-newer"),
	};
	int status = cli_open(cli);
	if (status == CLI_OK) {
		status = cli_done(cli, hf_inbox_save(cli->store, NULL, &args, &result, &error), &result,
		                  &error, args.mode == HF_INBOX_REPLACE ? "saved or removed" : "saved");
	}
	free(records);
	return status;
}

int cmd_inbox_save(struct cli *cli, int argc, char **argv)
{
	struct hf_bytes payload;
	char *memory = NULL;
	bool given = false;
	int status = cli_content(cli, "payload", HF_PAYLOAD_MAX, &payload, &given, &memory);
	if (status == CLI_OK && cli_flag(cli, "replace"))
		status = cli_confirm(cli, "remove every record of %s that is not named", argv[0]);
	if (status == CLI_OK)
		status = save(cli, argc, argv, payload);
	free(memory);
	return status;
}

/* --- prune, trim, clear ----------------------------------------------------------------------- */

static bool same(struct hf_bytes a, struct hf_bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool is_kept(const struct hf_inbox_prune_args *args, struct hf_bytes account)
{
	for (size_t i = 0; i < args->keep_count; i++)
		if (same(args->keep_accounts[i].len ? args->keep_accounts[i] : hf_str("primary"), account))
			return true;
	return args->keep_count == 0;
}

/* The library has no dry run for it. We hold the store's lock, so what is counted here is what a
 * prune would remove now. */
static int count_prune(struct cli *cli, const struct hf_inbox_prune_args *args)
{
	const struct hf_inbox_load_args all = {.user = args->user};
	struct hf_inbox_page page;
	struct hf_error error;
	uint64_t count = 0;
	if (hf_inbox_load(cli->store, &all, 0, &page, &error) != HF_OK)
		return cli_fail(cli, &error);
	for (size_t i = 0; i < page.count; i++)
		count += !is_kept(args, page.items[i].key.account);
	hf_release(page.memory);
	return cli_would_remove(cli, count);
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

int cmd_inbox_prune(struct cli *cli, int argc, char **argv)
{
	struct hf_inbox_prune_args args = {.write = cli_write(cli),
	                                   .user = hf_str(argv[0]),
	                                   .keep_count = (size_t)argc - 1,
	                                   .tombstone_for = tombstone_for(cli)};
	struct hf_bytes *keep = calloc((size_t)argc, sizeof *keep);
	if (!keep) {
		return cli_fail_with(cli, HF_ENOMEM, "there is no memory for the names of %d accounts",
		                     argc - 1);
	}
	for (int i = 1; i < argc; i++)
		keep[i - 1] = hf_str(argv[i]);
	args.keep_accounts = keep;
	int status =
	    argc > 1 ? cli_confirm(cli, "remove the records of %s in every account that is not named",
	                           argv[0])
	             : CLI_OK;
	if (status == CLI_OK)
		status = prune(cli, &args);
	free(keep);
	return status;
}

const struct cli_option inbox_prune_options[] = {
    {"tombstone-for", CLI_DURATION, "TIME",
     "how long a dismissed record that goes is remembered (30d); 0: not at all", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option inbox_trim_options[] = {
    {"max-records", CLI_U64, "COUNT", "keep at most so many", false},
    {"max-age", CLI_DURATION, "TIME", "keep what was saved no longer ago: 12h, 30d", false},
    {"tombstone-for", CLI_DURATION, "TIME",
     "how long a dismissed record that goes is remembered (30d); 0: not at all", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

int cmd_inbox_trim(struct cli *cli, int argc, char **argv)
{
	const struct hf_inbox_trim_args args = {
	    .write = cli_write(cli),
	    .user = hf_str(argv[0]),
	    .max_records = cli_u64(cli, "max-records", 0),
	    .max_age_us = cli_i64(cli, "max-age", 0),
	    .dry_run = cli_flag(cli, "dry-run"),
	    .now = cli_now(cli),
	    .tombstone_for = tombstone_for(cli),
	};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	if ((args.max_records == 0 && args.max_age_us == 0) || cli_zero(cli, "max-records") ||
	    cli_zero(cli, "max-age"))
		return cli_usage(cli, "--max-records or --max-age is missing, and 0 is no bound");
	int status = cli_confirm(cli, "remove the oldest records of %s", argv[0]);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	const int rc = hf_inbox_trim(cli->store, NULL, &args, &result, &error);
	return rc == HF_OK && args.dry_run ? cli_would_remove(cli, result.count)
	                                   : cli_done(cli, rc, &result, &error, "removed");
}

static int count_clear(struct cli *cli, struct hf_bytes user)
{
	struct hf_inbox_counts counts;
	struct hf_error error;
	if (hf_inbox_count(cli->store, user, 0, &counts, &error) != HF_OK)
		return cli_fail(cli, &error);
	return cli_would_remove(cli, counts.total);
}

int cmd_inbox_clear(struct cli *cli, int argc, char **argv)
{
	const struct hf_inbox_clear_args args = {.write = cli_write(cli), .user = hf_str(argv[0])};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	int status = cli_confirm(cli, "remove all records of %s", argv[0]);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (cli_flag(cli, "dry-run"))
		return count_clear(cli, args.user);
	return cli_done(cli, hf_inbox_clear(cli->store, NULL, &args, &result, &error), &result, &error,
	                "removed");
}
