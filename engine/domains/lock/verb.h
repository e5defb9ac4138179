/* What the lock mutations have in common: form, lookup, entries, copies for transactions. */
#ifndef HF_DOMAINS_LOCK_VERB_H
#define HF_DOMAINS_LOCK_VERB_H

#include "domains/lock/lock.h"

/* Form: HF_OK or the code, with why filled. */

/* Finds the lock as it is seen now (*out NULL: free), notes what the answer depends on, and
 * compares its version with the expected one. */
HF_CHECKED int hf__lock_look(const struct hf__lock_state *state, struct hf__decision *d,
                             const struct hf_write *write, struct hf_bytes name,
                             const struct hf__lock **out);
/* As above; HF_ESTALE unless `token` holds the lock. */
HF_CHECKED int hf__lock_require(const struct hf__lock_state *state, struct hf__decision *d,
                                const struct hf_write *write, struct hf_bytes name, hf_token token,
                                const struct hf__lock **out);
/* Why `token` does not hold the lock (NULL: free); NULL: it does. */
const char *hf__lock_stale(const struct hf__lock *lock, hf_token token);

/* Refuses with HF_EHELD, and waits for the lock if the caller would: `lock` is held, or its name
 * is in use in this process, or (NULL) others came before. */
int hf__lock_refuse_held(const struct hf__lock_state *state, struct hf__decision *d,
                         struct hf_bytes name, const struct hf__lock *lock);
/* Is there nothing in the way of a grant but, perhaps, the lock's present owner? */
bool hf__lock_is_my_turn(const struct hf__lock_state *state, const struct hf__decision *d,
                         struct hf_bytes name);
/* What a wait made of HF_EHELD. */
int hf__lock_timed_out(int rc, int64_t wait_us, struct hf_error *error);

/* Writes the lock as it is now; the result says so. */
HF_CHECKED int hf__lock_emit(struct hf__decision *d, enum hf__lock_kind kind,
                             const struct hf__lock_image *image, struct hf_result *result);

/* How its mutations give back a lock: read.c. */
extern const struct hf__giving hf__lock_giving;

#endif
