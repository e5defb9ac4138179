/* Claims: one item by name, the next ones in line. Neither gives an item of a group while somebody holds another one of it.
 *
 * A claim hands out what it claimed: the answer's memory goes to the caller's struct in the moment of the decision, so that running
 * out of memory refuses the claim instead of losing it. A decision may be run again and a decided claim may still fail to be written:
 * what was handed out before is then taken back first. Payloads on disk are read after the commit: when one cannot be, the claim stands,
 * and its token is handed out with the failure. */
#include <stddef.h>

#include "domains/outbox_outcome.h"
#include "domains/outbox_verb.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* Arguments of both claims as they go through the store: where to hand things out comes along. */
struct claim_many {
	struct hf_outbox_claim_next args;
	struct hf_outbox_items *out;
	bool in_txn;
};

/* --- Handing out ------------------------------------------------------------------------------------------------------------ */

static void take_back(struct hf_outbox_items *out)
{
	hf_release(out->memory);
	*out = (struct hf_outbox_items){0};
}

/* A call that failed all the same: was the claim committed, and only a payload could not be read? Then its tokens must not be lost. */
static bool stands(const hf_txn *txn, const struct hf_result *result)
{
	return !txn && result->changed;
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

/* The item is not held. HF_OK or HF_EBLOCKED. In a group both depend on what became of its other items. */
static int may_claim(struct hf__decision *d, const struct hf__outbox_item *item, bool in_turn)
{
	const struct hf__outbox_queue *queue = hf__outbox_queue_of(item);
	const char *why = NULL;
	if (item->member || in_turn)
		hf__depends(d, &queue->object);
	if (hf__outbox_group_busy(item, d->now))
		why = "somebody holds another item of the group";
	else if (in_turn && !hf__outbox_in_turn(item))
		why = "another item of the group goes before it";
	else if (in_turn && queue->value.paused)
		why = "the queue is paused";
	if (!why)
		return HF_OK;
	return hf__outbox_refuse(d, HF_EBLOCKED, why, hf__outbox_queue_name(queue), hf__outbox_id(item));
}

static int claim_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_claim *args = &((const struct hf__outbox_claim *)raw)->args;
	int rc = hf__outbox_check_key(args->queue, args->id, why);
	if (rc == HF_OK)
		rc = hf__outbox_check_owner(args->owner, why);
	return rc == HF_OK ? hf__outbox_check_span("the lease", args->lease_us, why) : rc;
}

static int claim_decide(void *state, struct hf__decision *d, const void *raw, struct hf_result *result)
{
	const struct hf__outbox_claim *call = raw;
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
	rc = may_claim(d, item, call->in_turn);
	if (rc != HF_OK)
		return rc;
	rc = claim_item(d, item, args->owner, args->lease_us, result);
	return rc == HF_OK && call->out ? hand_out(d, &item, 1, call->out) : rc;
}

static void *claim_copy(struct hf__arena *arena, const void *args)
{
	static const size_t bytes[] = {offsetof(struct hf__outbox_claim, args.queue), offsetof(struct hf__outbox_claim, args.id),
	                               offsetof(struct hf__outbox_claim, args.owner)};
	return hf__outbox_copy(arena, args, sizeof(struct hf__outbox_claim), bytes, COUNT_OF(bytes));
}

int hf__outbox_claim_one(hf_store *store, hf_txn *txn, const struct hf__outbox_claim *call, struct hf_result *result,
                         struct hf_error *error)
{
	static const struct hf__verb verb = {"outbox claim", HF__DOMAIN_OUTBOX, claim_check, claim_decide, claim_copy};
	struct hf_outbox_items *out = call->out;
	struct hf__answer answer = {0};
	struct hf_result mine = {0};
	if (!txn && !result)
		result = &mine;
	if (out)
		*out = (struct hf_outbox_items){0};
	const int rc = hf__mutate(store, txn, &verb, call, call->args.write.durability, result, out ? &answer : NULL, error);
	if (rc != HF_OK && out && !stands(txn, result))
		take_back(out);
	return rc;
}

int hf_outbox_claim(hf_store *store, hf_txn *txn, const struct hf_outbox_claim *args, struct hf_outbox_items *out, struct hf_result *result,
                    struct hf_error *error)
{
	return hf__outbox_claim_one(store, txn, &(struct hf__outbox_claim){.args = *args, .out = out}, result, error);
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
	if (rc == HF_OK && call->args.wait_us < -1) {
		hf__text_add(why, "the wait must be -1 (for ever), 0 or more");
		rc = HF_EINVAL;
	}
	if (rc == HF_OK && call->in_txn && call->args.wait_us != 0) {
		hf__text_add(why, "a transaction cannot wait");
		rc = HF_EINVAL;
	}
	if (rc == HF_OK && !call->out) {
		hf__text_add(why, "it needs somewhere to put the items");
		rc = HF_EINVAL;
	}
	return rc;
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

/* Nothing now. Who waits tries again when anything in the queue changes, or when the first of those that are delayed, held with a lease, or kept back by
 * one that is comes up. */
static void wait_for_work(struct hf__decision *d, const struct hf__outbox_queue *queue, uint64_t key)
{
	const bool some_time = queue && !queue->value.paused && queue->ready.root;
	hf__wait_on(d, key, some_time ? queue->ready.root->least : INT64_MAX);
}

/* Claims up to `max`, which is not 0, and hands them out. */
static int claim_and_hand_out(struct hf__decision *d, const struct hf__outbox_queue *queue, const struct claim_many *call, size_t max,
                              struct hf_result *result)
{
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

static int next_decide(void *raw_state, struct hf__decision *d, const void *raw, struct hf_result *result)
{
	const struct hf__outbox_state *state = raw_state;
	const struct claim_many *call = raw;
	const struct hf__outbox_queue *queue = hf__outbox_queue_find(state, call->args.queue);
	const uint64_t key = hf__outbox_wait_key(state, call->args.queue);
	hf__answer_reset(d->answer);
	take_back(call->out);
	hf__depends(d, hf__outbox_queue_depends(state, queue, call->args.queue));
	const bool behind = hf__wait_behind(d, key);
	const size_t max = queue && !queue->value.paused && !behind ? most_to_claim(queue, call->args.max) : 0;
	const int rc = max > 0 ? claim_and_hand_out(d, queue, call, max, result) : HF_OK;
	if (rc == HF_OK && result->count == 0)
		wait_for_work(d, queue, key);
	return rc;
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
	const struct claim_many call = {*args, out, txn != NULL};
	struct hf__answer answer = {0};
	struct hf_result mine = {0};
	if (!txn && !result)
		result = &mine;
	if (out)
		*out = (struct hf_outbox_items){0};
	const int rc = txn ? hf__mutate(store, txn, &verb, &call, args->write.durability, result, &answer, error)
	                   : hf__mutate_wait(store, &verb, &call, args->write.durability, args->wait_us, result, &answer, error);
	if (rc != HF_OK && out && !stands(txn, result))
		take_back(out);
	return rc;
}
