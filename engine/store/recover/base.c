/* Recovery, the snapshot: the newest whole one that is of this log is where replay begins. One that
 * is not whole, or not of this log, is passed over: the log says what it would have said. */
#include "store/recover/recover.h"

#include <errno.h>

#include "object/container.h"
#include "store/snapshot/load.h"

/* --- Is it of this log? ----------------------------------------------------------------------- */

/* Does the log that is there begin just behind it? */
static bool begins_there(const struct hf__recovery *r, const struct hf__snapshot_header *h)
{
	if (!r->head) /* nothing was written behind it yet */
		return h->position.segment == 0 && h->chain == 0;
	const struct hf__segment_header *first = &r->first->header;
	return first->previous_end.segment == h->position.segment &&
	       first->previous_end.offset == h->position.offset && first->previous_lsn == h->lsn &&
	       first->previous_hash == h->chain;
}

static struct hf__segment_file *segment_of(struct hf__recovery *r, uint32_t number)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->found[i].number == number && r->found[i].in_chain)
			return &r->found[i];
	return NULL;
}

int hf__recovery_stands(struct hf__recovery *r, const struct hf__snapshot_header *h, bool *is)
{
	struct hf__scan_verdict verdict;
	struct hf__segment_file *f = segment_of(r, h->position.segment);
	*is = !f && begins_there(r, h);
	/* At the very beginning of a segment its header says what comes before: a crash may have taken
	 * the first group. */
	if (!f || h->position.offset < HF__SEGMENT_HEADER_SIZE)
		return HF_OK;
	struct hf__scan_window window = {0};
	struct hf__scan_input input = {
	    .id = &r->store->id,
	    .segment = f->number,
	    .from = HF__SEGMENT_HEADER_SIZE,
	    .next_lsn = f->header.first_lsn,
	    .previous_hash = f->header.previous_hash,
	    .pinned_end = h->position.offset,
	    .witness_end = h->position.offset,
	    .witness_lsn = h->lsn,
	    .witness_chain = h->chain,
	};
	const int rc = hf__recovery_look(r, f, &input, &window, NULL, NULL, &verdict);
	hf__scan_window_deinit(&window);
	*is = rc == HF_OK && verdict.kind == HF__SCAN_CLEAN && verdict.next_lsn - 1 == h->lsn &&
	      verdict.previous_hash == h->chain;
	return rc;
}

/* --- Its entries ------------------------------------------------------------------------------ */

static int load_own(struct hf__recovery *r, const struct hf__entry *entry)
{
	struct hf__reader body = hf__reader(entry->body);
	const int64_t last_at = hf__get_i64(&body);
	if (entry->kind != HF__STORE_INCARNATION)
		return entry->flags & HF__ENTRY_IGNORABLE ? HF_OK : HF_EVERSION;
	if (!hf__reader_done(&body))
		return HF_ECORRUPT;
	return hf__incarnation_note(r->store, entry->lsn, last_at) ? HF_OK : HF_ENOMEM;
}

int hf__recovery_load_entry(void *arg, const struct hf__entry *entry)
{
	struct hf__recovery *r = arg;
	struct hf_store *s = r->store;
	unsigned index = 0;
	const struct hf__domain *row = hf__domain_by_id(s, entry->domain, &index);
	struct hf__entry known = *entry;
	known.in_snapshot = (uint8_t)(s->base_slot + 1);
	if (entry->domain == HF__DOMAIN_STORE)
		return load_own(r, entry);
	int rc = row && entry->kind == HF__CONTAINER_ENTRY ? HF_OK
	                                                   : hf__entry_readable(s, entry, &row, &index);
	if (rc != HF_OK)
		return rc == HF_ENOTFOUND ? HF_OK : rc;
	rc = hf__load_entry(row, s->world.states[index], &s->world.change, &known);
	hf__sweep_applied(s, s->world.states);
	return rc;
}

