/* The orders of cursors: how they compare, and walks of a range.
 *
 * Four of them depend on the key only and are entered at birth; the two for lag depend on
 * last_sequence too and are left and entered around every change. All of them are compared by
 * one routine that follows a table of fields. */
#include "domains/cursor/cursor.h"

enum field {
	BY_CONSUMER = HF__CONSUMER,
	BY_STREAM = HF__STREAM,
	BY_SUBJECT = HF__SUBJECT,
	BY_SEQUENCE
};

#define FIELDS_MAX 4u

struct view {
	unsigned count;
	enum field fields[FIELDS_MAX];
};

static const struct view views[HF__CURSOR_VIEWS] = {
    [HF__CURSOR_BY_STREAM] = {3, {BY_STREAM, BY_SUBJECT, BY_CONSUMER}},
    [HF__CURSOR_BY_CONSUMER] = {3, {BY_CONSUMER, BY_STREAM, BY_SUBJECT}},
    [HF__CURSOR_BY_SUBJECT] = {3, {BY_SUBJECT, BY_STREAM, BY_CONSUMER}},
    [HF__CURSOR_BY_CONSUMER_SUBJECT] = {3, {BY_CONSUMER, BY_SUBJECT, BY_STREAM}},
    [HF__CURSOR_SLOWEST_ON_SUBJECT] = {4, {BY_STREAM, BY_SUBJECT, BY_SEQUENCE, BY_CONSUMER}},
    [HF__CURSOR_SLOWEST] = {4, {BY_STREAM, BY_SEQUENCE, BY_SUBJECT, BY_CONSUMER}},
};

/* --- From nodes to objects -------------------------------------------------------------------- */

struct hf__cursor *hf__cursor_of_map(const struct hf__map_node *node)
{
	return (struct hf__cursor *)((uintptr_t)node - offsetof(struct hf__cursor, node));
}

struct hf__stream *hf__stream_of_map(const struct hf__map_node *node)
{
	return (struct hf__stream *)((uintptr_t)node - offsetof(struct hf__stream, node));
}

struct hf__cursor *hf__cursor_of(const struct hf__index_node *node, enum hf__cursor_view view)
{
	return (struct hf__cursor *)((uintptr_t)(node - view) - offsetof(struct hf__cursor, nodes));
}

struct hf__stream *hf__cursor_stream(const struct hf__cursor *cursor)
{
	return (struct hf__stream *)(void *)cursor->object.container;
}

struct hf__cursor_position hf__cursor_position_of(const struct hf__cursor *cursor)
{
	const struct hf__stream *stream = hf__cursor_stream(cursor);
	struct hf__cursor_position position = {.sequence = cursor->value.last_sequence};
	position.part[HF__CONSUMER] = hf_bytes_of(cursor->text, cursor->consumer_len);
	position.part[HF__STREAM] = hf_bytes_of(stream->name, stream->len);
	position.part[HF__SUBJECT] =
	    hf_bytes_of(cursor->text + cursor->consumer_len, cursor->subject_len);
	return position;
}

struct hf__cursor_image hf__cursor_image_of(const struct hf__cursor *cursor)
{
	const struct hf__cursor_value *value = &cursor->value;
	return (struct hf__cursor_image){
	    .last_sequence = value->last_sequence,
	    .delivery_id = hf__blob_bytes(value->delivery_id),
	    .last_delivered_at = value->last_delivered_at,
	    .last_error = hf__blob_bytes(value->last_error),
	    .error_count = value->error_count,
	    .updated_at = value->updated_at,
	    .reset_reason = hf__blob_bytes(value->reset_reason),
	    .reset_at = value->reset_at,
	};
}

/* --- Orders ----------------------------------------------------------------------------------- */

static int compare_field(enum field field, const struct hf__cursor_position *a,
                         const struct hf__cursor_position *b)
{
	if (field == BY_SEQUENCE)
		return (a->sequence > b->sequence) - (a->sequence < b->sequence);
	return hf__bytes_compare(a->part[field], b->part[field]);
}

int hf__cursor_compare(enum hf__cursor_view view, unsigned fields,
                       const struct hf__cursor_position *a, const struct hf__cursor_position *b)
{
	for (unsigned i = 0; i < fields && i < views[view].count; i++) {
		const int order = compare_field(views[view].fields[i], a, b);
		if (order)
			return order;
	}
	return 0;
}

/* As compare_field, of cursors in the index: most of what an opening costs is here, and cursors
 * of one stream share its name. */
