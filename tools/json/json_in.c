/* yajl calls back once for each token and reports how many bytes it has consumed by then. A value
 * ends where its last token ends; it starts at the first byte that is neither white space nor
 * colon behind its key, and an object at its brace. */
#include "json/json_in.h"

#include "print/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yajl/yajl_parse.h>

struct reading {
	const char *source, *end;
	yajl_handle parser;
	struct json_object *object; /* NULL: only check */
	struct json_fault *fault;
	size_t depth; /* arrays and objects that are open */
	size_t key_end; /* byte behind the last token, at which the next key is looked for */
	bool refused; /* the fault is reported already */
};

bool json_refuse(struct json_fault *fault, int code, size_t at, const char *format, ...)
{
	va_list args;
	fault->code = code;
	fault->at = at;
	va_start(args, format);
	(void)vsnprintf(fault->what, sizeof fault->what, format, args);
	va_end(args);
	return false;
}

const char *json_type_name(enum json_type type)
{
	static const char *const names[] = {"null",     "a boolean", "a number",
	                                    "a string", "an object", "an array"};
	return names[type];
}

/* --- Tokens ----------------------------------------------------------------------------------- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t consumed(const struct reading *r)
{
	return yajl_get_bytes_consumed(r->parser);
}

static int give_up(struct reading *r, int code, const char *what)
{
	r->refused = true;
	(void)json_refuse(r->fault, code, consumed(r), "%s", what);
	return 0;
}

/* A value is complete. If it is a member of the object, so is the member. */
static int value_ended(struct reading *r, enum json_type type)
{
	if (r->object && r->depth == 1) {
		struct json_member *member = &r->object->members[r->object->count - 1];
		member->type = type;
		member->value.len = (size_t)(r->source + consumed(r) - (const char *)member->value.data);
	}
	r->key_end = consumed(r);
	return 1;
}

static int on_null(void *ctx)
{
	return value_ended(ctx, JSON_NULL);
}

static int on_boolean(void *ctx, int value)
{
	(void)value;
	return value_ended(ctx, JSON_BOOLEAN);
}

static int on_number(void *ctx, const char *text, size_t len)
{
	(void)text;
	(void)len;
	return value_ended(ctx, JSON_NUMBER);
}

static int on_string(void *ctx, const unsigned char *text, size_t len)
{
	(void)text;
	(void)len;
	return value_ended(ctx, JSON_STRING);
}

static bool make_room(struct json_object *object)
{
	if (object->count < object->room)
		return true;
	const size_t room = object->room ? object->room * 2 : 16;
	struct json_member *members = realloc(object->members, room * sizeof *members);
	if (!members)
		return false;
	object->members = members;
	object->room = room;
	return true;
}

static int on_key(void *ctx, const unsigned char *name, size_t len)
{
	struct reading *r = ctx;
	(void)name;
	(void)len;
	if (!r->object || r->depth != 1)
		return 1;
	if (!make_room(r->object))
		return give_up(r, HF_ENOMEM, "is too much for the memory there is");
	const char *end = r->source + consumed(r), *start = r->source + r->key_end, *value = end;
	while (start < end && *start != '"')
		start++;
	while (value < r->end && (is_space(*value) || *value == ':'))
		value++;
	r->object->members[r->object->count++] = (struct json_member){
	    .name = hf_bytes_of(start, (size_t)(end - start)), .value = hf_bytes_of(value, 0)};
	return 1;
}

static int on_start(void *ctx)
{
	struct reading *r = ctx;
	r->key_end = consumed(r);
	if (++r->depth <= JSON_DEPTH_MAX)
		return 1;
	return give_up(r, HF_EINVAL, "has more than 200 arrays and objects inside each other");
}

static int on_end_map(void *ctx)
{
	struct reading *r = ctx;
	r->depth--;
	return value_ended(r, JSON_OBJECT);
}

