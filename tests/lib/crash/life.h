/* A life of a store that ends by a kill, and what is put into it and counted: for tests of what
 * such lives leave on a disk. One queue, items named by number. Failures that are none of the
 * test's are reported through cmocka. */
#ifndef TESTS_LIB_LIFE_H
#define TESTS_LIB_LIFE_H

#include "holdfast/holdfast.h"

enum { LIFE_PAYLOAD_MAX = 128 << 10 };

/* Enqueues item `number` with so many bytes of payload; gives the code. */
int life_enqueue(hf_store *store, unsigned number, size_t bytes, enum hf_durability durability,
                 struct hf_error *error);
/* Removes it; gives the code. */
int life_remove(hf_store *store, unsigned number, struct hf_error *error);
/* How many items there are. */
uint64_t life_pending(hf_store *store);
/* A process opens the store at `path`, created if it is missing, enqueues items `first` and so
 * on and is killed. */
void life_killed(const char *path, unsigned first, unsigned count, size_t bytes);

#endif
