/* tier: fast, threads */
/* claim_next with a wait: what wakes it, in which order callers are served, and how it ends with
 * nothing. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "lib/domains/outbox_ops.h"
#include "lib/settings.h"
#include "lib/test.h"
#include "store/internal.h"

#define SECOND INT64_C(1000000)
#define FOR_EVER INT64_C(-1)

enum { CALLERS = 8 };

struct caller {
	hf_store *store;
	int64_t wait_us;
	pthread_t thread;
	struct hf_outbox_items items;
	struct hf_result result;
	struct hf_error error;
	int rc;
	atomic_bool done;
};

struct scene {
	struct stage *stage;
	struct caller callers[CALLERS];
	unsigned started;
};

static void *claim(void *arg)
{
	struct caller *c = arg;
	const struct hf_outbox_claim_next_args args = {.queue = hf_str(OB_QUEUE),
	                                               .owner = hf_str("w"),
	                                               .lease_us = 10 * SECOND,
	                                               .wait_us = c->wait_us};
	c->rc = hf_outbox_claim_next(c->store, NULL, &args, &c->items, &c->result, &c->error);
	atomic_store(&c->done, true);
	return NULL;
}

static size_t waiting(const struct scene *scene)
{
	(void)pthread_mutex_lock(&scene->stage->store->lock);
	const size_t count = scene->stage->store->waits.waiting;
	(void)pthread_mutex_unlock(&scene->stage->store->lock);
	return count;
}

/* Starts a caller and waits until it stands in line. */
static struct caller *line_up(struct scene *scene, int64_t wait_us)
{
	const size_t before = waiting(scene);
	struct caller *c = &scene->callers[scene->started++];
	c->store = scene->stage->store;
	c->wait_us = wait_us;
	assert_int_equal(pthread_create(&c->thread, NULL, claim, c), 0);
	while (waiting(scene) == before)
		(void)sched_yield();
	return c;
}

/* What it got: "" for nothing. */
static const char *got(struct caller *c)
{
	static char id[64];
	assert_int_equal(pthread_join(c->thread, NULL), 0);
	if (c->rc != HF_OK)
		fail_msg("%s: %s", hf_code_name(c->rc), c->error.text);
	assert_true(c->items.count <= 1 && c->result.changed == (c->items.count == 1));
	(void)snprintf(id, sizeof id, "%.*s", c->items.count ? (int)c->items.items[0].id.len : 0,
	               c->items.count ? (const char *)c->items.items[0].id.data : "");
	hf_release(c->items.memory);
	return id;
}

static void still_waits(struct scene *scene, struct caller *c)
{
	for (int i = 0; i < 200; i++)
		(void)sched_yield();
	assert_false(atomic_load(&c->done));
	assert_int_equal(waiting(scene), 1);
}

static void enqueue_into(struct scene *scene, const char *id, const char *group,
                         hf_time available_at)
{
	const struct hf_outbox_enqueue_args args = {.queue = hf_str(OB_QUEUE),
	                                            .id = hf_str(id),
	                                            .group = hf_str(group),
	                                            .available_at = available_at};
	assert_int_equal(hf_outbox_enqueue(scene->stage->store, NULL, &args, NULL, NULL), HF_OK);
}

static void upkeep(struct scene *scene, hf_time now)
{
	stage_at(scene->stage, now);
	assert_int_equal(hf_maintain(scene->stage->store, 0, NULL), HF_OK);
}

/* --- What wakes ------------------------------------------------------------------------------- */

static void an_item_wakes_who_waits_for_a_queue_that_was_not_there(void **unused)
{
	(void)unused;
	struct scene scene = {.stage = stage_open(SETTING_LIVE)};
	struct caller *c = line_up(&scene, FOR_EVER);
	const struct hf_outbox_enqueue_args other = {.queue = hf_str("another"), .id = hf_str("x")};
	assert_int_equal(hf_outbox_enqueue(scene.stage->store, NULL, &other, NULL, NULL), HF_OK);
	still_waits(&scene, c);
	enqueue_into(&scene, "a", "", 0);
	assert_string_equal(got(c), "a");
	assert_string_equal(ob_status(scene.stage->store, "a"), "sending");
	stage_close(scene.stage);
}

static void callers_are_served_in_the_order_of_arrival(void **unused)
{
	(void)unused;
	struct scene scene = {.stage = stage_open(SETTING_LIVE)};
	static const char *const ids[] = {"a", "b", "c", "d"};
	struct caller *callers[4];
	for (unsigned i = 0; i < 4; i++)
		callers[i] = line_up(&scene, FOR_EVER);
	for (unsigned i = 0; i < 2; i++) {
		enqueue_into(&scene, ids[i], "", 0);
		assert_string_equal(got(callers[i]), ids[i]);
	}
	/* Two at once: the first hands on. */
	static const struct hf_outbox_input items[] = {{.id = {"c", 1}}, {.id = {"d", 1}}};
	const struct hf_outbox_enqueue_many_args many = {
	    .queue = hf_str(OB_QUEUE), .items = items, .count = 2};
	assert_int_equal(hf_outbox_enqueue_many(scene.stage->store, NULL, &many, NULL, NULL), HF_OK);
	assert_string_equal(got(callers[2]), "c");
	assert_string_equal(got(callers[3]), "d");
	stage_close(scene.stage);
}

