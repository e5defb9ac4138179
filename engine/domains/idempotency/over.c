/* See over.h. Scopes lie in the order of their names, so those with a prefix are one range. What
 * holds nothing any more is passed over by its weight, the latest end of its entries. */
#include "domains/idempotency/over.h"

int hf__idem_check_over(enum hf_idempotency_over over, struct hf_bytes scope, struct hf__text *why)
{
	if ((unsigned)over > HF_IDEMPOTENCY_OVER_ALL)
		return hf__refuse(why, HF_EINVAL, "no such scopes: %d", (int)over);
	if (over != HF_IDEMPOTENCY_OVER_ALL)
		return hf__idem_check_scope(scope, why);
	return scope.len == 0 ? HF_OK
	                      : hf__refuse_named(why, HF_EINVAL, scope, "over all scopes and of one");
}

void hf__idem_over(const struct hf__idem_state *state, struct hf_bytes prefix, int64_t now,
                   struct hf__idem_over *out)
{
	out->holding = hf__index_above(now);
	out->low = prefix;
	out->high = hf__prefix_end(prefix, out->end);
	out->scopes = (struct hf__range){.index = &state->scopes.by_name,
	                                 .low = prefix.len > 0 ? &out->low : NULL,
	                                 .high = out->high.len > 0 ? &out->high : NULL,
	                                 .filter = &out->holding};
}

uint64_t hf__idem_count_over(const struct hf__idem_over *over, bool done, struct hf__instant at)
{
	uint64_t count = 0;
	for (struct hf__index_at scope = hf__range_first(&over->scopes, NULL); scope.leaf;
	     scope = hf__range_next(&over->scopes, scope))
		count += hf__idem_count(hf__index_object(scope), done, at);
	return count;
}

void hf__idem_see(struct hf__query *q, const struct hf__idem_over *over)
{
	for (unsigned done = 0; done < 2; done++)
		hf__query_sees(q, hf__idem_count_over(over, done, HF__INSTANT_OF(q)));
}
