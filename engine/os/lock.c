/* One writer a store: a lock on the directory, a lock on a file in it, and a registry of what
 * this process holds.
 *
 * The directory's lock (flock) is the one that removing files cannot lose; the file's
 * (OFD) is the one that also holds over a network, where directories cannot be locked. Both
 * belong to the open file description: closing another descriptor of the same file does not lose
 * them (as it would a classic record lock), and a second opening in the same process is refused.
 * The registry refuses that second opening by itself, by device and inode, so that it does not
 * depend on how a file system implements the lock, and so that it can be reported as what it is.
 *
 * After the lock is taken its descriptors must still be what the names stand for: the file
 * or the directory may have been replaced in between, and then two openers would hold two
 * locks. The same is asked again once a second (hf__lock_kept), with a look at whether the
 * descriptors are still ours: a host that closes all it does not know, and opens its own files
 * at their numbers, has lost the lock.
 *
 * The file holds one line about its holder, for people. Nothing is decided by it.
 *
 * fork(): a child inherits the open file descriptions. If it unlocked, the parent would lose its
 * lock; if it merely kept the descriptors, the lock would outlive the parent. So the fork
 * handler closes the child's copies, which does neither. The registry's mutex is held across
 * fork(), so no lock is ever half taken in a child. A child made without fork handlers (a raw
 * clone) keeps its copies until it frees them, and its registry goes on refusing: safe, if
 * unhelpful. */
#include "os/lock.h"

#include "base/mem.h"
#include "base/text.h"
#include "os/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_FIRST_US = 200, WAIT_MOST_US = 5000, REPLACED_TRIES = 16 };

struct hf__lock {
	struct hf__file_id id, dir_id;
	int fd, dir; /* -1 in a child, whose copies the fork handler closed */
	struct hf__lock *next;
};

static pthread_mutex_t registry_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct hf__lock *registry; /* under registry_mutex */
static pthread_once_t registry_once = PTHREAD_ONCE_INIT;
static int registry_error; /* why the fork handlers could not be set */

static void fork_prepare(void)
{
	(void)pthread_mutex_lock(&registry_mutex);
}

static void fork_parent(void)
{
	(void)pthread_mutex_unlock(&registry_mutex);
}

static void fork_child(void)
{
	for (struct hf__lock *lock = registry; lock != NULL; lock = lock->next) {
		(void)close(lock->fd);
		(void)close(lock->dir);
		lock->fd = lock->dir = -1;
	}
	registry = NULL; /* the child holds none; the memory is freed by each one's owner */
	(void)pthread_mutex_unlock(&registry_mutex);
}

static void registry_start(void)
{
	registry_error = pthread_atfork(fork_prepare, fork_parent, fork_child);
}

static bool same_id(struct hf__file_id a, struct hf__file_id b)
{
	return a.device == b.device && a.inode == b.inode;
}

static bool registry_has(const struct hf__lock *wanted)
{
	for (const struct hf__lock *lock = registry; lock != NULL; lock = lock->next)
		if (same_id(lock->id, wanted->id) || same_id(lock->dir_id, wanted->dir_id))
			return true;
	return false;
}

static void registry_remove(struct hf__lock *lock)
{
	struct hf__lock **link = &registry;
	while (*link != NULL && *link != lock)
		link = &(*link)->next;
	if (*link != NULL)
		*link = lock->next;
}

static int lock_set(int fd, short type)
{
	struct flock range = {.l_type = type, .l_whence = SEEK_SET}; /* all of the file */
	if (fcntl(fd, F_OFD_SETLK, &range) == 0)
		return 0;
	return errno == EACCES ? EAGAIN : errno; /* POSIX leaves the choice of the two to the system */
}

/* Does something else lie where the directory was opened? What cannot be looked up (the path was
 * relative and the host went elsewhere, it lives in another root now, the directory was moved
 * away) is no proof of that. */
static int path_swapped(struct hf__file_id dir, const char *path)
{
	struct stat there;
	if (path == NULL || stat(path, &there) != 0)
		return 0;
	return same_id((struct hf__file_id){there.st_dev, there.st_ino}, dir) ? 0 : ESTALE;
}

int hf__lock_kept(const struct hf__lock *lock, int dir, const char *path, const char *name)
{
	struct stat st;
	if (!hf__fd_is(dir, lock->dir_id) || fstat(lock->dir, &st) != 0 ||
	    st.st_dev != lock->dir_id.device || st.st_ino != lock->dir_id.inode || st.st_nlink == 0)
		return ESTALE;
	const int err = hf__fd_same(lock->fd, lock->id, dir, name);
	return err != 0 ? err : path_swapped(lock->dir_id, path);
}

/* Not every file system locks directories; the file's lock is there too. */
static int lock_directory(int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? EAGAIN : 0;
}

/* Everything between the opening and the lock. On failure the caller closes the descriptors,
 * which gives up the locks. */
static int lock_fill(int dir, const char *path, const char *name, struct hf__lock *lock)
{
	int err = hf__fd_id(lock->fd, &lock->id);
	if (err == 0)
		err = hf__fd_id(lock->dir, &lock->dir_id);
	if (err == 0 && registry_has(lock))
		return EDEADLK;
	if (err == 0)
		err = lock_directory(lock->dir);
	if (err == 0)
		err = lock_set(lock->fd, F_WRLCK);
	return err != 0 ? err : hf__lock_kept(lock, dir, path, name);
}

/* Opens the file, and makes it first where it is missing. */
static int lock_open(int dir, const char *name, int *out)
{
	int err = hf__fd_open_regular(dir, name, O_RDWR, out);
	if (err != ENOENT)
		return err;
	/* Crash: an empty lock file or none. Both are fine: its bytes and its being there mean
	 * nothing. */
	err = hf__fd_create(dir, name, out);
	/* made or removed meanwhile: look again */
	return err == EEXIST || err == ENOENT ? ESTALE : err;
}

