/* The thread for commits that no caller waits for: it leads a flush whenever one is needed and
 * no other thread leads, and calls callbacks. Started by the first such commit. With
 * no_background there is none: the host's hf_flush does the same, and hf_close.
 *
 * Callbacks lie in a heap by the LSN of their ticket; only the first is looked at. So they come
 * in the order of LSNs, one at a time, and one whose ticket is answered waits for those before
 * it, which need no more than a flush that is wanted already.
 *
 * Failure: after a fault all tickets are answered, so all callbacks come. hf_close ends the
 * thread after everything that was out is answered and called; a callback that commits anew in
 * the meantime gets HF_ECANCELED, so that this comes to an end. */
#include "holdfast/async.h"

#include <assert.h>

#include "os/thread.h"
#include "store/internal.h"
#include "store/wait/serve.h"

static void call_first(struct hf_store *s)
{
	if (hf__started_call(s)) /* of a wait that ended (wait/started.h) */
		return;
	struct hf__callback *callback = hf__callback_first(s);
	const struct hf_ticket ticket = {callback->ticket.changed, callback->ticket.due};
	const int code = hf__ticket_answer(s, callback->ticket);
	hf__heap_remove(&s->async.callbacks, &callback->node);
	(void)pthread_mutex_unlock(&s->lock);
	callback->fn(callback->ctx, &ticket, code);
	hf__free(callback);
	(void)pthread_mutex_lock(&s->lock);
}

/* The lock is held, released during each call. A thread that comes while another is at it leaves
 * it to that one, which looks again after each. */
static void call_due(struct hf_store *s)
{
	struct hf__async *a = &s->async;
	if (a->calling || !hf__callback_due(s))
		return;
	a->calling = true;
	if (a->waiting > 0) /* the waiter that left a flush to this thread leads it meanwhile */
		(void)pthread_cond_broadcast(&a->answered);
	while (hf__callback_due(s))
		call_first(s);
	a->calling = false;
}

/* --- The thread ------------------------------------------------------------------------------- */

static bool flush_needed(const struct hf_store *s)
{
	return !atomic_load(&s->fault) && !hf__reached(s, hf__async_all(s));
}

/* For all of them, else beside a sync that is in flight for those that wait for no sync. false: it
 * cannot be led now. */
static bool lead(struct hf_store *s)
{
	const struct hf__ticket all = hf__async_all(s);
	return hf__lead_for(s, all) || (all.changed > atomic_load(&s->written_lsn) &&
	                                hf__lead_for(s, (struct hf__ticket){all.changed, 0}));
}

static void *thread_main(void *arg)
{
	struct hf_store *s = arg;
	hf__thread_name("hf-flusher");
	(void)pthread_mutex_lock(&s->lock);
	for (;;) {
		call_due(s);
		const bool needed = flush_needed(s);
		if (needed && lead(s))
			continue;
		if (!needed && !s->flushing && s->async.closing)
			break;
		s->async.asleep = true;
		(void)pthread_cond_wait(&s->async.work, &s->lock);
		s->async.asleep = false;
	}
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

int hf__flusher_start(struct hf_store *s, struct hf_error *error)
{
	struct hf__async *a = &s->async;
	if (a->closing)
		return hf__fail(error, HF_ECANCELED, 0, "the store is closing");
	if (a->runs || s->options.no_background)
		return HF_OK;
	const int rc = hf__thread_start(&a->thread, thread_main, s);
	if (rc)
		return hf__fail(error, HF_ENOMEM, rc,
		                "the thread that flushes could not be started (error %d)", rc);
	a->runs = true;
	return HF_OK;
}

/* --- Closing ---------------------------------------------------------------------------------- */

/* Without the thread. A failure has failed the store, which the callbacks get, and hf_close
 * reports. */
static void finish_here(struct hf_store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	while (flush_needed(s)) {
		(void)hf__wait_unlock(s, hf__async_all(s));
		(void)pthread_mutex_lock(&s->lock);
	}
	call_due(s);
	(void)pthread_mutex_unlock(&s->lock);
}

void hf__flusher_stop(struct hf_store *s)
{
	struct hf__async *a = &s->async;
	(void)pthread_mutex_lock(&s->lock);
	a->closing = true;
	(void)pthread_cond_broadcast(&a->answered);
	while (a->waiting > 0)
		(void)pthread_cond_wait(&a->answered, &s->lock);
	/* only now: the last of them may have been leading a flush */
	(void)pthread_cond_signal(&a->work);
	const bool runs = a->runs;
	(void)pthread_mutex_unlock(&s->lock);
	if (runs)
		(void)pthread_join(a->thread, NULL);
	else
		finish_here(s);
	a->runs = false;
	assert(!hf__callback_first(s));
}

void hf__flusher_run(struct hf_store *s, bool call)
{
	struct hf__async *a = &s->async;
	hf__serve(s);
	if (hf__heap_first(&s->started.settling) && !atomic_load(&s->fault)) {
		(void)hf__wait_unlock(s, hf__async_all(s)); /* a failure is in the answers */
		(void)pthread_mutex_lock(&s->lock);
	}
	if (!call || a->calling)
		return;
	a->calling = true;
	while (hf__started_call(s))
		continue;
	a->calling = false;
}

/* --- The host's calls ------------------------------------------------------------------------- */

static int add_callback(struct hf_store *s, struct hf__callback *callback, struct hf_error *error)
{
	struct hf__async *a = &s->async;
	if (!hf__ticket_known(s, callback->ticket))
		return hf__fail(error, HF_EINVAL, 0, "this opening of the store gave no such ticket");
	const int rc = hf__flusher_start(s, error);
	if (rc != HF_OK)
		return rc;
	hf__heap_insert(&a->callbacks, &callback->node);
	hf__async_hand_out(s, callback->ticket);
	if (hf__callback_due(s)) /* it is answered already */
		(void)pthread_cond_signal(&a->work);
	return HF_OK;
}

int hf_ticket_callback(hf_store *store, const struct hf_ticket *ticket, hf_ticket_fn fn, void *ctx,
                       struct hf_error *error)
{
	HF__CALL;
	int rc = hf__check_fork(store, error);
	if (rc != HF_OK)
		return rc;
	if (!fn)
		return hf__fail(error, HF_EINVAL, 0, "it needs something to call");
	struct hf__callback *callback = hf__alloc(sizeof *callback);
	if (!callback)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for a callback");
	*callback =
	    (struct hf__callback){.ticket = {ticket->changed, ticket->due}, .fn = fn, .ctx = ctx};
	(void)pthread_mutex_lock(&store->lock);
	rc = add_callback(store, callback, error);
	(void)pthread_mutex_unlock(&store->lock);
	if (rc != HF_OK)
		hf__free(callback);
	return rc;
}

int hf_flush(hf_store *store, struct hf_error *error)
{
	HF__CALL;
	int rc = hf__check_writable(store, error);
	if (rc != HF_OK)
		return rc;
	(void)pthread_mutex_lock(&store->lock);
	const bool failed = atomic_load(&store->fault) != 0;
	if (store->options.no_background)
		hf__serve(store);
	if (!failed) {
		rc = hf__wait_unlock(store, hf__async_all(store));
		(void)pthread_mutex_lock(&store->lock);
	}
	if (!store->async.runs)
		call_due(store);
	(void)pthread_mutex_unlock(&store->lock);
	hf__async_tell(store);
	if (failed)
		return hf__fail_fault(store, error);
	return rc == HF_OK ? rc
	                   : hf__fail(error, rc, store->fault_errno,
	                              "the write or sync failed: reopen the store, then look");
}
