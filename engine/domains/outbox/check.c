/* The outbox state as entries: its snapshot.
 *
 * It holds, by queue name: the queue's settings if they were ever changed, then its items by id,
 * then its completed ids by id. It is canonical: it shows values only, nothing that depends on
 * the time or on which incarnation looks. An item's entry has the item's version as its LSN, a
 * completed id's that of its completion. */
#include "domains/common/objects.h"
#include "domains/outbox/apply.h"

/* --- Snapshot --------------------------------------------------------------------------------- */

static int compare_items(const void *a, const void *b)
{
	const struct hf__outbox_item *const *left = a, *const *right = b;
	return hf__bytes_compare(hf__outbox_id(*left), hf__outbox_id(*right));
}

static int emit_settings(const struct hf__outbox_queue *queue, struct hf__emitter *emitter)
{
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

static int emit_item(const void *raw, struct hf__emitter *emitter)
{
	const struct hf__outbox_item *item = raw;
	const struct hf__outbox_image image =
	    hf__outbox_image_of(item, HF__OUTBOX_STATE, emitter->setback);
	hf__outbox_encode(&emitter->body, HF__OUTBOX_ITEM, &image, true);
	int rc = item->value.noted ? emitter->payload(emitter, &item->value.rerun_payload) : HF_OK;
	if (rc == HF_OK)
		rc = emitter->payload(emitter, &item->value.payload);
	return rc == HF_OK ? emitter->emit(emitter, item->value.version, HF__OUTBOX_ITEM) : rc;
}

static int compare_done(const void *a, const void *b)
{
	const struct hf__outbox_done *const *left = a, *const *right = b;
	return hf__bytes_compare(hf__outbox_done_id(*left), hf__outbox_done_id(*right));
}

static int emit_done(const void *raw, struct hf__emitter *emitter)
{
	const struct hf__outbox_done *done = raw;
	const struct hf__outbox_image image = {.queue = hf__container_name(hf__outbox_done_queue(done)),
	                                       .id = hf__outbox_done_id(done),
	                                       .until = hf__to_shown(done->until, emitter->setback)};
	hf__outbox_encode(&emitter->body, HF__OUTBOX_DONE, &image, false);
	return emitter->emit(emitter, done->lsn, HF__OUTBOX_DONE);
}

static int emit_queue(const void *raw, struct hf__emitter *emitter)
{
	const struct hf__outbox_queue *queue = raw;
	const struct hf__index *const lines[] = {&queue->line[HF_OUTBOX_QUEUED],
	                                         &queue->line[HF_OUTBOX_SENDING],
	                                         &queue->line[HF_OUTBOX_FAILED]},
	                              *const done = &queue->done;
	int rc = emit_settings(queue, emitter);
	if (rc == HF_OK)
		rc = hf__emit_sorted(lines, 3, compare_items, emit_item, emitter);
	return rc == HF_OK ? hf__emit_sorted(&done, 1, compare_done, emit_done, emitter) : rc;
}

int hf__outbox_snapshot(const void *raw, struct hf__emitter *emitter)
{
	return hf__emit_each(raw, emit_queue, emitter);
}
