/* tier: fast, threads */
/* Threads: the library's own take no signals of the host's; the host's may be cancelled, or have
 * the smallest of stacks. */
#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "holdfast/async.h"
#include "holdfast/feed.h"
#include "lib/real_store.h"
#include "lib/test.h"

static void ignore_event(void *ctx, const struct hf_event *event)
{
	(void)ctx;
	(void)event;
}

/* What /proc says of thread `tid`: its name and which signals it blocks. */
static bool thread_status(const char *tid, char name[32], unsigned long long *blocked)
{
	char path[300], line[128];
	(void)snprintf(path, sizeof path, "/proc/self/task/%s/status", tid);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	name[0] = '\0';
	while (fgets(line, sizeof line, file)) {
		(void)sscanf(line, "Name: %31s", name);
		if (strncmp(line, "SigBlk:", 7) == 0)
			*blocked = strtoull(line + 7, NULL, 16);
	}
	(void)fclose(file);
	return name[0] != '\0';
}

static void the_librarys_threads_have_names_and_take_no_signals(void **state)
{
	static const char *const names[] = {"hf-maintain", "hf-flusher", "hf-dispatch", "hf-waits"};
	struct real_store *real = *state;
	struct hf_ticket ticket;
	unsigned found = 0;
	hf_subscription *subscription;
	const struct hf_outbox_enqueue_args args = {
	    .write.ticket = &ticket, .queue = hf_str("q"), .id = hf_str("a")};
	const struct hf_lock_acquire_args acquire = {.name = hf_str("l"), .owner = hf_str("o")};
	hf_wait *wait;
	sigset_t before, after;
	assert_int_equal(hf_outbox_enqueue(real->store, NULL, &args, NULL, &real->error), HF_OK);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
	assert_int_equal(hf_outbox_subscribe(real->store, hf_str("q"), ignore_event, NULL,
	                                     &subscription, &real->error),
	                 HF_OK);
	assert_int_equal(hf_lock_acquire_start(real->store, &acquire, &wait, &real->error), HF_OK);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
	for (int number = 1; number < 32; number++)
		assert_int_equal(sigismember(&before, number), sigismember(&after, number));
	real_sleep_ms(50); /* they name themselves */
	DIR *stream = opendir("/proc/self/task");
	assert_non_null(stream);
	for (const struct dirent *entry; (entry = readdir(stream)) != NULL;) {
		char name[32];
		unsigned long long blocked = 0;
		if (entry->d_name[0] == '.' || !thread_status(entry->d_name, name, &blocked))
			continue;
		for (unsigned i = 0; i < 4; i++) {
			if (strcmp(name, names[i]) != 0)
				continue;
			found |= 1u << i;
			for (int number = 1; number < 32; number++) {
				const bool fault = number == SIGSEGV || number == SIGBUS || number == SIGFPE ||
				                   number == SIGILL || number == SIGTRAP;
				const bool never = number == SIGKILL || number == SIGSTOP;
				if (!never && (blocked >> (number - 1) & 1) == fault)
					fail_msg("%s: signal %d", name, number);
			}
		}
	}
	(void)closedir(stream);
	assert_int_equal(found, 15);
	hf_wait_free(wait);
	hf_outbox_unsubscribe(subscription);
}

/* --- Stacks ----------------------------------------------------------------------------------- */

static void *commit_some(void *arg)
{
	struct real_store *real = arg;
	const struct hf_outbox_enqueue_args args = {
	    .queue = hf_str("q"), .id = hf_str("small stack"), .payload = hf_str("x")};
	const struct hf_outbox_claim_next_args claim = {.queue = hf_str("q"), .owner = hf_str("w")};
	struct hf_outbox_items items = {0};
	struct hf_result result = {0};
	if (hf_outbox_enqueue(real->store, NULL, &args, &result, &real->error) != HF_OK)
		return arg;
	if (hf_outbox_claim_next(real->store, NULL, &claim, &items, &result, &real->error) != HF_OK)
		return arg;
	hf_release(items.memory);
	return NULL;
}

