/* Entries -> state, and back. */
#ifndef HF_DOMAINS_OUTBOX_APPLY_H
#define HF_DOMAINS_OUTBOX_APPLY_H

#include "domains/outbox_entry.h"
#include "domains/outbox_state.h"

/* The domain's apply(). */
int hf__outbox_apply(void *state, struct hf__change *change, const struct hf__entry *entry);
/* An item as an entry would hold it, without its payload; borrowed from the item. */
struct hf__outbox_image hf__outbox_image_of(const struct hf__outbox_item *item, enum hf__outbox_cause cause);
/* The domain's snapshot() and verify(): outbox_check.c. */
int hf__outbox_snapshot(const void *state, struct hf__emitter *emitter);
int hf__outbox_verify(const void *state, struct hf__text *why);

#endif
