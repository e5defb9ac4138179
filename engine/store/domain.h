/* What the store and a domain know of each other. A domain is one `.c`, one public header and
 * one row of this table.
 *
 * A mutation goes: check (form only, no state) -> decide (under the store's lock: preconditions,
 * then entries that hold outcomes) -> apply (the same function for live commits, replay and
 * snapshots). Reads go through hf__read. Domains include no os, log, thread or clock. */
#ifndef HF_STORE_DOMAIN_H
#define HF_STORE_DOMAIN_H

#include "api/api.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"
#include "holdfast/store.h"
#include "object/object.h"
#include "store/call/sized.h"
#include "store/clock.h"
#include "store/row.h"

struct hf__answer;
struct hf__entry;

/* --- Payloads --------------------------------------------------------------------------------- */

/* The caller's bytes as an object keeps them, one blob of its value: the bytes themselves when
 * short, else (HF__BLOB_REFERS) where they lie in the log, with the keyed hash of their contents:
 * by it they are compared, and verified when they are read. So a short one costs its object 8
 * bytes. */
struct hf__kept {
	struct hf__blob *bytes; /* NULL: empty */
};

/* What it says. */
struct hf__payload {
	const struct hf__blob *bytes; /* in memory; NULL: empty, or on disk: `segment` is not 0 */
	uint32_t len;
	uint32_t segment; /* or, of a snapshot, the payload block */
	uint32_t offset; /* in it */
	uint8_t in_snapshot; /* 0: in the log; else in this base (snapshot/base.h), counted from 1 */
	struct hf__hash128 content; /* of what lies on disk; else 0 */
};

/* What a state is made with. */
struct hf__domain_env {
	uint8_t hash_key[16]; /* for hf__map_init; drawn at each opening */
	uint8_t content_key[16]; /* for hf__content_hash; drawn with the store */
	uint32_t inline_max; /* payloads up to this size stay in memory */
	uint16_t epoch;
	struct hf__index_nodes *nodes; /* for hf__index_init: those of the change */
	void *payloads; /* for hf__payload_read */
	/* for hf__incarnation_end; NULL: nothing is known of any */
	const struct hf__incarnations *incarnations;
};

/* Reads a payload of a body: its u32 length, then its bytes; or, in a snapshot, what stands for
 * them, which is of this length and not to be looked at. Bytes of `len`, for the next three. */
struct hf_bytes hf__get_payload(struct hf__reader *r);
bool hf__payload_stands_elsewhere(const struct hf__entry *entry, struct hf_bytes bytes);
/* Keeps `bytes`, which must lie inside entry->body. HF_OK or HF_ENOMEM. *out is overwritten, not
 * freed. */
HF_CHECKED int hf__payload_keep(const struct hf__domain_env *env, const struct hf__entry *entry,
                                struct hf_bytes bytes, struct hf__kept *out);
struct hf__payload hf__payload_of(const struct hf__kept *kept);
/* The same once more, for another place of a value. HF_OK or HF_ENOMEM. */
HF_CHECKED int hf__payload_copy(const struct hf__kept *kept, struct hf__kept *out);
/* It moved: to a place on disk, of the same length and contents. Cannot fail. */
void hf__payload_moved(struct hf__kept *kept, const struct hf__payload *to);
/* Appends it to the body of a snapshot's entry: see struct hf__emitter. */
static inline int hf__show_payload(struct hf__emitter *emitter, const struct hf__kept *kept)
{
	const struct hf__payload payload = hf__payload_of(kept);
	return emitter->payload(emitter, &payload);
}
/* By length, and by the bytes in memory or the hash of those on disk, which no outsider can
 * make collide. Reads no disk. */
bool hf__payload_equal(const struct hf__domain_env *env, const struct hf__kept *kept,
                       struct hf_bytes bytes);

/* --- Deciding --------------------------------------------------------------------------------- */

