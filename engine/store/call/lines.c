/* The lines of waiting calls, and who wakes them: see wait.c.
 *
 * Each key has a line in the order of arrival. A change of an object with that key wakes the first
 * of it; one that leaves wakes the one behind it. Nothing here sleeps or decides.
 *
 * I-WAIT-2: of the waiters of one key only the first is ever served: the others stand behind
 * (hf__wait_behind), and become first when it leaves. */
#include "store/call/lines.h"

#include <assert.h>

#include "store/internal.h"

/* The key of those that wait for several: see hf__wait_on_many. No domain's keys meet it but by
 * the chance of a hash, which costs a wakeup. */
#define MANY UINT64_C(0x6d616e79206b6579)

/* --- Lines ------------------------------------------------------------------------------------ */

static unsigned line_of(uint64_t key)
{
	return (unsigned)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % HF__WAIT_LINES;
}

/* Where the first waiter for the key hangs, or would. Only the first of each key hangs there, the
 * others stand behind it: what one key costs does not grow with the waiters for others. */
static struct hf__waiter **place_of(struct hf_store *s, uint64_t key)
{
	struct hf__waiter **place = &s->waits.first[line_of(key)];
	while (*place && (*place)->key != key)
		place = &(*place)->beside;
	return place;
}

/* NULL: none. */
static struct hf__waiter *first_of(const struct hf_store *s, uint64_t key)
{
	struct hf__waiter *w = s->waits.first[line_of(key)];
	while (w && w->key != key)
		w = w->beside;
	return w;
}

static void wake(struct hf_store *s, struct hf__waiter *w)
{
	if (w->woken)
		return;
	w->woken = true;
	if (w->wakes)
		w->wakes(s, w);
	else
		(void)pthread_cond_signal(&w->wake);
}

static void wake_first(struct hf_store *s, uint64_t key)
{
	struct hf__waiter *w = first_of(s, key);
	if (w)
		wake(s, w);
}

static void line_up(struct hf_store *s, struct hf__waiter *w, uint64_t key)
{
	struct hf__waiter **place = place_of(s, key);
	w->key = key;
	w->next = w->previous = w->beside = NULL;
	if (*place) {
		w->previous = (*place)->last;
		w->previous->next = w;
	} else {
		*place = w;
	}
	(*place)->last = w;
	s->waits.waiting++;
	s->waits.started += w->wakes != NULL;
	w->in_line = true;
}

/* The first one goes: the next one of its key hangs in its place. */
static void take_place(struct hf__waiter **place, struct hf__waiter *next)
{
	const struct hf__waiter *first = *place;
	*place = next ? next : first->beside;
	if (!next)
		return;
	next->beside = first->beside;
	next->last = first->last;
}

/* The waiter that becomes first by it has to look: what woke this one may be for it now, and
 * it has not slept by the right clock. */
void hf__waiter_leave(struct hf_store *s, struct hf__waiter *w)
{
	if (!w->in_line)
		return;
	struct hf__waiter **place = place_of(s, w->key);
	assert(*place); /* the first one of its key, while one stands in line */
	const bool was_first = *place == w;
	if (w->next)
		w->next->previous = w->previous;
	else
		(*place)->last = w->previous;
	if (was_first)
		take_place(place, w->next);
	else
		w->previous->next = w->next;
	s->waits.waiting--;
	s->waits.started -= w->wakes != NULL;
	w->in_line = false;
	if (was_first)
		wake_first(s, w->key);
}

void hf__waiter_stand(struct hf_store *s, struct hf__waiter *w)
{
	if (w->in_line && w->key == w->asked_key)
		return;
	hf__waiter_leave(s, w);
	line_up(s, w, w->asked_key);
}

bool hf__waiter_is_next(const struct hf_store *s, const struct hf__waiter *w)
{
	return w->key == MANY || first_of(s, w->key) == w;
}

/* --- What decide() calls ---------------------------------------------------------------------- */

void hf__wait_on(struct hf__decision *d, uint64_t key, int64_t retry_at)
{
	if (!d->waiter)
		return;
	d->waiter->asked = true;
	d->waiter->asked_key = key;
	d->waiter->retry_at = retry_at;
}

void hf__wait_on_many(struct hf__decision *d, int64_t retry_at)
{
	hf__wait_on(d, MANY, retry_at);
}

bool hf__wait_behind(const struct hf__decision *d, uint64_t key)
{
	if (!d->waiter)
		return false;
	const struct hf__waiter *first = first_of(d->store, key);
	return first && first != d->waiter;
}

void hf__query_wake(struct hf__query *q, uint64_t key)
{
	wake_first(q->answer->store, key);
}

void hf__wait_forget(struct hf__waiter *waiter)
{
	waiter->asked = false;
}

/* --- Waking ----------------------------------------------------------------------------------- */

/* All of them: none knows what the others wait for. */
static void wake_many(struct hf_store *s)
{
	for (struct hf__waiter *w = first_of(s, MANY); w; w = w->next)
		wake(s, w);
}

void hf__wait_changed(struct hf_store *s, const struct hf__change *change)
{
	for (size_t i = 0; i < change->count; i++) {
		const struct hf__object *object = change->records[i].object;
		if (!hf__type(object)->wait_key)
			continue;
		wake_first(s, hf__type(object)->wait_key(object));
		wake_many(s);
	}
}

/* Whom is it for? */
typedef bool (*wanted_fn)(const struct hf__waiter *w, const void *ctx);

static void wake_wanted(struct hf_store *s, wanted_fn wanted, const void *ctx)
{
	for (unsigned line = 0; line < HF__WAIT_LINES; line++)
		for (struct hf__waiter *first = s->waits.first[line]; first; first = first->beside)
			for (struct hf__waiter *w = first; w; w = w->next)
				if (wanted(w, ctx))
					wake(s, w);
}

static bool everyone(const struct hf__waiter *w, const void *ctx)
{
	(void)w;
	(void)ctx;
	return true;
}

void hf__wait_wake_all(struct hf_store *s)
{
	if (s->waits.waiting > 0)
		wake_wanted(s, everyone, NULL);
}

struct instants {
	int64_t now, ticks;
};

static bool is_due(const struct hf__waiter *w, const void *ctx)
{
	const struct instants *at = ctx;
	return !w->wakes && (w->retry_at <= at->now || w->until <= at->ticks);
}

/* Those that were started are found by their own heaps: wait/started.c. */
void hf__wait_wake_due(struct hf_store *s)
{
	if (s->waits.waiting == s->waits.started)
		return;
	const struct instants at = {hf__clock(s), s->os->ticks(s->os->ctx)};
	wake_wanted(s, is_due, &at);
}

static bool has_flag(const struct hf__waiter *w, const void *ctx)
{
	return w->cancel == ctx;
}

void hf__wait_wake_cancelled(struct hf_store *s, const struct hf_cancel_flag *cancel)
{
	if (s->waits.waiting > s->waits.started)
		wake_wanted(s, has_flag, cancel);
}

/* --- Beginning and end ------------------------------------------------------------------------ */

void hf__waits_init(struct hf_store *s)
{
	(void)pthread_cond_init(&s->waits.left, NULL);
}

void hf__waits_deinit(struct hf_store *s)
{
	(void)pthread_cond_destroy(&s->waits.left);
}
