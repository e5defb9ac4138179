/* Entries -> state, and back. */
#ifndef HF_DOMAINS_IDEMPOTENCY_APPLY_H
#define HF_DOMAINS_IDEMPOTENCY_APPLY_H

#include "domains/idempotency/entry.h"
#include "domains/idempotency/idempotency.h"

/* The domain's apply(). */
int hf__idem_apply(void *state, struct hf__change *change, const struct hf__entry *entry);
/* An entry as the log would hold it after set-backs of `setback` in all, without its response;
 * borrowed from it. */
struct hf__idem_image hf__idem_image_of(const struct hf__idem_entry *entry,
                                        enum hf__idem_cause cause, int64_t setback);
/* The domain's verify(): idempotency/check.c. */
int hf__idem_verify(const void *state, struct hf__text *why);

#endif
