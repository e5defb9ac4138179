/* Threads of the library's own. */
#ifndef HF_OS_OS_THREAD_H
#define HF_OS_OS_THREAD_H

#include <pthread.h>
#include <stdint.h>

/* As pthread_create: a thread that takes none of the host's signals. */
int hf__thread_start(pthread_t *out, void *(*run)(void *arg), void *arg);
/* Sleeps for about so long: for threads that no caller waits for. */
void hf__thread_sleep(int64_t microseconds);
/* The same for some microseconds, without the slack that the thread gives its timers else. */
void hf__thread_sleep_sharp(int64_t microseconds);
/* The calling thread's name, for people: at most 15 bytes. */
void hf__thread_name(const char *name);

#endif
