/* migration: which of the caller's migrations were applied. What they do is the caller's code:
 * only their names are here. */
#include "commands/commands.h"
#include "print/out.h"
#include "print/show.h"

const struct cli_option migration_record_options[] = {
    {"applied-at", CLI_TIME, "TIME", "when it was applied (now)", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

int cmd_migration_record(struct cli *cli, int argc, char **argv)
{
	const struct hf_migration_record_args args = {.write = cli_write(cli),
	                                              .name = hf_str(argv[0]),
	                                              .applied_at =
	                                                  cli_i64(cli, "applied-at", HF_UNSET)};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_migration_record(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "recorded");
}

int cmd_migration_forget(struct cli *cli, int argc, char **argv)
{
	const struct hf_migration_forget_args args = {.write = cli_write(cli), .name = hf_str(argv[0])};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_migration_forget(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "forgotten");
}

/* The rows of a list whose heading is there. */
static int show_page(struct cli *cli, const struct hf_migration_list_args *args, size_t *count)
{
	struct hf_migration_page page;
	struct hf_error error = {0};
	if (hf_migration_list(cli->store, args, 0, &page, &error) != HF_OK)
		return cli_fail(cli, &error);
	*count = page.count;
	out_list(cli->out, "name applied_at version");
	for (size_t i = 0; i < page.count; i++) {
		out_begin(cli->out, "migration");
		out_bytes(cli->out, "name", page.items[i].name);
		out_time(cli->out, "applied_at", page.items[i].applied_at);
		out_u64(cli->out, "version", page.items[i].version);
		out_end(cli->out);
	}
	show_list_end(cli, page.count, page.next);
	hf_release(page.memory);
	return CLI_OK;
}

int migration_figures(struct cli *cli, uint64_t *count)
{
	const struct hf_migration_list_args all = {0};
	size_t rows = 0;
	const bool quiet = cli->quiet;
	cli->quiet = true; /* that there are none is no news among the others */
	const int status = show_page(cli, &all, &rows);
	cli->quiet = quiet;
	*count = rows;
	return status;
}

int cmd_migration_list(struct cli *cli, int argc, char **argv)
{
	const struct hf_migration_list_args args = {.limit = cli_u64(cli, "limit", 0),
	                                            .page = cli_text(cli, "page")};
	size_t rows;
	(void)argc;
	(void)argv;
	const int status = cli_open(cli);
	return status ? status : show_page(cli, &args, &rows);
}
