/* Idempotency: each piece of work is done once per key, and a caller that asks again gets the very
 * response that the first one got.
 *
 * A caller begins a key. It is NEW: the caller owns the work, does it, and completes the key
 * with a status and a response, in one transaction with the effects of the work if they live
 * here. Or another caller owns it already, or it is done: then the answer says so. The owner is
 * fenced by a token: once its lease is over, another caller may have begun the key, and a late
 * complete is HF_ESTALE.
 *
 * An entry ends as a whole: an owned one with its owner's lease or, having none, when the store
 * is closed, crashed or not, or at its expires_at; a done one at its expires_at. From that
 * instant it is gone for every call, as if it had never been: get does not find it, begin is NEW
 * whatever the fingerprint, and its token is stale.
 *
 * What holds for every call, and which errors any of them may answer, stands in store.h.
 * `args->write.expect` is compared before anything else; an entry that has ended is absent.
 *
 * Names: `scope` has 1 to HF_KEY_MAX bytes, none of them NUL. `key` has 1 to
 * HF_IDEMPOTENCY_KEY_MAX bytes, each of printable ASCII but the space; it may hold ':'. A scope
 * that was never written to is the same as an empty one. */
#ifndef HOLDFAST_IDEMPOTENCY_H
#define HOLDFAST_IDEMPOTENCY_H

#include "holdfast/admin.h"
#include "holdfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HF_IDEMPOTENCY_KEY_MAX 255u /* bytes of a key */
#define HF_IDEMPOTENCY_FINGERPRINT_MAX 64u /* bytes of a fingerprint */
/* bytes of "scope:key", without a NUL */
#define HF_IDEMPOTENCY_TEXT_MAX (3u * HF_KEY_MAX + 1u + HF_IDEMPOTENCY_KEY_MAX)
/* 24 hours: how long an entry stays where no call says otherwise */
#define HF_IDEMPOTENCY_TTL_US INT64_C(86400000000)

struct hf_idempotency_key {
	struct hf_bytes
	    /* who asks, and for what: a client and a route, say. Keys of different scopes have
	     * nothing to do with each other */
	    scope;
	struct hf_bytes key;
};

/* The canonical text of a key, "scope:key", in which '%' and ':' of the scope are written %25
 * and %3A, NUL-terminated, into `out` of HF_IDEMPOTENCY_TEXT_MAX + 1 bytes. HF_EINVAL for names
 * that break the rules; then *out is "". */
HF_API HF_CHECKED int hf_idempotency_text(const struct hf_idempotency_key *key, char *out,
                                          struct hf_error *error);
/* The other way round: the first ':' parts the two. out->key borrows from `text`, out->scope
 * from `scope`, which has HF_KEY_MAX bytes. HF_EINVAL for anything that hf_idempotency_text()
 * does not write; then *out is zero. */
HF_API HF_CHECKED int hf_idempotency_parse(struct hf_bytes text, char *scope,
                                           struct hf_idempotency_key *out, struct hf_error *error);

/* An entry as reads give it. All bytes live in the answer's memory. */
struct hf_idempotency_entry {
	struct hf_idempotency_key key;
	struct hf_bytes fingerprint; /* of the request that began it; may be empty */
	bool done; /* false: a caller owns it and is at work */
	int32_t status; /* of the response; 0 until it is done */
	struct hf_bytes response; /* empty until it is done */
	hf_time created_at; /* when it was begun, or put */
	hf_time expires_at; /* HF_UNSET: never */
	/* The store computed expires_at, from a ttl: a set-back of its clock moves it. false: a
	 * caller named it, or there is none. */
	bool expires_computed;
	/* Only until it is done, else 0 and HF_UNSET. */
	hf_token token;
	hf_time lease_until; /* HF_UNSET: no lease */
	hf_lsn version;
};

/* --- Doing work once -------------------------------------------------------------------------- */

enum hf_idempotency_outcome {
	HF_IDEMPOTENCY_UNDECIDED = 0, /* in a transaction that is not committed */
	/* the work is the caller's: do it, then complete or abandon with the token */
	HF_IDEMPOTENCY_NEW = 1,
	/* the key was used with another fingerprint: another request under the same key */
	HF_IDEMPOTENCY_MISMATCH = 2,
	HF_IDEMPOTENCY_IN_PROGRESS = 3, /* another caller owns it: ask again after lease_until */
	HF_IDEMPOTENCY_REPLAY = 4, /* it is done: here are status and response */
};

/* The word for it: "UNDECIDED", "NEW", "MISMATCH", "IN_PROGRESS", "REPLAY"; never NULL. */
HF_API const char *hf_idempotency_outcome_name(enum hf_idempotency_outcome outcome);

