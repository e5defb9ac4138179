/* tier: fast, threads */
/* The lock commands as a process: what each does and prints, with which status it ends; locks
 * through JSON Lines and back; run-locked, which holds a lock while a command runs. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "holdfast/holdfast.h"
#include "lib/remove_tree.h"
#include "lib/test.h"
#include "lib/tools/tool.h"

#define STORE "store"
#define COPY "copy"

/* --- The script ------------------------------------------------------------------------------- */

/* TOKEN stands for the token that was granted last, FIRST for the first one. */
static const struct step {
	const char *line;
	int status;
	/* "member=value member=value" of the last line of JSON; of the complaint, where there is one */
	const char *expect;
	size_t lines; /* objects it must print */
} script[] = {
    {"lock get a", 1, "error.name=HF_ENOTFOUND", 0},
    {"lock acquire a w1 --lease 1h", 0, "schema=holdfast.result/1 changed=true count=1 version=1",
     1},
    {"lock acquire a w2", 4, "error.name=HF_EHELD", 0},
    {"lock acquire a w2 --for 100ms", 3, "error.name=HF_ETIMEDOUT", 0},
    {"lock acquire a w1 --expect 7", 4, "error.name=HF_ECONFLICT", 0},
    {"lock acquire a w1 --lease 2h", 0, "changed=true version=2", 1},
    {"lock check a TOKEN", 0, "schema=holdfast.lock-check/1 name=a held=true", 1},
    {"lock check a FIRST", 4, "error.name=HF_ESTALE", 0},
    {"lock renew a FIRST", 4, "error.name=HF_ESTALE", 0},
    {"lock renew a TOKEN --lease 3h", 0, "changed=true version=3 token=TOKEN", 1},
    {"lock release a FIRST", 4, "error.name=HF_ESTALE", 0},
    {"lock get a", 0, "schema=holdfast.lock/1 name=a owner=w1 token=TOKEN version=3", 1},
    {"lock acquire b w2 --lease 1h", 0, "changed=true", 1},
    {"lock list", 0, "name=b owner=w2", 2},
    {"lock list --limit 1", 0, "schema=holdfast.page/1", 2},
    {"lock list --page zzz", 2, "error.name=HF_EINVAL", 0},
    {"lock force-release b --yes", 2, "error.name=HF_EINVAL", 0},
    {"lock force-release b --reason hangs", 2, "error.name=HF_EINVAL", 0}, /* nobody to ask */
    {"lock force-release b --reason '' --yes", 4, "error.name=HF_EREASON", 0},
    {"lock force-release b --reason hangs --yes", 0, "changed=true count=1 version=0", 1},
    {"lock force-release b --reason hangs --yes", 0, "changed=false", 1},
    {"lock check b TOKEN", 4, "error.name=HF_ESTALE", 0},
    {"lock acquire c w3 --lease 1ms", 0, "changed=true", 1},
    {"lock acquire c w4 --lease 0", 2, "error.name=HF_EINVAL", 0},
    /* its lease is over, now or soon */
    {"lock acquire c w4 --lease 1m --for 5s", 0, "changed=true", 1},
    {"lock release c TOKEN", 0, "changed=true", 1},
    {"lock acquire '' w", 2, "error.name=HF_EINVAL", 0},
    {"lock acquire c", 2, "error.name=HF_EINVAL", 0},
    {"lock release c twelve", 2, "error.name=HF_EINVAL", 0},
    {"lock list", 0, "name=a", 1},
    {"stats", 0, "locks=1", 1},
};

static void check_members(const struct step *step, const char *text, const char *token)
{
	char copy[512];
	(void)snprintf(copy, sizeof copy, "%s", step->expect);
	for (char *save = NULL, *pair = strtok_r(copy, " ", &save); pair;
	     pair = strtok_r(NULL, " ", &save)) {
		char found[256] = "";
		char *value = strchr(pair, '=');
		assert_non_null(value);
		*value++ = '\0';
		const char *wanted = strcmp(value, "TOKEN") == 0 ? token : value;
		if (!json_member(text, pair, found, sizeof found) || strcmp(found, wanted) != 0)
			fail_msg("holdfast %s\n%s is %s instead of %s in %s", step->line, pair, found, wanted,
			         text);
	}
}

static void replace(const char *line, const char *word, const char *by, char *out, size_t size)
{
	const char *at = strstr(line, word);
	if (at)
		(void)snprintf(out, size, "%.*s%s%s", (int)(at - line), line, by, at + strlen(word));
	else
		(void)snprintf(out, size, "%s", line);
}

static void call(const char *directory, const char *line, int status)
{
	struct ran ran = tool_expect(&(struct tool){.directory = directory}, line, status);
	tool_free(&ran);
}

