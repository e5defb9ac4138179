/* tier: fast */
/* Orders that are made late, as an opening makes them: what comes in any order, read and changed
 * meanwhile or not, is in the end what a sorted array is; sums are right all the time; putting in
 * order needs no memory; equal objects are found. */
#include "base/mem.h"
#include "index_item.h"
#include "lib/rng.h"
#include "lib/test.h"
#include "object/tree.h"

enum { MOST = 5000 };

static struct late {
	struct hf__index_nodes nodes;
	struct hf__index order;
	struct item items[MOST];
	size_t count; /* that may be in */
	size_t in;
} late;

/* How keys come. */
enum pattern { RISING, FALLING, RANDOM, CROWDED, RUNS, NEARLY, PATTERNS };

static int64_t key_of(enum pattern pattern, size_t i, struct hf_rng *rng)
{
	const int64_t n = (int64_t)i;
	switch (pattern) {
	case RISING:
		return n;
	case FALLING:
		return -n;
	case RUNS:
		return n % 700 * MOST + n / 700;
	case CROWDED: /* few are far from the others */
		return (hf_rng_chance(rng, 1, 99) ? (int64_t)(hf_rng_next(rng) >> 16)
		                                  : (int64_t)hf_rng_below(rng, 50)) *
		           MOST +
		       n;
	case NEARLY:
		return hf_rng_chance(rng, 1, 50) ? n - 400 * 1000 - (int64_t)hf_rng_below(rng, 99) * MOST
		                                 : n;
	default:
		return (int64_t)(hf_rng_next(rng) >> 16) * MOST + n;
	}
}

static void begin(size_t count)
{
	memset(&late, 0, sizeof late);
	late.count = count;
	hf__index_init(&late.order, &by_key, &late.nodes);
	hf__index_late_begin(&late.nodes);
}

static void end(void)
{
	hf__index_deinit(&late.order);
	hf__nodes_deinit(&late.nodes);
	assert_int_equal(late.nodes.spares, 0);
}

static bool put(size_t i)
{
	hf__nodes_end(&late.nodes);
	if (hf__nodes_reserve(&late.nodes) != HF_OK)
		return false;
	hf__index_insert(&late.order, &late.items[i]);
	late.items[i].in = true;
	late.in++;
	return true;
}

static void take(size_t i)
{
	hf__nodes_end(&late.nodes);
	assert_int_equal(hf__nodes_reserve(&late.nodes), HF_OK);
	hf__index_remove(&late.order, &late.items[i]);
	late.items[i].in = false;
	late.in--;
}

static int compare(const void *a, const void *b)
{
	const struct item *const *x = a, *const *y = b;
	return ((*x)->key > (*y)->key) - ((*x)->key < (*y)->key);
}

static void check(void)
{
	static struct item *sorted[MOST];
	size_t count = 0;
	for (size_t i = 0; i < late.count; i++)
		if (late.items[i].in)
			sorted[count++] = &late.items[i];
	qsort(sorted, count, sizeof *sorted, compare);
	assert_int_equal(count, late.in);
	assert_int_equal(hf__index_count(&late.order), count);
	assert_true(hf__index_sane(&late.order));
	struct hf__index_at at = hf__index_first(&late.order);
	for (size_t i = 0; i < count; i++, at = hf__index_next(at))
		assert_ptr_equal(hf__index_object(at), sorted[i]);
	assert_null(at.leaf);
}

static void check_sums(void)
{
	int64_t least = INT64_MAX, most = INT64_MIN;
	for (size_t i = 0; i < late.count; i++) {
		const struct item *item = &late.items[i];
		least = item->in && item->weight < least ? item->weight : least;
		most = item->in && item->weight > most ? item->weight : most;
	}
	assert_int_equal(hf__index_count(&late.order), late.in);
	assert_int_equal(hf__index_least(&late.order), least);
	assert_int_equal(hf__index_most(&late.order), most);
}

/* Half of the time all weights are the same, as those of objects that never end are. */
static void make_items(enum pattern pattern, struct hf_rng *rng)
{
	const bool even = hf_rng_chance(rng, 1, 2);
	for (size_t i = 0; i < late.count; i++)
		late.items[i] = (struct item){.key = key_of(pattern, i, rng),
		                              .weight = even ? 7 : hf_rng_range(rng, -9, 9),
		                              .tag = even ? 0 : (uint8_t)(1u << hf_rng_below(rng, 4))};
}

