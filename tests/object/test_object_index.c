/* tier: fast */
/* The ordered index against a sorted array, and bounds on the steps of every operation, filters
 * that skip included. */
#include "base/steps.h"
#include "index_item.h"
#include "lib/rng.h"
#include "lib/test.h"
#include "object/index.h"

static void insert(struct hf__index *order, struct item *item)
{
	assert_int_equal(hf__nodes_reserve(order->nodes), HF_OK);
	hf__index_insert(order, item);
}

static void update(struct hf__index *order, struct item *item, int64_t weight, uint8_t tag)
{
	const struct item was = *item;
	item->weight = weight;
	item->tag = tag;
	hf__index_update(order, item, was.weight, was.tag);
}

static bool item_passes(const struct item *item, const struct hf__index_filter *filter)
{
	bool tag_ok = filter->tags == 0 || (item->tag & filter->tags);
	return item->in && tag_ok && item->weight >= filter->low && item->weight <= filter->high;
}

static struct item *object(struct hf__index_at at)
{
	return hf__index_object(at);
}

/* --- Model: items[i] has key 2 * i, so that odd keys lie between; `in` says who is there ------ */

enum { UNIVERSE = 400 };

static struct item *model_from(struct item *items, int64_t from)
{
	for (int64_t i = from < 0 ? 0 : from; i < UNIVERSE; i++)
		if (items[i].in)
			return &items[i];
	return NULL;
}

static struct item *model_until(struct item *items, int64_t until)
{
	for (int64_t i = until; i >= 0; i--)
		if (items[i].in)
			return &items[i];
	return NULL;
}

static struct item *model_pass(struct item *items, int64_t from,
                               const struct hf__index_filter *filter)
{
	for (int64_t i = from; i < UNIVERSE; i++)
		if (item_passes(&items[i], filter))
			return &items[i];
	return NULL;
}

static struct item *model_pass_back(struct item *items, int64_t from,
                                    const struct hf__index_filter *filter)
{
	for (int64_t i = from; i >= 0; i--)
		if (item_passes(&items[i], filter))
			return &items[i];
	return NULL;
}

static void model_check_places(const struct hf__index *order, struct item *items)
{
	size_t rank = 0;
	for (int64_t i = 0; i < UNIVERSE; i++) {
		int64_t key = 2 * i, between = 2 * i - 1;
		assert_ptr_equal(object(hf__index_seek(order, &key, 1)), model_from(items, i));
		assert_ptr_equal(object(hf__index_seek(order, &between, 1)), model_from(items, i));
		assert_ptr_equal(object(hf__index_after(order, &key, 1)), model_from(items, i + 1));
		assert_int_equal(hf__index_floor_rank(order, &key, 1, 0), rank);
		if (items[i].in) {
			const struct hf__index_at at = hf__index_find(order, &items[i]);
			assert_ptr_equal(object(at), &items[i]);
			assert_int_equal(hf__index_rank(order, &items[i]), rank++);
			assert_ptr_equal(object(hf__index_next(at)), model_from(items, i + 1));
			assert_ptr_equal(object(hf__index_prev(at)), model_until(items, i - 1));
		}
		assert_int_equal(hf__index_floor_rank(order, &key, 1, 1), rank);
	}
	assert_int_equal(hf__index_count(order), rank);
	assert_ptr_equal(object(hf__index_first(order)), model_from(items, 0));
	assert_ptr_equal(object(hf__index_last(order)), model_until(items, UNIVERSE - 1));
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
		assert_ptr_equal(object(hf__index_first_pass(order, &filter)),
		                 model_pass(items, 0, &filter));
		for (int64_t i = 0; i < UNIVERSE; i++) {
			if (items[i].in) {
				const struct hf__index_at at = hf__index_find(order, &items[i]);
				assert_ptr_equal(object(hf__index_pass(order, at, &filter)),
				                 model_pass(items, i, &filter));
				assert_ptr_equal(object(hf__index_pass_back(order, at, &filter)),
				                 model_pass_back(items, i, &filter));
			}
		}
	}
	const struct hf__index_filter all = {.low = INT64_MIN, .high = INT64_MAX};
	const struct hf__index_at nowhere = {0};
	assert_null(object(hf__index_pass(order, nowhere, &all)));
	assert_null(object(hf__index_pass_back(order, nowhere, &all)));
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
		item->weight = any_weight(rng);
		item->tag = any_tag(rng);
		insert(order, item);
		item->in = true;
	} else if (item->in && hf_rng_chance(rng, 1, 3)) {
		int64_t weight = any_weight(rng);
		uint8_t tag = any_tag(rng);
		update(order, item, weight, tag);
	} else if (item->in && !fill) {
		hf__index_remove(order, item);
		item->in = false;
	}
}

