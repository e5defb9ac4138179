/* See plan.h, and docs/backup-design.md.
 *
 * Happy path: the witness is read first. Then all files of one listing are opened (pins.h), the
 * chain of segments is marked as recovery does it, and the last one is read up to where no whole
 * group follows. What was acknowledged before stands there, whether the witness says so or not.
 *
 * Failure modes: files that come and go, a group that is being written, a segment that got its
 * header meanwhile. So a failure starts a new attempt, and is believed when the next one fails in
 * the same place, with the same files.
 *
 * I-BACKUP-2: everything acknowledged before the call lies before the end that is found.
 * I-BACKUP-3: what the witness says is older than every byte that is copied. */
#include "store/backup/plan.h"

#include <errno.h>

#include "store/snapshot/base.h"

#define ATTEMPTS_MAX 100u

struct looking {
	struct hf__plan *plan;
	struct hf__recovery r;
	struct hf_error failure;
	struct hf__witness word; /* as it was before anything else was read */
};

/* --- Parts ------------------------------------------------------------------------------------ */

static int add(struct looking *l, const char *name, uint64_t len, uint64_t size, bool still)
{
	struct hf__plan *plan = l->plan;
	struct hf__part *parts = hf__grown(plan->parts, plan->count, &plan->cap, sizeof *parts, 16);
	if (!parts)
		return hf__recovery_no_memory(&l->r);
	plan->parts = parts;
	struct hf__part *part = &plan->parts[plan->count++];
	*part = (struct hf__part){.len = len, .size = size, .still = still};
	memcpy(part->name, name, strnlen(name, sizeof part->name - 1));
	plan->bytes += len;
	return HF_OK;
}

/* Its size; 0: openings pass over it. That is what a compaction that is under way, or was killed,
 * leaves behind the log that it removed; or damage, which takes nothing away if the log is whole,
 * and is found by the check of the copy if not. */
static int snapshot_size(struct looking *l, uint64_t lsn, const char *name, uint64_t *size)
{
	struct hf__base base;
	struct hf__snapshot_fault fault = {0};
	bool stands = false;
	int rc = hf__base_open(&base, &l->plan->pins.os, name, &fault);
	const bool whole = rc == HF_OK;
	if (rc == HF_ENOMEM)
		return hf__recovery_no_memory(&l->r);
	if (rc == HF_EIO)
		return hf__failed_read(&l->r, name, fault.os_errno);
	const struct hf__snapshot_header *h = &base.reader.header;
	if (whole && hf__base_is_own(&l->r.store->id, lsn, h))
		rc = hf__recovery_stands(&l->r, h, &stands);
	else
		rc = HF_OK;
	*size = stands ? base.reader.source.size : 0;
	if (whole)
		hf__base_close(&base);
	return rc;
}

static int add_snapshots(struct looking *l)
{
	int rc = HF_OK;
	for (size_t i = 0; i < l->r.snapshot_count && rc == HF_OK; i++) {
		char name[HF__NAME_MAX];
		uint64_t size = 0;
		hf__snapshot_name(l->r.snapshots[i], name);
		rc = snapshot_size(l, l->r.snapshots[i], name, &size);
		if (rc == HF_OK && size > 0)
			rc = add(l, name, size, size, true);
	}
	return rc;
}

/* Up to where the next one says that it ends. It is never opened for writing again once a word
 * speaks of a later one: then the header of the next one is durable. */
static int add_segments(struct looking *l, uint32_t end)
{
	struct hf__recovery *r = &l->r;
	int rc = HF_OK;
	for (struct hf__segment_file *f = hf__recovery_next(r, NULL), *next; f && rc == HF_OK;
	     f = next) {
		char name[HF__NAME_MAX];
		next = hf__recovery_next(r, f);
		hf__segment_name(f->number, name);
		const uint32_t len = next ? next->header.previous_end.offset : end;
		rc = add(l, name, len, next ? hf__segment_cut_size(len) : f->header.size,
		         next && f->number < l->word.end.segment);
	}
	return rc;
}

