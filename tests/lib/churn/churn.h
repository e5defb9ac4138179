/* Random work over all domains: the one source of arbitrary but legal states for tests of laws
 * and of damage.
 *
 * Few names and many operations, so that everything happens to everything: replaced, dismissed,
 * claimed, failed, removed, made anew; alone and several in one transaction, durable or not,
 * with and without expected versions. What is refused is refused for a reason that the contract
 * names; any other failure ends the test. */
#ifndef TESTS_LIB_CHURN_H
#define TESTS_LIB_CHURN_H

#include "holdfast/holdfast.h"
#include "lib/rng.h"

enum { CHURN_CLAIMS = 16, CHURN_OUTS = 8 };

struct churn_claim {
	char queue[8], id[8];
	hf_token token;
};

enum { CHURN_KEYS = 16, CHURN_BEGUN = 8 };

/* What churn_idem.c remembers. */
struct churn_idem {
	char keys[CHURN_KEYS][2][8]; /* scope, key */
	hf_token tokens[CHURN_KEYS]; /* some of those that were granted: stale ones too */
	size_t count;
	struct hf_idempotency_begun outs[CHURN_BEGUN]; /* of the begins of one step */
	char begun[CHURN_BEGUN][2][8];
	size_t begun_count;
};

enum { CHURN_GRANTS = 12, CHURN_ASKED = 8 };

/* What churn_lock.c remembers. */
struct churn_locks {
	unsigned names[CHURN_GRANTS]; /* of the locks of these tokens */
	hf_token tokens[CHURN_GRANTS]; /* some of those that were granted: stale ones too */
	size_t count;
	struct hf_result results[CHURN_ASKED]; /* of the grants of one step */
	unsigned asked[CHURN_ASKED];
	size_t asked_count;
};

struct churn {
	struct hf_rng rng;
	unsigned big_percent; /* payloads that are too long to stay in memory, of a hundred */
	size_t big_max; /* their greatest length */
	uint64_t steps, refused;
	int64_t sequence; /* cursors go forward with it */
	/* some of the tokens that were granted: stale ones too */
	struct churn_claim claims[CHURN_CLAIMS];
	size_t claim_count;
	struct hf_outbox_items outs[CHURN_OUTS]; /* of the claims of one step */
	char out_queues[CHURN_OUTS][8];
	size_t out_count;
	struct churn_idem idem;
	struct churn_locks locks;
	uint8_t *bytes; /* for payloads of one operation */
	size_t used;
};

/* Numbers come from HF_SEED and `name`. */
void churn_init(struct churn *churn, const char *name, unsigned big_percent, size_t big_max);
void churn_deinit(struct churn *churn);
/* One random operation or transaction. */
void churn_step(struct churn *churn, hf_store *store);
/* A short entry that always changes something: a cursor goes forward. */
void churn_nudge(struct churn *churn, hf_store *store);
/* A new item with a payload of `len` bytes, at most big_max. */
void churn_fill(struct churn *churn, hf_store *store, size_t len);

#endif
