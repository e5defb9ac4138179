#include "lib/counted.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_include)
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#endif
#endif

enum { WORDS_MAX = 16 };

bool counted_can(void)
{
#ifdef CALLGRIND_START_INSTRUMENTATION
	return true;
#else
	return false;
#endif
}

void counted_begin(void)
{
#ifdef CALLGRIND_START_INSTRUMENTATION
	CALLGRIND_START_INSTRUMENTATION;
	CALLGRIND_ZERO_STATS;
#endif
}

void counted_end(void)
{
#ifdef CALLGRIND_START_INSTRUMENTATION
	CALLGRIND_DUMP_STATS;
	CALLGRIND_STOP_INSTRUMENTATION;
#endif
}

/* Of one part's file, which is removed. Below 0: it has no total. */
static double total_of(const char *path)
{
	char line[4096];
	double total = -1;
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file))
		if (strncmp(line, "totals: ", 8) == 0)
			total = strtod(line + 8, NULL);
	if (file)
		(void)fclose(file);
	(void)unlink(path);
	return total;
}

static void become(const char *out, const char *log, const char *const words[])
{
	char self[4096];
	const char *argv[WORDS_MAX + 8] = {
	    "valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", out, log, self, "--inside"};
	const ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
	if (len <= 0)
		_exit(127);
	self[len] = '\0';
	for (size_t i = 0; words[i] && i < WORDS_MAX - 1; i++)
		argv[8 + i] = words[i];
	(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

bool counted_run(const char *directory, const char *const words[], double *out, unsigned parts)
{
	char file[4096 + 32], log[4096 + 32], part[4096];
	int status = 0;
	bool good = true;
	(void)snprintf(file, sizeof file, "--callgrind-out-file=%s/counted", directory);
	(void)snprintf(log, sizeof log, "--log-file=%s/counted.log", directory);
	(void)fflush(NULL); /* the child must not print it again */
	const pid_t child = fork();
	if (child == 0)
		become(file, log, words);
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
		fprintf(stderr, "valgrind: it did not run, or what it ran failed\n");
		return false;
	}
	for (unsigned i = 0; i < parts; i++) {
		(void)snprintf(part, sizeof part, "%s/counted.%u", directory, i + 1);
		out[i] = total_of(part);
		good = good && out[i] >= 0;
	}
	(void)snprintf(part, sizeof part, "%s/counted", directory);
	(void)unlink(part);
	(void)unlink(log + strlen("--log-file="));
	if (!good)
		fprintf(stderr, "valgrind: a part was not counted\n");
	return good;
}
