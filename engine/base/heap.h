/* A heap of deadlines whose nodes live inside their objects: a complete binary tree of links,
 * O(log n) at worst, no memory. */
#ifndef HF_BASE_HEAP_H
#define HF_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hf__heap_node {
	struct hf__heap_node *left, *right, *parent;
	int64_t deadline; /* set before insert */
	bool in; /* is in a heap */
};

struct hf__heap {
	struct hf__heap_node *root;
	size_t count;
};

void hf__heap_insert(struct hf__heap *heap, struct hf__heap_node *node);
void hf__heap_remove(struct hf__heap *heap, struct hf__heap_node *node);
/* the earliest deadline, or NULL */
struct hf__heap_node *hf__heap_first(const struct hf__heap *heap);
bool hf__heap_sane(const struct hf__heap *heap);

#endif
