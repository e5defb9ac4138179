/* JSON as values, on yajl: numbers keep the spelling of their source. */
#ifndef DEMO_JSON_H
#define DEMO_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <yajl/yajl_tree.h>

/* The file's bytes with a NUL after them, to be freed; NULL, with the reason printed, when it
 * cannot be read. */
char *json_read_text(const char *path);

/* The value in a file, to be freed with yajl_tree_free(); NULL, with the reason printed, when
 * there is none. */
yajl_val json_read(const char *path);

/* A member of an object; NULL when there is none. */
yajl_val json_member(yajl_val object, const char *name);

/* A string member's text, "" when there is no such member. */
const char *json_string(yajl_val object, const char *name);

/* How many elements an array has; 0 for anything else. */
size_t json_length(yajl_val array);
yajl_val json_at(yajl_val array, size_t i); /* NULL beyond its end */

/* Gives a string, true or false another value in place. */
void json_set_string(yajl_val value, const char *text);
void json_set_true(yajl_val value);

/* Are they the same? Members of objects in any order, elements of arrays in the same, numbers in
 * the same spelling. If not, the place of the first difference is written into `where`, like
 * "[17].item.path". */
bool json_same(yajl_val left, yajl_val right, char *where, size_t size);

#endif
