/* Containers by name: what the objects of a domain lie in, one for each queue, user, stream, ...
 * Job: find one, make one, list them by name, let empty ones go. Happy path: a state begins with
 * struct hf__containers, each of its containers with struct hf__container, and that ends with its
 * name. Failure modes: no memory is HF_ENOMEM, and nothing has changed. */
#ifndef HF_OBJECT_CONTAINER_H
#define HF_OBJECT_CONTAINER_H

#include "object/change.h"
#include "object/index.h"
#include "object/removed.h"

struct hf__container_type {
	struct hf__type object; /* HF__CONTAINER, and what is its own */
	size_t size;
	/* HF__INDEX_OF_NAMES; zero: they are not listed. The weight is the instant from which on the
	 * container holds nothing: see domains/common/names.h */
	struct hf__index_type by_name;
	/* At birth: what of it is not zero. NULL: nothing. */
	void (*init)(void *container, void *state);
	/* Its own indexes, behind each other: their nodes are freed with it. */
	size_t indexes_at, indexes;
};

/* What of a struct hf__type all containers have in common. */
#define HF__CONTAINER(tag) \
	.name_offset = offsetof(tag, name), .enlist = hf__container_enlist, \
	.delist = hf__container_delist, .map = hf__container_map, .number = hf__container_number
#define HF__INDEX_OF_NAMES(tag) \
	{ \
		.fields = {1, \
		           {{.kind = HF__FIELD_PART, \
		             .offset = offsetof(tag, name), \
		             .lens = offsetof(struct hf__container, len)}}}, \
		.weight = hf__container_weigh, \
	}

/* Stands first in the state of a domain that has containers. */
struct hf__containers {
	const struct hf__container_type *type;
	struct hf__map map;
	struct hf__index by_name;
	struct hf__object root; /* the container of them all; never changes itself */
	struct hf__removed removed; /* those that are gone */
	struct hf__index_nodes *nodes; /* for their indexes */
	/* The one that was found last: one call asks several times for one. NULL: none, or it went. */
	struct hf__container *recent;
};

/* false: out of memory. hf__containers_deinit() frees them, and is safe on a zeroed state. */
bool hf__containers_init(void *state, const struct hf__container_type *type,
                         const uint8_t hash_key[16], struct hf__index_nodes *nodes);
void hf__containers_deinit(void *state);

/* In all that follows `state` is one that begins with struct hf__containers. NULL: there is none of
 * this name. */
void *hf__container_find(const void *state, struct hf_bytes name);
/* The one there is, else a new one, which the change then owns. NULL: *rc says why. */
void *hf__container_get(void *state, struct hf__change *change, struct hf_bytes name, int *rc);
/* What an answer about this name depends on: the container, which may be NULL, or the number of
 * those that are gone. */
const struct hf__object *hf__container_depends(const void *state, const void *container,
                                               struct hf_bytes name);
/* Listed while now < until (INT64_MAX: forever, INT64_MIN: not at all). Costs nothing while it
 * stays the same. It was not listed at birth. */
void hf__container_until(void *container, int64_t until);
/* Is it found by its name, listed until then, and does it wait to go if it should? */
bool hf__container_sane(const void *state, const void *container, int64_t until);
/* Of the map, the order by name, and the line of those that wait to go. */
bool hf__containers_sane(const void *state);
/* See struct hf__domain. */
struct hf__removed *hf__containers_removed(void *state);

int64_t hf__container_weigh(const void *container, uint8_t *tag);
void hf__container_enlist(struct hf__object *container);
void hf__container_delist(struct hf__object *container);
struct hf__map *hf__container_map(const struct hf__object *container);
struct hf__object *hf__container_number(const struct hf__object *container);

static inline struct hf_bytes hf__container_name(const void *container)
{
	const struct hf__container *c = container;
	return hf_bytes_of((const uint8_t *)c + hf__type(&c->object)->name_offset, c->len);
}

/* Walks by name over those that are listed. */
static inline void *hf__container_first(const void *state)
{
	return hf__index_first_object(&((const struct hf__containers *)state)->by_name);
}

static inline void *hf__container_next(const void *state, const void *container)
{
	return hf__index_next_object(&((const struct hf__containers *)state)->by_name, container);
}

#endif
