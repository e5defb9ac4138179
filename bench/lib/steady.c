#include "lib/steady.h"

#include <string.h>

static double median_copy(const double *values, unsigned count)
{
	double copy[ROUNDS_MAX + STEADY_CASES];
	memcpy(copy, values, count * sizeof *copy);
	return median_of(copy, count);
}

/* R of one round, relative to the window's. */
static double relative(const struct steady *s, const double *medians, unsigned round)
{
	double all[STEADY_CASES];
	for (unsigned c = 0; c < s->cases; c++)
		all[c] = s->rate[c][round] / medians[c];
	return median_of(all, s->cases);
}

static struct window window_at(const struct steady *s, unsigned first, unsigned count)
{
	struct window w = {.first = first, .count = count};
	double medians[STEADY_CASES] = {1};
	for (unsigned c = 0; c < s->cases; c++)
		medians[c] = median_copy(&s->rate[c][first], count);
	for (unsigned r = first; r < first + count; r++) {
		const double rate = relative(s, medians, r) * medians[0];
		w.low = r == first || rate < w.low ? rate : w.low;
		w.high = rate > w.high ? rate : w.high;
	}
	w.steady = w.high <= w.low * steady_most;
	return w;
}

struct window steady_window(const struct steady *s, unsigned count)
{
	struct window best = window_at(s, 0, count < s->rounds ? count : s->rounds);
	for (unsigned first = 1; first + count <= s->rounds && !best.steady; first++) {
		const struct window w = window_at(s, first, count);
		if (w.high / w.low < best.high / best.low)
			best = w;
	}
	return best;
}

bool steady_more(const struct steady *s, unsigned wanted)
{
	if (s->rounds < wanted)
		return true;
	return wanted == ROUNDS_JUDGED && s->rounds < ROUNDS_MAX && !steady_window(s, wanted).steady;
}
