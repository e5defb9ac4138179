/* tier: fast */
/* The change feed on a simulated disk: every entry once, in order, from any LSN; nothing
 * undurable; jumps are no gaps; and what goes wrong is told and leaves the feed where it was. */
#include "store/watch/feed_scene.h"

/* Gone without a word, as by kill -9. */
static void kill_store(struct scene *scene)
{
	sim_set_forked(scene->sim, true); /* closing then touches nothing */
	(void)hf_close(scene->store, NULL);
	sim_set_forked(scene->sim, false);
	sim_kill(scene->sim);
}

static void expect_refused(hf_store *store, hf_lsn from, int code)
{
	struct hf_error error = {0};
	hf_feed *feed = NULL;
	assert_int_equal(hf_feed_open(store, from, &feed, &error), code);
	assert_true(!feed && error.code == code && error.text[0] != '\0');
}

static void expect_count(hf_store *store, hf_lsn from, size_t count)
{
	struct followed followed = all_from(store, from);
	assert_int_equal(followed.count, count);
	followed_free(&followed);
}

/* --- Every entry, once, in order -------------------------------------------------------------- */

static void expect_entry(const struct hf_event *event, const struct hf__entry *entry)
{
	assert_int_equal(event->lsn, entry->lsn);
	assert_int_equal(event->at, entry->at);
	assert_true(event->domain_id == entry->domain && event->kind == entry->kind);
	assert_true(hf__bytes_equal(event->body, entry->body));
	assert_int_equal(event->transaction_end, (entry->flags & HF__ENTRY_LAST) != 0);
}

static void compare_from(struct scene *scene, const struct logged *logged, size_t first,
                         size_t limit)
{
	struct followed followed = {0};
	hf_feed *feed = open_feed(scene->store, logged->entries[first].lsn);
	assert_int_equal(followed_feed(&followed, feed, limit, NULL), HF_OK);
	hf_feed_close(feed);
	assert_int_equal(followed.count, logged->count - first);
	for (size_t i = 0; i < followed.count; i++)
		expect_entry(&followed.events[i], &logged->entries[first + i]);
	followed_free(&followed);
}

static void entries_come_as_they_lie_in_the_log(uint32_t pad)
{
	static const size_t limits[] = {0, 1, 7};
	struct logged logged;
	struct hf_info info = {0};
	struct scene scene = begin(pad);
	churn_a_while(&scene, "feed");
	logged_read(&logged, scene.sim);
	assert_int_equal(hf_get_info(scene.store, &info, NULL), HF_OK);
	assert_true(info.segment > 4 && logged.count == info.entries);
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		compare_from(&scene, &logged, 0, limits[i]);
	for (size_t first = 0; first < logged.count; first += 13)
		compare_from(&scene, &logged, first, 0);
	/* Another opening reads the same. */
	assert_int_equal(hf_close(scene.store, NULL), HF_OK);
	open_store(&scene);
	compare_from(&scene, &logged, 0, 0);
	compare_from(&scene, &logged, logged.count - 1, 0);
	logged_free(&logged);
	end(&scene);
}

static void entries_come_once_in_order_from_any_lsn(void **state)
{
	(void)state;
	entries_come_as_they_lie_in_the_log(0);
	entries_come_as_they_lie_in_the_log(512);
}

