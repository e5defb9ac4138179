/* tier: fast, threads */
/* Files that the tool is given to read and places to write to that will not do: a code, a
 * sentence and an exit status for each kind, nothing is changed, and what was there is still
 * there. Those that a table of words can name are in test_cli_bad_use.c. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/test.h"
#include "lib/tools/formats.h"
#include "lib/tools/tool.h"

#define HEADER "{\"kind\":\"header\",\"format\":\"holdfast.jsonl/1\",\"end_line\":true}\n"

static void refused(const struct tool *tool, const char *line, int status, const char *code,
                    const char *says)
{
	struct tool json = *tool;
	json.json = true;
	struct ran ran = tool_expect(&json, line, status);
	char name[64] = "";
	assert_true(json_member(ran.err, "error.name", name, sizeof name));
	if (strcmp(name, code) != 0 || !strstr(ran.err, says))
		fail_msg("%s: wanted %s and \"%s\", got %s", line, code, says, ran.err);
	tool_free(&ran);
}

static void expect_empty(void)
{
	const struct tool tool = {.directory = "s"};
	struct ran ran = tool_expect(&tool, "outbox list q --json", 0);
	assert_string_equal(ran.out, "");
	tool_free(&ran);
}

static void what_comes_from_a_closed_input_is_not_taken_for_nothing(void **state)
{
	const struct tool closed = {.directory = "s", .no_input = true};
	(void)state;
	formats_init("s");
	refused(&closed, "import --queue q", 7, "HF_EACCESS",
	        "cannot read standard input: Bad file descriptor");
	refused(&closed, "import --queue q -", 7, "HF_EACCESS", "cannot read standard input");
	refused(&closed, "outbox enqueue q a --payload-file -", 7, "HF_EACCESS",
	        "cannot read standard input: Bad file descriptor");
	expect_empty();
	/* A command that reads nothing from it does not mind. */
	struct ran ran = tool_expect(&closed, "outbox enqueue q a --payload x", 0);
	tool_free(&ran);
}

static void a_writer_that_dies_leaves_a_file_that_is_cut_off(void **state)
{
	static const struct {
		const char *text, *options, *says;
	} cells[] = {
	    {HEADER, "", "the file is cut off: its end line is missing"},
	    {HEADER "{\"kind\":\"outbox\",\"que", "", "line 2"},
	    {"[{\"id\":\"a\",\"item\":1},", "--queue q", "premature EOF"},
	    {"", "--queue q", "premature EOF"},
	    {"", "", "is neither JSON Lines"},
	};
	const struct tool tool = {.directory = "s"};
	(void)state;
	formats_init("s");
	assert_int_equal(mkfifo("fifo", 0600), 0);
	for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
		char line[64];
		(void)fflush(NULL);
		const pid_t writer = fork();
		if (writer == 0) {
			const int fd = open("fifo", O_WRONLY | O_CLOEXEC);
			(void)!write(fd, cells[i].text, strlen(cells[i].text));
			_exit(9);
		}
		(void)snprintf(line, sizeof line, "import %s fifo", cells[i].options);
		struct ran ran = tool_expect(&tool, line, 2);
		if (!strstr(ran.err, cells[i].says))
			fail_msg("%s", ran.err);
		tool_free(&ran);
		assert_int_equal(waitpid(writer, NULL, 0), writer);
	}
	expect_empty();
}

static void a_file_that_may_not_be_read_is_no_broken_one(void **state)
{
	const struct tool tool = {.directory = "s"};
	(void)state;
	if (geteuid() == 0) {
		printf("SKIP: root may read all\n");
		skip();
	}
	formats_init("s");
	formats_write("secret", "[]", 2);
	assert_int_equal(chmod("secret", 0), 0);
	refused(&tool, "import --queue q secret", 7, "HF_EACCESS",
	        "cannot read secret: Permission denied");
	refused(&tool, "outbox enqueue q a --payload-file secret", 7, "HF_EACCESS",
	        "cannot read secret: Permission denied");
	assert_int_equal(mkdir("locked", 0500), 0);
	refused(&tool, "export locked/file", 7, "HF_EACCESS",
	        "cannot write a file beside locked/file: Permission denied");
	expect_empty();
}

