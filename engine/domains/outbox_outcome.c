/* What becomes of an item: complete, fail, release with the token; remove, mark_failed, retry from outside. */
#include <stddef.h>

#include "domains/outbox_outcome.h"
#include "domains/outbox_verb.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* --- The item goes ---------------------------------------------------------------------------------------------------------- */

static int complete_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_complete *args = raw;
	return hf__outbox_check_key(args->queue, args->id, why);
}

/* Done, and queued once more with what was noted meanwhile. */
static int complete_rerun(struct hf__decision *d, const struct hf__outbox_item *item, struct hf_result *result)
{
	struct hf__outbox_image image = hf__outbox_image_of(item, HF__OUTBOX_RERUN);
	image.status = HF_OUTBOX_QUEUED;
	image.attempts = image.lost = 0;
	image.last_error = hf_bytes(NULL, 0);
	image.enqueued_at = item->value.rerun_enqueued_at;
	image.available_at = item->value.rerun_available_at;
	image.computed = item->value.rerun_computed;
	hf__outbox_free_claim(&image);
	return hf__outbox_emit(d, HF__OUTBOX_CHANGED, &image, result);
}

static int complete_decide(void *state, struct hf__decision *d, const void *raw, struct hf_result *result)
{
	const struct hf_outbox_complete *args = raw;
	struct hf__outbox_image image = {.cause = HF__OUTBOX_COMPLETE, .queue = args->queue, .id = args->id, .until = HF_UNSET};
	struct hf__outbox_item *item;
	int rc = hf__outbox_require_claim(state, d, &args->write, args->queue, args->id, args->token, &item);
	if (rc != HF_OK)
		return rc;
	if (item->value.noted)
		return complete_rerun(d, item, result);
	const struct hf__outbox_queue *queue = hf__outbox_queue_of(item);
	if (queue->value.dedup_window > 0) {
		image.until = hf__outbox_after(d->now, queue->value.dedup_window);
		rc = hf__outbox_cut(d, queue, queue->value.dedup_max - 1);
	}
	return rc == HF_OK ? hf__outbox_emit(d, HF__OUTBOX_GONE, &image, result) : rc;
}

static void *complete_copy(struct hf__arena *arena, const void *args)
{
	static const size_t bytes[] = {offsetof(struct hf_outbox_complete, queue), offsetof(struct hf_outbox_complete, id)};
	return hf__outbox_copy(arena, args, sizeof(struct hf_outbox_complete), bytes, COUNT_OF(bytes));
}

int hf_outbox_complete(hf_store *store, hf_txn *txn, const struct hf_outbox_complete *args, struct hf_result *result,
                       struct hf_error *error)
{
	static const struct hf__verb verb = {"outbox complete", HF__DOMAIN_OUTBOX, complete_check, complete_decide, complete_copy};
	return hf__mutate(store, txn, &verb, args, args->write.durability, result, NULL, error);
}

static int remove_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_remove *args = raw;
	return hf__outbox_check_key(args->queue, args->id, why);
}

static int remove_decide(void *state, struct hf__decision *d, const void *raw, struct hf_result *result)
{
	const struct hf_outbox_remove *args = raw;
	const struct hf__outbox_image image = {.cause = HF__OUTBOX_REMOVE, .queue = args->queue, .id = args->id, .until = HF_UNSET};
	struct hf__outbox_item *item;
	const int rc = hf__outbox_require(state, d, &args->write, args->queue, args->id, &item);
	return rc == HF_OK ? hf__outbox_emit(d, HF__OUTBOX_GONE, &image, result) : rc;
}

static void *remove_copy(struct hf__arena *arena, const void *args)
{
	static const size_t bytes[] = {offsetof(struct hf_outbox_remove, queue), offsetof(struct hf_outbox_remove, id)};
	return hf__outbox_copy(arena, args, sizeof(struct hf_outbox_remove), bytes, COUNT_OF(bytes));
}

int hf_outbox_remove(hf_store *store, hf_txn *txn, const struct hf_outbox_remove *args, struct hf_result *result, struct hf_error *error)
{
	static const struct hf__verb verb = {"outbox remove", HF__DOMAIN_OUTBOX, remove_check, remove_decide, remove_copy};
	return hf__mutate(store, txn, &verb, args, args->write.durability, result, NULL, error);
}

/* --- Fail ------------------------------------------------------------------------------------------------------------------- */

static uint32_t one_more(uint32_t attempts)
{
	return attempts < UINT32_MAX ? attempts + 1 : attempts;
}

/* delay doubled `times` times, saturating. */
static int64_t doubled(int64_t delay, uint32_t times)
{
	for (; times > 0 && delay > 0 && delay < INT64_MAX; times--)
		delay = hf__outbox_after(delay, delay);
	return delay;
}

