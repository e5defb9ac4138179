/* Walks over records in load order. Each class has a range of its own in a view, in load order
 * too; a walk over several classes merges their ranges, taking the foremost of at most four
 * heads. Within a range the only filter left is the end of the snooze, a bound on the weight, so
 * that each step costs O(log n) however many other records lie between. */
#include "domains/inbox/inbox.h"

void hf__inbox_walk_range(struct hf__inbox_walk *walk, const struct hf__inbox *inbox,
                          const struct hf__inbox_bound *range,
                          const struct hf__inbox_position *after)
{
	walk->inbox = inbox;
	walk->count = 1;
	walk->ranges[0] = *range;
	walk->heads[0] = hf__records_first(inbox, range, after);
}

void hf__inbox_walk_begin(struct hf__inbox_walk *walk, const struct hf__inbox *inbox,
                          const struct hf__inbox_filter *filter,
                          const struct hf__inbox_position *after)
{
	const bool of_account = filter->account.len > 0;
	walk->inbox = inbox;
	walk->count = 0;
	for (uint8_t class = 0; class < HF__INBOX_CLASSES; class ++) {
		if (!(filter->tags & 1u << class))
			continue;
		struct hf__inbox_bound *range = &walk->ranges[walk->count];
		*range = (struct hf__inbox_bound){.bounded = filter->awake, .most = filter->now};
		range->view = of_account ? HF__INBOX_BY_ACCOUNT : HF__INBOX_IN_LOAD_ORDER;
		range->fields = HF__INBOX_CLASS_FIELDS + of_account;
		hf__inbox_put_class(&range->at, class);
		range->at.account = filter->account;
		walk->heads[walk->count++] = hf__records_first(inbox, range, after);
	}
}

static unsigned foremost(const struct hf__inbox_walk *walk)
{
	unsigned best = 0;
	const struct hf__record *first = hf__index_object(walk->heads[0]);
	for (unsigned i = 1; i < walk->count; i++) {
		const struct hf__record *record = hf__index_object(walk->heads[i]);
		if (!record || (first && hf__record_compare_load(record, first) >= 0))
			continue;
		best = i;
		first = record;
	}
	return best;
}

struct hf__record *hf__inbox_walk_take(struct hf__inbox_walk *walk)
{
	if (walk->count == 0)
		return NULL;
	const unsigned best = foremost(walk);
	const struct hf__index_at at = walk->heads[best];
	if (at.leaf)
		walk->heads[best] = hf__records_next(walk->inbox, &walk->ranges[best], at);
	return hf__index_object(at);
}
