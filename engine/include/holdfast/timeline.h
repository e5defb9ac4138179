/* Timelines: append-only histories. An event has a type, a subject (or none), the time at which
 * it happened, and a payload; it never changes and goes only by hf_timeline_retain() or
 * hf_timeline_clear(). Appending the same event again changes nothing, so that a caller that does
 * not know whether an append got through just repeats it. A timeline that was never written to is
 * the same as an empty one.
 *
 * What holds for every call, and which errors any of them may answer, stands in store.h. */
#ifndef HOLDFAST_TIMELINE_H
#define HOLDFAST_TIMELINE_H

#include "holdfast/admin.h"
#include "holdfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which event. Each part has 1 to HF_KEY_MAX bytes, none of them NUL. */
struct hf_timeline_key {
	struct hf_bytes timeline;
	struct hf_bytes id;
};

/* An event as reads give it. All bytes live in the answer's memory. */
struct hf_timeline_event {
	struct hf_timeline_key key;
	struct hf_bytes type;
	struct hf_bytes subject; /* may be empty: of no subject */
	hf_time happened_at; /* always set */
	struct hf_bytes payload;
	hf_lsn version; /* of the append */
};

/* --- Mutations -------------------------------------------------------------------------------- */

struct hf_timeline_append_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_timeline_key key;
	struct hf_bytes type; /* 1 to HF_KEY_MAX bytes, no NUL */
	struct hf_bytes subject; /* at most HF_KEY_MAX bytes, no NUL; may be empty */
	hf_time happened_at; /* in any order; not given: now by the store's clock */
	struct hf_bytes payload; /* at most HF_PAYLOAD_MAX bytes (HF_ETOOBIG) */
};

/* Adds an event. An id that is there already with the same content: changed = false,
 * result->version is that event's. With other content: HF_ECONFLICT, and the event stays as it
 * is. Content is type, subject, happened_at (unless it was left to the clock, which no caller
 * can repeat) and the payload (of one on disk a 128-bit hash is compared). An id that was removed
 * can be used again. */
HF_API HF_CHECKED int hf_timeline_append(hf_store *store, hf_txn *txn,
                                         const struct hf_timeline_append_args *args,
                                         struct hf_result *result, struct hf_error *error);

struct hf_timeline_retain_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must be 0 */
	struct hf_bytes timeline;
	uint64_t max_events; /* keep at most so many, the newest ones; 0: no such bound */
	int64_t max_age_us; /* keep what has happened_at >= now - max_age_us; 0: no such bound */
	bool dry_run; /* count only: changed = false, nothing is written */
	hf_time now; /* not given: the store's clock */
};

/* Removes from the old end what lies beyond either bound, as one entry of a few bytes whatever
 * the count. result->count: how many. Takes O(log n) for each event that goes. */
HF_API HF_CHECKED int hf_timeline_retain(hf_store *store, hf_txn *txn,
                                         const struct hf_timeline_retain_args *args,
                                         struct hf_result *result, struct hf_error *error);

struct hf_timeline_clear_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must be 0 */
	struct hf_bytes timeline;
};

/* Removes every event, as one entry. result->count: how many. */
HF_API HF_CHECKED int hf_timeline_clear(hf_store *store, hf_txn *txn,
                                        const struct hf_timeline_clear_args *args,
                                        struct hf_result *result, struct hf_error *error);

struct hf_timeline_guard_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must not be 0 */
	struct hf_timeline_key key;
};

/* Writes nothing; aborts the transaction with HF_ECONFLICT unless the event has version
 * write.expect (HF_ABSENT: does not exist). HF_EINVAL without a transaction. */
HF_API HF_CHECKED int hf_timeline_guard(hf_store *store, hf_txn *txn,
                                        const struct hf_timeline_guard_args *args,
                                        struct hf_result *result, struct hf_error *error);

/* --- Reads ------------------------------------------------------------------------------------ */

struct hf_timeline_got {
	size_t size; /* types.h */
	struct hf_timeline_event event;
	struct hf_memory *memory;
};

/* One event, or HF_ENOTFOUND. */
HF_API HF_CHECKED int hf_timeline_get(hf_store *store, const struct hf_timeline_key *key,
                                      unsigned flags, struct hf_timeline_got *out,
                                      struct hf_error *error);

/* Which events of a timeline. Zeroed but for the timeline: all of them. */
struct hf_timeline_filter {
	struct hf_bytes timeline; /* required */
	struct hf_bytes subject; /* exactly this one; empty: any, unless by_subject */
	bool by_subject; /* an empty `subject` selects the events of no subject */
	struct hf_bytes type; /* exactly this one; empty: any */
};

/* Where a query can begin behind: what it is sorted by. */
struct hf_timeline_position {
	hf_time happened_at;
	struct hf_bytes id; /* empty: before all of that time */
};

struct hf_timeline_query_args {
	size_t size; /* types.h */
	struct hf_timeline_filter filter;
	bool ascending; /* oldest first; else newest first */
	bool without_payload; /* payloads stay empty and are not read from disk */
	size_t limit; /* events of a page; 0: all */
	const char *page; /* `next` of the page before; NULL: the first page */
	const struct hf_timeline_position *after; /* begins behind it (types.h), if given */
};

struct hf_timeline_page {
	size_t size; /* types.h */
	const struct hf_timeline_event *items;
	size_t count;
	uint64_t total; /* events that match the filter now, on whatever page */
	const char *next; /* token of the next page, NULL at the end */
	struct hf_memory *memory;
};

/* Events by happened_at, then id compared as bytes: both descending, or both ascending. O(log n
 * + limit) with any filter. HF_EINVAL for a damaged `page` or one of another query. */
HF_API HF_CHECKED int hf_timeline_query(hf_store *store, const struct hf_timeline_query_args *args,
                                        unsigned flags, struct hf_timeline_page *out,
                                        struct hf_error *error);

struct hf_timeline_count_args {
	size_t size; /* types.h */
	struct hf_timeline_filter filter;
};

/* How many events match: O(log n). */
HF_API HF_CHECKED int hf_timeline_count(hf_store *store, const struct hf_timeline_count_args *args,
                                        unsigned flags, uint64_t *out, struct hf_error *error);

/* The newest happened_at, HF_UNSET for an empty timeline (and on failure): O(log n). */
HF_API HF_CHECKED int hf_timeline_latest_at(hf_store *store, struct hf_bytes timeline,
                                            unsigned flags, hf_time *out, struct hf_error *error);

/* The names of all timelines that hold events, compared as bytes, in O(log n + page). */
HF_API HF_CHECKED int hf_timeline_names(hf_store *store, const struct hf_names_args *args,
                                        unsigned flags, struct hf_name_page *out,
                                        struct hf_error *error);

#ifdef __cplusplus
}
#endif

#endif
