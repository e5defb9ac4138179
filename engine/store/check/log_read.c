/* Reading the log from outside.
 *
 * Job: every entry from an LSN on, once, in order, described. Happy path: the facts that an
 * opening collects (recover/facts.c), then the scan of each segment from the one that holds that
 * LSN on; a group's entries are given when all of it verified.
 *
 * Failure modes: what a writer changes meanwhile can look like anything (a group half there, a
 * header that came after the directory was listed, a leftover that is gone). So a failure starts
 * a new attempt, which goes on behind what was given, and is believed when an attempt that got
 * no further fails in the same place. A torn tail is the end, not a failure.
 *
 * I-READ-1: an entry is given only if its whole group verifies and follows from the groups
 * before it, so what was given needs no second look. */
#include "base/text.h"
#include "store/check/readonly.h"
#include "store/recover/recover.h"

/* A writer that changes something between every two attempts is no reason to go on forever. */
#define ATTEMPTS_MAX 100u

struct reading {
	struct hf__recovery r;
	uint64_t from; /* what was asked for */
	uint64_t next; /* the first LSN to be given: all before it were, or are not wanted */
	unsigned flags;
	hf_log_fn each;
	void *ctx;
	struct hf_error failure; /* of the newest attempt */
	bool enough; /* the caller has had it; whatever the attempt ended with is no failure */
};

static int give(void *arg, const struct hf__entry *entry)
{
	struct reading *reading = arg;
	char words[1024] = "";
	struct hf__text text = {words, sizeof words, 0};
	unsigned index = 0;
	if (entry->lsn < reading->next)
		return 0;
	const struct hf__domain *row;
	const int rc = hf__entry_readable(reading->r.store, entry, &row, &index);
	if (rc != HF_OK)
		return rc == HF_ENOTFOUND ? 0 : rc;
	if (!(reading->flags & HF_LOG_WITHOUT_TEXT))
		row->describe(entry, &text);
	struct hf_event event;
	struct hf__about about = {0};
	hf__event_of(reading->r.store, entry, &event);
	if (entry->domain == HF__DOMAIN_CLOCK)
		(void)row->about(entry, &about);
	const struct hf_log_entry out = {
	    .size = sizeof out,
	    .lsn = entry->lsn,
	    .at = entry->at,
	    .domain = row->name,
	    .domain_id = entry->domain,
	    .kind = entry->kind,
	    .transaction_end = (entry->flags & HF__ENTRY_LAST) != 0,
	    .text = words,
	    .segment = entry->place.segment,
	    .offset = entry->place.offset - HF__ENTRY_HEADER_SIZE,
	    .body_len = (uint32_t)entry->body.len,
	    .set_back_us = about.set_back_us,
	    .event = &event,
	};
	reading->next = entry->lsn + 1;
	reading->enough = !reading->each(reading->ctx, &out);
	return reading->enough ? HF_ECANCELED : 0;
}

/* The chain before a break is still worth reading. */
static int mark_chain(struct hf__recovery *r)
{
	bool covered = true;
	int rc = hf__recovery_mark_chain(r);
	if (rc == HF_OK && r->begins_behind)
		rc = hf__recovery_covered(r, &covered);
	if (rc == HF_OK && !covered)
		rc = hf__corrupt(r, r->first->number, 0,
		                 "the log begins here, and no snapshot covers what was before");
	if (rc == HF_OK)
		return rc;
	const struct hf__segment_file *last = NULL;
	for (size_t i = 0; i < r->count; i++) {
		struct hf__segment_file *f = &r->found[i];
		f->in_chain =
		    f->header_rc == HF_OK && f->header.previous_end.segment == (last ? last->number : 0);
		last = f->in_chain ? f : last;
	}
	return rc;
}

/* Where to begin: segments before it hold nothing that is wanted. Where all entries of a segment
 * were given and an attempt failed all the same, it is that segment which may be damaged: what
 * was given last is read again. */
static struct hf__segment_file *find_start(struct reading *reading)
{
	struct hf__recovery *r = &reading->r;
	const uint64_t place = reading->next > reading->from ? reading->next - 1 : reading->from;
	struct hf__segment_file *start = hf__recovery_next(r, NULL);
	for (struct hf__segment_file *f = start; f && f->header.first_lsn <= place;
	     f = hf__recovery_next(r, f))
		start = f;
	if (start) {
		r->next_lsn = start->header.previous_lsn + 1;
		r->previous_hash = start->header.previous_hash;
	}
	return start;
}

/* What was asked for is not kept any more; from 0 on there is always something to give. */
static int check_kept(struct reading *reading)
{
	const struct hf__recovery *r = &reading->r;
	const uint64_t before = r->begins_behind ? r->first->header.previous_lsn : 0;
	if (reading->next == 0 || reading->next > before)
		return HF_OK;
	return hf__fail(r->error, HF_EGONE, 0,
	                "the log holds no entry %llu any more: it begins behind %llu",
	                (unsigned long long)reading->next, (unsigned long long)before);
}