static void the_smallest_stack_is_large_enough_for_the_first_commit(void **state)
{
	struct real_store *real = *state;
	pthread_attr_t attributes;
	pthread_t thread;
	void *failed = NULL;
	real_close(real);
	real_open(real);
	assert_int_equal(pthread_attr_init(&attributes), 0);
	assert_int_equal(pthread_attr_setstacksize(&attributes, (size_t)PTHREAD_STACK_MIN), 0);
	assert_int_equal(pthread_create(&thread, &attributes, commit_some, real), 0);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	(void)pthread_attr_destroy(&attributes);
}

/* Bytes of stack that a first commit touches: everything below was never written. */
static void the_first_commit_needs_little_stack(void **state)
{
	enum { STACK = 256 << 10 };
	struct real_store *real = *state;
	pthread_attr_t attributes;
	pthread_t thread;
	void *failed = NULL;
	real_close(real);
	real_open(real);
	uint8_t *stack =
	    mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	assert_true(stack != MAP_FAILED);
	memset(stack, 0xa5, STACK);
	assert_int_equal(pthread_attr_init(&attributes), 0);
	assert_int_equal(pthread_attr_setstack(&attributes, stack, STACK), 0);
	assert_int_equal(pthread_create(&thread, &attributes, commit_some, real), 0);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	size_t untouched = 0;
	while (untouched < STACK && stack[untouched] == 0xa5)
		untouched++;
	printf("figure: the first commit and claim touch %zu bytes of stack\n", STACK - untouched);
	(void)pthread_attr_destroy(&attributes);
	(void)munmap(stack, STACK);
}

/* --- Cancellation ----------------------------------------------------------------------------- */

/* Two threads commit while others are cancelled in the middle of the same; nobody is left
 * waiting. */

struct worker {
	struct real_store *real;
	const char *id;
	atomic_uint commits;
	atomic_bool stop;
	int rc;
	hf_feed *feed;
	int64_t wait_us;
};

static void *commit_until_cancelled(void *arg)
{
	struct worker *w = arg;
	const struct hf_outbox_enqueue_args args = {.queue = hf_str("q"),
	                                            .id = hf_str(w->id),
	                                            .payload = hf_str("x"),
	                                            .dedup = HF_OUTBOX_REPLACE};
	while (!atomic_load(&w->stop) && w->rc == HF_OK) {
		w->rc = hf_outbox_enqueue(w->real->store, NULL, &args, NULL, NULL);
		(void)atomic_fetch_add(&w->commits, 1);
		pthread_testcancel();
	}
	return NULL;
}

static void a_thread_that_is_cancelled_in_a_commit_leaves_nobody_waiting(void **state)
{
	struct real_store *real = *state;
	struct worker steady = {.real = real, .id = "steady"};
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, commit_until_cancelled, &steady), 0);
	for (unsigned i = 0; i < 60; i++) {
		struct worker victim = {.real = real, .id = "victim"};
		pthread_t cancelled;
		void *how;
		assert_int_equal(pthread_create(&cancelled, NULL, commit_until_cancelled, &victim), 0);
		const struct timespec t = {0, 200000 + (long)i * 50000};
		(void)nanosleep(&t, NULL);
		assert_int_equal(pthread_cancel(cancelled), 0);
		assert_int_equal(pthread_join(cancelled, &how), 0);
		assert_ptr_equal(how, PTHREAD_CANCELED);
		const unsigned before = atomic_load(&steady.commits);
		for (unsigned wait = 0; wait < 4000 && atomic_load(&steady.commits) < before + 2; wait++)
			real_sleep_ms(1);
		assert_true(atomic_load(&steady.commits) >= before + 2);
	}
	atomic_store(&steady.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(steady.rc, HF_OK);
}

static void *wait_for_work(void *arg)
{
	struct worker *w = arg;
	struct hf_outbox_items items = {0};
	const struct hf_outbox_claim_next_args claim = {
	    .queue = hf_str("empty"), .owner = hf_str("w"), .wait_us = w->wait_us};
	w->rc = hf_outbox_claim_next(w->real->store, NULL, &claim, &items, NULL, NULL);
	atomic_store(&w->stop, true);
	pthread_testcancel();
	return NULL;
}

