/* Mutations and transactions: check the form, then sequence, then wait, or give a ticket instead
 * (holdfast/async.h). */
#include "holdfast/async.h"
#include "store/transact/named.h"

static bool is_direct(const struct hf_result *result)
{
	return result && hf__is_today(&hf__api_result, result);
}

static inline void clear(const struct hf__op *op)
{
	if (op->direct)
		hf__zero_result(op->result);
	else
		hf__clear_result(op->result);
	hf__returned_clear(op);
}

/* Why not, of what all mutations have in common. */
static int check_head(const struct hf__verb *verb, const struct hf__args *args,
                      const struct hf_result *result, struct hf__text *why)
{
	int rc = verb->takes ? hf__check_size(verb->takes, args, why) : HF_OK;
	if (rc == HF_OK && result)
		rc = hf__check_given(&hf__api_result, result, why);
	if (rc == HF_OK)
		rc = hf__returned_check(verb, &args->write, why);
	if (rc == HF_OK && args->write.reserved[0] != 0)
		rc = hf__refuse(why, HF_EINVAL,
		                "write.reserved says something that this version does not know");
	return rc;
}

static int check(struct hf__op *op, const hf_txn *txn, struct hf_error *error)
{
	const struct hf__verb *verb = op->verb;
	const struct hf__args *args = op->args;
	char why[HF_ERROR_TEXT]; /* not all zeroed: most calls say nothing */
	why[0] = '\0';
	struct hf__text text = {why, sizeof why, 0};
	int rc = HF_OK;
	/* usually neither a size nor anything reserved or asked for, and a result that is none or as it
	 * is today */
	if ((args->size | args->write.reserved[0]) != 0 || args->write.returning ||
	    (!op->direct && op->result))
		rc = check_head(verb, args, op->result, &text);
	if (rc == HF_OK)
		rc = verb->check ? verb->check(args, &text) : hf__check_form(args, verb->takes, &text);
	if (rc == HF_OK && verb->token_at != 0)
		rc = hf__token_named(txn, verb, args, &op->named, &text);
	return rc == HF_OK
	           ? rc
	           : hf__fail(error, rc, 0, "%s: %s", verb->name, why[0] ? why : hf_code_name(rc));
}

int hf__check_durability(enum hf_durability durability, struct hf_error *error)
{
	if (durability == HF_DURABLE || durability == HF_OS)
		return HF_OK;
	return hf__fail(error, HF_EINVAL, 0, "no such durability: %d", (int)durability);
}

static int commit(struct hf_store *s, const struct hf__op *ops, size_t count,
                  const struct hf__seen *seen, enum hf_durability durability,
                  struct hf_error *error)
{
	struct hf__ticket ticket;
	const int form = hf__check_durability(durability, error);
	if (form != HF_OK)
		return form;
	(void)pthread_mutex_lock(&s->lock);
	const int rc = hf__sequence(s, ops, count, seen, durability, &ticket, error);
	return hf__commit_end(s, ops, count, rc, ticket, error);
}

static int commit_async(struct hf_store *s, const struct hf__op *ops, size_t count,
                        const struct hf__seen *seen, enum hf_durability durability,
                        struct hf_ticket *out, struct hf_error *error)
{
	struct hf__ticket ticket = {0, 0};
	const int form = hf__check_durability(durability, error);
	if (form != HF_OK)
		return form;
	(void)pthread_mutex_lock(&s->lock);
	int rc = hf__flusher_start(s, error);
	if (rc == HF_OK)
		rc = hf__sequence(s, ops, count, seen, durability, &ticket, error);
	return hf__commit_end_async(s, ops, count, rc, ticket, out, error);
}

/* --- Transactions ----------------------------------------------------------------------------- */

int hf_txn_begin(hf_store *store, hf_txn **out, struct hf_error *error)
{
	HF__CALL;
	*out = NULL;
	const int rc = hf__check_fork(store, error);
	if (rc != HF_OK)
		return rc;
	hf_txn *txn = hf__alloc(sizeof *txn);
	if (!txn)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for a transaction");
	txn->store = store;
	txn->lent.reads_of = txn;
	*out = txn;
	return HF_OK;
}

uint32_t hf_txn_count(const hf_txn *txn)
{
	HF__CALL;
	return (uint32_t)txn->count;
}

hf_store *hf_txn_reads(hf_txn *txn)
{
	HF__CALL;
	/* Its first member is of the type of a store's, and nothing else of it is looked at. */
	return (hf_store *)(void *)txn;
}

void hf_txn_abandon(hf_txn *txn)
{
	HF__CALL;
	if (!txn)
		return;
	hf__arena_deinit(&txn->arena);
	hf__free(txn->ops);
	hf__free(txn);
}

static int txn_add(hf_txn *txn, const struct hf__op *op, struct hf_error *error)
{
	struct hf__op *ops = hf__grown(txn->ops, txn->count, &txn->cap, sizeof *ops, 8);
	if (!ops)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for a transaction");
	txn->ops = ops;
	struct hf__op copy = *op;
	const struct hf__verb *verb = op->verb;
	copy.args = verb->copy ? verb->copy(&txn->arena, op->args)
	                       : hf__copy_args(&txn->arena, op->args, verb->takes->size, verb->takes);
	if (op->answer) /* the caller's is gone by the commit */
		copy.answer = hf__arena_copy(&txn->arena, op->answer, sizeof *op->answer);
	if (verb->grants)
		copy.granted = hf__arena_alloc(&txn->arena, sizeof *copy.granted);
	if (!copy.args || (op->answer && !copy.answer) || (verb->grants && !copy.granted))
		return hf__fail(error, HF_ENOMEM, 0, "no memory for a transaction");
	clear(&copy);
	txn->ops[txn->count++] = copy;
	return HF_OK;
}

