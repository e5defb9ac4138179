/* tier: fast */
/* The memory of ordered indexes: an undo needs none, at whatever moment, small indexes cost little,
 * and sane sees each kind of damage. */
#include "base/mem.h"
#include "index_item.h"
#include "lib/rng.h"
#include "lib/test.h"
#include "object/tree.h"

enum { FEW = 2, MANY = 24 };

struct indexes {
	struct hf__index_nodes nodes;
	struct hf__index of[MANY];
	struct item *items[MANY];
	unsigned indexes;
	size_t count; /* items of each */
};

static void begin(struct indexes *x, unsigned indexes, size_t count)
{
	*x = (struct indexes){.indexes = indexes, .count = count};
	for (unsigned i = 0; i < indexes; i++) {
		hf__index_init(&x->of[i], &by_key, &x->nodes);
		x->items[i] = calloc(count, sizeof(struct item));
		assert_non_null(x->items[i]);
		for (size_t k = 0; k < count; k++)
			x->items[i][k].key = (int64_t)k;
	}
}

static void end(struct indexes *x)
{
	for (unsigned i = 0; i < x->indexes; i++) {
		hf__index_deinit(&x->of[i]);
		free(x->items[i]);
	}
	hf__nodes_deinit(&x->nodes);
}

static void toggle(struct indexes *x, unsigned i, size_t k)
{
	struct item *item = &x->items[i][k];
	if (item->in)
		hf__index_remove(&x->of[i], item);
	else
		hf__index_insert(&x->of[i], item);
	item->in = !item->in;
}

static void check(const struct indexes *x)
{
	for (unsigned i = 0; i < x->indexes; i++) {
		assert_true(hf__index_sane(&x->of[i]));
		struct hf__index_at at = hf__index_first(&x->of[i]);
		for (size_t k = 0; k < x->count; k++) {
			if (!x->items[i][k].in)
				continue;
			assert_ptr_equal(hf__index_object(at), &x->items[i][k]);
			at = hf__index_next(at);
		}
		assert_null(at.leaf);
	}
}

static bool no_memory(void *ctx, size_t size)
{
	(void)ctx, (void)size;
	return true;
}

/* Whatever this change did not give back itself is gone when its undo begins. */
static void take_spares(struct hf__index_nodes *nodes)
{
	nodes->ready = false;
	for (unsigned class = 0; class < HF__NODE_CLASSES; class ++) {
		while (nodes->count[class] > nodes->held[class]) {
			struct hf__index_node *node = nodes->free[class];
			nodes->free[class] = node->next;
			nodes->count[class]--;
			hf__free(node);
		}
	}
}

enum { STEPS = 2500 };
struct step {
	unsigned index;
	size_t item;
};

/* One change of some hundred steps, mostly in one direction, and its undo. */
static void change_and_undo(struct indexes *x, struct hf_rng *rng, bool fill)
{
	struct step done[STEPS];
	const size_t steps = 1 + hf_rng_below(rng, x->indexes == FEW ? 400 : STEPS);
	for (size_t n = 0; n < steps; n++) {
		struct step *step = &done[n];
		step->index = (unsigned)hf_rng_below(rng, x->indexes);
		step->item = (size_t)hf_rng_below(rng, x->count);
		for (unsigned tries = 0; tries < 3 && x->items[step->index][step->item].in == fill; tries++)
			step->item = (size_t)hf_rng_below(rng, x->count);
		assert_int_equal(hf__nodes_reserve(&x->nodes), HF_OK);
		toggle(x, step->index, step->item);
	}
	check(x);
	take_spares(&x->nodes);
	hf__mem_set_veto(no_memory, NULL);
	for (size_t n = steps; n-- > 0;)
		toggle(x, done[n].index, done[n].item);
	hf__mem_set_veto(NULL, NULL);
	check(x);
	hf__nodes_end(&x->nodes);
}

/* `part` in 4 of all items are there at first. */
static void undo_without_memory(struct indexes *x, struct hf_rng *rng, unsigned part)
{
	for (size_t k = 0; k < x->count; k++) { /* in order: full leaves */
		if (!hf_rng_chance(rng, part, 4))
			continue;
		for (unsigned i = 0; i < x->indexes; i++) {
			assert_int_equal(hf__nodes_reserve(&x->nodes), HF_OK);
			toggle(x, i, k);
		}
	}
	hf__nodes_end(&x->nodes);
	for (unsigned change = 0; change < 6; change++)
		change_and_undo(x, rng, change % 2);
	end(x);
}

static void an_undo_needs_no_memory(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("undo without memory");
	for (unsigned round = 0; round < 60; round++) {
		struct indexes x;
		begin(&x, FEW, round % 3 == 0 ? 60 : 1500);
		undo_without_memory(&x, &rng, round % 4);
	}
}

