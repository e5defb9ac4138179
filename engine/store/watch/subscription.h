/* Subscriptions: between watch/dispatcher.c, which fills them, ring.c, which holds their changes,
 * and subscribe.c, which hands them out. */
#ifndef HF_STORE_SUBSCRIPTION_H
#define HF_STORE_SUBSCRIPTION_H

#include "store/internal.h"

/* A change in the ring: `text` holds its key and reason. NULL with event.lost: a gap. */
struct hf__slot {
	struct hf_event event;
	uint8_t *text;
};

/* The dispatcher's lock guards all that changes. */
struct hf_subscription {
	struct hf__watch *watch;
	struct hf_subscription *next, *previous;
	uint64_t from; /* what is durable before this LSN was so before the subscription */
	/* The filter. */
	uint8_t domain; /* 0: all */
	struct hf_bytes key[3];
	unsigned parts;
	uint8_t *key_text;
	/* Either a callback ... */
	hf_event_fn callback;
	void *ctx;
	/* ... or a ring, with one slot more than was asked for, in which a gap has room. */
	struct hf__slot *slots;
	uint32_t size, first, count;
	int event;
	void (*event_free)(void *ctx, int event); /* the seam's, which may be gone by then */
	struct hf__notifier filled; /* hf_subscription_next sleeps here */
	/* Ending. */
	bool busy; /* the dispatcher serves it, without the lock */
	bool cancelled;
	_Atomic uint32_t readers; /* calls of hf_subscription_next: hf_unsubscribe waits for them */
	bool by_itself; /* cancelled from within its own service: the dispatcher frees it */
};

/* Does it want to hear of this? */
bool hf__subscription_wants(const struct hf_subscription *subscription,
                            const struct hf__domains *domains, const struct hf_event *event);
/* Puts it into the ring, or counts it as lost. */
void hf__subscription_push(struct hf_subscription *subscription, const struct hf_event *event);
/* The first `count` of the ring as a batch, or HF_ENOMEM; they stay in the ring. */
HF_CHECKED int hf__ring_copy(const struct hf_subscription *subscription, uint32_t count,
                             struct hf__answer *answer, struct hf_event_batch *out);
/* Takes them out. */
void hf__ring_drop(struct hf_subscription *subscription, uint32_t count);
/* Out of the list. */
void hf__subscription_unlink(struct hf_subscription *subscription);
/* Frees it and its reference to the watch. Not under the lock. */
void hf__subscription_free(struct hf_subscription *subscription);

#endif
