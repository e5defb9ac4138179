/* tier: fast */
/* Whole stores as one file, by the tool: through files and pipes, of stores that are in use, and
 * with the statuses that a script can act on. */
#include <sys/stat.h>
#include <unistd.h>

#include "holdfast/holdfast.h"
#include "lib/remove_tree.h"
#include "lib/test.h"
#include "lib/tools/tool.h"
#include "log/snapshot.h"

static const struct tool store = {.directory = "store", .json = true},
                         copy = {.directory = "copy", .json = true}, nowhere = {.json = true},
                         inside = {.directory = "store/inside", .json = true};

static void must(const struct tool *tool, const char *line)
{
	struct ran ran = tool_expect(tool, line, 0);
	tool_free(&ran);
}

static void refused(const struct tool *tool, const char *line, int status, const char *name,
                    const char *words)
{
	char found[64];
	struct ran ran = tool_expect(tool, line, status);
	assert_true(json_member(ran.err, "error.name", found, sizeof found));
	assert_string_equal(found, name);
	if (!strstr(ran.err, words))
		fail_msg("no '%s' in %s", words, ran.err);
	tool_free(&ran);
}

static int make_store(void **state)
{
	(void)state;
	must(&store, "init");
	must(&store, "outbox enqueue mail m1 --payload hello");
	must(&store, "doc put jobs a --payload one");
	return 0;
}

static int remove_all(void **state)
{
	(void)state;
	if (access("store", F_OK) == 0)
		remove_tree("store");
	if (access("copy", F_OK) == 0)
		remove_tree("copy");
	(void)remove("file");
	(void)remove("other");
	return 0;
}

static void expect_copy(const char *epoch)
{
	char found[64];
	struct ran ran = tool_expect(&copy, "doc get jobs a", 0);
	assert_true(json_member(ran.out, "payload", found, sizeof found));
	assert_string_equal(found, "one");
	tool_free(&ran);
	ran = tool_expect(&copy, "info", 0);
	assert_true(json_member(ran.out, "epoch", found, sizeof found));
	assert_string_equal(found, epoch);
	tool_free(&ran);
	must(&copy, "fsck");
}

static void a_file_goes_out_and_comes_in(void **state)
{
	(void)state;
	must(&store, "snapshot export file");
	must(&nowhere, "snapshot verify file");
	must(&copy, "snapshot import file");
	expect_copy("2");
	refused(&copy, "snapshot import file", 4, "HF_ECONFLICT", "--replace replaces the store");
	must(&copy, "snapshot import file --replace --epoch-above 8");
	expect_copy("9");
}

static void a_pipe_joins_two_stores(void **state)
{
	char line[600];
	(void)state;
	snprintf(line, sizeof line,
	         "%s -C store snapshot export - | %s -C copy snapshot import - "
	         ">/dev/null",
	         HF_TOOL, HF_TOOL);
	assert_int_equal(system(line), 0); /* NOLINT: a pipe is what is tested */
	expect_copy("2");
}

static void a_store_in_use_is_exported(void **state)
{
	hf_store *held;
	(void)state;
	const struct hf_options quiet = {.no_background = true};
	assert_int_equal(hf_open("store", &quiet, &held, NULL), HF_OK);
	must(&store, "snapshot export file --wait 0");
	refused(&store, "snapshot import file --replace --wait 0", 3, "HF_ELOCKED", "is open");
	assert_int_equal(hf_close(held, NULL), HF_OK);
	must(&copy, "snapshot import file");
	expect_copy("2");
}

static void damage_and_newer_files_have_a_status_of_their_own(void **state)
{
	struct hf__snapshot_header h = {.format_major = 2, .incompat = 1u << 9, .exported = true};
	uint8_t sector[HF__SNAPSHOT_HEADER_SIZE];
	(void)state;
	must(&store, "snapshot export file");
	assert_int_equal(truncate("file", 700), 0);
	refused(&nowhere, "snapshot verify file", 5, "HF_ECORRUPT", "file: the file is no whole");
	refused(&copy, "snapshot import file", 5, "HF_ECORRUPT", "file: the file is no whole");
	hf__snapshot_header_encode(&h, sector);
	FILE *file = fopen("file", "w");
	assert_non_null(file);
	assert_int_equal(fwrite(sector, 1, sizeof sector, file), sizeof sector);
	assert_int_equal(fclose(file), 0);
	refused(&nowhere, "snapshot verify file", 8, "HF_EVERSION", "newer");
	refused(&copy, "snapshot import file", 8, "HF_EVERSION", "newer");
	refused(&nowhere, "snapshot import file", 2, "HF_EINVAL", "no store was named");
	assert_int_not_equal(access("copy", F_OK), 0);
}

static void what_cannot_be_written_changes_nothing(void **state)
{
	(void)state;
	must(&store, "snapshot export file");
	refused(&store, "snapshot export file", 4, "HF_ECONFLICT", "--replace replaces it");
	refused(&store, "snapshot export missing/file", 7, "HF_EACCESS", "does not exist");
	struct tool full = store;
	full.to = TOOL_STDOUT_FULL;
	refused(&full, "snapshot export -", 7, "HF_ENOSPACE", "stdout");
	full.to = TOOL_STDOUT_GONE;
	struct ran ran = tool_expect(&full, "snapshot export -", 7);
	tool_free(&ran);
	must(&nowhere, "snapshot verify file");
}

/* Neither in the place of its files nor beside them, through links and without its IDENTITY. */
static void nothing_is_written_into_a_directory_that_is_a_store(void **state)
{
	static const char *const lines[] = {
	    "snapshot export store/IDENTITY --replace",
	    "snapshot export store/segment-00000001 --replace",
	    "snapshot export store/new",
	    "export store/IDENTITY",
	    "export store/WITNESS",
	    "export store/new",
	    "export link",
	    "backup store/b",
	};
	(void)state;
	must(&store, "snapshot export file");
	must(&store, "backup copy");
	assert_int_equal(symlink("store/IDENTITY", "link"), 0);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		refused(&store, lines[i], 7, "HF_EACCESS", "own files alone");
	refused(&inside, "snapshot import file", 7, "HF_EACCESS", "own files alone");
	refused(&inside, "restore copy", 7, "HF_EACCESS", "own files alone");
	refused(&nowhere, "salvage copy store/x --yes", 7, "HF_EACCESS", "own files alone");
	must(&store, "fsck");
	assert_int_equal(rename("store/IDENTITY", "other"), 0);
	refused(&copy, "snapshot export store/segment-00000001 --replace", 7, "HF_EACCESS",
	        "own files alone");
	refused(&copy, "export store/segment-00000001", 7, "HF_EACCESS", "own files alone");
	assert_int_equal(rename("other", "store/IDENTITY"), 0);
	must(&store, "fsck");
	assert_int_equal(unlink("link"), 0);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, make_store, remove_all)
	const struct CMUnitTest tests[] = {
	    WITH_STORE(a_file_goes_out_and_comes_in),
	    WITH_STORE(a_pipe_joins_two_stores),
	    WITH_STORE(a_store_in_use_is_exported),
	    WITH_STORE(damage_and_newer_files_have_a_status_of_their_own),
	    WITH_STORE(what_cannot_be_written_changes_nothing),
	    WITH_STORE(nothing_is_written_into_a_directory_that_is_a_store),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