static void each_command_does_what_the_library_does(void **state)
{
	const struct tool tool = {.directory = STORE, .json = true};
	char first[32] = "", token[32] = "";
	(void)state;
	call(STORE, "init", 0);
	for (size_t i = 0; i < sizeof script / sizeof *script; i++) {
		const struct step *step = &script[i];
		char half[256], line[256], fresh[32];
		replace(step->line, "TOKEN", token, half, sizeof half);
		replace(half, "FIRST", first, line, sizeof line);
		struct ran ran = tool_expect(&tool, line, step->status);
		if (json_lines(ran.out) != step->lines)
			fail_msg("holdfast %s\nprinted %s", line, ran.out);
		check_members(step, step->status ? ran.err : ran.out, token);
		if (*ran.out && strncmp(line, "lock acquire", 12) == 0 &&
		    json_member(ran.out, "token", fresh, sizeof fresh)) {
			memcpy(token, fresh, sizeof token);
			if (!*first)
				memcpy(first, fresh, sizeof first);
		}
		tool_free(&ran);
	}
	remove_tree(STORE);
}

static void people_get_words_and_a_table(void **state)
{
	const struct tool tool = {.directory = STORE};
	(void)state;
	call(STORE, "init", 0);
	struct ran ran = tool_expect(&tool, "lock list", 0);
	assert_string_equal(ran.err, "holdfast: nothing there\n");
	tool_free(&ran);
	ran = tool_expect(&tool, "lock acquire a w1", 0);
	assert_string_equal(ran.out, "acquired, version 1, token 281474976710657\n");
	tool_free(&ran);
	ran = tool_expect(&tool, "lock acquire a w2", 4);
	assert_non_null(strstr(ran.err, "\"a\" is held by \"w1\" for another "));
	tool_free(&ran);
	ran = tool_expect(&tool, "lock list", 0);
	assert_int_equal(strncmp(ran.out, "NAME  OWNER  ACQUIRED AT", 24), 0);
	tool_free(&ran);
	remove_tree(STORE);
}

/* --- JSON Lines ------------------------------------------------------------------------------- */

static char *export_of(const char *directory)
{
	struct ran ran = tool_expect(&(struct tool){.directory = directory}, "export", 0);
	char *lines = strdup(strchr(ran.out, '\n')); /* without the header, which names the store */
	assert_non_null(lines);
	char *sum = strstr(lines, ",\"checksum\":"); /* of the last line: over the header too */
	assert_non_null(sum);
	*sum = '\0';
	tool_free(&ran);
	return lines;
}

static void leased_locks_survive_a_round_trip(void **state)
{
	static const char ended[] = "{\"kind\":\"header\",\"format\":\"holdfast.jsonl/1\"}\n"
	                            "{\"kind\":\"lock\",\"name\":\"c\",\"owner\":\"w\",\"acquired_at\":"
	                            "\"1970-01-01T00:00:00.000001Z\","
	                            "\"lease_until\":\"1970-01-01T00:00:00.000002Z\"}\n";
	(void)state;
	call(STORE, "init", 0);
	call(STORE, "lock acquire a w1 --lease 1h", 0);
	call(STORE, "lock acquire b w2 --lease 2h", 0);
	call(STORE, "export lines", 0);
	call(COPY, "init", 0);
	call(COPY, "import lines", 0);
	char *before = export_of(STORE), *after = export_of(COPY);
	assert_non_null(
	    strstr(before, "{\"kind\":\"lock\",\"name\":\"b\",\"owner\":\"w2\",\"acquired_at\":\""));
	assert_string_equal(before, after);
	call(COPY, "import lines", 0); /* the same again is the same */
	struct ran ran =
	    tool_expect(&(struct tool){.directory = COPY, .json = true, .input = ended}, "import", 0);
	char count[32];
	assert_true(json_member(ran.out, "added", count, sizeof count));
	assert_string_equal(count, "0");
	tool_free(&ran);
	call(COPY, "lock get c", 1); /* its lease is over */
	call(COPY, "lock acquire a other", 4);
	call(COPY, "lock acquire a w1 --lease 5m", 0); /* its owner takes it over */
	call(COPY, "import lines", 4); /* held otherwise by now */
	call(COPY, "import lines --replace", 0);
	char *replaced = export_of(COPY);
	assert_string_equal(before, replaced);
	free(before);
	free(after);
	free(replaced);
	assert_int_equal(remove("lines"), 0);
	remove_tree(STORE);
	remove_tree(COPY);
}

/* --- run-locked ------------------------------------------------------------------------------- */

