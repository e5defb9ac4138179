/* A heap of deadlines whose nodes live inside their objects: a complete binary tree of links,
 * O(log n) at worst, no memory. */
#ifndef HF_BASE_HEAP_H
#define HF_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hf__heap_node {
	struct hf__heap_node *left, *right;
	struct hf__heap_node *parent; /* the root's: itself; NULL: it is in no heap */
};

struct hf__heap {
	struct hf__heap_node *root;
	size_t count;
	/* What a node's object says; it must not change while the node is in. */
	int64_t (*deadline)(const struct hf__heap_node *node);
};

static inline bool hf__heap_in(const struct hf__heap_node *node)
{
	return node->parent != NULL;
}

void hf__heap_insert(struct hf__heap *heap, struct hf__heap_node *node);
void hf__heap_remove(struct hf__heap *heap, struct hf__heap_node *node);
/* the earliest deadline, or NULL */
struct hf__heap_node *hf__heap_first(const struct hf__heap *heap);
bool hf__heap_sane(const struct hf__heap *heap);

#endif
