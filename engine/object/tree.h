/* How an index looks inside; for object/ alone.
 *
 * A leaf holds entries, an inner node slots, one for each child. `top` of an index leads to the
 * root as a slot leads to a child. All leaves are equally deep. */
#ifndef HF_OBJECT_TREE_H
#define HF_OBJECT_TREE_H

#include "base/steps.h"
#include "object/index.h"
#include "object/prefix.h"

struct hf__index_slot {
	struct hf__index_sum sum;
	struct hf__index_entry first; /* a copy of the first entry below */
};

static inline struct hf__index_slot *hf__node_slots(const struct hf__index_node *node)
{
	return (struct hf__index_slot *)(void *)(uintptr_t)(node + 1);
}

/* No index is higher: nodes but those at the edges are at least a quarter full. */
#define HF__INDEX_DEPTH 12u

/* The way from the root to an entry. */
struct hf__index_path {
	unsigned height; /* depth of the leaf */
	struct hf__index_node *node[HF__INDEX_DEPTH];
	unsigned slot[HF__INDEX_DEPTH]; /* which child, and in the leaf which entry */
	struct hf__index_sum *sum[HF__INDEX_DEPTH]; /* what leads to the node */
};

/* What entries are compared with: an object or a position. */
struct hf__index_probe {
	const struct hf__index_type *type;
	uint64_t prefix, mask;
	const void *object; /* NULL: a position, whose key is there from the beginning */
	unsigned fields;
	bool keyed;
	bool whole; /* its prefix says all of these fields */
	struct hf__key key[HF__FIELDS_MAX];
};

void hf__probe_entry(struct hf__index_probe *probe, const struct hf__index_type *type,
                     const struct hf__index_entry *entry);
void hf__probe_object(struct hf__index_probe *probe, const struct hf__index_type *type,
                      const void *object);
int hf__probe_tie(struct hf__index_probe *probe, const void *object);

/* <0, 0, >0: an entry and the probe. */
static inline int hf__probe_compare(struct hf__index_probe *probe,
                                    const struct hf__index_entry *entry)
{
	const uint64_t prefix = entry->prefix & probe->mask;
	if (prefix != probe->prefix)
		return prefix < probe->prefix ? -1 : 1;
	return probe->whole ? 0 : hf__probe_tie(probe, entry->object);
}

/* The way to where the entry of an object is, or to where it would be inserted: in the leaf the
 * first that is not before it. The index is not empty. */
void hf__index_way(const struct hf__index *index, struct hf__index_probe *probe,
                   struct hf__index_path *path);
/* The way to the first leaf, or the last; the slot in it is its first or last entry. */
void hf__index_way_to_end(const struct hf__index *index, bool last, struct hf__index_path *path);

static inline uint64_t hf__index_prefix(const struct hf__index_type *type, const void *object)
{
	return type->prefix ? type->prefix(object) : hf__prefix_of(&type->fields, object);
}

/* The weight and the tag of an object. */
static inline int64_t hf__index_weigh(const struct hf__index_type *type, const void *object,
                                      uint8_t *tag)
{
	*tag = 0;
	return type->weight ? type->weight(object, tag) : 0;
}

/* Objects of a leaf are looked at in groups, fetched together: a group waits for memory once, and
 * is one step. */
#define HF__FETCHED 8u
static inline void hf__leaf_fetch(const struct hf__index_node *leaf, unsigned from, unsigned to)
{
	HF__STEP();
	for (; from < to && from < leaf->count; from++)
		__builtin_prefetch(hf__node_entries(leaf)[from].object);
}

static inline struct hf__index_entry hf__node_first(const struct hf__index_node *node)
{
	return node->inner ? hf__node_slots(node)[0].first : hf__node_entries(node)[0];
}

/* --- object/sums.c ---------------------------------------------------------------------------- */

/* Sums a node up, but for its height. */
void hf__index_fold(const struct hf__index_type *type, struct hf__index_node *node,
                    struct hf__index_sum *sum);
static inline void hf__sum_take_in(struct hf__index_sum *sum, int64_t weight, uint8_t tag)
{
	sum->size++;
	sum->least = weight < sum->least ? weight : sum->least;
	sum->most = weight > sum->most ? weight : sum->most;
	sum->tags |= tag;
}

/* An object that left, or whose weight and tag were these. */
struct hf__index_parted {
	int64_t weight;
	uint8_t tag;
	bool stays; /* it is counted still */
};

void hf__index_narrow(const struct hf__index *index, const struct hf__index_path *path,
                      const struct hf__index_parted *was);
/* The first entry below node[depth] changed: so did what the slots above it hold of it. */
void hf__index_note_first(const struct hf__index_path *path, unsigned depth);

/* --- object/share.c --------------------------------------------------------------------------- */

