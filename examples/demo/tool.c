#include "tool.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *tool_program = "holdfast";

void tool_use(const char *program)
{
	tool_program = program;
}

static void tell_failure(const char *const *arguments, int status)
{
	fprintf(stderr, "demo: %s", tool_program);
	for (; *arguments; arguments++)
		fprintf(stderr, " %s", *arguments);
	if (WIFEXITED(status))
		fprintf(stderr, ": ended with %d\n", WEXITSTATUS(status));
	else
		fprintf(stderr, ": killed by signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

static void become_tool(const char *output, const char *const *arguments)
{
	char *argv[TOOL_ARGUMENTS_MAX + 2] = {NULL};
	int file = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (file < 0 || dup2(file, STDOUT_FILENO) < 0) {
		perror(output);
		return;
	}
	argv[0] = strdup(tool_program);
	for (int i = 0; i < TOOL_ARGUMENTS_MAX && arguments[i]; i++)
		argv[i + 1] = strdup(arguments[i]); /* execvp() wants them writable */
	execvp(tool_program, argv);
	perror(tool_program);
}

bool tool_run(const char *output, const char *const *arguments)
{
	int status = -1;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		become_tool(output, arguments);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child) {
		perror("demo: fork");
		return false;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	tell_failure(arguments, status);
	return false;
}
