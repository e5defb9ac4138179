/* The outbox state as entries (snapshot), and every invariant recounted (verify).
 *
 * A snapshot holds, by queue name: the queue's settings if they were ever changed, then its items by id. It is canonical: it shows
 * values only, nothing that depends on the time or on which incarnation looks. An item's entry has the item's version as its LSN. */
#include <stdlib.h>

#include "domains/outbox_apply.h"

/* --- Snapshot --------------------------------------------------------------------------------------------------------------- */

static int compare_items(const void *a, const void *b)
{
	const struct hf__outbox_item *const *left = a, *const *right = b;
	return hf__bytes_compare(hf__outbox_id(*left), hf__outbox_id(*right));
}

static int emit_settings(const struct hf__outbox_queue *queue, struct hf__emitter *emitter)
{
	if (queue->value.version == 0)
		return HF_OK;
	const struct hf__outbox_image image = {.queue = hf__outbox_queue_name(queue), .max_attempts = queue->value.max_attempts};
	hf__outbox_encode(&emitter->body, HF__OUTBOX_SETTINGS, &image, false);
	return emitter->emit(emitter, queue->value.version, HF__OUTBOX_SETTINGS);
}

static int emit_item(const struct hf__outbox_item *item, struct hf__emitter *emitter)
{
	const struct hf__outbox_image image = hf__outbox_image_of(item, HF__OUTBOX_STATE);
	hf__outbox_encode(&emitter->body, HF__OUTBOX_ITEM, &image, true);
	const int rc = emitter->payload(emitter, &item->value.payload);
	return rc == HF_OK ? emitter->emit(emitter, item->value.version, HF__OUTBOX_ITEM) : rc;
}

static int emit_items(const struct hf__outbox_queue *queue, const struct hf__outbox_item **items, struct hf__emitter *emitter)
{
	size_t count = 0;
	for (unsigned place = HF_OUTBOX_QUEUED; place < HF__OUTBOX_PLACES; place++)
		for (struct hf__order_node *node = hf__order_first(&queue->line[place]); node; node = hf__order_next(node))
			items[count++] = hf__outbox_of_line(node);
	qsort(items, count, sizeof *items, compare_items);
	int rc = HF_OK;
	for (size_t i = 0; i < count && rc == HF_OK; i++)
		rc = emit_item(items[i], emitter);
	return rc;
}

static int emit_queue(const struct hf__outbox_queue *queue, struct hf__emitter *emitter)
{
	int rc = emit_settings(queue, emitter);
	if (rc != HF_OK)
		return rc;
	const struct hf__outbox_item **items = hf__alloc(hf__outbox_queue_count(queue) * sizeof *items);
	rc = items ? emit_items(queue, items, emitter) : HF_ENOMEM;
	hf__free(items);
	return rc;
}

int hf__outbox_snapshot(const void *raw, struct hf__emitter *emitter)
{
	const struct hf__outbox_state *state = raw;
	int rc = HF_OK;
	for (const struct hf__order_node *node = hf__order_first(&state->by_name); node && rc == HF_OK; node = hf__order_next(node))
		rc = emit_queue(hf__outbox_queue_of_order(node), emitter);
	return rc;
}

/* --- Verify ----------------------------------------------------------------------------------------------------------------- */

/* What the items say should be in the indexes, counted over all of them. */
struct tally {
	size_t items, claimable, endings;
};

static int broken(struct hf__text *why, const struct hf__outbox_queue *queue, const struct hf__outbox_item *item, const char *what)
{
	hf__text_add(why, "outbox queue ");
	hf__text_add_quoted(why, hf__outbox_queue_name(queue));
	if (item) {
		hf__text_add(why, " item ");
		hf__text_add_quoted(why, hf__outbox_id(item));
	}
	hf__text_add(why, ": %s", what);
	return HF_ECORRUPT;
}

static const char *value_fault(const struct hf__outbox_item *item)
{
	const struct hf__outbox_value *value = &item->value;
	if (value->status < HF_OUTBOX_QUEUED || value->status > HF_OUTBOX_FAILED)
		return "no such status";
	if (item->seq == 0 || value->version < item->seq)
		return "its version is older than the item";
	if (value->status == HF_OUTBOX_SENDING)
		return value->token && value->owner ? NULL : "sending without token or owner";
	return value->token || value->owner || value->lease_until != HF_UNSET ? "a claim beside a status other than sending" : NULL;
}

