/* run-locked: a command that runs while this one holds a lock.
 *
 * Happy path: the store is opened, the lock taken with a lease, the store closed; the command
 * runs; each third of the lease the store is opened for a moment to renew; when the command ends
 * the lock is released and its exit status passed on. So others can use the store all the time,
 * and if this process dies the lock is free when its lease is over.
 *
 * Failure modes: the lock is held by another: exit status 4, or 3 when --for is over; nothing
 * was run. We are killed: the kernel kills the command. It is lost while the command runs
 * (it was forced, or the store could not be opened until the lease was over): the command
 * is asked to stop, killed if it does not, and the exit status is 4. When the lease is over is
 * judged by our own clock from before each grant, so we give up before anybody else can be
 * granted the lock. */
#include "cli/program.h"
#include "commands/commands.h"
#include "commands/hold.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RETRY_US 200000LL /* between two attempts to open a store that another has open */
#define GRACE_US 5000000LL /* from asking a command to stop to killing it */

enum { OWNER_SIZE = 128 };

struct run {
	struct cli *cli;
	struct hf_bytes name;
	hf_token token;
	int64_t lease_us;
	int64_t renew_at, lost_at; /* by hold_ticks() */
	pid_t child;
	bool lost;
	sigset_t waited, before; /* signals that the loop takes; the mask as it was */
};

/* Its own: another run under the same name must not take the lock over. */
static const char *owner_of(const struct cli *cli, char buffer[OWNER_SIZE])
{
	char host[65] = "";
	if (cli_given(cli, "owner"))
		return cli_text(cli, "owner");
	if (gethostname(host, sizeof host - 1) != 0 || !host[0])
		snprintf(host, sizeof host, "localhost");
	snprintf(buffer, OWNER_SIZE, "run-locked@%s:%ld:%llx", host, (long)getpid(),
	         (unsigned long long)cli_wall());
	return buffer;
}

/* --- The lock --------------------------------------------------------------------------------- */

/* Granted or renewed by a call that began then. */
static void held_from(struct run *run, int64_t began)
{
	run->renew_at = began + run->lease_us / 3;
	run->lost_at = began + run->lease_us;
}

static int take(struct run *run, const char *owner)
{
	struct cli *cli = run->cli;
	const struct hf_lock_acquire_args args = {.name = run->name,
	                                          .owner = hf_str(owner),
	                                          .lease_us = run->lease_us,
	                                          .wait_us = cli_i64(cli, "for", 0)};
	struct hf_result result = {0};
	struct hf_error error = {0};
	int64_t began = 0;
	int status = hold_acquire(cli, &args, &result, &began, &error);
	if (status != CLI_OK)
		return error.code == HF_OK ? status : cli_fail(cli, &error);
	run->token = result.token;
	held_from(run, began);
	return hold_close(cli);
}

/* Opens the store for a moment; HF_ELOCKED when another has it open for longer than `wait_us`. */
static int open_briefly(struct run *run, int64_t wait_us, struct hf_error *error)
{
	const struct hf_options options = {
	    .no_background = true, .allow_unsafe_fs = run->cli->allow_unsafe_fs, .wait_us = wait_us};
	return hf_open(run->cli->directory, &options, &run->cli->store, error);
}

static int close_again(struct run *run, int rc, struct hf_error *error)
{
	const int closed = hf_close(run->cli->store, rc == HF_OK ? error : NULL);
	run->cli->store = NULL;
	return rc == HF_OK ? closed : rc;
}

static void renew(struct run *run)
{
	const struct hf_lock_renew_args args = {
	    .name = run->name, .token = run->token, .lease_us = run->lease_us};
	struct hf_error error = {0};
	const int64_t began = hold_ticks();
	int rc = open_briefly(run, RETRY_US / 2, &error);
	if (rc == HF_OK)
		rc = close_again(run, hf_lock_renew(run->cli->store, NULL, &args, NULL, &error), &error);
	if (rc == HF_OK)
		held_from(run, began);
	else if (rc == HF_ESTALE)
		run->lost = true;
	else
		run->renew_at = hold_ticks() + RETRY_US; /* as long as the lease lasts */
}

/* The command has ended. What cannot be released is free when its lease is over. */
static int give_back(struct run *run)
{
	const struct hf_lock_release_args args = {.name = run->name, .token = run->token};
	struct hf_error error = {0};
	int rc = open_briefly(run, run->cli->wait_us, &error);
	if (rc == HF_OK)
		rc = close_again(run, hf_lock_release(run->cli->store, NULL, &args, NULL, &error), &error);
	run->lost = run->lost || rc == HF_ESTALE;
	if (rc != HF_OK && rc != HF_ESTALE) {
		cli_note(run->cli, "the lock could not be released, it is free when its lease is over: %s",
		         error.text);
	}
	return rc;
}

/* --- The command ------------------------------------------------------------------------------ */

