/* The seam of a directory in which others stand: a store is built in one of them and put in its
 * place by its name. Its own files are those of `os`. As os.h says: 0 or an errno value, plain
 * names, thread-safe. The real disk implements it (parent.c), and the simulated one. */
#ifndef HF_OS_PARENT_H
#define HF_OS_PARENT_H

#include "os/os.h"

struct hf__parent {
	void *ctx;
	const struct hf__os *os; /* its sync_dir makes the names of directories durable, too */
	/* An empty directory for its owner alone, or with owner, group and rights of directory `like`
	 * where that is there and the process may give them. EEXIST. */
	int (*make)(void *ctx, const char *name, const char *like);
	/* ENOENT; ENOTEMPTY, EEXIST: it is not empty. */
	int (*remove)(void *ctx, const char *name);
	/* The directory takes another name, which stands for nothing or for an empty directory, which
	 * goes. ENOTEMPTY, EEXIST, ENOTDIR: something is in the way, and nothing was done. */
	int (*move)(void *ctx, const char *from, const char *to);
	/* The same for a file; EEXIST if there is anything of that name. */
	int (*rename_new)(void *ctx, const char *from, const char *to);
	/* Two names are exchanged in one step. EOPNOTSUPP: the file system cannot. */
	int (*exchange)(void *ctx, const char *one, const char *other);
	/* The seam of a directory in it, until leave(). ENOENT; ENOTDIR; ELOOP for a link. */
	int (*enter)(void *ctx, const char *name, struct hf__os **out);
	void (*leave)(void *ctx, struct hf__os *os);
	/* Gives the file `name` of directory `from` the same name in `to`, as a second one. EXDEV,
	 * EPERM, EMLINK and the like: it cannot have one, and nothing was done. */
	int (*link)(void *ctx, const struct hf__os *from, const char *name, const struct hf__os *to);
	/* All of `source`, which is open in `from`, becomes the content of `file`, which is open for
	 * writing in `to`, without copying. EOPNOTSUPP, EXDEV, EINVAL: the file system cannot. After
	 * an error any part of it may be there. */
	int (*clone)(void *ctx, const struct hf__os *from, int source, const struct hf__os *to,
	             int file);
};

/* share.c: these two of the real disk. */
int hf__disk_link(void *ctx, const struct hf__os *from, const char *name, const struct hf__os *to);
int hf__disk_clone(void *ctx, const struct hf__os *from, int source, const struct hf__os *to,
                   int file);

/* The longest name that the machine has room for, with its NUL. */
#define HF__PARENT_NAME_MAX 256u
/* The real disk: the directory in which `path` stands, whose last part is copied to `name`. EINVAL:
 * it has none that is a name. Free with hf__parent_posix_free. */
int hf__parent_posix_new(const char *path, struct hf__parent *out, char name[HF__PARENT_NAME_MAX]);
/* Is it this directory? */
bool hf__parent_posix_is(const struct hf__parent *parent, const char *path);
void hf__parent_posix_free(struct hf__parent *parent);

#endif
