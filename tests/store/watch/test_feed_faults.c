/* tier: fast */
/* See test_feed.c. */
#include "store/watch/feed_scene.h"

/* --- What goes wrong -------------------------------------------------------------------------- */

static bool veto(void *ctx, size_t size)
{
	size_t *left = ctx;
	(void)size;
	if (*left == 0)
		return true;
	--*left;
	return false;
}

static void running_out_of_memory_loses_nothing(void **state)
{
	(void)state;
	struct scene scene = begin(0);
	churn_a_while(&scene, "memory");
	struct followed all = all_from(scene.store, 1);
	unsigned failures = 0;
	hf_feed *feed = NULL;
	for (size_t budget = 0; !feed; budget++) {
		size_t left = budget;
		hf__mem_set_veto(veto, &left);
		const int rc = hf_feed_open(scene.store, 1, &feed, NULL);
		hf__mem_set_veto(NULL, NULL);
		assert_true(rc == (feed ? HF_OK : HF_ENOMEM) && budget < 100);
	}
	struct followed got = {0};
	for (size_t budget = 0; got.count < all.count; budget = (budget + 1) % 6) {
		struct hf_event_batch batch = {0};
		struct hf_error error = {0};
		size_t left = budget;
		hf__mem_set_veto(veto, &left);
		const int rc = hf_feed_next(feed, 3, 0, &batch, &error);
		hf__mem_set_veto(NULL, NULL);
		assert_true(rc == HF_OK || (rc == HF_ENOMEM && error.code == rc && !batch.memory));
		failures += rc != HF_OK;
		if (batch.count > 0)
			followed_add(&got, &batch);
	}
	assert_true(failures > 20 && got.count == all.count);
	for (size_t i = 0; i < all.count; i++)
		assert_true(got.events[i].lsn == all.events[i].lsn &&
		            hf__bytes_equal(got.events[i].body, all.events[i].body));
	followed_free(&got);
	followed_free(&all);
	hf_feed_close(feed);
	end(&scene);
}

static void a_read_that_fails_is_no_damage_and_can_be_repeated(void **state)
{
	(void)state;
	struct scene scene = begin(0);
	churn_a_while(&scene, "reads");
	struct followed all = all_from(scene.store, 1), got = {0};
	unsigned failures = 0;
	hf_feed *feed = open_feed(scene.store, 1);
	for (unsigned nth = 1; got.count < all.count; nth = nth % 12 + 1) {
		struct hf_error error = {0};
		struct hf_event_batch batch = {0};
		sim_add_fault(
		    scene.sim,
		    (struct sim_fault){.kinds = SIM_READ | SIM_OPEN | SIM_LIST, .nth = nth, .error = 5});
		const int rc = hf_feed_next(feed, 20, 0, &batch, &error);
		sim_clear_faults(scene.sim);
		assert_true(rc == HF_OK || rc == HF_EIO);
		failures += rc != HF_OK;
		if (batch.count > 0)
			followed_add(&got, &batch);
	}
	assert_true(failures > 3 && got.count == all.count);
	followed_free(&got);
	followed_free(&all);
	hf_feed_close(feed);
	struct hf_error error = {0};
	sim_add_fault(scene.sim, (struct sim_fault){.kinds = SIM_READ, .error = 5});
	assert_int_equal(hf_feed_open(scene.store, 1, &feed, &error), HF_EIO);
	sim_clear_faults(scene.sim);
	end(&scene);
}

static void damage_is_told_where_it_is(void **state)
{
	(void)state;
	struct scene scene = begin(0);
	churn_a_while(&scene, "damage");
	struct followed all = all_from(scene.store, 1);
	assert_true(sim_flip_bit(scene.sim, "segment-00000003", UINT64_C(8) * (4096 + 3)));
	hf_feed *feed = open_feed(scene.store, 1);
	struct followed got = {0};
	struct hf_error error = {0};
	assert_int_equal(followed_feed(&got, feed, 0, &error), HF_ECORRUPT);
	assert_string_equal(error.file, "segment-00000003");
	assert_true(error.offset <= 4096 && got.count > 0 && got.count < all.count &&
	            error.first_lsn == got.next);
	/* It is not skipped, and comes when it is mended. */
	assert_int_equal(followed_feed(&got, feed, 0, &error), HF_ECORRUPT);
	assert_true(sim_flip_bit(scene.sim, "segment-00000003", UINT64_C(8) * (4096 + 3)));
	assert_int_equal(followed_feed(&got, feed, 0, &error), HF_OK);
	assert_int_equal(got.count, all.count);
	followed_free(&got);
	followed_free(&all);
	hf_feed_close(feed);
	end(&scene);
}

static void a_forked_child_is_refused(void **state)
{
	(void)state;
	struct scene scene = begin(0);
	(void)advance(&scene, 1, HF_DURABLE);
	hf_feed *feed = open_feed(scene.store, 1), *other = NULL;
	struct hf_event_batch batch = {0};
	sim_set_forked(scene.sim, true);
	assert_int_equal(hf_feed_next(feed, 0, 0, &batch, NULL), HF_EFORK);
	assert_int_equal(hf_feed_open(scene.store, 1, &other, NULL), HF_EFORK);
	assert_null(other);
	sim_set_forked(scene.sim, false);
	assert_int_equal(hf_feed_next(feed, 0, 0, &batch, NULL), HF_OK);
	assert_int_equal(batch.count, 1);
	hf_release(batch.memory);
	/* And after the store is closed, any is. */
	assert_int_equal(hf_close(scene.store, NULL), HF_OK);
	struct hf_error error = {0};
	assert_int_equal(hf_feed_next(feed, 0, 0, &batch, &error), HF_ECANCELED);
	assert_int_equal(error.code, HF_ECANCELED);
	hf_feed_close(feed);
	assert_int_equal(sim_broken(scene.sim).left_open, 0);
	sim_free(scene.sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(running_out_of_memory_loses_nothing),
	    cmocka_unit_test(a_read_that_fails_is_no_damage_and_can_be_repeated),
	    cmocka_unit_test(damage_is_told_where_it_is),
	    cmocka_unit_test(a_forked_child_is_refused),
	};
	return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
