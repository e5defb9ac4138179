/* inbox: marks of all records, and tombstones. */
#include "commands/commands.h"
#include "print/out.h"
#include "print/show.h"

const struct cli_option inbox_all_options[] = {
    {"account", CLI_TEXT, "ACCOUNT", "only this account (all)", false},
    {"up-to", CLI_U64, "LSN",
     "leave alone what was saved later: the greatest `saved` that was shown", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

typedef int (*all_fn)(hf_store *, hf_txn *, const struct hf_inbox_mark_all_args *,
                      struct hf_result *, struct hf_error *);

static int mark_all(struct cli *cli, char **argv, all_fn change, const char *did)
{
	const struct hf_inbox_mark_all_args args = {.write = cli_write(cli),
	                                            .user = hf_str(argv[0]),
	                                            .account = cli_bytes(cli, "account"),
	                                            .up_to = cli_u64(cli, "up-to", 0),
	                                            .now = cli_now(cli)};
	struct hf_result result = {0};
	struct hf_error error = {0};
	if (cli_given(cli, "up-to") && args.up_to == 0)
		return cli_usage(cli, "--up-to must not be 0: nothing was saved before the first entry");
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, change(cli->store, NULL, &args, &result, &error), &result, &error,
	                         did);
}

int cmd_inbox_read_all(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	return mark_all(cli, argv, hf_inbox_mark_all_read, "marked as read");
}

int cmd_inbox_dismiss_all(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	return mark_all(cli, argv, hf_inbox_dismiss_all, "dismissed");
}

/* --- Tombstones ------------------------------------------------------------------------------- */

int cmd_inbox_tombstones(struct cli *cli, int argc, char **argv)
{
	const struct hf_inbox_list_tombstones_args args = {
	    .user = hf_str(argv[0]), .limit = cli_u64(cli, "limit", 0), .page = cli_text(cli, "page")};
	struct hf_inbox_tombstone_page page;
	struct hf_error error;
	(void)argc;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_inbox_list_tombstones(cli->store, &args, 0, &page, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_list(cli->out, "account thread dismissed dismissed_at until");
	for (size_t i = 0; i < page.count; i++)
		show_tombstone(cli->out, &page.items[i]);
	show_list_end(cli, page.count, page.next);
	hf_release(page.memory);
	return CLI_OK;
}

int cmd_inbox_lift(struct cli *cli, int argc, char **argv)
{
	const struct hf_inbox_put_tombstone_args args = {
	    .write = cli_write(cli),
	    .key = {.user = hf_str(argv[0]),
	            .account = cli_bytes(cli, "account"),
	            .thread = hf_str(argv[1])},
	    .dismissed_at = HF_UNSET,
	    .until = HF_UNSET,
	};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_inbox_put_tombstone(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "lifted");
}
