/* Claims: one item by name, the next ones in line.
 *
 * A claim hands out what it claimed: the answer's memory goes to the caller's struct in the moment of the decision, so that running
 * out of memory refuses the claim instead of losing it. A decision may be run again and a decided claim may still fail to be written:
 * what was handed out before is then taken back first. */
#include <stddef.h>

#include "domains/outbox_verb.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* Arguments of both claims as they go through the store: where to hand things out comes along. */
struct claim_one {
	struct hf_outbox_claim args;
	struct hf_outbox_items *out; /* nullable */
};
struct claim_many {
	struct hf_outbox_claim_next args;
	struct hf_outbox_items *out;
};

/* --- Handing out ------------------------------------------------------------------------------------------------------------ */

static void take_back(struct hf_outbox_items *out)
{
	hf_release(out->memory);
	*out = (struct hf_outbox_items){0};
}

/* The claimed items, in an array of the answer. */
static int hand_out(struct hf__decision *d, struct hf__outbox_item *const *claimed, size_t count, struct hf_outbox_items *out)
{
	struct hf_outbox_item *items = hf__answer_alloc(d->answer, count * sizeof *items);
	if (!items)
		return HF_ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const int rc = hf__outbox_answer(d->answer, claimed[i], d->now, false, &items[i]);
		if (rc != HF_OK)
			return rc;
	}
	out->memory = hf__answer_give(d->answer);
	if (!out->memory)
		return HF_ENOMEM;
	out->items = items;
	out->count = count;
	return HF_OK;
}

/* --- Claiming --------------------------------------------------------------------------------------------------------------- */

static int claim_item(struct hf__decision *d, const struct hf__outbox_item *item, struct hf_bytes owner, int64_t lease_us,
                      struct hf_result *result)
{
	struct hf__outbox_image image = hf__outbox_image_of(item, HF__OUTBOX_CLAIM);
	image.status = HF_OUTBOX_SENDING;
	image.token = hf__token(d->epoch, hf__next_lsn(d));
	image.lease_until = hf__outbox_lease_end(d, lease_us);
	image.owner = owner;
	result->token = image.token;
	return hf__outbox_emit(d, HF__OUTBOX_CHANGED, &image, result);
}

static int claim_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_claim *args = &((const struct claim_one *)raw)->args;
	int rc = hf__outbox_check_key(args->queue, args->id, why);
	if (rc == HF_OK)
		rc = hf__outbox_check_owner(args->owner, why);
	return rc == HF_OK ? hf__outbox_check_span("the lease", args->lease_us, why) : rc;
}

static int claim_decide(void *state, struct hf__decision *d, const void *raw, struct hf_result *result)
{
	const struct claim_one *call = raw;
	const struct hf_outbox_claim *args = &call->args;
	struct hf__outbox_item *item;
	if (call->out) {
		hf__answer_reset(d->answer);
		take_back(call->out);
	}
	int rc = hf__outbox_require(state, d, &args->write, args->queue, args->id, &item);
	if (rc != HF_OK)
		return rc;
	if (hf__outbox_view(item, d->now) == HF_OUTBOX_SENDING)
		return hf__outbox_refuse(d, HF_ECLAIMED, "somebody holds the item", args->queue, args->id);
	rc = claim_item(d, item, args->owner, args->lease_us, result);
	return rc == HF_OK && call->out ? hand_out(d, &item, 1, call->out) : rc;
}

static void *claim_copy(struct hf__arena *arena, const void *args)
{
	static const size_t bytes[] = {offsetof(struct claim_one, args.queue), offsetof(struct claim_one, args.id),
	                               offsetof(struct claim_one, args.owner)};
	return hf__outbox_copy(arena, args, sizeof(struct claim_one), bytes, COUNT_OF(bytes));
}

int hf_outbox_claim(hf_store *store, hf_txn *txn, const struct hf_outbox_claim *args, struct hf_outbox_items *out, struct hf_result *result,
                    struct hf_error *error)
{
	static const struct hf__verb verb = {"outbox claim", HF__DOMAIN_OUTBOX, claim_check, claim_decide, claim_copy};
	const struct claim_one call = {*args, out};
	struct hf__answer answer = {0};
	if (out)
		*out = (struct hf_outbox_items){0};
	const int rc = hf__mutate(store, txn, &verb, &call, args->write.durability, result, out ? &answer : NULL, error);
	if (rc != HF_OK && out)
		take_back(out);
	return rc;
}

