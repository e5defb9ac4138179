/* Chains of leaves, sorted leaf into leaf: for orders that are made late.
 *
 * Job: put the entries of a chain in order, and merge two chains that are, with no memory but a few
 * spare leaves. Happy path: leaves that are in order already stay where they are; many that are in
 * no order are dealt out to piles first; runs of leaves are merged two by two, and each leaf that
 * was emptied is filled next. Failure modes: none. Equal objects are noted (hf__index_has_twins).
 */
#include <assert.h>

#include "object/tree.h"

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
	hf__spare_put(m->s->nodes, leaf);
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

/* x or, if it is the later one that comes, y. Without a branch, which would be guessed wrong half
 * of the time. */
static inline const struct hf__index_entry *either(const struct hf__index_entry *x,
                                                   const struct hf__index_entry *y, ptrdiff_t later)
{
	const uintptr_t a = (uintptr_t)x, b = (uintptr_t)y;
	return (const struct hf__index_entry *)(a ^ ((a ^ b) & (uintptr_t)-later));
}

static unsigned least_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* So many can be merged before one of the three leaves may be done with. */
static unsigned sure_of(const struct merging *m)
{
	const struct source *a = &m->from[0], *b = &m->from[1];
	return least_of(HF__NODE_WIDTH - m->out->count,
	                least_of(a->leaf->count - a->at, b->leaf->count - b->at));
}

/* Until one of the three leaves is done with. */
static void fill(struct merging *m)
{
	for (unsigned count; (count = sure_of(m)) > 0;) {
		const struct hf__index_entry *x = hf__node_entries(m->from[0].leaf) + m->from[0].at,
		                             *y = hf__node_entries(m->from[1].leaf) + m->from[1].at;
		const struct hf__index_entry *const y_first = y;
		struct hf__index_entry *to = hf__node_entries(m->out) + m->out->count;
		const struct hf__index_entry *const end = to + count;
		do {
			const ptrdiff_t later = is_before(m->s, y, x);
			*to = *either(x, y, later);
			y += later;
			x += 1 - later;
		} while (++to < end);
		const unsigned second = (unsigned)(y - y_first);
		m->from[0].at += count - second;
		m->from[1].at += second;
		m->out->count = (uint8_t)(m->out->count + count);
	}
}

static void out_next(struct merging *m)
{
	if (m->out->count < HF__NODE_WIDTH)
		return;
	done_with(m, m->out);
	m->out = hf__spare_take(m->s->nodes);
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
		hf__spare_put(m->s->nodes, m->out);
	*m->end = source->leaf;
}

