/* What the examples share, and a service would do in its own way: end with a sentence when a
 * call failed, say what was found to be so, and be killed. Everything else that they use is in
 * the public headers. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <holdfast/holdfast.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define MILLISECONDS(n) ((int64_t)(n)*1000)
#define SECONDS(n) ((int64_t)(n)*1000000)

/* The call must have succeeded. */
static inline void must(int rc, const struct hf_error *error)
{
	if (rc == HF_OK)
		return;
	fprintf(stderr, "%s: %s\n", hf_code_name(error->code), error->text);
	exit(1);
}

/* The same for the system's calls. */
static inline void need(bool done, const char *what)
{
	if (done)
		return;
	perror(what);
	exit(1);
}

/* What the example promises has to be so. */
static inline void check(bool so, const char *fact)
{
	if (!so) {
		fprintf(stderr, "NOT SO: %s\n", fact);
		exit(1);
	}
	printf("   ok     %s\n", fact);
}

static inline bool equal(struct hf_bytes a, struct hf_bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* The arguments that "%.*s" wants. */
#define TEXT(bytes) (int)(bytes).len, (const char *)(bytes).data

static inline hf_store *open_store(void)
{
	const struct hf_options options = {.create = true};
	struct hf_error error;
	hf_store *store;

	must(hf_open("store", &options, &store, &error), &error);
	return store;
}

static inline void close_store(hf_store *store)
{
	struct hf_error error;

	must(hf_close(store, &error), &error);
}

/* Runs `work` in a process of its own, which is killed with its store open as soon as `work`
 * returns: no close, no flush, no farewell. */
static inline void run_and_kill(void (*work)(hf_store *store))
{
	int status = 0;

	fflush(stdout);
	const pid_t child = fork();
	need(child >= 0, "fork");
	if (child == 0) {
		work(open_store());
		fflush(stdout);
		kill(getpid(), SIGKILL);
	}
	check(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	      "the process was killed");
}

#endif