/* Is it where its value says? Counts make sure that it is nowhere else. */
static const char *place_fault(const struct hf__outbox_state *state, const struct hf__outbox_item *item, enum hf_outbox_status line,
                               struct tally *tally)
{
	int64_t at = 0;
	if (hf__outbox_place(item) != line)
		return "it stands in the wrong line";
	if (item->line.weight != hf__outbox_line_weight(item))
		return "its weight in the line is wrong";
	if (hf__outbox_find(state, hf__outbox_queue_name(hf__outbox_queue_of(item)), hf__outbox_id(item)) != item)
		return "it cannot be found by its key";
	if (hf__outbox_claimable(item, &at)) {
		tally->claimable++;
		if (item->ready.weight != at)
			return "the time from which it can be claimed is wrong";
	}
	const bool ends = hf__outbox_ends(item, &at);
	tally->endings += ends;
	if (item->ending.in != ends || (ends && item->ending.deadline != at))
		return "its ending is not noted";
	const bool held = line == HF_OUTBOX_SENDING;
	return item->held.in != held || (held && item->held.deadline != item->value.enqueued_at) ? "it is not noted as held" : NULL;
}

static int verify_line(const struct hf__outbox_state *state, const struct hf__outbox_queue *queue, enum hf_outbox_status line,
                       struct hf__text *why, struct tally *tally)
{
	if (!hf__order_sane(&queue->line[line]))
		return broken(why, queue, NULL, "a line is out of order");
	for (struct hf__order_node *node = hf__order_first(&queue->line[line]); node; node = hf__order_next(node)) {
		const struct hf__outbox_item *item = hf__outbox_of_line(node);
		const char *fault = hf__object_sealed(&item->object) ? value_fault(item) : "it was changed beside the hook";
		if (!fault)
			fault = place_fault(state, item, line, tally);
		if (!fault && hf__outbox_queue_of(item) != queue)
			fault = "it belongs to another queue";
		if (fault)
			return broken(why, queue, item, fault);
		tally->items++;
	}
	return HF_OK;
}

static int verify_queue(const struct hf__outbox_state *state, const struct hf__outbox_queue *queue, struct hf__text *why,
                        struct tally *total)
{
	struct tally tally = {0};
	if (!hf__object_sealed(&queue->object))
		return broken(why, queue, NULL, "it was changed beside the hook");
	if (queue->value.max_attempts == 0)
		return broken(why, queue, NULL, "it has no limit of attempts");
	for (unsigned line = HF_OUTBOX_QUEUED; line < HF__OUTBOX_PLACES; line++) {
		const int rc = verify_line(state, queue, (enum hf_outbox_status)line, why, &tally);
		if (rc != HF_OK)
			return rc;
	}
	if (!hf__order_sane(&queue->ready) || hf__order_count(&queue->ready) != tally.claimable)
		return broken(why, queue, NULL, "the order of what can be claimed is wrong");
	if (!hf__heap_sane(&queue->held) || queue->held.count != hf__order_count(&queue->line[HF_OUTBOX_SENDING]))
		return broken(why, queue, NULL, "the heap of what is held is wrong");
	if (queue->enlisted != tally.items || hf__outbox_queue_find(state, hf__outbox_queue_name(queue)) != queue)
		return broken(why, queue, NULL, "its count of items is wrong, or it cannot be found by its name");
	if (queue->by_name.tag != (tally.items > 0 || queue->value.version != 0 ? HF__NAME_LISTED : HF__NAME_HIDDEN))
		return broken(why, queue, NULL, "its listing is wrong");
	total->items += tally.items;
	total->endings += tally.endings;
	return HF_OK;
}

int hf__outbox_verify(const void *raw, struct hf__text *why)
{
	const struct hf__outbox_state *state = raw;
	struct tally total = {0};
	const struct hf__order_node *before = NULL;
	bool ascending = hf__order_sane(&state->by_name);
	for (const struct hf__order_node *node = hf__order_first(&state->by_name); node && ascending; node = hf__order_next(node)) {
		const int rc = verify_queue(state, hf__outbox_queue_of_order(node), why, &total);
		if (rc != HF_OK)
			return rc;
		ascending = !before || state->by_name.compare(before, node) < 0;
		before = node;
	}
	if (!ascending || hf__order_count(&state->by_name) != state->queues.count) {
		hf__text_add(why, "outbox: the order of queues disagrees with the map of queues");
		return HF_ECORRUPT;
	}
	if (state->items.count != total.items) {
		hf__text_add(why, "outbox: %zu items by key, %zu in lines", state->items.count, total.items);
		return HF_ECORRUPT;
	}
	if (!hf__heap_sane(&state->endings) || state->endings.count != total.endings) {
		hf__text_add(why, "outbox: %zu endings noted, %zu due some time", state->endings.count, total.endings);
		return HF_ECORRUPT;
	}
	return HF_OK;
}
