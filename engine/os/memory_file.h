/* A file that lies in memory: for os/memory.c alone, under its lock. 0 or an errno value. */
#ifndef HF_OS_MEMORY_FILE_H
#define HF_OS_MEMORY_FILE_H

#include <stddef.h>
#include <stdint.h>

#define HF__MEMORY_NAME 64u /* the longest name, with its NUL */

struct hf__memory_piece;

struct hf__memory_file {
	char name[HF__MEMORY_NAME]; /* "": it has none any more */
	unsigned opens;
	uint64_t size;
	struct hf__memory_piece *pieces; /* what lies behind the last one is zeros */
	size_t count, cap;
};

/* Frees the file, too, which hf__alloc made. */
void hf__memory_file_free(struct hf__memory_file *f);
/* As the seam's functions of these names. */
void hf__memory_file_read(const struct hf__memory_file *f, void *buffer, size_t len, uint64_t at,
                          size_t *got);
int hf__memory_file_write(struct hf__memory_file *f, const void *data, size_t len, uint64_t at);
int hf__memory_file_allocate(struct hf__memory_file *f, uint64_t size);
void hf__memory_file_punch(struct hf__memory_file *f, uint64_t at, uint64_t len);
void hf__memory_file_cut(struct hf__memory_file *f, uint64_t size);

#endif
