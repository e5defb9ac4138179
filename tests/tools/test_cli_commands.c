/* tier: fast */
/* Every command of the tool's table, as a process: its help, its complaint about what is missing or
 * too many; marks and removals of what is not there; and a member that no row of the table
 * names. */
#include "cli/call.h"
#include "cli/names.h"
#include "lib/remove_tree.h"
#include "lib/test.h"
#include "lib/tools/formats.h"
#include "lib/tools/tool.h"
#include "print/text.h"

/* --- Every row -------------------------------------------------------------------------------- */

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static void every_command_has_help_that_names_its_arguments_and_options(void **state)
{
	const struct tool plain = {0};
	(void)state;
	for (const struct cli_command *row = cli_next(NULL); row; row = cli_next(row)) {
		char name[NAME_SIZE], line[2 * NAME_SIZE];
		command_name(row, name);
		snprintf(line, sizeof line, "%s --help", name);
		struct ran asked = tool_expect(&plain, line, 0);
		snprintf(line, sizeof line, "help %s", name);
		struct ran told = tool_expect(&plain, line, 0);
		assert_string_equal(asked.out, told.out);
		assert_string_equal(asked.err, "");
		assert_true(has(asked.out, row->summary + 1) && has(asked.out, row->arguments) &&
		            has(asked.out, name));
		for (const struct cli_option *option = row->options; option && option->name; option++)
			assert_true(has(asked.out, option->name) && has(asked.out, option->summary));
		tool_free(&asked);
		tool_free(&told);
	}
}

static void the_overview_names_every_command_in_text_and_in_json(void **state)
{
	const struct tool plain = {0}, json = {.json = true};
	struct ran text = tool_expect(&plain, "help", 0), lines = tool_expect(&json, "help", 0);
	size_t count = 0;
	(void)state;
	for (const struct cli_command *row = cli_next(NULL); row; row = cli_next(row), count++) {
		char name[NAME_SIZE];
		command_name(row, name);
		assert_true(has(text.out, name) && has(text.out, row->summary) && has(lines.out, name));
	}
	assert_int_equal(json_lines(lines.out), count);
	tool_free(&text);
	tool_free(&lines);
}

static void every_command_says_what_is_missing_or_too_many(void **state)
{
	const struct tool plain = {.directory = "nowhere"};
	(void)state;
	for (const struct cli_command *row = cli_next(NULL); row; row = cli_next(row)) {
		char name[NAME_SIZE], line[2 * NAME_SIZE];
		command_name(row, name);
		if (row->arguments[0] && row->arguments[0] != '[') {
			struct ran ran = tool_expect(&plain, name, CLI_USAGE);
			assert_true(has(ran.err, " is missing; see 'holdfast help "));
			assert_true(has(ran.err, name));
			tool_free(&ran);
		}
		if (!has(row->arguments, "...")) {
			snprintf(line, sizeof line, "%s a b c d e", name);
			struct ran ran = tool_expect(&plain, line, CLI_USAGE);
			assert_true(has(ran.err, " is one argument too many; see "));
			tool_free(&ran);
		}
	}
}

/* --- What may be missing ---------------------------------------------------------------------- */

