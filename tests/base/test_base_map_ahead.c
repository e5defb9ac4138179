/* tier: fast */
/* What a map remembers between two calls. Hashes of pairs of names that it was told of before it is
 * asked: they are the same, whatever was expected and whatever is asked for. And where what it did
 * not find would be. */
#include "base/map.h"
#include "lib/rng.h"
#include "lib/test.h"

static const uint8_t key[16] = {7};

static uint64_t of_nothing(const struct hf__map *map, const void *object)
{
	(void)map, (void)object;
	return 0;
}

/* Without a memory of what was asked before. */
static uint64_t hash_afresh(struct hf_bytes first, struct hf_bytes second)
{
	struct hf__map map;
	assert_true(hf__map_init(&map, of_nothing, key));
	const uint64_t hash = hf__map_hash_pair(&map, first, second);
	hf__map_deinit(&map);
	return hash;
}

static struct hf_bytes some_name(const uint8_t *text, struct hf_rng *rng)
{
	return hf_bytes_of(text, (size_t)hf_rng_below(rng, hf_rng_chance(rng, 1, 8) ? HF_KEY_MAX : 4));
}

static void what_was_expected_changes_no_hash(void **state)
{
	static uint8_t text[HF_KEY_MAX];
	struct hf_rng rng = hf_rng_for("pairs");
	struct hf__map map;
	(void)state;
	assert_true(hf__map_init(&map, of_nothing, key));
	for (unsigned i = 0; i < 3000; i++) {
		const struct hf_bytes first = some_name(text, &rng), second = some_name(text, &rng);
		if (hf_rng_chance(&rng, 1, 2))
			hf__map_expect_pair(&map, some_name(text, &rng), some_name(text, &rng));
		if (hf_rng_chance(&rng, 1, 2))
			hf__map_expect_pair(&map, first, second);
		assert_int_equal(hf__map_hash_pair(&map, first, second), hash_afresh(first, second));
	}
	hf__map_deinit(&map);
}

/* As an opening asks: for each entry, once it has told of the next one. */
static void what_comes_after_what_was_expected_is_not_hashed_again(void **state)
{
	struct hf__map map;
	(void)state;
	assert_true(hf__map_init(&map, of_nothing, key));
	hf__map_expect_pair(&map, hf_str("a"), hf_str("1"));
	hf__map_expect_pair(&map, hf_str("a"), hf_str("2"));
	map.memo.hash ^= 1; /* shows where it comes from */
	assert_int_equal(hf__map_hash_pair(&map, hf_str("a"), hf_str("1")),
	                 hash_afresh(hf_str("a"), hf_str("1")) ^ 1);
	hf__map_expect_pair(&map, hf_str("a"), hf_str("3"));
	map.memo.hash ^= 1;
	assert_int_equal(hf__map_hash_pair(&map, hf_str("a"), hf_str("2")),
	                 hash_afresh(hf_str("a"), hf_str("2")) ^ 1);
	hf__map_deinit(&map);
}

static void a_map_that_holds_nothing_may_expect(void **state)
{
	const struct hf__map zeroed = {0};
	(void)state;
	hf__map_expect_pair(&zeroed, hf_str("a"), hf_str("b"));
	assert_null(hf__map_find(&zeroed, 1, NULL, NULL));
}

/* --- Where an absent one would be ------------------------------------------------------------ */

struct thing {
	uint64_t hash;
	bool in;
	char room[7]; /* an address that a slot can hold */
};

static uint64_t of_thing(const struct hf__map *map, const void *object)
{
	(void)map;
	return ((const struct thing *)object)->hash;
}

static bool same_thing(const void *object, const void *wanted)
{
	return object == wanted;
}

static void thing_insert(struct hf__map *map, struct thing *thing)
{
	assert_true(hf__map_reserve(map));
	hf__map_insert(map, thing, thing->hash);
	thing->in = true;
}

/* A map knows where what it did not find would be: until anything comes, goes or moves. */
static void what_was_not_found_is_put_where_it_belongs(void **state)
{
	enum { THINGS = 700, ROUNDS = 60 };
	static struct thing things[THINGS];
	struct hf_rng rng = hf_rng_for("where it would be");
	struct hf__map map;
	(void)state;
	assert_true(hf__map_init(&map, of_thing, key));
	for (unsigned i = 0; i < THINGS; i++)
		things[i] = (struct thing){.hash = hf_rng_next(&rng)};
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < THINGS; i += 2) {
			/* another one comes between, or not */
			const unsigned first = (unsigned)hf_rng_below(&rng, 2);
			assert_null(hf__map_find(&map, things[i].hash, same_thing, &things[i]));
			thing_insert(&map, &things[i + first]);
			thing_insert(&map, &things[i + 1 - first]);
		}
		for (unsigned i = 0; i < THINGS; i++)
			assert_ptr_equal(hf__map_find(&map, things[i].hash, same_thing, &things[i]),
			                 &things[i]);
		for (unsigned i = 0; i < THINGS; i++) {
			hf__map_remove(&map, &things[i]);
			things[i].in = false;
		}
		/* it shrinks between the question and the insert */
		struct thing *asked = &things[hf_rng_below(&rng, THINGS)];
		thing_insert(&map, &things[asked == things]);
		assert_null(hf__map_find(&map, asked->hash, same_thing, asked));
		for (unsigned i = 0; i < THINGS; i++)
			hf__map_trim(&map);
		thing_insert(&map, asked);
		assert_ptr_equal(hf__map_find(&map, asked->hash, same_thing, asked), asked);
		for (unsigned i = 0; i < THINGS; i++) {
			if (things[i].in)
				hf__map_remove(&map, &things[i]);
			things[i].in = false;
		}
	}
	hf__map_deinit(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_expected_changes_no_hash),
	    cmocka_unit_test(what_comes_after_what_was_expected_is_not_hashed_again),
	    cmocka_unit_test(a_map_that_holds_nothing_may_expect),
	    cmocka_unit_test(what_was_not_found_is_put_where_it_belongs),
	};
	return cmocka_run_group_tests_name("base/map ahead", tests, NULL, NULL);
}
