/* Directories in a directory, on the real disk: see parent.h. Names only: what is in a directory is
 * the business of the seam that enter() gives. */
#include "os/parent.h"

#include "base/mem.h"
#include "os/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE (1u << 0)
#endif
#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE (1u << 1)
#endif

struct above {
	struct hf__os os;
};

static int dir_of(void *ctx)
{
	const struct above *above = ctx;
	return ((const struct posix *)above->os.ctx)->dir;
}

static bool plain(const char *name)
{
	return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

/* By number: musl has no function for it. */
static int rename_how(int dir, const char *from, const char *to, unsigned how)
{
#ifdef SYS_renameat2
	return syscall(SYS_renameat2, dir, from, dir, to, how) == 0 ? 0 : errno;
#else
	(void)dir, (void)from, (void)to, (void)how;
	return ENOSYS;
#endif
}

static bool cannot(int err)
{
	return err == ENOSYS || err == EINVAL || err == EOPNOTSUPP;
}

/* Owner and group first: a group gets no rights before it is the right one. What a process may not
 * give away stays its own. */
static int take_after(int dir, const char *name, const char *like)
{
	struct stat from;
	int fd = -1;
	if (fstatat(dir, like, &from, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : errno;
	if (!S_ISDIR(from.st_mode))
		return ENOTDIR;
	int err = hf__fd_open(dir, name, O_RDONLY | O_DIRECTORY, &fd);
	if (err != 0)
		return err;
	if (fchown(fd, from.st_uid, from.st_gid) != 0)
		(void)!fchown(fd, (uid_t)-1, from.st_gid);
	if (fchmod(fd, from.st_mode & 07777) != 0 && errno != EPERM && errno != ENOTSUP)
		err = errno;
	(void)close(fd); /* nothing was written through it */
	return err;
}

static int above_make(void *ctx, const char *name, const char *like)
{
	const int dir = dir_of(ctx);
	if (!plain(name))
		return EINVAL;
	/* Crash: an empty directory under a name that nothing looks at but the next try. */
	if (mkdirat(dir, name, 0700) != 0)
		return errno;
	const int err = like ? take_after(dir, name, like) : 0;
	if (err != 0)
		(void)unlinkat(dir, name, AT_REMOVEDIR);
	return err;
}

static int above_remove(void *ctx, const char *name)
{
	if (!plain(name))
		return EINVAL;
	return unlinkat(dir_of(ctx), name, AT_REMOVEDIR) == 0 ? 0 : errno;
}

/* The kernel itself refuses all but an empty directory in the place of one. */
static int above_move(void *ctx, const char *from, const char *to)
{
	const int dir = dir_of(ctx);
	struct stat st;
	if (!plain(from) || !plain(to))
		return EINVAL;
	if (fstatat(dir, from, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno;
	if (!S_ISDIR(st.st_mode))
		return ENOTDIR;
	/* Crash: one of the two names stands for it. */
	return renameat(dir, from, dir, to) == 0 ? 0 : errno;
}

static int above_rename_new(void *ctx, const char *from, const char *to)
{
	const int dir = dir_of(ctx);
	if (!plain(from) || !plain(to))
		return EINVAL;
	/* Crash: one of the two names stands for it; with the second way both may. */
	const int err = rename_how(dir, from, to, RENAME_NOREPLACE);
	if (!cannot(err))
		return err;
	if (linkat(dir, from, dir, to, 0) != 0)
		return errno;
	return unlinkat(dir, from, 0) == 0 ? 0 : errno;
}

static int above_exchange(void *ctx, const char *one, const char *other)
{
	if (!plain(one) || !plain(other))
		return EINVAL;
	/* Crash: as before or as afterwards, never anything between. */
	const int err = rename_how(dir_of(ctx), one, other, RENAME_EXCHANGE);
	return cannot(err) ? EOPNOTSUPP : err;
}

static int above_enter(void *ctx, const char *name, struct hf__os **out)
{
	const struct above *above = ctx;
	*out = hf__alloc(sizeof **out);
	if (!*out)
		return ENOMEM;
	const int err = hf__os_posix_in(&above->os, name, *out);
	if (err != 0) {
		hf__free(*out);
		*out = NULL;
	}
	return err;
}

static void above_leave(void *ctx, struct hf__os *os)
{
	(void)ctx;
	hf__os_posix_free(os);
	hf__free(os);
}

/* "a/b//" is b in a, "b" is b in ".", "/b" is b in "/". */
static int split(const char *path, char **above, char name[HF__PARENT_NAME_MAX])
{
	size_t end = strlen(path);
	while (end > 0 && path[end - 1] == '/')
		end--;
	size_t begin = end;
	while (begin > 0 && path[begin - 1] != '/')
		begin--;
	if (end - begin >= HF__PARENT_NAME_MAX)
		return ENAMETOOLONG;
	memcpy(name, path + begin, end - begin);
	name[end - begin] = '\0';
	if (!plain(name))
		return EINVAL;
	while (begin > 1 && path[begin - 1] == '/')
		begin--;
	*above = hf__alloc(begin + 2);
	if (!*above)
		return ENOMEM;
	memcpy(*above, begin > 0 ? path : ".", begin > 0 ? begin : 1);
	return 0;
}

int hf__parent_posix_new(const char *path, struct hf__parent *out, char name[HF__PARENT_NAME_MAX])
{
	char *directory = NULL;
	struct above *above = hf__alloc(sizeof *above);
	int err = above ? split(path, &directory, name) : ENOMEM;
	if (err == 0)
		err = hf__os_posix_new(directory, false, &above->os);
	hf__free(directory);
	if (err != 0) {
		hf__free(above);
		return err;
	}
	*out = (struct hf__parent){
	    .ctx = above,
	    .os = &above->os,
	    .make = above_make,
	    .remove = above_remove,
	    .move = above_move,
	    .rename_new = above_rename_new,
	    .exchange = above_exchange,
	    .enter = above_enter,
	    .leave = above_leave,
	    .link = hf__disk_link,
	    .clone = hf__disk_clone,
	};
	return 0;
}

bool hf__parent_posix_is(const struct hf__parent *parent, const char *path)
{
	struct stat one, other;
	return fstat(dir_of(parent->ctx), &one) == 0 && stat(path, &other) == 0 &&
	       one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

void hf__parent_posix_free(struct hf__parent *parent)
{
	struct above *above = parent->ctx;
	if (!above)
		return;
	hf__os_posix_free(&above->os);
	hf__free(above);
	*parent = (struct hf__parent){0};
}
