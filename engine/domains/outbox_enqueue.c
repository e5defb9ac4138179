/* Filling a queue: enqueue, enqueue_many, put. */
#include <stddef.h>

#include "domains/outbox_verb.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* --- Enqueue ---------------------------------------------------------------------------------------------------------------- */

static int check_dedup(enum hf_outbox_dedup dedup, struct hf__text *why)
{
	if (dedup == HF_OUTBOX_KEEP || dedup == HF_OUTBOX_REPLACE)
		return HF_OK;
	hf__text_add(why, "no such dedup: %d", (int)dedup);
	return HF_EINVAL;
}

static int check_times(hf_time enqueued_at, hf_time available_at, struct hf__text *why)
{
	if (enqueued_at != HF_UNSET && available_at != HF_UNSET)
		return HF_OK;
	hf__text_add(why, "enqueued_at and available_at must be times or 0");
	return HF_EINVAL;
}

static int check_input(struct hf_bytes queue, const struct hf_outbox_input *input, struct hf__text *why)
{
	int rc = hf__outbox_check_key(queue, input->id, why);
	if (rc == HF_OK)
		rc = check_times(input->enqueued_at, input->available_at, why);
	return rc == HF_OK ? hf__outbox_check_payload(input->payload, why) : rc;
}

static struct hf_outbox_input input_of(const struct hf_outbox_enqueue *args)
{
	return (struct hf_outbox_input){
	    .id = args->id,
	    .payload = args->payload,
	    .enqueued_at = args->enqueued_at,
	    .available_at = args->available_at,
	    .priority = args->priority,
	    .max_attempts = args->max_attempts,
	};
}

static int enqueue_new(struct hf__decision *d, struct hf_bytes queue, const struct hf_outbox_input *input, struct hf_result *result)
{
	const struct hf__outbox_image image = {
	    .cause = HF__OUTBOX_ENQUEUE,
	    .queue = queue,
	    .id = input->id,
	    .status = HF_OUTBOX_QUEUED,
	    .max_attempts = input->max_attempts,
	    .priority = input->priority,
	    .enqueued_at = input->enqueued_at ? input->enqueued_at : d->now,
	    .available_at = input->available_at ? input->available_at : d->now,
	    .lease_until = HF_UNSET,
	    .seq = hf__next_lsn(d),
	    .payload = input->payload,
	};
	return hf__outbox_emit(d, HF__OUTBOX_ITEM, &image, result);
}

/* The item is queued: payload and times become new, unless they are what they were. */
static int enqueue_replace(struct hf__decision *d, const struct hf__outbox_item *item, const struct hf_outbox_input *input,
                           struct hf_result *result)
{
	struct hf__outbox_image image = hf__outbox_image_of(item, HF__OUTBOX_REPLACE);
	image.enqueued_at = input->enqueued_at ? input->enqueued_at : d->now;
	image.available_at = input->available_at ? input->available_at : d->now;
	image.payload = input->payload;
	if (image.enqueued_at == item->value.enqueued_at && image.available_at == item->value.available_at &&
	    hf__payload_equal(&item->value.payload, input->payload))
		return HF_OK;
	image.status = HF_OUTBOX_QUEUED;
	hf__outbox_free_claim(&image);
	return hf__outbox_emit(d, HF__OUTBOX_ITEM, &image, result);
}

static int enqueue_one(const struct hf__outbox_state *state, struct hf__decision *d, const struct hf_write *write, struct hf_bytes queue,
                       const struct hf_outbox_input *input, enum hf_outbox_dedup dedup, struct hf_result *result)
{
	struct hf__outbox_item *item;
	const int rc = hf__outbox_look(state, d, write, queue, input->id, &item);
	if (rc != HF_OK)
		return rc;
	if (!item)
		return enqueue_new(d, queue, input, result);
	result->version = item->value.version;
	if (dedup == HF_OUTBOX_REPLACE && hf__outbox_view(item, d->now) == HF_OUTBOX_QUEUED)
		return enqueue_replace(d, item, input, result);
	return HF_OK;
}

static int enqueue_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_enqueue *args = raw;
	const struct hf_outbox_input input = input_of(args);
	const int rc = check_dedup(args->dedup, why);
	return rc == HF_OK ? check_input(args->queue, &input, why) : rc;
}

static int enqueue_decide(void *state, struct hf__decision *d, const void *raw, struct hf_result *result)
{
	const struct hf_outbox_enqueue *args = raw;
	const struct hf_outbox_input input = input_of(args);
	return enqueue_one(state, d, &args->write, args->queue, &input, args->dedup, result);
}

static void *enqueue_copy(struct hf__arena *arena, const void *args)
{
	static const size_t bytes[] = {offsetof(struct hf_outbox_enqueue, queue), offsetof(struct hf_outbox_enqueue, id),
	                               offsetof(struct hf_outbox_enqueue, payload)};
	return hf__outbox_copy(arena, args, sizeof(struct hf_outbox_enqueue), bytes, COUNT_OF(bytes));
}

int hf_outbox_enqueue(hf_store *store, hf_txn *txn, const struct hf_outbox_enqueue *args, struct hf_result *result, struct hf_error *error)
{
	static const struct hf__verb verb = {"outbox enqueue", HF__DOMAIN_OUTBOX, enqueue_check, enqueue_decide, enqueue_copy};
	return hf__mutate(store, txn, &verb, args, args->write.durability, result, NULL, error);
}

/* --- Many ------------------------------------------------------------------------------------------------------------------- */

