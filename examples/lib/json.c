/* yajl calls back once for every token and knows how many bytes it has consumed by then. A value ends where its last token ends; it
 * starts at the first byte that is neither space nor colon after its key, and an object at its brace. */
#include "lib/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

struct reading {
	const char *source;
	yajl_handle parser;
	json_record_fn each;
	void *arg;
	int wanted; /* depth of the records */
	int depth; /* objects and arrays that are open */
	const char *why; /* it was given up, or NULL */
	struct json_record record;
};

static const char *position(const struct reading *r)
{
	return r->source + yajl_get_bytes_consumed(r->parser);
}

static int give_up(struct reading *r, const char *why)
{
	r->why = why;
	return 0;
}

/* A value has ended: if a member of the record began with it, the member is complete. */
static int value_ended(struct reading *r, const char *scalar, size_t len)
{
	struct json_field *field;

	if (r->depth != r->wanted || !r->record.count)
		return 1;
	field = &r->record.fields[r->record.count - 1];
	if (len >= sizeof(field->scalar)) {
		len = 0; /* too long to be a key or a number: the text has it */
	}
	if (len)
		memcpy(field->scalar, scalar, len);
	field->scalar[len] = '\0';
	field->len = (size_t)(position(r) - field->text);
	return 1;
}

static int on_null(void *ctx)
{
	return value_ended(ctx, "null", 4);
}

static int on_boolean(void *ctx, int value)
{
	return value ? value_ended(ctx, "true", 4) : value_ended(ctx, "false", 5);
}

static int on_number(void *ctx, const char *text, size_t len)
{
	return value_ended(ctx, text, len);
}

static int on_string(void *ctx, const unsigned char *text, size_t len)
{
	return value_ended(ctx, (const char *)text, len);
}

static int on_key(void *ctx, const unsigned char *name, size_t len)
{
	struct reading *r = ctx;
	struct json_field *field;

	if (r->depth != r->wanted)
		return 1;
	if (r->record.count == JSON_FIELDS_MAX || len >= sizeof(field->name))
		return give_up(r, "an object has too many members, or one with too long a name");
	field = &r->record.fields[r->record.count++];
	memcpy(field->name, name, len);
	field->name[len] = '\0';
	field->text = position(r);
	field->text += strspn(field->text, " \t\r\n:");
	return 1;
}

static int on_start_map(void *ctx)
{
	struct reading *r = ctx;

	if (++r->depth == r->wanted) {
		r->record.text = position(r) - 1;
		r->record.count = 0;
	}
	return 1;
}

static int on_end_map(void *ctx)
{
	struct reading *r = ctx;

	if (r->depth-- == r->wanted) {
		r->record.len = (size_t)(position(r) - r->record.text);
		if (!r->each(r->arg, &r->record))
			return give_up(r, "");
		r->record.count = 0;
	}
	return value_ended(r, NULL, 0);
}

static int on_start_array(void *ctx)
{
	((struct reading *)ctx)->depth++;
	return 1;
}

static int on_end_array(void *ctx)
{
	((struct reading *)ctx)->depth--;
	return value_ended(ctx, NULL, 0);
}

bool json_records(const char *text, size_t len, int depth, json_record_fn each, void *arg)
{
	static const yajl_callbacks callbacks = {
	    .yajl_null = on_null,
	    .yajl_boolean = on_boolean,
	    .yajl_number = on_number,
	    .yajl_string = on_string,
	    .yajl_start_map = on_start_map,
	    .yajl_map_key = on_key,
	    .yajl_end_map = on_end_map,
	    .yajl_start_array = on_start_array,
	    .yajl_end_array = on_end_array,
	};
	struct reading *r = calloc(1, sizeof(*r));
	bool ok;

	if (!r)
		return false;
	r->source = text;
	r->each = each;
	r->arg = arg;
	r->wanted = depth;
	r->parser = yajl_alloc(&callbacks, NULL, r);
	ok = r->parser && yajl_parse(r->parser, (const unsigned char *)text, len) == yajl_status_ok &&
	     yajl_complete_parse(r->parser) == yajl_status_ok;
	if (!ok && (!r->why || *r->why))
		fprintf(stderr, "JSON: %s\n", r->why ? r->why : "the text is damaged");
	if (r->parser)
		yajl_free(r->parser);
	free(r);
	return ok;
}

const struct json_field *json_find(const struct json_record *record, const char *name)
{
	for (size_t i = 0; i < record->count; i++)
		if (strcmp(record->fields[i].name, name) == 0)
			return &record->fields[i];
	return NULL;
}

const char *json_scalar(const struct json_record *record, const char *name)
{
	const struct json_field *field = json_find(record, name);

	return field ? field->scalar : "";
}

char *json_load(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	char *text = NULL;
	long size = -1;

	if (file && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0)
		text = malloc((size_t)size + 1);
	if (text && fread(text, 1, (size_t)size, file) != (size_t)size) {
		free(text);
		text = NULL;
	}
	if (!text)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	else
		text[size] = '\0';
	if (file)
		fclose(file);
	*len = text ? (size_t)size : 0;
	return text;
}
