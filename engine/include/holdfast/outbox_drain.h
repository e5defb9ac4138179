/* Draining a queue of the outbox in one pass, and being notified when it changes. What is said of
 * all functions in outbox.h holds here too. */
#ifndef HOLDFAST_OUTBOX_DRAIN_H
#define HOLDFAST_OUTBOX_DRAIN_H

#include "holdfast/feed.h"
#include "holdfast/outbox.h"
#include "holdfast/outbox_claim.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- Draining --------------------------------------------------------------------------------- */

/* What a sender says of an item. */
enum hf_outbox_verdict {
	HF_OUTBOX_SEND_FAILED = 0, /* an attempt that failed */
	HF_OUTBOX_SEND_DONE = 1, /* delivered: the item goes */
	HF_OUTBOX_SEND_RELEASE = 2, /* not tried: given back, no attempt is counted */
	HF_OUTBOX_SEND_END = 4, /* or-ed to one of these: the pass ends with this item */
};

/* Delivers one item. Returns an enum hf_outbox_verdict (anything unknown is a failure), so true
 * and false of C mean delivered and failed. `reason` (`size` bytes, empty at first) takes the
 * NUL-terminated reason of a failure; one that fills it is cut at a character. Called with no
 * engine lock held: it may call holdfast and may take its time. */
typedef unsigned (*hf_outbox_send_fn)(void *ctx, const struct hf_outbox_item *item, char *reason,
                                      size_t size);

struct hf_outbox_drain_args {
	size_t size; /* types.h */
	struct hf_bytes queue;
	hf_outbox_send_fn send;
	void *ctx;
	uint32_t max_attempts; /* as in hf_outbox_fail */
	struct hf_outbox_backoff backoff; /* as in hf_outbox_fail */
	struct hf_bytes owner; /* empty: "drain" */
	/* of each claim; 0: none. Longer than any send takes, or the item may be sent again by
	 * another */
	int64_t lease_us;
	bool with_delayed; /* what is not due yet, too */
	bool with_paused; /* although the queue is paused */
	enum hf_durability durability; /* of its claims and outcomes */
};

struct hf_outbox_drained {
	size_t size; /* types.h */
	uint64_t sent; /* delivered and gone */
	uint64_t failed; /* failed for good in this pass */
	/* still there for a later pass: failed and queued again, given back, kept back by their
	 * groups or by the pause, not come to */
	uint64_t left;
	uint64_t changed; /* changed, taken or removed by others after the pass began */
};

/* One pass over what was queued and due when it began, in enqueue order: claim, send, then
 * complete or fail. An item that anything happens to after the pass began is left to later
 * passes, so concurrent drains never send one item twice; nor is an item sent before one that
 * goes before it in its group. An item that was sent while it was only retried or marked failed,
 * so that it is the same enqueue with the same payload and is not held, is completed all the
 * same.
 *
 * A failure of the store ends the pass with its code and counts as no attempt of the item at
 * hand: if that was claimed, its claim ends with the lease, or when the store is closed. *out is
 * what was done in either case. Beside the errors of outbox.h: HF_EINVAL (queue, send, owner,
 * lease, backoff, durability). */
HF_API HF_CHECKED int hf_outbox_drain(hf_store *store, const struct hf_outbox_drain_args *args,
                                      struct hf_outbox_drained *out, struct hf_error *error);

/* --- Watching --------------------------------------------------------------------------------- */

/* Calls back after each durable change of the queue, its settings included: hf_subscribe() with
 * a callback, see there for the thread and what may be done. End it with
 * hf_outbox_unsubscribe(). Errors: HF_EINVAL (queue or callback), HF_ENOMEM. */
HF_API HF_CHECKED int hf_outbox_subscribe(hf_store *store, struct hf_bytes queue,
                                          hf_event_fn callback, void *ctx, hf_subscription **out,
                                          struct hf_error *error);
/* hf_unsubscribe(). */
HF_API void hf_outbox_unsubscribe(hf_subscription *subscription);

#ifdef __cplusplus
}
#endif

#endif
