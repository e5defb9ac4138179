/* What the outbox mutations have in common: form, lookup, entries, copies for transactions. */
#ifndef HF_DOMAINS_OUTBOX_VERB_H
#define HF_DOMAINS_OUTBOX_VERB_H

#include "domains/outbox/apply.h"

/* --- Form: HF_OK or the code, with why filled. ------------------------------------------------ */

int hf__outbox_check_key(struct hf_bytes queue, struct hf_bytes id, struct hf__text *why);
/* May be empty. */
int hf__outbox_check_group(struct hf_bytes group, struct hf__text *why);
int hf__outbox_check_backoff(const struct hf_outbox_backoff *backoff, struct hf__text *why);

/* --- Deciding --------------------------------------------------------------------------------- */

/* Finds the item (*out NULL: none), notes that the answer depends on it or, on a miss, on the
 * queue, and compares its version with the expected one. */
HF_CHECKED int hf__outbox_look(const struct hf__outbox_state *state, struct hf__decision *d,
                               const struct hf_write *write, struct hf_bytes queue,
                               struct hf_bytes id, struct hf__outbox_item **out);
/* As above; HF_ENOTFOUND when there is none. */
HF_CHECKED int hf__outbox_require(const struct hf__outbox_state *state, struct hf__decision *d,
                                  const struct hf_write *write, struct hf_bytes queue,
                                  struct hf_bytes id, struct hf__outbox_item **out);
/* As above; HF_ESTALE unless `token` holds the item. */
HF_CHECKED int hf__outbox_require_claim(const struct hf__outbox_state *state,
                                        struct hf__decision *d, const struct hf_write *write,
                                        struct hf_bytes queue, struct hf_bytes id, hf_token token,
                                        struct hf__outbox_item **out);
/* A refusal about an item: "what jobs/42". Returns code. */
int hf__outbox_refuse(struct hf__decision *d, int code, const char *what, struct hf_bytes queue,
                      struct hf_bytes id);

/* What the result says of an item: its status and, queued, from when on it can be claimed. */
void hf__outbox_tell(struct hf_result *result, unsigned status, int64_t available_at);
/* The item stays as it is. */
void hf__outbox_tell_unchanged(struct hf_result *result, const struct hf__outbox_item *item,
                               const struct hf__decision *d);
/* Writes the item as it is now; the result says so. */
HF_CHECKED int hf__outbox_emit(struct hf__decision *d, enum hf__outbox_kind kind,
                               const struct hf__outbox_image *image, struct hf_result *result);
/* Logs that a completed id blocks no more: its time is over, or it is noted anew. */
HF_CHECKED int hf__outbox_fade(struct hf__decision *d, const struct hf__outbox_done *done);
/* Afterwards the queue (NULL: nothing to do) remembers no more than `keep` completed ids: those
 * whose time is over go first, then the oldest. */
HF_CHECKED int hf__outbox_cut(struct hf__decision *d, const struct hf__outbox_queue *queue,
                              size_t keep);
/* Logs that a claim is over. Before a mutation that changes the item: so no other entry shows
 * it. */
HF_CHECKED int hf__outbox_end(struct hf__decision *d, const struct hf__outbox_item *item);
/* NULL: nothing to do. */
HF_CHECKED int hf__outbox_end_if_over(struct hf__decision *d, const struct hf__outbox_item *item);
/* The same before the item is claimed: that of the item, and that of another of its group. */
HF_CHECKED int hf__outbox_end_before(struct hf__decision *d, const struct hf__outbox_item *item);
/* The same for all claims of the queue (NULL: nothing to do) that are over, for what concerns
 * many items. More than HF__OUTBOX_END_MAX of them are not for one transaction: with `again` it
 * is set, and the call refused; hf__outbox_mutate_ended has upkeep log them first. */
#define HF__OUTBOX_END_MAX 512u
HF_CHECKED int hf__outbox_end_all(struct hf__decision *d, const struct hf__outbox_queue *queue,
                                  bool *again);
/* hf__mutate, or with `wait_us` not 0 hf__mutate_wait, for a verb whose decide gives `again` to
 * hf__outbox_end_all. */
HF_CHECKED int hf__outbox_mutate_ended(hf_store *store, hf_txn *txn, const struct hf__verb *verb,
                                       const void *call, bool *again, struct hf_result *result,
                                       struct hf__answer *answer, int64_t wait_us,
                                       struct hf_error *error);
/* When a lease given now ends; HF_UNSET for none. */
int64_t hf__outbox_lease_end(const struct hf__decision *d, int64_t lease_us);
/* The end of a lease (HF_UNSET: none) that does not go beyond `bound` (HF_UNSET: none). */
int64_t hf__outbox_bounded(int64_t lease_end, int64_t bound);

/* --- Answers ---------------------------------------------------------------------------------- */

/* Copies the item as seen at the instant. `queue`: its name, in the answer's memory. */
HF_CHECKED int hf__outbox_answer(struct hf__answer *answer, const struct hf__outbox_item *item,
                                 struct hf_bytes queue, struct hf__outbox_time t,
                                 bool without_payload, struct hf_outbox_item *out);
/* --- Claims: outbox_claim.c ------------------------------------------------------------------- */

/* The item is not held, nor is another one of its group. */
HF_CHECKED int hf__outbox_claim_item(struct hf__decision *d, const struct hf__outbox_item *item,
                                     struct hf_bytes owner, int64_t lease_us, int64_t max_run_us,
                                     struct hf_result *result);
/* The claimed items, in an array of the answer, which is given to the caller. */
HF_CHECKED int hf__outbox_hand_out(struct hf__decision *d, struct hf__outbox_item *const *claimed,
                                   size_t count, struct hf_outbox_items *out);
void hf__outbox_take_back(struct hf_outbox_items *out); /* NULL is allowed */
/* A call that failed all the same: was the claim committed, and only a payload could not be
 * read? Then its tokens must not be lost. */
bool hf__outbox_claim_stands(const hf_txn *txn, const struct hf_result *result);

/* hf__copy_args() of what goes through the store with a pointer to the caller's `again`, which a
 * transaction does without. */
void *hf__outbox_copy_call(struct hf__arena *arena, const void *args, size_t size, size_t again,
                           const struct hf_api_struct *of);

/* How its mutations give back an item: read.c. */
extern const struct hf__giving hf__outbox_giving;
extern const struct hf__giving hf__outbox_enqueue_giving;
extern const struct hf__giving hf__outbox_put_giving;

#endif
