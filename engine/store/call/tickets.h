/* Tickets: between async.c, which answers their holders, flusher.c, which flushes for them, and
 * commits, which hand them out. */
#ifndef HF_STORE_TICKETS_H
#define HF_STORE_TICKETS_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/heap.h"
#include "holdfast/async.h"
#include "store/commit/progress.h"
#include "store/store.h"

/* LSNs that tickets wait for: none is below `low`, none above `high`. low > high: no ticket
 * waits. */
struct hf__span {
	uint64_t low, high;
};

/* Commits that are not waited for. */
struct hf__async {
	struct hf__span written, durable; /* what outstanding tickets wait for */
	_Atomic int event; /* for the host's loop; -1: never asked for */
	_Atomic bool owed; /* tickets were answered since it was written */
	_Atomic uint64_t signals;
	pthread_cond_t answered; /* hf_ticket_wait sleeps here, and hf_close until they have left */
	unsigned waiting;
	pthread_t thread;
	pthread_cond_t work; /* the flusher sleeps here */
	bool runs, asleep;
	bool closing;
	struct hf__heap callbacks; /* by the LSN of their ticket */
	bool calling; /* a thread is at it: no other may overtake */
};

/* Are there tickets that a thread of the store is going to sync for? The lock is held. */
static inline bool hf__flusher_syncs(const struct hf__async *a)
{
	return a->runs && a->durable.low <= a->durable.high;
}

struct hf__callback {
	struct hf__heap_node node; /* first: one pointer is both */
	struct hf__ticket ticket;
	hf_ticket_fn fn;
	void *ctx;
};

/* For the heap of them. */
int64_t hf__callback_lsn(const struct hf__heap_node *node);
/* A ticket goes out: it is seen to. The lock is held. */
void hf__async_hand_out(struct hf_store *s, struct hf__ticket ticket);
/* Writes the eventfd if that is owed. Not under the lock; after anything that may have flushed
 * or failed. */
void hf__async_tell(struct hf_store *s);
/* See hf__progress. */
void hf__async_ended(struct hf_store *s, struct hf__flush_end *end);
void hf__async_advanced(struct hf_store *s, const struct hf__flush_end *end);
void hf__async_failed(struct hf_store *s);
/* HF_OK, HF_EUNCERTAIN, or HF_ETIMEDOUT: not yet. Needs no lock. */
int hf__ticket_answer(const struct hf_store *s, struct hf__ticket ticket);
/* Did this opening give it? The lock is held. */
bool hf__ticket_known(const struct hf_store *s, struct hf__ticket ticket);
/* What all that is out together waits for; nothing after a failure. The lock is held. */
struct hf__ticket hf__async_all(const struct hf_store *s);

/* The first in the order of LSNs; NULL: none. The lock is held. */
struct hf__callback *hf__callback_first(const struct hf_store *s);
/* Is there a callback to be called? The lock is held. */
bool hf__callback_due(const struct hf_store *s);
/* Frees them without calling them: in a forked child. */
void hf__callbacks_forget(struct hf_store *s);

#endif