static void a_feed_goes_on_while_the_log_grows(void **state)
{
	(void)state;
	struct scene scene = begin(0);
	struct followed early = {0}, late = {0};
	hf_feed *from_start = open_feed(scene.store, 0), *other = open_feed(scene.store, 1);
	struct churn churn;
	churn_init(&churn, "growing", 15, 1500);
	for (unsigned i = 0; i < STEPS; i++) {
		churn_step(&churn, scene.store);
		/* One follows closely, the other goes on from where it was now and then. */
		assert_int_equal(followed_feed(&early, from_start, 0, NULL), HF_OK);
		if (i % 50 != 0)
			continue;
		assert_int_equal(followed_feed(&late, other, 3, NULL), HF_OK);
		hf_feed_close(other);
		other = open_feed(scene.store, late.count ? late.next : 1);
	}
	churn_deinit(&churn);
	assert_int_equal(hf_sync(scene.store, NULL), HF_OK);
	assert_int_equal(followed_feed(&early, from_start, 0, NULL), HF_OK);
	assert_int_equal(followed_feed(&late, other, 0, NULL), HF_OK);
	struct followed all = all_from(scene.store, 0);
	assert_true(all.count > STEPS / 2 && early.count == all.count && late.count == all.count);
	for (size_t i = 0; i < all.count; i++) {
		assert_int_equal(early.events[i].lsn, all.events[i].lsn);
		assert_int_equal(late.events[i].lsn, all.events[i].lsn);
		assert_true(i == 0 || all.events[i].lsn == all.events[i - 1].lsn + 1);
	}
	followed_free(&all);
	followed_free(&early);
	followed_free(&late);
	hf_feed_close(from_start);
	hf_feed_close(other);
	end(&scene);
}

/* --- Where a feed may begin ------------------------------------------------------------------- */

static void a_new_store_has_nothing_and_can_be_waited_for(void **state)
{
	(void)state;
	struct scene scene = begin(0);
	for (hf_lsn from = 0; from <= 1; from++)
		expect_count(scene.store, from, 0);
	expect_refused(scene.store, 2, HF_EINVAL);
	hf_feed *feed = open_feed(scene.store, 1);
	const hf_lsn lsn = advance(&scene, 1, HF_DURABLE);
	struct hf_event_batch batch = {0};
	assert_int_equal(hf_feed_next(feed, 0, 0, &batch, NULL), HF_OK);
	assert_true(batch.count == 1 && batch.events[0].lsn == lsn && batch.next == lsn + 1);
	hf_release(batch.memory);
	assert_int_equal(hf_feed_next(feed, 0, 0, &batch, NULL), HF_OK);
	assert_true(batch.count == 0 && !batch.memory && batch.next == lsn + 1);
	assert_int_equal(hf_feed_next(feed, 0, -2, &batch, NULL), HF_EINVAL);
	hf_feed_close(feed);
	hf_feed_close(NULL);
	end(&scene);
}

static void jumps_are_no_gaps(void **state)
{
	(void)state;
	struct scene scene = begin(0);
	const hf_lsn last = (advance(&scene, 1, HF_DURABLE), advance(&scene, 2, HF_DURABLE));
	kill_store(&scene);
	open_store(&scene);
	/* Nothing was written yet: the log ends before the jump, numbering goes on behind it. */
	const hf_lsn first = hf__passed_lsn(scene.store) + 1;
	assert_true(first == last + 1 + HF__LSN_JUMP);
	expect_count(scene.store, 0, 2);
	hf_feed *old = open_feed(scene.store, last + 1), *fresh = open_feed(scene.store, first);
	/* Inside the jump: what comes next follows. */
	expect_count(scene.store, last + 2, 0);
	expect_count(scene.store, first - 1, 0);
	expect_refused(scene.store, first + 1, HF_EINVAL);
	assert_int_equal(advance(&scene, 3, HF_DURABLE), first);
	for (unsigned i = 0; i < 2; i++) {
		struct followed followed = {0};
		assert_int_equal(followed_feed(&followed, i ? fresh : old, 0, NULL), HF_OK);
		assert_true(followed.count == 1 && followed.events[0].lsn == first);
		followed_free(&followed);
	}
	hf_feed_close(old);
	hf_feed_close(fresh);
	expect_count(scene.store, 1, 3);
	expect_count(scene.store, last, 2);
	expect_count(scene.store, last + 1, 1);
	expect_count(scene.store, first, 1);
	expect_count(scene.store, last + 2, 1);
	expect_count(scene.store, first - 1, 1);
	end(&scene);
}

