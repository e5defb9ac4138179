/* tier: fast, threads */
/* Waiting for locks, and locks inside one process: order of arrival, ends of leases, time
 * limits, closing; callbacks that run alone. Clocks are simulated. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "domains/lock/lock.h"
#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/internal.h"

#define NOW INT64_C(1795167000000000)
#define SECOND INT64_C(1000000)

enum { CALLERS = 8 };

struct scene;
struct caller {
	struct scene *scene;
	struct hf_lock_acquire_args args;
	hf_lock_fn fn; /* not NULL: hf_lock_with */
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
	/* Of callbacks. */
	atomic_uint inside, most, calls;
	atomic_bool leave; /* callbacks go on until it is set */
};

static void scene_open(struct scene *scene)
{
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = 64 << 10};
	*scene = (struct scene){.sim = sim_new(sim_profile_strict(), 4)};
	sim_set_now(scene->sim, NOW);
	assert_int_equal(
	    hf__store_open(sim_os(scene->sim), hf__all_domains(), &options, &scene->store, NULL),
	    HF_OK);
}

static void scene_close(struct scene *scene)
{
	assert_int_equal(hf__state_verify(scene->store, NULL), HF_OK);
	assert_int_equal(hf_close(scene->store, NULL), HF_OK);
	sim_free(scene->sim);
}

static void pass_time(struct scene *scene, int64_t us)
{
	sim_advance(scene->sim, us);
	assert_int_equal(hf_maintain(scene->store, 0, NULL), HF_OK);
}

static size_t waiting(struct scene *scene)
{
	(void)pthread_mutex_lock(&scene->store->lock);
	const size_t count = scene->store->waits.waiting;
	(void)pthread_mutex_unlock(&scene->store->lock);
	return count;
}

static hf_token acquire(struct scene *scene, const char *owner, int64_t lease)
{
	struct hf_result result = {0};
	const struct hf_lock_acquire_args args = {
	    .name = hf_str("a"), .owner = hf_str(owner), .lease_us = lease};
	assert_int_equal(hf_lock_acquire(scene->store, NULL, &args, &result, NULL), HF_OK);
	return result.token;
}

static void release(struct scene *scene, hf_token token)
{
	const struct hf_lock_release_args args = {.name = hf_str("a"), .token = token};
	assert_int_equal(hf_lock_release(scene->store, NULL, &args, NULL, NULL), HF_OK);
}

static void *call(void *arg)
{
	struct caller *c = arg;
	const struct hf_lock_with_args with = {.name = c->args.name, .wait_us = c->args.wait_us};
	c->rc = c->fn ? hf_lock_with(c->scene->store, &with, c->fn, c->scene, &c->error)
	              : hf_lock_acquire(c->scene->store, NULL, &c->args, &c->result, &c->error);
	atomic_store(&c->done, true);
	return NULL;
}

static struct caller *start(struct scene *scene, const char *owner, int64_t wait_us, hf_lock_fn fn)
{
	struct caller *c = &scene->callers[scene->started++];
	c->scene = scene;
	c->fn = fn;
	c->args = (struct hf_lock_acquire_args){
	    .name = hf_str("a"), .owner = hf_str(owner), .lease_us = 10 * SECOND, .wait_us = wait_us};
	assert_int_equal(pthread_create(&c->thread, NULL, call, c), 0);
	return c;
}

/* Starts a caller and waits until it stands in line. */
static struct caller *line_up(struct scene *scene, const char *owner, int64_t wait_us)
{
	const size_t before = waiting(scene);
	struct caller *c = start(scene, owner, wait_us, NULL);
	while (waiting(scene) == before)
		(void)sched_yield();
	return c;
}

static void ends(struct caller *c, int code)
{
	assert_int_equal(pthread_join(c->thread, NULL), 0);
	if (c->rc != code)
		fail_msg("%s: %s", hf_code_name(c->rc), c->error.text);
	assert_int_equal(c->error.code, code);
	assert_true(c->result.changed == (code == HF_OK && !c->fn));
}

