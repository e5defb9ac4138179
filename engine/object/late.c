/* Orders that are made late: while an opening reads what it knows, entries are not put into place
 * one by one, but sorted and packed at the end, all at once.
 *
 * Job: no search and no full leaf for each object of a large index, and leaves that are full.
 *
 * Happy path: an index that has outgrown one leaf collects what comes in a chain of leaves behind
 * its tree, its tail, and takes no more than counts and sums note of it. At the end of the opening,
 * or where something asks for a place, the tail is sorted, merged with the leaves of the tree, and
 * the levels above are built anew. Entries that came in order are found to be so, and none moves.
 *
 * Memory: an entry is where it will be in the end, in a leaf. Sorting needs four leaves, which are
 * there before: leaves are merged into leaves, and each that was emptied is used again. The nodes
 * of the levels above are set aside while a tail grows. So putting in order cannot fail.
 *
 * Failure modes: no memory while a tail grows: then what there is is put in order, the entry goes
 * into its place by what the change reserved, and the end says so. An index that is asked for
 * places while it grows would be sorted again and again: it is late again only if it has doubled
 * since. Two objects that are equal in all fields are found when they are put in order; until then
 * nothing says so. */
#include <assert.h>

#include "object/tree.h"

/* Two that are filled in turn, one that is emptied meanwhile, and one for good measure. */
#define SPARE_LEAVES 4u

struct hf__index_tail {
	struct hf__index *index;
	struct hf__index_tail *before, *next; /* all that are late */
	struct hf__index_node *first, *last; /* leaves by `next`, full but for the last */
	size_t leaves, below; /* of it, and of the tree */
	size_t above; /* full-sized nodes that stand above those of the tree, at least */
	struct hf__index_node *inner; /* set aside, by `next` */
	size_t inner_count;
};

/* --- Collecting ------------------------------------------------------------------------------- */

/* Nodes of levels above so many leaves. */
static size_t levels_of(size_t leaves)
{
	size_t nodes = 0;
	while (leaves > 1) {
		leaves = (leaves + HF__NODE_WIDTH - 1) / HF__NODE_WIDTH;
		nodes += leaves;
	}
	return nodes;
}

static bool may_begin(const struct hf__index *index)
{
	const struct hf__index_node *root = index->top.node;
	if (index->given.change == index->nodes->change)
		return false; /* what it gave back in this change is remembered where a tail would be */
	return index->top.late == HF__INDEX_AGAIN || (index->top.late == HF__INDEX_USUAL && root &&
	                                              !root->inner && root->count == HF__NODE_WIDTH);
}

static bool begin(struct hf__index *index)
{
	struct hf__index_nodes *nodes = index->nodes;
	const struct hf__index_node *root = index->top.node;
	struct hf__index_tail *tail = hf__alloc(sizeof *tail);
	if (!tail)
		return false;
	*tail = (struct hf__index_tail){.index = index, .next = nodes->tails};
	for (const struct hf__index_node *leaf = hf__index_first(index).leaf; leaf; leaf = leaf->next)
		tail->below++;
	tail->above = levels_of(tail->below) - (root->inner && root->cap < HF__NODE_WIDTH);
	if (tail->next)
		tail->next->before = tail;
	nodes->tails = tail;
	index->tail = tail;
	index->top.late = HF__INDEX_LATE;
	return true;
}

/* A leaf more for the tail, and what has to stand above it. */
static bool extend(struct hf__index_tail *tail)
{
	struct hf__index_nodes *nodes = tail->index->nodes;
	const size_t wanted = levels_of(tail->below + tail->leaves + 1) - tail->above;
	while (tail->inner_count < wanted) {
		struct hf__index_node *inner = hf__nodes_new(nodes, HF__NODE_LARGEST);
		if (!inner)
			return false;
		inner->next = tail->inner;
		tail->inner = inner;
		tail->inner_count++;
	}
	struct hf__index_node *leaf = hf__nodes_new(nodes, HF__NODE_LEAF);
	if (!leaf)
		return false;
	if (tail->last)
		tail->last->next = leaf;
	else
		tail->first = leaf;
	tail->last = leaf;
	tail->leaves++;
	return true;
}

