/* Many threads that claim from one queue at the same time, and the proof that each item went to
 * exactly one of them. */
#ifndef TESTS_LIB_HAMMER_H
#define TESTS_LIB_HAMMER_H

#include <stdatomic.h>
#include <stddef.h>

#include "holdfast/holdfast.h"

#define HAMMER_QUEUE "hammer"

enum { HAMMER_THREADS = 64 };

struct hammer {
	hf_store *store;
	uint64_t items; /* numbered from 0 */
	bool complete; /* what was claimed */
	atomic_uint *claims; /* of each item */
	_Atomic uint64_t *tokens; /* of its claim */
	atomic_uint_fast64_t claimed;
	atomic_int code; /* the first that was not expected */
};

void hammer_init(struct hammer *hammer, hf_store *store, uint64_t items, bool complete);
void hammer_deinit(struct hammer *hammer);
/* Enqueues items [first, first + count), in large transactions that are not waited for. */
void hammer_fill(struct hammer *hammer, uint64_t first, uint64_t count);
/* Claims one item durably, notes it, completes it if that is wanted. false: there was none, or
 * something failed. */
bool hammer_claim(struct hammer *hammer);
/* HAMMER_THREADS threads claim until the queue is empty. */
void hammer_run(struct hammer *hammer);
/* Every item was claimed once, no token was given twice, nothing failed. */
void hammer_expect_each_once(struct hammer *hammer);
/* Not under any lock: something unexpected happened. Keeps the first. */
void hammer_note(struct hammer *hammer, int rc);

#endif
