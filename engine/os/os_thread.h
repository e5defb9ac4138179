/* Threads of the library's own, and what a host may do to a thread that is inside it. */
#ifndef HF_OS_OS_THREAD_H
#define HF_OS_OS_THREAD_H

#include <pthread.h>

/* As pthread_create: a thread that takes none of the host's signals. */
int hf__thread_start(pthread_t *out, void *(*run)(void *arg), void *arg);
/* The calling thread's name, for people: at most 15 bytes. */
void hf__thread_name(const char *name);

/* First in every public function: as long as it runs, a thread that is cancelled goes on, so that it leaves no lock taken
 * and nobody waiting for it. The cancellation takes effect after the call, as the host's settings say. */
int hf__cancel_off(void);
void hf__cancel_restore(const int *before);
#define HF__CALL __attribute__((cleanup(hf__cancel_restore), unused)) const int hf__call = hf__cancel_off()

#endif
