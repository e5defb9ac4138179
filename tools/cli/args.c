/* getopt_long reads twice: up to the first word for the options in front of the command, then
 * the rest with the command's own options added, which may stand anywhere behind it up to `--`.
 * Its own messages are off: ours name the command and the nearest option. Values are turned into
 * numbers and times here, so that a command never sees one that is not. */
#include "cli/args.h"
#include "cli/call.h"
#include "cli/names.h"
#include "print/text.h"

#include <getopt.h>
#include <stdlib.h>

enum { LONG_BASE = 256 };

/* clang-format off */
const struct cli_option common_options[] = {
	{"directory", "DIR", "the store's directory; else HOLDFAST_DIR of the environment"},
	{"json", NULL, "one JSON object a line instead of text"},
	{"quiet", NULL, "no notes, no word about a success"},
	{"wait", "SECONDS", "wait so long for another process to close the store (10; `forever`)",
	 CLI_DURATION},
	{"at", "WHEN", "of commands that read: the state at this LSN or time, if it is kept"},
	{"allow-unsafe-fs", NULL, "go on where the file system cannot keep the promises"},
	{"help", NULL, "tell about the command"},
	{"version", NULL, "the version of holdfast"},
	{0},
};

const struct shared_option shared_options[] = {
	{CLI_EXPECTS, {"expect", "VERSION",
	 "only if the object has this version (`absent`: does not exist)", CLI_VERSION}},
	{CLI_COMMITS, {"durability", "durable|os",
	 "how safe before it is answered: power loss, or only a killed process"}},
	{CLI_MISSING, {"missing-ok", NULL, "where there is no such object nothing is to be done"}},
	{CLI_CLOCK, {"now", "TIME", "the time to note instead of the clock's", CLI_TIME}},
	{CLI_PAGES, {"limit", "COUNT", "at most so many, with the token of the next page", CLI_U64}},
	{CLI_PAGES, {"page", "TOKEN", "go on where another page ended"}},
	{CLI_PAGES, {"after", "POSITION",
	 "begin behind this position: what the list is sorted by, commas between"}},
	{CLI_CONFIRMS, {"yes", NULL, "do not ask"}},
	{CLI_DRY_RUN, {"dry-run", NULL, "only tell how many it would be"}},
	{0},
};
/* clang-format on */

char option_letter(const char *name)
{
	static const struct {
		const char *name;
		char letter;
	} letters[] = {
	    {"directory", 'C'}, {"quiet", 'q'}, {"help", 'h'}, {"yes", 'y'}, {"dry-run", 'n'}};
	for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
		if (strcmp(letters[i].name, name) == 0)
			return letters[i].letter;
	return 0;
}

/* --- Which options there are ------------------------------------------------------------------ */

/* The two forms getopt_long wants. `letters` begins with "+:" in front of the command, with ":"
 * behind it. */
static void getopt_forms(const struct cli *cli, bool in_front,
                         char letters[2 * CLI_OPTIONS_MAX + 4],
                         struct option longs[CLI_OPTIONS_MAX + 1])
{
	char *at = letters;
	*at++ = in_front ? '+' : ':';
	if (in_front)
		*at++ = ':';
	for (size_t i = 0; i < cli->values_count; i++) {
		const struct cli_option *option = cli->values[i].option;
		const int takes = cli->values[i].type == CLI_SWITCH ? no_argument : required_argument;
		longs[i] = (struct option){option->name, takes, NULL, LONG_BASE + (int)i};
		if (option_letter(option->name)) {
			*at++ = option_letter(option->name);
			if (takes == required_argument)
				*at++ = ':';
		}
	}
	*at = '\0';
	longs[cli->values_count] = (struct option){0};
}

/* --- Values ----------------------------------------------------------------------------------- */

static bool read_time(const char *text, int64_t *out)
{
	if (strcmp(text, "now") == 0 || strcmp(text, "none") == 0) {
		*out = text[2] == 'w' ? cli_wall() : HF_UNSET;
		return true;
	}
	return text_parse_time(text, strlen(text), out);
}

static bool read_choice(const char *words, const char *text, uint64_t *index)
{
	const size_t len = strlen(text);
	for (*index = 0;; ++*index) {
		const size_t word = strcspn(words, "|");
		if (word == len && memcmp(words, text, len) == 0)
			return true;
		if (words[word] == '\0')
			return false;
		words += word + 1;
	}
}

static bool read_unsigned(const char *text, uint64_t most, uint64_t *out)
{
	return text_parse_u64(text, strlen(text), out) && *out <= most;
}

static bool read_signed(const char *text, int64_t least, int64_t most, int64_t *out)
{
	return text_parse_i64(text, strlen(text), out) && *out >= least && *out <= most;
}

