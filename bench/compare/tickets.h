/* One thread with many durable puts on their way, which sleeps on the store's eventfd. */
#ifndef BENCH_TICKETS_H
#define BENCH_TICKETS_H

#include "compare/side.h"
#include "holdfast/async.h"

enum { TICKETS = 64 };

struct tickets {
	struct histogram answered, submitted; /* of the newest slice: a put, and its call alone */
	/* in the order in which they were given: they are answered in that order, too */
	struct hf_ticket out[TICKETS];
	uint64_t began[TICKETS];
	size_t first, count;
};

/* Puts rows of `side` (a store; its thread 0 counts them) for `seconds`, then waits for what is
 * still out. */
bool tickets_slice(struct tickets *tickets, struct side *side, double seconds, struct figures *out);

#endif
