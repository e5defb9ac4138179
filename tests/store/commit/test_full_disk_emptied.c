/* tier: fast */
/* A store without room takes away what it holds all the same, and goes on with what that gives. */
#include "full_disk_case.h"
#include "lib/crash/crash_play.h"

/* The last part of a segment is for what makes room, and what it made is had again. */
static void a_full_store_can_be_emptied_and_used_again(void **state)
{
	(void)state;
	for (unsigned promises = 0; promises < 2; promises++) {
		struct sim *sim = new_disk(promises);
		hf_store *store = open_sized(sim, 0);
		sim_set_capacity(sim, sim_used(sim) + 600 * KIB);
		const unsigned items = fill_up(store);
		unsigned removed = 0;
		while (removed < items && life_remove(store, removed, &error) == HF_OK)
			removed++;
		assert_true(removed == items || removed > 150);
		assert_int_equal(life_pending(store), items - removed);
		assert_int_equal(enqueue(store, items, 1), HF_ENOSPACE);
		sim_set_capacity(sim, sim_used(sim) + 8 * BLOCK + (items - removed) * 512);
		assert_int_equal(hf_compact(store, &error), HF_OK);
		assert_int_equal(enqueue(store, items, 16 * KIB), HF_OK);
		assert_int_equal(life_pending(store), items - removed + 1);
		printf("figure: %u of %u items removed from a full store\n", removed, items);
		close_store(store);
		sim_free(sim);
	}
}

/* What was prepared is worth less than what a compaction gives back. */
static void a_compaction_takes_the_room_of_the_next_segment(void **state)
{
	(void)state;
	struct sim *sim = new_disk(true);
	hf_store *store = open_sized(sim, 0);
	unsigned number = 0;
	for (; info_of(store).segment < 3; number++) {
		assert_int_equal(enqueue(store, number, 16 * KIB), HF_OK);
		if (number >= 4)
			assert_int_equal(life_remove(store, number - 4, &error), HF_OK);
	}
	for (uint64_t size = 0; !sim_file_size(sim, "segment-00000004", &size); number++) {
		assert_int_equal(enqueue(store, number, 16 * KIB), HF_OK);
		assert_int_equal(life_remove(store, number - 4, &error), HF_OK);
		assert_int_equal(hf_maintain(store, 1000000, &error), HF_OK);
	}
	sim_set_capacity(sim, sim_used(sim));
	if (hf_compact(store, &error) != HF_OK)
		fail_msg("%s", error.text);
	assert_int_equal(enqueue(store, number, 16 * KIB), HF_OK);
	close_store(store);
	sim_free(sim);
}

/* Growth leaves room for as many removals as there are objects, whatever their size, also where the
 * store is killed, opened and filled again in between; and a compaction finds room afterwards. */
static void all_can_be_removed_one_by_one_from_a_disk_that_is_full(void **state)
{
	static const size_t sizes[] = {20, 200, 2000};
	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		struct sim *sim = new_disk(i % 2);
		hf_store *store = open_sized(sim, 0);
		sim_set_capacity(sim, sim_used(sim) + 2048 * KIB);
		unsigned items = fill(store, 0, sizes[i / 4]), removed = 0;
		for (unsigned kills = 0; kills < (i / 2 % 2 ? 5 : 0); kills++) {
			play_kill(sim, store);
			store = open_sized(sim, 0);
			items = fill(store, items, sizes[i / 4]);
			for (unsigned k = 0; k < 5; k++, removed++)
				assert_int_equal(life_remove(store, removed, &error), HF_OK);
		}
		for (; removed < items; removed++)
			if (life_remove(store, removed, &error) != HF_OK)
				fail_msg("%u of %u of %zu bytes: %s", removed, items, sizes[i / 4], error.text);
		assert_int_equal(life_pending(store), 0);
		if (hf_compact(store, &error) != HF_OK)
			fail_msg("%u items of %zu bytes: %s", items, sizes[i / 4], error.text);
		assert_int_equal(enqueue(store, items, sizes[i / 4]), HF_OK);
		printf("figure: %u items of %zu bytes removed from a full disk\n", items, sizes[i / 4]);
		close_store(store);
		sim_free(sim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_full_store_can_be_emptied_and_used_again),
	    cmocka_unit_test(a_compaction_takes_the_room_of_the_next_segment),
	    cmocka_unit_test(all_can_be_removed_one_by_one_from_a_disk_that_is_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
