/* What a backup consists of: which files of a store, and how much of each. */
#ifndef HF_STORE_BACKUP_PLAN_H
#define HF_STORE_BACKUP_PLAN_H

#include "store/follow/pins.h"
#include "store/recover/recover.h"

struct hf__part {
	char name[HF__NAME_MAX];
	uint64_t len; /* so much of it is the store's */
	uint64_t size; /* of the file in the backup: zeros behind `len` */
	bool still; /* nothing of it is ever written or cut again, whatever becomes of the store */
};

/* A zeroed one holds nothing. Must not move once it was made. */
struct hf__plan {
	const struct hf__os *source; /* the store's directory */
	const struct hf__domains *domains;
	struct hf__pinned pins; /* all that is planned is open in it */
	bool pinned;
	struct hf__identity identity;
	uint8_t identity_bytes[HF__IDENTITY_SIZE]; /* whatever version wrote it */
	struct hf__log_id id;
	struct hf__witness word; /* of the backup; no generation: the log is empty */
	uint32_t empty; /* a segment of zeros stands for the log; 0: there are others */
	struct hf__part *parts;
	size_t count, cap;
	uint64_t bytes; /* of all parts */
	uint64_t lsn; /* the newest that is in it */
};

/* Opens all files of one listing and finds out where the log ends: behind everything that was
 * acknowledged before the call. Takes no lock and changes nothing; beside a writer too. HF_OK,
 * HF_ENOTFOUND, HF_ECORRUPT, HF_EVERSION, HF_EIO, HF_ENOMEM, HF_EACCESS, HF_ELAGGED.
 * hf__plan_free in every case. */
HF_CHECKED int hf__plan_make(struct hf__plan *plan, const struct hf__os *source,
                             const struct hf__domains *domains, struct hf_error *error);
void hf__plan_free(struct hf__plan *plan);

#endif
