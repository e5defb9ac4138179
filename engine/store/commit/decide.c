/* What decide() calls while it looks: what its answer depends on, and the like. What it emits goes
 * through sequence.c. */
#include "store/internal.h"

void hf__depends(struct hf__decision *d, const struct hf__object *object)
{
	if (!object)
		return;
	/* What this very change did does not count; what it was before, the change itself remembers
	 * (hf__change.prior). */
	if (object->changed > d->need_changed && object->changed < d->change->first_lsn)
		d->need_changed = object->changed;
	const uint64_t due = hf__object_due(object);
	if (due > d->need_due && due < d->change->first_lsn)
		d->need_due = due;
}

uint64_t hf__next_lsn(const struct hf__decision *d)
{
	return d->store->world.next_lsn;
}

uint64_t hf__decision_random(struct hf__decision *d)
{
	return hf__random(d->store);
}

int hf__expect(struct hf__decision *d, hf_lsn expect, hf_lsn version)
{
	if (expect == 0 || (expect == HF_ABSENT ? version == 0 : expect == version))
		return HF_OK;
	if (expect == HF_ABSENT)
		hf__text_add(&d->why, "expected it not to exist, but it has version %llu",
		             (unsigned long long)version);
	else
		hf__text_add(&d->why, "expected version %llu, it is %llu", (unsigned long long)expect,
		             (unsigned long long)version);
	return HF_ECONFLICT;
}
