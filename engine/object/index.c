/* An ordered index: a counted B+-tree of prefixes and pointers.
 *
 * Job: keep objects sorted, with sums of weights and tags and counts per node, in few cache lines
 * and little memory; neither insert nor remove can fail.
 *
 * Happy path: an insert finds its leaf by prefixes alone, moves the entries behind its place, and
 * counts itself in on the way it came. A full leaf shares with the leaves beside it, or the three
 * of them become four (spread); where entries come in order a new leaf begins and the full one
 * stays full. A removal closes the gap; neighbours that fit into one leaf less become that (mend).
 * Inner nodes go the same ways. A root grows from four entries on, so that an index of three
 * objects costs what three objects cost.
 *
 * Invariants (hf__index_sane): entries strictly ascend by the fields; all leaves are equally deep;
 * every slot holds the sums and the first entry of what is below; three neighbouring leaves that
 * changed last by a removal do not fit into two. I-INDEX-1 (nodes.c), I-INDEX-2 (prefix.h).
 *
 * Failure modes: none at run time. What no usual way has a node for is packed: hf__index_pack().
 * Inserting an equal object, or changing what an object is sorted by while it is in, is a
 * programmer's error. */
#include "object/index.h"

#include <assert.h>

#include "object/tree.h"

/* --- Insert ----------------------------------------------------------------------------------- */

static void link_behind(struct hf__index_node *leaf, struct hf__index_node *added)
{
	added->prev = leaf;
	added->next = leaf->next;
	if (leaf->next)
		leaf->next->prev = added;
	leaf->next = added;
}

static void link_before(struct hf__index_node *leaf, struct hf__index_node *added)
{
	added->next = leaf;
	added->prev = leaf->prev;
	if (leaf->prev)
		leaf->prev->next = added;
	leaf->prev = added;
}

/* A root that is full and small goes into one of twice the size. */
static void root_grow(struct hf__index *index, struct hf__index_path *path)
{
	struct hf__index_node *old = path->node[0];
	index->top.node = path->node[0] = hf__nodes_swap(index, old, hf__node_class(old) + 1);
}

/* A root of full size becomes the one child of a new one. */
static void root_raise(struct hf__index *index, struct hf__index_path *path)
{
	struct hf__index_node *root = hf__nodes_take(index, HF__NODE_INNER);
	struct hf__index_slot *slot = hf__node_slots(root);
	root->count = 1;
	slot->sum = index->top;
	slot->first = hf__node_first(path->node[0]);
	index->top.node = root;
	index->top.height++;
	for (unsigned depth = ++path->height; depth > 0; depth--) {
		path->node[depth] = path->node[depth - 1];
		path->slot[depth] = path->slot[depth - 1];
		path->sum[depth] = path->sum[depth - 1];
	}
	path->node[0] = root;
	path->slot[0] = 0;
	path->sum[0] = &index->top;
	path->sum[1] = &slot->sum;
}

/* What is put into a node, and on the way up into those above. */
struct putting {
	struct hf__index *index;
	struct hf__index_path path;
	unsigned depth, slot; /* where to */
	int64_t weight; /* of the new entry */
	uint8_t tag;
	union hf__index_element element;
};

static struct hf__index_node *take_beside(const struct putting *p,
                                          const struct hf__index_node *node)
{
	return hf__nodes_take(p->index, node->inner ? HF__NODE_LARGEST : HF__NODE_LEAF);
}

/* Where entries come in order: a node begins with the new one, and the full one stays full. */
static bool put_alone(struct putting *p, struct hf__index_node *node)
{
	const bool behind = p->index->top.run > 0 && p->slot == node->count &&
	                    hf__index_at_edge(&p->path, p->depth, true),
	           before = p->index->top.run < 0 && p->slot == 0 &&
	                    hf__index_at_edge(&p->path, p->depth, false);
	if (!behind && !before)
		return false;
	struct hf__index_node *alone = take_beside(p, node);
	hf__open_gap(alone, 0, &p->element);
	if (node->inner) /* its children may have shared out what they hold */
		hf__index_fold(p->index->type, node, p->path.sum[p->depth]);
	else if (behind)
		link_behind(node, alone);
	else
		link_before(node, alone);
	hf__index_fold(p->index->type, alone, &p->element.slot.sum);
	p->element.slot.first = hf__node_first(alone);
	p->slot = p->path.slot[p->depth - 1] + behind;
	p->depth--;
	return true;
}

