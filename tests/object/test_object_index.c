/* tier: fast */
/* The ordered index against a sorted array, and bounds on the steps of every operation, filters
 * that skip included. */
#include "base/steps.h"
#include "lib/rng.h"
#include "lib/test.h"
#include "object/index.h"

struct item {
	struct hf__index_node node; /* first, so that a node is its item */
	int64_t key;
	bool in;
};

/* A position is the key. */
static const struct hf__index_type by_key = {
    .node = offsetof(struct item, node),
    .fields = {1, {{.kind = HF__FIELD_I64, .offset = offsetof(struct item, key)}}},
};

static bool item_passes(const struct item *item, const struct hf__index_filter *filter)
{
	bool tag_ok = filter->tags == 0 || (item->node.tag & filter->tags);
	return item->in && tag_ok && item->node.weight >= filter->low &&
	       item->node.weight <= filter->high;
}

/* --- Model: items[i] has key 2 * i, so that odd keys lie between; `in` says who is there ------ */

enum { UNIVERSE = 150 };

static struct hf__index_node *model_from(struct item *items, int64_t from)
{
	for (int64_t i = from < 0 ? 0 : from; i < UNIVERSE; i++)
		if (items[i].in)
			return &items[i].node;
	return NULL;
}

static struct hf__index_node *model_until(struct item *items, int64_t until)
{
	for (int64_t i = until; i >= 0; i--)
		if (items[i].in)
			return &items[i].node;
	return NULL;
}

static struct hf__index_node *model_pass(struct item *items, int64_t from,
                                         const struct hf__index_filter *filter)
{
	for (int64_t i = from; i < UNIVERSE; i++)
		if (item_passes(&items[i], filter))
			return &items[i].node;
	return NULL;
}

static struct hf__index_node *model_pass_back(struct item *items, int64_t from,
                                              const struct hf__index_filter *filter)
{
	for (int64_t i = from; i >= 0; i--)
		if (item_passes(&items[i], filter))
			return &items[i].node;
	return NULL;
}

static void model_check_places(const struct hf__index *order, struct item *items)
{
	size_t rank = 0;
	for (int64_t i = 0; i < UNIVERSE; i++) {
		int64_t key = 2 * i, between = 2 * i - 1;
		assert_ptr_equal(hf__index_seek(order, &key, 1), model_from(items, i));
		assert_ptr_equal(hf__index_seek(order, &between, 1), model_from(items, i));
		assert_ptr_equal(hf__index_after(order, &key, 1), model_from(items, i + 1));
		if (items[i].in) {
			assert_int_equal(hf__index_rank(&items[i].node), rank++);
			assert_ptr_equal(hf__index_next(&items[i].node), model_from(items, i + 1));
			assert_ptr_equal(hf__index_prev(&items[i].node), model_until(items, i - 1));
		}
	}
	assert_int_equal(hf__index_count(order), rank);
	assert_ptr_equal(hf__index_first(order), model_from(items, 0));
	assert_ptr_equal(hf__index_last(order), model_until(items, UNIVERSE - 1));
}

/* Any filter, exact or not, must give the right answer: exactness is only about work. */
static struct hf__index_filter filter_any(struct hf_rng *rng)
{
	struct hf__index_filter filter = {.low = INT64_MIN, .high = INT64_MAX};
	if (hf_rng_chance(rng, 1, 2))
		filter.low = hf_rng_range(rng, -11, 11);
	if (hf_rng_chance(rng, 1, 2))
		filter.high = hf_rng_range(rng, -11, 11);
	if (hf_rng_chance(rng, 1, 2))
		filter.tags = (uint8_t)hf_rng_below(rng, 16);
	return filter;
}

