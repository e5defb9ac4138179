/* One round over the cold files of a store, in steps: docs/scrub.md. For store/scrub alone. */
#ifndef HF_STORE_SCRUB_ROUND_H
#define HF_STORE_SCRUB_ROUND_H

#include "store/internal.h"

#define HF__SCRUB_PIECE (256u << 10)

/* --- file.c: a file that is read in pieces ---------------------------------------------------- */

struct hf__scrub_file {
	const struct hf__os *os;
	char name[HF__NAME_MAX];
	bool open;
	int file;
	uint64_t size;
	struct {
		uint8_t *data;
		size_t cap, len;
		uint64_t at; /* where in the file they begin */
	} window;
	uint64_t read; /* bytes, since it was opened */
};

/* Each returns HF_OK; HF_ECORRUPT; or with fault->os_errno HF_EIO; HF_ENOMEM. */
HF_CHECKED int hf__scrub_open(struct hf__scrub_file *f, const struct hf__os *os, const char *name,
                              struct hf__snapshot_fault *fault);
/* `len` bytes at `at`, until the next call; read with what follows unless they are there. */
HF_CHECKED int hf__scrub_see(struct hf__scrub_file *f, uint64_t at, size_t len, const uint8_t **out,
                             struct hf__snapshot_fault *fault);
/* Are they there already? */
bool hf__scrub_seen(const struct hf__scrub_file *f, uint64_t at, size_t len);
void hf__scrub_file_close(struct hf__scrub_file *f);

/* --- The kinds of file ------------------------------------------------------------------------ */

/* A walk over the groups of a sealed segment. */
struct hf__scrub_walk {
	uint64_t at, next_lsn, previous_hash;
	bool judged; /* the successor says where and how it ends */
	struct hf__segment_header successor;
};

struct hf__scrub_target {
	enum { HF__SCRUB_IDENTITY, HF__SCRUB_SNAPSHOT, HF__SCRUB_SEGMENT } kind;
	uint64_t number; /* of the segment; the snapshot's LSN */
	uint32_t successor; /* of a segment: the next one's number */
	uint64_t size; /* as it was listed */
};

/* segment.c and snapshot.c. Opening reads what the steps need; a step reads one piece at most.
 * *done: the file is through. HF_OK; HF_ECORRUPT, HF_EIO, HF_ENOMEM, HF_EVERSION. */
HF_CHECKED int hf__scrub_segment_open(struct hf__scrub_round *r, struct hf__snapshot_fault *fault);
HF_CHECKED int hf__scrub_segment_step(struct hf__scrub_round *r, bool *done,
                                      struct hf__snapshot_fault *fault);
HF_CHECKED int hf__scrub_snapshot_open(struct hf__scrub_round *r, bool *done,
                                       struct hf__snapshot_fault *fault);
HF_CHECKED int hf__scrub_snapshot_step(struct hf__scrub_round *r, bool *done,
                                       struct hf__snapshot_fault *fault);

/* --- round.c ---------------------------------------------------------------------------------- */

struct hf__scrub_round {
	struct hf_store *store;
	struct hf__scrub_target *targets;
	size_t count, cap, index;
	bool again; /* the file failed once, and is read a second time */
	struct hf__scrub_file file;
	struct hf__scrub_walk walk;
	struct hf__snapshot_reader snapshot;
	struct hf__snapshot_pass pass;
	uint64_t total, before; /* bytes of all files, and of those that are through */
	int code; /* of the first finding; HF_OK: there is none */
	struct hf_error first;
};

/* HF_OK, or HF_ENOMEM, HF_EIO and the like: the files could not be listed. Not under the lock. */
HF_CHECKED int hf__scrub_begin(struct hf_store *s, struct hf__scrub_round **out,
                               struct hf_error *error);
/* One piece, or the end of a file. *bytes: what was read, whatever is returned. HF_OK, also with a
 * finding, which is told; HF_ENOMEM, HF_ENOSPACE: nothing could be looked at, try again. */
HF_CHECKED int hf__scrub_step(struct hf__scrub_round *r, uint64_t *bytes, bool *done,
                              struct hf_error *error);
void hf__scrub_end(struct hf__scrub_round *r); /* NULL is fine */

/* found.c. Counts a finding of the file that is open, unless it is known, and makes it known. */
void hf__scrub_found(struct hf__scrub_round *r, int code, const struct hf__snapshot_fault *fault);
/* The file that is open verifies: what was known of it is no more. */
void hf__scrub_verified(struct hf__scrub_round *r);

#endif
