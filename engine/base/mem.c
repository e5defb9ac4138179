/* Memory.
 *
 * Job: the one place of the engine that asks libc for memory, so that a test can make any single
 * allocation fail, and arenas for bytes that are freed together (an answer, a transaction).
 *
 * Happy path: straight through to calloc and realloc. An arena hands out slices of blocks that
 * double in size, so that a small answer costs one small block and a large one few blocks.
 *
 * Failure modes: every allocation can give NULL, and an arena that gave NULL is as it was
 * before. Sizes that would wrap around are refused like sizes that are too big. */
#include "base/mem.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/steps.h"

#ifdef HF_TESTING
#include <malloc.h>
#include <stdatomic.h>

_Thread_local uint64_t hf__steps;

static _Atomic size_t used;

static void *counted(void *memory)
{
	(void)atomic_fetch_add_explicit(&used, malloc_usable_size(memory), memory_order_relaxed);
	return memory;
}

static void uncounted(void *memory)
{
	(void)atomic_fetch_sub_explicit(&used, malloc_usable_size(memory), memory_order_relaxed);
}

size_t hf__mem_used(void)
{
	return atomic_load(&used);
}

void hf__mem_count(ptrdiff_t bytes)
{
	(void)atomic_fetch_add_explicit(&used, (size_t)bytes, memory_order_relaxed);
}
#else
static void *counted(void *memory)
{
	return memory;
}

static void uncounted(void *memory)
{
	(void)memory;
}
#endif

hf__mem_veto hf__mem_asked;
void *hf__mem_asked_ctx;

void hf__mem_set_veto(hf__mem_veto veto, void *ctx)
{
	hf__mem_asked = veto;
	hf__mem_asked_ctx = ctx;
}

/* See HF__ADDRESS_BITS. */
static void *low(void *memory)
{
	if ((uint64_t)(uintptr_t)memory >> HF__ADDRESS_BITS == 0)
		return memory;
	free(memory);
	return NULL;
}

void *hf__alloc(size_t size)
{
	if (hf__mem_refuses(size))
		return NULL;
	/* libc may answer 0 bytes with NULL, which here means failure */
	return counted(low(calloc(1, size ? size : 1)));
}

void *hf__alloc_raw(size_t size)
{
	return hf__mem_refuses(size) ? NULL : counted(low(malloc(size ? size : 1)));
}

void *hf__realloc(void *old, size_t size)
{
	if (hf__mem_refuses(size))
		return NULL;
	uncounted(old);
	/* realloc to 0 bytes may free `old` and still answer NULL */
	void *memory = realloc(old, size ? size : 1);
	(void)counted(memory ? memory : old);
	return memory;
}

void *hf__grown(void *items, size_t count, size_t *cap, size_t size, size_t first)
{
	if (count < *cap)
		return items;
	if (*cap > SIZE_MAX / 2 / size)
		return NULL;
	const size_t more = *cap ? *cap * 2 : first;
	void *grown = hf__realloc(items, more * size);
	if (grown)
		*cap = more;
	return grown;
}

void hf__free(void *memory)
{
	uncounted(memory);
	free(memory);
}

void *hf__alloc_aligned(size_t alignment, size_t size)
{
	void *memory = NULL;
	return posix_memalign(&memory, alignment, size) == 0 ? low(memory) : NULL;
}

void hf__free_aligned(void *memory)
{
	free(memory);
}

/* --- Arena ------------------------------------------------------------------------------------ */

#define ARENA_LARGEST ((size_t)64 << 10)

struct hf__arena_block {
	struct hf__arena_block *next; /* the one before it in time */
	size_t cap;
	bool zeroed; /* no byte is handed out twice, so what is left of it is zero */
	alignas(max_align_t) uint8_t data[];
};

/* With its head and libc's it is 1,040 bytes: the largest that glibc keeps at hand for a thread.
 * Most answers are one such block. */
#define ARENA_FIRST (((size_t)1 << 10) - sizeof(struct hf__arena_block))

static size_t block_next_cap(const struct hf__arena_block *newest)
{
	if (!newest)
		return ARENA_FIRST;
	/* A block may be larger than the largest regular one, because one slice was. */
	return newest->cap < ARENA_LARGEST / 2 ? newest->cap * 2 : ARENA_LARGEST;
}

/* Puts a block with room for `size` bytes first. What is left of the block before it stays
 * unused. Most of what goes into an arena is copied there: only a large block, which the kernel
 * gives zeroed, comes zeroed. */
static __attribute__((noinline)) bool arena_grow(struct hf__arena *arena, size_t size)
{
	size_t cap = block_next_cap(arena->blocks);
	if (cap < size)
		cap = size;
	if (cap > SIZE_MAX - sizeof(struct hf__arena_block))
		return false;
	const bool zeroed = cap > ARENA_LARGEST;
	struct hf__arena_block *block =
	    zeroed ? hf__alloc(sizeof *block + cap) : hf__alloc_raw(sizeof *block + cap);
	if (!block)
		return false;
	block->zeroed = zeroed;
	block->next = arena->blocks;
	block->cap = cap;
	arena->blocks = block;
	arena->used = 0;
	return true;
}

/* Blocks begin as malloc's do and slices are of whole steps, so each is aligned for any type. */
static inline void *slice_of(struct hf__arena *arena, size_t size)
{
	const size_t step = alignof(max_align_t);
	const size_t rounded = ((size ? size : 1) + step - 1) & ~(step - 1);
	if (rounded < size)
		return NULL;
	if ((!arena->blocks || rounded > arena->blocks->cap - arena->used) &&
	    !arena_grow(arena, rounded))
		return NULL;
	void *slice = arena->blocks->data + arena->used;
	arena->used += rounded;
	return slice;
}

void *hf__arena_alloc(struct hf__arena *arena, size_t size)
{
	void *slice = slice_of(arena, size);
	return slice && !arena->blocks->zeroed ? memset(slice, 0, size) : slice;
}

void *hf__arena_room(struct hf__arena *arena, size_t size)
{
	return slice_of(arena, size);
}

void *hf__arena_copy(struct hf__arena *arena, const void *data, size_t size)
{
	void *copy = slice_of(arena, size);
	if (copy && size)
		memcpy(copy, data, size);
	return copy;
}

void hf__arena_deinit(struct hf__arena *arena)
{
	struct hf__arena_block *block = arena->blocks;
	while (block) {
		struct hf__arena_block *next = block->next;
		hf__free(block);
		block = next;
	}
	arena->blocks = NULL;
	arena->used = 0;
}
