/* Recovery: facts first, then one decision, then the states. Opening writes nothing but R7's
 * same bytes.
 *
 * Facts: which segments exist, which of them have a valid header (H = the one with the greatest
 * number), the witness, and the verdict of hf__scan on every segment of the chain that leads
 * back from H. Decisions, the first row that matches:
 *
 *   row  valid facts                                                 decision
 *   D1   none  the witness names a segment, or no segment exists     HF_ECORRUPT: the log is gone
 *   D1b  none  a header is whole, but of another store or epoch      HF_ECORRUPT: files exchanged
 *   D2   none  a segment holds groups that prove it was durable      HF_ECORRUPT: header damaged
 *   D3   none  every byte is zero, the witness has no word           an empty store, clean
 *   D4   none  anything else                                         an empty store, unclean
 *   D5         a header of a newer format                            HF_EVERSION
 *   D6   one   the witness names a segment after H                   HF_ECORRUPT: segments missing
 *   D7   one   a segment after H has groups that prove it durable    HF_ECORRUPT: header damaged
 *   D8   one   the chain back from H is broken: missing, damaged     HF_ECORRUPT
 *   D8b  one   a feature in the chain forbids writing                HF_EVERSION
 *   D8c        the log begins behind a snapshot, and there is none   HF_ECORRUPT
 *   D9   one   a scan says CORRUPT, or neighbours disagree (R4, R9)  HF_ECORRUPT
 *   D10  one   last scan CLEAN, witness clean, exactly at the end    go on in H (I-LOST-1)
 *   D11  one   anything else                                         unclean: R7, an LSN jump
 *
 * D3 and D10 rewrite nothing: no opening before this one has written to the log since that word,
 * or it would have said "not clean" (I-WIT-3).
 *
 * A read error is HF_EIO, no memory is HF_ENOMEM: never damage (R9). */
#include "store/recover/recover.h"

#include <assert.h>

bool hf__recovery_follows(const struct hf__recovery *r, const struct hf__segment_file *f)
{
	const struct hf__segment_header *h = &f->header;
	/* How far numbering may step from there to first_lsn, the header itself says, or it is not
	 * valid. */
	return h->previous_lsn == r->next_lsn - 1 && h->previous_hash == r->previous_hash;
}

static int explain_scan(struct hf__recovery *r, const struct hf__segment_file *f, int rc)
{
	const struct hf__scan_verdict *v = &r->verdict;
	if (rc == HF_ENOMEM)
		return hf__recovery_no_memory(r);
	if (rc == HF_EVERSION)
		return hf__fail(r->error, rc, 0, "segment %u holds entries of a newer format", f->number);
	rc = hf__corrupt(r, f->number, v->end, v->why ? v->why : "an entry's body is damaged");
	if (r->error) {
		r->error->first_lsn = v->next_lsn;
		r->error->last_lsn = v->last_lost_lsn;
	}
	return rc;
}

/* Behind it nothing exists, and nothing is read; 0: that is for the scan to find. */
static uint32_t pinned_end(const struct hf__recovery *r, const struct hf__segment_file *f,
                           const struct hf__segment_file *next)
{
	if (next && next->header.previous_end.segment == f->number)
		return next->header.previous_end.offset;
	return r->up_to_witness && r->witness.end.segment == f->number ? r->witness.end.offset : 0;
}

struct hf__scan_input hf__recovery_input(const struct hf__recovery *r,
                                         const struct hf__segment_file *f,
                                         const struct hf__segment_file *next)
{
	const bool base = f->number == r->base.segment; /* what lies before it was looked at */
	return (struct hf__scan_input){
	    .id = &r->store->id,
	    .bytes = hf_bytes_of(r->bytes.data, r->bytes.len),
	    .segment = f->number,
	    .from = base ? r->base.offset : HF__SEGMENT_HEADER_SIZE,
	    .next_lsn = base ? r->next_lsn : f->header.first_lsn,
	    .previous_hash = r->previous_hash,
	    .pinned_end = pinned_end(r, f, next),
	    .witness_end = r->witness.end.segment == f->number ? r->witness.end.offset : 0,
	    .witness_lsn = r->witness.lsn,
	    .witness_chain = r->witness.chain,
	};
}

