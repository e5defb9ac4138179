/* What the files about queues share: commands whose rows stand in the file of another noun. */
#ifndef TOOLS_OUTBOX_H
#define TOOLS_OUTBOX_H

#include "cli/call.h"

int outbox_claim(struct cli *cli, int argc, char **argv);
int outbox_claim_next(struct cli *cli, int argc, char **argv);
int outbox_fail(struct cli *cli, int argc, char **argv);
int outbox_drain(struct cli *cli, int argc, char **argv);

/* Of what fails an item: BACKOFF. */
int outbox_check_backoff(struct cli *cli, void *args);

/* clang-format off */
#define BACKOFF {"backoff", "none|fixed|exponential", \
	 "how the delay before the next attempt grows (none)", .member = "kind"}, \
	{"delay", "TIME", "of the backoff"}, \
	{"cap", "TIME", "the backoff is never longer (24h if exponential)", \
	 .zero = "--cap: 0 is no bound; --backoff none is no delay"}

/* The same under two names. */
extern const struct cli_option outbox_drain_options[];
#define DRAINS CLI_COMMITS, outbox_drain_options, outbox_drain, "hf_outbox_drain", \
	.check = outbox_check_backoff
/* clang-format on */

#endif
