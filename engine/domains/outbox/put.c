/* Storing things as they are given (import, migration): put an item, put a completed id. */
#include <stddef.h>

#include "domains/common/verb.h"
#include "domains/outbox/verb.h"

/* --- Items ------------------------------------------------------------------------------------ */

/* An unset time would be the oldest of all to what counts, and no time to what looks. */
static int check_times(hf_time enqueued_at, hf_time available_at, struct hf__text *why)
{
	if (enqueued_at != HF_UNSET && available_at != HF_UNSET)
		return HF_OK;
	return hf__refuse(why, HF_EINVAL, "enqueued_at and available_at must be times");
}

static int check_rerun(const struct hf_outbox_rerun *rerun, struct hf__text *why)
{
	const int rc = rerun ? check_times(rerun->enqueued_at, rerun->available_at, why) : HF_OK;
	return rc == HF_OK && rerun ? hf__check_bytes("payload", rerun->payload, HF_PAYLOAD_MAX, why)
	                            : rc;
}

static int put_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_put_args *args = raw;
	const struct hf_outbox_item *item = &args->item;
	int rc = hf__outbox_check_key(args->queue, item->id, why);
	if (rc == HF_OK && (unsigned)item->status > HF_OUTBOX_FAILED)
		rc = hf__refuse(why, HF_EINVAL, "no such status: %d", (int)item->status);
	if (rc == HF_OK)
		rc = check_times(item->enqueued_at, item->available_at, why);
	if (rc == HF_OK)
		rc = hf__outbox_check_group(item->group, why);
	if (rc == HF_OK)
		rc = hf__check_bytes("payload", item->payload, HF_PAYLOAD_MAX, why);
	if (rc == HF_OK)
		rc = hf__check_bytes("extra", item->extra, HF_OUTBOX_EXTRA_MAX, why);
	if (rc == HF_OK)
		/* a longer one is cut */
		rc = hf__check_bytes("last_error", item->last_error, SIZE_MAX, why);
	return rc == HF_OK ? check_rerun(item->rerun, why) : rc;
}

static struct hf__outbox_image image_of_put(const struct hf_outbox_put_args *args)
{
	static const struct hf_outbox_rerun none;
	const struct hf_outbox_item *item = &args->item;
	const struct hf_outbox_rerun *rerun = item->rerun ? item->rerun : &none;
	return (struct hf__outbox_image){
	    .cause = HF__OUTBOX_PUT,
	    .queue = args->queue,
	    .id = item->id,
	    .status = item->status == HF_OUTBOX_FAILED ? HF_OUTBOX_FAILED : HF_OUTBOX_QUEUED,
	    .attempts = item->attempts,
	    .lost = item->lost,
	    .max_attempts = item->max_attempts,
	    .priority = item->priority,
	    .enqueued_at = item->enqueued_at,
	    .available_at = item->available_at,
	    .computed = item->available_computed,
	    .last_error = hf__utf8_cut(item->last_error, HF_OUTBOX_ERROR_MAX),
	    .lease_until = HF_UNSET,
	    .run_until = HF_UNSET,
	    .group = item->group,
	    .extra = item->extra,
	    .payload = item->payload,
	    .noted = item->rerun != NULL,
	    .rerun_payload = rerun->payload,
	    .rerun_enqueued_at = rerun->enqueued_at,
	    .rerun_available_at = rerun->available_at,
	    .rerun_computed = rerun->available_computed,
	};
}

static bool rerun_changes(const struct hf__outbox_item *item, const struct hf__outbox_image *image,
                          int64_t setback)
{
	const struct hf__outbox_value *value = &item->value;
	const struct hf__outbox_more more = hf__outbox_more_of(value);
	return value->noted != image->noted || more.rerun_enqueued_at != image->rerun_enqueued_at ||
	       more.rerun_available_at !=
	           hf__outbox_kept(image->rerun_available_at, image->rerun_computed, setback) ||
	       value->rerun_computed != image->rerun_computed ||
	       !hf__payload_equal(&hf__outbox_queue_of(item)->state->env, &value->rerun_payload,
	                          image->rerun_payload);
}

