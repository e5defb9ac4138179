/* tier: fast */
/* Files as they arrive: whole, changed, cut, with a byte order mark, with nulls, with times that
 * have no zone, with objects that cannot be taken; and what a file holds beyond the store's own
 * fields, which lives and dies with its item or inbox. */
#include "lib/test.h"
#include "lib/tools/formats.h"
#include "lib/tools/tool.h"

#define HEADER "{\"kind\":\"header\",\"format\":\"holdfast.jsonl/1\"}\n"

static void write_text(const char *path, const char *text)
{
	formats_write(path, text, strlen(text));
}

static struct ran run(const char *line, int status)
{
	const struct tool tool = {.directory = "s"};
	return tool_expect(&tool, line, status);
}

static void call(const char *line, int status)
{
	struct ran ran = run(line, status);
	tool_free(&ran);
}

/* Calls, and looks for `says` in what was said on both ways out. */
static void expect(const char *line, int status, const char *says)
{
	struct ran ran = run(line, status);
	if (!strstr(ran.err, says) && !strstr(ran.out, says))
		fail_msg("%s: \"%s\" is missing in: %s%s", line, says, ran.err, ran.out);
	tool_free(&ran);
}

static void expect_not(const char *line, const char *says)
{
	struct ran ran = run(line, 0);
	if (strstr(ran.out, says))
		fail_msg("%s: \"%s\" is in: %s", line, says, ran.out);
	tool_free(&ran);
}

static void import_fresh(const char *text, const char *options, int status, const char *says)
{
	char line[200];
	formats_init("s");
	write_text("file", text);
	snprintf(line, sizeof line, "import %s file", options);
	expect(line, status, says);
}

/* A file of several domains, as export writes it. */
static struct buffer exported(void)
{
	formats_init("s");
	call("cursor advance mailer events 42", 0);
	call("inbox save ada t1 t2 --payload {}", 0);
	call("outbox enqueue q a --payload 1", 0);
	call("doc put c d --payload x", 0);
	call("export file", 0);
	return formats_read("file");
}

/* --- Whole or not ----------------------------------------------------------------------------- */

static void a_changed_file_is_refused_and_what_was_not_changed_is_taken_with_force(void **state)
{
	(void)state;
	struct buffer file = exported();
	char *number = strstr(file.data, "\"last_sequence\":\"42\"");
	assert_non_null(number);
	number[17] = '3';
	formats_write("changed", file.data, file.len);
	formats_init("s");
	expect("import changed", 2, "was changed: its sum does not hold; --force takes the others");
	expect("import --skip-invalid changed", 2,
	       "the checksum of its end line does not hold; --force takes");
	expect("cursor list", 0, "nothing there");
	struct ran ran = run("import --force changed", 0);
	assert_non_null(strstr(
	    ran.err, "the checksum of its end line does not hold; its lines are taken one by one"));
	assert_non_null(strstr(ran.err, "line 5 (byte "));
	assert_non_null(strstr(ran.err, "was changed: its sum does not hold\n"));
	tool_free(&ran);
	expect("cursor list", 0, "nothing there");
	expect("outbox get q a --raw", 0, "1");
	expect("doc get c d --raw", 0, "x");
	expect("inbox counts ada", 0, "2");
	buffer_free(&file);
}

/* A letter of its kind, or a digit of its sum: that line is named and left out, all others are
 * taken. The header and the end line concern all of them: nothing is left out. */
