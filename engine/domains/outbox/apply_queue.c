/* Entries about a queue, several items of it, or its completed ids -> state. See outbox/apply.c. */
#include "domains/outbox/apply.h"

static int apply_settings(struct hf__outbox_state *state, struct hf__change *change,
                          const struct hf__entry *entry, const struct hf__outbox_image *image)
{
	int rc;
	struct hf__outbox_queue *queue = hf__container_get(state, change, image->queue, &rc);
	if (!queue)
		return rc;
	struct hf__outbox_queue_value value = {
	    .version = entry->lsn,
	    .dropped = image->cause == HF__OUTBOX_STATE ? image->dropped : queue->value.dropped,
	    .dedup_window = image->dedup_window,
	    .dedup_max = image->dedup_max,
	    .max_attempts = image->max_attempts,
	    .max_lost = image->max_lost,
	    .paused = image->paused,
	};
	if (hf__outbox_queue_plain(&value))
		value.version = 0;
	return hf__change_set(change, &queue->head.object, &value);
}

/* The first `count` completed ids go. */
static int remove_done(struct hf__change *change, struct hf__outbox_queue *queue, uint64_t count)
{
	for (; count > 0; count--) {
		const int rc = hf__change_remove(change, hf__index_first_object(&queue->done));
		if (rc != HF_OK)
			return rc;
	}
	return HF_OK;
}

static int apply_cleared(struct hf__outbox_state *state, struct hf__change *change,
                         const struct hf__outbox_image *image)
{
	struct hf__outbox_queue *queue = hf__container_find(state, image->queue);
	if (!queue || (hf__outbox_queue_count(queue) == 0 && hf__index_count(&queue->done) == 0))
		return HF_ECORRUPT;
	for (unsigned place = HF_OUTBOX_QUEUED; place < HF__OUTBOX_PLACES; place++) {
		struct hf__object *item;
		while ((item = hf__index_first_object(&queue->line[place]))) {
			const int rc = hf__change_remove(change, item);
			if (rc != HF_OK)
				return rc;
		}
	}
	return remove_done(change, queue, hf__index_count(&queue->done));
}

static int redrive_item(struct hf__change *change, struct hf__outbox_item *item, uint64_t lsn,
                        int64_t setback, const struct hf__outbox_image *image)
{
	if (!item || item->value.status != HF_OUTBOX_FAILED)
		return HF_ECORRUPT;
	struct hf__outbox_value value = item->value;
	value.version = lsn;
	value.status = HF_OUTBOX_QUEUED;
	value.lost = 0;
	if (image->reset)
		value.attempts = 0;
	const int64_t latest = hf__to_mono(image->available_at, setback);
	if (value.available_at > (value.computed ? latest : image->available_at)) {
		value.available_at = latest;
		value.computed = true;
	}
	return hf__change_set(change, &item->object, &value);
}

static int apply_redriven(struct hf__outbox_state *state, struct hf__change *change,
                          const struct hf__entry *entry, const struct hf__outbox_image *image)
{
	struct hf__reader ids = hf__reader(image->ids);
	for (uint32_t i = 0; i < image->count; i++) {
		struct hf__outbox_item *item = hf__outbox_find(state, image->queue, hf__get_short(&ids));
		const int rc = redrive_item(change, item, entry->lsn, entry->setback, image);
		if (rc != HF_OK)
			return rc;
	}
	return HF_OK;
}

static int apply_pruned(struct hf__outbox_state *state, struct hf__change *change,
                        const struct hf__outbox_image *image)
{
	struct hf__reader ids = hf__reader(image->ids);
	for (uint32_t i = 0; i < image->count; i++) {
		struct hf__outbox_item *item = hf__outbox_find(state, image->queue, hf__get_short(&ids));
		if (!item || item->value.status == HF_OUTBOX_SENDING)
			return HF_ECORRUPT;
		const int rc = hf__change_remove(change, &item->object);
		if (rc != HF_OK)
			return rc;
	}
	return HF_OK;
}

/* --- Completed ids ---------------------------------------------------------------------------- */

int hf__outbox_add_done(struct hf__outbox_state *state, struct hf__change *change,
                        const struct hf__entry *entry, const struct hf__outbox_image *image)
{
	int rc;
	if (hf__outbox_done_find(state, image->queue, image->id) ||
	    hf__outbox_find(state, image->queue, image->id))
		return HF_ECORRUPT;
	struct hf__outbox_queue *queue = hf__container_get(state, change, image->queue, &rc);
	if (!queue)
		return rc;
	if (hf__outbox_done_taken(queue, entry->lsn))
		return HF_ECORRUPT;
	struct hf__outbox_done *done = hf__outbox_done_new(queue, image->id, entry->lsn,
	                                                   hf__to_mono(image->until, entry->setback));
	return done ? hf__change_add(change, &done->object) : HF_ENOMEM;
}

static int apply_faded(struct hf__outbox_state *state, struct hf__change *change,
                       const struct hf__outbox_image *image)
{
	struct hf__outbox_done *done = hf__outbox_done_find(state, image->queue, image->id);
	return done ? hf__change_remove(change, &done->object) : HF_ECORRUPT;
}

/* From then on the queue has a value of its own, whether it was ever configured or not: the
 * count is not to be lost. */
static int apply_dropped(struct hf__outbox_state *state, struct hf__change *change,
                         const struct hf__entry *entry, const struct hf__outbox_image *image)
{
	struct hf__outbox_queue *queue = hf__container_find(state, image->queue);
	if (!queue || image->dropped > hf__index_count(&queue->done))
		return HF_ECORRUPT;
	const int rc = remove_done(change, queue, image->dropped);
	if (rc != HF_OK)
		return rc;
	struct hf__outbox_queue_value value = queue->value;
	value.dropped += image->dropped;
	if (value.version == 0)
		value.version = entry->lsn;
	return hf__change_set(change, &queue->head.object, &value);
}

int hf__outbox_apply_queue(struct hf__outbox_state *state, struct hf__change *change,
                           const struct hf__entry *entry, const struct hf__outbox_image *image)
{
	switch (entry->kind) {
	case HF__OUTBOX_SETTINGS:
		return apply_settings(state, change, entry, image);
	case HF__OUTBOX_CLEARED:
		return apply_cleared(state, change, image);
	case HF__OUTBOX_REDRIVEN:
		return apply_redriven(state, change, entry, image);
	case HF__OUTBOX_PRUNED:
		return apply_pruned(state, change, image);
	case HF__OUTBOX_DONE:
		return hf__outbox_add_done(state, change, entry, image);
	case HF__OUTBOX_FADED:
		return apply_faded(state, change, image);
	case HF__OUTBOX_DROPPED:
		return apply_dropped(state, change, entry, image);
	default:
		return HF_ECORRUPT;
	}
}
