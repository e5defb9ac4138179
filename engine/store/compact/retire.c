/* What a compaction removes, and what retention keeps.
 *
 * The newest snapshot covers everything before it. Retention keeps an older one (the floor), and
 * the log from there on: with both every LSN from the floor's on can be had again. By time the
 * floor is the newest snapshot that is old enough; by bytes the oldest one up to which it all fits;
 * bytes win. Where no snapshot is old enough, or all of it fits, the floor is the log's beginning,
 * while that is there. Snapshots between the floor and the newest stay, as floors to come, but for
 * those that lie close together.
 *
 * Subscriptions lag by what their callbacks hold up: a segment that they have not had yet stays
 * until the next compaction. Feeds are told (HF_EGONE).
 *
 * Failure modes: a file that cannot be removed stays, and with it all that are younger; the next
 * compaction tries again. */
#include <errno.h>
#include <stdlib.h>

#include "store/compact/compact.h"
#include "store/watch/watch.h"

#define STEPS_OF_TIME 4 /* snapshots that retention by time keeps beside the floor, about */

struct kept_snapshot {
	uint64_t lsn, size;
	uint32_t segment;
	int64_t clock;
	bool goes;
};

struct kept_segment {
	uint32_t number;
	uint64_t size;
};

struct retiring {
	struct hf_store *s;
	struct kept_snapshot *snapshots; /* by LSN, ascending; the last is the newest */
	size_t snapshot_count, snapshot_cap;
	struct kept_segment *segments; /* by number, ascending */
	size_t segment_count, segment_cap;
	uint64_t newest_lsn;
	size_t floor; /* among the snapshots */
	bool whole; /* the floor is the beginning of the log, which needs no snapshot */
};

/* --- What is there ---------------------------------------------------------------------------- */

static int note_snapshot(struct retiring *r, uint64_t lsn)
{
	struct kept_snapshot *all =
	    hf__grown(r->snapshots, r->snapshot_count, &r->snapshot_cap, sizeof *all, 16);
	if (!all)
		return ENOMEM;
	r->snapshots = all;
	if (lsn <= r->newest_lsn)
		all[r->snapshot_count++] = (struct kept_snapshot){.lsn = lsn};
	return 0;
}

static int note_name(void *arg, const char *name)
{
	struct retiring *r = arg;
	uint32_t number;
	uint64_t lsn;
	if (hf__snapshot_name_parse(name, &lsn))
		return note_snapshot(r, lsn);
	if (!hf__segment_name_parse(name, &number))
		return 0;
	struct kept_segment *all =
	    hf__grown(r->segments, r->segment_count, &r->segment_cap, sizeof *all, 16);
	if (!all)
		return ENOMEM;
	r->segments = all;
	all[r->segment_count++] = (struct kept_segment){.number = number};
	return 0;
}

static int by_lsn(const void *a, const void *b)
{
	const uint64_t left = ((const struct kept_snapshot *)a)->lsn,
	               right = ((const struct kept_snapshot *)b)->lsn;
	return (left > right) - (left < right);
}

static int by_number(const void *a, const void *b)
{
	const uint32_t left = ((const struct kept_segment *)a)->number,
	               right = ((const struct kept_segment *)b)->number;
	return (left > right) - (left < right);
}

/* Only what recovery will read needs to be known; a file that says nothing has size 0. */
static void look_at_snapshot(struct hf_store *s, struct kept_snapshot *k)
{
	struct hf__snapshot_header header;
	uint64_t size = 0;
	int os_errno;
	if (hf__base_header(s->os, &s->id, k->lsn, &header, &size, &os_errno) != HF_OK)
		return;
	k->size = size;
	k->segment = header.position.segment;
	k->clock = header.clock;
}

static void look_at_segment(struct hf_store *s, struct kept_segment *k)
{
	char name[HF__NAME_MAX];
	int file = -1;
	hf__segment_name(k->number, name);
	if (s->os->open(s->os->ctx, name, 0, &file) != 0)
		return;
	if (s->os->size(s->os->ctx, file, &k->size) != 0)
		k->size = 0;
	(void)s->os->close(s->os->ctx, file); /* only read */
}

static int collect(struct retiring *r)
{
	const int rc = r->s->os->list(r->s->os->ctx, note_name, r);
	if (rc != 0)
		return rc;
	if (r->segment_count > 1)
		qsort(r->segments, r->segment_count, sizeof *r->segments, by_number);
	if (r->snapshot_count > 1)
		qsort(r->snapshots, r->snapshot_count, sizeof *r->snapshots, by_lsn);
	for (size_t i = 0; i < r->snapshot_count; i++)
		look_at_snapshot(r->s, &r->snapshots[i]);
	return 0;
}

