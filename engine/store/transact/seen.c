/* See seen.h. Job: note what a read in a transaction depends on, and ask again at the commit. A
 * read that was refused for its form notes nothing. Why the check comes before all operations: what
 * was read is the committed state, which these are about to change. */
#include "store/transact/seen.h"

#include <assert.h>

#include "store/internal.h"

/* --- While a read runs ------------------------------------------------------------------------ */

static inline void wait_for(struct hf__query *q, const struct hf__object *object)
{
	if (object->changed > q->need_changed)
		q->need_changed = object->changed;
	const uint64_t due = hf__object_due(object);
	if (due > q->need_due)
		q->need_due = due;
}

void hf__query_absent(struct hf__query *q, const struct hf__object *object)
{
	if (object)
		wait_for(q, object);
}

void hf__query_sees(struct hf__query *q, uint64_t fact)
{
	if (!q->facts)
		return;
	assert(q->facts->count < HF__FACTS_MAX);
	q->facts->all[q->facts->count++] = fact;
	q->facts->form = false;
}

void hf__query_refuses(struct hf__query *q)
{
	if (q->facts)
		q->facts->form = true;
}

void hf__query_depends(struct hf__query *q, const struct hf__object *object)
{
	if (!object)
		return;
	wait_for(q, object);
	if (q->facts)
		hf__query_sees(q, object->changed);
}

/* --- Noting ----------------------------------------------------------------------------------- */

int hf__seen_note(hf_txn *txn, const struct hf__asking *asking, unsigned index, const void *args,
                  int rc, const struct hf__facts *facts)
{
	if (asking->covered || facts->form || rc == HF_ENOMEM)
		return HF_OK;
	const size_t size = facts->count * sizeof facts->all[0];
	struct hf__seen *seen = hf__arena_alloc(&txn->arena, sizeof *seen + size);
	if (!seen)
		return HF_ENOMEM;
	*seen = (struct hf__seen){
	    .before = txn->seen, .asking = *asking, .index = index, .rc = rc, .count = facts->count};
	memcpy(seen->facts, facts->all, size);
	seen->args = asking->copy(&txn->arena, args);
	if (!seen->args)
		return HF_ENOMEM;
	txn->seen = seen;
	return HF_OK;
}

/* --- Asking again ----------------------------------------------------------------------------- */

static void depend(struct hf__decision *d, const struct hf__query *q)
{
	if (q->need_changed > d->need_changed)
		d->need_changed = q->need_changed;
	if (q->need_due > d->need_due)
		d->need_due = q->need_due;
}

static int check_one(struct hf_store *s, struct hf__decision *d, const struct hf__seen *seen)
{
	char ignored[HF_ERROR_TEXT] = "";
	struct hf__facts facts = {.count = 0};
	struct hf__answer answer = {.store = s, .dry = true};
	struct hf__query q = hf__query_now(s, seen->index, d->mono, &answer);
	q.why = (struct hf__text){ignored, sizeof ignored, 0};
	q.facts = &facts;
	hf__query_depends(&q, hf__setback_object(s));
	const int rc = seen->asking.read(&q, seen->args);
	hf__answer_reset(&answer);
	depend(d, &q);
	if (rc == HF_ENOMEM)
		return rc;
	if (rc == seen->rc && facts.count == seen->count &&
	    memcmp(facts.all, seen->facts, facts.count * sizeof facts.all[0]) == 0)
		return HF_OK;
	return hf__refuse(&d->why, HF_ECONFLICT, "what was read is not so any more (%s)",
	                  s->domains->rows[seen->index]->name);
}

int hf__seen_check(struct hf_store *s, struct hf__decision *d, const struct hf__seen *seen)
{
	for (; seen; seen = seen->before) {
		const int rc = check_one(s, d, seen);
		if (rc != HF_OK)
			return rc;
	}
	return HF_OK;
}