static void of_a_file_with_one_changed_line_all_others_are_taken(void **state)
{
	(void)state;
	struct buffer file = exported();
	unsigned number = 1;
	for (char *line = file.data, *end; *line; line = end + 1, number++) {
		end = strchr(line, '\n');
		assert_non_null(end);
		char *const places[] = {strchr(line, ':') + 2, end - 3};
		const bool object = number > 1 && end[1] != '\0';
		for (unsigned i = object ? 0 : 1; i < 2; i++) {
			char named[40];
			const char was = *places[i];
			*places[i] = was == '7' ? '8' : '7';
			formats_write("changed", file.data, file.len);
			*places[i] = was;
			formats_init("s");
			(void)snprintf(named, sizeof named, "line %u", number);
			expect("import changed", 2, named);
			struct ran ran = run("import --force --json changed", 0);
			assert_true((strstr(ran.err, named) != NULL) == object);
			assert_non_null(strstr(ran.out, object ? "\"skipped\":\"1\"" : "\"skipped\":\"0\""));
			assert_non_null(strstr(ran.out, "\"verified\":false"));
			tool_free(&ran);
		}
	}
	assert_int_equal(number, 9); /* all of them were tried */
	buffer_free(&file);
}

static void a_line_without_a_sum_is_taken_where_the_header_promises_none(void **state)
{
	(void)state;
#define PROMISE "{\"kind\":\"header\",\"format\":\"holdfast.jsonl/1\",\"line_sums\":true}\n"
	static const char cursor[] = "{\"kind\":\"cursor\",\"consumer\":\"c\",\"stream\":\"s\",\"last_"
	                             "sequence\":\"5\",\"updated_at\":\"@1\"";
	char text[400];
	(void)snprintf(text, sizeof text, HEADER "%s}\n", cursor);
	import_fresh(text, "", 0, "added");
	(void)snprintf(text, sizeof text, PROMISE "%s}\n", cursor);
	import_fresh(text, "", 2, "line 2 (byte 63) has no sum");
	(void)snprintf(text, sizeof text, HEADER "%s,\"sum\":\"0000000000000000\"}\n", cursor);
	import_fresh(text, "", 2, "its sum does not hold");
	(void)snprintf(text, sizeof text, HEADER "%s,\"sum\":null}\n", cursor);
	import_fresh(text, "", 2, "its sum does not hold");
}

/* Every byte of it: either the line is no object any more, or the checksum says that it is
 * another. */
static void no_flipped_bit_goes_unnoticed(void **state)
{
	(void)state;
	struct buffer file = exported();
	formats_init("s");
	for (size_t at = 0; at < file.len; at += 1 + file.len / 60) {
		file.data[at] ^= 1;
		formats_write("flipped", file.data, file.len);
		const struct tool tool = {.directory = "s"};
		struct ran ran = tool_call(&tool, "import flipped");
		if (ran.status == 0)
			fail_msg("byte %zu was flipped and nothing said", at);
		tool_free(&ran);
		file.data[at] ^= 1;
	}
	expect("cursor list", 0, "nothing there");
	formats_write("flipped", file.data, file.len);
	call("import flipped", 0);
	buffer_free(&file);
}

static void a_cut_file_is_refused_wherever_it_was_cut(void **state)
{
	(void)state;
	struct buffer file = exported();
	formats_init("s");
	for (const char *end = strchr(file.data, '\n'); end[1]; end = strchr(end + 1, '\n')) {
		formats_write("cut", file.data, (size_t)(end + 1 - file.data));
		expect("import cut", 2, "its end line is missing");
	}
	expect("cursor list", 0, "nothing there");
	formats_write("cut", file.data, (size_t)(strstr(file.data, "{\"kind\":\"end\"") - file.data));
	expect("import --force cut", 0, "its lines are taken one by one");
	expect("cursor list", 0, "42");
	/* Without a checksum a line that is missing in the middle would leave only the count. */
	write_text("none", "{\"kind\":\"header\",\"format\":\"holdfast.jsonl/"
	                   "1\",\"end_line\":true}\n{\"kind\":\"end\",\"objects\":\"0\"}\n");
	expect("import none", 2, "has no checksum");
	buffer_free(&file);
}

