#include "lib/pool.h"

#include <string.h>
#include <time.h>

uint64_t bench_ticks(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct thread_start {
	struct pool *pool;
	unsigned thread;
};

static void *thread_main(void *arg)
{
	struct pool *pool = ((struct thread_start *)arg)->pool;
	unsigned thread = ((struct thread_start *)arg)->thread;
	uint64_t seen = 0;

	pthread_mutex_lock(&pool->mutex);
	pool->running--; /* `arg` has been read */
	pthread_cond_signal(&pool->done);
	for (;;) {
		while (!pool->quit && (pool->slice == seen || thread >= pool->active))
			pthread_cond_wait(&pool->start, &pool->mutex);
		if (pool->quit)
			break;
		seen = pool->slice;
		pthread_mutex_unlock(&pool->mutex);
		pool->work(pool->arg, thread, pool->deadline);
		pthread_mutex_lock(&pool->mutex);
		if (--pool->running == 0)
			pthread_cond_signal(&pool->done);
	}
	pthread_mutex_unlock(&pool->mutex);
	return NULL;
}

static void pool_wait(struct pool *pool)
{
	while (pool->running)
		pthread_cond_wait(&pool->done, &pool->mutex);
}

bool pool_init(struct pool *pool, unsigned size)
{
	memset(pool, 0, sizeof(*pool));
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_cond_init(&pool->start, NULL);
	pthread_cond_init(&pool->done, NULL);
	for (; pool->size < size && pool->size < POOL_MAX; pool->size++) {
		struct thread_start start = {pool, pool->size};
		pool->running = 1;
		if (pthread_create(&pool->threads[pool->size], NULL, thread_main, &start)) {
			pool->running = 0;
			return false;
		}
		pthread_mutex_lock(&pool->mutex);
		pool_wait(pool);
		pthread_mutex_unlock(&pool->mutex);
	}
	return pool->size == size;
}

void pool_deinit(struct pool *pool)
{
	if (pool->size == 0)
		return;
	pthread_mutex_lock(&pool->mutex);
	pool->quit = true;
	pthread_cond_broadcast(&pool->start);
	pthread_mutex_unlock(&pool->mutex);
	for (unsigned i = 0; i < pool->size; i++)
		pthread_join(pool->threads[i], NULL);
	pthread_cond_destroy(&pool->done);
	pthread_cond_destroy(&pool->start);
	pthread_mutex_destroy(&pool->mutex);
}

uint64_t pool_run(struct pool *pool, unsigned active, uint64_t ns, pool_work work, void *arg)
{
	uint64_t started;

	pthread_mutex_lock(&pool->mutex);
	pool->work = work;
	pool->arg = arg;
	pool->active = active;
	pool->running = active;
	pool->slice++;
	started = bench_ticks();
	pool->deadline = started + ns;
	pthread_cond_broadcast(&pool->start);
	pool_wait(pool);
	pthread_mutex_unlock(&pool->mutex);
	return bench_ticks() - started;
}
