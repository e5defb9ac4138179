/* Backups: a live, verified copy of a store as a directory, and the way back.
 *
 * A backup bears the uuid and epoch of its store and is never written: hf_open answers
 * HF_EREADONLY, and changes nothing. hf_open_read, hf_fsck and hf_log_each work on it. hf_restore
 * makes a store of its state. docs/backups.md says how often, and what other ways of copying do. */
#ifndef HOLDFAST_BACKUP_H
#define HOLDFAST_BACKUP_H

#include "holdfast/transfer.h"

#ifdef __cplusplus
extern "C" {
#endif

struct hf_backup_options {
	size_t size; /* types.h */
	/* What is never written again gets a second name instead of a copy, on the same file system:
	 * quick and small, and lost with the disk that the store is lost with. */
	bool link;
	hf_progress_fn progress; /* may be NULL */
	void *ctx; /* for it */
};

/* What a backup is. */
struct hf_backup_facts {
	size_t size; /* types.h */
	uint8_t uuid[16]; /* of the store */
	uint16_t epoch;
	bool incremental; /* it took the place of an older one */
	hf_lsn lsn; /* of the newest entry in it; 0: the state is empty */
	uint64_t files; /* of log and snapshots */
	uint64_t bytes; /* of them */
	/* Of `bytes`: copied; shared with the store as blocks (a reflink); with a second name in the
	 * store; kept from the older backup. */
	uint64_t copied, shared, linked, kept;
};

/* Copies the store in directory `path` to directory `dest`, beside its writer: without a
 * lock and without permission to write it. It holds everything that was acknowledged before the
 * call, and whole transactions only. It is written beside under another name, synced, verified as
 * by hf_fsck, which takes the memory of the state, and put in its place by one rename: there is a
 * whole backup of that name, or it is as before. What a failure left is removed by the next backup
 * to that name.
 *
 * `dest` must not exist, be empty, or hold an older backup of this store. That one goes in one
 * step; what is the same in both is not copied again.
 *
 * *out (nullable) says what was done. Errors: HF_ENOTFOUND (no store at `path`), HF_ECORRUPT (the
 * store is damaged: hf_fsck says where), HF_EVERSION, HF_ECONFLICT (`dest` holds something else,
 * or the file system cannot exchange names), HF_ELOCKED (another backup goes there), HF_ELAGGED
 * (the store's files change faster than they can be opened), HF_EACCESS, HF_ENOSPACE, HF_ENOMEM,
 * HF_EIO, HF_EINVAL: `dest` is as it was. HF_EUNCERTAIN: it is as it was, or whole. Thread-safe. */
HF_API HF_CHECKED int hf_backup(const char *path, const char *dest,
                                const struct hf_backup_options *options,
                                struct hf_backup_facts *out, struct hf_error *error);

struct hf_restore_options {
	size_t size; /* types.h */
	bool replace; /* the store in the directory goes, in one step; else that is HF_ECONFLICT */
	bool allow_unsafe_fs; /* as in hf_options */
	uint16_t epoch_above; /* the new epoch is greater than this, too */
	int64_t wait_us; /* how long to wait for the lock of the store that goes; -1: forever */
	hf_progress_fn progress; /* may be NULL */
	void *ctx; /* for it */
};

/* Makes a store of the state in directory `backup`: in `directory`, as hf_import does, and with
 * the same guarantees. It has a uuid of its own and an epoch above those of the backup, of the
 * store that goes, and of epoch_above, so that no token is issued twice; LSNs go on from the
 * backup's. What was held without a lease is held no longer. The backup stays as it is. Takes a
 * store that was copied in another way, too.
 *
 * *out (nullable) describes the new store; its `bytes` are those of the state in between. Errors:
 * HF_ENOTFOUND (nothing at `backup`), and those of hf_import. Thread-safe. */
HF_API HF_CHECKED int hf_restore(const char *backup, const char *directory,
                                 const struct hf_restore_options *options,
                                 struct hf_snapshot_file *out, struct hf_error *error);

#ifdef __cplusplus
}
#endif

#endif
