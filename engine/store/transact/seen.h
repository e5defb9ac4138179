/* What the reads of a transaction saw, and whether it is still so. docs/interface/transactions.md.
 *
 * Happy path: a read through a transaction's handle runs as any other; beside its answer it notes
 * the newest change of what it depends on, and other facts. The commit runs the same function
 * again, dry, under the lock, and compares. Failure modes: no memory to note a read: it is refused.
 *
 * I-SEEN-1: no commit succeeds whose reads, asked at its place in the log, would be answered
 * differently. I-SEEN-2: no commit is answered before what its reads saw is as durable as it was
 * asked to be. */
#ifndef HF_STORE_SEEN_H
#define HF_STORE_SEEN_H

#include "store/domain.h"

/* Stands first in a store's handle and in a transaction, which lends it as one. */
struct hf__lent {
	hf_txn *reads_of; /* a transaction's handle: for its reads and operations alone; else NULL */
};

/* The most that one read notes is less. */
#define HF__FACTS_MAX 16u
struct hf__facts {
	uint64_t all[HF__FACTS_MAX];
	unsigned count;
	bool form; /* a refusal that nothing can change */
};

/* One read of a transaction, in its arena. */
struct hf__seen {
	const struct hf__seen *before; /* the one that was made before it */
	struct hf__asking asking;
	unsigned index; /* of the domain */
	void *args;
	int rc;
	unsigned count;
	uint64_t facts[]; /* so many */
};

/* Notes what a read saw, whose code was `rc`. HF_OK or HF_ENOMEM. Not under the lock. */
HF_CHECKED int hf__seen_note(hf_txn *txn, const struct hf__asking *asking, unsigned index,
                             const void *args, int rc, const struct hf__facts *facts);

/* Is all of it so? What the answer depends on, whichever it is, goes into `d`. HF_OK or
 * HF_ECONFLICT with d->why. The lock is held, and no operation was run yet. */
HF_CHECKED int hf__seen_check(struct hf_store *s, struct hf__decision *d,
                              const struct hf__seen *seen);

#endif
