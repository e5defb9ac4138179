/* The crash sweep: plays workloads, and at every call to the disk opens every image that a power
 * loss there could leave, and asks the oracle about it. */
#ifndef TESTS_LIB_CRASH_SWEEP_H
#define TESTS_LIB_CRASH_SWEEP_H

#include <pthread.h>

#include "lib/crash/crash_play.h"

enum sweep_kind {
	SWEEP_TORN_HEADER, /* something lies behind the log that has no valid header */
	SWEEP_TORN_BODY, /* ... that has one, and is not whole */
	SWEEP_REORDERED, /* a sector survived whose write came after that of a lost one */
	SWEEP_LOST_ENTRY, /* a change of the directory was lost */
	SWEEP_FAILED_SYNC, /* after a sync, of a file or the directory, had failed */
	SWEEP_FALSE_FAILURE, /* after a failure that did its work all the same */
	/* the crash came while a store was recovered from another crash, a kill or a failure */
	SWEEP_IN_RECOVERY,
	SWEEP_AT_ROTATION, /* the crash came while the log turned to the next segment */
	SWEEP_KINDS,
};
const char *sweep_kind_name(enum sweep_kind kind);

enum { SWEEP_PADS = 3 };
unsigned sweep_pad_index(uint32_t pad);

/* What is swept: one workload on one kind of disk. */
struct sweep_job {
	const struct script *script;
	const char *disk; /* "strict", "ordered", "weak", "hostile", "pages", "forgetful" */
	uint32_t pad;
	uint64_t seed;
	struct sim_limits limits; /* of the run without faults */
	struct sim_limits fault_limits; /* of what follows a fault */
	struct sim_limits deep_limits; /* of what follows a crash */
	unsigned fault_every; /* one fault in so many is tried; 0: none */
	/* one image in so many is gone on with and crashed again, its recovery included; 0: none */
	unsigned deep_every;
	/* images are made after each answer and at one other moment in so many; 0: at all */
	unsigned moments_every;
	bool quiet; /* it is to go wrong: counted, not printed */
};

/* Counts of any number of jobs, from any number of threads. */
struct sweep_stats {
	pthread_mutex_t lock;
	struct sim_seen *images; /* hashes of all images opened */
	uint64_t visited; /* images made, the same ones again and again included */
	uint64_t opened[SWEEP_PADS]; /* distinct images opened, by padding: 0, 512, 4096 */
	uint64_t kinds[SWEEP_PADS][SWEEP_KINDS]; /* of those */
	uint64_t faults; /* runs with a fault */
	uint64_t deep; /* images gone on with */
	uint64_t wrong;
};

void sweep_stats_init(struct sweep_stats *stats);
void sweep_stats_deinit(struct sweep_stats *stats);
/* Whatever is wrong is counted and printed, with what is needed to see it again. */
void sweep(const struct sweep_job *job, struct sweep_stats *stats);

#endif
