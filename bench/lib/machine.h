/* What a figure was measured on: a number without its disk says nothing. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdbool.h>
#include <stdio.h>

/* Prints kernel, processors, file system and block device of `directory`. Returns false, with a
 * warning printed, when the directory is in memory: a sync costs nothing there, and no ratio to
 * it means anything. */
bool machine_print(const char *directory);

/* The same into a file, each line behind `prefix`. */
bool machine_describe(const char *directory, FILE *file, const char *prefix);

#endif
