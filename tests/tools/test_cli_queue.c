/* tier: fast, threads */
/* The tool's commands about queues as a whole, and the options that go with groups, reruns and
 * completed IDs: each line of a script, what it says and how it ends; and that JSON Lines carry
 * all of it to another store. */
#include "lib/remove_tree.h"
#include "lib/test.h"
#include "lib/tools/tool.h"

#define STORE "queues"
#define COPY "queues-copy"

/* TOKEN stands for the last one seen. */
static const struct step {
	const char *line;
	int status;
	const char *expect; /* "member=value member=value" of the last line of JSON */
	size_t lines; /* objects it prints */
} script[] = {
    {"init", 0, "created=true", 1},
    {"queue stats", 0, "", 0},

    /* groups */
    {"outbox enqueue mail a b --group ann --payload p", 0, "changed=true count=2", 1},
    {"outbox enqueue mail c --group bob", 0, "changed=true", 1},
    {"outbox get mail a", 0, "id=a group=ann", 1},
    {"outbox claim-next mail --max 5 --lease 1h --owner w1", 0, "id=c group=bob", 2},
    {"outbox claim mail b", 3, "", 0},
    {"queue stats mail", 0,
     "queued.items=1 sending.items=2 ready=0 delayed=0 blocked=1 groups=2 busy_groups=2 "
     "paused=false completed=0",
     1},
    {"outbox complete mail c TOKEN", 0, "changed=true", 1},

    /* claims */
    {"claims", 0, "schema=holdfast.outbox-claim/1 queue=mail id=a owner=w1 attempts=0 group=ann",
     1},
    {"claims mail", 0, "id=a", 1},
    {"claims other", 0, "", 0},
    {"claims --stuck", 0, "", 0},
    {"claims --stuck --older 0", 0, "id=a token=TOKEN", 1},
    {"claims --older 1h", 2, "", 0},

    /* reruns */
    {"outbox enqueue mail a --payload again --dedup rerun", 0, "changed=true", 1},
    {"outbox get mail a", 0, "status=sending payload=p rerun.payload=again", 1},
    {"outbox complete mail a TOKEN", 0, "changed=true count=1", 1},
    {"outbox get mail a", 0, "status=queued payload=again attempts=0", 1},
    {"outbox list mail --status queued", 0, "id=a", 2},

    /* pause */
    {"queue pause mail --expect absent", 0, "changed=true", 1},
    {"queue pause mail", 0, "changed=false", 1},
    {"queue pause mail --expect absent", 4, "", 0},
    {"outbox claim-next mail", 0, "", 0},
    {"queue drain mail true", 0, "sent=0 left=2 changed=0", 1},
    {"queue stats mail", 0, "paused=true", 1},

    /* completed IDs */
    {"outbox configure mail", 2, "", 0},
    {"outbox configure mail --dedup-window 2h", 0, "changed=true", 1},
    {"outbox configure mail --max-attempts 3", 0, "changed=true", 1},
    {"outbox configure mail --max-attempts 3", 0, "changed=false", 1},
    {"queue stats mail", 0,
     "max_attempts=3 dedup_window_us=7200000000 dedup_max=1000000 paused=true", 1},
    {"queue resume mail", 0, "changed=true", 1},
    {"queue drain mail true", 0, "sent=2", 1},
    {"outbox enqueue mail a", 0, "changed=false", 1},
    {"queue completed mail", 0, "schema=holdfast.outbox-completed/1 queue=mail id=a", 2},
    {"queue completed mail --limit 1", 0, "schema=holdfast.page/1", 2},
    {"queue stats mail", 0, "queued.items=0 completed=2 dropped=0", 1},
    {"outbox configure mail --dedup-max 1", 0, "changed=true", 1},
    {"queue stats mail", 0, "completed=1 dropped=1 dedup_max=1", 1},

    /* redrive */
    {"outbox put mail f1 --status failed --attempts 3 --last-error timeout --group ann "
     "--enqueued-at @10",
     0, "changed=true", 1},
    {"outbox put mail f2 --status failed --attempts 1 --last-error refused --enqueued-at @20", 0,
     "changed=true", 1},
    {"outbox put mail f3 --status failed --attempts 1 --last-error refused --enqueued-at @30", 0,
     "changed=true", 1},
    {"queue redrive mail --group nobody", 0, "changed=false count=0", 1},
    {"queue redrive mail --attempts-below 0", 2, "", 0},
    {"queue redrive mail --enqueued-before @0", 0, "changed=false count=0", 1},
    {"queue redrive mail --max 0", 2, "", 0},
    {"queue redrive mail --dry-run", 0, "count=3", 1},
    {"queue redrive mail --enqueued-before none", 2, "", 0},
    {"outbox put mail f4 --enqueued-at none", 2, "", 0},
    {"queue redrive mail --error time --group ann", 0, "changed=true count=1", 1},
    {"queue redrive mail --enqueued-before @30 --attempts-below 2 --error refused", 0, "count=1",
     1},
    {"outbox get mail f3", 0, "status=failed", 1},
    {"outbox get mail f2", 0, "status=queued attempts=1", 1},
    {"queue redrive mail --max 1", 0, "count=1", 1},
    {"queue stats", 0, "queue=mail failed.items=0", 1},

    /* by hand */
    {"outbox reschedule mail f1 --priority 3 --available-at 2999-01-01T00:00:00Z", 0,
     "changed=true status=queued", 1},
    {"outbox reschedule mail f1", 2, "", 0},
    {"queue stats mail", 0, "delayed=1", 1},
    {"outbox mark-failed mail f1", 0, "changed=true status=failed", 1},
    {"outbox enqueue mail f1", 0, "changed=false status=failed", 1},
    {"outbox retry mail f1 --reset-attempts", 0, "changed=true status=queued", 1},
    {"outbox get mail f1", 0, "attempts=0 lost=0", 1},
    {"outbox claim mail f1 --lease 1h --max-run 2h", 0, "status=sending", 1},
    {"outbox fail mail f1 TOKEN --max-attempts 1", 0, "status=failed", 1},
    {"queue prune mail --dry-run", 0, "count=1", 1},
    {"queue prune mail --yes --max 0", 2, "", 0},
    {"queue prune mail --yes", 0, "changed=true count=1", 1},
    {"outbox configure mail --max-lost never", 0, "changed=true", 1},
    {"outbox configure mail --max-lost -1", 2, "", 0},
    {"queue stats mail", 0, "max_lost=never", 1},
    {"outbox claim-next other mail --lease 1h", 0, "queue=mail", 1},
    {"queue pause mail --until-idle 1ms", 3, "", 0},
};

