/* tier: fast */
/* What the tool does with idempotency keys and migrations beyond single commands (those are in
 * test_cli_round_trip): what people see, JSON Lines out and in, stats. */
#include "lib/remove_tree.h"
#include "lib/test.h"
#include "lib/tools/formats.h"
#include "lib/tools/tool.h"

#define HEADER "{\"kind\":\"header\",\"format\":\"holdfast.jsonl/1\"}\n"

static void expect_out(const struct tool *tool, const char *line, int status, const char *out)
{
	struct ran ran = tool_expect(tool, line, status);
	assert_string_equal(ran.out, out);
	tool_free(&ran);
}

static void expect_err(const struct tool *tool, const char *line, int status, const char *says)
{
	struct ran ran = tool_expect(tool, line, status);
	assert_string_equal(ran.out, "");
	if (!strstr(ran.err, says))
		fail_msg("%s: said %s", line, ran.err);
	tool_free(&ran);
}

static void import_lines(const char *store, const char *options, const char *lines, int status)
{
	char call[100];
	formats_write("lines", lines, strlen(lines));
	(void)snprintf(call, sizeof call, "import %s lines", options);
	formats_call(store, call, status);
}

/* --- For people ------------------------------------------------------------------------------- */

static void people_are_told_who_is_at_work_and_what_came_of_it(void **state)
{
	const struct tool tool = {.directory = "s"},
	                  input = {.directory = "s", .input = "line\n\x01\xff"};
	(void)state;
	formats_init("s");
	formats_call("s", "idem begin pay k1 --lease 1h", 0);
	expect_err(&tool, "idem begin pay k1", 4, "IN_PROGRESS: another owner is at work until 20");
	expect_err(&tool, "idem begin pay k1 --fingerprint x", 4,
	           "MISMATCH: the key was used with another fingerprint");
	expect_err(&tool, "idem begin '' k", 2, "scope must have 1 to 512 bytes and no NUL");
	expect_err(&tool, "idem get pay k2", 1, "no such key: \"pay\":\"k2\"");
	struct ran ran = tool_expect(
	    &input, "idem put pay k2 --response-file - --created-at @0 --expires-at none", 0);
	assert_true(strncmp(ran.out, "stored, version ", 16) == 0);
	tool_free(&ran);
	expect_out(&tool, "idem get pay k2 --raw", 0, input.input);
	ran = tool_expect(&tool, "idem list pay", 0);
	assert_non_null(strstr(ran.out, "KEY  STATE        STATUS  CREATED AT"));
	assert_non_null(strstr(ran.out, "\npay    k1   in_progress  0 "));
	assert_non_null(
	    strstr(ran.out, "\npay    k2   done         0       1970-01-01T00:00:00.000000Z  -"));
	tool_free(&ran);
	expect_err(&tool, "idem list nobody", 0, "nothing there");
}

/* scope:key, in which % and : of the scope are written %25 and %3A. Two words are taken as they
 * are. */
static void the_canonical_text_names_scope_and_key(void **state)
{
	const struct tool tool = {.directory = "s"}, json = {.directory = "s", .json = true};
	char text[64], call[128];
	(void)state;
	formats_init("s");
	struct ran ran = tool_expect(&json, "idem begin a%3Ab%25:k:1 --lease 1h", 0);
	assert_true(json_member(ran.out, "scope", text, sizeof text));
	assert_string_equal(text, "a:b%");
	assert_true(json_member(ran.out, "key", text, sizeof text));
	assert_string_equal(text, "k:1");
	assert_true(json_member(ran.out, "token", text, sizeof text));
	tool_free(&ran);
	(void)snprintf(call, sizeof call, "idem complete a%%3Ab%%25:k:1 %s --response made", text);
	formats_call("s", call, 0);
	expect_out(&tool, "idem get a%3Ab%25:k:1 --raw", 0, "made");
	expect_out(&tool, "idem get a:b% k:1 --raw", 0, "made");
	formats_call("s", "idem remove a%3Ab%25:k:1", 0);
	formats_call("s", "idem put s:k --response r", 0);
	expect_out(&tool, "idem get s k --raw", 0, "r");
	expect_err(&tool, "idem abandon s:k 1", 4, "");
	expect_err(&tool, "idem get s%3a:k", 2,
	           "'s%3a:k' is no SCOPE:KEY: the scope is longer than 512 bytes, or has a '%'");
	expect_err(&tool, "idem get :k", 2, "is no SCOPE:KEY: scope must have 1 to 512 bytes");
	expect_err(&tool, "idem get s:", 2, "is no SCOPE:KEY");
	expect_err(&tool, "idem get s", 2, "KEY is missing");
	expect_err(&tool, "idem complete s:k", 2, "KEY is missing");
}

