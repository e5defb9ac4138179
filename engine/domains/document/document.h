/* The document domain's insides, shared by the files of document/ alone.
 *
 *   document.c  the row: life, endings
 *   index.c     objects, lookups, hooks
 *   entry.c     entries: bytes <-> meaning
 *   order.c     the orders, walks, counts
 *   describe.c  entries in words
 *   apply.c     entries -> state
 *   check.c     verify
 *   put.c       put
 *   mutate.c    regroup, remove, clear, guard
 *   read.c      get, has, count, collections
 *   list.c      lists
 *
 * A document's container is its collection: whatever happens to a document is noted there, so
 * that lists, counts and misses have something to depend on. A collection without documents is
 * no state, and it goes (object/removed.h). A collection's container is the root, on
 * which the list of collections depends.
 *
 * Groups are no objects: an order "within groups" is one order of the collection by group, then by
 * time, id or by id, so a group is a range of it and has a count by ranks.
 *
 * Endings are views. An expired document is gone for everyone from that instant, although it
 * stays in the indexes until that is logged: in every list order the weight is the instant of
 * expiry, so that those still there are found however many others lie between; and those that
 * may expire stand in orders by that instant too, so that counts can leave out the ones that
 * did. */
#ifndef HF_DOMAINS_DOCUMENT_STATE_H
#define HF_DOMAINS_DOCUMENT_STATE_H

#include "base/heap.h"
#include "base/outer.h"
#include "domains/common/names.h"
#include "holdfast/document.h"
#include "log/entry.h"
#include "object/container.h"
#include "object/range.h"
#include "store/domain.h"

/* Orders of a collection. The first six are those of enum hf_document_orders, bit by bit. */
enum hf__document_view {
	HF__DOCUMENT_CREATED,
	HF__DOCUMENT_UPDATED,
	HF__DOCUMENT_GROUP_CREATED,
	HF__DOCUMENT_GROUP_UPDATED,
	HF__DOCUMENT_ID,
	HF__DOCUMENT_GROUP_ID,
	HF__DOCUMENT_LISTED, /* how many of them are for lists */
	HF__DOCUMENT_ENDING = HF__DOCUMENT_LISTED, /* by expires_at: what can expire */
	HF__DOCUMENT_GROUP_ENDING, /* the same within groups, if any order within groups is kept */
	HF__DOCUMENT_VIEWS,
};

#define HF__DOCUMENT_ALL ((1u << HF__DOCUMENT_LISTED) - 1)
#define HF__DOCUMENT_GROUPED \
	((unsigned)(HF_DOCUMENT_GROUP_CREATED | HF_DOCUMENT_GROUP_UPDATED | HF_DOCUMENT_GROUP_ID))

struct hf__document_state {
	struct hf__containers collections; /* listed until hf__collection_until() */
	struct hf__domain_env env;
	struct hf__map documents; /* by collection and id */
	struct hf__heap
	    /* every document that has an expires_at, by it, and apart by whether the store computed
	     * it: what settle has to log */
	    endings[2];
};

struct hf__collection_value {
	uint32_t orders; /* enum hf_document_orders; holds while there are documents */
};

struct hf__collection {
	struct hf__container head;
	struct hf__document_state *state;
	struct hf__index views[HF__DOCUMENT_VIEWS]; /* empty if not kept */
	struct hf__collection_value value;
	uint8_t name[];
};

/* Its version is the LSN of its newest change: object.changed. */
struct hf__document_value {
	int64_t created_at, updated_at;
	int64_t expires_at; /* HF_UNSET: never. A mono time if computed */
	struct hf__kept payload;
	struct hf__blob *group; /* NULL: none */
	bool computed; /* expires_at comes from a ttl */
};

/* What only documents need that can expire. */
struct hf__document_ending {
	struct hf__heap_node heap;
	struct hf__document *document;
};

struct hf__document {
	struct hf__object object; /* container: its collection */
	/* NULL until it first had an expires_at; no part of the value: it may stay unused */
	struct hf__document_ending *ending;
	struct hf__document_value value;
	uint16_t len; /* of the id */
	uint8_t orders; /* its collection's */
	uint8_t id[];
};

/* --- document/entry.c and document/describe.c ------------------------------------------------- */

/* On disk: never renumber. */
enum hf__document_kind {
	HF__DOCUMENT_WHOLE = 1, /* a document with everything it has */
	HF__DOCUMENT_REGROUPED = 2, /* a document in another group; the rest stays */
	HF__DOCUMENT_GONE = 3, /* a document is no more */
	HF__DOCUMENT_CLEARED = 4, /* all documents of a collection are no more */
};

/* Why. On disk: never renumber. */
enum hf__document_cause {
	HF__DOCUMENT_STATE = 0, /* from a snapshot */
	HF__DOCUMENT_CREATE = 1, /* a put where there was none, or one that had expired */
	HF__DOCUMENT_REPLACE = 2, /* a put in place of one */
	HF__DOCUMENT_REGROUP = 3,
	HF__DOCUMENT_REMOVE = 4,
	HF__DOCUMENT_EXPIRE = 5, /* what time has ended is logged as such; no answer changes */
	HF__DOCUMENT_CLEAR = 6,
	HF__DOCUMENT_CAUSES = 7,
};

