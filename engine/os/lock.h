/* The store's lock on the real disk: for os/posix.c alone. */
#ifndef HF_OS_OS_LOCK_H
#define HF_OS_OS_LOCK_H

#include <stdbool.h>
#include <stdint.h>

struct hf__lock;

/* Takes the lock on directory `dir` and on file `name` in it, as the seam's lock() says. `path`
 * (NULL: unknown) is where the directory must still be found afterwards: ESTALE when something
 * else lies there. */
int hf__lock_take(int dir, const char *path, const char *name, int64_t wait_us,
                  struct hf__lock **out);
/* Is it still held by what can be found under the names? 0; ESTALE: something was removed,
 * replaced or closed; errno. */
int hf__lock_kept(const struct hf__lock *lock, int dir, const char *path, const char *name);
/* Does any process hold it, this process included? Takes nothing, makes nothing: 0 with *held, or
 * errno. */
int hf__lock_seen(int dir, const char *name, bool *held);
/* Gives it up. In a forked child it only lets go of what was inherited: the lock stays the
 * parent's. */
int hf__lock_drop(struct hf__lock *lock, bool forked);

#endif