static struct hf__index_node *merge(struct sorting *s, struct hf__index_node *a,
                                    struct hf__index_node *b)
{
	struct merging m = {.s = s, .from = {{a, 0}, {b, 0}}, .out = hf__spare_take(s->nodes)};
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

/* How many of the first `count`, which are in order, come before this one. */
static unsigned place_of(struct sorting *s, const struct hf__index_entry *entries, unsigned count,
                         const struct hf__index_entry *entry)
{
	unsigned from = 0;
	while (count > 0) {
		const unsigned half = count / 2;
		const bool behind = !is_before(s, entry, &entries[from + half]);
		from += behind ? half + 1 : 0;
		count = behind ? count - half - 1 : half;
	}
	return from;
}

static void sort_leaf(struct sorting *s, struct hf__index_node *leaf)
{
	struct hf__index_entry *entries = hf__node_entries(leaf);
	for (unsigned i = 1; i < leaf->count; i++) {
		const struct hf__index_entry entry = entries[i];
		if (!is_before(s, &entry, &entries[i - 1]))
			continue;
		const unsigned to = place_of(s, entries, i - 1, &entry);
		memmove(&entries[to + 1], &entries[to], (i - to) * sizeof entry);
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
	assert(chain);
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

/* --- Dealing ---------------------------------------------------------------------------------- */

/* Many leaves in no order are dealt out to piles, each of which comes wholly before the next: one
 * look at an entry replaces five rounds of merging. Where the piles part is taken from a sample, so
 * that they are alike whatever prefixes there are; equal prefixes come into one pile. */
#define PILES HF__SORT_PILES
#define SAMPLE ((size_t)2 * PILES)

/* Sorted by insertion: it is small. */
static unsigned take_sample(const struct hf__index_node *chain, size_t leaves, uint64_t *sample)
{
	const size_t every = (leaves + SAMPLE - 1) / SAMPLE,
	             each = leaves < SAMPLE ? (SAMPLE + leaves - 1) / leaves : 1;
	unsigned count = 0;
	size_t number = 0;
	for (const struct hf__index_node *leaf = chain; leaf; leaf = leaf->next) {
		if (number++ % every > 0)
			continue;
		for (size_t i = 0; i < each && count < SAMPLE; i++) {
			const uint64_t prefix = hf__node_entries(leaf)[i * leaf->count / each].prefix;
			unsigned to = count++;
			for (; to > 0 && sample[to - 1] > prefix; to--)
				sample[to] = sample[to - 1];
			sample[to] = prefix;
		}
	}
	return count;
}

/* Where piles part, as a search tree: the children of [i] are [2 i] and [2 i + 1]. */
static void make_tree(const uint64_t *sample, unsigned count, uint64_t *tree)
{
	for (unsigned row = 1; row < PILES; row *= 2)
		for (unsigned i = 0; i < row; i++)
			tree[row + i] = sample[(2 * i + 1) * count / (2 * row)];
}

/* Without a branch, which would be guessed wrong half of the time. */
static inline unsigned pile_of(const uint64_t *tree, uint64_t prefix)
{
	unsigned i = 1;
	while (i < PILES)
		i = 2 * i + (tree[i] <= prefix);
	return i - PILES;
}

/* Leaves of the chain, and how many of them begin before the one in front of them ends. */
static size_t count_falls(const struct hf__index_node *chain, size_t *leaves)
{
	size_t falls = 0;
	*leaves = 1;
	for (; chain->next; chain = chain->next, ++*leaves)
		falls += hf__node_entries(chain->next)->prefix < last_entry(chain)->prefix;
	return falls;
}

struct pile {
	struct hf__index_node *first, *last;
};

static void deal_out(struct sorting *s, struct hf__index_node *chain, const uint64_t *tree,
                     struct pile *piles)
{
	while (chain) {
		struct hf__index_node *leaf = chain;
		for (unsigned i = 0; i < leaf->count; i++) {
			const struct hf__index_entry entry = hf__node_entries(leaf)[i];
			struct pile *pile = &piles[pile_of(tree, entry.prefix)];
			if (pile->last->count == HF__NODE_WIDTH)
				pile->last = pile->last->next = hf__spare_take(s->nodes);
			hf__node_entries(pile->last)[pile->last->count++] = entry;
		}
		chain = leaf->next;
		hf__spare_put(s->nodes, leaf);
	}
}

/* false: it is small, nearly in order, or all alike; or there are too few spare leaves. */
static bool deal(struct sorting *s, struct hf__index_node *chain, struct pile *piles)
{
	uint64_t sample[SAMPLE], tree[PILES];
	size_t leaves;
	if (s->nodes->spares < HF__SORT_LEAVES + HF__DEAL_LEAVES ||
	    count_falls(chain, &leaves) < leaves / 8 || leaves < HF__DEALT)
		return false;
	const unsigned count = take_sample(chain, leaves, sample);
	assert(count > 0);
	if (sample[0] == sample[count - 1])
		return false;
	make_tree(sample, count, tree);
	for (unsigned i = 0; i < PILES; i++)
		piles[i].first = piles[i].last = hf__spare_take(s->nodes);
	deal_out(s, chain, tree, piles);
	return true;
}

/* What comes behind all that is there: leaves stay full. */
static void append(struct sorting *s, struct pile *out, struct hf__index_node *chain)
{
	while (chain) {
		struct hf__index_node *leaf = chain, *last = out->last;
		chain = leaf->next;
		leaf->next = NULL;
		if (last && last->count < HF__NODE_WIDTH) {
			struct hf__index_entry *from = hf__node_entries(leaf);
			const unsigned some = least_of(HF__NODE_WIDTH - last->count, leaf->count);
			memcpy(hf__node_entries(last) + last->count, from, some * sizeof *from);
			last->count = (uint8_t)(last->count + some);
			leaf->count = (uint8_t)(leaf->count - some);
			memmove(from, from + some, leaf->count * sizeof *from);
		}
		if (leaf->count == 0) {
			hf__spare_put(s->nodes, leaf);
			continue;
		}
		if (last)
			last->next = leaf;
		else
			out->first = leaf;
		out->last = leaf;
	}
}

/* As deep as spare leaves allow: HF__DEALS. */
static void sort_into(struct sorting *s, struct hf__index_node *chain, struct pile *out)
{
	struct pile piles[PILES];
	if (!deal(s, chain, piles)) {
		append(s, out, sort_chain(s, chain));
		return;
	}
	for (unsigned i = 0; i < PILES; i++)
		if (piles[i].first->count > 0)
			sort_into(s, piles[i].first, out);
		else
			hf__spare_put(s->nodes, piles[i].first);
}

/* --- For orders that are made late ------------------------------------------------------------ */

struct hf__index_node *hf__leaves_sort(const struct hf__index *index, struct hf__index_node *chain)
{
	struct sorting s = {.type = index->type, .nodes = index->nodes};
	struct pile out = {0};
	sort_into(&s, chain, &out);
	return out.first;
}

struct hf__index_node *hf__leaves_merge(const struct hf__index *index, struct hf__index_node *a,
                                        struct hf__index_node *b)
{
	struct sorting s = {.type = index->type, .nodes = index->nodes};
	return merge(&s, a, b);
}
