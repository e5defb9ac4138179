/* Which segments are the log.
 *
 * The chain leads back from the segment with the greatest number whose header is valid, as in
 * recovery. Where it is broken, it goes on with the next lower segment that has a valid header;
 * a segment whose header is damaged is part of the log when the one behind it follows it, when
 * the witness names it, or when its groups prove that they were durable (D2, D6, D7). Everything
 * else is what a crash or a preparation left. */
#include "store/check/check.h"

static const char *name_of(const struct hf__segment_file *f, char name[HF__NAME_MAX])
{
	hf__segment_name(f->number, name);
	return name;
}

/* --- Facts ------------------------------------------------------------------------------------ */

static void read_header(struct hf__check *c, struct hf__segment_file *f)
{
	char name[HF__NAME_MAX];
	const int rc = hf__recovery_header(&c->r, f);
	if (rc == HF_OK) {
		c->total += f->size;
		return;
	}
	/* unreadable, for whatever reason */
	f->header_rc = rc == HF_EVERSION || rc == HF_ECORRUPT ? rc : HF_EIO;
	if (rc == HF_EVERSION)
		(void)hf__check_note(c, HF_FSCK_NEWER, name_of(f, name), 0, HF__SEGMENT_HEADER_SIZE, "%s",
		                     c->scratch.text);
	else if (rc == HF_ECORRUPT) /* larger than any segment */
		(void)hf__check_note_error(c, HF_FSCK_DAMAGE);
	else
		hf__check_unread(c, name_of(f, name), rc, c->scratch.os_errno);
}

static bool collect(struct hf__check *c)
{
	const int rc = hf__recovery_list(&c->r);
	if (rc != HF_OK) {
		hf__check_unread(c, "", rc, c->scratch.os_errno);
		return false;
	}
	for (size_t i = 0; i < c->r.count; i++)
		read_header(c, &c->r.found[i]);
	return true;
}

/* --- The chain -------------------------------------------------------------------------------- */

static struct hf__segment_file *next_lower(struct hf__check *c, const struct hf__segment_file *f)
{
	for (size_t i = (size_t)(f - c->r.found); i-- > 0;)
		if (c->r.found[i].header_rc == HF_OK)
			return &c->r.found[i];
	return NULL;
}

/* Where the chain is broken: segments from `low` to `high` that hold groups are part of the log. */
static void mark_between(struct hf__check *c, const struct hf__segment_file *low,
                         const struct hf__segment_file *high)
{
	struct hf__recovery *r = &c->r;
	struct hf__group_header header;
	uint32_t at = 0;
	for (struct hf__segment_file *f = r->found; f < high; f++) {
		if ((low && f <= low) || f->header_rc != HF_ECORRUPT || hf__recovery_read(r, f, 0) != HF_OK)
			continue;
		const struct hf__scan_input input = hf__recovery_input(r, f, NULL);
		f->in_chain =
		    input.bytes.len > input.from && hf__scan_find(&input, input.from, 1, &at, &header);
	}
}

/* Follows the chain back, over its breaks. Those are reported later, in the order of the log. */
static void mark_chain(struct hf__check *c)
{
	struct hf__segment_file *f = c->r.head, *previous;
	while (f) {
		c->r.first = f;
		f->in_chain = true;
		(void)hf__recovery_step(&c->r, f, &previous);
		if (!previous && !c->begin && hf__recovery_may_begin(&c->r, f)) {
			c->r.begins_behind = true;
			break;
		}
		if (previous && previous->header_rc == HF_OK) {
			f = previous;
			continue;
		}
		if (previous)
			previous->in_chain = true;
		if (f->header.previous_end.segment == 0)
			break;
		const struct hf__segment_file *high = previous ? previous : f;
		f = next_lower(c, high);
		mark_between(c, f, high);
	}
}

/* What lies behind the head although its header does not say so. */
static bool belongs_behind(struct hf__check *c, struct hf__segment_file *f)
{
	bool proof = false, zero = false;
	char name[HF__NAME_MAX];
	if (c->r.witness.end.segment == f->number)
		return true;
	if (f->header_rc == HF_EIO || f->header_rc == HF_EVERSION)
		return false;
	const int rc = hf__recovery_proof(&c->r, f, c->r.next_lsn, &proof, &zero);
	if (rc != HF_OK && rc != HF_ECORRUPT)
		hf__check_unread(c, name_of(f, name), rc, c->scratch.os_errno);
	return proof;
}

