#include "json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *json_read_text(const char *path)
{
	FILE *file = fopen(path, "rb");
	char *text = NULL;
	long size = -1;

	if (file && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0 &&
	    fseek(file, 0, SEEK_SET) == 0)
		text = malloc((size_t)size + 1);
	if (text && fread(text, 1, (size_t)size, file) != (size_t)size) {
		free(text);
		text = NULL;
	}
	if (text)
		text[size] = '\0';
	else
		fprintf(stderr, "demo: %s: %s\n", path, strerror(errno));
	if (file)
		fclose(file);
	return text;
}

yajl_val json_read(const char *path)
{
	char why[256] = "";
	char *text = json_read_text(path);
	yajl_val value;

	if (!text)
		return NULL;
	value = yajl_tree_parse(text, why, sizeof(why));
	if (!value)
		fprintf(stderr, "demo: %s: %s\n", path, *why ? why : "no JSON");
	free(text);
	return value;
}

yajl_val json_member(yajl_val object, const char *name)
{
	const char *path[] = {name, NULL};

	return yajl_tree_get(object, path, yajl_t_any);
}

const char *json_string(yajl_val object, const char *name)
{
	yajl_val found = json_member(object, name);

	return YAJL_IS_STRING(found) ? YAJL_GET_STRING(found) : "";
}

size_t json_length(yajl_val array)
{
	return YAJL_IS_ARRAY(array) ? array->u.array.len : 0;
}

yajl_val json_at(yajl_val array, size_t i)
{
	return i < json_length(array) ? array->u.array.values[i] : NULL;
}

void json_set_string(yajl_val value, const char *text)
{
	char *copy = strdup(text);

	if (!copy || !YAJL_IS_STRING(value)) {
		free(copy);
		return;
	}
	free(value->u.string);
	value->u.string = copy;
}

void json_set_true(yajl_val value)
{
	if (YAJL_IS_TRUE(value) || YAJL_IS_FALSE(value))
		value->type = yajl_t_true;
}

/* Puts a step in front of the way to the difference, which is found from the inside out. */
static bool differs_at(const char *step, char *where, size_t size)
{
	size_t len = strlen(step), rest = strlen(where);

	if (len + rest < size) {
		memmove(where + len, where, rest + 1);
		for (size_t i = 0; i < len; i++)
			where[i] = step[i];
	}
	return false;
}

static bool same_objects(yajl_val left, yajl_val right, char *where, size_t size)
{
	char step[96];

	for (size_t i = 0; i < left->u.object.len; i++) {
		const char *name = left->u.object.keys[i];
		yajl_val other = json_member(right, name);
		snprintf(step, sizeof(step), ".%s", name);
		if (!other || !json_same(left->u.object.values[i], other, where, size))
			return differs_at(step, where, size);
	}
	return left->u.object.len == right->u.object.len;
}

static bool same_arrays(yajl_val left, yajl_val right, char *where, size_t size)
{
	char step[32];

	for (size_t i = 0; i < json_length(left) && i < json_length(right); i++) {
		snprintf(step, sizeof(step), "[%zu]", i);
		if (!json_same(json_at(left, i), json_at(right, i), where, size))
			return differs_at(step, where, size);
	}
	return json_length(left) == json_length(right);
}

bool json_same(yajl_val left, yajl_val right, char *where, size_t size)
{
	where[0] = '\0';
	if (left->type != right->type)
		return false;
	switch (left->type) {
	case yajl_t_string:
		return strcmp(left->u.string, right->u.string) == 0;
	case yajl_t_number:
		return strcmp(YAJL_GET_NUMBER(left), YAJL_GET_NUMBER(right)) == 0;
	case yajl_t_object:
		return same_objects(left, right, where, size);
	case yajl_t_array:
		return same_arrays(left, right, where, size);
	default:
		return true;
	}
}
