/* When a compaction begins by itself, and its thread. Part of internal.h. */
#ifndef HF_STORE_DUE_H
#define HF_STORE_DUE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct hf_store;

/* What lies behind the newest snapshot, and what that holds. The lock guards it. */
struct hf__compaction {
	uint64_t logged, entries; /* bytes of groups and entries since the newest snapshot */
	uint64_t live_bytes, live_entries; /* of that snapshot; 0: there is none */
	int64_t retry_at; /* ticks: not before, after one that failed */
	uint64_t done; /* so many ended well */
	pthread_t thread;
	pthread_cond_t wake; /* it sleeps here */
	bool started; /* to be joined; the thread that set at_work writes it */
	bool wanted;
	_Atomic bool at_work;
};

/* For upkeep, not under the lock: if one is due, a thread begins it. Without threads, and where the
 * host asked for all that is due, this call does it, or waits for the thread that does. HF_OK, also
 * where it failed for want of room or memory; HF_EUNCERTAIN: the store has failed. */
int hf__compact_upkeep(struct hf_store *s, bool asked);
/* For hf_close: what is under way is given up. Not under the lock. */
void hf__compact_stop(struct hf_store *s);

#endif
