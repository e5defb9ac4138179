/* What operators are told of locks: store/metrics/figures.h. */
#include "store/metrics/figures.h"
#include "domains/lock/lock.h"

/* Leases that are over and not logged: while there are more, the others count as held. */
#define OVER_MOST ((size_t)10000)

static const struct hf__figure figures[] = {
    {.family = "locks_held", .help = "Locks that are held."},
};

/* At most as many as *left says, which falls. */
static void count_over(const struct hf__heap *endings, const struct hf__heap_node *node,
                       int64_t until, size_t *left)
{
	HF__STEP();
	if (!node || *left == 0 || endings->deadline(node) > until)
		return;
	--*left;
	count_over(endings, node->left, until, left);
	count_over(endings, node->right, until, left);
}

static void walk(const void *raw, struct hf__measure *m)
{
	const struct hf__lock_state *state = raw;
	size_t left = OVER_MOST;
	if (m->began) /* there is one row */
		return;
	count_over(&state->endings, state->endings.root, m->mono, &left);
	const int64_t held = (int64_t)(state->locks.count - (OVER_MOST - left));
	(void)hf__measured(m, m->after, &held, 0);
}

const struct hf__figures hf__lock_figures = {.of = figures, .count = 1, .walk = walk};

const char *hf__lock_objects(const void *raw, unsigned kind, uint64_t *count)
{
	*count = ((const struct hf__lock_state *)raw)->locks.count;
	return kind == 0 ? "lock" : NULL;
}
