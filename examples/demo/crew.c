/* A worker tells its parent of each acknowledgement by one short write into a pipe, right after
 * the store's call has returned. A kill in between leaves a change that was made and not told,
 * never one that was told and not made: that is what is to be shown. */
#include "crew.h"

#include "sender.h"

#include <holdfast/outbox.h>
#include <holdfast/outbox_claim.h>
#include <holdfast/outbox_read.h>
#include <holdfast/store.h>

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	THREADS_MAX = 64,
	/* step, token, newline: below PIPE_BUF, so a write to the pipe is whole or absent */
	LINE_SIZE = 1 + 16 + 1,
};

struct crew {
	const struct crew_order *order;
	struct sender sender;
	hf_store *store;
	int pipe;
	atomic_uint at_work; /* threads that may still put an item back */
};

/* --- In the child ----------------------------------------------------------------------------- */

static bool tell(const struct crew *crew, enum crew_step step, hf_token token)
{
	char line[LINE_SIZE + 1];

	snprintf(line, sizeof(line), "%c%016" PRIx64 "\n", (char)step, token);
	return write(crew->pipe, line, LINE_SIZE) == LINE_SIZE;
}

static int end_claim(struct crew *crew, const struct hf_outbox_item *item, bool taken,
                     struct hf_error *error)
{
	struct hf_outbox_complete_args done = {
	    .queue = hf_str(crew->order->queue), .id = item->id, .token = item->token};
	struct hf_outbox_fail_args failed = {
	    .queue = done.queue,
	    .id = item->id,
	    .token = item->token,
	    .reason = hf_str("503 try again later"),
	    .backoff = {.kind = HF_OUTBOX_BACKOFF_EXPONENTIAL, .delay_us = 1000, .cap_us = 20000},
	};

	if (!taken)
		return hf_outbox_fail(crew->store, NULL, &failed, NULL, error);
	return crew->order->sabotage ? HF_OK
	                             : hf_outbox_complete(crew->store, NULL, &done, NULL, error);
}

static bool work_on(struct crew *crew, const struct hf_outbox_item *item)
{
	struct hf_error error;
	bool listed, taken = sender_send(&crew->sender, item->id, item->attempts, item->token, &listed);

	if (!listed) {
		perror("crew: the sender's list");
		return false;
	}
	if (end_claim(crew, item, taken, &error)) {
		fprintf(stderr, "crew: %s: %s\n", hf_code_name(error.code), error.text);
		return false;
	}
	return tell(crew, taken ? CREW_COMPLETED : CREW_FAILED, item->token);
}

enum found { FOUND_ONE, FOUND_NONE, FOUND_TROUBLE };

static enum found work_once(struct crew *crew)
{
	struct hf_outbox_claim_next_args next = {.queue = hf_str(crew->order->queue),
	                                         .owner = hf_str("demo crew")};
	struct hf_outbox_items got = {0};
	struct hf_error error;
	enum found found = FOUND_NONE;

	atomic_fetch_add(&crew->at_work, 1);
	if (hf_outbox_claim_next(crew->store, NULL, &next, &got, NULL, &error)) {
		fprintf(stderr, "crew: %s: %s\n", hf_code_name(error.code), error.text);
		return FOUND_TROUBLE;
	}
	if (got.count)
		found = work_on(crew, &got.items[0]) ? FOUND_ONE : FOUND_TROUBLE;
	hf_release(got.memory);
	atomic_fetch_sub(&crew->at_work, 1);
	return found;
}

/* Nothing is queued, not even delayed, and nobody has an item in hand that could come back. */
static bool all_done(struct crew *crew)
{
	struct hf_outbox_stats stats = {0};
	struct hf_error error;

	return atomic_load(&crew->at_work) == 0 &&
	       hf_outbox_get_stats(crew->store, hf_str(crew->order->queue), 0, &stats, &error) ==
	           HF_OK &&
	       stats.queued.items == 0;
}

/* Returns its argument, or NULL after a failure. */
static void *worker_main(void *arg)
{
	static const struct timespec pause = {.tv_nsec = 500000};
	struct crew *crew = arg;
	enum found found;

	while ((found = work_once(crew)) != FOUND_TROUBLE) {
		if (found == FOUND_ONE)
			continue;
		if (all_done(crew))
			return arg;
		nanosleep(&pause, NULL);
	}
	/* The others must not wait for this one: the parent sees that the process failed. */
	_exit(1);
}

static int child_main(struct crew *crew)
{
	pthread_t thread[THREADS_MAX];
	struct hf_error error;
	unsigned started = 0;
	bool all;

	if (hf_open(crew->order->path, NULL, &crew->store, &error)) {
		fprintf(stderr, "crew: %s: %s\n", hf_code_name(error.code), error.text);
		return 1;
	}
	if (!sender_open(&crew->sender, crew->order->seed))
		return 1;
	while (started < crew->order->threads && started < THREADS_MAX &&
	       !pthread_create(&thread[started], NULL, worker_main, crew))
		started++;
	all = started == crew->order->threads;
	while (started)
		all &= pthread_join(thread[--started], NULL) == 0;
	sender_close(&crew->sender);
	return hf_close(crew->store, &error) || !all;
}

/* --- In the parent ---------------------------------------------------------------------------- */

/* Gives every complete line; goes on to the end of the pipe after the kill too, for what was
 * said before it was done. */
static bool listen_to(FILE *reports, pid_t child, crew_report_fn report, void *arg)
{
	char line[LINE_SIZE + 1];
	bool killed = false;

	while (fgets(line, sizeof(line), reports) && line[LINE_SIZE - 1] == '\n') {
		hf_token token = strtoull(line + 1, NULL, 16);
		if (!report(arg, line[0] == CREW_COMPLETED ? CREW_COMPLETED : CREW_FAILED, token) &&
		    !killed) {
			kill(child, SIGKILL);
			killed = true;
		}
	}
	return killed;
}

bool crew_run(const struct crew_order *order, crew_report_fn report, void *arg, bool *killed)
{
	struct crew crew = {.order = order};
	FILE *reports;
	int ends[2], status = -1;
	pid_t child;

	fflush(NULL);
	*killed = false;
	if (pipe(ends)) {
		perror("demo: pipe");
		return false;
	}
	child = fork();
	if (child == 0) {
		close(ends[0]);
		crew.pipe = ends[1];
		_exit(child_main(&crew));
	}
	close(ends[1]);
	reports = child > 0 ? fdopen(ends[0], "r") : NULL;
	if (reports) {
		*killed = listen_to(reports, child, report, arg);
		fclose(reports);
	} else {
		perror("demo: fork");
		close(ends[0]);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !reports)
		return false;
	return *killed ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL
	               : WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
