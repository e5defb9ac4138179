/* Bar 10: how long it takes to open from a snapshot: a million rows with values of 200 random
 * bytes, against redis-server on an RDB file of the same. In turn, in a process of their own each
 * time, page cache warm, and with the machine's memory touched before: the first use of a page
 * costs a virtual machine more than all others. Each opening is asked for 1,000 of its rows. */
#include "compare/opening.h"
#include "lib/live_set.h"
#include "lib/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE = 200, ROWS = 1000000, ROWS_QUICK = 100000, SIDES = 2 };

static const char *const names[SIDES] = {"holdfast", "Redis"};
static const double bar = 2;

static struct bench {
	struct args args;
	struct report report;
	char directory[DIRECTORY_MAX];
	struct opening opening[SIDES];
	double seconds[SIDES][ROUNDS_MAX];
	uint64_t rows;
} bench;

/* False, too, when Redis is not built in: there is nothing to compare with. */
static bool begin(void)
{
	bench.rows = args_objects(&bench.args, ROWS, ROWS_QUICK);
	if (!args_directory(&bench.args, "load", bench.directory))
		return false;
	for (unsigned s = 0; s < SIDES; s++) {
		const struct peer *peer = peer_find(names[s]);
		if (!peer) {
			report_absent(&bench.report, "10", "open from a snapshot: x Redis",
			              "Redis is not built in");
			return false;
		}
		if (!opening_fill(&bench.opening[s], peer, bench.directory, bench.rows, VALUE, false))
			return false;
	}
	memory_touch(bench.rows * 2048);
	return true;
}

static bool run_rounds(void)
{
	double ignored;
	for (unsigned s = 0; s < SIDES; s++) /* warms up */
		if (!opening_clean(&bench.opening[s], &ignored))
			return false;
	for (unsigned round = 0; round < bench.args.rounds; round++)
		for (unsigned k = 0; k < SIDES; k++) {
			const unsigned s = (k + round) % SIDES;
			if (!opening_clean(&bench.opening[s], &bench.seconds[s][round]))
				return false;
		}
	return true;
}

static void judge(void)
{
	const unsigned rounds = bench.args.rounds;
	double ratios[ROUNDS_MAX];
	char text[128];
	for (unsigned i = 0; i < rounds; i++)
		ratios[i] = bench.seconds[1][i] / bench.seconds[0][i];
	for (unsigned s = 0; s < SIDES; s++)
		opening_tell(&bench.opening[s], &bench.report, "load", bench.seconds[s]);
	(void)snprintf(text, sizeof text, "open from a snapshot of %.3g rows: x Redis",
	               (double)bench.rows);
	report_bar(&bench.report, "10", text, AT_LEAST, bar, ratios, rounds);
	report_note(&bench.report, "1,000 rows of each opening were read back and compared");
}

int main(int argc, char **argv)
{
	bench.args = args_parse(argc, argv, 1);
	const bool good = report_begin(&bench.report, &bench.args,
	                               "opening from a snapshot: 16-byte random key, 200 random "
	                               "bytes") &&
	                  begin() && run_rounds();
	if (good)
		judge();
	directory_remove(bench.directory);
	return report_end(&bench.report) || !good;
}
