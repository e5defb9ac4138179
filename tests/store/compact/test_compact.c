/* tier: fast */
/* Compaction: what the snapshot covers goes, and nothing else: the state, payloads that move, the
 * next opening, retention, who is told, and a directory that does not grow. */
#include <errno.h>

#include "base/mem.h"
#include "holdfast/admin.h"
#include "holdfast/feed.h"
#include "lib/churn/churn.h"
#include "lib/settings.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "log/segment.h"
#include "log/snapshot.h"
#include "store/check/readonly.h"
#include "store/store.h"

enum { SEGMENT = CHURN_SEGMENT };

static void compact(struct stage *stage)
{
	struct hf_error error = {0};
	if (hf_compact(stage->store, &error) != HF_OK)
		fail_msg("compact: %s", error.text);
}

static struct hf_info info_of(const struct stage *stage)
{
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(stage->store, &info, NULL), HF_OK);
	return info;
}

/* --- What is there ---------------------------------------------------------------------------- */

struct listing {
	const struct hf__os *os;
	unsigned segments, snapshots, others;
	uint32_t first_segment;
	uint64_t bytes;
};

static uint64_t size_of(const struct hf__os *os, const char *name)
{
	uint64_t size = 0;
	int file = -1;
	if (os->open(os->ctx, name, 0, &file) != 0)
		return 0;
	assert_int_equal(os->size(os->ctx, file, &size), 0);
	assert_int_equal(os->close(os->ctx, file), 0);
	return size;
}

static int note(void *arg, const char *name)
{
	struct listing *l = arg;
	uint32_t number;
	uint64_t lsn;
	if (hf__segment_name_parse(name, &number)) {
		l->segments++;
		l->first_segment =
		    l->first_segment && l->first_segment < number ? l->first_segment : number;
	} else if (hf__snapshot_name_parse(name, &lsn)) {
		l->snapshots++;
	} else {
		l->others++;
	}
	return 0;
}

static int add_size(void *arg, const char *name)
{
	struct listing *l = arg;
	l->bytes += size_of(l->os, name);
	return 0;
}

static struct listing list(const struct stage *stage)
{
	struct listing l = {.os = sim_os(stage->sim)};
	assert_int_equal(l.os->list(l.os->ctx, note, &l), 0);
	assert_int_equal(l.os->list(l.os->ctx, add_size, &l), 0);
	return l;
}

static void is_sound(const struct stage *stage)
{
	struct hf_fsck_summary summary = {0};
	struct hf_error error = {0};
	if (hf__fsck(sim_os(stage->sim), hf__all_domains(), NULL, NULL, NULL, &summary, &error) !=
	    HF_OK)
		fail_msg("fsck: %s: %s", error.file, error.text);
	assert_true(summary.state_checked);
}

/* --- The state -------------------------------------------------------------------------------- */

static void what_the_snapshot_covers_goes(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = churn_begin(&churn, "covers", (struct hf_options){0}, 4000, 1500);
	const struct listing before = list(stage);
	assert_true(before.segments > 4 && before.first_segment == 1);
	compact(stage);
	const struct listing after = list(stage);
	const struct hf_info info = info_of(stage);
	assert_true(after.first_segment + 1 >= info.segment);
	assert_int_equal(after.snapshots, 1);
	assert_true(after.bytes < before.bytes);
	assert_int_equal(info.compactions, 1);
	is_sound(stage);
	stage_switch(stage); /* compares the states */
	assert_true(info_of(stage).snapshot_lsn > 0);
	assert_int_equal(info_of(stage).replayed, 0);
	is_sound(stage);
	churn_end(&churn, stage);
}

static void work_compactions_and_openings_in_any_order_give_the_same_state(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage =
	    churn_begin(&churn, "any order", (struct hf_options){.inline_max = 32}, 4000, 50);
	struct hf_rng *rng = &churn.random.rng;
	unsigned compactions = 0, begun = 0;
	int64_t now = STAGE_NOW;
	for (unsigned i = 0; i < 500; i++) {
		for (uint64_t n = hf_rng_below(rng, 12); n > 0; n--)
			churn_step(&churn, stage->store);
		if (hf_rng_chance(rng, 1, 5)) {
			compact(stage);
			compactions++;
			stage_verify(stage);
		} else if (hf_rng_chance(rng, 1, 9)) {
			assert_int_equal(hf_snapshot(stage->store, NULL), HF_OK);
		}
		if (hf_rng_chance(rng, 1, 6)) {
			now += (int64_t)hf_rng_below(rng, 30) * 1000000;
			stage_at(stage, now);
			assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
		}
		if (hf_rng_chance(rng, 1, 6)) {
			stage_switch(stage);
			begun += info_of(stage).snapshot_lsn > 0;
			stage_verify(stage);
		}
		if (i % 50 == 0)
			is_sound(stage);
	}
	printf("figure: %u compactions, %u openings began with a snapshot\n", compactions, begun);
	assert_true(compactions > 60 && begun > 50);
	churn_end(&churn, stage);
}

