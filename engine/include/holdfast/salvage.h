/* What is left of a damaged store: a new one is built of everything that verifies, and what is lost
 * is named. The damaged one stays as it is, bit for bit. */
#ifndef HOLDFAST_SALVAGE_H
#define HOLDFAST_SALVAGE_H

#include "holdfast/admin.h"
#include "holdfast/transfer.h"

#ifdef __cplusplus
extern "C" {
#endif

struct hf_salvage_options {
	size_t size; /* types.h */
	bool build; /* false: nothing is made; the report says what would be kept and lost */
	bool allow_unsafe_fs; /* as in hf_options */
	uint16_t epoch_above; /* the new epoch is greater than this, too */
	size_t max_objects; /* named with one loss; 0: 100 */
	hf_progress_fn progress; /* may be NULL */
	void *ctx; /* for it, and for the report */
};

struct hf_salvage_domain {
	const char *name;
	uint64_t entries; /* whole entries of it in the log that was read */
	uint64_t kept; /* objects of the new store */
	uint64_t lost; /* objects that were left out, because their payload cannot be read */
};

struct hf_salvage_summary {
	size_t size; /* types.h */
	bool looked; /* false: the source could not be judged, and everything else is zero */
	bool built; /* there is a new store */
	uint8_t uuid[16]; /* of the source */
	uint16_t epoch; /* of the source, as far as it is known */
	bool identity_lost; /* IDENTITY does not say so: what the other files say was taken */
	/* WITNESS says nothing: if the newest entries are gone as well, nothing shows that they ever
	 * were there */
	bool end_unknown;
	hf_lsn snapshot_lsn; /* the state of this place was taken from a snapshot; 0: from the log */
	uint64_t groups; /* whole ones behind it, and those in its segment */
	uint64_t entries; /* in them */
	uint64_t entries_left_out; /* of them: they need something that was lost */
	hf_lsn first_lsn, last_lsn; /* of these entries; 0: none */
	hf_lsn passed_lsn; /* the new store issues greater ones only */
	uint64_t losses; /* reported; 0: nothing is lost */
	uint8_t made_uuid[16]; /* of the new store, if built */
	uint16_t made_epoch;
	uint64_t made_entries; /* of its snapshot */
	size_t domain_count;
	struct hf_salvage_domain domains[HF_FSCK_DOMAINS_MAX];
};

/* Reads the store in directory `from` and, if asked, builds a new one in directory `to`, which must
 * not exist or be empty, in a directory that does. Files are judged by what their headers say: a
 * segment under another name counts, of two copies the better one. The state begins with the
 * snapshot that loses least, or with the log; then every whole group behind it counts, over gaps.
 * An entry that needs what a gap took is left out, and so is an object whose payload cannot be
 * read. `report` (nullable) is told of each loss once, with its place, its LSNs and the objects
 * that are known to be affected; pointers live until it returns.
 *
 * The source is opened for reading only: no lock is taken, nothing is created or changed. The new
 * store has a uuid of its own and an epoch above that of the source and epoch_above; its LSNs go on
 * behind every one that any byte of the source mentions, and 2^20 more. It is built beside, in one
 * step, as an import does (hf_import): `to` is as it was, or whole and verified.
 *
 * HF_OK says that all was done, not that nothing was lost: out->losses does. *out is nullable.
 *
 * Errors: HF_ENOTFOUND (no file of a store), HF_ELOCKED (a writer has it open), HF_EIO (the source
 * cannot be read: copy it first to a disk that can), HF_EVERSION (a newer version wrote some of
 * it), HF_ECORRUPT (what is left makes no sound state), HF_ECANCELED (files changed meanwhile),
 * HF_ECONFLICT (`to` is not empty), HF_ETOOBIG (no epoch or no LSN is left), HF_EACCESS (a
 * symbolic link with the name of a file of the store, too), HF_EUNSAFEFS, HF_ENOSPACE, HF_ENOMEM,
 * HF_EINVAL: nothing was made. HF_EUNCERTAIN: the new store is there; a power loss may take it. */
HF_API HF_CHECKED int hf_salvage(const char *from, const char *to,
                                 const struct hf_salvage_options *options, hf_fsck_fn report,
                                 struct hf_salvage_summary *out, struct hf_error *error);

#ifdef __cplusplus
}
#endif

#endif
