/* Recovery, the facts: which segments exist, which have a valid header, what the witness says,
 * and what segments without a header prove. Decides nothing but what is damage. */
#include "store/recover/recover.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "log/sector.h"

/* --- Facts ------------------------------------------------------------------------------------ */

static int note_snapshot(struct hf__recovery *r, const char *name)
{
	uint64_t lsn;
	if (!hf__snapshot_name_parse(name, &lsn))
		return 0;
	uint64_t *more = hf__grown(r->snapshots, r->snapshot_count, &r->snapshot_cap, sizeof *more, 4);
	if (!more)
		return ENOMEM;
	r->snapshots = more;
	r->snapshots[r->snapshot_count++] = lsn;
	return 0;
}

static int note_segment(void *arg, const char *name)
{
	struct hf__recovery *r = arg;
	uint32_t number = 0;
	r->strays = r->strays || hf__segment_tmp_name(name) || hf__snapshot_tmp_name(name);
	if (!hf__segment_name_parse(name, &number))
		return note_snapshot(r, name);
	struct hf__segment_file *found = hf__grown(r->found, r->count, &r->cap, sizeof *found, 16);
	if (!found)
		return ENOMEM;
	r->found = found;
	r->found[r->count++] = (struct hf__segment_file){.number = number};
	return 0;
}

static int compare_numbers(const void *a, const void *b)
{
	const struct hf__segment_file *left = a, *right = b;
	return (left->number > right->number) - (left->number < right->number);
}

/* Is this a header that is whole under the names that it bears itself, but not of this store and
 * segment? No crash leaves one. */
static bool header_is_foreign(const struct hf__recovery *r, const struct hf__segment_file *f)
{
	const struct hf__log_id *id = &r->store->id;
	struct hf__head head;
	return hf__segment_header_whole(r->bytes.data, r->bytes.len, &head) &&
	       (head.epoch != id->epoch || memcmp(head.uuid, id->uuid, sizeof id->uuid) != 0 ||
	        head.number != f->number);
}

int hf__recovery_header(struct hf__recovery *r, struct hf__segment_file *f)
{
	const int rc = hf__recovery_read(r, f, HF__SEGMENT_HEADER_SIZE);
	if (rc != HF_OK)
		return rc;
	f->header_rc =
	    hf__segment_header_decode(&r->store->id, r->bytes.data, r->bytes.len, &f->header);
	if (f->header_rc == HF_OK && f->header.number != f->number)
		f->header_rc = HF_ECORRUPT; /* a renamed or copied segment is none */
	f->foreign = f->header_rc == HF_ECORRUPT && header_is_foreign(r, f);
	if (f->header_rc == HF_EVERSION)
		/* D5 */
		return hf__fail(r->error, HF_EVERSION, 0, "segment %u was written by a newer format",
		                f->number);
	if (f->header_rc == HF_OK) {
		r->head = f;
		if (hf__features_unknown(f->header.compat, f->header.ro_compat))
			r->store->id.features_unknown = true;
	}
	return HF_OK;
}

int hf__recovery_witness(struct hf__recovery *r)
{
	struct hf_store *s = r->store;
	uint8_t file[HF__WITNESS_SIZE];
	size_t got = 0;
	const int rc = s->os->read(s->os->ctx, s->witness.file, file, sizeof file, 0, &got);
	if (rc)
		return hf__failed_read(r, HF__NAME_WITNESS, rc);
	/* No valid word is legal: both slots may have been in flight when the power went. It only
	 * means less is known. */
	(void)hf__witness_pick(&s->id, file, got, &r->witness);
	s->witness.generation = r->witness.generation;
	s->witness.told = (struct hf__log_position){r->witness.end, r->witness.lsn, r->witness.chain};
	return HF_OK;
}

void hf__recovery_forget(struct hf__recovery *r)
{
	hf__free(r->found);
	hf__free(r->snapshots);
	r->found = r->head = r->first = NULL;
	r->snapshots = NULL;
	r->count = r->cap = r->snapshot_count = r->snapshot_cap = 0;
}

void hf__recovery_free(struct hf__recovery *r)
{
	hf__writer_deinit(&r->bytes);
	hf__scan_window_deinit(&r->window);
}

int hf__recovery_list(struct hf__recovery *r)
{
	const struct hf__os *os = r->store->os;
	r->snapshot_count = 0;
	const int rc = os->list(os->ctx, note_segment, r);
	if (rc)
		return rc == ENOMEM ? hf__recovery_no_memory(r) : hf__failed_read(r, "the directory", rc);
	if (r->count > 1)
		qsort(r->found, r->count, sizeof *r->found, compare_numbers);
	return HF_OK;
}

int hf__recovery_collect(struct hf__recovery *r)
{
	struct hf_store *s = r->store;
	int rc = hf__recovery_list(r);
	if (rc != HF_OK)
		return rc;
	/* Headers are judged in order, by what those before them say: whatever an attempt before
	 * this one found, the answer is the same. */
	s->id.features_unknown = hf__features_unknown(s->identity.compat, s->identity.ro_compat);
	for (size_t i = 0; i < r->count; i++) {
		rc = hf__recovery_header(r, &r->found[i]);
		if (rc != HF_OK)
			return rc;
	}
	if (r->count > 0)
		s->segments.newest_number = r->found[r->count - 1].number;
	return hf__recovery_witness(r);
}

