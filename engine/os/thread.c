/* See os/thread.h.
 *
 * Signals: a thread takes its creator's mask, so that is changed around the creation and put
 * back; there is no moment at which the new thread could be chosen for one. Those that a thread
 * raises by its own fault stay: blocked, they would kill the process without the host's handler. */
#include "os/thread.h"

#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Of the kernel's interface, whose headers not every C library comes with: <linux/futex.h>. */
enum { WAIT_PRIVATE = 0 | 128, WAKE_PRIVATE = 1 | 128 };

static void all_but_faults(sigset_t *set)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
	(void)sigfillset(set);
	for (unsigned i = 0; i < sizeof faults / sizeof faults[0]; i++)
		(void)sigdelset(set, faults[i]);
}

int hf__thread_start(pthread_t *out, void *(*run)(void *arg), void *arg)
{
	sigset_t blocked, before;
	all_but_faults(&blocked);
	int rc = pthread_sigmask(SIG_SETMASK, &blocked, &before);
	if (rc != 0)
		return rc;
	rc = pthread_create(out, NULL, run, arg);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

void hf__thread_name(const char *name)
{
	(void)prctl(PR_SET_NAME, name); /* pthread_setname_np() of another thread would need /proc */
}

/* The slack is 50 us where nothing else was said, more than what is slept. */
void hf__thread_sleep_sharp(int64_t microseconds)
{
	const int slack = prctl(PR_GET_TIMERSLACK);
	(void)prctl(PR_SET_TIMERSLACK, 1000UL);
	hf__thread_sleep(microseconds);
	if (slack > 0)
		(void)prctl(PR_SET_TIMERSLACK, (unsigned long)slack);
}

void hf__thread_sleep(int64_t microseconds)
{
	const struct timespec time = {.tv_sec = microseconds / 1000000,
	                              .tv_nsec = microseconds % 1000000 * 1000};
	(void)nanosleep(&time, NULL);
}

/* 2 while a thread may sleep: then the holder wakes one when it gives the word back, and that one
 * takes it as 2 again, since there may be others. */
void hf__word_wait(hf__word *word)
{
	while (atomic_exchange_explicit(word, 2, memory_order_acquire) != 0)
		(void)syscall(SYS_futex, (uint32_t *)word, WAIT_PRIVATE, 2, NULL, NULL, 0);
}

void hf__word_wake(hf__word *word)
{
	(void)syscall(SYS_futex, (uint32_t *)word, WAKE_PRIVATE, 1, NULL, NULL, 0);
}
