/* backup: a live copy of the store; restore: a store of one. */
#include "commands/commands.h"
#include "print/meter.h"
#include "print/out.h"
#include "print/show.h"

static void show_backup(struct out *out, const char *place, const struct hf_backup_facts *facts)
{
	out_begin(out, "backup");
	out_bytes(out, "backup", hf_str(place));
	out_u64(out, "lsn", facts->lsn);
	show_uuid(out, facts->uuid);
	out_int(out, "epoch", facts->epoch);
	out_bool(out, "incremental", facts->incremental);
	out_u64(out, "files", facts->files);
	out_u64(out, "bytes", facts->bytes);
	out_u64(out, "copied", facts->copied);
	out_u64(out, "shared", facts->shared);
	out_u64(out, "linked", facts->linked);
	out_u64(out, "kept", facts->kept);
	out_end(out);
}

/* What is wrong with the place of the new one is said of that. */
static const char *about(int rc, const char *source, const char *target)
{
	const bool of_source =
	    rc == HF_ECORRUPT || rc == HF_EVERSION || rc == HF_ENOTFOUND || rc == HF_ELAGGED;
	return of_source ? source : target;
}

static int backup(struct cli *cli, int argc, char **argv)
{
	struct meter meter = meter_begin("backing up");
	const struct hf_backup_options options = {
	    .size = sizeof options,
	    .link = cli_flag(cli, "link"),
	    .progress = cli_progress(cli) ? meter_show : NULL,
	    .ctx = &meter,
	};
	struct hf_backup_facts facts = {.size = sizeof facts};
	struct hf_error error = {0};
	const char *directory = cli_directory(cli);
	(void)argc;
	if (!directory)
		return CLI_USAGE;
	const int rc = hf_backup(directory, argv[0], &options, &facts, &error);
	meter_wipe(&meter);
	if (rc != HF_OK)
		return cli_fail_about(cli, &error, about(rc, directory, argv[0]), "");
	show_backup(cli->out, argv[0], &facts);
	return CLI_OK;
}

static int restore(struct cli *cli, int argc, char **argv)
{
	const uint64_t above = cli_u64(cli, "epoch-above", 0);
	struct meter meter = meter_begin("restoring");
	const struct hf_restore_options options = {
	    .size = sizeof options,
	    .replace = cli_flag(cli, "replace"),
	    .allow_unsafe_fs = cli->allow_unsafe_fs,
	    .epoch_above = (uint16_t)above,
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
	const int rc = hf_restore(argv[0], directory, &options, &is, &error);
	meter_wipe(&meter);
	if (rc != HF_OK)
		return cli_fail_about(
		    cli, &error, about(rc, argv[0], directory),
		    rc == HF_ECONFLICT && !options.replace ? "; --replace replaces the store in it" : "");
	cli->changed = true;
	out_begin(cli->out, "restore");
	out_bytes(cli->out, "backup", hf_str(argv[0]));
	out_u64(cli->out, "lsn", is.lsn);
	show_uuid(cli->out, is.uuid);
	out_int(cli->out, "epoch", is.epoch);
	out_time(cli->out, "clock", is.clock);
	out_u64(cli->out, "entries", is.entries);
	out_end(cli->out);
	return CLI_OK;
}

/* clang-format off */
const struct cli_command backup_commands[] = {
	{"backup", NULL, "DEST", "copy the store into a directory, beside its writer",
	 "All that was acknowledged before is in it, and it is verified. DEST must not exist, be\n"
	 "empty, or hold an older backup of this store: then only what is new is copied. A backup\n"
	 "is read and never written: see restore.", CLI_NO_STORE, .run = backup,
	 OPTIONS({"link", NULL, "give files that are not written any more a second name, no copy"})},
	{"restore", NULL, "BACKUP", "make a store of a backup",
	 "The store's directory (-C) must not exist or be empty. The new store has a uuid of its own\n"
	 "and a greater epoch, so that no token is ever granted twice. BACKUP stays as it is; it may\n"
	 "also be a store that was copied in another way.", CLI_NO_STORE, .run = restore,
	 OPTIONS({"replace", NULL, "the store that is there goes, in one step"},
		{"epoch-above", "EPOCH", "the new epoch is above this one, too", CLI_U64})},
	{0},
};
