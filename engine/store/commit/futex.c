/* See futex.h. */
#include "store/commit/futex.h"

#include <limits.h>
#include <sched.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Of the kernel's interface, whose headers not every C library comes with: <linux/futex.h>. */
enum { WAIT_PRIVATE = 0 | 128, WAKE_PRIVATE = 1 | 128 };

void hf__futex_wait(_Atomic uint32_t *word, uint32_t seen)
{
	/* EAGAIN (it changed already) and EINTR both mean: look again, which every caller does. */
	(void)syscall(SYS_futex, (uint32_t *)word, WAIT_PRIVATE, seen, NULL, NULL, 0);
}

void hf__futex_wait_for(_Atomic uint32_t *word, uint32_t seen, int64_t us)
{
	const struct timespec span = {.tv_sec = (time_t)(us / 1000000),
	                              .tv_nsec = (long)(us % 1000000) * 1000};
	(void)syscall(SYS_futex, (uint32_t *)word, WAIT_PRIVATE, seen, &span, NULL, 0);
}

void hf__futex_wake(_Atomic uint32_t *word, int count)
{
	(void)syscall(SYS_futex, (uint32_t *)word, WAKE_PRIVATE, count, NULL, NULL, 0);
}

void hf__yield(void)
{
	(void)sched_yield();
}
