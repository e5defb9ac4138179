/* A process that writes until it is killed: see writer.h. The parent must be single-threaded
 * when it forks. */
#include "lib/crash/writer.h"
#include "os/thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "holdfast/holdfast.h"
#include "lib/rng.h"

/* Longer than any test, shorter than for ever: whatever becomes of the parent, the child goes. */
#define LIFE_S 30
#define LEASE_US INT64_C(3600000000)

size_t writer_id(uint64_t item, char out[32])
{
	return (size_t)snprintf(out, 32, "item-%08llu", (unsigned long long)item);
}

size_t writer_user(unsigned thread, char out[32])
{
	return (size_t)snprintf(out, 32, "writer-%u", thread);
}

size_t writer_thread(uint64_t record, char out[32])
{
	return (size_t)snprintf(out, 32, "thread-%llu", (unsigned long long)record);
}

size_t writer_delivery(uint64_t sequence, char out[32])
{
	return (size_t)snprintf(out, 32, "delivery-%llu", (unsigned long long)sequence);
}

size_t writer_payload(uint64_t item, uint8_t out[WRITER_PAYLOAD_MAX])
{
	struct hf_rng rng = hf_rng(item + 1);
	const size_t len = hf_rng_below(&rng, hf_rng_chance(&rng, 1, 4) ? WRITER_PAYLOAD_MAX : 100);
	hf_rng_fill(&rng, out, len);
	return len;
}

/* --- In the child ----------------------------------------------------------------------------- */

struct shared {
	hf_store *store;
	int pipe;
	const struct writer_start *start;
	atomic_uint_fast64_t next_item, next_sequence, next_stamp;
};

struct worker {
	struct shared *shared;
	unsigned number;
	struct hf_rng rng;
	bool saved[WRITER_RECORDS];
};

static void tell(struct worker *w, struct report report)
{
	report.thread = (uint8_t)w->number;
	if (write(w->shared->pipe, &report, sizeof report) != (ssize_t)sizeof report)
		_exit(3); /* the parent has gone */
}

/* A call returned: on success that is the acknowledgement, anything else must not happen. */
static void acknowledge(struct worker *w, int rc, struct report report,
                        const struct hf_result *result)
{
	if (rc != HF_OK || !result->changed) {
		tell(w, (struct report){.kind = REPORT_FAILED, .item = report.kind, .value = (uint64_t)rc});
		_exit(2);
	}
	report.done = true;
	report.lsn = result->version;
	tell(w, report);
}

static void enqueue(struct worker *w)
{
	char id[32];
	uint8_t payload[WRITER_PAYLOAD_MAX];
	struct hf_result result = {0};
	const uint64_t item = atomic_fetch_add(&w->shared->next_item, 1);
	const struct report report = {.kind = REPORT_ENQUEUE, .item = item};
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str(WRITER_QUEUE),
	    .id = hf_bytes_of(id, writer_id(item, id)),
	    .payload = hf_bytes_of(payload, writer_payload(item, payload))};
	tell(w, report);
	const int rc = hf_outbox_enqueue(w->shared->store, NULL, &args, &result, NULL);
	acknowledge(w, rc, report, &result);
}

static void complete(struct worker *w, uint64_t item, hf_token token)
{
	char id[32];
	struct hf_result result = {0};
	const struct report report = {.kind = REPORT_COMPLETE, .item = item, .value = token};
	const struct hf_outbox_complete_args args = {
	    .queue = hf_str(WRITER_QUEUE), .id = hf_bytes_of(id, writer_id(item, id)), .token = token};
	tell(w, report);
	const int rc = hf_outbox_complete(w->shared->store, NULL, &args, &result, NULL);
	acknowledge(w, rc, report, &result);
}

static void claim(struct worker *w)
{
	struct hf_outbox_items got = {0};
	struct report report = {.kind = REPORT_CLAIM, .leased = hf_rng_chance(&w->rng, 1, 8)};
	const struct hf_outbox_claim_next_args args = {.queue = hf_str(WRITER_QUEUE),
	                                               .max = 1,
	                                               .owner = hf_str("worker"),
	                                               .lease_us = report.leased ? LEASE_US : 0};
	tell(w, report);
	const int rc = hf_outbox_claim_next(w->shared->store, NULL, &args, &got, NULL, NULL);
	struct hf_result result = {.changed = true};
	if (rc == HF_OK && got.count == 1) {
		report.item = strtoull((const char *)got.items[0].id.data + strlen("item-"), NULL, 10);
		report.value = got.items[0].token;
		result.version = got.items[0].version;
	}
	acknowledge(w, rc, report, &result); /* item 0, token 0: there was none */
	const bool one = got.count == 1;
	hf_release(got.memory);
	/* What is left claimed must come back after the kill, unless it has a lease. */
	if (one && hf_rng_chance(&w->rng, 7, 10))
		complete(w, report.item, report.value);
}