static void a_pipe_is_verified_too(void **state)
{
	(void)state;
	struct buffer file = exported();
	formats_init("s");
	const struct tool piped = {.directory = "s", .input = file.data};
	struct ran ran = tool_expect(&piped, "import -", 0);
	tool_free(&ran);
	memcpy(strstr(file.data, "\"last_sequence\":\"42\""), "\"last_sequence\":\"41\"", 20);
	ran = tool_expect(&piped, "import --replace -", 2);
	assert_non_null(strstr(ran.err, "its sum does not hold"));
	tool_free(&ran);
	buffer_free(&file);
}

/* --- What can be taken ------------------------------------------------------------------------ */

static void what_cannot_be_taken_is_listed_with_its_place_and_reason(void **state)
{
	(void)state;
	static const char outbox[] = "[{\"id\":\"a\",\"item\":1},{\"id\":7,\"item\":1},{\"item\":1},{"
	                             "\"id\":\"b\",\"item\":2,\"status\":\"x\"},"
	                             "{\"id\":\"c\",\"item\":3}]";
	import_fresh(outbox, "--queue q", 2, "entry 2");
	import_fresh(outbox, "--queue q --skip-invalid", 0,
	             "entry 2 (byte 27) is wrong: \"id\" is a number");
	expect("outbox list q", 0, "c");
	import_fresh(outbox, "--queue q --skip-invalid --json", 0, "\"skipped\":\"3\"");
	struct ran ran = run("outbox list q --json", 0);
	assert_true(strstr(ran.out, "\"id\":\"a\"") && strstr(ran.out, "\"id\":\"c\"") &&
	            !strstr(ran.out, "\"id\":\"b\""));
	tool_free(&ran);
	static const char inbox[] = "{\"notifications\":[{\"thread_id\":\"a\"},{\"score\":1},{\"thread_"
	                            "id\":\"b\"},{\"thread_id\":\"a\"}]}";
	import_fresh(inbox, "--user u --skip-invalid", 0, "notification 2");
	import_fresh(inbox, "--user u --skip-invalid", 0, "is the second one of account and thread");
	expect("inbox counts u", 0, "2");
	/* What is no object at all, or goes too deep, is one more that cannot be taken. */
	static const char others[] = "[5,{\"id\":\"a\",\"item\":[[]]},\"x\",null,[{\"id\":\"b\"}],"
	                             "true,[],{\"id\":\"c\",\"item\":{}}]";
	import_fresh(others, "--queue q", 2, "entry 1 (byte 2) is no JSON object");
	import_fresh(others, "--queue q --skip-invalid", 0, "entry 5 (byte 35) is no JSON object");
	expect("export --queue q -", 0, "\"item\":[[]]");
	import_fresh(others, "--queue q --skip-invalid --json", 0, "\"skipped\":\"6\"");
	import_fresh("{\"notifications\":[null,{\"thread_id\":\"a\"},[7],7]}",
	             "--user u --skip-invalid", 0, "notification 3 (byte 41) is no JSON object");
	expect("inbox counts u", 0, "1");
	char deep[512] = "[{\"id\":\"a\",\"item\":1},{\"id\":\"b\",\"item\":";
	size_t len = strlen(deep);
	memset(deep + len, '[', 200);
	memset(deep + len + 200, ']', 200);
	memcpy(deep + len + 400, "}]", 3);
	import_fresh(deep, "--queue q --skip-invalid --json", 0, "\"skipped\":\"1\"");
	expect("outbox list q", 0, "a");
	/* Refused by the library, not by the reading: a position below 0, and a queue without a
	 * name. */
	static const char lines[] = HEADER "{\"kind\":\"cursor\",\"consumer\":\"c\",\"stream\":\"s\","
	                                   "\"last_sequence\":\"-1\",\"updated_at\":\"@1\"}\n"
	                                   "no JSON at all\n"
	                                   "{\"kind\":\"cursor\",\"consumer\":\"c\",\"stream\":\"t\","
	                                   "\"last_sequence\":\"5\",\"updated_at\":\"@1\"}\n"
	                                   "{\"kind\":\"outbox\",\"queue\":\"\"}\n";
	import_fresh(lines, "--skip-invalid", 0, "line 2 (byte 46)");
	expect("cursor list", 0, "5");
	import_fresh(lines, "--skip-invalid --json", 0, "\"skipped\":\"3\"");
}

