/* The table of the descriptors that a store has open, and of the files they stood for when they
 * were opened.
 *
 * It has no mutex: after fork() the child must be able to walk it even if another thread of the
 * parent was in the middle of an open. Slots are taken and left by compare-and-swap; blocks are
 * only ever added. */
#include "os/files.h"

#include "base/mem.h"

#include <errno.h>
#include <unistd.h>

enum { NO_FILE = -1 };

static void block_init(struct hf__file_block *block)
{
	for (size_t i = 0; i < HF__FILES_PER_BLOCK; i++)
		atomic_init(&block->files[i], NO_FILE);
	atomic_init(&block->next, NULL);
}

void hf__files_init(struct hf__files *files)
{
	block_init(&files->first);
}

/* Replaces `from` by `to` in one slot of the block and gives its index; -1 when no slot holds
 * `from`. */
static int block_swap(struct hf__file_block *block, int from, int to)
{
	for (int i = 0; i < HF__FILES_PER_BLOCK; i++) {
		int expected = from;
		if (atomic_compare_exchange_strong(&block->files[i], &expected, to))
			return i;
	}
	return -1;
}

static struct hf__file_block *block_after(struct hf__file_block *block)
{
	struct hf__file_block *next = atomic_load(&block->next);
	if (next != NULL)
		return next;
	struct hf__file_block *fresh = hf__alloc(sizeof(*fresh));
	if (fresh == NULL)
		return NULL;
	block_init(fresh);
	if (atomic_compare_exchange_strong(&block->next, &next, fresh))
		return fresh;
	hf__free(fresh); /* another thread was faster */
	return next;
}

int hf__files_add(struct hf__files *files, int fd)
{
	struct hf__file_id id;
	const int err = hf__fd_id(fd, &id);
	if (err != 0)
		return err;
	for (struct hf__file_block *block = &files->first; block != NULL; block = block_after(block)) {
		const int at = block_swap(block, NO_FILE, fd);
		if (at >= 0) {
			block->ids[at] = id; /* no other thread knows this descriptor yet */
			return 0;
		}
	}
	return ENOMEM;
}

bool hf__files_id(struct hf__files *files, int fd, struct hf__file_id *id)
{
	for (struct hf__file_block *block = &files->first; block != NULL;
	     block = atomic_load(&block->next)) {
		for (size_t i = 0; i < HF__FILES_PER_BLOCK; i++) {
			if (atomic_load(&block->files[i]) == fd) {
				*id = block->ids[i];
				return true;
			}
		}
	}
	return false;
}

bool hf__files_remove(struct hf__files *files, int fd, struct hf__file_id *id)
{
	/* The id first: once the slot is free, another thread's file may lie there. */
	if (!hf__files_id(files, fd, id))
		return false;
	for (struct hf__file_block *block = &files->first; block != NULL;
	     block = atomic_load(&block->next))
		if (block_swap(block, fd, NO_FILE) >= 0)
			return true;
	return false;
}

void hf__files_close(struct hf__files *files)
{
	for (struct hf__file_block *block = &files->first; block != NULL;
	     block = atomic_load(&block->next)) {
		for (size_t i = 0; i < HF__FILES_PER_BLOCK; i++) {
			int fd = atomic_exchange(&block->files[i], NO_FILE);
			if (fd >= 0 && hf__fd_is(fd, block->ids[i]))
				(void)close(fd); /* its bytes were synced by the caller that needed them */
		}
	}
	struct hf__file_block *block = atomic_load(&files->first.next);
	while (block != NULL) {
		struct hf__file_block *next = atomic_load(&block->next);
		hf__free(block);
		block = next;
	}
}
