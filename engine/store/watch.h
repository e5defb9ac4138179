/* Whoever waits for what becomes durable: feeds and subscriptions. One per store, and it outlives the store while handles of them are left, so that these
 * answer HF_ECANCELED instead of touching what is gone.
 *
 * Commits pay one atomic operation per flush while nobody waits, and a futex wake while somebody does. No lock of the watch is ever taken by a commit. */
#ifndef HF_STORE_WATCH_H
#define HF_STORE_WATCH_H

#include <pthread.h>
#include <stdatomic.h>

#include "holdfast/feed.h"

#define HF__WATCH_CLOSED (UINT32_C(1) << 31)

struct hf__watch {
	struct hf_store *store; /* for those inside only */
	_Atomic unsigned refs; /* the store, and every handle */
	_Atomic uint32_t inside; /* calls that use the store, for which hf_close waits; HF__WATCH_CLOSED: no more get in */
	pthread_mutex_t lock; /* of `tails`; only inside */
	struct hf__tail *tails; /* whose files are closed with the store */
	_Atomic uint32_t word; /* moves when something became durable while somebody waits, at a fault and at close */
	_Atomic uint32_t waiters; /* who sleeps on it or is about to */
};

/* NULL: out of memory. */
struct hf__watch *hf__watch_new(struct hf_store *store);
/* For hf_close, before anything else: no call gets in any more, those that wait are sent away with HF_ECANCELED, and it returns when all are out. */
void hf__watch_close(struct hf__watch *watch);
/* The same in a forked child, where nobody else can be inside. */
void hf__watch_orphan(struct hf__watch *watch);
/* A feed's place, with a reference; and taken out again, without giving the reference back. Inside only. */
void hf__watch_add_tail(struct hf__watch *watch, struct hf__tail *tail);
void hf__watch_drop_tail(struct hf__watch *watch, struct hf__tail *tail);
void hf__watch_unref(struct hf__watch *watch);
/* HF_OK: the store may be used until hf__watch_leave. HF_ECANCELED, HF_EFORK. */
HF_CHECKED int hf__watch_enter(struct hf__watch *watch, struct hf_error *error);
void hf__watch_leave(struct hf__watch *watch);
bool hf__watch_closed(const struct hf__watch *watch);

/* Something became durable, or the store failed: wakes those who wait. Any thread, any lock. */
void hf__watch_advance(struct hf__watch *watch);

/* Waiting: begin, then look and sleep in turns, then end. What is looked at after `begin` or after a sleep cannot change unnoticed. */
struct hf__watch_wait {
	struct hf__watch *watch; /* NULL: nobody wakes; sleeps are short */
	int64_t until; /* CLOCK_MONOTONIC, microseconds; INT64_MAX: for ever */
	uint32_t seen;
};
void hf__watch_begin(struct hf__watch_wait *wait, struct hf__watch *watch, int64_t wait_us);
/* false: the time is over. */
bool hf__watch_sleep(struct hf__watch_wait *wait);
void hf__watch_end(struct hf__watch_wait *wait);

#endif
