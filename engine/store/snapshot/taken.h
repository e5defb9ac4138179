/* A snapshot in the making, and what its taker knows afterwards. */
#ifndef HF_STORE_SNAPSHOT_TAKEN_H
#define HF_STORE_SNAPSHOT_TAKEN_H

#include "store/compact/pace.h"
#include "store/snapshot/cut.h"

struct hf__taken {
	struct hf_store *store;
	struct hf__cut_state cut;
	struct hf__moves moves; /* where payloads stand in it, if that was asked for */
	/* private to take.c */
	struct hf_error *error;
	char name[HF__NAME_MAX], tmp[HF__NAME_MAX];
	int file;
	uint64_t written, synced;
	struct hf__pace pace;
};

/* Takes one into the store's directory: durable with HF_OK, else nothing is left. No other is taken
 * until hf__take_end(), which must follow in every case. `rate`: bytes a second, 0: as fast as it
 * goes. Not under the lock. As hf__take_snapshot; HF_ECANCELED: the store is being closed. */
HF_CHECKED int hf__take_begin(struct hf__taken *t, struct hf_store *s, bool moves, uint64_t rate,
                              struct hf_error *error);
void hf__take_end(struct hf__taken *t);

#endif
