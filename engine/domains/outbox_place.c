/* Where an item of an outbox stands, what it looks like at an instant, and the orders that follow from it. Nothing here changes
 * anything. */
#include <stddef.h>

#include "domains/outbox_state.h"

/* --- From node to object ---------------------------------------------------------------------------------------------------- */

static void *back(const void *node, size_t offset)
{
	return node ? (uint8_t *)(uintptr_t)node - offset : NULL;
}

struct hf__outbox_queue *hf__outbox_queue_of_map(const struct hf__map_node *node)
{
	return back(node, offsetof(struct hf__outbox_queue, node));
}

struct hf__outbox_queue *hf__outbox_queue_of_order(const struct hf__order_node *node)
{
	return back(node, offsetof(struct hf__outbox_queue, by_name));
}

struct hf__outbox_item *hf__outbox_of_map(const struct hf__map_node *node)
{
	return back(node, offsetof(struct hf__outbox_item, node));
}

struct hf__outbox_item *hf__outbox_of_line(const struct hf__order_node *node)
{
	return back(node, offsetof(struct hf__outbox_item, line));
}

struct hf__outbox_item *hf__outbox_of_ready(const struct hf__order_node *node)
{
	return back(node, offsetof(struct hf__outbox_item, ready));
}

struct hf__outbox_item *hf__outbox_of_ending(const struct hf__heap_node *node)
{
	return back(node, offsetof(struct hf__outbox_item, ending));
}

struct hf__outbox_queue *hf__outbox_queue_of(const struct hf__outbox_item *item)
{
	return back(item->object.container, offsetof(struct hf__outbox_queue, object));
}

struct hf_bytes hf__outbox_queue_name(const struct hf__outbox_queue *queue)
{
	return hf_bytes(queue->name, queue->len);
}

struct hf_bytes hf__outbox_id(const struct hf__outbox_item *item)
{
	return hf_bytes(item->id, item->len);
}

/* --- Place and view --------------------------------------------------------------------------------------------------------- */

static bool has_lease(const struct hf__outbox_item *item)
{
	return item->value.lease_until != HF_UNSET;
}

enum hf_outbox_status hf__outbox_place(const struct hf__outbox_item *item)
{
	const struct hf__outbox_value *value = &item->value;
	/* While sending, the version is that of the claim or of the newest extend: whoever wrote it is of that incarnation. */
	if (value->status == HF_OUTBOX_SENDING && !has_lease(item) && value->version < hf__outbox_queue_of(item)->state->incarnation)
		return HF_OUTBOX_QUEUED;
	return (enum hf_outbox_status)value->status;
}

enum hf_outbox_status hf__outbox_view(const struct hf__outbox_item *item, int64_t now)
{
	const enum hf_outbox_status place = hf__outbox_place(item);
	if (place == HF_OUTBOX_SENDING && has_lease(item) && item->value.lease_until <= now)
		return HF_OUTBOX_QUEUED;
	return place;
}

bool hf__outbox_claimable(const struct hf__outbox_item *item, int64_t *from)
{
	const enum hf_outbox_status place = hf__outbox_place(item);
	*from = item->value.available_at;
	if (place != HF_OUTBOX_SENDING)
		return place == HF_OUTBOX_QUEUED;
	if (item->value.lease_until > *from)
		*from = item->value.lease_until;
	return has_lease(item);
}

int64_t hf__outbox_line_weight(const struct hf__outbox_item *item)
{
	if (hf__outbox_place(item) != HF_OUTBOX_SENDING)
		return item->value.enqueued_at;
	return has_lease(item) ? item->value.lease_until : INT64_MAX;
}

bool hf__outbox_ends(const struct hf__outbox_item *item, int64_t *at)
{
	if (item->value.status != HF_OUTBOX_SENDING)
		return false;
	*at = has_lease(item) ? item->value.lease_until : INT64_MIN;
	return has_lease(item) || hf__outbox_place(item) == HF_OUTBOX_QUEUED;
}

/* --- Orders ----------------------------------------------------------------------------------------------------------------- */

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static int line_compare(const struct hf__order_node *a, const struct hf__order_node *b)
{
	return COMPARE(hf__outbox_of_line(a)->value.seq, hf__outbox_of_line(b)->value.seq);
}

static int line_probe(const struct hf__order_node *node, const void *key)
{
	const uint64_t *seq = key;
	return COMPARE(hf__outbox_of_line(node)->value.seq, *seq);
}

static int ready_compare(const struct hf__order_node *a, const struct hf__order_node *b)
{
	const struct hf__outbox_item *left = hf__outbox_of_ready(a), *right = hf__outbox_of_ready(b);
	int sign = COMPARE(left->value.priority, right->value.priority);
	if (sign == 0)
		sign = COMPARE(left->value.available_at, right->value.available_at);
	return sign != 0 ? sign : COMPARE(left->value.seq, right->value.seq);
}

void hf__outbox_orders_init(struct hf__outbox_queue *queue)
{
	hf__order_init(&queue->ready, ready_compare);
	for (unsigned place = HF_OUTBOX_QUEUED; place < HF__OUTBOX_PLACES; place++)
		hf__order_init(&queue->line[place], line_compare);
}

static struct hf__outbox_item *earlier(struct hf__outbox_item *a, struct hf__outbox_item *b)
{
	if (!a || !b)
		return a ? a : b;
	return a->value.seq < b->value.seq ? a : b;
}

static struct hf__outbox_item *line_next(const struct hf__order *line, uint64_t after, int64_t low, int64_t high)
{
	const struct hf__order_filter filter = {.low = low, .high = high};
	return hf__outbox_of_line(hf__order_pass(hf__order_after(line, line_probe, &after), &filter));
}

struct hf__outbox_item *hf__outbox_walk(const struct hf__outbox_queue *queue, enum hf_outbox_status status, int64_t now, uint64_t after)
{
	const bool any = status == HF_OUTBOX_ANY;
	struct hf__outbox_item *next = NULL;
	if (any || status == HF_OUTBOX_QUEUED)
		next = line_next(&queue->line[HF_OUTBOX_QUEUED], after, INT64_MIN, INT64_MAX);
	if (any || status == HF_OUTBOX_FAILED)
		next = earlier(next, line_next(&queue->line[HF_OUTBOX_FAILED], after, INT64_MIN, INT64_MAX));
	/* Of those that stand with the sending, the ones whose lease is over are queued. */
	if (any || (status == HF_OUTBOX_SENDING && now < INT64_MAX))
		next = earlier(next, line_next(&queue->line[HF_OUTBOX_SENDING], after, any ? INT64_MIN : now + 1, INT64_MAX));
	if (status == HF_OUTBOX_QUEUED)
		next = earlier(next, line_next(&queue->line[HF_OUTBOX_SENDING], after, INT64_MIN, now));
	return next;
}

bool hf__outbox_seq_taken(const struct hf__outbox_queue *queue, uint64_t seq)
{
	/* What is enqueued now is newer than all before. */
	for (unsigned place = HF_OUTBOX_QUEUED; place < HF__OUTBOX_PLACES && seq <= queue->newest_seq; place++) {
		const struct hf__order_node *node = hf__order_seek(&queue->line[place], line_probe, &seq);
		if (node && hf__outbox_of_line(node)->value.seq == seq)
			return true;
	}
	return false;
}

size_t hf__outbox_queue_count(const struct hf__outbox_queue *queue)
{
	size_t count = 0;
	for (unsigned place = HF_OUTBOX_QUEUED; place < HF__OUTBOX_PLACES; place++)
		count += hf__order_count(&queue->line[place]);
	return count;
}
