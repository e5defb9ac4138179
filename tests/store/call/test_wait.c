/* tier: fast, threads */
/* Waiting calls, on a domain made for it: boxes of permits, from which callers take one each.
 * Served in the order of arrival, woken by changes, by the store's clock, by closing and by
 * failure, and never forgotten. The clocks are simulated: nothing here depends on how fast the
 * machine is. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "lib/permits.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/internal.h"

#define NOW INT64_C(1795167000000000)
#define SECOND INT64_C(1000000)

/* --- Scene ------------------------------------------------------------------------------------ */

enum { CALLERS = 16 };

struct scene;
struct caller {
	struct scene *scene;
	struct permits_move move;
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
	const struct hf_options options = {
	    .create = true, .no_background = !background, .segment_size = 16 << 10};
	*scene = (struct scene){.sim = sim_new(sim_profile_strict(), 3)};
	sim_set_now(scene->sim, NOW);
	assert_int_equal(
	    hf__store_open(sim_os(scene->sim), permits_domains(), &options, &scene->store, NULL),
	    HF_OK);
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
	c->rc = hf__mutate_wait(c->scene->store, &permits_verb, &c->move, c->wait_us, &c->result, NULL,
	                        &c->error);
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
static struct caller *line_up(struct scene *scene, struct permits_move move, int64_t wait_us)
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
	const struct permits_move move = {.box = box, .give = permits};
	assert_int_equal(hf__mutate(scene->store, NULL, &permits_verb, &move, NULL, NULL, NULL), HF_OK);
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

static const struct permits_move one = {.box = 0, .take = 1};

/* --- What callers get ------------------------------------------------------------------------- */

static void without_a_wait_the_answer_comes_at_once(void **state)
{
	(void)state;
	struct scene scene;
	struct hf_error error = {0};
	struct hf_result result = {0};
	scene_open(&scene, false);
	assert_int_equal(hf__mutate_wait(scene.store, &permits_verb, &one, 0, &result, NULL, &error),
	                 HF_EBLOCKED);
	assert_string_equal(error.text, "move permits: 0 permits");
	give(&scene, 0, 1);
	assert_int_equal(hf__mutate_wait(scene.store, &permits_verb, &one, 0, &result, NULL, &error),
	                 HF_OK);
	scene_close(&scene);
}

static void what_is_there_needs_no_wait(void **state)
{
	(void)state;
	struct scene scene;
	struct hf_result result = {0};
	scene_open(&scene, false);
	give(&scene, 0, 1);
	assert_int_equal(hf__mutate_wait(scene.store, &permits_verb, &one, -1, &result, NULL, NULL),
	                 HF_OK);
	assert_true(result.changed);
	scene_close(&scene);
}

static void a_call_with_a_wrong_form_does_not_wait(void **state)
{
	(void)state;
	struct scene scene;
	const struct permits_move wrong = {.box = PERMITS_BOXES, .take = 1};
	struct permits_move odd = one;
	odd.write.durability = (enum hf_durability)7;
	struct hf_error error = {0};
	scene_open(&scene, false);
	assert_int_equal(hf__mutate_wait(scene.store, &permits_verb, &wrong, -1, NULL, NULL, &error),
	                 HF_EINVAL);
	assert_string_equal(error.text, "move permits: no such box");
	assert_int_equal(hf__mutate_wait(scene.store, &permits_verb, &odd, -1, NULL, NULL, &error),
	                 HF_EINVAL);
	sim_set_forked(scene.sim, true);
	assert_int_equal(hf__mutate_wait(scene.store, &permits_verb, &one, -1, NULL, NULL, &error),
	                 HF_EFORK);
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
	const struct permits_move fill = {.box = 0, .give = 1}, refuse = {.box = 1, .take = 1};
	scene_open(&scene, false);
	struct caller *c = line_up(&scene, one, -1);
	assert_int_equal(hf_txn_begin(scene.store, &txn, NULL), HF_OK);
	assert_int_equal(hf__mutate(scene.store, txn, &permits_verb, &fill, NULL, NULL, NULL), HF_OK);
	assert_int_equal(hf__mutate(scene.store, txn, &permits_verb, &refuse, NULL, NULL, NULL), HF_OK);
	assert_int_equal(hf_txn_commit(txn, HF_DURABLE, NULL), HF_EBLOCKED);
	still_waits(&scene, c, 1);
	give(&scene, 0, 1);
	served(c);
	scene_close(&scene);
}

/* --- Order ------------------------------------------------------------------------------------ */

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
	const struct permits_move two = {.box = 0, .take = 2};
	scene_open(&scene, false);
	struct caller *first = line_up(&scene, two, -1);
	give(&scene, 0, 1);
	/* One permit is there, but it is kept for the waiter that came first. */
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
	const struct permits_move two = {.box = 0, .take = 2};
	scene_open(&scene, false);
	struct caller *first = line_up(&scene, two, -1);
	give(&scene, 0, 1);
	assert_int_equal(hf__mutate(scene.store, NULL, &permits_verb, &one, NULL, NULL, NULL), HF_OK);
	give(&scene, 0, 2);
	served(first);
	scene_close(&scene);
}

