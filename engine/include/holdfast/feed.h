/* Watching what changed: the change feed and subscriptions.
 *
 * A feed gives every entry of the log from any LSN that is retained on, in order, each once,
 * once it is durable: nothing that a crash could take back. It reads the log's files by a
 * descriptor of its own, so any number of feeds run beside the writers and slow none of
 * them down. A reader that keeps `next` of the last batch goes on there after a restart. Numbering
 * jumps after an unclean stop; that is no gap.
 *
 * A subscription reports changes from now on, through a ring of bounded size and an eventfd, or
 * through a callback. A reader that is too slow learns how many changes the ring had no room for,
 * and where a feed would find them.
 *
 * Entries of commits in mode `os` appear when they are durable: with the next durable commit,
 * hf_sync() or hf_close(). */
#ifndef HOLDFAST_FEED_H
#define HOLDFAST_FEED_H

#include "holdfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- Events ----------------------------------------------------------------------------------- */

/* One entry of the log: what was done to which object. Everything lies in the batch's memory. */
struct hf_event {
	hf_lsn lsn;
	hf_time at; /* the store's clock when it was sequenced */
	/* "outbox"; "unknown" for a domain this version does not know, "" for a gap marker */
	const char *domain;
	const char *operation; /* "claim"; "unknown" for an entry this version does not understand */
	struct hf_bytes key
	    /* the object's key parts, in the order of its header: queue, id. An entry about a whole
	     * container has the first ones only */
	    [3];
	unsigned parts; /* how many of them are set */
	bool removed; /* the object is gone after it */
	bool many; /* it concerns several objects of the container that the key names */
	bool transaction_end; /* the last entry of its transaction */
	struct hf_bytes reason; /* of a reset, a failure, a forced release; else empty */
	/* not 0: no change but a gap marker of a subscription. So many changes from `lsn` on are not
	 * reported */
	uint64_t lost;
	/* As it lies in the log, for those who keep a state of their own. In a subscription's events
	 * the body is empty. */
	uint8_t domain_id;
	uint8_t kind;
	struct hf_bytes body;
};

struct hf_event_batch {
	size_t size; /* types.h */
	const struct hf_event *events;
	size_t count;
	/* a feed that is opened with this goes on behind the batch; 0 for a subscription */
	hf_lsn next;
	struct hf_memory *memory; /* free it with hf_release() */
};

/* One line of what it did, as hf_log_each gives it, cut to `cap` bytes with its NUL. Needs the
 * body; without it the line names operation and key. */
HF_API void hf_event_text(const struct hf_event *event, char *out, size_t cap);

/* Does it concern the object with these key parts (at most 3), or one whose key begins with
 * them? An entry about many objects of a container concerns those that it changed, as far as its
 * body says; without the body, and where the body does not say, all of them. The domain is not
 * compared. */
HF_API bool hf_event_concerns(const struct hf_event *event, const struct hf_bytes *key,
                              unsigned parts);

/* --- The change feed -------------------------------------------------------------------------- */

typedef struct hf_feed hf_feed;

/* Opens a feed that begins with entry `from`; 0: the oldest there is. The LSN that comes next
 * may be asked for: then it begins with what is to come. An LSN that no entry has, since
 * numbering jumped over it after an unclean stop, may be asked for too: the next entry that
 * there is comes first. Errors: HF_EGONE (older than what is retained: take a new copy of the
 * state), HF_EINVAL (beyond the LSN that comes next: never given out), HF_EIO, HF_ENOMEM. */
HF_API HF_CHECKED int hf_feed_open(hf_store *store, hf_lsn from, hf_feed **out,
                                   struct hf_error *error);

/* The same for the store in directory `path`, which another process of the same host may be
 * writing: takes no lock and changes nothing. What it knows to be durable it has from the
 * store's files: the newest entries may come a moment later than inside the writing process, and
 * after an unclean stop those that no reader has seen come once the store was opened again.
 * The LSN that comes next is the one behind the newest entry that its files hold, durable or
 * not. Errors also: HF_ENOTFOUND (no store), HF_EVERSION, HF_ECORRUPT. */
HF_API HF_CHECKED int hf_feed_open_path(const char *path, hf_lsn from, hf_feed **out,
                                        struct hf_error *error);

/* Gives what comes next: up to `limit` entries (0: as many as make a good batch); a batch may
 * end inside a transaction, and is at most a megabyte unless a single entry is larger. When
 * there is nothing it waits up to wait_us (0: not at all, -1: forever) and then answers HF_OK
 * with count 0. One thread at a time: HF_EINVAL for a second one. *out is zeroed on failure, and
 * the call can be repeated: the feed stays where it was. Errors: HF_ECANCELED (the store was
 * closed, hf_feed_wake or hf_feed_close was called), HF_EFAILED (it failed: nothing more will
 * become durable), HF_EGONE (left behind: what comes next is not retained any more),
 * HF_ECORRUPT, HF_EIO, HF_ENOMEM, HF_EVERSION, HF_EFORK. */
