/* A gate to a store that handles may outlive: watch/watch.h has one for feeds and subscriptions,
 * wait/started.h one for waits. Calls go in, use the store, and leave; hf_close shuts the gate and
 * waits until all have left. */
#ifndef HF_STORE_GATE_H
#define HF_STORE_GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "holdfast/types.h"

/* Zeroed: open. */
struct hf__gate {
	_Atomic uint32_t inside; /* calls that use the store; the highest bit: no more get in */
	_Atomic bool orphan; /* a forked child's copy, whose locks may be held forever */
};

/* HF_OK: the store may be used until hf__gate_leave(). HF_ECANCELED: it was closed. HF_EFORK, in a
 * forked child, also once it closed its copy: what the parent's calls got is not the child's. */
HF_CHECKED int hf__gate_enter(struct hf__gate *gate, const struct hf_store *store,
                              struct hf_error *error);
void hf__gate_leave(struct hf__gate *gate);
void hf__gate_shut(struct hf__gate *gate);
bool hf__gate_is_shut(const struct hf__gate *gate);
/* After it was shut: returns when all have left. */
void hf__gate_drain(struct hf__gate *gate);
/* Instead of both, in a forked child, where no other thread can be inside. */
void hf__gate_orphan(struct hf__gate *gate);
/* For a handle that ends, before, while or after the store is closed. May locks be taken? Not in a
 * forked child. */
bool hf__gate_ours(struct hf__gate *gate, const struct hf_store *store);

#endif
