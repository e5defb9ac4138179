/* Short words for outbox operations in tests: one queue, ids as strings, everything else by
 * default. Each fails the test unless the code is HF_OK; where the code is what matters, use the
 * public functions. */
#ifndef TESTS_LIB_OUTBOX_OPS_H
#define TESTS_LIB_OUTBOX_OPS_H

#include "holdfast/outbox.h"
#include "holdfast/outbox_claim.h"
#include "holdfast/outbox_read.h"
#include "holdfast/store.h"

#define OB_QUEUE "jobs"

/* available_at 0: now. */
struct hf_result ob_enqueue(hf_store *store, const char *id, const char *payload, int32_t priority,
                            hf_time available_at);
hf_token ob_claim(hf_store *store, const char *id, int64_t lease);
/* The ids claimed, "a b c", in the order given; "" for none. Valid until the next call. */
const char *ob_claim_next(hf_store *store, uint32_t max, int64_t lease);
void ob_complete(hf_store *store, const char *id, hf_token token);
void ob_fail(hf_store *store, const char *id, hf_token token, uint32_t max_attempts);
void ob_mark_failed(hf_store *store, const char *id);
/* The ids listed, "a b c", in pages of `limit`. Valid until the next call. */
const char *ob_list(hf_store *store, enum hf_outbox_status status, size_t limit);
struct hf_outbox_stats ob_stats(hf_store *store);
/* "queued", "sending", "failed", "" for absent. */
const char *ob_status(hf_store *store, const char *id);

#endif
