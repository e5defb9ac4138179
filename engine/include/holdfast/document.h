/* Documents: small keyed state with an ordered listing: jobs by status, sessions, a cache of
 * answers.
 *
 * A document lies in a collection under an id. It may belong to one group of its collection (a
 * status, an owner) and may expire: from that instant on it is gone for every call here, whether
 * or not that was logged yet. Lists go by created_at, updated_at or id, over all documents of a
 * collection or within one group.
 *
 * Each order costs memory and work for every document, so a collection keeps only those that the
 * first put into it asked for. It keeps them while it holds documents; with the last of them
 * gone, the next put is a first one again.
 *
 * What holds for every call, and which errors any of them may answer, stands in store.h.
 * HF_ABSENT as `args->write.expect` holds for an expired document. */
#ifndef HOLDFAST_DOCUMENT_H
#define HOLDFAST_DOCUMENT_H

#include "holdfast/admin.h"
#include "holdfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Each part has 1 to HF_KEY_MAX bytes, none of them NUL. */
struct hf_document_key {
	struct hf_bytes collection;
	struct hf_bytes id;
};

/* A document as reads give it. All bytes live in the answer's memory. */
struct hf_document {
	struct hf_document_key key;
	struct hf_bytes group; /* empty: none */
	struct hf_bytes payload;
	hf_time created_at;
	hf_time updated_at; /* of the newest put or regroup */
	hf_time expires_at; /* HF_UNSET: never */
	/* The store computed expires_at, from a ttl: a set-back of its clock moves it. false: a
	 * caller named it, or there is none. */
	bool expires_computed;
	hf_lsn version;
};

/* The orders that a collection can keep, to be or-ed. Lists within a group and counts of one
 * need one of those within groups. */
enum hf_document_orders {
	HF_DOCUMENT_CREATED = 1, /* all documents by created_at */
	HF_DOCUMENT_UPDATED = 2, /* all documents by updated_at */
	HF_DOCUMENT_GROUP_CREATED = 4, /* those of each group by created_at */
	HF_DOCUMENT_GROUP_UPDATED = 8, /* those of each group by updated_at */
	HF_DOCUMENT_ID = 16, /* all documents by id */
	HF_DOCUMENT_GROUP_ID = 32, /* those of each group by id */
};
#define HF_DOCUMENT_ORDERS_DEFAULT (HF_DOCUMENT_CREATED | HF_DOCUMENT_GROUP_CREATED)

/* --- Mutations -------------------------------------------------------------------------------- */

struct hf_document_put_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_document_key key;
	struct hf_bytes payload; /* at most HF_PAYLOAD_MAX bytes */
	struct hf_bytes group; /* at most HF_KEY_MAX bytes without NUL; empty: none */
	hf_time created_at; /* not given: kept, or `now` for a new document */
	hf_time expires_at; /* not given: never, unless ttl_us says otherwise */
	/* above 0: expires that long from now by the store's clock; then expires_at must not be
	 * given */
	int64_t ttl_us;
	/* expires_at is one that the store computed, as a document says: for what was read and is
	 * put back. HF_EINVAL where expires_at is not given. */
	bool expires_computed;
	/* enum hf_document_orders that the collection is to keep; 0: what it keeps, or the default
	 * for a first put */
	unsigned orders;
	hf_time now; /* becomes updated_at; not given: the store's clock */
};

/* Stores a document: a new one (also where one has expired), or in place of the one there, of
 * which nothing stays but created_at. changed = false when all of it is as it was, updated_at
 * and expires_computed included, and when it would have expired already and there is none.
 * HF_ECONFLICT when the collection holds documents and keeps other orders than `orders`. */
HF_API HF_CHECKED int hf_document_put(hf_store *store, hf_txn *txn,
                                      const struct hf_document_put_args *args,
                                      struct hf_result *result, struct hf_error *error);

struct hf_document_regroup_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_document_key key;
	struct hf_bytes group; /* empty: none */
	hf_time now; /* becomes updated_at; not given: the store's clock */
};

/* Moves a document into another group; its payload is neither sent nor written again. changed =
 * false when it is in that group. HF_ENOTFOUND. */
HF_API HF_CHECKED int hf_document_regroup(hf_store *store, hf_txn *txn,
                                          const struct hf_document_regroup_args *args,
                                          struct hf_result *result, struct hf_error *error);

struct hf_document_remove_args {
	size_t size; /* types.h */
	struct hf_write write;
	struct hf_document_key key;
};

/* Removes one document. HF_ENOTFOUND when there is none. */
HF_API HF_CHECKED int hf_document_remove(hf_store *store, hf_txn *txn,
                                         const struct hf_document_remove_args *args,
                                         struct hf_result *result, struct hf_error *error);