static void model_check_filters(const struct hf__index *order, struct item *items,
                                struct hf_rng *rng)
{
	for (int round = 0; round < 12; round++) {
		struct hf__index_filter filter = filter_any(rng);
		assert_ptr_equal(hf__index_first_pass(order, &filter), model_pass(items, 0, &filter));
		for (int64_t i = 0; i < UNIVERSE; i++) {
			if (items[i].in) {
				assert_ptr_equal(hf__index_pass(&items[i].node, &filter),
				                 model_pass(items, i, &filter));
				assert_ptr_equal(hf__index_pass_back(&items[i].node, &filter),
				                 model_pass_back(items, i, &filter));
			}
		}
	}
	assert_null(
	    hf__index_pass(NULL, &(struct hf__index_filter){.low = INT64_MIN, .high = INT64_MAX}));
	assert_null(
	    hf__index_pass_back(NULL, &(struct hf__index_filter){.low = INT64_MIN, .high = INT64_MAX}));
}

static int64_t any_weight(struct hf_rng *rng)
{
	return hf_rng_range(rng, -10, 10);
}

static uint8_t any_tag(struct hf_rng *rng)
{
	return hf_rng_chance(rng, 1, 3) ? 0 : (uint8_t)(1u << hf_rng_below(rng, 4));
}

static void model_operate(struct hf__index *order, struct item *item, struct hf_rng *rng, bool fill)
{
	if (!item->in && fill) {
		item->node.weight = any_weight(rng);
		item->node.tag = any_tag(rng);
		hf__index_insert(order, &item->node);
		item->in = true;
	} else if (item->in && hf_rng_chance(rng, 1, 3)) {
		int64_t weight = any_weight(rng);
		uint8_t tag = any_tag(rng);
		hf__index_update(order, &item->node, weight, tag);
		assert_true(item->node.weight == weight && item->node.tag == tag);
	} else if (item->in && !fill) {
		hf__index_remove(order, &item->node);
		assert_null(item->node.parent);
		item->in = false;
	}
}

static void behaves_like_a_sorted_array(void **state)
{
	(void)state;
	enum { OPERATIONS = 12000 };
	static struct item items[UNIVERSE];
	struct hf_rng rng = hf_rng_for("order model");
	struct hf__index order;
	hf__index_init(&order, &by_key);
	for (int64_t i = 0; i < UNIVERSE; i++)
		items[i].key = 2 * i;
	for (int i = 0; i < OPERATIONS; i++) {
		bool fill = hf_rng_chance(&rng, i / 2000 % 2 ? 1 : 4, 5);
		model_operate(&order, &items[hf_rng_below(&rng, UNIVERSE)], &rng, fill);
		assert_true(hf__index_sane(&order));
		if (i % 50 == 0) {
			model_check_places(&order, items);
			model_check_filters(&order, items, &rng);
		}
	}
}

static void an_empty_order_has_nothing(void **state)
{
	(void)state;
	struct hf__index order;
	struct hf__index_filter all = {.low = INT64_MIN, .high = INT64_MAX};
	int64_t key = 0;
	hf__index_init(&order, &by_key);
	assert_true(hf__index_sane(&order));
	assert_int_equal(hf__index_count(&order), 0);
	assert_null(hf__index_first(&order));
	assert_null(hf__index_last(&order));
	assert_null(hf__index_seek(&order, &key, 1));
	assert_null(hf__index_after(&order, &key, 1));
	assert_null(hf__index_first_pass(&order, &all));
}

/* --- Steps ------------------------------------------------------------------------------------ */

static size_t log2_ceil(size_t n)
{
	size_t bits = 0;
	while (((size_t)1 << bits) < n)
		bits++;
	return bits;
}

/* An AVL tree of n nodes is at most 1.44 log2(n + 2) high. */
static size_t height_bound(size_t n)
{
	return log2_ceil(n + 2) * 145 / 100;
}

struct bench {
	struct hf__index order;
	struct item *items; /* keys 0 to count - 1 */
	size_t count;
	uint64_t insert_worst;
};

static void bench_insert(struct bench *bench, size_t index)
{
	uint64_t before = hf__steps;
	hf__index_insert(&bench->order, &bench->items[index].node);
	uint64_t steps = hf__steps - before;
	bench->insert_worst = steps > bench->insert_worst ? steps : bench->insert_worst;
}

