/* tier: fast */
/* The memory seam and arenas: zeroed, aligned, never moved, and a failure leaves everything as
 * it was. */
#include <stdalign.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "lib/rng.h"
#include "lib/test.h"

struct veto_count {
	size_t calls;
	size_t allow; /* this many first, then none */
};

static bool veto_after(void *ctx, size_t size)
{
	struct veto_count *count = ctx;
	(void)size;
	return count->calls++ >= count->allow;
}

static int veto_off(void **state)
{
	(void)state;
	hf__mem_set_veto(NULL, NULL);
	return 0;
}

static void alloc_gives_zeroed_memory_even_after_reuse(void **state)
{
	(void)state;
	for (size_t size = 1; size < 5000; size = size * 3 + 1) {
		uint8_t *first = hf__alloc(size);
		assert_non_null(first);
		memset(first, 0xee, size);
		hf__free(first);
		uint8_t *second = hf__alloc(size);
		assert_non_null(second);
		assert_true(hf__bytes_zero(second, size));
		hf__free(second);
	}
}

static void size_zero_gives_a_valid_pointer(void **state)
{
	(void)state;
	void *memory = hf__alloc(0);
	assert_non_null(memory);
	memory = hf__realloc(memory, 0);
	assert_non_null(memory);
	hf__free(memory);
	hf__free(NULL);
}

static void veto_fails_allocations_and_leaves_the_old_block(void **state)
{
	(void)state;
	struct veto_count count = {0, 1};
	hf__mem_set_veto(veto_after, &count);
	char *memory = hf__alloc(8);
	assert_non_null(memory);
	strcpy(memory, "kept");
	assert_null(hf__alloc(8));
	assert_null(hf__realloc(memory, 800));
	assert_string_equal(memory, "kept");
	assert_int_equal(count.calls, 3);
	hf__mem_set_veto(NULL, NULL);
	memory = hf__realloc(memory, 800);
	assert_non_null(memory);
	assert_string_equal(memory, "kept");
	hf__free(memory);
}

static void arena_slices_are_zeroed_aligned_apart_and_never_move(void **state)
{
	(void)state;
	enum { SLICES = 2000 };
	struct hf_rng rng = hf_rng_for("arena");
	struct hf__arena arena = {0};
	static uint8_t *slices[SLICES];
	static size_t sizes[SLICES];
	for (size_t i = 0; i < SLICES; i++) {
		sizes[i] = (size_t)hf_rng_below(&rng, hf_rng_chance(&rng, 1, 50) ? 100000 : 200);
		slices[i] = hf__arena_alloc(&arena, sizes[i]);
		assert_non_null(slices[i]);
		assert_int_equal((uintptr_t)slices[i] % alignof(max_align_t), 0);
		assert_true(hf__bytes_zero(slices[i], sizes[i]));
		memset(slices[i], (int)(i % 251) + 1, sizes[i]);
	}
	for (size_t i = 0; i < SLICES; i++)
		for (size_t at = 0; at < sizes[i]; at++)
			assert_int_equal(slices[i][at], i % 251 + 1);
	hf__arena_deinit(&arena);
	assert_null(arena.blocks);
	hf__arena_deinit(&arena);
}

static void arena_copy_copies_and_accepts_nothing(void **state)
{
	(void)state;
	struct hf__arena arena = {0};
	char *copy = hf__arena_copy(&arena, "words", 6);
	assert_non_null(copy);
	assert_string_equal(copy, "words");
	assert_non_null(hf__arena_copy(&arena, NULL, 0));
	hf__arena_deinit(&arena);
}

static void arena_that_cannot_grow_stays_usable(void **state)
{
	(void)state;
	struct hf__arena arena = {0};
	char *before = hf__arena_copy(&arena, "before", 7);
	assert_non_null(before);
	struct veto_count count = {0, 0};
	hf__mem_set_veto(veto_after, &count);
	assert_null(hf__arena_alloc(&arena, 4096));
	assert_int_equal(count.calls, 1);
	assert_non_null(hf__arena_alloc(&arena, 16)); /* fits into the block that is there */
	hf__mem_set_veto(NULL, NULL);
	assert_non_null(hf__arena_alloc(&arena, 4096));
	assert_string_equal(before, "before");
	hf__arena_deinit(&arena);
}