/* --- Time ------------------------------------------------------------------------------------- */

static void pass_time(struct scene *scene, int64_t us)
{
	sim_advance(scene->sim, us);
	assert_int_equal(hf_maintain(scene->store, 0, NULL), HF_OK);
}

static void when_its_time_is_up_the_answer_is_that_of_the_last_try(void **state)
{
	(void)state;
	struct scene scene;
	const struct permits_move five = {.box = 0, .take = 5};
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
	const struct permits_move later = {.box = 0, .take = 1, .opens_at = NOW + 5 * SECOND};
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
	const struct permits_move later = {.box = 0, .take = 1, .opens_at = NOW + 5 * SECOND};
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
	const struct permits_move five = {.box = 0, .take = 5};
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

/* --- The end ---------------------------------------------------------------------------------- */

static void closing_sends_everyone_away_and_waits_for_them(void **state)
{
	(void)state;
	struct scene scene;
	scene_open(&scene, true);
	for (unsigned i = 0; i < CALLERS; i++)
		(void)line_up(&scene, (struct permits_move){.box = i % PERMITS_BOXES, .take = 1},
		              i % 2 ? -1 : 100 * SECOND);
	assert_int_equal(hf_close(scene.store, NULL), HF_OK);
	for (unsigned i = 0; i < CALLERS; i++)
		refused(&scene.callers[i], HF_ECANCELED);
	sim_free(scene.sim);
}

static void waits_can_be_ended_before_closing(void **state)
{
	(void)state;
	struct scene scene;
	const struct permits_move fill = {.box = 0, .give = 1};
	scene_open(&scene, true);
	for (unsigned i = 0; i < 4; i++)
		(void)line_up(&scene, one, i % 2 ? -1 : 100 * SECOND);
	assert_int_equal(hf_cancel_waits(scene.store, NULL), HF_OK);
	for (unsigned i = 0; i < 4; i++)
		refused(&scene.callers[i], HF_ECANCELED);
	/* Later ones too; what does not wait goes on. */
	assert_int_equal(hf__mutate_wait(scene.store, &permits_verb, &one, -1, NULL, NULL, NULL),
	                 HF_ECANCELED);
	assert_int_equal(hf__mutate(scene.store, NULL, &permits_verb, &fill, NULL, NULL, NULL), HF_OK);
	assert_int_equal(hf__mutate(scene.store, NULL, &permits_verb, &one, NULL, NULL, NULL), HF_OK);
	assert_int_equal(hf_close(scene.store, NULL), HF_OK);
	sim_free(scene.sim);
}

static void a_store_that_fails_sends_everyone_away(void **state)
{
	(void)state;
	struct scene scene;
	const struct permits_move fill = {.box = 1, .give = 1};
	scene_open(&scene, false);
	give(&scene, 1, 1);
	for (unsigned i = 0; i < 4; i++)
		(void)line_up(&scene, one, -1);
	sim_add_fault(scene.sim, (struct sim_fault){.kinds = SIM_SYNC, .error = 5});
	assert_int_equal(hf__mutate(scene.store, NULL, &permits_verb, &fill, NULL, NULL, NULL),
	                 HF_EUNCERTAIN);
	for (unsigned i = 0; i < 4; i++)
		refused(&scene.callers[i], HF_EFAILED);
	assert_int_equal(hf_close(scene.store, NULL), HF_EFAILED);
	sim_free(scene.sim);
}

static void who_was_served_by_what_then_fails_hears_that_it_is_uncertain(void **state)
{
	(void)state;
	struct scene scene;
	const struct permits_move fill = {.box = 0, .give = 1};
	scene_open(&scene, false);
	give(&scene, 1, 1);
	struct caller *c = line_up(&scene, one, -1);
	sim_add_fault(scene.sim, (struct sim_fault){.kinds = SIM_SYNC, .error = 5, .persistent = true});
	/* so that it is served before the flush has failed, or behind it */
	sim_set_sync_delay(scene.sim, 2000);
	assert_int_equal(hf__mutate(scene.store, NULL, &permits_verb, &fill, NULL, NULL, NULL),
	                 HF_EUNCERTAIN);
	assert_int_equal(pthread_join(c->thread, NULL), 0);
	assert_true(c->rc == HF_EUNCERTAIN || c->rc == HF_EFAILED);
	assert_false(c->result.changed);
	assert_int_equal(hf_close(scene.store, NULL), HF_EFAILED);
	sim_free(scene.sim);
}

/* --- Everything at once ----------------------------------------------------------------------- */

enum { ROUNDS = 150 };

static void *taker(void *arg)
{
	struct caller *c = arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		const struct permits_move take = {
		    .write.durability = HF_OS, .box = i % PERMITS_BOXES, .take = 1};
		const int rc = hf__mutate_wait(c->scene->store, &permits_verb, &take, -1, NULL, NULL, NULL);
		c->rc = rc == HF_OK ? c->rc : rc;
	}
	return NULL;
}

