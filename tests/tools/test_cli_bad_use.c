/* tier: fast */
/* Bad use of the tool: whatever is wrong, it says one clear sentence and changes nothing. */
#include "refused_case.h"

/* In a line PAGE, FOREIGN, STALE, LONG and LONGEST stand for the values above. `directory` NULL:
 * STORE. */
static const struct bad {
	const char *line;
	int status;
	const char *code;
	const char *says;
	const char *directory;
} table[] = {
    /* commands and options */
    {"inbox dimiss ann t1", 2, "HF_EINVAL",
     "there is no command 'inbox dimiss'; the nearest is 'inbox dismiss'", NULL},
    {"outbx list mail", 2, "HF_EINVAL", "the nearest is 'outbox list'", NULL},
    {"outbx", 2, "HF_EINVAL", "there is no command 'outbx'; the nearest is 'outbox'", NULL},
    {"cursro frobnicate", 2, "HF_EINVAL", "the nearest is 'cursor'", NULL},
    {"outbox frobnicate", 2, "HF_EINVAL", "there is no command 'outbox frobnicate'", NULL},
    {"fcsk", 2, "HF_EINVAL", "the nearest is 'fsck'", NULL},
    {"inbox zzzzzz", 2, "HF_EINVAL",
     "there is no command 'inbox zzzzzz'; see 'holdfast help inbox'", NULL},
    {"xyzzy", 2, "HF_EINVAL", "there is no command 'xyzzy'; see 'holdfast help'", NULL},
    {"outbox", 2, "HF_EINVAL", "'outbox' needs a verb; see 'holdfast help outbox'", NULL},
    {"", 2, "HF_EINVAL", "no command was given", NULL},
    {"help inbox sav", 2, "HF_EINVAL", "the nearest is 'inbox save'", NULL},
    {"inbox save ann t --scoer 1", 2, "HF_EINVAL",
     "there is no option --scoer; the nearest is --score", NULL},
    {"inbox save ann t -Z", 2, "HF_EINVAL", "there is no option -Z", NULL},
    {"inbox save ann t --score", 2, "HF_EINVAL", "--score needs a value", NULL},
    {"inbox load ann --unread=yes", 2, "HF_EINVAL", "takes no value", NULL},
    {"inbox get ann", 2, "HF_EINVAL", "THREAD is missing; see 'holdfast help inbox get'", NULL},
    {"inbox get ann t1 t2", 2, "HF_EINVAL", "'t2' is one argument too many", NULL},
    {"cursor reset mailer events 1", 2, "HF_EINVAL", "--reason TEXT is missing", NULL},

    /* values */
    {"inbox save ann t --score nan", 2, "HF_EINVAL", "a score is not a number", NULL},
    {"inbox save ann t --score 1x", 2, "HF_EINVAL", "--score: '1x' is not a number", NULL},
    {"inbox save ann t --score 1e999", 2, "HF_EINVAL", "is not a number", NULL},
    {"inbox save ann t --updated-at yesterday", 2, "HF_EINVAL",
     "is not a time like 2026-11-20T09:30:00Z", NULL},
    {"inbox save ann t --updated-at 2026-02-29T00:00:00Z", 2, "HF_EINVAL", "is not a time", NULL},
    {"inbox save ann t --payload a --payload-file b", 2, "HF_EINVAL", "exclude each other", NULL},
    {"inbox save ann t --payload-file no-such-file", 7, "HF_EACCESS",
     "cannot read no-such-file: there is no such file", NULL},
    {"inbox load ann --limit -1", 2, "HF_EINVAL", "--limit: '-1' is not a whole number", NULL},
    {"inbox dismiss ann t1 --expect new", 2, "HF_EINVAL", "is not a version number or `absent`",
     NULL},
    {"inbox dismiss ann t1 --durability maybe", 2, "HF_EINVAL", "is not one of durable|os", NULL},
    {"inbox trim ann --yes", 2, "HF_EINVAL", "--max-records or --max-age is missing", NULL},
    /* 0 and none, where the library takes them for "not given" */
    {"inbox trim ann --max-records 0 --max-age 1d --yes", 2, "HF_EINVAL", "0 is no bound", NULL},
    {"inbox trim ann --max-records 5 --max-age 0 --yes", 2, "HF_EINVAL", "0 is no bound", NULL},
    {"timeline retain t --max-events 5 --max-age 0 --yes", 2, "HF_EINVAL",
     "--max-age: 0 would keep nothing", NULL},
    {"doc put c x --ttl 0", 2, "HF_EINVAL", "--ttl: after 0 it would be gone", NULL},
    {"doc put c x --ttl 0.0000009s", 2, "HF_EINVAL", "is not a duration", NULL},
    {"idem complete s k 1 --ttl 0s", 2, "HF_EINVAL", "--ttl: 0 would not keep it", NULL},
    {"outbox claim-next mail --max 0", 2, "HF_EINVAL", "--max: 0 is no item", NULL},
    {"outbox fail mail i1 1 --backoff fixed --delay 1s --cap 0", 2, "HF_EINVAL",
     "--cap: 0 is no bound", NULL},
    {"outbox drain mail --backoff fixed --delay 1s --cap 0 -- true", 2, "HF_EINVAL",
     "--cap: 0 is no bound", NULL},
    {"outbox drain mail --delay 1s -- true", 2, "HF_EINVAL", "need --backoff fixed", NULL},
    {"queue prune mail --enqueued-before none --yes", 2, "HF_EINVAL",
     "--enqueued-before: 'none' is no condition", NULL},
    {"outbox claim mail i2 --lease 5parsecs", 2, "HF_EINVAL", "is not a duration like 250ms", NULL},
    {"outbox claim mail i2 --lease 0", 2, "HF_EINVAL",
     "a claim without a lease would end with this command", NULL},
    {"outbox complete mail i1 seven", 2, "HF_EINVAL", "TOKEN: 'seven' is not a whole number", NULL},
    {"cursor advance mailer events 99999999999999999999", 2, "HF_EINVAL", "SEQUENCE: ", NULL},
    {"cursor advance mailer events 0", 2, "HF_EINVAL", "sequence", NULL},
    {"outbox drain mail no-such-program", 2, "HF_EINVAL",
     "'no-such-program' is no program that can be run", NULL},

    /* keys and pages */
    {"inbox get ann LONG", 2, "HF_EINVAL", "thread", NULL},
    {"outbox enqueue LONG x", 2, "HF_EINVAL", "queue", NULL},
    {"outbox enqueue mail LONG", 2, "HF_EINVAL", "id", NULL},
    {"cursor advance LONG events 1", 2, "HF_EINVAL", "consumer", NULL},
    {"outbox get mail LONGEST", 1, "HF_ENOTFOUND", "kkkk", NULL},
    {"inbox get '' t1", 2, "HF_EINVAL", "user", NULL},
    {"inbox load ann --page FOREIGN", 2, "HF_EINVAL", "page", NULL},
    {"inbox load ann --page PAGEx", 2, "HF_EINVAL", "page", NULL},
    {"inbox load bob --page PAGE", 2, "HF_EINVAL", "page", NULL},
    {"outbox list mail --page PAGE", 2, "HF_EINVAL", "page", NULL},
    {"cursor list --page nonsense!", 2, "HF_EINVAL", "page", NULL},

    /* rules */
    {"inbox get ann nothing", 1, "HF_ENOTFOUND", "\"nothing\"", NULL},
    {"inbox dismiss ann nothing", 1, "HF_ENOTFOUND", "\"nothing\"", NULL},
    {"inbox dismiss ann t1 --expect 999", 4, "HF_ECONFLICT", "version", NULL},
    {"outbox complete mail i1 STALE", 4, "HF_ESTALE", "no owner holds the item any more", NULL},
    {"cursor advance mailer events 41", 4, "HF_ENONMONOTONIC", "42", NULL},
    {"cursor reset mailer events 1 --reason ''", 4, "HF_EREASON", "reason", NULL},
    {"cursor reset mailer events -- -1", 2, "HF_EINVAL", "--reason", NULL},

    /* destructive without --yes and without a terminal */
    {"inbox clear ann", 2, "HF_EINVAL",
     "remove all records of ann, and there is no terminal to ask on: say --yes", NULL},
    {"inbox prune ann work", 2, "HF_EINVAL", "say --yes", NULL},
    {"inbox trim ann --max-records 1", 2, "HF_EINVAL", "say --yes", NULL},
    {"inbox save ann t1 --replace", 2, "HF_EINVAL", "say --yes", NULL},
    {"outbox clear mail", 2, "HF_EINVAL", "say --yes", NULL},

    /* directories */
    {"info", 1, "HF_ENOTFOUND", "empty: the directory holds no store; 'holdfast init' makes one",
     "empty"},
    {"snapshot take", 1, "HF_ENOTFOUND",
     "empty: the directory holds no store; 'holdfast init' makes one", "empty"},
    {"inbox save ann t", 1, "HF_ENOTFOUND", "empty: the directory holds no store", "empty"},
    {"info", 1, "HF_ENOTFOUND", "missing: ", "missing"},
    {"info", 7, "HF_EACCESS", "a-file: the directory could not be opened: a file is in the way",
     "a-file"},
    {"info", 7, "HF_EACCESS",
     "a-file/deeper: the directory could not be opened: a file is in the way", "a-file/deeper"},
    {"init", 7, "HF_EACCESS",
     "a-file: the directory could not be opened: a file is in the way where a directory is needed",
     "a-file"},
    {"init", 7, "HF_EACCESS",
     "a-file/deeper: the directory could not be opened: a file is in the way", "a-file/deeper"},
    {"init", 1, "HF_ENOTFOUND",
     "missing/deeper: the directory above it does not exist; make that first", "missing/deeper"},
    {"info", 1, "HF_ENOTFOUND",
     "missing/deeper: there is no such directory; the directory above it does not exist either: "
     "make that first",
     "missing/deeper"},

    /* files that cannot be read */
    {"outbox enqueue mail i9 --payload-file missing", 7, "HF_EACCESS",
     "cannot read missing: there is no such file", NULL},
    {"outbox enqueue mail i9 --payload-file empty", 7, "HF_EACCESS",
     "cannot read empty: Is a directory", NULL},
    {"outbox enqueue mail i9 --payload-file a-file/deeper", 7, "HF_EACCESS",
     "cannot read a-file/deeper: Not a directory", NULL},
    {"import --queue q missing", 7, "HF_EACCESS", "cannot read missing: there is no such file",
     NULL},
    {"import --queue q empty", 7, "HF_EACCESS", "cannot read empty: Is a directory", NULL},
    {"import --queue q a-file/deeper", 7, "HF_EACCESS",
     "cannot read a-file/deeper: Not a directory", NULL},
    {"import --queue q a-file", 2, "HF_EINVAL", "premature EOF", NULL},

    /* and places that cannot be written to */
    {"export missing/deeper", 7, "HF_EACCESS", "its directory does not exist", NULL},
    {"export a-file/deeper", 7, "HF_EACCESS", "cannot write a-file/deeper: Not a directory", NULL},
    {"export empty", 7, "HF_EACCESS", "cannot write empty: Is a directory", NULL},
    {"export /dev/full", 7, "HF_ENOSPACE", "cannot write /dev/full: No space left on device", NULL},
    {"info", 2, "HF_EINVAL", "no store was named: give -C DIR or set HOLDFAST_DIR", ""},
};

