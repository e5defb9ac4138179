#include "lib/crew.h"

#include <holdfast/outbox.h>
#include <holdfast/store.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	THREADS_MAX = 64,
	LINE_MAX_BYTES = 1 + HF_KEY_MAX + 1, /* step, id, newline: below PIPE_BUF, so that a write to the pipe is whole or absent */
};

struct crew {
	hf_store *store;
	struct hf_bytes queue;
	int pipe;
};

/* --- In the child --------------------------------------------------------------------------------------------------------- */

static bool tell(const struct crew *crew, enum crew_step step, struct hf_bytes id)
{
	char line[LINE_MAX_BYTES];

	line[0] = (char)step;
	memcpy(line + 1, id.data, id.len);
	line[1 + id.len] = '\n';
	return write(crew->pipe, line, id.len + 2) == (ssize_t)id.len + 2;
}

static bool work_on(const struct crew *crew, const struct hf_outbox_item *item, struct hf_error *error)
{
	struct hf_outbox_complete done = {.queue = crew->queue, .id = item->id, .token = item->token};

	return tell(crew, CREW_SENDING, item->id) && hf_outbox_complete(crew->store, NULL, &done, NULL, error) == HF_OK &&
	       tell(crew, CREW_DONE, item->id);
}

/* Returns its argument, or NULL after a failure. */
static void *worker_main(void *arg)
{
	struct crew *crew = arg;
	struct hf_outbox_claim_next next = {.queue = crew->queue, .owner = hf_str("demo crew")};
	struct hf_error error = {.text = "the parent does not listen"};

	for (;;) {
		struct hf_outbox_items got;
		bool ok, idle;
		if (hf_outbox_claim_next(crew->store, NULL, &next, &got, NULL, &error))
			break;
		idle = got.count == 0;
		ok = idle || work_on(crew, &got.items[0], &error);
		hf_release(got.memory);
		if (idle)
			return arg;
		if (!ok)
			break;
	}
	fprintf(stderr, "worker: %s: %s\n", hf_code_name(error.code), error.text);
	return NULL;
}

static int child_main(const char *path, struct crew *crew, unsigned threads)
{
	pthread_t thread[THREADS_MAX];
	struct hf_error error;
	unsigned started = 0;
	int status = 0;

	if (hf_open(path, NULL, &crew->store, &error)) {
		fprintf(stderr, "crew: %s: %s\n", hf_code_name(error.code), error.text);
		return 1;
	}
	while (started < threads && started < THREADS_MAX && !pthread_create(&thread[started], NULL, worker_main, crew))
		started++;
	if (started < threads)
		status = 1;
	while (started) {
		void *result = NULL;
		if (pthread_join(thread[--started], &result) || !result)
			status = 1;
	}
	return hf_close(crew->store, &error) ? 1 : status;
}

/* --- In the parent -------------------------------------------------------------------------------------------------------- */

/* Gives every complete line; goes on to the end of the pipe after the kill too, for what was said before it was said. */
static bool listen(int pipe_end, pid_t child, crew_report_fn report, void *arg)
{
	FILE *reports = fdopen(pipe_end, "r");
	char line[LINE_MAX_BYTES + 1];
	bool killed = false;

	if (!reports) {
		close(pipe_end);
		kill(child, SIGKILL);
		return true;
	}
	while (fgets(line, sizeof(line), reports)) {
		char *end = strchr(line, '\n');
		if (!end)
			break;
		*end = '\0';
		if (!report(arg, line[0] == CREW_DONE ? CREW_DONE : CREW_SENDING, line + 1) && !killed) {
			kill(child, SIGKILL);
			killed = true;
		}
	}
	fclose(reports);
	return killed;
}

bool crew_run(const char *path, const char *queue, unsigned threads, crew_report_fn report, void *arg, bool *killed)
{
	struct crew crew = {.queue = hf_str(queue)};
	int ends[2], status = -1;
	pid_t child;

	fflush(NULL);
	if (pipe(ends)) {
		perror("pipe");
		return false;
	}
	child = fork();
	if (child == 0) {
		close(ends[0]);
		crew.pipe = ends[1];
		_exit(child_main(path, &crew, threads));
	}
	close(ends[1]);
	if (child < 0) {
		perror("fork");
		close(ends[0]);
		return false;
	}
	*killed = listen(ends[0], child, report, arg);
	if (waitpid(child, &status, 0) != child)
		return false;
	return *killed ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL : WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
