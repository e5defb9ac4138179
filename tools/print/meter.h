/* Progress of what takes more than a second, on a terminal. */
#ifndef TOOLS_METER_H
#define TOOLS_METER_H

#include "cli/cli.h"

struct meter {
	const char *word;
	int64_t began, shown;
};

struct meter meter_begin(const char *word);
/* A progress function of the library; ctx is the meter. */
void meter_show(void *ctx, uint64_t done, uint64_t total);
/* Clears the line, if there is one. */
void meter_wipe(const struct meter *meter);

#endif
