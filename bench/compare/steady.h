/* Is the disk the same in all rounds? R of a round is the median of its slices of R, all of which
 * write as much. */
#ifndef BENCH_STEADY_H
#define BENCH_STEADY_H

#include "lib/report.h"

enum { STEADY_SLICES = 64 };

/* Rounds whose greatest R is more than so many times the least are not judged. */
static const double steady_most = 1.15;

struct steady {
	unsigned rounds; /* that count: the first one only warms up */
	bool warm;
	double rate[ROUNDS_MAX];
	unsigned slices; /* of the round that goes on */
	double slice[STEADY_SLICES];
};

/* The rounds that are judged: `count` in a row from `first` on. */
struct window {
	unsigned first, count;
	double low, high; /* R in them */
	bool steady;
};

/* One slice of R of this round: so many a second. */
void steady_slice(struct steady *steady, double rate);

/* A round is over; the figures of the first one are overwritten by the next. */
void steady_end_round(struct steady *steady);

/* Is one more round needed? Until there are `wanted` steady ones, and at most twice as many. */
bool steady_more(const struct steady *steady, unsigned wanted);

/* The first `count` rounds in a row that are steady; if none are, the steadiest. */
struct window steady_window(const struct steady *steady, unsigned count);

#endif
