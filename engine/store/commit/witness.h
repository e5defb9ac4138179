/* How far the log is durable, written down beside it: see witness.c. */
#ifndef HF_STORE_WITNESS_H
#define HF_STORE_WITNESS_H

#include <stdatomic.h>

#include "log/witness.h"
#include "store/commit/progress.h"

/* The store's lock guards what no other word does. */
struct hf__witness_file {
	int file;
	uint64_t generation; /* of the newest word */
	bool unsynced;
	/* A thread writes a word, or syncs; taken under the lock. The word is its own until then. */
	_Atomic bool busy;
	struct hf__witness word;
	uint32_t segment; /* the segment that the last synced word was about */
	uint64_t lsn; /* of the newest word: an older one is not written over it */
	/* what the newest word says; the first one of an opening repeats it */
	struct hf__log_position told;
};

/* Reports that the log is durable up to `end`. Not under the lock. The leader calls it after the
 * wake-up. */
void hf__witness_tell(struct hf_store *s, struct hf__position end, uint64_t lsn, uint64_t chain,
                      bool clean);
/* Before the first write of an opening to the log: the stop is not clean any more. 0 or errno.
 * Not under the lock; for the leader. */
int hf__witness_not_clean(struct hf_store *s);
/* See hf__progress: the word for a flush that made something durable is prepared, and written. */
void hf__witness_ended(struct hf_store *s, struct hf__flush_end *end);
void hf__witness_advanced(struct hf_store *s, const struct hf__flush_end *end);
/* Makes the last word stick, after catching up on what was skipped. 0 or errno. */
int hf__witness_sync(struct hf_store *s);

#endif
