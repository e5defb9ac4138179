/* Sleeping until something happens, and waking those who do. */
#ifndef HF_STORE_NOTIFIER_H
#define HF_STORE_NOTIFIER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Waiters asleep until something happens. Ringing costs one atomic operation without any. */
struct hf__notifier {
	_Atomic uint32_t word;
	_Atomic uint32_t waiters; /* asleep on it or about to be */
};

/* After what is waited for has changed. Any thread, any lock. */
void hf__notifier_wake(struct hf__notifier *bell);

/* Waiting: begin, then look and sleep in turns, then end. What is looked at after `begin` or
 * after a sleep cannot change unnoticed. */
struct hf__watch_wait {
	struct hf__notifier *bell;
	bool polls; /* what is waited for may happen without a ring: sleeps are short */
	int64_t until; /* CLOCK_MONOTONIC, microseconds; INT64_MAX: forever; 0: not at all */
	uint32_t seen;
};
void hf__watch_begin(struct hf__watch_wait *wait, struct hf__notifier *bell, int64_t wait_us);
/* false: the time is over. */
bool hf__watch_sleep(struct hf__watch_wait *wait);
void hf__watch_end(struct hf__watch_wait *wait);

/* A thread says by `asleep`, under a lock, that it sleeps on `wake` for long. The first that has
 * work for it wakes it. The lock is held. */
static inline void hf__wake_asleep(bool *asleep, pthread_cond_t *wake)
{
	if (!*asleep)
		return;
	*asleep = false;
	(void)pthread_cond_signal(wake);
}

#endif
