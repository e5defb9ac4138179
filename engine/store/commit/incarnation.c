/* The openings of a store, as the log shows them: what one of them held without a lease was held
 * no longer from its newest entry on. One line of memory for each opening that wrote
 * anything. */
#include "store/internal.h"

bool hf__incarnation_note(struct hf_store *s, uint64_t first_lsn, int64_t at)
{
	struct hf__incarnations *known = &s->world.incarnations;
	if (known->count > 0 && known->all[known->count - 1].first_lsn >= first_lsn) {
		struct hf__incarnation *last = &known->all[known->count - 1];
		if (last->first_lsn == first_lsn && last->last_at < at)
			last->last_at = at;
		return true;
	}
	struct hf__incarnation *all = hf__grown(known->all, known->count, &known->cap, sizeof *all, 8);
	if (!all)
		return false;
	known->all = all;
	known->all[known->count++] = (struct hf__incarnation){first_lsn, at};
	return true;
}

int64_t hf__incarnation_end(const struct hf__domain_env *env, uint64_t lsn)
{
	const struct hf__incarnations *known = env->incarnations;
	size_t low = 0, high = known ? known->count : 0;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (known->all[middle].first_lsn <= lsn)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? known->all[low - 1].last_at : HF_UNSET;
}
