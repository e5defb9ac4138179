/* The figures of a comparison: for each side, case (a number of threads, say) and round a cell. */
#ifndef BENCH_SERIES_H
#define BENCH_SERIES_H

#include "compare/side.h"
#include "compare/steady.h"

struct cell {
	struct figures figures;
	struct histogram latencies;
};

/* Takes one of `parts` slices into the cell; `first` begins it anew. The rate is their mean. */
void cell_add(struct cell *cell, const struct figures *figures, const struct histogram *latencies,
              bool first, unsigned parts);

/* Of one side in one case. */
struct series {
	struct cell cells[ROUNDS_MAX];
};

enum figure { RATE, P50, P99, P999 };

double figure_of(const struct cell *cell, enum figure which);

/* The figure of each round of the window, into `out`; divided by that of `under` in the same round
 * where that is not NULL. */
void series_values(const struct series *series, const struct series *under, enum figure which,
                   const struct window *window, double *out);

/* The median of that. */
double series_median(const struct series *series, const struct series *under, enum figure which,
                     const struct window *window);

/* A percentile over all calls of the window, microseconds. */
double series_pooled(const struct series *series, const struct window *window, double share);

#endif
