/* The idempotency domain's insides, shared by the files of idempotency/ alone.
 *
 *   idempotency.c  the row: life, endings
 *   state.c        objects, lookups, hooks, when an entry ends
 *   entry.c        entries: bytes <-> meaning, words
 *   apply.c        entries -> state
 *   check.c        verify
 *   verb.c         what mutations have in common; names
 *   begin.c        begin, complete, abandon
 *   raw.c          put, remove, clear, guards
 *   read.c         get, has, count, scopes
 *   list.c         lists
 *   over.c         several scopes at once
 *
 * An entry's container is its scope, a scope's is the root: counts, lists and misses within a
 * scope depend on the scope, the list of scopes on the root. An empty scope is no state, no
 * answer shows it, and it goes (object/removed.h).
 *
 * Endings are views. An entry has one instant from which it is gone, its end: a done one's
 * expires_at, an owned one's lease or, having none, its expires_at; INT64_MIN when it is owned
 * without a lease by an earlier incarnation. Its value stays what it is until the ending is
 * logged, which removes it. Every index carries the end as its weight, so no read meets what has
 * ended, and none has to count it. */
#ifndef HF_DOMAINS_IDEMPOTENCY_STATE_H
#define HF_DOMAINS_IDEMPOTENCY_STATE_H

#include "base/heap.h"
#include "base/outer.h"
#include "domains/common/names.h"
#include "holdfast/idempotency.h"
#include "log/entry.h"
#include "object/container.h"
#include "object/range.h"
#include "store/domain.h"

struct hf__idem_state {
	struct hf__containers scopes; /* listed until the latest end of their entries */
	struct hf__domain_env env;
	struct hf__map entries; /* by scope and key */
	struct hf__heap
	    /* by whether the store computed the end: every entry that ends some time, by its end:
	     * what settle has to log */
	    endings[2];
	/* first LSN of this opening; UINT64_MAX before it is known: nothing is owned without a
	 * lease */
	uint64_t incarnation;
	uint64_t newest_unleased; /* nothing owned without a lease is newer; only a bound */
};

struct hf__idem_scope {
	struct hf__container head;
	struct hf__idem_state *state;
	struct hf__index by_key; /* all its entries; the weight is the end */
	struct hf__index
	    /* by whether the end is computed, end and key: owned ones, done ones. Their ranks count
	     * what has not ended */
	    by_end[2];
	uint8_t name[];
};

/* Its version is the LSN of its newest change: object.changed. */
struct hf__idem_value {
	int64_t created_at;
	/* hf__idem_end(), as the indexes have it: it says when a done one expires, and follows from the
	 * claim of another, so link sets it. */
	int64_t end;
	struct hf__kept response; /* empty until done */
	struct hf__blob *given; /* the fingerprint; until done, struct hf__idem_claim before it */
	int32_t status; /* 0 until done */
	bool done : 1;
	bool never : 1; /* it does not expire; done ones only */
	bool computed; /* expires_at comes from a ttl; always so until done */
	uint16_t len; /* of the key: it never changes, and fills a gap here */
};

/* Who owns a key: what only an entry that is not done has. */
struct hf__idem_claim {
	uint64_t token;
	int64_t lease_until; /* HF_UNSET: none, owned by the incarnation in which `version` lies */
	int64_t expires_at; /* a mono time */
	uint64_t version; /* the entry's: an end depends on the value, see I-IDEM-2 */
};

struct hf__idem_entry {
	struct hf__object object; /* container: its scope */
	struct hf__heap_node ending;
	struct hf__idem_value value;
	uint8_t key[];
};

HF__DEFINE_OUTER(hf__idem_of_ending, struct hf__heap_node, struct hf__idem_entry, ending);

/* --- idempotency/state.c ---------------------------------------------------------------------- */

/* Whether it has ended or not. */
struct hf__idem_entry *hf__idem_find(const struct hf__idem_state *state, struct hf_bytes scope,
                                     struct hf_bytes key);
/* Not in any index yet; hf__change_add puts it there. NULL: out of memory. */
struct hf__idem_entry *hf__idem_entry_new(struct hf__idem_scope *scope, struct hf_bytes key);

struct hf__idem_scope *hf__idem_scope_of(const struct hf__idem_entry *entry);
struct hf_bytes hf__idem_key(const struct hf__idem_entry *entry);
struct hf_bytes hf__idem_fingerprint(const struct hf__idem_value *value);
/* 0 and HF_UNSET once it is done. */
struct hf__idem_claim hf__idem_claim_of(const struct hf__idem_value *value);

/* The instant from which it is gone, a mono time if it was computed; INT64_MAX: never. */
int64_t hf__idem_end(const struct hf__idem_entry *entry);
bool hf__idem_alive(const struct hf__idem_entry *entry, struct hf__instant at);
/* As it is shown. */
int64_t hf__idem_expires_at(const struct hf__idem_entry *entry, int64_t setback);
/* How many owned or done entries have not ended: O(log n). */
size_t hf__idem_count(const struct hf__idem_scope *scope, bool done, struct hf__instant at);

int hf__idem_state_init(void *state, const struct hf__domain_env *env);
/* A new incarnation: see struct hf__domain. */
void hf__idem_opened(void *state, uint64_t first_lsn);

#endif
