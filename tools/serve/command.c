/* See command.h. The rules by which a member has a place among the words or a name are these:
 *  - a key that may not be empty and stands for nothing else when it is, a token, a text or a
 *    payload that has to be said, a signed number that has to be said: a place, in their order;
 *  - everything else: a name.
 * What the tables cannot say is in the words of `never`. */
#include "serve/command.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { COMMANDS_MAX = 160, SHAPES_MAX = 128, PLACES = 512 };

struct commands {
	size_t count, shapes_count;
	struct command command[COMMANDS_MAX];
	uint16_t place[PLACES]; /* 1 + index */
	struct shape shape[SHAPES_MAX];
};

/* --- Shapes ----------------------------------------------------------------------------------- */

/* Members that have a value a caller may leave out, which the tables do not say. */
static const char never[] = "extra priority";

static bool has_place(const struct hf_api_member *member, const struct hf_api_member *in)
{
	if (member->zero || member->optional || rows_names(never, member->name))
		return false;
	/* Of a whole object that is put: what it is called and what it holds. */
	const bool whole = in && strcmp(in->name, "key") != 0 && strcmp(in->name, "filter") != 0;
	switch (member->type) {
	case HF_API_KEY:
		return !whole || strcmp(member->name, "owner") != 0;
	case HF_API_BYTES:
		return true;
	case HF_API_TOKEN:
	case HF_API_TEXT:
	case HF_API_INT:
		return !whole;
	default:
		return false;
	}
}

static bool is_given(const struct hf_api_member *member)
{
	return member->type != HF_API_SIZE && member->type != HF_API_MEMORY &&
	       member->type != HF_API_FUNCTION && member->type != HF_API_CONTEXT &&
	       !(member->type == HF_API_STRUCT && strcmp(member->of->name, "hf_write") == 0);
}

static const struct hf_api_member *member_of(const struct hf_api_struct *of, const char *name)
{
	for (const struct hf_api_member *member = of->members; member->name; member++)
		if (strcmp(member->name, name) == 0)
			return member;
	return NULL;
}

/* by_X, set_X or has_X beside X. */
static const struct hf_api_member *flag_of(const struct hf_api_struct *of, const char *name)
{
	static const char *const heads[] = {"by", "set", "has"};
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		char flag[64];
		(void)snprintf(flag, sizeof flag, "%s_%s", heads[i], name);
		const struct hf_api_member *found = member_of(of, flag);
		if (found && found->type == HF_API_BOOL)
			return found;
	}
	return NULL;
}

static bool is_flag(const struct hf_api_struct *of, const struct hf_api_member *member)
{
	const char *rest = strchr(member->name, '_');
	return member->type == HF_API_BOOL && rest && member_of(of, rest + 1) &&
	       flag_of(of, rest + 1) == member;
}

static bool is_there(const struct shape *shape, const char *name)
{
	for (size_t i = 0; i < shape->count; i++)
		if (strcmp(shape->argument[i].member->name, name) == 0)
			return true;
	return false;
}

static void add_members(struct shape *shape, const struct hf_api_struct *of,
                        const struct hf_api_member *in, size_t base)
{
	for (const struct hf_api_member *member = of->members; member->name; member++) {
		const bool counts = member > of->members && member[-1].type == HF_API_MANY;
		if (!is_given(member) || counts || is_flag(of, member))
			continue;
		if (member->type == HF_API_STRUCT) {
			add_members(shape, member->of, member, base + member->offset);
		} else if (shape->count < ROWS_MAX && !is_there(shape, member->name)) {
			const struct hf_api_member *flag = flag_of(of, member->name);
			shape->argument[shape->count++] = (struct argument){
			    .member = member,
			    .in = in,
			    .offset = base + member->offset,
			    .flag = flag ? base + flag->offset : 0,
			    .count = member->type == HF_API_MANY ? base + member[1].offset : 0,
			    .placed = has_place(member, in)};
		}
	}
}

