/* Waiting calls, on a domain made for it: boxes of permits, from which callers take one each. Served in the order of arrival, woken by changes, by the
 * store's clock, by closing and by failure, and never forgotten. The clocks are simulated: nothing here depends on how fast the machine is. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/sim_os.h"
#include "log/entry.h"
#include "store/internal.h"

#define NOW INT64_C(1795167000000000)
#define SECOND INT64_C(1000000)

/* --- A domain of permits -------------------------------------------------------------------------------------------------------- */

enum { BOXES = 3, DOMAIN = 9, SET = 1 };

struct boxes;
struct box {
	struct hf__object object;
	struct boxes *boxes;
	uint64_t number;
	struct {
		uint32_t permits;
	} value;
};

struct boxes {
	struct box *box[BOXES]; /* NULL: never filled */
};

static uint64_t key_of(uint64_t number)
{
	return hf__wait_key(DOMAIN, number);
}

static uint64_t box_key(const struct hf__object *object)
{
	return key_of(((const struct box *)object)->number);
}

static void box_enlist(struct hf__object *object)
{
	struct box *box = (struct box *)object;
	box->boxes->box[box->number] = box;
}

static void box_delist(struct hf__object *object)
{
	struct box *box = (struct box *)object;
	box->boxes->box[box->number] = NULL;
}

static void box_free(struct hf__object *object)
{
	hf__free(object);
}

static const struct hf__type box_type = {
    .name = "box",
    .value_offset = offsetof(struct box, value),
    .value_size = sizeof((struct box *)NULL)->value,
    .enlist = box_enlist,
    .delist = box_delist,
    .free = box_free,
    .wait_key = box_key,
};

static int boxes_init(void *state, const struct hf__domain_env *env)
{
	(void)state;
	(void)env;
	return HF_OK;
}

static void boxes_deinit(void *raw)
{
	struct boxes *state = raw;
	for (unsigned i = 0; i < BOXES; i++)
		if (state->box[i])
			hf__object_free(&state->box[i]->object);
}

static int boxes_apply(void *raw, struct hf__change *change, const struct hf__entry *entry)
{
	struct boxes *state = raw;
	struct hf__reader r = hf__reader(entry->body);
	const uint8_t number = hf__get_u8(&r);
	const uint32_t permits = hf__get_u32(&r);
	if (!hf__reader_done(&r) || number >= BOXES || entry->kind != SET)
		return HF_ECORRUPT;
	struct box *box = state->box[number];
	if (box) {
		if (hf__before_change(change, &box->object) != HF_OK)
			return HF_ENOMEM;
		box->value.permits = permits;
		hf__after_change(change, &box->object);
		return HF_OK;
	}
	box = hf__alloc(sizeof *box);
	if (!box)
		return HF_ENOMEM;
	box->object.type = &box_type;
	box->boxes = state;
	box->number = number;
	box->value.permits = permits;
	return hf__change_add(change, &box->object);
}

static int boxes_snapshot(const void *state, struct hf__emitter *emitter)
{
	(void)state;
	(void)emitter;
	return HF_OK;
}

static void boxes_describe(const struct hf__entry *entry, struct hf__text *out)
{
	hf__text_add(out, "permits, kind %u", entry->kind);
}

static int boxes_verify(const void *state, struct hf__text *why)
{
	(void)state;
	(void)why;
	return HF_OK;
}

static const struct hf__domain boxes_row = {
    .id = DOMAIN,
    .name = "boxes",
    .state_size = sizeof(struct boxes),
    .init = boxes_init,
    .deinit = boxes_deinit,
    .apply = boxes_apply,
    .snapshot = boxes_snapshot,
    .describe = boxes_describe,
    .verify = boxes_verify,
};
static const struct hf__domain *const rows[] = {&boxes_row};
static const struct hf__domains domains = {rows, 1};

/* Takes `take` and gives `give`; refused with HF_EBLOCKED before `opens_at` and while there are too few. */
struct move {
	struct hf_write write;
	unsigned box;
	uint32_t take, give;
	int64_t opens_at;
};

static int move_check(const void *raw, struct hf__text *why)
{
	const struct move *move = raw;
	if (move->box < BOXES)
		return HF_OK;
	hf__text_add(why, "no such box");
	return HF_EINVAL;
}

