/* A store directory out of a snapshot, from wherever: what import does, and whatever else makes a
 * store of another one's state. */
#ifndef HF_STORE_TRANSFER_BUILD_H
#define HF_STORE_TRANSFER_BUILD_H

#include "store/transfer/transfer.h"

struct hf__build {
	const struct hf__parent *parent; /* where the directory is to stand */
	const char *name; /* of it */
	const struct hf__domains *domains;
	struct hf__snapshot_source source; /* bound to a store or not; need not be trusted */
	bool replace; /* the store that is there goes */
	bool allow_unsafe_fs;
	/* The uuid is new. The epoch is one above those of the source, of the store that goes, and
	 * this. */
	uint32_t epoch_above;
	uint32_t segment_size, pad; /* 0: as the store that goes has them, else the defaults */
	int64_t wait_us; /* for the lock of the store that goes */
	uint64_t max_bytes; /* of entries; 0: a multiple of the source */
	/* The source is of a state with gaps: what that does not give again (a container that lost its
	 * objects) is left out, and no damage. */
	bool has_gaps;
	struct hf__meter *meter;
};

/* Verifies all of the source, builds the store beside, and puts it in its place by one rename.
 * *made describes the new store. Codes as for hf_import. */
HF_CHECKED int hf__build_store(const struct hf__build *how, struct hf_snapshot_file *made,
                               struct hf_error *error);

/* An empty file without a name beside `name`, for writing and reading. 0 or an errno value. */
HF_CHECKED int hf__spool_file(const struct hf__parent *parent, const char *name, int *file);
/* Keeps what `read` gives, up to its end, in a file without a name beside `name`: for a source that
 * cannot be read at any place. *file is open; close it with the parent's seam. HF_OK, HF_ETOOBIG:
 * more than `most` bytes; HF_ENOSPACE, HF_EIO, HF_ENOMEM. */
typedef int (*hf__stream_fn)(void *ctx, void *buffer, size_t len, size_t *got);
HF_CHECKED int hf__spool(const struct hf__parent *parent, const char *name, hf__stream_fn read,
                         void *ctx, uint64_t most, int *file, uint64_t *size,
                         struct hf_error *error);

#endif
