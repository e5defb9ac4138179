/* An ordered index of objects: a B+-tree whose entries are a prefix of what it sorts by and the
 * object's pointer. docs/objects/indexes.md says why it looks as it does.
 *
 * Inserting needs no memory but nodes that were reserved (object/nodes.h), so it cannot fail.
 *
 * Beside the order every object has a weight (a time, say) and a tag (one bit of a class), summed
 * up per node, so that "the next one in order whose weight is at most x" or "whose tag is among
 * these" costs O(log n) however many others lie between. */
#ifndef HF_OBJECT_INDEX_H
#define HF_OBJECT_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/steps.h"
#include "object/field.h"
#include "object/nodes.h"

/* What an index is of, declared by its domain: the fields by which it is sorted. They are a total
 * order: no two objects of an index are equal in all. Neither these fields nor the weight of an
 * object may change while it is in the index, but for hf__index_update(). */
struct hf__index_type {
	struct hf__fields fields;
	/* What the fields say of two objects, written out, where prefixes are often equal: about twice
	 * as fast. NULL: the fields are looked at. hf__index_sane() compares by the fields. */
	int (*compare)(const void *a, const void *b);
	/* The same of hf__prefix_of(), where it is asked often and its first fields are short. */
	uint64_t (*prefix)(const void *object);
	/* The weight of an object, and its tag into *tag, which is 0. NULL: all are 0. */
	int64_t (*weight)(const void *object, uint8_t *tag);
};

/* Of objects by their `name`, with a uint16_t `len`: a position is a struct hf_bytes. */
#define HF__NAME_FIELD(object) \
	{ \
		.kind = HF__FIELD_PART, .offset = offsetof(object, name), .lens = offsetof(object, len) \
	}
#define HF__INDEX_BY_NAME(object) \
	{ \
		.fields = { 1, {HF__NAME_FIELD(object)} } \
	}

struct hf__index_entry {
	uint64_t prefix; /* object/prefix.h */
	void *object;
};

/* What leads to a node, and the sums of what is below. */
struct hf__index_sum {
	struct hf__index_node *node;
	int64_t least, most; /* weight */
	uint32_t size; /* entries */
	uint8_t tags; /* or-ed */
	/* Of an index: the depth of its leaves, and where the newest entry went: -1 before all others,
	 * 1 behind them, 0 between. */
	uint8_t height;
	int8_t run;
	uint8_t late; /* enum hf__index_late */
};

/* While an opening reads what it knows, an index of many puts nothing in place: late.c. */
enum hf__index_late {
	HF__INDEX_USUAL, /* not yet, or there is no such opening */
	HF__INDEX_LATE, /* some entries are in its tail; `top` counts them, its node does not */
	HF__INDEX_AGAIN, /* it was put in order, and may be late again */
	HF__INDEX_EAGER, /* it was, and is asked for places too often */
};

struct hf__index {
	struct hf__index_sum top; /* without a node: empty */
	const struct hf__index_type *type;
	struct hf__index_nodes *nodes;
	union {
		struct hf__index_given given;
		struct hf__index_tail *tail; /* while it is late */
	};
};

/* Where an entry is: good until the index changes. Without a leaf: nowhere. */
struct hf__index_at {
	const struct hf__index_node *leaf;
	unsigned slot;
};

static inline void hf__index_init(struct hf__index *index, const struct hf__index_type *type,
                                  struct hf__index_nodes *nodes)
{
	*index = (struct hf__index){
	    .top = {.least = INT64_MAX, .most = INT64_MIN}, .type = type, .nodes = nodes};
}
/* Frees its nodes, not its objects, at which it does not look. Safe on a zeroed one. */
void hf__index_deinit(struct hf__index *index);

/* --- Change ----------------------------------------------------------------------------------- */

/* hf__nodes_reserve() has seen to what this needs, or a removal of this change has. */
void hf__index_insert(struct hf__index *index, void *object);
void hf__index_remove(struct hf__index *index, const void *object);
/* The weight or the tag of an object that is in the index became what it is, from these. */
void hf__index_update(struct hf__index *index, const void *object, int64_t weight, uint8_t tag);
/* Takes all objects out and hands them over to be freed. */
void hf__index_drain(struct hf__index *index, void (*drop)(void *object));

/* --- Late ------------------------------------------------------------------------------------- */

/* Until the end below, indexes of many are put in order no sooner than a reader asks for a place in
 * one. Counts and sums are right all the time. */
void hf__index_late_begin(struct hf__index_nodes *nodes);
/* All are in order from here on. No change is under way. HF_ECORRUPT: two objects of an index are
 * equal in all fields, which is found only now; it may be drained and freed. HF_ENOMEM: memory was
 * missing meanwhile; all are in order all the same. */
HF_CHECKED int hf__index_late_end(struct hf__index_nodes *nodes);
/* Puts a late one in order; cannot fail. */
void hf__index_settle(struct hf__index *index);

