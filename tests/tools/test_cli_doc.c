/* tier: fast */
/* The document commands as a process: what each does and prints, with which status it ends, and
 * documents through JSON Lines and back. */
#include "lib/remove_tree.h"
#include "lib/test.h"
#include "lib/tools/formats.h"
#include "lib/tools/tool.h"

#define STORE "store"

/* --- The script ------------------------------------------------------------------------------- */

static const struct step {
	const char *line;
	int status;
	/* "member=value member=value" of the last line of JSON; of the complaint, where there is one */
	const char *expect;
	size_t lines; /* objects it must print */
} script[] = {
    {"doc put jobs a --payload one --group open --created-at 2026-11-20T09:30:00Z --now "
     "2026-11-20T09:31:00Z --expect absent",
     0, "changed=true count=1 version=1", 1},
    {"doc put jobs a --payload one --group open --now 2026-11-20T10:31:00+01:00", 0,
     "changed=false count=0 version=1", 1},
    {"doc put jobs a --payload one --expect absent", 4, "error.name=HF_ECONFLICT", 0},
    {"doc put jobs b --payload-file - --created-at @0", 0, "changed=true version=2", 1},
    {"doc put jobs c --group open --expires-at 2199-01-01T00:00:00Z", 0, "changed=true version=3",
     1},
    {"doc put jobs d --ttl 30d --group shut", 0, "changed=true version=4", 1},
    /* it has expired when the next command runs */
    {"doc put jobs e --ttl 0.000001s", 0, "changed=true version=5", 1},
    {"doc get jobs e", 1, "error.name=HF_ENOTFOUND", 0},
    {"doc put jobs f --ttl 1s --expires-at @7", 2, "error.name=HF_EINVAL", 0},
    {"doc put jobs f --orders updated", 4, "error.name=HF_ECONFLICT", 0},
    {"doc put jobs f --orders updated,never", 2, "error.name=HF_EINVAL", 0},
    {"doc put jobs f --orders ''", 2, "error.name=HF_EINVAL", 0},
    {"doc put jobs ''", 2, "error.name=HF_EINVAL", 0},
    {"doc put jobs", 2, "error.name=HF_EINVAL", 0},
    {"doc get jobs a", 0,
     "schema=holdfast.document/1 collection=jobs id=a group=open "
     "created_at=2026-11-20T09:30:00.000000Z "
     "updated_at=2026-11-20T09:31:00.000000Z expires_at=null version=1 payload=one",
     1},
    {"doc get jobs b", 0, "id=b created_at=1970-01-01T00:00:00.000000Z payload=from_stdin", 1},
    {"doc get jobs c", 0, "expires_at=2199-01-01T00:00:00.000000Z", 1},
    {"doc get jobs x", 1, "error.name=HF_ENOTFOUND", 0},
    {"doc list jobs --limit 2", 0, "schema=holdfast.page/1", 3},
    {"doc list jobs --descending", 0, "id=b", 4},
    {"doc list jobs --group open", 0, "id=c", 2},
    {"doc list jobs --group ''", 0, "id=b", 1},
    {"doc list jobs --by updated", 2, "error.name=HF_EINVAL", 0},
    {"doc list jobs --by size", 2, "error.name=HF_EINVAL", 0},
    {"doc list jobs --page zzz", 2, "error.name=HF_EINVAL", 0},
    {"doc list nowhere", 0, "", 0},
    {"doc count jobs", 0,
     "schema=holdfast.document-count/1 collection=jobs documents=4 orders=created,group-created",
     1},
    {"doc count jobs --group open", 0, "group=open documents=2", 1},
    {"doc count jobs --group ''", 0, "group= documents=1", 1},
    {"doc count nowhere", 0, "documents=0 orders=", 1},
    {"doc regroup jobs a shut --now 2026-11-20T09:32:00Z", 0, "changed=true version=6", 1},
    {"doc regroup jobs a shut", 0, "changed=false version=6", 1},
    {"doc regroup jobs a ''", 0, "changed=true", 1},
    {"doc regroup jobs x shut", 1, "error.name=HF_ENOTFOUND", 0},
    {"doc regroup jobs a shut --expect 1", 4, "error.name=HF_ECONFLICT", 0},
    {"doc put notes n --orders updated,group-updated", 0, "changed=true", 1},
    {"doc list notes --by updated", 0, "id=n", 1},
    {"doc collections", 0, "collection=notes documents=1 orders=updated,group-updated", 2},
    {"doc collections --limit 1", 0, "schema=holdfast.page/1", 2},
    {"stats", 0, "schema=holdfast.stats/1 collections=2", 3},
    {"doc remove jobs a --expect 3", 4, "error.name=HF_ECONFLICT", 0},
    {"doc remove jobs a", 0, "changed=true count=1 version=0", 1},
    {"doc remove jobs a", 1, "error.name=HF_ENOTFOUND", 0},
    {"doc clear jobs", 2, "error.name=HF_EINVAL", 0}, /* without --yes, and nobody to ask */
    {"doc clear jobs --dry-run", 0, "schema=holdfast.dry-run/1 count=3", 1},
    {"doc clear jobs --yes", 0, "changed=true count=3", 1},
    {"doc clear jobs --yes", 0, "changed=false count=0", 1},
    {"doc collections", 0, "collection=notes", 1},
};