static int move_decide(void *raw, struct hf__decision *d, const void *args, struct hf_result *result)
{
	const struct boxes *state = raw;
	const struct move *move = args;
	const struct box *box = state->box[move->box];
	const uint32_t permits = box ? box->value.permits : 0;
	hf__depends(d, box ? &box->object : NULL);
	if (move->take > 0 && (d->now < move->opens_at || permits < move->take || hf__wait_behind(d, key_of(move->box)))) {
		hf__wait_on(d, key_of(move->box), d->now < move->opens_at ? move->opens_at : INT64_MAX);
		hf__text_add(&d->why, "%u permits", permits);
		return HF_EBLOCKED;
	}
	struct hf__writer *w = hf__entry_body(d);
	hf__put_u8(w, (uint8_t)move->box);
	hf__put_u32(w, permits - move->take + move->give);
	result->changed = true;
	result->version = hf__next_lsn(d);
	return hf__emit(d, SET);
}

static void *move_copy(struct hf__arena *arena, const void *args)
{
	return hf__arena_copy(arena, args, sizeof(struct move));
}

static const struct hf__verb move_verb = {"move permits", DOMAIN, move_check, move_decide, move_copy};

/* --- Scene ------------------------------------------------------------------------------------------------------------------------ */

enum { CALLERS = 16 };

struct scene;
struct caller {
	struct scene *scene;
	struct move move;
	int64_t wait_us;
	pthread_t thread;
	struct hf_result result;
	struct hf_error error;
	int rc;
	atomic_bool done;
};

struct scene {
	struct sim *sim;
	hf_store *store;
	struct caller callers[CALLERS];
	unsigned started;
};

static void scene_open(struct scene *scene, bool background)
{
	const struct hf_options options = {.create = true, .no_background = !background, .segment_size = 16 << 10};
	*scene = (struct scene){.sim = sim_new(sim_profile_strict(), 3)};
	sim_set_now(scene->sim, NOW);
	assert_int_equal(hf__store_open(sim_os(scene->sim), &domains, &options, &scene->store, NULL), HF_OK);
}

static void scene_close(struct scene *scene)
{
	assert_int_equal(scene->store->waits.waiting, 0);
	assert_int_equal(hf_close(scene->store, NULL), HF_OK);
	sim_free(scene->sim);
}

static void *call(void *arg)
{
	struct caller *c = arg;
	c->rc = hf__mutate_wait(c->scene->store, &move_verb, &c->move, HF_DURABLE, c->wait_us, &c->result, NULL, &c->error);
	atomic_store(&c->done, true);
	return NULL;
}

static size_t waiting(struct scene *scene)
{
	(void)pthread_mutex_lock(&scene->store->lock);
	const size_t count = scene->store->waits.waiting;
	(void)pthread_mutex_unlock(&scene->store->lock);
	return count;
}

/* Starts a caller and waits until it stands in line. */
static struct caller *line_up(struct scene *scene, struct move move, int64_t wait_us)
{
	const size_t before = waiting(scene);
	struct caller *c = &scene->callers[scene->started++];
	c->scene = scene;
	c->move = move;
	c->wait_us = wait_us;
	assert_int_equal(pthread_create(&c->thread, NULL, call, c), 0);
	while (waiting(scene) == before)
		(void)sched_yield();
	return c;
}

static void give(struct scene *scene, unsigned box, uint32_t permits)
{
	const struct move move = {.box = box, .give = permits};
	assert_int_equal(hf__mutate(scene->store, NULL, &move_verb, &move, HF_DURABLE, NULL, NULL, NULL), HF_OK);
}

static void served(struct caller *c)
{
	assert_int_equal(pthread_join(c->thread, NULL), 0);
	if (c->rc != HF_OK)
		fail_msg("%s: %s", hf_code_name(c->rc), c->error.text);
	assert_true(c->result.changed);
	assert_int_equal(c->error.code, 0); /* what earlier tries were told does not show */
}

static void refused(struct caller *c, int code)
{
	assert_int_equal(pthread_join(c->thread, NULL), 0);
	assert_int_equal(c->rc, code);
	assert_int_equal(c->error.code, code);
	assert_false(c->result.changed);
	assert_int_equal(c->result.version, 0);
}

/* Woken or not, it looked again and lies down as before. */
static void still_waits(struct scene *scene, struct caller *c, size_t count)
{
	for (int i = 0; i < 200; i++)
		(void)sched_yield();
	assert_false(atomic_load(&c->done));
	assert_int_equal(waiting(scene), count);
}

static const struct move one = {.box = 0, .take = 1};

/* --- What callers get --------------------------------------------------------------------------------------------------------------- */

