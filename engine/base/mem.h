/* Memory. The only place where holdfast allocates: one seam, so that a test can make every
 * allocation fail. */
#ifndef HF_BASE_MEM_H
#define HF_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* All memory that is given out lies below 2 to the power of this, as on x86-64 and aarch64 unless a
 * process asks for more, and what lies beyond counts as none: what is over of the 64 bits of a
 * pointer is used (base/map.h). */
#define HF__ADDRESS_BITS 48u

/* Zeroed memory, or NULL. size 0 gives a valid pointer. */
void *hf__alloc(size_t size);

/* The same, not zeroed. */
void *hf__alloc_raw(size_t size);
/* As realloc: the added bytes are not zeroed; NULL leaves `old` as it was. */
void *hf__realloc(void *old, size_t size);

/* Room for one more item of `size` bytes in an array that has `count` of them and room for *cap:
 * the array, which may have moved, with *cap set. It doubles, and begins with room for `first`.
 * NULL: no memory, or more than a size_t can say; `items` and *cap are as they were. */
void *hf__grown(void *items, size_t count, size_t *cap, size_t size, size_t first);

void hf__free(void *memory);

/* For object/small.c, which divides it: not zeroed, not counted, and no test is asked about it.
 * `alignment` is a power of two. NULL: out of memory. */
void *hf__alloc_aligned(size_t alignment, size_t size);
void hf__free_aligned(void *memory);
/* Tests: asked before every allocation; true makes it fail. NULL (the default) switches it off.
 * Set it while no other thread allocates. */
typedef bool (*hf__mem_veto)(void *ctx, size_t size);
void hf__mem_set_veto(hf__mem_veto veto, void *ctx);
extern hf__mem_veto hf__mem_asked;
extern void *hf__mem_asked_ctx;
/* Does a test want an allocation of this size to fail? */
static inline bool hf__mem_refuses(size_t size)
{
	return hf__mem_asked && hf__mem_asked(hf__mem_asked_ctx, size);
}

#ifdef HF_TESTING
/* Bytes that are allocated now, in this process, with what libc adds to a block for itself left
 * out. */
size_t hf__mem_used(void);
/* So many bytes more or less. */
void hf__mem_count(ptrdiff_t bytes);
#else
static inline void hf__mem_count(ptrdiff_t bytes)
{
	(void)bytes;
}
#endif

/* An arena: bytes that are freed together. Zeroed, aligned for any type. Blocks never move. */
struct hf__arena_block;
struct hf__arena {
	struct hf__arena_block *blocks;
	size_t used; /* of the newest block */
};
void *hf__arena_alloc(struct hf__arena *arena, size_t size);
/* The same, not zeroed. */
void *hf__arena_room(struct hf__arena *arena, size_t size);
/* size 0 gives a valid pointer */
void *hf__arena_copy(struct hf__arena *arena, const void *data, size_t size);
void hf__arena_deinit(struct hf__arena *arena);

#endif