HF_API HF_CHECKED int hf_feed_next(hf_feed *feed, size_t limit, int64_t wait_us,
                                   struct hf_event_batch *out, struct hf_error *error);

/* The same, waited for by no thread (wait.h): the wait ends when the feed has something to give,
 * its time is over, or hf_feed_wake() or hf_feed_close() is called (HF_ECANCELED). One at a time
 * for a feed (HF_EINVAL), and only for feeds of stores that are open for writing: HF_EREADONLY for
 * others, which no writer tells what becomes durable. */
HF_API HF_CHECKED int hf_feed_next_start(hf_feed *feed, size_t limit, int64_t wait_us,
                                         hf_wait **out, struct hf_error *error);
/* Reads, on the calling thread, as hf_feed_next() with this limit and without a wait does, with its
 * answers. The feed moves by that alone: what is cancelled or not taken stays to be read. */
HF_API HF_CHECKED int hf_feed_next_take(hf_wait *wait, struct hf_event_batch *out,
                                        struct hf_error *error);

/* Ends the call of hf_feed_next() that waits, with HF_ECANCELED; if none waits, the next one
 * that finds nothing. The feed stays open, and where it is. From any thread, not from a signal
 * handler. */
HF_API void hf_feed_wake(hf_feed *feed);

/* Frees the feed; NULL is allowed. Before or after the store is closed. A call of hf_feed_next()
 * that is running in another thread ends with HF_ECANCELED, if it waits, and closing waits until
 * it has returned; none may begin afterwards. */
HF_API void hf_feed_close(hf_feed *feed);

/* --- Subscriptions
 * ----------------------------------------------------------------------------------------------
 * Changes are taken to the subscriptions by one thread of the store, which the first
 * hf_subscribe() starts; with no_background by hf_maintain() and hf_subscription_next(), on the
 * thread that calls them. It holds no lock of the engine meanwhile. */

typedef struct hf_subscription hf_subscription;

/* A change, borrowed until the callback returns. It may use the store, and end this subscription
 * or others; it must not close the store. While it runs no subscription of the store is served,
 * so slow work belongs elsewhere; nothing is lost meanwhile. */
typedef void (*hf_event_fn)(void *ctx, const struct hf_event *event);

/* Zeroed: all changes, through a ring. */
struct hf_subscribe_args {
	size_t size; /* types.h */
	const char *domain; /* "outbox"; NULL: all */
	/* only changes that concern objects whose key begins with these parts: see
	 * hf_event_concerns() */
	struct hf_bytes key[3];
	unsigned parts; /* how many; more than 0 needs a domain */
	uint32_t ring; /* how many changes it holds before it is read, at most 2^20; 0 = 1,024 */
	hf_event_fn callback; /* instead of a ring; NULL: none */
	void *ctx;
};

/* Subscribes to what becomes durable after this call. End it with hf_unsubscribe(). Errors:
 * HF_EINVAL (no such domain, too many parts, a key part or ring out of range), HF_ENOMEM,
 * HF_ENOSPACE (no descriptor is left). */
HF_API HF_CHECKED int hf_subscribe(hf_store *store, const struct hf_subscribe_args *args,
                                   hf_subscription **out, struct hf_error *error);

/* Readable while changes wait in the ring, or once the store was closed or its changes cannot be
 * read; now and then for nothing. To be waited for, not to be read or closed:
 * hf_subscription_next() and hf_unsubscribe() do that. -1 for one with a callback. */
HF_API int hf_subscription_eventfd(const hf_subscription *subscription);

/* Takes up to `limit` changes (0: all) out of the ring, in the order of LSNs. When there is none
 * it waits up to wait_us (0: not at all, -1: forever) and then answers HF_OK with count 0.
 * Where the ring was full stands one event with `lost`: so many changes from its `lsn` on are
 * not reported, and a feed from there gives them. Thread-safe. *out is zeroed on failure and
 * nothing was taken. Errors: HF_ECANCELED (the store was closed, the subscription was ended),
 * HF_EINVAL (it has a callback), HF_EFAILED (the store failed), HF_ECORRUPT, HF_EIO (changes cannot
 * be read), HF_ENOMEM, HF_EFORK. */
HF_API HF_CHECKED int hf_subscription_next(hf_subscription *subscription, size_t limit,
                                           int64_t wait_us, struct hf_event_batch *out,
                                           struct hf_error *error);

/* Ends and frees it; NULL is allowed. Before or after the store is closed, while changes come,
 * and from within callbacks. A callback of it that runs on another thread has returned when this
 * returns; none comes after. Calls of hf_subscription_next() that wait in other threads end with
 * HF_ECANCELED, and this waits until they have returned; none may begin afterwards. (With
 * no_background such a call may be running callbacks: they must not end its subscription.) */
HF_API void hf_unsubscribe(hf_subscription *subscription);

#ifdef __cplusplus
}
#endif

#endif