static void without_a_wait_the_answer_comes_at_once(void **state)
{
	(void)state;
	struct scene scene;
	struct hf_error error = {0};
	struct hf_result result = {0};
	scene_open(&scene, false);
	assert_int_equal(hf__mutate_wait(scene.store, &move_verb, &one, HF_DURABLE, 0, &result, NULL, &error), HF_EBLOCKED);
	assert_string_equal(error.text, "move permits: 0 permits");
	give(&scene, 0, 1);
	assert_int_equal(hf__mutate_wait(scene.store, &move_verb, &one, HF_DURABLE, 0, &result, NULL, &error), HF_OK);
	scene_close(&scene);
}

static void what_is_there_needs_no_wait(void **state)
{
	(void)state;
	struct scene scene;
	struct hf_result result = {0};
	scene_open(&scene, false);
	give(&scene, 0, 1);
	assert_int_equal(hf__mutate_wait(scene.store, &move_verb, &one, HF_DURABLE, -1, &result, NULL, NULL), HF_OK);
	assert_true(result.changed);
	scene_close(&scene);
}

static void a_call_with_a_wrong_form_does_not_wait(void **state)
{
	(void)state;
	struct scene scene;
	const struct move wrong = {.box = BOXES, .take = 1};
	struct hf_error error = {0};
	scene_open(&scene, false);
	assert_int_equal(hf__mutate_wait(scene.store, &move_verb, &wrong, HF_DURABLE, -1, NULL, NULL, &error), HF_EINVAL);
	assert_string_equal(error.text, "move permits: no such box");
	assert_int_equal(hf__mutate_wait(scene.store, &move_verb, &one, (enum hf_durability)7, -1, NULL, NULL, &error), HF_EINVAL);
	sim_set_forked(scene.sim, true);
	assert_int_equal(hf__mutate_wait(scene.store, &move_verb, &one, HF_DURABLE, -1, NULL, NULL, &error), HF_EFORK);
	sim_set_forked(scene.sim, false);
	scene_close(&scene);
}

static void a_change_of_what_is_waited_for_wakes(void **state)
{
	(void)state;
	struct scene scene;
	scene_open(&scene, false);
	struct caller *c = line_up(&scene, one, -1);
	give(&scene, 1, 5); /* another box */
	still_waits(&scene, c, 1);
	give(&scene, 0, 1);
	served(c);
	scene_close(&scene);
}

