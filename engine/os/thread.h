/* Threads of the library's own, and a lock for what takes some instructions. */
#ifndef HF_OS_OS_THREAD_H
#define HF_OS_OS_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

/* As pthread_create: a thread that takes none of the host's signals. */
int hf__thread_start(pthread_t *out, void *(*run)(void *arg), void *arg);
/* Sleeps for about so long: for threads that no caller waits for. */
void hf__thread_sleep(int64_t microseconds);
/* The same for some microseconds, without the slack that the thread gives its timers else. */
void hf__thread_sleep_sharp(int64_t microseconds);
/* The calling thread's name, for people: at most 15 bytes. */
void hf__thread_name(const char *name);

/* A word that is 0 while it is free. Taking one that is free is one instruction, a mutex is fifty;
 * who finds it taken sleeps. For what takes some instructions, or an allocation. */
typedef _Atomic uint32_t hf__word;
void hf__word_wait(hf__word *word); /* until it is taken */
void hf__word_wake(hf__word *word);

static inline void hf__word_lock(hf__word *word)
{
	uint32_t free = 0;
	if (!atomic_compare_exchange_strong_explicit(word, &free, 1, memory_order_acquire,
	                                             memory_order_relaxed))
		hf__word_wait(word);
}

static inline void hf__word_unlock(hf__word *word)
{
	if (atomic_exchange_explicit(word, 0, memory_order_release) != 1)
		hf__word_wake(word);
}

#endif