/* Into a full node that is not the root. true: a node came, to be put into the parent. */
static bool put_shared(struct putting *p, struct hf__index_node *node)
{
	const size_t size = hf__element_size(node->inner);
	struct hf__index_window w = hf__window_at(&p->path, p->depth, 1);
	w.even = w.even && p->tag == 0 && p->weight == hf__node_slots(w.parent)[w.from].sum.least;
	/* so full that sharing alone would soon be over again: a node more */
	const unsigned count = w.total + 1 > w.count * (HF__NODE_WIDTH - 2) ? w.count + 1 : w.count;
	struct hf__index_node *nodes[4];
	union hf__index_element gathered[HF__INDEX_GATHERED]; /* entries lie closer */
	uint8_t *const all = (uint8_t *)gathered;
	hf__window_gather(&w, all, nodes);
	unsigned place = p->slot;
	for (unsigned i = 0; nodes[i] != node; i++)
		place += nodes[i]->count;
	memmove(all + (place + 1) * size, all + place * size, (w.total - place) * size);
	memcpy(all + place * size, &p->element, size);
	if (count > w.count) {
		nodes[w.count] = take_beside(p, node);
		if (!node->inner)
			link_behind(nodes[w.count - 1], nodes[w.count]);
	}
	hf__window_spread(p->index, &w, all, w.total + 1, nodes, count, &p->element.slot);
	p->slot = w.from + w.count;
	p->depth--;
	return count > w.count;
}

/* hf__open_gap() of a leaf, which is all that most inserts do. */
static void entry_gap(struct hf__index_node *leaf, unsigned i, const struct hf__index_entry *entry)
{
	struct hf__index_entry *at = hf__node_entries(leaf) + i;
	if (i < leaf->count)
		memmove(at + 1, at, (leaf->count - i) * sizeof *at);
	*at = *entry;
	leaf->count++;
}

/* Down from the root it counts the new entry. */
static void count_in(const struct putting *p)
{
	for (unsigned depth = 0; depth <= p->depth; depth++)
		hf__sum_take_in(p->path.sum[depth], p->weight, p->tag);
}

static void put(struct putting *p)
{
	for (;;) {
		struct hf__index_node *node = p->path.node[p->depth];
		HF__STEP();
		if (node->count == node->cap && p->depth == 0) {
			if (node->cap < HF__NODE_WIDTH) {
				root_grow(p->index, &p->path);
			} else {
				root_raise(p->index, &p->path);
				p->depth = 1;
			}
			node = p->path.node[p->depth];
		}
		if (node->count < node->cap) {
			if (node->inner)
				hf__open_gap(node, p->slot, &p->element);
			else
				entry_gap(node, p->slot, &p->element.entry);
			break;
		}
		if (!put_alone(p, node) && !put_shared(p, node))
			break;
	}
	count_in(p);
}

/* Does it find the nodes that it may need? */
static bool enough_nodes(const struct hf__index *index, const struct hf__index_path *path)
{
	unsigned depth = path->height, full = 0;
	const struct hf__index_node *node = path->node[depth];
	if (node->count < node->cap)
		return true;
	for (; depth > 0 && node->count == node->cap; node = path->node[--depth])
		full += depth < path->height;
	const size_t largest = hf__nodes_for(index, HF__NODE_LARGEST);
	if (largest < full || (path->height > 0 && hf__nodes_for(index, HF__NODE_LEAF) == 0))
		return false;
	if (node->count < node->cap)
		return true;
	/* The root is full: a larger one, or one above it and one beside it. */
	if (node->cap < HF__NODE_WIDTH) {
		for (unsigned class = hf__node_class(node) + 1; class % HF__NODE_INNER > 0; class ++)
			if (hf__nodes_for(index, class) > (class == HF__NODE_LARGEST ? full : 0))
				return true;
		return false;
	}
	full += node->inner;
	size_t inner = 0;
	for (unsigned class = HF__NODE_INNER; class < HF__NODE_CLASSES; class ++)
		inner += hf__nodes_for(index, class);
	return largest >= full && inner > full && hf__nodes_for(index, HF__NODE_LEAF) > 0;
}