bool hf__index_defer(struct hf__index *index, const struct hf__index_entry *entry, int64_t weight,
                     uint8_t tag)
{
	if (index->top.late != HF__INDEX_LATE && !may_begin(index))
		return false;
	if (index->top.late != HF__INDEX_LATE && !begin(index)) {
		index->nodes->starved = true;
		return false;
	}
	struct hf__index_tail *tail = index->tail;
	if ((!tail->last || tail->last->count == HF__NODE_WIDTH) && !extend(tail)) {
		index->nodes->starved = true;
		hf__index_settle(index);
		return false;
	}
	hf__node_entries(tail->last)[tail->last->count++] = *entry;
	hf__sum_take_in(&index->top, weight, tag);
	return true;
}

/* --- Comparing -------------------------------------------------------------------------------- */

struct sorting {
	const struct hf__index_type *type;
	struct hf__index_nodes *nodes;
};

static bool tie_before(struct sorting *s, const void *a, const void *b)
{
	const int sign =
	    s->type->compare ? s->type->compare(a, b) : hf__fields_compare(&s->type->fields, a, b);
	s->nodes->twins = s->nodes->twins || sign == 0;
	return sign < 0;
}

static inline bool is_before(struct sorting *s, const struct hf__index_entry *a,
                             const struct hf__index_entry *b)
{
	return a->prefix != b->prefix ? a->prefix < b->prefix : tie_before(s, a->object, b->object);
}

static struct hf__index_entry *last_entry(const struct hf__index_node *leaf)
{
	return &hf__node_entries(leaf)[leaf->count - 1u];
}

/* --- Merging ---------------------------------------------------------------------------------- */

static struct hf__index_node *spare_take(struct hf__index_nodes *nodes)
{
	struct hf__index_node *leaf = nodes->spare;
	assert(leaf);
	nodes->spare = leaf->next;
	nodes->spares--;
	leaf->next = leaf->prev = NULL;
	leaf->count = 0;
	return leaf;
}

static void spare_put(struct hf__index_nodes *nodes, struct hf__index_node *leaf)
{
	leaf->next = nodes->spare;
	nodes->spare = leaf;
	nodes->spares++;
}

/* What is left of a chain of leaves. */
struct source {
	struct hf__index_node *leaf;
	unsigned at; /* the first entry of it that is left */
};

struct merging {
	struct sorting *s;
	struct source from[2];
	struct hf__index_node *first, **end; /* leaves that are done */
	struct hf__index_node *out; /* the one that is being filled */
};

static void done_with(struct merging *m, struct hf__index_node *leaf)
{
	*m->end = leaf;
	m->end = &leaf->next;
}

static void step_on(struct merging *m, struct source *source)
{
	struct hf__index_node *leaf = source->leaf;
	if (source->at < leaf->count)
		return;
	*source = (struct source){leaf->next, 0};
	spare_put(m->s->nodes, leaf);
}

/* A leaf that lies wholly before what the other source has left, and is full enough, stays as it
 * is. */
static bool pass_whole(struct merging *m, unsigned side)
{
	struct source *source = &m->from[side];
	const struct source *other = &m->from[!side];
	struct hf__index_node *leaf = source->leaf;
	if (m->out->count > 0 || source->at > 0 || leaf->count < HF__NODE_WIDTH * 3 / 4 ||
	    !is_before(m->s, last_entry(leaf), &hf__node_entries(other->leaf)[other->at]))
		return false;
	source->leaf = leaf->next;
	done_with(m, leaf);
	return true;
}

/* Until one of the three leaves is done with. */
static void fill(struct merging *m)
{
	struct source *const a = &m->from[0], *const b = &m->from[1];
	const struct hf__index_entry *x = hf__node_entries(a->leaf), *const x_end = x + a->leaf->count;
	const struct hf__index_entry *y = hf__node_entries(b->leaf), *const y_end = y + b->leaf->count;
	struct hf__index_entry *to = hf__node_entries(m->out), *const to_end = to + HF__NODE_WIDTH;
	x += a->at;
	y += b->at;
	to += m->out->count;
	while (x < x_end && y < y_end && to < to_end) {
		const bool second = is_before(m->s, y, x);
		*to++ = second ? *y : *x;
		y += second;
		x += !second;
	}
	a->at = (unsigned)(x - hf__node_entries(a->leaf));
	b->at = (unsigned)(y - hf__node_entries(b->leaf));
	m->out->count = (uint8_t)(to - hf__node_entries(m->out));
}

