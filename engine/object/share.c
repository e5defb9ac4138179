/* Elements of nodes, and neighbours that share out anew what they hold. */
#include "object/tree.h"

/* --- Elements of a node: entries of a leaf, slots of an inner node ---------------------------- */

size_t hf__element_size(bool inner)
{
	return inner ? sizeof(struct hf__index_slot) : sizeof(struct hf__index_entry);
}

uint8_t *hf__element_at(const struct hf__index_node *node, unsigned i)
{
	return (uint8_t *)(uintptr_t)(node + 1) + i * hf__element_size(node->inner);
}

void hf__open_gap(struct hf__index_node *node, unsigned i, const void *element)
{
	const size_t size = hf__element_size(node->inner);
	uint8_t *at = hf__element_at(node, i);
	memmove(at + size, at, (node->count - i) * size);
	memcpy(at, element, size);
	node->count++;
}

void hf__close_gap(struct hf__index_node *node, unsigned i)
{
	const size_t size = hf__element_size(node->inner);
	uint8_t *at = hf__element_at(node, i);
	node->count--;
	memmove(at, at + size, (node->count - i) * size);
}

struct hf__index_window hf__window_at(const struct hf__index_path *path, unsigned depth,
                                      unsigned before)
{
	struct hf__index_node *parent = path->node[depth - 1];
	const unsigned slot = path->slot[depth - 1];
	struct hf__index_window w = {.parent = parent, .from = slot > before ? slot - before : 0};
	if (w.from + 3 > parent->count)
		w.from = parent->count > 3 ? parent->count - 3u : 0;
	for (unsigned i = w.from; i < parent->count && w.count < 3; i++, w.count++) {
		const struct hf__index_sum *sum = &hf__node_slots(parent)[i].sum;
		/* of leaves the slot says how many they hold */
		w.total += depth == path->height ? sum->size : sum->node->count;
		w.even = (i == w.from || w.even) && sum->least == sum->most && sum->tags == 0 &&
		         sum->least == hf__node_slots(parent)[w.from].sum.least;
	}
	return w;
}

/* What the slot of a node says. `even`: but for how many there are it says so already. */
static void sum_node(const struct hf__index *index, struct hf__index_node *node,
                     struct hf__index_sum *sum, bool even)
{
	sum->node = node;
	sum->size = node->count;
	if (node->inner || !even)
		hf__index_fold(index->type, node, sum);
}

/* Shares what the window's nodes hold out among the first `count` of `nodes`, which begin with the
 * window's own, and sets the slots of those. *last: the slot of a node more than the window has. */
void hf__window_spread(const struct hf__index *index, const struct hf__index_window *w,
                       const uint8_t *elements, unsigned total, struct hf__index_node **nodes,
                       unsigned count, struct hf__index_slot *last)
{
	struct hf__index_slot *slots = hf__node_slots(w->parent) + w->from;
	const struct hf__index_slot any = slots[0];
	const size_t size = hf__element_size(nodes[0]->inner);
	for (unsigned i = 0; i < count; i++) {
		const unsigned share = total / (count - i);
		HF__STEP();
		memcpy(hf__element_at(nodes[i], 0), elements, share * size);
		nodes[i]->count = (uint8_t)share;
		elements += share * size;
		total -= share;
		struct hf__index_slot *slot = i < w->count ? &slots[i] : last;
		if (i >= w->count)
			*slot = any;
		sum_node(index, nodes[i], &slot->sum, w->even);
		slot->first = hf__node_first(nodes[i]);
	}
}

/* The elements of a window behind each other. */
void hf__window_gather(const struct hf__index_window *w, uint8_t *to, struct hf__index_node **nodes)
{
	for (unsigned i = 0; i < w->count; i++) {
		nodes[i] = hf__node_slots(w->parent)[w->from + i].sum.node;
		const size_t bytes = nodes[i]->count * hf__element_size(nodes[i]->inner);
		memcpy(to, hf__element_at(nodes[i], 0), bytes);
		to += bytes;
	}
}

/* Is node[depth] the first or the last of its depth? */
bool hf__index_at_edge(const struct hf__index_path *path, unsigned depth, bool last)
{
	while (depth-- > 0)
		if (path->slot[depth] != (last ? path->node[depth]->count - 1u : 0))
			return false;
	return true;
}