/* --- One attempt ------------------------------------------------------------------------------ */

static bool is_held(const struct hf__os *os)
{
	bool held = false;
	return os->locked(os->ctx, HF__NAME_LOCK, &held) != 0 || held;
}

/* Where no whole group follows any more. */
static int find_end(struct looking *l)
{
	struct hf__recovery *r = &l->r;
	struct hf__segment_file *head = r->head;
	bool all_zero = false;
	if (r->witness.end.segment > head->number)
		return hf__corrupt(
		    r, r->witness.end.segment, 0,
		    "the segment that the witness names is missing or its header is damaged");
	struct hf__scan_window window = {0};
	struct hf__scan_input input = hf__recovery_input(r, head, NULL);
	input.previous_hash = head->header.previous_hash;
	const int rc = hf__recovery_look(r, head, &input, &window, NULL, NULL, &r->verdict);
	hf__scan_window_deinit(&window);
	if (rc != HF_OK)
		return rc;
	if (r->verdict.kind == HF__SCAN_CORRUPT)
		return hf__corrupt(r, head->number, r->verdict.end, r->verdict.why);
	r->next_lsn = r->verdict.next_lsn;
	r->previous_hash = r->verdict.previous_hash;
	/* A writer puts headers there. */
	return is_held(l->plan->source)
	           ? HF_OK
	           : hf__recovery_check_beyond(r, head->number, r->next_lsn, &all_zero);
}

/* The log as it is, and what the witness of the backup says: all of that, and no more (D10). The
 * clocks are those of the store's own word, so that time goes on from there. */
static int plan_log(struct looking *l)
{
	struct hf__recovery *r = &l->r;
	struct hf__plan *plan = l->plan;
	int rc = hf__recovery_mark_chain(r);
	if (rc == HF_OK)
		rc = find_end(l);
	if (rc != HF_OK)
		return rc;
	const uint32_t end = r->verdict.end;
	plan->lsn = r->next_lsn - 1;
	plan->word = r->witness;
	plan->word.generation = 1;
	plan->word.end = (struct hf__position){r->head->number, end};
	plan->word.lsn = plan->lsn;
	plan->word.chain = r->previous_hash;
	plan->word.clean = true;
	rc = add_segments(l, end);
	return rc == HF_OK ? add_snapshots(l) : rc;
}

/* Nothing was logged, or nothing since an import. */
static int plan_empty(struct looking *l)
{
	struct hf__recovery *r = &l->r;
	bool all_zero = false;
	uint64_t imported = 0;
	int rc = hf__recovery_imported(r, &imported);
	r->next_lsn = imported + 1;
	if (rc == HF_OK)
		rc = hf__recovery_check_empty(r, &all_zero);
	if (rc != HF_OK)
		return rc;
	l->plan->empty = r->found[0].number;
	l->plan->lsn = r->next_lsn - 1;
	return add_snapshots(l);
}

static int read_identity(struct looking *l)
{
	const struct hf__os *os = l->plan->source;
	uint8_t *bytes = l->plan->identity_bytes;
	size_t got = 0;
	int file = -1;
	int rc = os->open(os->ctx, HF__NAME_IDENTITY, 0, &file);
	if (rc == 0) {
		rc = os->read(os->ctx, file, bytes, HF__IDENTITY_SIZE, 0, &got);
		const int closed = os->close(os->ctx, file);
		rc = rc ? rc : closed;
	}
	if (rc)
		return hf__failed_read(&l->r, HF__NAME_IDENTITY, rc);
	return hf__identity_decode(bytes, got, &l->plan->identity) == HF_OK
	           ? HF_OK
	           : hf__fail_at(&l->failure, HF_ECORRUPT, HF__NAME_IDENTITY, 0,
	                         HF__NAME_IDENTITY " is damaged");
}

