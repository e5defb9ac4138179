/* One writer a store: an OFD lock on a file that is never unlinked, and a registry of what this process holds.
 *
 * An OFD lock belongs to the open file description: closing another descriptor of the same file does not lose it (as it would a
 * classic record lock), and a second opening in the same process is refused. The registry refuses that second opening by itself, by
 * device and inode, so that it does not depend on how a file system implements the lock.
 *
 * After the lock is taken the descriptor must still be what the name stands for: somebody may have replaced the file in between, and
 * then two openers would hold two locks.
 *
 * fork(): a child inherits the open file description. If it unlocked, the parent would lose its lock; if it merely kept the
 * descriptor, the lock would outlive the parent. So the fork handler closes the child's copies, which does neither. The registry's
 * mutex is held across fork(), so no lock is ever half taken in a child. A child made without fork handlers (a raw clone) keeps its
 * copies until it frees them, and its registry goes on refusing: safe, if unhelpful. */
#include "os/os_lock.h"

#include "base/mem.h"
#include "os/os_files.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_FIRST_US = 200, WAIT_MOST_US = 5000, REPLACED_TRIES = 16 };

struct hf__lock {
	dev_t device;
	ino_t inode;
	int fd; /* -1 in a child, whose copy the fork handler closed */
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
		lock->fd = -1;
	}
	registry = NULL; /* the child holds none; the memory is freed by each one's owner */
	(void)pthread_mutex_unlock(&registry_mutex);
}

static void registry_start(void)
{
	registry_error = pthread_atfork(fork_prepare, fork_parent, fork_child);
}

static bool registry_has(dev_t device, ino_t inode)
{
	for (const struct hf__lock *lock = registry; lock != NULL; lock = lock->next) {
		if (lock->device == device && lock->inode == inode) {
			return true;
		}
	}
	return false;
}

static void registry_remove(struct hf__lock *lock)
{
	struct hf__lock **link = &registry;
	while (*link != NULL && *link != lock) {
		link = &(*link)->next;
	}
	if (*link != NULL) {
		*link = lock->next;
	}
}

static int lock_set(int fd, short type)
{
	struct flock range = {.l_type = type, .l_whence = SEEK_SET}; /* all of the file */
	if (fcntl(fd, F_OFD_SETLK, &range) == 0) {
		return 0;
	}
	return errno == EACCES ? EAGAIN : errno; /* POSIX leaves the choice of the two to the system */
}

/* Does the name still stand for the file that was opened? ESTALE when not. */
static int lock_current(int dir, const char *name, const struct stat *opened)
{
	struct stat named;
	if (fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) != 0) {
		return errno == ENOENT ? ESTALE : errno;
	}
	return named.st_dev == opened->st_dev && named.st_ino == opened->st_ino ? 0 : ESTALE;
}

/* Everything between the opening and the lock. On failure the caller closes the descriptor, which gives up the lock as well. */
static int lock_fill(int dir, const char *name, struct hf__lock *lock)
{
	struct stat st;
	if (fstat(lock->fd, &st) != 0) {
		return errno;
	}
	if (registry_has(st.st_dev, st.st_ino)) {
		return EAGAIN;
	}
	lock->device = st.st_dev;
	lock->inode = st.st_ino;
	int err = lock_set(lock->fd, F_WRLCK);
	return err != 0 ? err : lock_current(dir, name, &st);
}

/* One attempt. ESTALE: the file was replaced or removed meanwhile; try again. The mutex is held throughout, so that no fork() falls
 * between opening the file and its place in the registry. */
static int lock_try(int dir, const char *name, struct hf__lock *lock)
{
	(void)pthread_mutex_lock(&registry_mutex);
	/* Crash: an empty lock file or none. Both are fine: its bytes and its being there mean nothing. */
	int err = hf__fd_open_regular(dir, name, O_RDWR | O_CREAT, &lock->fd);
	if (err == ENOENT) {
		err = ESTALE;
	} else if (err == 0) {
		err = lock_fill(dir, name, lock);
		if (err == 0) {
			lock->next = registry;
			registry = lock;
		} else {
			(void)close(lock->fd);
		}
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

/* OFD locks can be waited for only without a deadline, and not beside the registry; so look again, ever less often. */
static int lock_wait(int dir, const char *name, int64_t wait_us, struct hf__lock *lock)
{
	int64_t began = clock_us();
	int64_t pause = WAIT_FIRST_US;
	int replaced = 0;
	for (;;) {
		int err = lock_try(dir, name, lock);
		if (err == ESTALE && ++replaced < REPLACED_TRIES) {
			continue; /* more often than that is no race, but a directory that is gone */
		}
		int64_t waited = clock_us() - began;
		if (err != EAGAIN || (wait_us >= 0 && waited >= wait_us)) {
			return err;
		}
		int64_t left = wait_us < 0 ? pause : wait_us - waited;
		pause_us(pause < left ? pause : left);
		pause = pause * 2 < WAIT_MOST_US ? pause * 2 : WAIT_MOST_US;
	}
}

int hf__lock_take(int dir, const char *name, int64_t wait_us, struct hf__lock **out)
{
	int err = pthread_once(&registry_once, registry_start);
	if (err != 0 || registry_error != 0) {
		return err != 0 ? err : registry_error;
	}
	struct hf__lock *lock = hf__alloc(sizeof(*lock));
	if (lock == NULL) {
		return ENOMEM;
	}
	err = lock_wait(dir, name, wait_us, lock);
	if (err != 0) {
		hf__free(lock);
		return err;
	}
	*out = lock;
	return 0;
}

/* In a child: the fork handler has closed the descriptor and emptied the registry. If it never ran, closing does what it would have
 * done, and the registry keeps the entry. */
static int lock_forget(struct hf__lock *lock)
{
	if (lock->fd < 0) {
		hf__free(lock);
		return 0;
	}
	int fd = lock->fd;
	lock->fd = -1;
	return close(fd) == 0 ? 0 : errno;
}

int hf__lock_drop(struct hf__lock *lock, bool forked)
{
	if (forked) {
		return lock_forget(lock);
	}
	(void)pthread_mutex_lock(&registry_mutex);
	/* Unlocked by name and not only by closing: a child that kept the descriptor must not keep the lock. */
	int err = lock_set(lock->fd, F_UNLCK);
	if (close(lock->fd) != 0 && err == 0) {
		err = errno;
	}
	registry_remove(lock);
	(void)pthread_mutex_unlock(&registry_mutex);
	hf__free(lock);
	return err;
}
