/* tier: fast */
/* `holdfast log` and `holdfast fsck` as a user meets them: lines, JSON, exit codes, and a store
 * that nobody may write to. */
#include <sys/stat.h>
#include <unistd.h>

#include "holdfast/holdfast.h"
#include "lib/remove_tree.h"
#include "lib/test.h"
#include "lib/tools/tool.h"

static const struct tool plain = {.directory = "store"},
                         json = {.directory = "store", .json = true};

static int set_up(void **state)
{
	(void)state;
	if (access("store", F_OK) == 0)
		remove_tree("store");
	static const char *const lines[] = {"init", "outbox enqueue jobs j1 --payload hello",
	                                    "outbox enqueue jobs j2 --payload hello",
	                                    "cursor advance mailer events 7"};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct ran ran = tool_expect(&plain, lines[i], 0);
		tool_free(&ran);
	}
	return 0;
}

static bool find_place(void *ctx, const struct hf_log_entry *entry)
{
	struct hf_log_entry *out = ctx;
	*out = *entry;
	return entry->lsn < 2;
}

static void change_byte(const char *path, long at)
{
	FILE *file = fopen(path, "r+b");
	assert_non_null(file);
	assert_int_equal(fseek(file, at, SEEK_SET), 0);
	const int byte = fgetc(file);
	assert_int_equal(fseek(file, at, SEEK_SET), 0);
	assert_true(fputc(byte ^ 1, file) != EOF);
	assert_int_equal(fclose(file), 0);
}

static void expect_member(const char *text, const char *path, const char *expected)
{
	char value[300];
	assert_true(json_member(text, path, value, sizeof value));
	assert_string_equal(value, expected);
}

static void log_gives_a_line_for_each_entry(void **state)
{
	(void)state;
	struct ran ran = tool_expect(&plain, "log", 0);
	assert_non_null(strstr(ran.out, "outbox  enqueue jobs/j1"));
	assert_non_null(strstr(ran.out, "cursor  advance to 7: consumer \"mailer\""));
	assert_true(strncmp(ran.out, "1  2", 4) == 0);
	tool_free(&ran);
	ran = tool_expect(&json, "log --from 2 --limit 1", 0);
	assert_int_equal(json_lines(ran.out), 1);
	expect_member(ran.out, "lsn", "2");
	expect_member(ran.out, "domain", "outbox");
	expect_member(ran.out, "transaction_end", "true");
	tool_free(&ran);
}

static void fsck_of_a_sound_store_ends_with_0(void **state)
{
	(void)state;
	struct ran ran = tool_expect(&json, "fsck", 0);
	assert_int_equal(json_lines(ran.out), 1);
	expect_member(ran.out, "verdict", "sound");
	expect_member(ran.out, "entries", "3");
	expect_member(ran.out, "outbox.objects", "2");
	expect_member(ran.out, "state_checked", "true");
	expect_member(ran.out, "last_stop", "clean");
	tool_free(&ran);
}

static void beside_a_writer_nothing_has_stopped(void **state)
{
	(void)state;
	const struct hf_options options = {.no_background = true, .allow_unsafe_fs = true};
	hf_store *store = NULL;
	assert_int_equal(hf_open("store", &options, &store, NULL), HF_OK);
	struct ran ran = tool_expect(&json, "fsck", 0);
	expect_member(ran.out, "verdict", "sound");
	expect_member(ran.out, "last_stop", "a writer is at work");
	tool_free(&ran);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	ran = tool_expect(&json, "fsck", 0);
	expect_member(ran.out, "last_stop", "clean");
	tool_free(&ran);
}

/* Nothing could be looked at: an error, and not a word about the store. */
static void without_a_check_there_is_no_verdict(void **state)
{
	(void)state;
	const struct tool file = {.directory = "store/IDENTITY"},
	                  file_json = {.directory = "store/IDENTITY", .json = true};
	struct hf_fsck_summary summary = {0};
	struct ran ran = tool_call(&file, "fsck");
	assert_int_not_equal(ran.status, 0);
	assert_string_equal(ran.out, "");
	tool_free(&ran);
	ran = tool_call(&file_json, "fsck");
	assert_int_not_equal(ran.status, 0);
	assert_string_equal(ran.out, "");
	tool_free(&ran);
	assert_int_not_equal(hf_fsck("store/IDENTITY", NULL, NULL, NULL, &summary, NULL), HF_OK);
	assert_false(summary.checked);
	assert_int_not_equal(summary.verdict, HF_OK);
}

static void fsck_of_damage_ends_with_5_and_names_it(void **state)
{
	(void)state;
	struct hf_log_entry place = {0};
	char path[64], words[64];
	assert_int_equal(hf_log_each("store", 2, 0, find_place, &place, NULL), HF_OK);
	snprintf(path, sizeof path, "store/segment-%08x", place.segment);
	change_byte(path, (long)place.offset + 32 + (long)place.body_len - 1);
	struct ran ran = tool_expect(&plain, "fsck", 5);
	snprintf(words, sizeof words, "at %u, LSN 2:", place.offset - 112);
	assert_non_null(strstr(ran.out, words));
	assert_non_null(strstr(ran.out, "unreadable, LSN 2: outbox: enqueue jobs/j2"));
	assert_non_null(strstr(ran.err, "holdfast: "));
	tool_free(&ran);
	ran = tool_expect(&json, "fsck", 5);
	assert_int_equal(json_lines(ran.out), 3); /* the finding, the object, the summary */
	expect_member(ran.out, "verdict", "damaged");
	expect_member(ran.err, "error.name", "HF_ECORRUPT");
	expect_member(ran.err, "error.first_lsn", "2");
	tool_free(&ran);
	/* The log up to there can still be read. */
	ran = tool_expect(&plain, "log", 5);
	assert_non_null(strstr(ran.out, "jobs/j1"));
	assert_null(strstr(ran.out, "jobs/j2"));
	tool_free(&ran);
}

static void fsck_works_where_nobody_may_write(void **state)
{
	(void)state;
	assert_int_equal(chmod("store", 0500), 0);
	struct ran ran = tool_expect(&plain, "fsck", 0);
	tool_free(&ran);
	ran = tool_expect(&plain, "log", 0);
	tool_free(&ran);
	assert_int_equal(chmod("store", 0700), 0);
}

static void where_there_is_no_store_it_ends_with_1(void **state)
{
	(void)state;
	const struct tool nowhere = {.directory = "nowhere"};
	struct ran ran = tool_expect(&nowhere, "fsck", 1);
	tool_free(&ran);
	ran = tool_expect(&nowhere, "log", 1);
	tool_free(&ran);
	assert_true(access("nowhere", F_OK) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(log_gives_a_line_for_each_entry, set_up),
	    cmocka_unit_test_setup(fsck_of_a_sound_store_ends_with_0, set_up),
	    cmocka_unit_test_setup(beside_a_writer_nothing_has_stopped, set_up),
	    cmocka_unit_test_setup(without_a_check_there_is_no_verdict, set_up),
	    cmocka_unit_test_setup(fsck_of_damage_ends_with_5_and_names_it, set_up),
	    cmocka_unit_test_setup(fsck_works_where_nobody_may_write, set_up),
	    cmocka_unit_test_setup(where_there_is_no_store_it_ends_with_1, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
