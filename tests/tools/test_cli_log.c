/* tier: fast, threads */
/* `holdfast why` and `holdfast log --follow` as a user meets them: the history of one object,
 * keys with any bytes, and entries that come while another process writes the store. */
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "holdfast/holdfast.h"
#include "lib/remove_tree.h"
#include "lib/test.h"
#include "lib/tools/tool.h"
#include "print/object.h"

static const struct tool plain = {.directory = "store"},
                         json = {.directory = "store", .json = true};

static int set_up(void **state)
{
	(void)state;
	if (access("store", F_OK) == 0)
		remove_tree("store");
	static const char *const lines[] = {
	    "init", "outbox enqueue mail i1 i2 --payload hello", /* 1, 2 */
	    "inbox save ann t1 t2 --payload hello", /* 3 */
	    "inbox dismiss ann t2", /* 4 */
	    "outbox mark-failed mail i2 --reason bounced", /* 5 */
	    "cursor reset mailer a/b 4 --reason because", /* 6 */
	    /* 7 */
	    "cursor reset mailer a/b 5 --reason again --subject x", "outbox clear mail --yes" /* 8 */};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct ran ran = tool_expect(&plain, lines[i], 0);
		tool_free(&ran);
	}
	return 0;
}

/* The LSNs at the beginnings of the lines, each with a space behind it. */
static void lsns_of(const char *text, char *out, size_t cap)
{
	size_t len = 0;
	out[0] = '\0';
	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		len += (size_t)snprintf(out + len, cap - len, "%lu ", strtoul(line, NULL, 10));
		if (!strchr(line, '\n'))
			break;
	}
}

static const struct {
	const char *line;
	int status;
	const char *lsns; /* of what is printed */
} calls[] = {
    {"why outbox/mail/i1", 0, "1 8 "},
    {"why outbox/mail/i2", 0, "2 5 8 "},
    {"why queue/mail/i2 --from 3 --limit 1", 0, "5 "},
    {"why outbox/mail", 0, "1 2 5 8 "},
    {"why inbox/ann/primary/t1", 0, "3 "},
    {"why inbox/ann//t2", 0, "3 4 "},
    {"why inbox/ann", 0, "3 4 "},
    {"why cursor/mailer/a%2fb", 0, "6 7 "},
    {"why cursor/mailer/%61%2Fb/x", 0, "7 "},
    {"why cursor/mailer/a%2fb/", 0, "6 "},
    {"why cursor/mailer/a/b", 1, ""},
    {"why outbox/other/i1", 1, ""},
    {"why inbox/ann/primary/t9", 1, ""},
    {"why outbox/mail/i1 --from 9", 1, ""},
    {"why", 2, ""},
    {"why outbox", 2, ""},
    {"why mailbox/mail/i1", 2, ""},
    {"why outbox/mail/i1/x/y", 2, ""},
    {"why outbox//i1", 2, ""},
    {"why outbox/mail%2", 2, ""},
    {"why outbox/mail%zz", 2, ""},
    {"why outbox/mail%00", 2, ""},
    {"log --follow --limit 8", 0, "1 2 3 4 5 6 7 8 "},
    {"log --follow --from 5 --limit 2", 0, "5 6 "},
};

static void each_call_gives_its_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		char lsns[64];
		struct ran ran = tool_expect(&plain, calls[i].line, calls[i].status);
		lsns_of(ran.out, lsns, sizeof lsns);
		if (strcmp(lsns, calls[i].lsns) != 0)
			fail_msg("%s: printed %s", calls[i].line, lsns);
		/* One sentence, and only when something is wrong. */
		assert_true((ran.err_len > 0) == (calls[i].status != 0));
		tool_free(&ran);
	}
}

static void expect_member(const char *text, const char *path, const char *expected)
{
	char value[300];
	assert_true(json_member(text, path, value, sizeof value));
	assert_string_equal(value, expected);
}

static void json_names_operation_object_and_reason(void **state)
{
	(void)state;
	struct ran ran = tool_expect(&json, "why cursor/mailer/a%2fb/", 0);
	assert_int_equal(json_lines(ran.out), 1);
	expect_member(ran.out, "operation", "reset");
	expect_member(ran.out, "object", "cursor/mailer/a%2fb/");
	expect_member(ran.out, "reason", "because");
	expect_member(ran.out, "segment", "segment-00000002");
	tool_free(&ran);
	ran = tool_expect(&json, "log --follow --from 8 --limit 1", 0);
	assert_int_equal(json_lines(ran.out), 1);
	expect_member(ran.out, "operation", "clear");
	expect_member(ran.out, "object", "outbox/mail");
	expect_member(ran.out, "removed", "true");
	expect_member(ran.out, "many", "true");
	tool_free(&ran);
}

/* What is written can be read, whatever the bytes. */
static void an_object_reads_back_as_it_was_written(void **state)
{
	(void)state;
	char all[255];
	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	const struct hf_event events[] = {
	    {.domain = "outbox", .key = {{all, 255}, {"i/1%2f", 6}}, .parts = 2},
	    {.domain = "cursor", .key = {{"c", 1}, {" ", 1}, {"", 0}}, .parts = 3},
	    {.domain = "inbox", .key = {{"\xc3\xa9t\xc3\xa9", 5}}, .parts = 1},
	};
	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
		struct buffer word = {0};
		struct object object;
		char *memory;
		object_add(&word, &events[i]);
		assert_null(object_parse(word.data, &object, &memory));
		assert_string_equal(object.kind, events[i].domain);
		assert_int_equal(object.parts, events[i].parts);
		for (unsigned part = 0; part < object.parts; part++)
			assert_true(hf__bytes_equal(object.part[part], events[i].key[part]));
		free(memory);
		buffer_free(&word);
	}
}

/* --- Beside a writer -------------------------------------------------------------------------- */

static void *write_later(void *arg)
{
	hf_store *store = arg;
	nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
	for (int i = 0; i < 4; i++) {
		char id[8];
		snprintf(id, sizeof id, "n%d", i);
		const struct hf_outbox_enqueue_args args = {.queue = hf_str("mail"), .id = hf_str(id)};
		assert_int_equal(hf_outbox_enqueue(store, NULL, &args, NULL, NULL), HF_OK);
	}
	return NULL;
}

static void entries_come_while_another_process_writes(void **state)
{
	(void)state;
	pthread_t writer;
	char lsns[64];
	hf_store *store;
	assert_int_equal(hf_open("store", &(struct hf_options){.allow_unsafe_fs = true}, &store, NULL),
	                 HF_OK);
	assert_int_equal(pthread_create(&writer, NULL, write_later, store), 0);
	/* It waits for what is not there yet, and ends with the fourth. */
	struct ran ran = tool_expect(&plain, "log --follow --from 9 --limit 4", 0);
	lsns_of(ran.out, lsns, sizeof lsns);
	assert_string_equal(lsns, "9 10 11 12 ");
	assert_non_null(strstr(ran.out, "enqueue mail/n3"));
	tool_free(&ran);
	assert_int_equal(pthread_join(writer, NULL), 0);
	assert_int_equal(hf_close(store, NULL), HF_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(each_call_gives_its_lines, set_up),
	    cmocka_unit_test_setup(json_names_operation_object_and_reason, set_up),
	    cmocka_unit_test(an_object_reads_back_as_it_was_written),
	    cmocka_unit_test_setup(entries_come_while_another_process_writes, set_up),
	};
	return cmocka_run_group_tests_name("log of the tool", tests, NULL, NULL);
}
