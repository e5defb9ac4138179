/* The reader in tests/stranger, run on stores in real directories, and what the engine says in
 * the same words. */
#ifndef TESTS_LIB_STRANGER_H
#define TESTS_LIB_STRANGER_H

#include <stdio.h>

#include "lib/sim/sim_os.h"

enum { STRANGER_LINE = 200 };

/* "verdict segment offset last_lsn entries hash", and "snapshot_lsn entries hash" where an opening
 * begins with a snapshot, as tests/stranger/reader.py tells it. Opens
 * the store for writing; whatever an opening writes is on the disk afterwards. */
void stranger_engine(struct sim *image, char out[STRANGER_LINE]);
/* Starts the reader on the directories that are named in file `list`, a line each: its output,
 * to be closed with pclose(). */
FILE *stranger_start(const char *list);

#endif
