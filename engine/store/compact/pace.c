/* See pace.h. A bucket that is never full: after a pause nothing is made up for, so that a burst
 * never stands before a commit's sync. */
#include "store/compact/pace.h"

#include "os/thread.h"
#include "store/internal.h"

#define SLEEP_MOST_US 20000
#define SLACK_NS INT64_C(2000000) /* not worth a sleep */

void hf__pace_begin(struct hf__pace *pace, struct hf_store *s, uint64_t rate)
{
	*pace = (struct hf__pace){.store = s, .rate = rate, .free_at = INT64_MIN};
}

bool hf__pace(struct hf__pace *pace, size_t bytes)
{
	const struct hf_store *s = pace->store;
	int64_t now;
	if (pace->rate == 0)
		return !atomic_load(&s->taking.stopping);
	while (now = s->os->ticks(s->os->ctx), pace->free_at > now + SLACK_NS) {
		const int64_t us = (pace->free_at - now) / 1000;
		if (atomic_load(&s->taking.stopping))
			return false;
		hf__thread_sleep(us < SLEEP_MOST_US ? us : SLEEP_MOST_US);
	}
	const int64_t from = pace->free_at > now ? pace->free_at : now;
	pace->free_at = from + (int64_t)((double)bytes * 1e9 / (double)pace->rate);
	return !atomic_load(&s->taking.stopping);
}
