/* What the verbs of all domains share. Job: guards, which change nothing and let a transaction
 * stand only if an object is as expected. Happy path: in a transaction the guard's own verb runs.
 * Failure modes: without a transaction there is nothing to guard, and a guard of a version needs
 * one to expect: both are refused as a matter of form, HF_EINVAL. */
#ifndef HF_DOMAINS_VERB_H
#define HF_DOMAINS_VERB_H

#include "store/domain.h"

/* Guards an object's version: args->write.expect. The verb's check has only the key to look at. */
HF_CHECKED int hf__guard_version(hf_store *store, hf_txn *txn, const struct hf__verb *verb,
                                 const void *args, struct hf_result *result,
                                 struct hf_error *error);
/* Guards by a token, with or without a version. */
HF_CHECKED int hf__guard_token(hf_store *store, hf_txn *txn, const struct hf__verb *verb,
                               const void *args, struct hf_result *result, struct hf_error *error);

#endif
