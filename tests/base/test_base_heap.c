/* tier: fast */
/* The heap against a plain array, its shape after every operation, and bounds on its steps. */
#include "base/heap.h"
#include "base/steps.h"
#include "lib/rng.h"
#include "lib/test.h"

struct timed {
	struct hf__heap_node node; /* first */
	int64_t deadline;
};

static int64_t deadline_of(const struct hf__heap_node *node)
{
	return ((const struct timed *)(const void *)node)->deadline;
}

static int64_t earliest(const struct timed *nodes, size_t count, size_t *in)
{
	int64_t least = INT64_MAX;
	*in = 0;
	for (size_t i = 0; i < count; i++) {
		if (hf__heap_in(&nodes[i].node)) {
			++*in;
			least = nodes[i].deadline < least ? nodes[i].deadline : least;
		}
	}
	return least;
}

static void behaves_like_a_plain_array(void **state)
{
	(void)state;
	enum { NODES = 70, OPERATIONS = 20000 };
	static struct timed nodes[NODES];
	struct hf_rng rng = hf_rng_for("heap model");
	struct hf__heap heap = {.deadline = deadline_of};
	for (int i = 0; i < OPERATIONS; i++) {
		struct timed *timed = &nodes[hf_rng_below(&rng, NODES)];
		struct hf__heap_node *node = &timed->node;
		if (hf__heap_in(node)) {
			hf__heap_remove(&heap, node);
			assert_null(node->parent);
		} else if (hf_rng_chance(&rng, i / 5000 % 2 ? 1 : 4, 5)) {
			timed->deadline = hf_rng_range(&rng, -20, 20); /* many are equal */
			hf__heap_insert(&heap, node);
		}
		size_t in;
		int64_t least = earliest(nodes, NODES, &in);
		assert_int_equal(heap.count, in);
		assert_true(hf__heap_sane(&heap));
		assert_int_equal(hf__heap_first(&heap) != NULL, in > 0);
		assert_true(in == 0 || deadline_of(hf__heap_first(&heap)) == least);
	}
}

static void gives_deadlines_in_order(void **state)
{
	(void)state;
	enum { NODES = 5000 };
	static struct timed nodes[NODES];
	struct hf_rng rng = hf_rng_for("heap order");
	struct hf__heap heap = {.deadline = deadline_of};
	for (size_t i = 0; i < NODES; i++) {
		nodes[i].deadline = (int64_t)hf_rng_next(&rng);
		hf__heap_insert(&heap, &nodes[i].node);
	}
	assert_true(hf__heap_sane(&heap));
	int64_t before = INT64_MIN;
	while (heap.count) {
		struct hf__heap_node *first = hf__heap_first(&heap);
		assert_true(deadline_of(first) >= before);
		before = deadline_of(first);
		hf__heap_remove(&heap, first);
	}
	assert_null(hf__heap_first(&heap));
}

static uint64_t log2_ceil(size_t n)
{
	uint64_t bits = 0;
	while (((size_t)1 << bits) < n)
		bits++;
	return bits;
}

/* Way down to a place plus way up or down from it: at most two heights. Falling deadlines make
 * every insert rise to the top. */
static void steps_bounded(size_t count)
{
	struct hf_rng rng = hf_rng_for("heap steps");
	struct hf__heap heap = {.deadline = deadline_of};
	struct timed *nodes = calloc(count, sizeof *nodes);
	assert_non_null(nodes);
	uint64_t bound = 2 * log2_ceil(count + 1);
	for (size_t i = 0; i < count; i++) {
		nodes[i].deadline = i % 2 ? -(int64_t)i : hf_rng_range(&rng, -1000000, 1000000);
		uint64_t before = hf__steps;
		hf__heap_insert(&heap, &nodes[i].node);
		assert_true(hf__steps - before <= bound);
	}
	for (size_t i = 0; i < count; i++) {
		uint64_t before = hf__steps;
		assert_non_null(hf__heap_first(&heap));
		assert_true(hf__steps == before);
		hf__heap_remove(&heap, i % 3 || !hf__heap_in(&nodes[i].node) ? hf__heap_first(&heap)
		                                                             : &nodes[i].node);
		assert_true(hf__steps - before <= bound);
	}
	assert_int_equal(heap.count, 0);
	free(nodes);
}

static void steps_are_logarithmic(void **state)
{
	(void)state;
	steps_bounded(1000);
	steps_bounded(100000);
}

static void sane_sees_damage(void **state)
{
	(void)state;
	enum { NODES = 12 };
	struct timed nodes[NODES] = {{{0}, 0}};
	struct hf__heap heap = {.deadline = deadline_of};
	for (size_t i = 0; i < NODES; i++) {
		nodes[i].deadline = (int64_t)i;
		hf__heap_insert(&heap, &nodes[i].node);
	}
	assert_true(hf__heap_sane(&heap));
	nodes[7].deadline = -1; /* earlier than its parent */
	assert_false(hf__heap_sane(&heap));
	nodes[7].deadline = 7;
	heap.count = NODES - 1;
	assert_false(hf__heap_sane(&heap));
	heap.count = NODES + 1;
	assert_false(hf__heap_sane(&heap));
	heap.count = NODES;
	struct hf__heap_node *parent = nodes[5].node.parent;
	nodes[5].node.parent = NULL;
	assert_false(hf__heap_sane(&heap));
	nodes[5].node.parent = parent;
	nodes[5].node.left = &nodes[0].node; /* a ring */
	assert_false(hf__heap_sane(&heap));
	nodes[5].node.left = &nodes[11].node;
	assert_true(hf__heap_sane(&heap));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(behaves_like_a_plain_array),
	    cmocka_unit_test(gives_deadlines_in_order),
	    cmocka_unit_test(steps_are_logarithmic),
	    cmocka_unit_test(sane_sees_damage),
	};
	return cmocka_run_group_tests_name("base/heap", tests, NULL, NULL);
}
