/* What concerns a queue as a whole: configure, clear. */
#include <stddef.h>

#include "domains/outbox_verb.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static int configure_check(const void *raw, struct hf__text *why)
{
	return hf__outbox_check_queue(((const struct hf_outbox_configure *)raw)->queue, why);
}

static int configure_decide(void *state, struct hf__decision *d, const void *raw, struct hf_result *result)
{
	const struct hf_outbox_configure *args = raw;
	const struct hf__outbox_queue *queue = hf__outbox_queue_find(state, args->queue);
	const uint32_t old = queue ? queue->value.max_attempts : HF_OUTBOX_ATTEMPTS;
	const struct hf__outbox_image image = {
	    .queue = args->queue,
	    .max_attempts = args->max_attempts ? args->max_attempts : HF_OUTBOX_ATTEMPTS,
	};
	hf__depends(d, queue ? &queue->object : NULL);
	result->version = queue ? queue->value.version : 0;
	const int rc = hf__expect(d, args->write.expect, result->version);
	if (rc != HF_OK || image.max_attempts == old)
		return rc;
	return hf__outbox_emit(d, HF__OUTBOX_SETTINGS, &image, result);
}

static void *configure_copy(struct hf__arena *arena, const void *args)
{
	static const size_t bytes[] = {offsetof(struct hf_outbox_configure, queue)};
	return hf__outbox_copy(arena, args, sizeof(struct hf_outbox_configure), bytes, COUNT_OF(bytes));
}

int hf_outbox_configure(hf_store *store, hf_txn *txn, const struct hf_outbox_configure *args, struct hf_result *result,
                        struct hf_error *error)
{
	static const struct hf__verb verb = {"outbox configure", HF__DOMAIN_OUTBOX, configure_check, configure_decide, configure_copy};
	return hf__mutate(store, txn, &verb, args, args->write.durability, result, NULL, error);
}

static int clear_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_clear *args = raw;
	const int rc = hf__outbox_check_no_expect(&args->write, why);
	return rc == HF_OK ? hf__outbox_check_queue(args->queue, why) : rc;
}

static int clear_decide(void *state, struct hf__decision *d, const void *raw, struct hf_result *result)
{
	const struct hf_outbox_clear *args = raw;
	const struct hf__outbox_queue *queue = hf__outbox_queue_find(state, args->queue);
	const struct hf__outbox_image image = {.queue = args->queue};
	hf__depends(d, queue ? &queue->object : NULL);
	const size_t count = queue ? hf__outbox_queue_count(queue) : 0;
	if (count == 0)
		return HF_OK;
	result->changed = true;
	result->count = count;
	hf__outbox_encode(hf__entry_body(d), HF__OUTBOX_CLEARED, &image, false);
	return hf__emit(d, HF__OUTBOX_CLEARED);
}

static void *clear_copy(struct hf__arena *arena, const void *args)
{
	static const size_t bytes[] = {offsetof(struct hf_outbox_clear, queue)};
	return hf__outbox_copy(arena, args, sizeof(struct hf_outbox_clear), bytes, COUNT_OF(bytes));
}

int hf_outbox_clear(hf_store *store, hf_txn *txn, const struct hf_outbox_clear *args, struct hf_result *result, struct hf_error *error)
{
	static const struct hf__verb verb = {"outbox clear", HF__DOMAIN_OUTBOX, clear_check, clear_decide, clear_copy};
	return hf__mutate(store, txn, &verb, args, args->write.durability, result, NULL, error);
}
