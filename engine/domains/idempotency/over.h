/* What goes over one scope, over those with a prefix, or over all. */
#ifndef HF_DOMAINS_IDEMPOTENCY_OVER_H
#define HF_DOMAINS_IDEMPOTENCY_OVER_H

#include "domains/idempotency/verb.h"

/* HF_OK, or HF_EINVAL: no such value, or a scope that does not go with it. */
int hf__idem_check_over(enum hf_idempotency_over over, struct hf_bytes scope, struct hf__text *why);

/* Several scopes, by name: those that hold an entry which may be there at that instant. Not to be
 * copied. */
struct hf__idem_over {
	struct hf__range scopes;
	struct hf__index_filter holding;
	struct hf_bytes low, high; /* names, the bounds of `scopes` */
	uint8_t end[HF_KEY_MAX];
};
/* prefix empty: all. */
void hf__idem_over(const struct hf__idem_state *state, struct hf_bytes prefix, int64_t now,
                   struct hf__idem_over *out);
/* How many owned or done entries of these scopes have not ended: O(log n) for each scope. */
uint64_t hf__idem_count_over(const struct hf__idem_over *over, bool done, struct hf__instant at);
/* What a list of them depends on beside changes: how many there are now. */
void hf__idem_see(struct hf__query *q, const struct hf__idem_over *over);

#endif
