/* Every invariant of the lock state, recounted. */
#include "domains/lock/lock.h"

static const char *lock_fault(const struct hf__lock_state *state, const struct hf__lock *lock)
{
	const int64_t ends = hf__lock_ends(lock);
	if (!hf__object_sealed(&lock->object))
		return "it was changed beside the hook";
	if (lock->value.version == 0 || lock->value.token == 0 || !lock->value.owner)
		return "it has no holder";
	if (hf__lock_find(state, hf__lock_name(lock)) != lock)
		return "it cannot be found by its name";
	if (hf__heap_in(&lock->ending) != (ends < INT64_MAX))
		return "its ending is not noted"; /* I-LOCK-1 */
	return NULL;
}

static int broken(struct hf__text *why, const struct hf__lock *lock, const char *what)
{
	hf__text_add(why, "lock");
	if (lock) {
		hf__text_add(why, " ");
		hf__text_add_quoted(why, hf__lock_name(lock));
	}
	return hf__refuse(why, HF_ECORRUPT, ": %s", what);
}

int hf__lock_verify(const void *raw, struct hf__text *why)
{
	const struct hf__lock_state *state = raw;
	size_t locks = 0, endings = 0;
	if (!hf__index_sane(&state->by_name))
		return broken(why, NULL, "the order by name is broken");
	for (struct hf__index_at at = hf__index_first(&state->by_name); at.leaf;
	     at = hf__index_next(at)) {
		const struct hf__lock *lock = hf__index_object(at);
		const char *fault = lock_fault(state, lock);
		if (fault)
			return broken(why, lock, fault);
		locks++;
		endings += hf__heap_in(&lock->ending);
	}
	if (state->locks.count != locks)
		return broken(why, NULL, "the map and the order by name disagree");
	if (!hf__heap_sane(&state->endings) || state->endings.count != endings)
		return broken(why, NULL, "the heap of endings is wrong");
	return HF_OK;
}
