/* A snapshot from wherever as a state in memory, with every rule checked that a file can break. */
#ifndef HF_STORE_TRANSFER_STATE_H
#define HF_STORE_TRANSFER_STATE_H

#include "store/transfer/transfer.h"

/* A zeroed one holds nothing. */
struct hf__loaded {
	struct hf_store *store; /* its states; never opened: nothing of it is on a disk */
	struct hf__snapshot_reader reader; /* where its payloads are */
	struct hf__content_digest {
		struct hf__hash128 hash;
		uint64_t entries;
	} found, given; /* by the file; by the state that was made of it */
	uint64_t incarnations;
	struct hf__incarnation last;
	struct hf__writer scratch;
	struct hf__cut_state cut;
	struct hf__meter *meter;
	struct hf__metered source;
	bool has_gaps; /* build.h */
	struct hf_error *error;
	/* why a walk ended, if it is not the file's own fault */
	const char *why;
	uint64_t lsn; /* of the entry that it came to */
};

/* Opens the file and verifies every block. max_bytes: of entries once decompressed; 0: 64 MiB and
 * 1,000 times the file. The caller looks at l->reader.header then. hf__loaded_free in every case.
 * HF_OK, HF_ECORRUPT, HF_EVERSION (the header's frozen head is there), HF_ETOOBIG, HF_EIO,
 * HF_ENOMEM. */
HF_CHECKED int hf__loaded_verify(struct hf__loaded *l, struct hf__snapshot_source source,
                                 uint64_t max_bytes, struct hf__meter *meter,
                                 struct hf_error *error);
/* Makes the state of it, by the same apply as an opening does, for a store of this identity; every
 * domain verifies it. HF_OK, HF_ECORRUPT, HF_EVERSION, HF_EIO, HF_ENOMEM. */
HF_CHECKED int hf__loaded_make(struct hf__loaded *l, const struct hf__os *os,
                               const struct hf__domains *domains,
                               const struct hf__identity *identity);
/* Writes the state as a snapshot with `header`, and finds out whether the file was what a state
 * gives: each object once, in order, each payload there. `spill` (nullable): where what is sorted
 * may lie. HF_OK, HF_ECORRUPT, HF_EIO, HF_ENOMEM. */
HF_CHECKED int hf__loaded_write(struct hf__loaded *l, const struct hf__snapshot_header *header,
                                const struct hf__os *spill, struct hf__snapshot_sink sink);
void hf__loaded_free(struct hf__loaded *l);

#endif
