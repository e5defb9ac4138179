/* What every seam answers alike, wherever its files lie: clocks, randomness, and whether this is a
 * forked child. For engine/os alone. */
#ifndef HF_OS_MACHINE_H
#define HF_OS_MACHINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* As the seam's functions of these names; ctx is not looked at. */
int64_t hf__machine_now(void *ctx);
int64_t hf__machine_ticks(void *ctx);
int64_t hf__machine_boot_clock(void *ctx);
int hf__machine_random(void *ctx, void *buffer, size_t len);

/* Which process this is: one load to look at, and no system call. */
struct hf__cookie {
	_Atomic(uint64_t) *word; /* in a page of its own that a child sees zeroed */
	size_t page;
	pid_t pid; /* asked when the kernel cannot wipe pages */
	bool wipes;
};
/* 0 or errno. */
int hf__cookie_init(struct hf__cookie *cookie);
void hf__cookie_deinit(struct hf__cookie *cookie);
/* Is this a child of the process that made it? */
bool hf__cookie_forked(const struct hf__cookie *cookie);

#endif
