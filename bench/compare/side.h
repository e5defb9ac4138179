/* One side of a comparison: a store or a peer with a database of its own, driven in slices by the
 * threads of a pool. Every row that was acknowledged is known, and read back after reopening. */
#ifndef BENCH_SIDE_H
#define BENCH_SIDE_H

#include "lib/histogram.h"
#include "lib/pool.h"
#include "lib/report.h"
#include "peers/peer.h"

/* One slice. */
struct figures {
	double rate; /* rows a second */
	double p50, p99, p999; /* microseconds a call */
};

/* How threads behave between two calls. */
struct thinking {
	uint64_t ns; /* mean of it; 0: they come back at once */
	bool poisson; /* exponentially distributed, else always the same */
};

struct side_worker {
	_Alignas(128) struct histogram latencies;
	uint64_t next; /* number of its next row */
	uint64_t random;
	bool failed;
};

struct side {
	const char *name;
	const struct peer *peer;
	struct peer_config config;
	void *db; /* NULL: not open */
	size_t value_len;
	size_t batch; /* rows of one call */
	struct thinking thinking;
	char directory[4096];
	struct side_worker workers[POOL_MAX];
	struct histogram sum; /* of the newest slice */
};

/* Makes the database `name` below `parent`. */
bool side_open(struct side *side, const struct peer *peer, const char *name, const char *parent,
               unsigned threads);

/* Durable puts by `threads` threads for `seconds`; latencies go into `pooled` (nullable), too. */
bool side_slice(struct side *side, struct pool *pool, unsigned threads, double seconds,
                struct figures *out, struct histogram *pooled);

/* Rows that were acknowledged. */
uint64_t side_rows(const struct side *side);

/* Closes it, opens it again, gets all that was acknowledged and compares; false, with the reason
 * printed, when something is not there. Then it is closed. */
bool side_verify(struct side *side);

/* The same, and a note of how many there were. */
bool side_proven(struct side *side, struct report *report);

/* Closes it if it is open, and removes it. */
void side_drop(struct side *side);

struct figures figures_of(const struct histogram *h, double rows, uint64_t ns);

#endif
