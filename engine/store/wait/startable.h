/* What a domain says of a call that can be waited for without a thread. */
#ifndef HF_STORE_STARTABLE_H
#define HF_STORE_STARTABLE_H

#include "store/domain.h"

/* As hf__mutate_wait(), without a thread (holdfast/wait.h): a kind of call that can be started. Its
 * arguments are a copy that lives as long as the wait, and begin as struct hf__args does. */
struct hf__startable {
	const struct hf__verb *verb;
	/* Gives back what `verb` granted by these arguments and this result, uncounted; emits nothing
	 * for what is not held by that token any more. */
	const struct hf__verb *back;
	/* NULL: out of memory. `result` is the wait's, which lives as long. */
	void *(*copy)(struct hf__arena *arena, const void *args, const struct hf_result *result);
	/* Was it refused because upkeep has to log endings first? `settle` does it, without the lock.
	 * NULL: it never is. */
	bool (*again)(void *args);
	int (*settle)(struct hf_store *store, struct hf_error *error);
	void (*drop)(void *args); /* frees what was granted, if it was not taken; NULL: no memory */
	/* What the end of its time makes of `rc`; NULL: nothing. */
	int (*late)(const void *args, int rc, struct hf_error *error);
};
/* Public calls that start one are one call of this: *out is the caller's, to be freed with
 * hf_wait_free(). `args` are as `verb` takes them. */
HF_CHECKED int hf__wait_start(struct hf_store *store, const struct hf__startable *what,
                              const void *args, int64_t wait_us, struct hf_wait **out,
                              struct hf_error *error);
/* Takes the answer of one that was started so: its code, and its arguments and result as they are
 * then. *taken: it is the caller's now, with what was granted; else there was nothing to take. */
HF_CHECKED int hf__wait_take(struct hf_wait *wait, const struct hf__startable *what, void **args,
                             struct hf_result *result, bool *taken, struct hf_error *error);

#endif
