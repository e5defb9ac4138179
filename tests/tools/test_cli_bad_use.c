/* tier: fast */
/* Bad use of the tool: whatever is wrong, it says one clear sentence on stderr, ends with the
 * exit status of its kind, prints no data, and the store holds afterwards exactly what it held
 * before.
 *
 * Read-only and full disks are made with mounts in a mount namespace of the test's own, which
 * needs root or user namespaces; where neither is allowed these two say SKIP. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "holdfast/store.h"
#include "lib/remove_tree.h"
#include "lib/test.h"
#include "lib/tools/tool.h"
#include "log/identity.h"
#include "print/buffer.h"

#define STORE "store"
#define OTHER "other"

static char page_here[256], page_there[256]; /* tokens of pages of an inbox in STORE and in OTHER */
static char stale_token[32];
static char long_key[513 + 1], longest_key[512 + 1];

/* --- A store with something in it ------------------------------------------------------------- */

static void do_quietly(const char *directory, const char *line)
{
	const struct tool tool = {.directory = directory};
	struct ran ran = tool_expect(&tool, line, 0);
	tool_free(&ran);
}

static void remember(const char *directory, const char *line, const char *member, char *out,
                     size_t size)
{
	const struct tool tool = {.directory = directory, .json = true};
	struct ran ran = tool_expect(&tool, line, 0);
	assert_true(json_member(ran.out, member, out, size));
	tool_free(&ran);
}

static void make_store(const char *directory)
{
	do_quietly(directory, "init");
	do_quietly(directory, "inbox save ann t1 t2 t3 --payload hello --unread");
	do_quietly(directory, "inbox status set ann --status fine");
	do_quietly(directory, "cursor advance mailer events 42 --delivery-id d-42");
	do_quietly(directory, "outbox enqueue mail i1 i2 --payload letter");
}

/* All that is in it, as text. */
static char *contents(const char *directory)
{
	static const char *const reads[] = {"inbox load ann", "inbox status get ann", "cursor list",
	                                    "outbox list mail", "outbox list small"};
	const struct tool tool = {.directory = directory, .json = true};
	struct buffer all = {0};
	for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
		struct ran ran = tool_expect(&tool, reads[i], 0);
		buffer_text(&all, ran.out);
		tool_free(&ran);
	}
	assert_false(all.failed);
	return all.data;
}