int hf__recovery_scan(struct hf__recovery *r, struct hf__segment_file *f,
                      const struct hf__segment_file *next, hf__scan_entry_fn each, void *arg)
{
	if (f->number != r->base.segment && !hf__recovery_follows(r, f))
		return hf__corrupt(r, f->number, 0, "the segment does not follow the one before it");
	struct hf__scan_input input = hf__recovery_input(r, f, next);
	input.expect = hf__recovery_expect;
	input.expected = each == hf__recovery_apply ? hf__recovery_expected(r) : 0;
	hf__scan_window_deinit(&r->window);
	r->window = (struct hf__scan_window){.keeps = f == r->head && !r->up_to_witness};
	const int rc = hf__recovery_look(r, f, &input, &r->window, each, arg, &r->verdict);
	if (r->window.os_errno)
		return rc;
	if (rc == HF_ECANCELED && r->bound.reached) {
		r->next_lsn = r->bound.last + 1;
		return HF_OK;
	}
	if (rc != 0 || r->verdict.kind == HF__SCAN_CORRUPT) /* D9 */
		return explain_scan(r, f, rc);
	r->scanned += r->verdict.end - input.from;
	r->next_lsn = r->verdict.next_lsn;
	r->previous_hash = r->verdict.previous_hash;
	return HF_OK;
}

static void tell(const struct hf__recovery *r, uint64_t done, uint64_t total)
{
	const struct hf_options *o = &r->store->options;
	if (o->progress)
		o->progress(o->ctx, done, total);
}

/* Bytes of the log that are replayed. */
static uint64_t bytes_to_replay(struct hf__recovery *r)
{
	uint64_t bytes = 0;
	for (struct hf__segment_file *f = hf__recovery_next(r, NULL); f; f = hf__recovery_next(r, f))
		bytes += f->number < r->base.segment ? 0 : f->size;
	return bytes;
}

static int replay_chain(struct hf__recovery *r)
{
	r->next_lsn = 1;
	int rc = hf__recovery_load_base(r, false);
	uint64_t done = hf__newest_base(r->store)->reader.source.size;
	const uint64_t total = done + bytes_to_replay(r);
	tell(r, done, total);
	r->bound.last = r->next_lsn - 1;
	for (struct hf__segment_file *f = hf__recovery_next(r, NULL);
	     f && rc == HF_OK && !r->bound.reached; f = hf__recovery_next(r, f)) {
		if (f->number < r->base.segment)
			continue;
		rc = hf__recovery_scan(r, f, hf__recovery_next(r, f), hf__recovery_apply, r);
		done += f->size;
		tell(r, done, total);
	}
	return rc;
}

/* --- The outcome ------------------------------------------------------------------------------ */

static int note_leftovers(struct hf__recovery *r)
{
	struct hf_store *s = r->store;
	s->tidy.leftovers = hf__alloc((r->count + 1) * sizeof *s->tidy.leftovers);
	if (!s->tidy.leftovers)
		return hf__recovery_no_memory(r);
	for (size_t i = 0; i < r->count; i++)
		if (!r->found[i].in_chain)
			s->tidy.leftovers[s->tidy.leftover_count++] = r->found[i].number;
	const struct hf__segment_file *newest = r->count > 0 ? &r->found[r->count - 1] : NULL;
	if (newest && newest->number > s->writer.end.segment && newest->zero &&
	    newest->size % HF__BLOCK == 0)
		s->segments.zero_leftover = (uint32_t)newest->size;
	s->tidy.strays = r->strays;
	return HF_OK;
}

static void set_progress(struct hf_store *s, uint64_t last_lsn, uint64_t chain,
                         struct hf__position end, bool clean)
{
	s->writer.previous_lsn = s->world.recovered_lsn = last_lsn;
	s->writer.chain = chain;
	s->writer.end = end;
	s->writer.jumped = !clean;
	s->writer.must_rotate = !clean || end.segment == 0;
	s->world.next_lsn = last_lsn + 1 + (clean ? 0 : HF__LSN_JUMP);
	s->world.incarnation_lsn = s->world.next_lsn;
	atomic_store(&s->written_lsn, s->world.next_lsn - 1);
	atomic_store(&s->durable_lsn, s->world.next_lsn - 1);
}

static int failed_write(struct hf__recovery *r, int rc)
{
	/* A disk that copies on writing needs room for the same bytes too. Nothing was handed out
	 * yet, and the next opening writes all of them again. */
	if (hf__code_of_errno(rc) == HF_ENOSPACE)
		return hf__fail(
		    r->error, HF_ENOSPACE, rc,
		    "there is no room to make the end of the log durable (error %d); it can be read", rc);
	return hf__fail(r->error, HF_EUNCERTAIN, rc,
	                "the end of the log could not be made durable (error %d)", rc);
}

