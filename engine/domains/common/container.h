/* What all domains do with their objects and the containers of these. Job: one copy of each walk.
 * Happy path: a domain names its map, order or heap, and where in its objects the node lies.
 * Failure modes: no memory is HF_ENOMEM; what was done so far is undone by the change's owner. */
#ifndef HF_DOMAINS_CONTAINER_H
#define HF_DOMAINS_CONTAINER_H

#include "base/heap.h"
#include "base/map.h"
#include "object/index.h"
#include "store/domain.h"

/* --- Containers by name ----------------------------------------------------------------------- */

/* Enters or leaves the map and the order of names: at birth (listed as holding nothing, see
 * domains/common/names.h) and removal. */
void hf__name_enlist(struct hf__map *map, struct hf__map_node *node, struct hf__index *order,
                     struct hf__index_node *by_name, struct hf_bytes name);
void hf__name_delist(struct hf__map *map, struct hf__map_node *node, struct hf__index *order,
                     struct hf__index_node *by_name);

/* What these two take, of a container `c` whose state keeps its kind in the map `kind` and in the
 * order `by_name`. */
#define HF__NAMED(c, kind) &(c)->state->kind, &(c)->node, &(c)->state->by_name, &(c)->by_name

/* The node whose key is `name`; `equal` is given a struct hf_bytes. NULL: there is none. */
static inline struct hf__map_node *hf__name_find(const struct hf__map *map, struct hf_bytes name,
                                                 hf__map_equal equal)
{
	return hf__map_find(map, hf__map_hash(map, name.data, name.len), equal, &name);
}

/* Defines `add` over the structs of these tags, which gives the container of a name: the one there
 * is (`find`), else a new one (`create`), which the change then owns. HF_OK or HF_ENOMEM. */
#define HF__DEFINE_ADD(add, state_tag, container_tag, find, create) \
	int add(struct state_tag *state, struct hf__change *change, struct hf_bytes name, \
	        struct container_tag **out) \
	{ \
		*out = find(state, name); \
		if (*out) \
			return HF_OK; \
		*out = create(state, name); \
		return *out ? hf__change_add(change, &(*out)->object) : HF_ENOMEM; \
	} \
	_Static_assert(offsetof(struct container_tag, object) == 0, "the object stands first")

/* --- Keys of two parts ------------------------------------------------------------------------ */

/* A container's name and one within it, in one piece: the length of the first keeps ("ab", "c")
 * and ("a", "bc") apart. */
struct hf__pair {
	struct hf_bytes container, name;
	size_t len;
	uint8_t bytes[2 + 2 * HF_KEY_MAX];
};

/* Both parts fit: checked when they were taken in. */
void hf__pair_join(struct hf__pair *pair, struct hf_bytes container, struct hf_bytes name);

/* The node whose key is the pair; `equal` is given a struct hf__pair. NULL: there is none. */
struct hf__map_node *hf__pair_find(const struct hf__map *map, struct hf_bytes container,
                                   struct hf_bytes name, hf__map_equal equal);

static inline bool hf__pair_is(const struct hf__pair *pair, struct hf_bytes container,
                               struct hf_bytes name)
{
	return hf__bytes_equal(name, pair->name) && hf__bytes_equal(container, pair->container);
}

/* --- All objects of a map --------------------------------------------------------------------- */

/* `node` is where the map's node lies in each object. For deinit: frees them and the map. */
void hf__objects_free(struct hf__map *map, size_t node);
/* A new incarnation begins at `first_lsn`: what was held without a lease by an older one is free.
 * Until now all of that counted as free. What this incarnation itself holds so (not above
 * `newest_unleased`) is put where it belongs: there is such an object only when a living state
 * was loaded again, so the usual opening looks at nothing. */
void hf__objects_opened(struct hf__map *map, size_t node, uint64_t newest_unleased,
                        uint64_t first_lsn, uint64_t *incarnation);

/* Writes each container of the order, in that order, until one fails. */
HF_CHECKED int hf__emit_each(const struct hf__index *order,
                             int (*emit)(const void *container, struct hf__emitter *emitter),
                             struct hf__emitter *emitter);

/* --- Endings in two heaps: of times that the caller named, and that the store computed -------- */

/* When the next one ends, as the clock shows it; INT64_MAX: none does. */
int64_t hf__next_ending(const struct hf__heap endings[2], int64_t setback);
/* One that has ended; NULL: none. */
const struct hf__heap_node *hf__next_due(const struct hf__heap endings[2], struct hf__instant at);
/* Logs what has ended, one entry each, at most `budget`: settle of struct hf__domain. */
HF_CHECKED int hf__settle_due(const struct hf__heap endings[2], struct hf__decision *d,
                              unsigned budget, bool *more,
                              int (*log)(struct hf__decision *d, const struct hf__heap_node *due));

#endif