static void a_store_that_is_compacted_does_not_grow(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage =
	    churn_begin(&churn, "bounded", (struct hf_options){.compact_bytes = SEGMENT}, 2000, 600);
	uint64_t most = 0, live = 0;
	for (unsigned i = 0; i < 6000; i++) {
		churn_step(&churn, stage->store);
		if (i % 10 == 0)
			assert_int_equal(hf_maintain(stage->store, 1000, NULL), HF_OK);
		const struct hf_info info = info_of(stage);
		live = info.snapshot_bytes;
		const struct listing now = list(stage);
		most = now.bytes > most ? now.bytes : most;
		assert_true(now.bytes <= 3 * (live + SEGMENT) + 3 * SEGMENT);
	}
	printf("figure: %llu compactions, %llu bytes at most, %llu in the newest snapshot\n",
	       (unsigned long long)info_of(stage).compactions, (unsigned long long)most,
	       (unsigned long long)live);
	assert_true(info_of(stage).compactions > 5);
	is_sound(stage);
	churn_end(&churn, stage);
}

static void an_empty_store_and_one_that_was_just_compacted_can_be(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = churn_begin(&churn, "empty", (struct hf_options){0}, 4000, 0);
	compact(stage);
	stage_switch(stage);
	compact(stage);
	churn_step(&churn, stage->store);
	compact(stage);
	compact(stage);
	stage_switch(stage);
	compact(stage);
	is_sound(stage);
	churn_end(&churn, stage);
}

static void a_compaction_keeps_no_memory(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = churn_begin(&churn, "memory", (struct hf_options){0}, 4000, 900);
	for (unsigned i = 0; i < 3; i++)
		compact(stage);
	const size_t used = hf__mem_used();
	for (unsigned i = 0; i < 40; i++) {
		compact(stage);
		assert_true(hf__mem_used() <= used + 4096);
	}
	churn_end(&churn, stage);
}

static void the_guard_does_not_miss_what_was_removed(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = churn_begin(&churn, "guard", (struct hf_options){0}, 4000, 1500);
	compact(stage);
	assert_true(list(stage).first_segment > 3);
	for (unsigned i = 0; i < 5; i++) {
		sim_advance(stage->sim, 2000000);
		churn_nudge(&churn, stage->store);
		assert_int_equal(hf_sync(stage->store, NULL), HF_OK);
		assert_int_equal(hf_maintain(stage->store, 0, NULL), HF_OK);
	}
	churn_end(&churn, stage);
}

/* --- Who looks at the log --------------------------------------------------------------------- */

static void a_feed_that_was_passed_is_told(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = churn_begin(&churn, "feed", (struct hf_options){0}, 4000, 300);
	struct hf_feed *old = NULL, *new = NULL;
	struct hf_event_batch batch = {0};
	const uint64_t before = info_of(stage).last_lsn;
	assert_int_equal(hf_feed_open(stage->store, 1, &old, NULL), HF_OK);
	assert_int_equal(hf_feed_open(stage->store, before + 1, &new, NULL), HF_OK);
	for (unsigned i = 0; i < 900; i++)
		churn_step(&churn, stage->store);
	compact(stage);
	int rc = HF_OK;
	while ((rc = hf_feed_next(old, 100, 0, &batch, NULL)) == HF_OK && batch.count > 0)
		hf_release(batch.memory);
	assert_int_equal(rc, HF_EGONE);
	hf_feed_close(old);
	hf_feed_close(new);
	assert_int_equal(hf_feed_open(stage->store, 1, &old, NULL), HF_EGONE);
	assert_int_equal(hf_feed_open(stage->store, 0, &old, NULL), HF_OK);
	assert_int_equal(hf_feed_next(old, 100, 0, &batch, NULL), HF_OK);
	hf_release(batch.memory);
	hf_feed_close(old);
	churn_end(&churn, stage);
}

static void what_a_subscription_waits_for_stays(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = churn_begin(&churn, "subscribed", (struct hf_options){0}, 4000, 100);
	struct hf_subscription *subscription = NULL;
	const struct hf_subscribe_args args = {.ring = 1u << 16};
	struct hf_event_batch batch = {0};
	uint64_t given = 0;
	assert_int_equal(hf_subscribe(stage->store, &args, &subscription, NULL), HF_OK);
	const uint64_t from = info_of(stage).last_lsn;
	for (unsigned i = 0; i < 900; i++)
		churn_step(&churn, stage->store);
	compact(stage);
	const uint64_t last = info_of(stage).last_lsn;
	while (hf_subscription_next(subscription, 0, 0, &batch, NULL) == HF_OK && batch.count > 0) {
		for (size_t i = 0; i < batch.count; i++)
			assert_int_equal(batch.events[i].lsn, from + ++given);
		hf_release(batch.memory);
	}
	assert_int_equal(from + given, last);
	assert_int_equal(list(stage).first_segment, 1);
	compact(stage);
	assert_true(list(stage).first_segment > 1);
	hf_unsubscribe(subscription);
	churn_end(&churn, stage);
}

