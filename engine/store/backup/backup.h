/* Backups over any seam: docs/backup-design.md.
 *
 *   plan.c     which files of a store, and how much of each
 *   copy.c     one of them into the new directory
 *   backup.c   all of it: beside, verified, in its place
 *   restore.c  a store out of a backup
 *   public.c   the calls over the real disk */
#ifndef HF_STORE_BACKUP_H
#define HF_STORE_BACKUP_H

#include "holdfast/backup.h"
#include "store/backup/plan.h"
#include "store/transfer/beside.h"

struct hf__backup {
	const struct hf__os *source; /* the store's directory */
	const struct hf__parent *parent; /* where the backup is to stand */
	const char *name; /* of it */
	const struct hf__domains *domains;
	bool link;
	struct hf__meter *meter;
};

/* As hf_backup. */
HF_CHECKED int hf__backup(const struct hf__backup *how, struct hf_backup_facts *facts,
                          struct hf_error *error);

struct hf__restore {
	const struct hf__os *backup; /* its directory */
	const struct hf__parent *parent; /* where the store is to stand */
	const char *name; /* of it */
	const struct hf__domains *domains;
	const struct hf_restore_options *options;
	struct hf__meter *meter;
};

/* As hf_restore. */
HF_CHECKED int hf__restore(const struct hf__restore *how, struct hf_snapshot_file *made,
                           struct hf_error *error);

/* copy.c. Into `to`, a directory that is being built. */
struct hf__copying {
	const struct hf__plan *plan;
	const struct hf__parent *parent;
	const struct hf__os *to;
	const struct hf__os *older; /* the backup that goes; NULL: there is none */
	bool link;
	struct hf__meter *meter;
	struct hf_backup_facts *facts;
};
/* One part, durable but for its name: kept from the older backup if it is there and the same, else
 * a second name, else shared blocks, else a copy. 0 or an errno value; *reads: reading failed. */
HF_CHECKED int hf__copy_part(struct hf__copying *c, const struct hf__part *part, bool *reads);
/* A small file, durable but for its name. */
HF_CHECKED int hf__put_file(const struct hf__os *os, const char *name, const void *data,
                            size_t len);

#endif
