/* Inboxes: the notification records of a user, one per account and thread.
 *
 * A poller saves what it found; the user reads and dismisses. What was dismissed stays
 * dismissed, whatever a later save says: only hf_inbox_undismiss() brings it back. An inbox
 * that was never written to is the same as an empty one.
 *
 * A record that goes can leave a tombstone: of a dismissal, so that the record is still
 * dismissed when a save brings it back, or of a removal, so that no save brings it back. It ends
 * at its deadline, judged by the store's clock, and when a record takes its place.
 *
 * What holds for every call, and which errors any of them may answer, stands in store.h.
 *
 * Operations on many records (save, mark_all_read, dismiss_all, prune, trim, clear) are one
 * entry: exactly the records they change take its LSN as their version. They concern no single
 * version: write.expect must be 0, else HF_EINVAL. */
#ifndef HOLDFAST_INBOX_H
#define HOLDFAST_INBOX_H

#include "holdfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HF_INBOX_STATUS_MAX (64u << 10) /* bytes of an inbox's status */
#define HF_INBOX_EXTRA_MAX HF_PAYLOAD_MAX /* bytes kept beside an inbox's status */
#define HF_INBOX_TOMBSTONE_DEFAULT (INT64_C(30) * 24 * 3600 * 1000000) /* 30 days in microseconds */
#define HF_INBOX_NO_TOMBSTONE (-1)

/* Which record. Each part has 1 to HF_KEY_MAX bytes, none of them NUL; an empty account stands
 * for "primary". */
struct hf_inbox_key {
	struct hf_bytes user;
	struct hf_bytes account;
	struct hf_bytes thread;
};

/* A record as reads give it. All bytes live in the answer's memory. */
struct hf_inbox_record {
	struct hf_inbox_key key;
	struct hf_bytes payload;
	bool unread;
	bool dismissed;
	double score;
	hf_time updated_at; /* times may be HF_UNSET */
	hf_time snapshot_at; /* generated_at of the save that last wrote it */
	hf_time seen_at;
	hf_time read_at;
	hf_time dismissed_at;
	hf_time snoozed_until; /* snoozed while the store's clock is before it; stays when it is over */
	/* LSN of the newest save that wrote it: what hf_inbox_mark_all_read() and
	 * hf_inbox_dismiss_all() compare */
	hf_lsn saved;
	hf_lsn version;
};

/* --- Saving ----------------------------------------------------------------------------------- */

/* A record as a save takes it. */
struct hf_inbox_input {
	struct hf_bytes account; /* empty: "primary" */
	struct hf_bytes thread;
	struct hf_bytes payload; /* at most HF_PAYLOAD_MAX bytes (HF_ETOOBIG) */
	bool unread;
	bool dismissed; /* true dismisses the record; false never brings a dismissed one back */
	double score; /* no NaN */
	hf_time updated_at; /* kept as given; not given: none */
	/* Used only with `restore`, kept as given; not given: none. */
	hf_time snapshot_at;
	hf_time seen_at;
	hf_time read_at;
	hf_time dismissed_at;
	hf_time snoozed_until;
};

enum hf_inbox_save_mode {
	HF_INBOX_UPSERT = 0, /* records that are not named stay */
	/* records that are not named are removed in the same entry; the dismissed among them leave
	 * tombstones */
	HF_INBOX_REPLACE = 1,
};

struct hf_inbox_save_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must be 0 */
	struct hf_bytes user;
	const struct hf_inbox_input *records; /* in any order; the same key twice is HF_EINVAL */
	size_t count; /* 0 is allowed: with HF_INBOX_REPLACE it empties the inbox */
	/* when the poller took its picture, kept as given. Not given: unknown; sorts before all
	 * others in age */
	hf_time generated_at;
	enum hf_inbox_save_mode mode;
	/* For imports. New records take all their times from the input instead of: snapshot_at =
	 * generated_at, seen_at and read_at unset, dismissed_at now if dismissed, snoozed_until
	 * unset. Existing records take snapshot_at from the input. */
	bool restore;
	hf_time now; /* when a record counts as dismissed by this save; not given: the store's clock */
	/* HF_INBOX_REPLACE: microseconds for which a tombstone stands; 0:
	 * HF_INBOX_TOMBSTONE_DEFAULT; HF_INBOX_NO_TOMBSTONE: none is left. */
	int64_t tombstone_for;
	/* A late poll overwrites nothing newer: a record whose updated_at is older than the stored
	 * one's is left alone as a whole and counted in result->left_alone. One without an
	 * updated_at is older than all that have one. */
	bool only_newer;
};

