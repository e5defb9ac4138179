/* A process that writes to a store until it is killed, and tells what it does: before each call
 * that it is about to make it, and after the call returned what was acknowledged. The reports go
 * through a pipe and survive the process. */
#ifndef TESTS_LIB_WRITER_H
#define TESTS_LIB_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "holdfast/store.h"

enum { WRITER_THREADS = 4, WRITER_RECORDS = 8, WRITER_PAYLOAD_MAX = 700 };

#define WRITER_QUEUE "work"

enum report_kind {
	REPORT_OPENED, /* the store is open */
	REPORT_FAILED, /* something that must not happen; value: the code */
	REPORT_ENQUEUE, /* item */
	REPORT_CLAIM, /* begins without item; done: item, value: token */
	REPORT_COMPLETE, /* item, value: token */
	REPORT_ADVANCE, /* value: sequence of this thread's cursor */
	/* item: number of the record in this thread's inbox, value: stamp in its payload */
	REPORT_SAVE,
	REPORT_DISMISS, /* item: number of the record */
};

/* Smaller than PIPE_BUF: written whole or not at all. */
struct report {
	uint8_t kind, thread;
	bool done; /* the call returned HF_OK; else it is about to be made */
	bool leased; /* claims: with a lease that outlives the test */
	uint32_t padding;
	uint64_t item, value;
	uint64_t lsn; /* done: version after it, or of the claim */
};

/* What the writer must not use again. */
struct writer_start {
	uint64_t next_item, next_sequence, next_stamp, seed;
	struct hf_options options;
	const char *path;
};

/* Forks. *pipe is where the reports come from; it ends when the process does. */
pid_t writer_spawn(const struct writer_start *start, int *pipe);

/* Names and contents, for the writer and for whoever checks what it wrote. */
size_t writer_id(uint64_t item, char out[32]);
size_t writer_user(unsigned thread, char out[32]);
size_t writer_thread(uint64_t record, char out[32]);
size_t writer_delivery(uint64_t sequence, char out[32]);
/* The payload of an item: sometimes too long to be kept in memory. Returns its length. */
size_t writer_payload(uint64_t item, uint8_t out[WRITER_PAYLOAD_MAX]);

#endif
