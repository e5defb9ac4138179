/* An object of a state, its type, and the one hook for change. Knows no store and no domain.
 *
 * Job: say what every object has in common (type, container, LSNs), and how its value may change.
 * What a change does to indexes and counters stands in its type: enlist and delist by key, link
 * and unlink by value. */
#ifndef HF_OBJECT_OBJECT_H
#define HF_OBJECT_OBJECT_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "holdfast/types.h"
#include "object/blob.h"
#include "object/small.h"

/* The kind of an object. The value is the part of it that mutations change: plain members that
 * memcpy may copy, at value_offset. It may own blobs, whose pointers lie at blob_offsets (from
 * the object's start). Everything else of the object (key, index nodes) is fixed while it lives. */
struct hf__object;
struct hf__map;
struct hf__type {
	const char *name;
	size_t value_offset, value_size;
	unsigned blob_count;
	size_t blob_offsets[6];
	unsigned payload_count; /* the first so many blobs begin a payload, which may lie on disk */
	/* Enters or leaves the indexes that depend on the key only: at birth and removal. May be
	 * NULL. */
	void (*enlist)(struct hf__object *object);
	void (*delist)(struct hf__object *object);
	/* The map that enlist puts it into: the hook sees to the memory for that, and to what the map
	 * does not need any more once a removal is final. NULL: none. */
	struct hf__map *(*map)(const struct hf__object *object);
	/* Enters or leaves the indexes and counters that depend on the value: around every change
	 * too. May be NULL. */
	void (*link)(struct hf__object *object);
	void (*unlink)(struct hf__object *object);
	/* Frees the object itself; its blobs are freed by the caller. NULL: hf__small_free(). */
	void (*free)(struct hf__object *object);
	/* What waiting calls wait for may be had once this object changes: see hf__wait_on. A live
	 * change of it, or of something inside it, wakes the first waiter for this key. NULL: no
	 * call waits for objects of this type. */
	uint64_t (*wait_key)(const struct hf__object *object);
	/* The number that remembers, for answers about an absent name, that an object of this name
	 * is gone: see object/removed.h. NULL: what it leaves behind is its container. */
	struct hf__object *(*number)(const struct hf__object *object);
	/* Of containers, which begin with struct hf__container and go once they are empty: does it hold
	 * nothing and say nothing? And where its name lies. NULL: it is none of these. */
	bool (*idle)(const struct hf__object *container);
	size_t name_offset;
};

/* Stands first in every object. `container` (inbox, queue, stream; may be NULL) outlives it;
 * lists, counts and misses depend on it. */
struct hf__object {
	struct hf__object *container;
	uint64_t changed; /* newest LSN that changed it or, for a container, anything in it */
	int32_t kind; /* where its type lies: hf__type() */
	uint32_t ahead; /* hf__object_due() */
#ifdef HF_TESTING
	uint64_t sealed; /* checksum of the value: a change beside the hook shows */
#endif
};

extern const struct hf__type hf__plain_type; /* below */

/* Its type: all lie within 2 GiB, as what is linked together does. A zeroed object is a plain
 * one. */
static inline const struct hf__type *hf__type(const struct hf__object *object)
{
	return (const struct hf__type *)((uintptr_t)&hf__plain_type +
	                                 (uintptr_t)(intptr_t)object->kind);
}
static inline void hf__object_is(struct hf__object *object, const struct hf__type *type)
{
	object->kind = (int32_t)((intptr_t)type - (intptr_t)&hf__plain_type);
	assert(hf__type(object) == type);
}

/* The newest LSN that changed it, or for a container anything in it, and was asked to be durable;
 * where that is further behind `changed` than 32 bits tell, one so far behind: an answer then waits
 * for more than it has to. */
static inline uint64_t hf__object_due(const struct hf__object *object)
{
	return object->changed > object->ahead ? object->changed - object->ahead : 0;
}

/* Sets both LSNs; due <= changed. */
static inline void hf__object_note(struct hf__object *object, uint64_t changed, uint64_t due)
{
	const uint64_t ahead = changed - due;
	object->changed = changed;
	object->ahead = ahead < UINT32_MAX ? (uint32_t)ahead : UINT32_MAX;
}

/* One change in the making: a transaction, or one replayed entry. Opaque to domains. */
struct hf__change;

/* Each returns HF_OK or HF_ENOMEM. A call that fails changed nothing; the whole change is then
 * undone by its owner. */
/* A new, filled object comes to life: enlist and link. The change owns it from here on, on
 * failure too (then it was freed). */
HF_CHECKED int hf__change_add(struct hf__change *change, struct hf__object *object);
/* Call before any byte of the value changes: keeps the pre-image, unlinks, notes LSNs on the
 * object and its container. */
HF_CHECKED int hf__before_change(struct hf__change *change, struct hf__object *object);
/* Call after the value is what it shall be: links. A replaced blob needs no care: old and new
 * differ in their pointers. */
void hf__after_change(struct hf__change *change, struct hf__object *object);
/* All of this at once: `value` takes the place of the object's. The blobs of it that the object
 * does not hold are the object's from here on, or were freed when it fails. */
HF_CHECKED int hf__change_set(struct hf__change *change, struct hf__object *object,
                              const void *value);
/* Frees the blobs of a value that `kept`, another one, does not hold. */
void hf__value_drop(const struct hf__type *type, const void *kept, const void *value);
/* Takes the object out: unlink and delist; freed when the change is final. */
HF_CHECKED int hf__change_remove(struct hf__change *change, struct hf__object *object);

/* Frees an object and its blobs at once, from no index: for deinit of a state. */
void hf__object_free(struct hf__object *object);
/* Its removal is final: frees it, and what its map needed for it. */
void hf__object_gone(struct hf__object *object);
void hf__object_drop(void *object); /* the same, for hf__index_drain() */
/* hf__plain_type: of what holds no value and is in no index, only ever noted as the container of
 * what changed. */
/* Test builds seal each value when a change ends, and see whether it is as it was then. */
#ifdef HF_TESTING
void hf__object_seal(struct hf__object *object);
bool hf__object_sealed(const struct hf__object *object);
#else
static inline void hf__object_seal(struct hf__object *object)
{
	(void)object;
}

static inline bool hf__object_sealed(const struct hf__object *object)
{
	(void)object;
	return true;
}
#endif

/* The part that mutations change. */
static inline uint8_t *hf__object_value(const struct hf__object *object)
{
	return (uint8_t *)(uintptr_t)object + hf__type(object)->value_offset;
}

/* The i-th blob pointer inside a value or its image. Images are unaligned bytes, so it is
 * copied, not dereferenced. */
static inline struct hf__blob *hf__object_blob(const struct hf__type *type, const uint8_t *value,
                                               unsigned i)
{
	struct hf__blob *blob;
	memcpy(&blob, value + (type->blob_offsets[i] - type->value_offset), sizeof blob);
	return blob;
}

#endif