static void *giver(void *arg)
{
	struct caller *c = arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		const struct permits_move fill = {
		    .write.durability = HF_OS, .box = i % PERMITS_BOXES, .give = 1 + i % 2 * 2};
		const int rc = hf__mutate(c->scene->store, NULL, &permits_verb, &fill, NULL, NULL, NULL);
		c->rc = rc == HF_OK ? c->rc : rc;
	}
	return NULL;
}

/* Twice as many takers as givers, who give two at a time on average: were one wakeup lost,
 * a caller would wait forever. */
static void nobody_is_forgotten_in_a_crowd(void **state)
{
	(void)state;
	struct scene scene;
	scene_open(&scene, true);
	for (unsigned i = 0; i < 12; i++) {
		scene.callers[i].scene = &scene;
		assert_int_equal(pthread_create(&scene.callers[i].thread, NULL, i < 8 ? taker : giver,
		                                &scene.callers[i]),
		                 0);
	}
	for (unsigned i = 0; i < 12; i++) {
		assert_int_equal(pthread_join(scene.callers[i].thread, NULL), 0);
		assert_int_equal(scene.callers[i].rc, HF_OK);
	}
	for (unsigned i = 0; i < PERMITS_BOXES; i++)
		assert_int_equal(permits_in(scene.store->world.states[0], i), 0);
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
	    cmocka_unit_test(waits_can_be_ended_before_closing),
	    cmocka_unit_test(a_store_that_fails_sends_everyone_away),
	    cmocka_unit_test(who_was_served_by_what_then_fails_hears_that_it_is_uncertain),
	    cmocka_unit_test(nobody_is_forgotten_in_a_crowd),
	};
	(void)alarm(60); /* a lost wakeup is a wait forever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
