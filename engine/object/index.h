/* An ordered index of nodes that live inside their objects (an AVL tree with parent links).
 * Inserting needs no memory.
 *
 * Beside the order every node has a weight (a time, say) and a tag (one bit of a class), summed
 * up per subtree, so that "the next one in order whose weight is at most x" or "whose tag is
 * among these" costs O(log n) however many others lie between. */
#ifndef HF_OBJECT_INDEX_H
#define HF_OBJECT_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "object/field.h"

struct hf__index_node {
	struct hf__index_node *left, *right, *parent;
	int64_t weight; /* set before insert; change with hf__index_update */
	int64_t least, most; /* of the weights in this subtree */
	uint32_t size; /* nodes in this subtree */
	uint8_t height;
	uint8_t tag; /* set before insert (0 is fine); change with hf__index_update */
	uint8_t tags; /* all tags of this subtree, or-ed */
};

/* What an index is of, declared by its domain: where its node lies in an object, and the fields by
 * which it is sorted. The fields are a total order: no two objects of an index are equal in all. */
struct hf__index_type {
	size_t node;
	bool behind; /* the node lies elsewhere, and a pointer to its object stands behind it */
	struct hf__fields fields;
	/* What the fields say of two objects, written out, where indexes are filled most: about twice
	 * as fast; the nodes of such an index lie in their objects. NULL: the fields are looked at.
	 * hf__index_sane() compares by the fields. */
	int (*compare)(const void *a, const void *b);
};

/* Of objects by their `name`, with a uint16_t `len`: a position is a struct hf_bytes. */
#define HF__NAME_FIELD(object) \
	{ \
		.kind = HF__FIELD_PART, .offset = offsetof(object, name), .lens = offsetof(object, len) \
	}
#define HF__INDEX_BY_NAME(object, member) \
	{ \
		.node = offsetof(object, member), .fields = { 1, {HF__NAME_FIELD(object)} } \
	}

struct hf__index {
	struct hf__index_node *root;
	struct hf__index_node *first, *last; /* NULL when empty */
	const struct hf__index_type *type;
	int8_t run; /* where the newest node went: -1 before all others, 1 behind them, 0 between */
};

static inline void hf__index_init(struct hf__index *index, const struct hf__index_type *type)
{
	*index = (struct hf__index){.type = type};
}

void hf__index_insert(struct hf__index *index, struct hf__index_node *node);
void hf__index_remove(struct hf__index *index, struct hf__index_node *node);
/* Sets weight and tag of a node that is in the index. */
void hf__index_update(struct hf__index *index, struct hf__index_node *node, int64_t weight,
                      uint8_t tag);
/* Takes all objects out and hands them over to be freed, in no order that they know. */
void hf__index_drain(struct hf__index *index, void (*drop)(void *object));

static inline size_t hf__index_count(const struct hf__index *index)
{
	return index->root ? index->root->size : 0;
}

/* The least weight, INT64_MAX for none; the greatest, INT64_MIN for none. */
static inline int64_t hf__index_least(const struct hf__index *index)
{
	return index->root ? index->root->least : INT64_MAX;
}

static inline int64_t hf__index_most(const struct hf__index *index)
{
	return index->root ? index->root->most : INT64_MIN;
}

static inline struct hf__index_node *hf__index_first(const struct hf__index *index)
{
	return index->first;
}

static inline struct hf__index_node *hf__index_last(const struct hf__index *index)
{
	return index->last;
}

struct hf__index_node *hf__index_next(const struct hf__index_node *node);
struct hf__index_node *hf__index_prev(const struct hf__index_node *node);
/* How many come before it: O(log n). */
size_t hf__index_rank(const struct hf__index_node *node);

/* The object of a node; NULL for NULL. */
static inline void *hf__index_object(const struct hf__index *index,
                                     const struct hf__index_node *node)
{
	if (!node || index->type->behind)
		return node ? *(void *const *)(const void *)(node + 1) : NULL;
	return (uint8_t *)(uintptr_t)node - index->type->node;
}

/* Walks by objects. */
static inline void *hf__index_first_object(const struct hf__index *index)
{
	return hf__index_object(index, index->first);
}

/* Of an object that holds its node itself. */
static inline void *hf__index_next_object(const struct hf__index *index, const void *object)
{
	const uint8_t *node = (const uint8_t *)object + index->type->node;
	return hf__index_object(index,
	                        hf__index_next((const struct hf__index_node *)(const void *)node));
}

/* The first node that compares with the position, in its first `fields` fields, as at least
 * `floor`, which is 0 or 1; or NULL. */
struct hf__index_node *hf__index_floor(const struct hf__index *index, const void *position,
                                       unsigned fields, int floor);

/* The first node that is not before the position. */
static inline struct hf__index_node *hf__index_seek(const struct hf__index *index,
                                                    const void *position, unsigned fields)
{
	return hf__index_floor(index, position, fields, 0);
}

/* The first node behind it. */
static inline struct hf__index_node *hf__index_after(const struct hf__index *index,
                                                     const void *position, unsigned fields)
{
	return hf__index_floor(index, position, fields, 1);
}

/* A filter for the two functions below: a node passes when low <= weight <= high and, unless
 * tags is 0, its tag is among tags. A subtree is skipped when its summaries rule it out: exact
 * when only the tags, or only one bound of the weight, restrict. */
struct hf__index_filter {
	int64_t low, high;
	uint8_t tags;
	/* A node with a tag among these passes from moved_low on instead, which is not below low.
	 * Subtrees are skipped by low alone: exact but for such nodes in between. */
	uint8_t moved;
	int64_t moved_low;
};
/* The first node that passes, from `node` on (included), in order; NULL for NULL or none. O(log
 * n) for exact filters. */
struct hf__index_node *hf__index_pass(const struct hf__index_node *node,
                                      const struct hf__index_filter *filter);
/* The first node of all that passes. */
struct hf__index_node *hf__index_first_pass(const struct hf__index *index,
                                            const struct hf__index_filter *filter);

/* The same backward: the last node that passes, up to `node` (included). */
struct hf__index_node *hf__index_pass_back(const struct hf__index_node *node,
                                           const struct hf__index_filter *filter);

/* Is every link, height and summary right? For verify and tests. */
bool hf__index_sane(const struct hf__index *index);

#endif
