/* tier: fast */
/* Each member of the options of the library is an option of a command, or stands here with the
 * reason why it is none; and those options do what the members do. */
#include <unistd.h>

#include "cli/args.h"
#include "cli/call.h"
#include "cli/names.h"
#include "lib/remove_tree.h"
#include "lib/test.h"
#include "lib/tools/tool.h"

struct place {
	const char *of, *member;
	const char *command; /* "": every command; NULL: not offered */
	const char *how; /* the option where it is called otherwise than the member; or why not */
};

#define NOT_OFFERED(of, member, why) \
	{ \
		of, member, NULL, why \
	}

static const struct place places[] = {
    NOT_OFFERED("hf_options", "create", "init is the command that makes a store"),
    NOT_OFFERED("hf_options", "no_background", "serve does upkeep, the others end before"),
    NOT_OFFERED("hf_options", "no_refresh", "a report is about one state"),
    {"hf_options", "allow_unsafe_fs", "", NULL},
    {"hf_options", "pad", "init", NULL},
    {"hf_options", "segment_size", "init", NULL},
    {"hf_options", "inline_max", "serve", NULL},
    {"hf_options", "wait_us", "", NULL},
    {"hf_options", "compact_bytes", "serve", NULL},
    {"hf_options", "compact_rate", "compact", NULL},
    {"hf_options", "compact_rate", "serve", NULL},
    {"hf_options", "retain_us", "compact", NULL},
    {"hf_options", "retain_us", "serve", NULL},
    {"hf_options", "retain_bytes", "compact", NULL},
    {"hf_options", "retain_bytes", "serve", NULL},
    {"hf_options", "at_lsn", "", "at"},
    {"hf_options", "at_time", "", "at"},
    {"hf_options", "scrub_bytes_per_second", "serve", NULL},
    {"hf_options", "scrub_interval_us", "serve", NULL},
    {"hf_export_options", "replace", "snapshot export", NULL},
    {"hf_verify_options", "max_bytes", "snapshot verify", NULL},
    {"hf_import_options", "replace", "snapshot import", NULL},
    {"hf_import_options", "allow_unsafe_fs", "", NULL},
    {"hf_import_options", "epoch_above", "snapshot import", NULL},
    {"hf_import_options", "segment_size", "snapshot import", NULL},
    {"hf_import_options", "pad", "snapshot import", NULL},
    {"hf_import_options", "wait_us", "", NULL},
    {"hf_import_options", "max_size", "snapshot import", NULL},
    {"hf_import_options", "max_bytes", "snapshot import", NULL},
    {"hf_backup_options", "link", "backup", NULL},
    {"hf_restore_options", "replace", "restore", NULL},
    {"hf_restore_options", "allow_unsafe_fs", "", NULL},
    {"hf_restore_options", "epoch_above", "restore", NULL},
    {"hf_restore_options", "wait_us", "", NULL},
    {"hf_salvage_options", "build", "salvage", "yes"},
    {"hf_salvage_options", "allow_unsafe_fs", "", NULL},
    {"hf_salvage_options", "epoch_above", "salvage", NULL},
    {"hf_salvage_options", "max_objects", "salvage", NULL},
    {"hf_fsck_options", "max_objects", "fsck", NULL},
    {"hf_metrics_options", "format", "metrics", "openmetrics"},
};
enum { PLACES = sizeof places / sizeof *places };

/* --- The table -------------------------------------------------------------------------------- */

static const struct cli_command *command_of(const char *wanted)
{
	for (const struct cli_command *row = cli_next(NULL); row; row = cli_next(row)) {
		char name[NAME_SIZE];
		command_name(row, name);
		if (strcmp(name, wanted) == 0)
			return row;
	}
	fail_msg("there is no command '%s'", wanted);
	return NULL;
}

static bool is_common(const char *name)
{
	for (const struct cli_option *option = common_options; option->name; option++)
		if (strcmp(option->name, name) == 0)
			return true;
	return false;
}

static bool command_has(const char *command, const char *option)
{
	if (!*command)
		return is_common(option);
	struct cli asked = {.command = command_of(command)};
	call_options(&asked);
	return cli_has(&asked, option);
}

/* --segment-size is segment_size, --retain is retain_us. */
static void option_of(const struct place *place, char *out, size_t size)
{
	row_hyphens(place->member, out, size);
	const size_t len = strlen(out);
	if (len > 3 && strcmp(out + len - 3, "-us") == 0)
		out[len - 3] = '\0';
	if (place->how)
		snprintf(out, size, "%s", place->how);
}

static bool is_options(const char *name)
{
	const size_t len = strlen(name);
	return len > 8 && strcmp(name + len - 8, "_options") == 0;
}

/* Progress is shown on a terminal, by each call that has it. */
static bool is_said_otherwise(const struct hf_api_member *member)
{
	return member->type == HF_API_SIZE || member->type == HF_API_FUNCTION ||
	       member->type == HF_API_CONTEXT;
}

static size_t count_places(const char *of, const char *member)
{
	size_t count = 0;
	for (size_t i = 0; i < PLACES; i++)
		count +=
		    strcmp(places[i].of, of) == 0 && (!member || strcmp(places[i].member, member) == 0);
	return count;
}

