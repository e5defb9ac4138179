/* Tickets as their holders see them: polled, waited for, heard of by an eventfd. What they wait
 * for and when they are answered is tickets.c. */
#include "holdfast/async.h"

#include <time.h>

#include "store/internal.h"

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
		if ((!until || !others_flush(&s->async)) && hf__lead_for(s, ticket))
			continue;
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
		return hf__fail(error, HF_EINVAL, 0, "the wait must be -1 (forever), 0 or more");
	int rc = hf__check_fork(store, error);
	if (rc == HF_OK)
		rc = hf_ticket_poll(store, ticket, wait_us == 0 ? error : NULL);
	if (rc == HF_OK || rc == HF_EFORK || rc == HF_EREADONLY || wait_us == 0)
		return rc;
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
	const bool first = event < 0;
	if (first)
		rc = store->os->event_new(store->os->ctx, &event);
	if (rc == 0)
		atomic_store(&a->event, event);
	if (rc == 0 && first && hf__started_calls_for(store))
		atomic_store(&a->owed, true);
	(void)pthread_mutex_unlock(&store->lock);
	hf__async_tell(store);
	if (rc)
		return hf__os_failed(error, "no eventfd could be made", rc);
	*out = event;
	return HF_OK;
}
