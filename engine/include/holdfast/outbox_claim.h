/* Claiming items of an outbox, and what the holder of a claim does with one. What is said of all
 * functions in outbox.h holds here too. */
#ifndef HOLDFAST_OUTBOX_CLAIM_H
#define HOLDFAST_OUTBOX_CLAIM_H

#include "holdfast/outbox.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- Claiming --------------------------------------------------------------------------------- */

/* `out` is zeroed by the call, and filled when it returns HF_OK with txn NULL. In a transaction
 * the commit fills it, so it must live until then: if the commit returned HF_OK it holds the
 * items; whatever it returned, out->memory must be released afterwards. Leases are durations in
 * microseconds, >= 0; 0: no lease, held until the store is closed.
 *
 * A claim is made only when the files that its payloads lie in are open: HF_ENOSPACE (no
 * descriptor is left) or HF_EACCESS, and nothing was done.
 *
 * HF_EIO or HF_ECORRUPT with out->count above 0: the claim stands, but a payload could not be
 * read from the log. What could not has a payload of {NULL, 0}; all items and tokens are there,
 * to be failed or released, and out->memory is to be released. In a transaction it is the commit
 * that answers so: see hf_txn_commit(). */

struct hf_outbox_claim_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes queue;
	struct hf_bytes id;
	/* 1 to HF_KEY_MAX bytes without NUL; for people to read: the token is the proof */
	struct hf_bytes owner;
	int64_t lease_us;
	int64_t max_run_us; /* no lease or extension goes beyond that long from now; 0: no bound */
};

/* Claims one item by name, delayed or failed ones too, out of its group's turn and from a paused
 * queue. Of any number of concurrent claims exactly one wins. `out` (nullable) gets the item,
 * result->token the token. HF_ENOTFOUND; HF_ECLAIMED: a worker holds it; HF_EBLOCKED:
 * a worker holds another item of its group. */
HF_API HF_CHECKED int hf_outbox_claim(hf_store *store, hf_txn *txn,
                                      const struct hf_outbox_claim_args *args,
                                      struct hf_outbox_items *out, struct hf_result *result,
                                      struct hf_error *error);

struct hf_outbox_claim_next_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must be 0 */
	struct hf_bytes queue;
	/* Instead of `queue` several, at most 1,024: what is in the first goes before what is in the
	 * second, and so on. */
	const struct hf_bytes *queues;
	size_t queue_count;
	uint32_t max; /* at most so many, HF_OUTBOX_CLAIM_MAX at most; 0: one */
	struct hf_bytes owner; /* as above */
	int64_t lease_us;
	int64_t max_run_us; /* as above */
	/* how long to wait for work: 0 not at all, -1 forever; must be 0 in a transaction */
	int64_t wait_us;
};

/* Claims what is queued and available, by priority, available_at, enqueue order, of each group
 * only what is next; each item gets a token of its own, all in one transaction. Nothing to claim
 * is HF_OK with out->count = 0 and changed = false. Costs O(log n) an item, however many others
 * are delayed, held, failed or kept back by their groups.
 *
 * With a wait it returns as soon as there is something, or with nothing when the wait is over;
 * HF_ECANCELED when the store is closed meanwhile or hf_cancel() called. Who waits is served in
 * the order of arrival, and before others who would wait; calls that do not wait take what they
 * find. */
HF_API HF_CHECKED int hf_outbox_claim_next(hf_store *store, hf_txn *txn,
                                           const struct hf_outbox_claim_next_args *args,
                                           struct hf_outbox_items *out, struct hf_result *result,
                                           struct hf_error *error);

/* The same, waited for by no thread (wait.h). */
HF_API HF_CHECKED int hf_outbox_claim_next_start(hf_store *store,
                                                 const struct hf_outbox_claim_next_args *args,
                                                 hf_wait **out, struct hf_error *error);
/* `out` and `result` as above; HF_OK without an item: its time was over. */
HF_API HF_CHECKED int hf_outbox_claim_next_take(hf_wait *wait, struct hf_outbox_items *out,
                                                struct hf_result *result, struct hf_error *error);

/* --- While holding an item -------------------------------------------------------------------- */

/* These four need the current token: HF_ENOTFOUND when there is no such item, HF_ESTALE when the
 * token is not the current one or the claim is over: stop, another worker may be at work. */

struct hf_outbox_extend_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes queue;
	struct hf_bytes id;
	hf_token token;
	int64_t lease_us; /* from now; 0: no lease any more, held until the store is closed */
};

/* A heartbeat: the lease now ends lease_us from now, or at the claim's run_until, whichever is
 * earlier. The token stays. */
HF_API HF_CHECKED int hf_outbox_extend(hf_store *store, hf_txn *txn,
                                       const struct hf_outbox_extend_args *args,
                                       struct hf_result *result, struct hf_error *error);

struct hf_outbox_complete_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes queue;
	struct hf_bytes id;
	hf_token token;
};

/* Delivered: the item goes, and its id goes on blocking if the queue has a dedup_window; or, if
 * a rerun was noted, it is queued again (result->version is then its new version). */
HF_API HF_CHECKED int hf_outbox_complete(hf_store *store, hf_txn *txn,
                                         const struct hf_outbox_complete_args *args,
                                         struct hf_result *result, struct hf_error *error);

enum hf_outbox_backoff_kind {
	HF_OUTBOX_BACKOFF_NONE = 0, /* available at once */
	HF_OUTBOX_BACKOFF_FIXED = 1, /* after delay_us */
	HF_OUTBOX_BACKOFF_EXPONENTIAL =
	    /* full jitter: after a random time up to delay_us, twice that after the second failed
	     * attempt, and so on */
	2,
};

struct hf_outbox_backoff {
	enum hf_outbox_backoff_kind kind;
	int64_t delay_us; /* >= 0 */
	/* never longer than this; 0: HF_OUTBOX_BACKOFF_CAP_US if exponential, else no cap */
	int64_t cap_us;
};

struct hf_outbox_fail_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes queue;
	struct hf_bytes id;
	hf_token token;
	uint32_t max_attempts; /* 0: the item's, else the queue's */
	struct hf_bytes reason; /* becomes last_error, cut after HF_OUTBOX_ERROR_MAX bytes */
	struct hf_outbox_backoff backoff;
};

/* An attempt failed: attempts + 1. At max_attempts the item is failed, before that queued again
 * after the backoff; result->status and result->available_at say which, and until when. */
HF_API HF_CHECKED int hf_outbox_fail(hf_store *store, hf_txn *txn,
                                     const struct hf_outbox_fail_args *args,
                                     struct hf_result *result, struct hf_error *error);

struct hf_outbox_release_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes queue;
	struct hf_bytes id;
	hf_token token;
	int64_t delay_us; /* >= 0; 0: available_at stays as it was */
};

/* Gives the item back without counting an attempt (a shutdown, a snooze). */
HF_API HF_CHECKED int hf_outbox_release(hf_store *store, hf_txn *txn,
                                        const struct hf_outbox_release_args *args,
                                        struct hf_result *result, struct hf_error *error);

#ifdef __cplusplus
}
#endif

#endif
