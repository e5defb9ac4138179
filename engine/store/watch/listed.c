/* Whether the segment that a tail reads is still there, as far as a listing says: see tail.h. */
#include "store/watch/tail.h"

bool hf__tail_listed(struct hf__tail *tail)
{
	struct hf__recovery *r = &tail->facts;
	bool listed = false;
	r->count = 0;
	if (hf__recovery_list(r) != HF_OK)
		return true;
	for (size_t i = 0; i < r->count; i++)
		listed = listed || r->found[i].number == tail->segment;
	return listed;
}