/* The first instant of 1970 is a time like any other. */
static void a_time_that_was_typed_is_meant(void **state)
{
	const struct tool tool = {.directory = "s"}, json = {.directory = "s", .json = true};
	char text[64];
	(void)state;
	formats_init("s");
	formats_call("s", "idem put pay a --created-at @0", 0);
	struct ran ran = tool_expect(&json, "idem get pay a", 0);
	assert_true(json_member(ran.out, "created_at", text, sizeof text));
	assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
	tool_free(&ran);
	formats_call("s", "idem put pay a --expires-at none", 0);
	ran = tool_expect(&json, "idem get pay a", 0);
	assert_true(json_member(ran.out, "created_at", text, sizeof text));
	assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
	assert_true(json_member(ran.out, "expires_at", text, sizeof text));
	assert_string_equal(text, "null");
	tool_free(&ran);
	formats_call("s", "idem put pay a --expires-at @0", 0);
	expect_err(&tool, "idem get pay a", 1, "no such key");
	formats_call("s", "idem put pay b --expires-at @0", 0);
	expect_err(&tool, "idem get pay b", 1, "no such key");
}

static void stats_show_scopes_and_migrations(void **state)
{
	const struct tool tool = {.directory = "s"}, json = {.directory = "s", .json = true};
	char text[32];
	(void)state;
	formats_init("s");
	formats_call("s", "idem put pay a", 0);
	formats_call("s", "idem put pay b", 0);
	formats_call("s", "idem begin web c --lease 1h", 0);
	formats_call("s", "idem put old d --created-at @1 --expires-at @2", 0);
	formats_call("s", "migration record zeta --applied-at @0", 0);
	formats_call("s", "migration record alpha", 0);
	struct ran ran = tool_expect(&tool, "stats", 0);
	assert_non_null(strstr(
	    ran.out, "SCOPE  IN PROGRESS  DONE\npay    0            2\nweb    1            0\n"));
	const char *zeta = strstr(ran.out, "\nzeta "), *alpha = strstr(ran.out, "\nalpha ");
	assert_true(zeta && alpha && zeta < alpha); /* as they were applied */
	assert_non_null(strstr(ran.out, "\nzeta   1970-01-01T00:00:00.000000Z"));
	assert_string_equal(ran.err, "");
	tool_free(&ran);
	ran = tool_expect(&json, "stats", 0);
	assert_int_equal(json_lines(ran.out), 2 + 2 + 1);
	assert_true(json_member(ran.out, "scopes", text, sizeof text));
	assert_string_equal(text, "2");
	assert_true(json_member(ran.out, "migrations", text, sizeof text));
	assert_string_equal(text, "2");
	tool_free(&ran);
}

/* --- JSON Lines ------------------------------------------------------------------------------- */

/* All but what cannot be kept: the token of work that nobody has finished, and what has expired. */
static void what_can_be_kept_goes_through_json_lines(void **state)
{
	(void)state;
	formats_init("s");
	formats_call("s", "idem put pay a --status 7 --response r --fingerprint f", 0);
	formats_call("s", "idem begin pay b --lease 1h", 0);
	formats_call("s", "idem put web c --expires-at none", 0);
	formats_call("s", "migration record zeta", 0);
	formats_call("s", "migration record alpha", 0);
	formats_call("s", "export a.jsonl", 0);
	formats_init("t");
	formats_call("t", "import a.jsonl", 0);
	formats_call("t", "import a.jsonl", 0); /* again: nothing to do */
	formats_call("t", "export b.jsonl", 0);
	formats_same_lines("a.jsonl", "b.jsonl");
	const struct tool tool = {.directory = "t"};
	expect_err(&tool, "idem get pay b", 1, "no such key");
	const struct tool json = {.directory = "t", .json = true};
	struct ran ran = tool_expect(&json, "migration list", 0);
	char name[16];
	assert_true(json_member(ran.out, "name", name, sizeof name));
	assert_string_equal(name, "alpha"); /* the order, too */
	tool_free(&ran);
}

