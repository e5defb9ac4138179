/* holdfast: the command line over the library.
 *
 * Order matters at the end: first the store is closed, so that the next in turn may begin, then
 * the report goes out. A report that cannot be written is a failure of its own (CLI_IO), but the
 * change is on disk by then. SIGPIPE and SIGXFSZ are ignored, so that a reader who
 * went away, or a limit for files, is seen as a failed write and not as a sudden death between the
 * two. */
#include "cli/args.h"
#include "cli/call.h"
#include "cli/help.h"
#include "cli/program.h"
#include "print/out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* A process may be started with its standard files closed. The store's files must not get their
 * numbers, or what is meant for stdout would be written into the log: fill the gaps with
 * something that cannot be read (0), cannot be written to (1) or swallows all (2). */
static bool fill_standard_files(void)
{
	for (int file = 0; file <= 2; file++)
		if (fcntl(file, F_GETFD) == -1 && errno == EBADF &&
		    open("/dev/null", file == 1 ? O_RDONLY : O_WRONLY) != file)
			return false;
	return true;
}

static int close_store(struct cli *cli, int status)
{
	/* Still pointed to, so that leak checkers take it for what it is. */
	static hf_store *left;
	struct hf_error error = {0};
	left = cli->store;
	cli->store = NULL;
	const int rc = hf_close_at_exit(left, &error);
	if (rc != HF_OK && status == CLI_OK)
		status = cli_fail(cli, &error);
	return status;
}

/* `now` is the store's: it has to be open before a command looks at its options. */
static int open_for_now(struct cli *cli)
{
	bool now = false;
	for (size_t i = 0; i < cli->values_count; i++)
		now = now || (cli->values[i].given && cli->values[i].now);
	return now && !(cli->command->flags & CLI_NO_STORE) ? cli_open(cli) : CLI_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct args args = {0};
	int status = args_read(cli, argc, argv, &args);
	cli->out = out_new(cli->json, stdout);
	if (!cli->out)
		return cli_fail_with(cli, HF_ENOMEM, "there is no memory to begin with");
	if (status != CLI_OK)
		return status;
	if (args.help || args.version) {
		help_asked(cli, &args);
	} else {
		status = open_for_now(cli);
		int (*const command)(struct cli *, int, char **) =
		    cli->command->run ? cli->command->run : call_run;
		status = status ? status : command(cli, args.count, args.values);
	}
	status = close_store(cli, status);
	const int flushed = out_flush(cli);
	return status ? status : flushed;
}

int main(int argc, char **argv)
{
	struct cli cli = {0};
	if (!fill_standard_files() || !signals_ignore())
		return CLI_IO;
	const int status = run(&cli, argc, argv);
	out_free(cli.out);
	free(cli.content);
	return status;
}
