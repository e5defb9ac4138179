/* tier: fast, threads */
/* A child that closes the handle it inherited, while threads of its parent were in the middle of
 * everything. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "holdfast/holdfast.h"
#include "lib/remove_tree.h"
#include "lib/test.h"

enum { WRITERS = 2, FORKS = 60, IDS = 500 };

static hf_store *store;
static atomic_bool stop;

static struct hf_outbox_input inputs[IDS];

static void make_inputs(void)
{
	static char ids[IDS][8];
	for (unsigned i = 0; i < IDS; i++) {
		(void)snprintf(ids[i], sizeof ids[i], "%u", i);
		inputs[i] = (struct hf_outbox_input){.id = hf_str(ids[i]), .payload = hf_str("payload")};
	}
}

/* Long changes, so that a fork falls into many of them. */
static void *churn(void *arg)
{
	const char *queue = arg;
	int rc = HF_OK;
	const struct hf_outbox_enqueue_many_args fill = {.write.durability = HF_OS,
	                                                 .queue = hf_str(queue),
	                                                 .items = inputs,
	                                                 .count = IDS,
	                                                 .dedup = HF_OUTBOX_REPLACE};
	const struct hf_outbox_clear_args clear = {.write.durability = HF_OS, .queue = hf_str(queue)};
	while (!atomic_load(&stop) && rc == HF_OK) {
		rc = hf_outbox_enqueue_many(store, NULL, &fill, NULL, NULL);
		if (rc == HF_OK)
			rc = hf_outbox_clear(store, NULL, &clear, NULL, NULL);
	}
	return NULL;
}

static int child(void)
{
	struct hf_info info = {0};
	if (hf_get_info(store, &info, NULL) != HF_EFORK)
		return 1;
	return hf_close(store, NULL) == HF_EFORK ? 0 : 2;
}

static void fork_beside_changes(void)
{
	struct hf_error error = {0};
	pthread_t threads[WRITERS];
	static char queues[WRITERS][2] = {"a", "b"};
	atomic_store(&stop, false);
	for (unsigned i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, churn, queues[i]), 0);
	int worst = 0;
	for (unsigned i = 0; i < FORKS && worst == 0; i++) {
		const pid_t pid = fork();
		if (pid == 0)
			_exit(child());
		assert_true(pid > 0 && waitpid(pid, &worst, 0) == pid);
	}
	atomic_store(&stop, true);
	for (unsigned i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	/* What the children did was nothing to the parent. */
	assert_int_equal(hf_close(store, &error), HF_OK);
	if (worst != 0)
		fail_msg("a child ended with %x", (unsigned)worst);
}

static void a_child_can_close_what_its_parent_was_changing(void **state)
{
	(void)state;
	char path[] = "/tmp/holdfast-fork-XXXXXX";
	struct hf_error error = {0};
	const struct hf_options options = {.create = true, .allow_unsafe_fs = true};
	make_inputs();
	assert_non_null(mkdtemp(path));
	if (hf_open(path, &options, &store, &error) != HF_OK)
		fail_msg("%s", error.text);
	fork_beside_changes();
	remove_tree(path);
}

/* Its files are memory that threads of the parent were changing, too. */
static void a_child_can_close_what_its_parent_was_changing_in_memory(void **state)
{
	(void)state;
	struct hf_error error = {0};
	make_inputs();
	if (hf_open_memory(NULL, &store, &error) != HF_OK)
		fail_msg("%s", error.text);
	fork_beside_changes();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_child_can_close_what_its_parent_was_changing),
	    cmocka_unit_test(a_child_can_close_what_its_parent_was_changing_in_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
