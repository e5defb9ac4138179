/* What becomes of an item: complete, fail, release with the token; remove, mark_failed, retry,
 * reschedule from outside. */
#include <stddef.h>

#include "domains/common/verb.h"
#include "domains/outbox/claim/outcome.h"
#include "domains/outbox/verb.h"

/* --- The item goes ---------------------------------------------------------------------------- */

/* Done, and queued once more with what was noted meanwhile. */
static int complete_rerun(struct hf__decision *d, const struct hf__outbox_item *item,
                          struct hf_result *result)
{
	struct hf__outbox_image image = hf__outbox_image_of(item, HF__OUTBOX_RERUN, d->setback);
	image.status = HF_OUTBOX_QUEUED;
	image.attempts = image.lost = 0;
	image.last_error = hf_bytes_of(NULL, 0);
	image.enqueued_at = image.rerun_enqueued_at;
	image.available_at = image.rerun_available_at;
	image.computed = item->value.rerun_computed;
	hf__outbox_free_claim(&image);
	return hf__outbox_emit(d, HF__OUTBOX_CHANGED, &image, result);
}

/* It is held. */
static int complete_item(struct hf__decision *d, const struct hf__outbox_item *item,
                         struct hf_result *result)
{
	const struct hf__outbox_queue *queue = hf__outbox_queue_of(item);
	struct hf__outbox_image image = {.cause = HF__OUTBOX_COMPLETE,
	                                 .queue = hf__container_name(queue),
	                                 .id = hf__outbox_id(item),
	                                 .until = HF_UNSET};
	int rc = HF_OK;
	if (item->value.noted)
		return complete_rerun(d, item, result);
	if (queue->value.dedup_window > 0) {
		image.until = hf__time_after(d->now, queue->value.dedup_window);
		rc = hf__outbox_cut(d, queue, queue->value.dedup_max - 1);
	}
	return rc == HF_OK ? hf__outbox_emit(d, HF__OUTBOX_GONE, &image, result) : rc;
}

static int complete_decide(void *state, struct hf__decision *d, const void *raw,
                           struct hf_result *result)
{
	const struct hf_outbox_complete_args *args = raw;
	struct hf__outbox_item *item;
	const int rc =
	    hf__outbox_require_claim(state, d, &args->write, args->queue, args->id, args->token, &item);
	return rc == HF_OK ? complete_item(d, item, result) : rc;
}

HF__MUTATION(hf_outbox_complete, outbox_complete_args, hf__run, "outbox complete",
             HF__DOMAIN_OUTBOX, .decide = complete_decide,
             .token_at = offsetof(struct hf_outbox_complete_args, token),
             .giving = &hf__outbox_giving);

/* --- It was sent ------------------------------------------------------------------------------ */

static int sent_check(const void *raw, struct hf__text *why)
{
	const struct hf__outbox_sent *args = raw;
	return hf__outbox_check_key(args->queue, args->item->id, why);
}

/* Is it what was sent, and is it not held? Its status may have been changed, and its
 * counts. */
static bool still_the_same(const struct hf__outbox_item *item, const struct hf__outbox_sent *args,
                           struct hf__outbox_time t)
{
	return item->value.seq == args->seq && item->value.enqueued_at == args->item->enqueued_at &&
	       hf__payload_equal(&hf__outbox_queue_of(item)->state->env, &item->value.payload,
	                         args->item->payload) &&
	       hf__outbox_status(item, t) != HF_OUTBOX_SENDING;
}

/* Claimed once more, so that its end is one like any other. */
static int claim_and_complete(struct hf__decision *d, struct hf__outbox_item *item,
                              const struct hf__outbox_sent *args, struct hf_result *result)
{
	struct hf_result claimed = {0};
	int rc = hf__outbox_end_before(d, item);
	if (rc == HF_OK)
		rc = hf__outbox_claim_item(d, item, args->owner, 0, 0, &claimed);
	return rc == HF_OK ? complete_item(d, item, result) : rc;
}

