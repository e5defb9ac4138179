/* lock: named locks with one holder at a time. A grant without a lease would end with this very
 * command, so each has one. */
#include "commands/commands.h"
#include "commands/hold.h"
#include "print/out.h"
#include "print/show.h"

const struct cli_option lock_acquire_options[] = {
    {"lease", CLI_DURATION, "TIME", "how long the lock is held unless renewed (30s)", false},
    {"for", CLI_DURATION, "TIME", "try so long while another holds it (0)", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option lock_renew_options[] = {
    {"lease", CLI_DURATION, "TIME", "how long from now (30s)", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

const struct cli_option lock_force_options[] = {
    {"reason", CLI_TEXT, "TEXT", "stays in the log", true},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

/* --- Holding ---------------------------------------------------------------------------------- */

int cmd_lock_acquire(struct cli *cli, int argc, char **argv)
{
	struct hf_lock_acquire_args args = {.write = cli_write(cli),
	                                    .name = hf_str(argv[0]),
	                                    .owner = hf_str(argv[1]),
	                                    .wait_us = cli_i64(cli, "for", 0)};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	int status = hold_lease(cli, &args.lease_us);
	if (status == CLI_OK)
		status = hold_acquire(cli, &args, &result, NULL, &error);
	if (status == CLI_OK || error.code != HF_OK)
		return cli_done(cli, error.code, &result, &error, "acquired");
	return status;
}

int cmd_lock_renew(struct cli *cli, int argc, char **argv)
{
	struct hf_lock_renew_args args = {.write = cli_write(cli), .name = hf_str(argv[0])};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	if (!cli_argument_u64(cli, "TOKEN", argv[1], &args.token))
		return CLI_USAGE;
	int status = hold_lease(cli, &args.lease_us);
	if (status == CLI_OK)
		status = cli_open(cli);
	return status == CLI_OK ? cli_done(cli, hf_lock_renew(cli->store, NULL, &args, &result, &error),
	                                   &result, &error, "renewed")
	                        : status;
}

int cmd_lock_release(struct cli *cli, int argc, char **argv)
{
	struct hf_lock_release_args args = {.write = cli_write(cli), .name = hf_str(argv[0])};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	if (!cli_argument_u64(cli, "TOKEN", argv[1], &args.token))
		return CLI_USAGE;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	return cli_done(cli, hf_lock_release(cli->store, NULL, &args, &result, &error), &result, &error,
	                "released");
}

int cmd_lock_force_release(struct cli *cli, int argc, char **argv)
{
	const struct hf_lock_force_release_args args = {
	    .write = cli_write(cli), .name = hf_str(argv[0]), .reason = cli_bytes(cli, "reason")};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	int status = cli_confirm(cli, "take the lock %s from its holder", argv[0]);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	return cli_done(cli, hf_lock_force_release(cli->store, NULL, &args, &result, &error), &result,
	                &error, "released");
}

/* --- Looking ---------------------------------------------------------------------------------- */

int cmd_lock_check(struct cli *cli, int argc, char **argv)
{
	struct hf_lock_check_args args = {.name = hf_str(argv[0])};
	struct hf_error error = {0};
	(void)argc;
	if (!cli_argument_u64(cli, "TOKEN", argv[1], &args.token))
		return CLI_USAGE;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_lock_check(cli->store, &args, 0, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_begin(cli->out, "lock-check");
	out_bytes(cli->out, "name", args.name);
	out_bool(cli->out, "held", true);
	out_end(cli->out);
	return CLI_OK;
}

int cmd_lock_get(struct cli *cli, int argc, char **argv)
{
	struct hf_lock_got got;
	struct hf_error error;
	(void)argc;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_lock_get(cli->store, hf_str(argv[0]), 0, &got, &error) != HF_OK)
		return cli_fail(cli, &error);
	show_lock(cli->out, &got.lock);
	hf_release(got.memory);
	return CLI_OK;
}

int cmd_lock_list(struct cli *cli, int argc, char **argv)
{
	const struct hf_lock_list_args args = {.limit = cli_u64(cli, "limit", 0),
	                                       .page = cli_text(cli, "page")};
	struct hf_lock_page page;
	struct hf_error error;
	(void)argc;
	(void)argv;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_lock_list(cli->store, &args, 0, &page, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_list(cli->out, "name owner acquired_at lease_until token");
	for (size_t i = 0; i < page.count; i++)
		show_lock(cli->out, &page.items[i]);
	show_list_end(cli, page.count, page.next);
	hf_release(page.memory);
	return CLI_OK;
}