static void out_next(struct merging *m)
{
	if (m->out->count < HF__NODE_WIDTH)
		return;
	done_with(m, m->out);
	m->out = spare_take(m->s->nodes);
}

/* What was begun of a leaf goes behind what was merged. */
static void copy_begun(struct merging *m, struct source *source)
{
	while (source->leaf && source->at > 0) {
		const struct hf__index_entry *from = hf__node_entries(source->leaf) + source->at;
		const unsigned left = source->leaf->count - source->at,
		               room = HF__NODE_WIDTH - m->out->count, some = left < room ? left : room;
		memcpy(hf__node_entries(m->out) + m->out->count, from, some * sizeof *from);
		m->out->count = (uint8_t)(m->out->count + some);
		source->at += some;
		step_on(m, source);
		out_next(m);
	}
}

/* The newest leaf holds little, and others follow: it takes half of what it and the next one hold,
 * or all. */
static void even_out(struct merging *m, struct source *source)
{
	struct hf__index_node *out = m->out, *next = source->leaf;
	const unsigned total = out->count + next->count,
	               some = total <= HF__NODE_WIDTH ? next->count : total / 2 - out->count;
	struct hf__index_entry *from = hf__node_entries(next);
	memcpy(hf__node_entries(out) + out->count, from, some * sizeof *from);
	out->count = (uint8_t)(out->count + some);
	next->count = (uint8_t)(next->count - some);
	memmove(from, from + some, next->count * sizeof *from);
	step_on(m, source); /* if nothing is left of it */
}

/* One source is left. */
static void finish(struct merging *m, struct source *source)
{
	copy_begun(m, source);
	if (m->out->count > 0 && m->out->count < HF__NODE_WIDTH / 2 && source->leaf)
		even_out(m, source);
	if (m->out->count > 0)
		done_with(m, m->out);
	else
		spare_put(m->s->nodes, m->out);
	*m->end = source->leaf;
}

/* Two sorted chains become one. */
static struct hf__index_node *merge(struct sorting *s, struct hf__index_node *a,
                                    struct hf__index_node *b)
{
	struct merging m = {.s = s, .from = {{a, 0}, {b, 0}}, .out = spare_take(s->nodes)};
	m.end = &m.first;
	while (m.from[0].leaf && m.from[1].leaf) {
		if (pass_whole(&m, 0) || pass_whole(&m, 1))
			continue;
		fill(&m);
		step_on(&m, &m.from[0]);
		step_on(&m, &m.from[1]);
		out_next(&m);
	}
	finish(&m, m.from[0].leaf ? &m.from[0] : &m.from[1]);
	return m.first;
}

/* --- Sorting ---------------------------------------------------------------------------------- */

static void sort_leaf(struct sorting *s, struct hf__index_node *leaf)
{
	struct hf__index_entry *entries = hf__node_entries(leaf);
	for (unsigned i = 1; i < leaf->count; i++) {
		const struct hf__index_entry entry = entries[i];
		unsigned to = i;
		for (; to > 0 && is_before(s, &entry, &entries[to - 1]); to--)
			entries[to] = entries[to - 1];
		entries[to] = entry;
	}
}

struct run {
	struct hf__index_node *first;
	size_t leaves; /* that it was made of */
};

/* The leaves from the beginning of the chain that are in order once each of them is; *rest: what
 * follows. */
static struct run take_run(struct sorting *s, struct hf__index_node *chain,
                           struct hf__index_node **rest)
{
	struct run run = {chain, 1};
	struct hf__index_node *last = chain;
	sort_leaf(s, chain);
	for (; last->next; last = last->next, run.leaves++) {
		sort_leaf(s, last->next);
		if (!is_before(s, last_entry(last), hf__node_entries(last->next)))
			break;
	}
	*rest = last->next;
	last->next = NULL;
	return run;
}

/* Each run is more than twice as long as the one above it: their number is that of the bits of a
 * length. */
#define RUNS 64u