/* Contract, rule 14: of names that were gone by then no more is known. */
static void set_numbers(struct hf_store *s, uint64_t lsn)
{
	for (unsigned i = 0; i < s->domains->count; i++) {
		const struct hf__domain *row = s->domains->rows[i];
		struct hf__removed *removed = row->removed ? row->removed(s->world.states[i]) : NULL;
		for (unsigned n = 0; removed && n < HF__REMOVED_NUMBERS; n++)
			hf__object_note(&removed->numbers[n], lsn, lsn);
	}
}

/* As if nothing had been read. */
static int forget(struct hf__recovery *r)
{
	struct hf_store *s = r->store;
	hf__base_close(hf__newest_base(s));
	hf__states_deinit(s, s->world.states);
	s->world.incarnations.count = 0;
	return hf__states_init(s, s->world.states) == HF_OK ? HF_OK : hf__recovery_no_memory(r);
}

void hf__recovery_loaded(struct hf__recovery *r)
{
	struct hf_store *s = r->store;
	const struct hf__snapshot_header *h = &hf__newest_base(s)->reader.header;
	set_numbers(s, h->lsn);
	hf__clock_wrote(s, h->clock, false);
	r->base = h->position;
	r->next_lsn = h->lsn + 1;
	r->previous_hash = h->chain;
	r->incarnation = h->incarnation_lsn;
	s->info.snapshot_lsn = h->lsn;
	hf__guard_snapshot(s, h->lsn, hf__newest_base(s)->reader.source.size);
}

static int load(struct hf__recovery *r, struct hf__snapshot_fault *fault)
{
	struct hf_store *s = r->store;
	const struct hf__snapshot_header *h = &hf__newest_base(s)->reader.header;
	struct hf__snapshot_reader *reader = &hf__newest_base(s)->reader;
	reader->expect = hf__recovery_expect;
	const int rc = hf__snapshot_each(reader, hf__recovery_load_entry, r, fault);
	reader->expect = NULL;
	if (rc != HF_OK)
		return rc;
	hf__recovery_loaded(r);
	/* It was taken when the log was durable up to it. */
	if (r->witness.lsn < h->lsn) {
		r->witness.end = h->position;
		r->witness.lsn = h->lsn;
		r->witness.chain = h->chain;
		r->witness.clean = false;
	}
	return HF_OK;
}

/* Why a snapshot was not taken: HF_OK if it is passed over, else why no opening is possible. */
static int passed_over(struct hf__recovery *r, const char *name, int rc, int os_errno)
{
	if (rc == HF_ENOMEM)
		return hf__recovery_no_memory(r);
	if (rc == HF_EIO && os_errno != ENOENT) /* R9: no damage, and no reason to read it all */
		return hf__failed_read(r, name, os_errno);
	if (rc == HF_EVERSION)
		return hf__fail(r->error, rc, 0, "snapshot %s was written by a newer format", name);
	r->store->info.snapshots_damaged++;
	return HF_OK;
}

/* *loaded: it was taken. HF_OK, or why no opening is possible at all. */
static int try_snapshot(struct hf__recovery *r, uint64_t lsn, bool *loaded)
{
	struct hf_store *s = r->store;
	struct hf__snapshot_fault fault;
	char name[HF__NAME_MAX];
	bool stands = false;
	hf__snapshot_name(lsn, name);
	int rc = hf__base_open(hf__newest_base(s), s->os, name, &fault);
	const struct hf__snapshot_header *h = &hf__newest_base(s)->reader.header;
	if (rc == HF_OK && hf__base_is_own(&s->id, lsn, h)) {
		const int read = hf__recovery_stands(r, h, &stands);
		if (read != HF_OK)
			return read; /* the segment: it is what the log needs too */
	}
	/* One of a later time is passed over, and none the worse for it. */
	const bool later = stands && r->bound.is && h->clock - h->setback > r->bound.time;
	if (rc == HF_OK && stands && !later) {
		rc = load(r, &fault);
		*loaded = rc == HF_OK;
	}
	if (*loaded)
		return HF_OK;
	const int reset = forget(r);
	if (later)
		return reset;
	return reset == HF_OK ? passed_over(r, name, rc, fault.os_errno) : reset;
}

