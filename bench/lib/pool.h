/* Threads that live as long as the benchmark and sleep between its slices, so that no slice pays
 * for starting any. */
#ifndef BENCH_POOL_H
#define BENCH_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { POOL_MAX = 64 };

/* What each of the chosen threads runs until the deadline (bench_ticks) has passed. */
typedef void (*pool_work)(void *arg, unsigned thread, uint64_t deadline);

struct pool {
	pthread_mutex_t mutex;
	pthread_cond_t start;
	pthread_cond_t done;
	pthread_t threads[POOL_MAX];
	unsigned size;
	/* Under the mutex: the slice that runs, and how many of its threads have not finished yet. */
	uint64_t slice;
	unsigned active;
	unsigned running;
	bool quit;
	pool_work work;
	void *arg;
	uint64_t deadline;
};

/* Monotonic nanoseconds. */
uint64_t bench_ticks(void);

/* Starts `size` threads; false when one cannot be started. */
bool pool_init(struct pool *pool, unsigned size);
void pool_deinit(struct pool *pool);

/* Runs `work` on the first `active` threads for `ns` nanoseconds. Returns how long it was until
 * the last one was back. */
uint64_t pool_run(struct pool *pool, unsigned active, uint64_t ns, pool_work work, void *arg);

#endif
