/* Bounds on the index steps of pages and counts, the same however many objects there are. Each
 * fills a new store with `count` objects (a multiple of 1,000) and fails the test when a page of
 * ten takes more steps than its bound with any filter. */
#ifndef TESTS_LIB_PAGE_STEPS_H
#define TESTS_LIB_PAGE_STEPS_H

#include <stddef.h>

void check_cursor_page_steps(size_t count);
void check_inbox_page_steps(size_t count);

#endif