static int set_up(void **state)
{
	(void)state;
	unsetenv("HOLDFAST_DIR");
	make_store(STORE);
	make_store(OTHER);
	remember(STORE, "inbox load ann --limit 1", "next", page_here, sizeof page_here);
	remember(OTHER, "inbox load ann --limit 1", "next", page_there, sizeof page_there);
	remember(STORE, "outbox claim mail i1 --lease 1h", "token", stale_token, sizeof stale_token);
	do_quietly(STORE, "outbox retry mail i1");
	memset(long_key, 'k', sizeof long_key - 1);
	memset(longest_key, 'k', sizeof longest_key - 1);
	assert_int_equal(mkdir("empty", 0700), 0);
	assert_int_equal(close(open("a-file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	remove_tree(STORE);
	remove_tree(OTHER);
	remove_tree("empty");
	return unlink("a-file");
}

/* --- What everyone must see ------------------------------------------------------------------- */

static void check_sentence(const char *err, const char *says)
{
	const char *end = strchr(err, '\n');
	if (strncmp(err, "holdfast: ", 10) != 0 || !end || end[1] != '\0' || !strstr(err, says))
		fail_msg("not one line 'holdfast: ...%s...': %s", says, err);
}

static void check_json_error(const char *err, const char *code, const char *says)
{
	char name[64] = "", message[1024] = "";
	assert_int_equal(json_lines(err), 1);
	assert_true(json_member(err, "error.name", name, sizeof name));
	assert_true(json_member(err, "error.message", message, sizeof message));
	assert_string_equal(name, code);
	assert_non_null(strstr(message, says));
}

/* Both ways of asking; what the store holds is compared by the caller. */
static void must_refuse(const struct tool *tool, const char *line, int status, const char *code,
                        const char *says)
{
	struct tool json = *tool;
	struct ran ran = tool_expect(tool, line, status);
	assert_string_equal(ran.out, "");
	check_sentence(ran.err, says);
	tool_free(&ran);
	json.json = true;
	ran = tool_expect(&json, line, status);
	assert_string_equal(ran.out, "");
	check_json_error(ran.err, code, says);
	tool_free(&ran);
}

/* --- The table -------------------------------------------------------------------------------- */

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
    {"outbox complete mail i1 STALE", 4, "HF_ESTALE", "nobody holds the item any more", NULL},
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

/* --- Stores that cannot be opened ------------------------------------------------------------- */

static void read_identity(const char *path, uint8_t bytes[HF__IDENTITY_SIZE])
{
	const int file = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(file, bytes, HF__IDENTITY_SIZE, 0), HF__IDENTITY_SIZE);
	assert_int_equal(close(file), 0);
}

static void write_identity(const char *path, const uint8_t bytes[HF__IDENTITY_SIZE])
{
	const int file = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(file, bytes, HF__IDENTITY_SIZE, 0), HF__IDENTITY_SIZE);
	assert_int_equal(close(file), 0);
}

static void a_store_of_a_newer_format_is_refused_and_not_touched(void **state)
{
	const struct tool tool = {.directory = STORE};
	uint8_t mine[HF__IDENTITY_SIZE], newer[HF__IDENTITY_SIZE], after[HF__IDENTITY_SIZE];
	struct hf__identity identity;
	char *before = contents(STORE);
	(void)state;
	read_identity(STORE "/IDENTITY", mine);
	assert_int_equal(hf__identity_decode(mine, sizeof mine, &identity), HF_OK);
	identity.format_major++;
	hf__identity_encode(&identity, newer);
	write_identity(STORE "/IDENTITY", newer);
	must_refuse(&tool, "info", 8, "HF_EVERSION", STORE ": the store was written by a newer format");
	must_refuse(&tool, "inbox save ann t9", 8, "HF_EVERSION", "newer format");
	must_refuse(&tool, "init", 8, "HF_EVERSION", "newer format");
	read_identity(STORE "/IDENTITY", after);
	assert_memory_equal(after, newer, sizeof newer);
	write_identity(STORE "/IDENTITY", mine);
	char *again = contents(STORE);
	assert_string_equal(before, again);
	free(before);
	free(again);
}

static void a_second_opener_is_told_and_may_wait(void **state)
{
	const struct tool tool = {.directory = STORE};
	const struct hf_options options = {.no_background = true};
	struct hf_error error;
	hf_store *store = NULL;
	char *before = contents(STORE);
	(void)state;
	assert_int_equal(hf_open(STORE, &options, &store, &error), HF_OK);
	must_refuse(&tool, "--wait 0 info", 3, "HF_ELOCKED",
	            STORE ": another opener writes this store");
	must_refuse(&tool, "inbox dismiss ann t1 --wait 50ms", 3, "HF_ELOCKED", "another opener");
	must_refuse(&tool, "init --wait 0", 3, "HF_ELOCKED", "another opener");
	assert_int_equal(hf_close(store, &error), HF_OK);
	char *after = contents(STORE);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void damage_is_named_with_its_file(void **state)
{
	const struct tool tool = {.directory = OTHER};
	(void)state;
	assert_int_equal(rename(OTHER "/WITNESS", OTHER "/hidden"), 0);
	must_refuse(&tool, "info", 5, "HF_ECORRUPT", "WITNESS");
	assert_int_equal(rename(OTHER "/hidden", OTHER "/WITNESS"), 0);
	do_quietly(OTHER, "info");
}

/* --- Output that goes nowhere ----------------------------------------------------------------- */

static void lost_output_is_noticed_and_the_change_is_kept(void **state)
{
	static const struct {
		enum tool_stdout to;
		const char *subject;
		const char *why;
	} ways[] = {{TOOL_STDOUT_CLOSED, "closed", "Bad file descriptor"},
	            {TOOL_STDOUT_FULL, "full", "No space left on device"},
	            {TOOL_STDOUT_GONE, "gone", "Broken pipe"}};
	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		const struct tool lost = {.directory = STORE, .to = ways[i].to},
		                  kept = {.directory = STORE, .json = true};
		char line[128], found[32];
		snprintf(line, sizeof line, "cursor advance lost stdout 5 --subject %s", ways[i].subject);
		struct ran ran = tool_expect(&lost, line, 7);
		check_sentence(ran.err, ways[i].why);
		check_sentence(ran.err, "the change itself was made and is kept");
		tool_free(&ran);
		snprintf(line, sizeof line, "cursor get lost stdout --subject %s", ways[i].subject);
		ran = tool_expect(&lost, line, 7);
		check_sentence(ran.err, "the output could not be written");
		tool_free(&ran);
		ran = tool_expect(&kept, line, 0);
		assert_true(json_member(ran.out, "last_sequence", found, sizeof found));
		assert_string_equal(found, "5");
		tool_free(&ran);
		/* Help is data too; a command with nothing to say cannot lose it. */
		ran = tool_expect(&lost, "help", 7);
		tool_free(&ran);
		ran = tool_expect(&lost, "-q cursor advance lost stdout 6", 0);
		tool_free(&ran);
		snprintf(line, sizeof line, "cursor remove lost stdout");
		ran = tool_expect(&kept, line, 0);
		tool_free(&ran);
	}
}

/* --- Disks ------------------------------------------------------------------------------------ */

/* From here on this process has its own view of what is mounted. */
static bool own_mounts(void)
{
	static int known; /* 1: yes, -1: no */
	if (known == 0) {
		const int flags = geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
		known =
		    unshare(flags) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 ? 1 : -1;
	}
	return known == 1;
}

static bool no_mounts(int mounted)
{
	if (mounted != 0)
		print_message("SKIP: this machine does not let a test mount\n");
	return mounted != 0;
}

static void a_read_only_directory_is_told_and_stays_as_it_is(void **state)
{
	const struct tool tool = {.directory = STORE};
	char *before = contents(STORE);
	(void)state;
	int mounted = own_mounts() ? mount(STORE, STORE, NULL, MS_BIND, NULL) : -1;
	if (mounted == 0)
		mounted = mount(NULL, STORE, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
	if (no_mounts(mounted)) {
		(void)umount(STORE); /* a disk of its own, but not read-only */
		free(before);
		skip();
		return;
	}
	must_refuse(&tool, "inbox dismiss ann t1", 7, "HF_EACCESS", "read-only");
	must_refuse(&tool, "init", 7, "HF_EACCESS", STORE ": ");
	assert_int_equal(umount(STORE), 0);
	char *after = contents(STORE);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

/* Items of 3 kB go in until the answer is that there is no room; then every acknowledged one
 * must be there. */
static void a_full_disk_is_told_and_loses_nothing_that_was_acknowledged(void **state)
{
	const struct tool tool = {.directory = "small/store"},
	                  json = {.directory = "small/store", .json = true};
	char payload[3001], line[3200];
	size_t stored = 0;
	(void)state;
	assert_int_equal(mkdir("small", 0700), 0);
	if (no_mounts(own_mounts() ? mount("none", "small", "tmpfs", 0, "size=256k") : -1)) {
		assert_int_equal(rmdir("small"), 0);
		skip();
		return;
	}
	memset(payload, 'p', sizeof payload - 1);
	payload[sizeof payload - 1] = '\0';
	do_quietly("small/store", "init --segment-size 16384");
	struct ran ran = {0};
	for (;; stored++) {
		assert_true(stored < 1000); /* a disk of 256 kB takes no 3 MB */
		snprintf(line, sizeof line, "outbox enqueue small i%zu --payload %s", stored, payload);
		ran = tool_call(&tool, line);
		if (ran.status != 0)
			break;
		tool_free(&ran);
	}
	assert_int_equal(ran.status, 7);
	check_sentence(ran.err, "");
	tool_free(&ran);
	must_refuse(&tool, line, 7, "HF_ENOSPACE", "");
	ran = tool_expect(&json, "outbox list small --without-payload", 0);
	assert_int_equal(json_lines(ran.out), stored);
	assert_true(stored > 20);
	tool_free(&ran);
	assert_int_equal(umount("small"), 0);
	assert_int_equal(rmdir("small"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bad_use_gets_one_sentence_the_right_exit_status_and_changes_nothing),
	    cmocka_unit_test(a_store_of_a_newer_format_is_refused_and_not_touched),
	    cmocka_unit_test(a_second_opener_is_told_and_may_wait),
	    cmocka_unit_test(damage_is_named_with_its_file),
	    cmocka_unit_test(lost_output_is_noticed_and_the_change_is_kept),
	    cmocka_unit_test(a_read_only_directory_is_told_and_stays_as_it_is),
	    cmocka_unit_test(a_full_disk_is_told_and_loses_nothing_that_was_acknowledged),
	};
	return cmocka_run_group_tests_name("bad use", tests, set_up, tear_down);
}
