/* tier: fast, threads */
/* Tickets among threads: the one that flushes, who waits beside it, who closes meanwhile, and a
 * crowd of all kinds until a sync fails.
 *
 * Where a moment matters, syncs of all threads but the test's own stop at a gate until the test
 * opens it. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "holdfast/holdfast.h"
#include "lib/remove_tree.h"
#include "lib/rng.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/internal.h"

/* --- A store with a gate ---------------------------------------------------------------------- */

static struct {
	struct hf__os os;
	const struct hf__os *below;
	pthread_t exempt;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool closed;
	unsigned held;
	atomic_uint tells;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};

static int gated_sync(void *ctx, int file)
{
	if (!pthread_equal(pthread_self(), gate.exempt)) {
		(void)pthread_mutex_lock(&gate.lock);
		gate.held++;
		(void)pthread_cond_broadcast(&gate.moved);
		while (gate.closed)
			(void)pthread_cond_wait(&gate.moved, &gate.lock);
		gate.held--;
		(void)pthread_mutex_unlock(&gate.lock);
	}
	return gate.below->sync(ctx, file);
}

static int counted_tell(void *ctx, int event)
{
	(void)atomic_fetch_add(&gate.tells, 1);
	return gate.below->event_tell(ctx, event);
}

static void set_gate(bool closed)
{
	(void)pthread_mutex_lock(&gate.lock);
	gate.closed = closed;
	(void)pthread_cond_broadcast(&gate.moved);
	(void)pthread_mutex_unlock(&gate.lock);
}

static void wait_until_held(void)
{
	(void)pthread_mutex_lock(&gate.lock);
	while (gate.held == 0)
		(void)pthread_cond_wait(&gate.moved, &gate.lock);
	(void)pthread_mutex_unlock(&gate.lock);
}

static struct sim *sim;
static hf_store *store;

static int open_sim(bool no_background)
{
	const struct hf_options options = {
	    .create = true, .no_background = no_background, .segment_size = 16u << 10};
	gate.below = sim_os(sim);
	gate.os = *gate.below;
	gate.os.sync = gated_sync;
	gate.os.event_tell = counted_tell;
	gate.exempt = pthread_self();
	atomic_store(&gate.tells, 0);
	return hf__store_open(&gate.os, hf__all_domains(), &options, &store, NULL);
}

static int advance(const char *consumer, int64_t sequence, enum hf_durability durability,
                   struct hf_ticket *ticket)
{
	const struct hf_cursor_advance_args args = {
	    .write = {.durability = durability, .ticket = ticket},
	    .key = {hf_str(consumer), hf_str("s"), hf_str("")},
	    .sequence = sequence};
	return hf_cursor_advance(store, NULL, &args, NULL, NULL);
}

/* An open store whose first group is durable. */
static void begin(bool no_background)
{
	sim = sim_new(sim_profile_ordered(), 1);
	sim_set_now(sim, 1000000000);
	assert_int_equal(open_sim(no_background), HF_OK);
	for (int i = 1; i <= 2; i++)
		assert_int_equal(advance("begin", i, HF_DURABLE, NULL), HF_OK);
}

static void end(int code)
{
	assert_int_equal(hf_close(store, NULL), code);
	assert_int_equal(sim_broken(sim).synced_again, 0);
	sim_free(sim);
}

/* --- The thread that flushes ------------------------------------------------------------------ */

static void wait_for_event(int event)
{
	uint64_t count;
	struct pollfd wanted = {.fd = event, .events = POLLIN};
	assert_int_equal(poll(&wanted, 1, 60000), 1);
	assert_int_equal(read(event, &count, sizeof count), sizeof count);
}

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
	struct hf_info info;
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
	struct hf_info info;
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

/* --- A crowd ---------------------------------------------------------------------------------- */

enum { CROWD = 6, OUT = 16, STEPS = 250 };

struct member {
	pthread_t thread;
	unsigned number;
	bool mixed; /* some of its commits are in mode os */
	char name[8];
	int64_t asked, durable; /* durable: as a ticket said */
	struct hf_ticket out[OUT];
	int64_t sequences[OUT];
	size_t count;
	unsigned callbacks; /* asked for */
	atomic_uint called;
	unsigned wrong;
};

