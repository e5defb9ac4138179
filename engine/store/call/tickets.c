/* Tickets: what an answer that was given at once still waits for. How they are asked is async.c,
 * what flushes for them flusher.c.
 *
 * A ticket is two LSNs, and whether it is answered follows from how far the log is written and
 * durable: nothing is kept for it. What is kept is only, of all that are out, between which LSNs
 * they lie (hf__span), for two questions: does the flusher have something to do, and did the
 * flush that just ended answer any? Low ends are cautious: they may lie below the lowest ticket,
 * never above.
 *
 * Happy path: a commit hands its ticket out (hf__async_hand_out), which wakes the flusher if it
 * sleeps and no thread flushes; the end of any flush, whichever thread led it, comes here
 * (hf__async_ended) and notes which tickets are answered; the eventfd is written after the lock
 * was given up (hf__async_tell). Polls look at atomics alone.
 *
 * Failure: after a fault nothing is published any more, once the flush that was under way has
 * ended: from then on every ticket that is not reached is answered HF_EUNCERTAIN, and until then
 * it is not answered, so that no answer is ever revised.
 *
 * I-ASYNC-1: for each ticket out and not reached, its LSNs lie in the spans (or there was a
 * fault). I-ASYNC-2: the eventfd is written once at most for each end of a flush that passes a
 * span's low end, and once for a fault. I-ASYNC-3: an answered ticket keeps its answer. */
#include "store/call/tickets.h"

#include "store/internal.h"

/* --- What is out ------------------------------------------------------------------------------ */

static const struct hf__span nothing = {1, 0};

static bool span_waits(const struct hf__span *span)
{
	return span->low <= span->high;
}

static void span_add(struct hf__span *span, uint64_t lsn)
{
	if (!span_waits(span))
		*span = (struct hf__span){lsn, lsn};
	if (lsn < span->low)
		span->low = lsn;
	if (lsn > span->high)
		span->high = lsn;
}

/* Everything up to lsn has been reached: was there anything? */
static bool span_pass(struct hf__span *span, uint64_t lsn)
{
	if (!span_waits(span) || lsn < span->low)
		return false;
	*span = lsn < span->high ? (struct hf__span){lsn + 1, span->high} : nothing;
	return true;
}

struct hf__ticket hf__async_all(const struct hf_store *s)
{
	const struct hf__async *a = &s->async;
	return (struct hf__ticket){span_waits(&a->written) ? a->written.high : 0,
	                           span_waits(&a->durable) ? a->durable.high : 0};
}

bool hf__ticket_known(const struct hf_store *s, struct hf__ticket ticket)
{
	return ticket.changed < s->world.next_lsn && ticket.due < s->world.next_lsn;
}

static void wake_flusher(struct hf_store *s)
{
	hf__wake_asleep(&s->async.asleep, &s->async.work);
}

void hf__async_hand_out(struct hf_store *s, struct hf__ticket ticket)
{
	struct hf__async *a = &s->async;
	if (hf__reached(s, ticket) || atomic_load(&s->fault))
		return;
	/* What is durable was written: the second LSN alone will do, unless it is the lower one. */
	if (ticket.due > atomic_load(&s->durable_lsn))
		span_add(&a->durable, ticket.due);
	if (ticket.changed > ticket.due)
		span_add(&a->written, ticket.changed);
	hf__want(s, ticket);
	/* else the end of that flush wakes it */
	if (!s->flushing || hf__only_to_be_written(s, ticket))
		wake_flusher(s);
}

/* --- Answers ---------------------------------------------------------------------------------- */

int hf__ticket_answer(const struct hf_store *s, struct hf__ticket ticket)
{
	if (hf__reached(s, ticket))
		return HF_OK;
	/* In this order. No flush begins after a fault, and one that began before publishes before
	 * it is no longer under way. */
	if (!atomic_load(&s->fault) || atomic_load(&s->flushing))
		return HF_ETIMEDOUT;
	return hf__reached(s, ticket) ? HF_OK : HF_EUNCERTAIN;
}

/* --- Callbacks -------------------------------------------------------------------------------- */

int64_t hf__callback_lsn(const struct hf__heap_node *node)
{
	return (int64_t)((const struct hf__callback *)(const void *)node)->ticket.changed;
}

struct hf__callback *hf__callback_first(const struct hf_store *s)
{
	return (struct hf__callback *)(void *)hf__heap_first(&s->async.callbacks);
}

bool hf__callback_due(const struct hf_store *s)
{
	const struct hf__callback *first = hf__callback_first(s);
	if (!hf__link_empty(&s->started.calls))
		return true;
	return first && hf__ticket_answer(s, first->ticket) != HF_ETIMEDOUT;
}

void hf__callbacks_forget(struct hf_store *s)
{
	for (struct hf__callback *first; (first = hf__callback_first(s)) != NULL; hf__free(first))
		hf__heap_remove(&s->async.callbacks, &first->node);
}

/* --- Ends of flushes -------------------------------------------------------------------------- */

/* Which waiters does it concern? */
static void advance(struct hf_store *s)
{
	struct hf__async *a = &s->async;
	const bool failed = atomic_load(&s->fault) != 0;
	if (failed && s->flushing)
		return; /* its end will come here */
	bool passed = failed && (span_waits(&a->written) || span_waits(&a->durable));
	if (failed)
		a->written = a->durable = nothing;
	passed |= span_pass(&a->written, atomic_load(&s->written_lsn));
	passed |= span_pass(&a->durable, atomic_load(&s->durable_lsn));
	if (passed && atomic_load(&a->event) >= 0)
		atomic_store(&a->owed, true);
	if (a->waiting > 0)
		(void)pthread_cond_broadcast(&a->answered);
	/* Closing: its thread must hear of the end of a flush that upkeep leads, which it has to
	 * await. */
	if (span_waits(&a->written) || span_waits(&a->durable) || hf__callback_due(s) || a->closing)
		wake_flusher(s);
}

void hf__async_ended(struct hf_store *s, struct hf__flush_end *end)
{
	(void)end;
	advance(s);
}

void hf__async_failed(struct hf_store *s)
{
	advance(s);
}

void hf__async_tell(struct hf_store *s)
{
	struct hf__async *a = &s->async;
	if (!atomic_load_explicit(&a->owed, memory_order_relaxed) || !atomic_exchange(&a->owed, false))
		return;
	(void)atomic_fetch_add(&a->signals, 1);
	/* It fails only for a descriptor that is none, which is the host's doing. */
	(void)s->os->event_tell(s->os->ctx, atomic_load(&a->event));
}

void hf__async_advanced(struct hf_store *s, const struct hf__flush_end *end)
{
	(void)end;
	hf__async_tell(s);
}
