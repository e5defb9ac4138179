/* tier: fast */
/* The map against a plain table of what is in it; its growth in steps, and what it costs in memory;
 * keys chosen to collide, hashes that do; growth without memory, and changes taken back without
 * any. */
#include "base/map.h"
#include "base/mem.h"
#include "base/steps.h"
#include "lib/rng.h"
#include "lib/test.h"

#define MANY 100000

struct item {
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

static bool item_equal(const void *object, const void *key)
{
	const struct item *item = object;
	const uint64_t *wanted = key;
	return item->key == *wanted;
}

static uint64_t keyed(const struct hf__map *map, const void *object)
{
	return hf__map_hash(map, &((const struct item *)object)->key, sizeof(uint64_t));
}

/* Hashes as no caller can make them, since they are keyed: all the same; different in their top
 * bits alone, which no tag holds; in the bits of the first window alone; one bucket in 16. */
static uint64_t equal_hashes(const struct hf__map *map, const void *object)
{
	(void)map;
	(void)object;
	return UINT64_C(0x123456789abcdef);
}

static uint64_t top_hashes(const struct hf__map *map, const void *object)
{
	(void)map;
	return ((const struct item *)object)->key << 48;
}

static uint64_t low_hashes(const struct hf__map *map, const void *object)
{
	return keyed(map, object) & 0xff;
}

static uint64_t sparse_hashes(const struct hf__map *map, const void *object)
{
	return keyed(map, object) & ~UINT64_C(0xf);
}

static struct item *item_find(const struct hf__map *map, uint64_t key)
{
	const struct item wanted = {.key = key};
	return hf__map_find(map, map->hash(map, &wanted), item_equal, &key);
}

static void item_put(struct hf__map *map, uint64_t key)
{
	hf__map_insert(map, &items[key], map->hash(map, &items[key]));
	items[key].in = true;
}

static void item_insert(struct hf__map *map, uint64_t key)
{
	assert_true(hf__map_reserve(map));
	item_put(map, key);
}

/* For good. */
static void item_remove(struct hf__map *map, uint64_t key)
{
	hf__map_remove(map, &items[key]);
	hf__map_trim(map);
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
	struct hf__map_walk walk = {0};
	for (struct item *item; (item = hf__map_next(map, &walk)) != NULL;) {
		assert_true(item->in);
		assert_false(item->seen);
		item->seen = true;
		walked++;
	}
	assert_int_equal(walked, expected);
	assert_int_equal(map->count, expected);
}

static void act_like_a_plain_table(hf__map_hash_of hash, uint64_t universe, int operations)
{
	struct hf_rng rng = hf_rng_for("map model");
	const size_t before = hf__mem_used();
	struct hf__map map;
	assert_true(hf__map_init(&map, hash, fixed_key));
	for (int i = 0; i < operations; i++) {
		uint64_t key = hf_rng_below(&rng, universe);
		assert_ptr_equal(item_find(&map, key), items[key].in ? &items[key] : NULL);
		/* Phases of growing and shrinking, so that emptying is tried too. */
		bool fill = hf_rng_chance(&rng, i * 6 / operations % 2 ? 1 : 9, 10);
		if (items[key].in && !fill)
			item_remove(&map, key);
		else if (!items[key].in && fill)
			item_insert(&map, key);
		if (i % (operations / 10) == 0)
			map_check(&map, universe);
	}
	map_check(&map, universe);
	for (uint64_t key = 0; key < universe; key++)
		if (items[key].in)
			item_remove(&map, key);
	map_check(&map, universe);
	hf__map_deinit(&map);
	assert_int_equal(hf__mem_used(), before);
}

static void behaves_like_a_plain_table(void **state)
{
	(void)state;
	act_like_a_plain_table(keyed, 3000, 60000);
	act_like_a_plain_table(keyed, MANY, 600000);
}

static void hashes_that_meet_cost_time_only(void **state)
{
	(void)state;
	act_like_a_plain_table(equal_hashes, 200, 4000);
	act_like_a_plain_table(top_hashes, 200, 4000);
	act_like_a_plain_table(low_hashes, 5000, 40000);
	act_like_a_plain_table(sparse_hashes, 20000, 100000);
}

/* --- Taking back ------------------------------------------------------------------------------ */

enum { STEPS_MAX = 3000 };

static bool veto_all(void *ctx, size_t size)
{
	(void)ctx;
	return size > 0;
}

/* Some inserts and removals, taken back in reverse order without memory, or kept. */
static void change_some(struct hf__map *map, struct hf_rng *rng, uint64_t universe, bool keep)
{
	static uint64_t steps[STEPS_MAX];
	const size_t count = hf_rng_below(rng, hf_rng_chance(rng, 1, 10) ? STEPS_MAX : 60);
	const uint32_t inserts = (uint32_t)hf_rng_below(rng, 11);
	size_t done = 0;
	for (size_t i = 0; i < count; i++) {
		const uint64_t key = hf_rng_below(rng, universe);
		if (items[key].in == hf_rng_chance(rng, inserts, 10))
			continue;
		if (items[key].in) {
			hf__map_remove(map, &items[key]);
			items[key].in = false;
		} else {
			item_insert(map, key);
		}
		steps[done++] = key;
	}
	hf__mem_set_veto(veto_all, NULL);
	while (!keep && done > 0) {
		const uint64_t key = steps[--done];
		if (items[key].in)
			hf__map_remove(map, &items[key]);
		else
			item_put(map, key);
		items[key].in = item_find(map, key) != NULL;
	}
	hf__mem_set_veto(NULL, NULL);
	for (; done > 0; done--) /* for each that was removed, as many as it may be */
		hf__map_trim(map);
}

static void take_back(hf__map_hash_of hash, uint64_t universe, int changes)
{
	struct hf_rng rng = hf_rng_for("map undo");
	static bool was_in[MANY];
	struct hf__map map;
	assert_true(hf__map_init(&map, hash, fixed_key));
	for (int i = 0; i < changes; i++) {
		const bool keep = hf_rng_chance(&rng, 1, 2);
		for (uint64_t key = 0; key < universe; key++)
			was_in[key] = items[key].in;
		change_some(&map, &rng, universe, keep);
		for (uint64_t key = 0; !keep && key < universe; key++)
			assert_int_equal(items[key].in, was_in[key]);
		if (i % 10 == 0)
			map_check(&map, universe);
	}
	for (uint64_t key = 0; key < universe; key++)
		items[key].in = false;
	hf__map_deinit(&map);
}

static void a_change_is_taken_back_without_memory(void **state)
{
	(void)state;
	take_back(keyed, 6000, 600);
	take_back(keyed, 100, 600);
	take_back(sparse_hashes, 3000, 300);
	take_back(equal_hashes, 60, 200);
}

/* --- Growth ----------------------------------------------------------------------------------- */

static void a_zeroed_map_is_empty_and_safe_to_end(void **state)
{
	(void)state;
	struct hf__map map = {0};
	struct hf__map_walk walk = {0};
	uint64_t key = 1;
	assert_null(hf__map_find(&map, 1, item_equal, &key));
	assert_null(hf__map_next(&map, &walk));
	hf__map_deinit(&map);
	hf__map_deinit(&map);
}

static bool note_largest(void *ctx, size_t size)
{
	size_t *largest = ctx;
	*largest = size > *largest ? size : *largest;
	return false;
}

/* No insert, at any size, does more than a few steps, adds more than one bucket or clears more than
 * 64 KiB; finding stays short as well. */
static void growth_never_pauses(void **state)
{
	(void)state;
	struct hf__map map;
	uint64_t worst = 0, total = 0;
	size_t largest = 0;
	hf__mem_set_veto(note_largest, &largest);
	assert_true(hf__map_init(&map, keyed, fixed_key));
	for (uint64_t key = 0; key < MANY; key++) {
		size_t buckets = map.bucket_count;
		uint64_t before = hf__steps;
		item_insert(&map, key);
		uint64_t steps = hf__steps - before;
		worst = steps > worst ? steps : worst;
		assert_true(map.bucket_count - buckets <= 1);
	}
	hf__mem_set_veto(NULL, NULL);
	assert_true(largest <= (size_t)64 << 10);
	assert_true(map.bucket_count >= MANY / 8); /* at most as many as a line has slots, on average */
	assert_true(worst <= 150);
	for (uint64_t key = 0; key < MANY; key++) {
		uint64_t before = hf__steps;
		assert_non_null(item_find(&map, key));
		uint64_t steps = hf__steps - before;
		total += steps;
		assert_true(steps <= 20);
	}
	assert_true(total <= 3 * MANY);
	hf__map_deinit(&map);
}

/* An empty map is small, and so is one of three; a large one takes 14 bytes for each at most, and
 * gives nearly all of it back step by step. */
static void an_object_costs_14_bytes_at_most(void **state)
{
	(void)state;
	struct hf__map map;
	const size_t before = hf__mem_used();
	assert_true(hf__map_init(&map, keyed, fixed_key));
	for (uint64_t key = 0; key < MANY; key++) {
		item_insert(&map, key);
		const size_t used = hf__mem_used() - before;
		if (key == 3)
			assert_true(used <= 1024);
		else if (key > 40000 && key % 64 == 0)
			assert_true(used <= 14 * map.count);
	}
	printf("figure: a map of %d: %.1f bytes each\n", MANY,
	       (double)(hf__mem_used() - before) / (double)MANY);
	for (uint64_t key = 0; key < MANY; key++) {
		const size_t used = hf__mem_used(), buckets = map.bucket_count;
		item_remove(&map, key);
		assert_true(buckets - map.bucket_count <= 4);
		assert_true(used <= hf__mem_used() + 65536);
	}
	assert_true(hf__mem_used() - before <= 2048);
	hf__map_deinit(&map);
}

/* --- Collisions ------------------------------------------------------------------------------- */

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

static bool text_equal(const void *object, const void *key)
{
	char text[40];
	colliding_text(((const struct item *)object)->key, text);
	return strcmp(text, key) == 0;
}

static uint64_t text_keyed(const struct hf__map *map, const void *object)
{
	char text[40];
	colliding_text(((const struct item *)object)->key, text);
	return hf__map_hash(map, text, 34);
}

static uint64_t text_unkeyed(const struct hf__map *map, const void *object)
{
	char text[40];
	(void)map;
	colliding_text(((const struct item *)object)->key, text);
	return unkeyed_hash(text);
}

static uint64_t longest_find(const struct hf__map *map, uint64_t count)
{
	uint64_t worst = 0;
	for (uint64_t key = 0; key < count; key++) {
		char text[40];
		colliding_text(key, text);
		const uint64_t hash = map->hash(map, &items[key]), before = hf__steps;
		assert_ptr_equal(hf__map_find(map, hash, text_equal, text), &items[key]);
		worst = hf__steps - before > worst ? hf__steps - before : worst;
	}
	return worst;
}

static void keys_chosen_to_collide_stay_in_short_chains(void **state)
{
	(void)state;
	struct hf__map map;
	struct hf_rng rng = hf_rng_for("map key");
	uint8_t key[16];
	hf_rng_fill(&rng, key, sizeof key);
	assert_true(hf__map_init(&map, text_keyed, key));
	for (uint64_t i = 0; i < MANY; i++)
		item_insert(&map, i);
	assert_true(longest_find(&map, MANY) <= 20);
	hf__map_deinit(&map);
	/* The attack is real: without the key the same texts make one chain. */
	assert_true(hf__map_init(&map, text_unkeyed, key));
	for (uint64_t i = 0; i < 1000; i++)
		item_insert(&map, i);
	assert_true(longest_find(&map, 1000) >= 1000);
	hf__map_deinit(&map);
}

static void another_key_gives_other_hashes(void **state)
{
	(void)state;
	struct hf__map a, b;
	uint8_t other[16];
	memcpy(other, fixed_key, sizeof other);
	other[15] ^= 1;
	assert_true(hf__map_init(&a, keyed, fixed_key));
	assert_true(hf__map_init(&b, keyed, other));
	const struct item item = {.key = 1};
	assert_true(keyed(&a, &item) != keyed(&b, &item));
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
	assert_false(hf__map_init(&map, keyed, fixed_key));
	assert_null(map.segments);
	/* the directory there, the segment not, and so on; a leak shows under a sanitizer */
	veto.percent = 50;
	size_t failed = 0;
	for (int i = 0; i < 40; i++) {
		failed += !hf__map_init(&map, keyed, fixed_key);
		hf__map_deinit(&map);
	}
	assert_in_range(failed, 1, 39);
	hf__mem_set_veto(NULL, NULL);
}

/* What cannot be reserved is not inserted; where only the growth fails, answers stay right. */
static void growing_without_memory_only_makes_buckets_fuller(void **state)
{
	(void)state;
	enum { FIRST = 4000, SECOND = 20000 };
	struct veto veto = {hf_rng_for("growth"), 100, 0};
	struct hf__map map;
	assert_true(hf__map_init(&map, keyed, fixed_key));
	for (uint64_t key = 0; key < FIRST; key++) {
		hf__mem_set_veto(NULL, NULL);
		assert_true(hf__map_reserve(&map));
		hf__mem_set_veto(veto_some, &veto);
		item_put(&map, key);
	}
	assert_true(veto.asked > 0);
	assert_int_equal(map.bucket_count, 8); /* all that the first segment has */
	map_check(&map, FIRST);
	assert_true(!hf__map_reserve(&map) || map.spares > 0);
	veto.percent = 90;
	size_t refused = 0;
	for (uint64_t key = FIRST; key < SECOND; key++) {
		if (hf__map_reserve(&map))
			item_put(&map, key);
		else
			refused++;
		if (key % 3 == 0 && items[key - FIRST].in)
			item_remove(&map, key - FIRST);
	}
	assert_true(refused > 0 && map.bucket_count > 100);
	map_check(&map, SECOND);
	hf__mem_set_veto(NULL, NULL);
	hf__map_deinit(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(behaves_like_a_plain_table, items_new, items_free),
	    cmocka_unit_test_setup_teardown(hashes_that_meet_cost_time_only, items_new, items_free),
	    cmocka_unit_test_setup_teardown(a_change_is_taken_back_without_memory, items_new,
	                                    items_free),
	    cmocka_unit_test_setup_teardown(an_object_costs_14_bytes_at_most, items_new, items_free),
	    cmocka_unit_test(a_zeroed_map_is_empty_and_safe_to_end),
	    cmocka_unit_test_setup_teardown(growth_never_pauses, items_new, items_free),
	    cmocka_unit_test_setup_teardown(keys_chosen_to_collide_stay_in_short_chains, items_new,
	                                    items_free),
	    cmocka_unit_test(another_key_gives_other_hashes),
	    cmocka_unit_test_setup_teardown(init_without_memory_fails_and_leaves_nothing, items_new,
	                                    items_free),
	    cmocka_unit_test_setup_teardown(growing_without_memory_only_makes_buckets_fuller, items_new,
	                                    items_free),
	};
	return cmocka_run_group_tests_name("base/map", tests, NULL, NULL);
}
