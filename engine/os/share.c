/* Files that share what they hold with others, on the real disk: see parent.h. */
#include "os/disk.h"
#include "os/parent.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifndef FICLONE
#define FICLONE _IOW(0x94, 9, int)
#endif

int hf__disk_link(void *ctx, const struct hf__os *from, const char *name, const struct hf__os *to)
{
	const struct posix *source = from->ctx, *target = to->ctx;
	(void)ctx;
	if (strchr(name, '/') != NULL)
		return EINVAL;
	/* Crash: the second name may be missing. */
	return linkat(source->dir, name, target->dir, name, 0) == 0 ? 0 : errno;
}

int hf__disk_clone(void *ctx, const struct hf__os *from, int source, const struct hf__os *to,
                   int file)
{
	(void)ctx, (void)from, (void)to;
	/* Crash: any part of the bytes may be on the disk until the next sync. */
	return ioctl(file, FICLONE, source) == 0 ? 0 : errno;
}
