/* `holdfast export`: the store, or one inbox or queue of it, as a file of one of the three
 * kinds. */
#include "commands/commands.h"
#include "files/format.h"
#include "print/out.h"

static int write_all(struct export *export)
{
	struct cli *cli = export->cli;
	if (cli_given(cli, "user"))
		return export_inbox(export, cli_bytes(cli, "user"));
	if (cli_given(cli, "queue"))
		return export_outbox(export, cli_bytes(cli, "queue"));
	return export_jsonl(export);
}

/* With a file as its place, stdout is free for a report. */
static void report(const struct export *export)
{
	struct out *out = export->cli->out;
	if (!export->sink.path)
		return;
	out_begin(out, "export");
	out_text(out, "file", export->sink.path);
	out_u64(out, "objects", export->objects);
	out_end(out);
}

static int export_file(struct cli *cli, int argc, char **argv)
{
	struct export export = {.cli = cli};
	if (cli_given(cli, "user") + cli_given(cli, "queue") + cli_flag(cli, "jsonl") > 1)
		return cli_usage(cli,
		                 "--user, --queue and --jsonl each say another kind of file: give one");
	int rc = cli_open(cli);
	if (rc != CLI_OK)
		return rc;
	rc = sink_open(&export.sink, cli, argc > 0 ? argv[0] : NULL);
	if (rc == CLI_OK)
		rc = write_all(&export);
	if (rc == CLI_OK)
		rc = sink_commit(&export.sink);
	if (rc == CLI_OK)
		report(&export);
	sink_close(&export.sink);
	return rc;
}

/* clang-format off */
const struct cli_command export_commands[] = {
	{"export", NULL, "[FILE]", "write JSON Lines, an outbox array or a notification file",
	 "Without FILE or with `-` it writes to stdout.", .flags = CLI_READS, .run = export_file,
	 OPTIONS({"user", "USER", "this inbox as a notification file"},
		{"queue", "QUEUE", "this queue as an outbox array"},
		{"jsonl", NULL, "everything as JSON Lines; also without any of these options"})},
	{0},
};