/* Inserts new records. An existing one takes payload, unread, score, updated_at, snapshot_at and
 * keeps the rest; it is dismissed afterwards if it was or the input says so. A new one whose
 * tombstone stands is left out (removed) or comes back dismissed, at the time of the first
 * dismissal (dismissed). The inbox's generated_at becomes the newest seen. result->count:
 * records inserted, changed and removed; changed is false when there were none and generated_at
 * did not move either. */
HF_API HF_CHECKED int hf_inbox_save(hf_store *store, hf_txn *txn,
                                    const struct hf_inbox_save_args *args, struct hf_result *result,
                                    struct hf_error *error);

struct hf_inbox_set_status_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect is the status's own version; HF_ABSENT: never set */
	struct hf_bytes user;
	struct hf_bytes status; /* at most HF_INBOX_STATUS_MAX bytes (HF_ETOOBIG) */
	/* Opaque bytes beside the status (what an imported file has around its records), at most
	 * HF_INBOX_EXTRA_MAX (HF_ETOOBIG); they are kept in memory and live as long as the inbox. */
	struct hf_bytes extra;
	bool set_extra; /* false: `extra` is ignored and what is there stays */
};

/* Sets the inbox's one opaque value, a poller's status, and what is kept beside it. Setting the
 * values it has changes nothing. */
HF_API HF_CHECKED int hf_inbox_set_status(hf_store *store, hf_txn *txn,
                                          const struct hf_inbox_set_status_args *args,
                                          struct hf_result *result, struct hf_error *error);

/* --- One record ------------------------------------------------------------------------------- */

/* Arguments of the marks below. */
struct hf_inbox_mark_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_inbox_key key;
	hf_time now; /* the time that is noted; not given: the store's clock */
};

/* Each sets one flag and its time; a record whose flag is so already stays as it is (changed =
 * false, the first time is kept). HF_ENOTFOUND: no such record, nothing was written. */

/* dismissed, dismissed_at = now. */
HF_API HF_CHECKED int hf_inbox_dismiss(hf_store *store, hf_txn *txn,
                                       const struct hf_inbox_mark_args *args,
                                       struct hf_result *result, struct hf_error *error);
/* Not dismissed any more; dismissed_at unset. */
HF_API HF_CHECKED int hf_inbox_undismiss(hf_store *store, hf_txn *txn,
                                         const struct hf_inbox_mark_args *args,
                                         struct hf_result *result, struct hf_error *error);
/* Not unread any more; read_at = now. */
HF_API HF_CHECKED int hf_inbox_mark_read(hf_store *store, hf_txn *txn,
                                         const struct hf_inbox_mark_args *args,
                                         struct hf_result *result, struct hf_error *error);
/* Unread again; read_at unset. */
HF_API HF_CHECKED int hf_inbox_mark_unread(hf_store *store, hf_txn *txn,
                                           const struct hf_inbox_mark_args *args,
                                           struct hf_result *result, struct hf_error *error);
/* Seen in a list, which is less than read; seen_at = now. */
HF_API HF_CHECKED int hf_inbox_mark_seen(hf_store *store, hf_txn *txn,
                                         const struct hf_inbox_mark_args *args,
                                         struct hf_result *result, struct hf_error *error);

struct hf_inbox_snooze_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_inbox_key key;
	hf_time until; /* stored as given; not given: wakes the record */
};

/* Puts the record off: loads without_snoozed leave it out while the store's clock is before
 * `until`. Nothing else depends on it. HF_ENOTFOUND: no such record; changed = false: it has
 * that very time. */
HF_API HF_CHECKED int hf_inbox_snooze(hf_store *store, hf_txn *txn,
                                      const struct hf_inbox_snooze_args *args,
                                      struct hf_result *result, struct hf_error *error);

struct hf_inbox_remove_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_inbox_key key;
	int64_t tombstone_for; /* microseconds for which no save brings it back; 0: none */
};

/* Removes one record. HF_ENOTFOUND when there is none. A later save brings it back as new, but
 * not while the tombstone stands. */
HF_API HF_CHECKED int hf_inbox_remove(hf_store *store, hf_txn *txn,
                                      const struct hf_inbox_remove_args *args,
                                      struct hf_result *result, struct hf_error *error);

struct hf_inbox_put_tombstone_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect is the tombstone's version; HF_ABSENT: none stands */
	struct hf_inbox_key key;
	bool dismissed; /* true: the record comes back dismissed; false: it does not come back */
	/* of the record that went; not given: unknown, and required unless dismissed */
	hf_time dismissed_at;
	/* when it ends: a time that is over lifts the one that stands, and so does none */
	hf_time until;
};

