/* A store out of a snapshot: see build.h, and docs/transfer.md.
 *
 * Happy path: the source becomes a state, which is verified; beside the target a directory is made,
 * with a lock of its own; the state is written there as the snapshot that the log begins behind,
 * under the new store's seeds and content key, then the files of a new store, IDENTITY last; all of
 * it is synced and read back; one rename puts it in its place, and the directory above is synced.
 *
 * Failure modes: whatever fails before the rename leaves the target as it was. After it nothing is
 * removed before the directory above was synced: until then a crash may bring back what was there.
 *
 * I-IMPORT-3: nothing has the target's name before all of it was synced and read back. I-IMPORT-4:
 * a store that goes is removed only once the name of the new one is durable, and never unless its
 * lock is held. I-IMPORT-5: what unfinished work left is never taken for anything, and removed. */
#include "store/transfer/build.h"

#include <errno.h>

#include "store/transfer/beside.h"
#include "store/transfer/state.h"

#define FAILED "nothing was imported"
#define EPOCH_MAX UINT16_MAX

struct building {
	const struct hf__build *how;
	struct hf_error *error;
	struct hf__target target;
	struct hf__loaded loaded;
	struct hf__identity identity;
	struct hf__beside beside; /* the directory that becomes the store */
};

/* --- Before anything is made ------------------------------------------------------------------ */

static int check_machine(struct building *b)
{
	const struct hf__os *os = b->how->parent->os;
	char name[64] = "";
	bool is_volatile = false;
	const int rc = os->safe(os->ctx, name, sizeof name, &is_volatile);
	if (rc == 0 || b->how->allow_unsafe_fs)
		return HF_OK;
	return rc == EOPNOTSUPP
	           ? hf__fail(b->error, HF_EUNSAFEFS, rc,
	                      "the file system (%s) cannot keep the promises of a durable store", name)
	           : hf__os_failed(b->error, "the file system could not be examined", rc);
}

/* LSNs go on from the source's, so that it is the epoch that makes tokens of the new store greater
 * than any that were granted. */
static int choose_epoch(struct building *b, uint16_t *out)
{
	uint32_t epoch = b->loaded.reader.header.epoch;
	if (b->target.os && b->target.identity.epoch > epoch)
		epoch = b->target.identity.epoch;
	if (b->how->epoch_above > epoch)
		epoch = b->how->epoch_above;
	if (epoch >= EPOCH_MAX)
		return hf__fail(b->error, HF_ETOOBIG, 0,
		                FAILED ": no epoch is left above %u, the greatest there is", epoch);
	*out = (uint16_t)(epoch + 1);
	return HF_OK;
}

static int choose_identity(struct building *b)
{
	const struct hf__identity *old = b->target.os ? &b->target.identity : NULL;
	const struct hf_options asked = {
	    .segment_size = b->how->segment_size || !old ? b->how->segment_size : old->segment_size,
	    .pad = b->how->pad || !old ? b->how->pad : old->pad,
	    .wait_us = b->how->wait_us,
	};
	struct hf_options options = {0};
	uint16_t epoch = 0;
	int rc = hf__check_options(&asked, &options, b->error);
	if (rc == HF_OK)
		rc = choose_epoch(b, &epoch);
	if (rc != HF_OK)
		return rc;
	rc = hf__identity_draw(b->how->parent->os, options.segment_size, options.pad, &b->identity);
	b->identity.epoch = epoch;
	if (b->loaded.reader.header.lsn > 0)
		b->identity.incompat |= HF__FEATURE_BEHIND_SNAPSHOT;
	return rc ? hf__os_failed(b->error, FAILED ": the machine gives no randomness", rc) : HF_OK;
}

static int load_source(struct building *b)
{
	const struct hf__build *how = b->how;
	int rc = hf__loaded_verify(&b->loaded, how->source, how->max_bytes, how->meter, b->error);
	b->loaded.has_gaps = how->has_gaps;
	if (rc == HF_OK)
		rc = choose_identity(b);
	return rc == HF_OK ? hf__loaded_make(&b->loaded, how->parent->os, how->domains, &b->identity)
	                   : rc;
}

/* --- The directory ---------------------------------------------------------------------------- */

