/* tier: fast, threads */
/* Commits in mode `os` beside a sync that hangs: they return, and what is to be durable becomes so
 * once the disk goes on. When the sync fails instead, the store fails, whatever was told before. */
#include <errno.h>
#include <time.h>

#include "async_gate.h"

enum { LARGE = 1u << 20 };

static atomic_bool fails;

static int failing_sync(void *ctx, int file)
{
	const int rc = gated_sync(ctx, file);
	return atomic_load(&fails) ? EIO : rc;
}

static void begin_large(bool no_background)
{
	const struct hf_options options = {
	    .create = true, .no_background = no_background, .segment_size = LARGE};
	sim = sim_new(sim_profile_ordered(), 1);
	sim_set_now(sim, 1000000000);
	atomic_store(&fails, false);
	gate.below = sim_os(sim);
	gate.os = *gate.below;
	gate.os.sync = failing_sync;
	/* no thread is exempt from the gate: it opens before this one syncs */
	gate.exempt = pthread_self();
	assert_int_equal(hf__store_open(&gate.os, hf__all_domains(), &options, &store, NULL), HF_OK);
	for (int i = 1; i <= 2; i++)
		assert_int_equal(advance("begin", i, HF_DURABLE, NULL), HF_OK);
}

/* In a stream of its own, so that no answer rests on another's change. */
static int move(const char *stream, int64_t sequence, enum hf_durability durability,
                struct hf_ticket *ticket)
{
	const struct hf_cursor_advance_args args = {
	    .write = {.durability = durability, .ticket = ticket},
	    .key = {hf_str("c"), hf_str(stream), hf_str("")},
	    .sequence = sequence};
	return hf_cursor_advance(store, NULL, &args, NULL, NULL);
}

struct committer {
	pthread_t thread;
	const char *stream;
	enum hf_durability durability;
	int64_t from, count;
	atomic_int rc;
};

static void *committer_main(void *arg)
{
	struct committer *c = arg;
	int rc = HF_OK;
	for (int64_t i = 0; i < c->count && rc == HF_OK; i++)
		rc = move(c->stream, c->from + i, c->durability, NULL);
	atomic_store(&c->rc, rc);
	return NULL;
}

static void start(struct committer *c)
{
	atomic_store(&c->rc, HF_ETIMEDOUT);
	assert_int_equal(pthread_create(&c->thread, NULL, committer_main, c), 0);
}

