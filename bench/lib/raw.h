/* The floor under every durable log: write n bytes, fdatasync, again. The file is written with
 * zeros beforehand, so that no sync has to commit file system metadata; at its end the loop
 * starts over. */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include "lib/histogram.h"

#include <stdbool.h>
#include <stddef.h>

struct raw {
	int file;
	uint64_t at;
	size_t len; /* bytes of one write */
	unsigned char *data;
};

/* Makes the file `path` for writes of `len` bytes; false, with the reason printed, when it
 * cannot. */
bool raw_init(struct raw *raw, const char *path, size_t len);
void raw_deinit(struct raw *raw);

/* Writes and syncs for `ns` nanoseconds; each round goes into `latencies`. Returns how long it
 * took, 0 when the disk failed. */
uint64_t raw_run(struct raw *raw, uint64_t ns, struct histogram *latencies);

#endif
