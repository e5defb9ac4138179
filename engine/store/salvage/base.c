/* Where the state of a salvage begins: with a snapshot, as much of it as verifies, or with nothing.
 * The log before it is not looked at, then. */
#include <stdarg.h>
#include <stdio.h>

#include "store/salvage/salvage.h"

static struct hf__pass *pass_of(struct hf__check *c)
{
	return (struct hf__pass *)(void *)c; /* its first member */
}

/* --- Is it of this log? ----------------------------------------------------------------------- */

struct place {
	const struct hf__snapshot_header *h;
	bool other; /* another group ends there */
};

static bool look_at_end(void *arg, uint32_t at, const struct hf__group_header *group)
{
	struct place *place = arg;
	if (at + hf__group_size(group) == place->h->position.offset)
		place->other = group->hash != place->h->chain;
	return true;
}

/* What lies where the snapshot was taken may be damaged or gone: that says nothing against it. */
static bool is_of_another_log(struct hf__check *c, const struct hf__snapshot_header *h)
{
	struct place place = {.h = h};
	for (size_t i = 0; i < c->r.count; i++) {
		struct hf__segment_file *f = &c->r.found[i];
		if (f->number != h->position.segment)
			continue;
		const int rc = hf__recovery_read(&c->r, f, 0);
		if (rc != HF_OK && rc != HF_ECORRUPT)
			hf__check_unread(c, c->scratch.file, rc, c->scratch.os_errno);
		if (rc != HF_OK)
			continue;
		const struct hf__scan_input input = {
		    .id = &c->store->id,
		    .bytes = hf_bytes_of(c->r.bytes.data, c->r.bytes.len),
		    .segment = f->number,
		};
		hf__scan_headers(&input, HF__SEGMENT_HEADER_SIZE, look_at_end, &place);
	}
	return place.other;
}

/* --- Its entries ------------------------------------------------------------------------------ */

/* As many entries as may have been in so many bytes: for choosing, where nothing says how many. */
#define ENTRY_LIKELY 64u

__attribute__((format(printf, 4, 5))) static void note_gap(struct hf__pass *p, uint64_t at,
                                                           uint64_t len, const char *format, ...)
{
	struct hf__check *c = &p->check;
	char name[HF__NAME_MAX], what[128];
	va_list arguments;
	hf__snapshot_name(p->snapshot, name);
	va_start(arguments, format);
	(void)vsnprintf(what, sizeof what, format, arguments); /* cut, never overrun */
	va_end(arguments);
	p->base_hole = hf__check_note(c, HF_FSCK_DAMAGE, name, at, len, "%s", what);
	hf__check_lost(c, p->base_hole);
	if (hf__newest_base(c->store)->reader.entry_count == 0)
		p->lost += len / ENTRY_LIKELY + 1;
}

static void note_block(void *arg, const struct hf__snapshot_fault *fault, uint64_t len)
{
	note_gap(arg, fault->at, len, "objects of the snapshot cannot be read: %s", fault->what);
}

static int take_entry(void *arg, const struct hf__entry *entry)
{
	struct hf__pass *p = arg;
	struct hf__check *c = &p->check;
	const int rc = hf__recovery_load_entry(&c->r, entry);
	if (rc != HF_ECORRUPT)
		return rc;
	if (p->base_hole == HF__NO_FINDING)
		note_gap(p, 0, 0, "objects of the snapshot cannot stand beside others of it");
	c->misfits++;
	hf__check_affects(c, p->base_hole, HF_FSCK_PRESUPPOSED, entry);
	return HF_OK;
}

static void unread(struct hf__check *c, const char *name, int rc,
                   const struct hf__snapshot_fault *fault)
{
	if (rc == HF_ENOMEM)
		c->no_memory = true;
	else if (rc == HF_EVERSION)
		(void)hf__check_note(c, HF_FSCK_NEWER, name, fault->at, 0,
		                     "a newer version wrote this snapshot");
	else
		hf__check_unread(c, name, rc, fault->os_errno);
}

/* The bytes beside the blocks. */
static void note_gaps(struct hf__pass *p, const struct hf__snapshot_gaps *gaps)
{
	if (gaps->bytes > 0)
		note_gap(p, gaps->at, gaps->bytes, "no block of the snapshot begins here");
	if (gaps->end) {
		note_gap(p, hf__newest_base(p->check.store)->reader.source.size, 0,
		         "the end of the snapshot is missing");
		p->lost += p->snapshot;
	}
}

static int take_entries(struct hf__pass *p, struct hf__snapshot_fault *fault)
{
	struct hf__snapshot_reader *reader = &hf__newest_base(p->check.store)->reader;
	uint64_t given = 0;
	const int rc = hf__snapshot_each_whole(reader, take_entry, note_block, p, &given, fault);
	p->lost += reader->entry_count > given ? reader->entry_count - given : 0;
	return rc;
}

