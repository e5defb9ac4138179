/* The outbox state as entries of a snapshot: of each queue its settings, if they were ever
 * changed, its items, and the ids that were completed. An item's entry has the item's version as
 * its LSN, a completed id's that of its completion. */
#include "domains/outbox/apply.h"

const struct hf__index *hf__outbox_shelf(const void *owner, unsigned i)
{
	const struct hf__outbox_queue *queue = owner;
	const struct hf__index *const shelves[] = {&queue->line[HF_OUTBOX_QUEUED],
	                                           &queue->line[HF_OUTBOX_SENDING],
	                                           &queue->line[HF_OUTBOX_FAILED], &queue->done};
	return i < sizeof shelves / sizeof shelves[0] ? shelves[i] : NULL;
}

int hf__outbox_show_queue(const void *container, struct hf__emitter *emitter)
{
	const struct hf__outbox_queue *queue = container;
	if (queue->value.version == 0)
		return HF_OK;
	const struct hf__outbox_image image = {
	    .cause = HF__OUTBOX_STATE,
	    .queue = hf__container_name(queue),
	    .max_attempts = queue->value.max_attempts,
	    .max_lost = queue->value.max_lost,
	    .dedup_window = queue->value.dedup_window,
	    .dedup_max = queue->value.dedup_max,
	    .paused = queue->value.paused,
	    .dropped = queue->value.dropped,
	};
	hf__outbox_encode(&emitter->body, HF__OUTBOX_SETTINGS, &image, false);
	return emitter->emit(emitter, queue->value.version, HF__OUTBOX_SETTINGS);
}

static int show_item(const struct hf__outbox_item *item, struct hf__emitter *emitter)
{
	const struct hf__outbox_image image =
	    hf__outbox_image_of(item, HF__OUTBOX_STATE, emitter->setback);
	hf__outbox_encode(&emitter->body, HF__OUTBOX_ITEM, &image, true);
	int rc = item->value.noted ? hf__show_payload(emitter, &item->value.rerun_payload) : HF_OK;
	if (rc == HF_OK)
		rc = hf__show_payload(emitter, &item->value.payload);
	return rc == HF_OK ? emitter->emit(emitter, item->value.version, HF__OUTBOX_ITEM) : rc;
}

static int show_done(const struct hf__outbox_done *done, struct hf__emitter *emitter)
{
	const struct hf__outbox_image image = {.queue = hf__container_name(hf__outbox_done_queue(done)),
	                                       .id = hf__outbox_done_id(done),
	                                       .until = hf__to_shown(done->until, emitter->setback)};
	hf__outbox_encode(&emitter->body, HF__OUTBOX_DONE, &image, false);
	return emitter->emit(emitter, done->lsn, HF__OUTBOX_DONE);
}

int hf__outbox_show(const void *object, struct hf__emitter *emitter)
{
	return hf__type(object) == &hf__outbox_item_type ? show_item(object, emitter)
	                                                 : show_done(object, emitter);
}
