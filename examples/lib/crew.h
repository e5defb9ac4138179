/* Worker threads in a process of their own, which its parent may kill at any time. */
#ifndef EXAMPLES_CREW_H
#define EXAMPLES_CREW_H

#include <stdbool.h>
#include <sys/types.h>

/* What a worker did with an item, told to the parent at once: one of these can be cut off by a kill, never torn in the middle. */
enum crew_step {
	CREW_SENDING = 'S', /* claimed, delivery begins */
	CREW_DONE = 'D', /* hf_outbox_complete() has returned HF_OK */
};

/* Called in the parent for every report. Returns false to have the crew killed. */
typedef bool (*crew_report_fn)(void *arg, enum crew_step step, const char *id);

/* Starts a process that opens the store in `path` and lets `threads` threads claim, "send" and complete items of `queue` until there are
 * none. The caller must not have the store open and must have no other thread. Returns after the process has ended and every
 * report was given: true when it ended well or was killed because `report` asked for it (*killed). */
bool crew_run(const char *path, const char *queue, unsigned threads, crew_report_fn report, void *arg, bool *killed);

#endif
