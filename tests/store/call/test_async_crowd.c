/* tier: fast, threads */
/* Tickets of a crowd of all kinds, until a sync fails; and in a child of fork(). */
#include <errno.h>
#include <inttypes.h>
#include <sys/wait.h>
#include <time.h>

#include "async_gate.h"
#include "lib/remove_tree.h"
#include "lib/rng.h"

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
	struct hf_cursor_got got = {0};
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
	struct hf_info info = {0};
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
	    cmocka_unit_test(a_crowd_of_all_kinds_is_answered),
	    cmocka_unit_test(a_failure_leaves_nobody_waiting),
	    cmocka_unit_test(a_child_touches_no_ticket_of_its_parent),
	};
	return cmocka_run_group_tests_name("tickets of a crowd", tests, NULL, NULL);
}
