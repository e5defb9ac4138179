/* What a benchmark found: printed for people, and written line by line, fields separated by tabs,
 * into the file from which bench/report.py makes RESULTS.md and the plots.
 *
 * A bar is a figure that a requirement is held against: the median of the rounds, whose least and
 * greatest are printed beside it. It is judged when there were ROUNDS_JUDGED rounds and the disk
 * was steady through them. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "lib/args.h"

#include <stddef.h>
#include <stdio.h>

enum way { AT_LEAST, AT_MOST };

struct report {
	FILE *file; /* NULL: only print */
	const struct args *args;
	bool on_disk;
	bool unsteady;
	int missed; /* bars that were judged and not met */
};

/* Prints the machine and what is measured. False, with the reason printed, when the file cannot be
 * written. */
bool report_begin(struct report *report, const struct args *args, const char *workload);
/* Gives the exit status: 0, or 1 when a bar was judged and not met or nothing can be judged. */
int report_end(struct report *report);

/* Bars from here on rest on rounds in which R moved from `low` to `high` a second. */
void report_floor(struct report *report, double low, double high, bool steady);
/* A line that qualifies what follows. */
void report_note(struct report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* `values` is one figure a round, in any order afterwards. */
void report_bar(struct report *report, const char *number, const char *what, enum way way,
                double required, double *values, size_t count);
/* One figure that does not move from round to round, as bytes or instructions: always judged. */
void report_count(struct report *report, const char *number, const char *what, enum way way,
                  double required, double value);
/* One figure over all rounds, as a rare percentile: judged as report_bar() does. */
void report_pooled(struct report *report, const char *number, const char *what, enum way way,
                   double required, double value, size_t rounds);
/* A bar without a figure, and why. */
void report_absent(struct report *report, const char *number, const char *what, const char *why);

/* A cell of the table `table`; rows and columns stand in the order in which they came. */
void report_cell(struct report *report, const char *table, const char *row, const char *column,
                 double value);

double median_of(double *values, size_t count);

#endif
