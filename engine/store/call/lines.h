/* Waiters for a turn, in lines: between wait.c, whose calls stand and sleep there, and all that
 * wakes them. */
#ifndef HF_STORE_LINES_H
#define HF_STORE_LINES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "holdfast/types.h"

struct hf__change;
struct hf_store;

/* Keys are spread over so many lists of those that are first of their key; behind each stand the
 * others of its key, in the order of arrival. */
#define HF__WAIT_LINES 1024u
struct hf__waits {
	struct hf__waiter *first[HF__WAIT_LINES];
	size_t waiting; /* that stand in a line */
	size_t started; /* of these: without a thread (wait/started.h) */
	size_t inside; /* calls that may wait and have not returned: close waits for them */
	bool closing;
	pthread_cond_t left; /* inside became 0 */
};

/* One call that may wait; lies on its stack, or in what was started instead. */
struct hf__waiter {
	struct hf__waiter *next, *previous; /* in its line */
	struct hf__waiter *beside, *last; /* of the first of a line: that of another key; its end */
	/* how it is woken where no thread sleeps; NULL: by `wake`. The lock is held */
	void (*wakes)(struct hf_store *s, struct hf__waiter *waiter);
	pthread_cond_t wake;
	int64_t until; /* the seam's monotonic clock; INT64_MAX: forever */
	/* another thread may end the wait by it; read and written under the lock. NULL: none may */
	const struct hf_cancel_flag *cancel;
	uint64_t key; /* of its line */
	bool in_line;
	bool woken; /* something changed since its newest try began */
	/* What the newest decision said. */
	bool asked;
	uint64_t asked_key;
	int64_t retry_at; /* the store's clock */
};

/* The lock is held for all of these. */
void hf__waits_init(struct hf_store *s);
void hf__waits_deinit(struct hf_store *s);

/* Into the line of what its decision asked for, unless it is there. */
void hf__waiter_stand(struct hf_store *s, struct hf__waiter *waiter);
/* Out of its line, if it is in one; the next one of its key is woken. */
void hf__waiter_leave(struct hf_store *s, struct hf__waiter *waiter);
/* Is it the one that is served next? */
bool hf__waiter_is_next(const struct hf_store *s, const struct hf__waiter *waiter);

/* A decision begins: forget what the one before it waited for. */
void hf__wait_forget(struct hf__waiter *waiter);
/* A live change is about to be kept: wakes the first of each key it touches. Call it only while
 * there is a waiter. */
void hf__wait_changed(struct hf_store *s, const struct hf__change *change);
/* Those whose time has come, those with this flag, or all: they try again. */
void hf__wait_wake_due(struct hf_store *s);
void hf__wait_wake_cancelled(struct hf_store *s, const struct hf_cancel_flag *cancel);
void hf__wait_wake_all(struct hf_store *s);

#endif
