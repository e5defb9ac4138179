/* tier: fast */
/* The map against a plain table of what is in it; its growth in steps; keys chosen to collide;
 * growth without memory. */
#include "base/map.h"
#include "base/mem.h"
#include "base/steps.h"
#include "lib/rng.h"
#include "lib/test.h"

#define MANY 100000

struct item {
	struct hf__map_node node; /* first, so that a node is its item */
	uint64_t key;
	bool in;
	bool seen;
};

static struct item *items; /* MANY of them */
static const uint8_t fixed_key[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static int items_new(void **state)
{
	(void)state;
	items = calloc(MANY, sizeof *items);
	for (uint64_t i = 0; items && i < MANY; i++)
		items[i].key = i;
	return items ? 0 : -1;
}

static int items_free(void **state)
{
	(void)state;
	free(items);
	hf__mem_set_veto(NULL, NULL);
	return 0;
}

static bool item_equal(const struct hf__map_node *node, const void *key)
{
	const struct item *item = (const struct item *)node;
	const uint64_t *wanted = key;
	return item->key == *wanted;
}

static uint64_t item_hash(const struct hf__map *map, uint64_t key)
{
	return hf__map_hash(map, &key, sizeof key);
}

static struct item *item_find(const struct hf__map *map, uint64_t key)
{
	return (struct item *)hf__map_find(map, item_hash(map, key), item_equal, &key);
}

static void item_insert(struct hf__map *map, uint64_t key)
{
	hf__map_insert(map, &items[key].node, item_hash(map, key));
	items[key].in = true;
}

static void item_remove(struct hf__map *map, uint64_t key)
{
	hf__map_remove(map, &items[key].node);
	items[key].in = false;
}

/* Every item that should be in is found and walked over exactly once, and no other. */
static void map_check(const struct hf__map *map, uint64_t universe)
{
	size_t expected = 0, walked = 0;
	for (uint64_t key = 0; key < universe; key++) {
		assert_ptr_equal(item_find(map, key), items[key].in ? &items[key] : NULL);
		expected += items[key].in;
		items[key].seen = false;
	}
	for (struct hf__map_node *node = hf__map_next(map, NULL); node;
	     node = hf__map_next(map, node)) {
		struct item *item = (struct item *)node;
		assert_true(item->in);
		assert_false(item->seen);
		item->seen = true;
		walked++;
	}
	assert_int_equal(walked, expected);
	assert_int_equal(map->count, expected);
}

static void behaves_like_a_plain_table(void **state)
{
	(void)state;
	enum { UNIVERSE = 3000, OPERATIONS = 60000 };
	struct hf_rng rng = hf_rng_for("map model");
	struct hf__map map;
	assert_true(hf__map_init(&map, fixed_key));
	for (int i = 0; i < OPERATIONS; i++) {
		uint64_t key = hf_rng_below(&rng, UNIVERSE);
		assert_ptr_equal(item_find(&map, key), items[key].in ? &items[key] : NULL);
		/* Phases of growing and shrinking, so that emptying is tried too. */
		bool fill = hf_rng_chance(&rng, i / 10000 % 2 ? 1 : 9, 10);
		if (items[key].in && !fill)
			item_remove(&map, key);
		else if (!items[key].in && fill)
			item_insert(&map, key);
		if (i % 6000 == 0)
			map_check(&map, UNIVERSE);
	}
	map_check(&map, UNIVERSE);
	hf__map_deinit(&map);
}

static void a_zeroed_map_is_empty_and_safe_to_end(void **state)
{
	(void)state;
	struct hf__map map = {0};
	uint64_t key = 1;
	assert_null(hf__map_find(&map, 1, item_equal, &key));
	assert_null(hf__map_next(&map, NULL));
	hf__map_deinit(&map);
	hf__map_deinit(&map);
}

/* No insert, at any size, does more than a few steps or adds more than one bucket; finding stays
 * short as well. */
static void growth_never_pauses(void **state)
{
	(void)state;
	struct hf__map map;
	uint64_t worst = 0, total = 0;
	assert_true(hf__map_init(&map, fixed_key));
	for (uint64_t key = 0; key < MANY; key++) {
		size_t buckets = map.bucket_count;
		uint64_t before = hf__steps;
		item_insert(&map, key);
		uint64_t steps = hf__steps - before;
		worst = steps > worst ? steps : worst;
		assert_true(map.bucket_count - buckets <= 1);
	}
	assert_true(map.bucket_count >= MANY); /* at most one node a bucket, on average */
	assert_true(worst <= 20);
	for (uint64_t key = 0; key < MANY; key++) {
		uint64_t before = hf__steps;
		assert_non_null(item_find(&map, key));
		uint64_t steps = hf__steps - before;
		total += steps;
		assert_true(steps <= 20);
	}
	assert_true(total <= 2 * MANY);
	hf__map_deinit(&map);
}

/* A well-known unkeyed string hash. "Aa" and "BB" collide under it, hence any two strings made
 * of such pairs. */
static uint64_t unkeyed_hash(const char *text)
{
	uint64_t hash = 0;
	for (; *text; text++)
		hash = hash * 31 + (unsigned char)*text;
	return hash;
}

static void colliding_text(uint64_t number, char text[40])
{
	for (int i = 0; i < 17; i++)
		memcpy(text + 2 * i, number >> i & 1 ? "Aa" : "BB", 2);
	text[34] = '\0';
}

static bool text_equal(const struct hf__map_node *node, const void *key)
{
	char text[40];
	colliding_text(((const struct item *)node)->key, text);
	return strcmp(text, key) == 0;
}

static uint64_t longest_find(const struct hf__map *map, uint64_t count, bool keyed)
{
	uint64_t worst = 0;
	for (uint64_t key = 0; key < count; key++) {
		char text[40];
		colliding_text(key, text);
		uint64_t before = hf__steps;
		uint64_t hash = keyed ? hf__map_hash(map, text, 34) : unkeyed_hash(text);
		assert_ptr_equal(hf__map_find(map, hash, text_equal, text), &items[key].node);
		worst = hf__steps - before > worst ? hf__steps - before : worst;
	}
	return worst;
}

static void colliding_insert(struct hf__map *map, uint64_t count, bool keyed)
{
	for (uint64_t key = 0; key < count; key++) {
		char text[40];
		colliding_text(key, text);
		hf__map_insert(map, &items[key].node,
		               keyed ? hf__map_hash(map, text, 34) : unkeyed_hash(text));
	}
}

static void keys_chosen_to_collide_stay_in_short_chains(void **state)
{
	(void)state;
	struct hf__map map;
	struct hf_rng rng = hf_rng_for("map key");
	uint8_t key[16];
	hf_rng_fill(&rng, key, sizeof key);
	assert_true(hf__map_init(&map, key));
	colliding_insert(&map, MANY, true);
	assert_true(longest_find(&map, MANY, true) <= 20);
	hf__map_deinit(&map);
	/* The attack is real: without the key the same texts make one chain. */
	assert_true(hf__map_init(&map, key));
	colliding_insert(&map, 1000, false);
	assert_int_equal(longest_find(&map, 1000, false), 1000);
	hf__map_deinit(&map);
}

static void another_key_gives_other_hashes(void **state)
{
	(void)state;
	struct hf__map a, b;
	uint8_t other[16];
	memcpy(other, fixed_key, sizeof other);
	other[15] ^= 1;
	assert_true(hf__map_init(&a, fixed_key));
	assert_true(hf__map_init(&b, other));
	assert_true(item_hash(&a, 1) != item_hash(&b, 1));
	hf__map_deinit(&a);
	hf__map_deinit(&b);
}

struct veto {
	struct hf_rng rng;
	uint32_t percent;
	size_t asked;
};

static bool veto_some(void *ctx, size_t size)
{
	struct veto *veto = ctx;
	(void)size;
	veto->asked++;
	return hf_rng_chance(&veto->rng, veto->percent, 100);
}

static void init_without_memory_fails_and_leaves_nothing(void **state)
{
	(void)state;
	struct veto veto = {hf_rng_for("init"), 100, 0};
	struct hf__map map;
	hf__mem_set_veto(veto_some, &veto);
	assert_false(hf__map_init(&map, fixed_key));
	assert_null(map.segments);
	/* the directory there, the segment not, and so on; a leak shows under a sanitizer */
	veto.percent = 50;
	size_t failed = 0;
	for (int i = 0; i < 40; i++) {
		failed += !hf__map_init(&map, fixed_key);
		hf__map_deinit(&map);
	}
	assert_in_range(failed, 1, 39);
	hf__mem_set_veto(NULL, NULL);
}

static void growing_without_memory_only_makes_chains_longer(void **state)
{
	(void)state;
	enum { FIRST = 4000, SECOND = 20000 };
	struct veto veto = {hf_rng_for("growth"), 100, 0};
	struct hf__map map;
	assert_true(hf__map_init(&map, fixed_key));
	size_t buckets = map.bucket_count;
	hf__mem_set_veto(veto_some, &veto);
	for (uint64_t key = 0; key < FIRST; key++)
		item_insert(&map, key);
	assert_true(veto.asked > 0);
	assert_int_equal(map.bucket_count, buckets);
	map_check(&map, FIRST);
	veto.percent = 90;
	for (uint64_t key = FIRST; key < SECOND; key++) {
		item_insert(&map, key);
		if (key % 3 == 0)
			item_remove(&map, key - FIRST);
	}
	assert_true(map.bucket_count > SECOND / 4);
	map_check(&map, SECOND);
	hf__mem_set_veto(NULL, NULL);
	hf__map_deinit(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(behaves_like_a_plain_table, items_new, items_free),
	    cmocka_unit_test(a_zeroed_map_is_empty_and_safe_to_end),
	    cmocka_unit_test_setup_teardown(growth_never_pauses, items_new, items_free),
	    cmocka_unit_test_setup_teardown(keys_chosen_to_collide_stay_in_short_chains, items_new,
	                                    items_free),
	    cmocka_unit_test(another_key_gives_other_hashes),
	    cmocka_unit_test_setup_teardown(init_without_memory_fails_and_leaves_nothing, items_new,
	                                    items_free),
	    cmocka_unit_test_setup_teardown(growing_without_memory_only_makes_chains_longer, items_new,
	                                    items_free),
	};
	return cmocka_run_group_tests_name("base/map", tests, NULL, NULL);
}
