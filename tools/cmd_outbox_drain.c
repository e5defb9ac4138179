/* outbox drain: a command for each item, payload on its stdin, exit status 0 for delivered.
 *
 * What the command prints goes to stderr: stdout is for our own report. Whether it can be started at all is asked before the first
 * claim, or a misspelt name would cost every item an attempt. A command that does not read its stdin is fine: the payload is then
 * dropped where its pipe broke. It inherits nothing but the three standard files; the store's files are closed on exec. */
#include "commands.h"
#include "out.h"
#include "program.h"
#include "show.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

const struct cli_option outbox_drain_options[] = {
    {"max-attempts", CLI_U32, "COUNT", "attempts until an item is given up (the item's, else the queue's)", false},
    {"backoff", CLI_CHOICE, "none|fixed|exponential", "how the delay before the next attempt grows (none)", false},
    {"delay", CLI_DURATION, "TIME", "of the backoff", false},
    {"cap", CLI_DURATION, "TIME", "the backoff is never longer (0: no cap)", false},
    {"owner", CLI_TEXT, "NAME", "who claims, for people to read (drain)", false},
    {"lease", CLI_DURATION, "TIME", "of each claim; 0: until it is done or this command ends (0)", false},
    {"skip-delayed", CLI_SWITCH, NULL, "leave alone what is not available yet", false},
    {NULL, CLI_SWITCH, NULL, NULL, false},
};

struct draining {
	struct cli *cli;
	char *path; /* of the program */
	char **argv; /* ends with NULL */
	const char *queue;
	uint64_t done;
};

/* --- One item ------------------------------------------------------------------------------------------------------------- */

/* A variable cannot hold every id byte for byte, but every byte an id may have: NUL is the only one it may not. */
static bool set_variable(const char *name, struct hf_bytes value)
{
	char *text = strndup(value.len ? value.data : "", value.len);
	const bool ok = text && setenv(name, text, 1) == 0;
	free(text);
	return ok;
}

static bool set_variables(const struct draining *draining, const struct hf_outbox_item *item)
{
	char attempts[16];
	snprintf(attempts, sizeof attempts, "%u", item->attempts);
	return set_variable("HOLDFAST_ID", item->id) && setenv("HOLDFAST_ATTEMPTS", attempts, 1) == 0 &&
	       setenv("HOLDFAST_QUEUE", draining->queue, 1) == 0;
}

/* In the child: never returns. */
static void become_program(const struct draining *draining, int input)
{
	/* What is ignored stays ignored over exec; the program expects to die of a broken pipe like any other. */
	if (signal(SIGPIPE, SIG_DFL) == SIG_ERR || dup2(input, STDIN_FILENO) == -1 || dup2(STDERR_FILENO, STDOUT_FILENO) == -1) {
		_exit(126);
	}
	execv(draining->path, draining->argv);
	_exit(126);
}

/* The reader may go away before the end: its choice, and SIGPIPE is ignored. */
static void feed(int pipe, struct hf_bytes payload)
{
	const char *at = payload.data;
	size_t left = payload.len;
	while (left > 0) {
		const ssize_t wrote = write(pipe, at, left);
		if (wrote < 0 && errno != EINTR) {
			return;
		}
		at += wrote > 0 ? wrote : 0;
		left -= wrote > 0 ? (size_t)wrote : 0;
	}
}

static bool judge(int status, char *reason, size_t size)
{
	if (WIFSIGNALED(status)) {
		snprintf(reason, size, "killed by signal %d", WTERMSIG(status));
	} else if (WEXITSTATUS(status) != 0) {
		snprintf(reason, size, "exit status %d", WEXITSTATUS(status));
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool run_program(struct draining *draining, const struct hf_outbox_item *item, char *reason, size_t size)
{
	int ends[2], status = 0;
	if (!set_variables(draining, item) || pipe2(ends, O_CLOEXEC) != 0) {
		snprintf(reason, size, "the command could not be prepared: %s", strerror(errno));
		return false;
	}
	const pid_t child = fork();
	if (child == 0) {
		become_program(draining, ends[0]);
	}
	close(ends[0]);
	if (child > 0) {
		feed(ends[1], item->payload);
	}
	close(ends[1]);
	if (child < 0) {
		snprintf(reason, size, "the command could not be started: %s", strerror(errno));
		return false;
	}
	while (waitpid(child, &status, 0) == -1 && errno == EINTR) {
	}
	return judge(status, reason, size);
}

static bool send_item(void *ctx, const struct hf_outbox_item *item, char *reason, size_t size)
{
	struct draining *draining = ctx;
	const bool sent = run_program(draining, item, reason, size);
	draining->done++;
	if (cli_progress(draining->cli)) {
		fprintf(stderr, "%llu items\r", (unsigned long long)draining->done);
	}
	return sent;
}

/* --- The pass ------------------------------------------------------------------------------------------------------------- */

static struct hf_outbox_drain drain_args(const struct cli *cli, const char *queue)
{
	static const enum hf_outbox_backoff_kind kinds[] = {HF_OUTBOX_BACKOFF_NONE, HF_OUTBOX_BACKOFF_FIXED, HF_OUTBOX_BACKOFF_EXPONENTIAL};
	struct hf_outbox_drain args = {
	    .queue = hf_str(queue),
	    .send = send_item,
	    .max_attempts = (uint32_t)cli_u64(cli, "max-attempts", 0),
	    .backoff = {kinds[cli_u64(cli, "backoff", 0)], cli_i64(cli, "delay", 0), cli_i64(cli, "cap", 0)},
	    .owner = cli_bytes(cli, "owner"),
	    .lease_us = cli_i64(cli, "lease", 0),
	    .skip_delayed = cli_flag(cli, "skip-delayed"),
	    .durability = cli_write(cli).durability,
	};
	return args;
}

static void report(struct cli *cli, const struct hf_outbox_drained *drained)
{
	if (!cli->json && cli->quiet) {
		return;
	}
	out_begin(cli->out, "outbox-drained");
	out_u64(cli->out, "sent", drained->sent);
	out_u64(cli->out, "failed", drained->failed);
	out_u64(cli->out, "requeued", drained->requeued);
	out_u64(cli->out, "skipped", drained->skipped);
	out_end(cli->out);
}

int cmd_outbox_drain(struct cli *cli, int argc, char **argv)
{
	/* A pass may last: the upkeep thread prepares log files meanwhile. */
	const struct hf_options options = {.no_background = false};
	struct draining draining = {.cli = cli, .path = program_find(argv[1]), .argv = argv + 1, .queue = argv[0]};
	struct hf_outbox_drain args = drain_args(cli, argv[0]);
	struct hf_outbox_drained drained = {0};
	struct hf_error error = {0};
	(void)argc;
	if (!draining.path) {
		return cli_usage(cli, "'%s' is no program that can be run", argv[1]);
	}
	args.ctx = &draining;
	int status = cli_open_with(cli, options);
	if (status == CLI_OK) {
		const int rc = hf_outbox_drain(cli->store, &args, &drained, &error);
		cli->changed = draining.done > 0;
		report(cli, &drained);
		status = rc == HF_OK ? CLI_OK : cli_fail(cli, &error);
	}
	free(draining.path);
	return status;
}
