/* Compaction: a snapshot takes the place of the log before it. docs/snapshots.md. */
#ifndef HF_STORE_COMPACT_H
#define HF_STORE_COMPACT_H

#include "store/compact/moves.h"
#include "store/internal.h"

/* Takes a snapshot and removes what it covers and retention does not keep. `paced`: no faster than
 * options.compact_rate. Not under the lock. As hf__take_snapshot; HF_ECANCELED: the store is being
 * closed, and what was done stays. */
HF_CHECKED int hf__compact(struct hf_store *s, bool paced, struct hf_error *error);

/* move.c. Every payload on disk that `moves` names is where the base in `slot` has it. HF_OK;
 * HF_EBLOCKED: one is left in a segment below `below` or in another base, so those must stay. Not
 * under the lock. */
HF_CHECKED int hf__move_payloads(struct hf_store *s, const struct hf__moves *moves, unsigned slot,
                                 uint32_t below, struct hf_error *error);

/* retire.c. Removes what lies before the newest snapshot and is not retained. HF_OK, also where
 * something could not be removed: the next one tries again; HF_EUNCERTAIN: the directory could not
 * be synced, and the store has failed. */
HF_CHECKED int hf__retire(struct hf_store *s, const struct hf__snapshot_header *newest,
                          struct hf_error *error);

/* The oldest snapshot that retention keeps, and the segment from which on it keeps the log; lsn 0:
 * it keeps nothing before the newest. */
struct hf__retained {
	uint64_t lsn;
	uint32_t segment;
};
/* Not under the lock. HF_OK, HF_ENOMEM, or why the directory cannot be read. */
HF_CHECKED int hf__retained(struct hf_store *s, struct hf__retained *out, struct hf_error *error);

#endif
