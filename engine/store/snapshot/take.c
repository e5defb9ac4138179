/* Taking a snapshot: docs/snapshots.md. The file is written under a temporary name, synced, read
 * back whole, renamed, and its name synced: until then it is nothing, and the log is as it was.
 * Older ones but the newest go afterwards.
 *
 * I-TAKE-1: no snapshot has its name before all of it was synced and read back. I-TAKE-2: what it
 * holds is durable in the log before that. */
#include "store/snapshot/write.h"

#include <errno.h>

#include "store/snapshot/taken.h"

#define SYNC_BYTES (1u << 20) /* of the file, so that the log's flushes do not wait for all of it */

/* --- The file --------------------------------------------------------------------------------- */

static int write_file(void *ctx, const void *data, size_t len)
{
	struct hf__taken *t = ctx;
	const struct hf__os *os = t->store->os;
	if (!hf__pace(&t->pace, len))
		return ECANCELED;
	int rc = os->write(os->ctx, t->file, data, len, t->written);
	t->written += len;
	if (rc == 0 && t->written - t->synced >= SYNC_BYTES) {
		rc = os->sync(os->ctx, t->file);
		t->synced = t->written;
	}
	return rc;
}

static int why_file(struct hf__taken *t, int rc, int os_errno)
{
	if (os_errno == ECANCELED)
		return hf__fail(t->error, HF_ECANCELED, 0, "the store is being closed");
	if (rc != HF_EIO || os_errno == 0)
		return hf__fail_at(t->error, rc, t->tmp, 0, "no snapshot was taken: %s",
		                   rc == HF_ENOMEM ? "no memory" : "a payload is damaged");
	return hf__os_failed(t->error, "no snapshot was taken: a file could not be written or read",
	                     os_errno);
}

/* Crash: a temporary file, whole or not; the next opening removes it. */
static int make_file(struct hf__taken *t)
{
	const struct hf__os *os = t->store->os;
	hf__snapshot_name(t->cut.header.lsn, t->name);
	hf__snapshot_tmp_name_of(t->cut.header.lsn, t->tmp);
	(void)os->unlink(os->ctx, t->tmp); /* of a try that failed */
	int rc = os->open(os->ctx, t->tmp, HF__OS_WRITE | HF__OS_CREATE, &t->file);
	if (rc)
		return hf__os_failed(t->error, "no snapshot was taken: its file could not be made", rc);
	const struct hf__snapshot_sink sink = {.write = write_file, .ctx = t};
	int os_errno = 0;
	int code = hf__cut_write(&t->cut, sink, NULL, &os_errno);
	if (code != HF_OK)
		code = why_file(t, code, os_errno);
	if (code == HF_OK) {
		rc = os->sync(os->ctx, t->file);
		code = rc ? why_file(t, HF_EIO, rc) : HF_OK;
	}
	rc = os->close(os->ctx, t->file);
	return code == HF_OK && rc ? why_file(t, HF_EIO, rc) : code;
}

/* I-TAKE-1: as a reader finds it. */
static int read_back(struct hf__taken *t)
{
	struct hf__base written;
	struct hf__snapshot_fault fault;
	int rc = hf__base_open(&written, t->store->os, t->tmp, &fault);
	if (rc == HF_OK)
		rc = hf__snapshot_verify(&written.reader, &fault);
	hf__base_close(&written);
	if (rc == HF_OK)
		return rc;
	return rc == HF_ECORRUPT
	           ? hf__fail_at(t->error, HF_EIO, t->tmp, fault.at,
	                         "no snapshot was taken: what was written is not what is read")
	           : why_file(t, rc, fault.os_errno);
}

/* From here on less is to be replayed, and that much lives: compact/due.c. */
static void count_logged(struct hf__taken *t)
{
	struct hf__compaction *c = &t->store->compaction;
	(void)pthread_mutex_lock(&t->store->lock);
	c->live_bytes = t->written;
	c->live_entries = t->cut.live;
	c->logged -= t->cut.logged;
	c->entries -= t->cut.entries;
	(void)pthread_mutex_unlock(&t->store->lock);
}