static bool put_changes(const struct hf__outbox_item *item, const struct hf__outbox_image *image,
                        struct hf__outbox_time t)
{
	const struct hf__outbox_value *value = &item->value;
	struct hf__outbox_view view;
	hf__outbox_view(item, t, &view);
	if (view.status != (enum hf_outbox_status)image->status || view.lost != image->lost ||
	    view.computed != image->computed ||
	    view.available_at != hf__outbox_kept(image->available_at, image->computed, t.setback) ||
	    !hf__bytes_equal(view.last_error, image->last_error))
		return true;
	if (value->attempts != image->attempts || value->max_attempts != image->max_attempts ||
	    value->priority != image->priority || value->enqueued_at != image->enqueued_at)
		return true;
	return !hf__bytes_equal(hf__outbox_more_of(value).extra, image->extra) ||
	       !hf__bytes_equal(hf__outbox_group_name(item), image->group) ||
	       !hf__payload_equal(&hf__outbox_queue_of(item)->state->env, &value->payload,
	                          image->payload) ||
	       rerun_changes(item, image, t.setback);
}

static int put_decide(void *state, struct hf__decision *d, const void *raw,
                      struct hf_result *result)
{
	const struct hf_outbox_put_args *args = raw;
	struct hf__outbox_image image = image_of_put(args);
	struct hf__outbox_item *item;
	const int rc = hf__outbox_look(state, d, &args->write, args->queue, args->item.id, &item);
	if (rc != HF_OK)
		return rc;
	image.seq = item ? item->value.seq : hf__next_lsn(d);
	if (!item || put_changes(item, &image, HF__OUTBOX_TIME(d)))
		return hf__outbox_emit(d, HF__OUTBOX_ITEM, &image, result);
	hf__outbox_tell_unchanged(result, item, d);
	return HF_OK;
}

static void *put_copy(struct hf__arena *arena, const void *args)
{
	struct hf_outbox_put_args used = *(const struct hf_outbox_put_args *)args;
	/* These are not used: their bytes need not be there. */
	used.item.queue = used.item.owner = hf_bytes_of(NULL, 0);
	struct hf_outbox_put_args *copy =
	    hf__copy_args(arena, &used, sizeof used, &hf__api_outbox_put_args);
	if (!copy || !copy->item.rerun)
		return copy;
	struct hf_outbox_rerun *rerun = hf__arena_copy(arena, copy->item.rerun, sizeof *rerun);
	if (!rerun || !hf__arena_bytes(arena, rerun->payload, &rerun->payload))
		return NULL;
	copy->item.rerun = rerun;
	return copy;
}

HF__MUTATION(hf_outbox_put, outbox_put_args, hf__run, "outbox put", HF__DOMAIN_OUTBOX,
             .check = put_check, .decide = put_decide, .copy = put_copy,
             .giving = &hf__outbox_put_giving);

/* --- Completed ids ---------------------------------------------------------------------------- */

static int completed_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_put_completed_args *args = raw;
	const int rc = hf__check_unversioned(&args->write, why);
	if (rc != HF_OK)
		return rc;
	if (hf__given(&args->write, args->until) != HF_UNSET)
		return hf__outbox_check_key(args->queue, args->id, why);
	return hf__refuse(why, HF_EINVAL, "until must be a time");
}

static int completed_decide(void *state, struct hf__decision *d, const void *raw,
                            struct hf_result *result)
{
	const struct hf_outbox_put_completed_args *args = raw;
	const struct hf__outbox_queue *queue = hf__container_find(state, args->queue);
	const struct hf__outbox_done *done = hf__outbox_done_find(state, args->queue, args->id);
	const struct hf__outbox_image image = {
	    .queue = args->queue, .id = args->id, .until = args->until};
	struct hf__outbox_item *item;
	int rc = hf__outbox_look(state, d, &args->write, args->queue, args->id, &item);
	hf__depends(d, done ? &done->object : NULL);
	if (rc != HF_OK || item || args->until <= d->now ||
	    (done && done->until == hf__to_mono(args->until, d->setback)))
		return rc;
	if (done)
		rc = hf__outbox_fade(d, done);
	if (rc == HF_OK)
		rc = hf__outbox_cut(d, queue, queue ? queue->value.dedup_max - 1 : 0);
	return rc == HF_OK ? hf__outbox_emit(d, HF__OUTBOX_DONE, &image, result) : rc;
}

HF__MUTATION(hf_outbox_put_completed, outbox_put_completed_args, hf__run, "outbox put completed",
             HF__DOMAIN_OUTBOX, .check = completed_check, .decide = completed_decide);
