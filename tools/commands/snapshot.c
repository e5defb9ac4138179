/* snapshot: takes one in the store; whole stores as one file. compact: what a snapshot covers
 * goes. */
#include "commands/commands.h"
#include "print/meter.h"
#include "print/out.h"
#include "print/show.h"

#include <unistd.h>

/* --- Files ------------------------------------------------------------------------------------ */

static void show_file(struct out *out, const char *thing, const char *file,
                      const struct hf_snapshot_file *is)
{
	out_begin(out, thing);
	out_bytes(out, "file", hf_str(file));
	out_u64(out, "lsn", is->lsn);
	show_uuid(out, is->uuid);
	out_int(out, "epoch", is->epoch);
	out_time(out, "clock", is->clock);
	out_u64(out, "entries", is->entries);
	out_u64(out, "bytes", is->bytes);
	out_bool(out, "exported", is->exported);
	out_end(out);
}

static int snapshot_take(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	struct hf_info info = {0};
	struct hf_error error = {0};
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	if (hf_snapshot(cli->store, &error) != HF_OK || hf_get_info(cli->store, &info, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_begin(cli->out, "snapshot");
	out_u64(cli->out, "lsn", info.durable_lsn); /* nothing else writes meanwhile */
	out_end(cli->out);
	return CLI_OK;
}

static int store_compact(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	struct hf_options options = cli_store_options(cli);
	struct hf_info info = {0};
	struct hf_error error = {0};
	options.no_background = true;
	const int status = cli_open_with(cli, options);
	if (status != CLI_OK)
		return status;
	if (hf_compact(cli->store, &error) != HF_OK || hf_get_info(cli->store, &info, &error) != HF_OK)
		return cli_fail(cli, &error);
	out_begin(cli->out, "compact");
	out_u64(cli->out, "lsn", info.durable_lsn); /* nothing else writes meanwhile */
	out_u64(cli->out, "snapshot_bytes", info.snapshot_bytes);
	out_end(cli->out);
	return CLI_OK;
}

/* With a file as its place, stdout is free for a report. */
static int snapshot_export(struct cli *cli, int argc, char **argv)
{
	const bool piped = strcmp(argv[0], "-") == 0;
	struct meter meter = meter_begin("exporting");
	struct hf_export_options options = {
	    .size = sizeof options,
	    .replace = cli_flag(cli, "replace"),
	    .progress = cli_progress(cli) ? meter_show : NULL,
	    .ctx = &meter,
	};
	struct hf_snapshot_file is = {.size = sizeof is};
	struct hf_error error = {0};
	(void)argc;
	if (piped && isatty(STDOUT_FILENO))
		return cli_usage(cli, "a terminal cannot show a snapshot: name a file, or pipe it on");
	const int status = cli_open(cli);
	if (status != CLI_OK)
		return status;
	const int rc = piped ? hf_export_fd(cli->store, STDOUT_FILENO, &options, &is, &error)
	                     : hf_export(cli->store, argv[0], &options, &is, &error);
	meter_wipe(&meter);
	if (rc != HF_OK)
		return cli_fail_about(cli, &error, piped ? "stdout" : argv[0],
		                      rc == HF_ECONFLICT ? "; --replace replaces it" : "");
	if (!piped)
		show_file(cli->out, "snapshot-export", argv[0], &is);
	return CLI_OK;
}

/* Which option lets a larger file in; "": none would. */
static const char *what_raises(const struct hf_error *error)
{
	if (error->code != HF_ETOOBIG)
		return "";
	return strstr(error->text, "max_bytes")  ? "; --max-bytes raises that"
	       : strstr(error->text, "max_size") ? "; --max-size raises that"
	                                         : "";
}

static int snapshot_verify(struct cli *cli, int argc, char **argv)
{
	struct meter meter = meter_begin("verifying");
	const struct hf_verify_options options = {
	    .size = sizeof options,
	    .max_bytes = cli_u64(cli, "max-bytes", 0),
	    .progress = cli_progress(cli) ? meter_show : NULL,
	    .ctx = &meter,
	};
	struct hf_snapshot_file is = {.size = sizeof is};
	struct hf_error error = {0};
	(void)argc;
	const int rc = hf_verify_snapshot(argv[0], &options, &is, &error);
	meter_wipe(&meter);
	if (rc != HF_OK)
		return cli_fail_about(cli, &error, argv[0], what_raises(&error));
	show_file(cli->out, "snapshot-file", argv[0], &is);
	return CLI_OK;
}

static int import_failed(struct cli *cli, const struct hf_error *error, const char *file,
                         bool replace)
{
	const char *raises = what_raises(error);
	const bool of_file =
	    error->code == HF_ECORRUPT || error->code == HF_EVERSION || raises[0] != '\0';
	return cli_fail_about(
	    cli, error, of_file ? file : cli->directory,
	    error->code == HF_ECONFLICT && !replace ? "; --replace replaces the store in it" : raises);
}

/* The store in --directory is made by it. */
static int snapshot_import(struct cli *cli, int argc, char **argv)
{
	const bool piped = strcmp(argv[0], "-") == 0;
	const uint64_t above = cli_u64(cli, "epoch-above", 0);
	struct meter meter = meter_begin("importing");
	struct hf_import_options options = {
	    .size = sizeof options,
	    .replace = cli_flag(cli, "replace"),
	    .allow_unsafe_fs = cli->allow_unsafe_fs,
	    .epoch_above = (uint16_t)above,
	    .segment_size = (uint32_t)cli_u64(cli, "segment-size", 0),
	    .pad = cli_pad(cli),
	    .max_size = cli_u64(cli, "max-size", 0),
	    .max_bytes = cli_u64(cli, "max-bytes", 0),
	    .wait_us = cli->wait_us,
	    .progress = cli_progress(cli) ? meter_show : NULL,
	    .ctx = &meter,
	};
	struct hf_snapshot_file is = {.size = sizeof is};
	struct hf_error error = {0};
	const char *directory = cli_directory(cli);
	(void)argc;
	if (!directory)
		return CLI_USAGE;
	if (above > UINT16_MAX)
		return cli_usage(cli, "--epoch-above: no epoch is above 65535");
	const int rc = piped ? hf_import_fd(STDIN_FILENO, directory, &options, &is, &error)
	                     : hf_import(argv[0], directory, &options, &is, &error);
	meter_wipe(&meter);
	if (rc != HF_OK)
		return import_failed(cli, &error, piped ? "stdin" : argv[0], options.replace);
	cli->changed = true;
	show_file(cli->out, "snapshot-import", piped ? "-" : argv[0], &is);
	return CLI_OK;
}

/* clang-format off */
#define MAX_BYTES \
	{"max-bytes", "BYTES", "of its entries, unpacked (64 MiB and 1,000 times the file)", CLI_U64}
const struct cli_command snapshot_commands[] = {
	{"snapshot", "take", "",
	 "writes the state as it is now into the store, for the next opening to begin with",
	 .run = snapshot_take},
	{"snapshot", "export", "FILE", "write the whole store as one file",
	 "Exports of one state are equal but for the name of the store in their first 512 bytes.\n"
	 "With `-` it writes to stdout.", CLI_READS, .run = snapshot_export,
	 OPTIONS({"replace", NULL, "a file of that name goes"})},
	{"snapshot", "import", "FILE", "make a store out of such a file",
	 "The store's directory (-C) must not exist or be empty. The new store has a uuid of its own\n"
	 "and a greater epoch, so that no token is ever granted twice. With `-` it reads stdin.",
	 CLI_NO_STORE, .run = snapshot_import,
	 OPTIONS({"replace", NULL, "the store that is there goes, in one step"},
		{"epoch-above", "EPOCH", "the new epoch is above this one, too", CLI_U64},
		{"segment-size", "BYTES", "of the new store (as the one that goes has it, else 64 MiB)",
		 CLI_U32},
		{"pad", "0|512|4096", "of the new store, as init has it (0: as the one that goes)"},
		{"max-size", "BYTES", "of a file that comes through a pipe (64 GiB)", CLI_U64},
		MAX_BYTES)},
	{"snapshot", "verify", "FILE", "check every byte and every rule of such a file",
	 "No store is needed.", CLI_NO_STORE, .run = snapshot_verify, OPTIONS(MAX_BYTES)},
	{"compact", NULL, "", "takes a snapshot and removes the log that it covers",
	 "Of that log it keeps what --retain and --retain-bytes say, and nothing without them:\n"
	 "what a service retains that has the store open at other times, too.",
	 .run = store_compact, OPTIONS(OPTIONS_OF_UPKEEP)},
	{0},
};
