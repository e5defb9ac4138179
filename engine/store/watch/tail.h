/* A place in the log that goes forward: entries that are durable, one after the other, read from
 * the segments by a descriptor of its own. It takes no lock and keeps no writer waiting, so there
 * can be many of them, in this process and in others. */
#ifndef HF_STORE_TAIL_H
#define HF_STORE_TAIL_H

#include "store/recover/recover.h"

struct hf__tail {
	struct hf_store *store; /* os and identity; no lock is taken, no state is looked at */
	struct hf__recovery facts; /* scratch: segments of the directory */
	uint32_t segment; /* 0: before the first one */
	uint32_t offset; /* where the next group begins */
	uint64_t next_lsn; /* what its first LSN is, unless a jump lies between */
	uint64_t previous_hash;
	int file; /* of `segment`, -1: not open */
	struct hf__tail *next, *previous; /* the watch's list of those whose files hf_close closes */
	bool listed;
	/* Bytes of the segment from `bytes_at` on; what lies behind the log's durable end may be
	 * stale. */
	struct hf__writer bytes;
	uint32_t bytes_at;
	/* The group being given: entries left, where the next one lies in `bytes`, and its LSN. */
	uint32_t left;
	size_t entry_at;
	uint64_t entry_lsn;
	uint64_t incarnation; /* that wrote it */
};

void hf__tail_init(struct hf__tail *tail, struct hf_store *store);
void hf__tail_deinit(struct hf__tail *tail);
/* Closes its file; the next use opens it again. */
void hf__tail_close(struct hf__tail *tail);
/* Puts it into the segment that holds `from`, or where `from` would be next; 0: the oldest entry
 * there is. Segments that begin after `limit` do not count. HF_OK, also for an LSN in a jump;
 * HF_EGONE: older than what there is; HF_EIO, HF_ENOMEM, HF_EVERSION. Entries before `from`
 * still come. */
HF_CHECKED int hf__tail_seek(struct hf__tail *tail, uint64_t from, uint64_t limit,
                             struct hf_error *error);
/* Puts it at a known end of a group. */
void hf__tail_put(struct hf__tail *tail, struct hf__position end, uint64_t lsn, uint64_t chain);
/* The next entry, if the log is durable up to it: `limit` is the LSN up to which that is known,
 * the last one of some group. Borrowed until the next call. `skip`: groups that end before this
 * LSN need not be given. HF_OK; HF_ENOTFOUND: nothing up to `limit` is left; HF_ECORRUPT,
 * HF_EIO, HF_EGONE (the segment was removed), HF_ENOMEM, HF_EVERSION: the place stays, the call
 * can be repeated. */
HF_CHECKED int hf__tail_next(struct hf__tail *tail, uint64_t limit, uint64_t skip,
                             struct hf__entry *out, struct hf_error *error);
/* How far the log is durable, as the witness and the header behind the next group tell: for
 * those that do not write it. HF_OK, HF_EIO, HF_ENOMEM. */
HF_CHECKED int hf__tail_learn(struct hf__tail *tail, uint64_t *limit, struct hf_error *error);
/* listed.c: is the segment that it reads still there, as far as a listing says? */
bool hf__tail_listed(struct hf__tail *tail);

#endif
