/* Outboxes: durable work queues, one per name. Items are enqueued, claimed by one worker at a
 * time, and completed or failed.
 *
 * An item is `queued`, `sending` (a worker holds it) or `failed` (given up until
 * a call says otherwise). A claim gives a token; a worker that lost the item (its lease is over, it
 * was taken away) finds the token stale and must stop. A claim ends with its lease or, having none,
 * when the store is closed, crashed or not: from that instant the item is seen as queued again
 * by everyone, attempts unchanged.
 *
 * A claim that ends so is lost. From the second loss on the item comes back with a backoff, 1 s
 * doubling with each further loss up to 10 minutes, counted from the end of the lease or from
 * the newest change of the dead incarnation, so that an item that kills its workers does not
 * keep the others waiting; in its group it keeps its place. At the queue's max_lost losses it is
 * failed, and its error says so. Putting it back by hand (retry, redrive, REPLACE) sets lost to
 * 0.
 *
 * What holds for every call, and which errors any of them may answer, stands in store.h.
 * `args->write.expect` is compared before anything else. Reads are in outbox_read.h, a pass over
 * a queue is in outbox_drain.h.
 *
 * Names: `queue` and `id` have 1 to HF_KEY_MAX bytes, none of them NUL. A queue that was never
 * written to is the same as an empty one. */
#ifndef HOLDFAST_OUTBOX_H
#define HOLDFAST_OUTBOX_H

#include "holdfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* attempts until an item is failed, where neither call, item nor queue says otherwise */
#define HF_OUTBOX_ATTEMPTS 5u
/* lost claims until an item is failed, where the queue does not say otherwise */
#define HF_OUTBOX_LOST_MAX 10u
#define HF_OUTBOX_EXTRA_MAX (64u << 10) /* bytes kept beside an item's payload */
/* bytes of an item's last error; longer ones are cut at a UTF-8 boundary */
#define HF_OUTBOX_ERROR_MAX 4096u
/* longest exponential backoff, where the call does not say otherwise */
#define HF_OUTBOX_BACKOFF_CAP_US INT64_C(86400000000)
#define HF_OUTBOX_CLAIM_MAX 4096u /* items that one hf_outbox_claim_next() gives at most */
/* completed ids that a queue remembers, where hf_outbox_configure() does not say otherwise */
#define HF_OUTBOX_DEDUP_MAX 1000000u

enum hf_outbox_status {
	HF_OUTBOX_ANY = 0, /* as a filter: all; in an item that is put: queued */
	HF_OUTBOX_QUEUED = 1,
	HF_OUTBOX_SENDING = 2,
	HF_OUTBOX_FAILED = 3,
};

/* What hf_outbox_enqueue() with HF_OUTBOX_RERUN noted beside an item that a worker held: once
 * the item is completed it is queued again with this. */
struct hf_outbox_rerun {
	struct hf_bytes payload;
	hf_time enqueued_at;
	hf_time available_at;
	bool available_computed; /* as in an item */
};

/* An item as reads and claims give it. All bytes live in the answer's memory. */
struct hf_outbox_item {
	struct hf_bytes queue; /* ignored where an item is given */
	struct hf_bytes id;
	struct hf_bytes payload;
	/* opaque bytes beside the payload (members of an imported file); empty: none */
	struct hf_bytes extra;
	enum hf_outbox_status status; /* as of the read: sending only while the claim holds */
	uint32_t attempts; /* counted by fail and mark_failed, not by claims */
	uint32_t lost; /* claims that ended without an answer since the item was last queued by hand */
	uint32_t max_attempts; /* 0: the queue's */
	int32_t priority; /* lower first */
	hf_time enqueued_at;
	hf_time available_at; /* claim_next leaves it alone before this time */
	/* The store computed available_at (a backoff, a delay, "now"): a set-back of its clock moves
	 * it. false: a caller named it. */
	bool available_computed;
	struct hf_bytes last_error; /* empty: none */
	struct hf_bytes group; /* empty: none */
	const struct hf_outbox_rerun *rerun; /* NULL: none is noted */
	/* Only while sending, else 0, empty and HF_UNSET. */
	hf_token token;
	struct hf_bytes owner;
	hf_time lease_until; /* HF_UNSET: no lease */
	/* no lease goes beyond this time (max_run_us of the claim); HF_UNSET: no bound */
	hf_time run_until;
	hf_lsn version;
};

/* Where an item stands in the order of its queue's list: the LSN of the entry that enqueued it, or
 * queued it once more (a rerun). It stays while the item is claimed, fails and is retried. */
