/* tier: fast, threads */
/* A drain and a run under a lock that are told to end, or are killed: what becomes of their
 * command and of the item. */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/test.h"

static char directory[] = "/tmp/holdfast-drain-XXXXXX";

static int __attribute__((format(printf, 1, 2))) shell(const char *format, ...)
{
	char line[1024];
	va_list list;
	va_start(list, format);
	(void)vsnprintf(line, sizeof line, format, list);
	va_end(list);
	const int status = system(line);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void nap(void)
{
	(void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

/* The tool with this command line, whose command writes its number into the file "pid". */
static pid_t start(const char *command)
{
	const pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		char line[1024];
		(void)snprintf(line, sizeof line,
		               "cd %s && exec " HF_TOOL
		               " -q -C s %s -- sh -c 'echo $$ > pid.new; mv pid.new pid; exec sleep 600'",
		               directory, command);
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	return child;
}

static pid_t command_of(void)
{
	char path[256], line[32];
	int pid = 0;
	(void)snprintf(path, sizeof path, "%s/pid", directory);
	for (unsigned i = 0; i < 1500 && pid == 0; i++) {
		FILE *file = fopen(path, "r");
		if (file) {
			pid = fgets(line, sizeof line, file) ? (int)strtol(line, NULL, 10) : 0;
			(void)fclose(file);
		}
		nap();
	}
	assert_true(pid > 0);
	(void)unlink(path);
	return pid;
}

static bool gone(pid_t pid)
{
	for (unsigned i = 0; i < 500; i++) {
		if (kill(pid, 0) != 0)
			return true;
		nap();
	}
	return false;
}

static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(shell("cd %s && " HF_TOOL " -q -C s init && " HF_TOOL
	                       " -q -C s outbox enqueue q 1 2 --payload p",
	                       directory),
	                 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return shell("rm -rf %s", directory);
}

static void a_drain_that_is_told_to_end_takes_its_command_along_and_counts_no_attempt(void **state)
{
	(void)state;
	int status;
	const pid_t tool = start("queue drain q");
	const pid_t command = command_of();
	assert_int_equal(kill(tool, SIGTERM), 0);
	assert_int_equal(waitpid(tool, &status, 0), tool);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGTERM);
	assert_true(gone(command));
	assert_int_equal(
	    shell("cd %s && " HF_TOOL
	          " -C s --json outbox get q 1 | grep '\"queued\"' | grep -q '\"attempts\":0'",
	          directory),
	    0);
}

static void a_command_dies_with_a_drain_that_is_killed(void **state)
{
	(void)state;
	const pid_t tool = start("queue drain q");
	const pid_t command = command_of();
	assert_int_equal(kill(tool, SIGKILL), 0);
	assert_int_equal(waitpid(tool, NULL, 0), tool);
	assert_true(gone(command));
}

static void a_command_dies_with_a_run_under_a_lock_that_is_killed(void **state)
{
	(void)state;
	const pid_t tool = start("run-locked l");
	const pid_t command = command_of();
	assert_int_equal(kill(tool, SIGKILL), 0);
	assert_int_equal(waitpid(tool, NULL, 0), tool);
	assert_true(gone(command));
}

static void a_drain_of_which_a_send_failed_says_so(void **state)
{
	(void)state;
	assert_int_equal(shell("cd %s && " HF_TOOL " -q -C s queue drain q -- false", directory), 1);
	assert_int_equal(shell("cd %s && " HF_TOOL " -q -C s queue drain q -- true", directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_drain_that_is_told_to_end_takes_its_command_along_and_counts_no_attempt),
	    cmocka_unit_test(a_command_dies_with_a_drain_that_is_killed),
	    cmocka_unit_test(a_command_dies_with_a_run_under_a_lock_that_is_killed),
	    cmocka_unit_test(a_drain_of_which_a_send_failed_says_so),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
