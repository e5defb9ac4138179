/* clock: what the store's clock shows, and setting it back after the wall clock had been ahead. */
#include "commands/commands.h"
#include "print/out.h"

const struct cli_option clock_set_back_options[] = {
    {"reason", CLI_TEXT, "TEXT", "why; it stays in the log", true},
    {"by", CLI_DURATION, "TIME", "by so much; without --by and --to: to the wall clock", false},
    {"to", CLI_TIME, "TIME", "to this instant", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

int cmd_clock_show(struct cli *cli, int argc, char **argv)
{
	struct hf_clock clock;
	struct hf_error error = {0};
	(void)argc;
	(void)argv;
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_clock_get(cli->store, 0, &clock, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_begin(cli->out, "clock");
	out_time(cli->out, "now", clock.now);
	out_time(cli->out, "wall", clock.wall);
	out_i64(cli->out, "ahead_us", clock.ahead_us);
	out_i64(cli->out, "set_back_us", clock.set_back_us);
	out_time(cli->out, "set_back_at", clock.set_back_at);
	out_i64(cli->out, "difference_us", clock.difference_us);
	out_bytes(cli->out, "reason", clock.reason);
	out_u64(cli->out, "version", clock.version);
	out_end(cli->out);
	hf_release(clock.memory);
	return CLI_OK;
}

int cmd_clock_set_back(struct cli *cli, int argc, char **argv)
{
	const struct hf_clock_set_back_args args = {.write = cli_write(cli),
	                                            .reason = cli_bytes(cli, "reason"),
	                                            .by_us = cli_i64(cli, "by", 0),
	                                            .to = cli_i64(cli, "to", HF_UNSET)};
	struct hf_result result = {0};
	struct hf_error error = {0};
	(void)argc;
	(void)argv;
	if (cli_given(cli, "by") && (args.by_us == 0 || cli_given(cli, "to")))
		return cli_usage(cli, args.by_us == 0 ? "--by must not be 0"
		                                      : "--by and --to exclude each other");
	const int status = cli_open(cli);
	return status ? status
	              : cli_done(cli, hf_clock_set_back(cli->store, NULL, &args, &result, &error),
	                         &result, &error, "set back");
}
