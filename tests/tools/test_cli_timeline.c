/* tier: fast */
/* The timeline commands as a process: what each does and prints, with which status it ends, and
 * a timeline through JSON Lines and back. */
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
    {"timeline append audit e1 made --subject job-1 --happened-at 2026-11-20T09:30:00Z --payload "
     "one --expect absent",
     0, "changed=true count=1 version=1", 1},
    {"timeline append audit e1 made --subject job-1 --happened-at 2026-11-20T10:30:00+01:00 "
     "--payload one",
     0, "changed=false count=0 version=1", 1},
    /* now is no content */
    {"timeline append audit e1 made --subject job-1 --payload one", 0, "changed=false version=1",
     1},
    {"timeline append audit e1 made --subject job-1 --happened-at 2026-11-20T09:30:00Z --payload "
     "two",
     4, "error.name=HF_ECONFLICT", 0},
    {"timeline append audit e1 made --expect 9", 4, "error.name=HF_ECONFLICT", 0},
    {"timeline append audit e2 done --subject job-1 --happened-at @0 --payload-file -", 0,
     "changed=true version=2", 1},
    {"timeline append audit e3 made --happened-at @1", 0, "changed=true", 1},
    {"timeline append audit e4 made --happened-at none", 0, "changed=true", 1}, /* now */
    {"timeline append audit '' made", 2, "error.name=HF_EINVAL", 0},
    {"timeline append audit e5 ''", 2, "error.name=HF_EINVAL", 0},
    {"timeline append audit e5", 2, "error.name=HF_EINVAL", 0},
    {"timeline append audit e5 made --happened-at yesterday", 2, "error.name=HF_EINVAL", 0},
    {"timeline get audit e1", 0,
     "schema=holdfast.timeline-event/1 timeline=audit id=e1 type=made subject=job-1 "
     "happened_at=2026-11-20T09:30:00.000000Z version=1 "
     "payload=one",
     1},
    {"timeline get audit e2", 0, "happened_at=1970-01-01T00:00:00.000000Z payload=from_stdin", 1},
    {"timeline get audit e9", 1, "error.name=HF_ENOTFOUND", 0},
    {"timeline query audit", 0, "id=e2", 4},
    {"timeline query audit --ascending", 0, "id=e4", 4},
    {"timeline query audit --subject job-1", 0, "id=e2", 2},
    {"timeline query audit --subject ''", 0, "id=e3", 2},
    {"timeline query audit --type made --ascending", 0, "id=e4", 3},
    {"timeline query audit --type made --subject job-1", 0, "id=e1", 1},
    {"timeline query audit --limit 3", 0, "schema=holdfast.page/1", 4},
    {"timeline query audit --limit 1 --page zzz", 2, "error.name=HF_EINVAL", 0},
    {"timeline query nobody", 0, "", 0},
    {"timeline count audit", 0, "schema=holdfast.timeline-count/1 timeline=audit events=4", 1},
    {"timeline count audit --type made", 0, "events=3", 1},
    {"timeline count audit --subject ''", 0, "events=2", 1},
    {"timeline count nobody", 0, "events=0", 1},
    {"timeline latest nobody", 0, "events=0 latest_at=null", 1},
    {"timeline append zoo e made --happened-at @7", 0, "changed=true", 1},
    {"timeline latest zoo", 0, "timeline=zoo events=1 latest_at=1970-01-01T00:00:00.000007Z", 1},
    {"timeline list", 0, "timeline=zoo", 2},
    {"timeline list --limit 1", 0, "schema=holdfast.page/1", 2},
    {"stats", 0, "timelines=2", 3},
    {"timeline retain audit", 2, "error.name=HF_EINVAL", 0},
    /* without --yes, and nobody to ask */
    {"timeline retain audit --max-events 3", 2, "error.name=HF_EINVAL", 0},
    {"timeline retain audit --max-events 3 --dry-run", 0, "schema=holdfast.dry-run/1 count=1", 1},
    {"timeline retain audit --max-events 3 --yes", 0, "changed=true count=1", 1},
    {"timeline retain audit --max-age 1s --now @1000001 --yes", 0, "changed=false count=0", 1},
    {"timeline retain audit --max-age 1s --now @1000002 --yes", 0, "changed=true count=1", 1},
    {"timeline query audit --ascending", 0, "id=e4", 2},
    {"timeline clear audit --dry-run", 0, "count=2", 1},
    {"timeline clear audit --yes", 0, "changed=true count=2", 1},
    {"timeline clear audit --yes", 0, "changed=false count=0", 1},
    {"timeline list", 0, "timeline=zoo", 1},
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
	formats_call(STORE, "timeline append audit a made --happened-at @1 --payload x", 0);
	formats_call(STORE, "timeline append audit b done --subject job --happened-at @2 --payload y",
	             0);
	struct ran ran = tool_expect(&tool, "timeline query audit --limit 1", 0);
	assert_string_equal(ran.out, "HAPPENED AT                  ID  TYPE  SUBJECT  PAYLOAD\n"
	                             "1970-01-01T00:00:00.000002Z  b   done  job      y\n");
	assert_non_null(strstr(ran.err, "1 of 2\n"));
	assert_non_null(strstr(ran.err, "--page "));
	tool_free(&ran);
	ran = tool_expect(&tool, "timeline get audit a --raw", 0);
	assert_string_equal(ran.out, "x");
	tool_free(&ran);
	ran = tool_expect(&tool, "timeline list", 0);
	assert_string_equal(ran.out, "TIMELINE  EVENTS  LATEST AT\n"
	                             "audit     2       1970-01-01T00:00:00.000002Z\n");
	tool_free(&ran);
	ran = tool_expect(&tool, "log", 0);
	assert_non_null(strstr(
	    ran.out, "append event \"b\" of timeline \"audit\" type \"done\" subject \"job\" 1 bytes"));
	tool_free(&ran);
	remove_tree(STORE);
}

