/* tier: fast */
/* Import and export: the two user formats and JSON Lines come back as they went in; what the
 * store changed meanwhile is in them; broken files give one sentence that says what and where,
 * the right exit status, and leave the store as it was. */
#include <sys/stat.h>
#include <unistd.h>

#include "holdfast/holdfast.h"
#include "lib/test.h"
#include "lib/tools/formats.h"
#include "lib/tools/json_equal.h"

#define DATA HF_SOURCE_DIR "/tests/data/"

/* --- Helpers ---------------------------------------------------------------------------------- */

static void write_text(const char *path, const char *text)
{
	formats_write(path, text, strlen(text));
}

/* Imports `text` with those options; the exit status must be `status`. */
static void import_text(const char *store, const char *options, const char *text, int status)
{
	char line[200];
	write_text("file", text);
	snprintf(line, sizeof line, "import %s file", options);
	formats_call(store, line, status);
}

/* What `export` with those options gives must be equal to `text`. */
static void expect_export(const char *store, const char *options, const char *text)
{
	const struct tool tool = {.directory = store};
	char line[200], why[300];
	snprintf(line, sizeof line, "export %s -", options);
	struct ran ran = tool_expect(&tool, line, 0);
	if (!json_equal(text, strlen(text), ran.out, ran.out_len, why, sizeof why))
		fail_msg("%s\nwanted: %s\ngot: %s", why, text, ran.out);
	tool_free(&ran);
}

static hf_store *open_store(const char *path)
{
	const struct hf_options options = {.no_background = true};
	struct hf_error error = {0};
	hf_store *store;
	if (hf_open(path, &options, &store, &error) != HF_OK)
		fail_msg("%s", error.text);
	return store;
}

static hf_lsn last_lsn(const char *path)
{
	struct hf_info info;
	hf_store *store = open_store(path);
	assert_int_equal(hf_get_info(store, &info, NULL), HF_OK);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	return info.last_lsn;
}

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

/* --- What changed meanwhile ------------------------------------------------------------------- */

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

/* --- Files ------------------------------------------------------------------------------------ */

