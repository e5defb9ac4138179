/* What a run of the demo says: chapters while it goes on, then a table of what was proved. */
#ifndef DEMO_REPORT_H
#define DEMO_REPORT_H

#include <holdfast/types.h>

#include <stdbool.h>

/* Begins the clock. */
void report_begin(void);

/* A line of the story; `chapter` stands in the margin, "" goes on with the one before. */
void report_line(const char *chapter, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Something that must be so for the story to be true. It is kept for the table; `format` gives
 * the figures beside it. */
void report_fact(bool holds, const char *what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Nothing more can be shown: prints why and ends the process with 1. */
_Noreturn void report_give_up(const char *what, const struct hf_error *error);

/* A step, or a fact, without which nothing more can be shown. */
static inline void must(int code, const struct hf_error *error, const char *what)
{
	if (code != HF_OK)
		report_give_up(what, error);
}

static inline void must_be(bool holds, const char *what)
{
	if (!holds)
		report_give_up(what, NULL);
}

/* Prints the table and how long all took. Gives the exit status: 0 if every fact held. */
int report_end(void);

#endif
