/* The outbox state as entries: its snapshot.
 *
 * It holds, by queue name: the queue's settings if they were ever changed, then its items by id,
 * then its completed ids by id. It is canonical: it shows values only, nothing that depends on
 * the time or on which incarnation looks. An item's entry has the item's version as its LSN, a
 * completed id's that of its completion. */
#include <stdlib.h>

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

static int emit_item(const struct hf__outbox_item *item, struct hf__emitter *emitter)
{
	const struct hf__outbox_image image =
	    hf__outbox_image_of(item, HF__OUTBOX_STATE, emitter->setback);
	hf__outbox_encode(&emitter->body, HF__OUTBOX_ITEM, &image, true);
	int rc = item->value.noted ? emitter->payload(emitter, &item->value.rerun_payload) : HF_OK;
	if (rc == HF_OK)
		rc = emitter->payload(emitter, &item->value.payload);
	return rc == HF_OK ? emitter->emit(emitter, item->value.version, HF__OUTBOX_ITEM) : rc;
}

static int emit_items(const struct hf__outbox_queue *queue, const struct hf__outbox_item **items,
                      struct hf__emitter *emitter)
{
	size_t count = 0;
	for (unsigned place = HF_OUTBOX_QUEUED; place < HF__OUTBOX_PLACES; place++)
		for (struct hf__index_node *node = hf__index_first(&queue->line[place]); node;
		     node = hf__index_next(node))
			items[count++] = hf__outbox_of_line(node);
	qsort(items, count, sizeof *items, compare_items);
	int rc = HF_OK;
	for (size_t i = 0; i < count && rc == HF_OK; i++)
		rc = emit_item(items[i], emitter);
	return rc;
}

static int compare_done(const void *a, const void *b)
{
	const struct hf__outbox_done *const *left = a, *const *right = b;
	return hf__bytes_compare(hf__outbox_done_id(*left), hf__outbox_done_id(*right));
}

static int emit_done(const struct hf__outbox_queue *queue, const struct hf__outbox_done **done,
                     struct hf__emitter *emitter)
{
	size_t count = 0;
	for (const struct hf__index_node *node = hf__index_first(&queue->done); node;
	     node = hf__index_next(node))
		done[count++] = hf__outbox_done_of_line(node);
	qsort(done, count, sizeof *done, compare_done);
	int rc = HF_OK;
	for (size_t i = 0; i < count && rc == HF_OK; i++) {
		const struct hf__outbox_image image = {.queue = hf__container_name(queue),
		                                       .id = hf__outbox_done_id(done[i]),
		                                       .until =
		                                           hf__to_shown(done[i]->until, emitter->setback)};
		hf__outbox_encode(&emitter->body, HF__OUTBOX_DONE, &image, false);
		rc = emitter->emit(emitter, done[i]->lsn, HF__OUTBOX_DONE);
	}
	return rc;
}

static int emit_queue(const void *raw, struct hf__emitter *emitter)
{
	const struct hf__outbox_queue *queue = raw;
	int rc = emit_settings(queue, emitter);
	if (rc != HF_OK)
		return rc;
	const struct hf__outbox_item **items = hf__alloc(hf__outbox_queue_count(queue) * sizeof *items);
	const struct hf__outbox_done **done = hf__alloc(hf__index_count(&queue->done) * sizeof *done);
	rc = items && done ? emit_items(queue, items, emitter) : HF_ENOMEM;
	if (rc == HF_OK)
		rc = emit_done(queue, done, emitter);
	hf__free(items);
	hf__free(done);
	return rc;
}

int hf__outbox_snapshot(const void *raw, struct hf__emitter *emitter)
{
	return hf__emit_each(raw, emit_queue, emitter);
}