/* Stores a tombstone as given, in place of one that is there (import, migration, second
 * thoughts). HF_ECONFLICT when the key has a record. */
HF_API HF_CHECKED int hf_inbox_put_tombstone(hf_store *store, hf_txn *txn,
                                             const struct hf_inbox_put_tombstone_args *args,
                                             struct hf_result *result, struct hf_error *error);

struct hf_inbox_guard_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must not be 0 */
	struct hf_inbox_key key;
};

/* Writes nothing; aborts the transaction with HF_ECONFLICT unless the record has version
 * write.expect (HF_ABSENT: does not exist). HF_EINVAL without a transaction. */
HF_API HF_CHECKED int hf_inbox_guard(hf_store *store, hf_txn *txn,
                                     const struct hf_inbox_guard_args *args,
                                     struct hf_result *result, struct hf_error *error);

/* --- Many records ----------------------------------------------------------------------------- */

struct hf_inbox_mark_all_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must be 0 */
	struct hf_bytes user;
	struct hf_bytes account; /* only this one; empty: all (not "primary") */
	/* records with a greater `saved` are left alone: give the greatest that was shown; 0: no
	 * such bound */
	hf_lsn up_to;
	hf_time now; /* the time that is noted; not given: the store's clock */
};

/* As hf_inbox_mark_read() on every record that is unread, the dismissed included. One entry of a
 * few bytes whatever the count; the time it takes grows with the records it changes, and with
 * those of their class that were saved after up_to. result->count: how many it changed. */
HF_API HF_CHECKED int hf_inbox_mark_all_read(hf_store *store, hf_txn *txn,
                                             const struct hf_inbox_mark_all_args *args,
                                             struct hf_result *result, struct hf_error *error);
/* The same as hf_inbox_dismiss() on every record that is not dismissed. */
HF_API HF_CHECKED int hf_inbox_dismiss_all(hf_store *store, hf_txn *txn,
                                           const struct hf_inbox_mark_all_args *args,
                                           struct hf_result *result, struct hf_error *error);

struct hf_inbox_prune_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must be 0 */
	struct hf_bytes user;
	const struct hf_bytes *keep_accounts; /* an empty one stands for "primary" */
	size_t keep_count; /* 0 removes nothing */
	int64_t tombstone_for; /* as in hf_inbox_save */
};

/* Removes the records of accounts that are not listed; the dismissed among them leave
 * tombstones. result->count: how many. */
HF_API HF_CHECKED int hf_inbox_prune(hf_store *store, hf_txn *txn,
                                     const struct hf_inbox_prune_args *args,
                                     struct hf_result *result, struct hf_error *error);

struct hf_inbox_trim_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must be 0 */
	struct hf_bytes user;
	uint64_t max_records; /* keep at most so many; 0: no such bound */
	/* keep what has snapshot_at >= now - max_age_us (unset is older than all); 0: no such bound */
	int64_t max_age_us;
	bool dry_run; /* count only: changed = false, nothing is written */
	hf_time now; /* not given: the store's clock */
	int64_t tombstone_for; /* as in hf_inbox_save */
};

/* Drops from the end of load order what lies beyond either bound; dismissed records are counted
 * like all others and leave tombstones. result->count: how many. */
HF_API HF_CHECKED int hf_inbox_trim(hf_store *store, hf_txn *txn,
                                    const struct hf_inbox_trim_args *args, struct hf_result *result,
                                    struct hf_error *error);

struct hf_inbox_clear_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must be 0 */
	struct hf_bytes user;
};

/* Removes all records and tombstones of the user, and the newest generated_at: the next save
 * finds the inbox as if none had been before. The status stays. result->count: records; changed
 * is true also when there were only tombstones or a generated_at. */
HF_API HF_CHECKED int hf_inbox_clear(hf_store *store, hf_txn *txn,
                                     const struct hf_inbox_clear_args *args,
                                     struct hf_result *result, struct hf_error *error);

/* --- Reads ------------------------------------------------------------------------------------ */

struct hf_inbox_got {
	size_t size; /* types.h */
	struct hf_inbox_record record;
	struct hf_memory *memory;
};

/* One record, or HF_ENOTFOUND. */
HF_API HF_CHECKED int hf_inbox_get(hf_store *store, const struct hf_inbox_key *key, unsigned flags,
                                   struct hf_inbox_got *out, struct hf_error *error);