/* Most orders grow at one end (times, sequence numbers), and a replay all the more: while the
 * newest entries went there, the end is looked at before the rest is. */
static void find_place(const struct hf__index *index, struct hf__index_probe *probe,
                       struct hf__index_path *path)
{
	const int8_t run = index->top.run;
	if (run != 0) {
		hf__index_way_to_end(index, run > 0, path);
		unsigned *slot = &path->slot[path->height];
		const int sign =
		    hf__probe_compare(probe, &hf__node_entries(path->node[path->height])[*slot]);
		*slot += run > 0;
		if (run > 0 ? sign < 0 : sign > 0)
			return;
	}
	hf__index_way(index, probe, path);
}

static void insert_only(struct hf__index *index, const struct hf__index_entry *entry,
                        int64_t weight, uint8_t tag)
{
	struct hf__index_node *leaf = hf__nodes_take(index, 0);
	hf__open_gap(leaf, 0, entry);
	index->top = (struct hf__index_sum){
	    .node = leaf, .size = 1, .least = weight, .most = weight, .tags = tag, .run = 1};
}

/* Of the first entry of all. */
static void note_new_first(const struct hf__index *index, const struct hf__index_entry *entry)
{
	const struct hf__index_node *node = index->top.node;
	for (; node->inner; node = hf__node_slots(node)[0].sum.node)
		hf__node_slots(node)[0].first = *entry;
}

static void insert_in_place(struct hf__index *index, const struct hf__index_entry *entry,
                            int64_t weight, uint8_t tag)
{
	struct hf__index_probe probe;
	struct putting p; /* most of it is a path, of which little is used */
	p.index = index;
	p.weight = weight;
	p.tag = tag;
	p.element.entry = *entry;
	hf__probe_entry(&probe, index->type, entry);
	find_place(index, &probe, &p.path);
	p.depth = p.path.height;
	p.slot = p.path.slot[p.depth];
	const struct hf__index_node *leaf = p.path.node[p.depth];
	assert(p.slot == leaf->count || hf__node_entries(leaf)[p.slot].object != entry->object);
	const bool first = p.slot == 0, last = p.slot == leaf->count && !leaf->next;
	if (enough_nodes(index, &p.path))
		put(&p);
	else
		hf__index_pack(index, &p.path, entry);
	if (first)
		note_new_first(index, entry);
	index->top.run = last ? 1 : first ? -1 : 0;
}

void hf__index_insert(struct hf__index *index, void *object)
{
	uint8_t tag;
	const int64_t weight = hf__index_weigh(index->type, object, &tag);
	const struct hf__index_entry entry = {hf__index_prefix(index->type, object), object};
	if (hf__index_is_late(index) && index->tail->last &&
	    index->tail->last->count < HF__NODE_WIDTH) {
		hf__index_tail_put(index, &entry, weight, tag);
		return;
	}
	if (index->nodes->late && hf__index_defer(index, &entry, weight, tag))
		return;
	if (index->top.node)
		insert_in_place(index, &entry, weight, tag);
	else
		insert_only(index, &entry, weight, tag);
}

/* --- Remove ----------------------------------------------------------------------------------- */

/* The child of this slot goes. */
static void drop_child(struct hf__index *index, struct hf__index_node *parent, unsigned slot)
{
	struct hf__index_node *node = hf__node_slots(parent)[slot].sum.node;
	if (node->prev)
		node->prev->next = node->next;
	if (node->next)
		node->next->prev = node->prev;
	hf__close_gap(parent, slot);
	hf__nodes_give(index, node);
}

/* Neighbours that fit into one node less become that; one that is nearly empty takes from them, but
 * not at the edges, where queues are emptied from. true: there is a node less. */
