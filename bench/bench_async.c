/* Bar 5: what one thread gets done that need not wait for each commit.
 *
 * Tickets: one thread keeps 64 durable puts on their way and sleeps on the store's eventfd, as an
 * event loop does, against R of one commit. What submitting one takes is timed by itself. Batches:
 * one thread puts 1,024 rows in one durable transaction, against each peer's best way to put as
 * many in one step. R, the tickets and every batch take turns. All rows are read back. */
#include "compare/floor.h"
#include "compare/series.h"
#include "compare/tickets.h"
#include "lib/live_set.h"

#include <stdio.h>
#include <stdlib.h>

enum { SIDES_MAX = 12, VALUE = 100 };

static const double floor_bar = 18, submit_bar_us = 3, batch_bar = 2;

/* The store is side 0 of the batches. */
static struct bench {
	struct args args;
	struct report report;
	char directory[DIRECTORY_MAX];
	struct pool pool;
	struct floor floor;
	struct steady steady;
	struct side one; /* of the tickets */
	struct tickets tickets;
	unsigned sides;
	struct side side[SIDES_MAX];
	struct series raw, ticketed, submits, of[SIDES_MAX];
} bench;

static bool run_raw(unsigned round, bool second)
{
	static struct histogram latencies;
	struct figures f;
	if (!floor_slice(&bench.floor, 1, bench.args.seconds / 2, &f, &latencies))
		return false;
	cell_add(&bench.raw.cells[round], &f, &latencies, !second, 2);
	steady_slice(&bench.steady, f.rate);
	return true;
}

static bool run_tickets(unsigned round)
{
	struct figures f;
	if (!tickets_slice(&bench.tickets, &bench.one, bench.args.seconds, &f))
		return false;
	cell_add(&bench.ticketed.cells[round], &f, &bench.tickets.answered, true, 1);
	cell_add(&bench.submits.cells[round], &f, &bench.tickets.submitted, true, 1);
	return true;
}

static bool run_round(unsigned round)
{
	struct figures f;
	if (!run_raw(round, false) || !run_tickets(round) || !run_raw(round, true))
		return false;
	for (unsigned k = 0; k < bench.sides; k++) {
		const unsigned s = (k + round) % bench.sides;
		if (!side_slice(&bench.side[s], &bench.pool, 1, bench.args.seconds, &f, NULL))
			return false;
		cell_add(&bench.of[s].cells[round], &f, &bench.side[s].sum, true, 1);
	}
	return true;
}

static bool run_rounds(void)
{
	while (steady_more(&bench.steady, bench.args.rounds)) {
		if (!run_round(bench.steady.rounds))
			return false;
		steady_end_round(&bench.steady);
	}
	return true;
}

static void judge_batches(const struct window *w)
{
	double values[ROUNDS_MAX], most = 0;
	char text[128];
	unsigned best = 0;
	for (unsigned s = 0; s < bench.sides; s++) {
		const double rate = series_median(&bench.of[s], NULL, RATE, w);
		report_cell(&bench.report, "batch", bench.side[s].name, "rows/s", rate);
		report_cell(&bench.report, "batch", bench.side[s].name, "p50 us",
		            series_median(&bench.of[s], NULL, P50, w));
		printf("batch of %d   %-14s %10.0f rows/s\n", ROW_BATCH, bench.side[s].name, rate);
		best = s > 0 && rate > most ? s : best;
		most = s > 0 && rate > most ? rate : most;
	}
	if (best == 0) {
		report_absent(&bench.report, "5", "batch against peers", "no peer is built in");
		return;
	}
	series_values(&bench.of[0], &bench.of[best], RATE, w, values);
	(void)snprintf(text, sizeof text, "transaction of %d puts x %s", ROW_BATCH,
	               bench.side[best].name);
	report_bar(&bench.report, "5", text, AT_LEAST, batch_bar, values, w->count);
}

static void judge(void)
{
	const struct window w = steady_window(&bench.steady, bench.args.rounds);
	double values[ROUNDS_MAX];
	report_floor(&bench.report, w.low, w.high, w.steady);
	report_note(&bench.report, "%d tickets out: %.0f rows/s, answered after %.0f us (p50)", TICKETS,
	            series_median(&bench.ticketed, NULL, RATE, &w),
	            series_median(&bench.ticketed, NULL, P50, &w));
	series_values(&bench.ticketed, &bench.raw, RATE, &w, values);
	report_bar(&bench.report, "5", "one thread, 64 tickets: x R", AT_LEAST, floor_bar, values,
	           w.count);
	series_values(&bench.submits, NULL, P99, &w, values);
	report_bar(&bench.report, "5", "submit with a ticket: p99, us", AT_MOST, submit_bar_us, values,
	           w.count);
	judge_batches(&w);
}

static bool open_side(const struct peer *peer)
{
	struct side *side = &bench.side[bench.sides];
	side->value_len = VALUE;
	side->batch = ROW_BATCH;
	return side_open(side, peer, peer->name, bench.directory, 1) && ++bench.sides;
}

static bool begin(void)
{
	if (!args_directory(&bench.args, "async", bench.directory))
		return false;
	bench.one.value_len = VALUE;
	bool good = side_open(&bench.one, &peer_holdfast, "tickets", bench.directory, 1);
	for (size_t i = 0; peers[i] && good; i++)
		good = peers[i] == peer_find("SQLite, many") || open_side(peers[i]);
	return good && pool_init(&bench.pool, 1) &&
	       floor_init(&bench.floor, bench.one.db, bench.directory, VALUE);
}

int main(int argc, char **argv)
{
	bench.args = args_parse(argc, argv, 0.5);
	bench.floor.raw.file = -1;
	bool good = report_begin(&bench.report, &bench.args,
	                         "one thread with 64 tickets out; one thread that puts 1,024 rows in "
	                         "one durable step") &&
	            begin() && run_rounds();
	if (good)
		judge();
	good = good && side_proven(&bench.one, &bench.report);
	for (unsigned s = 0; s < bench.sides; s++)
		good = good && side_proven(&bench.side[s], &bench.report);
	pool_deinit(&bench.pool);
	floor_deinit(&bench.floor);
	side_drop(&bench.one);
	for (unsigned s = 0; s < bench.sides; s++)
		side_drop(&bench.side[s]);
	directory_remove(bench.directory);
	return report_end(&bench.report) || !good;
}