/* --- Retention -------------------------------------------------------------------------------- */

static void retention_by_time_keeps_a_snapshot_and_the_log_from_there(void **state)
{
	(void)state;
	struct churn churn;
	const int64_t hour = INT64_C(3600) * 1000000;
	struct stage *stage =
	    churn_begin(&churn, "time", (struct hf_options){.retain_us = 10 * hour}, 1000, 0);
	unsigned most = 0;
	for (int64_t i = 0; i < 60; i++) {
		stage_at(stage, STAGE_NOW + i * hour);
		for (unsigned k = 0; k < 100; k++)
			churn_step(&churn, stage->store);
		compact(stage);
		most = list(stage).snapshots > most ? list(stage).snapshots : most;
		if (i == 5)
			assert_int_equal(list(stage).first_segment, 1);
	}
	assert_true(list(stage).first_segment > 1);
	assert_true(most > 2 && most < 12);
	is_sound(stage);
	stage_switch(stage);
	churn_end(&churn, stage);
}

/* There is no snapshot before the first one, and what it covers is as young as it. */
static void the_first_compaction_keeps_what_is_retained_too(void **state)
{
	const int64_t hour = INT64_C(3600) * 1000000;
	const struct hf_options kept[] = {{.retain_us = 10 * hour},
	                                  {.retain_us = 10 * hour, .retain_bytes = 400 * SEGMENT},
	                                  {.retain_bytes = 400 * SEGMENT}};
	(void)state;
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
		struct churn churn;
		struct stage *stage = churn_begin(&churn, "first", kept[i], 1000, 0);
		while (info_of(stage).segment <= 3)
			churn_step(&churn, stage->store);
		compact(stage);
		assert_int_equal(list(stage).first_segment, 1);
		hf_feed *feed = NULL;
		assert_int_equal(hf_feed_open(stage->store, 1, &feed, NULL), HF_OK);
		hf_feed_close(feed);
		is_sound(stage);
		stage_switch(stage);
		stage_at(stage, STAGE_NOW + 9 * hour);
		churn_step(&churn, stage->store);
		compact(stage);
		assert_int_equal(list(stage).first_segment, 1);
		/* Once there is a snapshot that is old enough it is the floor, if time bounds it. */
		stage_at(stage, STAGE_NOW + 11 * hour);
		churn_step(&churn, stage->store);
		compact(stage);
		assert_int_equal(list(stage).first_segment == 1, kept[i].retain_us == 0);
		is_sound(stage);
		churn_end(&churn, stage);
	}
	struct churn churn;
	struct stage *stage =
	    churn_begin(&churn, "large", (struct hf_options){.retain_bytes = 1}, 1000, 0);
	while (info_of(stage).segment <= 3)
		churn_step(&churn, stage->store);
	compact(stage);
	assert_true(list(stage).first_segment > 1);
	churn_end(&churn, stage);
}

static void a_bound_in_bytes_wins_over_time(void **state)
{
	(void)state;
	struct churn churn;
	struct stage *stage = churn_begin(
	    &churn, "bytes", (struct hf_options){.retain_us = INT64_MAX, .retain_bytes = 4 * SEGMENT},
	    1000, 0);
	for (unsigned i = 0; i < 40; i++) {
		for (unsigned k = 0; k < 100; k++)
			churn_step(&churn, stage->store);
		compact(stage);
	}
	const struct listing l = list(stage);
	assert_true(l.first_segment > 1);
	assert_true(l.bytes < 12 * SEGMENT + 3 * info_of(stage).snapshot_bytes);
	is_sound(stage);
	stage_switch(stage);
	churn_end(&churn, stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_snapshot_covers_goes),
	    cmocka_unit_test(work_compactions_and_openings_in_any_order_give_the_same_state),
	    cmocka_unit_test(a_store_that_is_compacted_does_not_grow),
	    cmocka_unit_test(an_empty_store_and_one_that_was_just_compacted_can_be),
	    cmocka_unit_test(a_compaction_keeps_no_memory),
	    cmocka_unit_test(the_guard_does_not_miss_what_was_removed),
	    cmocka_unit_test(a_feed_that_was_passed_is_told),
	    cmocka_unit_test(what_a_subscription_waits_for_stays),
	    cmocka_unit_test(retention_by_time_keeps_a_snapshot_and_the_log_from_there),
	    cmocka_unit_test(the_first_compaction_keeps_what_is_retained_too),
	    cmocka_unit_test(a_bound_in_bytes_wins_over_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