static int read_facts(struct looking *l, struct hf_store *s)
{
	struct hf__plan *plan = l->plan;
	l->r = (struct hf__recovery){.store = s, .error = &l->failure};
	int rc = hf__open_to_look(s, &l->failure);
	if (rc == HF_OK)
		rc = read_identity(l);
	if (rc == HF_OK)
		rc = hf__recovery_collect(&l->r);
	if (rc != HF_OK)
		return rc;
	l->r.witness = l->word; /* I-BACKUP-3 */
	plan->id = s->id;
	return l->r.head ? plan_log(l) : plan_empty(l);
}

/* The newest word, before anything else is opened. */
static int read_word(struct looking *l, struct hf_store *s)
{
	l->r = (struct hf__recovery){.store = s, .error = &l->failure};
	int rc = hf__open_to_look(s, &l->failure);
	if (rc == HF_OK)
		rc = hf__recovery_witness(&l->r);
	l->word = l->r.witness;
	return rc;
}

static int with_store(struct looking *l, int (*look)(struct looking *l, struct hf_store *s))
{
	struct hf_store *s = hf__store_new(&l->plan->pins.os, l->plan->domains);
	if (!s)
		return hf__fail(&l->failure, HF_ENOMEM, 0, "no memory for a backup");
	const int rc = look(l, s);
	hf__recovery_free(&l->r);
	hf__recovery_forget(&l->r);
	hf__close_look(s);
	return rc;
}

static int take_files(struct looking *l)
{
	const int rc = hf__pinned_take(&l->plan->pins);
	if (rc == EAGAIN)
		return hf__fail(&l->failure, HF_ELAGGED, 0,
		                "the store's files change faster than they can be opened");
	return rc ? hf__read_failed(&l->failure, "the store's files could not be opened", rc) : HF_OK;
}

static int attempt(struct looking *l)
{
	struct hf__plan *plan = l->plan;
	l->failure = (struct hf_error){0};
	plan->count = plan->bytes = plan->lsn = plan->empty = 0;
	plan->word = (struct hf__witness){0};
	hf__pinned_drop(&plan->pins);
	int rc = with_store(l, read_word);
	if (rc == HF_OK)
		rc = take_files(l);
	if (rc != HF_OK)
		return rc;
	plan->pins.frozen = true;
	rc = with_store(l, read_facts);
	plan->pins.frozen = false;
	return rc;
}

/* --- Attempts --------------------------------------------------------------------------------- */

static bool same_failure(const struct hf_error *a, const struct hf_error *b)
{
	return a->code == b->code && a->offset == b->offset && a->os_errno == b->os_errno &&
	       strcmp(a->file, b->file) == 0;
}

/* No other attempt would come to anything else. */
static bool final(int rc)
{
	return rc == HF_OK || rc == HF_ENOMEM || rc == HF_EVERSION || rc == HF_ENOTFOUND ||
	       rc == HF_ENOSPACE || rc == HF_EACCESS;
}

static uint64_t listing_of(const struct hf__plan *plan)
{
	const struct hf__pin_names *names = &plan->pins.names;
	return hf__checksum(names->all, names->count * sizeof *names->all, 0);
}

int hf__plan_make(struct hf__plan *plan, const struct hf__os *source,
                  const struct hf__domains *domains, struct hf_error *error)
{
	struct looking l = {.plan = plan};
	struct hf_error before = {0};
	uint64_t listing = 0;
	int rc = HF_OK;
	*plan = (struct hf__plan){.source = source, .domains = domains, .pinned = true};
	hf__pinned_init(&plan->pins, source);
	for (unsigned i = 0; i < ATTEMPTS_MAX; i++) {
		rc = attempt(&l);
		if (final(rc) || (rc != HF_ELAGGED && i > 0 && listing == listing_of(plan) &&
		                  same_failure(&l.failure, &before)))
			break;
		before = l.failure;
		listing = listing_of(plan);
	}
	if (rc != HF_OK && error)
		*error = l.failure;
	return rc;
}

void hf__plan_free(struct hf__plan *plan)
{
	if (plan->pinned)
		hf__pinned_deinit(&plan->pins);
	hf__free(plan->parts);
	plan->parts = NULL;
	plan->pinned = false;
}