static bool veto_large(void *ctx, size_t size)
{
	(void)ctx;
	return size > (size_t)1 << 20;
}

/* A size that wrapped around would be a small one, for which memory is there. */
static void arena_refuses_sizes_that_would_wrap_around(void **state)
{
	(void)state;
	struct hf__arena arena = {0};
	hf__mem_set_veto(veto_large, NULL);
	for (size_t short_of = 0; short_of < 80; short_of++)
		assert_null(hf__arena_alloc(&arena, SIZE_MAX - short_of));
	assert_null(arena.blocks);
	hf__arena_deinit(&arena);
}

static void a_grown_array_keeps_its_items_and_doubles(void **state)
{
	(void)state;
	unsigned *items = NULL;
	size_t cap = 0, moves = 0;
	for (unsigned i = 0; i < 1000; i++) {
		const size_t before = cap;
		unsigned *grown = hf__grown(items, i, &cap, sizeof *grown, 3);
		assert_non_null(grown);
		assert_true(cap > i);
		assert_true(cap == before || cap == (before ? 2 * before : 3));
		moves += cap != before;
		items = grown;
		items[i] = i;
	}
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(items[i], i);
	assert_int_equal(moves, 10);
	hf__free(items);
}

static void an_array_that_cannot_grow_is_as_it_was(void **state)
{
	(void)state;
	struct veto_count count = {0, 0};
	size_t cap = 0;
	unsigned *items = hf__grown(NULL, 0, &cap, sizeof *items, 2);
	assert_non_null(items);
	items[0] = items[1] = 7;
	hf__mem_set_veto(veto_after, &count);
	assert_ptr_equal(hf__grown(items, 1, &cap, sizeof *items, 2), items); /* there is room */
	assert_null(hf__grown(items, 2, &cap, sizeof *items, 2));
	hf__mem_set_veto(NULL, NULL);
	assert_int_equal(cap, 2);
	assert_int_equal(items[1], 7);
	hf__free(items);
}

/* Refused before anything is asked for: the sum would have wrapped around. */
static void an_array_of_more_than_a_size_can_say_does_not_grow(void **state)
{
	(void)state;
	struct veto_count count = {0, 0};
	hf__mem_set_veto(veto_after, &count);
	for (size_t size = 1; size < 4096; size = size * 3 + 1) {
		size_t cap = SIZE_MAX / 2 / size + 1;
		const size_t before = cap;
		assert_null(hf__grown(NULL, cap, &cap, size, 8));
		assert_int_equal(cap, before);
	}
	hf__mem_set_veto(NULL, NULL);
	assert_int_equal(count.calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(alloc_gives_zeroed_memory_even_after_reuse),
	    cmocka_unit_test(size_zero_gives_a_valid_pointer),
	    cmocka_unit_test_teardown(veto_fails_allocations_and_leaves_the_old_block, veto_off),
	    cmocka_unit_test(a_grown_array_keeps_its_items_and_doubles),
	    cmocka_unit_test_teardown(an_array_that_cannot_grow_is_as_it_was, veto_off),
	    cmocka_unit_test_teardown(an_array_of_more_than_a_size_can_say_does_not_grow, veto_off),
	    cmocka_unit_test(arena_slices_are_zeroed_aligned_apart_and_never_move),
	    cmocka_unit_test(arena_copy_copies_and_accepts_nothing),
	    cmocka_unit_test_teardown(arena_that_cannot_grow_stays_usable, veto_off),
	    cmocka_unit_test_teardown(arena_refuses_sizes_that_would_wrap_around, veto_off),
	};
	return cmocka_run_group_tests_name("base/mem", tests, NULL, NULL);
}
