/* Filling a queue: enqueue, enqueue_many. What becomes of an id that is live, or was completed
 * not long ago, is decided here. */
#include <stddef.h>

#include "domains/common/verb.h"
#include "domains/outbox/verb.h"

/* --- Enqueue ---------------------------------------------------------------------------------- */

static int check_dedup(enum hf_outbox_dedup dedup, struct hf__text *why)
{
	if (dedup == HF_OUTBOX_KEEP || dedup == HF_OUTBOX_REPLACE || dedup == HF_OUTBOX_RERUN)
		return HF_OK;
	return hf__refuse(why, HF_EINVAL, "no such dedup: %d", (int)dedup);
}

static int check_input(struct hf_bytes queue, const struct hf_outbox_input *input,
                       struct hf__text *why)
{
	int rc = hf__outbox_check_key(queue, input->id, why);
	if (rc == HF_OK)
		rc = hf__outbox_check_group(input->group, why);
	if (rc == HF_OK)
		rc = hf__check_bytes("extra", input->extra, HF_OUTBOX_EXTRA_MAX, why);
	return rc == HF_OK ? hf__check_bytes("payload", input->payload, HF_PAYLOAD_MAX, why) : rc;
}

static struct hf_outbox_input input_of(const struct hf_outbox_enqueue_args *args)
{
	return (struct hf_outbox_input){
	    .id = args->id,
	    .payload = args->payload,
	    .enqueued_at = args->enqueued_at,
	    .available_at = args->available_at,
	    .priority = args->priority,
	    .max_attempts = args->max_attempts,
	    .group = args->group,
	    .extra = args->extra,
	};
}

/* Times as they are kept: what is not given is filled in. */
struct times {
	int64_t enqueued_at, available_at;
	bool computed;
};

static struct times times_of(const struct hf__decision *d, const struct hf_write *write,
                             const struct hf_outbox_input *input)
{
	const int64_t enqueued_at = hf__given(write, input->enqueued_at),
	              available_at = hf__given(write, input->available_at);
	return (struct times){
	    .enqueued_at = enqueued_at != HF_UNSET ? enqueued_at : d->stamp,
	    /* Not the stamp, which may be ahead of the clock: claim_next can give it at once. */
	    .available_at = available_at != HF_UNSET ? available_at : d->now,
	    .computed = available_at == HF_UNSET,
	};
}

static int enqueue_new(struct hf__decision *d, const struct hf_write *write, struct hf_bytes queue,
                       const struct hf_outbox_input *input, struct hf_result *result)
{
	const struct times times = times_of(d, write, input);
	const struct hf__outbox_image image = {
	    .cause = HF__OUTBOX_ENQUEUE,
	    .queue = queue,
	    .id = input->id,
	    .status = HF_OUTBOX_QUEUED,
	    .max_attempts = input->max_attempts,
	    .priority = input->priority,
	    .enqueued_at = times.enqueued_at,
	    .available_at = times.available_at,
	    .computed = times.computed,
	    .lease_until = HF_UNSET,
	    .run_until = HF_UNSET,
	    .seq = hf__next_lsn(d),
	    .group = input->group,
	    .extra = input->extra,
	    .payload = input->payload,
	};
	return hf__outbox_emit(d, HF__OUTBOX_ITEM, &image, result);
}

static bool replace_changes(const struct hf__outbox_item *item,
                            const struct hf__outbox_image *image, int64_t setback)
{
	const struct hf__outbox_value *value = &item->value;
	const struct hf__outbox_more more = hf__outbox_more_of(value);
	return value->noted || image->enqueued_at != value->enqueued_at ||
	       hf__outbox_kept(image->available_at, image->computed, setback) != value->available_at ||
	       image->computed != value->computed || value->attempts > 0 || value->lost > 0 ||
	       more.last_error.len > 0 || !hf__bytes_equal(more.extra, image->extra) ||
	       !hf__payload_equal(&hf__outbox_queue_of(item)->state->env, &value->payload,
	                          image->payload);
}

/* The item is queued: payload and times become new, attempts and errors are those of the old
 * payload. What was noted for a rerun gives way: this is newer. */
static int enqueue_replace(struct hf__decision *d, const struct hf_write *write,
                           const struct hf__outbox_item *item, const struct hf_outbox_input *input,
                           struct hf_result *result)
{
	const struct times times = times_of(d, write, input);
	const int rc = hf__outbox_end_if_over(d, item);
	if (rc != HF_OK)
		return rc;
	struct hf__outbox_image image = hf__outbox_image_of(item, HF__OUTBOX_REPLACE, d->setback);
	image.enqueued_at = times.enqueued_at;
	image.available_at = times.available_at;
	image.computed = times.computed;
	image.payload = input->payload;
	image.extra = input->extra;
	image.noted = false;
	image.attempts = image.lost = 0;
	image.last_error = hf_bytes_of(NULL, 0);
	if (!replace_changes(item, &image, d->setback))
		return HF_OK;
	image.status = HF_OUTBOX_QUEUED;
	hf__outbox_free_claim(&image);
	return hf__outbox_emit(d, HF__OUTBOX_ITEM, &image, result);
}

/* A worker holds the item: what it shall be queued again with is noted beside it, unless that is
 * noted already. */
