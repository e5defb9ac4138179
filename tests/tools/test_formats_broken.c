/* tier: fast */
/* Broken files give one sentence that says what and where, the right exit status, and leave the
 * store as it was; a failing export leaves the file that was there. */
#include <sys/stat.h>
#include <unistd.h>

#include "formats_case.h"

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
	    cmocka_unit_test(a_failing_export_leaves_the_file_that_was_there),
	    cmocka_unit_test(every_broken_file_gives_one_sentence_and_changes_nothing),
	    cmocka_unit_test(only_so_deep),
	    cmocka_unit_test(keys_and_statuses_have_their_limits),
	};
	return cmocka_run_group_tests_name("broken formats", tests, NULL, NULL);
}