/* One that has a successor may have been cut. */
static bool has_wrong_size(const struct hf__check *c, const struct hf__segment_file *f)
{
	return f == c->r.head ? f->size != f->header.size : f->size > f->header.size;
}

/* Is what f says that it follows what is there? */
static void check_link(struct hf__check *c, struct hf__segment_file *f)
{
	struct hf__segment_file *previous;
	char name[HF__NAME_MAX];
	while (hf__recovery_step(&c->r, f, &previous) != HF_OK && (!previous || has_wrong_size(c, f))) {
		const size_t finding = hf__check_note_error(c, HF_FSCK_DAMAGE);
		if (has_wrong_size(c, f)) {
			f->size = f->header.size; /* said; is there more? */
			continue;
		}
		hf__check_range(c, finding, c->r.next_lsn, f->header.previous_lsn);
		hf__check_lost(c, finding);
		break;
	}
	/* Where entries are missing already, the header says where the log goes on. */
	uint64_t first;
	if (hf__check_unsaid(c, f->header.previous_lsn, &first) && !hf__recovery_follows(&c->r, f)) {
		const size_t finding =
		    hf__check_note(c, HF_FSCK_DAMAGE, name_of(f, name), 0, HF__SEGMENT_HEADER_SIZE, "%s",
		                   previous ? "the segment does not follow the one before it"
		                            : "the log before this segment is missing");
		hf__check_range(c, finding, first, f->header.previous_lsn);
		hf__check_lost(c, finding);
	}
	c->r.next_lsn = f->header.previous_lsn + 1;
	c->r.previous_hash = f->header.previous_hash;
}

/* A segment without a valid header: its groups may be whole all the same. */
static void check_headless(struct hf__check *c, struct hf__segment_file *f,
                           const struct hf__segment_file *next)
{
	char name[HF__NAME_MAX];
	const uint64_t first = c->r.next_lsn;
	size_t finding = HF__NO_FINDING;
	if (f->header_rc == HF_ECORRUPT && f->foreign)
		finding = hf__check_note(c, HF_FSCK_DAMAGE, name_of(f, name), 0, HF__SEGMENT_HEADER_SIZE,
		                         HF__SEGMENT_FOREIGN);
	else if (f->header_rc == HF_ECORRUPT)
		finding = hf__check_note(c, HF_FSCK_DAMAGE, name_of(f, name), 0, HF__SEGMENT_HEADER_SIZE,
		                         "the header of a segment of the log is damaged");
	hf__check_segment(c, f, next);
	hf__check_range(c, finding, first, c->r.next_lsn > first ? c->r.next_lsn - 1 : HF_ABSENT);
}

/* --- What is no part of the log --------------------------------------------------------------- */

static void check_leftover(struct hf__check *c, struct hf__segment_file *f)
{
	bool proof = false, zero = true;
	char name[HF__NAME_MAX];
	if (f->header_rc == HF_EIO || f->header_rc == HF_EVERSION)
		return;
	if (f->foreign && !c->r.head) { /* D1b */
		(void)hf__check_note(c, HF_FSCK_DAMAGE, name_of(f, name), 0, HF__SEGMENT_HEADER_SIZE,
		                     HF__SEGMENT_FOREIGN);
		return;
	}
	const int rc = hf__recovery_proof(&c->r, f, c->r.next_lsn, &proof, &zero);
	if (rc != HF_OK) {
		if (rc != HF_ECORRUPT) /* too large: said already */
			hf__check_unread(c, name_of(f, name), rc, c->scratch.os_errno);
		return;
	}
	c->sum.files++;
	c->sum.bytes += f->size;
	/* Zeros behind the log are the next segment, prepared. */
	if (!zero || (c->r.head && f->number < c->r.head->number))
		(void)hf__check_note(c, HF_FSCK_LEFTOVER, name_of(f, name), 0, f->size,
		                     "the segment is no part of the log: %s",
		                     zero ? "the log has gone past it" : "a crash left it");
}

/* --- In order --------------------------------------------------------------------------------- */