static int enqueue_note(struct hf__decision *d, const struct hf_write *write,
                        const struct hf__outbox_item *item, const struct hf_outbox_input *input,
                        struct hf_result *result)
{
	const struct hf__outbox_value *value = &item->value;
	const struct times times = times_of(d, write, input);
	const struct hf__outbox_image image = {
	    .queue = hf__container_name(hf__outbox_queue_of(item)),
	    .id = hf__outbox_id(item),
	    .enqueued_at = times.enqueued_at,
	    .available_at = times.available_at,
	    .computed = times.computed,
	    .payload = input->payload,
	};
	const struct hf__outbox_more more = hf__outbox_more_of(value);
	if (value->noted && more.rerun_enqueued_at == image.enqueued_at &&
	    more.rerun_available_at ==
	        hf__outbox_kept(image.available_at, image.computed, d->setback) &&
	    value->rerun_computed == image.computed &&
	    hf__payload_equal(&hf__outbox_queue_of(item)->state->env, &value->rerun_payload,
	                      input->payload))
		return HF_OK;
	const struct hf_result before = *result;
	const int rc = hf__outbox_emit(d, HF__OUTBOX_NOTED, &image, result);
	hf__outbox_tell(result, (unsigned)before.status, before.available_at);
	return rc;
}

/* Was it completed so short a time ago that it blocks still? */
static bool blocks(const struct hf__outbox_state *state, struct hf__decision *d,
                   struct hf_bytes queue, struct hf_bytes id)
{
	const struct hf__outbox_done *done = hf__outbox_done_find(state, queue, id);
	if (!done)
		return false;
	hf__depends(d, &done->object);
	return done->until > d->mono;
}

static int enqueue_one(const struct hf__outbox_state *state, struct hf__decision *d,
                       const struct hf_write *write, struct hf_bytes queue,
                       const struct hf_outbox_input *args, enum hf_outbox_dedup dedup,
                       struct hf_result *result)
{
	struct hf__outbox_item *item;
	struct hf_outbox_input meant = *args;
	const struct hf_outbox_input *input = &meant;
	meant.enqueued_at = hf__given(write, args->enqueued_at);
	meant.available_at = hf__given(write, args->available_at);
	const int rc = hf__outbox_look(state, d, write, queue, input->id, &item);
	if (rc != HF_OK)
		return rc;
	if (!item)
		return blocks(state, d, queue, input->id) ? HF_OK
		                                          : enqueue_new(d, write, queue, input, result);
	const enum hf_outbox_status view = hf__outbox_status(item, HF__OUTBOX_TIME(d));
	hf__outbox_tell_unchanged(result, item, d);
	if (dedup == HF_OUTBOX_RERUN && view == HF_OUTBOX_SENDING)
		return enqueue_note(d, write, item, input, result);
	if (dedup != HF_OUTBOX_KEEP && view == HF_OUTBOX_QUEUED)
		return enqueue_replace(d, write, item, input, result);
	return HF_OK;
}

static int enqueue_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_enqueue_args *args = raw;
	const struct hf_outbox_input input = input_of(args);
	const int rc = check_dedup(args->dedup, why);
	return rc == HF_OK ? check_input(args->queue, &input, why) : rc;
}

static int enqueue_decide(void *state, struct hf__decision *d, const void *raw,
                          struct hf_result *result)
{
	const struct hf_outbox_enqueue_args *args = raw;
	const struct hf_outbox_input input = input_of(args);
	return enqueue_one(state, d, &args->write, args->queue, &input, args->dedup, result);
}

HF__MUTATION(hf_outbox_enqueue, outbox_enqueue_args, hf__run, "outbox enqueue", HF__DOMAIN_OUTBOX,
             .check = enqueue_check, .decide = enqueue_decide,
             .giving = &hf__outbox_enqueue_giving);

/* --- Many ------------------------------------------------------------------------------------- */

static int many_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_enqueue_many_args *args = raw;
	int rc = hf__check_unversioned(&args->write, why);
	if (rc == HF_OK)
		rc = hf__check_part("queue", args->queue, false, why);
	if (rc == HF_OK)
		rc = check_dedup(args->dedup, why);
	if (rc == HF_OK && args->count > 0 && !args->items)
		return hf__refuse(why, HF_EINVAL, "items are missing");
	for (size_t i = 0; i < args->count && rc == HF_OK; i++) {
		struct hf__text before = *why;
		rc = check_input(args->queue, &args->items[i], why);
		if (rc != HF_OK) {
			*why = before;
			hf__text_add(why, "item %zu: ", i);
			rc = check_input(args->queue, &args->items[i], why);
		}
	}
	return rc;
}

static int many_decide(void *state, struct hf__decision *d, const void *raw,
                       struct hf_result *result)
{
	const struct hf_outbox_enqueue_many_args *args = raw;
	for (size_t i = 0; i < args->count; i++) {
		struct hf_result one = {0};
		const int rc =
		    enqueue_one(state, d, &args->write, args->queue, &args->items[i], args->dedup, &one);
		if (rc != HF_OK)
			return rc;
		result->count += one.count;
	}
	result->changed = result->count > 0;
	return HF_OK;
}

static void *many_copy(struct hf__arena *arena, const void *raw)
{
	struct hf_outbox_enqueue_many_args *copy =
	    hf__copy_args(arena, raw, sizeof *copy, &hf__api_outbox_enqueue_many_args);
	if (!copy)
		return NULL;
	/* an array that long is in no address space */
	if (copy->count > SIZE_MAX / sizeof *copy->items)
		return NULL;
	struct hf_outbox_input *items = hf__arena_copy(arena, copy->items, copy->count * sizeof *items);
	if (!items)
		return NULL;
	copy->items = items;
	for (size_t i = 0; i < copy->count; i++)
		if (!hf__copy_borrowed(arena, &items[i], &hf__api_outbox_input))
			return NULL;
	return copy;
}

HF__MUTATION(hf_outbox_enqueue_many, outbox_enqueue_many_args, hf__run, "outbox enqueue many",
             HF__DOMAIN_OUTBOX, .check = many_check, .decide = many_decide, .copy = many_copy);