static void check_members(const struct step *step, const char *text)
{
	char copy[512];
	(void)snprintf(copy, sizeof copy, "%s", step->expect);
	for (char *save = NULL, *pair = strtok_r(copy, " ", &save); pair;
	     pair = strtok_r(NULL, " ", &save)) {
		char found[256] = "";
		char *value = strchr(pair, '=');
		assert_non_null(value);
		*value++ = '\0';
		if (!json_member(text, pair, found, sizeof found) || strcmp(found, value) != 0)
			fail_msg("holdfast %s\n%s is %s instead of %s in %s", step->line, pair, found, value,
			         text);
	}
}

static void each_command_does_what_the_library_does(void **state)
{
	const struct tool tool = {.directory = STORE, .json = true, .input = "from_stdin"};
	(void)state;
	formats_init(STORE);
	for (size_t i = 0; i < sizeof script / sizeof *script; i++) {
		const struct step *step = &script[i];
		struct ran ran = tool_expect(&tool, step->line, step->status);
		const size_t lines = json_lines(ran.out);
		if (lines != step->lines)
			fail_msg("holdfast %s\nprinted %zu objects instead of %zu: %s", step->line, lines,
			         step->lines, ran.out);
		if (step->status)
			assert_int_equal(json_lines(ran.err), 1);
		check_members(step, step->status ? ran.err : ran.out);
		tool_free(&ran);
	}
	remove_tree(STORE);
}

static void people_get_a_table_and_are_told_of_more(void **state)
{
	const struct tool tool = {.directory = STORE};
	(void)state;
	formats_init(STORE);
	formats_call(STORE, "doc put jobs a --now @1 --payload x", 0);
	formats_call(STORE, "doc put jobs b --now @2 --payload y --group open", 0);
	struct ran ran = tool_expect(&tool, "doc list jobs --limit 1 --descending", 0);
	assert_string_equal(
	    ran.out,
	    "ID  GROUP  CREATED AT                   UPDATED AT                   EXPIRES AT  PAYLOAD\n"
	    "b   open   1970-01-01T00:00:00.000002Z  1970-01-01T00:00:00.000002Z  -           y\n");
	assert_non_null(strstr(ran.err, "--page "));
	tool_free(&ran);
	ran = tool_expect(&tool, "doc get jobs a --raw", 0);
	assert_string_equal(ran.out, "x");
	tool_free(&ran);
	ran = tool_expect(&tool, "doc collections", 0);
	assert_string_equal(ran.out, "COLLECTION  DOCUMENTS  ORDERS\n"
	                             "jobs        2          created,group-created\n");
	tool_free(&ran);
	ran = tool_expect(&tool, "log", 0);
	assert_non_null(strstr(ran.out, "put jobs/b in open 1 bytes"));
	tool_free(&ran);
	remove_tree(STORE);
}

/* --- JSON Lines ------------------------------------------------------------------------------- */

#define HEADER "{\"kind\":\"header\",\"format\":\"holdfast.jsonl/1\"}\n"
#define DOC(collection, id, more) \
	"{\"kind\":\"document\",\"collection\":\"" collection "\",\"id\":\"" id "\"," more "}\n"
#define MOON \
	DOC("log", "moon", "\"updated_at\":\"1969-07-20T20:17:40.000000Z\",\"payload\":\"landed\"")

static void import_text(const char *text, const char *options, int status, const char *says)
{
	char line[64];
	const struct tool tool = {.directory = STORE};
	formats_write("file", text, strlen(text));
	(void)snprintf(line, sizeof line, "import %sfile", options);
	struct ran ran = tool_expect(&tool, line, status);
	if (!strstr(status ? ran.err : ran.out, says))
		fail_msg("no \"%s\" in %s%s", says, ran.out, ran.err);
	tool_free(&ran);
}

