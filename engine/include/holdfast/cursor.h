/* Cursors: the confirmed delivery position of a consumer on a stream, or on one subject of it.
 *
 * A cursor only goes forward. The one way back is hf_cursor_reset(), which demands a reason and
 * keeps it. A failed delivery is noted beside the position without moving it; the next confirmed
 * delivery clears the note.
 *
 * What holds for every call, and which errors any of them may answer, stands in store.h. */
#ifndef HOLDFAST_CURSOR_H
#define HOLDFAST_CURSOR_H

#include "holdfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* bytes of a delivery id; longer ones are refused with HF_EINVAL */
#define HF_CURSOR_DELIVERY_ID_MAX 4096u
/* bytes of a recorded error; longer ones are cut at a UTF-8 boundary */
#define HF_CURSOR_ERROR_MAX 4096u
/* bytes of a reset's reason; longer ones are refused with HF_ETOOBIG */
#define HF_CURSOR_REASON_MAX 4096u

/* Which consumer reads what. White space at both ends of each part is ignored (all code points that
 * Unicode gives the property White_Space, in UTF-8; that is what "blank" means below too); then
 * each has at most HF_KEY_MAX bytes, none of them NUL, and only `subject` may be empty: the stream
 * as a whole. */
struct hf_cursor_key {
	struct hf_bytes consumer;
	struct hf_bytes stream;
	struct hf_bytes subject;
};

/* A cursor as reads give it. All bytes live in the answer's memory. */
struct hf_cursor {
	struct hf_cursor_key key;
	int64_t last_sequence; /* confirmed up to here; 0: nothing yet */
	struct hf_bytes last_delivery_id; /* may be empty */
	hf_time last_delivered_at; /* may be HF_UNSET */
	struct hf_bytes last_error; /* empty when the last thing that happened was no error */
	uint64_t error_count; /* errors since the position was last confirmed or reset */
	hf_time updated_at;
	struct hf_bytes reset_reason; /* of the newest reset; empty: there was none */
	hf_time reset_at; /* HF_UNSET: there was none */
	hf_lsn version;
};

/* --- Mutations -------------------------------------------------------------------------------- */

struct hf_cursor_advance_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_cursor_key key;
	int64_t sequence; /* > 0 */
	/* any bytes, at most HF_CURSOR_DELIVERY_ID_MAX, kept as given; may be empty */
	struct hf_bytes delivery_id;
	hf_time delivered_at; /* not given: `now` */
	hf_time now; /* kept in the cursor's own times only; not given: the store's clock */
};

/* Confirms a delivery. No cursor yet: creates it. A higher sequence: moves it, takes delivery_id
 * and delivered_at, clears the error. The same sequence with the same delivery_id is a replay:
 * updated_at becomes now, the error is cleared, last_delivered_at stays unless it was unset.
 * Anything else is HF_ENONMONOTONIC; its text names both positions and nothing changes. */
HF_API HF_CHECKED int hf_cursor_advance(hf_store *store, hf_txn *txn,
                                        const struct hf_cursor_advance_args *args,
                                        struct hf_result *result, struct hf_error *error);

struct hf_cursor_reset_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_cursor_key key;
	int64_t sequence; /* >= 0 */
	struct hf_bytes delivery_id; /* as above; empty clears it */
	hf_time delivered_at; /* stored as given; not given: cleared */
	/* must not be blank (HF_EREASON); at most HF_CURSOR_REASON_MAX bytes (HF_ETOOBIG) */
	struct hf_bytes reason;
	hf_time now; /* not given: the store's clock */
};

/* Puts the cursor anywhere, back included, and clears the error; creates it if there is none.
 * The reason stays in the log and in the cursor. */
HF_API HF_CHECKED int hf_cursor_reset(hf_store *store, hf_txn *txn,
                                      const struct hf_cursor_reset_args *args,
                                      struct hf_result *result, struct hf_error *error);

struct hf_cursor_record_error_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_cursor_key key;
	/* must not be blank (HF_EINVAL); cut after HF_CURSOR_ERROR_MAX bytes */
	struct hf_bytes message;
	hf_time now; /* not given: the store's clock */
};

/* Notes a failure: last_error becomes the message, error_count goes up by one. The position
 * stays; creates a cursor at 0 if there is none. */
HF_API HF_CHECKED int hf_cursor_record_error(hf_store *store, hf_txn *txn,
                                             const struct hf_cursor_record_error_args *args,
                                             struct hf_result *result, struct hf_error *error);

