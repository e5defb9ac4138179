/* Objects of all domains, by number and version: what the benchmarks of long lives write over and
 * over. Object k at version v is the same in every store. */
#ifndef BENCH_LIVE_SET_H
#define BENCH_LIVE_SET_H

#include "holdfast/holdfast.h"

/* Puts object `number` at `version`, in place of the version before. HF_OK or the code. */
int live_put(hf_store *store, uint64_t number, uint64_t version, enum hf_durability durability);

/* Bytes that the directory takes on the disk. */
uint64_t directory_bytes(const char *path);
void directory_remove(const char *path);

/* Opens the store, gives the milliseconds that took, and closes it; below 0: it did not open. */
double open_ms(const char *path);

#endif