struct hf_outbox_place {
	hf_lsn place;
};

/* Many items: what claims and lists give. */
struct hf_outbox_items {
	size_t size; /* types.h */
	const struct hf_outbox_item *items;
	size_t count;
	const char *next; /* lists: token of the next page, NULL at the end */
	struct hf_memory *memory; /* free it with hf_release() */
	const struct hf_outbox_place *places; /* lists: of the items, one each; claims: NULL */
	size_t places_count; /* as `count`, or 0 */
};

/* --- Filling a queue -------------------------------------------------------------------------- */

/* Groups: of the items of one queue that share a non-empty group claim_next gives one at a time,
 * in the order in which they were enqueued, whatever their priorities. The first one that is
 * neither done nor failed goes before all others of the group: while a worker holds it, and
 * while it is delayed (by available_at or a backoff), they wait. Its priority and available_at
 * are the group's place among others. A group is made by its first item and goes with its last;
 * group names follow the rules of key parts.
 *
 * Completed ids: where the queue has a dedup_window, an id goes on blocking for that long after
 * its item was completed: hf_outbox_enqueue() of it, whatever `dedup` says, answers HF_OK with
 * changed = false and version 0. Every other operation finds no such item. An item that is
 * removed, cleared or put leaves no such trace. */

/* What becomes of an enqueue whose id is live already, that is queued, sending or failed. */
enum hf_outbox_dedup {
	HF_OUTBOX_KEEP = 0, /* the item is left exactly as it is: changed = false */
	/* a queued one takes the new payload, extra, enqueued_at and available_at, attempts and lost
	 * 0 and no error, and keeps the rest, its place in the order too; a sending or failed one is
	 * left as it is: changed = false */
	HF_OUTBOX_REPLACE = 1,
	HF_OUTBOX_RERUN =
	    /* runs at least once more with the newest payload: beside a sending item payload and
	     * times are noted, and when it is completed it is queued again with them, attempts 0, at
	     * the end of the enqueue order. What is noted stays until then, whatever comes between,
	     * and gives way to a newer note, to a REPLACE and to a put. A queued one has its run
	     * still to come: as REPLACE. A failed one is left as it is: changed = false */
	2,
};

struct hf_outbox_enqueue_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes queue;
	struct hf_bytes id;
	struct hf_bytes payload; /* at most HF_PAYLOAD_MAX bytes (HF_ETOOBIG) */
	hf_time enqueued_at; /* kept as given; not given (write.literal_times): the store's clock */
	hf_time available_at; /* not given: now, by the store's clock */
	int32_t priority; /* lower first */
	uint32_t max_attempts; /* 0: the queue's */
	enum hf_outbox_dedup dedup;
	struct hf_bytes group; /* empty: none. That of a live item stays as it is */
	/* At most HF_OUTBOX_EXTRA_MAX bytes (HF_ETOOBIG); lives and dies with the item. A rerun that
	 * is noted does not change it. */
	struct hf_bytes extra;
};

/* Adds an item as queued. A live id that is left as it is: changed = false, and result->status
 * says what it is. */
HF_API HF_CHECKED int hf_outbox_enqueue(hf_store *store, hf_txn *txn,
                                        const struct hf_outbox_enqueue_args *args,
                                        struct hf_result *result, struct hf_error *error);

/* One of many; the members mean what they mean above. */
struct hf_outbox_input {
	struct hf_bytes id;
	struct hf_bytes payload;
	hf_time enqueued_at;
	hf_time available_at;
	int32_t priority;
	uint32_t max_attempts;
	struct hf_bytes group;
	struct hf_bytes extra;
};

struct hf_outbox_enqueue_many_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must be 0 */
	struct hf_bytes queue;
	const struct hf_outbox_input *items;
	size_t count; /* 0 is allowed: nothing happens */
	enum hf_outbox_dedup dedup;
};

/* Adds all or none, in the order given; an id that occurs twice is live the second time.
 * result->count: items added, replaced or noted. */
HF_API HF_CHECKED int hf_outbox_enqueue_many(hf_store *store, hf_txn *txn,
                                             const struct hf_outbox_enqueue_many_args *args,
                                             struct hf_result *result, struct hf_error *error);

struct hf_outbox_put_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes queue;
	/* Stored as given but for token, owner, lease_until, run_until and version, which are
	 * ignored; times are taken literally (0 is the first instant of 1970) and must be set. A
	 * status of sending becomes queued, since no worker holds it. */
	struct hf_outbox_item item;
};

/* Stores an item (import, migration). One that exists is replaced, held or not, and keeps
 * its place in the enqueue order; a new one comes last, whether or not its id was completed
 * before. changed = false when it is like that already. */