/* `line` with the words in capitals replaced. */
static void fill_in(const char *line, char *out, size_t size)
{
	const struct {
		const char *name, *value;
	} words[] = {{"PAGE", page_here},
	             {"FOREIGN", page_there},
	             {"STALE", stale_token},
	             {"LONGEST", longest_key},
	             {"LONG", long_key}};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const char *at = strstr(line, words[i].name);
		if (at) {
			snprintf(out, size, "%.*s%s%s", (int)(at - line), line, words[i].value,
			         at + strlen(words[i].name));
			return;
		}
	}
	snprintf(out, size, "%s", line);
}

static void bad_use_gets_one_sentence_the_right_exit_status_and_changes_nothing(void **state)
{
	char *before = contents(STORE), line[1024];
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		const struct tool tool = {.directory = table[i].directory ? table[i].directory : STORE};
		fill_in(table[i].line, line, sizeof line);
		must_refuse(&tool, line, table[i].status, table[i].code, table[i].says);
	}
	char *after = contents(STORE);
	assert_string_equal(before, after);
	free(before);
	free(after);
	/* Nothing was left where no store was. */
	assert_int_equal(rmdir("empty"), 0);
	assert_int_equal(mkdir("empty", 0700), 0);
	assert_int_equal(access("missing", F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bad_use_gets_one_sentence_the_right_exit_status_and_changes_nothing),
	};
	return cmocka_run_group_tests_name("bad use", tests, set_up, tear_down);
}
