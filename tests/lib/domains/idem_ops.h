/* Short words for idempotency operations in tests: names as strings, everything else by default.
 * Each fails the test unless the code is HF_OK; where the code is what matters, use the public
 * functions. */
#ifndef TESTS_LIB_IDEM_OPS_H
#define TESTS_LIB_IDEM_OPS_H

#include "holdfast/idempotency.h"
#include "holdfast/store.h"

struct hf_idempotency_key id_key(const char *scope, const char *key);
/* What begin found, without its memory: status is there, the response is not. */
struct hf_idempotency_begun id_begin(hf_store *store, const char *scope, const char *key,
                                     const char *fingerprint, int64_t lease_us);
void id_complete(hf_store *store, const char *scope, const char *key, hf_token token,
                 const char *response, int64_t ttl_us);
/* expires_at as in struct hf_idempotency_put_args. */
struct hf_result id_put(hf_store *store, const char *scope, const char *key, const char *response,
                        hf_time expires_at);
bool id_has(hf_store *store, const char *scope, const char *key);
/* The keys listed, "a b c", in pages of `limit`. Valid until the next call. */
const char *id_list(hf_store *store, const char *scope, size_t limit);
/* The same of scopes. */
const char *id_scopes(hf_store *store, size_t limit);
/* "owned done": "2 1". Valid until the next call. */
const char *id_count(hf_store *store, const char *scope);

#endif