static void still_waits(struct scene *scene, struct caller *c, size_t count)
{
	for (int i = 0; i < 200; i++)
		(void)sched_yield();
	assert_false(atomic_load(&c->done));
	assert_int_equal(waiting(scene), count);
}

/* --- Waiting ---------------------------------------------------------------------------------- */

static void waiters_are_granted_the_lock_in_the_order_of_arrival(void **state)
{
	(void)state;
	struct scene scene;
	static const char *const owners[] = {"w1", "w2", "w3", "w4"};
	scene_open(&scene);
	hf_token token = acquire(&scene, "w0", 0);
	for (unsigned i = 0; i < 4; i++)
		(void)line_up(&scene, owners[i], -1);
	for (unsigned i = 0; i < 4; i++) {
		release(&scene, token);
		ends(&scene.callers[i], HF_OK);
		for (unsigned k = i + 1; k < 4; k++)
			assert_false(atomic_load(&scene.callers[k].done));
		assert_true(scene.callers[i].result.token > token);
		token = scene.callers[i].result.token;
	}
	scene_close(&scene);
}

static void the_end_of_a_lease_serves_the_first_waiter(void **state)
{
	(void)state;
	struct scene scene;
	scene_open(&scene);
	(void)acquire(&scene, "w0", 5 * SECOND);
	struct caller *first = line_up(&scene, "w1", -1), *second = line_up(&scene, "w2", -1);
	pass_time(&scene, 4 * SECOND);
	still_waits(&scene, first, 2);
	pass_time(&scene, SECOND);
	ends(first, HF_OK);
	still_waits(&scene, second, 1);
	/* He learned of the new lease when he became first. */
	pass_time(&scene, 10 * SECOND);
	ends(second, HF_OK);
	scene_close(&scene);
}

static void a_lease_that_ends_while_nobody_maintains_wakes_too(void **state)
{
	(void)state;
	struct scene scene;
	scene_open(&scene);
	(void)acquire(&scene, "w0", 20000);
	struct caller *first = line_up(&scene, "w1", -1);
	sim_advance(scene.sim, 20000); /* and nothing else: he sleeps by real time and looks again */
	ends(first, HF_OK);
	scene_close(&scene);
}

static void a_shorter_lease_is_noticed(void **state)
{
	(void)state;
	struct scene scene;
	scene_open(&scene);
	const hf_token token = acquire(&scene, "w0", 500 * SECOND);
	struct caller *first = line_up(&scene, "w1", -1);
	const struct hf_lock_renew_args renew = {
	    .name = hf_str("a"), .token = token, .lease_us = SECOND};
	assert_int_equal(hf_lock_renew(scene.store, NULL, &renew, NULL, NULL), HF_OK);
	pass_time(&scene, SECOND);
	ends(first, HF_OK);
	scene_close(&scene);
}

static void force_serves_the_first_waiter(void **state)
{
	(void)state;
	struct scene scene;
	scene_open(&scene);
	(void)acquire(&scene, "w0", 0);
	struct caller *first = line_up(&scene, "w1", -1);
	const struct hf_lock_force_release_args force = {.name = hf_str("a"),
	                                                 .reason = hf_str("it hangs")};
	assert_int_equal(hf_lock_force_release(scene.store, NULL, &force, NULL, NULL), HF_OK);
	ends(first, HF_OK);
	scene_close(&scene);
}

static void the_owner_takes_over_past_those_who_wait(void **state)
{
	(void)state;
	struct scene scene;
	scene_open(&scene);
	const hf_token old = acquire(&scene, "w0", 0);
	struct caller *other = line_up(&scene, "w1", -1);
	struct caller *same = start(&scene, "w0", -1, NULL);
	ends(same, HF_OK);
	assert_true(same->result.token > old);
	still_waits(&scene, other, 1);
	release(&scene, same->result.token);
	ends(other, HF_OK);
	scene_close(&scene);
}

