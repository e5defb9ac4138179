/* Waits without a thread: what was started and where it stands (started.c), how it ends and is told
 * of (ended.c). Deciding for them is serve.c; the public calls are start.c, feed_wait.c and wait.c.
 * See docs/interface/waits.md. */
#ifndef HF_STORE_STARTED_H
#define HF_STORE_STARTED_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/heap.h"
#include "holdfast/wait.h"
#include "store/call/lines.h"
#include "store/commit/progress.h"
#include "store/store.h"
#include "store/wait/gate.h"
#include "store/wait/startable.h"

/* A ring of links that lie in what is linked; its head is a link too. */
struct hf__link {
	struct hf__link *next, *previous; /* NULL: in no list */
};
static inline void hf__link_init(struct hf__link *head)
{
	head->next = head->previous = head;
}
static inline bool hf__link_in(const struct hf__link *link)
{
	return link->next != NULL;
}
static inline bool hf__link_empty(const struct hf__link *head)
{
	return head->next == head;
}
void hf__link_add(struct hf__link *head, struct hf__link *link);
/* Out of its list, if it is in one. */
void hf__link_remove(struct hf__link *link);
size_t hf__link_count(const struct hf__link *head);

enum hf__wait_state {
	HF__WAIT_STANDS = 0, /* it has nothing yet */
	HF__WAIT_TRIED, /* a thread decides for it, and has the lock or has given it up meanwhile */
	HF__WAIT_SETTLES, /* decided; what its answer rests on is not durable yet */
	HF__WAIT_ENDED, /* its answer can be taken */
	HF__WAIT_TAKEN,
};

/* What outlives the store, for as long as there are waits. */
struct hf__wait_home {
	struct hf__gate gate;
	struct hf_store *store; /* for those inside only */
	_Atomic unsigned refs;
};

struct hf_wait {
	struct hf__wait_home *home;
	_Atomic unsigned refs; /* the caller's, and the store's while it is in `all` */
	_Atomic int state; /* enum hf__wait_state; written under the lock while the store is open */
	/* What it waits for: a mutation and its arguments, or a feed. */
	const struct hf__startable *what; /* NULL: a feed */
	void *args; /* in `arena`, which the first decision may still need */
	struct hf__arena arena;
	uint64_t from; /* of a feed: the LSN that it waits for */
	struct hf_feed *feed; /* until it is taken, or the feed closed */
	size_t limit;
	struct hf__waiter waiter;
	/* What it got. */
	struct hf_result result;
	struct hf__answer answer;
	struct hf__ticket ticket;
	struct hf_error *error; /* of a refusal; ours */
	const char *why; /* it was ended from outside: a constant */
	int code;
	bool holds; /* something was granted, and neither taken nor given back */
	bool owes; /* what it held could not be given back yet */
	bool cancelled; /* while it was tried */
	bool freed; /* its caller is gone */
	bool told; /* of its end, by the list or the callback */
	bool calling; /* its callback runs */
	hf_wait_fn fn;
	void *ctx;
	struct hf__link all, turn, ended, owed; /* `turn`: ready or feeds */
	struct hf__heap_node deadline; /* by waiter.until */
	/* by waiter.retry_at while it is the first of its line; while it settles by its ticket */
	struct hf__heap_node retry;
};

#define HF__WAIT_OF(pointer, member) \
	((struct hf_wait *)(void *)((uint8_t *)(pointer)-offsetof(struct hf_wait, member)))

/* Part of the store; the lock guards it. */
struct hf__started {
	struct hf__wait_home *home; /* NULL: none was ever started */
	struct hf__link all; /* that the store knows of */
	struct hf__link ready; /* to be tried */
	struct hf__link feeds; /* that wait for the log to grow */
	struct hf__link owing; /* what they hold could not be given back yet */
	struct hf__link ended; /* not told of yet, oldest first */
	struct hf__link calls; /* whose callback is to be called */
	struct hf__heap deadlines, retries, settling;
	unsigned giving; /* threads that give back: hf_close waits for them */
	unsigned blocked; /* in hf_wait_block() */
	pthread_cond_t moved; /* one ended, a callback returned, a thread has given back */
	pthread_t caller; /* of the callback that runs */
	pthread_t thread;
	pthread_cond_t work; /* it sleeps here */
	bool runs, asleep, stopping, serving;
};

