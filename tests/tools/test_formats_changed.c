/* tier: fast */
/* What a store changed between import and export is in the export; other content under the same
 * key is a conflict unless it is to be replaced. */
#include "formats_case.h"

static void what_the_store_changed_overrules_the_text(void **state)
{
	(void)state;
	formats_init("s");
	import_text("s", "--user u",
	            "{\"generated_at\":\"2026-11-20T09:30:00Z\",\"notifications\":[{\"thread_id\":"
	            "\"b\",\"unread\":true,\"dismissed\":false,"
	            "\"x\":1.0},{\"thread_id\":\"a\",\"score\":2.0}],\"poller_status\":{\"n\":1.0}}",
	            0);
	formats_call("s", "inbox dismiss u a", 0);
	formats_call("s", "inbox dismiss u b", 0);
	formats_call("s", "inbox read u b", 0);
	expect_export("s", "--user u",
	              "{\"generated_at\":\"2026-11-20T09:30:00Z\",\"notifications\":[{\"thread_id\":"
	              "\"b\",\"unread\":false,\"dismissed\":true,"
	              "\"x\":1.0},{\"thread_id\":\"a\",\"score\":2.0,\"dismissed\":true}],\"poller_"
	              "status\":{\"n\":1.0}}");
	/* A later file of the poller: what was dismissed stays so, what it does not name stays, the
	 * new come last. */
	import_text("s", "--user u",
	            "{\"generated_at\":\"2026-11-21T09:30:00Z\",\"notifications\":[{\"thread_id\":"
	            "\"c\"},{\"thread_id\":\"b\",\"dismissed\":false}]}",
	            0);
	expect_export(
	    "s", "--user u",
	    "{\"generated_at\":\"2026-11-21T09:30:00Z\",\"notifications\":[{\"thread_id\":\"c\"},{"
	    "\"thread_id\":\"b\",\"dismissed\":true},"
	    "{\"thread_id\":\"a\",\"score\":2.0,\"dismissed\":true}],\"poller_status\":{\"n\":1.0}}");
	formats_call("s", "inbox remove u b", 0);
	formats_call("s", "inbox status set u --status 7", 0);
	expect_export(
	    "s", "--user u",
	    "{\"generated_at\":\"2026-11-21T09:30:00Z\",\"notifications\":[{\"thread_id\":\"c\"},"
	    "{\"thread_id\":\"a\",\"score\":2.0,\"dismissed\":true}],\"poller_status\":7}");
}

static void what_the_queue_changed_overrules_the_text(void **state)
{
	(void)state;
	formats_init("s");
	import_text(
	    "s", "--queue q",
	    "[{\"id\":\"1\",\"item\":1.0,\"status\":\"queued\",\"attempts\":0,\"enqueuedAt\":5},"
	    "{\"attempts\":0e0,\"id\":\"2\",\"item\":{},\"mine\":1},{\"id\":\"3\",\"item\":3,\"x\":3,"
	    "\"enqueuedAt\":1}]",
	    0);
	formats_call("s", "outbox mark-failed q 1", 0);
	formats_call("s", "outbox mark-failed q 2", 0);
	formats_call("s", "outbox remove q 3", 0);
	formats_call("s", "outbox enqueue q 3 --payload 4 --enqueued-at 2026-01-01T00:00:00.001Z", 0);
	expect_export(
	    "s", "--queue q",
	    "[{\"id\":\"1\",\"item\":1.0,\"status\":\"failed\",\"attempts\":1,\"enqueuedAt\":5},"
	    "{\"attempts\":1,\"id\":\"2\",\"item\":{},\"mine\":1,\"status\":\"failed\"},"
	    "{\"id\":\"3\",\"item\":4,\"status\":\"queued\",\"attempts\":0,\"enqueuedAt\":"
	    "1767225600001}]");
}

static void other_content_is_a_conflict_unless_it_is_to_be_replaced(void **state)
{
	static const char one[] = "[{\"id\":\"1\",\"item\":1},{\"id\":\"2\",\"item\":2}]",
	                  other[] = "[{\"id\":\"3\",\"item\":3},{\"id\":\"2\",\"item\":0}]";
	(void)state;
	formats_init("s");
	import_text("s", "--queue q", one, 0);
	const hf_lsn before = last_lsn("s");
	import_text("s", "--queue q", other, 4);
	import_text("s", "--queue q --replace --dry-run", other, 0);
	assert_int_equal(last_lsn("s"), before);
	expect_export("s", "--queue q", one);
	import_text("s", "--queue q --replace", other, 0);
	expect_export(
	    "s", "--queue q",
	    "[{\"id\":\"1\",\"item\":1},{\"id\":\"2\",\"item\":0},{\"id\":\"3\",\"item\":3}]");
}

/* A line of JSON Lines with a header before it. */
static void import_line(const char *options, const char *line, int status)
{
	char text[1000];
	snprintf(text, sizeof text, "{\"kind\":\"header\",\"format\":\"holdfast.jsonl/1\"}\n%s\n",
	         line);
	import_text("s", options, text, status);
}

static void json_lines_conflict_too_and_no_cursor_goes_back(void **state)
{
#define CURSOR \
	"{\"kind\":\"cursor\",\"consumer\":\"c\",\"stream\":\"s\",\"updated_at\":\"2026-01-01T00:00:" \
	"00Z\",\"last_sequence\":"
#define RECORD "{\"kind\":\"inbox_record\",\"user\":\"u\",\"thread\":\"t\",\"dismissed\":"
#define QUEUE "{\"kind\":\"outbox\",\"queue\":\"q\",\"max_attempts\":"
#define INBOX "{\"kind\":\"inbox\",\"user\":\"u\",\"status\":"
	static const struct {
		const char *options, *line;
		int status;
	} steps[] = {
	    {"", CURSOR "\"5\"}", 0},
	    {"", CURSOR "\"5\"}", 0},
	    {"", CURSOR "\"6\"}", 4},
	    {"--replace", CURSOR "\"6\"}", 0},
	    {"--replace", CURSOR "\"5\"}", 4},
	    {"", RECORD "true}", 0},
	    {"", RECORD "true}", 0},
	    {"", RECORD "false}", 4},
	    {"--replace", RECORD "false}", 0},
	    {"", RECORD "false}", 0},
	    {"", QUEUE "7}", 0},
	    {"", QUEUE "7}", 0},
	    {"", QUEUE "8}", 4},
	    {"--replace", QUEUE "8}", 0},
	    {"", INBOX "\"x\"}", 0},
	    {"", INBOX "\"x\"}", 0},
	    {"", INBOX "\"y\"}", 4},
	    {"--replace", INBOX "\"y\"}", 0},
	};
	(void)state;
	formats_init("s");
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		import_line(steps[i].options, steps[i].line, steps[i].status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_store_changed_overrules_the_text),
	    cmocka_unit_test(what_the_queue_changed_overrules_the_text),
	    cmocka_unit_test(other_content_is_a_conflict_unless_it_is_to_be_replaced),
	    cmocka_unit_test(json_lines_conflict_too_and_no_cursor_goes_back),
	};
	return cmocka_run_group_tests_name("formats of what changed", tests, NULL, NULL);
}