/* Inserted shuffled, or rising, which is the usual case of a log. */
static struct bench bench_new(size_t count, bool shuffled)
{
	struct bench bench = {.items = calloc(count, sizeof(struct item)), .count = count};
	struct hf_rng rng = hf_rng_for("order steps");
	size_t *turns = calloc(count, sizeof *turns);
	assert_non_null(bench.items);
	assert_non_null(turns);
	hf__index_init(&bench.order, &by_key);
	for (size_t i = 0; i < count; i++) {
		size_t j = shuffled ? (size_t)hf_rng_below(&rng, i + 1) : i;
		turns[i] = turns[j];
		turns[j] = i;
		bench.items[i].key = (int64_t)i;
		bench.items[i].node.weight = (int64_t)i;
	}
	for (size_t i = 0; i < count; i++)
		bench_insert(&bench, turns[i]);
	free(turns);
	assert_true(hf__index_sane(&bench.order));
	assert_true(bench.order.root->height <= height_bound(count));
	return bench;
}

static void bench_places_bounded(const struct bench *bench, size_t step)
{
	size_t height = height_bound(bench->count);
	for (size_t i = 0; i < bench->count; i += step) {
		uint64_t before = hf__steps;
		int64_t key = (int64_t)i;
		struct hf__index_node *node = hf__index_seek(&bench->order, &key, 1);
		assert_ptr_equal(node, &bench->items[i].node);
		assert_true(hf__steps - before <= height);
		before = hf__steps;
		assert_int_equal(hf__index_rank(node), i);
		assert_true(hf__steps - before <= height);
		before = hf__steps;
		assert_ptr_equal(hf__index_next(node),
		                 i + 1 < bench->count ? &bench->items[i + 1].node : NULL);
		assert_true(hf__steps - before <= height);
	}
}

/* Up at most one way and down one way; a level costs up to three steps up (loop, look right,
 * climb) and two down. */
static void bench_pass_bounded(const struct bench *bench, size_t from,
                               const struct hf__index_filter *filter, size_t expected)
{
	uint64_t before = hf__steps;
	struct hf__index_node *found = hf__index_pass(&bench->items[from].node, filter);
	assert_ptr_equal(found, expected < bench->count ? &bench->items[expected].node : NULL);
	assert_true(hf__steps - before <= 5 * height_bound(bench->count));
}

/* The same backward; `expected` beyond the last: none. */
static void bench_pass_back_bounded(const struct bench *bench, size_t from,
                                    const struct hf__index_filter *filter, size_t expected)
{
	uint64_t before = hf__steps;
	struct hf__index_node *found = hf__index_pass_back(&bench->items[from].node, filter);
	assert_ptr_equal(found, expected < bench->count ? &bench->items[expected].node : NULL);
	assert_true(hf__steps - before <= 5 * height_bound(bench->count));
}

static void bench_weights(struct bench *bench, int64_t weight, uint8_t tag)
{
	for (size_t i = 0; i < bench->count; i++)
		hf__index_update(&bench->order, &bench->items[i].node, weight, tag);
}

/* Everything is one class but a few needles: the worst case for whoever walks. */
static void bench_filters_bounded(struct bench *bench)
{
	struct hf_rng rng = hf_rng_for("needles");
	struct hf__index_filter low = {.low = 100, .high = INT64_MAX},
	                        high = {.low = INT64_MIN, .high = -100},
	                        tagged = {.low = INT64_MIN, .high = INT64_MAX, .tags = 6};
	bench_weights(bench, 0, 1);
	for (int round = 0; round < 50; round++) {
		size_t from = (size_t)hf_rng_below(&rng, bench->count);
		size_t needle = from + (size_t)hf_rng_below(&rng, bench->count - from);
		size_t last = bench->count - 1 - (size_t)hf_rng_below(&rng, bench->count - needle);
		bench_pass_bounded(bench, from, &low, bench->count);
		bench_pass_bounded(bench, from, &high, bench->count);
		bench_pass_bounded(bench, from, &tagged, bench->count);
		bench_pass_back_bounded(bench, from, &low, bench->count);
		hf__index_update(&bench->order, &bench->items[needle].node, 100, 4);
		bench_pass_bounded(bench, from, &low, needle);
		bench_pass_bounded(bench, from, &tagged, needle);
		bench_pass_back_bounded(bench, last, &low, needle);
		bench_pass_back_bounded(bench, last, &tagged, needle);
		assert_ptr_equal(hf__index_first_pass(&bench->order, &low), &bench->items[needle].node);
		hf__index_update(&bench->order, &bench->items[needle].node, -100, 1);
		bench_pass_bounded(bench, from, &high, needle);
		bench_pass_back_bounded(bench, last, &high, needle);
		hf__index_update(&bench->order, &bench->items[needle].node, 0, 1);
	}
	bench_pass_bounded(bench, 0, &low, bench->count);
	/* And the other way round: every node passes. */
	bench_weights(bench, 100, 4);
	bench_pass_bounded(bench, bench->count / 2, &low, bench->count / 2);
}

