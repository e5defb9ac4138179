/* Reads a JSON text as records: objects whose members are given with their exact source text, so that numbers keep their spelling
 * and unknown members are not lost. Built on yajl. */
#ifndef EXAMPLES_JSON_H
#define EXAMPLES_JSON_H

#include <stdbool.h>
#include <stddef.h>

enum {
	JSON_FIELDS_MAX = 32,
	JSON_SCALAR_MAX = 512,
};

struct json_field {
	char name[64];
	const char *text; /* the value as it stands in the source */
	size_t len;
	char scalar[JSON_SCALAR_MAX]; /* a string without quotes and escapes, a number, true, false, null; "" for arrays and objects */
};

struct json_record {
	const char *text; /* the whole object as it stands in the source */
	size_t len;
	struct json_field fields[JSON_FIELDS_MAX];
	size_t count;
};

/* Returns false to end the reading. */
typedef bool (*json_record_fn)(void *arg, const struct json_record *record);

/* Calls `each` for every object `depth` levels deep: 1 is the text's outermost value itself, 2 the objects of an outermost array. False for
 * a text that is no JSON, has larger records than the limits above, or when `each` said so; prints the reason for the first two. */
bool json_records(const char *text, size_t len, int depth, json_record_fn each, void *arg);

/* The member of that name; NULL when there is none. */
const struct json_field *json_find(const struct json_record *record, const char *name);

/* Its scalar, "" when there is no such member. */
const char *json_scalar(const struct json_record *record, const char *name);

/* The file's bytes with a NUL after them, to be freed; NULL, with the reason printed, when it cannot be read. */
char *json_load(const char *path, size_t *len);

#endif
