/* The operations of drain that are more than the public ones: a claim that keeps to the turn and
 * to what was there when the pass began, an end for what was sent. */
#ifndef HF_DOMAINS_OUTBOX_OUTCOME_H
#define HF_DOMAINS_OUTBOX_OUTCOME_H

#include "holdfast/outbox.h"
#include "holdfast/outbox_claim.h"

struct hf__outbox_claim {
	struct hf_outbox_claim_args args;
	struct hf_outbox_items *out; /* nullable; as in hf_outbox_claim */
	/* A drain's. HF_EBLOCKED too when another item of the group goes before it, and when the
	 * queue is paused, unless with_paused. HF_ECONFLICT when anything happened to the item after
	 * `began`, or it was held at `as_of` (mono). */
	bool in_turn, with_paused;
	hf_lsn began;
	int64_t as_of;
	uint64_t *seq; /* gets the item's place in the enqueue order */
};

HF_CHECKED int hf__outbox_claim_one(hf_store *store, hf_txn *txn,
                                    const struct hf__outbox_claim *call, struct hf_result *result,
                                    struct hf_error *error);

/* An item as it was claimed was sent. */
struct hf__outbox_sent {
	size_t size; /* as all arguments begin */
	struct hf_write write;
	struct hf_bytes queue;
	const struct hf_outbox_item *item;
	uint64_t seq;
	struct hf_bytes owner;
};

/* Completes it, by its token or, if no worker holds it and it is the same still, by a claim of its
 * own. HF_ENOTFOUND, HF_ESTALE: it is not. */
HF_CHECKED int hf__outbox_settle_sent(hf_store *store, const struct hf__outbox_sent *args,
                                      struct hf_error *error);

#endif
