/* outbox drain: a command for each item, payload on its stdin, exit status 0 for delivered.
 *
 * What the command prints goes to stderr: stdout is for our own report. Whether it can be
 * started at all is asked before the first claim, or a misspelt name would cost every item an
 * attempt. A command that does not read its stdin is fine: the payload is then dropped where its
 * pipe broke. It inherits nothing but the three standard files; the store's files are closed on
 * exec.
 *
 * The command runs in a process group of its own. A signal that asks us to end is passed on to
 * the group, which is killed if it does not end in time; the item is then given back without an
 * attempt, unless it was delivered all the same, and the pass ends. If we are killed the kernel
 * kills the command. */
#include "cli/program.h"
#include "commands/outbox.h"
#include "print/out.h"
#include "print/show.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* clang-format off */
const struct cli_option outbox_drain_options[] = {
	{"max-attempts", "COUNT", "attempts until an item is given up (the item's, else the queue's)"},
	BACKOFF,
	{"owner", "NAME", "who claims, for people to read (drain)"},
	{"lease", "TIME", "of each claim; 0: until it is done or this command ends (0)"},
	{"with-delayed", NULL, "what is not due yet, too"},
	{"with-paused", NULL, "although the queue is paused"},
	{0},
};
/* clang-format on */

struct draining {
	struct cli *cli;
	char *path; /* of the program */
	char **argv; /* ends with NULL */
	const char *queue;
	uint64_t done, failures;
	int signals; /* what asks us to end, as a file */
	int signal; /* the one that came; 0: none */
	int64_t kill_at; /* when the command is killed, by the monotonic clock; 0: never */
	sigset_t before; /* the mask as it was */
};

#define GRACE_US 5000000

/* --- One item --------------------------------------------------------------------------------- */

/* A variable cannot hold every id byte for byte, but every byte an id may have: NUL is the only
 * one it may not. */
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
static void become_program(const struct draining *draining, pid_t parent, int input)
{
	if (setpgid(0, 0) != 0 || !program_dies_with(parent) || !program_takes_signals() ||
	    dup2(input, STDIN_FILENO) == -1 || dup2(STDERR_FILENO, STDOUT_FILENO) == -1 ||
	    sigprocmask(SIG_SETMASK, &draining->before, NULL) != 0)
		_exit(126);
	execv(draining->path, draining->argv);
	_exit(126);
}

