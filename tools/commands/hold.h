/* Taking a lock from a command that opens the store for a moment only. */
#ifndef TOOLS_HOLD_H
#define TOOLS_HOLD_H

#include "cli/cli.h"

#define HOLD_LEASE_US 30000000LL /* where --lease says nothing */
/* Of an option --lease. */
#define HOLD_LEASE \
	.otherwise = HOLD_LEASE_US, \
	.zero = "--lease: a lock without a lease would be free when this command ends"

/* A clock for waiting and for leases, microseconds; it runs on while the machine sleeps. */
int64_t hold_ticks(void);

/* Opens the store and acquires, args->wait_us of the whole. While another holds the lock the
 * store is closed, or no process could release it. CLI_OK: the store is open. Otherwise it is
 * closed and error->code is HF_OK when the sentence was printed already (the status is given), else
 * the library's. *began (nullable): when the call that was granted the lock began, by hold_ticks():
 * its lease is over no sooner than that much later. */
HF_CHECKED int hold_acquire(struct cli *cli, const struct hf_lock_acquire_args *args,
                            struct hf_result *result, int64_t *began, struct hf_error *error);

/* Closes the store before the frame would. CLI_OK, or an exit status with the sentence printed. */
HF_CHECKED int hold_close(struct cli *cli);

#endif