static void behaves_like_a_sorted_array(void **state)
{
	(void)state;
	enum { OPERATIONS = 12000 };
	static struct item items[UNIVERSE];
	struct hf_rng rng = hf_rng_for("order model");
	struct hf__index_nodes nodes = {0};
	struct hf__index order;
	hf__index_init(&order, &by_key, &nodes);
	for (int64_t i = 0; i < UNIVERSE; i++)
		items[i].key = 2 * i;
	for (int i = 0; i < OPERATIONS; i++) {
		bool fill = hf_rng_chance(&rng, i / 2000 % 2 ? 1 : 4, 5);
		model_operate(&order, &items[hf_rng_below(&rng, UNIVERSE)], &rng, fill);
		assert_true(hf__index_sane(&order));
		if (i % 50 == 0) {
			model_check_places(&order, items);
			model_check_filters(&order, items, &rng);
			hf__nodes_end(&nodes);
		}
	}
	hf__index_deinit(&order);
	hf__nodes_deinit(&nodes);
}

static void an_empty_order_has_nothing(void **state)
{
	(void)state;
	struct hf__index order;
	struct hf__index_filter all = {.low = INT64_MIN, .high = INT64_MAX};
	int64_t key = 0;
	hf__index_init(&order, &by_key, NULL);
	assert_true(hf__index_sane(&order));
	assert_int_equal(hf__index_count(&order), 0);
	assert_null(object(hf__index_first(&order)));
	assert_null(object(hf__index_last(&order)));
	assert_null(object(hf__index_seek(&order, &key, 1)));
	assert_null(object(hf__index_after(&order, &key, 1)));
	assert_null(object(hf__index_first_pass(&order, &all)));
}

/* --- Steps ------------------------------------------------------------------------------------ */

/* A step is a node, an object that is compared, or up to eight objects of a leaf that are fetched
 * together for their weights. */

/* Levels below the root of n entries, where all nodes are at least half full. */
static size_t height_bound(size_t n)
{
	size_t height = 0;
	for (; n > HF__NODE_WIDTH; n /= HF__NODE_WIDTH / 2)
		height++;
	return height;
}

/* What sharing out among neighbours, or summing up anew, looks at: once in many changes. */
#define SHARE_BOUND (4 * HF__NODE_WIDTH / 8 + 8)

struct bench {
	struct hf__index order;
	struct hf__index_nodes nodes;
	struct item *items; /* keys 0 to count - 1 */
	size_t count;
	uint64_t insert_worst;
};

static void bench_insert(struct bench *bench, size_t index)
{
	uint64_t before = hf__steps;
	insert(&bench->order, &bench->items[index]);
	uint64_t steps = hf__steps - before;
	bench->insert_worst = steps > bench->insert_worst ? steps : bench->insert_worst;
}

/* Inserted shuffled, or rising, which is the usual case of a log. */
static struct bench *bench_new(size_t count, bool shuffled)
{
	struct bench *bench = calloc(1, sizeof *bench);
	struct hf_rng rng = hf_rng_for("order steps");
	size_t *turns = calloc(count, sizeof *turns);
	assert_non_null(bench);
	assert_non_null(turns);
	bench->items = calloc(count, sizeof(struct item));
	bench->count = count;
	assert_non_null(bench->items);
	hf__index_init(&bench->order, &by_key, &bench->nodes);
	for (size_t i = 0; i < count; i++) {
		size_t j = shuffled ? (size_t)hf_rng_below(&rng, i + 1) : i;
		turns[i] = turns[j];
		turns[j] = i;
		bench->items[i].key = (int64_t)i;
		bench->items[i].weight = (int64_t)i;
	}
	const uint64_t before = hf__steps;
	for (size_t i = 0; i < count; i++)
		bench_insert(bench, turns[i]);
	assert_true(hf__steps - before <= count * (2 * height_bound(count) + 6));
	free(turns);
	assert_true(hf__index_sane(&bench->order));
	assert_true(bench->order.top.height <= height_bound(count));
	return bench;
}

static void bench_free(struct bench *bench)
{
	hf__index_deinit(&bench->order);
	hf__nodes_deinit(&bench->nodes);
	free(bench->items);
	free(bench);
}