struct hf_idempotency_begin_args {
	size_t size; /* types.h */
	/* expect = HF_ABSENT: HF_ECONFLICT unless it is NEW, which aborts a transaction that has no
	 * use for a replay */
	struct hf_write write;
	struct hf_idempotency_key key;
	/* what the request amounts to: a hash of it, say; at most HF_IDEMPOTENCY_FINGERPRINT_MAX
	 * bytes */
	struct hf_bytes fingerprint;
	int64_t lease_us; /* the caller owns the work for so long; 0: while the store stays open */
	int64_t
	    /* without a lease the entry expires after so long unless it is completed; 0:
	     * HF_IDEMPOTENCY_TTL_US. Never ends a lease */
	    ttl_us;
};

/* What begin found. */
struct hf_idempotency_begun {
	size_t size; /* types.h */
	enum hf_idempotency_outcome outcome;
	hf_token token; /* NEW; else 0 */
	/* NEW, IN_PROGRESS: when the owner's lease is over; else, and without a lease, HF_UNSET */
	hf_time lease_until;
	int32_t status; /* REPLAY: the very same ones */
	struct hf_bytes response;
	hf_time created_at; /* of the entry that is there now; MISMATCH too */
	hf_time expires_at;
	bool expires_computed; /* as in an entry */
	hf_lsn version;
	struct hf_memory *memory; /* free it with hf_release() */
};

/* Asks for the work. In this order: absent or ended is NEW; another fingerprint is MISMATCH;
 * owned is IN_PROGRESS; done is REPLAY. All four are HF_OK, and only NEW changes anything. *out
 * (required) is zeroed by the call, and filled when it returns HF_OK with txn NULL. In a
 * transaction the commit fills it, so it must live until then: if the commit returned HF_OK it
 * says what was found; whatever it returned, out->memory must be released. */
HF_API HF_CHECKED int hf_idempotency_begin(hf_store *store, hf_txn *txn,
                                           const struct hf_idempotency_begin_args *args,
                                           struct hf_idempotency_begun *out,
                                           struct hf_result *result, struct hf_error *error);

struct hf_idempotency_complete_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_idempotency_key key;
	hf_token token;
	int32_t status;
	struct hf_bytes response; /* at most HF_PAYLOAD_MAX bytes */
	int64_t ttl_us; /* the response is kept for so long; 0: HF_IDEMPOTENCY_TTL_US */
};

/* The work is done: keeps status and response for every caller that asks again. HF_ESTALE unless
 * the token owns the key. */
HF_API HF_CHECKED int hf_idempotency_complete(hf_store *store, hf_txn *txn,
                                              const struct hf_idempotency_complete_args *args,
                                              struct hf_result *result, struct hf_error *error);

struct hf_idempotency_abandon_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_idempotency_key key;
	hf_token token;
};

/* The work was not done: forgets the key, so that the next begin is NEW. HF_ESTALE unless the
 * token owns it. */
HF_API HF_CHECKED int hf_idempotency_abandon(hf_store *store, hf_txn *txn,
                                             const struct hf_idempotency_abandon_args *args,
                                             struct hf_result *result, struct hf_error *error);

/* --- The raw store ---------------------------------------------------------------------------- */

struct hf_idempotency_put_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_idempotency_key key;
	struct hf_bytes fingerprint; /* at most HF_IDEMPOTENCY_FINGERPRINT_MAX bytes */
	int32_t status;
	struct hf_bytes response; /* at most HF_PAYLOAD_MAX bytes */
	hf_time created_at; /* not given: that of the entry that is there, else now */
	/* 0, unless times are literal: HF_IDEMPOTENCY_TTL_US from now; HF_UNSET: never, unless
	 * ttl_us says otherwise. In the past: what is there goes */
	hf_time expires_at;
	/* above 0: expires that long from now by the store's clock; then expires_at must not be
	 * given */
	int64_t ttl_us;
	/* expires_at is one that the store computed, as an entry says: for what was read and is put
	 * back. HF_EINVAL where expires_at is not given. */
	bool expires_computed;
};

/* Stores a done entry as given, in place of whatever is there; an owner is fenced by it. changed
 * = false when it is like that already, expires_computed included. */
HF_API HF_CHECKED int hf_idempotency_put(hf_store *store, hf_txn *txn,
                                         const struct hf_idempotency_put_args *args,
                                         struct hf_result *result, struct hf_error *error);

struct hf_idempotency_remove_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_idempotency_key key;
};

/* Forgets the key, owned or not. HF_ENOTFOUND. */
HF_API HF_CHECKED int hf_idempotency_remove(hf_store *store, hf_txn *txn,
                                            const struct hf_idempotency_remove_args *args,
                                            struct hf_result *result, struct hf_error *error);

/* Over which scopes a list, a count or a clear goes. */
enum hf_idempotency_over {
	HF_IDEMPOTENCY_OVER_SCOPE = 0, /* `scope` itself */
	HF_IDEMPOTENCY_OVER_PREFIX = 1, /* all that begin with `scope`, which must not be empty */
	HF_IDEMPOTENCY_OVER_ALL = 2, /* all; `scope` must be empty */
};