static void count_call(void *ctx, const struct hf_ticket *ticket, int code)
{
	struct member *m = ctx;
	(void)ticket;
	(void)atomic_fetch_add(&m->called, code == HF_OK || code == HF_EUNCERTAIN);
}

/* Asks about the oldest ticket, in one of three ways. false: the store has failed. */
static bool take_one(struct member *m, unsigned how)
{
	static const int64_t timeouts[] = {0, 500, -1};
	const int rc = hf_ticket_wait(store, &m->out[0], timeouts[how % 3], NULL);
	m->wrong += rc != HF_OK && rc != HF_EUNCERTAIN && rc != HF_ETIMEDOUT;
	m->wrong += rc == HF_ETIMEDOUT && timeouts[how % 3] == -1;
	if (rc != HF_OK)
		return rc == HF_ETIMEDOUT;
	if (m->sequences[0] > m->durable)
		m->durable = m->sequences[0];
	m->count--;
	memmove(m->out, m->out + 1, m->count * sizeof m->out[0]);
	memmove(m->sequences, m->sequences + 1, m->count * sizeof m->sequences[0]);
	return true;
}

static bool submit_one(struct member *m)
{
	const bool os = m->mixed && m->asked % 5 == 4;
	struct hf_ticket *ticket = &m->out[m->count];
	const int rc = advance(m->name, ++m->asked, os ? HF_OS : HF_DURABLE, ticket);
	if (rc != HF_OK)
		return false;
	m->sequences[m->count++] = os ? 0 : m->asked;
	if (m->asked % 3 == 0)
		m->callbacks += hf_ticket_callback(store, ticket, count_call, m, NULL) == HF_OK;
	return true;
}

static void *member_main(void *arg)
{
	struct member *m = arg;
	bool fine = true;
	for (int i = 0; i < STEPS && fine; i++) {
		/* Some wait as ever, beside those who do not. */
		if (m->number == 0 || i % 50 == 49) {
			fine = advance(m->name, ++m->asked, HF_DURABLE, NULL) == HF_OK;
			m->durable = fine ? m->asked : m->durable;
		} else {
			fine = submit_one(m);
		}
		if (fine && m->count > 0 && (m->count == OUT || i % 4 == 0))
			fine = take_one(m, m->count == OUT ? 2 : (unsigned)i / 4);
		if (m->number == 1 && i % 16 == 0)
			fine = fine && hf_flush(store, NULL) == HF_OK;
	}
	while (m->count > 0 && take_one(m, 2))
		;
	return NULL;
}

static void check_member(const struct member *m)
{
	const struct hf_cursor_key key = {.consumer = hf_str(m->name), .stream = hf_str("s")};
	struct hf_cursor_got got;
	const int rc = hf_cursor_get(store, &key, 0, &got, NULL);
	assert_true(rc == HF_OK || (rc == HF_ENOTFOUND && m->durable == 0));
	assert_in_range(got.cursor.last_sequence, m->durable, m->asked);
	hf_release(got.memory);
	assert_int_equal(m->wrong, 0);
	assert_int_equal(atomic_load(&m->called), m->callbacks);
}

