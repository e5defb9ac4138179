/* An ordered index: an AVL tree whose nodes live inside their objects.
 *
 * Job: keep objects sorted; give rank, neighbours and "the next one that passes a filter" in
 * O(log n) at worst, with no memory of its own, so that neither insert nor remove can fail.
 *
 * Happy path: insert goes down by the declared fields, links a leaf and repairs upwards; remove
 * unlinks, with the successor taking the place of a node that has two children, and repairs
 * upwards.
 * Repairing means rotating where the heights of two siblings differ by two and summing up each
 * subtree again: size, least and most weight, all tags.
 *
 * Invariants (hf__index_sane): in-order walk strictly increases by the fields; sibling heights
 * differ by at most one, which bounds the height by 1.44 log2(n); every summary is exact, which
 * is what lets a filter skip a subtree unseen.
 *
 * Failure modes: none at run time. Inserting an equal node or changing a node's key while it is
 * in is a programmer's error. */
#include "object/index.h"

#include <assert.h>

#include "base/steps.h"

/* --- Summaries -------------------------------------------------------------------------------- */

static int node_height(const struct hf__index_node *node)
{
	return node ? node->height : 0;
}

static uint32_t node_size(const struct hf__index_node *node)
{
	return node ? node->size : 0;
}

static void node_include(struct hf__index_node *node, const struct hf__index_node *child)
{
	if (!child)
		return;
	node->least = child->least < node->least ? child->least : node->least;
	node->most = child->most > node->most ? child->most : node->most;
	node->tags |= child->tags;
	node->size += child->size;
	if (child->height >= node->height)
		node->height = (uint8_t)(child->height + 1);
}

/* Sums the subtree up from the node and its children. */
static void node_refresh(struct hf__index_node *node)
{
	node->least = node->most = node->weight;
	node->tags = node->tag;
	node->size = 1;
	node->height = 1;
	node_include(node, node->left);
	node_include(node, node->right);
}

/* --- Balance ---------------------------------------------------------------------------------- */

/* Puts `node` (may be NULL) where `old` hangs below `parent`; a NULL parent stands for the root. */
static void child_replace(struct hf__index *order, struct hf__index_node *parent,
                          const struct hf__index_node *old, struct hf__index_node *node)
{
	if (!parent)
		order->root = node;
	else if (parent->left == old)
		parent->left = node;
	else
		parent->right = node;
	if (node)
		node->parent = parent;
}

/* The right child becomes the top of this subtree; the order of all nodes stays. Gives the new
 * top. */
static struct hf__index_node *rotate_left(struct hf__index *order, struct hf__index_node *node)
{
	struct hf__index_node *top = node->right;
	child_replace(order, node->parent, node, top);
	node->right = top->left;
	if (node->right)
		node->right->parent = node;
	top->left = node;
	node->parent = top;
	node_refresh(node);
	node_refresh(top);
	return top;
}

static struct hf__index_node *rotate_right(struct hf__index *order, struct hf__index_node *node)
{
	struct hf__index_node *top = node->left;
	child_replace(order, node->parent, node, top);
	node->left = top->right;
	if (node->left)
		node->left->parent = node;
	top->right = node;
	node->parent = top;
	node_refresh(node);
	node_refresh(top);
	return top;
}

/* Makes one subtree right whose children are right. Gives its top. */
static struct hf__index_node *node_balance(struct hf__index *order, struct hf__index_node *node)
{
	int lean = node_height(node->left) - node_height(node->right);
	if (lean > 1) {
		/* An inner grandchild that is the higher one would only change sides: turn it outward
		 * first. */
		if (node_height(node->left->left) < node_height(node->left->right))
			rotate_left(order, node->left);
		return rotate_right(order, node);
	}
	if (lean < -1) {
		if (node_height(node->right->right) < node_height(node->right->left))
			rotate_right(order, node->right);
		return rotate_left(order, node);
	}
	node_refresh(node);
	return node;
}

/* From `node` to the root: sizes change all the way up, so there is no early end. */
static void path_repair(struct hf__index *order, struct hf__index_node *node)
{
	while (node) {
		HF__STEP();
		node = node_balance(order, node)->parent;
	}
}

