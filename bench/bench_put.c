/* Bar 3: durable puts of one document by 1, 4, 16 and 64 threads, against R, against the log alone
 * (the same commits without an index) and against each peer.
 *
 * In each round and each column slices take turns: R, every side in an order that moves on from
 * round to round, R. R writes as many bytes as a group of the store has in that column. A ratio is
 * that of two slices of one round; a bar is the median of the rounds. At the end every side is
 * closed, opened again, and each row that it acknowledged is read back. */
#include "compare/floor.h"
#include "compare/series.h"
#include "lib/inside.h"
#include "lib/live_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COLUMNS = 4, SIDES_MAX = 12, VALUE = 100, PAUSE_MS = 30 };

static const unsigned threads_of[COLUMNS] = {1, 4, 16, 64};
static const double floor_bar[COLUMNS] = {0.95, 2.4, 7, 15};
static const double log_bar = 0.85;
static const double peer_bar[COLUMNS] = {0, 1.4, 1.7, 2.0};
static const double p99_bar[COLUMNS] = {1.15, 0.75, 0.65, 0.45};
static const double rare_bar_us = 1000;

/* The store is side 0, the log alone side 1, then the peers. */
struct bench {
	struct args args;
	struct report report;
	char directory[DIRECTORY_MAX];
	struct pool pool;
	struct floor floor;
	struct steady steady;
	unsigned sides;
	double entries[COLUMNS]; /* of a group, in the newest slice of the store */
	struct side side[SIDES_MAX];
	struct series raw[COLUMNS], raw_one[COLUMNS], of[SIDES_MAX][COLUMNS];
};

static struct bench bench;

static void rest(void)
{
	const struct timespec time = {.tv_nsec = PAUSE_MS * 1000000L};
	(void)nanosleep(&time, NULL);
}

/* --- Slices ----------------------------------------------------------------------------------- */

static bool put_slice(unsigned s, unsigned c, struct cell *cell)
{
	struct hf_info before = {0}, after = {0};
	struct side *side = &bench.side[s];
	if (s == 0 && hf_get_info(side->db, &before, NULL) != HF_OK)
		return false;
	inside_without_index(s == 1);
	const bool good =
	    side_slice(side, &bench.pool, threads_of[c], bench.args.seconds, &cell->figures, NULL);
	inside_without_index(false);
	if (!good || (s == 0 && hf_get_info(side->db, &after, NULL) != HF_OK))
		return false;
	cell->latencies = side->sum;
	if (s == 0)
		bench.entries[c] =
		    (double)(after.entries - before.entries) / (double)(after.groups - before.groups);
	rest(); /* what it still has to do in the background falls into no slice */
	return true;
}

/* Of R as large as the group, and as one commit: half before the sides and half behind them. */
static bool raw_slices(unsigned c, unsigned round, bool second)
{
	static struct histogram latencies;
	const double half = bench.args.seconds / 2;
	struct figures f;
	if (!floor_slice(&bench.floor, bench.entries[c], half, &f, &latencies))
		return false;
	cell_add(&bench.raw[c].cells[round], &f, &latencies, !second, 2);
	if (!floor_slice(&bench.floor, 1, half, &f, &latencies))
		return false;
	cell_add(&bench.raw_one[c].cells[round], &f, &latencies, !second, 2);
	steady_slice(&bench.steady, f.rate);
	return true;
}

static bool run_column(unsigned c, unsigned round)
{
	if (!raw_slices(c, round, false))
		return false;
	for (unsigned k = 0; k < bench.sides; k++) {
		const unsigned s = (k + round) % bench.sides;
		if (!put_slice(s, c, &bench.of[s][c].cells[round]))
			return false;
	}
	return raw_slices(c, round, true);
}

static bool run_rounds(void)
{
	while (steady_more(&bench.steady, bench.args.rounds)) {
		for (unsigned c = 0; c < COLUMNS; c++)
			if (!run_column(c, bench.steady.rounds))
				return false;
		steady_end_round(&bench.steady);
	}
	return true;
}

/* --- What was found --------------------------------------------------------------------------- */

static void table_row(unsigned c, const char *name, const struct series *series,
                      const struct window *w)
{
	static const char *const columns[] = {"rows/s", "p50 us", "p99 us", "p99.9 us"};
	static const enum figure which[] = {RATE, P50, P99, P999};
	char table[40];
	(void)snprintf(table, sizeof table, "put, %u thread%s", threads_of[c], c ? "s" : "");
	printf("%-14s", name);
	for (size_t i = 0; i < 4; i++) {
		const double value = series_median(series, NULL, which[i], w);
		printf(" %10.0f", value);
		report_cell(&bench.report, table, name, columns[i], value);
	}
	const double ratio = series_median(series, &bench.raw[c], RATE, w);
	printf(" %8.2f\n", ratio);
	report_cell(&bench.report, table, name, "x R", ratio);
}

static void print_column(unsigned c, const struct window *w)
{
	char name[40];
	(void)snprintf(name, sizeof name, "%u thread%s", threads_of[c], c ? "s" : "");
	printf("\n%-14s %10s %10s %10s %10s %8s\n", name, "rows/s", "p50 us", "p99 us", "p99.9 us",
	       "x R");
	(void)snprintf(name, sizeof name, "R, group of %.0f", bench.entries[c]);
	table_row(c, name, &bench.raw[c], w);
	table_row(c, "R, one commit", &bench.raw_one[c], w);
	for (unsigned s = 0; s < bench.sides; s++)
		table_row(c, bench.side[s].name, &bench.of[s][c], w);
}

