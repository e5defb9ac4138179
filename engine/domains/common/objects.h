/* What several domains do with their objects. Job: one copy of each walk.
 * Happy path: a domain names its map, order or heap, and where in its objects the node lies.
 * Failure modes: no memory is HF_ENOMEM; what was done so far is undone by the change's owner. */
#ifndef HF_DOMAINS_OBJECTS_H
#define HF_DOMAINS_OBJECTS_H

#include "base/heap.h"
#include "base/map.h"
#include "object/container.h"
#include "store/domain.h"

/* --- Containers that an answer is about ------------------------------------------------------- */

/* The container of this name; NULL: there is none. Either way the answer depends on it. `state`
 * begins with struct hf__containers. */
void *hf__look_in(const void *state, struct hf__decision *d, struct hf_bytes name);
void *hf__query_in(struct hf__query *q, struct hf_bytes name);

/* --- Keys of two parts ------------------------------------------------------------------------ */

/* A container's name and one within it: both fit, as was checked when they were taken in. */
struct hf__pair {
	struct hf_bytes container, name;
};

static inline uint64_t hf__pair_hash(const struct hf__map *map, struct hf_bytes container,
                                     struct hf_bytes name)
{
	return hf__map_hash_pair(map, container, name);
}
/* The object whose key is the pair; `equal` is given a struct hf__pair. NULL: there is none. */
void *hf__pair_find(const struct hf__map *map, struct hf_bytes container, struct hf_bytes name,
                    hf__map_equal equal);

static inline bool hf__pair_is(const struct hf__pair *pair, struct hf_bytes container,
                               struct hf_bytes name)
{
	return hf__bytes_equal(name, pair->name) && hf__bytes_equal(container, pair->container);
}

/* --- All objects of a map --------------------------------------------------------------------- */

/* For deinit: frees them and the map. */
void hf__objects_free(struct hf__map *map);
/* Objects of which some are held without a lease: by the incarnation that took them. */
struct hf__held {
	struct hf__map *map; /* of them all */
	struct hf__index_nodes *nodes;
	/* Out of what depends on the incarnation, and back in. Nothing else may enter an index
	 * meanwhile: there may be no nodes for it. */
	void (*out)(struct hf__object *object);
	void (*in)(struct hf__object *object);
	uint64_t newest_unleased; /* none of them is above it */
	uint64_t *incarnation;
};
/* A new incarnation begins at `first_lsn`: what was held without a lease by an older one is free.
 * Until then what was held by one before *incarnation was; at first that is all of it. Where an
 * object is between the two, all are put where they belong: so it is when a living state was loaded
 * again, and where a state outlives its writer. The usual opening looks at nothing. */
void hf__objects_opened(const struct hf__held *held, uint64_t first_lsn);

/* --- Endings in heaps: of mono times, or of instants that a caller named ---------------------- */

/* When the next one ends; INT64_MAX: none does. */
static inline int64_t hf__first_ending(const struct hf__heap *endings)
{
	const struct hf__heap_node *first = hf__heap_first(endings);
	return first ? endings->deadline(first) : INT64_MAX;
}

/* How many have ended by `until`: only these, and what stands right behind them, are looked at. */
size_t hf__endings_over(const struct hf__heap *endings, int64_t until);

/* Logs what has ended by `until`, one entry each, at most *budget, which it lowers. *more: some are
 * left. Each entry is applied as it is emitted, and takes the object out of the heap. */
HF_CHECKED int hf__settle_heap(const struct hf__heap *endings, int64_t until,
                               struct hf__decision *d, unsigned *budget, bool *more,
                               int (*log)(struct hf__decision *d, const struct hf__heap_node *due));

/* Of two heaps, by whether the store computed the end: settle and next_ending of struct
 * hf__domain. */
int64_t hf__next_ending(const struct hf__heap endings[2], int64_t setback);
HF_CHECKED int hf__settle_due(const struct hf__heap endings[2], struct hf__decision *d,
                              unsigned budget, bool *more,
                              int (*log)(struct hf__decision *d, const struct hf__heap_node *due));

#endif
