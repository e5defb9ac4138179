/* See gate.h. */
#include "store/wait/gate.h"

#include <limits.h>

#include "store/call/error.h"
#include "store/call/refuse.h"
#include "store/commit/futex.h"

#define SHUT (UINT32_C(1) << 31)

int hf__gate_enter(struct hf__gate *gate, const struct hf_store *store, struct hf_error *error)
{
	/* Counted first: from then on hf_close waits, so the store is there. */
	if (atomic_fetch_add(&gate->inside, 1) & SHUT) {
		hf__gate_leave(gate);
		return atomic_load(&gate->orphan)
		           ? hf__fail_fork(error)
		           : hf__fail(error, HF_ECANCELED, 0, "the store was closed");
	}
	const int rc = hf__check_fork(store, error);
	if (rc != HF_OK)
		hf__gate_leave(gate);
	return rc;
}

void hf__gate_leave(struct hf__gate *gate)
{
	if (atomic_fetch_sub(&gate->inside, 1) == (SHUT | 1))
		hf__futex_wake(&gate->inside, INT_MAX);
}

void hf__gate_shut(struct hf__gate *gate)
{
	(void)atomic_fetch_or(&gate->inside, SHUT);
}

bool hf__gate_is_shut(const struct hf__gate *gate)
{
	return atomic_load(&gate->inside) & SHUT;
}

void hf__gate_drain(struct hf__gate *gate)
{
	for (uint32_t inside; (inside = atomic_load(&gate->inside)) != SHUT;)
		hf__futex_wait(&gate->inside, inside);
}

void hf__gate_orphan(struct hf__gate *gate)
{
	atomic_store(&gate->orphan, true);
	atomic_store(&gate->inside, SHUT);
}

bool hf__gate_ours(struct hf__gate *gate, const struct hf_store *store)
{
	const int rc = hf__gate_enter(gate, store, NULL);
	if (rc == HF_OK)
		hf__gate_leave(gate);
	return rc != HF_EFORK;
}
