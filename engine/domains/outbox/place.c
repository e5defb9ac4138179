/* Where an item of an outbox stands: the orders of a queue and what is found in them. */
#include <stddef.h>

#include "domains/outbox/outbox.h"
#include "object/prefix.h"

/* --- Orders ----------------------------------------------------------------------------------- */

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

#define ITEM struct hf__outbox_item
#define FIELD(field_kind, member) \
	{ \
		.kind = (field_kind), .offset = offsetof(ITEM, value.member) \
	}
#define SEQ FIELD(HF__FIELD_U64, seq)

static int compare_line(const void *a, const void *b)
{
	return COMPARE(((const ITEM *)a)->value.seq, ((const ITEM *)b)->value.seq);
}

static int compare_due(const void *a, const void *b)
{
	const struct hf__outbox_value *x = &((const ITEM *)a)->value, *y = &((const ITEM *)b)->value;
	const int sign = COMPARE(x->available_at, y->available_at);
	return sign != 0 ? sign : COMPARE(x->seq, y->seq);
}

static int compare_ready(const void *a, const void *b)
{
	const int sign = COMPARE(((const ITEM *)a)->value.priority, ((const ITEM *)b)->value.priority);
	return sign != 0 ? sign : compare_due(a, b);
}

static const struct hf__index_type ready_type;

/* A priority near 0 is one byte. */
static uint64_t prefix_ready(const void *object)
{
	const struct hf__outbox_value *value = &((const ITEM *)object)->value;
	const int32_t priority = value->priority;
	uint64_t prefix;
	if (priority > INT8_MIN && priority < INT8_MAX &&
	    hf__prefix_of_time((uint8_t)(priority - INT8_MIN), value->available_at, &prefix))
		return prefix;
	return hf__prefix_of(&ready_type.fields, object);
}

static int64_t weigh_line(const void *item, uint8_t *tag)
{
	(void)tag;
	return hf__outbox_line_weight(item);
}

static int64_t weigh_ready(const void *item, uint8_t *tag)
{
	(void)tag;
	return ((const ITEM *)item)->value.available_at;
}

/* Positions are of the first field alone: the seq, and available_at. */
static const struct hf__index_type line_type = {
    .fields = {1, {SEQ}}, .compare = compare_line, .weight = weigh_line};
static const struct hf__index_type ready_type = {
    .fields = {3, {FIELD(HF__FIELD_I32, priority), FIELD(HF__FIELD_I64, available_at), SEQ}},
    .compare = compare_ready,
    .prefix = prefix_ready,
    .weight = weigh_ready,
};
static const struct hf__index_type due_type = {
    .fields = {2, {FIELD(HF__FIELD_I64, available_at), SEQ}},
    .compare = compare_due,
};

static int64_t held_since(const struct hf__heap_node *node)
{
	return hf__outbox_of_held(node)->value.enqueued_at;
}

void hf__outbox_orders_init(struct hf__outbox_queue *queue)
{
	struct hf__index_nodes *nodes = queue->state->queues.nodes;
	queue->held.deadline = held_since;
	for (unsigned computed = 0; computed < 2; computed++) {
		hf__index_init(&queue->ready[computed], &ready_type, nodes);
		hf__index_init(&queue->due[computed], &due_type, nodes);
	}
	for (unsigned status = HF_OUTBOX_QUEUED; status < HF__OUTBOX_PLACES; status++)
		hf__index_init(&queue->line[status], &line_type, nodes);
}

void hf__outbox_stand(struct hf__outbox_item *item)
{
	struct hf__outbox_queue *queue = hf__outbox_queue_of(item);
	hf__index_insert(&queue->ready[item->value.computed], item);
	hf__index_insert(&queue->due[item->value.computed], item);
}

void hf__outbox_stand_down(struct hf__outbox_item *item)
{
	struct hf__outbox_queue *queue = hf__outbox_queue_of(item);
	hf__index_remove(&queue->ready[item->value.computed], item);
	hf__index_remove(&queue->due[item->value.computed], item);
}

size_t hf__outbox_due(const struct hf__outbox_queue *queue, bool computed, struct hf__outbox_time t)
{
	const struct hf__index *due = &queue->due[computed];
	const int64_t until = computed ? t.mono : t.now;
	const struct hf__range range = {.index = due, .fields = 1, .at = &until};
	return hf__range_until(&range);
}

int64_t hf__outbox_due_first(const struct hf__outbox_queue *queue, bool computed)
{
	const struct hf__outbox_item *item = hf__index_first_object(&queue->due[computed]);
	return item->value.available_at;
}

static struct hf__outbox_item *first_until(const struct hf__index *ready, int64_t until)
{
	const struct hf__index_filter filter = {.low = INT64_MIN, .high = until};
	return hf__index_object(hf__index_first_pass(ready, &filter));
}

struct hf__outbox_item *hf__outbox_first_ready(const struct hf__outbox_queue *queue,
                                               struct hf__outbox_time t)
{
	struct hf__outbox_item *named = first_until(&queue->ready[false], t.now),
	                       *computed = first_until(&queue->ready[true], t.mono);
	if (!named || !computed)
		return named ? named : computed;
	int sign = COMPARE(named->value.priority, computed->value.priority);
	if (sign == 0)
		sign = COMPARE(named->value.available_at,
		               hf__to_shown(computed->value.available_at, t.setback));
	if (sign == 0)
		sign = COMPARE(named->value.seq, computed->value.seq);
	return sign < 0 ? named : computed;
}

