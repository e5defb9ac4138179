/* What is counted while the store works: how long flushes and commits take, how large groups are.
 * Part of internal.h. docs/operate/metrics.md.
 *
 * A commit is dated by the reading of the boot clock that sequencing makes; the flush that serves
 * it reads the monotonic clock at its end. `relation` is what the second is ahead of the first; it
 * is read anew when a commit seems to have taken less than no time or a very long one. */
#ifndef HF_STORE_METRICS_COUNTS_H
#define HF_STORE_METRICS_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "os/probe.h"

struct hf_store;
struct hf__flush;

/* Values by powers of two: bucket k counts those above 2^(k-1) and at most 2^k. */
struct hf__histogram {
	uint64_t of[64];
	uint64_t sum;
};

/* A value above 0. */
static inline unsigned hf__bucket(uint64_t value)
{
	return (unsigned)__builtin_clzll(2 * value - 1) ^ 63u;
}

static inline void hf__histogram_add(struct hf__histogram *h, uint64_t value)
{
	h->of[hf__bucket(value)]++;
	h->sum += value;
}

/* When transactions came, in microseconds of the boot clock: of several the first, and the sum of
 * the others. So one of each group, the slowest, counts as it was, and the others as their mean. */
struct hf__arrivals {
	uint64_t count;
	int64_t sum;
};

enum { HF__COUNT_OS, HF__COUNT_DURABLE, HF__COUNT_MODES };

struct hf__group_times {
	int64_t first;
	bool alone; /* there is no other, and it wants a sync */
	bool first_durable; /* if there are others */
	struct hf__arrivals others[HF__COUNT_MODES]; /* of a group of several; else 0 */
};

/* Of those that wait for the next sync, since their group was only written. */
struct hf__late {
	int64_t first;
	struct hf__arrivals all; /* the first, too */
};

/* One after the other: snapshots, or compactions. */
struct hf__job {
	uint64_t done, failed;
	unsigned running; /* one, and others that are about to be refused */
	int64_t took; /* nanoseconds: the newest that ended; -1: none did */
};

/* The lock guards it. */
struct hf__counts {
	struct hf__histogram flush[2]; /* nanoseconds; by whether there was a sync */
	struct hf__histogram commit[HF__COUNT_MODES]; /* nanoseconds */
	struct hf__histogram transactions; /* of groups; its sum is of those of several */
	uint64_t bytes; /* of all groups */
	struct hf__group_times filling; /* of the group that is filling */
	struct hf__late late;
	int64_t relation; /* nanoseconds */
	int64_t opened; /* ticks */
	struct hf__job snapshot, compaction;
};

void hf__counts_init(struct hf_store *s);

/* A transaction was put into a group, the filling one, that has so many before it. The second: it
 * has one. The lock is held. */
void hf__arrived_behind(struct hf__group_times *times, bool durable, int64_t at);
static inline void hf__arrived(struct hf__group_times *times, uint32_t before, bool durable,
                               int64_t at)
{
	if (before > 0) {
		hf__arrived_behind(times, durable, at);
		return;
	}
	times->first = at;
	times->alone = durable;
}
/* The flush takes the filling group along. What asked for a sync waits for the next one, if
 * this only writes. The lock is held. */
void hf__counts_sealed(struct hf_store *s, struct hf__flush *f);
/* It syncs: it serves what waits, too. The lock is held. */
void hf__counts_join(struct hf_store *s, struct hf__flush *f);
/* The group is with the kernel, before the sync. Not under the lock; for the leader. */
void hf__counts_handed(struct hf_store *s, struct hf__flush *f);
/* It went well, and took from `began` to `ended` (ticks). The lock is held. */
void hf__counts_flushed(struct hf_store *s, const struct hf__flush *f, int64_t began,
                        int64_t ended);

/* Around a job: gives when it began, and takes that and what it came to. Not under the lock. */
int64_t hf__job_begin(struct hf_store *s, struct hf__job *job);
void hf__job_end(struct hf_store *s, struct hf__job *job, int64_t began, int rc);

#endif