/* `sh -c TEXT` under the lock; the text may call $TOOL. */
static struct ran run_script(const char *options, const char *text, int status)
{
	const char *words[16];
	char copy[128];
	size_t count = 0;
	words[count++] = "run-locked";
	words[count++] = "leader";
	(void)snprintf(copy, sizeof copy, "%s", options);
	for (char *save = NULL, *word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		words[count++] = word;
	words[count++] = "--";
	words[count++] = "sh";
	words[count++] = "-c";
	words[count++] = text;
	words[count] = NULL;
	static const char *const variables[] = {"TOOL", HF_TOOL, NULL};
	struct ran ran = tool_run(&(struct tool){.directory = STORE, .variables = variables}, words);
	if (ran.status != status)
		fail_msg("%s: status %d\n%s%s", text, ran.status, ran.out, ran.err);
	return ran;
}

static void expect_script(const char *options, const char *text, int status, const char *out)
{
	struct ran ran = run_script(options, text, status);
	assert_string_equal(ran.out, out);
	tool_free(&ran);
}

/* In a child, in which no assertion may fail: it would go on with the tests behind this one. */
static hf_store *open_store(void)
{
	const struct hf_options options = {.wait_us = 5000000};
	hf_store *store = NULL;
	return hf_open(STORE, &options, &store, NULL) == HF_OK ? store : NULL;
}

static void a_command_runs_with_the_lock_and_its_status_is_passed_on(void **state)
{
	(void)state;
	call(STORE, "init", 0);
	expect_script("", "echo $HOLDFAST_LOCK; test $HOLDFAST_TOKEN -gt 281474976710656", 0,
	              "leader\n");
	expect_script("", "exit 7", 7, "");
	expect_script("", "kill -9 $$", 137, "");
	call(STORE, "lock get leader", 1); /* released */
	/* The store is free meanwhile: the command itself may use it. */
	expect_script("--owner me",
	              "$TOOL -C " STORE
	              " -q lock check leader $HOLDFAST_TOKEN > /dev/null && echo mine",
	              0, "mine\n");
	expect_script("", "$TOOL -C " STORE " run-locked leader echo twice 2> /dev/null", 4, "");
	remove_tree(STORE);
}

static void a_lock_that_is_held_runs_nothing(void **state)
{
	(void)state;
	call(STORE, "init", 0);
	call(STORE, "lock acquire leader w1 --lease 1h", 0);
	struct ran ran = run_script("", "echo ran", 4);
	assert_string_equal(ran.out, "");
	assert_non_null(strstr(ran.err, "is held by \"w1\""));
	tool_free(&ran);
	expect_script("--for 100ms", "echo ran", 3, "");
	call(STORE, "run-locked other no-such-program", 2);
	call(STORE, "run-locked other", 2);
	call(STORE, "run-locked other --lease 0 true", 2);
	call(STORE, "lock get other", 1);
	remove_tree(STORE);
}

/* By another process, between whose looks others can open the store. 0: it failed. */
static hf_token wait_until_held(void)
{
	for (;;) {
		struct hf_lock_got got = {0};
		hf_store *store = open_store();
		const int rc = store ? hf_lock_get(store, hf_str("leader"), 0, &got, NULL) : HF_ELOCKED;
		const hf_token token = got.lock.token;
		hf_release(got.memory);
		if (!store || hf_close(store, NULL) != HF_OK)
			return 0;
		if (rc == HF_OK)
			return token;
		(void)usleep(5000);
	}
}

/* It must end with its parent: what fails there says so, instead of waiting for this one. */
static int meddle(void)
{
	const struct hf_lock_force_release_args force = {.name = hf_str("leader"),
	                                                 .reason = hf_str("a test")};
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return 1;
	const hf_token token = wait_until_held();
	hf_store *store = token ? open_store() : NULL;
	if (!store)
		return 1;
	const int rc = hf_lock_force_release(store, NULL, &force, NULL, NULL);
	return rc == HF_OK && hf_close(store, NULL) == HF_OK ? 0 : 1;
}

static void the_lease_is_renewed_while_the_command_runs(void **state)
{
	(void)state;
	call(STORE, "init", 0);
	/* Longer than the lease. */
	expect_script("--lease 900ms", "sleep 1.5", 0, "");
	struct ran ran = tool_expect(&(struct tool){.directory = STORE}, "log", 0);
	unsigned renewals = 0;
	for (const char *at = ran.out; (at = strstr(at, "renew \"leader\"")); at++)
		renewals++;
	assert_true(renewals >= 3);
	assert_non_null(strstr(ran.out, "release \"leader\""));
	tool_free(&ran);
	remove_tree(STORE);
}

static void a_command_whose_lock_is_taken_away_is_stopped(void **state)
{
	(void)state;
	call(STORE, "init", 0);
	const pid_t meddler = fork();
	if (meddler == 0)
		_exit(meddle());
	assert_true(meddler > 0);
	struct ran ran =
	    run_script("--lease 600ms", "trap 'echo stopped; exit 0' TERM; sleep 60 & wait", 4);
	assert_string_equal(ran.out, "stopped\n");
	assert_non_null(strstr(ran.err, "the lock was lost"));
	tool_free(&ran);
	int status = -1;
	assert_int_equal(waitpid(meddler, &status, 0), meddler);
	assert_int_equal(status, 0);
	remove_tree(STORE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_command_does_what_the_library_does),
	    cmocka_unit_test(people_get_words_and_a_table),
	    cmocka_unit_test(leased_locks_survive_a_round_trip),
	    cmocka_unit_test(a_command_runs_with_the_lock_and_its_status_is_passed_on),
	    cmocka_unit_test(a_lock_that_is_held_runs_nothing),
	    cmocka_unit_test(the_lease_is_renewed_while_the_command_runs),
	    cmocka_unit_test(a_command_whose_lock_is_taken_away_is_stopped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