/* --- Evidence in segments without a valid header ---------------------------------------------- */

/* Does this segment hold groups which prove that its header had been durable? `next` is the LSN
 * that would come next in the log. */
int hf__recovery_proof(struct hf__recovery *r, struct hf__segment_file *f, uint64_t next,
                       bool *proof, bool *zero)
{
	struct hf__scan_verdict v;
	struct hf__scan_window window = {0};
	struct hf__scan_input input = {.id = &r->store->id,
	                               .segment = f->number,
	                               .from = HF__SEGMENT_HEADER_SIZE,
	                               .next_lsn = next};
	int rc = hf__recovery_read(r, f, HF__SEGMENT_HEADER_SIZE);
	*proof = false;
	*zero = rc == HF_OK && hf__bytes_zero(r->bytes.data, r->bytes.len);
	if (rc != HF_OK || r->bytes.len < HF__SEGMENT_HEADER_SIZE)
		return rc;
	rc = hf__recovery_look(r, f, &input, &window, NULL, NULL, &v);
	hf__scan_window_deinit(&window);
	if (rc != HF_OK)
		return rc;
	*zero = *zero && v.kind == HF__SCAN_CLEAN && v.end == HF__SEGMENT_HEADER_SIZE;
	/* A group that says "durable up to just before the jump" proves nothing about the segment
	 * that begins behind the jump. */
	*proof = v.proven_lsn >= next;
	return HF_OK;
}

int hf__recovery_check_beyond(struct hf__recovery *r, uint32_t after, uint64_t next, bool *all_zero)
{
	*all_zero = true;
	for (size_t i = 0; i < r->count; i++) {
		bool proof = false, zero = false;
		if (r->found[i].number <= after)
			continue;
		const int rc = hf__recovery_proof(r, &r->found[i], next, &proof, &zero);
		if (rc != HF_OK)
			return rc;
		if (proof) /* D2, D7 */
			return hf__corrupt(r, r->found[i].number, 0,
			                   "the header of a segment whose groups were durable is damaged");
		r->found[i].zero = zero;
		*all_zero = *all_zero && zero;
	}
	return HF_OK;
}

/* --- The chain -------------------------------------------------------------------------------- */

static struct hf__segment_file *find(struct hf__recovery *r, uint32_t number)
{
	const struct hf__segment_file wanted = {.number = number};
	return bsearch(&wanted, r->found, r->count, sizeof *r->found, compare_numbers);
}

int hf__recovery_step(struct hf__recovery *r, struct hf__segment_file *f,
                      struct hf__segment_file **previous)
{
	/* lower than f's: the header is valid */
	const uint32_t number = f->header.previous_end.segment;
	*previous = number ? find(r, number) : NULL;
	/* Behind its pinned end there is nothing to keep, so a segment with a successor may have
	 * been cut; not before it, as the scan sees. */
	const bool last = f == r->head && !r->up_to_witness;
	if (last ? f->size != f->header.size : f->size > f->header.size)
		return hf__corrupt(r, f->number, f->size,
		                   "the file has not the size that its header states");
	if (number && !*previous && !hf__recovery_may_begin(r, f))
		return hf__corrupt(r, number, 0, "a segment of the log is missing");
	if (*previous && (*previous)->header_rc != HF_OK)
		return hf__corrupt(r, number, 0, "the header of a segment is damaged");
	return HF_OK;
}

bool hf__recovery_may_begin(const struct hf__recovery *r, const struct hf__segment_file *f)
{
	return (r->store->identity.incompat & HF__FEATURE_BEHIND_SNAPSHOT) &&
	       f->header.previous_lsn != 0;
}

int hf__recovery_mark_chain(struct hf__recovery *r)
{
	r->begins_behind = false;
	for (struct hf__segment_file *f = r->head, *previous; f; f = previous) {
		r->first = f;
		f->in_chain = true;
		const int rc = hf__recovery_step(r, f, &previous);
		if (rc != HF_OK)
			return rc;
		r->begins_behind = !previous && hf__recovery_may_begin(r, f);
	}
	return HF_OK;
}

struct hf__segment_file *hf__recovery_next(struct hf__recovery *r, const struct hf__segment_file *f)
{
	for (size_t i = f ? (size_t)(f - r->found) + 1 : 0; i < r->count; i++)
		if (r->found[i].in_chain)
			return &r->found[i];
	return NULL;
}

int hf__recovery_note_cuts(struct hf__recovery *r)
{
	if (!hf__cuts_reserve(r->store, r->count))
		return hf__recovery_no_memory(r);
	for (struct hf__segment_file *f = hf__recovery_next(r, NULL), *next; f; f = next) {
		next = hf__recovery_next(r, f);
		const uint32_t end = next ? next->header.previous_end.offset : 0;
		hf__sealed_add(r->store, (struct hf__position){next ? f->number : 0, end});
		if (next && f->size > hf__segment_cut_size(end))
			hf__cut_later(r->store, f->number, end, 0);
	}
	return HF_OK;
}
