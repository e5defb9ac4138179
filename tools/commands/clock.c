/* clock: what the store's clock shows, and setting it back after the wall clock had been ahead. */
#include "commands/commands.h"

static int check_set_back(struct cli *cli, void *args)
{
	(void)args;
	return cli_given(cli, "by") && cli_given(cli, "to")
	           ? cli_usage(cli, "--by and --to exclude each other")
	           : CLI_OK;
}

/* clang-format off */
const struct cli_command clock_commands[] = {
	{"clock", "show", "",
	 "what the store's clock shows, how far it is ahead, and the newest set-back",
	 READS(hf_clock_get)},
	{"clock", "set-back", "", "set the store's clock back",
	 "Ends of leases and whatever else the store computed move along; instants that were named "
	 "stay. It goes back to the wall clock at the\nfarthest. What has ended by then is logged "
	 "first and stays so.",
	 CLI_ONE, CALLS(hf_clock_set_back, "set back"), .check = check_set_back,
	 OPTIONS({"reason", "TEXT", "why; it stays in the log", .required = true},
		{"by", "TIME", "by so much; without --by and --to: to the wall clock",
		 .zero = "--by must not be 0"},
		{"to", "TIME", "to this instant"})},
	{0},
};