/* The line for people. That it cannot be written (a full disk, a limit) keeps no opener out. */
static void lock_sign(const struct hf__lock *lock)
{
	char line[128] = "";
	struct hf__text text = {line, sizeof line - 1, 0};
	struct tm tm = {0};
	const time_t now = time(NULL);
	(void)gmtime_r(&now, &tm);
	hf__text_add(&text, "pid %ld since %04d-%02d-%02dT%02d:%02d:%02dZ ", (long)getpid(),
	             tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	for (const char *c = program_invocation_short_name; c != NULL && *c != '\0'; c++)
		hf__text_add(&text, "%c", (unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c);
	line[strlen(line)] = '\n'; /* the buffer has a byte more than the text may use */
	const size_t len = strnlen(line, sizeof line);
	if (len <= hf__fd_longest() && pwrite(lock->fd, line, len, 0) == (ssize_t)len)
		(void)!ftruncate(lock->fd, (off_t)len);
}

/* One attempt. ESTALE: the file was replaced or removed meanwhile; try again. The mutex is held
 * throughout, so that no fork() falls between opening the files and their place in the registry. */
static int lock_try(int dir, const char *path, const char *name, struct hf__lock *lock)
{
	(void)pthread_mutex_lock(&registry_mutex);
	lock->fd = lock->dir = -1;
	int err = hf__fd_open(dir, ".", O_RDONLY | O_DIRECTORY, &lock->dir);
	if (err == 0)
		err = lock_open(dir, name, &lock->fd);
	if (err == 0)
		err = lock_fill(dir, path, name, lock);
	if (err == 0) {
		lock_sign(lock);
		lock->next = registry;
		registry = lock;
	} else {
		if (lock->fd >= 0)
			(void)close(lock->fd);
		if (lock->dir >= 0)
			(void)close(lock->dir);
	}
	(void)pthread_mutex_unlock(&registry_mutex);
	return err;
}

static int64_t clock_us(void)
{
	struct timespec t = {0};
	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* fails only for a clock that does not exist */
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void pause_us(int64_t us)
{
	struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
	(void)nanosleep(&t, NULL); /* waking early only means looking early */
}

/* OFD locks can be waited for only without a deadline, and not beside the registry; so look
 * again, ever less often. */
static int lock_wait(int dir, const char *path, const char *name, int64_t wait_us,
                     struct hf__lock *lock)
{
	int64_t began = clock_us();
	int64_t pause = WAIT_FIRST_US;
	int replaced = 0;
	for (;;) {
		int err = lock_try(dir, path, name, lock);
		if (err == ESTALE && ++replaced < REPLACED_TRIES)
			continue; /* more often than that is no race, but a directory that is gone */
		int64_t waited = clock_us() - began;
		if ((err != EAGAIN && err != EDEADLK) || (wait_us >= 0 && waited >= wait_us))
			return err;
		int64_t left = wait_us < 0 ? pause : wait_us - waited;
		pause_us(pause < left ? pause : left);
		pause = pause * 2 < WAIT_MOST_US ? pause * 2 : WAIT_MOST_US;
	}
}

int hf__lock_take(int dir, const char *path, const char *name, int64_t wait_us,
                  struct hf__lock **out)
{
	int err = pthread_once(&registry_once, registry_start);
	if (err != 0 || registry_error != 0)
		return err != 0 ? err : registry_error;
	struct hf__lock *lock = hf__alloc(sizeof(*lock));
	if (lock == NULL)
		return ENOMEM;
	err = lock_wait(dir, path, name, wait_us, lock);
	if (err != 0) {
		hf__free(lock);
		return err;
	}
	*out = lock;
	return 0;
}

/* In a child: the fork handler has closed the descriptor and emptied the registry. If it never
 * ran, closing does what it would have done, and the registry keeps the entry. */
static int lock_forget(struct hf__lock *lock)
{
	int err = 0;
	if (lock->fd < 0) {
		hf__free(lock);
		return 0;
	}
	err = close(lock->fd) == 0 ? 0 : errno;
	(void)close(lock->dir);
	lock->fd = lock->dir = -1;
	return err;
}

int hf__lock_seen(int dir, const char *name, bool *held)
{
	int file = -1;
	*held = false;
	int err = hf__fd_open(dir, name, O_RDONLY, &file);
	if (err != 0)
		return err == ENOENT ? 0 : err;
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	err = fcntl(file, F_OFD_GETLK, &lock) == 0 ? 0 : errno;
	(void)close(file); /* only asked */
	*held = err == 0 && lock.l_type != F_UNLCK;
	return err;
}

int hf__lock_drop(struct hf__lock *lock, bool forked)
{
	int err = 0;
	if (forked)
		return lock_forget(lock);
	(void)pthread_mutex_lock(&registry_mutex);
	/* Unlocked by name and not only by closing: a child that kept the descriptor must not keep
	 * the lock. A descriptor that the host closed, and perhaps opened again as something of its
	 * own, is not touched. */
	if (hf__fd_is(lock->fd, lock->id)) {
		(void)!ftruncate(lock->fd, 0); /* it is held no longer */
		err = lock_set(lock->fd, F_UNLCK);
		if (close(lock->fd) != 0 && err == 0)
			err = errno;
	}
	if (hf__fd_is(lock->dir, lock->dir_id)) {
		(void)flock(lock->dir, LOCK_UN); /* a file system without such locks has none to give up */
		(void)close(lock->dir);
	}
	registry_remove(lock);
	(void)pthread_mutex_unlock(&registry_mutex);
	hf__free(lock);
	return err;
}