/* Times before 1970, its first instant, and the ends of what a time can be; parts and payloads
 * that are no UTF-8; every way to keep orders. */
static void documents_go_out_and_come_back(void **state)
{
	(void)state;
	formats_init(STORE);
	import_text(
	    HEADER MOON DOC("log", "zero",
	                    "\"created_at\":\"1970-01-01T00:00:00.000000Z\",\"updated_at\":\"1970-01-"
	                    "01T00:00:00.000000Z\","
	                    "\"group_base64\":\"/w==\",\"payload_base64\":\"AP8=\"")
	        DOC("log", "end",
	            "\"updated_at\":\"@9223372036854775807\",\"expires_at\":\"@9223372036854775807\","
	            "\"group\":\"g\"")
	            DOC("grouped", "b",
	                "\"updated_at\":\"@2\",\"group\":\"x\",\"orders\":\"group-updated\"")
	                DOC("grouped", "a",
	                    "\"updated_at\":\"@3\",\"group\":\"y\",\"orders\":\"group-updated\"")
	                    DOC("grouped", "c", "\"updated_at\":\"@1\",\"orders\":\"group-updated\"")
	                        DOC("all", "a",
	                            "\"updated_at\":\"@1\",\"orders\":\"created,updated,group-created,"
	                            "group-updated\""),
	    "", 0, "7");
	formats_call(STORE, "doc put another d --ttl 10d --orders updated", 0);
	formats_call(STORE, "doc put another gone --ttl 0.000001s", 0);
	formats_call(STORE, "export a.jsonl", 0);
	formats_init("copy");
	formats_call("copy", "import a.jsonl", 0);
	formats_call("copy", "export b.jsonl", 0);
	formats_same_lines("a.jsonl", "b.jsonl");
	const struct tool tool = {.directory = "copy", .json = true};
	char value[64];
	struct ran ran = tool_expect(&tool, "doc count grouped", 0);
	assert_true(json_member(ran.out, "orders", value, sizeof value) &&
	            strcmp(value, "group-updated") == 0);
	assert_true(json_member(ran.out, "documents", value, sizeof value) && strcmp(value, "3") == 0);
	tool_free(&ran);
	ran = tool_expect(&tool, "stats", 0);
	assert_true(json_member(ran.out, "collections", value, sizeof value) &&
	            strcmp(value, "4") == 0);
	tool_free(&ran);
	formats_call("copy", "fsck", 0);
	remove_tree("copy");
	remove_tree(STORE);
}

static void imports_obey_the_same_rules_as_for_other_objects(void **state)
{
	(void)state;
	formats_init(STORE);
	import_text(HEADER MOON, "", 0, "added");
	import_text(HEADER MOON, "", 0, "unchanged     1");
	import_text(HEADER DOC("log", "moon", "\"updated_at\":\"@1\",\"payload\":\"other\""), "", 4,
	            "in the store with other content");
	import_text(HEADER DOC("log", "moon", "\"updated_at\":\"@1\",\"payload\":\"other\""),
	            "--replace ", 0, "replaced      1");
	import_text(HEADER DOC("log", "new", "\"updated_at\":\"@1\",\"orders\":\"updated\""),
	            "--replace ", 4, "keeps orders");
	import_text(HEADER DOC("log", "new", "\"updated_at\":\"@1\",\"orders\":\"sideways\""), "", 2,
	            "\"orders\"");
	import_text(HEADER DOC("log", "new", "\"payload\":\"p\""), "", 2, "updated_at");
	import_text(HEADER DOC("log", "new", "\"updated_at\":\"@1\",\"colour\":\"red\""), "", 2,
	            "unknown member");
	import_text(HEADER MOON MOON, "", 2, "is the second one of");
	const struct tool tool = {.directory = STORE, .json = true};
	struct ran ran = tool_expect(&tool, "doc list log", 0);
	assert_int_equal(json_lines(ran.out), 1);
	tool_free(&ran);
	remove_tree(STORE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_command_does_what_the_library_does),
	    cmocka_unit_test(people_get_a_table_and_are_told_of_more),
	    cmocka_unit_test(documents_go_out_and_come_back),
	    cmocka_unit_test(imports_obey_the_same_rules_as_for_other_objects),
	};
	unsetenv("HOLDFAST_DIR");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
