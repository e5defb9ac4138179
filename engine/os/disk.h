/* The real disk's insides, for os/posix.c, and the files of its calls alone. */
#ifndef HF_OS_OS_DISK_H
#define HF_OS_OS_DISK_H

#include <stdatomic.h>

#include "os/files.h"
#include "os/lock.h"
#include "os/machine.h"
#include "os/os.h"

struct posix {
	int dir;
	struct hf__file_id dir_id;
	atomic_int reserve; /* a descriptor of the directory; -1: given up */
	char *path; /* where the directory is to be found, from the root; NULL: unknown */
	const char *lock_name;
	/* taken and given up by one thread: the one that opens and closes the store */
	struct hf__lock *lock;
	/* RLIMIT_FSIZE when opened: a write past it would kill the process with SIGXFSZ */
	uint64_t longest;
	struct hf__cookie cookie;
	struct hf__files files;
};

/* os/room.c: the calls of the seam that are about room. */
int hf__disk_cut(void *ctx, const char *name, uint64_t size);
int hf__disk_allocate(void *ctx, int file, uint64_t size);
int hf__disk_punch(void *ctx, int file, uint64_t at, uint64_t len);
int hf__disk_room(void *ctx, uint64_t *out);

/* os/holders.c */
void hf__disk_holders(void *ctx, const char *lock, hf__os_holder_fn each, void *arg);
/* os/cold.c */
int hf__disk_read_cold(void *ctx, int file, void *buffer, size_t len, uint64_t at, size_t *got);

#endif