static void a_change_that_is_undone_wakes_nobody(void **state)
{
	(void)state;
	struct scene scene;
	hf_txn *txn = NULL;
	const struct move fill = {.box = 0, .give = 1}, refuse = {.box = 1, .take = 1};
	scene_open(&scene, false);
	struct caller *c = line_up(&scene, one, -1);
	assert_int_equal(hf_txn_begin(scene.store, &txn, NULL), HF_OK);
	assert_int_equal(hf__mutate(scene.store, txn, &move_verb, &fill, HF_DURABLE, NULL, NULL, NULL), HF_OK);
	assert_int_equal(hf__mutate(scene.store, txn, &move_verb, &refuse, HF_DURABLE, NULL, NULL, NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_EBLOCKED);
	still_waits(&scene, c, 1);
	give(&scene, 0, 1);
	served(c);
	scene_close(&scene);
}

/* --- Order -------------------------------------------------------------------------------------------------------------------------- */

static void waiters_are_served_in_the_order_of_arrival(void **state)
{
	(void)state;
	struct scene scene;
	scene_open(&scene, false);
	for (unsigned i = 0; i < 8; i++)
		(void)line_up(&scene, one, -1);
	for (unsigned i = 0; i < 8; i++) {
		give(&scene, 0, 1);
		served(&scene.callers[i]);
		for (unsigned k = i + 1; k < 8; k++)
			assert_false(atomic_load(&scene.callers[k].done));
	}
	scene_close(&scene);
}

static void one_change_that_is_enough_for_many_is_handed_on(void **state)
{
	(void)state;
	struct scene scene;
	scene_open(&scene, false);
	for (unsigned i = 0; i < 8; i++)
		(void)line_up(&scene, one, -1);
	give(&scene, 0, 8);
	for (unsigned i = 0; i < 8; i++) {
		served(&scene.callers[i]);
		if (i > 0)
			assert_true(scene.callers[i - 1].result.version < scene.callers[i].result.version);
	}
	scene_close(&scene);
}

static void a_newcomer_who_would_wait_stands_behind(void **state)
{
	(void)state;
	struct scene scene;
	const struct move two = {.box = 0, .take = 2};
	scene_open(&scene, false);
	struct caller *first = line_up(&scene, two, -1);
	give(&scene, 0, 1);
	/* One permit is there, but it is kept for him who came first. */
	struct caller *newcomer = line_up(&scene, one, -1);
	still_waits(&scene, newcomer, 2);
	give(&scene, 0, 2);
	served(first);
	served(newcomer);
	assert_true(first->result.version < newcomer->result.version);
	scene_close(&scene);
}

static void who_would_not_wait_is_not_kept_from_what_is_there(void **state)
{
	(void)state;
	struct scene scene;
	const struct move two = {.box = 0, .take = 2};
	scene_open(&scene, false);
	struct caller *first = line_up(&scene, two, -1);
	give(&scene, 0, 1);
	assert_int_equal(hf__mutate(scene.store, NULL, &move_verb, &one, HF_DURABLE, NULL, NULL, NULL), HF_OK);
	give(&scene, 0, 2);
	served(first);
	scene_close(&scene);
}

/* --- Time --------------------------------------------------------------------------------------------------------------------------- */

static void pass_time(struct scene *scene, int64_t us)
{
	sim_advance(scene->sim, us);
	assert_int_equal(hf_maintain(scene->store, 0, NULL), HF_OK);
}

static void when_its_time_is_up_the_answer_is_that_of_the_last_try(void **state)
{
	(void)state;
	struct scene scene;
	const struct move five = {.box = 0, .take = 5};
	scene_open(&scene, false);
	struct caller *c = line_up(&scene, five, 10 * SECOND);
	give(&scene, 0, 3);
	pass_time(&scene, 9 * SECOND);
	still_waits(&scene, c, 1);
	pass_time(&scene, 2 * SECOND);
	refused(c, HF_EBLOCKED);
	assert_string_equal(c->error.text, "move permits: 3 permits");
	scene_close(&scene);
}

static void an_instant_of_the_stores_clock_wakes(void **state)
{
	(void)state;
	struct scene scene;
	const struct move later = {.box = 0, .take = 1, .opens_at = NOW + 5 * SECOND};
	scene_open(&scene, false);
	give(&scene, 0, 1);
	struct caller *c = line_up(&scene, later, -1);
	pass_time(&scene, 4 * SECOND);
	still_waits(&scene, c, 1);
	pass_time(&scene, 1 * SECOND);
	served(c);
	scene_close(&scene);
}

static void the_background_thread_wakes_too(void **state)
{
	(void)state;
	struct scene scene;
	const struct move later = {.box = 0, .take = 1, .opens_at = NOW + 5 * SECOND};
	scene_open(&scene, true);
	give(&scene, 0, 1);
	struct caller *c = line_up(&scene, later, -1);
	sim_advance(scene.sim, 5 * SECOND);
	served(c);
	scene_close(&scene);
}

static void who_gives_up_makes_the_next_one_first(void **state)
{
	(void)state;
	struct scene scene;
	const struct move five = {.box = 0, .take = 5};
	scene_open(&scene, false);
	struct caller *first = line_up(&scene, five, 10 * SECOND);
	struct caller *second = line_up(&scene, one, -1);
	give(&scene, 0, 1);
	still_waits(&scene, second, 2);
	pass_time(&scene, 11 * SECOND);
	refused(first, HF_EBLOCKED);
	served(second);
	scene_close(&scene);
}

/* --- The end ------------------------------------------------------------------------------------------------------------------------ */

static void closing_sends_everyone_away_and_waits_for_them(void **state)
{
	(void)state;
	struct scene scene;
	scene_open(&scene, true);
	for (unsigned i = 0; i < CALLERS; i++)
		(void)line_up(&scene, (struct move){.box = i % BOXES, .take = 1}, i % 2 ? -1 : 100 * SECOND);
	assert_int_equal(hf_close(scene.store, NULL), HF_OK);
	for (unsigned i = 0; i < CALLERS; i++)
		refused(&scene.callers[i], HF_ECANCELED);
	sim_free(scene.sim);
}

static void a_store_that_fails_sends_everyone_away(void **state)
{
	(void)state;
	struct scene scene;
	const struct move fill = {.box = 1, .give = 1};
	scene_open(&scene, false);
	give(&scene, 1, 1);
	for (unsigned i = 0; i < 4; i++)
		(void)line_up(&scene, one, -1);
	sim_add_fault(scene.sim, (struct sim_fault){.kinds = SIM_SYNC, .error = 5});
	assert_int_equal(hf__mutate(scene.store, NULL, &move_verb, &fill, HF_DURABLE, NULL, NULL, NULL), HF_EUNCERTAIN);
	for (unsigned i = 0; i < 4; i++)
		refused(&scene.callers[i], HF_EFAILED);
	assert_int_equal(hf_close(scene.store, NULL), HF_EFAILED);
	sim_free(scene.sim);
}

static void who_was_served_by_what_then_fails_hears_that_it_is_uncertain(void **state)
{
	(void)state;
	struct scene scene;
	const struct move fill = {.box = 0, .give = 1};
	scene_open(&scene, false);
	give(&scene, 1, 1);
	struct caller *c = line_up(&scene, one, -1);
	sim_add_fault(scene.sim, (struct sim_fault){.kinds = SIM_SYNC, .error = 5, .persistent = true});
	sim_set_sync_delay(scene.sim, 2000); /* so that it is served before the flush has failed, or behind it */
	assert_int_equal(hf__mutate(scene.store, NULL, &move_verb, &fill, HF_DURABLE, NULL, NULL, NULL), HF_EUNCERTAIN);
	assert_int_equal(pthread_join(c->thread, NULL), 0);
	assert_true(c->rc == HF_EUNCERTAIN || c->rc == HF_EFAILED);
	assert_false(c->result.changed);
	assert_int_equal(hf_close(scene.store, NULL), HF_EFAILED);
	sim_free(scene.sim);
}

/* --- Everything at once --------------------------------------------------------------------------------------------------------------- */

enum { ROUNDS = 150 };

static void *taker(void *arg)
{
	struct caller *c = arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		const struct move take = {.write.durability = HF_OS, .box = i % BOXES, .take = 1};
		const int rc = hf__mutate_wait(c->scene->store, &move_verb, &take, HF_OS, -1, NULL, NULL, NULL);
		c->rc = rc == HF_OK ? c->rc : rc;
	}
	return NULL;
}