static void who_waits_too_long_is_told_so(void **state)
{
	(void)state;
	struct scene scene;
	scene_open(&scene);
	(void)acquire(&scene, "w0", 0);
	struct caller *c = line_up(&scene, "w1", 3 * SECOND);
	pass_time(&scene, 2 * SECOND);
	still_waits(&scene, c, 1);
	pass_time(&scene, 2 * SECOND);
	ends(c, HF_ETIMEDOUT);
	assert_string_equal(c->error.text, "lock acquire: \"a\" is held by \"w0\" without a lease");
	scene_close(&scene);
}

static void closing_sends_waiters_away(void **state)
{
	(void)state;
	struct scene scene;
	scene_open(&scene);
	(void)acquire(&scene, "w0", 0);
	struct caller *c = line_up(&scene, "w1", -1);
	assert_int_equal(hf_close(scene.store, NULL), HF_OK);
	ends(c, HF_ECANCELED);
	sim_free(scene.sim);
}

/* --- Inside one process ----------------------------------------------------------------------- */

/* Counts who is inside, and goes on until told to leave. */
static void stay(void *ctx)
{
	struct scene *scene = ctx;
	const unsigned now = atomic_fetch_add(&scene->inside, 1) + 1;
	if (now > atomic_load(&scene->most))
		atomic_store(&scene->most, now);
	(void)atomic_fetch_add(&scene->calls, 1);
	while (!atomic_load(&scene->leave))
		(void)sched_yield();
	(void)atomic_fetch_sub(&scene->inside, 1);
}

static struct caller *run_with(struct scene *scene)
{
	struct caller *c = start(scene, "", -1, stay);
	while (atomic_load(&scene->inside) == 0)
		(void)sched_yield();
	return c;
}

static void a_callback_runs_alone_and_writes_nothing(void **state)
{
	(void)state;
	struct scene scene;
	struct hf_error error = {0};
	struct hf_info before = {0}, after = {0};
	const struct hf_lock_with_args with = {.name = hf_str("a")};
	const struct hf_lock_acquire_args take = {.name = hf_str("a"), .owner = hf_str("w")};
	const struct hf_lock_put_args put = {
	    .name = hf_str("a"), .owner = hf_str("w"), .acquired_at = 5, .lease_until = NOW + SECOND};
	scene_open(&scene);
	assert_int_equal(hf_get_info(scene.store, &before, NULL), HF_OK);
	struct caller *c = run_with(&scene);
	assert_int_equal(hf_lock_with(scene.store, &with, stay, &scene, &error), HF_EHELD);
	assert_string_equal(error.text, "lock with: \"a\" is in use in this process");
	assert_int_equal(hf_lock_acquire(scene.store, NULL, &take, NULL, &error), HF_EHELD);
	assert_string_equal(error.text, "lock acquire: \"a\" is in use in this process");
	assert_int_equal(hf_lock_put(scene.store, NULL, &put, NULL, NULL), HF_EHELD);
	/* Other names run side by side. */
	atomic_store(&scene.leave, true);
	const struct hf_lock_with_args other = {.name = hf_str("b")};
	assert_int_equal(hf_lock_with(scene.store, &other, stay, &scene, NULL), HF_OK);
	ends(c, HF_OK);
	assert_int_equal(atomic_load(&scene.calls), 2);
	assert_int_equal(hf_get_info(scene.store, &after, NULL), HF_OK);
	assert_true(before.last_lsn == after.last_lsn && before.groups == after.groups);
	assert_int_equal(hf_lock_acquire(scene.store, NULL, &take, NULL, NULL), HF_OK);
	scene_close(&scene);
}

static void the_end_of_a_callback_serves_the_first_waiter(void **state)
{
	(void)state;
	struct scene scene;
	scene_open(&scene);
	struct caller *c = run_with(&scene);
	struct caller *waiter = line_up(&scene, "w1", -1);
	still_waits(&scene, waiter, 1);
	atomic_store(&scene.leave, true);
	ends(c, HF_OK);
	ends(waiter, HF_OK);
	scene_close(&scene);
}

