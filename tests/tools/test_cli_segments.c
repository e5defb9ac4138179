/* tier: fast */
/* `segments` beside a service and a reader: which files other processes have open, and those that
 * were removed and take room until the reader lets go. */
#include <sys/wait.h>
#include <unistd.h>

#include "lib/real_store.h"
#include "lib/test.h"
#include "lib/tools/tool.h"

struct pipes {
	int told[2], go[2]; /* the reader is there; it may go on */
};

/* Opens the store when it may, says so, waits; begins anew, says so, waits. */
static int read_on(const char *path, const struct pipes *pipes)
{
	hf_store *store;
	char byte = 0;
	const struct hf_options options = {.no_refresh = true};
	(void)close(pipes->told[0]);
	(void)close(pipes->go[1]); /* it ends with the parent, whatever happens to that */
	for (unsigned i = 0; i < 2; i++)
		if (read(pipes->go[0], &byte, 1) != 1 ||
		    hf_open_read(path, &options, &store, NULL) != HF_OK ||
		    write(pipes->told[1], "x", 1) != 1 || read(pipes->go[0], &byte, 1) != 1 ||
		    hf_close(store, NULL) != HF_OK)
			return 1;
	return 0;
}

static void await(const struct pipes *pipes)
{
	char byte;
	assert_int_equal(read(pipes->told[0], &byte, 1), 1);
}

static void let_go(const struct pipes *pipes)
{
	assert_int_equal(write(pipes->go[1], "x", 1), 1);
}

static void put(struct real_store *real, unsigned count)
{
	char id[16];
	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(id, sizeof id, "i%u", i);
		assert_int_equal(real_enqueue(real, id, 4000), HF_OK);
		const struct hf_outbox_remove_args remove = {.queue = hf_str("q"), .id = hf_str(id)};
		(void)!hf_outbox_remove(real->store, NULL, &remove, NULL, NULL);
	}
}

static unsigned times(const char *text, const char *what)
{
	unsigned count = 0;
	for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
		count++;
	return count;
}

static void files_that_a_reader_has_open_are_shown(void **state)
{
	struct real_store *real = *state;
	const struct tool tool = {.directory = real->path};
	const struct hf_options options = {
	    .create = true, .no_background = true, .segment_size = 64u << 10};
	struct pipes pipes;
	int status;
	assert_int_equal(pipe(pipes.told), 0);
	assert_int_equal(pipe(pipes.go), 0);
	/* Before the store is open here: it would have the writer's files. */
	const pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(read_on(real->path, &pipes));
	assert_int_equal(real_open_at(real, NULL, options), HF_OK);
	put(real, 100);
	/* The writer has its files open, and that is no pin. */
	struct ran ran = tool_expect(&tool, "segments --json", 0);
	assert_true(times(ran.out, "\"open_by\":0") >= 3);
	assert_int_equal(times(ran.out, "\"open_by\":1"), 0);
	tool_free(&ran);
	let_go(&pipes);
	await(&pipes);
	ran = tool_expect(&tool, "segments --json", 0);
	const unsigned open = times(ran.out, "\"open_by\":1");
	assert_true(open >= 3);
	assert_int_equal(times(ran.out, "\"keeper\":\"readers\""), 0);
	tool_free(&ran);
	assert_int_equal(hf_compact(real->store, &real->error), HF_OK);
	ran = tool_expect(&tool, "segments --json", 0);
	assert_true(times(ran.out, "\"keeper\":\"readers\"") >= 2);
	assert_non_null(strstr(ran.out, "segment-00000001"));
	tool_free(&ran);
	/* It begins anew, and nothing is kept by it that is not there. */
	let_go(&pipes);
	let_go(&pipes);
	await(&pipes);
	ran = tool_expect(&tool, "segments --json", 0);
	assert_int_equal(times(ran.out, "\"keeper\":\"readers\""), 0);
	assert_null(strstr(ran.out, "segment-00000001"));
	assert_true(times(ran.out, "\"open_by\":1") >= 1);
	tool_free(&ran);
	let_go(&pipes);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	ran = tool_expect(&tool, "segments --json", 0);
	assert_int_equal(times(ran.out, "\"open_by\":1"), 0);
	tool_free(&ran);
	for (unsigned i = 0; i < 2; i++) {
		(void)close(pipes.told[i]);
		(void)close(pipes.go[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(files_that_a_reader_has_open_are_shown, real_setup,
	                                    real_teardown),
	};
	return cmocka_run_group_tests_name("files and who has them open", tests, NULL, NULL);
}