static bool read_header(struct retiring *r, size_t segment, struct hf__segment_header *out)
{
	uint8_t bytes[HF__SEGMENT_HEADER_SIZE];
	char name[HF__NAME_MAX];
	size_t got = 0;
	int file = -1;
	if (segment >= r->segment_count)
		return false;
	hf__segment_name(r->segments[segment].number, name);
	if (r->s->os->open(r->s->os->ctx, name, 0, &file) != 0)
		return false;
	const int rc = r->s->os->read(r->s->os->ctx, file, bytes, sizeof bytes, 0, &got);
	(void)r->s->os->close(r->s->os->ctx, file); /* only read */
	return rc == 0 && hf__segment_header_decode(&r->s->id, bytes, got, out) == HF_OK;
}

/* --- The floor -------------------------------------------------------------------------------- */

/* Bytes of all that lies before the newest snapshot, from this one and this segment on. */
static uint64_t bytes_from(const struct retiring *r, size_t snapshot, uint32_t first)
{
	uint64_t bytes = 0;
	const uint32_t newest = r->snapshots[r->snapshot_count - 1].segment;
	for (size_t i = snapshot; i + 1 < r->snapshot_count; i++)
		bytes += r->snapshots[i].size;
	for (size_t i = 0; i < r->segment_count; i++)
		if (r->segments[i].number >= first && r->segments[i].number < newest)
			bytes += r->segments[i].size;
	return bytes;
}

/* Does the log that is there begin right behind this LSN? */
static bool begins_behind(struct retiring *r, uint64_t lsn)
{
	struct hf__segment_header first;
	return read_header(r, 0, &first) && first.previous_lsn == lsn;
}

/* Is the log from there on all there? An import's lies in no segment. */
static bool stands(struct retiring *r, const struct kept_snapshot *k)
{
	if (k->size == 0 || r->segment_count == 0)
		return false;
	return k->segment > 0 ? k->segment >= r->segments[0].number : begins_behind(r, k->lsn);
}

/* Of the snapshots the oldest is to stay: is what lies before it, too? */
static bool keeps_all(struct retiring *r, int64_t now)
{
	const struct hf_options *o = &r->s->options;
	const bool young = o->retain_us == 0 || now - r->snapshots[0].clock < o->retain_us;
	const bool fits = o->retain_bytes == 0 || bytes_from(r, 0, 0) <= o->retain_bytes;
	return young && fits && begins_behind(r, 0);
}

static void choose_floor(struct retiring *r)
{
	const struct hf_options *o = &r->s->options;
	const size_t newest = r->snapshot_count - 1;
	const int64_t now = r->snapshots[newest].clock;
	r->floor = newest;
	if (o->retain_us == 0 && o->retain_bytes == 0)
		return;
	for (size_t i = 0; o->retain_bytes > 0 && i < r->segment_count; i++)
		look_at_segment(r->s, &r->segments[i]);
	while (r->floor > 0) {
		const size_t older = r->floor - 1;
		/* the one that is kept is old enough already */
		if (o->retain_us > 0 && now - r->snapshots[r->floor].clock >= o->retain_us)
			return;
		if (!stands(r, &r->snapshots[older]) ||
		    (o->retain_bytes > 0 &&
		     bytes_from(r, older, r->snapshots[older].segment) > o->retain_bytes))
			return;
		r->floor = older;
	}
	r->whole = keeps_all(r, now);
}

/* Those between the floor and the newest that lie closer together than is worth their room. */
static void choose_between(struct retiring *r)
{
	const int64_t apart = r->s->options.retain_us / STEPS_OF_TIME;
	size_t last = r->floor;
	for (size_t i = 0; i < r->floor; i++)
		r->snapshots[i].goes = true;
	for (size_t i = r->floor + 1; i + 1 < r->snapshot_count; i++) {
		const int64_t gap = r->snapshots[i + 1].clock - r->snapshots[last].clock;
		r->snapshots[i].goes = r->snapshots[i].size == 0 || gap < apart;
		last = r->snapshots[i].goes ? last : i;
	}
}

/* --- Removal ---------------------------------------------------------------------------------- */

