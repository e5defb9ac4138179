/* Claims: one item by name, and what claim_next (claim/next.c) has in common with it. Neither
 * gives an item of a group while a worker holds another one of it.
 *
 * A claim hands out what it claimed: the answer's memory goes to the caller's struct in the
 * moment of the decision, so that running out of memory refuses the claim instead of losing it.
 * A decision may be run again and a decided claim may still fail to be written: what was handed
 * out before is then taken back first. Payloads on disk are read after the commit: when one
 * cannot be, the claim stands, and its token is handed out with the failure. */
#include <stddef.h>

#include "domains/common/verb.h"
#include "domains/outbox/claim/outcome.h"
#include "domains/outbox/verb.h"

/* --- Handing out ------------------------------------------------------------------------------ */

void hf__outbox_take_back(struct hf_outbox_items *out)
{
	if (!hf__may_give(&hf__api_outbox_items, out))
		return;
	hf_release(out->memory);
	hf__clear(&hf__api_outbox_items, out);
}

bool hf__outbox_claim_stands(const hf_txn *txn, const struct hf_result *result)
{
	return !txn && result->changed;
}

int hf__outbox_hand_out(struct hf__decision *d, struct hf__outbox_item *const *claimed,
                        size_t count, struct hf_outbox_items *out)
{
	struct hf_outbox_item *items = hf__answer_alloc(d->answer, count * sizeof *items);
	const struct hf__outbox_queue *before = NULL;
	struct hf_bytes queue = {NULL, 0};
	if (!items)
		return HF_ENOMEM;
	for (size_t i = 0; i < count; i++) {
		int rc = HF_OK;
		if (hf__outbox_queue_of(claimed[i]) != before) {
			before = hf__outbox_queue_of(claimed[i]);
			rc = hf__answer_bytes(d->answer, hf__container_name(before), &queue);
		}
		if (rc == HF_OK)
			rc = hf__outbox_answer(d->answer, claimed[i], queue, HF__OUTBOX_TIME(d), false,
			                       &items[i]);
		if (rc != HF_OK)
			return rc;
	}
	const struct hf_outbox_items list = {
	    .items = items, .count = count, .memory = hf__answer_give(d->answer)};
	if (!list.memory)
		return HF_ENOMEM;
	hf__give(&hf__api_outbox_items, out, &list);
	return HF_OK;
}

/* --- Claiming --------------------------------------------------------------------------------- */

int hf__outbox_claim_item(struct hf__decision *d, const struct hf__outbox_item *item,
                          struct hf_bytes owner, int64_t lease_us, int64_t max_run_us,
                          struct hf_result *result)
{
	struct hf__outbox_image image = hf__outbox_image_of(item, HF__OUTBOX_CLAIM, d->setback);
	image.status = HF_OUTBOX_SENDING;
	image.token = hf__token(d->epoch, hf__next_lsn(d));
	image.run_until = hf__outbox_lease_end(d, max_run_us);
	image.lease_until = hf__outbox_bounded(hf__outbox_lease_end(d, lease_us), image.run_until);
	image.owner = owner;
	result->token = image.token;
	return hf__outbox_emit(d, HF__OUTBOX_CHANGED, &image, result);
}

/* The item is not held. HF_OK or HF_EBLOCKED. In a group both depend on what became of its other
 * items. */
static int may_claim(struct hf__decision *d, const struct hf__outbox_item *item,
                     const struct hf__outbox_claim *call)
{
	const struct hf__outbox_queue *queue = hf__outbox_queue_of(item);
	const struct hf__outbox_item *holder = hf__outbox_group_holder(item);
	const struct hf__outbox_time t = HF__OUTBOX_TIME(d);
	const char *why = NULL;
	if (item->group || call->in_turn)
		hf__depends(d, &queue->head.object);
	if (holder && hf__outbox_status(holder, t) == HF_OUTBOX_SENDING)
		why = "an owner holds another item of the group";
	else if (call->in_turn && !hf__outbox_in_turn(item, t))
		why = "another item of the group goes before it";
	else if (call->in_turn && !call->with_paused && queue->value.paused)
		why = "the queue is paused";
	if (!why)
		return HF_OK;
	return hf__outbox_refuse(d, HF_EBLOCKED, why, hf__container_name(queue), hf__outbox_id(item));
}

