/* The sums and first entries that the slots of an index hold: counted anew, widened, narrowed. */
#include "object/tree.h"

static void sum_clear(struct hf__index_sum *sum)
{
	sum->least = INT64_MAX;
	sum->most = INT64_MIN;
	sum->size = 0;
	sum->tags = 0;
}

void hf__index_fold(const struct hf__index_type *type, struct hf__index_node *node,
                    struct hf__index_sum *sum)
{
	sum_clear(sum);
	sum->node = node;
	for (unsigned i = 0; i < node->count && node->inner; i++) {
		const struct hf__index_sum *below = &hf__node_slots(node)[i].sum;
		sum->least = below->least < sum->least ? below->least : sum->least;
		sum->most = below->most > sum->most ? below->most : sum->most;
		sum->size += below->size;
		sum->tags |= below->tags;
	}
	if (node->inner)
		return;
	if (!type->weight) {
		sum->size = node->count;
		sum->least = sum->most = 0;
		return;
	}
	for (unsigned i = 0; i < node->count; i++) {
		uint8_t tag;
		if (i % HF__FETCHED == 0)
			hf__leaf_fetch(node, i, i + HF__FETCHED);
		const int64_t weight = hf__index_weigh(type, hf__node_entries(node)[i].object, &tag);
		hf__sum_take_in(sum, weight, tag);
	}
}

/* Was it one of the least or greatest, and may have been the only one? */
static bool was_at_end(const struct hf__index_sum *sum, const struct hf__index_parted *was)
{
	if (sum->least == sum->most)
		return sum->size <= was->stays;
	return was->weight == sum->least || was->weight == sum->most;
}

/* Of a leaf: looks at others until it is clear that nothing changes, else at all. true: something
 * did. */
static bool narrow_leaf(const struct hf__index_type *type, struct hf__index_sum *sum,
                        const struct hf__index_parted *was)
{
	const bool at_end = was_at_end(sum, was);
	const struct hf__index_node *leaf = sum->node;
	struct hf__index_sum now = *sum;
	sum_clear(&now);
	for (unsigned i = 0; i < leaf->count; i++) {
		uint8_t tag;
		if (i % HF__FETCHED == 0)
			hf__leaf_fetch(leaf, i, i + HF__FETCHED);
		const int64_t weight = hf__index_weigh(type, hf__node_entries(leaf)[i].object, &tag);
		hf__sum_take_in(&now, weight, tag);
		if ((now.tags & was->tag) == was->tag &&
		    (!at_end || (now.least == sum->least && now.most == sum->most)))
			return false;
	}
	sum->least = now.least;
	sum->most = now.most;
	sum->tags = now.tags;
	return true;
}

/* On the way up from the leaf, as far as something changes. Sizes are right. */
void hf__index_narrow(const struct hf__index *index, const struct hf__index_path *path,
                      const struct hf__index_parted *was)
{
	unsigned depth = path->height;
	if ((was->tag == 0 && !was_at_end(path->sum[depth], was)) ||
	    !narrow_leaf(index->type, path->sum[depth], was))
		return;
	while (depth-- > 0 && (was->tag != 0 || was_at_end(path->sum[depth], was))) {
		struct hf__index_sum *sum = path->sum[depth], now = *sum;
		HF__STEP();
		hf__index_fold(index->type, sum->node, &now);
		if (now.least == sum->least && now.most == sum->most && now.tags == sum->tags)
			return;
		sum->least = now.least;
		sum->most = now.most;
		sum->tags = now.tags;
	}
}

/* The first entry below node[depth] changed: so did what the slots above it hold of it. */
void hf__index_note_first(const struct hf__index_path *path, unsigned depth)
{
	const struct hf__index_entry first = hf__node_first(path->node[depth]);
	while (depth-- > 0) {
		hf__node_slots(path->node[depth])[path->slot[depth]].first = first;
		if (path->slot[depth] > 0)
			return;
	}
}
