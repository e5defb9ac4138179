/* Guards: which form is refused before the guard's own verb is asked. */
#include "domains/common/verb.h"

static int lone_check(const void *args, struct hf__text *why)
{
	(void)args;
	hf__text_add(why, "a guard needs a transaction");
	return HF_EINVAL;
}

static int open_check(const void *args, struct hf__text *why)
{
	(void)args;
	hf__text_add(why, "a guard needs an expected version");
	return HF_EINVAL;
}

/* A verb by the same name that only refuses: it decides nothing. */
static struct hf__verb refusal(const struct hf__verb *verb,
                               int (*check)(const void *args, struct hf__text *why))
{
	return (struct hf__verb){.name = verb->name, .domain = verb->domain, .check = check};
}

int hf__guard_token(hf_store *store, hf_txn *txn, const struct hf__verb *verb, const void *args,
                    struct hf_result *result, struct hf_error *error)
{
	const struct hf_write *write = args;
	const struct hf__verb lone = refusal(verb, lone_check);
	return hf__mutate(store, txn, txn ? verb : &lone, args, write->durability, result, NULL, error);
}

int hf__guard_version(hf_store *store, hf_txn *txn, const struct hf__verb *verb, const void *args,
                      struct hf_result *result, struct hf_error *error)
{
	const struct hf_write *write = args;
	const struct hf__verb open = refusal(verb, open_check);
	return hf__guard_token(store, txn, write->expect != 0 ? verb : &open, args, result, error);
}
