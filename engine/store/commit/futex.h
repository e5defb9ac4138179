/* Waiting for a word to change, and letting others run: the only system calls outside the seam,
 * because no test needs to fake them. */
#ifndef HF_STORE_FUTEX_H
#define HF_STORE_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>

/* Sleeps while *word == seen; may wake for no reason. */
void hf__futex_wait(_Atomic uint32_t *word, uint32_t seen);
/* The same for at most so many microseconds. */
void hf__futex_wait_for(_Atomic uint32_t *word, uint32_t seen, int64_t us);
/* Wakes up to `count` sleepers. */
void hf__futex_wake(_Atomic uint32_t *word, int count);
/* Lets another runnable thread have this processor. */
void hf__yield(void);

#endif