/* Adds a new node to the sums of one above it. */
static void node_take_in(struct hf__index_node *node, const struct hf__index_node *added)
{
	node->size++;
	node->least = added->weight < node->least ? added->weight : node->least;
	node->most = added->weight > node->most ? added->weight : node->most;
	node->tags |= added->tag;
}

/* As path_repair, after `added` was linked: above the first subtree that kept its height nothing
 * can lean more than before, so the rest of the way only takes the new node in. That spares a
 * look at every sibling, which is where the time goes in a large tree. */
static void path_grow(struct hf__index *order, const struct hf__index_node *added)
{
	struct hf__index_node *node = added->parent;
	for (bool grows = true; node && grows; node = node->parent) {
		HF__STEP();
		const int before = node->height, left = node_height(node->left),
		          right = node_height(node->right);
		if (left - right > 1 || right - left > 1) {
			node = node_balance(order, node);
		} else {
			node_take_in(node, added);
			node->height = (uint8_t)(1 + (left > right ? left : right));
		}
		grows = node->height != before;
	}
	for (; node; node = node->parent) {
		HF__STEP();
		node_take_in(node, added);
	}
}

/* --- Change ----------------------------------------------------------------------------------- */

/* Most orders grow at one end (times, sequence numbers), and a replay all the more: while the
 * newest nodes went there, the end is looked at before the tree is. Gives the link that an object
 * belongs to, and the parent of it; NULL: not at that end. */
static struct hf__index_node **end_link(struct hf__index *index, const void *object,
                                        struct hf__index_node **parent)
{
	if (index->run == 0)
		return NULL;
	HF__STEP();
	struct hf__index_node *end = *parent = index->run < 0 ? index->first : index->last;
	const void *other = hf__index_object(index, end);
	const int sign = index->type->compare ? index->type->compare(object, other)
	                                      : hf__fields_compare(&index->type->fields, object, other);
	if (index->run < 0)
		return sign < 0 ? &end->left : NULL;
	return sign > 0 ? &end->right : NULL;
}

/* Most of what an opening costs: what is needed of the type is read once. */
static struct hf__index_node **inner_link(struct hf__index *index, const void *object,
                                          struct hf__index_node **parent)
{
	const struct hf__fields *fields = &index->type->fields;
	int (*const compare)(const void *a, const void *b) = index->type->compare;
	const size_t offset = index->type->node;
	struct hf__index_node **link = &index->root;
	struct hf__key key[HF__FIELDS_MAX];
	if (!compare)
		hf__key_of_object(fields, object, key);
	for (struct hf__index_node *node; (node = *link); *parent = node) {
		HF__STEP();
		const int sign =
		    compare ? compare((const uint8_t *)node - offset, object)
		            : hf__compare_key(fields, fields->count, hf__index_object(index, node), key);
		assert(sign != 0);
		link = sign > 0 ? &node->left : &node->right;
	}
	return link;
}

/* The node was just linked: is it at an end? */
static void note_end(struct hf__index *order, struct hf__index_node *node)
{
	const bool first = !order->first || order->first->left == node;
	const bool last = !order->last || order->last->right == node;
	order->first = first ? node : order->first;
	order->last = last ? node : order->last;
	order->run = last ? 1 : first ? -1 : 0;
}

void hf__index_insert(struct hf__index *order, struct hf__index_node *node)
{
	const void *object = hf__index_object(order, node);
	struct hf__index_node *parent = NULL, **link = &order->root;
	if (order->root) {
		link = end_link(order, object, &parent);
		if (!link)
			link = inner_link(order, object, &parent);
	}
	*link = node;
	node->parent = parent;
	node->left = node->right = NULL;
	note_end(order, node);
	node_refresh(node);
	path_grow(order, node);
}

/* The last node below this one on one side. */
static inline struct hf__index_node *outermost(struct hf__index_node *node, bool right)
{
	for (struct hf__index_node *below; (below = right ? node->right : node->left); node = below)
		HF__STEP();
	return node;
}

