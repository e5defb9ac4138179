/* Words as arguments: see command.h. Total on any words: each is looked at by the type of its
 * member, and whatever is left over is refused. */
#include "serve/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "print/text.h"

struct decoding {
	const struct commands *commands;
	const struct hf_bytes *words;
	size_t count, at;
	const uint32_t *operations;
	size_t operations_count;
	struct arena *arena;
	struct hf_error *error;
	unsigned depth;
};

enum { DEPTH_MAX = 4, NUMBER_MAX = 64 };

static int refuse(struct decoding *from, const char *name, const char *what)
{
	from->error->code = HF_EINVAL;
	(void)snprintf(from->error->text, sizeof from->error->text, "%s %s", name, what);
	return HF_EINVAL;
}

static int no_memory(struct decoding *from)
{
	from->error->code = HF_ENOMEM;
	(void)snprintf(from->error->text, sizeof from->error->text,
	               "there is no memory for this command beside those of other connections");
	return HF_ENOMEM;
}

static bool is_word(struct hf_bytes word, const char *text)
{
	return word.len == strlen(text) && strncasecmp(word.data, text, word.len) == 0;
}

/* --- Values ----------------------------------------------------------------------------------- */

static bool parse_bool(struct hf_bytes word, int64_t *out)
{
	static const char *const yes[] = {"1", "true", "yes"}, *const no[] = {"0", "false", "no"};
	for (size_t i = 0; i < 3; i++) {
		if (is_word(word, yes[i]) || is_word(word, no[i])) {
			*out = is_word(word, yes[i]);
			return true;
		}
	}
	return false;
}

/* Microseconds, or a number with its unit. */
bool command_span(struct hf_bytes word, bool waits, int64_t *out)
{
	char text[NUMBER_MAX];
	*out = -1;
	if (waits && (is_word(word, "-1") || is_word(word, "forever")))
		return true;
	if (text_parse_i64(word.data, word.len, out))
		return true;
	const char *bytes = word.data;
	if (word.len == 0 || word.len >= sizeof text || memchr(bytes, '\0', word.len) ||
	    (bytes[word.len - 1] >= '0' && bytes[word.len - 1] <= '9'))
		return false;
	memcpy(text, bytes, word.len);
	text[word.len] = '\0';
	return text_parse_duration(text, out);
}

static bool parse_real(struct hf_bytes word, double *out)
{
	char text[NUMBER_MAX];
	if (word.len == 0 || word.len >= sizeof text || memchr(word.data, '\0', word.len))
		return false;
	memcpy(text, word.data, word.len);
	text[word.len] = '\0';
	return text_parse_real(text, out);
}

/* A number, or @N: the token that command N of this transaction will get. */
static bool parse_token(const struct decoding *from, struct hf_bytes word, int64_t *out)
{
	const char *text = word.data;
	uint64_t number = 0;
	const bool of = word.len > 1 && text[0] == '@';
	if (!text_parse_u64(text + of, word.len - of, &number))
		return false;
	if (of && (number >= from->operations_count || from->operations[number] == UINT32_MAX))
		return false;
	*out = (int64_t)(of ? HF_TOKEN_OF(from->operations[number]) : number);
	return true;
}

static bool parse_integer(const struct hf_api_member *member, struct hf_bytes word, int64_t *out)
{
	const bool wide = member->size == sizeof(int64_t);
	uint64_t number = 0;
	if (member->type == HF_API_INT)
		return text_parse_i64(word.data, word.len, out) &&
		       (wide || (*out >= INT32_MIN && *out <= INT32_MAX));
	const bool ok = text_parse_u64(word.data, word.len, &number) && (wide || number <= UINT32_MAX);
	*out = (int64_t)number;
	return ok;
}

static bool parse_words(const struct hf_api_member *member, struct hf_bytes word, int64_t *out)
{
	char text[256];
	if (word.len >= sizeof text)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		const char letter = ((const char *)word.data)[i];
		text[i] = letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
	}
	*out = 0;
	return word.len == 0 ? member->type == HF_API_FLAGS
	                     : row_parse_words(member, text, word.len, out);
}

/* A whole number, whatever it stands for. */
static int parse_number(struct decoding *from, const struct hf_api_member *member,
                        struct hf_bytes word, int64_t *out)
{
	bool ok;
	switch (member->type) {
	case HF_API_BOOL:
		ok = parse_bool(word, out);
		return ok ? HF_OK : refuse(from, member->name, "must be 0 or 1");
	case HF_API_SPAN:
	case HF_API_WAIT:
		ok = command_span(word, member->type == HF_API_WAIT, out);
		return ok ? HF_OK
		          : refuse(from, member->name,
		                   "must be a number of microseconds, or one with its unit (250ms, 30s)");
	case HF_API_TIME:
		*out = HF_UNSET;
		ok = is_word(word, "none") || text_parse_i64(word.data, word.len, out);
		return ok ? HF_OK : refuse(from, member->name, "must be microseconds since 1970, or none");
	case HF_API_TOKEN:
		ok = parse_token(from, word, out);
		return ok ? HF_OK
		          : refuse(from, member->name,
		                   "must be a token, or @N for that of command N of this transaction");
	case HF_API_ENUM:
	case HF_API_FLAGS:
		ok = parse_words(member, word, out);
		return ok ? HF_OK : refuse(from, member->name, "has no such word");
	default:
		ok = parse_integer(member, word, out);
		return ok ? HF_OK : refuse(from, member->name, "must be a whole number in its range");
	}
}