static void bench_removal_bounded(struct bench *bench)
{
	struct hf_rng rng = hf_rng_for("removal");
	/* One way to the node's successor, and one way back to the root. */
	size_t bound = 2 * height_bound(bench->count) + 1;
	for (size_t left = bench->count; left > 0; left--) {
		size_t index = (size_t)hf_rng_below(&rng, left);
		uint64_t before = hf__steps;
		hf__index_remove(&bench->order, &bench->items[index].node);
		assert_true(hf__steps - before <= bound);
		if (index != left - 1) {
			/* Keep the items that are in together at the front: the last one moves into the
			 * hole. */
			hf__index_remove(&bench->order, &bench->items[left - 1].node);
			bench->items[index].key = bench->items[left - 1].key;
			hf__index_insert(&bench->order, &bench->items[index].node);
		}
	}
	assert_int_equal(hf__index_count(&bench->order), 0);
}

static void steps_bounded(size_t count, bool shuffled)
{
	struct bench bench = bench_new(count, shuffled);
	assert_true(bench.insert_worst <= 2 * height_bound(count) + 1);
	bench_places_bounded(&bench, count > 10000 ? 13 : 1);
	bench_filters_bounded(&bench);
	bench_removal_bounded(&bench);
	free(bench.items);
}

static void steps_are_logarithmic_at_a_thousand(void **state)
{
	(void)state;
	steps_bounded(1000, true);
	steps_bounded(1000, false);
}

static void steps_are_logarithmic_at_a_hundred_thousand(void **state)
{
	(void)state;
	steps_bounded(100000, false); /* rising, as a log grows; then removed in random order */
}

/* --- Sane ------------------------------------------------------------------------------------- */

static void sane_sees_damage(void **state)
{
	(void)state;
	struct bench bench = bench_new(100, true);
	struct hf__index_node *root = bench.order.root, *inner = root->left,
	                      *leaf = hf__index_first(&bench.order);
	struct hf__index_node kept = *inner;
	inner->least--;
	assert_false(hf__index_sane(&bench.order));
	*inner = kept;
	inner->most++;
	assert_false(hf__index_sane(&bench.order));
	*inner = kept;
	inner->size++;
	assert_false(hf__index_sane(&bench.order));
	*inner = kept;
	inner->tags = 1;
	assert_false(hf__index_sane(&bench.order));
	*inner = kept;
	inner->height++;
	assert_false(hf__index_sane(&bench.order));
	*inner = kept;
	inner->parent = leaf;
	assert_false(hf__index_sane(&bench.order));
	*inner = kept;
	leaf->left = root; /* a ring */
	assert_false(hf__index_sane(&bench.order));
	leaf->left = NULL;
	((struct item *)leaf)->key = 1000; /* the order changed behind its back */
	assert_false(hf__index_sane(&bench.order));
	((struct item *)leaf)->key = 0;
	assert_true(hf__index_sane(&bench.order));
	free(bench.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(behaves_like_a_sorted_array),
	    cmocka_unit_test(an_empty_order_has_nothing),
	    cmocka_unit_test(steps_are_logarithmic_at_a_thousand),
	    cmocka_unit_test(steps_are_logarithmic_at_a_hundred_thousand),
	    cmocka_unit_test(sane_sees_damage),
	};
	return cmocka_run_group_tests_name("object/index", tests, NULL, NULL);
}