/* The one behind `tried` (0: the first of all) in the order that is asked for; 0: there is none. */
static uint64_t next_snapshot(const struct hf__recovery *r, uint64_t tried, bool oldest)
{
	uint64_t best = 0;
	for (size_t i = 0; i < r->snapshot_count; i++) {
		const uint64_t lsn = r->snapshots[i];
		const bool left = tried == 0 || (oldest ? lsn > tried : lsn < tried);
		if (left && (!r->bound.is || lsn <= r->bound.lsn) &&
		    (best == 0 || (oldest ? lsn < best : lsn > best)))
			best = lsn;
	}
	return best;
}

/* The log alone is not all of it. */
static bool needs_base(const struct hf__recovery *r)
{
	return r->head ? r->begins_behind
	               : (r->store->identity.incompat & HF__FEATURE_BEHIND_SNAPSHOT) != 0;
}

static int no_base(struct hf__recovery *r, uint64_t newest)
{
	char name[HF__NAME_MAX] = "";
	if (r->bound.is)
		return hf__fail(r->error, HF_EGONE, 0, "what was logged until then is not kept any more");
	if (newest)
		hf__snapshot_name(newest, name);
	else if (r->first)
		hf__segment_name(r->first->number, name);
	return hf__fail_at(r->error, HF_ECORRUPT, name, 0,
	                   "the log begins behind a snapshot that is %s",
	                   newest ? "damaged or of another log" : "missing");
}

int hf__recovery_load_base(struct hf__recovery *r, bool oldest)
{
	bool loaded = false;
	uint64_t newest = 0;
	int rc = HF_OK;
	for (uint64_t lsn = 0; rc == HF_OK && !loaded;) {
		lsn = next_snapshot(r, lsn, oldest);
		if (lsn == 0)
			break;
		newest = lsn > newest ? lsn : newest;
		rc = try_snapshot(r, lsn, &loaded);
	}
	return rc == HF_OK && !loaded && needs_base(r) ? no_base(r, newest) : rc;
}

void hf__recovery_count(struct hf__recovery *r)
{
	struct hf__compaction *c = &r->store->compaction;
	const struct hf__snapshot_reader *reader = &hf__newest_base(r->store)->reader;
	c->logged = r->scanned;
	c->entries = r->store->info.replayed;
	c->live_bytes = reader->source.size;
	c->live_entries = reader->entry_count;
}

/* --- Without its entries ---------------------------------------------------------------------- */

static int unread_header(struct hf__recovery *r, uint64_t lsn, int os_errno)
{
	char name[HF__NAME_MAX];
	hf__snapshot_name(lsn, name);
	return hf__failed_read(r, name, os_errno);
}

int hf__recovery_covered(struct hf__recovery *r, bool *is)
{
	struct hf__snapshot_header header;
	int rc = HF_OK;
	*is = false;
	for (size_t i = 0; i < r->snapshot_count && !*is; i++) {
		const uint64_t lsn = r->snapshots[i];
		int os_errno = 0, read = HF_ENOTFOUND;
		if (lsn >= r->first->header.previous_lsn)
			read = hf__base_header(r->store->os, &r->store->id, lsn, &header, NULL, &os_errno);
		*is = read == HF_OK;
		if (read == HF_EIO)
			rc = unread_header(r, lsn, os_errno);
	}
	return *is ? HF_OK : rc;
}

int hf__recovery_imported(struct hf__recovery *r, uint64_t *lsn)
{
	struct hf__snapshot_header header;
	*lsn = 0;
	if (!(r->store->identity.incompat & HF__FEATURE_BEHIND_SNAPSHOT))
		return HF_OK;
	for (size_t i = 0; i < r->snapshot_count; i++) {
		const uint64_t there = r->snapshots[i];
		int os_errno = 0;
		if (there <= *lsn)
			continue;
		const int rc =
		    hf__base_header(r->store->os, &r->store->id, there, &header, NULL, &os_errno);
		if (rc == HF_EIO)
			return unread_header(r, there, os_errno);
		if (rc == HF_OK && header.position.segment == 0)
			*lsn = there;
	}
	return HF_OK;
}
