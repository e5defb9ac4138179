/* A live copy of a store: docs/backup-design.md.
 *
 * Happy path: what lies at the target is looked at; the plan opens the store's files and finds the
 * end of its log; beside the target a directory is made and filled, the witness after everything
 * that it speaks of, IDENTITY last; all of it is synced, then checked as by fsck; one rename puts
 * it in its place, and the directory above is synced.
 *
 * Failure modes: whatever fails before the rename leaves the target as it was. What a crash leaves
 * has a name of its own, and goes with the next backup to the same name.
 *
 * I-BACKUP-1: no file of a backup is written once it has its name. I-BACKUP-5: nothing has the
 * target's name before all of it was synced, and verified by reading it. I-BACKUP-6: what goes for
 * a backup is an older one of the same store and nothing else, and while its lock is held. */
#include "store/backup/backup.h"

#include <errno.h>

#include "log/sector.h"
#include "store/check/readonly.h"

#define FAILED "nothing was backed up"
#define IDENTITY_TMP HF__NAME_IDENTITY ".tmp"

struct backing {
	const struct hf__backup *how;
	struct hf_error *error;
	struct hf__target target;
	struct hf__plan plan;
	struct hf__beside beside;
	struct hf_backup_facts *facts;
	uint64_t checked; /* bytes, for progress */
};

/* --- Before anything is made ------------------------------------------------------------------ */

/* What is known of a backup that is to go has to be enough to know it. */
static int look_at_target(struct backing *b)
{
	const int rc = hf__target_look(&b->target, true, 0, b->error);
	b->facts->incremental = b->target.os != NULL;
	return rc == HF_ECORRUPT || rc == HF_EVERSION
	           ? hf__fail(b->error, HF_ECONFLICT, 0,
	                      FAILED
	                      ": the directory holds a store or a backup, and what is damaged or "
	                      "of a newer format there never goes: move it away")
	           : rc;
}

static int same_store(const struct backing *b)
{
	const struct hf__identity *older = &b->target.identity, *id = &b->plan.identity;
	if (!b->target.os ||
	    (older->epoch == id->epoch && memcmp(older->uuid, id->uuid, sizeof id->uuid) == 0))
		return HF_OK;
	return hf__fail(b->error, HF_ECONFLICT, 0,
	                FAILED ": the directory holds a backup of another store, or of this one before "
	                       "it was restored or imported");
}

/* --- The directory ---------------------------------------------------------------------------- */

static int failed(struct backing *b, int rc, bool reads)
{
	return reads ? hf__read_failed(b->error, FAILED ": the store could not be read", rc)
	             : hf__os_failed(b->error, FAILED ": a file could not be written", rc);
}

static int copy_parts(struct backing *b)
{
	struct hf__copying copying = {
	    .plan = &b->plan,
	    .parent = b->how->parent,
	    .to = b->beside.os,
	    .older = b->target.os,
	    .link = b->how->link,
	    .meter = b->how->meter,
	    .facts = b->facts,
	};
	for (size_t i = 0; i < b->plan.count; i++) {
		bool reads = false;
		const int rc = hf__copy_part(&copying, &b->plan.parts[i], &reads);
		if (rc)
			return failed(b, rc, reads);
	}
	return HF_OK;
}

static int put_empty_segment(const struct backing *b)
{
	static const uint8_t zeros[HF__BLOCK];
	char name[HF__NAME_MAX];
	if (b->plan.empty == 0)
		return 0;
	hf__segment_name(b->plan.empty, name);
	return hf__put_file(b->beside.os, name, zeros, sizeof zeros);
}

/* It says what is there, and all of it: twice, so that a slot that is lost costs nothing. */
static int put_witness(const struct backing *b)
{
	uint8_t file[HF__WITNESS_SIZE] = {0};
	struct hf__witness word = b->plan.word;
	for (unsigned i = 0; i < 2 && word.generation > 0; i++, word.generation++)
		hf__witness_encode(&b->plan.id, &word,
		                   file + (word.generation & 1) * HF__WITNESS_SLOT_STEP);
	return hf__put_file(b->beside.os, HF__NAME_WITNESS, file, sizeof file);
}

/* Crash: before the rename is durable the directory is no store; after it, it is a whole backup
 * under a name that nothing looks at. */