/* Does it return although nothing else moves? */
static bool returns(struct committer *c)
{
	for (int i = 0; i < 30000 && atomic_load(&c->rc) == HF_ETIMEDOUT; i++)
		(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	return atomic_load(&c->rc) != HF_ETIMEDOUT;
}

static int join(struct committer *c)
{
	assert_int_equal(pthread_join(c->thread, NULL), 0);
	return atomic_load(&c->rc);
}

static int64_t position(const char *stream)
{
	const struct hf_cursor_key key = {hf_str("c"), hf_str(stream), hf_str("")};
	struct hf_cursor_got got = {0};
	assert_int_equal(hf_cursor_get(store, &key, 0, &got, NULL), HF_OK);
	const int64_t sequence = got.cursor.last_sequence;
	hf_release(got.memory);
	return sequence;
}

static struct hf_info info_now(void)
{
	struct hf_info info = {0};
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	return info;
}

/* The store as the kernel has it: a process that is killed now leaves that. */
static void reopen(void)
{
	assert_int_equal(hf_close(store, NULL), HF_OK);
	const struct hf_options options = {.no_background = true};
	assert_int_equal(hf__store_open(&gate.os, hf__all_domains(), &options, &store, NULL), HF_OK);
}

/* --- A sync that hangs ------------------------------------------------------------------------ */

static void os_commits_return_while_a_sync_hangs(void **state)
{
	(void)state;
	begin_large(true);
	struct committer durable = {.stream = "d", .from = 1, .count = 1};
	struct committer os = {.stream = "o", .durability = HF_OS, .from = 1, .count = 100};
	set_gate(true);
	start(&durable);
	wait_until_held();
	start(&os);
	assert_true(returns(&os));
	assert_int_equal(atomic_load(&os.rc), HF_OK);
	assert_int_equal(atomic_load(&durable.rc), HF_ETIMEDOUT); /* its sync is not over */
	assert_true(info_now().durable_lsn < info_now().last_lsn);
	set_gate(false);
	assert_int_equal(join(&durable), HF_OK);
	assert_int_equal(join(&os), HF_OK);
	reopen();
	assert_int_equal(position("o"), 100);
	assert_int_equal(position("d"), 1);
	end(HF_OK);
}

/* Those that came before the sync began to hang, behind it, and beside each other. */
static void many_threads_commit_beside_a_sync_that_hangs(void **state)
{
	enum { THREADS = 4 };
	static const char *const names[THREADS] = {"a", "b", "c", "e"};
	struct committer durable = {.stream = "d", .from = 1, .count = 1}, os[THREADS];
	(void)state;
	begin_large(false);
	set_gate(true);
	start(&durable);
	wait_until_held();
	for (int i = 0; i < THREADS; i++) {
		os[i] =
		    (struct committer){.stream = names[i], .durability = HF_OS, .from = 1, .count = 200};
		start(&os[i]);
	}
	for (int i = 0; i < THREADS; i++)
		assert_true(returns(&os[i]));
	set_gate(false);
	assert_int_equal(join(&durable), HF_OK);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(join(&os[i]), HF_OK);
	reopen();
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(position(names[i]), 200);
	end(HF_OK);
}

/* A commit whose sync hangs, a durable one behind it, and one that waits for no sync. */
struct beside {
	struct committer first, second, os;
};

/* The first two have begun. */
static void begin_beside(struct beside *b)
{
	b->first = (struct committer){.stream = "d", .from = 1, .count = 1};
	begin_large(true);
	set_gate(true);
	start(&b->first);
	wait_until_held();
	start(&b->second);
}

/* The third has returned; the second has not before the sync goes on. */
static void end_beside(struct beside *b)
{
	assert_int_equal(atomic_load(&b->second.rc), HF_ETIMEDOUT);
	set_gate(false);
	assert_int_equal(join(&b->first), HF_OK);
	assert_int_equal(join(&b->second), HF_OK);
	assert_int_equal(join(&b->os), HF_OK);
}

/* What is to be durable and was written by a thread that waits for no sync is synced all the same:
 * by a leader of those that wait for it, once the sync in flight is over. */
static void durable_commits_that_os_commits_wrote_are_synced(void **state)
{
	struct beside b = {.second = {.stream = "f", .from = 1, .count = 3},
	                   .os = {.stream = "o", .durability = HF_OS, .from = 1, .count = 20}};
	(void)state;
	begin_beside(&b);
	start(&b.os);
	assert_true(returns(&b.os));
	end_beside(&b);
	assert_true(info_now().durable_lsn > 0);
	assert_int_equal(position("f"), 3);
	end(HF_OK);
}

/* How often those that wait for a sync were told to look again. */
static uint32_t told_to_look(void)
{
	return atomic_load(&store->words[0]) + atomic_load(&store->words[1]);
}

/* A waiter whose word changes before it sleeps looks again instead, and yields: with many writes
 * beside a long sync it would never sleep, and many of them keep the processor from the sync. */
static void os_commits_leave_those_alone_that_wait_for_a_sync(void **state)
{
	struct beside b = {.second = {.stream = "f", .from = 1, .count = 1},
	                   .os = {.stream = "o", .durability = HF_OS, .from = 1, .count = 100}};
	(void)state;
	begin_beside(&b);
	while (atomic_load(&store->sleepers[0]) + atomic_load(&store->sleepers[1]) == 0)
		(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	const uint32_t before = told_to_look();
	start(&b.os);
	assert_true(returns(&b.os));
	assert_int_equal(told_to_look(), before);
	end_beside(&b);
	assert_true(told_to_look() > before);
	end(HF_OK);
}

/* An `os` commit that looked at something undurable waits for that: it says so. */
static void an_os_commit_waits_for_the_durable_change_it_looked_at(void **state)
{
	struct committer durable = {.stream = "d", .from = 1, .count = 1};
	struct committer behind = {.stream = "d", .durability = HF_OS, .from = 2, .count = 1};
	(void)state;
	begin_large(true);
	set_gate(true);
	start(&durable);
	wait_until_held();
	start(&behind);
	(void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	assert_int_equal(atomic_load(&behind.rc), HF_ETIMEDOUT);
	set_gate(false);
	assert_int_equal(join(&durable), HF_OK);
	assert_int_equal(join(&behind), HF_OK);
	end(HF_OK);
}

/* A group that opens the next segment waits for the sync of the one before (I-COMMIT-5), whose file
 * it closes. All go on when that is over. */
static void a_segment_is_opened_once_the_sync_is_over(void **state)
{
	struct committer durable = {.stream = "d", .from = 1, .count = 1};
	struct committer os[2] = {{.stream = "o", .durability = HF_OS, .from = 1, .count = 2000},
	                          {.stream = "p", .durability = HF_OS, .from = 1, .count = 2000}};
	(void)state;
	begin(true); /* segments of 16 KiB */
	/* the next one is there: making it would wait at the gate, too */
	for (int64_t i = 1; !store->segments.next.ready; i++) {
		assert_int_equal(move("q", i, HF_OS, NULL), HF_OK);
		assert_int_equal(hf_maintain(store, 1000000, NULL), HF_OK);
	}
	const uint32_t segment = store->writer.end.segment;
	set_gate(true);
	start(&durable);
	wait_until_held();
	start(&os[0]);
	start(&os[1]);
	(void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	(void)pthread_mutex_lock(&store->lock);
	assert_int_equal(store->writer.end.segment, segment);
	(void)pthread_mutex_unlock(&store->lock);
	set_gate(false);
	assert_int_equal(join(&durable), HF_OK);
	assert_int_equal(join(&os[0]), HF_OK);
	assert_int_equal(join(&os[1]), HF_OK);
	assert_true(store->writer.end.segment > segment + 1);
	reopen();
	assert_int_equal(position("o"), 2000);
	assert_int_equal(position("p"), 2000);
	end(HF_OK);
}

static void a_ticket_of_an_os_commit_is_answered_while_a_sync_hangs(void **state)
{
	struct committer durable = {.stream = "d", .from = 1, .count = 1};
	struct hf_ticket ticket;
	(void)state;
	begin_large(false);
	set_gate(true);
	start(&durable);
	wait_until_held();
	assert_int_equal(move("o", 1, HF_OS, &ticket), HF_OK);
	assert_int_equal(hf_ticket_wait(store, &ticket, 30000000, NULL), HF_OK);
	assert_int_equal(atomic_load(&durable.rc), HF_ETIMEDOUT);
	set_gate(false);
	assert_int_equal(join(&durable), HF_OK);
	end(HF_OK);
}

/* --- A sync that fails ------------------------------------------------------------------------ */

static void a_sync_that_fails_fails_the_store_behind_os_commits_that_returned(void **state)
{
	struct committer durable = {.stream = "d", .from = 1, .count = 1};
	struct committer os = {.stream = "o", .durability = HF_OS, .from = 1, .count = 10};
	struct hf_error error = {0};
	(void)state;
	begin_large(true);
	set_gate(true);
	start(&durable);
	wait_until_held();
	start(&os);
	assert_true(returns(&os));
	assert_int_equal(join(&os), HF_OK);
	atomic_store(&fails, true);
	set_gate(false);
	assert_int_equal(join(&durable), HF_EUNCERTAIN);
	assert_int_equal(move("o", 11, HF_OS, NULL), HF_EFAILED);
	assert_int_equal(move("d", 2, HF_DURABLE, NULL), HF_EFAILED);
	(void)hf_close(store, &error);
	assert_int_equal(sim_broken(sim).synced_again, 0);
	sim_free(sim);
}

/* --- All at once ------------------------------------------------------------------------------ */

static void durable_and_os_commits_go_on_beside_each_other(void **state)
{
	enum { THREADS = 6 };
	static const char *const names[THREADS] = {"a", "b", "c", "d", "e", "f"};
	struct committer all[THREADS];
	(void)state;
	begin(false); /* small segments: many are opened meanwhile */
	for (int i = 0; i < THREADS; i++) {
		all[i] = (struct committer){
		    .stream = names[i], .durability = i % 2 ? HF_OS : HF_DURABLE, .from = 1, .count = 300};
		start(&all[i]);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(join(&all[i]), HF_OK);
	reopen();
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(position(names[i]), 300);
	end(HF_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(os_commits_return_while_a_sync_hangs),
	    cmocka_unit_test(many_threads_commit_beside_a_sync_that_hangs),
	    cmocka_unit_test(durable_commits_that_os_commits_wrote_are_synced),
	    cmocka_unit_test(os_commits_leave_those_alone_that_wait_for_a_sync),
	    cmocka_unit_test(an_os_commit_waits_for_the_durable_change_it_looked_at),
	    cmocka_unit_test(a_segment_is_opened_once_the_sync_is_over),
	    cmocka_unit_test(a_ticket_of_an_os_commit_is_answered_while_a_sync_hangs),
	    cmocka_unit_test(a_sync_that_fails_fails_the_store_behind_os_commits_that_returned),
	    cmocka_unit_test(durable_and_os_commits_go_on_beside_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
