/* tier: medium, threads */
/* Commands that only read, beside a service of eight threads that compacts all the time: each ends
 * with 0 at once, and changes nothing. HF_LONG=1: a hundred rounds of them. */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/real_store.h"
#include "lib/test.h"
#include "lib/tools/tool.h"

enum { THREADS = 8, ROUNDS = 15, ROUNDS_LONG = 100, IDS = 200, BIG = 2500 };

static hf_store *service;

static void work(unsigned thread, unsigned i, const char *bytes)
{
	char id[32];
	struct hf_outbox_items items = {0};
	(void)snprintf(id, sizeof id, "i%u-%u", thread, i % IDS);
	const struct hf_outbox_enqueue_args item = {
	    .queue = hf_str("q"), .id = hf_str(id), .payload = hf_bytes_of(bytes, i % 2 ? BIG : 50)};
	const struct hf_outbox_claim_next_args claim = {
	    .queue = hf_str("q"), .owner = hf_str("w"), .max = 1, .lease_us = i % 2 ? 1000000 : 0};
	const struct hf_cursor_advance_args cursor = {.key = {hf_str("c"), hf_str("s"), hf_str(id)},
	                                              .sequence = i + 1};
	const struct hf_lock_acquire_args lock = {
	    .name = hf_str(id), .owner = hf_str("o"), .lease_us = i % 3 ? 1000000 : 0};
	(void)!hf_outbox_enqueue(service, NULL, &item, NULL, NULL);
	(void)!hf_cursor_advance(service, NULL, &cursor, NULL, NULL);
	(void)!hf_lock_acquire(service, NULL, &lock, NULL, NULL);
	if (hf_outbox_claim_next(service, NULL, &claim, &items, NULL, NULL) != HF_OK)
		return;
	if (items.count > 0 && i % 3 == 0) {
		const struct hf_outbox_complete_args complete = {
		    .queue = hf_str("q"), .id = items.items[0].id, .token = items.items[0].token};
		(void)!hf_outbox_complete(service, NULL, &complete, NULL, NULL);
	}
	hf_release(items.memory);
}

static void *serve(void *arg)
{
	const unsigned thread = *(const unsigned *)arg;
	char bytes[BIG];
	memset(bytes, 'x', sizeof bytes);
	for (unsigned i = 0;; i++)
		work(thread, i, bytes);
	return NULL;
}

/* Until it is killed. */
static int run_service(void *arg)
{
	const struct real_store *real = arg;
	const struct hf_options options = {
	    .create = true, .segment_size = 1u << 20, .compact_bytes = 1u << 20};
	pthread_t threads[THREADS];
	unsigned numbers[THREADS];
	if (hf_open(real->path, &options, &service, NULL) != HF_OK)
		return 1;
	for (unsigned i = 0; i < THREADS; i++) {
		numbers[i] = i;
		(void)pthread_create(&threads[i], NULL, serve, &numbers[i]);
	}
	for (;;)
		(void)pause();
}

static void who_only_reads_is_served_at_once_beside_a_busy_service(void **state)
{
	static const char *const lines[] = {"info",          "stats",       "claims",    "queue stats",
	                                    "outbox list q", "cursor list", "lock list", "export"};
	struct real_store *real = *state;
	const struct tool tool = {.directory = real->path};
	real_open(real);
	real_close(real);
	const pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(run_service(real));
	real_sleep_ms(500);
	const unsigned rounds = getenv("HF_LONG") ? ROUNDS_LONG : ROUNDS;
	for (unsigned round = 0; round < rounds; round++)
		for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
			struct ran ran = tool_expect(&tool, lines[i], 0);
			tool_free(&ran);
		}
	struct ran held = tool_expect(&tool, "claims --json", 0);
	assert_non_null(strstr(held.out, "\"lease_until\":null"));
	tool_free(&held);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	/* What the dead service held is shown as free. */
	struct ran ran = tool_expect(&tool, "claims --json", 0);
	assert_null(strstr(ran.out, "\"lease_until\":null"));
	tool_free(&ran);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(who_only_reads_is_served_at_once_beside_a_busy_service,
	                                    real_setup, real_teardown),
	};
	return cmocka_run_group_tests_name("tool beside a service", tests, NULL, NULL);
}
