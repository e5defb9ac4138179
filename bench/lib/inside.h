/* Two switches inside the engine that no caller has: the linker puts them in front of two of its
 * functions (--wrap) in the benchmarks that compare the engine with itself. So both modes run in
 * one process, on one store, in turn. */
#ifndef BENCH_INSIDE_H
#define BENCH_INSIDE_H

#include <stdbool.h>

/* While on: a leader never waits for company. */
void inside_greedy(bool on);

/* While on: entries of documents are decided, logged, synced and answered as always, and then not
 * applied: no object, no index. The next opening finds them all. */
void inside_without_index(bool on);

/* Was a switched function left out at all? False, with the reason printed, when the linker did not
 * find it: then both modes were the same. */
bool inside_proven(void);

#endif