/* The jitter is drawn here, so that the entry holds an outcome and replay draws nothing. */
static int64_t backoff_of(struct hf__decision *d, const struct hf_outbox_backoff *backoff, uint32_t attempts)
{
	int64_t delay = backoff->kind == HF_OUTBOX_BACKOFF_NONE ? 0 : backoff->delay_us;
	if (backoff->kind == HF_OUTBOX_BACKOFF_EXPONENTIAL)
		delay = doubled(delay, attempts - 1);
	if (backoff->cap_us > 0 && delay > backoff->cap_us)
		delay = backoff->cap_us;
	if (backoff->kind == HF_OUTBOX_BACKOFF_EXPONENTIAL)
		delay = (int64_t)(hf__decision_random(d) % ((uint64_t)delay + 1));
	return delay;
}

static uint32_t limit_of(const struct hf__outbox_item *item, uint32_t asked)
{
	if (asked > 0)
		return asked;
	return item->value.max_attempts > 0 ? item->value.max_attempts : hf__outbox_queue_of(item)->value.max_attempts;
}

static int fail_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_fail *args = &((const struct hf__outbox_fail *)raw)->args;
	int rc = hf__outbox_check_key(args->queue, args->id, why);
	if (rc == HF_OK)
		rc = hf__check_bytes("reason", args->reason, SIZE_MAX, why); /* a longer one is cut */
	return rc == HF_OK ? hf__outbox_check_backoff(&args->backoff, why) : rc;
}

static int fail_decide(void *state, struct hf__decision *d, const void *raw, struct hf_result *result)
{
	const struct hf__outbox_fail *call = raw;
	const struct hf_outbox_fail *args = &call->args;
	struct hf__outbox_item *item;
	const int rc = hf__outbox_require_claim(state, d, &args->write, args->queue, args->id, args->token, &item);
	if (rc != HF_OK)
		return rc;
	struct hf__outbox_image image = hf__outbox_image_of(item, HF__OUTBOX_FAIL);
	image.attempts = one_more(image.attempts);
	image.last_error = hf__utf8_cut(args->reason, HF_OUTBOX_ERROR_MAX);
	image.status = image.attempts >= limit_of(item, args->max_attempts) ? HF_OUTBOX_FAILED : HF_OUTBOX_QUEUED;
	if (image.status == HF_OUTBOX_QUEUED) {
		image.available_at = hf__outbox_after(d->now, backoff_of(d, &args->backoff, image.attempts));
		image.computed = true;
	}
	hf__outbox_free_claim(&image);
	if (call->failed)
		*call->failed = image.status == HF_OUTBOX_FAILED;
	return hf__outbox_emit(d, HF__OUTBOX_CHANGED, &image, result);
}

static void *fail_copy(struct hf__arena *arena, const void *args)
{
	static const size_t bytes[] = {offsetof(struct hf__outbox_fail, args.queue), offsetof(struct hf__outbox_fail, args.id),
	                               offsetof(struct hf__outbox_fail, args.reason)};
	return hf__outbox_copy(arena, args, sizeof(struct hf__outbox_fail), bytes, COUNT_OF(bytes));
}

int hf__outbox_fail_and_tell(hf_store *store, hf_txn *txn, const struct hf__outbox_fail *call, struct hf_result *result,
                             struct hf_error *error)
{
	static const struct hf__verb verb = {"outbox fail", HF__DOMAIN_OUTBOX, fail_check, fail_decide, fail_copy};
	return hf__mutate(store, txn, &verb, call, call->args.write.durability, result, NULL, error);
}

int hf_outbox_fail(hf_store *store, hf_txn *txn, const struct hf_outbox_fail *args, struct hf_result *result, struct hf_error *error)
{
	return hf__outbox_fail_and_tell(store, txn, &(struct hf__outbox_fail){*args, NULL}, result, error);
}

/* --- Back to queued, or given up -------------------------------------------------------------------------------------------- */

static int release_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_release *args = raw;
	const int rc = hf__outbox_check_key(args->queue, args->id, why);
	return rc == HF_OK ? hf__outbox_check_span("the delay", args->delay_us, why) : rc;
}

static int release_decide(void *state, struct hf__decision *d, const void *raw, struct hf_result *result)
{
	const struct hf_outbox_release *args = raw;
	struct hf__outbox_item *item;
	const int rc = hf__outbox_require_claim(state, d, &args->write, args->queue, args->id, args->token, &item);
	if (rc != HF_OK)
		return rc;
	struct hf__outbox_image image = hf__outbox_image_of(item, HF__OUTBOX_RELEASE);
	image.status = HF_OUTBOX_QUEUED;
	if (args->delay_us > 0) {
		image.available_at = hf__outbox_after(d->now, args->delay_us);
		image.computed = true;
	}
	hf__outbox_free_claim(&image);
	return hf__outbox_emit(d, HF__OUTBOX_CHANGED, &image, result);
}