/* --- Structs ---------------------------------------------------------------------------------- */

static int decode_struct(struct decoding *from, const struct shape *shape, size_t end, char *out,
                         struct decoded *whole);

/* How many words or elements follow. */
static int take_count(struct decoding *from, const char *name, size_t end, size_t *out)
{
	uint64_t count = 0;
	if (from->at >= end ||
	    !text_parse_u64(from->words[from->at].data, from->words[from->at].len, &count) ||
	    count > end - from->at - 1)
		return refuse(from, name, "must be how many follow, and so many words");
	from->at++;
	*out = (size_t)count;
	return HF_OK;
}

/* A count of words, and they. */
static int decode_element(struct decoding *from, const char *name, const struct shape *shape,
                          size_t end, char *out)
{
	size_t words = 0;
	int rc = take_count(from, name, end, &words);
	if (rc == HF_OK && ++from->depth > DEPTH_MAX)
		rc = refuse(from, name, "is nested too deeply");
	if (rc == HF_OK)
		rc = decode_struct(from, shape, from->at + words, out, NULL);
	from->depth--;
	return rc;
}

static int decode_one(struct decoding *from, const struct argument *argument, size_t end, char *out)
{
	const struct hf_api_member *member = argument->member;
	char *one = arena_get(from->arena, 1, member->of->size);
	if (!one)
		return no_memory(from);
	const int rc =
	    decode_element(from, member->name, commands_shape(from->commands, member->of), end, one);
	memcpy(out + argument->offset, &one, sizeof one);
	return rc;
}

static int decode_many(struct decoding *from, const struct argument *argument, size_t end,
                       char *out)
{
	const struct hf_api_member *member = argument->member;
	const struct shape *shape = commands_shape(from->commands, member->of);
	const bool bytes = strcmp(member->of->name, "hf_bytes") == 0;
	size_t count = 0;
	int rc = take_count(from, member->name, end, &count);
	if (rc != HF_OK)
		return rc;
	char *all = arena_get(from->arena, count ? count : 1, member->of->size);
	if (!all)
		return no_memory(from);
	for (size_t i = 0; i < count && rc == HF_OK; i++)
		if (!bytes)
			rc = decode_element(from, member->name, shape, end, all + i * member->of->size);
		else if (from->at < end)
			memcpy(all + i * member->of->size, &from->words[from->at++], sizeof(struct hf_bytes));
		else
			rc = refuse(from, member->name, "has fewer elements than it says");
	memcpy(out + argument->offset, &all, sizeof all);
	memcpy(out + argument->count, &count, sizeof count);
	return rc;
}

/* Text with a NUL behind it. */
static int decode_string(struct decoding *from, const struct argument *argument, char *out)
{
	const struct hf_bytes word = from->words[from->at++];
	if (memchr(word.len ? word.data : "", '\0', word.len))
		return refuse(from, argument->member->name, "must not hold NUL");
	char *text = arena_get(from->arena, word.len + 1, 1);
	if (!text)
		return no_memory(from);
	memcpy(text, word.data, word.len);
	memcpy(out + argument->offset, &text, sizeof text);
	return HF_OK;
}

static int decode_value(struct decoding *from, const struct argument *argument, size_t end,
                        char *out)
{
	const struct hf_api_member *member = argument->member;
	const struct row row = {member, argument->in, argument->offset};
	int64_t number = 0;
	if (argument->flag)
		out[argument->flag] = 1;
	if (member->type == HF_API_ONE)
		return decode_one(from, argument, end, out);
	if (member->type == HF_API_MANY)
		return decode_many(from, argument, end, out);
	if (from->at >= end)
		return refuse(from, member->name, "has no value");
	if (member->type == HF_API_STRING)
		return decode_string(from, argument, out);
	const struct hf_bytes word = from->words[from->at++];
	if (row_has_bytes(&row)) {
		row_put_bytes(&row, out, word);
		return HF_OK;
	}
	if (member->type == HF_API_REAL) {
		double real;
		if (!parse_real(word, &real))
			return refuse(from, member->name, "must be a number");
		memcpy(out + argument->offset, &real, sizeof real);
		return HF_OK;
	}
	const int rc = parse_number(from, member, word, &number);
	if (rc == HF_OK)
		row_store(&row, out, number);
	return rc;
}

