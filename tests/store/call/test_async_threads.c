/* tier: fast, threads */
/* Tickets among threads: the one that flushes, who waits beside it, who closes meanwhile. */
#include <errno.h>
#include <time.h>

#include "async_gate.h"

/* --- The thread that flushes ------------------------------------------------------------------ */

static void tickets_are_answered_with_nobody_calling(void **state)
{
	static const enum hf_durability modes[] = {HF_DURABLE, HF_OS};
	(void)state;
	begin(false);
	int event;
	assert_int_equal(hf_eventfd(store, &event, NULL), HF_OK);
	for (int i = 0; i < 20; i++) {
		struct hf_ticket ticket;
		assert_int_equal(advance("c", i + 1, modes[i % 2], &ticket), HF_OK);
		while (hf_ticket_poll(store, &ticket, NULL) == HF_ETIMEDOUT)
			wait_for_event(event);
		assert_int_equal(hf_ticket_poll(store, &ticket, NULL), HF_OK);
	}
	end(HF_OK);
}

struct calls {
	pthread_t thread;
	atomic_uint count;
	uint64_t newest;
	unsigned wrong;
};

static void note(void *ctx, const struct hf_ticket *ticket, int code)
{
	struct calls *calls = ctx;
	const unsigned before = atomic_load(&calls->count);
	struct hf_info info = {0};
	calls->wrong += code != HF_OK || ticket->changed <= calls->newest;
	calls->wrong += before > 0 && !pthread_equal(calls->thread, pthread_self());
	/* Neither the store's lock nor any other is held. */
	calls->wrong += hf_get_info(store, &info, NULL) != HF_OK || info.durable_lsn < ticket->due;
	calls->thread = pthread_self();
	calls->newest = ticket->changed;
	atomic_store(&calls->count, before + 1);
}

static void callbacks_come_one_by_one_on_the_thread_that_flushes(void **state)
{
	enum { COUNT = 300 };
	(void)state;
	begin(false);
	struct calls calls = {.wrong = 0};
	struct hf_ticket ticket = {0, 0};
	for (int i = 1; i <= COUNT; i++) {
		assert_int_equal(advance("c", i, HF_DURABLE, &ticket), HF_OK);
		assert_int_equal(hf_ticket_callback(store, &ticket, note, &calls, NULL), HF_OK);
	}
	assert_int_equal(hf_ticket_wait(store, &ticket, -1, NULL), HF_OK);
	end(HF_OK); /* closing sees to those that have not come yet */
	assert_int_equal(atomic_load(&calls.count), COUNT);
	assert_int_equal(calls.wrong, 0);
	assert_false(pthread_equal(calls.thread, pthread_self()));
}

/* On the flushing thread itself nobody else flushes: a limited wait must not sit its time out. */
static void commit_and_wait(void *ctx, const struct hf_ticket *ticket, int code)
{
	struct hf_ticket mine;
	atomic_int *rc = ctx;
	(void)ticket;
	(void)code;
	int done = advance("callback", 1, HF_DURABLE, &mine);
	if (done == HF_OK)
		done = hf_ticket_wait(store, &mine, 60000000, NULL);
	atomic_store(rc, done);
}

