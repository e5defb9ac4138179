/* Is what the store writes to still what is found under its names, and still the store's? */
#ifndef HF_STORE_GUARD_H
#define HF_STORE_GUARD_H

#include <pthread.h>
#include <stdatomic.h>

#include "holdfast/types.h"
#include "log/format.h"

struct hf__guard {
	/* Upkeep looks at the newest segment's descriptor under it, and no descriptor of a segment is
	 * closed meanwhile. Before the store's lock. */
	pthread_mutex_t lock;
	_Atomic int64_t looked_at; /* ticks of the newest look at names and descriptors */
	struct hf__position *sealed; /* where the segments that the log has left end: they must stay */
	size_t count, cap, turn; /* of these; the one that is looked at next */
	/* the newest snapshot, that the log may begin behind; size 0: there is none */
	uint64_t snapshot_lsn, snapshot_size;
};

/* For the leader, before it writes to `file`, segment `segment`: 0, or the errno to fail the
 * store with. `now`: ticks; `opens`: it is the segment's first group; `sync`: it will be synced.
 * Not under the lock. */
int hf__guard_write(struct hf_store *s, int file, uint32_t segment, int64_t now, bool opens,
                    bool sync);
/* For upkeep, at most once a second. Not under the lock. HF_OK, or HF_EUNCERTAIN: the store
 * failed by it. */
int hf__guard_upkeep(struct hf_store *s);
/* Closes the descriptor of a segment that the log has left. 0 or an errno value. Not under the
 * lock. */
int hf__guard_close(struct hf_store *s, int file);
/* The log ended there and went on in the next segment (segment 0: it had none). The lock is held,
 * or the store is being opened. */
void hf__sealed_add(struct hf_store *s, struct hf__position end);
/* That snapshot is in place. The lock is held, or the store is being opened. */
void hf__guard_snapshot(struct hf_store *s, uint64_t lsn, uint64_t size);
/* It is kept no more. The lock is held. */
void hf__sealed_drop(struct hf_store *s, uint32_t number);
/* Is the file under this name the segment of that number of another store, as its header says?
 * Such a file is no leftover. */
bool hf__guard_foreign(const struct hf_store *s, const char *name, uint32_t number);

#endif