/* What decide() works with. */
struct hf__decision {
	struct hf__change *change;
	/* The store's clock, read once per transaction (see store/clock.h). Instants that a caller
	 * named are judged against `now`, and what is shown to last from now on begins there;
	 * deadlines that the store computed are judged against `mono`, which is now + setback. Times
	 * that the store fills in are `stamp`: strictly increasing from operation to operation, and
	 * the `at` of its entries. */
	int64_t now, mono, stamp;
	int64_t setback; /* sum of the set-backs so far */
	/* the machine's wall clock, which nothing but the clock's own domain has to do with */
	int64_t wall;
	uint16_t epoch;
	struct hf__text why; /* one line about a refusal: object and reason; prefilled empty */
	struct hf__answer *answer; /* for claims: what the caller gets back; NULL otherwise */
	/* private to store/ */
	struct hf_store *store;
	struct hf__waiter *waiter; /* the caller would wait; NULL: it would not */
	uint64_t need_changed, need_due;
	bool shrinks; /* it takes away more objects than it makes */
	uint8_t domain;
	unsigned domain_index;
	void *state;
	size_t attempt_start, entry_at; /* in the group's buffer: this transaction, its newest entry */
};

/* The answer depends on this object or container (NULL is allowed): it must be as durable as was
 * asked before the caller may see anything. Call it for every object looked at, for containers
 * on a miss or a many-object operation. */
void hf__depends(struct hf__decision *d, const struct hf__object *object);
/* The LSN that the next entry will have; its token is hf__token(d->epoch, that). */
uint64_t hf__next_lsn(const struct hf__decision *d);
/* Begins an entry and gives the writer for its body; then hf__emit seals it, takes the LSN and
 * applies it. Returns what apply returned. */
struct hf__writer *hf__entry_body(struct hf__decision *d);
HF_CHECKED int hf__emit(struct hf__decision *d, uint8_t kind);
/* A time of the arguments as it was meant: HF_UNSET when it was not given. */
static inline hf_time hf__given(const struct hf_write *write, hf_time time)
{
	return time == 0 && !write->literal_times ? HF_UNSET : time;
}

/* The same, or what stands for it. */
static inline hf_time hf__given_or(const struct hf_write *write, hf_time time, hf_time otherwise)
{
	const hf_time given = hf__given(write, time);
	return given != HF_UNSET ? given : otherwise;
}

/* Logs all endings of a domain that are due, in batches, as upkeep does: for a call that would
 * have too many of them to log by itself. */
HF_CHECKED int hf__settle(struct hf_store *store, uint8_t domain, struct hf_error *error);
/* The same for all domains. */
HF_CHECKED int hf__settle_all(struct hf_store *store, struct hf_error *error);
/* Logs endings of all domains that are due at d->now as part of this transaction, about `budget`
 * of them. *more: some are left. */
HF_CHECKED int hf__settle_within(struct hf__decision *d, unsigned budget, bool *more);
/* When the incarnation that issued this LSN wrote its newest entry (mono): from then on what it
 * held without a lease was held no longer. HF_UNSET: not known, or it is the present one. */
int64_t hf__incarnation_end(const struct hf__domain_env *env, uint64_t lsn);
/* A random u64 (jitter). */
uint64_t hf__decision_random(struct hf__decision *d);
/* Compares expect (hf_write) with an object's version, 0 for an absent one. HF_OK or
 * HF_ECONFLICT with d->why filled. */
HF_CHECKED int hf__expect(struct hf__decision *d, hf_lsn expect, hf_lsn version);

static inline hf_token hf__token(uint16_t epoch, uint64_t lsn)
{
	return (uint64_t)epoch << 48 | lsn;
}

/* How the arguments of every mutation begin. */
struct hf__args {
	size_t size;
	struct hf_write write;
};

struct hf__query;