int hf__check_txn(const hf_txn *txn, bool *done, struct hf_error *error)
{
	int rc = hf__check_writable(txn->store, error);
	if (rc == HF_OK && txn->refused) {
		rc = hf__fail(error, HF_EINVAL, 0,
		              "an operation was refused when it was added: nothing was done");
		if (error)
			error->operation = (uint32_t)txn->first_refused;
	}
	*done = rc != HF_OK || (txn->count == 0 && !txn->seen);
	return rc;
}

int hf_txn_commit(hf_txn *txn, enum hf_durability durability, struct hf_error *error)
{
	HF__CALL;
	bool done;
	int rc = hf__check_txn(txn, &done, error);
	if (!done)
		rc = commit(txn->store, txn->ops, txn->count, txn->seen, durability, error);
	hf_txn_abandon(txn);
	return rc;
}

int hf_txn_commit_async(hf_txn *txn, enum hf_durability durability, struct hf_ticket *ticket,
                        struct hf_error *error)
{
	HF__CALL;
	bool done;
	*ticket = (struct hf_ticket){0, 0};
	int rc = hf__check_txn(txn, &done, error);
	if (!done)
		rc = commit_async(txn->store, txn->ops, txn->count, txn->seen, durability, ticket, error);
	hf_txn_abandon(txn);
	return rc;
}

int hf__submit(struct hf_store *store, struct hf_txn *txn, enum hf_durability durability,
               struct hf__ticket *ticket, struct hf_error *error)
{
	*ticket = (struct hf__ticket){0, 0};
	int rc = hf__check_writable(store, error);
	if (rc == HF_OK && (txn->count > 0 || txn->seen)) {
		(void)pthread_mutex_lock(&store->lock);
		rc = hf__sequence(store, txn->ops, txn->count, txn->seen, durability, ticket, error);
		(void)pthread_mutex_unlock(&store->lock);
		for (size_t i = 0; i < txn->count; i++) /* no caller loads answers here */
			if (txn->ops[i].answer)
				hf__pins_drop(store, &txn->ops[i].answer->pins);
	}
	hf_txn_abandon(txn);
	return rc;
}

int hf__check_waiting(struct hf_store *store, struct hf__op *op, int64_t wait_us,
                      struct hf_error *error)
{
	const struct hf_write *write = &((const struct hf__args *)op->args)->write;
	const char *name = op->verb->name;
	int rc = hf__check_writable(store, error);
	if (rc == HF_OK)
		rc = check(op, NULL, error);
	if (rc == HF_OK && wait_us < -1)
		rc = hf__fail(error, HF_EINVAL, 0, "%s: wait_us must be -1, 0 or a time", name);
	if (rc == HF_OK && write->ticket)
		rc = hf__fail(error, HF_EINVAL, 0,
		              "%s: a call that waits for its turn has no use for a ticket", name);
	return rc == HF_OK ? hf__check_durability(write->durability, error) : rc;
}

int hf__mutate_wait(struct hf_store *store, const struct hf__verb *verb, const void *args,
                    int64_t wait_us, struct hf_result *result, struct hf__answer *answer,
                    struct hf_error *error)
{
	const struct hf_write *write = &((const struct hf__args *)args)->write;
	if (wait_us == 0)
		return hf__mutate(store, NULL, verb, args, result, answer, error);
	struct hf__answer mine; /* of the object that is given back */
	answer = write->returning && !answer ? &mine : answer;
	struct hf__op op = {verb, args, result, answer, NULL, is_direct(result), NULL, NULL};
	if (answer)
		*answer = (struct hf__answer){.store = store};
	clear(&op);
	const int rc = hf__check_waiting(store, &op, wait_us, error);
	return rc == HF_OK ? hf__commit_wait(store, &op, write->durability, wait_us, error) : rc;
}

/* At once: waited for or not. */
static int commit_one(struct hf_store *s, const struct hf__op *op, enum hf_durability durability,
                      struct hf_ticket *ticket, struct hf_error *error)
{
	return ticket ? commit_async(s, op, 1, NULL, durability, ticket, error)
	              : commit(s, op, 1, NULL, durability, error);
}

int hf__mutate(struct hf_store *store, struct hf_txn *txn, const struct hf__verb *verb,
               const void *args, struct hf_result *result, struct hf__answer *answer,
               struct hf_error *error)
{
	const struct hf_write *write = &((const struct hf__args *)args)->write;
	struct hf_ticket *ticket = txn ? NULL : write->ticket;
	struct hf__answer mine; /* of the object that is given back */
	answer = write->returning && !answer ? &mine : answer;
	struct hf__op op = {verb, args, result, answer, NULL, is_direct(result), NULL, NULL};
	if (txn && store->lent.reads_of == txn)
		store = txn->store;
	if (answer)
		*answer = (struct hf__answer){.store = store};
	clear(&op);
	if (ticket)
		*ticket = (struct hf_ticket){0, 0};
	int rc = hf__check_writable(store, error);
	if (rc == HF_OK && txn && txn->store != store)
		rc = hf__fail(error, HF_EINVAL, 0, "%s: the transaction belongs to another store",
		              verb->name);
	if (rc == HF_OK)
		rc = check(&op, txn, error);
	if (!txn)
		return rc == HF_OK ? commit_one(store, &op, write->durability, ticket, error) : rc;
	if (rc == HF_OK)
		rc = txn_add(txn, &op, error);
	if (rc == HF_OK)
		return HF_OK;
	const size_t index = txn->count + txn->refused; /* it would have been that one */
	if (error)
		error->operation = (uint32_t)index;
	if (txn->refused++ == 0) /* a caller that overlooks this must not commit the rest */
		txn->first_refused = index;
	return rc;
}
