/* claim_next: what is next in one queue or several. What is over and not logged yet is logged
 * first where it could make a difference, so that what can be claimed stands in the queue's
 * orders. */
#include <stddef.h>

#include "domains/common/objects.h"
#include "domains/common/verb.h"
#include "domains/outbox/verb.h"
#include "store/call/error.h"
#include "store/wait/startable.h"

#define QUEUES_MAX 1024u
/* So many claims that are over and make no difference are passed over before they are logged all
 * the same. */
#define OVER_MAX 64u

/* Arguments as they go through the store: where to hand things out comes along. */
struct claim_many {
	struct hf_outbox_claim_next_args args;
	struct hf_outbox_items *out;
	bool *again; /* as hf__outbox_end_all takes it */
	bool in_txn;
};

static size_t queue_count(const struct hf_outbox_claim_next_args *args)
{
	return args->queue_count > 0 ? args->queue_count : 1;
}

static struct hf_bytes queue_at(const struct hf_outbox_claim_next_args *args, size_t i)
{
	return args->queue_count > 0 ? args->queues[i] : args->queue;
}

/* --- Form ------------------------------------------------------------------------------------- */

static int check_queues(const struct hf_outbox_claim_next_args *args, struct hf__text *why)
{
	int rc = HF_OK;
	if (args->queue_count > 0 &&
	    (args->queue.len > 0 || !args->queues || args->queue_count > QUEUES_MAX))
		return hf__refuse(why, HF_EINVAL, "either a queue or 1 to %u queues", QUEUES_MAX);
	for (size_t i = 0; i < queue_count(args) && rc == HF_OK; i++)
		rc = hf__check_part("queue", queue_at(args, i), false, why);
	return rc;
}

static int check_wait(const struct claim_many *call, struct hf__text *why)
{
	if (call->args.wait_us < -1)
		return hf__refuse(why, HF_EINVAL, "the wait must be -1 (forever), 0 or more");
	if (call->in_txn && call->args.wait_us != 0)
		return hf__refuse(why, HF_EINVAL, "a transaction cannot wait");
	return HF_OK;
}

static int next_check(const void *raw, struct hf__text *why)
{
	const struct claim_many *call = raw;
	int rc = hf__check_unversioned(&call->args.write, why);
	if (rc == HF_OK)
		rc = check_queues(&call->args, why);
	if (rc == HF_OK)
		rc = hf__check_part("owner", call->args.owner, false, why);
	if (rc == HF_OK)
		rc = hf__check_span("the lease", call->args.lease_us, why);
	if (rc == HF_OK)
		rc = hf__check_span("max_run", call->args.max_run_us, why);
	if (rc == HF_OK)
		rc = check_wait(call, why);
	if (rc == HF_OK && !call->out)
		rc = hf__refuse(why, HF_EINVAL, "it needs somewhere to put the items");
	return rc == HF_OK ? hf__check_given(&hf__api_outbox_items, call->out, why) : rc;
}

/* --- Claiming --------------------------------------------------------------------------------- */

/* Does any claim that is over make something claimable? */
static bool endings_matter(const struct hf__outbox_queue *queue, struct hf__outbox_time t)
{
	unsigned seen = 0;
	for (const struct hf__outbox_item *item = hf__outbox_first_over(queue, t); item;
	     item = hf__outbox_next_over(item, t)) {
		struct hf__outbox_view view;
		if (item->group || seen++ == OVER_MAX)
			return true;
		hf__outbox_view(item, t, &view);
		if (view.status == HF_OUTBOX_QUEUED &&
		    hf__outbox_reached(view.available_at, view.computed, t))
			return true;
	}
	return false;
}

/* Claims while there is something and there is room. Each claimed item leaves the order, so the
 * first that passes is a new one each time. */
static int claim_ready(struct hf__decision *d, const struct hf__outbox_queue *queue,
                       const struct claim_many *call, struct hf__outbox_item **claimed, size_t room,
                       size_t *count)
{
	const struct hf__outbox_time t = HF__OUTBOX_TIME(d);
	int rc = endings_matter(queue, t) ? hf__outbox_end_all(d, queue, call->again) : HF_OK;
	while (rc == HF_OK && *count < room) {
		struct hf__outbox_item *item = hf__outbox_first_ready(queue, t);
		struct hf_result one = {0};
		if (!item)
			break;
		rc = hf__outbox_claim_item(d, item, call->args.owner, call->args.lease_us,
		                           call->args.max_run_us, &one);
		claimed[(*count)++] = item;
	}
	return rc;
}

