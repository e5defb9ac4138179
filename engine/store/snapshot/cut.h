/* The state at one LSN, sorted, with what else a snapshot has to say about that place. */
#ifndef HF_STORE_SNAPSHOT_CUT_H
#define HF_STORE_SNAPSHOT_CUT_H

#include "store/compact/moves.h"
#include "store/internal.h"
#include "store/snapshot/sorter.h"
#include "store/snapshot/walk.h"

struct hf__cut_state {
	struct hf_store *store;
	struct hf__sorter sorter;
	struct hf__walk walk;
	struct hf__snapshot_header header;
	uint64_t logged, entries; /* since the snapshot before, up to the cut: compact/due.h */
	uint64_t live; /* entries that were written */
	struct hf__moves *moves; /* where payloads stand in what is written; NULL: not asked for */
	struct hf__incarnation *incarnations; /* the openings so far */
	size_t incarnation_count;
	bool following; /* of a handle for reading, whose state is held */
	/* Where payloads lie, if not with the store: HF_OK, or a code with *os_errno. */
	int (*payload)(void *ctx, const struct hf__payload *payload, uint8_t *out, int *os_errno);
	/* Is this entry to be left out? NULL: none is. A code that is neither HF_OK nor HF_ENOTFOUND,
	 * which says so, ends it. */
	int (*leaves_out)(void *ctx, const struct hf__entry *entry, const struct hf__sorted_ref *refs,
	                  uint32_t count);
	/* Told of each entry before it is written; what is not 0 ends it. */
	int (*seen)(void *ctx, const struct hf__entry *entry, const struct hf__sorted_ref *refs,
	            uint32_t count);
	void *ctx;
};

/* Takes it down, and returns when it is durable in the log. Writers go on meanwhile. Not under the
 * lock; one at a time. HF_OK, HF_EBLOCKED, HF_ENOMEM, HF_ENOSPACE, HF_EIO, HF_EUNCERTAIN,
 * HF_EFAILED; of a handle for reading (which has no place in the log to tell) what keeps it from
 * being up to date. hf__cut_end() in every case. */
HF_CHECKED int hf__cut_begin(struct hf__cut_state *cut, struct hf_store *s, struct hf_error *error);
void hf__cut_end(struct hf__cut_state *cut);
/* Waits until none is being taken; another thread may be faster then. HF_OK, HF_ECANCELED. */
HF_CHECKED int hf__cut_turn(struct hf_store *s, struct hf_error *error);

#endif