/* The store counts a signal before it writes it: the last one may still be on its way. */
static struct hf_info info_when_all_is_signaled(void)
{
	struct hf_info info;
	for (int ms = 0; ms < 60000; ms++) {
		assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
		if (info.signals > 0 && atomic_load(&gate.tells) == info.signals)
			return info;
		(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	fail_msg("%" PRIu64 " signals were counted and %u written", info.signals,
	         atomic_load(&gate.tells));
	return info;
}

/* fault 0: none, and all commits are durable ones. */
static void run_crowd(bool no_background, uint64_t fault, unsigned kinds)
{
	struct member members[CROWD] = {0};
	int event;
	begin(no_background);
	sim_set_sync_delay(sim, 50);
	assert_int_equal(hf_eventfd(store, &event, NULL), HF_OK);
	if (fault)
		sim_add_fault(sim, (struct sim_fault){.kinds = kinds,
		                                      .name = "segment-",
		                                      .nth = fault,
		                                      .error = EIO,
		                                      .persistent = true});
	for (unsigned i = 0; i < CROWD; i++) {
		members[i].number = i;
		members[i].mixed = fault != 0;
		(void)snprintf(members[i].name, sizeof members[i].name, "m%u", i);
		assert_int_equal(pthread_create(&members[i].thread, NULL, member_main, &members[i]), 0);
	}
	for (unsigned i = 0; i < CROWD; i++)
		assert_int_equal(pthread_join(members[i].thread, NULL), 0);
	const struct hf_info info = info_when_all_is_signaled();
	/* What was answered when it was written is told of without a sync. */
	assert_true(info.signals <= (fault ? info.groups + info.syncs + 1 : info.syncs));
	assert_true(fault || info.fault == 0);
	const int closed = hf_close(store, NULL);
	assert_true(closed == info.fault || (fault && closed == HF_EUNCERTAIN));
	assert_int_equal(sim_broken(sim).synced_again, 0);
	sim_clear_faults(sim);
	sim_reboot(sim);
	assert_int_equal(open_sim(true), HF_OK);
	for (unsigned i = 0; i < CROWD; i++)
		check_member(&members[i]);
	end(HF_OK);
}

static void a_crowd_of_all_kinds_is_answered(void **state)
{
	(void)state;
	run_crowd(false, 0, 0);
	run_crowd(true, 0, 0);
}

static void a_failure_leaves_nobody_waiting(void **state)
{
	(void)state;
	struct hf_rng rng = hf_rng_for("a failure among tickets");
	for (int i = 0; i < 6; i++)
		run_crowd(i % 3 == 2, 1 + hf_rng_below(&rng, 60), i % 2 ? SIM_WRITE : SIM_SYNC);
}

/* --- A forked child --------------------------------------------------------------------------- */

static atomic_uint called_in_child;

static void note_child(void *ctx, const struct hf_ticket *ticket, int code)
{
	(void)ticket;
	(void)code;
	(void)atomic_fetch_add(&called_in_child, getpid() != *(const pid_t *)ctx);
}

static int child(const struct hf_ticket *ticket)
{
	if (hf_ticket_poll(store, ticket, NULL) != HF_EFORK ||
	    hf_ticket_wait(store, ticket, -1, NULL) != HF_EFORK)
		return 1;
	if (hf_flush(store, NULL) != HF_EFORK || hf_close(store, NULL) != HF_EFORK)
		return 2;
	return atomic_load(&called_in_child) ? 3 : 0;
}

static void a_child_touches_no_ticket_of_its_parent(void **state)
{
	(void)state;
	char path[] = "/tmp/holdfast-async-XXXXXX";
	const struct hf_options options = {.create = true, .allow_unsafe_fs = true};
	pid_t self = getpid();
	int event, worst = 0;
	assert_non_null(mkdtemp(path));
	assert_int_equal(hf_open(path, &options, &store, NULL), HF_OK);
	assert_int_equal(hf_eventfd(store, &event, NULL), HF_OK);
	for (int i = 1; i <= 30 && worst == 0; i++) {
		struct hf_ticket ticket;
		assert_int_equal(advance("c", i, HF_DURABLE, &ticket), HF_OK);
		assert_int_equal(hf_ticket_callback(store, &ticket, note_child, &self, NULL), HF_OK);
		const pid_t pid = fork();
		if (pid == 0)
			_exit(child(&ticket));
		assert_true(pid > 0 && waitpid(pid, &worst, 0) == pid);
		wait_for_event(event); /* the child's close left the parent's open */
		assert_int_equal(hf_ticket_wait(store, &ticket, -1, NULL), HF_OK);
	}
	assert_int_equal(hf_close(store, NULL), HF_OK);
	remove_tree(path);
	if (worst != 0)
		fail_msg("a child ended with %x", (unsigned)worst);
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
	    cmocka_unit_test(a_crowd_of_all_kinds_is_answered),
	    cmocka_unit_test(a_failure_leaves_nobody_waiting),
	    cmocka_unit_test(a_child_touches_no_ticket_of_its_parent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