static void what_is_not_kept_any_more_is_gone(void **state)
{
	(void)state;
	struct scene scene = begin(0);
	churn_a_while(&scene, "gone");
	hf_feed *behind = open_feed(scene.store, 1);
	assert_true(sim_remove_file(scene.sim, "segment-00000001"));
	struct hf_event_batch batch = {0};
	struct hf_error error = {0};
	assert_int_equal(hf_feed_next(behind, 0, 0, &batch, &error), HF_EGONE);
	assert_true(error.code == HF_EGONE && !batch.memory);
	hf_feed_close(behind);
	expect_refused(scene.store, 1, HF_EGONE);
	/* The oldest that there is now. */
	struct followed rest = all_from(scene.store, 0);
	assert_true(rest.count > 0 && rest.events[0].lsn > 1);
	expect_refused(scene.store, rest.events[0].lsn - 1, HF_EGONE);
	expect_count(scene.store, rest.events[0].lsn, rest.count);
	followed_free(&rest);
	end(&scene);
}

/* A reader that retention overtook in the middle of a segment finishes it, and finds that what
 * comes next is gone: no damage. A segment that is missing behind one that is kept is. */
static void a_reader_that_retention_overtook_is_told_so(void **state)
{
	(void)state;
	for (unsigned keep_first = 0; keep_first < 2; keep_first++) {
		struct scene scene = begin(0);
		churn_a_while(&scene, "overtaken");
		hf_feed *feed = open_feed(scene.store, 1);
		struct hf_event_batch batch = {0};
		struct followed got = {0};
		struct hf_error error = {0};
		assert_int_equal(hf_feed_next(feed, 1, 0, &batch, &error), HF_OK);
		hf_release(batch.memory);
		assert_true(keep_first || sim_remove_file(scene.sim, "segment-00000001"));
		assert_true(sim_remove_file(scene.sim, "segment-00000002"));
		const int expected = keep_first ? HF_ECORRUPT : HF_EGONE;
		assert_int_equal(followed_feed(&got, feed, 0, &error), expected);
		assert_true(error.code == expected && got.count > 0);
		assert_int_equal(followed_feed(&got, feed, 0, &error), expected);
		hf_feed_close(feed);
		followed_free(&got);
		end(&scene);
	}
}

/* A group that an unclean stop tore: its header verifies, its body does not. */
static void a_torn_group_is_not_believed_by_a_feed_that_begins_behind_it(void **state)
{
	(void)state;
	struct scene scene = begin(0);
	struct hf_info info = {0};
	const hf_lsn last = advance(&scene, 1, HF_DURABLE);
	assert_int_equal(hf_get_info(scene.store, &info, NULL), HF_OK);
	(void)advance(&scene, 2, HF_OS);
	kill_store(&scene);
	assert_true(sim_flip_bit(scene.sim, "segment-00000001",
	                         UINT64_C(8) * (info.segment_offset + HF__GROUP_HEADER_SIZE + 3)));
	hf_feed *outside = NULL;
	assert_int_equal(
	    hf__feed_look(sim_opener(scene.sim, 1), hf__all_domains(), last + 1, &outside, NULL),
	    HF_OK);
	open_store(&scene);
	assert_int_equal(hf_get_info(scene.store, &info, NULL), HF_OK);
	assert_true(info.torn_bytes > 0);
	const hf_lsn first = info.durable_lsn + 1 + HF__LSN_JUMP,
	             froms[] = {0, 1, last, last + 1, first - 1, first};
	enum { FEEDS = sizeof froms / sizeof froms[0] };
	hf_feed *feeds[FEEDS];
	for (unsigned i = 0; i < FEEDS; i++)
		feeds[i] = open_feed(scene.store, froms[i]);
	assert_int_equal(advance(&scene, 3, HF_DURABLE), first);
	for (unsigned i = 0; i < FEEDS; i++) {
		struct followed followed = {0};
		struct hf_error error = {0};
		if (followed_feed(&followed, feeds[i], 0, &error) != HF_OK)
			fail_msg("from %llu: %s", (unsigned long long)froms[i], error.text);
		assert_int_equal(followed.count, froms[i] <= last ? 2 : 1);
		assert_int_equal(followed.events[followed.count - 1].lsn, first);
		followed_free(&followed);
		hf_feed_close(feeds[i]);
		expect_count(scene.store, froms[i], froms[i] <= last ? 2 : 1);
	}
	struct followed followed = {0};
	assert_int_equal(followed_feed(&followed, outside, 0, NULL), HF_OK);
	assert_true(followed.count == 1 && followed.events[0].lsn == first);
	followed_free(&followed);
	hf_feed_close(outside);
	end(&scene);
}