static int read_chain(struct reading *reading)
{
	struct hf__recovery *r = &reading->r;
	const bool lost_head = r->head && r->witness.end.segment > r->head->number; /* D6 */
	struct hf_error broken = {0};
	int broken_rc = HF_OK;
	if (r->head) {
		broken_rc = mark_chain(r);
		broken = *r->error;
		const int kept = broken_rc == HF_OK ? check_kept(reading) : HF_OK;
		if (kept != HF_OK)
			return kept;
	}
	for (struct hf__segment_file *f = find_start(reading); f;
	     f = reading->enough ? NULL : hf__recovery_next(r, f)) {
		const int rc = hf__recovery_scan(r, f, hf__recovery_next(r, f), give, reading);
		if (rc != HF_OK && broken_rc == HF_OK)
			return rc;
	}
	if (broken_rc != HF_OK) {
		*r->error = broken;
		return broken_rc;
	}
	return lost_head ? hf__corrupt(
	                       r, r->witness.end.segment, 0,
	                       "the segment that the witness names is missing or its header is damaged")
	                 : HF_OK;
}

/* One attempt, with facts of its own. */
static int attempt(struct reading *reading)
{
	struct hf__recovery *r = &reading->r;
	bool all_zero = false;
	int rc = hf__recovery_collect(r);
	if (rc == HF_OK)
		rc = read_chain(reading);
	if (rc == HF_OK && r->head) /* D7 */
		rc = hf__recovery_check_beyond(r, r->head->number, r->next_lsn, &all_zero);
	else if (rc == HF_OK) {
		uint64_t imported = 0;
		rc = hf__recovery_imported(r, &imported);
		r->next_lsn = imported + 1;
		if (rc == HF_OK)
			rc = hf__recovery_check_empty(r, &all_zero);
	}
	hf__recovery_forget(r);
	return rc;
}

static bool same_failure(const struct hf_error *a, const struct hf_error *b)
{
	return a->code == b->code && a->offset == b->offset && a->first_lsn == b->first_lsn &&
	       strcmp(a->file, b->file) == 0;
}

static int read_log(struct reading *reading, struct hf_error *error)
{
	const struct hf_error *now = &reading->failure;
	struct hf_error before = {0};
	uint64_t got_to = 0;
	int rc = HF_OK;
	reading->r.error = &reading->failure;
	for (unsigned i = 0; i < ATTEMPTS_MAX; i++) {
		rc = attempt(reading);
		/* Nothing that a writer does looks like these. */
		if (rc == HF_OK || reading->enough || rc == HF_ENOMEM || rc == HF_EVERSION ||
		    rc == HF_EGONE)
			break;
		if (i > 0 && got_to == reading->next && same_failure(now, &before))
			break;
		before = *now;
		got_to = reading->next;
	}
	if (reading->enough)
		return HF_OK;
	if (rc != HF_OK && error)
		*error = *now;
	return rc;
}

int hf__open_to_look(struct hf_store *s, struct hf_error *error)
{
	s->options.inline_max = HF__INLINE_DEFAULT;
	int rc = hf__find_identity(s, error);
	if (rc == HF_OK)
		rc = hf__prepare_memory(s, error);
	return rc == HF_OK ? hf__open_witness(s, 0, error) : rc;
}

void hf__close_look(struct hf_store *s)
{
	if (s->witness.file >= 0)
		(void)s->os->close(s->os->ctx, s->witness.file); /* only read */
	hf__store_free(s);
}

int hf__log_each(const struct hf__os *os, const struct hf__domains *domains, hf_lsn from,
                 unsigned flags, hf_log_fn each, void *ctx, struct hf_error *error)
{
	if (!each || (flags & ~(unsigned)HF_LOG_WITHOUT_TEXT))
		return hf__fail(error, HF_EINVAL, 0, each ? "no such flag" : "a callback is needed");
	struct hf_store *s = hf__store_new(os, domains);
	if (!s)
		return hf__fail(error, HF_ENOMEM, 0, "no memory to read the log");
	struct reading reading = {
	    .r = {.store = s}, .from = from, .next = from, .flags = flags, .each = each, .ctx = ctx};
	int rc = hf__open_to_look(s, error);
	if (rc == HF_OK)
		rc = read_log(&reading, error);
	hf__recovery_free(&reading.r);
	hf__close_look(s);
	return rc;
}

static bool note_last(void *ctx, const struct hf_log_entry *entry)
{
	hf_lsn *last = ctx;
	*last = entry->lsn;
	return true;
}

int hf__log_end(const struct hf__os *os, const struct hf__domains *domains, hf_lsn *last,
                struct hf_error *error)
{
	return hf__log_each(os, domains, *last + 1, HF_LOG_WITHOUT_TEXT, note_last, last, error);
}
