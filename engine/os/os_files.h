/* Descriptors and the table of the open ones: for engine/os alone. */
#ifndef HF_OS_OS_FILES_H
#define HF_OS_OS_FILES_H

#include <stdatomic.h>
#include <stdbool.h>

enum { HF__FILES_PER_BLOCK = 62 };

struct hf__file_block {
	atomic_int files[HF__FILES_PER_BLOCK]; /* -1 where free */
	_Atomic(struct hf__file_block *) next;
};

struct hf__files {
	struct hf__file_block first;
};

void hf__files_init(struct hf__files *files);
int hf__files_add(struct hf__files *files, int fd); /* 0 or ENOMEM */
/* Before the descriptor is closed: afterwards its number may belong to somebody else. false: not in the table. */
bool hf__files_remove(struct hf__files *files, int fd);
/* Closes all and frees the table; also in a forked child. */
void hf__files_close(struct hf__files *files);

/* Opens relative to `dir` with O_CLOEXEC, O_NOFOLLOW and O_NONBLOCK, at a number above the standard streams; creates with 0600. */
int hf__fd_open(int dir, const char *name, int flags, int *out);
/* As hf__fd_open, and insists on a regular file with one name: EINVAL otherwise. */
int hf__fd_open_regular(int dir, const char *name, int flags, int *out);
/* Opens a directory by path. With `create` makes it (0700) when missing, and its entry in the parent durable. */
int hf__dir_open(const char *path, bool create, int *out);

#endif
