/* A cursor as text, for the tests of its table and of its rules: "sequence id delivered error*count
 * updated reason@time". Times are letters: A arranged, N now, G given, - unset. */
#ifndef TESTS_LIB_CURSOR_CELLS_H
#define TESTS_LIB_CURSOR_CELLS_H

#include "holdfast/cursor.h"
#include "lib/domains/table.h"

#define HOUR INT64_C(3600000000)
#define ARRANGED STAGE_NOW
#define NOW (STAGE_NOW + HOUR)
#define GIVEN (STAGE_NOW - HOUR)

/* The cursor as text, "" for none, and its version. */
hf_lsn cursor_look(hf_store *store, const struct hf_cursor_key *key, char out[TABLE_TEXT]);

#endif
