/* A fail that also tells whether the item was given up: for drain. */
#ifndef HF_DOMAINS_OUTBOX_OUTCOME_H
#define HF_DOMAINS_OUTBOX_OUTCOME_H

#include "holdfast/outbox.h"

struct hf__outbox_fail {
	struct hf_outbox_fail args;
	bool *failed; /* nullable: no attempts are left; valid once the call returned HF_OK */
};

HF_CHECKED int hf__outbox_fail_and_tell(hf_store *store, hf_txn *txn, const struct hf__outbox_fail *call, struct hf_result *result,
                                        struct hf_error *error);

#endif
