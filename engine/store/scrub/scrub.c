/* When a scrub reads: in upkeep, at its pace, and on the thread of a caller that asks for a round.
 *
 * I-SCRUB-3: in any span of time t upkeep reads no more than rate * (t + 1 s) and one piece. Each
 * piece moves the instant of the next by its length over the rate, and that instant is never more
 * than a second behind. */
#include "store/compact/pace.h"
#include "store/scrub/round.h"

#include "os/thread.h"

#define SECOND_NS INT64_C(1000000000)
#define DAY_US INT64_C(86400000000)
#define SOON_NS INT64_C(20000000) /* behind a flush or a compaction */
#define YIELDS_MOST 8u

/* --- In upkeep -------------------------------------------------------------------------------- */

static int64_t next_round_at(const struct hf_store *s)
{
	const int64_t interval = s->options.scrub_interval_us;
	return s->scrub.began == 0 ? INT64_MIN
	                           : hf__ticks_after(s->scrub.began, interval ? interval : DAY_US);
}

/* Something is more urgent than a piece. */
static bool gives_way(struct hf_store *s)
{
	struct hf__scrub *c = &s->scrub;
	if (atomic_load(&s->compaction.at_work))
		return true;
	const bool flushing = atomic_load(&s->flushing) && c->yielded < YIELDS_MOST;
	c->yielded = flushing ? c->yielded + 1 : 0;
	return flushing;
}

static void count(struct hf_store *s, uint64_t bytes, bool round)
{
	(void)pthread_mutex_lock(&s->lock);
	s->info.scrub_bytes += bytes;
	s->info.scrub_rounds += round;
	(void)pthread_mutex_unlock(&s->lock);
}

/* One piece, of a new round if there is none. false: it could not be looked at. */
static bool piece(struct hf_store *s, int64_t now)
{
	struct hf__scrub *c = &s->scrub;
	uint64_t bytes = 0;
	bool done = false;
	int rc = HF_OK;
	if (!c->round) {
		rc = hf__scrub_begin(s, &c->round, NULL);
		c->began = rc == HF_OK ? now : c->began;
	}
	if (rc == HF_OK)
		rc = hf__scrub_step(c->round, &bytes, &done, NULL);
	c->free_at += (int64_t)((double)bytes * 1e9 / (double)s->options.scrub_bytes_per_second);
	count(s, bytes, done);
	if (done) {
		hf__scrub_end(c->round);
		c->round = NULL;
	}
	return rc == HF_OK;
}

static bool due(const struct hf_store *s, int64_t now)
{
	return s->scrub.free_at <= now && (s->scrub.round || next_round_at(s) <= now);
}

/* By the thread that set at_work. Returns when there is something to do again. */
static int64_t work(struct hf_store *s, int64_t until)
{
	struct hf__scrub *c = &s->scrub;
	const int64_t now = s->os->ticks(s->os->ctx);
	if (c->free_at < now - SECOND_NS)
		c->free_at = now - SECOND_NS;
	/* What the pace allows at this moment, and not while it goes on. */
	while (due(s, now)) {
		if (gives_way(s))
			return hf__ticks_after(now, SOON_NS / 1000);
		if (!piece(s, now)) {
			c->free_at = now + SECOND_NS;
			break;
		}
		if (atomic_load(&s->taking.stopping) || s->os->ticks(s->os->ctx) >= until)
			break;
	}
	const int64_t round_at = c->round ? INT64_MIN : next_round_at(s);
	return c->free_at > round_at ? c->free_at : round_at;
}

void hf__scrub_upkeep(struct hf_store *s, int64_t until)
{
	struct hf__scrub *c = &s->scrub;
	if (s->options.scrub_bytes_per_second == 0 || atomic_load(&s->fault) ||
	    atomic_exchange(&c->at_work, true))
		return;
	atomic_store(&c->wake_at, work(s, until));
	atomic_store(&c->at_work, false);
}

long hf__scrub_sleep(const struct hf_store *s, long most)
{
	if (s->options.scrub_bytes_per_second == 0)
		return most;
	const int64_t now = s->os->ticks(s->os->ctx), at = atomic_load(&s->scrub.wake_at);
	const int64_t least = SECOND_NS / 1000;
	if (at <= now + least)
		return most < least ? most : least;
	return at - now < most ? (long)(at - now) : most;
}

void hf__scrub_close(struct hf_store *s)
{
	hf__scrub_end(s->scrub.round);
	s->scrub.round = NULL;
}

void hf__scrub_forget(struct hf_store *s)
{
	if (s->scrub.round)
		s->scrub.round->file.open = false;
	hf__scrub_close(s);
	hf__free(s->scrub.known);
	s->scrub.known = NULL;
}

/* --- By hand ---------------------------------------------------------------------------------- */

/* Of a file no more than its size: some of it is read twice. */
static uint64_t so_far(const struct hf__scrub_round *r)
{
	if (r->index >= r->count)
		return r->total;
	const uint64_t size = r->targets[r->index].size, read = r->file.open ? r->file.read : 0;
	const uint64_t done = r->before + (read < size ? read : size);
	return done < r->total ? done : r->total;
}

static int whole_round(struct hf_store *s, uint64_t rate, hf_progress_fn progress, void *ctx,
                       struct hf_error *error)
{
	struct hf__scrub_round *r;
	struct hf__pace pace;
	bool done = false;
	int rc = hf__scrub_begin(s, &r, error);
	hf__pace_begin(&pace, s, rate);
	while (rc == HF_OK && !done) {
		uint64_t bytes = 0;
		rc = hf__scrub_step(r, &bytes, &done, error);
		count(s, bytes, done);
		if (progress && rc == HF_OK)
			progress(ctx, so_far(r), r->total);
		if (rc == HF_OK && !done && !hf__pace(&pace, (size_t)bytes))
			rc = hf__fail(error, HF_ECANCELED, 0, "the store is being closed");
	}
	if (rc == HF_OK && r->code != HF_OK) {
		rc = r->code;
		if (error)
			*error = r->first;
	}
	hf__scrub_end(r);
	return rc;
}

int hf_scrub(hf_store *store, uint64_t bytes_per_second, hf_progress_fn progress, void *ctx,
             struct hf_error *error)
{
	HF__CALL;
	int rc = hf__call_begin_writable(store, error); /* closing waits for it */
	if (rc != HF_OK)
		return rc;
	rc = whole_round(store, bytes_per_second, progress, ctx, error);
	hf__call_end(store);
	return rc;
}
