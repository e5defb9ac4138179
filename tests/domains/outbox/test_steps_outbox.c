/* tier: medium, long */
/* Index steps of an outbox of many items: see lib/scene.h. A tenth are delayed and as many
 * failed, and all of those come first in its order. */
#include "base/bytes.h"
#include "lib/scene.h"
#include "lib/test.h"

#define QUEUE hf_str("queue")

/* Whence a page in the middle. */
static void find_middle(struct scene *scene)
{
	struct hf_outbox_items page = {0};
	const struct hf_outbox_list_args args = {
	    .queue = QUEUE, .limit = scene->count / 2, .without_payload = true};
	assert_int_equal(hf_outbox_list(scene->store, &args, HF_READ_UNDURABLE, &page, NULL), HF_OK);
	assert_true(strlen(page.next) < sizeof scene->page);
	memcpy(scene->page, page.next, strlen(page.next) + 1);
	hf_release(page.memory);
}

/* Items [0, count / 10) are failed, as many more are delayed, the rest is ready and comes last
 * in the order of claims. */
static void fill_queue(struct scene *scene)
{
	static char ids[BATCH][NAME];
	static struct hf_outbox_input items[BATCH];
	const unsigned tenth = scene->count / 10;
	for (unsigned i = 0; i < tenth; i++) {
		const struct hf_outbox_put_args args = {.write = write_os,
		                                        .queue = QUEUE,
		                                        .item = {.id = numbered(ids[0], "item", i),
		                                                 .status = HF_OUTBOX_FAILED,
		                                                 .priority = -1,
		                                                 .attempts = 5,
		                                                 .enqueued_at = SCENE_NOW - i,
		                                                 .available_at = SCENE_NOW}};
		assert_int_equal(hf_outbox_put(scene->store, NULL, &args, NULL, NULL), HF_OK);
	}
	for (unsigned i = tenth; i < scene->count;) {
		size_t n = 0;
		for (; n < BATCH && i < scene->count; n++, i++)
			items[n] = (struct hf_outbox_input){
			    .id = numbered(ids[n], "item", i),
			    .priority = i < 2 * tenth ? -1 : 0,
			    .available_at = i < 2 * tenth ? SCENE_NOW + 100000 * SECOND + i : 0};
		const struct hf_outbox_enqueue_many_args args = {
		    .write = write_os, .queue = QUEUE, .items = items, .count = n};
		assert_int_equal(hf_outbox_enqueue_many(scene->store, NULL, &args, NULL, NULL), HF_OK);
	}
	find_middle(scene);
}

static void leases_over(struct scene *scene)
{
	sim_set_now(scene->sim, SCENE_NOW + 20 * SECOND);
}

/* At least so many have failed, and are queued. */
static void queue_stats(struct scene *scene)
{
	struct hf_outbox_stats stats = {0};
	assert_int_equal(hf_outbox_get_stats(scene->store, QUEUE, HF_READ_UNDURABLE, &stats, NULL),
	                 HF_OK);
	assert_true(stats.failed.items >= scene->count / 10 - 2 &&
	            stats.queued.items >= scene->count / 2);
}

static void queue_settle_leases(struct scene *scene)
{
	struct hf_outbox_stats stats = {0};
	assert_int_equal(hf_maintain(scene->store, 0, NULL), HF_OK);
	assert_int_equal(hf_outbox_get_stats(scene->store, QUEUE, HF_READ_UNDURABLE, &stats, NULL),
	                 HF_OK);
	assert_true(stats.sending.items < 20);
}

#define ITEM "queue=queue id=$item"
#define CLAIM "hf_outbox_claim owner=w lease_us=50s " ITEM
#define NEXT "hf_outbox_claim_next owner=w queue=queue "
#define LIST "undurable hf_outbox_list queue=queue limit=10"
#define TEN " -> count=10"

/* What failed has numbers from count / 20 on here, what is delayed from count / 7, what is ready
 * from count / 2. */