static void time_makes_a_delayed_item_and_an_ended_lease_available(void **unused)
{
	(void)unused;
	struct scene scene = {.stage = stage_open(SETTING_LIVE)};
	enqueue_into(&scene, "a", "", STAGE_NOW + 5 * SECOND);
	struct caller *c = line_up(&scene, FOR_EVER);
	upkeep(&scene, STAGE_NOW + 5 * SECOND - 1);
	still_waits(&scene, c);
	upkeep(&scene, STAGE_NOW + 5 * SECOND);
	assert_string_equal(got(c), "a");
	c = line_up(&scene, FOR_EVER);
	upkeep(&scene, STAGE_NOW + 15 * SECOND - 1);
	still_waits(&scene, c);
	upkeep(&scene, STAGE_NOW + 15 * SECOND);
	assert_string_equal(got(c), "a");
	stage_close(scene.stage);
}

static void the_end_of_a_pause_wakes(void **unused)
{
	(void)unused;
	struct scene scene = {.stage = stage_open(SETTING_LIVE)};
	const struct hf_outbox_pause_args pause = {.queue = hf_str(OB_QUEUE)};
	assert_int_equal(hf_outbox_pause(scene.stage->store, NULL, &pause, NULL, NULL), HF_OK);
	struct caller *c = line_up(&scene, FOR_EVER);
	enqueue_into(&scene, "a", "", 0);
	still_waits(&scene, c);
	assert_int_equal(hf_outbox_resume(scene.stage->store, NULL, &pause, NULL, NULL), HF_OK);
	assert_string_equal(got(c), "a");
	stage_close(scene.stage);
}

static void a_group_that_moves_on_wakes(void **unused)
{
	(void)unused;
	struct scene scene = {.stage = stage_open(SETTING_LIVE)};
	enqueue_into(&scene, "a", "g", 0);
	enqueue_into(&scene, "b", "g", 0);
	const hf_token token = ob_claim(scene.stage->store, "a", 60 * SECOND);
	struct caller *c = line_up(&scene, FOR_EVER);
	enqueue_into(&scene, "c", "g", 0);
	still_waits(&scene, c);
	ob_complete(scene.stage->store, "a", token);
	assert_string_equal(got(c), "b");
	/* A redrive is a change like any other. */
	ob_mark_failed(scene.stage->store, "b");
	ob_mark_failed(scene.stage->store, "c");
	c = line_up(&scene, FOR_EVER);
	assert_int_equal(hf_outbox_redrive(scene.stage->store, NULL,
	                                   &(struct hf_outbox_redrive_args){.queue = hf_str(OB_QUEUE)},
	                                   NULL, NULL),
	                 HF_OK);
	assert_string_equal(got(c), "b");
	stage_close(scene.stage);
}

/* --- How it ends ------------------------------------------------------------------------------ */

static void a_wait_that_is_over_gives_nothing(void **unused)
{
	(void)unused;
	struct scene scene = {.stage = stage_open(SETTING_LIVE)};
	struct caller c = {.store = scene.stage->store, .wait_us = 20};
	enqueue_into(&scene, "a", "", STAGE_NOW + SECOND);
	assert_int_equal(pthread_create(&c.thread, NULL, claim, &c), 0);
	assert_string_equal(got(&c), "");
	assert_int_equal(waiting(&scene), 0);
	/* Something that is there is given at once, whatever the wait. */
	enqueue_into(&scene, "b", "", 0);
	c = (struct caller){.store = scene.stage->store, .wait_us = FOR_EVER};
	assert_int_equal(pthread_create(&c.thread, NULL, claim, &c), 0);
	assert_string_equal(got(&c), "b");
	stage_close(scene.stage);
}

static void closing_sends_everyone_away(void **unused)
{
	(void)unused;
	struct scene scene = {.stage = stage_open(SETTING_LIVE)};
	for (unsigned i = 0; i < 3; i++)
		(void)line_up(&scene, FOR_EVER);
	stage_drop(scene.stage);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(pthread_join(scene.callers[i].thread, NULL), 0);
		assert_int_equal(scene.callers[i].rc, HF_ECANCELED);
		assert_true(scene.callers[i].items.count == 0 && !scene.callers[i].items.memory);
	}
}

static void a_transaction_cannot_wait(void **unused)
{
	(void)unused;
	struct stage *stage = stage_open(SETTING_LIVE);
	struct hf_outbox_items items = {0};
	struct hf_error error;
	hf_txn *txn;
	struct hf_outbox_claim_next_args args = {
	    .queue = hf_str(OB_QUEUE), .owner = hf_str("w"), .wait_us = 1};
	assert_int_equal(hf_txn_begin(stage->store, &txn, NULL), HF_OK);
	assert_int_equal(hf_outbox_claim_next(stage->store, txn, &args, &items, NULL, &error),
	                 HF_EINVAL);
	assert_string_equal(error.text, "outbox claim next: a transaction cannot wait");
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_EINVAL); /* not without it */
	args.wait_us = -2;
	assert_int_equal(hf_outbox_claim_next(stage->store, NULL, &args, &items, NULL, NULL),
	                 HF_EINVAL);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_item_wakes_who_waits_for_a_queue_that_was_not_there),
	    cmocka_unit_test(callers_are_served_in_the_order_of_arrival),
	    cmocka_unit_test(time_makes_a_delayed_item_and_an_ended_lease_available),
	    cmocka_unit_test(the_end_of_a_pause_wakes),
	    cmocka_unit_test(a_group_that_moves_on_wakes),
	    cmocka_unit_test(a_wait_that_is_over_gives_nothing),
	    cmocka_unit_test(closing_sends_everyone_away),
	    cmocka_unit_test(a_transaction_cannot_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
