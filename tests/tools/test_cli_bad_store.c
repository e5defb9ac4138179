/* tier: fast */
/* Stores that the tool cannot open, output that goes nowhere, and disks that take nothing: it says
 * one clear sentence, and what was acknowledged is there.
 *
 * Read-only and full disks are made with mounts in a mount namespace of the test's own, which
 * needs root or user namespaces; where neither is allowed these two say SKIP. */
#include <sched.h>
#include <sys/mount.h>

#include "log/identity.h"
#include "refused_case.h"

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

static void everyone_sees_damage(void)
{
	static const char *const commands[] = {
	    "info", "inbox save ann t9", "init", "log", "segments", "export", "compact", "backup copy"};
	const struct tool tool = {.directory = STORE};
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		must_refuse(&tool, commands[i], 5, "HF_ECORRUPT", "holdfast salvage");
	struct ran ran = tool_expect(&tool, "fsck", 5);
	tool_free(&ran);
}

/* To be told that there is no store would lead to a new one beside the remains. */
static void a_store_that_lost_its_identity_is_damaged_and_not_missing(void **state)
{
	char *before = contents(STORE);
	(void)state;
	assert_int_equal(rename(STORE "/IDENTITY", "identity"), 0);
	everyone_sees_damage();
	/* What else speaks of a log. */
	assert_int_equal(rename(STORE "/segment-00000002", "segment"), 0);
	everyone_sees_damage();
	assert_int_equal(rename(STORE "/WITNESS", STORE "/snapshot-000000000001"), 0);
	everyone_sees_damage();
	assert_int_equal(rename(STORE "/snapshot-000000000001", STORE "/WITNESS"), 0);
	assert_int_equal(rename("segment", STORE "/segment-00000002"), 0);
	assert_int_equal(rename("identity", STORE "/IDENTITY"), 0);
	char *again = contents(STORE);
	assert_string_equal(before, again);
	free(before);
	free(again);
}

/* An operator moved it to another disk: what lies behind the link is not lost. */
static void a_salvage_names_the_link_that_hides_a_file(void **state)
{
	static const char *const names[] = {"IDENTITY", "WITNESS", "segment-00000002"};
	const struct tool tool = {0};
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[64];
		(void)snprintf(path, sizeof path, STORE "/%s", names[i]);
		assert_int_equal(rename(path, "elsewhere"), 0);
		assert_int_equal(symlink("../elsewhere", path), 0);
		must_refuse(&tool, "salvage " STORE " saved --yes", 7, "HF_EACCESS", "is a symbolic link");
		assert_int_equal(rename("elsewhere", path), 0);
	}
	assert_int_not_equal(access("saved", F_OK), 0);
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
	must_refuse(&tool, "--wait 0 inbox dismiss ann t1", 3, "HF_ELOCKED",
	            STORE ": another opener writes this store");
	must_refuse(&tool, "inbox dismiss ann t1 --wait 50ms", 3, "HF_ELOCKED", "another opener");
	must_refuse(&tool, "init --wait 0", 3, "HF_ELOCKED", "another opener");
	assert_int_equal(hf_close(store, &error), HF_OK);
	char *after = contents(STORE);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void who_only_reads_needs_no_turn(void **state)
{
	static const char *const lines[] = {
	    "stats",       "claims",    "claims --stuck", "queue stats", "outbox list q",
	    "cursor list", "lock list", "inbox load ann", "export",      "clock show"};
	const struct tool tool = {.directory = STORE, .json = true};
	const struct hf_options options = {.no_background = true};
	char found[64], expected[64];
	hf_store *store = NULL;
	(void)state;
	assert_int_equal(hf_open(STORE, &options, &store, NULL), HF_OK);
	char *before = contents(STORE);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct ran ran = tool_expect(&tool, lines[i], 0);
		tool_free(&ran);
	}
	struct ran ran = tool_expect(&tool, "info", 0);
	assert_true(json_member(ran.out, "last_stop", found, sizeof found));
	assert_string_equal(found, "a writer is at work");
	assert_true(json_member(ran.out, "holder", found, sizeof found));
	snprintf(expected, sizeof expected, "pid %ld since ", (long)getpid());
	assert_memory_equal(found, expected, strlen(expected));
	tool_free(&ran);
	char *after = contents(STORE);
	assert_string_equal(before, after);
	assert_int_equal(hf_close(store, NULL), HF_OK);
	ran = tool_expect(&tool, "info", 0);
	assert_true(json_member(ran.out, "last_stop", found, sizeof found));
	assert_string_equal(found, "clean");
	tool_free(&ran);
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
	    cmocka_unit_test(a_store_of_a_newer_format_is_refused_and_not_touched),
	    cmocka_unit_test(a_store_that_lost_its_identity_is_damaged_and_not_missing),
	    cmocka_unit_test(a_salvage_names_the_link_that_hides_a_file),
	    cmocka_unit_test(a_second_opener_is_told_and_may_wait),
	    cmocka_unit_test(who_only_reads_needs_no_turn),
	    cmocka_unit_test(damage_is_named_with_its_file),
	    cmocka_unit_test(lost_output_is_noticed_and_the_change_is_kept),
	    cmocka_unit_test(a_read_only_directory_is_told_and_stays_as_it_is),
	    cmocka_unit_test(a_full_disk_is_told_and_loses_nothing_that_was_acknowledged),
	};
	return cmocka_run_group_tests_name("bad stores", tests, set_up, tear_down);
}
