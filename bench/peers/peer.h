/* One interface for the store and all that it is compared with: rows are put durably, alone or as
 * one batch, got, and found again after reopening. A file for each.
 *
 * Every function prints the reason before it answers NULL or false. */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "lib/row.h"

#include <stdbool.h>

struct peer_config {
	const char *directory; /* of its own; exists */
	unsigned threads; /* that will call it, numbered from 0 */
	/* everything that was put stays in the log, so that an opening has to read it: memtables are
	 * larger than it */
	bool log_only;
	bool snapshot; /* everything comes from what snapshot() wrote, nothing from a log */
};

struct peer {
	const char *name;
	const char *settings; /* what it was told, in a line */
	void *(*open)(const struct peer_config *config);
	/* Durable when it returns: all `count` rows, in one step where that is more than one. */
	bool (*put)(void *self, unsigned thread, const struct row *rows, size_t count);
	/* Copies the value of the key to `out`, ROW_VALUE_MAX bytes. */
	bool (*get)(void *self, unsigned thread, const struct row *row, void *out, size_t *len);
	bool (*close)(void *self);
	/* Writes the state down as a whole, for an opening that reads only that. NULL: it cannot. */
	bool (*snapshot)(void *self);
	/* Ends the process of its own that holds the data, as kill -9 does; NULL: it is a library. */
	bool (*crash)(void *self);
};

/* All that were built in, the store first; ends with NULL. */
extern const struct peer *const peers[];

extern const struct peer peer_holdfast, peer_sqlite, peer_sqlite_many, peer_lmdb, peer_rocksdb,
    peer_leveldb, peer_wiredtiger, peer_redis;

/* The peer of this name; NULL: it was not built in. */
const struct peer *peer_find(const char *name);

#endif