/* How a mutation of one object gives it back (docs/interface/returning.md). */
struct hf__giving {
	const struct hf_api_struct *fills; /* what the caller's struct is */
	size_t memory; /* where in it its struct hf_memory * lies */
	/* The domain's own get: HF_OK, or HF_ENOTFOUND: there is none. */
	int (*read)(struct hf__query *q, const void *key, void *out);
	/* The key as `read` takes it, in `room` if it does not lie in the arguments as such, and the
	 * payload that they bring. NULL: it stands behind struct hf__args. */
	const void *(*key)(const void *args, struct hf_bytes room[3], struct hf_bytes *sent);
};

/* A mutation: one const table entry per operation. `args` is the public arguments struct, or
 * begins with it, and so with struct hf__args. */
struct hf__verb {
	const char *name; /* "outbox claim" */
	uint8_t domain;
	/* Form only. HF_OK or HF_EINVAL, HF_EREASON, HF_ETOOBIG with why filled. NULL: hf__check_form()
	 * of `takes`. */
	int (*check)(const void *args, struct hf__text *why);
	/* Fills *result (zeroed before). On any failure the store undoes what was emitted. Every
	 * refusal and "nothing to do" must have called hf__depends. */
	int (*decide)(void *state, struct hf__decision *d, const void *args, struct hf_result *result);
	/* A deep copy for a transaction, in the arena. NULL: hf__copy_args() of `takes`. */
	void *(*copy)(struct hf__arena *arena, const void *args);
	const struct hf_api_struct *takes; /* the table of its arguments; NULL: no caller gives them */
	/* Where in `args` a token lies that may be HF_TOKEN_OF(); 0: nowhere. The store puts the token
	 * itself there before decide. */
	size_t token_at;
	bool grants; /* result->token is one that HF_TOKEN_OF() may name */
	const struct hf__giving *giving; /* NULL: it gives no object back */
};

/* Runs one mutation: at once (txn NULL), as durable as its struct hf_write says, or into the
 * transaction. `answer` (nullable) is filled when it is committed; a transaction takes it over,
 * so decide itself has to give its memory away (or reset it). Public mutations are one call of
 * this. */
HF_CHECKED int hf__mutate(struct hf_store *store, struct hf_txn *txn, const struct hf__verb *verb,
                          const void *args, struct hf_result *result, struct hf__answer *answer,
                          struct hf_error *error);

/* --- Waiting ---------------------------------------------------------------------------------- */

/* A call that may wait for what it cannot have now: hf__mutate without a transaction, and
 * wait_us: 0 does not wait, -1 waits forever. While its decide says hf__wait_on the caller
 * sleeps and decides again, until it is given something, refused for another reason, or its time
 * is up: then the answer is that of its last try. HF_ECANCELED when the store is closed
 * meanwhile. */
HF_CHECKED int hf__mutate_wait(struct hf_store *store, const struct hf__verb *verb,
                               const void *args, int64_t wait_us, struct hf_result *result,
                               struct hf__answer *answer, struct hf_error *error);

/* Around a call that waits by the way and goes on afterwards: hf_close, which may run beside it,
 * waits for its end. Begin: HF_OK or HF_EFORK. */
HF_CHECKED int hf__call_begin(struct hf_store *store, struct hf_error *error);
/* The same of a handle that writes; else why not. */
HF_CHECKED int hf__call_begin_writable(struct hf_store *store, struct hf_error *error);
void hf__call_end(struct hf_store *store);

/* What a key stands for differs from domain to domain; `hash` is that of a name, by
 * hf__map_hash, so that no caller can make two names meet. */
static inline uint64_t hf__wait_key(uint8_t domain, uint64_t hash)
{
	return hash + domain * UINT64_C(0x9e3779b97f4a7c15);
}

/* decide has nothing to give, emitted nothing, and says so in its way (a refusal, a count of 0):
 * a caller that would wait tries again when an object with this wait_key changes, or at `retry_at`
 * by the store's clock (INT64_MAX: no such instant). A caller that would not wait just gets the
 * answer. */