/* Large enough for one of either. */
union hf__index_element {
	struct hf__index_entry entry;
	struct hf__index_slot slot;
};

/* Neighbours of one parent, whose elements are shared out anew. */
struct hf__index_window {
	struct hf__index_node *parent;
	unsigned from, count; /* slots of the parent */
	unsigned total; /* their elements */
	/* All weights are the same and no tag is set: so they are however they are shared. */
	bool even;
};

/* The neighbours and one more. */
#define HF__INDEX_GATHERED (3 * HF__NODE_WIDTH + 1)

size_t hf__element_size(bool inner);
uint8_t *hf__element_at(const struct hf__index_node *node, unsigned i);
void hf__open_gap(struct hf__index_node *node, unsigned i, const void *element);
void hf__close_gap(struct hf__index_node *node, unsigned i);
/* The node of this depth and neighbours, three in all, `before` of them before it if there are. */
struct hf__index_window hf__window_at(const struct hf__index_path *path, unsigned depth,
                                      unsigned before);
/* Their elements behind each other, and who they are. */
void hf__window_gather(const struct hf__index_window *w, uint8_t *to,
                       struct hf__index_node **nodes);
/* Shares `total` elements out among the first `count` of `nodes`, which begin with the window's
 * own, and sets the slots of those. *last: the slot of a node more than the window has. */
void hf__window_spread(const struct hf__index *index, const struct hf__index_window *w,
                       const uint8_t *elements, unsigned total, struct hf__index_node **nodes,
                       unsigned count, struct hf__index_slot *last);
/* Is node[depth] the first or the last of its depth? */
bool hf__index_at_edge(const struct hf__index_path *path, unsigned depth, bool last);

/* --- object/pack.c ---------------------------------------------------------------------------- */

/* Inserts an entry where the path ends, with no more nodes than all entries need. */
void hf__index_pack(struct hf__index *index, const struct hf__index_path *path,
                    const struct hf__index_entry *entry);

/* Gives all inner nodes back; the first of the leaves, which are a chain by `next`. */
struct hf__index_node *hf__index_flatten(struct hf__index *index);
/* Builds the levels above such a chain, of which the index's sums are right. */
void hf__index_raise(struct hf__index *index, struct hf__index_node *leaves);

/* A root with one child gives way to it; one that holds little becomes a small one. */
void hf__index_mend_root(struct hf__index *index);

/* --- object/sort.c ---------------------------------------------------------------------------- */

/* Sorting needs so many spare leaves: two that are filled in turn, one that is emptied meanwhile,
 * and one for good measure. It leaves more. */
#define HF__SORT_LEAVES 4u
/* A chain of so many leaves is dealt out to so many piles at once, one round after the other, as
 * far as there are spare leaves: one for each pile, and one for good measure. */
#define HF__DEALT 8u
#define HF__SORT_PILES 32u
#define HF__DEAL_LEAVES (HF__SORT_PILES + 1u)
#define HF__DEALS 3u
/* The leaves of a chain by `next`, all full but the last, in the order of the index. */
struct hf__index_node *hf__leaves_sort(const struct hf__index *index, struct hf__index_node *chain);
/* Two chains that are in order become one. */
struct hf__index_node *hf__leaves_merge(const struct hf__index *index, struct hf__index_node *a,
                                        struct hf__index_node *b);

/* --- object/late.c ---------------------------------------------------------------------------- */

/* What came while an index is late. */
struct hf__index_tail {
	struct hf__index *index;
	struct hf__index_tail *before, *next; /* all that are late */
	struct hf__index_node *first, *last; /* leaves by `next`, full but for the last */
	size_t leaves, below; /* of it, and of the tree */
	size_t above; /* full-sized nodes that stand above those of the tree, at least */
	struct hf__index_node *inner; /* set aside, by `next` */
	size_t inner_count;
};

/* Into its last leaf, which has room. */
static inline void hf__index_tail_put(struct hf__index *index, const struct hf__index_entry *entry,
                                      int64_t weight, uint8_t tag)
{
	struct hf__index_node *last = index->tail->last;
	hf__node_entries(last)[last->count++] = *entry;
	hf__sum_take_in(&index->top, weight, tag);
}

/* Where an opening is under way: the entry goes behind the others, to be put in order later. false:
 * it has to go where it belongs. */
bool hf__index_defer(struct hf__index *index, const struct hf__index_entry *entry, int64_t weight,
                     uint8_t tag);
/* Of a late one. */
void hf__index_tail_each(const struct hf__index *index, void (*fn)(void *object));
void hf__index_tail_free(struct hf__index *index);

/* What asks for places needs them in order: not const only for that. */
static inline void hf__index_in_order(const struct hf__index *index)
{
	if (hf__index_is_late(index))
		hf__index_settle((struct hf__index *)(uintptr_t)index);
}

#endif
