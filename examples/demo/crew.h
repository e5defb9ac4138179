/* Worker threads in a process of their own, which its parent may kill at any time. */
#ifndef DEMO_CREW_H
#define DEMO_CREW_H

#include <holdfast/types.h>

#include <stdbool.h>
#include <stdint.h>

struct crew_order {
	const char *path; /* of the store */
	const char *queue;
	unsigned threads;
	uint64_t seed; /* of the sender */
	bool sabotage; /* completions are skipped, yet told */
};

/* What the store has acknowledged to a worker. */
enum crew_step {
	CREW_COMPLETED = 'C', /* hf_outbox_complete() has returned HF_OK */
	CREW_FAILED = 'F', /* hf_outbox_fail() has */
};

/* Called in the parent for every acknowledgement. Returns false to have the crew killed. */
typedef bool (*crew_report_fn)(void *arg, enum crew_step step, hf_token token);

/* Starts a process that opens the store and lets the threads claim, send, and complete or fail
 * items until nothing is left to claim. The caller must not have the store open and must have no
 * other thread. Returns after the process has ended and every acknowledgement was given, those
 * from between the call for the kill and the kill too: true when it ended well, or was killed
 * because `report` asked for it (*killed). */
bool crew_run(const struct crew_order *order, crew_report_fn report, void *arg, bool *killed);

#endif
