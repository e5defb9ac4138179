/* tier: fast */
/* Import and export: the two user formats and JSON Lines come back as they went in. */
#include "formats_case.h"

#define DATA HF_SOURCE_DIR "/tests/data/"

static char *replace_all(const char *text, const char *was, const char *is)
{
	struct buffer out = {0};
	const char *found;
	for (; (found = strstr(text, was)); text = found + strlen(was)) {
		buffer_add(&out, text, (size_t)(found - text));
		buffer_text(&out, is);
	}
	buffer_text(&out, text);
	assert_false(out.failed);
	return out.data;
}

/* --- The comparer itself ---------------------------------------------------------------------- */

static void the_comparer_sees_what_it_should(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} rows[] = {
	    {"{\"a\":1,\"b\":[]}", " { \"a\" : 1 ,\n\"b\":[ ] } ", true},
	    {"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", false},
	    {"\"\\u00e9\\ud83d\\ude80\\/\"", "\"é🚀/\"", true},
	    {"\"\\u00e9\"", "\"e\\u0301\"", false},
	    {"\"\\u0000\"", "\"\"", false},
	    {"\"\\ud800\"", "\"\\uD800\"", true},
	    {"1.0", "1", false},
	    {"1E+2", "100", false},
	    {"-0", "0", false},
	    {"[1,2]", "[1]", false},
	    {"[1]", "[1,2]", false},
	    {"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
	    {"{}", "[]", false},
	    {"null", "true", false},
	    {"1 2", "1 2", false},
	    {"", "", false},
	};
	char why[300];
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (json_equal(rows[i].a, strlen(rows[i].a), rows[i].b, strlen(rows[i].b), why,
		               sizeof why) != rows[i].equal)
			fail_msg("%s and %s: %s", rows[i].a, rows[i].b, why);
}

/* --- Round trips ------------------------------------------------------------------------------ */

static void the_shared_files_come_back_equal(void **state)
{
	(void)state;
	formats_init("s");
	formats_call("s", "import --user ada " DATA "notifications.json", 0);
	formats_call("s", "import --queue commits " DATA "outbox.json", 0);
	formats_call("s", "export --user ada n.json", 0);
	formats_call("s", "export --queue commits o.json", 0);
	formats_same(DATA "notifications.json", "n.json");
	struct buffer outbox = formats_read(DATA "outbox.json");
	char *expected = replace_all(outbox.data, "\"status\":\"sending\"", "\"status\":\"queued\"");
	assert_true(strlen(expected) == outbox.len - 5);
	write_text("expected.json", expected);
	formats_same("expected.json", "o.json");
	free(expected);
	buffer_free(&outbox);
}

/* The count of the report's member in `what`, of all objects that the last line of the file
 * counts. */
static void import_counts(const char *store, const char *file, const char *what)
{
	char count[32], objects[32], line[64];
	struct buffer text = formats_read(file);
	assert_true(json_member(text.data, "objects", objects, sizeof objects));
	buffer_free(&text);
	(void)snprintf(line, sizeof line, "import %s", file);
	struct ran ran = tool_expect(&(struct tool){.directory = store, .json = true}, line, 0);
	assert_true(json_member(ran.out, what, count, sizeof count));
	assert_string_equal(count, objects);
	tool_free(&ran);
}

static void json_lines_bring_everything_into_another_store(void **state)
{
	(void)state;
	formats_init("t");
	formats_call("s", "export --jsonl a.jsonl", 0);
	import_counts("t", "a.jsonl", "added");
	formats_call("t", "export b.jsonl", 0);
	formats_same_lines("a.jsonl", "b.jsonl");
	formats_call("t", "export --user ada n2.json", 0);
	formats_same(DATA "notifications.json", "n2.json");
	formats_call("t", "export --queue commits o2.json", 0);
	formats_same("expected.json", "o2.json");
	const hf_lsn before = last_lsn("t");
	import_counts("t", "a.jsonl", "unchanged"); /* again: nothing to do */
	formats_call("t", "import --user ada n2.json", 0);
	formats_call("t", "import --queue commits " DATA "outbox.json", 0);
	assert_int_equal(last_lsn("t"), before);
}

