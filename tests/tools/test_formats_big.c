/* tier: medium */
/* Import of what is large: a string of a gigabyte is refused long before its end, with nothing
 * kept of it; a file that is more than one transaction goes in as several, none of them when the
 * file is in conflict, and after a kill the same import does the rest. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "holdfast/holdfast.h"
#include "lib/test.h"
#include "lib/tools/formats.h"

/* --- One string ------------------------------------------------------------------------------- */

/* Writes `head` and then 1 GB of one string into a FIFO, as long as there is a reader. Exits with
 * the MiB that went. */
static pid_t start_endless_string(const char *head)
{
	static char piece[1 << 20];
	memset(piece, 'x', sizeof piece);
	assert_true(mkfifo("fifo", 0600) == 0);
	const pid_t child = fork();
	assert_true(child >= 0);
	if (child > 0)
		return child;
	FILE *file = fopen("fifo", "wb");
	unsigned done = 0;
	if (!file || signal(SIGPIPE, SIG_IGN) == SIG_ERR || fputs(head, file) < 0)
		_exit(255);
	while (done < 1024 && fwrite(piece, sizeof piece, 1, file) == 1)
		done++;
	_exit(done < 250 ? (int)done : 250);
}

static void expect_refusal(const char *options, int status, const char *says)
{
	const struct tool tool = {.directory = "s"};
	char line[200];
	snprintf(line, sizeof line, "import %s fifo", options);
	struct ran ran = tool_expect(&tool, line, status);
	if (!strstr(ran.err, says))
		fail_msg("wanted \"%s\", got %s", says, ran.err);
	tool_free(&ran);
}

static void a_string_of_a_gigabyte_is_refused_long_before_its_end(void **state)
{
	static const struct {
		const char *options, *head;
		int most; /* MiB that may be read */
	} rows[] = {
	    {"--queue q", "[{\"id\":\"a\",\"item\":\"", 20},
	    {"--queue q", "[{\"id\":\"", 20},
	    {"--queue q", "[\"", 20},
	    {"--queue q", "\"", 20},
	    {"--user u", "{\"notifications\":[{\"thread_id\":\"a\"}]}", 20},
	    {"--user u", "{\"x\":\"", 20},
	    {"--jsonl",
	     "{\"kind\":\"header\",\"format\":\"holdfast.jsonl/"
	     "1\"}\n{\"kind\":\"inbox_record\",\"user\":\"u\",\"thread\":\"t\",\"payload\":\"",
	     100},
	};
	(void)state;
	formats_init("s");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int status;
		const pid_t child = start_endless_string(rows[i].head);
		const bool garbage = strstr(rows[i].head, "}]}") != NULL;
		expect_refusal(rows[i].options, garbage ? 2 : 7, garbage ? "trailing garbage" : "er than");
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) > rows[i].most)
			fail_msg("%s: %d MiB were read", rows[i].head, WEXITSTATUS(status));
		assert_int_equal(unlink("fifo"), 0);
	}
	formats_call("s", "export after.jsonl", 0);
	struct buffer after = formats_read("after.jsonl");
	assert_non_null(strstr(after.data, "\"objects\":\"0\""));
	buffer_free(&after);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	struct rusage usage;
	assert_int_equal(getrusage(RUSAGE_CHILDREN, &usage), 0);
	assert_true(usage.ru_maxrss < 400 * 1024); /* KiB of the largest process */
#endif
}

/* --- More than one transaction ---------------------------------------------------------------- */

enum { ITEMS = 40, ITEM_SIZE = 1 << 20 };

/* Items `from` to ITEMS of 1 MiB; the payload of the last one says `last`. */
static void write_large(const char *path, unsigned from, char last)
{
	struct buffer text = {0};
	buffer_text(&text, "[");
	for (unsigned i = from; i < ITEMS; i++) {
		buffer_format(&text, "%s{\"id\":\"%u\",\"item\":\"", i > from ? "," : "", i);
		buffer_fill(&text, i + 1 == ITEMS ? last : 'x', ITEM_SIZE);
		buffer_format(&text, "\",\"status\":\"queued\",\"attempts\":0,\"enqueuedAt\":%u}", i);
	}
	buffer_text(&text, "]");
	assert_false(text.failed);
	formats_write(path, text.data, text.len);
	buffer_free(&text);
}

static void expect_figures(const char *line, const char *added, const char *unchanged)
{
	const struct tool tool = {.directory = "s", .json = true};
	char got[32];
	struct ran ran = tool_expect(&tool, line, 0);
	assert_true(json_member(ran.out, "added", got, sizeof got));
	assert_string_equal(got, added);
	assert_true(json_member(ran.out, "unchanged", got, sizeof got));
	assert_string_equal(got, unchanged);
	tool_free(&ran);
}

static void a_conflict_in_the_last_batch_stops_the_first(void **state)
{
	(void)state;
	formats_init("s");
	write_large("one", ITEMS - 1, 'y');
	write_large("all", 0, 'x');
	expect_figures("import --queue q one", "1", "0");
	formats_call("s", "import --queue q all", 4);
	formats_call("s", "export --queue q got", 0);
	formats_same("one", "got");
	write_large("all", 0, 'y');
	expect_figures("import --queue q all --dry-run", "39", "1");
	formats_call("s", "export --queue q got", 0);
	formats_same("one", "got");
	expect_figures("import --queue q all", "39", "1");
	expect_figures("import --queue q all", "0", "40");
}

static void an_import_that_was_killed_can_be_done_again(void **state)
{
	static const char *const delays[] = {"0.15", "0.25", "0.35", "0.5"};
	(void)state;
	write_large("all", 0, 'x');
	for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++) {
		char line[300];
		formats_init("s");
		snprintf(line, sizeof line, "timeout -s KILL %s %s -C s import --queue q all >killed 2>&1",
		         delays[i], HF_TOOL);
		const int status = system(line);
		assert_true(WIFSIGNALED(status) || WIFEXITED(status));
		formats_call("s", "import --queue q all", 0);
		formats_call("s", "export --queue q got", 0);
		formats_same("all", "got");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_string_of_a_gigabyte_is_refused_long_before_its_end),
	    cmocka_unit_test(a_conflict_in_the_last_batch_stops_the_first),
	    cmocka_unit_test(an_import_that_was_killed_can_be_done_again),
	};
	return cmocka_run_group_tests_name("large imports", tests, NULL, NULL);
}