static int many_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_enqueue_many *args = raw;
	int rc = hf__outbox_check_no_expect(&args->write, why);
	if (rc == HF_OK)
		rc = hf__outbox_check_queue(args->queue, why);
	if (rc == HF_OK)
		rc = check_dedup(args->dedup, why);
	for (size_t i = 0; i < args->count && rc == HF_OK; i++)
		rc = check_input(args->queue, &args->items[i], why);
	return rc;
}

static int many_decide(void *state, struct hf__decision *d, const void *raw, struct hf_result *result)
{
	const struct hf_outbox_enqueue_many *args = raw;
	for (size_t i = 0; i < args->count; i++) {
		struct hf_result one = {0};
		const int rc = enqueue_one(state, d, &args->write, args->queue, &args->items[i], args->dedup, &one);
		if (rc != HF_OK)
			return rc;
		result->count += one.count;
	}
	result->changed = result->count > 0;
	return HF_OK;
}

static void *many_copy(struct hf__arena *arena, const void *raw)
{
	static const size_t outer[] = {offsetof(struct hf_outbox_enqueue_many, queue)};
	struct hf_outbox_enqueue_many *copy = hf__outbox_copy(arena, raw, sizeof *copy, outer, COUNT_OF(outer));
	if (!copy)
		return NULL;
	if (copy->count > SIZE_MAX / sizeof *copy->items) /* an array that long is in no address space */
		return NULL;
	struct hf_outbox_input *items = hf__arena_copy(arena, copy->items, copy->count * sizeof *items);
	if (!items)
		return NULL;
	copy->items = items;
	for (size_t i = 0; i < copy->count; i++)
		if (!hf__arena_bytes(arena, items[i].id, &items[i].id) || !hf__arena_bytes(arena, items[i].payload, &items[i].payload))
			return NULL;
	return copy;
}

int hf_outbox_enqueue_many(hf_store *store, hf_txn *txn, const struct hf_outbox_enqueue_many *args, struct hf_result *result,
                           struct hf_error *error)
{
	static const struct hf__verb verb = {"outbox enqueue many", HF__DOMAIN_OUTBOX, many_check, many_decide, many_copy};
	return hf__mutate(store, txn, &verb, args, args->write.durability, result, NULL, error);
}

/* --- Put -------------------------------------------------------------------------------------------------------------------- */

static int put_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_put *args = raw;
	const int rc = hf__outbox_check_key(args->queue, args->item.id, why);
	if (rc != HF_OK)
		return rc;
	if ((unsigned)args->item.status > HF_OUTBOX_FAILED) {
		hf__text_add(why, "no such status: %d", (int)args->item.status);
		return HF_EINVAL;
	}
	return hf__outbox_check_payload(args->item.payload, why);
}

static struct hf__outbox_image image_of_put(const struct hf_outbox_put *args)
{
	const struct hf_outbox_item *item = &args->item;
	return (struct hf__outbox_image){
	    .cause = HF__OUTBOX_PUT,
	    .queue = args->queue,
	    .id = item->id,
	    .status = item->status == HF_OUTBOX_FAILED ? HF_OUTBOX_FAILED : HF_OUTBOX_QUEUED,
	    .attempts = item->attempts,
	    .max_attempts = item->max_attempts,
	    .priority = item->priority,
	    .enqueued_at = item->enqueued_at,
	    .available_at = item->available_at,
	    .last_error = hf__utf8_cut(item->last_error, HF_OUTBOX_ERROR_MAX),
	    .lease_until = HF_UNSET,
	    .payload = item->payload,
	};
}

static bool put_changes(const struct hf__outbox_item *item, const struct hf__outbox_image *image, int64_t now)
{
	const struct hf__outbox_value *value = &item->value;
	return hf__outbox_view(item, now) != (enum hf_outbox_status)image->status || value->attempts != image->attempts ||
	       value->max_attempts != image->max_attempts || value->priority != image->priority || value->enqueued_at != image->enqueued_at ||
	       value->available_at != image->available_at || !hf__bytes_equal(hf__blob_bytes(value->last_error), image->last_error) ||
	       !hf__payload_equal(&value->payload, image->payload);
}

static int put_decide(void *state, struct hf__decision *d, const void *raw, struct hf_result *result)
{
	const struct hf_outbox_put *args = raw;
	struct hf__outbox_image image = image_of_put(args);
	struct hf__outbox_item *item;
	const int rc = hf__outbox_look(state, d, &args->write, args->queue, args->item.id, &item);
	if (rc != HF_OK)
		return rc;
	image.seq = item ? item->seq : hf__next_lsn(d);
	if (!item || put_changes(item, &image, d->now))
		return hf__outbox_emit(d, HF__OUTBOX_ITEM, &image, result);
	result->version = item->value.version;
	return HF_OK;
}

static void *put_copy(struct hf__arena *arena, const void *args)
{
	/* The owner is not used: its bytes need not be there. */
	static const size_t bytes[] = {offsetof(struct hf_outbox_put, queue), offsetof(struct hf_outbox_put, item.id),
	                               offsetof(struct hf_outbox_put, item.payload), offsetof(struct hf_outbox_put, item.last_error)};
	return hf__outbox_copy(arena, args, sizeof(struct hf_outbox_put), bytes, COUNT_OF(bytes));
}

int hf_outbox_put(hf_store *store, hf_txn *txn, const struct hf_outbox_put *args, struct hf_result *result, struct hf_error *error)
{
	static const struct hf__verb verb = {"outbox put", HF__DOMAIN_OUTBOX, put_check, put_decide, put_copy};
	return hf__mutate(store, txn, &verb, args, args->write.durability, result, NULL, error);
}