/* As the log of the new store begins behind it: nothing was written there yet. */
static struct hf__snapshot_header new_header(const struct building *b)
{
	const struct hf__snapshot_header *from = &b->loaded.reader.header;
	struct hf__snapshot_header header = {
	    .format_major = HF__FORMAT_MAJOR,
	    .format_minor = HF__FORMAT_MINOR,
	    .incompat = b->identity.incompat,
	    .epoch = b->identity.epoch,
	    .lsn = from->lsn,
	    .clock = from->clock,
	    .setback = from->setback,
	};
	memcpy(header.uuid, b->identity.uuid, sizeof header.uuid);
	return header;
}

static int write_snapshot(struct building *b, const char *name)
{
	const struct hf__snapshot_header header = new_header(b);
	struct hf__file_sink sink = {.os = b->beside.os, .file = -1, .meter = b->how->meter};
	int rc = b->beside.os->open(b->beside.os->ctx, name, HF__OS_WRITE | HF__OS_CREATE, &sink.file);
	if (rc)
		return hf__os_failed(b->error, FAILED ": a file could not be made", rc);
	const int code = hf__loaded_write(&b->loaded, &header, b->beside.os, hf__sink_of(&sink));
	if (code == HF_OK)
		rc = b->beside.os->sync(b->beside.os->ctx, sink.file);
	const int closed = b->beside.os->close(b->beside.os->ctx, sink.file);
	rc = rc ? rc : closed;
	return code == HF_OK && rc ? hf__os_failed(b->error, FAILED ": a file could not be written", rc)
	                           : code;
}

/* I-IMPORT-3 */
static int fill_directory(struct building *b)
{
	char name[HF__NAME_MAX] = "";
	int rc = HF_OK;
	hf__snapshot_name(b->loaded.reader.header.lsn, name);
	const bool has_state = b->loaded.reader.header.lsn > 0;
	if (has_state)
		rc = write_snapshot(b, name);
	if (rc == HF_OK && has_state)
		rc = hf__read_back(b->beside.os, name, b->how->meter, FAILED, b->error);
	if (rc != HF_OK)
		return rc;
	const int made = hf__create_files(b->beside.os, &b->identity);
	return made ? hf__os_failed(b->error, FAILED ": the new store's files could not be made", made)
	            : HF_OK;
}

/* --- All of it -------------------------------------------------------------------------------- */

static int build(struct building *b)
{
	const struct hf__build *how = b->how;
	int rc = check_machine(b);
	if (rc == HF_OK)
		rc = hf__target_look(&b->target, how->replace, how->wait_us, b->error);
	if (rc == HF_OK)
		hf__leftovers_clear(how->parent, b->beside.prefix, false);
	if (rc == HF_OK)
		rc = load_source(b);
	if (rc == HF_OK)
		rc = hf__beside_make(&b->beside, how->name, b->error);
	if (rc == HF_OK)
		rc = fill_directory(b);
	if (rc == HF_OK)
		rc = hf__beside_publish(&b->beside, &b->target, b->error);
	if (rc == HF_OK && b->target.os)
		hf__beside_remove_old(&b->beside, &b->target);
	else if (rc != HF_OK && rc != HF_EUNCERTAIN && b->beside.made)
		hf__beside_abandon(&b->beside);
	return rc;
}

int hf__build_store(const struct hf__build *how, struct hf_snapshot_file *made,
                    struct hf_error *error)
{
	struct building b = {
	    .how = how, .error = error, .target = {.parent = how->parent, .name = how->name}};
	hf__beside_init(&b.beside, how->parent, how->name, "import", FAILED);
	int rc = hf__outside_stores(how->parent->os, FAILED, error);
	if (rc == HF_OK)
		rc = build(&b);
	if (rc == HF_OK) {
		*made =
		    hf__facts_of(&b.loaded.reader.header, b.loaded.reader.entry_count, how->source.size);
		memcpy(made->uuid, b.identity.uuid, sizeof made->uuid);
		made->epoch = b.identity.epoch;
	}
	hf__beside_leave(&b.beside);
	hf__target_leave(&b.target);
	hf__loaded_free(&b.loaded);
	if (rc == HF_OK)
		hf__leftovers_clear(how->parent, b.beside.prefix, true);
	return rc;
}
