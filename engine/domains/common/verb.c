/* Forms, and which of them is refused before a guard's own verb is asked. See verb.h. */
#include "domains/common/verb.h"

/* --- Form ------------------------------------------------------------------------------------- */

int hf__check_unversioned(const struct hf_write *write, struct hf__text *why)
{
	if (write->expect == 0)
		return HF_OK;
	return hf__refuse(why, HF_EINVAL,
	                  "it concerns no single object, so no version can be expected");
}

/* --- Arguments of another release ------------------------------------------------------------- */

int hf__run_taken(hf__run_fn run, hf_store *store, hf_txn *txn, const struct hf__verb *verb,
                  const void *args, struct hf_result *result, struct hf_error *error)
{
	union hf__sized today;
	return run(store, txn, verb, hf__take(verb->takes, args, &today), result, error);
}

/* --- Refused before the verb is asked --------------------------------------------------------- */

/* A verb by the same name that only refuses: it decides nothing. */
static struct hf__verb refusal(const struct hf__verb *verb,
                               int (*check)(const void *args, struct hf__text *why))
{
	return (struct hf__verb){.name = verb->name,
	                         .domain = verb->domain,
	                         .check = check,
	                         .takes = verb->takes,
	                         .giving = verb->giving};
}

static int many_check(const void *args, struct hf__text *why)
{
	return hf__check_unversioned(&((const struct hf__args *)args)->write, why);
}

int hf__run_unversioned(hf_store *store, hf_txn *txn, const struct hf__verb *verb, const void *args,
                        struct hf_result *result, struct hf_error *error)
{
	const struct hf_write *write = &((const struct hf__args *)args)->write;
	const struct hf__verb many = refusal(verb, many_check);
	return hf__run(store, txn, write->expect == 0 ? verb : &many, args, result, error);
}

static int wait_check(const void *args, struct hf__text *why)
{
	(void)args;
	return hf__refuse(why, HF_EINVAL, "a transaction cannot wait");
}

int hf__run_at_once(hf_store *store, hf_txn *txn, const struct hf__verb *verb, const void *args,
                    int64_t wait_us, struct hf_result *result, struct hf_error *error)
{
	const struct hf__verb waits = refusal(verb, wait_check);
	return hf__run(store, txn, wait_us == 0 ? verb : &waits, args, result, error);
}

static int lone_check(const void *args, struct hf__text *why)
{
	(void)args;
	return hf__refuse(why, HF_EINVAL, "a guard needs a transaction");
}

static int open_check(const void *args, struct hf__text *why)
{
	(void)args;
	return hf__refuse(why, HF_EINVAL, "a guard needs an expected version");
}

int hf__guard_token(hf_store *store, hf_txn *txn, const struct hf__verb *verb, const void *args,
                    struct hf_result *result, struct hf_error *error)
{
	const struct hf__verb lone = refusal(verb, lone_check);
	return hf__run(store, txn, txn ? verb : &lone, args, result, error);
}

int hf__guard_version(hf_store *store, hf_txn *txn, const struct hf__verb *verb, const void *args,
                      struct hf_result *result, struct hf_error *error)
{
	const struct hf_write *write = &((const struct hf__args *)args)->write;
	const struct hf__verb open = refusal(verb, open_check);
	return hf__guard_token(store, txn, write->expect != 0 ? verb : &open, args, result, error);
}
