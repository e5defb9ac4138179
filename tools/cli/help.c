/* Help says what the table says, in the order of the table; nothing about a command is written
 * twice. With --json it is one object for each command or option, for those who write
 * completions. */
#include "cli/help.h"
#include "cli/call.h"
#include "cli/names.h"
#include "commands/commands.h"
#include "print/out.h"

#include <ctype.h>

#ifndef HOLDFAST_VERSION
#define HOLDFAST_VERSION "unknown"
#endif

/* --- Lists of commands ------------------------------------------------------------------------ */

static void command_row(struct cli *cli, const struct cli_command *row, size_t width)
{
	char name[NAME_SIZE], call[2 * NAME_SIZE];
	command_name(row, name);
	if (cli->json) {
		out_begin(cli->out, "command");
		out_text(cli->out, "name", name);
		out_text(cli->out, "arguments", row->arguments);
		out_text(cli->out, "summary", row->summary);
		out_end(cli->out);
		return;
	}
	snprintf(call, sizeof call, "%s%s%s", name, row->arguments[0] ? " " : "", row->arguments);
	out_line(cli->out, "  %-*s  %s", (int)width, call, row->summary);
}

/* Width of the longest call; noun NULL: of all commands. */
static size_t calls_width(const char *noun)
{
	size_t width = 0;
	for (const struct cli_command *row = cli_next(NULL); row; row = cli_next(row)) {
		char name[NAME_SIZE];
		command_name(row, name);
		const size_t len = strlen(name) + (row->arguments[0] ? 1 : 0) + strlen(row->arguments);
		if ((!noun || strcmp(noun, row->noun) == 0) && len > width)
			width = len;
	}
	return width;
}

static void help_noun(struct cli *cli, const char *noun)
{
	for (const struct cli_command *row = cli_next(NULL); row; row = cli_next(row))
		if (strcmp(row->noun, noun) == 0)
			command_row(cli, row, calls_width(noun));
	out_line(cli->out, "\n'holdfast help %s VERB' tells all about one of them.", noun);
}

static void help_overview(struct cli *cli)
{
	const char *noun = NULL;
	out_line(cli->out, "holdfast: everything a service must not forget, in a directory\n");
	out_line(cli->out, "Usage: holdfast [-C DIR] [--json] [-q] COMMAND [ARGUMENT...]\n");
	for (const struct cli_command *row = cli_next(NULL); row; row = cli_next(row)) {
		if (noun && (row->verb || noun[0]) && strcmp(noun, row->verb ? row->noun : "") != 0)
			out_line(cli->out, "%s", "");
		noun = row->verb ? row->noun : "";
		command_row(cli, row, calls_width(NULL));
	}
	out_line(cli->out, "\n'holdfast help COMMAND' tells all about one of them.");
	out_line(cli->out, "Exit status: 0 done, 1 not found, 2 wrong call, 3 busy, 4 conflict, 5 "
	                   "damage, 7 input, output or space, 8 newer format.");
}

/* --- One command ------------------------------------------------------------------------------ */

static void option_row(struct cli *cli, const struct cli_option *option, bool common)
{
	char spelled[2 * NAME_SIZE], letter[6] = "    ";
	if (cli->json) {
		out_begin(cli->out, "option");
		out_text(cli->out, "name", option->name);
		out_text(cli->out, "value", option->value);
		out_text(cli->out, "summary", option->summary);
		out_bool(cli->out, "required", option->required);
		out_bool(cli->out, "common", common);
		out_end(cli->out);
		return;
	}
	if (option_letter(option->name))
		snprintf(letter, sizeof letter, "-%c, ", option_letter(option->name));
	snprintf(spelled, sizeof spelled, "%s--%s%s%s", letter, option->name, option->value ? " " : "",
	         option->value ? option->value : "");
	out_line(cli->out, "  %-34s  %s%s", spelled, option->summary,
	         option->required ? " (required)" : "");
}

static void help_command(struct cli *cli, const struct cli_command *command)
{
	char name[NAME_SIZE];
	command_name(command, name);
	if (cli->json)
		command_row(cli, command, 0);
	out_line(cli->out, "Usage: holdfast %s [OPTION...]%s%s\n", name,
	         command->arguments[0] ? " " : "", command->arguments);
	out_line(cli->out, "%c%s.%s%s\n", toupper((unsigned char)command->summary[0]),
	         command->summary + 1, command->details ? "\n" : "",
	         command->details ? command->details : "");
	if (command->flags & CLI_SCOPE_KEY) {
		out_line(cli->out, "SCOPE:KEY in one word does for both; %% and : of the scope are written "
		                   "%%25 and %%3A in it.\n");
	}
	struct cli asked = {.command = command};
	call_options(&asked);
	for (size_t i = 0; i < asked.values_count; i++)
		option_row(cli, asked.values[i].option, false);
	out_line(cli->out, "\nOptions of every command:");
	for (const struct cli_option *option = common_options; option->name; option++)
		option_row(cli, option, true);
}

/* --- Who asks --------------------------------------------------------------------------------- */

static void tell_version(struct cli *cli)
{
	if (cli->json) {
		out_begin(cli->out, "version");
		out_text(cli->out, "version", HOLDFAST_VERSION);
		out_end(cli->out);
	}
	out_line(cli->out, "holdfast %s", HOLDFAST_VERSION);
}

void help_asked(struct cli *cli, const struct args *args)
{
	if (args->version)
		tell_version(cli);
	else if (cli->command)
		help_command(cli, cli->command);
	else if (args->noun)
		help_noun(cli, args->noun);
	else
		help_overview(cli);
}

static int help(struct cli *cli, int argc, char **argv)
{
	char near[NAME_SIZE];
	int used = 0;
	if (argc == 0) {
		help_overview(cli);
		return CLI_OK;
	}
	const struct cli_command *command = command_find(argc, argv, &used);
	if (command && used == argc) {
		help_command(cli, command);
		return CLI_OK;
	}
	if (argc == 1 && noun_exists(argv[0])) {
		help_noun(cli, argv[0]);
		return CLI_OK;
	}
	if (command_suggest(argc, argv, near))
		return cli_usage(cli, "there is no such command; the nearest is '%s'", near);
	return cli_usage(cli, "there is no such command");
}

static int version(struct cli *cli, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tell_version(cli);
	return CLI_OK;
}

/* clang-format off */
const struct cli_command help_commands[] = {
	{"help", NULL, "[COMMAND...]", "list the commands, or tell all about one",
	 .flags = CLI_NO_STORE, .run = help},
	{"version", NULL, "", "the version of holdfast", .flags = CLI_NO_STORE, .run = version},
	{0},
};