static int sent_decide(void *state, struct hf__decision *d, const void *raw,
                       struct hf_result *result)
{
	const struct hf__outbox_sent *args = raw;
	const struct hf__outbox_time t = HF__OUTBOX_TIME(d);
	struct hf__outbox_item *item;
	const int rc = hf__outbox_require(state, d, &args->write, args->queue, args->item->id, &item);
	if (rc != HF_OK)
		return rc;
	if (hf__outbox_status(item, t) == HF_OUTBOX_SENDING &&
	    hf__outbox_claim_of(&item->value).token == args->item->token)
		return complete_item(d, item, result);
	const struct hf__outbox_item *holder = hf__outbox_group_holder(item);
	if (still_the_same(item, args, t) &&
	    (!holder || hf__outbox_status(holder, t) != HF_OUTBOX_SENDING))
		return claim_and_complete(d, item, args, result);
	return hf__outbox_refuse(d, HF_ESTALE, "the item was changed while it was sent", args->queue,
	                         args->item->id);
}

/* Never part of a transaction. */
static void *sent_copy(struct hf__arena *arena, const void *args)
{
	return hf__arena_copy(arena, args, sizeof(struct hf__outbox_sent));
}

int hf__outbox_settle_sent(hf_store *store, const struct hf__outbox_sent *args,
                           struct hf_error *error)
{
	static const struct hf__verb verb = {.name = "outbox complete",
	                                     .domain = HF__DOMAIN_OUTBOX,
	                                     .check = sent_check,
	                                     .decide = sent_decide,
	                                     .copy = sent_copy};
	return hf__mutate(store, NULL, &verb, args, NULL, NULL, error);
}

static int remove_decide(void *state, struct hf__decision *d, const void *raw,
                         struct hf_result *result)
{
	const struct hf_outbox_remove_args *args = raw;
	const struct hf__outbox_image image = {
	    .cause = HF__OUTBOX_REMOVE, .queue = args->queue, .id = args->id, .until = HF_UNSET};
	struct hf__outbox_item *item;
	const int rc = hf__outbox_require(state, d, &args->write, args->queue, args->id, &item);
	return rc == HF_OK ? hf__outbox_emit(d, HF__OUTBOX_GONE, &image, result) : rc;
}

HF__MUTATION(hf_outbox_remove, outbox_remove_args, hf__run, "outbox remove", HF__DOMAIN_OUTBOX,
             .decide = remove_decide, .giving = &hf__outbox_giving);

/* --- Fail ------------------------------------------------------------------------------------- */

static uint32_t one_more(uint32_t attempts)
{
	return attempts < UINT32_MAX ? attempts + 1 : attempts;
}

/* delay doubled `times` times, saturating. */
static int64_t doubled(int64_t delay, uint32_t times)
{
	for (; times > 0 && delay > 0 && delay < INT64_MAX; times--)
		delay = hf__time_after(delay, delay);
	return delay;
}

/* The jitter is drawn here, so that the entry holds an outcome and replay draws nothing. */
static int64_t backoff_of(struct hf__decision *d, const struct hf_outbox_backoff *backoff,
                          uint32_t attempts)
{
	int64_t delay = backoff->kind == HF_OUTBOX_BACKOFF_NONE ? 0 : backoff->delay_us;
	if (backoff->kind == HF_OUTBOX_BACKOFF_EXPONENTIAL)
		delay = doubled(delay, attempts - 1);
	const int64_t fallback =
	    backoff->kind == HF_OUTBOX_BACKOFF_EXPONENTIAL ? HF_OUTBOX_BACKOFF_CAP_US : INT64_MAX;
	const int64_t cap = backoff->cap_us > 0 ? backoff->cap_us : fallback;
	if (delay > cap)
		delay = cap;
	if (backoff->kind == HF_OUTBOX_BACKOFF_EXPONENTIAL)
		delay = (int64_t)(hf__decision_random(d) % ((uint64_t)delay + 1));
	return delay;
}

