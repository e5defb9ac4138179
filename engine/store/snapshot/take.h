/* Taking a snapshot: the cut, the walk, the file. Part of internal.h. */
#ifndef HF_STORE_SNAPSHOT_TAKE_H
#define HF_STORE_SNAPSHOT_TAKE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "store/commit/progress.h"

struct hf_error;

/* What a cut needs of the writer. The store's lock guards it. */
struct hf__taking {
	bool busy; /* one at a time */
	pthread_cond_t turn; /* none is any more */
	bool closed; /* the filling group takes no more: the cut lies behind it */
	struct hf__log_position at; /* of the cut; the chain once its group is durable */
	_Atomic bool stopping; /* the store is being closed: what can be left is left */
};

/* Writes a snapshot of what is there now into the store's directory and waits until it is durable.
 * Not under the lock. HF_OK; HF_EBLOCKED: one is being taken; HF_ENOSPACE, HF_ENOMEM, HF_EIO: the
 * log is as it was and nothing is left; HF_ECORRUPT: a payload is damaged; HF_EUNCERTAIN,
 * HF_EFAILED: the store has failed. */
int hf__take_snapshot(struct hf_store *s, struct hf_error *error);

#endif
