/* The seam: everything the machine provides, as one table of functions. The real disk
 * (os/posix.c), a disk in memory (os/memory.c), the simulated disk and fault injectors
 * (tests/lib/) implement it; they can stack and coexist in one process.
 *
 * Functions return 0 or an errno value (positive), never -1. Names are plain file names inside
 * the store's directory. Files are small non-negative numbers that only the table understands.
 * All functions are thread-safe. */
#ifndef HF_OS_OS_H
#define HF_OS_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hf__os_open_flags {
	HF__OS_WRITE = 1, /* reading and writing; else reading only */
	/* must not exist yet (EEXIST); owner, group and mode follow from the directory */
	HF__OS_CREATE = 2,
	HF__OS_PRIVATE = 4, /* with the last: 0600 and of this process, whatever the directory has */
};

/* non-zero ends the listing and is returned */
typedef int (*hf__os_name_fn)(void *arg, const char *name);

/* Process `pid` has a file of that name open, of so many bytes. `removed`: the name is gone. */
typedef void (*hf__os_holder_fn)(void *arg, uint64_t pid, const char *name, bool removed,
                                 uint64_t bytes);

struct hf__os {
	void *ctx;
	/* ENOENT when it does not exist. Never follows links (ELOOP) and opens nothing but regular
	 * files (EISDIR, ENXIO); for writing only one that has no second name (EMLINK). */
	int (*open)(void *ctx, const char *name, unsigned flags, int *out);
	/* After an error the file is closed all the same. */
	int (*close)(void *ctx, int file);
	/* Does the name stand for the open file, does the file still have a name, and is the
	 * descriptor behind it still the store's? 0; ESTALE when not; errno. `name` NULL: only the
	 * last. */
	int (*same)(void *ctx, int file, const char *name);
	/* Reads `len` bytes; *got < len only at the end of the file. */
	int (*read)(void *ctx, int file, void *buffer, size_t len, uint64_t at, size_t *got);
	/* The same from the device, as far as the system lets it, and what was not in the system's
	 * cache before is not there afterwards. A file is read in one of the two ways only, by one
	 * thread at a time. NULL: there is no difference. */
	int (*read_cold)(void *ctx, int file, void *buffer, size_t len, uint64_t at, size_t *got);
	/* Writes all `len` bytes at `at`, never appending by itself. After an error any part of them
	 * may have been written. */
	int (*write)(void *ctx, int file, const void *data, size_t len, uint64_t at);
	/* Data and size to stable storage. After ANY failure the file's unsynced bytes are
	 * unknowable: never try again. */
	int (*sync)(void *ctx, int file);
	int (*size)(void *ctx, int file, uint64_t *out);
	/* Atomic; replaces `to` if it exists. */
	int (*rename)(void *ctx, const char *from, const char *to);
	int (*unlink)(void *ctx, const char *name);
	/* Cuts the file to `size` bytes if it is longer. EMLINK: it has a second name, and stays as
	 * it is. A crash may leave it longer. */
	int (*cut)(void *ctx, const char *name, uint64_t size);
	/* Asks for room for `size` bytes in the file and makes it that long: no write below that
	 * fails for want of room, where the file system can promise it (0 where it cannot). ENOSPC,
	 * EDQUOT, EFBIG: there is none. After an error the file may be longer than before. */
	int (*allocate)(void *ctx, int file, uint64_t size);
	/* Gives the room of these bytes back, which are zeros then; the size stays. EOPNOTSUPP where
	 * that cannot be done. */
	int (*punch)(void *ctx, int file, uint64_t at, uint64_t len);
	/* How many bytes a new file could have at most; UINT64_MAX: unknown. Changes nothing. */
	int (*room)(void *ctx, uint64_t *out);
	/* Makes creations, renames and unlinks of names durable. The same failure rule as sync. */
	int (*sync_dir)(void *ctx);
	int (*list)(void *ctx, hf__os_name_fn each, void *arg);
	/* Every file of the directory that another process has open, as far as this one may see; not of
	 * those that have the file `lock` open. NULL: nothing can be seen. */
	void (*holders)(void *ctx, const char *lock, hf__os_holder_fn each, void *arg);
	/* Takes the store's lock on the directory and on file `name` (created if missing, never
	 * unlinked; `name` must live as long as the lock), waiting up to wait_us (0 not, -1
	 * forever). EAGAIN: held by another process. EDEADLK: held in this one. ESTALE: something
	 * else lies where the directory was opened. Any other error is not "free". The file then has
	 * one line about the holder, which nothing depends on. */
	int (*lock)(void *ctx, const char *name, int64_t wait_us);
	/* Is it still what is found under the names, path of the directory included? 0; ESTALE:
	 * removed, replaced, closed; errno. */
	int (*held)(void *ctx);
	int (*unlock)(void *ctx);
	/* Does any process hold the lock on file `name`, this process included? Takes nothing and makes
	 * nothing. 0 with *held, false where there is no such file; an errno value: unknown. */
	int (*locked)(void *ctx, const char *name, bool *held);
	int64_t (*now)(void *ctx); /* wall clock, microseconds since the Unix epoch */
	int64_t (*ticks)(void *ctx); /* monotonic clock, nanoseconds */
	/* microseconds since the machine was booted, suspend included; never goes back */
	int64_t (*boot_clock)(void *ctx);
	int (*random)(void *ctx, void *buffer, size_t len);
	/* differs after every boot of the machine; zeros: unknown */
	int (*boot_id)(void *ctx, uint8_t out[16]);
	bool (*forked)(void *ctx); /* true in a child of the process that made this table's context */
	/* An event that poll() and its kin can wait for: readable from a tell until it is read
	 * (eight bytes). No file: freed apart. */
	int (*event_new)(void *ctx, int *out);
	int (*event_tell)(void *ctx, int event);
	void (*event_free)(void *ctx, int event);
	void (*event_clear)(void *ctx, int event); /* reads it */
	/* 0, or EOPNOTSUPP for a file system that cannot keep promises; gives its name, and whether
	 * it lives in memory only. */
	int (*safe)(void *ctx, char *name, size_t cap, bool *is_volatile);
};

/* The real disk. Opens directory `path`; with `create` makes it (0700) when missing and syncs
 * its parent. Errors: ENOENT, errno. Free with hf__os_posix_free, which closes everything still
 * open and gives up the lock (in a forked child: without unlocking). */
int hf__os_posix_new(const char *path, bool create, struct hf__os *out);
/* The same for a directory in that of `parent`, which is not followed if it is a link (ENOTDIR or
 * ELOOP). */
int hf__os_posix_in(const struct hf__os *parent, const char *name, struct hf__os *out);
void hf__os_posix_free(struct hf__os *os);
/* place.c. Does another directory lie by now where that of `os` was opened? Then ESTALE, and *out
 * is open on it. 0: no, or it cannot be told. errno: it could not be opened. */
int hf__os_posix_again(const struct hf__os *os, struct hf__os *out);

/* memory.c. A disk of its own in memory, of which nothing survives hf__os_memory_free. 0 or errno.
 * Of what is freed nothing may be in use; in a forked child, too. */
int hf__os_memory_new(struct hf__os *out);
void hf__os_memory_free(struct hf__os *os);

#endif
