/* Bar 2: how long it takes to open what a crash left behind, a million rows in the log.
 *
 * Each side is filled by 64 threads with durable puts of one row, keys in random order, and killed.
 * Nothing of it is in tables or snapshots: memtables are larger than the log, and the store does
 * not compact. Then all are opened in turn, in a process of their own each time, with the page
 * cache warm; each opening is asked for 1,000 of its rows. Redis is measured from the start of the
 * server until it answers. */
#include "compare/opening.h"
#include "lib/live_set.h"
#include "lib/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE = 100, ROWS = 1000000, ROWS_QUICK = 100000, SIDES = 4 };

static const struct {
	const char *name;
	double bar; /* how much faster the store has to be */
} sides[SIDES] = {{"holdfast", 0}, {"Redis", 1.5}, {"LevelDB", 5}, {"RocksDB", 5}};

static struct bench {
	struct args args;
	struct report report;
	char directory[DIRECTORY_MAX];
	struct opening opening[SIDES];
	double seconds[SIDES][ROUNDS_MAX];
	uint64_t rows;
} bench;

static bool begin(void)
{
	bench.rows = args_objects(&bench.args, ROWS, ROWS_QUICK);
	if (!args_directory(&bench.args, "crash", bench.directory))
		return false;
	memory_touch(bench.rows * 2048);
	for (unsigned s = 0; s < SIDES; s++) {
		const struct peer *peer = peer_find(sides[s].name);
		if (peer &&
		    !opening_fill(&bench.opening[s], peer, bench.directory, bench.rows, VALUE, true))
			return false;
	}
	return true;
}

static bool run_rounds(void)
{
	for (unsigned round = 0; round < bench.args.rounds; round++)
		for (unsigned k = 0; k < SIDES; k++) {
			const unsigned s = (k + round) % SIDES;
			if (bench.opening[s].peer &&
			    !opening_crashed(&bench.opening[s], &bench.seconds[s][round]))
				return false;
		}
	return true;
}

static void judge_side(unsigned s)
{
	const unsigned rounds = bench.args.rounds;
	double ratios[ROUNDS_MAX];
	char text[128];
	if (!bench.opening[s].peer) {
		(void)snprintf(text, sizeof text, "crash-open: x %s", sides[s].name);
		report_absent(&bench.report, "2", text, "it is not built in");
		return;
	}
	for (unsigned i = 0; i < rounds; i++)
		ratios[i] = bench.seconds[s][i] / bench.seconds[0][i];
	opening_tell(&bench.opening[s], &bench.report, "crash-open", bench.seconds[s]);
	(void)snprintf(text, sizeof text, "crash-open of %.3g rows: x %s", (double)bench.rows,
	               sides[s].name);
	if (s > 0)
		report_bar(&bench.report, "2", text, AT_LEAST, sides[s].bar, ratios, rounds);
}

int main(int argc, char **argv)
{
	bench.args = args_parse(argc, argv, 1);
	const bool good = report_begin(&bench.report, &bench.args,
	                               "opening what a crash left: every row in the log, 16-byte "
	                               "random key, 100 random bytes") &&
	                  begin() && run_rounds();
	for (unsigned s = 0; s < SIDES && good; s++)
		judge_side(s);
	if (good)
		report_note(&bench.report, "1,000 rows of each opening were read back and compared");
	directory_remove(bench.directory);
	return report_end(&bench.report) || !good;
}