/* What it should have been; NULL when it is. */
static const char *read_value(struct cli_value *value)
{
	const char *text = value->text;
	switch (value->type) {
	case CLI_BY_MEMBER:
	case CLI_SWITCH:
	case CLI_TEXT:
		return NULL;
	case CLI_U32:
		return read_unsigned(text, UINT32_MAX, &value->u64) ? NULL
		                                                    : "a whole number from 0 to 4294967295";
	case CLI_U64:
		return read_unsigned(text, UINT64_MAX, &value->u64) ? NULL
		                                                    : "a whole number that is not negative";
	case CLI_I32:
		return read_signed(text, INT32_MIN, INT32_MAX, &value->i64) ? NULL
		                                                            : "a whole number of 32 bits";
	case CLI_I64:
		return read_signed(text, INT64_MIN, INT64_MAX, &value->i64) ? NULL
		                                                            : "a whole number of 64 bits";
	case CLI_REAL:
		return text_parse_real(text, &value->real) ? NULL : "a number";
	case CLI_TIME:
		value->now = strcmp(text, "now") == 0;
		return read_time(text, &value->i64) ? NULL
		                                    : "a time like 2026-11-20T09:30:00Z, `now` or `none`";
	case CLI_DURATION:
		if (strcmp(value->option->name, "wait") == 0 && strcmp(text, "forever") == 0) {
			value->i64 = -1;
			return NULL;
		}
		return text_parse_duration(text, &value->i64) ? NULL
		                                              : "a duration like 250ms, 30s, 5m or 2h";
	case CLI_VERSION:
		value->u64 = HF_ABSENT;
		return strcmp(text, "absent") == 0 || read_unsigned(text, UINT64_MAX - 1, &value->u64)
		           ? NULL
		           : "a version number or `absent`";
	case CLI_CHOICE:
		return read_choice(value->option->value, text, &value->u64) ? NULL : value->option->value;
	}
	return NULL;
}

static int take_value(struct cli *cli, struct cli_value *value, const char *text)
{
	value->given = true;
	value->text = text;
	const char *wanted = read_value(value);
	if (wanted)
		return cli_usage(cli, "--%s: '%s' is not %s%s", value->option->name, text,
		                 value->type == CLI_CHOICE ? "one of " : "", wanted);
	return value->option->zero && cli_zero(cli, value->option->name)
	           ? cli_usage(cli, "%s", value->option->zero)
	           : CLI_OK;
}

/* --- Complaints ------------------------------------------------------------------------------- */

/* getopt_long met an option that does not exist, or one without its value (`missing`). */
static int complain_of_option(struct cli *cli, char **argv, bool missing)
{
	const char *words[CLI_OPTIONS_MAX], *typed = argv[optind - 1];
	char letter[3] = {'-', (char)optopt, '\0'};
	if (missing)
		return cli_usage(cli, "%s needs a value", optopt && optopt < LONG_BASE ? letter : typed);
	if (optopt && optopt < LONG_BASE)
		return cli_usage(cli, "there is no option %s", letter);
	if (optopt)
		return cli_usage(cli, "%s takes no value", typed);
	for (size_t i = 0; i < cli->values_count; i++)
		words[i] = cli->values[i].option->name;
	const char *near = nearest_word(typed + strspn(typed, "-"), words, cli->values_count);
	return cli_usage(cli,
	                 near ? "there is no option %s; the nearest is --%s" : "there is no option %s",
	                 typed, near);
}

static int complain_of_command(struct cli *cli, int argc, char **argv)
{
	char near[NAME_SIZE];
	const bool known = noun_exists(argv[0]);
	cli->noun = known ? argv[0] : NULL;
	if (known && argc == 1)
		return cli_usage(cli, "'%s' needs a verb", argv[0]);
	const char *second = known ? argv[1] : "", *space = known ? " " : "";
	if (command_suggest(argc, argv, near)) {
		return cli_usage(cli, "there is no command '%s%s%s'; the nearest is '%s'", argv[0], space,
		                 second, near);
	}
	return cli_usage(cli, "there is no command '%s%s%s'", argv[0], space, second);
}

/* --- Reading ---------------------------------------------------------------------------------- */

/* An LSN, or an instant. */
static int apply_at(struct cli *cli)
{
	const char *text = cli_text(cli, "at");
	char *end;
	if (!cli_given(cli, "at"))
		return CLI_OK;
	if (text[0] && strspn(text, "0123456789") == strlen(text)) {
		cli->at_lsn = strtoull(text, &end, 10);
		if (cli->at_lsn > 0)
			return CLI_OK;
	} else if (text_parse_time(text, strlen(text), &cli->at_time) && cli->at_time > 0) {
		return CLI_OK;
	}
	return cli_usage(cli, "--at must be an LSN or a time since 1970, not '%s'", text);
}

static void apply_common(struct cli *cli, struct args *out)
{
	cli->json = cli->json || cli_flag(cli, "json");
	cli->quiet = cli_flag(cli, "quiet");
	cli->wait_us = cli_i64(cli, "wait", 10 * 1000000LL);
	cli->allow_unsafe_fs = cli_flag(cli, "allow-unsafe-fs");
	cli->directory =
	    cli_given(cli, "directory") ? cli_text(cli, "directory") : getenv("HOLDFAST_DIR");
	out->help = cli_flag(cli, "help");
	out->version = cli_flag(cli, "version");
}