static void *wait_for_lock(void *arg)
{
	struct worker *w = arg;
	const struct hf_lock_acquire_args acquire = {
	    .name = hf_str("l"), .owner = hf_str("w"), .wait_us = w->wait_us};
	w->rc = hf_lock_acquire(w->real->store, NULL, &acquire, NULL, NULL);
	atomic_store(&w->stop, true);
	pthread_testcancel();
	return NULL;
}

static void *wait_for_feed(void *arg)
{
	struct worker *w = arg;
	struct hf_event_batch events = {0};
	w->rc = hf_feed_next(w->feed, 0, w->wait_us, &events, NULL);
	atomic_store(&w->stop, true);
	pthread_testcancel();
	return NULL;
}

/* The call runs to its end; the store and everybody else go on. */
static void a_thread_that_is_cancelled_while_it_waits_ends_its_call_first(void **state)
{
	static void *(*const waits[])(void *) = {wait_for_work, wait_for_lock, wait_for_feed};
	struct real_store *real = *state;
	struct hf_info info = {0};
	const struct hf_lock_acquire_args hold = {.name = hf_str("l"), .owner = hf_str("h")};
	assert_int_equal(hf_lock_acquire(real->store, NULL, &hold, NULL, &real->error), HF_OK);
	assert_int_equal(hf_get_info(real->store, &info, NULL), HF_OK);
	for (unsigned i = 0; i < 3; i++) {
		struct worker w = {.real = real, .wait_us = 120000};
		pthread_t thread;
		void *how;
		assert_int_equal(hf_feed_open(real->store, info.durable_lsn + 1, &w.feed, &real->error),
		                 HF_OK);
		assert_int_equal(pthread_create(&thread, NULL, waits[i], &w), 0);
		real_sleep_ms(20);
		assert_int_equal(pthread_cancel(thread), 0);
		assert_int_equal(real_enqueue(real, i % 2 ? "x" : "y", 10), HF_OK);
		assert_int_equal(pthread_join(thread, &how), 0);
		assert_true(atomic_load(&w.stop)); /* the call returned */
		assert_ptr_equal(how, PTHREAD_CANCELED);
		hf_feed_close(w.feed);
		assert_int_equal(hf_get_info(real->store, &info, NULL), HF_OK);
	}
}

static void *wait_for_ticket(void *arg)
{
	struct worker *w = arg;
	struct hf_ticket ticket;
	const struct hf_outbox_enqueue_args args = {.write.ticket = &ticket,
	                                            .queue = hf_str("q"),
	                                            .id = hf_str("ticket"),
	                                            .dedup = HF_OUTBOX_REPLACE};
	while (w->rc == HF_OK) {
		w->rc = hf_outbox_enqueue(w->real->store, NULL, &args, NULL, NULL);
		if (w->rc == HF_OK)
			w->rc = hf_ticket_wait(w->real->store, &ticket, -1, NULL);
		pthread_testcancel();
	}
	return NULL;
}

static void a_thread_that_is_cancelled_at_a_ticket_leaves_the_flusher_running(void **state)
{
	struct real_store *real = *state;
	for (unsigned i = 0; i < 20; i++) {
		struct worker w = {.real = real};
		pthread_t thread;
		void *how;
		assert_int_equal(pthread_create(&thread, NULL, wait_for_ticket, &w), 0);
		real_sleep_ms(1 + (long)i % 4);
		assert_int_equal(pthread_cancel(thread), 0);
		assert_int_equal(pthread_join(thread, &how), 0);
		assert_ptr_equal(how, PTHREAD_CANCELED);
		assert_int_equal(real_enqueue(real, i % 2 ? "x" : "y", 10), HF_OK);
	}
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, real_setup_open, real_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_STORE(the_librarys_threads_have_names_and_take_no_signals),
	    WITH_STORE(the_smallest_stack_is_large_enough_for_the_first_commit),
	    WITH_STORE(the_first_commit_needs_little_stack),
	    WITH_STORE(a_thread_that_is_cancelled_in_a_commit_leaves_nobody_waiting),
	    WITH_STORE(a_thread_that_is_cancelled_while_it_waits_ends_its_call_first),
	    WITH_STORE(a_thread_that_is_cancelled_at_a_ticket_leaves_the_flusher_running),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
