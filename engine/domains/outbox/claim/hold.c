/* While an item is held: extend, and the guards, which only look. */
#include <stddef.h>

#include "domains/common/verb.h"
#include "domains/outbox/verb.h"

/* --- Extend ----------------------------------------------------------------------------------- */

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

int hf_outbox_extend(hf_store *store, hf_txn *txn, const struct hf_outbox_extend_args *args,
                     struct hf_result *result, struct hf_error *error)
{
	HF__CALL;
	static const struct hf__verb verb = {
	    "outbox extend", HF__DOMAIN_OUTBOX, NULL, extend_decide, NULL, &hf__api_outbox_extend_args};
	return hf__run(store, txn, &verb, args, result, error);
}

/* --- Guards ----------------------------------------------------------------------------------- */

static int guard_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf_outbox_guard_args *args = raw;
	struct hf__outbox_item *item;
	const int rc = hf__outbox_look(state, d, &args->write, args->queue, args->id, &item);
	result->version = item ? item->value.version : 0;
	return rc;
}

int hf_outbox_guard(hf_store *store, hf_txn *txn, const struct hf_outbox_guard_args *args,
                    struct hf_result *result, struct hf_error *error)
{
	HF__CALL;
	static const struct hf__verb verb = {
	    "outbox guard", HF__DOMAIN_OUTBOX, NULL, guard_decide, NULL, &hf__api_outbox_guard_args};
	return hf__guard_version(store, txn, &verb, args, result, error);
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

int hf_outbox_guard_claim(hf_store *store, hf_txn *txn,
                          const struct hf_outbox_guard_claim_args *args, struct hf_result *result,
                          struct hf_error *error)
{
	HF__CALL;
	static const struct hf__verb verb = {"outbox guard claim",
	                                     HF__DOMAIN_OUTBOX,
	                                     NULL,
	                                     guard_claim_decide,
	                                     NULL,
	                                     &hf__api_outbox_guard_claim_args};
	return hf__guard_token(store, txn, &verb, args, result, error);
}