/* R7: entries that are not known to be durable are written again, the same bytes, and synced
 * before anything is served: after a failed sync the page cache can show what the disk does not
 * hold. Nor need it show what the disk does hold. So the place of one more group header is
 * written too, as it is seen: a group that was not found here does not turn up later. */
static int rewrite_tail(struct hf__recovery *r)
{
	struct hf_store *s = r->store;
	const struct hf__scan_verdict *v = &r->verdict;
	const bool header_known =
	    r->witness.end.segment == r->head->number || v->durable_end > HF__SEGMENT_HEADER_SIZE;
	uint32_t from = header_known ? v->durable_end : 0;
	if (r->witness.end.segment == r->head->number && r->witness.end.offset > from)
		from = r->witness.end.offset;
	const uint32_t left = r->window.size - v->end;
	const uint32_t to = v->end + (left < HF__GROUP_HEADER_SIZE ? left : HF__GROUP_HEADER_SIZE);
	/* What a second reading gave would not be verified. */
	const struct hf_bytes seen = hf__scan_window_at(&r->window, from, from, 0);
	assert(from >= to || seen.len >= to - from);
	s->info.torn_bytes = v->torn_len;
	s->info.recovered = true;
	s->info.rewritten_bytes = v->end > from ? v->end - from : 0;
	/* Crash: a sector that is written with the bytes it holds holds them before, during and
	 * after. The next open does the same. */
	int rc = from < to ? s->os->write(s->os->ctx, s->writer.file, seen.data, to - from, from) : 0;
	if (rc == 0 && from < to)
		rc = s->os->sync(s->os->ctx, s->writer.file);
	if (rc)
		return failed_write(r, rc);
	if (from >= v->end)
		return HF_OK;
	hf__witness_tell(s, (struct hf__position){r->head->number, v->end}, v->next_lsn - 1,
	                 v->previous_hash, false);
	if (atomic_load(&s->fault))
		return failed_write(r, s->fault_errno);
	return HF_OK;
}

static int write_head_again(struct hf__recovery *r, struct hf__segment_file *f)
{
	const struct hf__os *os = r->store->os;
	char name[HF__NAME_MAX];
	int file = -1;
	int rc = hf__recovery_read(r, f, HF__SEGMENT_HEADER_SIZE);
	if (rc != HF_OK || r->bytes.len == 0)
		return rc;
	hf__segment_name(f->number, name);
	rc = os->open(os->ctx, name, HF__OS_WRITE, &file);
	if (rc)
		return hf__failed_read(r, name, rc);
	/* Crash: as in rewrite_tail. */
	rc = os->write(os->ctx, file, r->bytes.data, r->bytes.len, 0);
	if (rc == 0)
		rc = os->sync(os->ctx, file);
	const int closed = os->close(os->ctx, file);
	rc = rc ? rc : closed;
	return rc ? failed_write(r, rc) : HF_OK;
}

/* The same for segments after number `after`: their headers were not found, and must not turn up
 * later. */
static int rewrite_beyond(struct hf__recovery *r, uint32_t after)
{
	int rc = HF_OK;
	for (size_t i = 0; i < r->count && rc == HF_OK; i++)
		if (r->found[i].number > after)
			rc = write_head_again(r, &r->found[i]);
	return rc;
}

int hf__recovery_check_empty(struct hf__recovery *r, bool *all_zero)
{
	if (r->witness.end.segment != 0)
		return hf__corrupt(r, r->witness.end.segment, 0,
		                   "the segment that the witness names has no valid header");
	if (r->count == 0)
		return hf__corrupt(r, 1, 0, "the store has no log segment");
	for (size_t i = 0; i < r->count; i++)
		if (r->found[i].foreign)
			return hf__corrupt(r, r->found[i].number, 0, HF__SEGMENT_FOREIGN);
	return hf__recovery_check_beyond(r, 0, r->next_lsn, all_zero);
}

/* No segment has a valid header: D3, D4. */
static int empty_store(struct hf__recovery *r, bool all_zero)
{
	/* A word that names no segment was written before the first group of all: "not clean". */
	const bool clean = all_zero && r->witness.generation == 0;
	set_progress(r->store, r->next_lsn - 1, r->previous_hash, (struct hf__position){0, 0}, clean);
	r->store->info.recovered = !clean;
	hf__clock_resume(r->store, &r->witness);
	return rewrite_beyond(r, 0);
}