/* One for each struct that any command takes, and for what stands in arrays of those. */
static const struct shape *shape_of(struct commands *commands, const struct hf_api_struct *of)
{
	for (size_t i = 0; i < commands->shapes_count; i++)
		if (commands->shape[i].of == of)
			return &commands->shape[i];
	if (commands->shapes_count == SHAPES_MAX)
		return NULL;
	struct shape *shape = &commands->shape[commands->shapes_count++];
	shape->of = of;
	if (strcmp(of->name, "hf_bytes") == 0) {
		static const struct hf_api_member name = {
		    .name = "name", .size = sizeof(struct hf_bytes), .type = HF_API_KEY};
		shape->argument[shape->count++] = (struct argument){.member = &name, .placed = true};
		return shape;
	}
	add_members(shape, of, NULL, 0);
	for (size_t i = 0; i < shape->count; i++)
		if (shape->argument[i].member->of && !shape_of(commands, shape->argument[i].member->of))
			return NULL;
	return shape;
}

const struct shape *commands_shape(const struct commands *commands, const struct hf_api_struct *of)
{
	for (size_t i = 0; i < commands->shapes_count; i++)
		if (commands->shape[i].of == of)
			return &commands->shape[i];
	return NULL;
}

/* --- The table -------------------------------------------------------------------------------- */

static size_t place_of(const char *name, size_t len)
{
	uint32_t hash = 5381;
	for (size_t i = 0; i < len; i++)
		hash = hash * 33 + (uint32_t)toupper((unsigned char)name[i]);
	return hash % PLACES;
}

static void name_of(const struct hf_api_call *call, char out[COMMAND_NAME_MAX])
{
	(void)snprintf(out, COMMAND_NAME_MAX, "%s", call->name + strlen("hf_"));
	char *dot = strchr(out, '_');
	if (dot)
		*dot = '.';
	for (char *at = out; *at; at++)
		*at = (char)toupper((unsigned char)*at);
}

static const struct hf_api_call *start_of(const struct hf_api_call *call)
{
	char name[96];
	(void)snprintf(name, sizeof name, "%s_start", call->name);
	return rows_call(name);
}

static struct row row_of(const struct shape *takes, const char *name)
{
	struct row row = {0};
	for (size_t i = 0; takes && i < takes->count; i++)
		if (strcmp(takes->argument[i].member->name, name) == 0)
			row = (struct row){takes->argument[i].member, takes->argument[i].in,
			                   takes->argument[i].offset};
	return row;
}

static bool add_call(struct commands *commands, const struct hf_api_call *call)
{
	if (commands->count == COMMANDS_MAX)
		return false;
	struct command *command = &commands->command[commands->count++];
	command->call = call;
	command->takes = call->takes ? shape_of(commands, call->takes) : NULL;
	command->start = start_of(call);
	command->key = row_of(command->takes, "name");
	command->lease = row_of(command->takes, "lease_us");
	command->wait = row_of(command->takes, "wait_us");
	command->limit = row_of(command->takes, "limit");
	command->page = row_of(command->takes, "page");
	command->after = row_of(command->takes, "after");
	name_of(call, command->name);
	size_t place = place_of(command->name, strlen(command->name));
	while (commands->place[place])
		place = (place + 1) % PLACES;
	commands->place[place] = (uint16_t)commands->count;
	return !call->takes || command->takes;
}

struct commands *commands_new(void)
{
	struct commands *commands = calloc(1, sizeof *commands);
	const struct hf_api_part *part;
	bool ok = commands != NULL;
	for (unsigned i = 0; ok && (part = hf_api_describe(i)) != NULL; i++)
		for (const struct hf_api_call *call = part->calls; ok && call->name; call++)
			if (call->kind == HF_API_MUTATION || call->kind == HF_API_READ)
				ok = add_call(commands, call);
	if (ok)
		return commands;
	free(commands);
	return NULL;
}

void commands_free(struct commands *commands)
{
	free(commands);
}

const struct command *commands_find(const struct commands *commands, struct hf_bytes name)
{
	if (name.len >= COMMAND_NAME_MAX)
		return NULL;
	for (size_t place = place_of(name.data, name.len); commands->place[place];
	     place = (place + 1) % PLACES) {
		const struct command *found = &commands->command[commands->place[place] - 1];
		if (strlen(found->name) == name.len && strncasecmp(found->name, name.data, name.len) == 0)
			return found;
	}
	return NULL;
}

size_t commands_count(const struct commands *commands)
{
	return commands->count;
}