static uint32_t limit_of(const struct hf__outbox_item *item, uint32_t asked)
{
	if (asked > 0)
		return asked;
	return item->value.max_attempts > 0 ? item->value.max_attempts
	                                    : hf__outbox_queue_of(item)->value.max_attempts;
}

static int fail_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_fail_args *args = raw;
	int rc = hf__outbox_check_key(args->queue, args->id, why);
	if (rc == HF_OK)
		rc = hf__check_bytes("reason", args->reason, SIZE_MAX, why); /* a longer one is cut */
	return rc == HF_OK ? hf__outbox_check_backoff(&args->backoff, why) : rc;
}

static int fail_decide(void *state, struct hf__decision *d, const void *raw,
                       struct hf_result *result)
{
	const struct hf_outbox_fail_args *args = raw;
	struct hf__outbox_item *item;
	const int rc =
	    hf__outbox_require_claim(state, d, &args->write, args->queue, args->id, args->token, &item);
	if (rc != HF_OK)
		return rc;
	struct hf__outbox_image image = hf__outbox_image_of(item, HF__OUTBOX_FAIL, d->setback);
	image.attempts = one_more(image.attempts);
	image.last_error = hf__utf8_cut(args->reason, HF_OUTBOX_ERROR_MAX);
	image.status =
	    image.attempts >= limit_of(item, args->max_attempts) ? HF_OUTBOX_FAILED : HF_OUTBOX_QUEUED;
	if (image.status == HF_OUTBOX_QUEUED) {
		image.available_at = hf__time_after(d->now, backoff_of(d, &args->backoff, image.attempts));
		image.computed = true;
	}
	hf__outbox_free_claim(&image);
	return hf__outbox_emit(d, HF__OUTBOX_CHANGED, &image, result);
}

HF__MUTATION(hf_outbox_fail, outbox_fail_args, hf__run, "outbox fail", HF__DOMAIN_OUTBOX,
             .check = fail_check, .decide = fail_decide,
             .token_at = offsetof(struct hf_outbox_fail_args, token), .giving = &hf__outbox_giving);

/* --- Back to queued, or given up -------------------------------------------------------------- */

static int release_decide(void *state, struct hf__decision *d, const void *raw,
                          struct hf_result *result)
{
	const struct hf_outbox_release_args *args = raw;
	struct hf__outbox_item *item;
	const int rc =
	    hf__outbox_require_claim(state, d, &args->write, args->queue, args->id, args->token, &item);
	if (rc != HF_OK)
		return rc;
	struct hf__outbox_image image = hf__outbox_image_of(item, HF__OUTBOX_RELEASE, d->setback);
	image.status = HF_OUTBOX_QUEUED;
	if (args->delay_us > 0) {
		image.available_at = hf__time_after(d->now, args->delay_us);
		image.computed = true;
	}
	hf__outbox_free_claim(&image);
	return hf__outbox_emit(d, HF__OUTBOX_CHANGED, &image, result);
}

HF__MUTATION(hf_outbox_release, outbox_release_args, hf__run, "outbox release", HF__DOMAIN_OUTBOX,
             .decide = release_decide, .token_at = offsetof(struct hf_outbox_release_args, token),
             .giving = &hf__outbox_giving);

static int mark_failed_decide(void *state, struct hf__decision *d, const void *raw,
                              struct hf_result *result)
{
	const struct hf_outbox_mark_failed_args *args = raw;
	struct hf__outbox_item *item;
	int rc = hf__outbox_require(state, d, &args->write, args->queue, args->id, &item);
	if (rc != HF_OK)
		return rc;
	rc = hf__outbox_end_if_over(d, item);
	if (rc != HF_OK)
		return rc;
	struct hf__outbox_image image = hf__outbox_image_of(item, HF__OUTBOX_MARK_FAILED, d->setback);
	image.status = HF_OUTBOX_FAILED;
	image.attempts = one_more(image.attempts);
	image.last_error = hf__utf8_cut(args->reason, HF_OUTBOX_ERROR_MAX);
	hf__outbox_free_claim(&image);
	return hf__outbox_emit(d, HF__OUTBOX_CHANGED, &image, result);
}

