/* The cells that the table tests run, listed in DESIGN.md ("Cells"): an operation or a state that is run and not listed fails, and so does one that is
 * listed and not run. Names stand in the order in which they are run, with " · " between them. */
#ifndef TESTS_LIB_CELLS_H
#define TESTS_LIB_CELLS_H

#include <stddef.h>

/* The i-th name; NULL behind the last. */
typedef const char *(*cells_name)(size_t i);

/* Fails the running test unless DESIGN.md's row of this table says exactly these. */
void cells_are_listed(const char *table, cells_name operation, cells_name state);

#endif
