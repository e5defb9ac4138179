/* Is the disk the same in all rounds? R is measured in each round, in one or more cases. A round's
 * R is the median over the cases, each relative to that case's own median over the rounds. */
#ifndef BENCH_STEADY_H
#define BENCH_STEADY_H

#include "lib/report.h"

enum { STEADY_CASES = 16 };

/* Rounds whose greatest R is more than so many times the least are not judged. */
static const double steady_most = 1.15;

struct steady {
	unsigned cases, rounds;
	double rate[STEADY_CASES][ROUNDS_MAX];
};

/* The rounds that are judged: `count` in a row from `first` on. */
struct window {
	unsigned first, count;
	double low, high; /* R in them, as of case 0 */
	bool steady;
};

/* The first `count` rounds in a row that are steady; if none are, the steadiest. */
struct window steady_window(const struct steady *steady, unsigned count);

/* Is one more round needed? Until there are `wanted` steady ones, and at most twice as many. */
bool steady_more(const struct steady *steady, unsigned wanted);

#endif