static void each_member_of_options_is_an_option_or_has_a_reason(void **state)
{
	size_t structs = 0;
	(void)state;
	for (unsigned part = 0; hf_api_describe(part); part++) {
		for (size_t i = 0; hf_api_describe(part)->structs[i]; i++) {
			const struct hf_api_struct *of = hf_api_describe(part)->structs[i];
			if (!is_options(of->name))
				continue;
			structs++;
			for (const struct hf_api_member *m = of->members; m->name; m++)
				if (!is_said_otherwise(m) && !count_places(of->name, m->name))
					fail_msg("%s.%s is no option of the tool", of->name, m->name);
		}
	}
	assert_int_equal(structs, 9);
}

static void each_option_that_is_named_here_is_there(void **state)
{
	char option[64];
	(void)state;
	for (const struct place *p = places; p < places + PLACES; p++) {
		const struct hf_api_struct *of = rows_struct(p->of);
		assert_non_null(of);
		const struct hf_api_member *m = of->members;
		while (m->name && strcmp(m->name, p->member) != 0)
			m++;
		if (!m->name)
			fail_msg("%s has no %s", p->of, p->member);
		if (!p->command) {
			assert_true(p->how && *p->how);
			continue;
		}
		option_of(p, option, sizeof option);
		if (!command_has(p->command, option))
			fail_msg("'%s' has no --%s for %s.%s", p->command, option, p->of, p->member);
	}
}

/* --- What they do ----------------------------------------------------------------------------- */

static const struct tool store = {.directory = "store", .json = true},
                         copy = {.directory = "copy", .json = true}, nowhere = {.json = true};

static void must(const struct tool *tool, const char *line)
{
	struct ran ran = tool_expect(tool, line, 0);
	tool_free(&ran);
}

static void refused(const struct tool *tool, const char *line, const char *words)
{
	char found[64];
	struct ran ran = tool_expect(tool, line, CLI_IO);
	assert_true(json_member(ran.err, "error.name", found, sizeof found));
	assert_string_equal(found, "HF_ETOOBIG");
	if (!strstr(ran.err, words))
		fail_msg("no '%s' in %s", words, ran.err);
	tool_free(&ran);
}

static size_t lines_of(const struct tool *tool, const char *line)
{
	struct ran ran = tool_expect(tool, line, 0);
	const size_t lines = json_lines(ran.out);
	tool_free(&ran);
	return lines;
}

static int make_store(void **state)
{
	(void)state;
	must(&store, "init --segment-size 16384");
	FILE *big = fopen("big", "w");
	assert_non_null(big);
	for (int i = 0; i < 9000; i++)
		assert_int_not_equal(fputc('a' + i * i % 23, big), EOF);
	assert_int_equal(fclose(big), 0);
	for (int i = 0; i < 5; i++) /* more than one segment holds */
		must(&store, "doc put jobs a --payload-file big");
	must(&store, "doc put jobs a --payload one");
	must(&store, "snapshot export file");
	return 0;
}

static int remove_all(void **state)
{
	(void)state;
	remove_tree("store");
	if (access("copy", F_OK) == 0)
		remove_tree("copy");
	(void)remove("file");
	(void)remove("big");
	return 0;
}

static void what_is_too_big_names_the_option_that_lets_it_in(void **state)
{
	char line[400];
	(void)state;
	refused(&nowhere, "snapshot verify file --max-bytes 5", "; --max-bytes raises that");
	refused(&copy, "snapshot import file --max-bytes 5", "file: ");
	refused(&copy, "snapshot import file --max-bytes 5", "; --max-bytes raises that");
	snprintf(line, sizeof line,
	         "cat file | %s -C copy snapshot import - --max-size 99 2>&1 | "
	         "grep -q '^holdfast: stdin: .*; --max-size raises that$'",
	         HF_TOOL);
	assert_int_equal(system(line), 0); /* NOLINT: a pipe is what is tested */
	assert_int_not_equal(access("copy", F_OK), 0);
	must(&nowhere, "snapshot verify file --max-bytes 100000");
	must(&copy, "snapshot import file --max-bytes 100000 --max-size 100000");
}

static void an_import_says_what_the_new_store_is_like(void **state)
{
	(void)state;
	must(&copy, "snapshot import file --pad 4096 --segment-size 32768");
	must(&copy, "doc put jobs b --payload two");
	struct hf_options options = {.no_background = true};
	struct hf_info info = {0};
	hf_store *opened;
	assert_int_equal(hf_open("copy", &options, &opened, NULL), HF_OK);
	assert_int_equal(hf_get_info(opened, &info, NULL), HF_OK);
	assert_int_equal(hf_close(opened, NULL), HF_OK);
	assert_int_equal(info.segment_offset % 4096, 0);
}

static void a_compaction_keeps_what_it_is_told_to(void **state)
{
	(void)state;
	const size_t all = lines_of(&store, "log");
	assert_true(all > 1);
	must(&store, "compact --retain 1h --compact-rate 1000000000");
	assert_int_equal(lines_of(&store, "log"), all);
	must(&store, "doc put jobs a --payload two");
	must(&store, "compact --retain-bytes 1000000");
	assert_int_equal(lines_of(&store, "log"), all + 1);
	must(&store, "doc put jobs a --payload three");
	must(&store, "compact");
	assert_true(lines_of(&store, "log") < all);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, make_store, remove_all)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_member_of_options_is_an_option_or_has_a_reason),
	    cmocka_unit_test(each_option_that_is_named_here_is_there),
	    WITH_STORE(what_is_too_big_names_the_option_that_lets_it_in),
	    WITH_STORE(an_import_says_what_the_new_store_is_like),
	    WITH_STORE(a_compaction_keeps_what_it_is_told_to),
	};
	return cmocka_run_group_tests_name("options of the tool", tests, NULL, NULL);
}
