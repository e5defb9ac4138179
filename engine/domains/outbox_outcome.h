/* The operations of drain that are more than the public ones: a claim that keeps to the turn, a fail that tells whether the item was given
 * up. */
#ifndef HF_DOMAINS_OUTBOX_OUTCOME_H
#define HF_DOMAINS_OUTBOX_OUTCOME_H

#include "holdfast/outbox.h"

struct hf__outbox_claim {
	struct hf_outbox_claim args;
	struct hf_outbox_items *out; /* nullable; as in hf_outbox_claim */
	bool in_turn; /* HF_EBLOCKED too when the queue is paused or another item of the group goes before it */
};

HF_CHECKED int hf__outbox_claim_one(hf_store *store, hf_txn *txn, const struct hf__outbox_claim *call, struct hf_result *result,
                                    struct hf_error *error);

struct hf__outbox_fail {
	struct hf_outbox_fail args;
	bool *failed; /* nullable: no attempts are left; valid once the call returned HF_OK */
};

HF_CHECKED int hf__outbox_fail_and_tell(hf_store *store, hf_txn *txn, const struct hf__outbox_fail *call, struct hf_result *result,
                                        struct hf_error *error);

#endif
