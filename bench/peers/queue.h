/* One interface for queues: each call is durable when it returns, but for a claim of a peer that
 * keeps claims in memory alone. Every function prints the reason before it answers NULL or
 * false. */
#ifndef BENCH_QUEUE_H
#define BENCH_QUEUE_H

#include "peers/peer.h"

struct job {
	uint64_t id; /* as the queue names it */
	uint64_t token;
	unsigned char payload[ROW_VALUE_MAX];
	size_t len;
};

struct queue {
	const char *name;
	const char *settings;
	void *(*open)(const struct peer_config *config);
	bool (*enqueue)(void *self, unsigned thread, uint64_t number, const void *payload, size_t len);
	/* The oldest job that is free; there is one. */
	bool (*claim)(void *self, unsigned thread, struct job *out);
	bool (*complete)(void *self, unsigned thread, const struct job *job);
	bool (*close)(void *self);
};

/* All that were built in, the store first; ends with NULL. */
extern const struct queue *const queues[];

extern const struct queue queue_holdfast, queue_sqlite, queue_sqlite_many, queue_beanstalkd;

#endif