/* --- JSON Lines ------------------------------------------------------------------------------- */

#define HEADER "{\"kind\":\"header\",\"format\":\"holdfast.jsonl/1\"}\n"
#define EVENT(id, time, payload) \
	"{\"kind\":\"timeline_event\",\"timeline\":\"audit\",\"id\":\"" id \
	"\",\"type\":\"made\",\"happened_at\":\"" time "\"," payload "}\n"
#define MOON EVENT("moon", "1969-07-20T20:17:40.000000Z", "\"payload\":\"landed\"")

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
 * that are no UTF-8. */
static void a_timeline_goes_out_and_comes_back(void **state)
{
	(void)state;
	formats_init(STORE);
	import_text(HEADER MOON EVENT("zero", "1970-01-01T00:00:00.000000Z",
	                              "\"subject_base64\":\"/w==\",\"payload_base64\":\"AP8=\"")
	                EVENT("end", "@9223372036854775807", "\"payload\":\"\"")
	                    EVENT("start", "@-9223372036854775807", "\"payload\":\"\""),
	            "", 0, "4");
	formats_call(STORE, "timeline append another e made", 0);
	formats_call(STORE, "export a.jsonl", 0);
	formats_init("copy");
	formats_call("copy", "import a.jsonl", 0);
	formats_call("copy", "export b.jsonl", 0);
	formats_same_lines("a.jsonl", "b.jsonl");
	const struct tool tool = {.directory = "copy", .json = true};
	struct ran ran = tool_expect(&tool, "timeline query audit", 0);
	assert_int_equal(json_lines(ran.out), 4);
	tool_free(&ran);
	formats_call("copy", "fsck", 0);
	remove_tree("copy");
	remove_tree(STORE);
}

static void what_is_there_stays_as_it_is(void **state)
{
	(void)state;
	formats_init(STORE);
	import_text(HEADER MOON, "", 0, "added");
	import_text(HEADER MOON, "", 0, "unchanged     1");
	import_text(HEADER EVENT("moon", "1969-07-20T20:17:40.000000Z", "\"payload\":\"other\""), "", 4,
	            "events never change");
	import_text(HEADER EVENT("moon", "1969-07-20T20:17:41.000000Z", "\"payload\":\"landed\""),
	            "--replace ", 4, "events never change");
	import_text(HEADER MOON MOON, "", 2, "is the second one of");
	import_text(
	    HEADER "{\"kind\":\"timeline_event\",\"timeline\":\"audit\",\"id\":\"x\",\"type\":\"t\"}\n",
	    "", 2, "happened_at");
	import_text(HEADER "{\"kind\":\"timeline_event\",\"timeline\":\"audit\",\"id\":\"x\","
	                   "\"happened_at\":\"@1\"}\n",
	            "", 2, "type");
	const struct tool tool = {.directory = STORE, .json = true};
	struct ran ran = tool_expect(&tool, "timeline query audit", 0);
	assert_int_equal(json_lines(ran.out), 1);
	tool_free(&ran);
	remove_tree(STORE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_command_does_what_the_library_does),
	    cmocka_unit_test(people_get_a_table_and_are_told_of_more),
	    cmocka_unit_test(a_timeline_goes_out_and_comes_back),
	    cmocka_unit_test(what_is_there_stays_as_it_is),
	};
	unsetenv("HOLDFAST_DIR");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
