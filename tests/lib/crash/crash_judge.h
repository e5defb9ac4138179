/* Private to the crash sweep: one image is opened and judged, and what is wrong is printed. */
#ifndef TESTS_LIB_CRASH_JUDGE_H
#define TESTS_LIB_CRASH_JUDGE_H

#include "lib/crash/crash_image.h"
#include "lib/crash/crash_sweep.h"

enum { REPORTS_MAX = 4, CALLS_MAX = 8192, NO_CALL = 31 };

struct job {
	const struct sweep_job *what;
	struct sweep_stats *stats;
	struct memo memo;
	uint64_t reports;
	/* of the calls of the run without a fault: bit number of enum sim_call */
	unsigned char kinds[CALLS_MAX];
	size_t calls;
};

/* One playing under the eyes of the oracle. */
struct run {
	struct job *job;
	struct player player;
	struct oracle *oracle;
	struct sim_limits limits;
	char about[120]; /* which fault or image this run is about; "" */
	bool failed_sync, false_failure;
	bool waits_for_fault; /* what comes before it was swept already */
	bool second_life;
	bool notes_calls;
	/* The moment that is being swept. */
	struct sim *sim;
	uint64_t call;
	const char *call_name, *file;
	/* What was swept before, and what was demanded of it. */
	uint64_t last_version, last_told;
	size_t last_required, last_count;
	bool swept;
};

void sweep_complain(struct run *r, const struct sim_shape *shape, uint64_t image, const char *what);
void sweep_complain_of_player(struct run *r);
/* For sim_each_crash(), with a struct run. */
int sweep_judge_image(void *arg, struct sim *image, const struct sim_shape *shape);
/* crash_sweep.c: opens the store on this disk, whatever happened to it, and goes on with
 * script_after. */
void sweep_live_on(struct run *parent, struct sim *sim, struct oracle *oracle,
                   struct sim_limits limits, const char *about);

#endif