static inline bool hf__index_is_late(const struct hf__index *index)
{
	return index->top.late == HF__INDEX_LATE;
}

/* Were equal objects found in this index, or another of its store, in this opening? Nothing may be
 * removed then. */
static inline bool hf__index_has_twins(const struct hf__index *index)
{
	return index->nodes->twins;
}

/* --- Sums ------------------------------------------------------------------------------------- */

static inline size_t hf__index_count(const struct hf__index *index)
{
	return index->top.size;
}

/* The least weight, INT64_MAX for none; the greatest, INT64_MIN for none. */
static inline int64_t hf__index_least(const struct hf__index *index)
{
	return index->top.least;
}

static inline int64_t hf__index_most(const struct hf__index *index)
{
	return index->top.most;
}

/* --- Place ------------------------------------------------------------------------------------ */

static inline struct hf__index_entry *hf__node_entries(const struct hf__index_node *leaf)
{
	return (struct hf__index_entry *)(void *)(uintptr_t)(leaf + 1);
}

/* The object there; NULL: nowhere. */
static inline void *hf__index_object(struct hf__index_at at)
{
	return at.leaf ? hf__node_entries(at.leaf)[at.slot].object : NULL;
}

struct hf__index_at hf__index_first(const struct hf__index *index);
struct hf__index_at hf__index_last(const struct hf__index *index);

static inline struct hf__index_at hf__index_next(struct hf__index_at at)
{
	HF__STEP();
	if (++at.slot == at.leaf->count)
		at = (struct hf__index_at){at.leaf->next, 0};
	return at;
}

static inline struct hf__index_at hf__index_prev(struct hf__index_at at)
{
	HF__STEP();
	if (at.slot-- == 0) {
		at.leaf = at.leaf->prev;
		at.slot = at.leaf ? at.leaf->count - 1u : 0;
	}
	return at;
}

/* Of an object that is in the index: O(log n). */
struct hf__index_at hf__index_find(const struct hf__index *index, const void *object);
/* How many come before it: O(log n). */
size_t hf__index_rank(const struct hf__index *index, const void *object);

static inline void *hf__index_first_object(const struct hf__index *index)
{
	return hf__index_object(hf__index_first(index));
}

/* For walks during which the index may change: O(log n). */
static inline void *hf__index_next_object(const struct hf__index *index, const void *object)
{
	return hf__index_object(hf__index_next(hf__index_find(index, object)));
}

/* The first one that compares with the position, in its first `fields` fields, as at least
 * `floor`, which is 0 or 1. */
struct hf__index_at hf__index_floor(const struct hf__index *index, const void *position,
                                    unsigned fields, int floor);

/* The first one that is not before the position. */
static inline struct hf__index_at hf__index_seek(const struct hf__index *index,
                                                 const void *position, unsigned fields)
{
	return hf__index_floor(index, position, fields, 0);
}

/* The first one behind it. */
static inline struct hf__index_at hf__index_after(const struct hf__index *index,
                                                  const void *position, unsigned fields)
{
	return hf__index_floor(index, position, fields, 1);
}

/* How many come before that one; all of them, if there is none. */
size_t hf__index_floor_rank(const struct hf__index *index, const void *position, unsigned fields,
                            int floor);

/* --- Filters ---------------------------------------------------------------------------------- */

/* An object passes when low <= weight <= high and, unless tags is 0, its tag is among tags. A node
 * is skipped when its sums rule it out: exact when only the tags, or only one bound of the weight,
 * restrict. */
struct hf__index_filter {
	int64_t low, high;
	uint8_t tags;
	/* An object with a tag among these passes from moved_low on instead, which is not below low.
	 * Nodes are skipped by low alone: exact but for such objects in between. */
	uint8_t moved;
	int64_t moved_low;
};
/* What weighs more than this. By one bound alone, so that the filter is exact. */
static inline struct hf__index_filter hf__index_above(int64_t weight)
{
	return (struct hf__index_filter){.low = weight < INT64_MAX ? weight + 1 : weight,
	                                 .high = INT64_MAX};
}
/* The first one that passes, from `at` on (included), in order; nowhere for nowhere or none.
 * O(log n) for exact filters. */
struct hf__index_at hf__index_pass(const struct hf__index *index, struct hf__index_at at,
                                   const struct hf__index_filter *filter);
/* The first of all that passes. */
struct hf__index_at hf__index_first_pass(const struct hf__index *index,
                                         const struct hf__index_filter *filter);
/* The same backward: the last one that passes, up to `at` (included). */
struct hf__index_at hf__index_pass_back(const struct hf__index *index, struct hf__index_at at,
                                        const struct hf__index_filter *filter);

/* Is every node, sum and prefix right? For verify and tests. */
bool hf__index_sane(const struct hf__index *index);

#endif
