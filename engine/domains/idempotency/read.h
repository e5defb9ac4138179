/* What the reads of the idempotency domain share. */
#ifndef HF_DOMAINS_IDEMPOTENCY_READ_H
#define HF_DOMAINS_IDEMPOTENCY_READ_H

#include "domains/idempotency/verb.h"

/* Copies an entry, the response too unless `without_response`. */
HF_CHECKED int hf__idem_answer(struct hf__query *q, const struct hf__idem_entry *entry,
                               bool without_response, struct hf_idempotency_entry *out);

#endif
