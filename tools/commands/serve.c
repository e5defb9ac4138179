/* serve: one store for clients of other languages, until it is told to end. */
#include "serve/serve.h"
#include "commands/commands.h"
#include "print/out.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Signals that end it are read by its loop; blocked before the store has threads. */
static int signals_of_end(void)
{
	sigset_t ends;
	if (sigemptyset(&ends) != 0 || sigaddset(&ends, SIGTERM) != 0 || sigaddset(&ends, SIGINT) != 0)
		return -1;
	return pthread_sigmask(SIG_BLOCK, &ends, NULL) == 0
	           ? signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK)
	           : -1;
}

static int tell_where(struct cli *cli, const struct place *place)
{
	out_begin(cli->out, "serve");
	out_bytes(cli->out, "directory", hf_str(cli->directory));
	out_bytes(cli->out, "resp", hf_str(place->shown));
	out_end(cli->out);
	return out_flush(cli);
}

static int serve_at(struct cli *cli, struct place *place, char *password, int ends)
{
	const struct serve_options options = {.directory = cli->directory,
	                                      .password = password,
	                                      .room = cli_u64(cli, "memory", 0),
	                                      .connections = (unsigned)cli_u64(cli, "connections", 0)};
	struct hf_error error = {0};
	struct serve *serve = serve_new(cli->store, &options, &error);
	if (!serve)
		return cli_fail(cli, &error);
	int rc = serve_until(serve, ends, &error);
	if (rc == HF_OK)
		rc = serve_listen(serve, place->fd, place->local, &error);
	if (rc == HF_OK) {
		place->fd = -1; /* its own from here on */
		rc = place_show(place, &error);
	}
	int status = rc == HF_OK ? tell_where(cli, place) : CLI_OK;
	if (rc == HF_OK && status == CLI_OK)
		rc = serve_run(serve, -1, &error);
	serve_free(serve);
	return rc == HF_OK ? status : cli_fail(cli, &error);
}

static int open_and_serve(struct cli *cli, const char *where, char *password)
{
	struct place place = {.fd = -1};
	struct hf_error error = {0};
	const int ends = signals_of_end();
	if (ends < 0)
		return cli_fail_with(cli, HF_ENOSPACE, "signals cannot be held: %s", strerror(errno));
	int status = CLI_OK;
	if (serve_place_make(&place, where, cli->directory, &error) != HF_OK)
		status = cli_fail(cli, &error);
	if (status == CLI_OK)
		status = cli_open_with(cli, cli_store_options(cli));
	if (status == CLI_OK)
		status = serve_at(cli, &place, password, ends);
	place_end(&place);
	(void)close(ends);
	return status;
}

static int run_serve(struct cli *cli, int argc, char **argv)
{
	const char *where = cli_text(cli, "resp"), *file = cli_text(cli, "auth-file");
	struct hf_error error = {0};
	char *password = NULL;
	cli->directory = argc > 0 ? argv[0] : cli->directory;
	if (!cli_directory(cli))
		return CLI_USAGE;
	if (serve_is_address(where) && !file)
		return cli_usage(cli, "an address needs --auth-file: all of this host reach it");
	if (file && serve_password(file, &password, &error) != HF_OK)
		return cli_fail(cli, &error);
	const int status = open_and_serve(cli, where, password);
	free(password);
	return status;
}

/* clang-format off */
const struct cli_command serve_commands[] = {
	{"serve", NULL, "[DIR]", "serve the store to clients that speak RESP, as those of Redis do",
	 "Every call is a command: OUTBOX.ENQUEUE queue id payload PRIORITY 3; HELP lists them. It "
	 "holds the store's lock, writes where it listens\nto stdout, and ends at SIGTERM or SIGINT. "
	 "Who may write to the store's directory may use a socket; an address of this host needs\n"
	 "--auth-file, a file with one line that others cannot read. DIR, else -C, else HOLDFAST_DIR.",
	 .run = run_serve,
	 OPTIONS({"resp", "PLACE", "the path of a socket, or 127.0.0.1:PORT (0: any)", CLI_TEXT,
		 .required = true},
		{"auth-file", "FILE", "the password that clients have to give", CLI_TEXT},
		{"connections", "N", "at most so many; half of the descriptors that there may be, as "
		 "without it", CLI_U32},
		{"memory", "BYTES", "that all connections together may keep (256 MiB)", CLI_U64},
		OPTIONS_OF_UPKEEP,
		{"compact-bytes", "BYTES", "of log up to which no compaction begins (64 MiB)", CLI_U64},
		{"scrub-bytes-per-second", "BYTES", "of its files that are verified again (none)", CLI_U64},
		{"scrub-interval", "DURATION", "from one round of that to the next (24h)", CLI_DURATION},
		{"inline-max", "BYTES", "of payloads that are kept in memory (256)", CLI_U32})},
	{0},
};
