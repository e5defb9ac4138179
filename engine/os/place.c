/* What lies where a directory of the real disk was opened. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "os/disk.h"

int hf__os_posix_again(const struct hf__os *os, struct hf__os *out)
{
	const struct posix *posix = os->ctx;
	struct stat there;
	/* What cannot be looked up, or is gone, is no other one. */
	if (posix->path == NULL || stat(posix->path, &there) != 0 ||
	    (there.st_dev == posix->dir_id.device && there.st_ino == posix->dir_id.inode))
		return 0;
	const int err = hf__os_posix_new(posix->path, false, out);
	return err == 0 ? ESTALE : err == ENOENT || err == ENOTDIR ? 0 : err;
}