/* For a drain: is it as it was when the pass began? */
static int unchanged_since(struct hf__decision *d, const struct hf__outbox_item *item,
                           const struct hf__outbox_claim *call)
{
	const bool held =
	    item->value.status == HF_OUTBOX_SENDING && hf__outbox_end_of(item) > call->as_of;
	if (!call->in_turn || (item->object.changed <= call->began && !held))
		return HF_OK;
	return hf__outbox_refuse(d, HF_ECONFLICT, "the item was changed after the pass began",
	                         call->args.queue, call->args.id);
}

static int claim_check(const void *raw, struct hf__text *why)
{
	const struct hf__outbox_claim *call = raw;
	const struct hf_outbox_claim_args *args = &call->args;
	int rc = hf__outbox_check_key(args->queue, args->id, why);
	if (rc == HF_OK)
		rc = hf__check_part("owner", args->owner, false, why);
	if (rc == HF_OK)
		rc = hf__check_span("the lease", args->lease_us, why);
	if (rc == HF_OK)
		rc = hf__check_span("max_run", args->max_run_us, why);
	return rc == HF_OK ? hf__check_given(&hf__api_outbox_items, call->out, why) : rc;
}

int hf__outbox_end_before(struct hf__decision *d, const struct hf__outbox_item *item)
{
	int rc = hf__outbox_end_if_over(d, hf__outbox_group_holder(item));
	if (rc == HF_OK)
		rc = hf__outbox_end_if_over(d, item);
	return rc;
}

static int claim_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf__outbox_claim *call = raw;
	const struct hf_outbox_claim_args *args = &call->args;
	struct hf__outbox_item *item;
	if (call->out) {
		hf__answer_reset(d->answer);
		hf__outbox_take_back(call->out);
	}
	int rc = hf__outbox_require(state, d, &args->write, args->queue, args->id, &item);
	if (rc != HF_OK)
		return rc;
	if (hf__outbox_status(item, HF__OUTBOX_TIME(d)) == HF_OUTBOX_SENDING)
		return hf__outbox_refuse(d, HF_ECLAIMED, "an owner holds the item", args->queue, args->id);
	rc = unchanged_since(d, item, call);
	if (rc == HF_OK)
		rc = may_claim(d, item, call);
	if (rc == HF_OK)
		rc = hf__outbox_end_before(d, item);
	if (rc == HF_OK)
		rc = hf__outbox_claim_item(d, item, args->owner, args->lease_us, args->max_run_us, result);
	if (rc == HF_OK && call->seq)
		*call->seq = item->value.seq;
	return rc == HF_OK && call->out ? hf__outbox_hand_out(d, &item, 1, call->out) : rc;
}

static void *claim_copy(struct hf__arena *arena, const void *call)
{
	return hf__copy_args(arena, call, sizeof(struct hf__outbox_claim), &hf__api_outbox_claim_args);
}

int hf__outbox_claim_one(hf_store *store, hf_txn *txn, const struct hf__outbox_claim *call,
                         struct hf_result *result, struct hf_error *error)
{
	static const struct hf__verb verb = {.name = "outbox claim",
	                                     .domain = HF__DOMAIN_OUTBOX,
	                                     .check = claim_check,
	                                     .decide = claim_decide,
	                                     .copy = claim_copy,
	                                     .takes = &hf__api_outbox_claim_args,
	                                     .grants = true};
	struct hf_outbox_items *out = call->out;
	struct hf__answer answer = {0};
	struct hf_result mine = {0};
	if (!txn && !result)
		result = &mine;
	hf__clear(&hf__api_outbox_items, out);
	const int rc = hf__mutate(store, txn, &verb, call, result, out ? &answer : NULL, error);
	if (rc != HF_OK && out && !hf__outbox_claim_stands(txn, result))
		hf__outbox_take_back(out);
	return rc;
}

int hf_outbox_claim(hf_store *store, hf_txn *txn, const struct hf_outbox_claim_args *args,
                    struct hf_outbox_items *out, struct hf_result *result, struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(outbox_claim_args, args);
	return hf__outbox_claim_one(store, txn, &(struct hf__outbox_claim){.args = *args, .out = out},
	                            result, error);
}