/* Crash: the name, or the temporary one, stands for a whole file. */
static int publish(struct hf__taken *t)
{
	struct hf_store *s = t->store;
	int rc = s->os->rename(s->os->ctx, t->tmp, t->name);
	if (rc)
		return hf__os_failed(t->error, "no snapshot was taken: it could not be renamed", rc);
	rc = s->os->sync_dir(s->os->ctx);
	if (rc == 0) {
		(void)pthread_mutex_lock(&s->lock);
		hf__guard_snapshot(s, t->cut.header.lsn, t->written);
		(void)pthread_mutex_unlock(&s->lock);
		count_logged(t);
		return HF_OK;
	}
	/* What the directory holds is unknowable: new segments are in it too. */
	(void)pthread_mutex_lock(&s->lock);
	hf__fault(s, rc);
	(void)pthread_mutex_unlock(&s->lock);
	return hf__fail(t->error, HF_EUNCERTAIN, rc,
	                "syncing the directory failed (error %d): reopen the store", rc);
}

/* --- Older ones ------------------------------------------------------------------------------- */

struct older {
	uint64_t newest, second; /* kept */
	uint64_t victim;
};

static int note_second(void *arg, const char *name)
{
	struct older *o = arg;
	uint64_t lsn;
	if (hf__snapshot_name_parse(name, &lsn) && lsn < o->newest && lsn > o->second)
		o->second = lsn;
	return 0;
}

static int find_victim(void *arg, const char *name)
{
	struct older *o = arg;
	return hf__snapshot_name_parse(name, &o->victim) && o->victim < o->second ? -1 : 0;
}

/* The one before stays, should this one be damaged one day. A failure costs room and nothing
 * else. */
static void remove_older(struct hf__taken *t)
{
	const struct hf__os *os = t->store->os;
	struct older o = {.newest = t->cut.header.lsn};
	if (os->list(os->ctx, note_second, &o) != 0)
		return;
	while (os->list(os->ctx, find_victim, &o) == -1) {
		char name[HF__NAME_MAX];
		hf__snapshot_name(o.victim, name);
		/* Crash: it is there or not; nothing needs it. */
		if (os->unlink(os->ctx, name) != 0)
			return;
	}
}

/* --- All of it -------------------------------------------------------------------------------- */

static int take(struct hf__taken *t)
{
	int rc = make_file(t);
	if (rc == HF_OK)
		rc = read_back(t);
	if (rc != HF_OK)
		(void)t->store->os->unlink(t->store->os->ctx, t->tmp);
	else
		rc = publish(t);
	return rc;
}

int hf__take_begin(struct hf__taken *t, struct hf_store *s, bool moves, uint64_t rate,
                   struct hf_error *error)
{
	*t = (struct hf__taken){.store = s, .error = error, .file = -1};
	const int rc = hf__cut_begin(&t->cut, s, error);
	t->cut.moves = moves ? &t->moves : NULL;
	hf__pace_begin(&t->pace, s, rate);
	return rc == HF_OK ? take(t) : rc;
}

void hf__take_end(struct hf__taken *t)
{
	hf__moves_deinit(&t->moves);
	hf__cut_end(&t->cut);
}

int hf__take_snapshot(struct hf_store *s, struct hf_error *error)
{
	struct hf__taken t;
	const int rc = hf__take_begin(&t, s, false, 0, error);
	if (rc == HF_OK)
		remove_older(&t);
	hf__take_end(&t);
	return rc;
}

int hf_snapshot(hf_store *store, struct hf_error *error)
{
	HF__CALL;
	int rc = hf__call_begin_writable(store, error); /* closing waits for it */
	if (rc != HF_OK)
		return rc;
	const int64_t began = hf__job_begin(store, &store->counts.snapshot);
	HF__PROBE1(snapshot__begin, store);
	rc = hf__take_snapshot(store, error);
	HF__PROBE2(snapshot__end, store, rc);
	hf__job_end(store, &store->counts.snapshot, began, rc);
	hf__call_end(store);
	return rc;
}
