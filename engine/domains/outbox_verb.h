/* What the outbox mutations have in common: form, lookup, entries, copies for transactions. */
#ifndef HF_DOMAINS_OUTBOX_VERB_H
#define HF_DOMAINS_OUTBOX_VERB_H

#include "domains/outbox_apply.h"

/* --- Form: HF_OK or the code, with why filled. -------------------------------------------------------------------------------- */

int hf__outbox_check_queue(struct hf_bytes queue, struct hf__text *why);
int hf__outbox_check_key(struct hf_bytes queue, struct hf_bytes id, struct hf__text *why);
int hf__outbox_check_payload(struct hf_bytes payload, struct hf__text *why);
int hf__outbox_check_extra(struct hf_bytes extra, struct hf__text *why);
/* May be empty. */
int hf__outbox_check_group(struct hf_bytes group, struct hf__text *why);
int hf__outbox_check_owner(struct hf_bytes owner, struct hf__text *why);
/* A lease or delay: >= 0. */
int hf__outbox_check_span(const char *name, int64_t us, struct hf__text *why);
int hf__outbox_check_backoff(const struct hf_outbox_backoff *backoff, struct hf__text *why);
/* Operations that concern no single object take no expectation. */
int hf__outbox_check_no_expect(const struct hf_write *write, struct hf__text *why);

/* --- Deciding --------------------------------------------------------------------------------------------------------------- */

/* Finds the item (*out NULL: none), notes that the answer depends on it or, on a miss, on the queue, and compares its version with the
 * expected one. */
HF_CHECKED int hf__outbox_look(const struct hf__outbox_state *state, struct hf__decision *d, const struct hf_write *write,
                               struct hf_bytes queue, struct hf_bytes id, struct hf__outbox_item **out);
/* As above; HF_ENOTFOUND when there is none. */
HF_CHECKED int hf__outbox_require(const struct hf__outbox_state *state, struct hf__decision *d, const struct hf_write *write,
                                  struct hf_bytes queue, struct hf_bytes id, struct hf__outbox_item **out);
/* As above; HF_ESTALE unless `token` holds the item. */
HF_CHECKED int hf__outbox_require_claim(const struct hf__outbox_state *state, struct hf__decision *d, const struct hf_write *write,
                                        struct hf_bytes queue, struct hf_bytes id, hf_token token, struct hf__outbox_item **out);
/* A refusal about an item: "what jobs/42". Returns code. */
int hf__outbox_refuse(struct hf__decision *d, int code, const char *what, struct hf_bytes queue, struct hf_bytes id);

/* Writes the item as it is now; the result says so. */
HF_CHECKED int hf__outbox_emit(struct hf__decision *d, enum hf__outbox_kind kind, const struct hf__outbox_image *image,
                               struct hf_result *result);
/* Logs that a completed id blocks no more: its time is over, or it is noted anew. */
HF_CHECKED int hf__outbox_fade(struct hf__decision *d, const struct hf__outbox_done *done);
/* Afterwards the queue (NULL: nothing to do) remembers no more than `keep` completed ids: those whose time is over go first, then the oldest. */
HF_CHECKED int hf__outbox_cut(struct hf__decision *d, const struct hf__outbox_queue *queue, size_t keep);
/* Nobody holds it any more. */
void hf__outbox_free_claim(struct hf__outbox_image *image);
/* Saturating; span >= 0. */
int64_t hf__outbox_after(int64_t now, int64_t span);
/* When a lease given now ends; HF_UNSET for none. */
int64_t hf__outbox_lease_end(const struct hf__decision *d, int64_t lease_us);

/* --- Answers ---------------------------------------------------------------------------------------------------------------- */

/* Copies the item as seen at `now`. */
HF_CHECKED int hf__outbox_answer(struct hf__answer *answer, const struct hf__outbox_item *item, int64_t now, bool without_payload,
                                 struct hf_outbox_item *out);

/* Gives the answer's memory to the caller; HF_ENOMEM with *error filled. */
HF_CHECKED int hf__outbox_give(struct hf__answer *answer, struct hf_memory **memory, struct hf_error *error);
/* NULL: nothing to depend on. */
void hf__outbox_depend_on_queue(struct hf__query *q, const struct hf__outbox_queue *queue, struct hf_bytes name);

/* --- Transactions ----------------------------------------------------------------------------------------------------------- */

/* A copy of `size` bytes of arguments, with the struct hf_bytes at `offsets` copied too. NULL: out of memory. */
void *hf__outbox_copy(struct hf__arena *arena, const void *args, size_t size, const size_t *offsets, size_t count);

#endif
