/* Every invariant of the idempotency state, recounted. */
#include "domains/common/objects.h"
#include "domains/idempotency/apply.h"

/* --- Verify ----------------------------------------------------------------------------------- */

/* What the entries say should be in the indexes, counted over all of them. */
struct tally {
	size_t entries, endings, of[2]; /* owned, done */
	int64_t latest;
};

static int broken(struct hf__text *why, const struct hf__idem_scope *scope,
                  const struct hf__idem_entry *entry, const char *what)
{
	hf__text_add(why, "idempotency scope ");
	hf__text_add_quoted(why, hf__container_name(scope));
	if (entry) {
		hf__text_add(why, " key ");
		hf__text_add_quoted(why, hf__idem_key(entry));
	}
	return hf__refuse(why, HF_ECORRUPT, ": %s", what);
}

static const char *value_fault(const struct hf__idem_entry *entry)
{
	const struct hf__idem_value *value = &entry->value;
	const uint64_t version = entry->object.changed;
	if (!hf__object_sealed(&entry->object))
		return "it was changed beside the hook";
	if (version == 0 || value->created_at == HF_UNSET)
		return "it has no version or no time of birth";
	if (value->done)
		return NULL;
	if (hf__blob_bytes(value->given).len < sizeof(struct hf__idem_claim))
		return "owned without an owner";
	const struct hf__idem_claim claim = hf__idem_claim_of(value);
	if (claim.token == 0 || claim.version != version || value->never || !value->computed ||
	    claim.expires_at == HF_UNSET || claim.lease_until > claim.expires_at)
		return "owned without a token or an end";
	return value->response.bytes || value->status != 0 ? "a response before it was done" : NULL;
}

/* Do all indexes tell the end that its value says? Counts make sure that it is nowhere else. */
static const char *place_fault(const struct hf__idem_state *state,
                               const struct hf__idem_scope *scope,
                               const struct hf__idem_entry *entry, struct tally *tally)
{
	const int64_t end = hf__idem_end(entry);
	const bool ends = end != INT64_MAX;
	if (hf__idem_scope_of(entry) != scope ||
	    hf__idem_find(state, hf__container_name(scope), hf__idem_key(entry)) != entry)
		return "it cannot be found by its key";
	if (entry->value.end != end || (entry->value.never && ends))
		return "the instant at which it ends is wrong";
	if (hf__heap_in(&entry->ending) != ends)
		return "its ending is not noted";
	tally->entries++;
	tally->endings += ends;
	tally->of[entry->value.done]++;
	tally->latest = end > tally->latest ? end : tally->latest;
	return NULL;
}

static bool by_end_ok(const struct hf__idem_scope *scope, bool done, size_t count)
{
	const struct hf__index *order = &scope->by_end[done];
	if (!hf__index_sane(order) || hf__index_count(order) != count)
		return false;
	for (struct hf__index_at at = hf__index_first(order); at.leaf; at = hf__index_next(at)) {
		const struct hf__idem_entry *entry = hf__index_object(at);
		if (entry->value.done != done || hf__idem_scope_of(entry) != scope)
			return false;
	}
	return true;
}

/* Before any key is looked at: its length is a part of the value. */
static bool all_sealed(const struct hf__idem_scope *scope)
{
	for (struct hf__index_at at = hf__index_first(&scope->by_key); at.leaf; at = hf__index_next(at))
		if (!hf__object_sealed(hf__index_object(at)))
			return false;
	return true;
}

static int verify_scope(const struct hf__idem_state *state, const struct hf__idem_scope *scope,
                        struct hf__text *why, struct tally *total)
{
	struct tally tally = {.latest = INT64_MIN};
	if (!all_sealed(scope))
		return broken(why, scope, NULL, "broken seal of an entry");
	if (!hf__index_sane(&scope->by_key))
		return broken(why, scope, NULL, "its keys are out of order");
	for (struct hf__index_at at = hf__index_first(&scope->by_key); at.leaf;
	     at = hf__index_next(at)) {
		const struct hf__idem_entry *entry = hf__index_object(at);
		const char *fault = value_fault(entry);
		if (!fault)
			fault = place_fault(state, scope, entry, &tally);
		if (fault)
			return broken(why, scope, entry, fault);
	}
	if (!by_end_ok(scope, false, tally.of[false]) || !by_end_ok(scope, true, tally.of[true]))
		return broken(why, scope, NULL, "the order of ends disagrees with the entries");
	if (!hf__container_sane(state, scope, tally.latest))
		return broken(why, scope, NULL, "broken seal, map or listing");
	total->entries += tally.entries;
	total->endings += tally.endings;
	return HF_OK;
}

int hf__idem_verify(const void *raw, struct hf__text *why)
{
	const struct hf__idem_state *state = raw;
	struct tally total = {0};
	if (!hf__containers_sane(state))
		return hf__refuse(why, HF_ECORRUPT,
		                  "idempotency: the order of scopes disagrees with the map of scopes");
	for (const struct hf__idem_scope *scope = hf__container_first(state); scope;
	     scope = hf__container_next(state, scope)) {
		const int rc = verify_scope(state, scope, why, &total);
		if (rc != HF_OK)
			return rc;
	}
	if (state->entries.count != total.entries)
		return hf__refuse(why, HF_ECORRUPT, "idempotency: %zu entries by key, %zu in scopes",
		                  state->entries.count, total.entries);
	const size_t noted = state->endings[false].count + state->endings[true].count;
	if (!hf__heap_sane(&state->endings[false]) || !hf__heap_sane(&state->endings[true]) ||
	    noted != total.endings)
		return hf__refuse(why, HF_ECORRUPT, "idempotency: %zu endings noted, %zu due some time",
		                  noted, total.endings);
	return HF_OK;
}
