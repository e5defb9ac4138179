/* A state as entries, bit by bit while it changes.
 *
 * Job: give every object of a state as one entry of a snapshot, as it was at one LSN. Happy path:
 * the walk goes from object to object along the indexes that each domain names (hf__domain.shelf),
 * some of them at a time, under the store's lock; between two steps anything may change. An object
 * that changes gives its entry first (I-CUT-1), and the walk passes over what has changed. So
 * everything is given at least once, in no order, and twice at most: sorter.c makes one of it.
 *
 * I-CUT-1: an object whose newest change is at or before the cut is as the cut has to show it, or
 * has been given. I-CUT-2: the object that the walk stands before is in the index that is being
 * walked: what leaves one moves the walk on. I-CUT-3: no container is let go while a walk is under
 * way. */
#ifndef HF_STORE_SNAPSHOT_WALK_H
#define HF_STORE_SNAPSHOT_WALK_H

#include "object/change.h"
#include "object/index.h"
#include "os/os.h"
#include "store/domain.h"

/* Called for each object that is no container. */
typedef void (*hf__visit_fn)(void *ctx, struct hf__object *object);

struct hf__walk {
	struct hf__observer observer;
	hf__visit_fn visit; /* NULL: entries are given to the emitter */
	void *ctx;
	const struct hf__domains *domains;
	void *const *states;
	struct hf__emitter *emitter; /* where entries go */
	/* where it stands */
	unsigned row;
	unsigned steps;
	uint64_t seen_lsn; /* by the newest pause */
	bool in_row;
	const void *owner; /* a container, or the state */
	unsigned shelf;
	const struct hf__index *index;
	struct hf__index_at at; /* nowhere: it has to be found anew */
	const struct hf__object *container; /* the newest one that was given */
	/* HF_OK, or why something that changed could not be given: the snapshot is worth nothing */
	int rc;
};

/* Stands before everything. `upto` is the LSN of the cut; the walk is the change's observer from
 * here on until hf__walk_end(). The lock is held. */
void hf__walk_begin(struct hf__walk *walk, const struct hf__domains *domains, void *const *states,
                    uint64_t upto, struct hf__emitter *emitter, struct hf__change *change);
/* The same for a walk that looks at every object that is there from beginning to end, as it is when
 * the walk comes by, and that may change what no change of an object is. */
void hf__walk_visit(struct hf__walk *walk, const struct hf__domains *domains, void *const *states,
                    hf__visit_fn visit, void *ctx, struct hf__change *change);
/* Gives about `budget` objects. *more: there are others. The lock is held. */
HF_CHECKED int hf__walk_step(struct hf__walk *walk, unsigned budget, bool *more);
/* The same for as long as others may wait for the lock: some 8 us, or 64 objects. */
HF_CHECKED int hf__walk_hold(struct hf__walk *walk, const struct hf__os *os, bool *more);
void hf__walk_end(struct hf__change *change);
/* Between two steps, without the lock: others get it. For longer if they used it: `next_lsn` is the
 * store's, as it was under the lock. */
void hf__walk_pause(struct hf__walk *walk, uint64_t next_lsn);

/* All of one state at once, in no order. */
HF_CHECKED int hf__walk_state(const struct hf__domain *row, void *state,
                              struct hf__emitter *emitter);
/* The same in the order of a snapshot: objects by key, then containers by name. `emitter` is given
 * the entries. */
HF_CHECKED int hf__walk_sorted(const struct hf__domain *row, void *state,
                               struct hf__emitter *emitter);

#endif
