/* tier: medium, long */
/* Index steps of an outbox of many items: see lib/scene.h. A tenth are delayed and as many
 * failed, and all of those come first in its order. */
#include "base/bytes.h"
#include "lib/scene.h"
#include "lib/test.h"

#define QUEUE hf_str("queue")

static void expect_page(struct scene *scene, const struct hf_outbox_list_args *args, size_t count)
{
	struct hf_outbox_items page;
	assert_int_equal(hf_outbox_list(scene->store, args, HF_READ_UNDURABLE, &page, NULL), HF_OK);
	assert_int_equal(page.count, count);
	hf_release(page.memory);
}

/* Whence a page in the middle. */
static void find_middle(struct scene *scene)
{
	struct hf_outbox_items page;
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

static void claim_some(struct scene *scene, uint32_t max, int64_t lease)
{
	struct hf_outbox_items got;
	const struct hf_outbox_claim_next_args args = {
	    .write = write_os, .queue = QUEUE, .max = max, .owner = hf_str("w"), .lease_us = lease};
	assert_int_equal(hf_outbox_claim_next(scene->store, NULL, &args, &got, NULL, NULL), HF_OK);
	assert_int_equal(got.count, max);
	hf_release(got.memory);
}

static hf_token claim_one(struct scene *scene, unsigned number)
{
	char id[NAME];
	struct hf_result result;
	const struct hf_outbox_claim_args args = {.write = write_os,
	                                          .queue = QUEUE,
	                                          .id = numbered(id, "item", number),
	                                          .owner = hf_str("w"),
	                                          .lease_us = 50 * SECOND};
	assert_int_equal(hf_outbox_claim(scene->store, NULL, &args, NULL, &result, NULL), HF_OK);
	return result.token;
}

/* Objects of each kind, by their place in the numbering. */
static unsigned failed_one(const struct scene *scene)
{
	return scene->count / 20;
}

static unsigned delayed_one(const struct scene *scene)
{
	return scene->count / 10 + scene->count / 20;
}

static unsigned ready_one(const struct scene *scene)
{
	return scene->count / 2;
}

static void queue_enqueue(struct scene *scene)
{
	const struct hf_outbox_enqueue_args args = {
	    .write = write_os, .queue = QUEUE, .id = hf_str("one more")};
	assert_int_equal(hf_outbox_enqueue(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void queue_enqueue_again(struct scene *scene)
{
	queue_enqueue(scene);
}

static void queue_put(struct scene *scene)
{
	char id[NAME];
	const struct hf_outbox_put_args args = {.write = write_os,
	                                        .queue = QUEUE,
	                                        .item = {.id = numbered(id, "item", ready_one(scene)),
	                                                 .status = HF_OUTBOX_FAILED,
	                                                 .enqueued_at = SCENE_NOW,
	                                                 .available_at = SCENE_NOW}};
	assert_int_equal(hf_outbox_put(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void queue_configure(struct scene *scene)
{
	const struct hf_outbox_configure_args args = {
	    .write = write_os, .queue = QUEUE, .max_attempts = 7};
	assert_int_equal(hf_outbox_configure(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void queue_get(struct scene *scene)
{
	char id[NAME];
	struct hf_outbox_got got;
	const struct hf_outbox_key key = {QUEUE, numbered(id, "item", ready_one(scene) + 1)};
	assert_int_equal(hf_outbox_get(scene->store, &key, HF_READ_UNDURABLE, &got, NULL), HF_OK);
	hf_release(got.memory);
}

static void queue_claim_next(struct scene *scene)
{
	claim_some(scene, 1, 0);
}

static void queue_claim_many(struct scene *scene)
{
	claim_some(scene, 64, 10 * SECOND);
}

static void queue_claim_ready(struct scene *scene)
{
	(void)claim_one(scene, ready_one(scene) + 2);
}

static void queue_claim_failed(struct scene *scene)
{
	(void)claim_one(scene, failed_one(scene));
}

static void queue_claim_delayed(struct scene *scene)
{
	(void)claim_one(scene, delayed_one(scene));
}

static void queue_claim_complete(struct scene *scene)
{
	char id[NAME];
	const unsigned number = ready_one(scene) + 3;
	const hf_token token = claim_one(scene, number);
	const struct hf_outbox_complete_args args = {
	    .write = write_os, .queue = QUEUE, .id = numbered(id, "item", number), .token = token};
	assert_int_equal(hf_outbox_complete(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void queue_claim_extend_fail(struct scene *scene)
{
	char id[NAME];
	const unsigned number = ready_one(scene) + 4;
	const hf_token token = claim_one(scene, number);
	const struct hf_bytes name = numbered(id, "item", number);
	const struct hf_outbox_extend_args extend = {
	    .write = write_os, .queue = QUEUE, .id = name, .token = token, .lease_us = 60 * SECOND};
	const struct hf_outbox_fail_args fail = {
	    .write = write_os, .queue = QUEUE, .id = name, .token = token, .reason = hf_str("no")};
	assert_int_equal(hf_outbox_extend(scene->store, NULL, &extend, NULL, NULL), HF_OK);
	assert_int_equal(hf_outbox_fail(scene->store, NULL, &fail, NULL, NULL), HF_OK);
}

static void queue_claim_release(struct scene *scene)
{
	char id[NAME];
	const unsigned number = ready_one(scene) + 5;
	const hf_token token = claim_one(scene, number);
	const struct hf_outbox_release_args args = {.write = write_os,
	                                            .queue = QUEUE,
	                                            .id = numbered(id, "item", number),
	                                            .token = token,
	                                            .delay_us = SECOND};
	assert_int_equal(hf_outbox_release(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void queue_remove(struct scene *scene)
{
	char id[NAME];
	const struct hf_outbox_remove_args args = {
	    .write = write_os, .queue = QUEUE, .id = numbered(id, "item", ready_one(scene) + 6)};
	assert_int_equal(hf_outbox_remove(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void queue_mark_failed(struct scene *scene)
{
	char id[NAME];
	const struct hf_outbox_mark_failed_args args = {
	    .write = write_os, .queue = QUEUE, .id = numbered(id, "item", ready_one(scene) + 7)};
	assert_int_equal(hf_outbox_mark_failed(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void queue_retry(struct scene *scene)
{
	char id[NAME];
	const struct hf_outbox_retry_args args = {
	    .write = write_os, .queue = QUEUE, .id = numbered(id, "item", failed_one(scene) + 1)};
	assert_int_equal(hf_outbox_retry(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void queue_list_all(struct scene *scene)
{
	struct hf_outbox_items page;
	const struct hf_outbox_list_args args = {.queue = QUEUE, .limit = PAGE};
	assert_int_equal(hf_outbox_list(scene->store, &args, HF_READ_UNDURABLE, &page, NULL), HF_OK);
	assert_int_equal(page.count, PAGE);
	hf_release(page.memory);
}

static void queue_list_middle(struct scene *scene)
{
	expect_page(scene,
	            &(struct hf_outbox_list_args){.queue = QUEUE, .limit = PAGE, .page = scene->page},
	            PAGE);
}

static void queue_list_queued(struct scene *scene)
{
	expect_page(
	    scene,
	    &(struct hf_outbox_list_args){.queue = QUEUE, .limit = PAGE, .status = HF_OUTBOX_QUEUED},
	    PAGE);
}

static void queue_list_sending(struct scene *scene)
{
	expect_page(
	    scene,
	    &(struct hf_outbox_list_args){.queue = QUEUE, .limit = PAGE, .status = HF_OUTBOX_SENDING},
	    PAGE);
}

static void queue_list_failed(struct scene *scene)
{
	expect_page(
	    scene,
	    &(struct hf_outbox_list_args){.queue = QUEUE, .limit = PAGE, .status = HF_OUTBOX_FAILED},
	    PAGE);
}

static void queue_stats(struct scene *scene)
{
	struct hf_outbox_stats stats;
	assert_int_equal(hf_outbox_get_stats(scene->store, QUEUE, HF_READ_UNDURABLE, &stats, NULL),
	                 HF_OK);
	assert_true(stats.failed.items >= scene->count / 10 - 2 &&
	            stats.queued.items >= scene->count / 2);
}

/* The leases of claim_many are over; nothing is logged yet. */
static void queue_claim_after_expiry(struct scene *scene)
{
	sim_set_now(scene->sim, SCENE_NOW + 20 * SECOND);
	claim_some(scene, 1, 0);
}

static void queue_settle_leases(struct scene *scene)
{
	struct hf_outbox_stats stats;
	assert_int_equal(hf_maintain(scene->store, 0, NULL), HF_OK);
	assert_int_equal(hf_outbox_get_stats(scene->store, QUEUE, HF_READ_UNDURABLE, &stats, NULL),
	                 HF_OK);
	assert_true(stats.sending.items < 20);
}

static const struct work queue_works[] = {
    {"outbox enqueue", 0, queue_enqueue},
    {"outbox enqueue, live id", 0, queue_enqueue_again},
    {"outbox put", 0, queue_put},
    {"outbox configure", 0, queue_configure},
    {"outbox get", 0, queue_get},
    {"outbox claim_next of 1", 0, queue_claim_next},
    {"outbox claim_next of 64", 0, queue_claim_many},
    {"outbox claim, ready", 0, queue_claim_ready},
    {"outbox claim, failed", 0, queue_claim_failed},
    {"outbox claim, delayed", 0, queue_claim_delayed},
    {"outbox claim, complete", 0, queue_claim_complete},
    {"outbox claim, extend, fail", 0, queue_claim_extend_fail},
    {"outbox claim, release", 0, queue_claim_release},
    {"outbox remove", 0, queue_remove},
    {"outbox mark_failed", 0, queue_mark_failed},
    {"outbox retry", 0, queue_retry},
    {"outbox list, all", PAGE, queue_list_all},
    {"outbox list, from the middle", PAGE, queue_list_middle},
    {"outbox list, queued", PAGE, queue_list_queued},
    {"outbox list, sending", PAGE, queue_list_sending},
    {"outbox list, failed", PAGE, queue_list_failed},
    {"outbox stats", 0, queue_stats},
    {"outbox claim_next, leases over", 0, queue_claim_after_expiry},
    {"outbox settle of 64 leases", 0, queue_settle_leases},
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

static void claim_from_groups(struct scene *scene, uint32_t max, uint32_t expected)
{
	struct hf_outbox_items got;
	const struct hf_outbox_claim_next_args args = {.write = write_os,
	                                               .queue = GROUPS,
	                                               .max = max,
	                                               .owner = hf_str("w"),
	                                               .lease_us = 1000 * SECOND};
	assert_int_equal(hf_outbox_claim_next(scene->store, NULL, &args, &got, NULL, NULL), HF_OK);
	assert_int_equal(got.count, expected);
	hf_release(got.memory);
}

static void groups_claim_next(struct scene *scene)
{
	claim_from_groups(scene, 1, 1);
}

static void groups_claim_many(struct scene *scene)
{
	claim_from_groups(scene, 8, 8);
}

static void groups_claim_blocked(struct scene *scene)
{
	char id[NAME];
	const struct hf_outbox_claim_args args = {.write = write_os,
	                                          .queue = GROUPS,
	                                          .id = numbered(id, "item", scene->count / 2),
	                                          .owner = hf_str("w")};
	assert_int_equal(hf_outbox_claim(scene->store, NULL, &args, NULL, NULL, NULL), HF_EBLOCKED);
}

static void groups_enqueue(struct scene *scene)
{
	const struct hf_outbox_enqueue_args args = {
	    .write = write_os, .queue = GROUPS, .id = hf_str("one more"), .group = hf_str("busy")};
	assert_int_equal(hf_outbox_enqueue(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void groups_enqueue_completed(struct scene *scene)
{
	char id[NAME];
	struct hf_result result;
	const struct hf_outbox_enqueue_args args = {
	    .write = write_os, .queue = GROUPS, .id = numbered(id, "done", scene->count / 20)};
	assert_int_equal(hf_outbox_enqueue(scene->store, NULL, &args, &result, NULL), HF_OK);
	assert_false(result.changed);
}

static void groups_stats(struct scene *scene)
{
	struct hf_outbox_stats stats;
	assert_int_equal(hf_outbox_get_stats(scene->store, GROUPS, HF_READ_UNDURABLE, &stats, NULL),
	                 HF_OK);
	assert_true(stats.blocked > scene->count / 10 * 9 - 2 && stats.groups > scene->count / 50 &&
	            stats.busy_groups > 1);
	assert_int_equal(stats.completed, scene->count / 10);
}

static void groups_completed(struct scene *scene)
{
	struct hf_outbox_completed_page page;
	const struct hf_outbox_list_completed_args args = {.queue = GROUPS, .limit = PAGE};
	assert_int_equal(hf_outbox_list_completed(scene->store, &args, HF_READ_UNDURABLE, &page, NULL),
	                 HF_OK);
	assert_int_equal(page.count, PAGE);
	hf_release(page.memory);
}

/* One at the limit: the oldest is dropped. The limit is set by the first of the two. */
static void groups_drop_oldest(struct scene *scene)
{
	const struct hf_outbox_put_completed_args args = {.write = write_os,
	                                                  .queue = GROUPS,
	                                                  .id = hf_str("late"),
	                                                  .until = SCENE_NOW + 1000 * SECOND};
	assert_int_equal(hf_outbox_put_completed(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void groups_set_limit(struct scene *scene)
{
	const struct hf_outbox_configure_args args = {.write = write_os,
	                                              .queue = GROUPS,
	                                              .dedup_window_us = 1000 * SECOND,
	                                              .dedup_max = scene->count / 10};
	assert_int_equal(hf_outbox_configure(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void groups_pause(struct scene *scene)
{
	const struct hf_outbox_pause_args args = {.write = write_os, .queue = GROUPS};
	assert_int_equal(hf_outbox_pause(scene->store, NULL, &args, NULL, NULL), HF_OK);
	claim_from_groups(scene, 1, 0);
	assert_int_equal(hf_outbox_resume(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

/* The lease is over: the group moves on with nobody acting, its first item first. */
static void groups_claim_after_expiry(struct scene *scene)
{
	sim_set_now(scene->sim, SCENE_NOW + 600 * SECOND);
	claim_from_groups(scene, 1, 1);
}

/* All completed ids have faded, and that is not logged. */
static void groups_enqueue_faded(struct scene *scene)
{
	char id[NAME];
	struct hf_result result;
	sim_set_now(scene->sim, SCENE_NOW + 5000 * SECOND);
	const struct hf_outbox_enqueue_args args = {
	    .write = write_os, .queue = GROUPS, .id = numbered(id, "done", scene->count / 20)};
	assert_int_equal(hf_outbox_enqueue(scene->store, NULL, &args, &result, NULL), HF_OK);
	assert_true(result.changed);
}

static void groups_claim_beside_faded(struct scene *scene)
{
	claim_from_groups(scene, 1, 1);
}

/* The holder of the first of the group completes it, and the next of nearly all of them is free. */
static void groups_complete(struct scene *scene)
{
	struct hf_outbox_items got;
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
	claim_from_groups(scene, 1, 1);
}

static const struct work group_works[] = {
    {"outbox claim_next beside a busy group", 0, groups_claim_next},
    {"outbox claim_next of 8 groups", 0, groups_claim_many},
    {"outbox claim, group busy", 0, groups_claim_blocked},
    {"outbox enqueue into the busy group", 0, groups_enqueue},
    {"outbox enqueue of a completed id", 0, groups_enqueue_completed},
    {"outbox stats with groups", 0, groups_stats},
    {"outbox completed", PAGE, groups_completed},
    {"outbox configure, dedup_max", 0, groups_set_limit},
    {"outbox put_completed, oldest dropped", 0, groups_drop_oldest},
    {"outbox pause, claim_next, resume", 0, groups_pause},
    {"outbox claim_next, group free again", 0, groups_claim_after_expiry},
    {"outbox enqueue, all ids faded", 0, groups_enqueue_faded},
    {"outbox claim_next, all ids faded", 0, groups_claim_beside_faded},
    {"outbox claim, complete, claim of the group", 0, groups_complete},
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