const struct command *commands_at(const struct commands *commands, size_t index)
{
	return &commands->command[index];
}

/* Calls that do something to a store and are no commands: what takes a callback, a path or a
 * handle. */
const struct hf_api_call *commands_absent(size_t index)
{
	const struct hf_api_part *part;
	for (unsigned i = 0; (part = hf_api_describe(i)) != NULL; i++)
		for (const struct hf_api_call *call = part->calls; call->name; call++)
			if (call->kind == HF_API_WAIT_CALL && index-- == 0)
				return call;
	return NULL;
}

/* --- How a command is written ----------------------------------------------------------------- */

static void say(char *out, size_t size, const char *word)
{
	const size_t len = strlen(out);
	if (len < size)
		(void)snprintf(out + len, size - len, "%s", word);
}

static void say_upper(char *out, size_t size, const char *name)
{
	char word[64];
	const size_t len = strlen(name);
	const bool spans = len > 3 && strcmp(name + len - 3, "_us") == 0;
	(void)snprintf(word, sizeof word, "%.*s", (int)(spans ? len - 3 : len), name);
	for (char *at = word; *at; at++)
		*at = (char)toupper((unsigned char)*at);
	say(out, size, word);
}

static void say_arguments(const struct commands *commands, const struct shape *shape, bool placed,
                          char *out, size_t size);

/* What stands in an array or a position. */
static void say_element(const struct commands *commands, const struct hf_api_member *member,
                        char *out, size_t size)
{
	if (member->type == HF_API_MANY && strcmp(member->of->name, "hf_bytes") == 0) {
		say(out, size, "n bytes...");
		return;
	}
	const struct shape *shape = commands_shape(commands, member->of);
	say(out, size, member->type == HF_API_MANY ? "n (m" : "m");
	say_arguments(commands, shape, true, out, size);
	say_arguments(commands, shape, false, out, size);
	if (member->type == HF_API_MANY)
		say(out, size, ")...");
}

static void say_value(const struct commands *commands, char *out, size_t size,
                      const struct hf_api_member *member)
{
	if (member->type == HF_API_ONE || member->type == HF_API_MANY) {
		say_element(commands, member, out, size);
		return;
	}
	static const char *const words[HF_API_SIZE + 1] = {
	    [HF_API_BOOL] = "0|1",      [HF_API_INT] = "number", [HF_API_UINT] = "number",
	    [HF_API_REAL] = "real",     [HF_API_TIME] = "time",  [HF_API_SPAN] = "duration",
	    [HF_API_WAIT] = "duration", [HF_API_LSN] = "lsn",    [HF_API_TOKEN] = "token",
	    [HF_API_STRING] = "token"};
	const bool listed = member->type == HF_API_ENUM || member->type == HF_API_FLAGS;
	for (const struct hf_api_word *word = listed ? member->words : NULL; word && word->word;
	     word++) {
		if (word != member->words)
			say(out, size, member->type == HF_API_ENUM ? "|" : ",");
		say(out, size, word->word);
	}
	if (!listed)
		say(out, size, words[member->type] ? words[member->type] : "bytes");
}

static void say_arguments(const struct commands *commands, const struct shape *shape, bool placed,
                          char *out, size_t size)
{
	for (size_t i = 0; shape && i < shape->count; i++) {
		const struct argument *argument = &shape->argument[i];
		if (argument->placed != placed)
			continue;
		if (placed) {
			say(out, size, " ");
			say(out, size, argument->member->name);
			continue;
		}
		say(out, size, " [");
		say_upper(out, size, argument->member->name);
		say(out, size, " ");
		say_value(commands, out, size, argument->member);
		say(out, size, "]");
	}
}

void command_syntax(const struct commands *commands, const struct command *command, char *out,
                    size_t size)
{
	(void)snprintf(out, size, "%s", command->name);
	say_arguments(commands, command->takes, true, out, size);
	say_arguments(commands, command->takes, false, out, size);
	if (command->call->kind == HF_API_MUTATION)
		say(out, size, " [EXPECT lsn|ABSENT] [DURABILITY durable|os] [MISSING_OK 0|1]");
	if (command->call->object)
		say(out, size, " [RETURNING 0|1] [RETURNING_PAYLOAD 0|1]");
}
