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

HF__MUTATION(hf_outbox_extend, outbox_extend_args, hf__run, "outbox extend", HF__DOMAIN_OUTBOX,
             .decide = extend_decide, .token_at = offsetof(struct hf_outbox_extend_args, token),
             .giving = &hf__outbox_giving);

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

HF__MUTATION(hf_outbox_guard, outbox_guard_args, hf__guard_version, "outbox guard",
             HF__DOMAIN_OUTBOX, .decide = guard_decide, .giving = &hf__outbox_giving);

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

HF__MUTATION(hf_outbox_guard_claim, outbox_guard_claim_args, hf__guard_token, "outbox guard claim",
             HF__DOMAIN_OUTBOX, .decide = guard_claim_decide,
             .token_at = offsetof(struct hf_outbox_guard_claim_args, token),
             .giving = &hf__outbox_giving);
