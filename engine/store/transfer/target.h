/* Where a store is to be put, what lies there, and what unfinished work left beside it. */
#ifndef HF_STORE_TRANSFER_TARGET_H
#define HF_STORE_TRANSFER_TARGET_H

#include "store/transfer/transfer.h"

struct hf__target {
	const struct hf__parent *parent;
	const char *name;
	bool backup; /* what may go is a backup, and no store; else the other way round */
	/* A store that is to go: its directory, with its lock held. NULL: there is none, or an empty
	 * directory. */
	struct hf__os *os;
	struct hf__identity identity; /* of that store */
};

/* HF_OK; HF_ECONFLICT: something is there that may not go; HF_ELOCKED; HF_EVERSION, HF_ECORRUPT:
 * what is known of the store that is to go is not enough; HF_EACCESS, HF_EIO, HF_ENOMEM. Changes
 * nothing but the file of a lock. hf__target_leave in every case. */
HF_CHECKED int hf__target_look(struct hf__target *t, bool replace, int64_t wait_us,
                               struct hf_error *error);
void hf__target_leave(struct hf__target *t);

/* Removes every file, IDENTITY last. 0 or an errno value. */
int hf__directory_empty(const struct hf__os *os);
/* Removes what imports that ended in the middle left beside the target: directories of this prefix
 * without a builder. Those with an IDENTITY only with `whole`: a store that was replaced is
 * one, and until the sync of the new one's name nothing is known of which of the two a crash
 * leaves. */
void hf__leftovers_clear(const struct hf__parent *parent, const char *prefix, bool whole);

#endif
