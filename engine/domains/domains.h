/* The rows that holdfast.c puts into its table: one per domain. */
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

#endif
