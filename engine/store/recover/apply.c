/* Recovery, one entry: it goes into the states by the apply that a commit uses too, and what it
 * says of clock and openings is noted. For replay, and for those that follow a log. */
#include "store/recover/recover.h"

static bool within_bound(struct hf__recovery *r, const struct hf__entry *entry)
{
	struct hf__recovery_bound *b = &r->bound;
	if (!b->inside && (entry->lsn > b->lsn || entry->at > b->time)) {
		b->reached = true;
		return false;
	}
	b->inside = !(entry->flags & HF__ENTRY_LAST);
	b->last = entry->lsn;
	return true;
}

int hf__recovery_apply(void *arg, const struct hf__entry *entry)
{
	struct hf__recovery *r = arg;
	if (r->bound.is && !within_bound(r, entry))
		return HF_ECANCELED;
	struct hf_store *s = r->store;
	unsigned index = 0;
	const struct hf__domain *row;
	struct hf__entry known = *entry;
	known.setback = hf__setback(s, s->world.states);
	int rc = hf__entry_readable(s, entry, &row, &index);
	if (rc == HF_ENOTFOUND)
		/* its time counts all the same */
		hf__clock_wrote(s, hf__to_mono(entry->at, known.setback), false);
	if (rc != HF_OK)
		return rc == HF_ENOTFOUND ? 0 : rc;
	if (s->world.change.observer) /* a handle for reading is exported meanwhile */
		s->world.change.observer->domain = index;
	hf__change_begin(&s->world.change, entry->lsn, true);
	rc = row->apply(s->world.states[index], &s->world.change, &known);
	if (rc != HF_OK) {
		hf__change_undo(&s->world.change);
		return rc;
	}
	hf__change_keep(&s->world.change);
	const bool ending = hf__entry_is_ending(row, entry);
	const int64_t mono = hf__to_mono(entry->at, known.setback);
	hf__clock_wrote(s, mono, ending);
	/* When an ending was logged counts for nothing: the opening that did would seem to have
	 * lived longer. */
	if (!ending && !hf__incarnation_note(s, entry->incarnation, mono))
		return HF_ENOMEM;
	hf__sweep_applied(s, s->world.states);
	s->info.replayed++;
	r->incarnation = entry->incarnation;
	return 0;
}

void hf__recovery_expect(void *arg, const struct hf__entry *entry)
{
	const struct hf__recovery *r = arg;
	const struct hf_store *s = r->store;
	unsigned index = 0;
	const struct hf__domain *row = hf__row_of(s, entry->domain, &index);
	if (row && row->expect)
		row->expect(s->world.states[index], entry);
}

uint32_t hf__recovery_expected(const struct hf__recovery *r)
{
	const struct hf__domains *domains = r->store->domains;
	uint32_t bits = 0;
	for (unsigned i = 0; i < domains->count; i++)
		if (domains->rows[i]->expect)
			bits |= UINT32_C(1) << domains->rows[i]->id;
	return bits;
}

int hf__recovery_in_order(struct hf__recovery *r, int rc)
{
	const int ordered = hf__index_late_end(&r->store->world.change.nodes);
	if (rc != HF_OK || ordered == HF_OK)
		return rc;
	return ordered == HF_ENOMEM
	           ? hf__recovery_no_memory(r)
	           : hf__fail(r->error, ordered, 0, "the log makes one and the same object twice");
}
