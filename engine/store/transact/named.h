/* Tokens of earlier operations of the same transaction: HF_TOKEN_OF(). docs/interface/
 * transactions.md.
 *
 * Job: find out, when an operation is added, whose token it names; put that token into its
 * arguments before it is decided. Failure modes: HF_EINVAL, with the reason.
 *
 * I-TOKEN-1: no value of HF_TOKEN_OF() reaches a decision. */
#ifndef HF_STORE_NAMED_H
#define HF_STORE_NAMED_H

#include "store/internal.h"

/* Does it name a token? */
static inline bool hf__names_token(hf_token token)
{
	return token >> 32 == HF_TOKEN_OF(0) >> 32;
}

/* May an operation whose arguments are `args` be added to the transaction, or stand alone (NULL)?
 * *named: where the token will lie that it names; NULL: it names none. HF_OK or HF_EINVAL. */
HF_CHECKED int hf__token_named(const hf_txn *txn, const struct hf__verb *verb, const void *args,
                               const hf_token **named, struct hf__text *why);
/* Puts it into the arguments, which are the transaction's own. HF_OK or HF_EINVAL. */
HF_CHECKED int hf__token_resolve(const struct hf__op *op, struct hf__text *why);

#endif