static void lines_are_judged_like_all_others(void **state)
{
#define ENTRY \
	"{\"kind\":\"idempotency_entry\",\"scope\":\"s\",\"key\":\"k\",\"created_at\":\"2026-01-" \
	"01T00:00:00Z\",\"status\":"
	static const struct {
		const char *options, *lines;
		int status;
	} steps[] = {
	    {"", HEADER ENTRY "1}\n", 0},
	    {"", HEADER ENTRY "1}\n", 0},
	    {"", HEADER ENTRY "2}\n", 4}, /* other content */
	    {"--replace", HEADER ENTRY "2}\n", 0},
	    {"", HEADER ENTRY "2}\n", 0},
	    {"", HEADER ENTRY "2}\n" ENTRY "2}\n", 2}, /* twice in one file */
	    {"", HEADER ENTRY "1,\"unknown\":1}\n", 2},
	    {"", HEADER ENTRY "\"1\"}\n", 2},
	    /* no created_at */
	    {"", HEADER "{\"kind\":\"idempotency_entry\",\"scope\":\"s\",\"key\":\"x\"}\n", 2},
	    {"",
	     HEADER "{\"kind\":\"idempotency_entry\",\"scope\":\"a\\u0000\",\"key\":\"x\",\"created_"
	            "at\":\"@1\"}\n",
	     2},
	    {"",
	     HEADER "{\"kind\":\"idempotency_entry\",\"scope\":\"s\",\"key\":\"old\",\"created_at\":\"@"
	            "1\",\"expires_at\":\"@2\"}\n",
	     0},
	    {"", HEADER "{\"kind\":\"migration\",\"name\":\"m\",\"applied_at\":\"@1\"}\n", 0},
	    /* applied is applied */
	    {"", HEADER "{\"kind\":\"migration\",\"name\":\"m\",\"applied_at\":\"@2\"}\n", 0},
	    {"", HEADER "{\"kind\":\"migration\",\"name\":\"\",\"applied_at\":\"@2\"}\n", 2},
	    {"", HEADER "{\"kind\":\"migration\",\"name\":\"n\"}\n", 2}, /* no applied_at */
	};
	(void)state;
	formats_init("s");
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		import_lines("s", steps[i].options, steps[i].lines, steps[i].status);
	const struct tool tool = {.directory = "s", .json = true};
	struct ran ran = tool_expect(&tool, "idem list s", 0);
	assert_int_equal(json_lines(ran.out), 1);
	tool_free(&ran);
	ran = tool_expect(&tool, "migration list", 0);
	assert_int_equal(json_lines(ran.out), 1);
	assert_non_null(strstr(ran.out, "\"1970-01-01T00:00:00.000001Z\""));
	tool_free(&ran);
}

static int tear_down(void **state)
{
	(void)state;
	remove_tree("s");
	remove_tree("t");
	(void)remove("lines");
	(void)remove("a.jsonl");
	(void)remove("b.jsonl");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(people_are_told_who_is_at_work_and_what_came_of_it),
	    cmocka_unit_test(the_canonical_text_names_scope_and_key),
	    cmocka_unit_test(a_time_that_was_typed_is_meant),
	    cmocka_unit_test(stats_show_scopes_and_migrations),
	    cmocka_unit_test(what_can_be_kept_goes_through_json_lines),
	    cmocka_unit_test(lines_are_judged_like_all_others),
	};
	unsetenv("HOLDFAST_DIR");
	return cmocka_run_group_tests_name("cli idem", tests, NULL, tear_down);
}
