/* Should the leader wait some microseconds for company?
 *
 * Greedy group commit makes two half-groups alternate, so everyone waits for up to two flushes.
 * The threads that were just acknowledged often come back at once; a leader that waits for them,
 * by event and never by a fixed delay, takes them along. It does so only while that is measured
 * to pay: `worth` is what was gained (transactions that came, relative to those that were there)
 * over what it cost (time, relative to a flush). When it does not pay, one group in sixteen
 * tries again.
 *
 * And it does so only where the device is what limits: a flush that begins early overlaps with
 * the work of those that are still to come, and a leader that waited for a large crowd would
 * leave a fast device idle.
 *
 * A single thread never gathers: one transaction was served, and one is all there is to wait
 * for. Correctness does not depend on anything here. */
#include "store/internal.h"

#include "store/commit/futex.h"

#define PROBE_EVERY 16u
#define WAIT_MAX_NS 150000.0
#define WAIT_OF_FLUSH 0.35
#define GAP_MIN_NS 12000.0
#define GAP_MAX_NS 40000.0
/* What a commit costs the processors, roughly. It only decides how large a crowd is worth
 * waiting for: docs/decisions.md. */
#define ARRIVAL_NS 4000.0

static double clamp(double value, double low, double high)
{
	return value < low ? low : value > high ? high : value;
}

static bool worth_it(struct hf__gather *g)
{
	if (g->worth >= 1.0)
		return true;
	return ++g->skipped % PROBE_EVERY == 0;
}

/* Not under the lock: until all came, or none came for a while. Gives the time it took. */
static double wait_for_company(struct hf_store *s, uint32_t target, double flush_ns)
{
	const int64_t began = s->os->ticks(s->os->ctx);
	const double limit = clamp(WAIT_OF_FLUSH * flush_ns, 0.0, WAIT_MAX_NS);
	uint32_t seen = atomic_load_explicit(&s->writer.pending, memory_order_relaxed);
	double last_arrival = 0.0, now = 0.0;
	/* Bounded in rounds as well, for a clock that stands still. */
	for (unsigned round = 0; round < 100000; round++) {
		hf__yield();
		const uint32_t pending = atomic_load_explicit(&s->writer.pending, memory_order_relaxed);
		now = (double)(s->os->ticks(s->os->ctx) - began);
		if (pending != seen)
			last_arrival = now;
		seen = pending;
		const double gap =
		    clamp((flush_ns + now) / (pending ? pending : 1), GAP_MIN_NS, GAP_MAX_NS);
		if (pending >= target || now - last_arrival > gap || now > limit)
			break;
	}
	return now;
}

/* Where a flush is shorter than the processors need to bring the crowd, it does better to
 * overlap with their work than to wait for it. */
static bool device_bound(const struct hf__gather *g)
{
	return g->flush_ns >= g->target * ARRIVAL_NS;
}

void hf__gather(struct hf_store *s)
{
	struct hf__gather *g = &s->writer.gather;
	const uint32_t before = hf__filling(s)->transactions;
	if (g->target <= 1 || before >= g->target || !device_bound(g) || !worth_it(g))
		return;
	(void)pthread_mutex_unlock(&s->lock);
	const double took = wait_for_company(s, g->target, g->flush_ns);
	(void)pthread_mutex_lock(&s->lock);
	const uint32_t after = hf__filling(s)->transactions;
	const double gain = (double)(after - before) / (before ? before : 1);
	const double cost = took / g->flush_ns;
	g->worth = 0.75 * g->worth + 0.25 * (cost > 0.0 ? clamp(gain / cost, 0.0, 16.0) : 16.0);
}

void hf__gather_learn(struct hf_store *s, int64_t nanoseconds, uint32_t served, uint32_t queued)
{
	struct hf__gather *g = &s->writer.gather;
	const double took = (double)nanoseconds;
	g->flush_ns = g->flush_ns <= 0.0 ? took : 0.9 * g->flush_ns + 0.1 * took;
	g->target = served + queued; /* their threads may come back, and those that are here already */
}
