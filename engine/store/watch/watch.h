/* Those that wait for what becomes durable: feeds and subscriptions. One per store, and it
 * outlives the store while handles of them are left, so that these answer HF_ECANCELED instead
 * of touching what is gone.
 *
 * Commits pay one atomic operation per flush without waiters, and a futex wake with
 * one. No lock of the watch is ever taken by a commit. */
#ifndef HF_STORE_WATCH_H
#define HF_STORE_WATCH_H

#include <pthread.h>
#include <stdatomic.h>

#include "holdfast/feed.h"
#include "store/commit/progress.h"
#include "store/wait/gate.h"
#include "store/watch/notifier.h"

/* What takes changes to the subscriptions: watch/dispatcher.c. */
struct hf__dispatcher {
	/* of all below and of every subscription; no call of it waits for anything under it */
	pthread_mutex_t lock;
	pthread_cond_t idle; /* a subscription is not being served any more */
	struct hf_subscription *first, *last;
	struct hf_feed *source; /* where it has got to; NULL: no subscription */
	bool running; /* a thread is at it */
	bool refused; /* another thread wanted to be meanwhile */
	pthread_t runner;
	_Atomic bool thread_runs;
	pthread_t thread;
	/* moves with a new subscription, and at close: without any the thread sleeps on it */
	_Atomic uint32_t wanted;
	struct hf_error failure; /* why changes cannot be read; code HF_OK: they can */
};

struct hf__watch {
	struct hf_store *store; /* for those inside only */
	_Atomic unsigned refs; /* the store, and every handle */
	struct hf__gate gate; /* for calls that use the store */
	pthread_mutex_t lock; /* of `tails` */
	struct hf__tail *tails; /* whose files are closed with the store */
	struct hf__notifier durable; /* rung when something became durable, at a fault and at close */
	struct hf__dispatcher dispatcher;
};

/* NULL: out of memory. */
struct hf__watch *hf__watch_new(struct hf_store *store);
/* For hf_close, before anything else: no call gets in any more, and those that wait are sent away
 * with HF_ECANCELED. */
void hf__watch_shut(struct hf__watch *watch);
/* Later: returns when all are out; their files are closed. */
void hf__watch_drain(struct hf__watch *watch);
/* Instead, in a forked child, where no other thread can be inside. */
void hf__watch_orphan(struct hf__watch *watch);
/* A feed's place, with a reference. Inside only. */
void hf__watch_add_tail(struct hf__watch *watch, struct hf__tail *tail);
/* Takes it out and closes its file, unless hf_close did; without giving the reference back. */
void hf__watch_drop_tail(struct hf__watch *watch, struct hf__tail *tail);
void hf__watch_unref(struct hf__watch *watch);
/* HF_OK: the store may be used until hf__watch_leave. HF_ECANCELED, HF_EFORK. */
HF_CHECKED int hf__watch_enter(struct hf__watch *watch, struct hf_error *error);
void hf__watch_leave(struct hf__watch *watch);
bool hf__watch_closed(const struct hf__watch *watch);
/* For a handle that ends, before, while or after the store is closed: a caller that just
 * got HF_ECANCELED ends it beside hf_close. May the locks of the watch be taken? Not in a forked
 * child. */
bool hf__watch_ours(struct hf__watch *watch);

/* The oldest entry that a subscription has yet to be given; HF__LSN_MAX: none waits for any. */
uint64_t hf__watch_floor(struct hf__watch *watch);

/* See hf__progress: something became durable, or the store failed. */
void hf__watch_advanced(struct hf_store *s, const struct hf__flush_end *end);
void hf__watch_failed(struct hf_store *s);

/* watch/dispatcher.c. */
/* Is there a thread for it? Starts it when there has to be one. HF_OK, HF_ENOMEM. Inside only,
 * as all of these. */
HF_CHECKED int hf__dispatcher_start(struct hf__watch *watch);
/* With no_background: takes to the subscriptions what became durable, unless another thread is at
 * it, which rings `durable` if it leaves something. true: there may be more. */
bool hf__dispatcher_run(struct hf__watch *watch);
/* Wakes every waiter asleep for a subscription or its thread: the store is closing. */
void hf__dispatcher_closing(struct hf__watch *watch);
/* Joins the thread and drops the source; no thread is inside any more. */
void hf__dispatcher_stop(struct hf__watch *watch);

#endif
