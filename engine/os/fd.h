/* Descriptors: how they are made, and whose files they are. For engine/os alone. */
#ifndef HF_OS_OS_FD_H
#define HF_OS_OS_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* Which file a descriptor stood for when it was opened. */
struct hf__file_id {
	dev_t device;
	ino_t inode;
};

/* Around every call that makes a descriptor: while it is held, the numbers of the standard
 * streams are taken, so that none of them is given out. Nothing is done, and no lock is taken,
 * in a process that has its standard streams. */
struct hf__fd_guard {
	int held[3];
	int count;
	bool locked;
};
void hf__fd_guard_take(struct hf__fd_guard *guard);
void hf__fd_guard_drop(struct hf__fd_guard *guard);
/* For a descriptor that was made all the same at a low number (the host closed its own
 * meanwhile): gives it a higher one. Closes `fd` if that fails. 0 or errno. */
int hf__fd_raise(int fd, int *out);

/* Opens relative to `dir` with O_CLOEXEC, O_NOFOLLOW and O_NONBLOCK, at a number above the
 * standard streams. Does not create. */
int hf__fd_open(int dir, const char *name, int flags, int *out);
/* As hf__fd_open, and insists on a regular file: ELOOP for a link, EISDIR, ENXIO for a pipe,
 * socket or device. One that is opened for writing must have no second name (EMLINK): it would
 * be written there too. */
int hf__fd_open_regular(int dir, const char *name, int flags, int *out);
/* Makes a file (EEXIST when there is one) and opens it for reading and writing. Owner, group and
 * mode follow from the directory before any process can have written a byte: 0600, plus reading and
 * writing for the directory's group where the directory has that, when the file can be given to
 * that group; never anything for others. The directory's owner becomes the file's, where the
 * process may give files away; one that may not goes on. */
int hf__fd_create(int dir, const char *name, int *out);
/* The same, 0600 and of the process whatever the directory has. */
int hf__fd_create_private(int dir, const char *name, int *out);
/* Opens a directory by path. With `create` makes it (0700) when missing, and its entry in the
 * parent durable. */
int hf__dir_open(const char *path, bool create, int *out);

/* Reads until `len` bytes are there or the file ends: *got of them. 0 or errno. In units of so many
 * bytes, 1 for files that are read through the cache: a length that is no multiple of it is the end
 * of the file, and the next place would be none that can be read so. */
int hf__fd_read(int fd, void *buffer, size_t len, uint64_t at, uint64_t unit, size_t *got);

/* RLIMIT_FSIZE as it is now: a write to a file past it would end the process by SIGXFSZ. INT64_MAX:
 * there is none. */
uint64_t hf__fd_longest(void);

/* 0 or errno. */
int hf__fd_id(int fd, struct hf__file_id *out);
/* Is it still the descriptor of that file? It may have been closed and another one opened at
 * its number. */
bool hf__fd_is(int fd, struct hf__file_id id);
/* Does the name stand for the file that `fd`, of this id, has open, and does that file still
 * have a name? 0; ESTALE when not; errno. */
int hf__fd_same(int fd, struct hf__file_id id, int dir, const char *name);

#endif