/* The line that has such a command do its work on an object that is not there. */
static void about_nothing(const struct cli_command *row, char *line, size_t size)
{
	char name[NAME_SIZE], words[160];
	command_name(row, name);
	size_t used = (size_t)snprintf(line, size, "%s", name);
	snprintf(words, sizeof words, "%s", row->arguments);
	for (char *save = NULL, *word = strtok_r(words, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		used += (size_t)snprintf(line + used, size - used, " %s", has(word, "TOKEN") ? "7" : "x");
	used +=
	    (size_t)snprintf(line + used, size - used, "%s", has(name, "snooze") ? " --until @9" : "");
	snprintf(line + used, size - used, "%s", has(name, "reschedule") ? " --priority 1" : "");
}

static void a_mark_or_removal_takes_what_is_missing_where_it_is_told_so(void **state)
{
	const struct tool tool = {.directory = "s", .json = true};
	size_t count = 0;
	char line[3 * NAME_SIZE], text[64];
	(void)state;
	formats_init("s");
	for (const struct cli_command *row = cli_next(NULL); row; row = cli_next(row)) {
		if (!(row->flags & CLI_MISSING))
			continue;
		count++;
		about_nothing(row, line, sizeof line);
		struct ran ran = tool_expect(&tool, line, CLI_NO);
		assert_true(json_member(ran.err, "error.name", text, sizeof text));
		assert_string_equal(text, "HF_ENOTFOUND");
		tool_free(&ran);
		strcat(line, " --missing-ok");
		ran = tool_expect(&tool, line, CLI_OK);
		assert_true(json_member(ran.out, "changed", text, sizeof text));
		assert_string_equal(text, "false");
		tool_free(&ran);
		strcat(line, " --expect 5");
		ran = tool_expect(&tool, line, CLI_CONFLICT);
		tool_free(&ran);
	}
	/* eight of an inbox, seven of an outbox, two of documents, and of cursors, keys, migrations */
	assert_int_equal(count, 20);
	struct ran ran = tool_expect(&tool, "info", CLI_OK);
	assert_true(json_member(ran.out, "last_lsn", text, sizeof text));
	assert_string_equal(text, "0");
	tool_free(&ran);
	/* Another token is no missing item. */
	formats_call("s", "outbox enqueue q 1", CLI_OK);
	formats_call("s", "outbox complete q 1 7 --missing-ok", CLI_CONFLICT);
	formats_call("s", "outbox remove q 1 --missing-ok", CLI_OK);
	formats_call("s", "outbox get q 1", CLI_NO);
}

/* --- Members without a row -------------------------------------------------------------------- */

static void give(struct cli *cli, const char *name, const char *text, int64_t number)
{
	for (size_t i = 0; i < cli->values_count; i++) {
		struct cli_value *value = &cli->values[i];
		if (strcmp(value->option->name, name) == 0) {
			value->given = true;
			value->text = text;
			value->i64 = number;
			value->u64 = (uint64_t)number;
			return;
		}
	}
	fail_msg("there is no option --%s", name);
}

static void a_member_that_no_row_names_is_an_option_of_its_name(void **state)
{
	static const struct cli_command row = {.noun = "outbox",
	                                       .verb = "enqueue",
	                                       .arguments = "QUEUE ID",
	                                       .summary = "",
	                                       .hidden = "extra",
	                                       .call = "hf_outbox_enqueue"};
	char queue[] = "mail", id[] = "i1", *argv[] = {queue, id, NULL};
	struct cli cli = {.command = &row};
	struct hf_outbox_enqueue_args args = {0};
	(void)state;
	call_options(&cli);
	assert_true(cli.values_count >= 7);
	assert_false(cli_has(&cli, "queue") || cli_has(&cli, "id") || cli_has(&cli, "extra"));
	give(&cli, "group", "g", 0);
	give(&cli, "priority", "-3", -3);
	give(&cli, "max-attempts", "9", 9);
	give(&cli, "available-at", "@7", 7);
	give(&cli, "dedup", "rerun", 2);
	assert_int_equal(call_args(&cli, 2, argv, &args), CLI_OK);
	assert_true(equal_bytes(args.queue, hf_str("mail")) && equal_bytes(args.id, hf_str("i1")) &&
	            equal_bytes(args.group, hf_str("g")));
	assert_true(args.priority == -3 && args.max_attempts == 9 && args.available_at == 7 &&
	            args.enqueued_at == HF_UNSET && args.dedup == HF_OUTBOX_RERUN &&
	            args.write.literal_times);
	for (size_t i = 0; i < cli.values_count; i++)
		if (strcmp(cli.values[i].option->name, "dedup") == 0)
			assert_string_equal(cli.values[i].option->value, "keep|replace|rerun");
}

static int tear_down(void **state)
{
	(void)state;
	remove_tree("s");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_command_has_help_that_names_its_arguments_and_options),
	    cmocka_unit_test(the_overview_names_every_command_in_text_and_in_json),
	    cmocka_unit_test(a_member_that_no_row_names_is_an_option_of_its_name),
	    cmocka_unit_test(every_command_says_what_is_missing_or_too_many),
	    cmocka_unit_test(a_mark_or_removal_takes_what_is_missing_where_it_is_told_so),
	};
	unsetenv("HOLDFAST_DIR");
	return cmocka_run_group_tests_name("commands of the tool", tests, NULL, tear_down);
}
