#include "compare/series.h"

void cell_add(struct cell *cell, const struct figures *figures, const struct histogram *latencies,
              bool first, unsigned parts)
{
	if (first)
		*cell = (struct cell){.figures = {.rate = 0}};
	histogram_merge(&cell->latencies, latencies);
	const double rate = cell->figures.rate + figures->rate / parts;
	cell->figures = figures_of(&cell->latencies, 1, 1000000000);
	cell->figures.rate = rate;
}

double figure_of(const struct cell *cell, enum figure which)
{
	const struct figures *f = &cell->figures;
	return which == RATE ? f->rate : which == P50 ? f->p50 : which == P99 ? f->p99 : f->p999;
}

void series_values(const struct series *series, const struct series *under, enum figure which,
                   const struct window *window, double *out)
{
	for (unsigned i = 0; i < window->count; i++) {
		const unsigned round = window->first + i;
		out[i] = figure_of(&series->cells[round], which);
		if (under)
			out[i] /= figure_of(&under->cells[round], which);
	}
}

double series_median(const struct series *series, const struct series *under, enum figure which,
                     const struct window *window)
{
	double values[ROUNDS_MAX];
	series_values(series, under, which, window, values);
	return median_of(values, window->count);
}

double series_pooled(const struct series *series, const struct window *window, double share)
{
	static struct histogram all;
	histogram_clear(&all);
	for (unsigned i = 0; i < window->count; i++)
		histogram_merge(&all, &series->cells[window->first + i].latencies);
	return histogram_percentile_us(&all, share);
}