/* The first instant of 1970 is one like others, in every kind of line; what is over when it
 * comes is not there afterwards, and is not counted as if it were. */
static void the_first_instant_is_taken_and_what_is_over_is_not(void **state)
{
	(void)state;
	static const char epoch[] = HEADER
	    "{\"kind\":\"lock\",\"name\":\"l\",\"owner\":\"o\",\"acquired_at\":\"@0\",\"lease_until\":"
	    "\"9999-01-01T00:00:00Z\"}\n"
	    "{\"kind\":\"cursor\",\"consumer\":\"c\",\"stream\":\"s\",\"last_sequence\":\"1\","
	    "\"updated_at\":\"@0\"}\n"
	    "{\"kind\":\"outbox_item\",\"queue\":\"q\",\"id\":\"i\",\"status\":\"queued\",\"enqueued_"
	    "at\":\"@0\","
	    "\"available_at\":\"@0\"}\n"
	    "{\"kind\":\"inbox_record\",\"user\":\"u\",\"thread\":\"t\",\"dismissed\":true,"
	    "\"dismissed_at\":\"@0\",\"snapshot_at\":\"@0\",\"snoozed_until\":\"@0\"}\n"
	    "{\"kind\":\"inbox_tombstone\",\"user\":\"u\",\"thread\":\"v\",\"dismissed\":true,"
	    "\"dismissed_at\":\"@0\",\"until\":\"9999-01-01T00:00:00Z\"}\n"
	    "{\"kind\":\"timeline_event\",\"timeline\":\"t\",\"id\":\"e\",\"type\":\"x\","
	    "\"happened_at\":\"@0\"}\n"
	    "{\"kind\":\"document\",\"collection\":\"c\",\"id\":\"d\",\"created_at\":\"@0\","
	    "\"updated_at\":\"@0\"}\n"
	    "{\"kind\":\"idempotency_entry\",\"scope\":\"s\",\"key\":\"k\",\"created_at\":\"@0\","
	    "\"expires_at\":null}\n"
	    "{\"kind\":\"migration\",\"name\":\"m\",\"applied_at\":\"@0\"}\n";
	import_fresh(epoch, "--json", 0, "\"added\":\"9\"");
	expect("export -", 0, "\"acquired_at\":\"1970-01-01T00:00:00.000000Z\"");
	static const char over[] = HEADER
	    "{\"kind\":\"document\",\"collection\":\"c\",\"id\":\"d\",\"updated_at\":\"@1\",\"expires_"
	    "at\":"
	    "\"@5\"}\n"
	    "{\"kind\":\"idempotency_entry\",\"scope\":\"s\",\"key\":\"k\",\"created_at\":\"@1\","
	    "\"expires_at\":\"@5\"}\n"
	    "{\"kind\":\"inbox_tombstone\",\"user\":\"u\",\"thread\":\"v\",\"until\":\"@5\"}\n"
	    "{\"kind\":\"outbox_completed\",\"queue\":\"q\",\"id\":\"i\",\"blocks_until\":\"@5\"}\n";
	import_fresh(over, "--json", 0, "\"added\":\"0\"");
	expect("export -", 0, "\"objects\":\"0\"");
	import_fresh("{\"kind\":\"header\",\"format\":\"holdfast.jsonl/1\",\"clock_ahead_us\":"
	             "\"-9223372036854775808\"}\n",
	             "", 2, "\"clock_ahead_us\" is below 0");
}