/* --- Nothing undurable ------------------------------------------------------------------------ */

static void what_is_not_durable_does_not_come(void **state)
{
	(void)state;
	struct scene scene = begin(0);
	(void)advance(&scene, 1, HF_DURABLE);
	hf_feed *feed = open_feed(scene.store, 1);
	struct followed followed = {0};
	(void)advance(&scene, 2, HF_OS);
	const hf_lsn last = advance(&scene, 3, HF_OS);
	assert_int_equal(followed_feed(&followed, feed, 0, NULL), HF_OK);
	assert_int_equal(followed.count, 1);
	/* One that begins there waits for it too. */
	expect_count(scene.store, last, 0);
	assert_int_equal(hf_sync(scene.store, NULL), HF_OK);
	assert_int_equal(followed_feed(&followed, feed, 0, NULL), HF_OK);
	assert_true(followed.count == 3 && followed.events[2].lsn == last);
	followed_free(&followed);
	hf_feed_close(feed);
	end(&scene);
}

static void a_failed_sync_shows_nothing_and_ends_the_waiting(void **state)
{
	(void)state;
	struct scene scene = begin(0);
	(void)advance(&scene, 1, HF_DURABLE);
	hf_feed *feed = open_feed(scene.store, 1), *ahead = open_feed(scene.store, 2);
	sim_add_fault(scene.sim, (struct sim_fault){.kinds = SIM_SYNC, .error = 5, .persistent = true});
	const struct hf_cursor_advance_args args = {
	    .key = {hf_str("c"), hf_str("s"), hf_str("")}, .sequence = 2, .delivery_id = hf_str("d")};
	assert_int_equal(hf_cursor_advance(scene.store, NULL, &args, NULL, NULL), HF_EUNCERTAIN);
	struct hf_event_batch batch = {0};
	struct hf_error error = {0};
	/* What had been durable comes all the same. */
	assert_int_equal(hf_feed_next(feed, 0, -1, &batch, &error), HF_OK);
	assert_true(batch.count == 1 && batch.events[0].lsn == 1);
	hf_release(batch.memory);
	assert_int_equal(hf_feed_next(feed, 0, -1, &batch, &error), HF_EFAILED);
	assert_int_equal(hf_feed_next(ahead, 0, -1, &batch, &error), HF_EFAILED);
	hf_feed_close(feed);
	hf_feed_close(ahead);
	end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entries_come_once_in_order_from_any_lsn),
	    cmocka_unit_test(a_feed_goes_on_while_the_log_grows),
	    cmocka_unit_test(a_new_store_has_nothing_and_can_be_waited_for),
	    cmocka_unit_test(jumps_are_no_gaps),
	    cmocka_unit_test(what_is_not_kept_any_more_is_gone),
	    cmocka_unit_test(a_reader_that_retention_overtook_is_told_so),
	    cmocka_unit_test(a_torn_group_is_not_believed_by_a_feed_that_begins_behind_it),
	    cmocka_unit_test(what_is_not_durable_does_not_come),
	    cmocka_unit_test(a_failed_sync_shows_nothing_and_ends_the_waiting),
	};
	return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