/* An entry's meaning; borrowed bytes. Members that a kind does not carry are zero. */
struct hf__document_image {
	enum hf__document_cause cause;
	struct hf_bytes collection, id;
	uint8_t orders; /* the collection's */
	struct hf_bytes group;
	int64_t created_at, updated_at, expires_at;
	struct hf_bytes payload;
	bool computed; /* the store computed expires_at, from a ttl; here it is as it is shown */
};

/* `without_payload` leaves the payload, which comes last, to the caller. */
void hf__document_encode(struct hf__writer *w, enum hf__document_kind kind,
                         const struct hf__document_image *image, bool without_payload);
/* false: no mutation writes such a body. */
bool hf__document_decode(uint8_t kind, struct hf_bytes body, struct hf__document_image *out);
/* One line about an entry. Total on any body. */
void hf__document_describe(const struct hf__entry *entry, struct hf__text *out);
/* See struct hf__domain. */
bool hf__document_about(const struct hf__entry *entry, struct hf__about *out);

/* --- document/index.c ------------------------------------------------------------------------- */

int hf__document_state_init(void *state, const struct hf__domain_env *env);
struct hf__document *hf__document_find(const struct hf__document_state *state,
                                       struct hf_bytes collection, struct hf_bytes id);
/* Not in any index yet; hf__change_add puts it there. NULL: out of memory. */
struct hf__document *hf__document_new(struct hf__collection *collection, struct hf_bytes id);
/* Frees one that never came to life, without its blobs. */
void hf__document_drop(struct hf__document *document);
/* Makes what an expires_at needs, once. false: out of memory. */
bool hf__document_may_end(struct hf__document *document);

struct hf__document *hf__document_of_heap(const struct hf__heap_node *node);
static inline struct hf__collection *hf__document_collection(const struct hf__document *document)
{
	return (void *)document->object.container;
}

static inline struct hf_bytes hf__document_id(const struct hf__document *document)
{
	return hf_bytes_of(document->id, document->len);
}

struct hf__document_image hf__document_image_of(const struct hf__document *document,
                                                enum hf__document_cause cause, int64_t setback);

/* Does its value say that it stands in that view? */
bool hf__document_stands(const struct hf__document *document, enum hf__document_view view);
/* When it is gone: its weight in list orders; INT64_MAX: never. */
static inline int64_t hf__document_until(const struct hf__document *document)
{
	return document->value.expires_at == HF_UNSET ? INT64_MAX : document->value.expires_at;
}

bool hf__document_over(const struct hf__document *document, struct hf__instant at);
/* Its expires_at as it is shown. */
int64_t hf__document_expires_at(const struct hf__document *document, int64_t setback);
/* Documents in memory: those that expired and whose ending is not logged yet too. */
size_t hf__collection_size(const struct hf__collection *collection);
/* The greatest weight of its documents; INT64_MIN: it has none. */
int64_t hf__collection_until(const struct hf__collection *collection);
/* Does it hold a document that is there? NULL: no. */
bool hf__collection_live(const struct hf__collection *collection, struct hf__instant at);
/* An order that it keeps, and so has all of its documents, or, in a collection that keeps one, the
 * groups of all. */
enum hf__document_view hf__collection_view(const struct hf__collection *collection);
enum hf__document_view hf__collection_group_view(const struct hf__collection *collection);
/* The first of them there, or NULL. */
struct hf__document *hf__collection_any(const struct hf__collection *collection);

/* --- document/order.c ------------------------------------------------------------------------- */

/* Where a document stands in any view; borrowed bytes. */
struct hf__document_position {
	struct hf_bytes group; /* of views within groups */
	bool computed; /* of views by expires_at */
	int64_t time;
	struct hf_bytes id;
};

/* What a list or count covers: a view, or one group's range of it. */
struct hf__document_range {
	const struct hf__collection *collection;
	enum hf__document_view view;
	bool grouped;
	struct hf_bytes group;
};

extern const struct hf__index_type hf__document_views[HF__DOCUMENT_VIEWS];

/* How many of the range are there. A grouped range needs a view within groups, any of them. */
size_t hf__document_tally(const struct hf__document_range *range, struct hf__instant at);

/* --- document/apply.c and document/check.c ---------------------------------------------------- */

int hf__document_apply(void *state, struct hf__change *change, const struct hf__entry *entry);
void hf__document_expect(const void *state, const struct hf__entry *entry);
int hf__document_verify(const void *state, struct hf__text *why);

/* --- document/mutate.c: what mutations have in common ----------------------------------------- */

int hf__document_check_key(const struct hf_document_key *key, struct hf__text *why);
/* Finds the document that is there at d->now (*out NULL: none), notes what the answer depends
 * on, and compares its version with the expected one. */
HF_CHECKED int hf__document_look(const struct hf__document_state *state, struct hf__decision *d,
                                 const struct hf_write *write, const struct hf_document_key *key,
                                 struct hf__document **out);
void hf__document_add_key(struct hf__text *why, const struct hf_document_key *key);

/* --- document/read.c -------------------------------------------------------------------------- */

HF_CHECKED int hf__document_answer(struct hf__query *q, const struct hf__document *document,
                                   bool without_payload, struct hf_document *out);

/* How its mutations give back a document: read.c. */
extern const struct hf__giving hf__document_giving;
extern const struct hf__giving hf__document_put_giving;

#endif