HF_API HF_CHECKED int hf_outbox_put(hf_store *store, hf_txn *txn,
                                    const struct hf_outbox_put_args *args, struct hf_result *result,
                                    struct hf_error *error);

/* Members of struct hf_outbox_configure_args that stay as they are; what is given for them is
 * ignored. */
enum hf_outbox_leave {
	HF_OUTBOX_LEAVE_MAX_ATTEMPTS = 1,
	HF_OUTBOX_LEAVE_MAX_LOST = 2,
	HF_OUTBOX_LEAVE_DEDUP_WINDOW = 4,
	HF_OUTBOX_LEAVE_DEDUP_MAX = 8,
};

struct hf_outbox_configure_args {
	size_t size; /* types.h */
	/* expect is the version of the queue's settings; HF_ABSENT: never changed */
	struct hf_write write;
	struct hf_bytes queue;
	uint32_t max_attempts; /* 0: HF_OUTBOX_ATTEMPTS */
	/* lost claims until an item is failed; 0: HF_OUTBOX_LOST_MAX, HF_NEVER: no bound */
	uint32_t max_lost;
	int64_t dedup_window_us; /* how long a completed id goes on blocking; 0: not at all */
	/* at most so many completed ids, the oldest are dropped; 0: HF_OUTBOX_DEDUP_MAX */
	uint32_t dedup_max;
	/* HF_OUTBOX_LEAVE_... or'd: only the others are set. 0: all four. Any other bit: HF_EINVAL */
	uint32_t leave;
};

/* Settings of a queue; they apply from now on to items that were enqueued before, too. A member
 * that is left has the value that earlier operations of the same transaction gave it; so two
 * calls that set different members need no expectation to lose neither. Ids completed before
 * keep their time; those beyond dedup_max are dropped at once. Whether the queue is paused
 * stays. */
HF_API HF_CHECKED int hf_outbox_configure(hf_store *store, hf_txn *txn,
                                          const struct hf_outbox_configure_args *args,
                                          struct hf_result *result, struct hf_error *error);

struct hf_outbox_clear_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must be 0 */
	struct hf_bytes queue;
};

/* Removes every item of the queue, held or not, and forgets its completed ids; settings
 * stay. result->count: how many items. */
HF_API HF_CHECKED int hf_outbox_clear(hf_store *store, hf_txn *txn,
                                      const struct hf_outbox_clear_args *args,
                                      struct hf_result *result, struct hf_error *error);

struct hf_outbox_pause_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect as in hf_outbox_configure */
	struct hf_bytes queue;
	/* pause: then wait so long until nothing of it is sending: 0 not at all, -1 forever. 0 in a
	 * transaction and for resume */
	int64_t wait_us;
};

/* While a queue is paused claim_next gives nothing and drain sends nothing; a worker that
 * holds an item goes on, and an item can be claimed by name. Survives closing. changed = false when
 * it is so already. With a wait: HF_ETIMEDOUT when items are still being sent by then; the queue is
 * paused all the same, and *result says what that did. */
HF_API HF_CHECKED int hf_outbox_pause(hf_store *store, hf_txn *txn,
                                      const struct hf_outbox_pause_args *args,
                                      struct hf_result *result, struct hf_error *error);
HF_API HF_CHECKED int hf_outbox_resume(hf_store *store, hf_txn *txn,
                                       const struct hf_outbox_pause_args *args,
                                       struct hf_result *result, struct hf_error *error);

struct hf_outbox_put_completed_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must be 0 */
	struct hf_bytes queue;
	struct hf_bytes id;
	hf_time until; /* it blocks before this time */
};

/* Notes an id as completed (import). changed = false when it is noted so already, when `until`
 * is over, or when an item of this id is live. Beyond dedup_max the oldest is dropped. */
HF_API HF_CHECKED int hf_outbox_put_completed(hf_store *store, hf_txn *txn,
                                              const struct hf_outbox_put_completed_args *args,
                                              struct hf_result *result, struct hf_error *error);

/* --- From outside ----------------------------------------------------------------------------- */

/* These need no token and take the item from its holder, if any. HF_ENOTFOUND when there is
 * none. */

struct hf_outbox_remove_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes queue;
	struct hf_bytes id;
};

HF_API HF_CHECKED int hf_outbox_remove(hf_store *store, hf_txn *txn,
                                       const struct hf_outbox_remove_args *args,
                                       struct hf_result *result, struct hf_error *error);

