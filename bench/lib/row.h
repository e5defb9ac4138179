/* The rows that are put into a store and its peers: number k is the same in all of them. */
#ifndef BENCH_ROW_H
#define BENCH_ROW_H

#include <stddef.h>
#include <stdint.h>

enum { ROW_KEY = 16, ROW_VALUE_MAX = 256, ROW_BATCH = 1024 };

struct row {
	unsigned char key[ROW_KEY]; /* random bytes, none of them 0 */
	unsigned char value[ROW_VALUE_MAX]; /* random bytes: nothing compresses them */
	size_t len; /* of the value */
};

/* Makes row `number` with a value of `len` bytes. */
void row_make(struct row *row, uint64_t number, size_t len);

/* The next of a stream of random numbers. */
uint64_t random_next(uint64_t *state);

#endif