static void bench_places_bounded(const struct bench *bench, size_t step)
{
	size_t height = height_bound(bench->count);
	for (size_t i = 0; i < bench->count; i += step) {
		uint64_t before = hf__steps;
		int64_t key = (int64_t)i;
		struct hf__index_at at = hf__index_seek(&bench->order, &key, 1);
		assert_ptr_equal(object(at), &bench->items[i]);
		/* the equal one may be the first of nodes: it is looked at once for each */
		assert_true(hf__steps - before <= 2 * height + 2);
		before = hf__steps;
		assert_int_equal(hf__index_rank(&bench->order, &bench->items[i]), i);
		assert_true(hf__steps - before <= 2 * height + 2);
		before = hf__steps;
		assert_ptr_equal(object(hf__index_next(at)),
		                 i + 1 < bench->count ? &bench->items[i + 1] : NULL);
		assert_true(hf__steps - before <= 1);
	}
}

/* The rest of one leaf, then up and down to one that has it. */
static uint64_t pass_bound(const struct bench *bench)
{
	return 2 * HF__NODE_WIDTH / 8 + 4 * height_bound(bench->count) + 2;
}

static void bench_pass_bounded(const struct bench *bench, size_t from,
                               const struct hf__index_filter *filter, size_t expected)
{
	const struct hf__index_at at = hf__index_find(&bench->order, &bench->items[from]);
	uint64_t before = hf__steps;
	struct item *found = object(hf__index_pass(&bench->order, at, filter));
	assert_ptr_equal(found, expected < bench->count ? &bench->items[expected] : NULL);
	assert_true(hf__steps - before <= pass_bound(bench));
}

/* The same backward; `expected` beyond the last: none. */
static void bench_pass_back_bounded(const struct bench *bench, size_t from,
                                    const struct hf__index_filter *filter, size_t expected)
{
	const struct hf__index_at at = hf__index_find(&bench->order, &bench->items[from]);
	uint64_t before = hf__steps;
	struct item *found = object(hf__index_pass_back(&bench->order, at, filter));
	assert_ptr_equal(found, expected < bench->count ? &bench->items[expected] : NULL);
	assert_true(hf__steps - before <= pass_bound(bench));
}

static void bench_weights(struct bench *bench, int64_t weight, uint8_t tag)
{
	for (size_t i = 0; i < bench->count; i++)
		update(&bench->order, &bench->items[i], weight, tag);
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
		update(&bench->order, &bench->items[needle], 100, 4);
		bench_pass_bounded(bench, from, &low, needle);
		bench_pass_bounded(bench, from, &tagged, needle);
		bench_pass_back_bounded(bench, last, &low, needle);
		bench_pass_back_bounded(bench, last, &tagged, needle);
		assert_ptr_equal(object(hf__index_first_pass(&bench->order, &low)), &bench->items[needle]);
		update(&bench->order, &bench->items[needle], -100, 1);
		bench_pass_bounded(bench, from, &high, needle);
		bench_pass_back_bounded(bench, last, &high, needle);
		update(&bench->order, &bench->items[needle], 0, 1);
	}
	bench_pass_bounded(bench, 0, &low, bench->count);
	/* And the other way round: every object passes. */
	bench_weights(bench, 100, 4);
	bench_pass_bounded(bench, bench->count / 2, &low, bench->count / 2);
}

static void bench_removal_bounded(struct bench *bench)
{
	struct hf_rng rng = hf_rng_for("removal");
	size_t bound = 2 * height_bound(bench->count) + 2 + SHARE_BOUND;
	uint64_t all = 0;
	for (size_t left = bench->count; left > 0; left--) {
		size_t index = (size_t)hf_rng_below(&rng, left);
		uint64_t before = hf__steps;
		hf__index_remove(&bench->order, &bench->items[index]);
		assert_true(hf__steps - before <= bound);
		all += hf__steps - before;
		if (index != left - 1) {
			/* Keep the items that are in together at the front: the last one moves into the
			 * hole. */
			hf__index_remove(&bench->order, &bench->items[left - 1]);
			bench->items[index].key = bench->items[left - 1].key;
			insert(&bench->order, &bench->items[index]);
		}
	}
	assert_true(all <= bench->count * (4 * height_bound(bench->count) + 6));
	assert_int_equal(hf__index_count(&bench->order), 0);
}

static void steps_bounded(size_t count, bool shuffled)
{
	struct bench *bench = bench_new(count, shuffled);
	assert_true(bench->insert_worst <= 2 * height_bound(count) + 2 + SHARE_BOUND);
	bench_places_bounded(bench, count > 10000 ? 13 : 1);
	bench_filters_bounded(bench);
	bench_removal_bounded(bench);
	bench_free(bench);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(behaves_like_a_sorted_array),
	    cmocka_unit_test(an_empty_order_has_nothing),
	    cmocka_unit_test(steps_are_logarithmic_at_a_thousand),
	    cmocka_unit_test(steps_are_logarithmic_at_a_hundred_thousand),
	};
	return cmocka_run_group_tests_name("object/index", tests, NULL, NULL);
}
