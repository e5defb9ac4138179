/* The cells that the table tests run, listed in docs/domains/ ("Cells"): an operation or a state
 * that is run and not listed fails, and so does one that is listed and not run. A table is named
 * after its domain, "cursor" or "cursor, reads". Names stand in the order in which they are run,
 * with " · " between them. */
#ifndef TESTS_LIB_CELLS_H
#define TESTS_LIB_CELLS_H

#include <stdbool.h>
#include <stddef.h>

/* The i-th name; NULL behind the last. */
typedef const char *(*cells_name)(size_t i);

/* Fails the running test unless the domain's page lists exactly these for this table. */
void cells_are_listed(const char *table, cells_name operation, cells_name state);

/* The tables of all pages, one line each: | `table` | operations | states |. Free it. */
char *cells_design(void);
/* Finds the row at or after *at, which begins as the whole design and moves behind it. False:
 * there are no more. The three columns point into the design and are not terminated. */
struct cells_row {
	const char *table, *operations, *states, *end;
};
bool cells_next_row(const char **at, struct cells_row *row);
/* Does the row's table belong to the domain? */
bool cells_row_is_of(const struct cells_row *row, const char *domain);
/* Does one of the row's operations begin with this word ("put" for "put at 5", not for
 * "put_completed")? */
bool cells_row_has(const struct cells_row *row, const char *word);

#endif