static void check_members(const struct step *step, const char *out, const char *token)
{
	char copy[256];
	(void)snprintf(copy, sizeof copy, "%s", step->expect);
	for (char *save = NULL, *pair = strtok_r(copy, " ", &save); pair;
	     pair = strtok_r(NULL, " ", &save)) {
		char found[128] = "", *value = strchr(pair, '=');
		assert_non_null(value);
		*value++ = '\0';
		const char *wanted = strcmp(value, "TOKEN") == 0 ? token : value;
		if (!json_member(out, pair, found, sizeof found) || strcmp(found, wanted) != 0)
			fail_msg("holdfast %s\n%s is \"%s\" instead of %s in %s", step->line, pair, found,
			         wanted, out);
	}
}

static void remember_token(const char *out, char token[32])
{
	char fresh[32];
	if (*out && json_member(out, "token", fresh, sizeof fresh))
		memcpy(token, fresh, sizeof fresh);
}

static void run(const struct step *step, char token[32])
{
	const struct tool tool = {.directory = STORE, .json = true};
	char line[256];
	const char *at = strstr(step->line, "TOKEN");
	(void)snprintf(line, sizeof line, "%.*s%s%s",
	               (int)(at ? (size_t)(at - step->line) : strlen(step->line)), step->line,
	               at ? token : "", at ? at + 5 : "");
	struct ran ran = tool_expect(&tool, line, step->status);
	if (json_lines(ran.out) != step->lines)
		fail_msg("holdfast %s\nprinted %zu objects: %s", line, json_lines(ran.out), ran.out);
	if (step->status != 0)
		assert_int_equal(json_lines(ran.err), 1);
	check_members(step, ran.out, token);
	remember_token(ran.out, token);
	tool_free(&ran);
}