struct hf_document_clear_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must be 0 */
	struct hf_bytes collection;
};

/* Removes every document of a collection; result->count says how many. */
HF_API HF_CHECKED int hf_document_clear(hf_store *store, hf_txn *txn,
                                        const struct hf_document_clear_args *args,
                                        struct hf_result *result, struct hf_error *error);

struct hf_document_guard_args {
	size_t size; /* types.h */
	struct hf_write write; /* expect must not be 0 */
	struct hf_document_key key;
};

/* Writes nothing; aborts the transaction with HF_ECONFLICT unless the document has version
 * write.expect (HF_ABSENT: does not exist). HF_EINVAL without a transaction. */
HF_API HF_CHECKED int hf_document_guard(hf_store *store, hf_txn *txn,
                                        const struct hf_document_guard_args *args,
                                        struct hf_result *result, struct hf_error *error);

/* --- Reads ------------------------------------------------------------------------------------ */

struct hf_document_got {
	size_t size; /* types.h */
	struct hf_document document;
	struct hf_memory *memory;
};

/* One document, or HF_ENOTFOUND. */
HF_API HF_CHECKED int hf_document_get(hf_store *store, const struct hf_document_key *key,
                                      unsigned flags, struct hf_document_got *out,
                                      struct hf_error *error);

/* Is there one? Reads no payload. */
HF_API HF_CHECKED int hf_document_has(hf_store *store, const struct hf_document_key *key,
                                      unsigned flags, bool *out, struct hf_error *error);

struct hf_document_count_args {
	size_t size; /* types.h */
	struct hf_bytes collection;
	struct hf_bytes group; /* only those of this group; empty: all, unless by_group */
	bool by_group; /* an empty `group` selects the documents without one */
};

struct hf_document_counts {
	size_t size; /* types.h */
	uint64_t documents; /* exact: what has expired is not among them */
	unsigned orders; /* that the collection keeps; 0: it holds no documents */
	hf_time as_of; /* the store's clock */
};

/* How many documents a collection or group holds, in O(log n). HF_EINVAL for a group when the
 * collection keeps no order within groups. */
HF_API HF_CHECKED int hf_document_count(hf_store *store, const struct hf_document_count_args *args,
                                        unsigned flags, struct hf_document_counts *out,
                                        struct hf_error *error);

enum hf_document_by {
	HF_DOCUMENT_BY_CREATED = 0,
	HF_DOCUMENT_BY_UPDATED = 1,
	/* whichever the collection keeps, never refused over all: to walk through it (export,
	 * migration) */
	HF_DOCUMENT_BY_ANY = 2,
	HF_DOCUMENT_BY_ID = 3,
};

/* Where a list can begin behind: what it is sorted by. */
struct hf_document_position {
	hf_time at; /* created_at or updated_at, as the list goes; not looked at where it goes by id */
	struct hf_bytes id; /* empty: before all of that time */
};

struct hf_document_list_args {
	size_t size; /* types.h */
	struct hf_bytes collection;
	struct hf_bytes group; /* only those of this group; empty: all, unless by_group */
	bool by_group; /* an empty `group` selects the documents without one */
	enum hf_document_by by;
	bool descending; /* the exact reverse: ids of equal times too */
	bool without_payload; /* payloads stay empty: nothing is read from disk */
	size_t limit; /* items of a page; 0: all */
	const char *page; /* `next` of the page before; NULL: the first page */
	const struct hf_document_position *after; /* begins behind it (types.h), if given */
	/* only documents whose id begins with this, at most HF_KEY_MAX bytes; empty: all */
	struct hf_bytes id_prefix;
};

struct hf_document_page {
	size_t size; /* types.h */
	const struct hf_document *items;
	size_t count;
	const char *next; /* token of the next page, NULL at the end */
	struct hf_memory *memory;
};

/* Documents by time, then by id compared as bytes, or by id alone, in O(log n + page). HF_EINVAL
 * when the collection does not keep that order, and for a damaged `page` or one of another query.
 * A collection without documents is empty in every order.
 *
 * With an id_prefix a list by id costs the same. One by time passes over what does not match, over
 * 4,096 documents at most for a page with a limit, which may then be short or empty although
 * `next` is given. */
HF_API HF_CHECKED int hf_document_list(hf_store *store, const struct hf_document_list_args *args,
                                       unsigned flags, struct hf_document_page *out,
                                       struct hf_error *error);

/* The collections that hold documents, compared as bytes, in O(log n + page). HF_EINVAL for a
 * damaged `page` or one of another query. */
HF_API HF_CHECKED int hf_document_names(hf_store *store, const struct hf_names_args *args,
                                        unsigned flags, struct hf_name_page *out,
                                        struct hf_error *error);

#ifdef __cplusplus
}
#endif

#endif
