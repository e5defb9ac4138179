/* Memory of objects and of what they own: many pieces of a few sizes, which live long and come and
 * go in any order.
 *
 * Job: spend on a piece little more than its bytes. Happy path: pieces of one size class stand in
 * slabs of 32 KiB without a head of their own; the slab of a piece is found by its address. Classes
 * lie 8 bytes apart, so that at most 7 are lost, where libc spends 8 on a head and rounds to 16.
 * Failure modes: no memory is NULL. Thread-safe. */
#ifndef HF_OBJECT_SMALL_H
#define HF_OBJECT_SMALL_H

#include <stddef.h>

/* What is larger stands alone in a slab of its own: meant for objects only, which seldom are. */
#define HF__SMALL_MAX ((size_t)2048)

/* Zeroed and aligned for numbers and pointers (8 bytes), or NULL. */
void *hf__small_alloc(size_t size);
/* The same, not zeroed. */
void *hf__small_raw(size_t size);
/* What either gave; NULL is nothing. */
void hf__small_free(void *memory);

#ifdef HF_TESTING
/* Slabs that hold at least one piece, in this process; 0 under the address sanitizer, where libc
 * gives each piece, so that each is watched. */
size_t hf__small_slabs(void);
#endif

#endif