struct hf_cursor_put_args {
	size_t size; /* types.h */
	struct hf_write write;
	/* Stored as given but for version, which is ignored. last_sequence >= 0; updated_at not
	 * given: the store's clock; error_count is 0 exactly when last_error is empty (longer ones
	 * are cut after HF_CURSOR_ERROR_MAX bytes); reset_at is not given exactly when reset_reason
	 * is empty, which else follows the rules of a reset. */
	struct hf_cursor cursor;
};

/* Stores a whole cursor (import, migration). One that exists is replaced, but never put back:
 * HF_ENONMONOTONIC when it stands further than that. changed = false when it is like that
 * already. */
HF_API HF_CHECKED int hf_cursor_put(hf_store *store, hf_txn *txn,
                                    const struct hf_cursor_put_args *args, struct hf_result *result,
                                    struct hf_error *error);

struct hf_cursor_remove_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_cursor_key key;
};

/* Forgets the cursor. HF_ENOTFOUND when there is none. */
HF_API HF_CHECKED int hf_cursor_remove(hf_store *store, hf_txn *txn,
                                       const struct hf_cursor_remove_args *args,
                                       struct hf_result *result, struct hf_error *error);

struct hf_cursor_guard_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must not be 0 */
	struct hf_cursor_key key;
};

/* Writes nothing; aborts the transaction with HF_ECONFLICT unless the cursor has version
 * write.expect (HF_ABSENT: does not exist). HF_EINVAL without a transaction. */
HF_API HF_CHECKED int hf_cursor_guard(hf_store *store, hf_txn *txn,
                                      const struct hf_cursor_guard_args *args,
                                      struct hf_result *result, struct hf_error *error);

/* --- Reads ------------------------------------------------------------------------------------ */

struct hf_cursor_got {
	size_t size; /* types.h */
	struct hf_cursor cursor;
	struct hf_memory *memory;
};

/* One cursor, or HF_ENOTFOUND. */
HF_API HF_CHECKED int hf_cursor_get(hf_store *store, const struct hf_cursor_key *key,
                                    unsigned flags, struct hf_cursor_got *out,
                                    struct hf_error *error);

/* Which cursors. Zeroed: all of them. */
struct hf_cursor_list_args {
	size_t size; /* types.h */
	struct hf_bytes consumer; /* exactly this one; blank: any */
	struct hf_bytes stream; /* exactly this one; blank: any */
	struct hf_bytes subject; /* exactly this one; blank: any, unless by_subject */
	bool by_subject; /* a blank `subject` selects the cursors without a subject */
	size_t limit; /* items of a page; 0: all */
	const char *page; /* `next` of the page before; NULL: the first page */
	/* begins behind it (types.h), if given; what the list selects by may be empty in it */
	const struct hf_cursor_key *after;
};

struct hf_cursor_page {
	size_t size; /* types.h */
	const struct hf_cursor *items;
	size_t count;
	const char *next; /* token of the next page, NULL at the end */
	struct hf_memory *memory;
};

/* Cursors by stream, subject, consumer, each compared as bytes. HF_EINVAL for a damaged `page`
 * or one of another query. */
HF_API HF_CHECKED int hf_cursor_list(hf_store *store, const struct hf_cursor_list_args *args,
                                     unsigned flags, struct hf_cursor_page *out,
                                     struct hf_error *error);

/* Where a list of lags can begin behind: what it is sorted by. */
struct hf_cursor_lag_position {
	int64_t last_sequence;
	struct hf_bytes subject; /* of a list of one subject: that one, or empty */
	struct hf_bytes consumer;
};

struct hf_cursor_list_lag_args {
	size_t size; /* types.h */
	struct hf_bytes stream; /* required */
	struct hf_bytes subject; /* exactly this one; blank: any, unless by_subject */
	bool by_subject; /* a blank `subject` selects the cursors without a subject */
	int64_t head; /* newest sequence of the stream, >= 0 */
	size_t limit; /* items of a page; 0: all */
	/* `next` of the page before; NULL: the first page. `head` may differ from page to page */
	const char *page;
	const struct hf_cursor_lag_position *after; /* begins behind it (types.h), if given */
};

struct hf_cursor_lag_item {
	struct hf_cursor cursor;
	int64_t lag; /* head - last_sequence; negative when the consumer is ahead of `head` */
};

struct hf_cursor_lag_page {
	size_t size; /* types.h */
	const struct hf_cursor_lag_item *items;
	size_t count;
	const char *next; /* token of the next page, NULL at the end */
	struct hf_memory *memory;
};

/* How far the consumers of a stream are behind, the slowest first; equally slow ones by subject,
 * consumer. */
HF_API HF_CHECKED int hf_cursor_list_lag(hf_store *store,
                                         const struct hf_cursor_list_lag_args *args, unsigned flags,
                                         struct hf_cursor_lag_page *out, struct hf_error *error);

#ifdef __cplusplus
}
#endif

#endif