static const struct work queue_works[] = {
    STEPS("outbox enqueue", 0, "hf_outbox_enqueue queue=queue id=one_more"),
    STEPS("outbox enqueue, live id", 0, "hf_outbox_enqueue queue=queue id=one_more"),
    STEPS("outbox put", 0,
          "hf_outbox_put queue=queue item.id=$item.2.0 item.status=failed item.enqueued_at=now "
          "item.available_at=now"),
    STEPS("outbox configure", 0, "hf_outbox_configure queue=queue max_attempts=7"),
    STEPS("outbox get", 0, "undurable hf_outbox_get " ITEM ".2.1"),
    STEPS("outbox claim_next of 1", 0, NEXT "max=1 -> count=1"),
    STEPS("outbox claim_next of 64", 0, NEXT "max=64 lease_us=10s -> count=64"),
    STEPS("outbox claim, ready", 0, CLAIM ".2.2"),
    STEPS("outbox claim, failed", 0, CLAIM ".20.0"),
    STEPS("outbox claim, delayed", 0, CLAIM ".7.0"),
    STEPS("outbox claim, complete", 0,
          CLAIM ".2.3 => t & hf_outbox_complete " ITEM ".2.3 token=$t"),
    STEPS("outbox claim, extend, fail", 0,
          CLAIM ".2.4 => t & hf_outbox_extend " ITEM ".2.4 token=$t lease_us=60s & "
                "hf_outbox_fail " ITEM ".2.4 token=$t reason=no"),
    STEPS("outbox claim, release", 0,
          CLAIM ".2.5 => t & hf_outbox_release " ITEM ".2.5 token=$t delay_us=1s"),
    STEPS("outbox remove", 0, "hf_outbox_remove " ITEM ".2.6"),
    STEPS("outbox mark_failed", 0, "hf_outbox_mark_failed " ITEM ".2.7"),
    STEPS("outbox retry", 0, "hf_outbox_retry " ITEM ".20.1"),
    STEPS("outbox list, all", PAGE, LIST TEN),
    STEPS("outbox list, from the middle", PAGE, LIST " page=$page" TEN),
    STEPS("outbox list, behind a place", PAGE, LIST " after=500" TEN),
    STEPS("outbox list, prefix", PAGE, LIST " id_prefix=item" TEN),
    STEPS("outbox list, no such prefix", 4096, LIST " id_prefix=x -> count=0"),
    STEPS("outbox list, queued, behind one", PAGE, LIST " status=queued after=500" TEN),
    STEPS("outbox list, queued", PAGE, LIST " status=queued" TEN),
    STEPS("outbox list, sending", PAGE, LIST " status=sending" TEN),
    STEPS("outbox list, failed", PAGE, LIST " status=failed" TEN),
    WORK("outbox stats", 0, queue_stats),
    /* The leases of 64 are over; nothing is logged yet. */
    {.name = "outbox claim_next, leases over",
     .run = leases_over,
     .steps = NEXT "max=1 -> count=1"},
    WORK("outbox settle of 64 leases", 0, queue_settle_leases),
};

static void a_queue_of_many_costs_what_one_of_a_thousand_does(void **state)
{
	(void)state;
	compare_steps(fill_queue, queue_works, sizeof queue_works / sizeof queue_works[0]);
}

/* --- A group that is kept back, and completed ids --------------------------------------------- */

#define GROUPS hf_str("groups")

/* Of `count` items nine tenths are of one group with an item that is held, and come first
 * in the order of claims; the others are of many groups. A tenth as many ids are completed and
 * block. */
static void fill_groups(struct scene *scene)
{
	static char ids[BATCH][NAME], names[BATCH][NAME];
	static struct hf_outbox_input items[BATCH];
	for (unsigned i = 0; i < scene->count;) {
		size_t n = 0;
		for (; n < BATCH && i < scene->count; n++, i++) {
			const bool one = i < scene->count / 10 * 9;
			items[n] = (struct hf_outbox_input){.id = numbered(ids[n], "item", i),
			                                    .group = one ? hf_str("busy")
			                                                 : numbered(names[n], "group", i / 4),
			                                    .priority = one ? -1 : 0};
		}
		const struct hf_outbox_enqueue_many_args args = {
		    .write = write_os, .queue = GROUPS, .items = items, .count = n};
		assert_int_equal(hf_outbox_enqueue_many(scene->store, NULL, &args, NULL, NULL), HF_OK);
	}
	const struct hf_outbox_configure_args window = {
	    .write = write_os, .queue = GROUPS, .dedup_window_us = 1000 * SECOND};
	assert_int_equal(hf_outbox_configure(scene->store, NULL, &window, NULL, NULL), HF_OK);
	for (unsigned i = 0; i < scene->count / 10; i++) {
		const struct hf_outbox_put_completed_args args = {.write = write_os,
		                                                  .queue = GROUPS,
		                                                  .id = numbered(ids[0], "done", i),
		                                                  .until = SCENE_NOW + 1000 * SECOND};
		assert_int_equal(hf_outbox_put_completed(scene->store, NULL, &args, NULL, NULL), HF_OK);
	}
	const struct hf_outbox_claim_args first = {.write = write_os,
	                                           .queue = GROUPS,
	                                           .id = hf_str("item0"),
	                                           .owner = hf_str("w"),
	                                           .lease_us = 500 * SECOND};
	assert_int_equal(hf_outbox_claim(scene->store, NULL, &first, NULL, NULL, NULL), HF_OK);
}

