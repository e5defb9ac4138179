/* The rows of the table of domains, engine/table.c: one per domain. */
#ifndef HF_DOMAINS_DOMAINS_H
#define HF_DOMAINS_DOMAINS_H

#include "store/domain.h"

extern const struct hf__domain hf__clock_domain;
extern const struct hf__domain hf__inbox_domain;
extern const struct hf__domain hf__cursor_domain;
extern const struct hf__domain hf__outbox_domain;
extern const struct hf__domain hf__idempotency_domain;
extern const struct hf__domain hf__migration_domain;
extern const struct hf__domain hf__lock_domain;
extern const struct hf__domain hf__document_domain;
extern const struct hf__domain hf__timeline_domain;

/* What this version can read of each domain's entries, beside what reads them. */
extern const struct hf__kind hf__inbox_kinds[];
extern const struct hf__kind hf__cursor_kinds[];
extern const struct hf__kind hf__outbox_kinds[];
extern const struct hf__kind hf__idempotency_kinds[];
extern const struct hf__kind hf__document_kinds[];
extern const struct hf__kind hf__timeline_kinds[];
extern const struct hf__kind hf__lock_kinds[];

#endif