struct hf_idempotency_clear_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must be 0 */
	struct hf_bytes scope;
	enum hf_idempotency_over over;
};

/* Forgets every key of the scope or scopes, owned or not, in one transaction; one entry in the log
 * for each scope. result->count says how many there were. HF_ETOOBIG when the scopes are more than
 * a transaction holds, some 500,000. */
HF_API HF_CHECKED int hf_idempotency_clear(hf_store *store, hf_txn *txn,
                                           const struct hf_idempotency_clear_args *args,
                                           struct hf_result *result, struct hf_error *error);

/* --- Guards ----------------------------------------------------------------------------------- */

struct hf_idempotency_guard_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must not be 0 */
	struct hf_idempotency_key key;
};

/* Writes nothing; aborts the transaction with HF_ECONFLICT unless the entry has version
 * write.expect (HF_ABSENT: does not exist). HF_EINVAL without a transaction. */
HF_API HF_CHECKED int hf_idempotency_guard(hf_store *store, hf_txn *txn,
                                           const struct hf_idempotency_guard_args *args,
                                           struct hf_result *result, struct hf_error *error);

struct hf_idempotency_guard_owner_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_idempotency_key key;
	hf_token token;
};

/* Writes nothing; aborts the transaction with HF_ESTALE unless `token` owns the key: write only
 * while the work is still mine. HF_EINVAL without a transaction. */
HF_API HF_CHECKED int hf_idempotency_guard_owner(hf_store *store, hf_txn *txn,
                                                 const struct hf_idempotency_guard_owner_args *args,
                                                 struct hf_result *result, struct hf_error *error);

/* --- Reads ------------------------------------------------------------------------------------ */

struct hf_idempotency_got {
	size_t size; /* types.h */
	struct hf_idempotency_entry entry;
	struct hf_memory *memory;
};

/* One entry, or HF_ENOTFOUND. */
HF_API HF_CHECKED int hf_idempotency_get(hf_store *store, const struct hf_idempotency_key *key,
                                         unsigned flags, struct hf_idempotency_got *out,
                                         struct hf_error *error);

/* Is there an entry, owned or done? Reads no response. */
HF_API HF_CHECKED int hf_idempotency_has(hf_store *store, const struct hf_idempotency_key *key,
                                         unsigned flags, bool *out, struct hf_error *error);

struct hf_idempotency_list_args {
	size_t size; /* types.h */
	struct hf_bytes scope;
	bool without_response; /* leaves responses empty: nothing is read from disk */
	size_t limit; /* entries of a page; 0: all */
	const char *page; /* `next` of the page before; NULL: the first page */
	/* begins behind it (types.h), if given; its scope may be empty where the list is of one */
	const struct hf_idempotency_key *after;
	enum hf_idempotency_over over;
};

struct hf_idempotency_page {
	size_t size; /* types.h */
	const struct hf_idempotency_entry *items;
	size_t count;
	const char *next; /* token of the next page, NULL at the end */
	struct hf_memory *memory;
};

/* The entries of a scope, or of several, by scope and key, compared as bytes, in O(log n + page),
 * however many have expired among them. HF_EINVAL for a damaged `page` or one of another query. */
HF_API HF_CHECKED int hf_idempotency_list(hf_store *store,
                                          const struct hf_idempotency_list_args *args,
                                          unsigned flags, struct hf_idempotency_page *out,
                                          struct hf_error *error);

struct hf_idempotency_counts {
	size_t size; /* types.h */
	uint64_t in_progress;
	uint64_t done;
	/* the instant at which these are exact: nothing that had ended then is among them */
	hf_time as_of;
};

/* How many entries a scope holds, in O(log n). */
HF_API HF_CHECKED int hf_idempotency_count(hf_store *store, struct hf_bytes scope, unsigned flags,
                                           struct hf_idempotency_counts *out,
                                           struct hf_error *error);

struct hf_idempotency_count_args {
	size_t size; /* types.h */
	struct hf_bytes scope;
	enum hf_idempotency_over over;
};

/* The same of a scope or of several: in O(log n) for each scope. */
HF_API HF_CHECKED int hf_idempotency_count_over(hf_store *store,
                                                const struct hf_idempotency_count_args *args,
                                                unsigned flags, struct hf_idempotency_counts *out,
                                                struct hf_error *error);

/* The scopes that hold entries, compared as bytes, in O(log n + page); see hf_inbox_names(). */
HF_API HF_CHECKED int hf_idempotency_names(hf_store *store, const struct hf_names_args *args,
                                           unsigned flags, struct hf_name_page *out,
                                           struct hf_error *error);

#ifdef __cplusplus
}
#endif

#endif
