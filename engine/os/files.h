/* The table of the descriptors that a store has open: for engine/os alone. */
#ifndef HF_OS_OS_FILES_H
#define HF_OS_OS_FILES_H

#include <stdatomic.h>

#include "os/fd.h"

enum { HF__FILES_PER_BLOCK = 40 };

struct hf__file_block {
	atomic_int files[HF__FILES_PER_BLOCK]; /* -1 where free */
	struct hf__file_id ids[HF__FILES_PER_BLOCK];
	_Atomic(struct hf__file_block *) next;
};

struct hf__files {
	struct hf__file_block first;
};

void hf__files_init(struct hf__files *files);
/* 0, ENOMEM or why the descriptor cannot be looked at */
int hf__files_add(struct hf__files *files, int fd);
/* Before the descriptor is closed: afterwards its number may belong to another file. false: not
 * in the table. */
bool hf__files_remove(struct hf__files *files, int fd, struct hf__file_id *id);
/* Which file it stood for when it was added. false: not in the table. */
bool hf__files_id(struct hf__files *files, int fd, struct hf__file_id *id);
/* Closes all that are still the store's, and frees the table; also in a forked child. */
void hf__files_close(struct hf__files *files);

#endif