static void *giver(void *arg)
{
	struct caller *c = arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		const struct move fill = {.write.durability = HF_OS, .box = i % BOXES, .give = 1 + i % 2 * 2};
		const int rc = hf__mutate(c->scene->store, NULL, &move_verb, &fill, HF_OS, NULL, NULL, NULL);
		c->rc = rc == HF_OK ? c->rc : rc;
	}
	return NULL;
}

/* Twice as many takers as givers, who give two at a time on average: were one wakeup lost, somebody would wait for ever. */
static void nobody_is_forgotten_in_a_crowd(void **state)
{
	(void)state;
	struct scene scene;
	scene_open(&scene, true);
	for (unsigned i = 0; i < 12; i++) {
		scene.callers[i].scene = &scene;
		assert_int_equal(pthread_create(&scene.callers[i].thread, NULL, i < 8 ? taker : giver, &scene.callers[i]), 0);
	}
	for (unsigned i = 0; i < 12; i++) {
		assert_int_equal(pthread_join(scene.callers[i].thread, NULL), 0);
		assert_int_equal(scene.callers[i].rc, HF_OK);
	}
	const struct boxes *boxes = scene.store->states[0];
	for (unsigned i = 0; i < BOXES; i++)
		assert_int_equal(boxes->box[i]->value.permits, 0);
	scene_close(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_wait_the_answer_comes_at_once),
	    cmocka_unit_test(what_is_there_needs_no_wait),
	    cmocka_unit_test(a_call_with_a_wrong_form_does_not_wait),
	    cmocka_unit_test(a_change_of_what_is_waited_for_wakes),
	    cmocka_unit_test(a_change_that_is_undone_wakes_nobody),
	    cmocka_unit_test(waiters_are_served_in_the_order_of_arrival),
	    cmocka_unit_test(one_change_that_is_enough_for_many_is_handed_on),
	    cmocka_unit_test(a_newcomer_who_would_wait_stands_behind),
	    cmocka_unit_test(who_would_not_wait_is_not_kept_from_what_is_there),
	    cmocka_unit_test(when_its_time_is_up_the_answer_is_that_of_the_last_try),
	    cmocka_unit_test(an_instant_of_the_stores_clock_wakes),
	    cmocka_unit_test(the_background_thread_wakes_too),
	    cmocka_unit_test(who_gives_up_makes_the_next_one_first),
	    cmocka_unit_test(closing_sends_everyone_away_and_waits_for_them),
	    cmocka_unit_test(a_store_that_fails_sends_everyone_away),
	    cmocka_unit_test(who_was_served_by_what_then_fails_hears_that_it_is_uncertain),
	    cmocka_unit_test(nobody_is_forgotten_in_a_crowd),
	};
	(void)alarm(60); /* a lost wakeup is a wait for ever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