/* Every field of every object set to something odd. */
static void every_field_survives_json_lines(void **state)
{
	static const char lines[] =
	    "{\"kind\":\"header\",\"format\":\"holdfast.jsonl/1\",\"uuid\":\"x\",\"lsn\":\"1\"}\n"
	    "{\"kind\":\"inbox\",\"user\":\"u\\u0001\",\"generated_at\":\"2026-11-20T09:30:00."
	    "000001Z\",\"status\":\"a\\u0000b\",\"extra\":\"{}\\u0000\",\"status_set\":true}\n"
	    "{\"kind\":\"inbox_record\",\"user\":\"u\\u0001\",\"account_base64\":\"/"
	    "w==\",\"thread\":\"é\",\"unread\":true,\"dismissed\":true,"
	    "\"score\":\"-Infinity\",\"updated_at\":\"1969-12-31T23:59:59.999999Z\",\"snapshot_at\":\"@"
	    "-9000000000000000000\",\"seen_at\":"
	    "\"2026-01-01T00:00:00.000001Z\",\"read_at\":null,\"dismissed_at\":\"9999-12-31T23:59:59."
	    "999999Z\",\"snoozed_until\":null,"
	    "\"payload_base64\":\"gAA=\"}\n"
	    "{\"kind\":\"inbox_record\",\"user\":\"u\\u0001\",\"account\":\"primary\",\"thread\":\"t\","
	    "\"unread\":false,\"dismissed\":false,"
	    "\"score\":0.1,\"updated_at\":null,\"snapshot_at\":null,\"seen_at\":null,\"read_at\":"
	    "\"2026-01-01T00:00:00.000002Z\","
	    "\"dismissed_at\":null,\"snoozed_until\":\"2026-01-01T00:00:00.000003Z\",\"payload\":"
	    "\"\\u0000\\\"\\\\\\n\\u001f🚀\"}\n"
	    "{\"kind\":\"inbox_tombstone\",\"user\":\"u\\u0001\",\"account\":\"primary\",\"thread\":"
	    "\"gone\",\"dismissed\":false,\"dismissed_"
	    "at\":"
	    "null,\"until\":\"@9223372036854775807\"}\n"
	    "{\"kind\":\"inbox_tombstone\",\"user\":\"u\\u0001\",\"account\":\"primary\",\"thread\":"
	    "\"was\",\"dismissed\":true,\"dismissed_"
	    "at\":"
	    "\"2026-01-01T00:00:00.000004Z\",\"until\":\"9999-12-31T23:59:59.999999Z\"}\n"
	    "{\"kind\":\"inbox\",\"user\":\"v\",\"generated_at\":null,\"status\":\"\",\"extra\":\"\","
	    "\"status_set\":true}\n"
	    "{\"kind\":\"inbox\",\"user\":\"w\",\"generated_at\":\"1970-01-01T00:00:00.000005Z\","
	    "\"status\":\"\",\"extra\":\"\","
	    "\"status_set\":false}\n"
	    "{\"kind\":\"cursor\",\"consumer\":\"mailer\",\"stream\":\"events\",\"subject\":\"\","
	    "\"last_sequence\":\"9223372036854775807\","
	    "\"last_delivery_id\":\"d-42\",\"last_delivered_at\":null,\"last_error\":\"timed "
	    "out\",\"error_count\":\"18446744073709551615\","
	    "\"updated_at\":\"2026-11-20T09:30:00.000000Z\",\"reset_reason\":\"rebuilt\",\"reset_at\":"
	    "\"2026-11-19T09:30:00.000000Z\"}\n"
	    "{\"kind\":\"outbox\",\"queue\":\"q\",\"max_attempts\":4294967295,\"max_lost\":3,\"dedup_"
	    "window_us\":\"9223372036854775807\","
	    "\"dedup_max\":4294967295,\"paused\":true}\n"
	    "{\"kind\":\"outbox_item\",\"queue\":\"q\",\"id\":\"1\",\"status\":\"failed\",\"attempts\":"
	    "4294967295,\"lost\":2,\"max_attempts\":7,"
	    "\"priority\":"
	    "-2147483648,\"enqueued_at\":\"@9223372036854775807\",\"available_at\":\"2026-11-20T09:30:"
	    "00.000000Z\","
	    "\"available_computed\":true,\"last_error\":\"no\",\"group\":\"g\",\"extra\":\"{}\","
	    "\"rerun\":true,\"rerun_enqueued_at\":\"2026-11-20T09:30:00.000000Z\",\"rerun_available_"
	    "at\":\"1969-12-31T23:59:59."
	    "999995Z\",\"rerun_available_computed\":false,"
	    "\"rerun_payload_base64\":\"gAA=\",\"payload\":\"\"}\n"
	    "{\"kind\":\"outbox_completed\",\"queue\":\"q\",\"id_base64\":\"/"
	    "w==\",\"blocks_until\":\"9999-12-31T23:59:59.999999Z\"}\n"
	    "{\"kind\":\"outbox_completed\",\"queue\":\"q\",\"id\":\"a\",\"blocks_until\":\"9999-12-"
	    "31T23:59:59.999999Z\"}\n"
	    "{\"kind\":\"idempotency_entry\",\"scope\":\"é "
	    "\\u0001\",\"key\":\"a:b\",\"fingerprint_base64\":\"gAA=\",\"status\":-2147483648,"
	    "\"response\":\"a\\u0000b\",\"created_at\":\"1970-01-01T00:00:00.000000Z\",\"expires_at\":"
	    "null,\"expires_computed\":false}\n"
	    "{\"kind\":\"idempotency_entry\",\"scope\":\"é "
	    "\\u0001\",\"key\":\"~\",\"fingerprint\":\"\",\"status\":2147483647,"
	    "\"response_base64\":\"/"
	    "w==\",\"created_at\":\"1969-12-31T23:59:59.999999Z\",\"expires_at\":\"@"
	    "9223372036854775807\",\"expires_computed\":true}\n"
	    "{\"kind\":\"migration\",\"name\":\"zeta\\u0001\",\"applied_at\":\"2026-11-20T09:30:00."
	    "000001Z\",\"has_checksum\":true,\"checksum\":\"18446744073709551615\"}\n"
	    "{\"kind\":\"migration\",\"name\":\"alpha\",\"applied_at\":\"1970-01-01T00:00:00.000000Z\","
	    "\"has_checksum\":false,\"checksum\":\"0\"}\n"
	    "{\"kind\":\"end\",\"objects\":\"16\"}\n";
	(void)state;
	formats_init("s");
	import_text("s", "", lines, 0);
	formats_call("s", "export out.jsonl", 0);
	formats_same_lines("file", "out.jsonl");
	formats_init("t");
	formats_call("t", "import out.jsonl", 0);
	formats_call("t", "export again.jsonl", 0);
	formats_same_lines("file", "again.jsonl");
}

