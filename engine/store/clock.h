/* The store's clock.
 *
 * It is the machine's boot-time clock (which goes on while the machine is suspended) plus an
 * offset. The offset grows when the wall clock is ahead and never shrinks by itself, so the
 * clock never goes back and never stands: a wall clock that was ahead once leaves the store's
 * clock ahead of it.
 *
 * An operator can set it back. So that this needs no walk over all objects, there are two
 * scales:
 *   mono    what the clock would be without set-backs. It never goes back.
 *   shown   mono minus the sum of all set-backs so far (`setback`): what callers see and what
 *           entries hold.
 * A deadline that the store computed (a lease, a ttl, a backoff) is kept in memory as a mono
 * time and judged against hf__decision.mono or hf__query.mono: a set-back moves what is shown of
 * it and leaves what remains of it. An instant that a caller named is kept as it was given and
 * judged against `now`. Entries hold shown times; apply turns a computed deadline into a mono
 * time with hf__to_mono(time, entry->setback). */
#ifndef HF_STORE_CLOCK_H
#define HF_STORE_CLOCK_H

#include <assert.h>

#include "holdfast/types.h"
#include "object/index.h"

/* HF_UNSET stays no value and INT64_MAX stays never, whatever is added. Any other sum stays
 * between them. */
static inline int64_t hf__time_add(int64_t time, int64_t difference)
{
	int64_t sum;
	if (time == HF_UNSET || time == INT64_MAX)
		return time;
	if (__builtin_add_overflow(time, difference, &sum))
		return difference > 0 ? INT64_MAX - 1 : HF_UNSET + 1;
	return sum == HF_UNSET ? HF_UNSET + 1 : sum == INT64_MAX ? INT64_MAX - 1 : sum;
}

/* What begins at `time` and lasts `span`, which is never negative: when it ends, at most
 * INT64_MAX, which is never. For clocks and for spans of any unit. A negative span, which the
 * forms of all arguments refuse, is none. */
static inline int64_t hf__time_after(int64_t time, int64_t span)
{
	int64_t sum;
	assert(span >= 0);
	if (span <= 0)
		return time;
	return __builtin_add_overflow(time, span, &sum) ? INT64_MAX : sum;
}

/* The same for a clock of nanoseconds and a span of microseconds. */
static inline int64_t hf__ticks_after(int64_t ticks, int64_t span_us)
{
	int64_t span;
	return hf__time_after(ticks,
	                      __builtin_mul_overflow(span_us, INT64_C(1000), &span) ? INT64_MAX : span);
}

static inline int64_t hf__to_mono(int64_t shown, int64_t setback)
{
	return hf__time_add(shown, setback);
}

static inline int64_t hf__to_shown(int64_t mono, int64_t setback)
{
	return hf__time_add(mono, -setback); /* a sum of set-backs is never negative */
}

/* One instant in both scales. */
struct hf__instant {
	int64_t now, mono;
};
#define HF__INSTANT_OF(x) ((struct hf__instant){(x)->now, (x)->mono}) /* of a decision or query */
#define HF__INSTANT_AT(entry) \
	((struct hf__instant){(entry)->at, hf__to_mono((entry)->at, (entry)->setback)})

/* Is it over by then? `until` is a mono time if the store computed it. */
static inline bool hf__over(int64_t until, bool computed, struct hf__instant at)
{
	return until <= (computed ? at.mono : at.now);
}

/* The tag of order nodes whose weight is a mono time; nodes of both kinds can stand in one
 * order. What lasts beyond an instant: exact, since what is over is logged before a set-back
 * moves it. */
#define HF__COMPUTED 1u
static inline struct hf__index_filter hf__lasting(struct hf__instant at)
{
	return (struct hf__index_filter){
	    .low = at.now + 1, .high = INT64_MAX, .moved = HF__COMPUTED, .moved_low = at.mono + 1};
}

/* Part of the store, guarded by its lock. All of it in the mono scale but for the readings of
 * the machine's clocks. */
struct hf__clock {
	int64_t offset; /* mono is the boot-time clock plus this */
	/* never behind this: what was written before this opening, and what it showed itself */
	int64_t reached;
	int64_t stamp; /* the newest that an entry has */
	int64_t wall, boot; /* the machine's clocks, as the newest reading found them */
	bool resumed;
	bool stands; /* of a state of the past */
};

struct hf_store;
struct hf__object;
struct hf__decision;
struct hf__witness;

/* clock.c. The lock is held. */
void hf__clock_init(struct hf_store *s);
/* The sum of set-backs that these states know of. */
int64_t hf__setback(const struct hf_store *s, void *const *states);
/* What every answer that judges time depends on: a set-back that a crash could take back must
 * show in none. NULL: there was no set-back. */
const struct hf__object *hf__setback_object(const struct hf_store *s);
/* What the store's clock shows now. */
int64_t hf__clock(struct hf_store *s);
/* How far that is ahead of the wall clock of the same reading. */
int64_t hf__clock_ahead(const struct hf_store *s, int64_t now);
/* The same in the scale that knows no set-backs. */
int64_t hf__clock_mono(struct hf_store *s, int64_t setback);
/* The stamp (mono) of an operation that is decided at `mono`. */
int64_t hf__clock_stamp(const struct hf_store *s, int64_t mono);
/* The time of an entry that is written now. One that logs an ending takes no stamp. */
int64_t hf__clock_date(struct hf_store *s, const struct hf__decision *d, bool ending);
/* Replay: an entry of this time (mono) was written. */
void hf__clock_wrote(struct hf_store *s, int64_t at, bool ending);
/* After replay, before a word is written: the time since the witness was written has passed. */
void hf__clock_resume(struct hf_store *s, const struct hf__witness *w);
/* Was the word written in the boot of this opening? A boot that is not known is another one. */
bool hf__clock_same_boot(const struct hf_store *s, const struct hf__witness *w);
/* Of a state of the past: it stands at the newest entry, or at this instant (as shown; HF_UNSET:
 * none) if that is later. */
void hf__clock_stand(struct hf_store *s, int64_t at);
/* Fills the clocks of a word that is about to be written, by a reading of now or by the newest one:
 * either is one instant on all of them, from which an opening goes on. */
void hf__clock_note(struct hf_store *s, struct hf__witness *w, bool fresh);

#endif
