/* One act of a history, drawn and done: between history_acts.c and history_run.c. */
#ifndef TESTS_LIB_HISTORY_ACTS_H
#define TESTS_LIB_HISTORY_ACTS_H

#include <stdatomic.h>

#include "lib/history/history.h"
#include "lib/rng.h"

enum { TOKENS_KEPT = 4 };
#define HISTORY_LEASE_US INT64_C(1000000)

/* The newest tokens of an object, of any caller: an act with one of them is right at times
 * and late at others. */
struct tokens {
	_Atomic uint64_t ring[TOKENS_KEPT];
	atomic_uint next;
};

/* What the acts are done to. */
struct target {
	hf_store *store;
	atomic_uint_fast64_t *instant; /* the newest */
	struct tokens tokens[HISTORY_OBJECTS];
};

/* Fills in what is asked; name and object are given. */
void act_draw(struct act *act, struct target *target, struct hf_rng *rng);
/* Asks the store and fills in what was answered. */
void act_do(struct act *act, struct target *target);

#endif
