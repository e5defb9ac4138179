/* A feed: between feed.c, which reads it, and feed_look.c, which opens one on a directory. */
#ifndef HF_STORE_FEED_H
#define HF_STORE_FEED_H

#include "store/wait/started.h"
#include "store/watch/tail.h"
#include "store/watch/watch.h"

#define FEED_CLOSED (UINT32_C(1) << 31)

struct hf_feed {
	struct hf__tail tail;
	struct hf__watch *watch; /* NULL: of a directory */
	struct hf_store *look; /* of a directory: os and identity, no more; ours */
	_Atomic uint64_t from; /* entries before it are not wanted, or were given */
	uint64_t known; /* of a directory: durable as far as is known */
	struct hf__entry waiting; /* taken from the tail, too much for the batch before */
	bool has_waiting;
	uint64_t places; /* of a read-only handle: which of its stores it reads */
	bool astray; /* the tail is not where the last batch ended */
	_Atomic bool woken; /* by hf_feed_wake: the call that waits, or the next one, is over */
	_Atomic uint32_t inside; /* calls that read; FEED_CLOSED: no more get in */
	struct hf__notifier bell; /* of a directory: hf_feed_wake rings it */
	/* Waited for without a thread (wait/started.h): by whom, under the store's lock, and what that
	 * needs when the store is gone. NULL: never. */
	struct hf_wait *started;
	struct hf__wait_home *home;
	struct hf_event *events; /* scratch */
	size_t cap;
};

/* NULL: out of memory. */
struct hf_feed *hf__feed_new(struct hf_store *store, uint64_t from);
/* Of a feed of an open store: is there something durable that it has not given? Needs no lock. */
bool hf__feed_behind(const struct hf_feed *feed);
/* One reader at a time, for whom hf_feed_close waits: HF_OK, HF_EINVAL or HF_ECANCELED. Then
 * reading what there is, without a wait, leaves. */
HF_CHECKED int hf__feed_enter(struct hf_feed *feed, struct hf_error *error);
HF_CHECKED int hf__feed_read_entered(struct hf_feed *feed, size_t limit, int64_t wait_us,
                                     struct hf_event_batch *out, struct hf_error *error);

#endif
