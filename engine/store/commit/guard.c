/* What a running store guards against: that its files are removed, replaced, cut or closed
 * beneath it.
 *
 * Job: once a second, and before a write that will be synced, look whether what the store writes
 * to is still what will be found under its names by the next opening. A file that lost its name
 * takes acknowledged changes with it; a descriptor that the host closed and opened again (as a
 * daemon does with all it does not know) belongs to another's file.
 *
 * Happy path: a handful of fstat() calls. By the leader before it writes; without commits by
 * upkeep. A second name, as a backup of hard links makes, changes nothing. What is only read at
 * the next opening (IDENTITY, the segments that the log has left, the newest snapshot) must be
 * there and as long as what it holds: the name is opened, of many segments some at a time, in
 * turn. IDENTITY may be another file than before, so that is not compared.
 *
 * Failure modes: any of it fails the store, like a failed sync: what was acknowledged before may
 * lie in files that will never be opened, so the store's users have to be notified at once.
 *
 * I-GUARD-1: no group is written to a descriptor that was not looked at within the second
 * before, and no group that opens a segment or is to be synced to one that was not looked at
 * right before. I-GUARD-2: what the next opening needs is there and as long as it was, or the store
 * fails. */
#include <errno.h>

#include "base/hash.h"
#include "log/sector.h"
#include "store/internal.h"

#define INTERVAL_NS INT64_C(1000000000)
enum { SEALED_AT_ONCE = 64 };

/* What is written to, and that it has the size that its header states: the caller sees to it that
 * `file` stays open meanwhile, or looks again afterwards. */
static int look(const struct hf_store *s, int file, uint32_t segment, uint64_t least)
{
	const struct hf__os *os = s->os;
	char name[HF__NAME_MAX];
	uint64_t size = 0;
	int rc = os->held(os->ctx);
	if (rc == 0)
		rc = os->same(os->ctx, s->witness.file, HF__NAME_WITNESS);
	if (rc == 0 && file >= 0) {
		hf__segment_name(segment, name);
		rc = os->same(os->ctx, file, name);
	}
	if (rc == 0 && file >= 0)
		rc = os->size(os->ctx, file, &size);
	return rc == 0 && file >= 0 && size < least ? ESTALE : rc;
}

void hf__sealed_add(struct hf_store *s, struct hf__position end)
{
	if (end.segment == 0)
		return;
	struct hf__position *grown =
	    hf__grown(s->guard.sealed, s->guard.count, &s->guard.cap, sizeof *grown, 16);
	if (!grown)
		/* it is not looked after in this opening, which is no reason to refuse anything */
		return;
	s->guard.sealed = grown;
	s->guard.sealed[s->guard.count++] = end;
}

void hf__sealed_drop(struct hf_store *s, uint32_t number)
{
	for (size_t i = 0; i < s->guard.count; i++)
		if (s->guard.sealed[i].segment == number)
			s->guard.sealed[i] = s->guard.sealed[--s->guard.count];
}

/* Is it still one that must stay? A compaction may have dropped it since it was listed. */
static bool is_sealed(struct hf_store *s, uint32_t number)
{
	bool found = false;
	(void)pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->guard.count && !found; i++)
		found = s->guard.sealed[i].segment == number;
	(void)pthread_mutex_unlock(&s->lock);
	return found;
}

static size_t sealed_next(struct hf_store *s, struct hf__position out[SEALED_AT_ONCE])
{
	size_t count = 0;
	(void)pthread_mutex_lock(&s->lock);
	for (; count < SEALED_AT_ONCE && count < s->guard.count; count++) {
		s->guard.turn = s->guard.turn < s->guard.count ? s->guard.turn : 0;
		out[count] = s->guard.sealed[s->guard.turn++];
	}
	(void)pthread_mutex_unlock(&s->lock);
	return count;
}

/* Only that the name is gone, or the file too short, is proof: that it cannot be opened now may be
 * for want of a descriptor. */
static int still_there(const struct hf_store *s, const char *name, uint64_t least)
{
	uint64_t size = 0;
	int file = -1;
	int rc = s->os->open(s->os->ctx, name, 0, &file);
	if (rc != 0)
		return rc == ENOENT ? ESTALE : 0;
	rc = s->os->size(s->os->ctx, file, &size);
	(void)s->os->close(s->os->ctx, file); /* nothing was written through it */
	return rc == 0 && size < least ? ESTALE : 0;
}

void hf__guard_snapshot(struct hf_store *s, uint64_t lsn, uint64_t size)
{
	s->guard.snapshot_lsn = lsn;
	s->guard.snapshot_size = size;
}

