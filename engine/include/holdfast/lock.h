/* Locks: one holder at a time, fenced. A lock is a name; it exists while it is held.
 *
 * A grant gives a token, greater than every one before it. A holder that lost the lock (its
 * lease is over, another was granted it, it was taken away) finds the token stale and must stop;
 * what it wants to write it guards by the token, in the same transaction (hf_lock_guard_held). A
 * grant ends with its lease or, having none, when the store is closed, crashed or not: from that
 * instant the lock is free for everyone.
 *
 * What holds for every call, and which errors any of them may answer, stands in store.h.
 * `args->write.expect` is compared before anything else; a free lock does not exist.
 *
 * `name` and `owner` have 1 to HF_KEY_MAX bytes, none of them NUL. Leases are durations in
 * microseconds, >= 0; 0: none. */
#ifndef HOLDFAST_LOCK_H
#define HOLDFAST_LOCK_H

#include "holdfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* bytes of the reason of a forced release; longer ones are refused with HF_ETOOBIG */
#define HF_LOCK_REASON_MAX 4096u

/* A lock that is held, as reads give it. All bytes live in the answer's memory. */
struct hf_lock {
	struct hf_bytes name;
	struct hf_bytes owner;
	hf_token token;
	hf_time acquired_at; /* of this grant, by the store's clock */
	hf_time lease_until; /* HF_UNSET: no lease, held until the store is closed */
	hf_lsn version;
};

/* --- Holding ---------------------------------------------------------------------------------- */

struct hf_lock_acquire_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes name;
	struct hf_bytes owner; /* a caller that gives the same owner may take the lock over */
	int64_t lease_us;
	/* how long to wait for it: 0 not at all, -1 forever, nothing else below 0; must be 0 in a
	 * transaction */
	int64_t wait_us;
};

/* Grants the lock if it is free or held by the same owner, whose old token is stale from then
 * on; result->token is the new one. Waiters are served in the order of arrival, and a caller that
 * would wait stands behind them. HF_EHELD: another owner holds it, and no wait was asked;
 * HF_ETIMEDOUT: nor could it be had in that time; HF_ECANCELED: the store was closed meanwhile,
 * or hf_cancel() was called. */
HF_API HF_CHECKED int hf_lock_acquire(hf_store *store, hf_txn *txn,
                                      const struct hf_lock_acquire_args *args,
                                      struct hf_result *result, struct hf_error *error);

/* The same, waited for by no thread (wait.h). */
HF_API HF_CHECKED int hf_lock_acquire_start(hf_store *store,
                                            const struct hf_lock_acquire_args *args, hf_wait **out,
                                            struct hf_error *error);
/* `result` and errors as above; HF_ETIMEDOUT: its time was over. */
HF_API HF_CHECKED int hf_lock_acquire_take(hf_wait *wait, struct hf_result *result,
                                           struct hf_error *error);

struct hf_lock_renew_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes name;
	hf_token token;
	int64_t lease_us; /* from now; 0: no lease any more, held until the store is closed */
};

/* The lease now ends lease_us from now; the token stays. HF_ESTALE: not the current token, or
 * its lease is over. */
HF_API HF_CHECKED int hf_lock_renew(hf_store *store, hf_txn *txn,
                                    const struct hf_lock_renew_args *args, struct hf_result *result,
                                    struct hf_error *error);

struct hf_lock_release_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes name;
	hf_token token;
};

/* Gives the lock back. HF_ESTALE: not the current token, or its lease is over. */
HF_API HF_CHECKED int hf_lock_release(hf_store *store, hf_txn *txn,
                                      const struct hf_lock_release_args *args,
                                      struct hf_result *result, struct hf_error *error);

struct hf_lock_force_release_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes name;
	/* must not be blank (HF_EREASON); at most HF_LOCK_REASON_MAX bytes (HF_ETOOBIG) */
	struct hf_bytes reason;
};

/* Frees the lock, whichever owner holds it; the reason stays in the log. A free lock stays as it
 * is: changed = false. What runs under hf_lock_with() is not interrupted. */
HF_API HF_CHECKED int hf_lock_force_release(hf_store *store, hf_txn *txn,
                                            const struct hf_lock_force_release_args *args,
                                            struct hf_result *result, struct hf_error *error);

struct hf_lock_put_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes name;
	struct hf_bytes owner;
	hf_time acquired_at; /* must be given */
	hf_time lease_until; /* must be given: a grant without a lease does not outlive its store */
};

/* Holds a lock as given (import, migration): for this owner, until this instant, with a new token
 * in result->token; the owner takes it over by acquiring. changed = false when the instant has
 * passed, or when it is held like that already. HF_EHELD: another owner holds it. */