/* The queue, if there may be something in it for this caller. */
static const struct hf__outbox_queue *open_queue(const struct hf__outbox_state *state,
                                                 struct hf__decision *d, struct hf_bytes name)
{
	const struct hf__outbox_queue *queue = hf__look_in(state, d, name);
	if (!queue || queue->value.paused || hf__wait_behind(d, hf__outbox_wait_key(state, name)))
		return NULL;
	return queue;
}

/* How many could be had at most. */
static size_t room_for(const struct hf__outbox_state *state,
                       const struct hf_outbox_claim_next_args *args)
{
	size_t max = args->max == 0 ? 1 : args->max, there = 0;
	if (max > HF_OUTBOX_CLAIM_MAX)
		max = HF_OUTBOX_CLAIM_MAX;
	for (size_t i = 0; i < queue_count(args) && there < max; i++) {
		const struct hf__outbox_queue *queue = hf__container_find(state, queue_at(args, i));
		there += queue ? hf__outbox_queue_count(queue) : 0;
	}
	return there < max ? there : max;
}

static int claim_and_hand_out(const struct hf__outbox_state *state, struct hf__decision *d,
                              const struct claim_many *call, struct hf_result *result)
{
	const size_t room = room_for(state, &call->args);
	struct hf__outbox_item **claimed =
	    hf__answer_alloc(d->answer, room * sizeof(struct hf__outbox_item *));
	size_t count = 0;
	int rc = claimed ? HF_OK : HF_ENOMEM;
	for (size_t i = 0; i < queue_count(&call->args) && rc == HF_OK; i++) {
		const struct hf__outbox_queue *queue = open_queue(state, d, queue_at(&call->args, i));
		if (queue && count < room)
			rc = claim_ready(d, queue, call, claimed, room, &count);
	}
	if (rc != HF_OK || count == 0) {
		hf__answer_reset(d->answer);
		return rc;
	}
	result->changed = true;
	result->count = count;
	return hf__outbox_hand_out(d, claimed, count, call->out);
}

/* Nothing now. The waiter tries again when anything in its queues changes, or when the first of
 * those that are delayed, or held with a lease, comes up. */
static void wait_for_work(const struct hf__outbox_state *state, struct hf__decision *d,
                          const struct hf_outbox_claim_next_args *args)
{
	const struct hf__outbox_time t = HF__OUTBOX_TIME(d);
	int64_t retry_at = INT64_MAX;
	for (size_t i = 0; i < queue_count(args); i++) {
		const struct hf__outbox_queue *queue = hf__container_find(state, queue_at(args, i));
		const int64_t next =
		    queue && !queue->value.paused ? hf__outbox_next_instant(queue, t) : INT64_MAX;
		retry_at = next < retry_at ? next : retry_at;
	}
	if (queue_count(args) == 1)
		hf__wait_on(d, hf__outbox_wait_key(state, queue_at(args, 0)), retry_at);
	else
		hf__wait_on_many(d, retry_at);
}

static int next_decide(void *state, struct hf__decision *d, const void *raw,
                       struct hf_result *result)
{
	const struct claim_many *call = raw;
	hf__answer_reset(d->answer);
	hf__outbox_take_back(call->out);
	const int rc = claim_and_hand_out(state, d, call, result);
	if (rc == HF_OK && result->count == 0)
		wait_for_work(state, d, &call->args);
	return rc;
}

static void *next_copy(struct hf__arena *arena, const void *args)
{
	struct claim_many *copy =
	    hf__copy_args(arena, args, sizeof *copy, &hf__api_outbox_claim_next_args);
	if (!copy)
		return NULL;
	copy->again = NULL;
	if (copy->args.queue_count == 0)
		return copy;
	struct hf_bytes *queues =
	    hf__arena_copy(arena, copy->args.queues, copy->args.queue_count * sizeof *queues);
	copy->args.queues = queues;
	for (size_t i = 0; i < copy->args.queue_count; i++)
		if (!queues || !hf__arena_bytes(arena, queues[i], &queues[i]))
			return NULL;
	return copy;
}

static const struct hf__verb next = {.name = "outbox claim next",
                                     .domain = HF__DOMAIN_OUTBOX,
                                     .check = next_check,
                                     .decide = next_decide,
                                     .copy = next_copy,
                                     .takes = &hf__api_outbox_claim_next_args};