static void advance(struct worker *w)
{
	char id[32], consumer[32];
	struct hf_result result = {0};
	const uint64_t sequence = atomic_fetch_add(&w->shared->next_sequence, 1);
	const struct report report = {.kind = REPORT_ADVANCE, .value = sequence};
	const struct hf_cursor_advance_args args = {
	    .key = {.consumer = hf_bytes_of(consumer, writer_user(w->number, consumer)),
	            .stream = hf_str("stream")},
	    .sequence = (int64_t)sequence,
	    .delivery_id = hf_bytes_of(id, writer_delivery(sequence, id)),
	};
	tell(w, report);
	const int rc = hf_cursor_advance(w->shared->store, NULL, &args, &result, NULL);
	acknowledge(w, rc, report, &result);
}

static void save(struct worker *w)
{
	char user[32], thread[32];
	struct hf_result result = {0};
	const uint64_t record = hf_rng_below(&w->rng, WRITER_RECORDS);
	const uint64_t stamp = atomic_fetch_add(&w->shared->next_stamp, 1);
	const struct report report = {.kind = REPORT_SAVE, .item = record, .value = stamp};
	const struct hf_inbox_input input = {.thread =
	                                         hf_bytes_of(thread, writer_thread(record, thread)),
	                                     .payload = hf_bytes_of(&stamp, sizeof stamp),
	                                     .unread = true};
	const struct hf_inbox_save_args args = {.user = hf_bytes_of(user, writer_user(w->number, user)),
	                                        .records = &input,
	                                        .count = 1,
	                                        .generated_at = (hf_time)stamp};
	tell(w, report);
	const int rc = hf_inbox_save(w->shared->store, NULL, &args, &result, NULL);
	acknowledge(w, rc, report, &result);
	w->saved[record] = true;
}

static void dismiss(struct worker *w)
{
	char user[32], thread[32];
	struct hf_result result = {0};
	const uint64_t record = hf_rng_below(&w->rng, WRITER_RECORDS);
	if (!w->saved[record])
		return;
	const struct report report = {.kind = REPORT_DISMISS, .item = record};
	const struct hf_inbox_mark_args args = {
	    .key = {.user = hf_bytes_of(user, writer_user(w->number, user)),
	            .thread = hf_bytes_of(thread, writer_thread(record, thread))}};
	tell(w, report);
	const int rc = hf_inbox_dismiss(w->shared->store, NULL, &args, &result, NULL);
	result.changed = true; /* it may have been dismissed before: then the answer says so */
	acknowledge(w, rc, report, &result);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	static void (*const jobs[])(struct worker *) = {enqueue, enqueue, enqueue, enqueue,
	                                                claim,   claim,   claim,   claim,
	                                                advance, advance, save,    dismiss};
	for (;;)
		jobs[hf_rng_below(&w->rng, sizeof jobs / sizeof jobs[0])](w);
	return NULL;
}

static void run(const struct writer_start *start, int pipe)
{
	static struct worker workers[WRITER_THREADS];
	static struct shared shared;
	pthread_t threads[WRITER_THREADS];
	shared.start = start;
	shared.pipe = pipe;
	atomic_init(&shared.next_item, start->next_item);
	atomic_init(&shared.next_sequence, start->next_sequence);
	atomic_init(&shared.next_stamp, start->next_stamp);
	(void)alarm(LIFE_S);
	for (unsigned i = 0; i < WRITER_THREADS; i++)
		workers[i] =
		    (struct worker){.shared = &shared, .number = i, .rng = hf_rng(start->seed + i)};
	const int rc = hf_open(start->path, &start->options, &shared.store, NULL);
	if (rc != HF_OK) {
		tell(&workers[0],
		     (struct report){.kind = REPORT_FAILED, .item = REPORT_OPENED, .value = (uint64_t)rc});
		_exit(2);
	}
	tell(&workers[0], (struct report){.kind = REPORT_OPENED});
	for (unsigned i = 0; i < WRITER_THREADS; i++)
		if (hf__thread_start(&threads[i], work, &workers[i]) != 0)
			_exit(4);
	(void)pthread_join(threads[0], NULL);
}

pid_t writer_spawn(const struct writer_start *start, int *out)
{
	int ends[2];
	(void)fflush(NULL);
	if (pipe(ends) != 0)
		return -1;
	const pid_t child = fork();
	if (child == 0) {
		(void)close(ends[0]);
		run(start, ends[1]);
		_exit(5);
	}
	(void)close(ends[1]);
	*out = ends[0];
	return child;
}
