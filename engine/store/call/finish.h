/* The end of a commit, waited for or not. */
#ifndef HF_STORE_FINISH_H
#define HF_STORE_FINISH_H

#include "store/store.h"

struct hf__op;

/* HF_OK, or HF_EINVAL. */
int hf__check_durability(enum hf_durability durability, struct hf_error *error);

/* Ends what hf__sequence began, `rc` being its answer: waits for the ticket, loads answers. The
 * lock is held, and released. */
int hf__commit_end(struct hf_store *s, const struct hf__op *ops, size_t count, int rc,
                   struct hf__ticket ticket, struct hf_error *error);
/* The same for a caller that does not wait: *out is what the answer, a refusal too, waits for.
 * hf__flusher_start comes before sequencing. */
int hf__commit_end_async(struct hf_store *s, const struct hf__op *ops, size_t count, int rc,
                         struct hf__ticket ticket, struct hf_ticket *out, struct hf_error *error);

#endif