static void *release_copy(struct hf__arena *arena, const void *args)
{
	static const size_t bytes[] = {offsetof(struct hf_outbox_release, queue), offsetof(struct hf_outbox_release, id)};
	return hf__outbox_copy(arena, args, sizeof(struct hf_outbox_release), bytes, COUNT_OF(bytes));
}

int hf_outbox_release(hf_store *store, hf_txn *txn, const struct hf_outbox_release *args, struct hf_result *result, struct hf_error *error)
{
	static const struct hf__verb verb = {"outbox release", HF__DOMAIN_OUTBOX, release_check, release_decide, release_copy};
	return hf__mutate(store, txn, &verb, args, args->write.durability, result, NULL, error);
}

static int mark_failed_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_mark_failed *args = raw;
	const int rc = hf__outbox_check_key(args->queue, args->id, why);
	return rc == HF_OK ? hf__check_bytes("reason", args->reason, SIZE_MAX, why) : rc;
}

static int mark_failed_decide(void *state, struct hf__decision *d, const void *raw, struct hf_result *result)
{
	const struct hf_outbox_mark_failed *args = raw;
	struct hf__outbox_item *item;
	const int rc = hf__outbox_require(state, d, &args->write, args->queue, args->id, &item);
	if (rc != HF_OK)
		return rc;
	struct hf__outbox_image image = hf__outbox_image_of(item, HF__OUTBOX_MARK_FAILED);
	image.status = HF_OUTBOX_FAILED;
	image.attempts = one_more(image.attempts);
	image.last_error = hf__utf8_cut(args->reason, HF_OUTBOX_ERROR_MAX);
	hf__outbox_free_claim(&image);
	return hf__outbox_emit(d, HF__OUTBOX_CHANGED, &image, result);
}

static void *mark_failed_copy(struct hf__arena *arena, const void *args)
{
	static const size_t bytes[] = {offsetof(struct hf_outbox_mark_failed, queue), offsetof(struct hf_outbox_mark_failed, id),
	                               offsetof(struct hf_outbox_mark_failed, reason)};
	return hf__outbox_copy(arena, args, sizeof(struct hf_outbox_mark_failed), bytes, COUNT_OF(bytes));
}

int hf_outbox_mark_failed(hf_store *store, hf_txn *txn, const struct hf_outbox_mark_failed *args, struct hf_result *result,
                          struct hf_error *error)
{
	static const struct hf__verb verb = {"outbox mark failed", HF__DOMAIN_OUTBOX, mark_failed_check, mark_failed_decide, mark_failed_copy};
	return hf__mutate(store, txn, &verb, args, args->write.durability, result, NULL, error);
}

static int retry_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_retry *args = raw;
	return hf__outbox_check_key(args->queue, args->id, why);
}

static int retry_decide(void *state, struct hf__decision *d, const void *raw, struct hf_result *result)
{
	const struct hf_outbox_retry *args = raw;
	struct hf__outbox_item *item;
	const int rc = hf__outbox_require(state, d, &args->write, args->queue, args->id, &item);
	if (rc != HF_OK)
		return rc;
	result->version = item->value.version;
	if (hf__outbox_view(item, d->now) == HF_OUTBOX_QUEUED)
		return HF_OK;
	struct hf__outbox_image image = hf__outbox_image_of(item, HF__OUTBOX_RETRY);
	image.status = HF_OUTBOX_QUEUED;
	image.lost = 0;
	if (image.available_at > d->now) {
		image.available_at = d->now;
		image.computed = true;
	}
	hf__outbox_free_claim(&image);
	return hf__outbox_emit(d, HF__OUTBOX_CHANGED, &image, result);
}

static void *retry_copy(struct hf__arena *arena, const void *args)
{
	static const size_t bytes[] = {offsetof(struct hf_outbox_retry, queue), offsetof(struct hf_outbox_retry, id)};
	return hf__outbox_copy(arena, args, sizeof(struct hf_outbox_retry), bytes, COUNT_OF(bytes));
}

int hf_outbox_retry(hf_store *store, hf_txn *txn, const struct hf_outbox_retry *args, struct hf_result *result, struct hf_error *error)
{
	static const struct hf__verb verb = {"outbox retry", HF__DOMAIN_OUTBOX, retry_check, retry_decide, retry_copy};
	return hf__mutate(store, txn, &verb, args, args->write.durability, result, NULL, error);
}
