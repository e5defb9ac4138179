/* Watching what changed: the change feed and subscriptions.
 *
 * A feed gives every entry of the log from any LSN that is retained on, in order, each once, once it is durable: nothing that a crash could take
 * back. It reads the log's files by a descriptor of its own, so any number of feeds run beside the writers and slow nobody down. Whoever keeps
 * `next` of the last batch goes on there after a restart. Numbering jumps after an unclean stop; that is no gap.
 *
 * A subscription tells of changes from now on, through a ring of bounded size and an eventfd, or through a callback. Whoever is too slow is told
 * how many changes the ring had no room for, and where a feed would find them.
 *
 * Entries of commits in mode `os` appear when they are durable: with the next durable commit, hf_sync() or hf_close(). */
#ifndef HOLDFAST_FEED_H
#define HOLDFAST_FEED_H

#include "holdfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- Events --------------------------------------------------------------------------------------------------------------- */

/* One entry of the log: what was done to which object. Everything lies in the batch's memory. */
struct hf_event {
	hf_lsn lsn;
	hf_time at; /* the store's clock when it was sequenced */
	const char *domain; /* "outbox"; "unknown" for a domain this version does not know, "" for a gap marker */
	const char *operation; /* "claim"; "unknown" for an entry this version does not understand */
	struct hf_bytes key
	    [3]; /* the object's key parts, in the order of its header: queue, id. An entry about a whole container has the first ones only */
	unsigned parts; /* how many of them are set */
	bool removed; /* the object is gone after it */
	bool many; /* it concerns several objects of the container that the key names */
	bool transaction_end; /* the last entry of its transaction */
	struct hf_bytes reason; /* of a reset, a failure, a forced release; else empty */
	uint64_t lost; /* not 0: no change but a gap marker of a subscription. So many changes from `lsn` on are not told */
	/* As it lies in the log, for those who keep a state of their own. In a subscription's events the body is empty. */
	uint8_t domain_id;
	uint8_t kind;
	struct hf_bytes body;
};

struct hf_event_batch {
	const struct hf_event *events;
	size_t count;
	hf_lsn next; /* a feed that is opened with this goes on behind the batch; 0 for a subscription */
	struct hf_memory *memory; /* free it with hf_release() */
};

/* One line of what it did, as hf_log_each gives it, cut to `cap` bytes with its NUL. Needs the body; without it the line names operation and key. */
HF_API void hf_event_text(const struct hf_event *event, char *out, size_t cap);

/* --- The change feed ------------------------------------------------------------------------------------------------------ */

typedef struct hf_feed hf_feed;

/* Opens a feed that begins with entry `from`; 0: the oldest there is. The LSN that comes next may be asked for: then it begins with what is to come.
 * Errors: HF_EGONE (older than what is retained, or never given out: take a new copy of the state), HF_EIO, HF_ENOMEM. */
HF_API HF_CHECKED int hf_feed_open(hf_store *store, hf_lsn from, hf_feed **out, struct hf_error *error);

/* The same for the store in directory `path`, which another process of the same host may be writing: takes no lock and changes nothing. What it knows
 * to be durable it has from the store's files: the newest entries may come a moment later than inside the writing process, and after an unclean stop
 * those that nobody had been told of come once the store was opened again. Errors also: HF_ENOTFOUND (no store), HF_EVERSION, HF_ECORRUPT. */
HF_API HF_CHECKED int hf_feed_open_path(const char *path, hf_lsn from, hf_feed **out, struct hf_error *error);

/* Gives what comes next: up to `limit` entries (0: as many as make a good batch); a batch may end inside a transaction, and is at most a megabyte unless
 * a single entry is larger. When there is nothing it waits up to wait_us (0: not at all, -1: for ever) and then answers HF_OK with count 0.
 * One thread at a time. *out is zeroed on failure, and the call can be repeated: the feed stays where it was.
 * Errors: HF_ECANCELED (the store was closed), HF_EFAILED (it failed: nothing more will become durable), HF_EGONE (left behind: what comes next is not
 * retained any more), HF_ECORRUPT, HF_EIO, HF_ENOMEM, HF_EVERSION, HF_EFORK. */
HF_API HF_CHECKED int hf_feed_next(hf_feed *feed, size_t limit, int64_t wait_us, struct hf_event_batch *out, struct hf_error *error);

/* Frees the feed; NULL is allowed. Before or after the store is closed. */
HF_API void hf_feed_close(hf_feed *feed);

#ifdef __cplusplus
}
#endif

#endif