static int compare_cursors(enum field field, const struct hf__cursor *a, const struct hf__cursor *b)
{
	switch (field) {
	case BY_SEQUENCE:
		return (a->value.last_sequence > b->value.last_sequence) -
		       (a->value.last_sequence < b->value.last_sequence);
	case BY_STREAM:
		if (a->object.container == b->object.container)
			return 0;
		return hf__bytes_compare(
		    hf_bytes_of(hf__cursor_stream(a)->name, hf__cursor_stream(a)->len),
		    hf_bytes_of(hf__cursor_stream(b)->name, hf__cursor_stream(b)->len));
	case BY_SUBJECT:
		if ((a->subject_len | b->subject_len) == 0)
			return 0;
		return hf__bytes_compare(hf_bytes_of(a->text + a->consumer_len, a->subject_len),
		                         hf_bytes_of(b->text + b->consumer_len, b->subject_len));
	default:
		return hf__bytes_compare(hf_bytes_of(a->text, a->consumer_len),
		                         hf_bytes_of(b->text, b->consumer_len));
	}
}

static int compare_in(enum hf__cursor_view view, const struct hf__index_node *a,
                      const struct hf__index_node *b)
{
	const struct hf__cursor *x = hf__cursor_of(a, view), *y = hf__cursor_of(b, view);
	for (unsigned i = 0; i < views[view].count; i++) {
		const int order = compare_cursors(views[view].fields[i], x, y);
		if (order)
			return order;
	}
	return 0;
}

static int compare_by_stream(const struct hf__index_node *a, const struct hf__index_node *b)
{
	return compare_in(HF__CURSOR_BY_STREAM, a, b);
}

static int compare_by_consumer(const struct hf__index_node *a, const struct hf__index_node *b)
{
	return compare_in(HF__CURSOR_BY_CONSUMER, a, b);
}

static int compare_by_subject(const struct hf__index_node *a, const struct hf__index_node *b)
{
	return compare_in(HF__CURSOR_BY_SUBJECT, a, b);
}

static int compare_by_consumer_subject(const struct hf__index_node *a,
                                       const struct hf__index_node *b)
{
	return compare_in(HF__CURSOR_BY_CONSUMER_SUBJECT, a, b);
}

static int compare_slowest_on_subject(const struct hf__index_node *a,
                                      const struct hf__index_node *b)
{
	return compare_in(HF__CURSOR_SLOWEST_ON_SUBJECT, a, b);
}

static int compare_slowest(const struct hf__index_node *a, const struct hf__index_node *b)
{
	return compare_in(HF__CURSOR_SLOWEST, a, b);
}

static const hf__index_compare compares[HF__CURSOR_VIEWS] = {
    [HF__CURSOR_BY_STREAM] = compare_by_stream,
    [HF__CURSOR_BY_CONSUMER] = compare_by_consumer,
    [HF__CURSOR_BY_SUBJECT] = compare_by_subject,
    [HF__CURSOR_BY_CONSUMER_SUBJECT] = compare_by_consumer_subject,
    [HF__CURSOR_SLOWEST_ON_SUBJECT] = compare_slowest_on_subject,
    [HF__CURSOR_SLOWEST] = compare_slowest,
};

static int probe_bound(const struct hf__index_node *node, const void *key)
{
	const struct hf__cursor_bound *bound = key;
	const struct hf__cursor_position at = hf__cursor_position_of(hf__cursor_of(node, bound->view));
	return hf__cursor_compare(bound->view, bound->fields, &at, &bound->at);
}

static struct hf__cursor *in_range(const struct hf__index_node *node,
                                   const struct hf__cursor_bound *range)
{
	return node && probe_bound(node, range) == 0 ? hf__cursor_of(node, range->view) : NULL;
}

struct hf__cursor *hf__cursor_first(const struct hf__cursor_state *state,
                                    const struct hf__cursor_bound *range,
                                    const struct hf__cursor_position *after)
{
	const struct hf__index *order = &state->views[range->view];
	if (!after)
		return in_range(hf__index_seek(order, probe_bound, range), range);
	const struct hf__cursor_bound exact = {range->view, FIELDS_MAX, *after};
	return in_range(hf__index_after(order, probe_bound, &exact), range);
}

struct hf__cursor *hf__cursor_next(const struct hf__cursor *cursor,
                                   const struct hf__cursor_bound *range)
{
	return in_range(hf__index_next(&cursor->nodes[range->view]), range);
}

void hf__cursor_orders_init(struct hf__index orders[HF__CURSOR_VIEWS])
{
	for (unsigned i = 0; i < HF__CURSOR_VIEWS; i++)
		hf__index_init(&orders[i], compares[i]);
}
