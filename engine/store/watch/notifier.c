/* See notifier.h.
 *
 * No lost wake-up. A waiter counts itself, then looks (at what is durable, at a ring), then
 * sleeps if the word did not move. A thread that changes what is looked at does so first and
 * then looks whether a waiter is counted. Both touch `waiters` by a read-modify-write, so one of
 * the two sees the other: either the word moves, or the waiter sees the change. */
#include "store/watch/notifier.h"

#include <limits.h>
#include <time.h>

#include "store/clock.h"
#include "store/commit/futex.h"

/* How long a waiter that cannot be woken sleeps before it looks again. */
#define POLL_US 20000

void hf__notifier_wake(struct hf__notifier *bell)
{
	if (atomic_fetch_add(&bell->waiters, 0) == 0)
		return;
	(void)atomic_fetch_add(&bell->word, 1);
	hf__futex_wake(&bell->word, INT_MAX);
}

static int64_t monotonic_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void hf__watch_begin(struct hf__watch_wait *wait, struct hf__notifier *bell, int64_t wait_us)
{
	const int64_t now = wait_us > 0 ? monotonic_us() : 0;
	*wait = (struct hf__watch_wait){.bell = bell};
	wait->until = wait_us < 0 ? INT64_MAX : hf__time_after(now, wait_us);
	if (wait_us == 0)
		return;
	(void)atomic_fetch_add(&bell->waiters, 1);
	wait->seen = atomic_load(&bell->word);
}

/* Microseconds to sleep; 0: the time is over. */
static int64_t left_of(const struct hf__watch_wait *wait)
{
	if (wait->until == 0 || wait->until == INT64_MAX)
		return wait->until;
	const int64_t now = monotonic_us();
	return now < wait->until ? wait->until - now : 0;
}

bool hf__watch_sleep(struct hf__watch_wait *wait)
{
	int64_t left = left_of(wait);
	if (left == 0)
		return false;
	if (wait->polls && left > POLL_US)
		left = POLL_US;
	if (left == INT64_MAX)
		hf__futex_wait(&wait->bell->word, wait->seen);
	else
		hf__futex_wait_for(&wait->bell->word, wait->seen, left);
	wait->seen = atomic_load(&wait->bell->word);
	return true;
}

void hf__watch_end(struct hf__watch_wait *wait)
{
	if (wait->until != 0)
		(void)atomic_fetch_sub(&wait->bell->waiters, 1);
}