static void odd_entries_keep_their_order_spelling_and_unknown_members(void **state)
{
	static const char outbox[] =
	    "[ {\"x\\u0041\":1e400,\"attempts\":2.0,\"id\":\"caf\\u00e9\",\"item\":[-0, "
	    "1E+2,\"\\ud83d\\ude80\\u0000\"],"
	    "\"enqueuedAt\":1.6e12},\n{\"item\":null,\"id\":\"bare\",\"x\":[],\"x\":{}},"
	    "{\"id\":\"plain\",\"item\":12345678901234567890,\"status\":\"failed\",\"attempts\":1,"
	    "\"enqueuedAt\":-1.5}]";
	static const char inbox[] = "{\"version\":2,\"poller_status\":[1.50],\"notifications\":[{"
	                            "\"score\":1,\"thread_id\":\"z\",\"n\":-0.0},"
	                            "{\"thread_id\":\"\\u0061\",\"score\":9E0,\"dismissed\":true,"
	                            "\"updated_at\":\"2026-11-20T10:30:00+01:00\"},"
	                            "{\"thread_id\":\"a\",\"account_id\":\"w\"}],\"generated_at\":"
	                            "\"2026-11-20T09:30:00.123456789Z\"}";
	(void)state;
	formats_init("s");
	import_text("s", "--queue q", outbox, 0);
	expect_export("s", "--queue q", outbox);
	import_text("s", "--user u", inbox, 0);
	expect_export("s", "--user u", inbox);
	const struct tool tool = {.directory = "s"};
	struct ran status = tool_expect(&tool, "inbox status get u --raw", 0);
	assert_string_equal(status.out, "[1.50]");
	tool_free(&status);
	formats_call("s", "export x.jsonl", 0);
	formats_init("t");
	formats_call("t", "import x.jsonl", 0);
	expect_export("t", "--queue q", outbox);
	expect_export("t", "--user u", inbox);
}

