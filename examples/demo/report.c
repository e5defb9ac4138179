#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	FACTS_MAX = 32,
	MARGIN = 9,
	WHAT_WIDTH = 72,
};

struct fact {
	const char *what;
	char figures[64];
	bool holds;
};

static struct {
	struct timespec begun;
	struct fact facts[FACTS_MAX];
	unsigned count, broken;
} report;

void report_begin(void)
{
	clock_gettime(CLOCK_MONOTONIC, &report.begun);
	/* told as it happens, and nothing twice when a process is forked */
	setvbuf(stdout, NULL, _IOLBF, 0);
}

void report_line(const char *chapter, const char *format, ...)
{
	va_list args;

	printf("%-*s ", MARGIN, chapter);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void report_fact(bool holds, const char *what, const char *format, ...)
{
	struct fact *fact = &report.facts[report.count];
	va_list args;

	must_be(report.count < FACTS_MAX, "the table has room");
	fact->what = what;
	fact->holds = holds;
	va_start(args, format);
	vsnprintf(fact->figures, sizeof(fact->figures), format, args);
	va_end(args);
	report.count++;
	report.broken += !holds;
}

void report_give_up(const char *what, const struct hf_error *error)
{
	fflush(stdout);
	if (error)
		fprintf(stderr, "demo: %s: %s: %s\n", what, hf_code_name(error->code), error->text);
	else
		fprintf(stderr, "demo: this does not hold, and nothing more can be shown: %s\n", what);
	exit(1);
}

static double seconds_since(const struct timespec *begun)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begun->tv_sec) + (double)(now.tv_nsec - begun->tv_nsec) / 1e9;
}

int report_end(void)
{
	puts("");
	for (unsigned i = 0; i < report.count; i++) {
		const struct fact *fact = &report.facts[i];
		printf("%-*s %-*s %s\n", MARGIN, fact->holds ? "   ok" : "FAILED", WHAT_WIDTH, fact->what,
		       fact->figures);
	}
	puts("");
	if (report.broken)
		printf("%u of %u facts do NOT hold (%.1f s)\n", report.broken, report.count,
		       seconds_since(&report.begun));
	else
		printf("all %u facts hold (%.1f s)\n", report.count, seconds_since(&report.begun));
	return report.broken ? 1 : 0;
}
