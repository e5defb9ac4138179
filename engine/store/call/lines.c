/* The lines of waiting calls, and who wakes them: see wait.c.
 *
 * Each key has a line in the order of arrival. A change of an object with that key wakes the first
 * of it; one that leaves wakes the one behind it. Nothing here sleeps or decides.
 *
 * I-WAIT-2: of the waiters of one key only the first is ever served: the others stand behind
 * (hf__wait_behind), and become first when it leaves. */
#include "store/call/lines.h"

#include "store/internal.h"

/* The key of those that wait for several: see hf__wait_on_many. No domain's keys meet it but by
 * the chance of a hash, which costs a wakeup. */
#define MANY UINT64_C(0x6d616e79206b6579)

/* --- Lines ------------------------------------------------------------------------------------ */

static unsigned line_of(uint64_t key)
{
	return (unsigned)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % HF__WAIT_LINES;
}

/* The first waiter for the key; NULL: none. Strangers in the same line are few: there are
 * more lines than a service waits for at once. */
static struct hf__waiter *first_of(const struct hf_store *s, uint64_t key)
{
	struct hf__waiter *w = s->waits.first[line_of(key)];
	while (w && w->key != key)
		w = w->next;
	return w;
}

static void wake(struct hf__waiter *w)
{
	if (w->woken)
		return;
	w->woken = true;
	(void)pthread_cond_signal(&w->wake);
}

static void wake_first(struct hf_store *s, uint64_t key)
{
	struct hf__waiter *w = first_of(s, key);
	if (w)
		wake(w);
}

static void line_up(struct hf_store *s, struct hf__waiter *w, uint64_t key)
{
	const unsigned line = line_of(key);
	struct hf__waiter *last = s->waits.last[line];
	w->key = key;
	w->next = NULL;
	w->previous = last;
	if (last)
		last->next = w;
	else
		s->waits.first[line] = w;
	s->waits.last[line] = w;
	s->waits.waiting++;
	w->in_line = true;
}

/* The waiter that becomes first by it has to look: what woke this one may be for it now, and
 * it has not slept by the right clock. */
void hf__waiter_leave(struct hf_store *s, struct hf__waiter *w)
{
	const unsigned line = line_of(w->key);
	if (!w->in_line)
		return;
	const bool was_first = first_of(s, w->key) == w;
	if (w->previous)
		w->previous->next = w->next;
	else
		s->waits.first[line] = w->next;
	if (w->next)
		w->next->previous = w->previous;
	else
		s->waits.last[line] = w->previous;
	s->waits.waiting--;
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
	for (struct hf__waiter *w = s->waits.first[line_of(MANY)]; w; w = w->next)
		if (w->key == MANY)
			wake(w);
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

void hf__wait_wake_all(struct hf_store *s)
{
	for (unsigned line = 0; line < HF__WAIT_LINES && s->waits.waiting > 0; line++)
		for (struct hf__waiter *w = s->waits.first[line]; w; w = w->next)
			wake(w);
}

void hf__wait_wake_due(struct hf_store *s)
{
	if (s->waits.waiting == 0)
		return;
	const int64_t now = hf__clock(s), ticks = s->os->ticks(s->os->ctx);
	for (unsigned line = 0; line < HF__WAIT_LINES; line++)
		for (struct hf__waiter *w = s->waits.first[line]; w; w = w->next)
			if (w->retry_at <= now || w->until <= ticks)
				wake(w);
}

void hf__wait_wake_cancelled(struct hf_store *s, const struct hf_cancel_flag *cancel)
{
	for (unsigned line = 0; line < HF__WAIT_LINES; line++)
		for (struct hf__waiter *w = s->waits.first[line]; w; w = w->next)
			if (w->cancel == cancel)
				wake(w);
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
