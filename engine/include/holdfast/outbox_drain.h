/* Draining a queue of the outbox in one pass, and being told when it changes. What is said of all functions in outbox.h holds here too. */
#ifndef HOLDFAST_OUTBOX_DRAIN_H
#define HOLDFAST_OUTBOX_DRAIN_H

#include "holdfast/feed.h"
#include "holdfast/outbox.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- Draining ------------------------------------------------------------------------------------------------------------- */

/* Delivers one item: true when that is done, false when it failed, with a NUL-terminated reason in `reason` (`size` bytes, empty at
 * first). Called with no engine lock held: it may call holdfast and may take its time. */
typedef bool (*hf_outbox_send)(void *ctx, const struct hf_outbox_item *item, char *reason, size_t size);

struct hf_outbox_drain {
	struct hf_bytes queue;
	hf_outbox_send send;
	void *ctx;
	uint32_t max_attempts; /* as in hf_outbox_fail */
	struct hf_outbox_backoff backoff; /* as in hf_outbox_fail */
	struct hf_bytes owner; /* empty: "drain" */
	int64_t lease_us; /* of each claim; 0: none. Longer than any send takes, or the item may be sent again by another */
	bool skip_delayed; /* leave alone what is not available yet */
	enum hf_durability durability; /* of its claims and outcomes */
};

struct hf_outbox_drained {
	uint64_t sent; /* delivered and gone */
	uint64_t failed; /* reached max_attempts in this pass */
	uint64_t requeued; /* failed, to be tried again by a later pass */
	uint64_t skipped; /* held, changed or taken away by others meanwhile, or behind such a one in its group; or the queue was paused */
};

/* One pass over what was queued when it began, in enqueue order: claim, send, then complete or fail. An item that anybody changes
 * after the pass began is left to later passes, so concurrent drains never send one item twice; nor is an item sent before one that goes before it in
 * its group. Nothing is sent while the queue is paused. The first failure of the store ends it; *out tells what was done in either case. */
HF_API HF_CHECKED int hf_outbox_drain(hf_store *store, const struct hf_outbox_drain *args, struct hf_outbox_drained *out,
                                      struct hf_error *error);

/* --- Watching ------------------------------------------------------------------------------------------------------------- */

/* Calls back after each durable change of the queue, its settings included: hf_subscribe() with a callback, see there for the thread and what may be done.
 * End it with hf_outbox_unsubscribe(). Errors: HF_EINVAL (queue or callback), HF_ENOMEM. */
HF_API HF_CHECKED int hf_outbox_subscribe(hf_store *store, struct hf_bytes queue, hf_event_fn callback, void *ctx, hf_subscription **out,
                                          struct hf_error *error);
/* hf_unsubscribe(). */
HF_API void hf_outbox_unsubscribe(hf_subscription *subscription);

#ifdef __cplusplus
}
#endif

#endif