/* The newest snapshot, if another was not taken meanwhile, for which it may go. */
static int snapshot_still_there(struct hf_store *s)
{
	char name[HF__NAME_MAX];
	(void)pthread_mutex_lock(&s->lock);
	const uint64_t lsn = s->guard.snapshot_lsn, size = s->guard.snapshot_size;
	(void)pthread_mutex_unlock(&s->lock);
	if (size == 0)
		return 0;
	hf__snapshot_name(lsn, name);
	const int rc = still_there(s, name, size);
	(void)pthread_mutex_lock(&s->lock);
	const bool same = s->guard.snapshot_lsn == lsn;
	(void)pthread_mutex_unlock(&s->lock);
	return same ? rc : 0;
}

/* What the next opening will need and this one does not touch any more. */
static int look_back(struct hf_store *s)
{
	struct hf__position ends[SEALED_AT_ONCE];
	const size_t count = sealed_next(s, ends);
	int rc = still_there(s, HF__NAME_IDENTITY, HF__IDENTITY_SIZE);
	if (rc == 0)
		rc = snapshot_still_there(s);
	for (size_t i = 0; i < count && rc == 0; i++) {
		char name[HF__NAME_MAX];
		hf__segment_name(ends[i].segment, name);
		rc = still_there(s, name, ends[i].offset);
		if (rc != 0 && !is_sealed(s, ends[i].segment))
			rc = 0;
	}
	return rc;
}

/* Is it time? Says so to one caller in a second. */
static bool due(struct hf_store *s, int64_t now)
{
	int64_t last = atomic_load_explicit(&s->guard.looked_at, memory_order_relaxed);
	return now - last >= INTERVAL_NS &&
	       atomic_compare_exchange_strong(&s->guard.looked_at, &last, now);
}

int hf__guard_write(struct hf_store *s, int file, uint32_t segment, int64_t now, bool opens,
                    bool sync)
{
	const bool is_due = due(s, now);
	if (is_due || opens) {
		const int rc = look(s, file, segment, s->writer.segment_size);
		return rc == 0 && is_due ? look_back(s) : rc;
	}
	return sync ? s->os->same(s->os->ctx, file, NULL) : 0;
}

/* The same by upkeep, while a leader may turn to the next segment. */
static int look_beside(struct hf_store *s, uint32_t *segment)
{
	(void)pthread_mutex_lock(&s->guard.lock);
	(void)pthread_mutex_lock(&s->lock);
	const int file = s->writer.file;
	const uint64_t size = s->writer.segment_size;
	*segment = s->writer.end.segment;
	(void)pthread_mutex_unlock(&s->lock);
	const int rc = look(s, file, *segment, size);
	(void)pthread_mutex_unlock(&s->guard.lock);
	return rc;
}

int hf__guard_close(struct hf_store *s, int file)
{
	(void)pthread_mutex_lock(&s->guard.lock);
	const int rc = s->os->close(s->os->ctx, file);
	(void)pthread_mutex_unlock(&s->guard.lock);
	return rc;
}

int hf__guard_upkeep(struct hf_store *s)
{
	uint32_t segment = 0;
	if (!due(s, s->os->ticks(s->os->ctx)))
		return HF_OK;
	int rc = look_back(s);
	const bool missing = rc != 0;
	if (rc == 0)
		rc = look_beside(s, &segment);
	if (rc == 0)
		return HF_OK;
	(void)pthread_mutex_lock(&s->lock);
	/* else a leader turned to the next segment meanwhile, and upkeep may have cut the one before */
	if (missing || s->writer.end.segment == segment)
		hf__fault(s, rc);
	rc = atomic_load(&s->fault) ? HF_EUNCERTAIN : HF_OK;
	(void)pthread_mutex_unlock(&s->lock);
	return rc;
}

bool hf__guard_foreign(const struct hf_store *s, const char *name, uint32_t number)
{
	const struct hf__os *os = s->os;
	uint8_t sector[HF__SEGMENT_HEADER_SIZE];
	struct hf__segment_header header;
	struct hf__log_id theirs = {0};
	size_t got = 0;
	int file = -1;
	if (os->open(os->ctx, name, 0, &file) != 0)
		return false;
	const int rc = os->read(os->ctx, file, sector, sizeof sector, 0, &got);
	(void)os->close(os->ctx, file); /* nothing was written through it */
	if (rc != 0 || got != sizeof sector)
		return false;
	const struct hf__head head = hf__head_get(sector);
	memcpy(theirs.uuid, head.uuid, sizeof theirs.uuid);
	theirs.epoch = head.epoch;
	theirs.seed = hf__seed_base(head.uuid, head.epoch);
	const bool ours =
	    theirs.epoch == s->id.epoch && memcmp(theirs.uuid, s->id.uuid, sizeof theirs.uuid) == 0;
	return !ours && head.number == number &&
	       hf__segment_header_decode(&theirs, sector, got, &header) != HF_ECORRUPT;
}