/* The peer with the greatest median rate in this column; 0: there is none. */
static unsigned best_peer(unsigned c, const struct window *w)
{
	unsigned best = 0;
	double most = 0;
	for (unsigned s = 2; s < bench.sides; s++) {
		const double rate = series_median(&bench.of[s][c], NULL, RATE, w);
		best = rate > most ? s : best;
		most = rate > most ? rate : most;
	}
	return best;
}

static void bar(unsigned c, const char *number, const char *what, enum way way, double required,
                const struct series *under, enum figure which, const struct window *w)
{
	double values[ROUNDS_MAX];
	char text[128];
	series_values(&bench.of[0][c], under, which, w, values);
	(void)snprintf(text, sizeof text, "put, %u thread%s: %s", threads_of[c], c ? "s" : "", what);
	report_bar(&bench.report, number, text, way, required, values, w->count);
}

static void peer_bars(unsigned c, const struct window *w)
{
	char what[64];
	const unsigned best = best_peer(c, w);
	const struct series *peer = &bench.of[best][c];
	if (best == 0) {
		report_absent(&bench.report, "3", "put against peers", "no peer is built in");
		return;
	}
	(void)snprintf(what, sizeof what, "x %s", bench.side[best].name);
	bar(c, "3", what, AT_LEAST, peer_bar[c], peer, RATE, w);
	(void)snprintf(what, sizeof what, "p99 over %s's", bench.side[best].name);
	bar(c, "3", what, AT_MOST, p99_bar[c], peer, P99, w);
	(void)snprintf(what, sizeof what, "p99.9 over %s's", bench.side[best].name);
	bar(c, "3", what, AT_MOST, 1, peer, P999, w);
}

static void judge(void)
{
	const struct window w = steady_window(&bench.steady, bench.args.rounds);
	report_floor(&bench.report, w.low, w.high, w.steady);
	for (unsigned c = 0; c < COLUMNS; c++)
		print_column(c, &w);
	printf("\n");
	for (unsigned c = 0; c < COLUMNS; c++) {
		bar(c, "3", "x R", AT_LEAST, floor_bar[c], &bench.raw[c], RATE, &w);
		if (c == 0) {
			bar(c, "3", "p99 over R's", AT_MOST, p99_bar[c], &bench.raw[c], P99, &w);
			continue;
		}
		bar(c, "3", "x the log alone", AT_LEAST, log_bar, &bench.of[1][c], RATE, &w);
		peer_bars(c, &w);
	}
	const double own = series_pooled(&bench.of[0][0], &w, 0.9999),
	             floor = series_pooled(&bench.raw[0], &w, 0.9999);
	report_note(&bench.report, "one thread, all rounds: p99.99 %.0f us, R's %.0f us", own, floor);
	report_pooled(&bench.report, "9", "put, 1 thread: p99.99 beyond R's, us", AT_MOST, rare_bar_us,
	              own - floor, w.count);
}

/* --- Begin and end ---------------------------------------------------------------------------- */

/* A compaction takes down the state, and the log alone has none: there is to be none. */
static bool open_side(const struct peer *peer, const char *name)
{
	struct side *side = &bench.side[bench.sides];
	side->value_len = VALUE;
	side->config.log_only = bench.sides == 1;
	bench.sides++;
	report_note(&bench.report, "%s: %s", name, peer->settings);
	return side_open(side, peer, name, bench.directory, POOL_MAX);
}

static bool begin(void)
{
	if (!args_directory(&bench.args, "put", bench.directory))
		return false;
	static const char *const known[] = {"SQLite, mutex", "LMDB",       "LevelDB",
	                                    "RocksDB",       "WiredTiger", "Redis"};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!peer_find(known[i]))
			report_note(&bench.report, "%s: NOT BUILT IN, its package was not there", known[i]);
	bool good = open_side(&peer_holdfast, "holdfast") && open_side(&peer_holdfast, "log alone");
	for (size_t i = 1; peers[i] && good; i++)
		good = open_side(peers[i], peers[i]->name);
	return good && pool_init(&bench.pool, POOL_MAX) &&
	       floor_init(&bench.floor, bench.side[0].db, bench.directory, VALUE);
}

static bool verify(void)
{
	for (unsigned s = 0; s < bench.sides; s++)
		if (!side_proven(&bench.side[s], &bench.report))
			return false;
	return inside_proven();
}

int main(int argc, char **argv)
{
	bench.args = args_parse(argc, argv, 0.5);
	bench.floor.raw.file = -1;
	bool good = report_begin(&bench.report, &bench.args,
	                         "durable puts of one row by 1, 4, 16 and 64 threads: 16-byte random "
	                         "key, 100 random bytes") &&
	            begin() && run_rounds();
	if (good)
		judge();
	good = good && verify();
	pool_deinit(&bench.pool);
	floor_deinit(&bench.floor);
	for (unsigned s = 0; s < bench.sides; s++)
		side_drop(&bench.side[s]);
	directory_remove(bench.directory);
	return report_end(&bench.report) || !good;
}
