/* What the tests of import and export share: files, and the two ways in which a store is
 * compared with them. Everything runs the tool as a process in the current directory, which is
 * the test's own. */
#ifndef TESTS_LIB_FORMATS_H
#define TESTS_LIB_FORMATS_H

#include "lib/tools/tool.h"
#include "print/buffer.h"

/* The whole file. */
struct buffer formats_read(const char *path);
void formats_write(const char *path, const void *data, size_t len);

/* A new, empty store in place of whatever was there. */
void formats_init(const char *store);

/* Runs the tool on the store; fails the test, with all that was said, unless it ends with
 * `status`. */
void formats_call(const char *store, const char *line, int status);

/* Fails the test unless the files are equal as JSON values (json_equal.h); `lines`: as JSON
 * Lines, without the first line of each. */
void formats_same(const char *expected, const char *got);
void formats_same_lines(const char *expected, const char *got);

#endif
