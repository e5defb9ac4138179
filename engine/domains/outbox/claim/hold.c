/* While an item is held: extend, and the guards, which only look. */
#include <stddef.h>

#include "domains/outbox/verb.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* --- Extend ----------------------------------------------------------------------------------- */

static int extend_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_extend_args *args = raw;
	const int rc = hf__outbox_check_key(args->queue, args->id, why);
	return rc == HF_OK ? hf__outbox_check_span("the lease", args->lease_us, why) : rc;
}

static int extend_decide(void *state, struct hf__decision *d, const void *raw,
                         struct hf_result *result)
{
	const struct hf_outbox_extend_args *args = raw;
	struct hf__outbox_item *item;
	const int rc =
	    hf__outbox_require_claim(state, d, &args->write, args->queue, args->id, args->token, &item);
	if (rc != HF_OK)
		return rc;
	struct hf__outbox_image image = hf__outbox_image_of(item, HF__OUTBOX_EXTEND, d->setback);
	const int64_t before = image.lease_until;
	image.lease_until =
	    hf__outbox_bounded(hf__outbox_lease_end(d, args->lease_us), image.run_until);
	result->token = args->token;
	hf__outbox_tell_unchanged(result, item, d);
	if (image.lease_until == before)
		return HF_OK;
	return hf__outbox_emit(d, HF__OUTBOX_CHANGED, &image, result);
}

static void *extend_copy(struct hf__arena *arena, const void *args)
{
	static const size_t bytes[] = {offsetof(struct hf_outbox_extend_args, queue),
	                               offsetof(struct hf_outbox_extend_args, id)};
	return hf__outbox_copy(arena, args, sizeof(struct hf_outbox_extend_args), bytes,
	                       COUNT_OF(bytes));
}

int hf_outbox_extend(hf_store *store, hf_txn *txn, const struct hf_outbox_extend_args *args,
                     struct hf_result *result, struct hf_error *error)
{
	HF__CALL;
	static const struct hf__verb verb = {"outbox extend", HF__DOMAIN_OUTBOX, extend_check,
	                                     extend_decide, extend_copy};
	return hf__mutate(store, txn, &verb, args, args->write.durability, result, NULL, error);
}

/* --- Guards ----------------------------------------------------------------------------------- */

static int guard_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_guard_args *args = raw;
	if (args->write.expect != 0)
		return hf__outbox_check_key(args->queue, args->id, why);
	hf__text_add(why, "a guard needs an expected version");
	return HF_EINVAL;
}

static int lone_guard_check(const void *raw, struct hf__text *why)
{
	(void)raw;
	hf__text_add(why, "a guard needs a transaction");
	return HF_EINVAL;
}

static int guard_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf_outbox_guard_args *args = raw;
	struct hf__outbox_item *item;
	const int rc = hf__outbox_look(state, d, &args->write, args->queue, args->id, &item);
	result->version = item ? item->value.version : 0;
	return rc;
}

static void *guard_copy(struct hf__arena *arena, const void *args)
{
	static const size_t bytes[] = {offsetof(struct hf_outbox_guard_args, queue),
	                               offsetof(struct hf_outbox_guard_args, id)};
	return hf__outbox_copy(arena, args, sizeof(struct hf_outbox_guard_args), bytes,
	                       COUNT_OF(bytes));
}

int hf_outbox_guard(hf_store *store, hf_txn *txn, const struct hf_outbox_guard_args *args,
                    struct hf_result *result, struct hf_error *error)
{
	HF__CALL;
	static const struct hf__verb verb = {"outbox guard", HF__DOMAIN_OUTBOX, guard_check,
	                                     guard_decide, guard_copy};
	static const struct hf__verb lone = {"outbox guard", HF__DOMAIN_OUTBOX, lone_guard_check,
	                                     guard_decide, guard_copy};
	return hf__mutate(store, txn, txn ? &verb : &lone, args, args->write.durability, result, NULL,
	                  error);
}

static int guard_claim_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_guard_claim_args *args = raw;
	return hf__outbox_check_key(args->queue, args->id, why);
}

static int guard_claim_decide(void *state, struct hf__decision *d, const void *raw,
                              struct hf_result *result)
{
	const struct hf_outbox_guard_claim_args *args = raw;
	struct hf__outbox_item *item;
	const int rc =
	    hf__outbox_require_claim(state, d, &args->write, args->queue, args->id, args->token, &item);
	if (rc != HF_OK)
		return rc;
	result->version = item->value.version;
	result->token = args->token;
	return HF_OK;
}

static void *guard_claim_copy(struct hf__arena *arena, const void *args)
{
	static const size_t bytes[] = {offsetof(struct hf_outbox_guard_claim_args, queue),
	                               offsetof(struct hf_outbox_guard_claim_args, id)};
	return hf__outbox_copy(arena, args, sizeof(struct hf_outbox_guard_claim_args), bytes,
	                       COUNT_OF(bytes));
}

int hf_outbox_guard_claim(hf_store *store, hf_txn *txn,
                          const struct hf_outbox_guard_claim_args *args, struct hf_result *result,
                          struct hf_error *error)
{
	HF__CALL;
	static const struct hf__verb verb = {"outbox guard claim", HF__DOMAIN_OUTBOX, guard_claim_check,
	                                     guard_claim_decide, guard_claim_copy};
	static const struct hf__verb lone = {"outbox guard claim", HF__DOMAIN_OUTBOX, lone_guard_check,
	                                     guard_claim_decide, guard_claim_copy};
	return hf__mutate(store, txn, txn ? &verb : &lone, args, args->write.durability, result, NULL,
	                  error);
}