static void what_came_in_any_order_is_in_order_at_the_end(void **state)
{
	struct hf_rng rng = hf_rng_for("late");
	const size_t sizes[] = {0, 1, 31, 32, 33, 64, 65, 97, 1024, 1057, MOST};
	(void)state;
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
		for (enum pattern pattern = RISING; pattern < PATTERNS; pattern++) {
			begin(sizes[s]);
			make_items(pattern, &rng);
			for (size_t i = 0; i < late.count; i++)
				assert_true(put(i));
			assert_int_equal(hf__index_is_late(&late.order), late.count > HF__NODE_WIDTH);
			check_sums();
			assert_int_equal(hf__index_late_end(&late.nodes), HF_OK);
			check();
			for (size_t i = 0; i < late.count; i += 3) /* an index like any other from here on */
				take(i);
			check();
			end();
		}
}

/* One read, removal or update in so many inserts. */
static void meddle(struct hf_rng *rng, size_t i)
{
	const size_t k = (size_t)hf_rng_below(rng, i + 1);
	struct item *item = &late.items[k];
	if (hf_rng_chance(rng, 1, 3) && item->in) {
		take(k);
	} else if (hf_rng_chance(rng, 1, 2) && item->in) {
		const struct item was = *item;
		item->weight = hf_rng_range(rng, -9, 9);
		hf__index_update(&late.order, item, was.weight, was.tag);
	} else if (item->in) {
		assert_ptr_equal(hf__index_object(hf__index_find(&late.order, item)), item);
	} else {
		assert_true(put(k));
	}
}

static void reads_and_changes_meanwhile_see_all_of_it(void **state)
{
	struct hf_rng rng = hf_rng_for("meddling");
	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		const uint32_t seldom = 1u << hf_rng_below(&rng, 12);
		begin(1 + (size_t)hf_rng_below(&rng, 3000));
		make_items((enum pattern)hf_rng_below(&rng, PATTERNS), &rng);
		for (size_t i = 0; i < late.count; i++) {
			if (!late.items[i].in)
				assert_true(put(i));
			if (hf_rng_chance(&rng, 1, seldom))
				meddle(&rng, i);
		}
		check_sums();
		if (hf_rng_chance(&rng, 1, 2))
			assert_int_equal(hf__index_late_end(&late.nodes), HF_OK);
		check();
		end();
	}
}

/* As a queue that fills up, is worked off and fills up: what is left is in a small root. */
static void an_order_that_shrank_and_grows_again_is_in_order(void **state)
{
	struct hf_rng rng = hf_rng_for("shrank");
	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		begin(HF__NODE_WIDTH + 1 + (size_t)hf_rng_below(&rng, round % 2 ? 100 : 2000));
		make_items((enum pattern)hf_rng_below(&rng, PATTERNS), &rng);
		for (unsigned wave = 0; wave < 3; wave++) {
			for (size_t i = 0; i < late.count; i++)
				if (!late.items[i].in)
					assert_true(put(i));
			const size_t left = (size_t)hf_rng_below(&rng, HF__NODE_WIDTH + 8);
			for (size_t i = (size_t)hf_rng_below(&rng, late.count); late.in > left;
			     i = (i + 1) % late.count)
				if (late.items[i].in)
					take(i);
			assert_true(hf__index_sane(&late.order));
		}
		for (size_t i = 0; i < late.count; i += 1 + (size_t)hf_rng_below(&rng, 3))
			if (!late.items[i].in)
				assert_true(put(i));
		check_sums();
		assert_int_equal(hf__index_late_end(&late.nodes), HF_OK);
		check();
		end();
	}
}

/* --- Memory ----------------------------------------------------------------------------------- */

struct veto {
	uint64_t left; /* allocations that succeed */
};

static bool refuse(void *ctx, size_t size)
{
	struct veto *veto = ctx;
	(void)size;
	return veto->left == 0 || veto->left-- == 0;
}

