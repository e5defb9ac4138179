/* A heap of deadlines, made of links.
 *
 * Job: give the earliest deadline at once, take any node in or out in O(log n), without memory
 * of its own.
 *
 * Happy path: a complete binary tree. Its places are numbered from 1, left to right, level by
 * level; the binary digits of a number after the leading one say left (0) or right (1) on the
 * way from the root, so the last place is found without a pointer to it. A node goes in at the
 * place after the last and up past later deadlines; the last node fills the place of one that
 * leaves and moves up or down from there.
 *
 * Invariants (hf__heap_sane): the places 1 to count are taken and no other; no deadline is
 * earlier than its parent's.
 *
 * A node is three pointers: its deadline is what its object says.
 *
 * Failure modes: none at run time. A node that is inserted twice or removed while out is a
 * programmer's error; so is changing the deadline of a node that is in: remove it, change it,
 * insert it. */
#include "base/heap.h"

#include <assert.h>

#include "base/steps.h"

/* The link that holds place `number`; its node may be missing. Its parent goes to *parent. */
static struct hf__heap_node **place_link(struct hf__heap *heap, size_t number,
                                         struct hf__heap_node **parent)
{
	struct hf__heap_node **link = &heap->root;
	*parent = NULL;
	for (int bit = 62 - __builtin_clzll(number); bit >= 0; bit--) {
		HF__STEP();
		*parent = *link;
		link = number >> bit & 1 ? &(*parent)->right : &(*parent)->left;
	}
	return link;
}

/* The link by which a node that is in hangs. */
static struct hf__heap_node **own_link(struct hf__heap *heap, const struct hf__heap_node *node)
{
	if (node->parent == node)
		return &heap->root;
	return node->parent->left == node ? &node->parent->left : &node->parent->right;
}

static void children_adopt(struct hf__heap_node *node)
{
	if (node->left)
		node->left->parent = node;
	if (node->right)
		node->right->parent = node;
}

/* Swaps a node with its parent. */
static void node_lift(struct hf__heap *heap, struct hf__heap_node *node)
{
	struct hf__heap_node *parent = node->parent;
	struct hf__heap_node **link = own_link(heap, parent);
	struct hf__heap_node *left = node->left, *right = node->right;
	HF__STEP();
	bool was_left = parent->left == node;
	node->left = was_left ? parent : parent->left;
	node->right = was_left ? parent->right : parent;
	node->parent = parent->parent == parent ? node : parent->parent;
	*link = node;
	parent->left = left;
	parent->right = right;
	children_adopt(parent);
	children_adopt(node);
}

static void node_rise(struct hf__heap *heap, struct hf__heap_node *node)
{
	const int64_t deadline = heap->deadline(node);
	while (node->parent != node && deadline < heap->deadline(node->parent))
		node_lift(heap, node);
}

static struct hf__heap_node *earlier_child(const struct hf__heap *heap,
                                           const struct hf__heap_node *node)
{
	if (node->right && heap->deadline(node->right) < heap->deadline(node->left))
		return node->right;
	return node->left;
}

static void node_sink(struct hf__heap *heap, struct hf__heap_node *node)
{
	const int64_t deadline = heap->deadline(node);
	struct hf__heap_node *child = earlier_child(heap, node);
	while (child && heap->deadline(child) < deadline) {
		node_lift(heap, child);
		child = earlier_child(heap, node);
	}
}

void hf__heap_insert(struct hf__heap *heap, struct hf__heap_node *node)
{
	assert(!hf__heap_in(node));
	struct hf__heap_node *parent;
	struct hf__heap_node **link = place_link(heap, heap->count + 1, &parent);
	*link = node;
	node->parent = parent ? parent : node;
	node->left = node->right = NULL;
	heap->count++;
	node_rise(heap, node);
}

/* `last` is out of the tree and takes the place of `node`. */
static void node_replace(struct hf__heap *heap, const struct hf__heap_node *node,
                         struct hf__heap_node *last)
{
	*own_link(heap, node) = last;
	last->parent = node->parent == node ? last : node->parent;
	last->left = node->left;
	last->right = node->right;
	children_adopt(last);
	node_rise(heap, last);
	node_sink(heap, last);
}

void hf__heap_remove(struct hf__heap *heap, struct hf__heap_node *node)
{
	assert(hf__heap_in(node) && heap->count > 0);
	struct hf__heap_node *parent;
	struct hf__heap_node **link = place_link(heap, heap->count, &parent);
	struct hf__heap_node *last = *link;
	*link = NULL;
	heap->count--;
	if (last != node)
		node_replace(heap, node, last);
	node->left = node->right = node->parent = NULL;
}

struct hf__heap_node *hf__heap_first(const struct hf__heap *heap)
{
	return heap->root;
}

/* --- Sane ------------------------------------------------------------------------------------- */

/* Is the subtree at place `number` right? Numbers double on the way down, so even links that
 * form a ring come to an end. */
static bool place_sane(const struct hf__heap *heap, const struct hf__heap_node *node,
                       const struct hf__heap_node *parent, size_t number)
{
	if (number > heap->count)
		return node == NULL;
	if (!node || node->parent != (parent ? parent : node) ||
	    (parent && heap->deadline(node) < heap->deadline(parent)))
		return false;
	return place_sane(heap, node->left, node, 2 * number) &&
	       place_sane(heap, node->right, node, 2 * number + 1);
}

bool hf__heap_sane(const struct hf__heap *heap)
{
	return place_sane(heap, heap->root, NULL, 1);
}