/* A signal has come: the command's whole group gets it. */
static void pass_on(struct draining *draining, pid_t child)
{
	struct signalfd_siginfo info;
	while (read(draining->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		draining->signal = (int)info.ssi_signo;
		(void)kill(-child, draining->signal);
		if (draining->kill_at == 0)
			draining->kill_at = cli_monotonic() + GRACE_US;
	}
	if (draining->kill_at != 0 && cli_monotonic() >= draining->kill_at)
		(void)kill(-child, SIGKILL);
}

/* Until the pipe takes more, a signal comes, or a while is over. */
static void wait_for(const struct draining *draining, int pipe)
{
	struct pollfd files[2] = {{.fd = draining->signals, .events = POLLIN},
	                          {.fd = pipe, .events = POLLOUT}};
	(void)poll(files, pipe >= 0 ? 2 : 1, 200);
}

/* The reader may go away before the end: its choice, and SIGPIPE is ignored. Closes the pipe
 * when all is written or the reader is gone. */
static void feed(int *pipe, struct hf_bytes payload, size_t *at)
{
	while (*pipe >= 0 && *at < payload.len) {
		const ssize_t wrote = write(*pipe, (const char *)payload.data + *at, payload.len - *at);
		if (wrote > 0)
			*at += (size_t)wrote;
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			*at = payload.len;
	}
	if (*pipe >= 0) {
		close(*pipe);
		*pipe = -1;
	}
}

/* Feeds it and passes signals on until it has ended. The status of waitpid. */
static int attend(struct draining *draining, pid_t child, int pipe, struct hf_bytes payload)
{
	int status = 0;
	size_t at = 0;
	draining->kill_at = draining->signal ? cli_monotonic() + GRACE_US : 0;
	while (waitpid(child, &status, WNOHANG) == 0) {
		feed(&pipe, payload, &at);
		wait_for(draining, pipe);
		pass_on(draining, child);
	}
	if (pipe >= 0)
		close(pipe);
	return status;
}

static bool judge(int status, char *reason, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(reason, size, "killed by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		snprintf(reason, size, "exit status %d", WEXITSTATUS(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* false: it never ran, which is no attempt. */
static bool run_program(struct draining *draining, const struct hf_outbox_item *item, int *status,
                        char *reason, size_t size)
{
	int ends[2];
	const pid_t self = getpid();
	if (!set_variables(draining, item) || pipe2(ends, O_CLOEXEC) != 0) {
		snprintf(reason, size, "the command could not be prepared: %s", strerror(errno));
		return false;
	}
	(void)fcntl(ends[1], F_SETFL, O_NONBLOCK);
	const pid_t child = fork();
	if (child == 0)
		become_program(draining, self, ends[0]);
	close(ends[0]);
	if (child < 0) {
		snprintf(reason, size, "the command could not be started: %s", strerror(errno));
		close(ends[1]);
		return false;
	}
	(void)setpgid(child, child); /* whichever of the two comes first */
	*status = attend(draining, child, ends[1], item->payload);
	return true;
}

static unsigned send_item(void *ctx, const struct hf_outbox_item *item, char *reason, size_t size)
{
	struct draining *draining = ctx;
	int status = 0;
	if (!run_program(draining, item, &status, reason, size)) {
		cli_note(draining->cli, "%s", reason);
		draining->failures++;
		return HF_OUTBOX_SEND_RELEASE | HF_OUTBOX_SEND_END;
	}
	const bool sent = judge(status, reason, size);
	draining->done++;
	if (cli_progress(draining->cli))
		fprintf(stderr, "%llu items\r", (unsigned long long)draining->done);
	if (draining->signal)
		return (sent ? HF_OUTBOX_SEND_DONE : HF_OUTBOX_SEND_RELEASE) | HF_OUTBOX_SEND_END;
	draining->failures += !sent;
	return sent ? HF_OUTBOX_SEND_DONE : HF_OUTBOX_SEND_FAILED;
}

/* Signals wait for us: none may end us while the command goes on. */
static bool hold_signals(struct draining *draining)
{
	static const int signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT};
	sigset_t held;
	bool ok = sigemptyset(&held) == 0;
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		ok = ok && sigaddset(&held, signals[i]) == 0;
	ok = ok && sigprocmask(SIG_BLOCK, &held, &draining->before) == 0;
	draining->signals = ok ? signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
	return draining->signals >= 0;
}

/* --- The pass --------------------------------------------------------------------------------- */

static void report(struct cli *cli, const struct hf_outbox_drained *drained)
{
	if (!cli->json && cli->quiet)
		return;
	show_object(cli->out, rows_struct("hf_outbox_drained"), drained, hf_str(NULL), false);
}

int outbox_drain(struct cli *cli, int argc, char **argv)
{
	/* A pass may last: the upkeep thread prepares log files meanwhile. */
	const struct hf_options options = {.no_background = false};
	struct draining draining = {.cli = cli,
	                            .signals = -1,
	                            .path = program_find(argv[1]),
	                            .argv = argv + 1,
	                            .queue = argv[0]};
	struct hf_outbox_drain_args args = {0};
	struct hf_outbox_drained drained = {0};
	struct hf_error error = {0};
	int status = call_args(cli, argc, argv, &args);
	if (status == CLI_OK && !draining.path)
		status = cli_usage(cli, "'%s' is no program that can be run", argv[1]);
	args.send = send_item;
	args.ctx = &draining;
	if (status == CLI_OK && !hold_signals(&draining))
		status = cli_fail_with(cli, HF_EIO, "signals cannot be held: %s", strerror(errno));
	if (status == CLI_OK)
		status = cli_open_with(cli, options);
	if (status == CLI_OK) {
		const int rc = hf_outbox_drain(cli->store, &args, &drained, &error);
		cli->changed = draining.done > 0;
		report(cli, &drained);
		status = rc == HF_OK ? CLI_OK : cli_fail(cli, &error);
	}
	if (status == CLI_OK && draining.failures > 0)
		status = CLI_NO; /* a send failed */
	if (draining.signal)
		status = 128 + draining.signal;
	free(draining.path);
	return status;
}