static void every_line_of_the_script_does_what_it_says(void **state)
{
	char token[32] = "0";
	(void)state;
	for (size_t i = 0; i < sizeof script / sizeof *script; i++)
		run(&script[i], token);
}

/* --- JSON Lines ------------------------------------------------------------------------------- */

static void call(const char *directory, const char *line)
{
	const struct tool tool = {.directory = directory};
	struct ran ran = tool_expect(&tool, line, 0);
	tool_free(&ran);
}

static char *export_of(const char *directory)
{
	const struct tool tool = {.directory = directory};
	struct ran ran = tool_expect(&tool, "export", 0);
	/* The header tells store and LSN apart: what follows must be the same. */
	char *rest = strchr(ran.out, '\n');
	assert_non_null(rest);
	char *copy = strdup(rest);
	assert_non_null(copy);
	/* So does the checksum of the end line, which has the header in it. */
	char *sum = strstr(copy, ",\"checksum\":\"xxh3");
	assert_non_null(sum);
	*sum = '\0';
	tool_free(&ran);
	return copy;
}

static void json_lines_carry_all_of_it(void **state)
{
	static const char *const lines[] = {
	    "init",
	    "outbox configure q --dedup-window 1h --dedup-max 7",
	    "outbox enqueue q a b --group g --payload one",
	    "outbox claim q a --lease 1h",
	    "outbox enqueue q a --payload two --dedup rerun",
	    "outbox enqueue q c",
	    "queue drain q true",
	    "queue pause q",
	    "queue pause plain",
	    "outbox enqueue defaults x",
	};
	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		call(STORE, lines[i]);
	call(COPY, "init");
	char *before = export_of(STORE);
	const struct tool copy = {.directory = STORE}, there = {.directory = COPY};
	struct ran all = tool_expect(&copy, "export", 0);
	const struct tool in = {.directory = COPY, .input = all.out};
	struct ran ran = tool_expect(&in, "import", 0);
	tool_free(&ran);
	char *after = export_of(COPY);
	assert_string_equal(before, after);
	assert_non_null(strstr(after, "\"rerun\":true"));
	assert_non_null(strstr(after, "\"kind\":\"outbox_completed\",\"queue\":\"q\",\"id\":\"c\""));
	assert_null(strstr(after, "\"queue\":\"defaults\",\"max_attempts\":5,\"dedup"));
	/* Again: all of it is there. */
	ran = tool_expect(&in, "import --json", 0);
	char count[16] = "";
	assert_true(json_member(ran.out, "added", count, sizeof count));
	assert_string_equal(count, "0");
	tool_free(&ran);
	/* The id that was completed in the one store blocks in the other. */
	ran = tool_expect(&there, "outbox enqueue q c --json", 0);
	assert_true(json_member(ran.out, "changed", count, sizeof count));
	assert_string_equal(count, "false");
	tool_free(&ran);
	/* Different settings are a conflict, and give way to --replace. */
	call(COPY, "queue resume q");
	ran = tool_expect(&in, "import", 4);
	tool_free(&ran);
	ran = tool_expect(&in, "import --replace", 0);
	tool_free(&ran);
	char *again = export_of(COPY);
	assert_string_equal(before, again);
	free(again);
	free(before);
	free(after);
	tool_free(&all);
}

static int remove_store(void **state)
{
	(void)state;
	remove_tree(STORE);
	return 0;
}

static int remove_stores(void **state)
{
	(void)remove_store(state);
	remove_tree(COPY);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(every_line_of_the_script_does_what_it_says, remove_store),
	    cmocka_unit_test_teardown(json_lines_carry_all_of_it, remove_stores),
	};
	unsetenv("HOLDFAST_DIR");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