void hf__wait_on(struct hf__decision *d, uint64_t key, int64_t retry_at);
/* The same for what any of several keys may bring: any change of an object that has a wait_key
 * wakes all that wait so. They keep no order: decide leaves to others what they wait for by
 * asking hf__wait_behind. */
void hf__wait_on_many(struct hf__decision *d, int64_t retry_at);
/* Would the caller wait, and do earlier waiters wait for this key? Then decide leaves
 * what is there to them: it calls hf__wait_on. */
bool hf__wait_behind(const struct hf__decision *d, uint64_t key);

/* A copy of `size` bytes that begin with arguments, and of the bytes that these borrow by their
 * table; what a pointer of theirs leads to is left to the caller. NULL: out of memory. */
void *hf__copy_args(struct hf__arena *arena, const void *args, size_t size,
                    const struct hf_api_struct *of);
/* The second half of that, in place. false: out of memory. */
bool hf__copy_borrowed(struct hf__arena *arena, void *args, const struct hf_api_struct *of);
/* The form of arguments by their table: parts of keys, lengths, spans. HF_OK, or HF_EINVAL or
 * HF_ETOOBIG with `why` about the first member that breaks it. */
HF_CHECKED int hf__check_form(const void *args, const struct hf_api_struct *of,
                              struct hf__text *why);
/* HF_OK, or HF_EINVAL with `why` about the `name`. */
HF_CHECKED int hf__refuse_part(const char *name, struct hf_bytes part, bool may_be_empty,
                               struct hf__text *why);
HF_CHECKED static inline int hf__check_part(const char *name, struct hf_bytes part,
                                            bool may_be_empty, struct hf__text *why)
{
	return hf__key_part_ok(part, may_be_empty) ? HF_OK
	                                           : hf__refuse_part(name, part, may_be_empty, why);
}
HF_CHECKED int hf__check_span(const char *name, int64_t us, struct hf__text *why);
/* Copies bytes into an arena; false: out of memory. For copy(). */
bool hf__arena_bytes(struct hf__arena *arena, struct hf_bytes in, struct hf_bytes *out);

/* --- Answers and reads ------------------------------------------------------------------------ */

/* Segments whose descriptors a call holds: see store/call/payload_files.c. */
struct hf__pins {
	uint32_t *segments;
	size_t count, cap;
};

/* A read that is made in several steps, each under a short hold of the lock, and shows one instant
 * all the same if nothing that it depends on changed in between. Zeroed before the first step. */
struct hf__stepping {
	bool begun; /* the answer goes on with what the steps before gave */
	bool moved; /* something changed since the first: the answer was dropped */
	int64_t mono; /* the instant of them all */
	uint64_t changed; /* the newest change that the first depended on */
	struct hf__arena scratch; /* items of the later steps, until they are in one piece */
};

/* Collects what a read or claim gives back: memory, and payloads still to be read from disk.
 * Zeroed before use. */
struct hf__answer {
	struct hf__arena memory;
	struct hf__answer_load *loads;
	struct hf__pins pins; /* private to store/: what the loads of this call need */
	struct hf_store *store;
	uint8_t reading; /* private to store/: compact/readers.h */
	/* The same read once more, for the commit of a transaction: its answer is not looked at. No
	 * payload is copied, and a list ends where its walk would begin. */
	bool dry;
	struct hf__arena *scratch; /* for hf__answer_items; NULL: the memory */
	bool without_payload; /* hf__answer_payload gives none */
	struct hf_bytes sent; /* a payload that is at hand: one like it need not be read */
};

/* NULL: out of memory. */
void *hf__answer_alloc(struct hf__answer *answer, size_t size);
/* The same for what a page lists. */
void *hf__answer_items(struct hf__answer *answer, size_t size);
HF_CHECKED int hf__answer_bytes(struct hf__answer *answer, struct hf_bytes in,
                                struct hf_bytes *out);
/* *out (in the answer's memory, or that outlives it) holds the payload once the read or mutation
 * returned HF_OK. */
