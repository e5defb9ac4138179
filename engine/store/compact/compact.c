/* Compaction, behind its snapshot. In this order, each step whole before the next:
 *
 *   1. the snapshot is synced, read back, renamed, its name synced (snapshot/take.c)
 *   2. IDENTITY says that the log may begin behind a snapshot; synced, its name synced
 *   3. payloads are read from the snapshot from here on, by the lookups from now on
 *   4. the lookups from before have read
 *   5. segments and snapshots before it go, the oldest first; the directory is synced
 *
 * Crash: before 5 the log is all there. In 5 a run of the oldest segments is gone, or, where the
 * disk keeps removals in another order, some of them: the chain back from the newest segment ends
 * at the first that is missing, which the snapshot covers; what is older is a leftover. */
#include "store/compact/compact.h"

#include "store/snapshot/base.h"
#include "store/snapshot/taken.h"

/* Step 2. Crash: the old IDENTITY or the new one, and the log all there for either. */
static int say_behind_snapshot(struct hf_store *s, struct hf_error *error)
{
	if (s->identity.incompat & HF__FEATURE_BEHIND_SNAPSHOT)
		return HF_OK;
	const int rc = hf__publish_again(s, HF__FEATURE_BEHIND_SNAPSHOT, error);
	(void)pthread_mutex_lock(&s->lock);
	if (rc == HF_OK)
		s->identity.incompat |= HF__FEATURE_BEHIND_SNAPSHOT; /* the headers from now on say so */
	(void)pthread_mutex_unlock(&s->lock);
	return rc;
}

static int open_base(struct hf_store *s, const struct hf__snapshot_header *header, unsigned slot,
                     struct hf_error *error)
{
	struct hf__snapshot_fault fault = {0};
	char name[HF__NAME_MAX];
	hf__snapshot_name(header->lsn, name);
	const int rc = hf__base_open(&s->bases[slot], s->os, name, &fault);
	if (rc == HF_EIO && fault.os_errno)
		return hf__os_failed(error, "the snapshot could not be opened", fault.os_errno);
	return rc == HF_OK ? rc
	                   : hf__fail_at(error, rc, name, fault.at, "the snapshot cannot be read: %s",
	                                 fault.what ? fault.what : hf_code_name(rc));
}

/* Steps 3 and 4. After a failure both bases stay open, and nothing that they need is removed: the
 * slot that is not used any more is closed by the next one that gets this far. */
static int turn_to(struct hf_store *s, const struct hf__snapshot_header *header,
                   const struct hf__moves *moves, unsigned slot, struct hf_error *error)
{
	const int rc = hf__move_payloads(s, moves, slot, header->position.segment, error);
	(void)pthread_mutex_lock(&s->lock);
	s->base_slot = slot;
	(void)pthread_mutex_unlock(&s->lock);
	if (rc != HF_OK)
		return rc;
	if (!hf__readers_drain(s))
		return hf__fail(error, HF_ECANCELED, 0, "the store is being closed");
	hf__base_close(&s->bases[slot ^ 1]);
	return HF_OK;
}

/* Of an earlier compaction that did not get to the end: payloads may lie there yet. */
static bool slot_is_free(const struct hf_store *s, unsigned slot)
{
	return s->bases[slot].os == NULL;
}

/* The rest of it, once the snapshot has its name durably. The caller has the turn of taking. */
static int compact_behind(struct hf_store *s, const struct hf__snapshot_header *header,
                          struct hf__moves *moves, struct hf_error *error)
{
	const unsigned slot = s->base_slot ^ 1;
	if (header->lsn == 0) /* nothing was ever logged: nothing is covered */
		return HF_OK;
	if (!slot_is_free(s, slot))
		return hf__fail(error, HF_EBLOCKED, 0,
		                "an earlier compaction did not end: it is done by the next opening");
	int rc = say_behind_snapshot(s, error);
	if (rc == HF_OK)
		rc = open_base(s, header, slot, error);
	if (rc != HF_OK)
		return rc;
	hf__moves_sort(moves);
	rc = turn_to(s, header, moves, slot, error);
	if (rc == HF_OK)
		rc = hf__retire(s, header, error);
	(void)pthread_mutex_lock(&s->lock);
	s->compaction.done += rc == HF_OK;
	(void)pthread_mutex_unlock(&s->lock);
	return rc;
}

/* 0: as fast as it goes. */
static uint64_t rate_of(const struct hf_store *s, bool paced)
{
	const uint64_t rate = s->options.compact_rate;
	if (rate == 0)
		return paced ? HF__COMPACT_RATE_DEFAULT : 0;
	return rate == UINT64_MAX ? 0 : rate;
}

static int compact(struct hf_store *s, bool paced, struct hf_error *error)
{
	struct hf__taken t;
	int rc = hf__take_begin(&t, s, true, rate_of(s, paced), error);
	/* What is removed afterwards is more than a segment of zeros. */
	if (rc == HF_ENOSPACE && hf__next_segment_give_up(s)) {
		hf__take_end(&t);
		rc = hf__take_begin(&t, s, true, rate_of(s, paced), error);
	}
	if (rc == HF_OK)
		rc = compact_behind(s, &t.cut.header, &t.moves, error);
	hf__take_end(&t);
	return rc;
}

int hf__compact(struct hf_store *s, bool paced, struct hf_error *error)
{
	const int64_t began = hf__job_begin(s, &s->counts.compaction);
	HF__PROBE1(compaction__begin, s);
	const int rc = compact(s, paced, error);
	HF__PROBE2(compaction__end, s, rc);
	hf__job_end(s, &s->counts.compaction, began, rc);
	return rc;
}

int hf_compact(hf_store *store, struct hf_error *error)
{
	HF__CALL;
	int rc = hf__call_begin_writable(store, error); /* closing waits for it */
	if (rc != HF_OK)
		return rc;
	rc = hf__compact(store, false, error);
	hf__call_end(store);
	return rc;
}
