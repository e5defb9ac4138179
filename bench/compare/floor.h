/* R: what the disk allows. A loop of pwrite and fdatasync on a zero-filled file, of as many bytes
 * as the store writes for the group that it is compared with. */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include "compare/side.h"
#include "holdfast/store.h"
#include "lib/raw.h"

struct floor {
	struct raw raw;
	double group, entry; /* bytes of a group without entries, and of one entry in it */
	char path[4096];
};

/* Makes the file below `parent`, and finds out on `store` what a group and a document with a value
 * of `len` bytes take in the log. */
bool floor_init(struct floor *floor, hf_store *store, const char *parent, size_t len);
void floor_deinit(struct floor *floor);

/* One slice with as many bytes as a group of so many entries. False: the disk failed. */
bool floor_slice(struct floor *floor, double entries, double seconds, struct figures *out,
                 struct histogram *latencies);

#endif