static int open_head(struct hf__recovery *r)
{
	struct hf_store *s = r->store;
	char name[HF__NAME_MAX];
	hf__segment_name(r->head->number, name);
	const int rc = s->os->open(s->os->ctx, name, HF__OS_WRITE, &s->writer.file);
	s->writer.segment_size = r->head->header.size;
	s->witness.segment = r->witness.end.segment;
	return rc ? hf__failed_read(r, name, rc) : HF_OK;
}

bool hf__recovery_stopped_clean(const struct hf__recovery *r)
{
	const struct hf__witness *w = &r->witness;
	return r->verdict.kind == HF__SCAN_CLEAN && w->clean && w->end.segment == r->head->number &&
	       w->end.offset == r->verdict.end && w->lsn == r->next_lsn - 1 &&
	       w->chain == r->previous_hash;
}

static int go_on(struct hf__recovery *r)
{
	struct hf_store *s = r->store;
	int rc = open_head(r);
	if (rc != HF_OK)
		return rc;
	hf__clock_resume(s, &r->witness); /* a word says what the clock shows: I-CLOCK-6 */
	const bool clean = hf__recovery_stopped_clean(r); /* D10, D11 */
	if (!clean)
		rc = rewrite_tail(r);
	if (rc == HF_OK && !clean)
		rc = rewrite_beyond(r, r->head->number);
	set_progress(s, r->next_lsn - 1, r->previous_hash,
	             (struct hf__position){r->head->number, r->verdict.end}, clean);
	/* I-LOST-1: what an opening wrote behind this end may have gone with the power. */
	s->writer.must_rotate = !clean || !hf__clock_same_boot(s, &r->witness);
	return rc;
}

/* The masks in force are those of IDENTITY and of every segment of the log together; headers
 * written from now on carry them all. */
static int may_write(struct hf__recovery *r)
{
	struct hf__identity *identity = &r->store->identity;
	for (const struct hf__segment_file *f = hf__recovery_next(r, NULL); f;
	     f = hf__recovery_next(r, f)) {
		identity->compat |= f->header.compat;
		identity->ro_compat |= f->header.ro_compat;
		identity->incompat |= f->header.incompat;
		if (f->header.ro_compat & ~HF__FEATURE_RO_COMPAT_KNOWN)
			return hf__fail(r->error, HF_EVERSION, 0,
			                "segment %u has features that this version may not write", f->number);
	}
	return HF_OK;
}

/* It may hold a state all the same: what was imported. */
static int load_empty(struct hf__recovery *r, bool *all_zero)
{
	r->next_lsn = 1;
	const int rc = r->witness.end.segment == 0 ? hf__recovery_load_base(r, false) : HF_OK;
	return rc == HF_OK && !r->up_to_witness ? hf__recovery_check_empty(r, all_zero) : rc;
}

static int load_log(struct hf__recovery *r, bool *all_zero)
{
	if (!r->head)
		return load_empty(r, all_zero);
	if (r->witness.end.segment > r->head->number) /* D6 */
		return hf__corrupt(
		    r, r->witness.end.segment, 0,
		    "the segment that the witness names is missing or its header is damaged");
	int rc = hf__recovery_mark_chain(r); /* D8 */
	if (rc == HF_OK && r->store->sink)
		rc = may_write(r); /* D8b */
	if (rc == HF_OK)
		rc = replay_chain(r);
	if (rc != HF_OK || r->up_to_witness || r->bound.reached)
		return rc;
	return hf__recovery_check_beyond(r, r->head->number, r->next_lsn, all_zero);
}

int hf__recovery_load(struct hf__recovery *r, bool *all_zero)
{
	hf__index_late_begin(&r->store->world.change.nodes);
	return hf__recovery_in_order(r, load_log(r, all_zero));
}

int hf__recover(struct hf_store *s, struct hf_error *error)
{
	struct hf__recovery r = {.store = s, .error = error};
	bool all_zero = false;
	int rc = hf__recovery_collect(&r);
	if (rc == HF_OK)
		rc = hf__recovery_load(&r, &all_zero);
	if (rc == HF_OK)
		rc = r.head ? go_on(&r) : empty_store(&r, all_zero);
	if (rc == HF_OK)
		rc = note_leftovers(&r);
	if (rc == HF_OK)
		rc = hf__recovery_note_cuts(&r);
	if (rc == HF_OK) {
		hf__sweep_all(s, s->world.states);
		hf__states_opened(s, s->world.incarnation_lsn);
		hf__recovery_count(&r);
	}
	hf__recovery_free(&r);
	hf__recovery_forget(&r);
	return rc;
}
