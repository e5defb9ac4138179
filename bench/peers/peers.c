#include "peers/peer.h"

#include <stdio.h>
#include <string.h>

const struct peer *const peers[] = {
    &peer_holdfast,
#ifdef BENCH_SQLITE
    &peer_sqlite,
    &peer_sqlite_many,
#endif
#ifdef BENCH_LMDB
    &peer_lmdb,
#endif
#ifdef BENCH_LEVELDB
    &peer_leveldb,
#endif
#ifdef BENCH_ROCKSDB
    &peer_rocksdb,
#endif
#ifdef BENCH_WIREDTIGER
    &peer_wiredtiger,
#endif
#ifdef BENCH_REDIS
    &peer_redis,
#endif
    NULL,
};

const struct peer *peer_find(const char *name)
{
	for (size_t i = 0; peers[i]; i++)
		if (strcmp(peers[i]->name, name) == 0)
			return peers[i];
	return NULL;
}
