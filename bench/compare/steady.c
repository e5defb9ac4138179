#include "compare/steady.h"

void steady_slice(struct steady *s, double rate)
{
	if (s->slices < STEADY_SLICES)
		s->slice[s->slices++] = rate;
}

void steady_end_round(struct steady *s)
{
	s->rate[s->rounds] = median_of(s->slice, s->slices);
	s->rounds += s->warm;
	s->warm = true;
	s->slices = 0;
}

static struct window window_at(const struct steady *s, unsigned first, unsigned count)
{
	struct window w = {.first = first, .count = count};
	for (unsigned round = first; round < first + count; round++) {
		const double rate = s->rate[round];
		w.low = round == first || rate < w.low ? rate : w.low;
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
