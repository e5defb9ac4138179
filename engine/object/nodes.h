/* The memory of indexes: nodes of a few sizes, made before a change needs them, so that an insert
 * and an undo never ask for memory. One of these for all indexes of a store. */
#ifndef HF_OBJECT_NODES_H
#define HF_OBJECT_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "holdfast/types.h"

/* How many entries a node holds, or children: a node that is not the root has room for so many. */
#define HF__NODE_WIDTH 32u

/* Behind it lie its entries, or in an inner node its slots: object/tree.h. */
struct hf__index_node {
	struct hf__index_node *prev, *next; /* of leaves: in the order of the index */
	uint8_t count, cap;
	bool inner;
};

/* 4, 8, 16, 32 entries, then 4, 8, 16, 32 children. A root alone may be a small one. */
enum { HF__NODE_CLASSES = 8, HF__NODE_LEAF = 3, HF__NODE_INNER = 4, HF__NODE_LARGEST = 7 };

/* So many inserts one step of a change may make: one object into all of its indexes, and what
 * follows from it. */
#define HF__NODES_INSERTS 8u

struct hf__index_nodes {
	struct hf__index_node *free[HF__NODE_CLASSES]; /* by `next` */
	uint32_t count[HF__NODE_CLASSES]; /* of them */
	uint32_t held[HF__NODE_CLASSES]; /* that indexes gave back in this change: their own */
	size_t taken[HF__NODE_CLASSES]; /* how many are in indexes */
	uint32_t change; /* its number: struct hf__index_given */
	bool ready; /* what is wanted is there: nothing was taken or given since */
	bool used; /* in this change */
	/* Of orders that are made late (late.c): is there such an opening, were equal objects found,
	 * was memory missing, which indexes are late; leaves for sorting, by `next`. */
	bool late, twins, starved;
	struct hf__index_tail *tails;
	struct hf__index_node *spare;
	uint32_t spares;
	uint32_t spares_kept; /* while there is such an opening */
};

/* Before a step of a change: sees to it that the inserts of one step find what they need. HF_OK or
 * HF_ENOMEM. */
HF_CHECKED int hf__nodes_make(struct hf__index_nodes *nodes);
static inline HF_CHECKED int hf__nodes_reserve(struct hf__index_nodes *nodes)
{
	return nodes->ready ? HF_OK : hf__nodes_make(nodes);
}
/* In an undo: what comes back fits into the nodes that there are, but is packed at O(n) each time
 * if hardly any are free. A few more, unless memory is short. */
void hf__nodes_ease(struct hf__index_nodes *nodes);

unsigned hf__node_class(const struct hf__index_node *node);

struct hf__index;
/* What an index gave back in a change: undoing that may need it again, so others do not get it. Of
 * small nodes, which only a root can be, it never has more than one of each class. */
struct hf__index_given {
	uint32_t change;
	uint32_t leaves, inner; /* full-sized ones */
	uint8_t small; /* bits of classes */
};

/* How many of this class the index may take. */
size_t hf__nodes_for(const struct hf__index *index, unsigned class);
/* One of this class or a larger one of the same kind. NULL: there is none. */
struct hf__index_node *hf__nodes_take(struct hf__index *index, unsigned class);
void hf__nodes_give(struct hf__index *index, struct hf__index_node *node);
/* Its elements into one of another class, which is there (I-INDEX-1). Links are the caller's. */
struct hf__index_node *hf__nodes_swap(struct hf__index *index, struct hf__index_node *old,
                                      unsigned class);
/* One beside those that are reserved, for an index: it counts as taken. NULL: out of memory. */
struct hf__index_node *hf__nodes_new(struct hf__index_nodes *nodes, unsigned class);
/* One that is in an index goes to libc, where no change is under way. */
void hf__nodes_free(struct hf__index_nodes *nodes, struct hf__index_node *node);
/* Leaves beside all indexes, for sorting (HF__SORT_LEAVES). */
struct hf__index_node *hf__spare_take(struct hf__index_nodes *nodes);
void hf__spare_put(struct hf__index_nodes *nodes, struct hf__index_node *leaf);
void hf__spares_free(struct hf__index_nodes *nodes);
/* No change is under way: what the next one will not need goes back to libc. */
void hf__nodes_end(struct hf__index_nodes *nodes);
/* Frees what is in no index. */
void hf__nodes_deinit(struct hf__index_nodes *nodes);

#endif