static void a_callback_waits_for_the_holder(void **state)
{
	(void)state;
	struct scene scene;
	scene_open(&scene);
	const hf_token token = acquire(&scene, "w0", 0);
	atomic_store(&scene.leave, true);
	struct caller *c = start(&scene, "", -1, stay);
	while (waiting(&scene) == 0)
		(void)sched_yield();
	assert_int_equal(atomic_load(&scene.calls), 0);
	release(&scene, token);
	ends(c, HF_OK);
	assert_int_equal(atomic_load(&scene.calls), 1);
	struct caller *late = NULL;
	(void)acquire(&scene, "w0", 0);
	late = start(&scene, "", 2 * SECOND, stay);
	while (waiting(&scene) == 0)
		(void)sched_yield();
	pass_time(&scene, 3 * SECOND);
	ends(late, HF_ETIMEDOUT);
	assert_int_equal(atomic_load(&scene.calls), 1);
	scene_close(&scene);
}

static void many_callbacks_of_one_name_never_meet(void **state)
{
	(void)state;
	struct scene scene;
	scene_open(&scene);
	atomic_store(&scene.leave, true);
	for (unsigned i = 0; i < CALLERS; i++)
		(void)start(&scene, "", -1, stay);
	for (unsigned i = 0; i < CALLERS; i++)
		ends(&scene.callers[i], HF_OK);
	assert_int_equal(atomic_load(&scene.calls), CALLERS);
	assert_int_equal(atomic_load(&scene.most), 1);
	scene_close(&scene);
}

static size_t names_in_use(struct scene *scene)
{
	unsigned index = 0;
	assert_non_null(hf__domain_by_id(scene->store, HF__DOMAIN_LOCK, &index));
	return ((const struct hf__lock_state *)scene->store->world.states[index])->running.count;
}

/* The release that made it free cannot be made durable: the callback must not run, and the name
 * must not stay in use. */
static void a_callback_does_not_run_on_what_may_be_lost(void **state)
{
	(void)state;
	struct scene scene;
	struct hf__ticket ticket;
	hf_txn *txn = NULL;
	const struct hf_lock_with_args with = {.name = hf_str("a")};
	scene_open(&scene);
	const hf_token token = acquire(&scene, "w0", 0);
	const struct hf_lock_release_args give_back = {.name = hf_str("a"), .token = token};
	assert_int_equal(hf_txn_begin(scene.store, &txn, NULL), HF_OK);
	assert_int_equal(hf_lock_release(scene.store, txn, &give_back, NULL, NULL), HF_OK);
	assert_int_equal(hf__submit(scene.store, txn, HF_DURABLE, &ticket, NULL), HF_OK);
	sim_add_fault(scene.sim, (struct sim_fault){.kinds = SIM_SYNC, .error = 5, .persistent = true});
	atomic_store(&scene.leave, true);
	assert_int_equal(hf_lock_with(scene.store, &with, stay, &scene, NULL), HF_EUNCERTAIN);
	assert_int_equal(atomic_load(&scene.calls), 0);
	assert_int_equal(names_in_use(&scene), 0);
	assert_int_equal(hf__state_verify(scene.store, NULL), HF_OK);
	assert_int_equal(hf_close(scene.store, NULL), HF_EFAILED);
	sim_free(scene.sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(waiters_are_granted_the_lock_in_the_order_of_arrival),
	    cmocka_unit_test(the_end_of_a_lease_serves_the_first_waiter),
	    cmocka_unit_test(a_lease_that_ends_while_nobody_maintains_wakes_too),
	    cmocka_unit_test(a_shorter_lease_is_noticed),
	    cmocka_unit_test(force_serves_the_first_waiter),
	    cmocka_unit_test(the_owner_takes_over_past_those_who_wait),
	    cmocka_unit_test(who_waits_too_long_is_told_so),
	    cmocka_unit_test(closing_sends_waiters_away),
	    cmocka_unit_test(a_callback_runs_alone_and_writes_nothing),
	    cmocka_unit_test(the_end_of_a_callback_serves_the_first_waiter),
	    cmocka_unit_test(a_callback_waits_for_the_holder),
	    cmocka_unit_test(many_callbacks_of_one_name_never_meet),
	    cmocka_unit_test(a_callback_does_not_run_on_what_may_be_lost),
	};
	(void)alarm(60); /* a lost wakeup is a wait forever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