static struct hf__index_node *sort_chain(struct sorting *s, struct hf__index_node *chain)
{
	struct run runs[RUNS];
	unsigned count = 0;
	while (chain || count > 1) {
		if (chain) {
			assert(count < RUNS);
			runs[count++] = take_run(s, chain, &chain);
		}
		while (count > 1 && (!chain || runs[count - 2].leaves <= 2 * runs[count - 1].leaves)) {
			count--;
			runs[count - 1].first = merge(s, runs[count - 1].first, runs[count].first);
			runs[count - 1].leaves += runs[count].leaves;
		}
	}
	return runs[0].first;
}

/* --- Putting in order ------------------------------------------------------------------------- */

static void tail_unlink(struct hf__index *index)
{
	const struct hf__index_tail *tail = index->tail;
	if (tail->before)
		tail->before->next = tail->next;
	else
		index->nodes->tails = tail->next;
	if (tail->next)
		tail->next->before = tail->before;
	index->given = (struct hf__index_given){0};
}

static size_t tail_size(const struct hf__index_tail *tail)
{
	return tail->last ? (tail->leaves - 1) * HF__NODE_WIDTH + tail->last->count : 0;
}

/* What was set aside, and what is more than sorting needs, is the index's own until the change
 * ends. */
static void give_inner(struct hf__index *index, struct hf__index_tail *tail)
{
	while (tail->inner) {
		struct hf__index_node *node = tail->inner;
		tail->inner = node->next;
		hf__nodes_give(index, node);
	}
}

static void give_spares(struct hf__index *index)
{
	while (index->nodes->spares > SPARE_LEAVES)
		hf__nodes_give(index, spare_take(index->nodes));
}

void hf__index_settle(struct hf__index *index)
{
	struct hf__index_tail *tail = index->tail;
	struct sorting s = {.type = index->type, .nodes = index->nodes};
	const size_t size = tail_size(tail);
	tail_unlink(index);
	index->top.late = 2 * size >= index->top.size ? HF__INDEX_AGAIN : HF__INDEX_EAGER;
	give_inner(index, tail);
	if (size > 0) {
		const struct hf__index_entry newest = *last_entry(tail->last);
		struct hf__index_node *leaves = hf__index_flatten(index);
		leaves = merge(&s, leaves, sort_chain(&s, tail->first));
		hf__index_raise(index, leaves);
		index->top.run = hf__index_object(hf__index_last(index)) == newest.object;
		give_spares(index);
	}
	hf__free(tail);
}

/* --- From an opening's beginning to its end --------------------------------------------------- */

static void spares_free(struct hf__index_nodes *nodes)
{
	while (nodes->spare)
		hf__nodes_free(nodes, spare_take(nodes));
}

void hf__index_late_begin(struct hf__index_nodes *nodes)
{
	nodes->twins = nodes->starved = false;
	while (nodes->spares < SPARE_LEAVES) {
		struct hf__index_node *leaf = hf__nodes_new(nodes, HF__NODE_LEAF);
		if (!leaf)
			break;
		spare_put(nodes, leaf);
	}
	nodes->late = nodes->spares == SPARE_LEAVES;
	nodes->starved = !nodes->late;
}

int hf__index_late_end(struct hf__index_nodes *nodes)
{
	while (nodes->tails) {
		/* what is missing then are small roots */
		nodes->starved = hf__nodes_reserve(nodes) != HF_OK || nodes->starved;
		hf__index_settle(nodes->tails->index);
		hf__nodes_end(nodes);
	}
	nodes->late = false;
	spares_free(nodes);
	if (nodes->twins)
		return HF_ECORRUPT;
	return nodes->starved ? HF_ENOMEM : HF_OK;
}

/* --- All of it -------------------------------------------------------------------------------- */

void hf__index_tail_each(const struct hf__index *index, void (*fn)(void *object))
{
	for (const struct hf__index_node *leaf = index->tail->first; leaf; leaf = leaf->next)
		for (unsigned i = 0; i < leaf->count; i++)
			fn(hf__node_entries(leaf)[i].object);
}

static void free_chain(struct hf__index_nodes *nodes, struct hf__index_node *node)
{
	while (node) {
		struct hf__index_node *next = node->next;
		hf__nodes_free(nodes, node);
		node = next;
	}
}

void hf__index_tail_free(struct hf__index *index)
{
	struct hf__index_tail *tail = index->tail;
	tail_unlink(index);
	index->top.late = HF__INDEX_USUAL;
	free_chain(index->nodes, tail->first);
	free_chain(index->nodes, tail->inner);
	hf__free(tail);
}
