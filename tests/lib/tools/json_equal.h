/* Are two JSON texts the same value, written the same where it matters? Members in the same
 * order, numbers with the same letters, strings with the same characters however they are
 * escaped; white space between tokens is nothing. A reader of its own: what it judges is the
 * tool's. */
#ifndef TESTS_LIB_JSON_EQUAL_H
#define TESTS_LIB_JSON_EQUAL_H

#include <stdbool.h>
#include <stddef.h>

/* false: `why` says where the first difference is, or which of them is no JSON. */
bool json_equal(const char *a, size_t a_len, const char *b, size_t b_len, char *why, size_t size);

#endif
