/* Bar 4: a leader that waits for company never does worse than one that does not.
 *
 * One store, two modes: as it is, and greedy, where the linker's switch leaves the wait out
 * (lib/inside.h). 1, 4 and 64 threads put documents durably and think in between: not at all, 100
 * and 400 us, 1 ms, and exponentially distributed with a mean of 400 us, as the arrivals of many
 * independent callers are. In each round and each case eight short slices, in the order of Thue
 * and Morse, behind one that is not counted: so what drifts meets both modes alike. R is
 * measured for its steadiness alone. */
#include "compare/floor.h"
#include "compare/series.h"
#include "lib/inside.h"
#include "lib/live_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

enum { CROWDS = 3, THINKS = 5, CASES = CROWDS * THINKS, VALUE = 100, PARTS = 8 };

static const double bar = 0.98, lead_in = 0.03;
/* ~ is Poisson */
static const unsigned threads_of[CROWDS] = {1, 4, 64};
static const struct {
	const char *name;
	struct thinking thinking;
} thinks[THINKS] = {{"none", {.ns = 0}},
                    {"100 us", {.ns = 100000}},
                    {"400 us", {.ns = 400000}},
                    {"1 ms", {.ns = 1000000}},
                    {"~400 us", {.ns = 400000, .poisson = true}}};

static struct bench {
	struct args args;
	struct report report;
	char directory[DIRECTORY_MAX];
	struct pool pool;
	struct floor floor;
	struct steady steady;
	struct side side;
	struct series gather[CASES], greedy[CASES];
} bench;

static bool slice(unsigned c, double seconds, bool greedy, struct figures *out)
{
	inside_greedy(greedy);
	const bool good =
	    side_slice(&bench.side, &bench.pool, threads_of[c / THINKS], seconds, out, NULL);
	inside_greedy(false);
	return good;
}

static bool run_case(unsigned c, unsigned round)
{
	static struct histogram latencies;
	struct figures f;
	bool seen[2] = {false, false};
	if (!floor_slice(&bench.floor, 1, bench.args.seconds / PARTS, &f, &latencies))
		return false;
	steady_slice(&bench.steady, f.rate);
	bench.side.thinking = thinks[c % THINKS].thinking;
	if (!slice(c, lead_in, round % 2 == 1, &f)) /* not counted */
		return false;
	for (unsigned part = 0; part < PARTS; part++) {
		const bool greedy = (__builtin_popcount(part) + (int)round) % 2 == 1;
		struct series *of = greedy ? &bench.greedy[c] : &bench.gather[c];
		if (!slice(c, bench.args.seconds * 2 / PARTS, greedy, &f))
			return false;
		cell_add(&of->cells[round], &f, &bench.side.sum, !seen[greedy], PARTS / 2);
		seen[greedy] = true;
	}
	return true;
}

static bool run_rounds(void)
{
	while (steady_more(&bench.steady, bench.args.rounds)) {
		for (unsigned c = 0; c < CASES; c++)
			if (!run_case(c, bench.steady.rounds))
				return false;
		steady_end_round(&bench.steady);
	}
	return true;
}

static void judge_case(unsigned c, const struct window *w)
{
	static const char *const columns[] = {"gather/s", "greedy/s", "ratio"};
	const unsigned threads = threads_of[c / THINKS];
	double values[ROUNDS_MAX];
	char text[128], table[64];
	const double own = series_median(&bench.gather[c], NULL, RATE, w),
	             greedy = series_median(&bench.greedy[c], NULL, RATE, w);
	series_values(&bench.gather[c], &bench.greedy[c], RATE, w, values);
	(void)snprintf(text, sizeof text, "gather x greedy, %u thread%s, think %s", threads,
	               threads > 1 ? "s" : "", thinks[c % THINKS].name);
	report_bar(&bench.report, "4", text, AT_LEAST, bar, values, w->count);
	(void)snprintf(table, sizeof table, "gather, %u thread%s", threads, threads > 1 ? "s" : "");
	const double row[] = {own, greedy, median_of(values, w->count)};
	for (size_t i = 0; i < 3; i++)
		report_cell(&bench.report, table, thinks[c % THINKS].name, columns[i], row[i]);
}

static void judge(void)
{
	const struct window w = steady_window(&bench.steady, bench.args.rounds);
	report_floor(&bench.report, w.low, w.high, w.steady);
	for (unsigned c = 0; c < CASES; c++)
		judge_case(c, &w);
}

static bool begin(void)
{
	if (!args_directory(&bench.args, "gather", bench.directory))
		return false;
	bench.side.value_len = VALUE;
	bench.side.config.log_only = true; /* no compaction falls into the slices of one mode */
	return prctl(PR_SET_TIMERSLACK, 1) == 0 &&
	       side_open(&bench.side, &peer_holdfast, "holdfast", bench.directory, POOL_MAX) &&
	       pool_init(&bench.pool, POOL_MAX) &&
	       floor_init(&bench.floor, bench.side.db, bench.directory, VALUE);
}

int main(int argc, char **argv)
{
	bench.args = args_parse(argc, argv, 0.4);
	bench.floor.raw.file = -1;
	bool good = report_begin(&bench.report, &bench.args,
	                         "durable puts by threads that think in between: the store as it is, "
	                         "and without a leader's wait for company") &&
	            begin() && run_rounds();
	if (good)
		judge();
	good = good && side_proven(&bench.side, &bench.report) && inside_proven();
	pool_deinit(&bench.pool);
	floor_deinit(&bench.floor);
	side_drop(&bench.side);
	directory_remove(bench.directory);
	return report_end(&bench.report) || !good;
}
