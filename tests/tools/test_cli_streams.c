/* tier: fast */
/* The tool with people and streams: aligned text, content by stdin and stdout, questions at a
 * terminal, the directory from the environment. */
#include "cli/call.h"
#include "lib/remove_tree.h"
#include "lib/test.h"
#include "lib/tools/tool.h"

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static void people_get_aligned_text_and_nothing_that_confuses_a_terminal(void **state)
{
	const struct tool tool = {.directory = "people"};
	/* No UTF-8, a line's end, and U+202E, which turns what follows around. */
	static const char payload[] = {'\xff', '\n', '\xe2', '\x80', '\xae', 'g', 'o', 'n', 'e', '\0'};
	const char *const save[] = {"inbox", "save", "ann", "a\033[31mred", "--payload", payload,
	                            "--now", "@0",   NULL};
	struct ran ran = tool_expect(&tool, "init", 0);
	(void)state;
	tool_free(&ran);
	ran = tool_run(&tool, save);
	assert_string_equal(ran.out, "1 saved\n");
	tool_free(&ran);
	ran = tool_expect(&tool, "inbox load ann", 0);
	assert_string_equal(
	    ran.out,
	    "ACCOUNT  THREAD        UNREAD  DISMISSED  SCORE  SNAPSHOT AT                  PAYLOAD\n"
	    "primary  a\\x1b[31mred  no      no         0      1970-01-01T00:00:00.000000Z  "
	    "\\xff\\n\\xe2\\x80\\xaegone\n");
	assert_string_equal(ran.err, "");
	tool_free(&ran);
	ran = tool_expect(&tool, "inbox load nobody", 0);
	assert_string_equal(ran.out, "");
	assert_string_equal(ran.err, "holdfast: nothing there\n");
	tool_free(&ran);
	ran = tool_expect(&tool, "-q inbox load nobody", 0);
	assert_string_equal(ran.err, "");
	tool_free(&ran);
	ran = tool_expect(&tool, "-q cursor advance a b 1", 0);
	assert_string_equal(ran.out, "");
	tool_free(&ran);
	remove_tree("people");
}

static void content_goes_in_by_stdin_and_out_raw_byte_for_byte(void **state)
{
	const struct tool tool = {.directory = "raw", .input = "line\n\x01\xf0\xf1 end"};
	struct ran ran = tool_expect(&tool, "init", 0);
	(void)state;
	tool_free(&ran);
	ran = tool_expect(&tool, "outbox enqueue q i --payload-file -", 0);
	tool_free(&ran);
	ran = tool_expect(&tool, "outbox get q i --raw", 0);
	assert_string_equal(ran.out, tool.input);
	tool_free(&ran);
	/* The command of a drain reads it, and what it says does not mix with the report. */
	ran = tool_expect(&tool, "outbox drain q --json cat", 0);
	assert_string_equal(ran.err, tool.input);
	assert_int_equal(json_lines(ran.out), 1);
	tool_free(&ran);
	remove_tree("raw");
}

static void a_large_payload_reaches_a_command_that_reads_none_of_it(void **state)
{
	const size_t len = 1u << 20;
	char *large = malloc(len + 1);
	assert_non_null(large);
	memset(large, 'x', len);
	large[len] = '\0';
	const struct tool tool = {.directory = "large", .input = large};
	(void)state;
	struct ran ran = tool_expect(&tool, "init", 0);
	tool_free(&ran);
	ran = tool_expect(&tool, "outbox enqueue q i --payload-file -", 0);
	tool_free(&ran);
	ran = tool_expect(&tool, "outbox drain q true", 0);
	assert_true(has(ran.out, "sent     1\n"));
	tool_free(&ran);
	free(large);
	remove_tree("large");
}

static void at_a_terminal_a_destructive_command_asks_and_only_yes_goes_on(void **state)
{
	const struct tool plain = {.directory = "asked"}, no = {.directory = "asked", .answer = "n\n"},
	                  yes = {.directory = "asked", .answer = "y\n"};
	struct ran ran = tool_expect(&plain, "init", 0);
	(void)state;
	tool_free(&ran);
	ran = tool_expect(&plain, "outbox enqueue q a b", 0);
	tool_free(&ran);
	ran = tool_expect(&no, "outbox clear q", CLI_NO);
	assert_string_equal(ran.out, "");
	tool_free(&ran);
	ran = tool_expect(&yes, "outbox clear q", 0);
	assert_string_equal(ran.out, "2 removed\n");
	tool_free(&ran);
	remove_tree("asked");
}

static void a_stream_that_others_made_non_blocking_is_waited_for(void **state)
{
	enum { SIZE = 300000 };
	char *large = malloc(SIZE + 1);
	(void)state;
	assert_non_null(large);
	memset(large, 'n', SIZE);
	large[SIZE] = '\0';
	const struct tool tool = {
	    .directory = "shared", .input = large, .late_input = true, .to = TOOL_STDOUT_SLOW};
	struct ran ran = tool_expect(&tool, "init", 0);
	tool_free(&ran);
	ran = tool_expect(&tool, "outbox enqueue q i --payload-file -", 0);
	tool_free(&ran);
	ran = tool_expect(&tool, "outbox get q i --raw", 0);
	assert_int_equal(ran.out_len, SIZE);
	assert_memory_equal(ran.out, large, SIZE);
	tool_free(&ran);
	ran = tool_expect(&tool, "export", 0);
	assert_true(ran.out_len > SIZE);
	const struct tool into = {
	    .directory = "shared2", .input = ran.out, .late_input = true, .to = TOOL_STDOUT_SLOW};
	struct ran taken = tool_expect(&into, "init", 0);
	tool_free(&taken);
	taken = tool_expect(&into, "import -", 0);
	tool_free(&taken);
	tool_free(&ran);
	free(large);
	remove_tree("shared");
	remove_tree("shared2");
}

static void the_directory_comes_from_the_environment_too(void **state)
{
	static const char *const variables[] = {"HOLDFAST_DIR", "environment", NULL};
	const struct tool tool = {.variables = variables};
	struct ran ran = tool_expect(&tool, "init", 0);
	(void)state;
	tool_free(&ran);
	ran = tool_expect(&tool, "info --wait forever", 0);
	assert_true(has(ran.out, "directory        environment\n"));
	tool_free(&ran);
	remove_tree("environment");
}

int main(void)
{
	/* Two drain, for which the tool starts threads; test_cli_drain does that under TSan. */
	(void)unsetenv("HF_ONE_THREAD");
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(people_get_aligned_text_and_nothing_that_confuses_a_terminal),
	    cmocka_unit_test(content_goes_in_by_stdin_and_out_raw_byte_for_byte),
	    cmocka_unit_test(a_large_payload_reaches_a_command_that_reads_none_of_it),
	    cmocka_unit_test(at_a_terminal_a_destructive_command_asks_and_only_yes_goes_on),
	    cmocka_unit_test(a_stream_that_others_made_non_blocking_is_waited_for),
	    cmocka_unit_test(the_directory_comes_from_the_environment_too),
	};
	return cmocka_run_group_tests_name("streams of the tool", tests, NULL, NULL);
}
