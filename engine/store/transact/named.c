/* See named.h. An operation that grants keeps the token beside its arguments; who names it keeps
 * where. A transaction that is decided again writes both again. */
#include "store/transact/named.h"

int hf__token_named(const hf_txn *txn, const struct hf__verb *verb, const void *args,
                    const hf_token **named, struct hf__text *why)
{
	hf_token token;
	*named = NULL;
	memcpy(&token, (const uint8_t *)args + verb->token_at, sizeof token);
	if (!hf__names_token(token))
		return HF_OK;
	const uint32_t index = (uint32_t)token;
	if (!txn)
		return hf__refuse(why, HF_EINVAL, "only in a transaction can it name a token to come");
	if (index >= txn->count)
		return hf__refuse(why, HF_EINVAL, "operation %u, whose token it names, is not before it",
		                  (unsigned)index);
	*named = txn->ops[index].granted;
	if (*named)
		return HF_OK;
	return hf__refuse(why, HF_EINVAL, "operation %u, whose token it names, grants none: %s",
	                  (unsigned)index, txn->ops[index].verb->name);
}

int hf__token_resolve(const struct hf__op *op, struct hf__text *why)
{
	if (*op->named == 0)
		return hf__refuse(why, HF_EINVAL, "the operation whose token it names got none");
	memcpy((uint8_t *)(uintptr_t)op->args + op->verb->token_at, op->named, sizeof *op->named);
	return HF_OK;
}
