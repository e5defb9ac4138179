/* lock: named locks with one holder at a time. A grant without a lease would end with this very
 * command, so each has one. */
#include "commands/commands.h"
#include "commands/hold.h"
#include "print/out.h"

static int lock_acquire(struct cli *cli, int argc, char **argv)
{
	struct hf_lock_acquire_args args = {0};
	struct hf_result result = {0};
	struct hf_error error = {0};
	int status = call_args(cli, argc, argv, &args);
	if (status == CLI_OK)
		status = hold_acquire(cli, &args, &result, NULL, &error);
	if (status == CLI_OK || error.code != HF_OK)
		return cli_done(cli, error.code, &result, &error, "acquired");
	return status;
}

static int lock_check(struct cli *cli, int argc, char **argv)
{
	struct hf_lock_check_args args = {0};
	struct hf_error error = {0};
	int status = call_args(cli, argc, argv, &args);
	if (status == CLI_OK)
		status = cli_open(cli);
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

/* clang-format off */
const struct cli_command lock_commands[] = {
	{"lock", "acquire", "NAME OWNER", "take a lock, or take it over as its owner",
	 "The token is what renew, release and check need.", CLI_ONE, .run = lock_acquire,
	 READS(hf_lock_acquire),
	 OPTIONS({"lease", "TIME", "how long the lock is held unless renewed (30s)", HOLD_LEASE},
		{"for", "TIME", "try so long while another holds it (0)", .member = "wait_us"})},
	{"lock", "renew", "NAME TOKEN", "heartbeat: the lease now ends --lease from now",
	 .flags = CLI_ONE, CALLS(hf_lock_renew, "renewed"),
	 OPTIONS({"lease", "TIME", "how long from now (30s)", HOLD_LEASE})},
	{"lock", "release", "NAME TOKEN", "give a lock back", .flags = CLI_ONE,
	 CALLS(hf_lock_release, "released")},
	{"lock", "force-release", "NAME", "take a lock from its holder, for a reason that is kept",
	 .flags = CLI_ONE | CLI_CONFIRMS, CALLS(hf_lock_force_release, "released"),
	 .confirm = "take the lock %s from its holder",
	 OPTIONS({"reason", "TEXT", "stays in the log", .required = true})},
	{"lock", "check", "NAME TOKEN", "does TOKEN hold the lock?", "Exit status 4 if not.",
	 .run = lock_check, READS(hf_lock_check)},
	{"lock", "get", "NAME", "who holds a lock", READS(hf_lock_get)},
	{"lock", "list", "", "list the locks that are held", .flags = CLI_PAGES,
	 LISTS(hf_lock_list, "name owner acquired_at lease_until token")},
	{0},
};
