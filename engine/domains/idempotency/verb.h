/* What the idempotency mutations have in common: form, lookup, entries. */
#ifndef HF_DOMAINS_IDEMPOTENCY_VERB_H
#define HF_DOMAINS_IDEMPOTENCY_VERB_H

#include "domains/idempotency/apply.h"

/* --- Form: HF_OK or the code, with why filled. ------------------------------------------------ */

int hf__idem_check_scope(struct hf_bytes scope, struct hf__text *why);
int hf__idem_check_key(const struct hf_idempotency_key *key, struct hf__text *why);
/* Of arguments that are a key, behind struct hf_write, and nothing else that has a form. */
int hf__idem_check_lone_key(const void *args, struct hf__text *why);
int hf__idem_check_fingerprint(struct hf_bytes fingerprint, struct hf__text *why);

/* --- Deciding --------------------------------------------------------------------------------- */

/* Finds the entry (*out NULL: none, or it has ended), notes what the answer depends on, and
 * compares its version with the expected one. */
HF_CHECKED int hf__idem_look(const struct hf__idem_state *state, struct hf__decision *d,
                             const struct hf_write *write, const struct hf_idempotency_key *key,
                             struct hf__idem_entry **out);
/* As above; HF_ESTALE unless `token` owns it. */
HF_CHECKED int hf__idem_require_owner(const struct hf__idem_state *state, struct hf__decision *d,
                                      const struct hf_write *write,
                                      const struct hf_idempotency_key *key, hf_token token,
                                      struct hf__idem_entry **out);
/* A refusal about a key. Returns code. */
int hf__idem_refuse(struct hf__decision *d, int code, const char *what,
                    const struct hf_idempotency_key *key);
/* Writes the entry as it is now; the result says so. */
HF_CHECKED int hf__idem_emit(struct hf__decision *d, enum hf__idem_kind kind,
                             const struct hf__idem_image *image, struct hf_result *result);
/* When something expires that begins to count now; 0: the default. */
int64_t hf__idem_expiry(int64_t now, int64_t ttl_us);

/* How its mutations give back an entry: read.c. */
extern const struct hf__giving hf__idem_giving;
extern const struct hf__giving hf__idem_complete_giving;
extern const struct hf__giving hf__idem_put_giving;

#endif
