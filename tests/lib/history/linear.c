/* See linear.h. A node of the search is the set of operations that are settled (done, or unsure
 * and given up) and the state they led to. */
#include "lib/history/linear.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { WORDS = LINEAR_OPS_MAX / 64 };

struct node {
	uint64_t settled[WORDS];
	uint8_t state[LINEAR_STATE_MAX];
};

/* A set of nodes that led nowhere: open addressing, never more than half full. */
struct memory {
	struct node *nodes;
	bool *used;
	size_t count, room;
};

struct search {
	const struct linear_model *model;
	const struct linear_op *ops;
	size_t count;
	struct memory seen;
	size_t best, stuck; /* most operations settled so far, and one that could not follow them */
	bool out_of_memory;
};

static bool has(const struct node *node, size_t i)
{
	return node->settled[i / 64] >> (i % 64) & 1;
}

static void settle(struct node *node, size_t i)
{
	node->settled[i / 64] |= UINT64_C(1) << (i % 64);
}

/* --- Nodes that were looked at ---------------------------------------------------------------- */

static size_t slot_of(const struct memory *m, const struct node *node)
{
	size_t at = (size_t)hf__checksum(node, sizeof *node, 0) & (m->room - 1);
	while (m->used[at] && memcmp(&m->nodes[at], node, sizeof *node) != 0)
		at = (at + 1) & (m->room - 1);
	return at;
}

static bool grow(struct memory *m)
{
	struct memory larger = {.room = m->room ? m->room * 2 : 256};
	larger.nodes = calloc(larger.room, sizeof *larger.nodes);
	larger.used = calloc(larger.room, sizeof *larger.used);
	if (!larger.nodes || !larger.used) {
		free(larger.nodes);
		free(larger.used);
		return false;
	}
	for (size_t i = 0; i < m->room; i++) {
		if (!m->used[i])
			continue;
		const size_t at = slot_of(&larger, &m->nodes[i]);
		larger.nodes[at] = m->nodes[i];
		larger.used[at] = true;
	}
	larger.count = m->count;
	free(m->nodes);
	free(m->used);
	*m = larger;
	return true;
}

/* false: it was there before. */
static bool remember(struct search *s, const struct node *node)
{
	struct memory *m = &s->seen;
	if (m->count * 2 >= m->room && !grow(m)) {
		s->out_of_memory = true;
		return false;
	}
	const size_t at = slot_of(m, node);
	if (m->used[at])
		return false;
	m->nodes[at] = *node;
	m->used[at] = true;
	m->count++;
	return true;
}

/* --- The search ------------------------------------------------------------------------------- */

/* The instant before which the next operation must have been asked: the first answer that is
 * still to be explained. */
static uint64_t first_answer(const struct search *s, const struct node *node)
{
	uint64_t first = UINT64_MAX;
	for (size_t i = 0; i < s->count; i++)
		if (!has(node, i) && !s->ops[i].unsure && s->ops[i].answered < first)
			first = s->ops[i].answered;
	return first;
}

/* Operation i is the next one: what was unsure and over before it was asked did not happen. */
static bool follow(const struct search *s, const struct node *node, size_t i, struct node *out)
{
	*out = *node;
	if (!s->model->step(out->state, &s->ops[i]))
		return false;
	settle(out, i);
	for (size_t j = 0; j < s->count; j++)
		if (s->ops[j].unsure && s->ops[j].answered < s->ops[i].asked)
			settle(out, j);
	return true;
}

static void note_progress(struct search *s, const struct node *node)
{
	size_t settled = 0, missing = s->count;
	for (size_t i = s->count; i-- > 0;) {
		settled += has(node, i);
		if (!has(node, i) && !s->ops[i].unsure &&
		    (missing == s->count || s->ops[i].answered < s->ops[missing].answered))
			missing = i;
	}
	if (settled >= s->best) {
		s->best = settled;
		s->stuck = missing;
	}
}

/* Depth is bounded by the number of operations, a node's size by WORDS: the stack holds it. */
static bool explain(struct search *s, const struct node *node)
{
	const uint64_t before = first_answer(s, node);
	struct node next;
	if (before == UINT64_MAX)
		return true; /* only unsure ones are left: none of them need have happened */
	if (!remember(s, node))
		return false;
	note_progress(s, node);
	for (size_t i = 0; i < s->count; i++)
		if (!has(node, i) && s->ops[i].asked < before && follow(s, node, i, &next) &&
		    explain(s, &next))
			return true;
	return false;
}

enum linear_verdict linear_check(const struct linear_model *model, const void *initial,
                                 const struct linear_op *ops, size_t count, size_t *stuck)
{
	struct search s = {.model = model, .ops = ops, .count = count};
	struct node start = {{0}, {0}};
	if (count > LINEAR_OPS_MAX || model->state_size > LINEAR_STATE_MAX)
		return LINEAR_TOO_LONG;
	memcpy(start.state, initial, model->state_size);
	const bool explained = explain(&s, &start);
	free(s.seen.nodes);
	free(s.seen.used);
	if (stuck)
		*stuck = s.stuck;
	if (explained)
		return LINEAR_YES;
	return s.out_of_memory ? LINEAR_TOO_LONG : LINEAR_NO;
}