/* Its name, with or without the _us behind it; or that of the struct whose first member it is. */
static bool is_called(const struct argument *argument, struct hf_bytes word)
{
	const char *name = argument->member->name;
	const size_t len = strlen(name);
	if (is_word(word, name))
		return true;
	if (len > 3 && strcmp(name + len - 3, "_us") == 0 && word.len == len - 3 &&
	    strncasecmp(word.data, name, word.len) == 0)
		return true;
	return argument->in && argument->member->type == HF_API_ENUM &&
	       argument->member == argument->in->of->members && is_word(word, argument->in->name);
}

/* What every mutation takes. */
static int decode_write(struct decoding *from, struct hf_bytes name, size_t end,
                        struct decoded *whole, const struct command *command, bool *found)
{
	static const char *const names[] = {"expect", "durability", "missing_ok", "returning_payload",
	                                    "returning"};
	size_t which = 0;
	while (which < 5 && !is_word(name, names[which]))
		which++;
	*found = which < 4 || (which == 4 && command->call->object);
	if (!*found)
		return HF_OK;
	if (from->at >= end)
		return refuse(from, names[which], "has no value");
	const struct hf_bytes word = from->words[from->at++];
	const struct hf_api_struct *of = rows_first(command->call->takes)->of;
	const struct hf_api_member *member = of->members;
	while (strcmp(member->name, names[which]) != 0)
		member++;
	const struct hf_api_member flag = {
	    .name = "returning", .size = sizeof(bool), .type = HF_API_BOOL};
	int64_t number = -1; /* HF_ABSENT */
	int rc = HF_OK;
	if (which != 0 || !is_word(word, "absent"))
		rc = parse_number(from, which == 4 ? &flag : member, word, &number);
	if (which == 4)
		whole->returning = number == 1;
	else if (rc == HF_OK)
		row_store(&(struct row){member, NULL, member->offset}, whole->write, number);
	return rc;
}

static int decode_named(struct decoding *from, const struct shape *shape, size_t end, char *out,
                        struct decoded *whole, uint64_t *given)
{
	const struct hf_bytes name = from->words[from->at++];
	char shown[40];
	bool found = false;
	for (size_t i = 0; i < shape->count; i++) {
		const struct argument *argument = &shape->argument[i];
		if (argument->placed || !is_called(argument, name))
			continue;
		if (*given & (uint64_t)1 << i)
			return refuse(from, argument->member->name, "is given twice");
		*given |= (uint64_t)1 << i;
		return decode_value(from, argument, end, out);
	}
	if (whole && whole->write) {
		const int rc = decode_write(from, name, end, whole, whole->command, &found);
		if (found)
			return rc;
	}
	const int len = name.len < sizeof shown ? (int)name.len : (int)sizeof shown - 1;
	(void)snprintf(shown, sizeof shown, "%.*s", len, (const char *)name.data);
	for (char *at = shown; *at; at++)
		*at = (*at >= ' ' && *at < 0x7f) ? *at : '?';
	return refuse(from, shown, "is no argument of this command");
}

static void clear(const struct shape *shape, char *out)
{
	memset(out, 0, shape->of->size);
	if (shape->of->first)
		memcpy(out, &shape->of->size, sizeof shape->of->size);
	for (size_t i = 0; i < shape->count; i++)
		if (shape->argument[i].member->type == HF_API_TIME)
			row_store(&(struct row){shape->argument[i].member, NULL, shape->argument[i].offset},
			          out, HF_UNSET);
}

static int decode_struct(struct decoding *from, const struct shape *shape, size_t end, char *out,
                         struct decoded *whole)
{
	uint64_t given = 0;
	int rc = HF_OK;
	clear(shape, out);
	for (size_t i = 0; i < shape->count && rc == HF_OK; i++)
		if (shape->argument[i].placed)
			rc = from->at < end ? decode_value(from, &shape->argument[i], end, out)
			                    : refuse(from, shape->argument[i].member->name, "is missing");
	while (rc == HF_OK && from->at < end)
		rc = decode_named(from, shape, end, out, whole, &given);
	return rc;
}

int command_decode(const struct commands *commands, const struct command *command,
                   const struct hf_bytes *words, size_t count, const uint32_t *operations,
                   size_t operations_count, struct arena *arena, struct decoded *out,
                   struct hf_error *error)
{
	struct decoding from = {commands,         words, count, 0, operations,
	                        operations_count, arena, error, 0};
	*out = (struct decoded){.command = command};
	*error = (struct hf_error){0};
	if (!command->takes)
		return count == 0 ? HF_OK : refuse(&from, command->name, "takes no arguments");
	char *args = out->args.bytes;
	if (command->call->kind == HF_API_MUTATION)
		out->write = rows_write(command->call->takes, args);
	const int rc = decode_struct(&from, command->takes, count, args, out);
	if (out->write)
		out->write->literal_times = true;
	return rc;
}
