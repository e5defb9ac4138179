/* A store out of a backup: docs/backup-design.md.
 *
 * Happy path: a read-only handle loads the backup's state, which is written as an export into a
 * directory of its own beside the target; a store is built of that file as an import does it. So
 * the new store has another uuid, and an epoch above the backup's.
 *
 * Failure modes: those of an import: the target is as it was, or the whole new store. What a crash
 * leaves beside it goes with the next restore there.
 *
 * I-BACKUP-7: no file of the backup, or of the store that is read in its place, is changed. */
#include "store/backup/backup.h"
#include "store/follow/follow.h"
#include "store/transfer/build.h"

#define FAILED "nothing was restored"
#define NAME_FILE "snapshot-000000000000.tmp" /* a name of a store's files: it goes with them */

struct restoring {
	const struct hf__restore *how;
	struct hf_error *error;
	struct hf_store *store; /* the backup, read only */
	struct hf__beside beside; /* where the state is kept meanwhile */
	struct hf__file_source file;
	uint64_t size;
	uint32_t segment_size, pad;
};

/* --- The state as a file ---------------------------------------------------------------------- */

/* Crash: a directory without IDENTITY, which the next restore removes. */
static int keep_state(struct restoring *r)
{
	const struct hf__os *os = r->beside.os;
	struct hf__file_sink sink = {.os = os, .file = -1, .meter = r->how->meter};
	struct hf_snapshot_file facts = {0};
	const int made = os->open(os->ctx, NAME_FILE, HF__OS_WRITE | HF__OS_CREATE, &sink.file);
	if (made)
		return hf__os_failed(r->error, FAILED ": a file could not be made", made);
	r->file = (struct hf__file_source){.os = os, .file = sink.file};
	r->segment_size = r->store->identity.segment_size;
	r->pad = r->store->identity.pad;
	const int rc = hf__export_to(r->store, hf__sink_of(&sink), &facts, r->error);
	r->size = sink.written;
	return rc;
}

static int load(struct restoring *r)
{
	const struct hf__restore *how = r->how;
	const struct hf_options options = {.no_refresh = true}; /* one state */
	int rc = hf__store_open_read(how->backup, how->domains, &options, &r->store, r->error);
	if (rc != HF_OK)
		return rc;
	hf__leftovers_clear(how->parent, r->beside.prefix, false);
	rc = hf__beside_make(&r->beside, NULL, r->error);
	return rc == HF_OK ? keep_state(r) : rc;
}

/* --- The store -------------------------------------------------------------------------------- */

static int build(struct restoring *r, struct hf_snapshot_file *made)
{
	const struct hf__restore *how = r->how;
	const struct hf_restore_options *options = how->options;
	const struct hf__build build = {
	    .parent = how->parent,
	    .name = how->name,
	    .domains = how->domains,
	    .source = hf__file_source_of(&r->file, r->size),
	    .replace = options->replace,
	    .allow_unsafe_fs = options->allow_unsafe_fs,
	    .epoch_above = options->epoch_above,
	    .segment_size = r->segment_size,
	    .pad = r->pad,
	    .wait_us = options->wait_us,
	    .max_bytes = UINT64_MAX, /* it was just written */
	    .meter = how->meter,
	};
	how->meter->total = 5 * r->size;
	return hf__build_store(&build, made, r->error);
}

static void close_backup(struct restoring *r)
{
	if (!r->store)
		return;
	hf__follow_close(r->store);
	hf__store_free(r->store);
	r->store = NULL;
}

int hf__restore(const struct hf__restore *how, struct hf_snapshot_file *made,
                struct hf_error *error)
{
	struct restoring r = {.how = how, .error = error, .file = {.file = -1}};
	hf__beside_init(&r.beside, how->parent, how->name, "restore", FAILED);
	int rc = load(&r);
	close_backup(&r); /* its memory */
	if (rc == HF_OK)
		rc = build(&r, made);
	if (r.file.file >= 0)
		(void)r.file.os->close(r.file.os->ctx, r.file.file); /* it goes with its directory */
	hf__beside_abandon(&r.beside);
	return rc;
}