static int on_end_array(void *ctx)
{
	struct reading *r = ctx;
	r->depth--;
	return value_ended(r, JSON_ARRAY);
}

/* --- Texts ------------------------------------------------------------------------------------ */

/* yajl's own words, without its line end. */
static void tell_syntax(struct reading *r, size_t at)
{
	unsigned char *words = yajl_get_error(r->parser, 0, NULL, 0);
	const char *text = words ? (const char *)words : "out of memory";
	(void)json_refuse(r->fault, words ? HF_EINVAL : HF_ENOMEM, at, "is not JSON: %.*s",
	                  (int)strcspn(text, "\n"), text);
	if (words)
		yajl_free_error(r->parser, words);
}

static bool parse(struct reading *r)
{
	static const yajl_callbacks callbacks = {
	    .yajl_null = on_null,
	    .yajl_boolean = on_boolean,
	    .yajl_number = on_number,
	    .yajl_string = on_string,
	    .yajl_start_map = on_start,
	    .yajl_map_key = on_key,
	    .yajl_end_map = on_end_map,
	    .yajl_start_array = on_start,
	    .yajl_end_array = on_end_array,
	};
	r->parser = yajl_alloc(&callbacks, NULL, r);
	if (!r->parser)
		return json_refuse(r->fault, HF_ENOMEM, 0, "is too much for the memory there is");
	const size_t len = (size_t)(r->end - r->source);
	const bool read =
	    yajl_parse(r->parser, (const unsigned char *)r->source, len) == yajl_status_ok;
	const bool ok = read && yajl_complete_parse(r->parser) == yajl_status_ok;
	if (!ok && !r->refused)
		tell_syntax(r, read ? len : consumed(r));
	yajl_free(r->parser);
	return ok;
}

static bool parse_text(struct json_object *object, struct hf_bytes text, struct json_fault *fault)
{
	struct reading r = {.source = text.data,
	                    .end = (const char *)text.data + text.len,
	                    .object = object,
	                    .fault = fault};
	if (!parse(&r))
		return false;
	return text_is_utf8(text.data, text.len) ||
	       json_refuse(fault, HF_EINVAL, 0, "is not valid UTF-8");
}

bool json_check(struct hf_bytes text, struct json_fault *fault)
{
	return parse_text(NULL, text, fault);
}

bool json_object_read(struct json_object *object, struct hf_bytes text, struct json_fault *fault)
{
	*object = (struct json_object){.text = text};
	const char *start = text.data;
	size_t skip = 0;
	while (skip < text.len && is_space(start[skip]))
		skip++;
	/* Looked at before it is parsed: on_key() relies on an object around the members. */
	if (skip == text.len || start[skip] != '{')
		return json_refuse(fault, HF_EINVAL, skip, "is no JSON object");
	return parse_text(object, text, fault);
}

void json_object_free(struct json_object *object)
{
	free(object->members);
	*object = (struct json_object){0};
}

/* --- Members ---------------------------------------------------------------------------------- */

static bool is_named(struct hf_bytes written, const char *name)
{
	const size_t len = strlen(name);
	const char *text = written.data;
	if (!memchr(text, '\\', written.len))
		return written.len == len + 2 && memcmp(text + 1, name, len) == 0;
	char *plain;
	size_t plain_len;
	const bool same = json_string(written, &plain, &plain_len) && plain_len == len &&
	                  memcmp(plain, name, len) == 0;
	free(plain);
	return same;
}

bool json_find(const struct json_object *object, const char *name, const struct json_member **out,
               struct json_fault *fault)
{
	*out = NULL;
	for (size_t i = 0; i < object->count; i++) {
		const struct json_member *member = &object->members[i];
		if (!is_named(member->name, name))
			continue;
		if (*out) {
			const size_t at =
			    (size_t)((const char *)member->name.data - (const char *)object->text.data);
			return json_refuse(fault, HF_EINVAL, at, "has the member \"%s\" twice", name);
		}
		*out = member;
	}
	return true;
}
