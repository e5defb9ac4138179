/* init: makes a store, or says that there is one. */
#include "commands/commands.h"
#include "print/out.h"
#include "print/show.h"

/* Is there a store already? Then it is left as it is, whatever the options say. */
static int open_existing(struct cli *cli, const struct hf_options *options, bool *exists)
{
	struct hf_error error = {0};
	const int rc = hf_open(cli->directory, options, &cli->store, &error);
	*exists = rc == HF_OK;
	error.os_errno = rc == HF_EIO ? error.os_errno : 0; /* as in cli_open_with() */
	return rc == HF_OK || rc == HF_ENOTFOUND ? CLI_OK
	                                         : cli_fail_about(cli, &error, cli->directory, "");
}

static int store_init(struct cli *cli, int argc, char **argv)
{
	struct hf_options options = {
	    .no_background = true, .wait_us = cli->wait_us, .allow_unsafe_fs = cli->allow_unsafe_fs};
	bool exists = false;
	cli->directory = argc > 0 ? argv[0] : cli->directory;
	if (!cli_directory(cli))
		return CLI_USAGE;
	int status = open_existing(cli, &options, &exists);
	if (status == CLI_OK && !exists) {
		options = cli_store_options(cli);
		options.create = options.no_background = true;
		status = cli_open_with(cli, options);
	}
	if (status != CLI_OK)
		return status;
	struct hf_info info = {0};
	struct hf_error error;
	if (hf_get_info(cli->store, &info, &error) != HF_OK)
		return cli_fail(cli, &error);
	if (cli->json) {
		out_begin(cli->out, "init");
		out_bytes(cli->out, "directory", hf_str(cli->directory));
		out_bool(cli->out, "created", !exists);
		show_uuid(cli->out, info.uuid);
		out_end(cli->out);
	} else if (!cli->quiet) {
		out_line(cli->out, exists ? "there is a store already" : "made a store");
	}
	cli->changed = !exists;
	return CLI_OK;
}

/* clang-format off */
const struct cli_command init_commands[] = {
	{"init", NULL, "[DIR]", "make a store",
	 "Nothing happens when DIR (else -C, else HOLDFAST_DIR) is a store already.",
	 .run = store_init,
	 OPTIONS({"pad", "0|512|4096",
		 "groups of the log end at multiples of so many bytes: no two share a sector (0)"},
		{"segment-size", "BYTES", "of a full-grown log file, 16 KiB to 1 GiB (64 MiB)", CLI_U32})},
	{0},
};
