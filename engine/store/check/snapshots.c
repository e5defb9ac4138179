/* Snapshots: every byte, and whether each is of this store and of this log. A damaged one takes
 * nothing away while the log before it is there; it is damage all the same, and the next one that
 * is taken replaces it. */
#include "store/check/check.h"
#include "store/snapshot/base.h"

/* What is wrong with a header whose bytes are whole; NULL: nothing. */
static const char *foreign(struct hf__check *c, const struct hf__snapshot_header *h, uint64_t lsn)
{
	if (!hf__snapshot_header_of(&c->store->id, h))
		return "the snapshot is of another store";
	if (h->exported)
		return "the file is an export, not a snapshot of the store";
	return h->lsn != lsn ? "the snapshot is of another place than its name says" : NULL;
}

/* Was its place removed with the log that a later one covers? */
static bool stood_before(const struct hf__recovery *r, const struct hf__snapshot_header *h)
{
	return r->begins_behind && h->lsn < r->first->header.previous_lsn;
}

/* Is its place in the log? HF_ECORRUPT with *what, or why that cannot be known: noted here. Where
 * the log is damaged nothing can be said. */
static int check_place(struct hf__check *c, const struct hf__snapshot_header *h, const char **what)
{
	char name[HF__NAME_MAX], own[HF__NAME_MAX];
	bool stands = true;
	if (!c->certain)
		return HF_OK;
	hf__segment_name(h->position.segment, name);
	hf__snapshot_name(h->lsn, own);
	const int rc = hf__recovery_stands(&c->r, h, &stands);
	if (rc == HF_ENOMEM)
		c->no_memory = true;
	else if (rc != HF_OK && rc != HF_ECORRUPT)
		hf__check_unread(c, name, rc, c->scratch.os_errno);
	if (rc == HF_OK && !stands && stood_before(&c->r, h))
		(void)hf__check_note(c, HF_FSCK_LEFTOVER, own, 0, 0,
		                     "the log before a later snapshot is gone, and this one with it, as a "
		                     "compaction that was killed leaves it");
	else if (rc == HF_OK && !stands)
		*what = "the snapshot is not of this log";
	return *what ? HF_ECORRUPT : HF_OK;
}

static void report(struct hf__check *c, const char *name, int rc,
                   const struct hf__snapshot_fault *fault)
{
	if (rc == HF_ENOMEM)
		c->no_memory = true;
	else if (rc == HF_EIO)
		hf__check_unread(c, name, rc, fault->os_errno);
	else if (rc == HF_EVERSION)
		(void)hf__check_note(c, HF_FSCK_NEWER, name, fault->at, 0,
		                     "a newer version wrote this snapshot");
	else
		(void)hf__check_note(c, HF_FSCK_DAMAGE, name, fault->at, 0, "%s; openings pass over it%s",
		                     fault->what ? fault->what : "the snapshot is damaged",
		                     !c->certain          ? ""
		                     : c->r.begins_behind ? ", and nothing is missing without it"
		                                          : ", and the log has all of it");
}

static void check_snapshot(struct hf__check *c, uint64_t lsn)
{
	struct hf__base base;
	struct hf__snapshot_fault fault = {0};
	char name[HF__NAME_MAX];
	hf__snapshot_name(lsn, name);
	int rc = hf__base_open(&base, c->store->os, name, &fault);
	if (rc == HF_OK) {
		c->sum.files++;
		c->sum.bytes += base.reader.source.size;
		rc = hf__snapshot_verify(&base.reader, &fault);
	}
	if (rc == HF_OK) {
		fault = (struct hf__snapshot_fault){.what = foreign(c, &base.reader.header, lsn)};
		rc = fault.what ? HF_ECORRUPT : check_place(c, &base.reader.header, &fault.what);
	}
	if (rc != HF_OK)
		report(c, name, rc, &fault);
	hf__base_close(&base);
}

void hf__check_snapshots(struct hf__check *c)
{
	for (size_t i = 0; i < c->r.snapshot_count && !c->no_memory; i++)
		check_snapshot(c, c->r.snapshots[i]);
}
