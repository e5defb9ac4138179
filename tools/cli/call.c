/* See call.h. */
#include "cli/call.h"
#include "cli/args.h"
#include "cli/names.h"
#include "cli/position.h"
#include "print/out.h"
#include "print/show.h"

#include <assert.h>
#include <ctype.h>

/* --- Which options there are ------------------------------------------------------------------ */

/* What an argument or an option of that name fills; NULL: nothing. */
static const struct row *row_of(const struct cli *cli, const char *name)
{
	static const char *const around[][2] = {{"", ""}, {"", "_us"}, {"last_", ""}};
	const struct row *row = NULL;
	char word[64];
	name += *name == '['; /* one that may be left out */
	const size_t len = strcspn(name, ".]");
	for (size_t i = 0; i < sizeof around / sizeof *around && !row && cli->takes.count > 0; i++) {
		snprintf(word, sizeof word, "%s%.*s%s", around[i][0], (int)len, name, around[i][1]);
		for (char *c = word; *c; c++)
			*c = (char)(*c == '-' ? '_' : tolower((unsigned char)*c));
		row = rows_find(&cli->takes, word);
	}
	return row;
}

static enum cli_type type_of_member(const struct hf_api_member *member)
{
	const bool small = member->size == sizeof(uint32_t);
	switch (member->type) {
	case HF_API_BOOL:
		return CLI_SWITCH;
	case HF_API_INT:
		return small ? CLI_I32 : CLI_I64;
	case HF_API_UINT:
		return small ? CLI_U32 : CLI_U64;
	case HF_API_LSN:
	case HF_API_TOKEN:
		return CLI_U64;
	case HF_API_REAL:
		return CLI_REAL;
	case HF_API_TIME:
		return CLI_TIME;
	case HF_API_SPAN:
	case HF_API_WAIT:
		return CLI_DURATION;
	case HF_API_ENUM:
		return CLI_CHOICE;
	default:
		return CLI_TEXT;
	}
}

static void add_option(struct cli *cli, const struct cli_option *option)
{
	if (cli->values_count == CLI_OPTIONS_MAX)
		return;
	struct cli_value *value = &cli->values[cli->values_count++];
	const struct row *row = row_of(cli, option->member ? option->member : option->name);
	value->option = option;
	value->row = row ? *row : (struct row){0};
	value->type = option->type                                     ? option->type
	              : row                                            ? type_of_member(row->member)
	              : !option->value                                 ? CLI_SWITCH
	              : strchr(option->value, '|') && option->value[0] ? CLI_CHOICE
	                                                               : CLI_TEXT;
}

void call_add_options(struct cli *cli, const struct cli_option *options)
{
	for (; options && options->name; options++)
		add_option(cli, options);
}

/* The members that a person could give: no callbacks, arrays, memory. */
static bool is_plain(const struct hf_api_member *member)
{
	return member->type <= HF_API_STRING && member->elements == 0;
}