HF_API HF_CHECKED int hf_lock_put(hf_store *store, hf_txn *txn, const struct hf_lock_put_args *args,
                                  struct hf_result *result, struct hf_error *error);

/* --- Guards ----------------------------------------------------------------------------------- */

/* Guards write nothing and only make sense in a transaction: HF_EINVAL without one. */

struct hf_lock_guard_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must not be 0 */
	struct hf_bytes name;
};

/* Aborts the transaction with HF_ECONFLICT unless the lock has version write.expect (HF_ABSENT:
 * is free). */
HF_API HF_CHECKED int hf_lock_guard(hf_store *store, hf_txn *txn,
                                    const struct hf_lock_guard_args *args, struct hf_result *result,
                                    struct hf_error *error);

struct hf_lock_guard_held_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_bytes name;
	hf_token token;
};

/* Aborts the transaction with HF_ESTALE unless `token` holds the lock: write only if I still
 * hold it. */
HF_API HF_CHECKED int hf_lock_guard_held(hf_store *store, hf_txn *txn,
                                         const struct hf_lock_guard_held_args *args,
                                         struct hf_result *result, struct hf_error *error);

/* --- Inside one process ----------------------------------------------------------------------- */

/* Called with no engine lock held: it may call holdfast and may take its time. */
typedef void (*hf_lock_fn)(void *ctx);

struct hf_lock_with_args {
	size_t size; /* types.h */
	struct hf_bytes name;
	int64_t wait_us; /* as in hf_lock_acquire */
	struct hf_cancel_flag *cancel; /* hf_cancel() on it ends the wait; not `fn`. NULL: none */
};

/* Calls `fn` alone for that name: while it runs no caller is granted the lock and no other
 * hf_lock_with() of that name runs; other names run side by side. Writes nothing to the log and
 * gives no token. It may be called only while the lock is free: HF_EHELD, HF_ETIMEDOUT and
 * HF_ECANCELED as in hf_lock_acquire. HF_OK: `fn` was called, once. Calling it for the same name
 * from within `fn` waits for itself. hf_close() beside it waits until `fn` has returned, which
 * may use the store until then. */
HF_API HF_CHECKED int hf_lock_with(hf_store *store, const struct hf_lock_with_args *args,
                                   hf_lock_fn fn, void *ctx, struct hf_error *error);

/* --- Reads ------------------------------------------------------------------------------------ */

struct hf_lock_check_args {
	size_t size; /* types.h */
	struct hf_bytes name;
	hf_token token;
};

/* HF_OK while `token` holds the lock, else HF_ESTALE. What follows from it is past by the time
 * it is done: to write, use hf_lock_guard_held. */
HF_API HF_CHECKED int hf_lock_check(hf_store *store, const struct hf_lock_check_args *args,
                                    unsigned flags, struct hf_error *error);

struct hf_lock_got {
	size_t size; /* types.h */
	struct hf_lock lock;
	struct hf_memory *memory;
};

/* A lock that is held, or HF_ENOTFOUND. */
HF_API HF_CHECKED int hf_lock_get(hf_store *store, struct hf_bytes name, unsigned flags,
                                  struct hf_lock_got *out, struct hf_error *error);

struct hf_lock_list_args {
	size_t size; /* types.h */
	size_t limit; /* items of a page; 0: all */
	const char *page; /* `next` of the page before; NULL: the first page */
	struct hf_bytes after; /* begins behind this name (types.h), if given */
};

struct hf_lock_page {
	size_t size; /* types.h */
	const struct hf_lock *items;
	size_t count;
	const char *next; /* token of the next page, NULL at the end */
	struct hf_memory *memory;
};

/* The locks that are held, by name in byte order. NULL args: all. HF_EINVAL for a damaged `page`
 * or one of another query. */
HF_API HF_CHECKED int hf_lock_list(hf_store *store, const struct hf_lock_list_args *args,
                                   unsigned flags, struct hf_lock_page *out,
                                   struct hf_error *error);

struct hf_lock_stats {
	size_t size; /* types.h */
	/* locks whose lease is over count until that is logged, which upkeep does soon after */
	uint64_t held;
	/* when the first of them ends; not after as_of: it is over, and not logged yet. HF_UNSET:
	 * none ends by time */
	hf_time next_ending;
	hf_time as_of; /* the store's clock */
};

/* In O(1). */
HF_API HF_CHECKED int hf_lock_get_stats(hf_store *store, unsigned flags, struct hf_lock_stats *out,
                                        struct hf_error *error);

#ifdef __cplusplus
}
#endif

#endif