static void no_memory_at_any_allocation_leaves_an_order(void **state)
{
	struct hf_rng rng = hf_rng_for("memory");
	(void)state;
	for (uint64_t fails = 0; fails < 120; fails++) {
		struct veto veto = {fails};
		begin(2000);
		make_items((enum pattern)(fails % PATTERNS), &rng);
		for (size_t i = 0; i < late.count; i++) {
			hf__mem_set_veto(i >= 20 ? refuse : NULL, &veto);
			const bool there = put(i);
			hf__mem_set_veto(NULL, NULL);
			if (!there)
				assert_true(put(i));
		}
		hf__mem_set_veto(refuse, &veto);
		veto.left = 0;
		const int rc = hf__index_late_end(&late.nodes);
		hf__mem_set_veto(NULL, NULL);
		assert_true(rc == HF_ENOMEM || rc == HF_OK);
		check();
		end();
	}
}

/* A removal puts all in order, and is taken back. */
static void what_a_change_removes_comes_back_without_memory(void **state)
{
	struct hf_rng rng = hf_rng_for("undo");
	(void)state;
	for (unsigned round = 0; round < 30; round++) {
		struct veto veto = {0};
		begin(33 + (size_t)hf_rng_below(&rng, 3000));
		make_items((enum pattern)hf_rng_below(&rng, PATTERNS), &rng);
		for (size_t i = 0; i < late.count; i++)
			assert_true(put(i));
		hf__nodes_end(&late.nodes);
		assert_int_equal(hf__nodes_reserve(&late.nodes), HF_OK);
		const size_t gone = 1 + (size_t)hf_rng_below(&rng, late.count);
		hf__mem_set_veto(refuse, &veto);
		for (size_t i = 0; i < gone; i++)
			hf__index_remove(&late.order, &late.items[i]);
		for (size_t i = gone; i-- > 0;)
			hf__index_insert(&late.order, &late.items[i]);
		hf__mem_set_veto(NULL, NULL);
		assert_int_equal(hf__index_late_end(&late.nodes), HF_OK);
		check();
		end();
	}
}

/* --- Twins ------------------------------------------------------------------------------------ */

static void equal_objects_are_found(void **state)
{
	struct hf_rng rng = hf_rng_for("twins");
	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		begin(40 + (size_t)hf_rng_below(&rng, 3000));
		make_items((enum pattern)hf_rng_below(&rng, PATTERNS), &rng);
		const size_t twin = HF__NODE_WIDTH + (size_t)hf_rng_below(&rng, late.count - 32),
		             other = (size_t)hf_rng_below(&rng, twin);
		late.items[twin].key = late.items[other].key;
		for (size_t i = 0; i < late.count; i++)
			assert_true(put(i));
		assert_true(hf__index_is_late(&late.order));
		assert_int_equal(hf__index_late_end(&late.nodes), HF_ECORRUPT);
		assert_true(hf__index_has_twins(&late.order));
		end();
	}
}

static size_t dropped;

static void drop(void *object)
{
	assert_true(((struct item *)object)->in);
	((struct item *)object)->in = false;
	dropped++;
}

static void a_late_order_is_drained_and_freed(void **state)
{
	struct hf_rng rng = hf_rng_for("drain");
	(void)state;
	begin(1000);
	make_items(RANDOM, &rng);
	for (size_t i = 0; i < late.count; i++)
		assert_true(put(i));
	dropped = 0;
	hf__index_drain(&late.order, drop);
	assert_int_equal(dropped, late.count);
	assert_null(late.nodes.tails);
	assert_int_equal(hf__index_late_end(&late.nodes), HF_OK);
	assert_int_equal(hf__index_count(&late.order), 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_came_in_any_order_is_in_order_at_the_end),
	    cmocka_unit_test(reads_and_changes_meanwhile_see_all_of_it),
	    cmocka_unit_test(an_order_that_shrank_and_grows_again_is_in_order),
	    cmocka_unit_test(no_memory_at_any_allocation_leaves_an_order),
	    cmocka_unit_test(what_a_change_removes_comes_back_without_memory),
	    cmocka_unit_test(equal_objects_are_found),
	    cmocka_unit_test(a_late_order_is_drained_and_freed),
	};
	return cmocka_run_group_tests_name("object/late", tests, NULL, NULL);
}
