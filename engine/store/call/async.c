/* Tickets: what an answer that was given at once still waits for.
 *
 * A ticket is two LSNs, and whether it is answered follows from how far the log is written and
 * durable: nothing is kept for it. What is kept is only, of all that are out, between which LSNs
 * they lie (hf__span), for two questions: does the flusher have something to do, and did the
 * flush that just ended answer any? Low ends are cautious: they may lie below the lowest ticket,
 * never above.
 *
 * Happy path: a commit hands its ticket out (hf__async_hand_out), which wakes the flusher if it
 * sleeps and no thread flushes; the end of any flush, whichever thread led it, comes here
 * (hf__async_advance) and notes which tickets are answered; the eventfd is written after the lock
 * was given up (hf__async_tell). Polls look at atomics alone.
 *
 * Failure: after a fault nothing is published any more, once the flush that was under way has
 * ended: from then on every ticket that is not reached is answered HF_EUNCERTAIN, and until then
 * it is not answered, so that no answer is ever revised.
 *
 * I-ASYNC-1: for each ticket out and not reached, its LSNs lie in the spans (or there was a
 * fault). I-ASYNC-2: the eventfd is written once at most for each end of a flush that passes a
 * span's low end, and once for a fault. I-ASYNC-3: an answered ticket keeps its answer. */
#include "holdfast/async.h"

#include <time.h>

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
	return ticket.changed < s->next_lsn && ticket.due < s->next_lsn;
}

static void wake_flusher(struct hf_store *s)
{
	if (!s->async.asleep)
		return;
	s->async.asleep = false;
	(void)pthread_cond_signal(&s->async.work);
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
	if (!s->flushing) /* else the end of that flush wakes it */
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

void hf__async_advance(struct hf_store *s)
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
	if (span_waits(&a->written) || span_waits(&a->durable) || hf__flusher_due(s) || a->closing)
		wake_flusher(s);
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

/* --- Asking ----------------------------------------------------------------------------------- */

/* In words; os_errno is the fault's. */
static int explain(int rc, int os_errno, struct hf_error *error)
{
	switch (rc) {
	case HF_OK:
		return rc;
	case HF_ETIMEDOUT:
		return hf__fail(error, rc, 0, "the ticket is not answered yet");
	case HF_ECANCELED:
		return hf__fail(error, rc, 0, "the store is closing");
	case HF_EINVAL:
		return hf__fail(error, rc, 0, "this opening of the store gave no such ticket");
	default:
		return hf__fail(error, rc, os_errno,
		                "the write or sync failed: reopen the store, then look");
	}
}

int hf_ticket_poll(hf_store *store, const struct hf_ticket *ticket, struct hf_error *error)
{
	HF__CALL;
	int rc = hf__check_fork(store, error);
	if (rc != HF_OK)
		return rc;
	rc = hf__ticket_answer(store, (struct hf__ticket){ticket->changed, ticket->due});
	return rc == HF_OK ? rc : explain(rc, rc == HF_EUNCERTAIN ? store->fault_errno : 0, error);
}

static struct timespec deadline_after(int64_t us)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(us / 1000000);
	until.tv_nsec += (long)(us % 1000000) * 1000;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	return until;
}

/* Until the next flush ends; false: the time is over. The lock is held. */
static bool sleep_until(struct hf_store *s, const struct timespec *until)
{
	if (until)
		return pthread_cond_timedwait(&s->async.answered, &s->lock, until) == 0;
	(void)pthread_cond_wait(&s->async.answered, &s->lock);
	return true;
}

/* Would the thread flush in time, so that a limited wait can end in the middle of it? In a
 * callback, its own or another's, it does not. */
static bool others_flush(const struct hf__async *a)
{
	return a->runs && !a->calling;
}

/* The lock is held, released meanwhile; until NULL: forever. */
static int wait_for_answer(struct hf_store *s, struct hf__ticket ticket,
                           const struct timespec *until)
{
	bool late = false;
	for (;;) {
		const int rc = hf__ticket_answer(s, ticket);
		if (rc != HF_ETIMEDOUT)
			return rc;
		if (s->async.closing)
			return HF_ECANCELED;
		if (late)
			return HF_ETIMEDOUT;
		/* A caller whose time is limited leaves the flush to the thread, which may take longer. Not
		 * answered and no thread flushing: there is no fault. */
		if (!s->flushing && (!until || !others_flush(&s->async))) {
			hf__want(s, ticket);
			hf__lead(s);
			continue;
		}
		hf__async_hand_out(s, ticket);
		late = !sleep_until(s, until);
	}
}

int hf_ticket_wait(hf_store *store, const struct hf_ticket *ticket, int64_t wait_us,
                   struct hf_error *error)
{
	HF__CALL;
	const struct hf__ticket waited = {ticket->changed, ticket->due};
	if (wait_us < -1)
		return hf__fail(error, HF_EINVAL, 0, "a timeout must not be less than -1");
	int rc = hf_ticket_poll(store, ticket, wait_us == 0 ? error : NULL);
	if (rc == HF_OK || rc == HF_EFORK || wait_us == 0)
		return rc == HF_EFORK ? hf__check_fork(store, error) : rc;
	struct timespec until = {0};
	if (wait_us > 0)
		until = deadline_after(wait_us);
	(void)pthread_mutex_lock(&store->lock);
	store->async.waiting++;
	rc = hf__ticket_known(store, waited)
	         ? wait_for_answer(store, waited, wait_us > 0 ? &until : NULL)
	         : HF_EINVAL;
	const int os_errno = rc == HF_EUNCERTAIN ? store->fault_errno : 0;
	if (--store->async.waiting == 0 && store->async.closing)
		(void)pthread_cond_broadcast(&store->async.answered);
	(void)pthread_mutex_unlock(&store->lock);
	/* From here on a closing store may be gone. */
	return explain(rc, os_errno, error);
}

int hf_eventfd(hf_store *store, int *out, struct hf_error *error)
{
	HF__CALL;
	struct hf__async *a = &store->async;
	*out = -1;
	int rc = hf__check_fork(store, error);
	if (rc != HF_OK)
		return rc;
	(void)pthread_mutex_lock(&store->lock);
	int event = atomic_load(&a->event);
	if (event < 0)
		rc = store->os->event_new(store->os->ctx, &event);
	if (rc == 0)
		atomic_store(&a->event, event);
	(void)pthread_mutex_unlock(&store->lock);
	if (rc)
		return hf__os_failed(error, "no eventfd could be made", rc);
	*out = event;
	return HF_OK;
}
