/* Export: docs/transfer.md. The state at one LSN as a file that is bound to no store, while writers
 * go on.
 *
 * Happy path: the cut is taken and made durable as for a snapshot; what is said about the log is
 * left out; the file is written beside its name, synced, read back and verified, renamed, and the
 * directory is synced. A stream is written in one pass.
 *
 * Failure modes: nothing of that name appears before all of it was verified; what a crash leaves
 * has another name, is never adopted, and goes with the next export to that name.
 *
 * I-EXPORT-1: what lies behind the header depends on the state alone. I-EXPORT-2: no export has its
 * name before all of it was synced and read back. */
#include "store/transfer/transfer.h"

#include <errno.h>

#include "store/snapshot/write.h"

#define FAILED "nothing was exported"
/* Of the features that a log needs: it may begin behind a snapshot, it is a backup's. */
#define LOG_FEATURES 3u

/* --- One pass --------------------------------------------------------------------------------- */

static int why(int rc, int os_errno, struct hf_error *error)
{
	if (rc == HF_EIO && os_errno)
		return hf__os_failed(error, FAILED ": a file could not be written or read", os_errno);
	return hf__fail(error, rc, os_errno, FAILED ": %s",
	                rc == HF_ENOMEM     ? "no memory"
	                : rc == HF_ECORRUPT ? "a payload of the store is damaged"
	                                    : "a payload could not be read");
}

struct counting {
	struct hf__snapshot_sink to;
	uint64_t bytes;
};

static int count_and_write(void *ctx, const void *data, size_t len)
{
	struct counting *counting = ctx;
	counting->bytes += len;
	return counting->to.write(counting->to.ctx, data, len);
}

/* I-EXPORT-1: where the log stands, and which opening this is, say nothing about the state. */
static void unbind(struct hf__snapshot_header *header)
{
	header->exported = true;
	header->position = (struct hf__position){0, 0};
	header->chain = 0;
	header->incarnation_lsn = 0;
	header->incompat &= ~LOG_FEATURES;
}

/* A compaction may be under way at any time, so that this waits for its turn. */
static int begin_cut(struct hf__cut_state *cut, struct hf_store *store, struct hf_error *error)
{
	for (;;) {
		int rc = hf__cut_begin(cut, store, error);
		if (rc != HF_EBLOCKED)
			return rc;
		hf__cut_end(cut);
		rc = hf__cut_turn(store, error);
		*cut = (struct hf__cut_state){.sorter.spill = -1};
		if (rc != HF_OK)
			return rc;
	}
}

int hf__export_to(struct hf_store *store, struct hf__snapshot_sink sink,
                  struct hf_snapshot_file *facts, struct hf_error *error)
{
	struct counting counting = {.to = sink};
	struct hf__cut_state cut;
	int os_errno = 0;
	int rc = begin_cut(&cut, store, error);
	if (rc == HF_OK) {
		const struct hf__snapshot_sink counted = {.write = count_and_write, .ctx = &counting};
		uint64_t entries = 0;
		unbind(&cut.header);
		rc = hf__cut_write(&cut, counted, &entries, &os_errno);
		*facts = hf__facts_of(&cut.header, entries, counting.bytes);
		if (rc != HF_OK)
			rc = why(rc, os_errno, error);
	}
	hf__cut_end(&cut);
	return rc;
}

/* --- A file ----------------------------------------------------------------------------------- */

struct exporting {
	struct hf_store *store;
	const struct hf__parent *parent;
	const char *name;
	char prefix[HF__PARENT_NAME_MAX], tmp[HF__PARENT_NAME_MAX];
	bool replace;
	struct hf__meter meter;
	struct hf_error *error;
};

static int find_leftover(void *arg, const char *name)
{
	struct exporting *e = arg;
	if (!hf__beside_is(e->prefix, name))
		return 0;
	memcpy(e->tmp, name, strlen(name) + 1);
	return -1;
}