/* The lock is held for all of these, unless it says otherwise. */
void hf__started_init(struct hf_store *s);
void hf__started_deinit(struct hf_store *s);
/* A new one, with the caller's reference; it is in no list. Not under the lock. NULL: no memory. */
struct hf_wait *hf__started_new(void);
/* The store learns of it. HF_OK or HF_ENOMEM. */
HF_CHECKED int hf__started_attach(struct hf_store *s, struct hf_wait *w);
/* Gives back the caller's reference. Without the lock. */
void hf__started_unref(struct hf_wait *w);
/* The store forgets it, if nothing is left to do for it; it may be gone afterwards. */
void hf__started_let_go(struct hf_store *s, struct hf_wait *w);

/* What it was granted has no holder by now: given back, or of a store that is gone. */
void hf__started_drop(struct hf_wait *w);

/* It has nothing and goes on waiting: by its time, and by the instant at which to try again. */
void hf__started_stand(struct hf_store *s, struct hf_wait *w);
/* The opposite: out of heaps and lists, not out of its line. */
void hf__started_rise(struct hf_store *s, struct hf_wait *w);
/* For hf__waiter.wakes: it is to be tried. */
void hf__started_woken(struct hf_store *s, struct hf__waiter *waiter);
/* Those whose time has come. */
void hf__started_due(struct hf_store *s);
/* Is there what a host that has an eventfd would have been told of? */
bool hf__started_calls_for(const struct hf_store *s);
/* Nanoseconds until that is so, or until what is owed is to be tried again; below 0: never. */
int64_t hf__started_next(struct hf_store *s);

/* It was decided: `rc`, in the words of `error`, resting on its ticket. It ends when that is
 * answered. */
void hf__started_decided(struct hf_store *s, struct hf_wait *w, int rc,
                         const struct hf_error *error);
/* It ends, holding nothing unless it was decided: `why` (a constant) says what ended it; NULL: it
 * has what it waited for. */
void hf__started_end(struct hf_store *s, struct hf_wait *w, int code, const char *why);
/* The store knows it from here on: until when it stands, and the threads that its decision needs.
 * start.c. */
HF_CHECKED int hf__wait_attach(struct hf_store *s, struct hf_wait *w, int64_t wait_us,
                               struct hf_error *error);
/* Its answer is taken: HF_EBLOCKED if it has not ended, HF_ENOTFOUND if it was taken before. Under
 * the lock unless the store is closed. */
int hf__wait_answer(struct hf_wait *w, struct hf_error *error);
/* It and its feed know each other no more. */
void hf__started_leave_feed(struct hf_wait *w);
/* Ends the wait for this feed, which is being closed (else: was woken), unless it was taken. false:
 * there is none. Not under the lock; beside hf_close and after it, too. */
bool hf__started_end_feed(struct hf_feed *feed, bool closing);
/* A feed's reference to what outlives the store. */
void hf__started_home_unref(struct hf__wait_home *home);
/* As hf__started_end() for all that have nothing yet; feeds too, if asked. */
void hf__started_end_all(struct hf_store *s, bool feeds_too, const char *why);
/* See hf__progress. */
void hf__started_flushed(struct hf_store *s, struct hf__flush_end *end);
void hf__started_failed(struct hf_store *s);
/* Calls the callback of one, releasing the lock meanwhile. false: there is none to be called. */
bool hf__started_call(struct hf_store *s);
/* For hf_close, at its very end, and (`forked`) in a child: handles are the callers' alone. Not
 * under the lock. */
void hf__started_forget(struct hf_store *s, bool forked);

#endif
