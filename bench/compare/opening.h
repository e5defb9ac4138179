/* How long an opening takes: in a process of its own each time, which then looks at some rows. */
#ifndef BENCH_OPENING_H
#define BENCH_OPENING_H

#include "lib/report.h"
#include "peers/peer.h"

enum { OPENING_THREADS = 64 };

struct opening {
	const struct peer *peer;
	struct peer_config config;
	char directory[4096], copy[4096];
	uint64_t rows;
	size_t len; /* of a value */
};

/* Puts the rows below `parent`: with `crash` one by one by many threads, durable, and then the
 * process that has it open is killed; else in batches, followed by a snapshot and a clean end. */
bool opening_fill(struct opening *opening, const struct peer *peer, const char *parent,
                  uint64_t rows, size_t len, bool crash);

/* Opens what a crash left: a copy of it (the store changes its newest segment), or for a peer the
 * same files under other names. Page cache warm, nothing left to be written back. */
bool opening_crashed(struct opening *opening, double *seconds);

/* Opens what a snapshot left, in place. */
bool opening_clean(struct opening *opening, double *seconds);

/* Tells the median of the rounds' seconds, and rows a second of it, in the table `table`. */
void opening_tell(const struct opening *opening, struct report *report, const char *table,
                  const double *seconds);

/* Touches so much memory and gives it back, so that the machine has it. */
void memory_touch(uint64_t bytes);

#endif