/* Of exports that ended in the middle. One that is under way to the same name fails by it. */
static void clear_leftovers(struct exporting *e)
{
	const struct hf__os *os = e->parent->os;
	while (os->list(os->ctx, find_leftover, e) == -1)
		if (os->unlink(os->ctx, e->tmp) != 0)
			return; /* it is in no file's way */
}

static int in_the_way(struct exporting *e)
{
	return hf__fail(e->error, HF_ECONFLICT, 0, FAILED ": there is something of that name already");
}

/* Before the work is done; the rename says it once more. */
static int check_free(struct exporting *e)
{
	const struct hf__os *os = e->parent->os;
	int file = -1;
	if (e->replace)
		return HF_OK;
	const int rc = os->open(os->ctx, e->name, 0, &file);
	if (rc == 0)
		(void)os->close(os->ctx, file);
	return rc == ENOENT ? HF_OK : in_the_way(e);
}

/* Crash: a file under a name that is no export's. */
static int make_file(struct exporting *e, struct hf_snapshot_file *facts)
{
	const struct hf__os *os = e->parent->os;
	struct hf__file_sink sink = {.os = os, .file = -1, .meter = &e->meter};
	int rc = hf__beside_name(os, e->prefix, e->tmp);
	if (rc == 0)
		rc = os->open(os->ctx, e->tmp, HF__OS_WRITE | HF__OS_CREATE | HF__OS_PRIVATE, &sink.file);
	if (rc)
		return hf__os_failed(e->error, FAILED ": its file could not be made", rc);
	int code = hf__export_to(e->store, hf__sink_of(&sink), facts, e->error);
	if (code == HF_OK) {
		rc = os->sync(os->ctx, sink.file);
		code = rc ? why(HF_EIO, rc, e->error) : HF_OK;
	}
	rc = os->close(os->ctx, sink.file);
	return code == HF_OK && rc ? why(HF_EIO, rc, e->error) : code;
}

/* Crash: the name stands for what it stood for, or for a whole export. */
static int publish(struct exporting *e)
{
	const struct hf__parent *parent = e->parent;
	const struct hf__os *os = parent->os;
	int rc = e->replace ? os->rename(os->ctx, e->tmp, e->name)
	                    : parent->rename_new(parent->ctx, e->tmp, e->name);
	if (rc == EEXIST)
		return in_the_way(e);
	if (rc)
		return hf__os_failed(e->error, FAILED ": the file could not be renamed", rc);
	rc = os->sync_dir(os->ctx);
	return rc ? hf__fail(e->error, HF_EUNCERTAIN, rc,
	                     "the file is there, but its directory could not be synced (error %d)", rc)
	          : HF_OK;
}

static int export_file(struct exporting *e, struct hf_snapshot_file *facts)
{
	const struct hf__os *os = e->parent->os;
	int rc = hf__outside_stores(os, FAILED, e->error);
	if (rc == HF_OK)
		rc = check_free(e);
	if (rc != HF_OK)
		return rc;
	clear_leftovers(e);
	e->tmp[0] = '\0';
	rc = make_file(e, facts);
	e->meter.total = 2 * facts->bytes;
	if (rc == HF_OK)
		rc = hf__read_back(os, e->tmp, &e->meter, FAILED, e->error);
	if (rc == HF_OK)
		rc = publish(e);
	if (rc != HF_OK && rc != HF_EUNCERTAIN && e->tmp[0])
		(void)os->unlink(os->ctx, e->tmp);
	return rc;
}

int hf__export(struct hf_store *store, const struct hf__parent *parent, const char *name,
               const struct hf_export_options *options, struct hf_snapshot_file *out,
               struct hf_error *error)
{
	struct hf_snapshot_file facts = {0};
	struct exporting e = {
	    .store = store,
	    .parent = parent,
	    .name = name,
	    .replace = options->replace,
	    .meter = {.fn = options->progress, .ctx = options->ctx},
	    .error = error,
	};
	hf__beside_prefix(name, "export", e.prefix);
	const int rc = export_file(&e, &facts);
	if (rc == HF_OK) {
		hf__meter_end(&e.meter);
		hf__give(&hf__api_snapshot_file, out, &facts);
	}
	return rc;
}
