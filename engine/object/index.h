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

struct hf__index_node {
	struct hf__index_node *left, *right, *parent;
	int64_t weight; /* set before insert; change with hf__index_update */
	int64_t least, most; /* of the weights in this subtree */
	uint32_t size; /* nodes in this subtree */
	uint8_t height;
	uint8_t tag; /* set before insert (0 is fine); change with hf__index_update */
	uint8_t tags; /* all tags of this subtree, or-ed */
};

/* <0, 0, >0; a total order: 0 only for the same node. */
typedef int (*hf__index_compare)(const struct hf__index_node *a, const struct hf__index_node *b);
/* The sign of node minus key. */
typedef int (*hf__index_probe)(const struct hf__index_node *node, const void *key);

struct hf__index {
	struct hf__index_node *root;
	struct hf__index_node *first, *last; /* NULL when empty */
	hf__index_compare compare;
	int8_t run; /* where the newest node went: -1 before all others, 1 behind them, 0 between */
};

void hf__index_init(struct hf__index *order, hf__index_compare compare);
void hf__index_insert(struct hf__index *order, struct hf__index_node *node);
void hf__index_remove(struct hf__index *order, struct hf__index_node *node);
/* Sets weight and tag of a node that is in the order. */
void hf__index_update(struct hf__index *order, struct hf__index_node *node, int64_t weight,
                      uint8_t tag);
size_t hf__index_count(const struct hf__index *order);
/* The greatest weight; INT64_MIN for none. */
int64_t hf__index_most(const struct hf__index *order);
/* How many come before it: O(log n). */
size_t hf__index_rank(const struct hf__index_node *node);
struct hf__index_node *hf__index_first(const struct hf__index *order);
struct hf__index_node *hf__index_last(const struct hf__index *order);
struct hf__index_node *hf__index_next(const struct hf__index_node *node);
struct hf__index_node *hf__index_prev(const struct hf__index_node *node);
/* The first node that is not before the key (probe >= 0), or NULL. */
struct hf__index_node *hf__index_seek(const struct hf__index *order, hf__index_probe probe,
                                      const void *key);
/* The first node after the key (probe > 0), or NULL. */
struct hf__index_node *hf__index_after(const struct hf__index *order, hf__index_probe probe,
                                       const void *key);

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
struct hf__index_node *hf__index_first_pass(const struct hf__index *order,
                                            const struct hf__index_filter *filter);

/* The same backward: the last node that passes, up to `node` (included). */
struct hf__index_node *hf__index_pass_back(const struct hf__index_node *node,
                                           const struct hf__index_filter *filter);

/* Is every link, height and summary right? For verify and tests. */
bool hf__index_sane(const struct hf__index *order);

#endif
