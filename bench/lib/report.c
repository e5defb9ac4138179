#include "lib/report.h"

#include "lib/machine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *left, const void *right)
{
	const double l = *(const double *)left, r = *(const double *)right;
	return (l > r) - (l < r);
}

double median_of(double *values, size_t count)
{
	if (count == 0)
		return 0;
	qsort(values, count, sizeof *values, compare);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

bool report_begin(struct report *report, const struct args *args, const char *workload)
{
	*report = (struct report){.args = args};
	report->on_disk = machine_describe(args->directory, stdout, "");
	printf("workload   %s\n", workload);
	if (!args->out)
		return true;
	report->file = fopen(args->out, "we");
	if (!report->file) {
		fprintf(stderr, "%s: %s\n", args->out, strerror(errno));
		return false;
	}
	(void)machine_describe(args->directory, report->file, "machine\t");
	fprintf(report->file, "workload\t%s\n", workload);
	return true;
}

int report_end(struct report *report)
{
	if (report->file && fclose(report->file) != 0) {
		fprintf(stderr, "%s: %s\n", report->args->out, strerror(errno));
		return 1;
	}
	return report->missed > 0 || report->unsteady || !report->on_disk;
}

void report_floor(struct report *report, double low, double high, bool steady)
{
	report->unsteady = !steady;
	report_note(report, "R, medians of the rounds: %.0f to %.0f a second (%.0f %% apart)%s", low,
	            high, (high / low - 1) * 100,
	            steady ? "" : ": THE DISK IS UNSTEADY, nothing is judged; run it on a quiet one");
}

void report_note(struct report *report, const char *format, ...)
{
	va_list args;
	char line[512];
	va_start(args, format);
	(void)vsnprintf(line, sizeof line, format, args);
	va_end(args);
	printf("%s\n", line);
	if (report->file)
		fprintf(report->file, "note\t%s\n", line);
}

/* `low` and `high` are the spread; `verdict` says whether it was met, or why it was not judged. */
static void put_bar(struct report *report, const char *number, const char *what, enum way way,
                    double required, const double value[3], const char *verdict)
{
	const char *sign = way == AT_LEAST ? ">=" : "<=";
	printf("bar %-5s %-58s %8.3g (%.3g to %.3g)  required %s %-6.4g  %s\n", number, what, value[0],
	       value[1], value[2], sign, required, verdict);
	if (report->file)
		fprintf(report->file, "bar\t%s\t%s\t%.4g\t%.4g\t%.4g\t%s\t%.6g\t%s\n", number, what,
		        value[0], value[1], value[2], sign, required, verdict);
}

static const char *judge(struct report *report, enum way way, double required, double value)
{
	const bool met = way == AT_LEAST ? value >= required : value <= required;
	report->missed += !met;
	return met ? "met" : "NOT MET";
}

/* The verdict on a figure of so many rounds on this disk. */
static const char *verdict_of(struct report *report, enum way way, double required, double value,
                              size_t rounds)
{
	if (!report->on_disk)
		return "not judged: no disk";
	if (report->unsteady)
		return "not judged: unsteady disk";
	if (rounds < ROUNDS_JUDGED || report->args->quick)
		return "not judged: quick run";
	return judge(report, way, required, value);
}

void report_bar(struct report *report, const char *number, const char *what, enum way way,
                double required, double *values, size_t count)
{
	const double median = median_of(values, count);
	const double value[3] = {median, count ? values[0] : 0, count ? values[count - 1] : 0};
	put_bar(report, number, what, way, required, value,
	        verdict_of(report, way, required, median, count));
}

void report_pooled(struct report *report, const char *number, const char *what, enum way way,
                   double required, double value, size_t rounds)
{
	const double all[3] = {value, value, value};
	put_bar(report, number, what, way, required, all,
	        verdict_of(report, way, required, value, rounds));
}

void report_count(struct report *report, const char *number, const char *what, enum way way,
                  double required, double value)
{
	const double all[3] = {value, value, value};
	put_bar(report, number, what, way, required, all,
	        report->args->quick ? "not judged: quick run" : judge(report, way, required, value));
}

void report_absent(struct report *report, const char *number, const char *what, const char *why)
{
	printf("bar %-5s %-58s -  not measured: %s\n", number, what, why);
	if (report->file)
		fprintf(report->file, "absent\t%s\t%s\t%s\n", number, what, why);
}

void report_cell(struct report *report, const char *table, const char *row, const char *column,
                 double value)
{
	if (report->file)
		fprintf(report->file, "cell\t%s\t%s\t%s\t%.6g\n", table, row, column, value);
}
