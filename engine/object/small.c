/* See small.h.
 *
 * A slab is aligned to its size; its head says its class. Pieces that were given back form a list
 * through their first bytes; what was never used lies behind `fresh` and has not been touched, so a
 * class of which little is used costs a page or two. Slabs with room stand in a list, one for each
 * class. A slab that becomes empty goes back to libc, but for a few that wait for whatever class
 * needs one next, so that a single object that comes and goes costs no slab each time.
 *
 * Invariants: a slab is in the list of its class iff it has room and holds a piece; an empty one
 * waits, or is gone. One lock guards all of it: it is held for some twenty instructions, and the
 * pieces of one store come and go under the store's lock anyway. So it is a word, which is usually
 * free: a mutex would cost more than what it guards. It is held across a fork, so that a child
 * finds lists that are whole.
 *
 * The address sanitizer gets each piece from libc: it could not see into slabs. */
#include "object/small.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "os/thread.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(WATCHED)

void *hf__small_alloc(size_t size)
{
	return hf__alloc(size);
}

void *hf__small_raw(size_t size)
{
	return hf__alloc(size);
}

void hf__small_free(void *memory)
{
	hf__free(memory);
}

#ifdef HF_TESTING
size_t hf__small_slabs(void)
{
	return 0;
}
#endif

#else

#define SLAB ((size_t)32 << 10)
/* libc needs 16 bytes in front of each block: so slabs lie side by side. */
#define SLAB_BYTES (SLAB - 16)
#define HEAD ((size_t)64)
#define FINE ((size_t)512) /* up to here classes lie 8 bytes apart, above it 64 */
#define CLASSES (FINE / 8 + (HF__SMALL_MAX - FINE) / 64)
#define LONE CLASSES
#define WAITING 2u

struct slab {
	struct slab *next, *before; /* of its class, with room */
	void *given_back;
	uint32_t fresh; /* offset of the first byte that was never used */
	uint32_t pieces; /* in use */
	uint32_t last; /* `fresh` is not beyond that: there is room for one more */
	uint32_t size; /* of each */
	uint32_t class;
};
_Static_assert(sizeof(struct slab) <= HEAD, "a slab's head fits");

static struct {
	hf__word lock;
	struct slab *with_room[CLASSES];
	struct slab *waiting[WAITING];
	unsigned waits;
	size_t slabs; /* that hold a piece */
} all;

/* --- Fork ------------------------------------------------------------------------------------- */

static void lock_all(void)
{
	hf__word_lock(&all.lock);
}

static void unlock_all(void)
{
	hf__word_unlock(&all.lock);
}

static _Atomic bool watched; /* once was: a look costs less than the call */

static void watch_forks(void)
{
	/* without memory for it a child of this process might wait forever; nothing else can be done */
	(void)pthread_atfork(lock_all, unlock_all, unlock_all);
	atomic_store_explicit(&watched, true, memory_order_release);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* --- Slabs ------------------------------------------------------------------------------------ */

static unsigned class_of(size_t size)
{
	if (size <= FINE)
		return (unsigned)((size + (size == 0) + 7) / 8 - 1);
	return (unsigned)(FINE / 8 + (size - FINE + 63) / 64 - 1);
}

static size_t size_of(unsigned class)
{
	return class < FINE / 8 ? (class + 1u) * 8u : FINE + (class + 1u - FINE / 8) * 64u;
}

static bool has_room(const struct slab *slab)
{
	return slab->given_back || slab->fresh <= slab->last;
}

static void list_enter(struct slab *slab)
{
	struct slab **list = &all.with_room[slab->class];
	slab->before = NULL;
	slab->next = *list;
	if (slab->next)
		slab->next->before = slab;
	*list = slab;
}

static void list_leave(struct slab *slab)
{
	if (slab->before)
		slab->before->next = slab->next;
	else
		all.with_room[slab->class] = slab->next;
	if (slab->next)
		slab->next->before = slab->before;
}

/* An empty one, in the list of the class. NULL: out of memory. */
static struct slab *slab_new(unsigned class)
{
	struct slab *slab =
	    all.waits > 0 ? all.waiting[--all.waits] : hf__alloc_aligned(SLAB, SLAB_BYTES);
	if (!slab)
		return NULL;
	const uint32_t size = (uint32_t)size_of(class);
	*slab = (struct slab){
	    .fresh = HEAD, .last = (uint32_t)SLAB_BYTES - size, .size = size, .class = class};
	all.slabs++;
	list_enter(slab);
	return slab;
}

static void *piece_take(struct slab *slab)
{
	void *piece = slab->given_back;
	slab->pieces++;
	if (piece) {
		memcpy(&slab->given_back, piece, sizeof slab->given_back);
		if (has_room(slab))
			return piece;
	} else {
		piece = (uint8_t *)slab + slab->fresh;
		slab->fresh += slab->size;
		if (slab->fresh <= slab->last)
			return piece;
	}
	list_leave(slab);
	return piece;
}

static void *lone_new(size_t size)
{
	if (size > SIZE_MAX / 2)
		return NULL;
	struct slab *slab = hf__alloc_aligned(SLAB, HEAD + size);
	if (!slab)
		return NULL;
	*slab = (struct slab){.size = 0, .class = LONE};
	return (uint8_t *)slab + HEAD;
}

/* --- Pieces ----------------------------------------------------------------------------------- */

void *hf__small_raw(size_t size)
{
	if (hf__mem_refuses(size))
		return NULL;
	if (!atomic_load_explicit(&watched, memory_order_acquire))
		(void)pthread_once(&once, watch_forks);
	if (size > HF__SMALL_MAX)
		return lone_new(size);
	const unsigned class = class_of(size);
	lock_all();
	struct slab *slab = all.with_room[class];
	if (!slab)
		slab = slab_new(class);
	void *piece = slab ? piece_take(slab) : NULL;
	unlock_all();
	if (piece)
		hf__mem_count((ptrdiff_t)size_of(class));
	return piece;
}

void *hf__small_alloc(size_t size)
{
	void *piece = hf__small_raw(size);
	return piece ? memset(piece, 0, size) : NULL;
}

/* The slab holds nothing: it waits. Returned: one that nothing needs. */
static struct slab *slab_end(struct slab *slab)
{
	list_leave(slab);
	all.slabs--;
	if (all.waits == WAITING)
		return slab;
	all.waiting[all.waits++] = slab;
	return NULL;
}

void hf__small_free(void *memory)
{
	if (!memory)
		return;
	struct slab *slab = (struct slab *)((uintptr_t)memory & ~(uintptr_t)(SLAB - 1));
	if (slab->class == LONE) {
		hf__free_aligned(slab);
		return;
	}
	hf__mem_count(-(ptrdiff_t)slab->size);
	struct slab *gone = NULL;
	lock_all();
	if (!has_room(slab))
		list_enter(slab);
	memcpy(memory, &slab->given_back, sizeof slab->given_back);
	slab->given_back = memory;
	if (--slab->pieces == 0)
		gone = slab_end(slab);
	unlock_all();
	hf__free_aligned(gone);
}

#ifdef HF_TESTING
size_t hf__small_slabs(void)
{
	lock_all();
	const size_t slabs = all.slabs;
	unlock_all();
	return slabs;
}
#endif

#endif