static struct hf__index_node *leftmost(struct hf__index_node *node)
{
	return outermost(node, false);
}

static struct hf__index_node *rightmost(struct hf__index_node *node)
{
	return outermost(node, true);
}

/* Lets the successor, which has no left child, take the place of a node with two children. Gives
 * the lowest node to repair. */
static struct hf__index_node *successor_promote(struct hf__index *order,
                                                struct hf__index_node *node)
{
	struct hf__index_node *next = leftmost(node->right);
	struct hf__index_node *lowest = next;
	if (next != node->right) {
		lowest = next->parent;
		child_replace(order, next->parent, next, next->right);
		next->right = node->right;
		next->right->parent = next;
	}
	next->left = node->left;
	next->left->parent = next;
	child_replace(order, node->parent, node, next);
	return lowest;
}

/* The node is about to be unlinked. */
static void forget_end(struct hf__index *order, const struct hf__index_node *node)
{
	if (order->first == node)
		order->first = hf__index_next(node);
	if (order->last == node)
		order->last = hf__index_prev(node);
	if (!order->first)
		order->run = 0;
}

void hf__index_remove(struct hf__index *order, struct hf__index_node *node)
{
	struct hf__index_node *lowest = node->parent;
	HF__STEP();
	forget_end(order, node);
	if (node->left && node->right)
		lowest = successor_promote(order, node);
	else
		child_replace(order, node->parent, node, node->left ? node->left : node->right);
	node->left = node->right = node->parent = NULL;
	path_repair(order, lowest);
}

void hf__index_update(struct hf__index *order, struct hf__index_node *node, int64_t weight,
                      uint8_t tag)
{
	node->weight = weight;
	node->tag = tag;
	path_repair(order, node); /* the shape is right already: this only sums up */
}

/* From the leaves upward; the tree is not repaired. */
void hf__index_drain(struct hf__index *index, void (*drop)(void *object))
{
	struct hf__index_node *node = index->root;
	while (node) {
		struct hf__index_node *below = node->left ? node->left : node->right;
		if (below) {
			node = below;
			continue;
		}
		struct hf__index_node *parent = node->parent;
		if (parent && parent->left == node)
			parent->left = NULL;
		else if (parent)
			parent->right = NULL;
		drop(hf__index_object(index, node));
		node = parent;
	}
	hf__index_init(index, index->type);
}

/* --- Place ------------------------------------------------------------------------------------ */

size_t hf__index_rank(const struct hf__index_node *node)
{
	size_t rank = node_size(node->left);
	for (; node->parent; node = node->parent) {
		HF__STEP();
		if (node == node->parent->right)
			rank += (size_t)node_size(node->parent->left) + 1;
	}
	return rank;
}

/* Up to the nearest ancestor in whose other subtree `node` is; NULL: none. */
static inline struct hf__index_node *climb(const struct hf__index_node *node, bool right)
{
	HF__STEP();
	while (node->parent && node == (right ? node->parent->right : node->parent->left)) {
		HF__STEP();
		node = node->parent;
	}
	return node->parent;
}

/* What follows once its own subtree is done, and what came before it. */
static struct hf__index_node *climb_right(const struct hf__index_node *node)
{
	return climb(node, true);
}

static struct hf__index_node *climb_left(const struct hf__index_node *node)
{
	return climb(node, false);
}

struct hf__index_node *hf__index_next(const struct hf__index_node *node)
{
	return node->right ? leftmost(node->right) : climb_right(node);
}

struct hf__index_node *hf__index_prev(const struct hf__index_node *node)
{
	return node->left ? rightmost(node->left) : climb_left(node);
}

/* --- Search ----------------------------------------------------------------------------------- */