static int put_identity(struct backing *b)
{
	const struct hf__os *os = b->beside.os;
	uint8_t *bytes = b->plan.identity_bytes;
	struct hf__head head = hf__head_get(bytes);
	head.incompat |= HF__FEATURE_BACKUP;
	hf__head_put(bytes, &head); /* the rest stays, whatever wrote it */
	hf__sector_seal(bytes, 0);
	int rc = hf__put_file(os, IDENTITY_TMP, bytes, HF__IDENTITY_SIZE);
	if (rc == 0)
		rc = os->rename(os->ctx, IDENTITY_TMP, HF__NAME_IDENTITY);
	return rc ? rc : os->sync_dir(os->ctx);
}

static int fill_directory(struct backing *b)
{
	const struct hf__os *os = b->beside.os;
	const int code = copy_parts(b);
	if (code != HF_OK)
		return code;
	int rc = put_empty_segment(b);
	if (rc == 0)
		rc = put_witness(b);
	if (rc == 0)
		rc = os->sync_dir(os->ctx);
	if (rc == 0)
		rc = put_identity(b);
	return rc ? failed(b, rc, false) : HF_OK;
}

/* --- Verified --------------------------------------------------------------------------------- */

static int verdict(struct backing *b, int rc, const struct hf_error *why)
{
	if (b->error)
		*b->error = *why;
	return rc == HF_ECORRUPT
	           ? hf__fail_at(b->error, rc, why->file, why->offset,
	                         FAILED ": a copy does not verify (%s: %.200s); 'holdfast fsck' says "
	                                "whether the store is damaged",
	                         why->file, why->text)
	           : rc;
}

/* Bytes of segments. */
static void checked(void *ctx, uint64_t done, uint64_t total)
{
	struct backing *b = ctx;
	(void)total;
	if (done > b->checked)
		hf__meter_add(b->how->meter, done - b->checked);
	b->checked = done;
}

/* I-BACKUP-5 */
static int verify(struct backing *b)
{
	const struct hf_fsck_options options = {.progress = checked};
	struct hf_fsck_summary sum = {0};
	struct hf_error why = {0};
	const int rc = hf__fsck(b->beside.os, b->how->domains, &options, NULL, b, &sum, &why);
	if (rc != HF_OK)
		return verdict(b, rc, &why);
	return sum.state_checked
	           ? HF_OK
	           : hf__fail(b->error, HF_EIO, 0, FAILED ": not all of the copy could be checked");
}

/* --- All of it -------------------------------------------------------------------------------- */

static int make(struct backing *b)
{
	const struct hf__backup *how = b->how;
	int rc = hf__outside_stores(how->parent->os, FAILED, b->error);
	if (rc == HF_OK)
		rc = look_at_target(b);
	if (rc == HF_OK)
		hf__leftovers_clear(how->parent, b->beside.prefix, false);
	if (rc == HF_OK)
		rc = hf__plan_make(&b->plan, how->source, how->domains, b->error);
	how->meter->total = 2 * b->plan.bytes;
	if (rc == HF_OK)
		rc = same_store(b);
	if (rc == HF_OK)
		rc = hf__beside_make(&b->beside, how->name, b->error);
	if (rc == HF_OK)
		rc = fill_directory(b);
	if (rc == HF_OK)
		rc = verify(b);
	if (rc == HF_OK)
		rc = hf__beside_publish(&b->beside, &b->target, b->error);
	if (rc == HF_OK && b->target.os)
		hf__beside_remove_old(&b->beside, &b->target);
	else if (rc != HF_OK && rc != HF_EUNCERTAIN && b->beside.made)
		hf__beside_abandon(&b->beside);
	return rc;
}

int hf__backup(const struct hf__backup *how, struct hf_backup_facts *facts, struct hf_error *error)
{
	struct backing b = {
	    .how = how,
	    .error = error,
	    .target = {.parent = how->parent, .name = how->name, .backup = true},
	    .facts = facts,
	};
	*facts = (struct hf_backup_facts){0};
	hf__beside_init(&b.beside, how->parent, how->name, "backup", FAILED);
	const int rc = make(&b);
	if (rc == HF_OK) {
		memcpy(facts->uuid, b.plan.identity.uuid, sizeof facts->uuid);
		facts->epoch = b.plan.identity.epoch;
		facts->lsn = b.plan.lsn;
	}
	hf__beside_leave(&b.beside);
	hf__target_leave(&b.target);
	hf__plan_free(&b.plan);
	if (rc == HF_OK)
		hf__leftovers_clear(how->parent, b.beside.prefix, true);
	return rc;
}
