/* Random work over all domains: the one source of arbitrary but legal states for tests of laws
 * and of damage. A step is one of the random operations of lib/operation/op_random.c or a few in
 * one transaction, durable or not, with and without expected versions. What is refused is refused
 * for a reason that the contract names; any other failure ends the test. */
#ifndef TESTS_LIB_CHURN_H
#define TESTS_LIB_CHURN_H

#include "lib/operation/op_random.h"
#include "lib/operation/returned.h"
#include "lib/settings.h"

enum { CHURN_CLAIMS = 16, CHURN_TOGETHER = 4, CHURN_SEGMENT = 64 << 10 };

/* What was granted: an item, a key of idempotency, a lock. */
struct churn_claim {
	char domain, part[2][8];
	hf_token token;
};

/* An operation of a step. */
struct churn_slot {
	struct op_args args;
	struct op_answer answer;
	struct hf_result result;
	struct returned returned; /* every second step asks for objects */
};

struct churn {
	struct op_random random;
	uint64_t steps, refused;
	struct churn_claim claims[CHURN_CLAIMS]; /* some that were granted: stale ones too */
	size_t claim_count;
	struct churn_slot slots[CHURN_TOGETHER];
	size_t slot_count;
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

/* A store in segments of CHURN_SEGMENT after so many steps, opened anew at each switch. With a
 * big_max above 300 a third of the payloads are big. */
struct stage *churn_begin(struct churn *churn, const char *name, struct hf_options options,
                          size_t big_max, unsigned steps);
/* Frees both, with the checks of stage_close(). */
void churn_end(struct churn *churn, struct stage *stage);

#endif