struct hf_outbox_mark_failed_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes queue;
	struct hf_bytes id;
	struct hf_bytes reason; /* becomes last_error, cut after HF_OUTBOX_ERROR_MAX bytes */
};

/* attempts + 1 and failed, whatever the count. */
HF_API HF_CHECKED int hf_outbox_mark_failed(hf_store *store, hf_txn *txn,
                                            const struct hf_outbox_mark_failed_args *args,
                                            struct hf_result *result, struct hf_error *error);

struct hf_outbox_retry_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes queue;
	struct hf_bytes id;
	bool reset_attempts; /* attempts begin anew */
};

/* Queued again, available now if it was not yet, attempts kept unless asked, lost 0. A queued
 * item is left exactly as it is: changed = false. */
HF_API HF_CHECKED int hf_outbox_retry(hf_store *store, hf_txn *txn,
                                      const struct hf_outbox_retry_args *args,
                                      struct hf_result *result, struct hf_error *error);

/* Which items; zeroed but for the queue: all that failed. Every condition that is set must hold. */
struct hf_outbox_redrive_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must be 0 */
	struct hf_bytes queue;
	struct hf_bytes group; /* empty: any */
	struct hf_bytes error; /* part of the last error; empty: any */
	hf_time enqueued_before; /* not given: any */
	uint32_t attempts_below; /* 0: any */
	size_t limit; /* at most so many, the first in enqueue order; 0: all */
	bool reset_attempts; /* attempts begin anew */
	bool dry_run; /* only count: nothing changes */
};

/* Retries the failed items that match, in one transaction: each is queued again, available now
 * if it was not yet, attempts kept unless asked, lost 0, and has the same new version.
 * result->count: how many; none: changed = false. It looks at every failed item of the queue.
 * HF_ETOOBIG beyond what a transaction can hold: use `limit`. */
HF_API HF_CHECKED int hf_outbox_redrive(hf_store *store, hf_txn *txn,
                                        const struct hf_outbox_redrive_args *args,
                                        struct hf_result *result, struct hf_error *error);

struct hf_outbox_prune_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must be 0 */
	struct hf_bytes queue;
	enum hf_outbox_status status; /* HF_OUTBOX_FAILED or HF_OUTBOX_QUEUED; HF_OUTBOX_ANY: failed */
	hf_time enqueued_before; /* not given: any */
	size_t limit; /* at most so many, the first in enqueue order; 0: all */
	bool dry_run; /* only count: nothing changes */
};

/* Removes items that will not be delivered any more, in one transaction; none is held.
 * result->count: how many; none: changed = false. It looks at every item of that status.
 * HF_ETOOBIG beyond what a transaction can hold: use `limit`. */
HF_API HF_CHECKED int hf_outbox_prune(hf_store *store, hf_txn *txn,
                                      const struct hf_outbox_prune_args *args,
                                      struct hf_result *result, struct hf_error *error);

/* What is not set stays. */
struct hf_outbox_reschedule_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes queue;
	struct hf_bytes id;
	bool set_available_at;
	hf_time available_at; /* taken literally */
	bool set_priority;
	int32_t priority; /* lower first */
};

/* Moves a queued item in the order without claiming it: no attempt. HF_ECLAIMED: it is sending;
 * HF_ECONFLICT: it is failed (retry it). changed = false when it is so already. */
HF_API HF_CHECKED int hf_outbox_reschedule(hf_store *store, hf_txn *txn,
                                           const struct hf_outbox_reschedule_args *args,
                                           struct hf_result *result, struct hf_error *error);

/* --- Guards ----------------------------------------------------------------------------------- */

/* Guards write nothing and only make sense in a transaction: HF_EINVAL without one. */

struct hf_outbox_guard_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must not be 0 */
	struct hf_bytes queue;
	struct hf_bytes id;
};

/* Aborts the transaction with HF_ECONFLICT unless the item has version write.expect (HF_ABSENT:
 * does not exist). */
HF_API HF_CHECKED int hf_outbox_guard(hf_store *store, hf_txn *txn,
                                      const struct hf_outbox_guard_args *args,
                                      struct hf_result *result, struct hf_error *error);

struct hf_outbox_guard_claim_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes queue;
	struct hf_bytes id;
	hf_token token;
};

/* Aborts the transaction with HF_ENOTFOUND or HF_ESTALE unless `token` holds the item: write
 * only while the work is still mine. */
HF_API HF_CHECKED int hf_outbox_guard_claim(hf_store *store, hf_txn *txn,
                                            const struct hf_outbox_guard_claim_args *args,
                                            struct hf_result *result, struct hf_error *error);

#ifdef __cplusplus
}
#endif

#endif
