/* Room on the real disk: cutting files, asking for blocks, giving them back. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "os/disk.h"
#include "os/fd.h"

int hf__disk_cut(void *ctx, const char *name, uint64_t size)
{
	const struct posix *posix = ctx;
	int fd = -1;
	if (strchr(name, '/') != NULL)
		return EINVAL;
	int err = hf__fd_open_regular(posix->dir, name, O_RDWR, &fd);
	if (err != 0)
		return err;
	struct stat st;
	if (fstat(fd, &st) != 0)
		err = errno;
	else if (st.st_nlink != 1)
		err = EMLINK; /* a backup, and its bytes are these */
	else if ((uint64_t)st.st_size > size)
		/* Crash: the old size or the new one. */
		err = ftruncate(fd, (off_t)size) == 0 ? 0 : errno;
	(void)close(fd); /* nothing was written through it */
	return err;
}

/* Blocks are only promised by this, not written: a caller that wants a sync without a journal
 * commit writes zeros over them. */
int hf__disk_allocate(void *ctx, int file, uint64_t size)
{
	const struct posix *posix = ctx;
	if (size > posix->longest)
		return EFBIG;
	int err;
	do {
		err = fallocate(file, 0, 0, (off_t)size) == 0 ? 0 : errno;
	} while (err == EINTR);
	return err == EOPNOTSUPP || err == ENOSYS ? 0 : err;
}

int hf__disk_punch(void *ctx, int file, uint64_t at, uint64_t len)
{
	(void)ctx;
	/* Crash: any of the bytes may be as they were. */
	return fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)len) == 0
	           ? 0
	           : errno;
}

int hf__disk_room(void *ctx, uint64_t *out)
{
	const struct posix *posix = ctx;
	struct statvfs st;
	*out = UINT64_MAX;
	if (fstatvfs(posix->dir, &st) != 0)
		return errno;
	/* Some file systems say 0 of everything. */
	if (st.f_blocks != 0 && st.f_frsize != 0 && st.f_bavail < UINT64_MAX / st.f_frsize)
		*out = (uint64_t)st.f_bavail * st.f_frsize;
	return 0;
}