int64_t hf__outbox_next_instant(const struct hf__outbox_queue *queue, struct hf__outbox_time t)
{
	const int64_t named = hf__index_least(&queue->ready[false]),
	              end = hf__index_least(&queue->line[HF_OUTBOX_SENDING]);
	int64_t computed = hf__index_least(&queue->ready[true]);
	if (end < computed)
		computed = end;
	computed = hf__to_shown(computed, t.setback);
	return named < computed ? named : computed;
}

int64_t hf__outbox_next_end(const struct hf__outbox_queue *queue, struct hf__outbox_time t)
{
	const struct hf__index *line = &queue->line[HF_OUTBOX_SENDING];
	const struct hf__index_filter held = hf__index_above(t.mono);
	int64_t next = INT64_MAX;
	/* The least of those to come: what is over has less. */
	for (struct hf__index_at at = hf__index_first_pass(line, &held); at.leaf;
	     at = hf__index_pass(line, hf__index_next(at), &held)) {
		const int64_t end = hf__outbox_end_of(hf__index_object(at));
		if (end < next)
			next = end;
	}
	return hf__to_shown(next, t.setback);
}

struct hf__outbox_item *hf__outbox_first_over(const struct hf__outbox_queue *queue,
                                              struct hf__outbox_time t)
{
	const struct hf__index_filter over = {.low = INT64_MIN, .high = t.mono};
	return hf__index_object(hf__index_first_pass(&queue->line[HF_OUTBOX_SENDING], &over));
}

struct hf__outbox_item *hf__outbox_next_over(const struct hf__outbox_item *item,
                                             struct hf__outbox_time t)
{
	const struct hf__index_filter over = {.low = INT64_MIN, .high = t.mono};
	const struct hf__index *line = &hf__outbox_queue_of(item)->line[HF_OUTBOX_SENDING];
	const struct hf__index_at at = hf__index_next(hf__index_find(line, item));
	return hf__index_object(hf__index_pass(line, at, &over));
}

/* --- Walking ---------------------------------------------------------------------------------- */

/* From `at` on, the first whose view the walk wants. Among the sending the claims that are over
 * are skipped in one step if only held ones are wanted; else each is looked at: they are few, since
 * upkeep logs them. */
static struct hf__index_at walk_pass(const struct hf__outbox_walk *walk, struct hf__index_at at,
                                     enum hf_outbox_status line)
{
	const struct hf__index *order = &walk->queue->line[line];
	if (line != HF_OUTBOX_SENDING || walk->status == HF_OUTBOX_ANY)
		return at;
	const bool held = walk->status == HF_OUTBOX_SENDING;
	if (held && walk->t.mono == INT64_MAX)
		return (struct hf__index_at){0};
	const struct hf__index_filter filter = {.low = held ? walk->t.mono + 1 : INT64_MIN,
	                                        .high = held ? INT64_MAX : walk->t.mono};
	at = hf__index_pass(order, at, &filter);
	while (at.leaf && hf__outbox_status(hf__index_object(at), walk->t) != walk->status)
		at = hf__index_pass(order, hf__index_next(at), &filter);
	return at;
}

void hf__outbox_walk_begin(struct hf__outbox_walk *walk, const struct hf__outbox_queue *queue,
                           enum hf_outbox_status status, struct hf__outbox_time t, uint64_t after)
{
	*walk = (struct hf__outbox_walk){.t = t, .status = status, .queue = queue};
	for (enum hf_outbox_status line = HF_OUTBOX_QUEUED; line < HF__OUTBOX_PLACES; line++)
		if (status == HF_OUTBOX_ANY || line == status || line == HF_OUTBOX_SENDING)
			walk->at[line] = walk_pass(walk, hf__index_after(&queue->line[line], &after, 1), line);
}

struct hf__outbox_item *hf__outbox_walk_next(struct hf__outbox_walk *walk)
{
	struct hf__outbox_item *first = NULL;
	enum hf_outbox_status of = HF_OUTBOX_ANY;
	for (enum hf_outbox_status line = HF_OUTBOX_QUEUED; line < HF__OUTBOX_PLACES; line++) {
		struct hf__outbox_item *item = hf__index_object(walk->at[line]);
		if (!item || (first && item->value.seq > first->value.seq))
			continue;
		first = item;
		of = line;
	}
	if (first)
		walk->at[of] = walk_pass(walk, hf__index_next(walk->at[of]), of);
	return first;
}

bool hf__outbox_seq_taken(const struct hf__outbox_queue *queue, uint64_t seq)
{
	/* What is enqueued now is newer than all before. */
	for (unsigned line = HF_OUTBOX_QUEUED; line < HF__OUTBOX_PLACES && seq <= queue->newest_seq;
	     line++) {
		const struct hf__outbox_item *item =
		    hf__index_object(hf__index_seek(&queue->line[line], &seq, 1));
		if (item && item->value.seq == seq)
			return true;
	}
	return false;
}

size_t hf__outbox_queue_count(const struct hf__outbox_queue *queue)
{
	size_t count = 0;
	for (unsigned line = HF_OUTBOX_QUEUED; line < HF__OUTBOX_PLACES; line++)
		count += hf__index_count(&queue->line[line]);
	return count;
}
