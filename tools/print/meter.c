/* See meter.h. */
#include "print/meter.h"

#include <inttypes.h>

enum { SHOW_AFTER_US = 1000000, SHOW_EVERY_US = 100000, SHOWN_WIDTH = 48 };

struct meter meter_begin(const char *word)
{
	return (struct meter){.word = word, .began = cli_monotonic()};
}

void meter_show(void *ctx, uint64_t done, uint64_t total)
{
	struct meter *meter = ctx;
	const int64_t now = cli_monotonic();
	if (now - meter->began < SHOW_AFTER_US || now - meter->shown < SHOW_EVERY_US)
		return;
	meter->shown = now;
	if (total > 0)
		fprintf(stderr, "\r%s: %" PRIu64 " of %" PRIu64 " MiB ", meter->word, done >> 20,
		        total >> 20);
	else
		fprintf(stderr, "\r%s: %" PRIu64 " MiB ", meter->word, done >> 20);
	fflush(stderr);
}

void meter_wipe(const struct meter *meter)
{
	if (meter->shown)
		fprintf(stderr, "\r%*s\r", SHOWN_WIDTH, "");
}