/* Does an argument, an option, or the value of another member say it? */
static bool is_said(const struct cli *cli, const struct row *row)
{
	const char *name = row->member->name;
	char words[160];
	for (size_t i = 0; i < cli->values_count; i++)
		if (cli->values[i].row.member == row->member)
			return true;
	if (rows_find(&cli->takes, name) != row) /* another stands before it */
		return true;
	if ((strncmp(name, "by_", 3) == 0 || strncmp(name, "set_", 4) == 0 ||
	     strncmp(name, "has_", 4) == 0) &&
	    rows_find(&cli->takes, strchr(name, '_') + 1))
		return true;
	snprintf(words, sizeof words, "%s", cli->command->arguments);
	for (char *save = NULL, *word = strtok_r(words, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		const struct row *said = row_of(cli, word);
		if (said && said->member == row->member)
			return true;
	}
	return rows_names(cli->command->hidden, name);
}

static void add_own_option(struct cli *cli, const struct hf_api_member *member)
{
	if (cli->own_count == CLI_OWN_MAX)
		return;
	struct cli_own_option *own = &cli->own[cli->own_count++];
	size_t len = strlen(member->name), used = 0;
	if (len > 3 && strcmp(member->name + len - 3, "_us") == 0)
		len -= 3;
	snprintf(own->name, sizeof own->name, "%.*s", (int)len, member->name);
	for (char *c = own->name; *c; c++)
		*c = *c == '_' ? '-' : *c;
	snprintf(own->value, sizeof own->value, "%s",
	         member->type == HF_API_TIME || member->type == HF_API_SPAN ? "TIME" : "VALUE");
	for (const struct hf_api_word *word = member->words; word && word->word; word++)
		used += (size_t)snprintf(own->value + used, sizeof own->value - used, "%s%s",
		                         used ? "|" : "", word->word);
	snprintf(own->summary, sizeof own->summary, "`%s` of %s%s%s%s", member->name,
	         cli->call->takes->name, member->zero ? " (" : "", member->zero ? member->zero : "",
	         member->zero ? ")" : "");
	own->option = (struct cli_option){.name = own->name,
	                                  .value = member->type == HF_API_BOOL ? NULL : own->value,
	                                  .summary = own->summary,
	                                  .member = member->name};
	add_option(cli, &own->option);
}

static const struct cli_option returning_option = {
    .name = "returning", .summary = "show the object as it is then, not what was done"};

void call_options(struct cli *cli)
{
	const struct cli_command *command = cli->command;
	cli->call = command->call ? rows_call(command->call) : NULL;
	assert(!command->call == !cli->call);
	assert(!cli->call || !cli->call->takes || cli->call->takes->size <= sizeof(union rows_given));
	assert(!cli->call || !cli->call->fills || cli->call->fills->size <= sizeof(union rows_given));
	assert(!command->also || (cli->call && cli->call->takes));
	if (cli->call && cli->call->takes && strcmp(cli->call->takes->name, "hf_bytes") != 0)
		cli->takes = *rows_all(cli->call->takes);
	if (command->also)
		rows_behind(rows_struct(command->also), cli->call->takes->size, &cli->takes);
	call_add_options(cli, command->options);
	for (const struct shared_option *shared = shared_options; shared->option.name; shared++)
		if (command->flags & shared->flag)
			add_option(cli, &shared->option);
	if (cli->call && cli->call->object && !command->run)
		add_option(cli, &returning_option);
	for (size_t i = 0; i < cli->takes.count; i++)
		if (is_plain(cli->takes.row[i].member) && !is_said(cli, &cli->takes.row[i]))
			add_own_option(cli, cli->takes.row[i].member);
}

/* --- What they fill --------------------------------------------------------------------------- */

static int fill_choice(const struct cli_value *value, void *args)
{
	const struct row *row = &value->row;
	int64_t number = 0;
	if (!row_parse_words(row->member, value->text, strlen(value->text), &number))
		return CLI_USAGE;
	row_store(row, args, number);
	return CLI_OK;
}

static int fill_flags(struct cli *cli, const struct cli_value *value, void *args)
{
	char all[128];
	if (fill_choice(value, args) == CLI_OK)
		return CLI_OK;
	row_flags_text(value->row.member, -1, all, sizeof all);
	return cli_usage(cli, "--%s: '%s' is not some of %s", value->option->name, value->text, all);
}

/* The member that says whether another was given at all. */
static void note_given(const struct cli *cli, const struct row *row, void *args)
{
	static const char *const words[] = {"by_", "set_", "has_"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		char name[64];
		snprintf(name, sizeof name, "%s%s", words[i], row->member->name);
		const struct row *flag = rows_find(&cli->takes, name);
		if (flag)
			row_store(flag, args, true);
	}
}

static int fill_value(struct cli *cli, const struct cli_value *value, void *args)
{
	void *at = (char *)args + value->row.offset;
	note_given(cli, &value->row, args);
	switch (value->row.member->type) {
	case HF_API_BOOL:
		*(bool *)at = true;
		return CLI_OK;
	case HF_API_REAL:
		*(double *)at = value->real;
		return CLI_OK;
	case HF_API_ENUM:
		return fill_choice(value, args);
	case HF_API_FLAGS:
		return fill_flags(cli, value, args);
	case HF_API_ONE:
		return position_read(cli, value->row.member->of, value->text, at);
	case HF_API_STRING:
		*(const char **)at = value->text;
		return CLI_OK;
	case HF_API_KEY:
	case HF_API_TEXT:
	case HF_API_BYTES:
		*(struct hf_bytes *)at = hf_str(value->text);
		return CLI_OK;
	case HF_API_UINT:
	case HF_API_LSN:
	case HF_API_TOKEN:
		row_store(&value->row, args, (int64_t)value->u64);
		return CLI_OK;
	default:
		row_store(&value->row, args, cli_i64(cli, value->option->name, 0));
		return CLI_OK;
	}
}

/* Bytes that may be in a file. */
static int fill_content(struct cli *cli, const struct cli_value *value, void *args)
{
	const struct hf_api_member *member = value->row.member;
	struct hf_bytes content;
	const int status = cli_content(cli, value->option->name,
	                               member->most ? member->most : HF_PAYLOAD_MAX, &content);
	row_put_bytes(&value->row, args, content);
	return status;
}

static int fill_options(struct cli *cli, void *args)
{
	int status = CLI_OK;
	for (size_t i = 0; i < cli->values_count && status == CLI_OK; i++) {
		const struct cli_value *value = &cli->values[i];
		char file[NAME_SIZE];
		if (!value->row.member)
			continue;
		snprintf(file, sizeof file, "%s-file", value->option->name);
		if (row_has_bytes(&value->row) && cli_has(cli, file))
			status = fill_content(cli, value, args);
		else if (value->given)
			status = fill_value(cli, value, args);
		else if (value->option->otherwise)
			row_store(&value->row, args, value->option->otherwise);
	}
	return status;
}

static int fill_argument(struct cli *cli, const char *word, const char *text, void *args)
{
	const struct row *row = row_of(cli, word);
	if (!row)
		return CLI_OK;
	void *at = (char *)args + row->offset;
	if (row_has_bytes(row))
		*(struct hf_bytes *)at = hf_str(text);
	else if (row->member->type == HF_API_INT)
		return cli_argument_i64(cli, word, text, at) ? CLI_OK : CLI_USAGE;
	else if (row->member->type == HF_API_TOKEN)
		return cli_argument_u64(cli, word, text, at) ? CLI_OK : CLI_USAGE;
	return CLI_OK;
}

static int fill_arguments(struct cli *cli, int argc, char **argv, void *args)
{
	char words[160];
	int status = CLI_OK, at = 0;
	snprintf(words, sizeof words, "%s", cli->command->arguments);
	for (char *save = NULL, *word = strtok_r(words, " ", &save); word && at < argc && !status;
	     word = strtok_r(NULL, " ", &save))
		status = fill_argument(cli, word, argv[at++], args);
	return status;
}

int call_args(struct cli *cli, int argc, char **argv, void *args)
{
	const struct hf_api_struct *of = cli->call->takes;
	if (!of)
		return CLI_OK;
	rows_clear(of, args);
	if (cli->command->also)
		rows_clear(rows_struct(cli->command->also), (char *)args + of->size);
	if (cli->takes.count == 0) {
		*(struct hf_bytes *)args = hf_str(argc > 0 ? argv[0] : NULL);
		return CLI_OK;
	}
	if (cli->call->kind == HF_API_MUTATION)
		*rows_write(of, args) = cli_write(cli);
	int status = fill_arguments(cli, argc, argv, args);
	if (status == CLI_OK)
		status = fill_options(cli, args);
	return status == CLI_OK && cli->command->check ? cli->command->check(cli, args) : status;
}

/* --- Mutations -------------------------------------------------------------------------------- */

static int confirm(struct cli *cli, const char *name)
{
	const char *what = cli->command->confirm, *hole = what ? strstr(what, "%s") : NULL;
	return hole ? cli_confirm(cli, "%.*s%s%s", (int)(hole - what), what, name, hole + 2) : CLI_OK;
}

static int mutate(struct cli *cli, char **argv, void *args)
{
	struct hf_result result = {0};
	struct hf_error error = {0};
	const bool dry = (cli->command->flags & CLI_DRY_RUN) && cli_flag(cli, "dry-run");
	if (dry && cli->command->counts)
		return call_count(cli, hf_str(argv[0]), args);
	if (cli_has(cli, "returning") && cli_flag(cli, "returning"))
		return call_returning(cli, args);
	const int rc = rows_mutate(cli->call, cli->store, NULL, args, &result, &error);
	return dry && rc == HF_OK ? cli_would(cli, result.count, cli->command->did)
	                          : cli_done(cli, rc, &result, &error, cli->command->did);
}

/* --- Reads ------------------------------------------------------------------------------------ */

/* The container: arguments begin with it. */
static struct hf_bytes first_bytes(const struct hf_api_struct *takes, const void *args)
{
	const void *at = (const char *)args + rows_first(takes)->offset;
	return *(const struct hf_bytes *)at;
}

/* One object: what the call fills is it, or has it as its first member. */
static void show_one(struct cli *cli, const void *args, const void *answer)
{
	const struct hf_api_struct *of = cli->call->fills, *takes = cli->call->takes;
	const struct hf_api_member *first = rows_first(of);
	const bool inside = first->type == HF_API_STRUCT && first[1].type == HF_API_MEMORY;
	of = inside ? first->of : of;
	answer = inside ? (const char *)answer + first->offset : answer;
	if (cli_has(cli, "raw") && cli_flag(cli, "raw"))
		show_raw(cli->out, show_content(of, answer));
	else if (inside || !takes || cli->takes.count == 0)
		show_object(cli->out, of, answer, takes ? first_bytes(takes, args) : hf_str(NULL), false);
	else
		show_counted(cli->out, of, answer, takes, args);
}

/* Was the content left out that the columns end with? */
static bool is_bare(const struct cli *cli, const char *columns, char *out, size_t size)
{
	char option[64];
	const char *last = strrchr(columns, ' ');
	snprintf(option, sizeof option, "without-%s", last ? last + 1 : columns);
	const bool bare = cli_has(cli, option) && cli_flag(cli, option);
	snprintf(out, size, "%.*s", (int)(bare ? last - columns : (long)strlen(columns)), columns);
	return bare;
}

static int show_list(struct cli *cli, const void *args, const void *answer)
{
	const struct cli_command *command = cli->command;
	const bool named = cli->takes.count > 0 && row_has_bytes(&cli->takes.row[0]);
	struct rows_page page;
	char columns[160];
	rows_page(cli->call->fills, answer, &page);
	const bool bare = is_bare(cli, command->columns, columns, sizeof columns);
	int status = command->page ? command->page(cli, args, answer) : CLI_OK;
	out_list(cli->out, columns);
	for (size_t i = 0; i < page.count && status == CLI_OK; i++) {
		const void *item = page.items + i * page.of->size;
		if (command->each)
			status = command->each(cli, *(const struct hf_bytes *)item);
		else
			show_listed(cli->out, &page, i,
			            named ? row_bytes(&cli->takes.row[0], args) : hf_str(NULL), bare);
	}
	show_list_end(cli, page.count, page.next);
	return status;
}

static int read_and_show(struct cli *cli, const void *args)
{
	union rows_given answer = {0};
	struct rows_page page;
	struct hf_error error = {0};
	int status = CLI_OK;
	if (rows_read(cli->call, cli->store, args, &answer, &error) != HF_OK)
		return cli_fail(cli, &error);
	if (cli->command->columns)
		status = show_list(cli, args, &answer);
	else
		show_one(cli, args, &answer);
	rows_page(cli->call->fills, &answer, &page);
	hf_release(page.memory);
	return status;
}

int call_run(struct cli *cli, int argc, char **argv)
{
	union rows_given args = {0};
	const struct cli_command *command = cli->command;
	int status = call_args(cli, argc, argv, &args);
	if (status == CLI_OK)
		status = confirm(cli, argc > 0 ? argv[0] : "everything");
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status == CLI_OK && command->opened)
		status = command->opened(cli, &args);
	if (status != CLI_OK)
		return status;
	return cli->call->kind == HF_API_MUTATION ? mutate(cli, argv, &args)
	                                          : read_and_show(cli, &args);
}
