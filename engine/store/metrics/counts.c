/* See counts.h. I-METRIC-2: what is counted as commits are the transactions that a good flush made
 * as durable as they asked for. */
#include "store/internal.h"

#define LONGEST INT64_C(1000000000) /* of a commit, before the clocks are doubted */

static void relate(struct hf_store *s)
{
	const int64_t boot = s->os->boot_clock(s->os->ctx);
	s->counts.relation = s->os->ticks(s->os->ctx) - boot * 1000;
}

void hf__counts_init(struct hf_store *s)
{
	s->counts.snapshot.took = s->counts.compaction.took = -1;
	s->counts.opened = s->os->ticks(s->os->ctx);
	relate(s);
}

/* --- Flushes ---------------------------------------------------------------------------------- */

void hf__arrived_behind(struct hf__group_times *times, bool durable, int64_t at)
{
	if (times->others[HF__COUNT_OS].count + times->others[HF__COUNT_DURABLE].count == 0)
		times->first_durable = times->alone;
	times->alone = false;
	times->others[durable].count++;
	times->others[durable].sum += at;
}

static void add_late(struct hf__late *late, uint64_t count, int64_t first, int64_t sum)
{
	if (late->all.count == 0 || first < late->first)
		late->first = first;
	late->all.count += count;
	late->all.sum += sum;
}

/* A durable one of the group waits. */
static void wait(struct hf_store *s, struct hf__flush *f)
{
	struct hf__late *late = &s->counts.late;
	struct hf__arrivals *others = &f->times.others[HF__COUNT_DURABLE];
	if (f->times.first_durable)
		add_late(late, 1, f->times.first, f->times.first);
	if (others->count > 0)
		add_late(late, others->count, others->sum / (int64_t)others->count, others->sum);
	*others = (struct hf__arrivals){0};
}

void hf__counts_sealed(struct hf_store *s, struct hf__flush *f)
{
	struct hf__group_times *times = &s->counts.filling;
	f->times = *times;
	if (f->transactions == 1)
		f->times.first_durable = times->alone;
	memset(times->others, 0, sizeof times->others);
	f->handed = 0;
	if (!f->sync)
		wait(s, f);
}

void hf__counts_join(struct hf_store *s, struct hf__flush *f)
{
	f->late = s->counts.late;
	s->counts.late = (struct hf__late){0};
	if (f->alone) { /* no more */
		f->times.first_durable = true;
		memset(f->times.others, 0, sizeof f->times.others);
		f->handed = 0;
		f->alone = false;
	}
}

void hf__counts_handed(struct hf_store *s, struct hf__flush *f)
{
	if (f->group && (!f->times.first_durable || f->times.others[HF__COUNT_OS].count > 0))
		f->handed = s->os->ticks(s->os->ctx);
}

/* A machine that slept, or a clock that was moved. */
__attribute__((noinline)) static uint64_t doubted(struct hf_store *s, int64_t us, int64_t ended)
{
	relate(s);
	const int64_t took = ended - s->counts.relation - us * 1000;
	return took > 0 ? (uint64_t)took : 1;
}

static inline uint64_t took_since(struct hf_store *s, int64_t us, int64_t ended)
{
	const int64_t took = ended - s->counts.relation - us * 1000;
	return took > 0 && took <= LONGEST ? (uint64_t)took : doubted(s, us, ended);
}

static void served(struct hf_store *s, unsigned mode, const struct hf__arrivals *a, int64_t ended)
{
	struct hf__histogram *h = &s->counts.commit[mode];
	if (a->count == 0)
		return;
	const uint64_t mean = took_since(s, a->sum / (int64_t)a->count, ended);
	h->of[hf__bucket(mean)] += a->count;
	h->sum += mean * a->count;
}

static inline void served_one(struct hf_store *s, unsigned mode, int64_t us, int64_t ended)
{
	hf__histogram_add(&s->counts.commit[mode], took_since(s, us, ended));
}

/* Apart, so that a flush for one commit does not pay for it. */
__attribute__((noinline)) static void served_all(struct hf_store *s, const struct hf__flush *f,
                                                 int64_t began, int64_t ended)
{
	const struct hf__group_times *times = &f->times;
	const uint64_t took = (uint64_t)(ended - began);
	if (f->group || f->sync) {
		s->counts.flush[f->sync].of[hf__bucket(took | 1)]++;
		s->counts.flush[f->sync].sum += took;
	}
	if (f->group) {
		const int64_t written = f->handed ? f->handed : ended;
		if (f->sync || !times->first_durable)
			served_one(s, times->first_durable, times->first,
			           times->first_durable ? ended : written);
		served(s, HF__COUNT_OS, &times->others[HF__COUNT_OS], written);
		served(s, HF__COUNT_DURABLE, &times->others[HF__COUNT_DURABLE], ended);
		s->counts.transactions.of[hf__bucket(f->transactions)]++;
		s->counts.transactions.sum += f->transactions > 1 ? f->transactions : 0;
	}
	if (f->late.all.count == 0)
		return;
	const struct hf__arrivals others = {f->late.all.count - 1, f->late.all.sum - f->late.first};
	served_one(s, HF__COUNT_DURABLE, f->late.first, ended);
	served(s, HF__COUNT_DURABLE, &others, ended);
}

void hf__counts_flushed(struct hf_store *s, const struct hf__flush *f, int64_t began, int64_t ended)
{
	struct hf__counts *c = &s->counts;
	const uint64_t took = (uint64_t)(ended - began);
	if (!f->alone) {
		served_all(s, f, began, ended);
		return;
	}
	c->flush[true].of[hf__bucket(took | 1)]++;
	c->flush[true].sum += took;
	c->transactions.of[0]++;
	served_one(s, HF__COUNT_DURABLE, f->times.first, ended);
}

/* --- Jobs ------------------------------------------------------------------------------------- */

int64_t hf__job_begin(struct hf_store *s, struct hf__job *job)
{
	(void)pthread_mutex_lock(&s->lock);
	job->running++;
	(void)pthread_mutex_unlock(&s->lock);
	return s->os->ticks(s->os->ctx);
}

void hf__job_end(struct hf_store *s, struct hf__job *job, int64_t began, int rc)
{
	const int64_t took = s->os->ticks(s->os->ctx) - began;
	(void)pthread_mutex_lock(&s->lock);
	job->running--;
	job->took = took;
	job->done += rc == HF_OK;
	/* a store that is being closed, and one that runs already, say nothing of the disk */
	job->failed += rc != HF_OK && rc != HF_ECANCELED && rc != HF_EBLOCKED;
	(void)pthread_mutex_unlock(&s->lock);
}