static void nulls_marks_and_times_without_zone_are_taken(void **state)
{
	(void)state;
	import_fresh("\xEF\xBB\xBF[]", "--queue q", 0, "added");
	import_fresh("\xEF\xBB\xBF" HEADER, "", 0, "added");
	import_fresh("\xEF\xBB\xBF", "--queue q", 2, "premature EOF");
	import_fresh(
	    "[{\"id\":\"a\",\"item\":null,\"status\":null,\"attempts\":null,\"enqueuedAt\":null}]",
	    "--queue q", 0, "added");
	expect("outbox get q a --raw", 0, "null");
	import_fresh("{\"generated_at\":null,\"notifications\":null,\"poller_status\":null}",
	             "--user u", 0, "added");
	expect("export --user u", 0,
	       "{\"generated_at\":null,\"notifications\":null,\"poller_status\":null}");
	import_fresh("{\"generated_at\":\"2026-01-02T03:04:05\",\"notifications\":[{\"thread_id\":"
	             "\"t\",\"account_id\":null,\"unread\":null,"
	             "\"score\":null,\"updated_at\":\"2026-01-02T03:04:06.5\"}]}",
	             "--user u", 0, "added");
	expect("inbox get u t", 0, "2026-01-02T03:04:06.500000Z");
	expect("export --user u", 0, "\"updated_at\":\"2026-01-02T03:04:06.5\"");
	expect("export --user u", 0, "\"generated_at\":\"2026-01-02T03:04:05\"");
}

/* --- What a file holds beyond our fields ------------------------------------------------------ */

static void members_of_a_file_live_and_die_with_their_item(void **state)
{
	(void)state;
	import_fresh("[{\"colour\":\"red\",\"id\":\"a\",\"item\":{\"x\":1}}]", "--queue q", 0, "added");
	expect("export --queue q", 0, "\"colour\":\"red\"");
	expect_not("export --jsonl", "holdfast:");
	expect("export --jsonl copy", 0, "copy");
	call("outbox remove q a", 0);
	call("outbox enqueue q a --payload {\"x\":2}", 0);
	expect_not("export --queue q", "colour");
	formats_init("s");
	call("import copy", 0);
	expect("export --queue q", 0, "\"colour\":\"red\"");
}

static void members_around_a_list_live_with_their_inbox_and_have_no_name(void **state)
{
	(void)state;
	static const char text[] = "{\"version\":2,\"notifications\":[{\"thread_id\":\"b\",\"score\":1}"
	                           ",{\"thread_id\":\"a\",\"score\":2}],"
	                           "\"poller_status\":{\"ok\":true}}";
	import_fresh(text, "--user u", 0, "added");
	write_text("expected", text);
	call("export --user u back", 0);
	formats_same("expected", "back");
	expect_not("export --jsonl", "holdfast:");
	call("export --jsonl copy", 0);
	formats_init("s");
	call("import copy", 0);
	call("export --user u back", 0);
	formats_same("expected", "back");
	call("import --user u expected", 0); /* again: nothing to do */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_changed_file_is_refused_and_what_was_not_changed_is_taken_with_force),
	    cmocka_unit_test(of_a_file_with_one_changed_line_all_others_are_taken),
	    cmocka_unit_test(a_line_without_a_sum_is_taken_where_the_header_promises_none),
	    cmocka_unit_test(no_flipped_bit_goes_unnoticed),
	    cmocka_unit_test(a_cut_file_is_refused_wherever_it_was_cut),
	    cmocka_unit_test(a_pipe_is_verified_too),
	    cmocka_unit_test(what_cannot_be_taken_is_listed_with_its_place_and_reason),
	    cmocka_unit_test(the_first_instant_is_taken_and_what_is_over_is_not),
	    cmocka_unit_test(nulls_marks_and_times_without_zone_are_taken),
	    cmocka_unit_test(members_of_a_file_live_and_die_with_their_item),
	    cmocka_unit_test(members_around_a_list_live_with_their_inbox_and_have_no_name),
	};
	return cmocka_run_group_tests_name("formats, whole files", tests, NULL, NULL);
}
