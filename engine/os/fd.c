/* Descriptors: how they are made, and whose files they are.
 *
 * Job: every descriptor is close-on-exec, follows no link, does not block on what turns out to
 * be no file, and lies above the standard streams: a host that closed those and goes
 * on printing must not print into the log.
 *
 * The kernel gives out the lowest free number, and opening first and moving up afterwards leaves
 * a moment in which another thread's output is written to the file that was just opened. So the
 * low numbers are taken by placeholders (O_PATH: reading and writing them fails) while a
 * descriptor is made. Only processes without standard streams pay for that, one thread at a
 * time; all others look at three numbers. A placeholder that the host replaced meanwhile, by
 * dup2(), is not closed. What is left is a host that closes a standard stream in the very moment
 * between looking and opening: that descriptor is moved up before anything of ours is written to
 * it. */
#include "os/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* --- The standard streams' numbers ------------------------------------------------------------ */

static pthread_mutex_t guard_mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint guard_turn; /* odd while there are placeholders */
static pthread_once_t guard_once = PTHREAD_ONCE_INIT;

static void fork_prepare(void)
{
	(void)pthread_mutex_lock(&guard_mutex);
}

static void fork_done(void)
{
	(void)pthread_mutex_unlock(&guard_mutex);
}

static void guard_start(void)
{
	/* Without them a child could find the mutex taken forever; that needs a fork in the middle
	 * of an open, of a host without standard streams, that has no memory left for three
	 * pointers. */
	(void)pthread_atfork(fork_prepare, fork_done, fork_done);
}

static bool streams_taken(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return false;
	return true;
}

static int placeholder(void)
{
	return open("/", O_PATH | O_CLOEXEC);
}

void hf__fd_guard_take(struct hf__fd_guard *guard)
{
	const unsigned turn = atomic_load(&guard_turn);
	guard->count = 0;
	/* What was seen to be taken between two looks at an even, unchanged turn was taken by the
	 * host. */
	guard->locked = turn % 2 != 0 || !streams_taken() || atomic_load(&guard_turn) != turn;
	if (!guard->locked)
		return;
	(void)pthread_once(&guard_once, guard_start);
	(void)pthread_mutex_lock(&guard_mutex);
	(void)atomic_fetch_add(&guard_turn, 1);
	int fd = placeholder();
	while (fd >= 0 && fd <= STDERR_FILENO && guard->count < 3) {
		guard->held[guard->count++] = fd;
		fd = placeholder();
	}
	if (fd >= 0)
		(void)close(fd);
}

void hf__fd_guard_drop(struct hf__fd_guard *guard)
{
	struct stat root;
	if (!guard->locked)
		return;
	const bool known = stat("/", &root) == 0;
	for (int i = 0; i < guard->count; i++)
		if (known && hf__fd_is(guard->held[i], (struct hf__file_id){root.st_dev, root.st_ino}))
			(void)close(guard->held[i]);
	(void)atomic_fetch_add(&guard_turn, 1);
	(void)pthread_mutex_unlock(&guard_mutex);
}

int hf__fd_raise(int fd, int *out)
{
	*out = fd;
	if (fd > STDERR_FILENO)
		return 0;
	*out = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	const int err = *out < 0 ? errno : 0;
	(void)close(fd); /* nothing was written through it */
	return err;
}

/* --- Opening ---------------------------------------------------------------------------------- */

int hf__fd_open(int dir, const char *name, int flags, int *out)
{
	struct hf__fd_guard guard;
	hf__fd_guard_take(&guard);
	const int fd = openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	const int err = fd < 0 ? errno : hf__fd_raise(fd, out);
	hf__fd_guard_drop(&guard);
	return err;
}

static int check_regular(int fd, bool writes)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? EISDIR : ENXIO;
	if (writes && st.st_nlink > 1)
		return EMLINK;
	return st.st_nlink == 0 ? ENOENT : 0; /* removed since it was opened */
}

int hf__fd_open_regular(int dir, const char *name, int flags, int *out)
{
	int fd = -1;
	int err = hf__fd_open(dir, name, flags, &fd);
	if (err != 0)
		return err;
	err = check_regular(fd, (flags & O_ACCMODE) != O_RDONLY);
	if (err != 0) {
		(void)close(fd); /* nothing was written through it */
		return err;
	}
	*out = fd;
	return 0;
}

/* --- Making ----------------------------------------------------------------------------------- */

/* Owner and group first, rights afterwards: a group gets none before it is the right one. */
static int take_after(int fd, int dir)
{
	struct stat of_dir, of_file;
	if (fstat(dir, &of_dir) != 0 || fstat(fd, &of_file) != 0)
		return errno;
	const bool foreign = of_file.st_uid != of_dir.st_uid;
	/* A process that may not give the file away may perhaps still give it to the group. */
	if ((!foreign || fchown(fd, of_dir.st_uid, of_dir.st_gid) != 0) &&
	    of_file.st_gid != of_dir.st_gid)
		(void)!fchown(fd, (uid_t)-1, of_dir.st_gid);
	if (fstat(fd, &of_file) != 0)
		return errno;
	mode_t mode = S_IRUSR | S_IWUSR;
	if (of_file.st_gid == of_dir.st_gid)
		mode |= of_dir.st_mode & (S_IRGRP | S_IWGRP);
	if ((of_file.st_mode & 07777) == mode || fchmod(fd, mode) == 0)
		return 0;
	/* A file system without rights, or a file given away by one who may only do that: it is
	 * private as it is. */
	return errno == EPERM || errno == ENOTSUP ? 0 : errno;
}