static void groups_stats(struct scene *scene)
{
	struct hf_outbox_stats stats = {0};
	assert_int_equal(hf_outbox_get_stats(scene->store, GROUPS, HF_READ_UNDURABLE, &stats, NULL),
	                 HF_OK);
	assert_true(stats.blocked > scene->count / 10 * 9 - 2 && stats.groups > scene->count / 50 &&
	            stats.busy_groups > 1);
	assert_int_equal(stats.completed, scene->count / 10);
}

/* The lease is over: the group moves on with nobody acting, its first item first. */
static void group_free(struct scene *scene)
{
	sim_set_now(scene->sim, SCENE_NOW + 600 * SECOND);
}

/* All completed ids have faded, and that is not logged. */
static void ids_faded(struct scene *scene)
{
	sim_set_now(scene->sim, SCENE_NOW + 5000 * SECOND);
}

/* The holder of the first of the group completes it, and the next of nearly all of them is free. */
static void groups_complete(struct scene *scene)
{
	struct hf_outbox_items got = {0};
	sim_set_now(scene->sim, SCENE_NOW + 9000 * SECOND);
	const struct hf_outbox_claim_next_args args = {.write = write_os,
	                                               .queue = GROUPS,
	                                               .max = 1,
	                                               .owner = hf_str("w"),
	                                               .lease_us = 1000 * SECOND};
	assert_int_equal(hf_outbox_claim_next(scene->store, NULL, &args, &got, NULL, NULL), HF_OK);
	assert_true(got.count == 1 && hf__bytes_equal(got.items[0].group, hf_str("busy")));
	const struct hf_outbox_complete_args done = {
	    .write = write_os, .queue = GROUPS, .id = got.items[0].id, .token = got.items[0].token};
	assert_int_equal(hf_outbox_complete(scene->store, NULL, &done, NULL, NULL), HF_OK);
	hf_release(got.memory);
}

#define FROM_GROUPS "hf_outbox_claim_next queue=groups owner=w lease_us=1000s max="
#define ENQUEUE "hf_outbox_enqueue queue=groups id="

static const struct work group_works[] = {
    STEPS("outbox claim_next beside a busy group", 0, FROM_GROUPS "1 -> count=1"),
    STEPS("outbox claim_next of 8 groups", 0, FROM_GROUPS "8 -> count=8"),
    {.name = "outbox claim, group busy",
     .steps = "hf_outbox_claim queue=groups id=$item.2.0 owner=w",
     .code = HF_EBLOCKED},
    STEPS("outbox enqueue into the busy group", 0, ENQUEUE "one_more group=busy"),
    STEPS("outbox enqueue of a completed id", 0, ENQUEUE "$done.20.0 -> changed=0"),
    WORK("outbox stats with groups", 0, groups_stats),
    STEPS("outbox completed", PAGE, "undurable hf_outbox_list_completed queue=groups limit=10" TEN),
    STEPS("outbox completed, behind a version", PAGE,
          "undurable hf_outbox_list_completed queue=groups limit=10 after=5" TEN),
    STEPS("outbox configure, dedup_max", 0,
          "hf_outbox_configure queue=groups dedup_window_us=1000s dedup_max=$.10.0"),
    /* One at the limit: the oldest is dropped. */
    STEPS("outbox put_completed, oldest dropped", 0,
          "hf_outbox_put_completed queue=groups id=late until=now+1000s"),
    STEPS("outbox pause, claim_next, resume", 0,
          "hf_outbox_pause queue=groups & " FROM_GROUPS
          "1 -> count=0 & hf_outbox_resume queue=groups"),
    {.name = "outbox claim_next, group free again",
     .run = group_free,
     .steps = FROM_GROUPS "1 -> count=1"},
    {.name = "outbox enqueue, all ids faded",
     .run = ids_faded,
     .steps = ENQUEUE "$done.20.0 -> changed=1"},
    STEPS("outbox claim_next, all ids faded", 0, FROM_GROUPS "1 -> count=1"),
    {.name = "outbox claim, complete, claim of the group",
     .run = groups_complete,
     .steps = FROM_GROUPS "1 -> count=1"},
};

static void a_busy_group_and_completed_ids_cost_nothing(void **state)
{
	(void)state;
	compare_steps(fill_groups, group_works, sizeof group_works / sizeof group_works[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_queue_of_many_costs_what_one_of_a_thousand_does),
	    cmocka_unit_test(a_busy_group_and_completed_ids_cost_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
