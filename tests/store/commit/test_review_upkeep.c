/* tier: fast, threads */
/* Upkeep and tickets when something takes long or cannot be had: nobody is kept waiting by it,
 * and the disk is not worn out over it. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "holdfast/holdfast.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/internal.h"

enum { PATIENCE_S = 30 };

static struct sim *sim;
static hf_store *store;
static struct hf_error error;

static void rest(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static int begin(void **state)
{
	(void)state;
	const struct hf_options options = {.create = true, .segment_size = 16 << 10};
	alarm(PATIENCE_S);
	sim = sim_new(sim_profile_strict(), 3);
	return hf__store_open(sim_os(sim), hf__all_domains(), &options, &store, NULL);
}

static int end(void **state)
{
	(void)state;
	sim_free(sim);
	alarm(0);
	return 0;
}

static int enqueue(unsigned number, struct hf_ticket *ticket)
{
	char id[16];
	snprintf(id, sizeof id, "%u", number);
	const struct hf_outbox_enqueue_args args = {.write.ticket = ticket,
	                                            .queue = hf_str("q"),
	                                            .id = hf_str(id),
	                                            .payload = hf_str("payload")};
	return hf_outbox_enqueue(store, NULL, &args, NULL, &error);
}

/* --- A callback that takes long --------------------------------------------------------------- */

static atomic_bool called, go_on;

static void take_long(void *ctx, const struct hf_ticket *ticket, int code)
{
	(void)ctx;
	(void)ticket;
	(void)code;
	atomic_store(&called, true);
	while (!atomic_load(&go_on))
		rest(1);
}

struct waiter {
	struct hf_ticket ticket;
	int rc;
};

static void *wait_a_while(void *arg)
{
	struct waiter *waiter = arg;
	waiter->rc = hf_ticket_wait(store, &waiter->ticket, 2000000, NULL);
	return NULL;
}

static void start_callback(void)
{
	struct hf_ticket ticket;
	atomic_store(&called, false);
	atomic_store(&go_on, false);
	assert_int_equal(enqueue(1, &ticket), HF_OK);
	assert_int_equal(hf_ticket_callback(store, &ticket, take_long, NULL, &error), HF_OK);
}

static void stop_callback(void)
{
	atomic_store(&go_on, true);
	assert_int_equal(hf_close(store, &error), HF_OK);
}

static void a_limited_wait_flushes_when_the_thread_is_in_a_callback(void **state)
{
	(void)state;
	struct waiter waiter = {.rc = -1};
	start_callback();
	while (!atomic_load(&called))
		rest(1);
	assert_int_equal(enqueue(2, &waiter.ticket), HF_OK);
	(void)wait_a_while(&waiter);
	stop_callback();
	assert_int_equal(waiter.rc, HF_OK);
}

/* He left the flush to the thread, which finds something to call before it flushes. */
static void a_limited_wait_flushes_when_the_thread_goes_into_a_callback(void **state)
{
	(void)state;
	struct waiter waiter = {.rc = -1};
	pthread_t thread;
	sim_set_sync_delay(sim, 100000);
	assert_int_equal(enqueue(1, NULL), HF_OK);
	start_callback(); /* its flush begins */
	rest(30);
	assert_int_equal(enqueue(2, &waiter.ticket), HF_OK); /* for the flush after it */
	assert_int_equal(pthread_create(&thread, NULL, wait_a_while, &waiter), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(atomic_load(&called));
	stop_callback();
	assert_int_equal(waiter.rc, HF_OK);
}

/* --- A full disk ------------------------------------------------------------------------------ */

static uint64_t bytes_used(void)
{
	char name[SIM_NAME_MAX + 1];
	uint64_t size = 0, all = 0;
	for (size_t i = 0; sim_list(sim, i, name, &size); i++)
		all += size;
	return all;
}

static void upkeep_does_not_wear_out_a_full_disk(void **state)
{
	(void)state;
	unsigned number = 1;
	const struct hf_lock_acquire_args args = {
	    .name = hf_str("l"), .owner = hf_str("a"), .lease_us = 1000};
	assert_int_equal(hf_lock_acquire(store, NULL, &args, NULL, &error), HF_OK);
	/* No segment beyond the ones there are, and no room in these. */
	sim_set_capacity(sim, bytes_used());
	while (enqueue(number, NULL) == HF_OK)
		number++;
	assert_int_equal(error.code, HF_ENOSPACE);
	sim_advance(sim, 2000); /* the lease ends: upkeep would log it */
	rest(1100);
	const uint64_t before = sim_calls(sim);
	rest(300);
	const uint64_t calls = sim_calls(sim) - before;
	print_message("figure: %llu calls of the machine in 300 ms with a full disk\n",
	              (unsigned long long)calls);
	assert_true(calls < 100);
	/* It goes on once there is room. */
	sim_set_capacity(sim, 0);
	sim_advance(sim, 1000001); /* a refusal is believed for a second */
	rest(1100);
	assert_int_equal(enqueue(number, NULL), HF_OK);
	assert_int_equal(hf_close(store, &error), HF_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_limited_wait_flushes_when_the_thread_is_in_a_callback,
	                                    begin, end),
	    cmocka_unit_test_setup_teardown(a_limited_wait_flushes_when_the_thread_goes_into_a_callback,
	                                    begin, end),
	    cmocka_unit_test_setup_teardown(upkeep_does_not_wear_out_a_full_disk, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