struct hf__index_node *hf__index_floor(const struct hf__index *index, const void *position,
                                       unsigned fields, int floor)
{
	const struct hf__fields *all = &index->type->fields;
	const unsigned count = fields < all->count ? fields : all->count;
	struct hf__index_node *best = NULL;
	struct hf__index_node *node = index->root;
	struct hf__key key[HF__FIELDS_MAX];
	hf__key_of_position(all, count, position, key);
	while (node) {
		HF__STEP();
		if (hf__compare_key(all, count, hf__index_object(index, node), key) >= floor) {
			best = node;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return best;
}

static bool node_passes(const struct hf__index_node *node, const struct hf__index_filter *filter)
{
	bool tag_ok = filter->tags == 0 || (node->tag & filter->tags) != 0;
	const int64_t low = node->tag & filter->moved ? filter->moved_low : filter->low;
	return tag_ok && low <= node->weight && node->weight <= filter->high;
}

/* May a node of this subtree pass? With an exact filter: does one? */
static bool subtree_may(const struct hf__index_node *node, const struct hf__index_filter *filter)
{
	if (!node)
		return false;
	HF__STEP();
	bool tag_ok = filter->tags == 0 || (node->tags & filter->tags) != 0;
	return tag_ok && filter->low <= node->most && node->least <= filter->high;
}

/* The first node of this subtree to look at: what lies before it cannot pass. */
static const struct hf__index_node *subtree_enter(const struct hf__index_node *node,
                                                  const struct hf__index_filter *filter)
{
	while (subtree_may(node->left, filter))
		node = node->left;
	return node;
}

/* Climbs only out of subtrees that hold nothing more. With an exact filter a subtree that is
 * entered does hold a node that passes, so after the first descent there is no climb any more:
 * at most one way up and one way down. */
struct hf__index_node *hf__index_pass(const struct hf__index_node *node,
                                      const struct hf__index_filter *filter)
{
	while (node && !node_passes(node, filter)) {
		HF__STEP();
		if (subtree_may(node->right, filter))
			node = subtree_enter(node->right, filter);
		else
			node = climb_right(node);
	}
	return (struct hf__index_node *)node; /* the caller's own node, or one of the same tree */
}

struct hf__index_node *hf__index_first_pass(const struct hf__index *order,
                                            const struct hf__index_filter *filter)
{
	return subtree_may(order->root, filter)
	           ? hf__index_pass(subtree_enter(order->root, filter), filter)
	           : NULL;
}

/* The mirror image of hf__index_pass(). */
struct hf__index_node *hf__index_pass_back(const struct hf__index_node *node,
                                           const struct hf__index_filter *filter)
{
	while (node && !node_passes(node, filter)) {
		HF__STEP();
		if (subtree_may(node->left, filter)) {
			node = node->left;
			while (subtree_may(node->right, filter))
				node = node->right;
		} else {
			node = climb_left(node);
		}
	}
	return (struct hf__index_node *)node; /* the caller's own node, or one of the same tree */
}

/* --- Sane ------------------------------------------------------------------------------------- */

static bool node_sane(const struct hf__index_node *node)
{
	struct hf__index_node expected = *node;
	node_refresh(&expected);
	int lean = node_height(node->left) - node_height(node->right);
	return lean >= -1 && lean <= 1 && node->height == expected.height &&
	       node->size == expected.size && node->least == expected.least &&
	       node->most == expected.most && node->tags == expected.tags;
}

/* Heights must fall on the way down, so even links that form a ring come to an end. */
static bool subtree_sane(const struct hf__index_node *node, const struct hf__index_node *parent)
{
	if (!node)
		return true;
	if (node->parent != parent || (parent && node->height >= parent->height))
		return false;
	return node_sane(node) && subtree_sane(node->left, node) && subtree_sane(node->right, node);
}

bool hf__index_sane(const struct hf__index *order)
{
	if (!subtree_sane(order->root, NULL))
		return false;
	const struct hf__index_node *before = NULL;
	if (order->first != (order->root ? leftmost(order->root) : NULL) ||
	    order->last != (order->root ? rightmost(order->root) : NULL))
		return false;
	for (const struct hf__index_node *node = hf__index_first(order); node;
	     node = hf__index_next(node)) {
		if (before && hf__fields_compare(&order->type->fields, hf__index_object(order, before),
		                                 hf__index_object(order, node)) >= 0)
			return false;
		before = node;
	}
	return true;
}