HF_CHECKED int hf__answer_payload(struct hf__answer *answer, const struct hf__kept *kept,
                                  struct hf_bytes *out);
/* Drops everything collected: call it first in a decide that fills an answer, since a decision
 * may be run again. */
void hf__answer_reset(struct hf__answer *answer);
/* Hands the memory to the caller, which frees it with hf_release(). NULL when out of memory (the
 * answer is then freed). A decide may call it: what is still on disk is loaded into the given
 * memory after the commit. */
struct hf_memory *hf__answer_give(struct hf__answer *answer);

/* A page asked for and given (rule 7). The position is the sort key of the last item given,
 * written by the domain. */
struct hf__page {
	uint64_t query; /* hash of domain, operation and filters: hf__query_hash */
	struct hf_bytes after; /* from the token; {NULL, 0}: from the start */
};
/* Ties a token to its query. Put everything that defines the list (operation, container,
 * filters) into `w` first. */
uint64_t hf__query_hash(const struct hf__writer *w);
/* Decodes a token (NULL or "": the start). HF_EINVAL for a damaged or foreign one. page->after
 * lies in the answer's memory. */
HF_CHECKED int hf__page_open(struct hf__answer *answer, const char *token, uint64_t query,
                             struct hf__page *page);
/* Makes the token that continues after `position`. */
HF_CHECKED int hf__page_token(struct hf__answer *answer, uint64_t query, struct hf_bytes position,
                              const char **out);

/* What a read function works with: it runs under the store's lock. */
struct hf__query {
	void *state;
	int64_t now, mono, setback, wall; /* as in hf__decision */
	uint16_t epoch;
	struct hf__answer *answer;
	struct hf__text why;
	uint64_t need_changed, need_due; /* private to store/ */
	struct hf__facts *facts; /* of a read in a transaction (transact/seen.h); else NULL */
};
/* As hf__depends, for reads. In a transaction the newest change of it must be the same at the
 * commit. */
void hf__query_depends(struct hf__query *q, const struct hf__object *object);
/* The same for what a read in a transaction may find changed, if only the code of its answer, and
 * its facts, stay the same: what is absent, or over. */
void hf__query_absent(struct hf__query *q, const struct hf__object *object);
/* What else must be the same at the commit: of lists and figures how many have ended by time, while
 * nothing of that is logged. Worth asking for only if hf__query_seen(). */
void hf__query_sees(struct hf__query *q, uint64_t fact);
/* The refusal that follows is one of form, whatever was looked at before it. */
void hf__query_refuses(struct hf__query *q);
static inline bool hf__query_seen(const struct hf__query *q)
{
	return q->facts != NULL;
}
/* The newest LSN, durable or not. */
uint64_t hf__query_last_lsn(const struct hf__query *q);
/* Wakes the first waiter for the key: for what no change of an object shows. */
void hf__query_wake(struct hf__query *q, uint64_t key);
typedef int (*hf__read_fn)(struct hf__query *q, void *args);
struct hf__asking {
	uint8_t domain;
	hf__read_fn read;
	/* Of its arguments, for a read in a transaction: all that `read` needs when the answer is dry.
	 * NULL: out of memory. No copy: it is no read of a caller's. */
	void *(*copy)(struct hf__arena *arena, const void *args);
	bool covered; /* what it sees, a read before it in the same transaction saw */
	struct hf__stepping *stepping; /* this is a step of it; NULL: a whole read */
};
/* Runs `read` under the lock, then waits until what it depends on is as durable as was asked
 * (unless HF_READ_UNDURABLE, or in a transaction), then loads payloads. On failure the answer is
 * freed. */
HF_CHECKED int hf__read(struct hf_store *store, const struct hf__asking *asking, void *args,
                        unsigned flags, struct hf__answer *answer, struct hf_error *error);
/* May a read be made in steps? Not in a transaction, where the read is made once more. */
bool hf__may_step(const struct hf_store *store);

#endif
