/* Descriptors: how they are opened, and which are open.
 *
 * Every descriptor is opened close-on-exec, without following a link, without blocking on what turns out to be no file, and above the
 * standard streams.
 *
 * Those that the store has open are kept in a table without a mutex: after fork() the child must be able to walk it even if another
 * thread of the parent was in the middle of an open. Slots are taken and left by compare-and-swap; blocks are only ever added. */
#include "os/os_files.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NO_FILE = -1 };

/* A standard stream's number must never be a store's file: stray output would be written into it. */
static int fd_raise(int fd, int *out)
{
	if (fd > STDERR_FILENO) {
		*out = fd;
		return 0;
	}
	int raised = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int err = raised < 0 ? errno : 0;
	(void)close(fd); /* nothing was written through it */
	*out = raised;
	return err;
}

int hf__fd_open(int dir, const char *name, int flags, int *out)
{
	int fd = openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	return fd < 0 ? errno : fd_raise(fd, out);
}

static int fd_regular(int fd)
{
	struct stat st;
	if (fstat(fd, &st) != 0) {
		return errno;
	}
	if (!S_ISREG(st.st_mode) || st.st_nlink > 1) {
		return EINVAL;
	}
	return st.st_nlink == 0 ? ENOENT : 0; /* removed since it was opened */
}

int hf__fd_open_regular(int dir, const char *name, int flags, int *out)
{
	int fd = -1;
	int err = hf__fd_open(dir, name, flags, &fd);
	if (err == ELOOP || err == EISDIR || err == ENXIO) {
		return EINVAL; /* a link, a directory, a socket */
	}
	if (err != 0) {
		return err;
	}
	err = fd_regular(fd);
	if (err != 0) {
		(void)close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

/* Makes the directory's own entry durable, in the parent as the directory itself sees it. */
static int parent_sync(int dir)
{
	int fd = -1;
	int err = hf__fd_open(dir, "..", O_RDONLY | O_DIRECTORY, &fd);
	if (err == EACCES) {
		return syncfs(dir) == 0 ? 0 : errno; /* a parent that may be passed but not read */
	}
	if (err != 0) {
		return err;
	}
	if (fsync(fd) != 0) {
		err = errno;
	}
	(void)close(fd); /* nothing was written through it */
	/* A file system that is read-only or knows no sync holds no entry that was just made. */
	return err == EROFS || err == EINVAL ? 0 : err;
}

int hf__dir_open(const char *path, bool create, int *out)
{
	/* Crash: no directory, or an empty one. Which it is does not matter before the parent is synced below, and an opener that finds one
	 * left by a crash syncs the parent again: it cannot know whether the first did. */
	if (create && mkdir(path, 0700) != 0 && errno != EEXIST) {
		return errno;
	}
	/* The last part of the path may be a link: it is the caller's, not found in a store. */
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		return errno;
	}
	int err = hf__fd_open(fd, ".", O_RDONLY | O_DIRECTORY, out); /* above the standard streams */
	(void)close(fd);
	if (err == 0 && create) {
		err = parent_sync(*out);
		if (err != 0) {
			(void)close(*out);
		}
	}
	return err;
}

static void block_init(struct hf__file_block *block)
{
	for (size_t i = 0; i < HF__FILES_PER_BLOCK; i++) {
		atomic_init(&block->files[i], NO_FILE);
	}
	atomic_init(&block->next, NULL);
}

void hf__files_init(struct hf__files *files)
{
	block_init(&files->first);
}

/* Replaces `from` by `to` in one slot of the block; false when no slot holds `from`. */
static bool block_swap(struct hf__file_block *block, int from, int to)
{
	for (size_t i = 0; i < HF__FILES_PER_BLOCK; i++) {
		int expected = from;
		if (atomic_compare_exchange_strong(&block->files[i], &expected, to)) {
			return true;
		}
	}
	return false;
}

static struct hf__file_block *block_after(struct hf__file_block *block)
{
	struct hf__file_block *next = atomic_load(&block->next);
	if (next != NULL) {
		return next;
	}
	struct hf__file_block *fresh = hf__alloc(sizeof(*fresh));
	if (fresh == NULL) {
		return NULL;
	}
	block_init(fresh);
	if (atomic_compare_exchange_strong(&block->next, &next, fresh)) {
		return fresh;
	}
	hf__free(fresh); /* another thread was faster */
	return next;
}

int hf__files_add(struct hf__files *files, int fd)
{
	for (struct hf__file_block *block = &files->first; block != NULL; block = block_after(block)) {
		if (block_swap(block, NO_FILE, fd)) {
			return 0;
		}
	}
	return ENOMEM;
}

bool hf__files_remove(struct hf__files *files, int fd)
{
	for (struct hf__file_block *block = &files->first; block != NULL; block = atomic_load(&block->next)) {
		if (block_swap(block, fd, NO_FILE)) {
			return true;
		}
	}
	return false;
}

void hf__files_close(struct hf__files *files)
{
	for (struct hf__file_block *block = &files->first; block != NULL; block = atomic_load(&block->next)) {
		for (size_t i = 0; i < HF__FILES_PER_BLOCK; i++) {
			int fd = atomic_exchange(&block->files[i], NO_FILE);
			if (fd >= 0) {
				(void)close(fd); /* whoever needed its bytes has synced them */
			}
		}
	}
	struct hf__file_block *block = atomic_load(&files->first.next);
	while (block != NULL) {
		struct hf__file_block *next = atomic_load(&block->next);
		hf__free(block);
		block = next;
	}
}