int hf_outbox_claim_next(hf_store *store, hf_txn *txn, const struct hf_outbox_claim_next_args *args,
                         struct hf_outbox_items *out, struct hf_result *result,
                         struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(outbox_claim_next_args, args);
	bool again;
	const struct claim_many call = {*args, out, &again, txn != NULL};
	struct hf__answer answer = {0};
	struct hf_result mine = {0};
	if (!txn && !result)
		result = &mine;
	hf__clear(&hf__api_outbox_items, out);
	const int rc = hf__outbox_mutate_ended(store, txn, &next, &call, &again, result, &answer,
	                                       args->wait_us, error);
	if (rc != HF_OK && !hf__outbox_claim_stands(txn, result))
		hf__outbox_take_back(out);
	return rc;
}

/* --- Without a thread -------------------------------------------------------------------------
 * The same claim, decided by the store for a wait, which keeps what it is given until it is taken
 * (store/wait/). */

/* `call` first: the verbs know that alone. */
struct claim_started {
	struct claim_many call;
	struct hf_outbox_items items;
	bool again;
};

static void *started_copy(struct hf__arena *arena, const void *args, const struct hf_result *result)
{
	const struct claim_many *call = next_copy(arena, args);
	struct claim_started *copy = hf__arena_alloc(arena, sizeof *copy);
	(void)result;
	if (!call || !copy)
		return NULL;
	copy->call = *call;
	copy->items.size = sizeof copy->items;
	copy->call.out = &copy->items;
	copy->call.again = &copy->again;
	return copy;
}

static bool started_again(void *args)
{
	struct claim_started *started = args;
	const bool again = started->again;
	started->again = false;
	return again;
}

static int started_settle(struct hf_store *store, struct hf_error *error)
{
	return hf__settle(store, HF__DOMAIN_OUTBOX, error);
}

static void started_drop(void *args)
{
	struct claim_started *started = args;
	hf__outbox_take_back(&started->items);
}

/* Uncounted, each to its place. One that is not held by this token any more, since its lease ended
 * or another caller changed it, is left alone. */
static int back_decide(void *state, struct hf__decision *d, const void *raw,
                       struct hf_result *result)
{
	const struct claim_started *started = raw;
	int rc = HF_OK;
	for (size_t i = 0; i < started->items.count && rc == HF_OK; i++) {
		const struct hf_outbox_item *given = &started->items.items[i];
		const struct hf__outbox_item *item = hf__outbox_find(state, given->queue, given->id);
		if (!item || hf__outbox_status(item, HF__OUTBOX_TIME(d)) != HF_OUTBOX_SENDING ||
		    hf__outbox_claim_of(&item->value).token != given->token)
			continue;
		struct hf__outbox_image image = hf__outbox_image_of(item, HF__OUTBOX_RELEASE, d->setback);
		image.status = HF_OUTBOX_QUEUED;
		hf__outbox_free_claim(&image);
		rc = hf__outbox_emit(d, HF__OUTBOX_CHANGED, &image, result);
	}
	return rc;
}

static const struct hf__verb back = {
    .name = "outbox claim back", .domain = HF__DOMAIN_OUTBOX, .decide = back_decide};
static const struct hf__startable startable = {
    &next, &back, started_copy, started_again, started_settle, started_drop, NULL};

int hf_outbox_claim_next_start(hf_store *store, const struct hf_outbox_claim_next_args *args,
                               hf_wait **out, struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(outbox_claim_next_args, args);
	struct hf_outbox_items form = {.size = sizeof form}; /* the copy has its own */
	const struct claim_many call = {*args, &form, NULL, false};
	return hf__wait_start(store, &startable, &call, args->wait_us, out, error);
}

int hf_outbox_claim_next_take(hf_wait *wait, struct hf_outbox_items *out, struct hf_result *result,
                              struct hf_error *error)
{
	HF__CALL;
	void *args = NULL;
	struct hf_result mine = {0};
	bool taken = false;
	int rc = out ? hf__can_give(&hf__api_outbox_items, out, error)
	             : hf__fail(error, HF_EINVAL, 0, "it needs somewhere to put the items");
	if (rc == HF_OK)
		rc = hf__can_give(&hf__api_result, result, error);
	if (rc != HF_OK)
		return rc;
	hf__clear(&hf__api_outbox_items, out);
	rc = hf__wait_take(wait, &startable, &args, &mine, &taken, error);
	if (taken) {
		struct claim_started *started = args;
		hf__give(&hf__api_outbox_items, out, &started->items);
		hf__clear(&hf__api_outbox_items, &started->items);
	}
	hf__give_result(result, &mine);
	return rc;
}
