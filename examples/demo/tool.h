/* The command `holdfast`, called as a person would call it. */
#ifndef DEMO_TOOL_H
#define DEMO_TOOL_H

#include <stdbool.h>

enum { TOOL_ARGUMENTS_MAX = 12 };

/* Which program; the default is `holdfast` by PATH. Its errors go where ours go. */
void tool_use(const char *program);

/* Runs it with these arguments, NULL after the last, and its output in file `output`. The
 * process must have no other threads. False, with the reason printed, unless it ended with 0. */
bool tool_run(const char *output, const char *const *arguments);

#endif