static void a_failing_export_leaves_the_file_that_was_there(void **state)
{
	struct stat status;
	(void)state;
	formats_init("s");
	formats_call("s", "outbox enqueue q 1 --payload 1", 0);
	formats_call("s", "outbox enqueue q 2 --payload {", 0);
	write_text("out", "precious");
	assert_int_equal(chmod("out", 0640), 0);
	formats_call("s", "export --queue q out", 2);
	struct buffer text = formats_read("out");
	assert_string_equal(text.data, "precious");
	buffer_free(&text);
	formats_call("s", "outbox remove q 2", 0);
	assert_int_equal(symlink("out", "link"), 0);
	formats_call("s", "export --queue q link", 0);
	assert_int_equal(lstat("link", &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_int_equal(stat("out", &status), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
	text = formats_read("out");
	assert_non_null(strstr(text.data, "\"id\":\"1\""));
	buffer_free(&text);
	assert_int_equal(system("ls | grep -q holdfast-") == 0, 0);
	formats_call("s", "export --queue q /dev/null", 0);
	assert_int_equal(stat("/dev/null", &status), 0);
	assert_true(S_ISCHR(status.st_mode));
	struct ran ran =
	    tool_expect(&(struct tool){.directory = "s", .json = true}, "export no/such/place", 7);
	assert_non_null(strstr(ran.err, "\"HF_EACCESS\""));
	assert_non_null(strstr(ran.err, "no/such/place: its directory does not exist"));
	tool_free(&ran);
	formats_call("s", "export s", 7);
}

/* --- Broken files ----------------------------------------------------------------------------- */

#define O "--queue q"
#define N "--user u"
#define HEADER "{\"kind\":\"header\",\"format\":\"holdfast.jsonl/1\"}\n"
#define IN_N(record) "{\"notifications\":[" record "]}"

/* `says` must be in the sentence. */
static const struct broken {
	const char *options, *text;
	int status;
	const char *says;
} broken[] = {
    /* Cut off, or no JSON. */
    {O, "", 2, "premature EOF"},
    {O, "[", 2, "premature EOF"},
    {O, "[{\"id\":\"a\",\"item\":\"x", 2, "entry 1 (byte 20) is not JSON"},
    {O, "[{\"id\":\"a\",\"item\":1}", 2, "premature EOF"},
    {O, "[{\"id\":\"a\",\"item\":1}]]", 2, "trailing garbage"},
    {O, "[{\"id\":\"a\",\"item\":1},]", 2, "entry 2 (byte 22)"},
    {O, "[{\"id\":\"a\",\"item\":1}{\"id\":\"b\",\"item\":1}]", 2, "entry 2 (byte 21)"},
    {O, "[{\"id\":\"a\",\"item\":01}]", 2, "is not JSON"},
    {O, "[{\"id\":\"a\",\"item\":+1}]", 2, "is not JSON"},
    {O, "[{\"id\":\"a\",\"item\":1.}]", 2, "is not JSON"},
    {O, "[{\"id\":\"a\",\"item\":NaN}]", 2, "is not JSON"},
    {O, "[{\"id\":\"a\",\"item\":\"\n\"}]", 2, "is not JSON"},
    {O, "[{\"id\":\"a\",\"item\":\"\\x\"}]", 2, "is not JSON"},
    {O, "[{\"id\":\"a\",\"item\":\"\\u12g4\"}]", 2, "is not JSON"},
    {O, "[{'id':\"a\"}]", 2, "is not JSON"},
    {O, "[{\"id\":\"a\",/* no */\"item\":1}]", 2, "is not JSON"},
    {N, "{\"notifications\":[{\"thread_id\":\"a\"}]", 2, "premature EOF"},
    {N, "{\"notifications\":[{\"thread_id\":\"a\"}]}{}", 2, "trailing garbage"},
    /* No UTF-8. */
    {O, "[{\"id\":\"a\xFF\",\"item\":1}]", 2, "UTF8"},
    {O, "[{\"id\":\"a\",\"item\":\"\xC0\x80\"}]", 2, "not valid UTF-8"},
    {O, "[{\"id\":\"a\",\"item\":\"\xED\xA0\x80\"}]", 2, "not valid UTF-8"},
    {N, "{\"x\":\"\xC0\x80\",\"notifications\":[]}", 2, "not valid UTF-8"},
    /* Something else. */
    {"", "[]", 2, "--queue QUEUE"},
    {"", "{\"notifications\":[]}", 2, "--user USER"},
    {"", "hello", 2, "neither JSON Lines"},
    {"", "", 2, "neither JSON Lines"},
    {O, "{\"notifications\":[]}", 2, "not an outbox file"},
    {O, "5", 2, "not an outbox file"},
    {N, "[]", 2, "not a notification file"},
    {N, "{}", 2, "not a notification file"},
    {N, "\"x\"", 2, "not a notification file"},
    {N, "{\"notifications\":{}}", 2, "not a notification file"},
    {N, "{\"notifications\":[],\"notifications\":[]}", 2, "the second time"},
    {N " --queue q", "[]", 2, "give one"},
    {N " --replace", "{\"notifications\":[]}", 2, "not for notification files"},
    /* Wrong types and values of entries. */
    {O, "[1]", 2, "entry 1 (byte 2) is no JSON object"},
    {O, "[{\"id\":\"a\",\"item\":1},[]]", 2, "entry 2"},
    {O, "[{\"item\":1}]", 2, "has no \"id\""},
    {O, "[{\"id\":\"a\"}]", 2, "has no \"item\""},
    {O, "[{\"id\":7,\"item\":1}]", 2, "\"id\" is a number, not a string"},
    {O, "[{\"id\":null,\"item\":1}]", 2, "has no \"id\""},
    {O, "[{\"id\":\"\",\"item\":1}]", 2, "\"id\" is empty"},
    {O, "[{\"id\":\"a\\u0000\",\"item\":1}]", 2, "has a NUL"},
    {O, "[{\"id\":\"\\ud800\",\"item\":1}]", 2, "surrogate"},
    {O, "[{\"id\":\"\\udc00\\ud800\",\"item\":1}]", 2, "surrogate"},
    {O, "[{\"id\":\"a\",\"item\":1,\"status\":\"done\"}]", 2, "not one of queued, sending, failed"},
    {O, "[{\"id\":\"a\",\"item\":1,\"status\":1}]", 2, "\"status\" is a number"},
    {O, "[{\"id\":\"a\",\"item\":1,\"attempts\":\"1\"}]", 2, "\"attempts\" is a string"},
    {O, "[{\"id\":\"a\",\"item\":1,\"attempts\":-1}]", 2, "\"attempts\" is -1"},
    {O, "[{\"id\":\"a\",\"item\":1,\"attempts\":1.5}]", 2, "\"attempts\" is 1.5"},
    {O, "[{\"id\":\"a\",\"item\":1,\"attempts\":4294967296}]", 2, "\"attempts\" is 4294967296"},
    {O, "[{\"id\":\"a\",\"item\":1,\"attempts\":12345678901234567890}]", 2, "\"attempts\""},
    {O, "[{\"id\":\"a\",\"item\":1,\"attempts\":1e99999999999999999999}]", 2, "\"attempts\""},
    {O, "[{\"id\":\"a\",\"item\":1,\"enqueuedAt\":1e400}]", 2,
     "entry 1 (byte 33) is wrong: \"enqueuedAt\" is 1e400"},
    {O, "[{\"id\":\"a\",\"item\":1,\"enqueuedAt\":9223372036854775807}]", 2, "\"enqueuedAt\""},
    {O, "[{\"id\":\"a\",\"item\":1,\"enqueuedAt\":\"now\"}]", 2, "\"enqueuedAt\" is a string"},
    {O, "[{\"id\":\"a\",\"item\":1},{\"id\":\"b\",\"item\":1},{\"id\":\"\\u0061\",\"item\":1}]", 2,
     "entry 3 (byte 41) is the second one of id \"a\""},
    {O, "[{\"id\":\"a\",\"item\":1,\"i\\u0064\":\"b\"}]", 2, "has the member \"id\" twice"},
    /* And of records. */
    {N, IN_N("{}"), 2, "has no \"thread_id\""},
    {N, IN_N("{\"thread_id\":5}"), 2, "\"thread_id\" is a number"},
    {N, IN_N("{\"thread_id\":\"a\",\"account_id\":{}}"), 2, "\"account_id\" is an object"},
    {N, IN_N("{\"thread_id\":\"a\",\"unread\":1}"), 2, "\"unread\" is a number, not a boolean"},
    {N, IN_N("{\"thread_id\":\"a\",\"score\":\"1\"}"), 2, "\"score\" is a string"},
    {N, IN_N("{\"thread_id\":\"a\",\"score\":-1e400}"), 2, "\"score\" is -1e400"},
    {N, IN_N("{\"thread_id\":\"a\",\"updated_at\":\"2026-02-30T00:00:00Z\"}"), 2, "\"updated_at\""},
    {N, IN_N("{\"thread_id\":\"a\",\"updated_at\":5}"), 2, "\"updated_at\" is a number"},
    {N, IN_N("{\"thread_id\":\"a\"},{\"account_id\":\"primary\",\"thread_id\":\"a\"}"), 2,
     "second one of account and thread \"primary\" \"a\""},
    {N, "{\"generated_at\":\"yesterday\",\"notifications\":[]}", 2,
     "\"generated_at\" is \"yesterday\""},
    {N, "{\"generated_at\":1,\"notifications\":[]}", 2, "\"generated_at\" is a number"},
    {N, "{\"poller_status\":1,\"notifications\":[],\"poller_status\":1}", 2,
     "\"poller_status\" twice"},
    /* JSON Lines. */
    {"--jsonl", "", 2, "begin with a header line"},
    {"--jsonl", "{\"kind\":\"cursor\"}", 2, "begin with a header line"},
    {"", "{\"kind\":\"header\",\"format\":\"other/1\"}", 2, "not that of a file of holdfast"},
    {"", "{\"kind\":\"header\",\"format\":\"holdfast.jsonl/2\"}", 8, "newer"},
    {"", HEADER HEADER, 2, "second header"},
    {"", "{\"kind\":\"header\",\"format\":\"holdfast.jsonl/1\",\"end_line\":true}\n", 2, "cut off"},
    {"", HEADER "{\"kind\":\"end\",\"objects\":\"1\"}", 2, "should have 1 objects and has 0"},
    {"", HEADER "{\"kind\":\"end\",\"objects\":\"0\"}\n{\"kind\":\"outbox\",\"queue\":\"q\"}", 2,
     "behind the end line"},
    {"", HEADER "{\"kind\":\"outbox\"", 2, "line 2 (byte 62) is not JSON"},
    {"", HEADER "[]", 2, "line 2 (byte 46) is no JSON object"},
    {"", HEADER "{}", 2, "has no \"kind\""},
    {"", HEADER "{\"kind\":\"nothing\"}", 2, "unknown \"kind\""},
    {"", HEADER "{\"kind\":\"outbox\",\"colour\":1}", 2, "unknown member \"colour\""},
    {"", HEADER "{\"kind\":\"outbox\",\"queue\":\"q\",\"queue_base64\":\"cQ==\"}", 2,
     "\"queue\" twice"},
    {"", HEADER "{\"kind\":\"outbox\",\"queue_base64\":\"cR==\"}", 2, "not base64"},
    {"", HEADER "{\"kind\":\"outbox\",\"queue\":\"\"}", 2, "line 2"},
    {"", HEADER "{\"kind\":\"outbox\",\"queue\":\"q\",\"max_attempts\":\"5\"}", 2,
     "\"max_attempts\" is \"5\""},
    {"", HEADER "{\"kind\":\"outbox_item\",\"queue\":\"q\",\"id\":\"1\",\"priority\":2147483648}",
     2, "32 bits"},
    {"", HEADER "{\"kind\":\"outbox_item\",\"queue\":\"q\",\"id\":\"1\",\"status\":\"gone\"}", 2,
     "not one of queued"},
    {"", HEADER "{\"kind\":\"lock\"}", 2, "name must have"},
    {"", HEADER "{\"kind\":\"lock\",\"name\":\"a\",\"owner\":\"w\"}", 2, "must be times"},
    {"", HEADER "{\"kind\":\"lock\",\"name\":\"a\",\"token\":\"1\"}", 2, "unknown member"},
    {"", HEADER "{\"kind\":\"inbox_record\",\"user\":\"u\",\"thread\":\"t\",\"score\":\"NaN\"}", 2,
     "\"score\""},
    {"",
     HEADER "{\"kind\":\"inbox_record\",\"user\":\"u\",\"thread\":\"t\",\"seen_at\":\"2026-01-"
            "01T00:00:00.0000001Z\"}",
     2, "microseconds"},
    {"", HEADER "{\"kind\":\"cursor\",\"consumer\":\"c\",\"stream\":\"s\",\"last_sequence\":5}", 2,
     "as a string"},
    {"", HEADER "{\"kind\":\"cursor\",\"consumer\":\"c\",\"stream\":\"s\",\"error_count\":\"-1\"}",
     2, "\"error_count\""},
    {"", HEADER "{\"kind\":\"cursor\",\"consumer\":\"c\",\"stream\":\"s\"}", 2,
     "\"updated_at\" is missing"},
    {"", HEADER "{\"kind\":\"outbox\",\"queue\":\"q\"}\n{\"kind\":\"outbox\",\"queue\":\"q\"}", 2,
     "line 3 (byte 76) is the second one"},
};

static void expect_refusal(const char *options, const char *file, int status, const char *says)
{
	const struct tool tool = {.directory = "s"};
	char line[200];
	snprintf(line, sizeof line, "import %s %s", options, file);
	struct ran ran = tool_call(&tool, line);
	const char *end = strchr(ran.err, '\n');
	if (ran.status != status || !strstr(ran.err, says) || strncmp(ran.err, "holdfast: ", 10) != 0 ||
	    !end || end[1] || ran.out_len)
		fail_msg("%s: wanted %d and \"%s\", got %d and %s%s", line, status, says, ran.status,
		         ran.err, ran.out);
	tool_free(&ran);
}

static void every_broken_file_gives_one_sentence_and_changes_nothing(void **state)
{
	(void)state;
	formats_init("s");
	formats_call("s", "outbox enqueue other 1 --payload 1", 0);
	const hf_lsn before = last_lsn("s");
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		write_text("broken", broken[i].text);
		expect_refusal(broken[i].options, "broken", broken[i].status, broken[i].says);
	}
	/* numbers are never given twice: no entry came and went */
	assert_int_equal(last_lsn("s"), before);
	expect_refusal(O, "nowhere", 7, "cannot read nowhere: there is no such file");
	expect_refusal(O, "s", 7, "cannot read s");
}

static void only_so_deep(void **state)
{
	struct buffer text = {0};
	(void)state;
	formats_init("s");
	/* the entry itself is one of them */
	for (unsigned depth = 199; depth <= 200; depth++) {
		buffer_clear(&text);
		buffer_text(&text, "[{\"id\":\"a\",\"item\":");
		buffer_fill(&text, '[', depth);
		buffer_fill(&text, ']', depth);
		buffer_text(&text, "}]");
		formats_write("deep", text.data, text.len);
		if (depth == 199)
			formats_call("s", "import --queue q deep", 0);
		else
			expect_refusal("--queue q2", "deep", 2, "more than 200");
	}
	buffer_fill(&text, '[', 1 << 20);
	formats_write("deep", text.data + 220, text.len - 220);
	expect_refusal("--queue q2", "deep", 2, "");
	buffer_free(&text);
}

static void keys_and_statuses_have_their_limits(void **state)
{
	struct buffer text = {0};
	(void)state;
	formats_init("s");
	for (size_t len = HF_KEY_MAX; len <= HF_KEY_MAX + 1; len++) {
		buffer_clear(&text);
		buffer_text(&text, "[{\"item\":1,\"id\":\"");
		buffer_fill(&text, 'k', len);
		buffer_text(&text, "\"}]");
		formats_write("long", text.data, text.len);
		if (len == HF_KEY_MAX)
			formats_call("s", "import --queue q long", 0);
		else
			expect_refusal(O, "long", 2, "\"id\" has 513 bytes");
	}
	for (size_t len = HF_INBOX_STATUS_MAX; len <= HF_INBOX_STATUS_MAX + 1; len++) {
		buffer_clear(&text);
		buffer_text(&text, "{\"notifications\":[],\"poller_status\":\"");
		buffer_fill(&text, 's', len - 2);
		buffer_text(&text, "\"}");
		formats_write("long", text.data, text.len);
		if (len == HF_INBOX_STATUS_MAX)
			formats_call("s", "import --user u long", 0);
		else
			expect_refusal(N, "long", 7, "65537 bytes");
	}
	buffer_free(&text);
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
	    cmocka_unit_test(what_the_store_changed_overrules_the_text),
	    cmocka_unit_test(what_the_queue_changed_overrules_the_text),
	    cmocka_unit_test(other_content_is_a_conflict_unless_it_is_to_be_replaced),
	    cmocka_unit_test(json_lines_conflict_too_and_no_cursor_goes_back),
	    cmocka_unit_test(a_failing_export_leaves_the_file_that_was_there),
	    cmocka_unit_test(every_broken_file_gives_one_sentence_and_changes_nothing),
	    cmocka_unit_test(only_so_deep),
	    cmocka_unit_test(keys_and_statuses_have_their_limits),
	};
	return cmocka_run_group_tests_name("formats", tests, NULL, NULL);
}