/* What its header said of the clock is in its entries too: they are taken again, with that. */
static int take_again(struct hf__pass *p, struct hf__snapshot_fault *fault)
{
	struct hf_store *s = p->check.store;
	struct hf__snapshot_header *h = &hf__newest_base(s)->reader.header;
	const size_t openings = s->world.incarnations.count;
	h->setback = hf__setback(s, s->world.states);
	h->clock = openings > 0 ? s->world.incarnations.all[openings - 1].last_at : 0;
	hf__states_deinit(s, s->world.states);
	s->world.incarnations.count = 0;
	if (hf__states_init(s, s->world.states) != HF_OK)
		return HF_ENOMEM;
	for (size_t i = 0; i < p->check.count; i++) /* said again */
		hf__free(p->check.findings[i].objects);
	p->check.count = 0;
	p->check.misfits = 0;
	p->base_hole = HF__NO_FINDING;
	p->lost = 0;
	return take_entries(p, fault);
}

static int take_all(struct hf__pass *p, const struct hf__snapshot_gaps *gaps,
                    struct hf__snapshot_fault *fault)
{
	struct hf__snapshot_reader *reader = &hf__newest_base(p->check.store)->reader;
	int rc = take_entries(p, fault);
	if (rc == HF_OK && gaps->header)
		rc = take_again(p, fault);
	if (rc != HF_OK)
		return rc;
	note_gaps(p, gaps);
	rc = hf__snapshot_verify(reader, fault);
	p->base_damaged = rc == HF_ECORRUPT;
	return p->base_damaged ? HF_OK : rc;
}

static void load(struct hf__pass *p)
{
	struct hf__check *c = &p->check;
	struct hf__base *base = hf__newest_base(c->store);
	struct hf__snapshot_header assumed = {
	    .format_major = HF__FORMAT_MAJOR, .epoch = c->store->id.epoch, .lsn = p->snapshot};
	struct hf__snapshot_gaps gaps;
	struct hf__snapshot_fault fault;
	char name[HF__NAME_MAX];
	memcpy(assumed.uuid, c->store->id.uuid, sizeof assumed.uuid);
	hf__snapshot_name(p->snapshot, name);
	int rc = hf__base_open_damaged(base, c->store->os, name, &assumed, &gaps, &fault);
	const struct hf__snapshot_header *h = &base->reader.header;
	p->unusable = rc == HF_OK &&
	              (!hf__base_is_own(&c->store->id, p->snapshot, h) || is_of_another_log(c, h) ||
	               (base->reader.entries_blocks == 0 && (gaps.header || gaps.end)));
	if (p->unusable)
		return;
	if (rc == HF_OK)
		rc = take_all(p, &gaps, &fault);
	if (rc != HF_OK) {
		unread(c, name, rc, &fault);
		return;
	}
	c->sum.files++;
	hf__recovery_loaded(&c->r);
}

/* --- Where the log goes on -------------------------------------------------------------------- */

/* The last segment that begins at or before `lsn`, or the first of all. */
static struct hf__segment_file *find_start(struct hf__recovery *r, uint64_t lsn)
{
	struct hf__segment_file *first = NULL, *start = NULL;
	for (struct hf__segment_file *f = hf__recovery_next(r, NULL); f; f = hf__recovery_next(r, f)) {
		first = first ? first : f;
		if (f->header_rc == HF_OK && f->header.previous_lsn <= lsn)
			start = f;
	}
	return start ? start : first;
}

void hf__salvage_begin(struct hf__check *c)
{
	struct hf__pass *p = pass_of(c);
	struct hf__recovery *r = &c->r;
	uint64_t lsn = 0;
	r->next_lsn = 1;
	r->previous_hash = 0;
	if (p->snapshot) {
		load(p);
		lsn = c->store->info.snapshot_lsn;
		r->base = (struct hf__position){0, 0}; /* segments are read from their beginning */
	}
	struct hf__segment_file *start = find_start(r, lsn);
	for (struct hf__segment_file *f = r->found; start && f < start; f++)
		f->in_chain = false;
	if (!start || start->header_rc != HF_OK || start->header.previous_lsn > lsn)
		return;
	r->next_lsn = start->header.previous_lsn + 1;
	r->previous_hash = start->header.previous_hash;
}

/* A gap that the snapshot covers is none. What it lost itself is what later entries may need. */
void hf__salvage_cover(struct hf__check *c)
{
	struct hf__pass *p = pass_of(c);
	const uint64_t covered = c->store->info.snapshot_lsn;
	bool gap = false;
	for (size_t i = 0; i < c->count; i++) {
		struct hf__finding *f = &c->findings[i];
		if (!f->lost || f->is.first_lsn == 0 || f->is.first_lsn > covered)
			gap = gap || (f->lost && f->is.first_lsn > 0);
		else if (f->is.last_lsn <= covered)
			f->lost = false;
		else {
			f->is.first_lsn = covered + 1;
			gap = true;
		}
	}
	if (gap)
		return;
	c->certain = p->base_hole == HF__NO_FINDING;
	c->hole = p->base_hole;
}
