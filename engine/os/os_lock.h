/* The store's lock on the real disk: for os_posix.c alone. */
#ifndef HF_OS_OS_LOCK_H
#define HF_OS_OS_LOCK_H

#include <stdbool.h>
#include <stdint.h>

struct hf__lock;

/* Takes the lock on file `name` in directory `dir`, as the seam's lock() says. */
int hf__lock_take(int dir, const char *name, int64_t wait_us, struct hf__lock **out);
/* Gives it up. In a forked child it only lets go of what was inherited: the lock stays the parent's. */
int hf__lock_drop(struct hf__lock *lock, bool forked);

#endif
