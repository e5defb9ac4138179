/* What benchmarks that start redis-server by themselves need. */
#ifndef BENCH_PEERS_REDIS_H
#define BENCH_PEERS_REDIS_H

#include "lib/server.h"

/* Starts redis-server on the data in `directory`: from the append-only file, or from dump.rdb. It
 * may still be loading. */
bool redis_start(struct server *server, const char *directory, bool append_only);

/* Waits until everything is loaded. */
bool redis_loaded(const struct server *server);

#endif
