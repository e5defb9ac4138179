/* Closing: every caller is sent away, what was sequenced becomes durable, the stop is marked
 * clean. */
#include "store/follow/follow.h"
#include "store/wait/serve.h"

/* Everything durable, then the witness's word that the log ends exactly here. */
static int stop_clean(struct hf_store *s, struct hf_error *error)
{
	if (atomic_load(&s->fault))
		return hf__fail(error, HF_EFAILED, s->fault_errno,
		                "the store had failed; what was acknowledged as durable is safe");
	const int rc = hf_sync(s, error);
	if (rc != HF_OK || !s->writer.wrote)
		return rc;
	/* Crash: without this word the next open takes the stop for unclean, which costs it a
	 * segment and an LSN jump. */
	hf__witness_tell(s, s->writer.end, s->writer.previous_lsn, s->writer.chain, true);
	if (atomic_load(&s->fault))
		return hf__fail(error, HF_EUNCERTAIN, s->fault_errno, "the witness could not be synced");
	return HF_OK;
}

static void close_watch(struct hf__watch *watch)
{
	hf__watch_shut(watch);
	hf__dispatcher_closing(watch);
	hf__watch_drain(watch);
	hf__dispatcher_stop(watch);
}

/* Everything but the memory. */
static int close_store(hf_store *store, struct hf_error *error)
{
	/* All waiters are cancelled before any thread is waited for: a callback of a subscription may
	 * be waiting for a lock. */
	hf__waits_cancel(store);
	close_watch(store->watch);
	atomic_store(&store->taking.stopping, true);
	hf__waits_close(store);
	hf__serve_close(store);
	hf__flusher_stop(store);
	hf__started_forget(store, false);
	if (store->follow) {
		hf__follow_close(store);
		return HF_OK;
	}
	hf__maintenance_stop(store);
	hf__compact_stop(store);
	hf__scrub_close(store);
	int rc = stop_clean(store, error);
	int closed = hf__store_release_files(store);
	const int unlocked = store->os->unlock(store->os->ctx);
	closed = closed ? closed : unlocked;
	if (rc == HF_OK && closed)
		rc = hf__fail(error, HF_EUNCERTAIN, closed, "closing a file failed (error %d)", closed);
	return rc;
}

static int close_copy(hf_store *store, struct hf_error *error)
{
	const int forked = hf__check_fork(store, error);
	if (store->follow)
		hf__follow_forget(store);
	hf__store_free_copy(store);
	return forked;
}

int hf_close(hf_store *store, struct hf_error *error)
{
	HF__CALL;
	if (!store)
		return HF_OK;
	if (store->lent.reads_of)
		return hf__check_fork(store, error);
	if (store->os->forked(store->os->ctx))
		return close_copy(store, error);
	const int rc = close_store(store, error);
	hf__store_free(store);
	return rc;
}

int hf_close_at_exit(hf_store *store, struct hf_error *error)
{
	HF__CALL;
	if (!store)
		return HF_OK;
	if (store->lent.reads_of)
		return hf__check_fork(store, error);
	return store->os->forked(store->os->ctx) ? close_copy(store, error) : close_store(store, error);
}