static bool mend_window(struct hf__index *index, const struct hf__index_path *path, unsigned depth)
{
	const struct hf__index_node *node = path->node[depth];
	struct hf__index_window w = {0};
	bool fewer = false;
	if (node->count > HF__NODE_WIDTH * 3 / 4)
		return false;
	for (unsigned before = 3; before-- > 0 && !fewer;) {
		w = hf__window_at(path, depth, before);
		fewer = w.count > 1 && w.total <= (w.count - 1) * (HF__NODE_WIDTH - 3);
	}
	if (!fewer && (node->count >= HF__NODE_WIDTH / 4 || w.count == 1 ||
	               hf__index_at_edge(path, depth, false) || hf__index_at_edge(path, depth, true)))
		return false;
	struct hf__index_node *nodes[3];
	union hf__index_element gathered[HF__INDEX_GATHERED];
	hf__window_gather(&w, (uint8_t *)gathered, nodes);
	hf__window_spread(index, &w, (uint8_t *)gathered, w.total, nodes, w.count - fewer, NULL);
	if (fewer)
		drop_child(index, w.parent, w.from + w.count - 1);
	return fewer;
}

static void mend(struct hf__index *index, const struct hf__index_path *path)
{
	for (unsigned depth = path->height; depth > 0; depth--) {
		struct hf__index_node *parent = path->node[depth - 1];
		HF__STEP();
		if (path->node[depth]->count == 0) {
			drop_child(index, parent, path->slot[depth - 1]);
			if (path->slot[depth - 1] == 0 && parent->count > 0)
				hf__index_note_first(path, depth - 1);
		} else if (!mend_window(index, path, depth)) {
			break;
		}
	}
	hf__index_mend_root(index);
}

void hf__index_remove(struct hf__index *index, const void *object)
{
	struct hf__index_probe probe;
	struct hf__index_path path;
	struct hf__index_parted was = {0};
	hf__index_in_order(index);
	was.weight = hf__index_weigh(index->type, object, &was.tag);
	hf__probe_object(&probe, index->type, object);
	hf__index_way(index, &probe, &path);
	struct hf__index_node *leaf = path.node[path.height];
	const unsigned slot = path.slot[path.height];
	assert(slot < leaf->count && hf__node_entries(leaf)[slot].object == object);
	hf__close_gap(leaf, slot);
	for (unsigned depth = 0; depth <= path.height; depth++)
		path.sum[depth]->size--;
	hf__index_narrow(index, &path, &was);
	if (slot == 0 && leaf->count > 0)
		hf__index_note_first(&path, path.height);
	mend(index, &path);
}

void hf__index_update(struct hf__index *index, const void *object, int64_t weight, uint8_t tag)
{
	struct hf__index_probe probe;
	struct hf__index_path path;
	const struct hf__index_parted was = {weight, tag, true};
	uint8_t now_tag;
	const int64_t now = hf__index_weigh(index->type, object, &now_tag);
	if (now == weight && now_tag == tag)
		return;
	hf__index_in_order(index);
	hf__probe_object(&probe, index->type, object);
	hf__index_way(index, &probe, &path);
	hf__index_narrow(index, &path, &was);
	for (unsigned depth = 0; depth <= path.height; depth++) {
		hf__sum_take_in(path.sum[depth], now, now_tag);
		path.sum[depth]->size--;
	}
}

/* --- All of it -------------------------------------------------------------------------------- */

static void free_below(struct hf__index_nodes *nodes, struct hf__index_node *node)
{
	for (unsigned i = 0; i < node->count && node->inner; i++)
		free_below(nodes, hf__node_slots(node)[i].sum.node);
	hf__nodes_free(nodes, node);
}

void hf__index_deinit(struct hf__index *index)
{
	if (hf__index_is_late(index))
		hf__index_tail_free(index);
	if (index->top.node)
		free_below(index->nodes, index->top.node);
	hf__index_init(index, index->type, index->nodes);
}

void hf__index_drain(struct hf__index *index, void (*drop)(void *object))
{
	if (hf__index_is_late(index)) { /* in no order: it may have twins */
		hf__index_tail_each(index, drop);
		hf__index_tail_free(index);
	}
	for (struct hf__index_at at = hf__index_first(index); at.leaf; at = hf__index_next(at))
		drop(hf__index_object(at));
	hf__index_deinit(index);
}
