/* The real disk: the seam of os.h over POSIX and Linux calls.
 *
 * The directory is opened once; everything after goes through that descriptor by plain file
 * name, so that renaming or replacing the store's path under a running process cannot make it
 * write elsewhere (and held() reports that something else lies there). Links are never followed
 * and only regular files are opened: a FIFO or device put where a segment should be is refused
 * instead of hanging or answering. A file that is opened for writing must have no second name.
 *
 * One descriptor is kept in reserve: when the process or the machine has none left, opening
 * gives it up and tries again, and the next closing takes it back, so that one file at a time
 * can always be opened and read.
 *
 * Short transfers and interruptions are dealt with here and nowhere above. A failed sync is
 * reported once and never repeated: the kernel drops the dirty pages and would answer 0 the
 * second time. close() is never repeated either: on Linux the descriptor is gone whatever it
 * answers.
 *
 * A forked child's free closes what it inherited and unlocks nothing. */
#include "os/os.h"

#include "base/mem.h"
#include "os/check.h"
#include "os/disk.h"
#include "os/event.h"
#include "os/fd.h"
#include "os/files.h"
#include "os/lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool name_ok(const char *name)
{
	return name != NULL && *name != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

/* --- The reserve ------------------------------------------------------------------------------ */

static void reserve_refill(struct posix *posix)
{
	int none = -1;
	if (atomic_load(&posix->reserve) >= 0)
		return;
	const int fd = fcntl(posix->dir, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (fd >= 0 && !atomic_compare_exchange_strong(&posix->reserve, &none, fd))
		(void)close(fd); /* another thread was faster */
}

static bool reserve_spend(struct posix *posix, int err)
{
	if (err != EMFILE && err != ENFILE)
		return false;
	const int fd = atomic_exchange(&posix->reserve, -1);
	return fd >= 0 && hf__fd_is(fd, posix->dir_id) && close(fd) == 0;
}

/* For one that goes: its number becomes the reserve, so that no other thread can get it in
 * between. */
static bool reserve_from(struct posix *posix, int fd)
{
	int none = -1;
	if (atomic_load(&posix->reserve) >= 0 || dup3(posix->dir, fd, O_CLOEXEC) != fd)
		return false;
	if (!atomic_compare_exchange_strong(&posix->reserve, &none, fd))
		(void)close(fd); /* another thread was faster */
	return true;
}

static int open_once(const struct posix *posix, const char *name, unsigned flags, int *out)
{
	if ((flags & HF__OS_CREATE) != 0)
		return flags & HF__OS_PRIVATE ? hf__fd_create_private(posix->dir, name, out)
		                              : hf__fd_create(posix->dir, name, out);
	return hf__fd_open_regular(posix->dir, name, (flags & HF__OS_WRITE) != 0 ? O_RDWR : O_RDONLY,
	                           out);
}

/* --- Files ------------------------------------------------------------------------------------ */

static int disk_open(void *ctx, const char *name, unsigned flags, int *out)
{
	struct posix *posix = ctx;
	if (!name_ok(name))
		return EINVAL;
	int fd = -1;
	int err = open_once(posix, name, flags, &fd);
	if (reserve_spend(posix, err))
		err = open_once(posix, name, flags, &fd);
	if (err != 0)
		return err;
	err = hf__files_add(&posix->files, fd);
	if (err != 0) {
		(void)close(fd); /* nothing was written through it */
		return err;
	}
	*out = fd;
	return 0;
}

static int disk_close(void *ctx, int file)
{
	struct posix *posix = ctx;
	struct hf__file_id id;
	if (!hf__files_remove(&posix->files, file, &id))
		return EBADF;
	if (!hf__fd_is(file, id))
		return ESTALE; /* the host closed it; what has its number now is not ours */
	if (reserve_from(posix, file))
		return 0;
	return close(file) == 0 ? 0 : errno;
}

static int disk_same(void *ctx, int file, const char *name)
{
	struct posix *posix = ctx;
	struct hf__file_id id;
	if (!hf__files_id(&posix->files, file, &id))
		return ESTALE;
	if (name == NULL)
		return hf__fd_is(file, id) ? 0 : ESTALE;
	return name_ok(name) ? hf__fd_same(file, id, posix->dir, name) : EINVAL;
}

static int disk_read(void *ctx, int file, void *buffer, size_t len, uint64_t at, size_t *got)
{
	(void)ctx;
	return hf__fd_read(file, buffer, len, at, 1, got);
}

static int disk_write(void *ctx, int file, const void *data, size_t len, uint64_t at)
{
	const struct posix *posix = ctx;
	if (len > posix->longest || at > posix->longest - len)
		return EFBIG;
	/* Crash: any part of the bytes may be on the disk, in any order, until the next sync. */
	size_t done = 0;
	while (done < len) {
		ssize_t n = pwrite(file, (const char *)data + done, len - done, (off_t)(at + done));
		if (n > 0)
			done += (size_t)n;
		else if (n == 0)
			return EIO; /* cannot happen on a regular file; going on could spin */
		else if (errno != EINTR)
			return errno;
	}
	return 0;
}

/* fdatasync and not fsync: it flushes the data and all metadata that reading it back needs, so a
 * new size and new blocks too. What it leaves out is the times, which nothing here reads, and
 * which cost a journal commit each. An interruption counts as a failure: what it left undone is
 * unknown. */
static int disk_sync(void *ctx, int file)
{
	(void)ctx;
	return fdatasync(file) == 0 ? 0 : errno;
}

static int disk_size(void *ctx, int file, uint64_t *out)
{
	(void)ctx;
	struct stat st;
	if (fstat(file, &st) != 0)
		return errno;
	*out = (uint64_t)st.st_size;
	return 0;
}

static int disk_rename(void *ctx, const char *from, const char *to)
{
	const struct posix *posix = ctx;
	if (!name_ok(from) || !name_ok(to))
		return EINVAL;
	/* Crash: either name, and under the new one also a file that was not synced before. */
	return renameat(posix->dir, from, posix->dir, to) == 0 ? 0 : errno;
}

static int disk_unlink(void *ctx, const char *name)
{
	const struct posix *posix = ctx;
	if (!name_ok(name))
		return EINVAL;
	/* Crash: the file may be back. */
	return unlinkat(posix->dir, name, 0) == 0 ? 0 : errno;
}

static int disk_sync_dir(void *ctx)
{
	const struct posix *posix = ctx;
	return fsync(posix->dir) == 0 ? 0 : errno;
}

/* Listing takes a descriptor of its own: the position of a directory stream belongs to the open
 * file description. */
static int disk_list(void *ctx, hf__os_name_fn each, void *arg)
{
	struct posix *posix = ctx;
	int fd = -1;
	int err = hf__fd_open(posix->dir, ".", O_RDONLY | O_DIRECTORY, &fd);
	if (reserve_spend(posix, err))
		err = hf__fd_open(posix->dir, ".", O_RDONLY | O_DIRECTORY, &fd);
	if (err != 0)
		return err;
	DIR *stream = fdopendir(fd);
	if (stream == NULL) {
		err = errno;
		(void)close(fd);
		return err;
	}
	while (err == 0) {
		errno = 0;
		const struct dirent *entry = readdir(stream);
		if (entry == NULL) {
			err = errno; /* 0 at the end */
			break;
		}
		if (name_ok(entry->d_name))
			err = each(arg, entry->d_name);
	}
	(void)closedir(stream); /* nothing was written through it */
	reserve_refill(posix);
	return err;
}

static int disk_lock(void *ctx, const char *name, int64_t wait_us)
{
	struct posix *posix = ctx;
	if (!name_ok(name) || posix->lock != NULL)
		return posix->lock != NULL ? EAGAIN : EINVAL;
	posix->lock_name = name;
	return hf__lock_take(posix->dir, posix->path, name, wait_us, &posix->lock);
}

static int disk_held(void *ctx)
{
	const struct posix *posix = ctx;
	return posix->lock == NULL
	           ? EINVAL
	           : hf__lock_kept(posix->lock, posix->dir, posix->path, posix->lock_name);
}

static int disk_locked(void *ctx, const char *name, bool *held)
{
	return hf__lock_seen(((const struct posix *)ctx)->dir, name, held);
}

static bool disk_forked(void *ctx)
{
	const struct posix *posix = ctx;
	return hf__cookie_forked(&posix->cookie);
}

static int disk_unlock(void *ctx)
{
	struct posix *posix = ctx;
	if (posix->lock == NULL)
		return EINVAL;
	struct hf__lock *lock = posix->lock;
	posix->lock = NULL;
	return hf__lock_drop(lock, disk_forked(posix));
}

static int disk_boot_id(void *ctx, uint8_t out[16])
{
	(void)ctx;
	return hf__check_boot_id(out);
}

static int disk_safe(void *ctx, char *name, size_t cap, bool *is_volatile)
{
	const struct posix *posix = ctx;
	return hf__check_filesystem(posix->dir, name, cap, is_volatile);
}

/* The path as it is from the root, for held(): the host may change its working directory. */
static int path_keep(struct posix *posix, const char *path)
{
	char here[PATH_MAX] = "";
	if (path[0] != '/' && getcwd(here, sizeof(here)) == NULL)
		return 0; /* it lies beyond reach: nothing can be learnt about it later */
	if (path[0] != '/' && here[0] != '/')
		return 0;
	const size_t len = strlen(here) + 1 + strlen(path) + 1;
	posix->path = hf__alloc(len);
	if (posix->path == NULL)
		return ENOMEM;
	(void)snprintf(posix->path, len, "%s%s%s", here, here[0] == '\0' ? "" : "/", path);
	return 0;
}

/* What the host closed, and perhaps opened again as something of its own, is left alone. */
static void dir_close(struct posix *posix)
{
	const int reserve = atomic_exchange(&posix->reserve, -1);
	if (reserve >= 0 && hf__fd_is(reserve, posix->dir_id))
		(void)close(reserve);
	if (hf__fd_is(posix->dir, posix->dir_id))
		(void)close(posix->dir);
	hf__free(posix->path);
}

/* Takes over `dir`, which is closed if it fails. `path` may be NULL: not known. */
static int posix_init(struct posix *posix, int dir, const char *path)
{
	hf__files_init(&posix->files);
	atomic_init(&posix->reserve, -1);
	posix->longest = hf__fd_longest();
	posix->dir = dir;
	(void)hf__fd_id(dir, &posix->dir_id); /* it was opened just now */
	int err = hf__cookie_init(&posix->cookie);
	if (err == 0) {
		reserve_refill(posix);
		err = atomic_load(&posix->reserve) < 0 ? errno : path ? path_keep(posix, path) : 0;
		if (err != 0)
			hf__cookie_deinit(&posix->cookie);
	}
	if (err != 0)
		dir_close(posix);
	return err;
}

static int posix_new(int dir, const char *path, struct hf__os *out)
{
	struct posix *posix = hf__alloc(sizeof(*posix));
	if (posix == NULL) {
		(void)close(dir);
		return ENOMEM;
	}
	int err = posix_init(posix, dir, path);
	if (err != 0) {
		hf__free(posix);
		return err;
	}
	*out = (struct hf__os){
	    .ctx = posix,
	    .open = disk_open,
	    .close = disk_close,
	    .same = disk_same,
	    .read = disk_read,
	    .read_cold = hf__disk_read_cold,
	    .write = disk_write,
	    .sync = disk_sync,
	    .size = disk_size,
	    .rename = disk_rename,
	    .unlink = disk_unlink,
	    .cut = hf__disk_cut,
	    .allocate = hf__disk_allocate,
	    .punch = hf__disk_punch,
	    .room = hf__disk_room,
	    .sync_dir = disk_sync_dir,
	    .list = disk_list,
	    .holders = hf__disk_holders,
	    .lock = disk_lock,
	    .unlock = disk_unlock,
	    .locked = disk_locked,
	    .held = disk_held,
	    .now = hf__machine_now,
	    .ticks = hf__machine_ticks,
	    .boot_clock = hf__machine_boot_clock,
	    .random = hf__machine_random,
	    .boot_id = disk_boot_id,
	    .forked = disk_forked,
	    .event_new = hf__event_new,
	    .event_tell = hf__event_tell,
	    .event_free = hf__event_free,
	    .event_clear = hf__event_clear,
	    .safe = disk_safe,
	};
	return 0;
}

int hf__os_posix_new(const char *path, bool create, struct hf__os *out)
{
	int dir = -1;
	const int err = hf__dir_open(path, create, &dir);
	return err != 0 ? err : posix_new(dir, path, out);
}

int hf__os_posix_in(const struct hf__os *parent, const char *name, struct hf__os *out)
{
	const struct posix *above = parent->ctx;
	char path[PATH_MAX] = "";
	int dir = -1;
	const int err =
	    name_ok(name) ? hf__fd_open(above->dir, name, O_RDONLY | O_DIRECTORY, &dir) : EINVAL;
	if (err != 0)
		return err;
	const int len = snprintf(path, sizeof path, "%s/%s", above->path ? above->path : "", name);
	const bool known = above->path != NULL && len > 0 && (size_t)len < sizeof path;
	return posix_new(dir, known ? path : NULL, out);
}

void hf__os_posix_free(struct hf__os *os)
{
	struct posix *posix = os->ctx;
	if (posix == NULL)
		return;
	hf__files_close(&posix->files);
	/* The lock goes last: until then no other process may write what we had open. */
	if (posix->lock != NULL)
		(void)disk_unlock(posix); /* the descriptor is gone whatever this says */
	dir_close(posix);
	hf__cookie_deinit(&posix->cookie);
	hf__free(posix);
	*os = (struct hf__os){0};
}