HF__MUTATION(hf_outbox_mark_failed, outbox_mark_failed_args, hf__run, "outbox mark failed",
             HF__DOMAIN_OUTBOX, .decide = mark_failed_decide, .giving = &hf__outbox_giving);

static int retry_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf_outbox_retry_args *args = raw;
	struct hf__outbox_item *item;
	int rc = hf__outbox_require(state, d, &args->write, args->queue, args->id, &item);
	if (rc != HF_OK)
		return rc;
	hf__outbox_tell_unchanged(result, item, d);
	if (result->status == HF_OUTBOX_QUEUED)
		return HF_OK;
	rc = hf__outbox_end_if_over(d, item);
	if (rc != HF_OK)
		return rc;
	struct hf__outbox_image image = hf__outbox_image_of(item, HF__OUTBOX_RETRY, d->setback);
	image.status = HF_OUTBOX_QUEUED;
	image.lost = 0;
	if (args->reset_attempts)
		image.attempts = 0;
	if (image.available_at > d->now) {
		image.available_at = d->now;
		image.computed = true;
	}
	hf__outbox_free_claim(&image);
	return hf__outbox_emit(d, HF__OUTBOX_CHANGED, &image, result);
}

HF__MUTATION(hf_outbox_retry, outbox_retry_args, hf__run, "outbox retry", HF__DOMAIN_OUTBOX,
             .decide = retry_decide, .giving = &hf__outbox_giving);

/* --- Reschedule ------------------------------------------------------------------------------- */

static int reschedule_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_reschedule_args *args = raw;
	if (!args->set_available_at && !args->set_priority)
		return hf__refuse(why, HF_EINVAL, "it needs an available_at or a priority");
	if (args->set_available_at && args->available_at == HF_UNSET)
		return hf__refuse(why, HF_EINVAL, "available_at must be a time");
	return hf__outbox_check_key(args->queue, args->id, why);
}

static int reschedule_decide(void *state, struct hf__decision *d, const void *raw,
                             struct hf_result *result)
{
	const struct hf_outbox_reschedule_args *args = raw;
	struct hf__outbox_item *item;
	int rc = hf__outbox_require(state, d, &args->write, args->queue, args->id, &item);
	if (rc != HF_OK)
		return rc;
	hf__outbox_tell_unchanged(result, item, d);
	if (result->status == HF_OUTBOX_SENDING)
		return hf__outbox_refuse(d, HF_ECLAIMED, "an owner holds the item", args->queue, args->id);
	if (result->status == HF_OUTBOX_FAILED)
		return hf__outbox_refuse(d, HF_ECONFLICT, "the item is failed, not queued", args->queue,
		                         args->id);
	const bool later = args->set_available_at &&
	                   (args->available_at != result->available_at || item->value.computed);
	if (!later && (!args->set_priority || args->priority == item->value.priority))
		return HF_OK;
	rc = hf__outbox_end_if_over(d, item);
	if (rc != HF_OK)
		return rc;
	struct hf__outbox_image image = hf__outbox_image_of(item, HF__OUTBOX_RESCHEDULE, d->setback);
	if (args->set_available_at) {
		image.available_at = args->available_at;
		image.computed = false;
	}
	if (args->set_priority)
		image.priority = args->priority;
	return hf__outbox_emit(d, HF__OUTBOX_CHANGED, &image, result);
}

HF__MUTATION(hf_outbox_reschedule, outbox_reschedule_args, hf__run, "outbox reschedule",
             HF__DOMAIN_OUTBOX, .check = reschedule_check, .decide = reschedule_decide,
             .giving = &hf__outbox_giving);