static int create(int dir, const char *name, bool private, int *out)
{
	int fd = -1;
	/* Crash: an empty file of whatever owner, group and rights. It is no part of the log, and
	 * made anew. */
	int err = hf__fd_open(dir, name, O_RDWR | O_CREAT | O_EXCL, &fd);
	if (err != 0)
		return err;
	err = check_regular(fd, true);
	if (err == 0 && !private)
		err = take_after(fd, dir);
	if (err != 0) {
		(void)close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

int hf__fd_create(int dir, const char *name, int *out)
{
	return create(dir, name, false, out);
}

int hf__fd_create_private(int dir, const char *name, int *out)
{
	return create(dir, name, true, out);
}

/* Makes the directory's own entry durable, in the parent as the directory itself sees it. */
static int parent_sync(int dir)
{
	int fd = -1;
	int err = hf__fd_open(dir, "..", O_RDONLY | O_DIRECTORY, &fd);
	if (err == EACCES)
		return syncfs(dir) == 0 ? 0 : errno; /* a parent that may be passed but not read */
	if (err != 0)
		return err;
	if (fsync(fd) != 0)
		err = errno;
	(void)close(fd); /* nothing was written through it */
	/* A file system that is read-only or knows no sync holds no entry that was just made. */
	return err == EROFS || err == EINVAL ? 0 : err;
}

int hf__dir_open(const char *path, bool create, int *out)
{
	struct hf__fd_guard guard;
	/* Crash: no directory, or an empty one. Which it is does not matter before the parent is
	 * synced below, and an opener that finds one left by a crash syncs the parent again: it
	 * cannot know whether the first did. */
	const int made = create && mkdir(path, 0700) != 0 ? errno : 0;
	if (made != 0 && made != EEXIST && made != EROFS)
		return made;
	hf__fd_guard_take(&guard);
	/* The last part of the path may be a link: it is the caller's, not found in a store. */
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = fd < 0 ? errno : hf__fd_raise(fd, out);
	hf__fd_guard_drop(&guard);
	if (err == ENOENT && made == EROFS)
		err = EROFS;
	if (err == 0 && create) {
		err = parent_sync(*out);
		if (err != 0)
			(void)close(*out);
	}
	return err;
}

/* --- Reading ---------------------------------------------------------------------------------- */

int hf__fd_read(int fd, void *buffer, size_t len, uint64_t at, uint64_t unit, size_t *got)
{
	*got = 0;
	if (len > (size_t)INT64_MAX || at > (uint64_t)INT64_MAX - len)
		return EINVAL;
	while (*got < len && *got % unit == 0) {
		const ssize_t n = pread(fd, (uint8_t *)buffer + *got, len - *got, (off_t)(at + *got));
		if (n == 0)
			break;
		if (n > 0)
			*got += (size_t)n;
		else if (errno != EINTR)
			return errno;
	}
	return 0;
}

/* --- Whose file it is ------------------------------------------------------------------------- */

/* Asks for nothing but type, number and names. Where a file system keeps time stamps of fine grain
 * (Linux 6.13 on), who reads a file's times makes its next write change them anew, and a commit
 * that is looked at before it is written takes 20 us longer, on a disk that syncs in 50. stat()
 * always reads the times. Kernels and sandboxes without statx() get stat(). */
static int look_at(int dir, const char *name, int flags, struct hf__file_id *id, bool *named)
{
	struct statx sx;
	struct stat st;
	if (statx(dir, name, flags, STATX_TYPE | STATX_INO | STATX_NLINK, &sx) == 0) {
		*id = (struct hf__file_id){makedev(sx.stx_dev_major, sx.stx_dev_minor), sx.stx_ino};
		*named = sx.stx_nlink > 0;
		return 0;
	}
	if (errno != ENOSYS && errno != EPERM)
		return errno;
	if (fstatat(dir, name, &st, flags) != 0)
		return errno;
	*id = (struct hf__file_id){st.st_dev, st.st_ino};
	*named = st.st_nlink > 0;
	return 0;
}

static bool id_equal(struct hf__file_id a, struct hf__file_id b)
{
	return a.device == b.device && a.inode == b.inode;
}

uint64_t hf__fd_longest(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
	    limit.rlim_cur > (rlim_t)INT64_MAX)
		return INT64_MAX;
	return limit.rlim_cur;
}

int hf__fd_id(int fd, struct hf__file_id *out)
{
	bool named;
	return look_at(fd, "", AT_EMPTY_PATH, out, &named);
}

bool hf__fd_is(int fd, struct hf__file_id id)
{
	struct hf__file_id now = {0};
	return hf__fd_id(fd, &now) == 0 && id_equal(now, id);
}

int hf__fd_same(int fd, struct hf__file_id id, int dir, const char *name)
{
	struct hf__file_id opened = {0}, found = {0};
	bool named = false;
	if (look_at(fd, "", AT_EMPTY_PATH, &opened, &named) != 0 || !id_equal(opened, id) || !named)
		return ESTALE;
	const int rc = look_at(dir, name, AT_SYMLINK_NOFOLLOW, &found, &named);
	if (rc != 0)
		return rc == ENOENT || rc == ENOTDIR || rc == EBADF ? ESTALE : rc;
	return id_equal(found, id) ? 0 : ESTALE;
}