static void null_comes_back_where_it_was(void **state)
{
	static const char outbox[] =
	    "[{\"id\":\"a\",\"item\":1,\"status\":null,\"attempts\":0,"
	    "\"enqueuedAt\":5},{\"id\":\"b\",\"item\":null,\"status\":\"queued\","
	    "\"attempts\":null,\"enqueuedAt\":null}]";
	static const char plain[] =
	    "{\"generated_at\":\"2026-11-20T09:30:00Z\",\"notifications\":null}";
	static const char odd[] = "{\"x\":[null],\"notifications\": null ,\"poller_status\":null}";
	(void)state;
	formats_init("s");
	import_text("s", "--queue q", outbox, 0);
	expect_export("s", "--queue q", outbox);
	import_text("s", "--user u", plain, 0);
	expect_export("s", "--user u", plain);
	import_text("s", "--user v", odd, 0);
	expect_export("s", "--user v", odd);
	/* A null has no place for what came later. */
	formats_call("s",
	             "inbox save v t --payload {\"thread_id\":\"t\"} --generated-at "
	             "2026-11-20T09:30:00Z",
	             0);
	expect_export("s", "--user v",
	              "{\"x\":[null],\"notifications\":[{\"thread_id\":\"t\"}],\"poller_status\":null,"
	              "\"generated_at\":\"2026-11-20T09:30:00Z\"}");
}

static void stdin_and_the_shortest_files_will_do(void **state)
{
	const struct tool lists = {.directory = "s", .input = "[]"},
	                  inbox = {.directory = "s", .input = " {\"notifications\" : [] } "};
	(void)state;
	formats_init("s");
	struct ran ran = tool_expect(&lists, "import --queue q", 0);
	tool_free(&ran);
	expect_export("s", "--queue q", "[]");
	ran = tool_expect(&inbox, "import --user u -", 0);
	tool_free(&ran);
	expect_export("s", "--user u", "{\"notifications\":[]}");
	expect_export("s", "--user nobody", "{\"notifications\":[]}");
	expect_export("s", "--queue none", "[]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_comparer_sees_what_it_should),
	    cmocka_unit_test(the_shared_files_come_back_equal),
	    cmocka_unit_test(json_lines_bring_everything_into_another_store),
	    cmocka_unit_test(every_field_survives_json_lines),
	    cmocka_unit_test(odd_entries_keep_their_order_spelling_and_unknown_members),
	    cmocka_unit_test(null_comes_back_where_it_was),
	    cmocka_unit_test(stdin_and_the_shortest_files_will_do),
	};
	return cmocka_run_group_tests_name("formats", tests, NULL, NULL);
}