/* Where a load can begin behind: what it is sorted by. */
struct hf_inbox_position {
	hf_time snapshot_at; /* HF_UNSET stands last */
	double score;
	struct hf_bytes account; /* of a load of one account: that one, or empty */
	struct hf_bytes thread;
};

/* Which records. Zeroed but for the user: all of them. */
struct hf_inbox_load_args {
	size_t size; /* types.h */
	struct hf_bytes user;
	struct hf_bytes account; /* only this one; empty: all (not "primary") */
	bool unread_only;
	bool without_dismissed;
	bool without_snoozed; /* as the store's clock stands */
	size_t limit; /* records of a page; 0: all */
	const char *page; /* `next` of the page before; NULL: the first page */
	const struct hf_inbox_position *after; /* begins behind it (types.h), if given */
};

struct hf_inbox_page {
	size_t size; /* types.h */
	hf_time generated_at; /* the newest the inbox has seen; HF_UNSET: never saved */
	const struct hf_inbox_record *items;
	size_t count;
	const char *next; /* token of the next page, NULL at the end */
	struct hf_memory *memory;
};

/* Records by snapshot_at (newest first, unset last), score (highest first), account, thread.
 * HF_EINVAL for a damaged `page` or one of another query. */
HF_API HF_CHECKED int hf_inbox_load(hf_store *store, const struct hf_inbox_load_args *args,
                                    unsigned flags, struct hf_inbox_page *out,
                                    struct hf_error *error);

struct hf_inbox_list_dismissed_args {
	size_t size; /* types.h */
	struct hf_bytes user;
	size_t limit; /* keys of a page; 0: all */
	const char *page; /* `next` of the page before; NULL: the first page */
	/* begins behind it (types.h), if given; its user may be empty */
	const struct hf_inbox_key *after;
};

struct hf_inbox_key_page {
	size_t size; /* types.h */
	const struct hf_inbox_key *items;
	size_t count;
	const char *next; /* token of the next page, NULL at the end */
	struct hf_memory *memory;
};

/* Keys of the dismissed records, by account, thread. */
HF_API HF_CHECKED int hf_inbox_list_dismissed(hf_store *store,
                                              const struct hf_inbox_list_dismissed_args *args,
                                              unsigned flags, struct hf_inbox_key_page *out,
                                              struct hf_error *error);

struct hf_inbox_list_tombstones_args {
	size_t size; /* types.h */
	struct hf_bytes user;
	struct hf_bytes account; /* with a thread: empty stands for "primary" */
	struct hf_bytes thread; /* only the one of this key; empty: all */
	size_t limit; /* tombstones of a page; 0: all */
	const char *page; /* `next` of the page before; NULL: the first page */
	/* begins behind it (types.h), if given; its user may be empty */
	const struct hf_inbox_key *after;
};

struct hf_inbox_tombstone {
	struct hf_inbox_key key;
	bool dismissed; /* true: the record comes back dismissed; false: it does not come back */
	hf_time dismissed_at;
	hf_time until; /* when it ends */
	hf_lsn version;
};

struct hf_inbox_tombstone_page {
	size_t size; /* types.h */
	const struct hf_inbox_tombstone *items;
	size_t count;
	const char *next; /* token of the next page, NULL at the end */
	struct hf_memory *memory;
};

/* The tombstones that stand, by account, thread. */
HF_API HF_CHECKED int hf_inbox_list_tombstones(hf_store *store,
                                               const struct hf_inbox_list_tombstones_args *args,
                                               unsigned flags, struct hf_inbox_tombstone_page *out,
                                               struct hf_error *error);

struct hf_inbox_counts {
	size_t size; /* types.h */
	uint64_t total; /* all records */
	uint64_t unread; /* unread and not dismissed */
	uint64_t unseen; /* never marked seen and not dismissed */
	uint64_t dismissed;
};

/* In O(1). Snoozing plays no part. */
HF_API HF_CHECKED int hf_inbox_count(hf_store *store, struct hf_bytes user, unsigned flags,
                                     struct hf_inbox_counts *out, struct hf_error *error);

struct hf_inbox_status {
	size_t size; /* types.h */
	struct hf_bytes status; /* empty when never set */
	struct hf_bytes extra; /* the same */
	hf_lsn version; /* 0: never set */
	struct hf_memory *memory;
};

HF_API HF_CHECKED int hf_inbox_get_status(hf_store *store, struct hf_bytes user, unsigned flags,
                                          struct hf_inbox_status *out, struct hf_error *error);

#ifdef __cplusplus
}
#endif

#endif