static int read_options(struct cli *cli, int argc, char **argv, bool in_front)
{
	struct option longs[CLI_OPTIONS_MAX + 1];
	char letters[2 * CLI_OPTIONS_MAX + 4];
	int found, status = CLI_OK;
	getopt_forms(cli, in_front, letters, longs);
	opterr = 0;
	optind = 0; /* glibc: begin anew */
	while (status == CLI_OK && (found = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (found == '?' || found == ':')
			return complain_of_option(cli, argv, found == ':');
		for (size_t i = 0; i < cli->values_count; i++)
			if (found == LONG_BASE + (int)i ||
			    (found < LONG_BASE && found == option_letter(cli->values[i].option->name)))
				status = take_value(cli, &cli->values[i], optarg);
	}
	return status;
}

/* Compares the number of arguments with what the row says: WORD, [WORD], and `...` for any
 * number more. */
static int check_count(struct cli *cli, const struct args *args)
{
	char words[160];
	int seen = 0;
	snprintf(words, sizeof words, "%s", cli->command->arguments);
	for (char *save = NULL, *word = strtok_r(words, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		const char *dots = strstr(word, "...");
		if (word[0] != '[' && seen >= args->count)
			return cli_usage(cli, "%.*s is missing", (int)strcspn(word, "."), word);
		seen = dots ? args->count : seen + 1;
	}
	return args->count > seen ? cli_usage(cli, "'%s' is one argument too many", args->values[seen])
	                          : CLI_OK;
}

/* How many arguments there must be. */
static int count_needed(const char *arguments)
{
	int needed = 0;
	for (const char *at = arguments; *at; at += strspn(at, " ")) {
		needed += *at != '[';
		at += strcspn(at, " ");
	}
	return needed;
}

/* One argument is missing and the first has a colon: it is the canonical text of a scope and a
 * key. */
static int split_scope_key(struct cli *cli, struct args *args)
{
	const int room = (int)(sizeof args->split / sizeof args->split[0]);
	struct hf_idempotency_key key;
	struct hf_error error = {0};
	if (!(cli->command->flags & CLI_SCOPE_KEY) || args->count < 1 || args->count + 2 > room ||
	    args->count + 1 != count_needed(cli->command->arguments) || !strchr(args->values[0], ':'))
		return CLI_OK;
	if (hf_idempotency_parse(hf_str(args->values[0]), args->scope, &key, &error) != HF_OK)
		return cli_usage(cli, "'%s' is no SCOPE:KEY: %s", args->values[0], error.text);
	args->scope[key.scope.len] = '\0';
	args->split[0] = args->scope;
	args->split[1] = strchr(args->values[0], ':') + 1;
	for (int i = 1; i < args->count; i++)
		args->split[i + 1] = args->values[i];
	args->split[++args->count] = NULL;
	args->values = args->split;
	return CLI_OK;
}

static int check_required(struct cli *cli)
{
	for (size_t i = 0; i < cli->values_count; i++) {
		if (cli->values[i].option->required && !cli->values[i].given) {
			return cli_usage(cli, "--%s %s is missing", cli->values[i].option->name,
			                 cli->values[i].option->value);
		}
	}
	return CLI_OK;
}

/* Even a complaint about the very first option comes as JSON if that is asked for further on. */
static bool wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

/* No command: fine when only help or the version is asked for. */
static int without_command(struct cli *cli, int argc, char **argv, struct args *out)
{
	const bool group = argc == 2 && noun_exists(argv[0]) &&
	                   (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
	if (group || (out->help && argc == 1 && noun_exists(argv[0]))) {
		out->help = true;
		out->noun = argv[0];
		return CLI_OK;
	}
	if ((out->help || out->version) && argc == 0)
		return CLI_OK;
	return argc == 0 ? cli_usage(cli, "no command was given")
	                 : complain_of_command(cli, argc, argv);
}

int args_read(struct cli *cli, int argc, char **argv, struct args *out)
{
	int words = 0;
	cli->json = wants_json(argc, argv);
	call_add_options(cli, common_options);
	int status = read_options(cli, argc, argv, true);
	apply_common(cli, out);
	if (status)
		return status;
	argc -= optind;
	argv += optind;
	cli->command = command_find(argc, argv, &words);
	if (!cli->command)
		return without_command(cli, argc, argv, out);
	call_options(cli);
	/* The command's last word takes the place of the program's name, which getopt_long passes
	 * over. */
	status = read_options(cli, argc - words + 1, argv + words - 1, false);
	apply_common(cli, out);
	out->count = argc - words + 1 - optind;
	out->values = argv + words - 1 + optind;
	if (status || out->help || out->version)
		return status;
	status = apply_at(cli);
	status = status ? status : split_scope_key(cli, out);
	status = status ? status : check_count(cli, out);
	return status ? status : check_required(cli);
}