static void an_export_that_cannot_be_written_says_why(void **state)
{
	static const struct {
		enum tool_stdout to;
		const char *code, *says;
	} ways[] = {{TOOL_STDOUT_CLOSED, "HF_EACCESS", "Bad file descriptor"},
	            {TOOL_STDOUT_FULL, "HF_ENOSPACE", "No space left on device"},
	            {TOOL_STDOUT_GONE, "HF_EACCESS", "Broken pipe"}};
	(void)state;
	formats_init("s");
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		const struct tool tool = {.directory = "s", .to = ways[i].to};
		refused(&tool, "export", 7, ways[i].code, ways[i].says);
		refused(&tool, "export --queue q -", 7, ways[i].code, ways[i].says);
	}
	/* What is there stays when the new one cannot be made. */
	const struct tool tool = {.directory = "s"};
	formats_write("kept", "kept", 4);
	assert_int_equal(symlink("kept", "loop2"), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	refused(&tool, "export loop", 7, "HF_EACCESS",
	        "cannot write loop: Too many levels of symbolic links");
	refused(&tool, "export kept/below", 7, "HF_EACCESS",
	        "cannot write kept/below: Not a directory");
	refused(&tool, "export nowhere/below", 7, "HF_EACCESS", "its directory does not exist");
	struct buffer kept = formats_read("loop2");
	assert_string_equal(kept.data, "kept");
	buffer_free(&kept);
}

/* A write past the limit would end the process by a signal, with a half file left beside. */
static void a_limit_for_the_size_of_files_is_an_error_like_a_full_disk(void **state)
{
	enum { SIZE = 100000 };
	const struct tool tool = {.directory = "s"};
	struct rlimit before, low;
	char *large = malloc(SIZE);
	(void)state;
	assert_non_null(large);
	for (uint32_t i = 0; i < SIZE; i++)
		large[i] = (char)('!' + i * i * 2654435761u % 90);
	formats_init("s");
	formats_write("large", large, SIZE);
	struct ran ran = tool_expect(&tool, "outbox enqueue q i --payload-file large", 0);
	tool_free(&ran);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	low = before;
	low.rlim_cur = SIZE / 3;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	refused(&tool, "export out", 7, "HF_ENOSPACE", "cannot write out: File too large");
	refused(&tool, "export", 7, "HF_ENOSPACE", "the output could not be written (File too large)");
	refused(&tool, "snapshot export out", 7, "HF_ENOSPACE", "over the limit for the size");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_not_equal(access("out", F_OK), 0);
	free(large);
}

static void what_it_runs_may_die_of_a_signal_that_the_tool_ignores(void **state)
{
	const struct tool tool = {.directory = "s"};
	static const char *const kills[] = {"kill -PIPE $$", "kill -XFSZ $$"};
	static const int numbers[] = {SIGPIPE, SIGXFSZ};
	(void)state;
	formats_init("s");
	for (size_t i = 0; i < 2; i++) {
		const char *const locked[] = {"run-locked", "l", "--", "sh", "-c", kills[i], NULL};
		const char *const drain[] = {"outbox", "drain", "q", "--", "sh", "-c", kills[i], NULL};
		struct ran ran = tool_run(&tool, locked);
		if (ran.status != 128 + numbers[i])
			fail_msg("%s: %d, %s", kills[i], ran.status, ran.err);
		tool_free(&ran);
		ran = tool_expect(&tool, "outbox enqueue q i", 0);
		tool_free(&ran);
		ran = tool_run(&tool, drain);
		if (ran.status != 1)
			fail_msg("%s: %d, %s", kills[i], ran.status, ran.err);
		tool_free(&ran);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_comes_from_a_closed_input_is_not_taken_for_nothing),
	    cmocka_unit_test(a_writer_that_dies_leaves_a_file_that_is_cut_off),
	    cmocka_unit_test(a_file_that_may_not_be_read_is_no_broken_one),
	    cmocka_unit_test(an_export_that_cannot_be_written_says_why),
	    cmocka_unit_test(a_limit_for_the_size_of_files_is_an_error_like_a_full_disk),
	    cmocka_unit_test(what_it_runs_may_die_of_a_signal_that_the_tool_ignores),
	};
	return cmocka_run_group_tests_name("files of the tool", tests, NULL, NULL);
}
