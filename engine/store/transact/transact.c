/* Read, decide, write, and again. docs/interface/transactions.md. Job: run a caller's function
 * with a transaction until nothing that it read was overtaken.
 *
 * Happy path: begin, fill, commit. Failure modes: what was read is not so any more, or an operation
 * expected otherwise: another try, which waits for nothing, since who was in the way is committed
 * already. A refusal of the function's own is an answer: nothing but what was read is looked at. */
#include "store/internal.h"

/* Tries that are not the last one leave at once. `final`: the answer is given whatever it is, and
 * waits for what it depends on. */
static int commit(hf_txn *txn, enum hf_durability durability, bool final, bool *again,
                  struct hf_error *error)
{
	struct hf_store *s = txn->store;
	struct hf__ticket ticket = {0, 0};
	(void)pthread_mutex_lock(&s->lock);
	const int rc = hf__sequence(s, txn->ops, txn->count, txn->seen, durability, &ticket, error);
	*again = rc == HF_ECONFLICT && !final;
	return hf__commit_end(s, txn->ops, txn->count, rc, *again ? (struct hf__ticket){0, 0} : ticket,
	                      error);
}

/* What the function did not say itself. What a call of its left in *error that it made good is not
 * the reason. */
static void say(int code, struct hf_error *error)
{
	if (error->code == HF_OK && error->text[0])
		error->code = code;
	if (error->code != code)
		(void)hf__fail(error, code, 0, "the function of the transaction ended it: %s",
		               hf_code_name(code));
}

/* The function has filled it, or says why not: what comes of it. */
static int settle(hf_txn *txn, int filled, enum hf_durability durability, bool final, bool *again,
                  struct hf_error *error)
{
	struct hf_error unseen;
	bool done;
	*again = false;
	if (filled != HF_OK)
		txn->count = txn->refused = 0; /* its operations will not be */
	int rc = hf__check_txn(txn, &done, filled == HF_OK ? error : &unseen);
	if (rc == HF_OK && !done)
		rc = commit(txn, durability, final, again, filled == HF_OK ? error : &unseen);
	if (rc == HF_OK && filled != HF_OK)
		say(filled, error);
	if (rc == HF_OK || *again || filled == HF_OK)
		return rc == HF_OK ? filled : rc;
	*error = unseen;
	return rc;
}

int hf_transact(hf_store *store, hf_transact_fn fn, void *ctx, uint32_t tries,
                enum hf_durability durability, struct hf_error *error)
{
	HF__CALL;
	struct hf_error mine = {0};
	bool again = true;
	int rc = hf__check_writable(store, error);
	if (rc == HF_OK)
		rc = hf__check_durability(durability, error);
	if (rc != HF_OK)
		return rc;
	if (!fn)
		return hf__fail(error, HF_EINVAL, 0, "transact: it needs a function");
	for (uint32_t left = tries ? tries : HF_TRANSACT_TRIES; again; left--) {
		hf_txn *txn;
		mine = (struct hf_error){0};
		rc = hf_txn_begin(store, &txn, &mine);
		if (rc != HF_OK)
			break;
		rc = settle(txn, fn(ctx, hf_txn_reads(txn), txn, &mine), durability, left == 1, &again,
		            &mine);
		hf_txn_abandon(txn);
	}
	if (rc != HF_OK && error)
		*error = mine;
	return rc;
}