/* Their roots are small ones, which each has given back and others may not take. */
static void an_undo_of_many_small_indexes_needs_no_memory(void **state)
{
	(void)state;
	static const size_t counts[] = {9, 40, 200};
	struct hf_rng rng = hf_rng_for("undo of small indexes");
	for (unsigned round = 0; round < 60; round++) {
		struct indexes x;
		begin(&x, MANY, counts[round % 3]);
		undo_without_memory(&x, &rng, round % 4);
	}
}

/* Leaves that were full are full again, with no node to spare. */
static void entries_are_packed_where_nodes_are_short(void **state)
{
	(void)state;
	struct indexes x;
	begin(&x, FEW, 64 * HF__NODE_WIDTH);
	for (size_t k = 0; k < x.count; k++) {
		assert_int_equal(hf__nodes_reserve(&x.nodes), HF_OK);
		toggle(&x, 0, k);
	}
	hf__nodes_end(&x.nodes);
	const size_t leaves = x.nodes.taken[HF__NODE_LEAF];
	assert_int_equal(leaves, 64);
	for (size_t k = 0; k < x.count; k += 2)
		toggle(&x, 0, k);
	assert_true(x.nodes.taken[HF__NODE_LEAF] < leaves);
	take_spares(&x.nodes);
	hf__mem_set_veto(no_memory, NULL);
	for (size_t k = 0; k < x.count; k += 2)
		toggle(&x, 0, k);
	hf__mem_set_veto(NULL, NULL);
	assert_true(x.nodes.taken[HF__NODE_LEAF] <= leaves);
	check(&x);
	end(&x);
}

static void small_indexes_cost_little(void **state)
{
	(void)state;
	struct indexes x;
	begin(&x, FEW, 40);
	const size_t costs[] = {1, 96, 4, 96, 5, 160, 8, 160, 9, 288, 17, 544, 32, 544};
	size_t in = 0;
	for (unsigned i = 0; i < sizeof costs / sizeof costs[0]; i += 2) {
		for (; in < costs[i]; in++) {
			assert_int_equal(hf__nodes_reserve(&x.nodes), HF_OK);
			toggle(&x, 0, in);
		}
		const size_t with = hf__mem_used();
		const struct hf__index_node *leaf = hf__index_first(&x.of[0]).leaf;
		assert_true(sizeof *leaf + leaf->cap * sizeof(struct hf__index_entry) <= costs[i + 1]);
		assert_int_equal(hf__mem_used(), with);
	}
	while (in > 0)
		toggle(&x, 0, --in);
	assert_null(x.of[0].top.node);
	hf__nodes_end(&x.nodes);
	hf__nodes_deinit(&x.nodes);
	assert_int_equal(x.nodes.taken[0] + x.nodes.taken[1] + x.nodes.taken[2], 0);
	end(&x);
}

/* --- Sane ------------------------------------------------------------------------------------- */

#define SEES(change, back) \
	do { \
		change; \
		assert_false(hf__index_sane(index)); \
		back; \
		assert_true(hf__index_sane(index)); \
	} while (0)

static void sane_sees_damage(void **state)
{
	(void)state;
	struct indexes x;
	begin(&x, FEW, 2000);
	for (size_t k = 0; k < x.count; k++) {
		x.items[0][k].weight = (int64_t)(k % 7);
		x.items[0][k].tag = (uint8_t)(k % 2);
		assert_int_equal(hf__nodes_reserve(&x.nodes), HF_OK);
		toggle(&x, 0, k);
	}
	struct hf__index *index = &x.of[0];
	struct hf__index_slot *slot = &hf__node_slots(index->top.node)[1];
	struct hf__index_node *leaf = hf__node_slots(slot->sum.node)[0].sum.node;
	struct hf__index_entry *entry = &hf__node_entries(leaf)[3];
	assert_int_equal(index->top.height, 2);
	SEES(index->top.least--, index->top.least++);
	SEES(index->top.size++, index->top.size--);
	SEES(slot->sum.most++, slot->sum.most--);
	SEES(slot->sum.size--, slot->sum.size++);
	SEES(slot->sum.tags = 2, slot->sum.tags = 1);
	SEES(slot->first.prefix++, slot->first.prefix--);
	SEES(entry->prefix++, entry->prefix--);
	SEES(leaf->count--, leaf->count++);
	struct item *item = entry->object;
	SEES(item->key += 2, item->key -= 2);
	const int64_t weight = item->weight;
	SEES(item->weight = 8, item->weight = weight);
	struct hf__index_node *next = leaf->next;
	SEES(leaf->next = leaf, leaf->next = next);
	SEES(next->prev = NULL, next->prev = leaf);
	end(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_undo_needs_no_memory),
	    cmocka_unit_test(an_undo_of_many_small_indexes_needs_no_memory),
	    cmocka_unit_test(entries_are_packed_where_nodes_are_short),
	    cmocka_unit_test(small_indexes_cost_little),
	    cmocka_unit_test(sane_sees_damage),
	};
	return cmocka_run_group_tests_name("object/nodes", tests, NULL, NULL);
}