static bool set_variables(const struct run *run)
{
	char token[24];
	snprintf(token, sizeof token, "%llu", (unsigned long long)run->token);
	return setenv("HOLDFAST_TOKEN", token, 1) == 0 &&
	       setenv("HOLDFAST_LOCK", run->name.data, 1) == 0;
}

static bool start(struct run *run, const char *path, char **argv)
{
	const pid_t self = getpid();
	run->child = fork();
	if (run->child != 0)
		return run->child > 0;
	if (program_dies_with(self) && program_takes_signals() &&
	    sigprocmask(SIG_SETMASK, &run->before, NULL) == 0)
		execv(path, argv);
	_exit(126);
}

/* A terminal sends its signals to the command too; what was sent to us alone is passed on. */
static void pass_on(const struct run *run, const siginfo_t *info)
{
	const bool by_terminal = info->si_code == SI_KERNEL;
	if (info->si_signo != SIGCHLD && !by_terminal)
		(void)kill(run->child, info->si_signo);
}

/* Until a signal comes, or at `until` by hold_ticks(). */
static void wait_for_signal(const struct run *run, int64_t until)
{
	const int64_t left = until - hold_ticks();
	const struct timespec timeout = {.tv_sec = left > 0 ? left / 1000000 : 0,
	                                 .tv_nsec = left > 0 ? left % 1000000 * 1000 : 0};
	siginfo_t info;
	if (sigtimedwait(&run->waited, &info, &timeout) > 0)
		pass_on(run, &info);
}

/* Has it ended? *status is that of waitpid. */
static bool ended(const struct run *run, int *status)
{
	pid_t found;
	do {
		found = waitpid(run->child, status, WNOHANG);
	} while (found < 0 && errno == EINTR);
	return found != 0;
}

/* We are fenced: whatever the command still does is no longer protected. */
static void stop(struct run *run, int *status)
{
	const int64_t until = hold_ticks() + GRACE_US;
	cli_note(run->cli, "the lock was lost: the command is stopped");
	(void)kill(run->child, SIGTERM);
	while (!ended(run, status)) {
		if (hold_ticks() >= until)
			(void)kill(run->child, SIGKILL);
		wait_for_signal(run, hold_ticks() + RETRY_US);
	}
}

static void watch(struct run *run, int *status)
{
	while (!ended(run, status)) {
		run->lost = run->lost || hold_ticks() >= run->lost_at;
		if (run->lost) {
			stop(run, status);
			return;
		}
		if (hold_ticks() >= run->renew_at)
			renew(run);
		else
			wait_for_signal(run, run->renew_at);
	}
}

static int run_program(struct run *run, const char *path, char **argv)
{
	int status = 0;
	if (!set_variables(run) || !start(run, path, argv)) {
		(void)give_back(run);
		return cli_fail_with(run->cli, HF_ENOMEM, "the command could not be started: %s",
		                     strerror(errno));
	}
	watch(run, &status);
	(void)give_back(run);
	if (run->lost)
		return cli_fail_with(run->cli, HF_ESTALE, "the lock was lost while the command ran");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Signals wait for the loop: none may end us while the command goes on. */
static bool hold_signals(struct run *run)
{
	static const int signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT};
	bool ok = sigemptyset(&run->waited) == 0;
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		ok = ok && sigaddset(&run->waited, signals[i]) == 0;
	return ok && sigprocmask(SIG_BLOCK, &run->waited, &run->before) == 0;
}

static int run_locked(struct cli *cli, int argc, char **argv)
{
	char owner[OWNER_SIZE];
	struct run run = {
	    .cli = cli, .name = hf_str(argv[0]), .lease_us = cli_i64(cli, "lease", HOLD_LEASE_US)};
	(void)argc;
	char *path = program_find(argv[1]);
	if (!path)
		return cli_usage(cli, "'%s' is no program that can be run", argv[1]);
	int status = take(&run, owner_of(cli, owner));
	if (status == CLI_OK && !hold_signals(&run))
		status = cli_fail_with(cli, HF_EIO, "signals cannot be held: %s", strerror(errno));
	if (status == CLI_OK)
		status = run_program(&run, path, argv + 1);
	free(path);
	return status;
}

/* clang-format off */
const struct cli_command run_locked_commands[] = {
	{"run-locked", NULL, "NAME COMMAND...", "run a command while holding a lock",
	 "COMMAND gets HOLDFAST_LOCK and HOLDFAST_TOKEN in its environment; its exit status becomes "
	 "that of this command (128 and the\nsignal if it was killed). 4: the lock is held by another, "
	 "or was lost and COMMAND was stopped; 3: it was held until --for was over. The store is\nopen "
	 "only to take, renew and release the lock. Put `--` before a COMMAND with options of its own.",
	 .run = run_locked,
	 OPTIONS({"lease", "TIME", "the lock is free so long after this command died (30s)",
		 CLI_DURATION, HOLD_LEASE},
		{"for", "TIME", "try so long while another holds the lock (0)", CLI_DURATION},
		{"owner", "NAME", "who holds it, for people to read; the same owner takes the lock over "
		 "(HOST, process and time)"})},
	{0},
};
