/* The store's clock: see clock.h.
 *
 * Happy path: a reading adds the offset to the boot-time clock and looks whether the wall clock
 * is ahead.
 *
 * Across openings: the witness keeps the clock, the wall clock and the boot-time clock of its
 * writing. In the same boot the boot-time clock says how long the store was closed. In another
 * one the wall clock does, if it went forward. Entries behind the witness say that the clock was
 * at least there.
 *
 * Failure modes: a wall clock that is ahead for a moment leaves the offset grown, until the wall
 * clock has caught up or the store's clock is set back by hand. A wall clock that is behind, by
 * any amount, changes nothing. A boot-time clock that goes back (a machine that was moved) grows
 * the offset. An unknown boot id is another boot.
 *
 * I-CLOCK-1: mono never goes back. I-CLOCK-2: it advances at least as the boot-time clock does.
 * I-CLOCK-3: stamps are strictly increasing in the mono scale, and do not move the offset. An
 * entry that logs an ending takes none: what is filled in afterwards is the same whether it was
 * logged or not. I-CLOCK-6: recovery resumes the clock before it writes a witness word: the word
 * replaces the one that knew the offset, and the next opening would resume from less. */
#include "store/internal.h"

#include <assert.h>

/* A deadline of INT64_MAX means never: no clock gets there. */
#define CLOCK_MAX (INT64_MAX - 1)
/* A wall clock beyond the year 9999 is not believed to be there: a clock that reached its end
 * would stand. */
#define WALL_MAX INT64_C(253402300799999999)

static int64_t greater(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t between(int64_t from, int64_t to)
{
	int64_t difference;
	if (__builtin_sub_overflow(to, from, &difference))
		return to > from ? INT64_MAX : INT64_MIN;
	return difference;
}

static int64_t read_wall(struct hf_store *s)
{
	const int64_t wall = s->os->now(s->os->ctx);
	return wall > WALL_MAX ? WALL_MAX : wall == HF_UNSET ? HF_UNSET + 1 : wall;
}

void hf__clock_init(struct hf_store *s)
{
	s->world.clock =
	    (struct hf__clock){.offset = INT64_MIN / 2, .reached = HF_UNSET + 1, .stamp = HF_UNSET + 1};
}

int64_t hf__setback(const struct hf_store *s, void *const *states)
{
	const unsigned row = s->clock_row;
	return row < s->domains->count ? s->domains->rows[row]->setback(states[row]) : 0;
}

const struct hf__object *hf__setback_object(const struct hf_store *s)
{
	const unsigned row = s->clock_row;
	return row < s->domains->count ? s->domains->rows[row]->setback_object(s->world.states[row])
	                               : NULL;
}

int64_t hf__clock_mono(struct hf_store *s, int64_t setback)
{
	struct hf__clock *c = &s->world.clock;
	if (c->stands)
		return c->reached;
	/* In this order: what passes between the two must not look as if the wall clock were ahead. */
	c->wall = read_wall(s);
	c->boot = s->os->boot_clock(s->os->ctx);
	const int64_t running = hf__time_add(c->boot, c->offset);
	int64_t mono = greater(greater(running, hf__to_mono(c->wall, setback)), c->reached);
	if (mono > CLOCK_MAX)
		mono = CLOCK_MAX;
	if (mono > running)
		c->offset = between(c->boot, mono);
	c->reached = mono;
	return mono;
}

int64_t hf__clock(struct hf_store *s)
{
	const int64_t setback = hf__setback(s, s->world.states);
	return hf__to_shown(hf__clock_mono(s, setback), setback);
}

int64_t hf__clock_ahead(const struct hf_store *s, int64_t now)
{
	return between(s->world.clock.wall, now);
}

int64_t hf__clock_stamp(const struct hf_store *s, int64_t mono)
{
	return s->world.clock.stamp < CLOCK_MAX ? greater(mono, s->world.clock.stamp + 1) : CLOCK_MAX;
}

int64_t hf__clock_date(struct hf_store *s, const struct hf__decision *d, bool ending)
{
	if (ending)
		return hf__to_shown(greater(d->mono, s->world.clock.stamp), d->setback);
	s->world.clock.stamp = hf__to_mono(d->stamp, d->setback);
	return d->stamp;
}

void hf__clock_wrote(struct hf_store *s, int64_t at, bool ending)
{
	if (!ending)
		s->world.clock.stamp = greater(s->world.clock.stamp, at);
	s->world.clock.reached = greater(s->world.clock.reached, at);
}

bool hf__clock_same_boot(const struct hf_store *s, const struct hf__witness *w)
{
	static const uint8_t unknown[sizeof w->boot_id];
	return memcmp(w->boot_id, unknown, sizeof unknown) != 0 &&
	       memcmp(w->boot_id, s->boot_id, sizeof unknown) == 0;
}

void hf__clock_resume(struct hf_store *s, const struct hf__witness *w)
{
	if (w->generation > 0) {
		const int64_t closed = hf__clock_same_boot(s, w)
		                           ? between(w->boot_clock, s->os->boot_clock(s->os->ctx))
		                           : between(w->wall, read_wall(s));
		s->world.clock.reached =
		    greater(s->world.clock.reached, hf__time_add(w->clock, closed > 0 ? closed : 0));
	}
	s->world.clock.resumed = true;
	/* It runs from here on: what passes until a caller looks counts, too. */
	(void)hf__clock_mono(s, hf__setback(s, s->world.states));
}

void hf__clock_stand(struct hf_store *s, int64_t at)
{
	struct hf__clock *c = &s->world.clock;
	c->wall = read_wall(s);
	if (at != HF_UNSET)
		c->reached = greater(c->reached, hf__to_mono(at, hf__setback(s, s->world.states)));
	c->resumed = c->stands = true;
}

void hf__clock_note(struct hf_store *s, struct hf__witness *w, bool fresh)
{
	assert(s->world.clock.resumed); /* I-CLOCK-6 */
	w->clock = fresh ? hf__clock_mono(s, hf__setback(s, s->world.states)) : s->world.clock.reached;
	w->wall = s->world.clock.wall;
	w->boot_clock = s->world.clock.boot;
}