/* Segments behind f that are part of the log although no header says so. */
static void mark_behind(struct hf__check *c, uint32_t number)
{
	for (size_t i = 0; i < c->r.count; i++) {
		struct hf__segment_file *f = &c->r.found[i];
		if (f->number > number && !f->in_chain && f->header_rc != HF_OK)
			f->in_chain = belongs_behind(c, f);
	}
}

static void check_member(struct hf__check *c, struct hf__segment_file *f)
{
	const struct hf__segment_file *next = hf__recovery_next(&c->r, f);
	const bool headless = f->header_rc != HF_OK;
	if (headless)
		check_headless(c, f, next);
	else {
		check_link(c, f);
		hf__check_segment(c, f, next);
	}
	if (c->progress)
		c->progress(c->ctx, c->done, c->total);
}

static void check_end(struct hf__check *c)
{
	const struct hf__witness *w = &c->r.witness;
	char name[HF__NAME_MAX];
	const struct hf__segment_file *last = NULL;
	for (size_t i = 0; i < c->r.count; i++)
		last = c->r.found[i].in_chain ? &c->r.found[i] : last;
	if (w->end.segment > (last ? last->number : 0)) { /* D1, D6 */
		hf__segment_name(w->end.segment, name);
		const size_t finding = hf__check_note(c, HF_FSCK_DAMAGE, name, 0, 0,
		                                      "the segment that the witness names is missing");
		hf__check_range(c, finding, c->r.next_lsn, w->lsn);
		if (w->lsn >= c->r.next_lsn)
			hf__check_lost(c, finding);
	} else if (c->r.count == 0)
		hf__check_lost(c, hf__check_note(c, HF_FSCK_DAMAGE, "segment-00000001", 0, 0,
		                                 "the store has no log segment"));
	const bool clean = last && c->r.verdict.kind == HF__SCAN_CLEAN && w->clean &&
	                   w->end.segment == last->number && w->end.offset == c->r.verdict.end &&
	                   w->lsn == c->r.next_lsn - 1 && w->chain == c->r.previous_hash;
	c->sum.last_stop = clean ? HF_FSCK_STOP_CLEAN : HF_FSCK_STOP_UNCLEAN;
}

/* Where the log begins behind a snapshot: the state there. Replay begins behind the oldest that is
 * whole, so that as much of the log as can be is replayed. */
static void load_base(struct hf__check *c)
{
	struct hf__recovery *r = &c->r;
	const struct hf__witness witness = r->witness;
	const bool behind = c->store->identity.incompat & HF__FEATURE_BEHIND_SNAPSHOT;
	if (r->head ? !r->begins_behind : !behind || witness.end.segment != 0)
		return;
	const int rc = hf__recovery_load_base(r, true);
	r->witness = witness;
	r->base = (struct hf__position){0, 0}; /* every segment is read from its beginning */
	if (r->head) {
		r->next_lsn = r->first->header.previous_lsn + 1;
		r->previous_hash = r->first->header.previous_hash;
	}
	if (rc == HF_OK)
		return;
	c->certain = false;
	if (rc == HF_ENOMEM)
		c->no_memory = true;
	else if (rc == HF_ECORRUPT)
		hf__check_lost(c, hf__check_note_error(c, HF_FSCK_DAMAGE));
	else if (rc == HF_EVERSION)
		(void)hf__check_note_error(c, HF_FSCK_NEWER);
	else
		hf__check_unread(c, c->scratch.file, rc, c->scratch.os_errno);
}

void hf__check_log(struct hf__check *c)
{
	if (!collect(c))
		return;
	const uint32_t head = c->r.head ? c->r.head->number : 0;
	bool asked = false;
	c->r.next_lsn = 1;
	mark_chain(c);
	if (c->begin)
		c->begin(c);
	else
		load_base(c);
	for (size_t i = 0; i < c->r.count; i++) {
		struct hf__segment_file *f = &c->r.found[i];
		if (f->number > head && !asked) {
			mark_behind(c, head);
			asked = true;
		}
		if (f->in_chain)
			check_member(c, f);
	}
	check_end(c);
	for (size_t i = 0; i < c->r.count && !c->begin; i++)
		if (!c->r.found[i].in_chain)
			check_leftover(c, &c->r.found[i]);
}