/* Its last entry; 0: its successor cannot be read, so it stays. */
static uint64_t last_lsn_of(struct retiring *r, size_t segment)
{
	struct hf__segment_header header;
	return read_header(r, segment + 1, &header) ? header.previous_lsn : 0;
}

/* Nothing of this opening looks for it any more. */
static void forget_segment(struct hf_store *s, uint32_t number)
{
	(void)pthread_mutex_lock(&s->lock);
	hf__sealed_drop(s, number);
	(void)pthread_mutex_unlock(&s->lock);
	hf__payload_forget(s, number);
}

static bool unlink_one(struct hf_store *s, const char *name, bool *removed)
{
	const int rc = s->os->unlink(s->os->ctx, name);
	*removed = *removed || rc == 0;
	return rc == 0 || rc == ENOENT;
}

/* The oldest first, so that what is left is a run of the log. */
static void remove_segments(struct retiring *r, bool *removed)
{
	struct hf_store *s = r->s;
	const uint32_t below = r->whole ? 0 : r->snapshots[r->floor].segment;
	const uint64_t wanted = s->watch ? hf__watch_floor(s->watch) : HF__LSN_MAX;
	for (size_t i = 0; i < r->segment_count && r->segments[i].number < below; i++) {
		char name[HF__NAME_MAX];
		hf__segment_name(r->segments[i].number, name);
		if (wanted < HF__LSN_MAX && last_lsn_of(r, i) >= wanted)
			return;
		if (hf__guard_foreign(s, name, r->segments[i].number))
			continue; /* it was put here by hand, and may be the only copy */
		forget_segment(s, r->segments[i].number);
		/* Crash: see compact.c. */
		if (!unlink_one(s, name, removed))
			return;
	}
}

/* Those that still have log before them go first. */
static void remove_snapshots(struct retiring *r, bool *removed)
{
	for (size_t i = 0; i + 1 < r->snapshot_count; i++) {
		char name[HF__NAME_MAX];
		hf__snapshot_name(r->snapshots[i].lsn, name);
		/* Crash: it is there or not; no opening needs it. */
		if (r->snapshots[i].goes && !unlink_one(r->s, name, removed))
			return;
	}
}

static int sync_removals(struct hf_store *s, struct hf_error *error)
{
	const int rc = s->os->sync_dir(s->os->ctx);
	(void)pthread_mutex_lock(&s->lock);
	if (rc) /* what the directory holds is unknowable: new segments are in it too */
		hf__fault(s, rc);
	s->segments.refused.size = 0; /* there may be room now */
	(void)pthread_mutex_unlock(&s->lock);
	return rc ? hf__fail(error, HF_EUNCERTAIN, rc,
	                     "syncing the directory failed (error %d): reopen the store", rc)
	          : HF_OK;
}

int hf__retire(struct hf_store *s, const struct hf__snapshot_header *newest, struct hf_error *error)
{
	struct retiring r = {.s = s, .newest_lsn = newest->lsn};
	bool removed = false;
	int rc = collect(&r);
	if (rc == 0 && r.snapshot_count > 0 && r.snapshots[r.snapshot_count - 1].lsn == newest->lsn) {
		choose_floor(&r);
		choose_between(&r);
		remove_segments(&r, &removed);
		remove_snapshots(&r, &removed);
	}
	hf__free(r.snapshots);
	hf__free(r.segments);
	if (rc == ENOMEM)
		return hf__fail(error, HF_ENOMEM, 0, "no memory to look for what may go");
	return removed ? sync_removals(s, error) : HF_OK;
}

int hf__retained(struct hf_store *s, struct hf__retained *out, struct hf_error *error)
{
	struct retiring r = {.s = s, .newest_lsn = UINT64_MAX};
	const int rc = collect(&r);
	*out = (struct hf__retained){0};
	/* what cannot be read is no floor, and nothing is kept up to it */
	while (r.snapshot_count > 0 && r.snapshots[r.snapshot_count - 1].size == 0)
		r.snapshot_count--;
	if (rc == 0 && r.snapshot_count > 0) {
		choose_floor(&r);
		if (r.whole)
			*out = (struct hf__retained){1, 0};
		else if (r.floor + 1 < r.snapshot_count)
			*out = (struct hf__retained){r.snapshots[r.floor].lsn, r.snapshots[r.floor].segment};
	}
	hf__free(r.snapshots);
	hf__free(r.segments);
	return rc ? hf__read_failed(error, "the directory could not be read", rc) : HF_OK;
}