/* --- The next in line ------------------------------------------------------------------------------------------------------- */

static int next_check(const void *raw, struct hf__text *why)
{
	const struct claim_many *call = raw;
	int rc = hf__outbox_check_no_expect(&call->args.write, why);
	if (rc == HF_OK)
		rc = hf__outbox_check_queue(call->args.queue, why);
	if (rc == HF_OK)
		rc = hf__outbox_check_owner(call->args.owner, why);
	if (rc == HF_OK)
		rc = hf__outbox_check_span("the lease", call->args.lease_us, why);
	if (rc != HF_OK || call->out)
		return rc;
	hf__text_add(why, "it needs somewhere to put the items");
	return HF_EINVAL;
}

/* Claims while there is something and `max` allows. Each claimed item leaves the order or gets a weight beyond now, so the first that
 * passes is a new one each time. */
static int claim_ready(struct hf__decision *d, const struct hf__outbox_queue *queue, const struct hf_outbox_claim_next *args,
                       struct hf__outbox_item **claimed, size_t max, size_t *count)
{
	const struct hf__order_filter now = {.low = INT64_MIN, .high = d->now};
	for (*count = 0; *count < max; (*count)++) {
		struct hf__outbox_item *item = hf__outbox_of_ready(hf__order_first_pass(&queue->ready, &now));
		struct hf_result one = {0};
		if (!item)
			break;
		const int rc = claim_item(d, item, args->owner, args->lease_us, &one);
		if (rc != HF_OK)
			return rc;
		claimed[*count] = item;
	}
	return HF_OK;
}

static size_t most_to_claim(const struct hf__outbox_queue *queue, uint32_t asked)
{
	size_t max = asked == 0 ? 1 : asked;
	if (max > HF_OUTBOX_CLAIM_MAX)
		max = HF_OUTBOX_CLAIM_MAX;
	const size_t there = hf__order_count(&queue->ready);
	return max < there ? max : there;
}

static int next_decide(void *state, struct hf__decision *d, const void *raw, struct hf_result *result)
{
	const struct claim_many *call = raw;
	const struct hf__outbox_queue *queue = hf__outbox_queue_find(state, call->args.queue);
	hf__answer_reset(d->answer);
	take_back(call->out);
	hf__depends(d, queue ? &queue->object : NULL);
	const size_t max = queue ? most_to_claim(queue, call->args.max) : 0;
	if (max == 0)
		return HF_OK;
	struct hf__outbox_item **claimed = hf__answer_alloc(d->answer, max * sizeof(struct hf__outbox_item *));
	size_t count;
	if (!claimed)
		return HF_ENOMEM;
	const int rc = claim_ready(d, queue, &call->args, claimed, max, &count);
	if (rc != HF_OK || count == 0) {
		hf__answer_reset(d->answer);
		return rc;
	}
	result->changed = true;
	result->count = count;
	return hand_out(d, claimed, count, call->out);
}

static void *next_copy(struct hf__arena *arena, const void *args)
{
	static const size_t bytes[] = {offsetof(struct claim_many, args.queue), offsetof(struct claim_many, args.owner)};
	return hf__outbox_copy(arena, args, sizeof(struct claim_many), bytes, COUNT_OF(bytes));
}

int hf_outbox_claim_next(hf_store *store, hf_txn *txn, const struct hf_outbox_claim_next *args, struct hf_outbox_items *out,
                         struct hf_result *result, struct hf_error *error)
{
	static const struct hf__verb verb = {"outbox claim next", HF__DOMAIN_OUTBOX, next_check, next_decide, next_copy};
	const struct claim_many call = {*args, out};
	struct hf__answer answer = {0};
	if (out)
		*out = (struct hf_outbox_items){0};
	const int rc = hf__mutate(store, txn, &verb, &call, args->write.durability, result, &answer, error);
	if (rc != HF_OK && out)
		take_back(out);
	return rc;
}