static void a_callback_can_wait_for_its_own_commit(void **state)
{
	(void)state;
	begin(false);
	struct hf_ticket ticket;
	atomic_int rc = HF_ETIMEDOUT;
	assert_int_equal(advance("c", 1, HF_DURABLE, &ticket), HF_OK);
	assert_int_equal(hf_ticket_callback(store, &ticket, commit_and_wait, &rc, NULL), HF_OK);
	const time_t began = time(NULL);
	while (atomic_load(&rc) == HF_ETIMEDOUT && time(NULL) < began + 50)
		(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	assert_int_equal(atomic_load(&rc), HF_OK);
	end(HF_OK);
}

/* --- Waiting while a flush hangs -------------------------------------------------------------- */

static void a_limited_wait_ends_in_time(void **state)
{
	(void)state;
	begin(false);
	struct hf_ticket ticket;
	set_gate(true);
	assert_int_equal(advance("c", 1, HF_DURABLE, &ticket), HF_OK);
	wait_until_held();
	assert_int_equal(hf_ticket_wait(store, &ticket, 20000, NULL), HF_ETIMEDOUT);
	assert_int_equal(hf_ticket_poll(store, &ticket, NULL), HF_ETIMEDOUT);
	set_gate(false);
	assert_int_equal(hf_ticket_wait(store, &ticket, 60000000, NULL), HF_OK);
	end(HF_OK);
}

/* A waiter in a thread of its own; what it heard opens the gate. */
struct waiter {
	struct hf_ticket ticket;
	int64_t timeout;
	int rc;
};

static void *waiter_main(void *arg)
{
	struct waiter *waiter = arg;
	waiter->rc = hf_ticket_wait(store, &waiter->ticket, waiter->timeout, NULL);
	set_gate(false);
	return NULL;
}

static void wait_for_waiters(unsigned count)
{
	for (unsigned waiting = 0; waiting != count;) {
		(void)pthread_mutex_lock(&store->lock);
		waiting = store->async.waiting;
		(void)pthread_mutex_unlock(&store->lock);
		(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
}

static void closing_wakes_who_waits_for_a_ticket(void **state)
{
	static const int64_t timeouts[] = {-1, INT64_MAX};
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct waiter waiter = {.timeout = timeouts[i], .rc = HF_EINVAL};
		pthread_t thread;
		begin(false);
		set_gate(true);
		assert_int_equal(advance("c", 1, HF_DURABLE, &waiter.ticket), HF_OK);
		wait_until_held();
		assert_int_equal(pthread_create(&thread, NULL, waiter_main, &waiter), 0);
		wait_for_waiters(1);
		/* Were the waiter not woken, this would never return: the gate opens when it is. */
		end(HF_OK);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_int_equal(waiter.rc, HF_ECANCELED);
	}
}

/* The store fails while a flush is under way that succeeds: what it makes durable is never
 * called uncertain. false: upkeep had synced the witness before that could fail. */
static bool fails_while_a_flush_succeeds(void)
{
	begin(false);
	struct hf_ticket served, lost;
	struct hf_info info = {0};
	int event;
	assert_int_equal(hf_eventfd(store, &event, NULL), HF_OK);
	set_gate(true);
	assert_int_equal(advance("c", 1, HF_DURABLE, &served), HF_OK);
	wait_until_held();
	assert_int_equal(advance("c", 2, HF_DURABLE, &lost), HF_OK);
	sim_add_fault(sim, (struct sim_fault){.kinds = SIM_SYNC, .name = "WITNESS", .error = EIO});
	const int rc = hf_maintain(store, 0, NULL);
	if (rc == HF_OK) {
		sim_clear_faults(sim);
		set_gate(false);
		end(HF_OK);
		return false;
	}
	assert_true(rc == HF_EUNCERTAIN || rc == HF_EFAILED); /* upkeep may be the one that failed */
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	assert_int_not_equal(info.fault, 0);
	assert_int_equal(hf_ticket_poll(store, &served, NULL), HF_ETIMEDOUT);
	assert_int_equal(hf_ticket_poll(store, &lost, NULL), HF_ETIMEDOUT);
	set_gate(false);
	assert_int_equal(hf_ticket_wait(store, &lost, -1, NULL), HF_EUNCERTAIN);
	assert_int_equal(hf_ticket_poll(store, &served, NULL), HF_OK);
	wait_for_event(event);
	end(HF_EFAILED);
	return true;
}

static void an_answer_is_never_revised(void **state)
{
	(void)state;
	for (int tries = 0; tries < 100; tries++)
		if (fails_while_a_flush_succeeds())
			return;
	fail_msg("upkeep synced the witness a hundred times before it could fail");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tickets_are_answered_with_nobody_calling),
	    cmocka_unit_test(callbacks_come_one_by_one_on_the_thread_that_flushes),
	    cmocka_unit_test(a_callback_can_wait_for_its_own_commit),
	    cmocka_unit_test(a_limited_wait_ends_in_time),
	    cmocka_unit_test(closing_wakes_who_waits_for_a_ticket),
	    cmocka_unit_test(an_answer_is_never_revised),
	};
	return cmocka_run_group_tests_name("tickets among threads", tests, NULL, NULL);
}
