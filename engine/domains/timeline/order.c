/* The orders of a timeline's events: how they compare, and walks of a range in either direction.
 * All are compared by one routine that follows a table of fields. What a filter selects is one
 * range of one view, so its size is the difference of two ranks. */
#include "domains/timeline/timeline.h"

enum field { BY_TIME, BY_ID, BY_TYPE, BY_SUBJECT };

#define FIELDS_MAX 4u

struct view {
	unsigned count;
	enum field fields[FIELDS_MAX];
};

static const struct view views[HF__TIMELINE_VIEWS] = {
    [HF__TIMELINE_BY_TIME] = {2, {BY_TIME, BY_ID}},
    [HF__TIMELINE_BY_SUBJECT] = {3, {BY_SUBJECT, BY_TIME, BY_ID}},
    [HF__TIMELINE_BY_TYPE] = {3, {BY_TYPE, BY_TIME, BY_ID}},
    [HF__TIMELINE_BY_PAIR] = {4, {BY_SUBJECT, BY_TYPE, BY_TIME, BY_ID}},
    [HF__TIMELINE_BY_ID] = {1, {BY_ID}},
};

/* --- From nodes to objects -------------------------------------------------------------------- */

struct hf__timeline *hf__timeline_of_map(const struct hf__map_node *node)
{
	return (struct hf__timeline *)((uintptr_t)node - offsetof(struct hf__timeline, node));
}

struct hf__timeline *hf__timeline_of_order(const struct hf__index_node *node)
{
	return (struct hf__timeline *)((uintptr_t)node - offsetof(struct hf__timeline, by_name));
}

struct hf__timeline_event *hf__timeline_event_of(const struct hf__index_node *node,
                                                 enum hf__timeline_view view)
{
	return (struct hf__timeline_event *)((uintptr_t)(node - view) -
	                                     offsetof(struct hf__timeline_event, nodes));
}

struct hf__timeline *hf__timeline_event_timeline(const struct hf__timeline_event *event)
{
	return (struct hf__timeline *)(void *)event->object.container;
}

struct hf_bytes hf__timeline_name(const struct hf__timeline *timeline)
{
	return hf_bytes_of(timeline->name, timeline->len);
}

size_t hf__timeline_total(const struct hf__timeline *timeline)
{
	return hf__index_count(&timeline->views[HF__TIMELINE_BY_ID]);
}

struct hf__timeline_position hf__timeline_event_position(const struct hf__timeline_event *event)
{
	return (struct hf__timeline_position){
	    .happened_at = event->value.happened_at,
	    .id = hf_bytes_of(event->text, event->id_len),
	    .type = hf_bytes_of(event->text + event->id_len, event->type_len),
	    .subject = hf_bytes_of(event->text + event->id_len + event->type_len, event->subject_len),
	};
}

/* --- Orders ----------------------------------------------------------------------------------- */

static int compare_field(enum field field, const struct hf__timeline_position *a,
                         const struct hf__timeline_position *b)
{
	switch (field) {
	case BY_TIME:
		return (a->happened_at > b->happened_at) - (a->happened_at < b->happened_at);
	case BY_ID:
		return hf__bytes_compare(a->id, b->id);
	case BY_TYPE:
		return hf__bytes_compare(a->type, b->type);
	case BY_SUBJECT:
		return hf__bytes_compare(a->subject, b->subject);
	}
	return 0;
}

static int compare_positions(enum hf__timeline_view view, unsigned fields,
                             const struct hf__timeline_position *a,
                             const struct hf__timeline_position *b)
{
	for (unsigned i = 0; i < fields && i < views[view].count; i++) {
		const int order = compare_field(views[view].fields[i], a, b);
		if (order)
			return order;
	}
	return 0;
}

static int compare_in(enum hf__timeline_view view, const struct hf__index_node *a,
                      const struct hf__index_node *b)
{
	const struct hf__timeline_position at =
	    hf__timeline_event_position(hf__timeline_event_of(a, view));
	const struct hf__timeline_position bt =
	    hf__timeline_event_position(hf__timeline_event_of(b, view));
	return compare_positions(view, FIELDS_MAX, &at, &bt);
}

static int compare_by_time(const struct hf__index_node *a, const struct hf__index_node *b)
{
	return compare_in(HF__TIMELINE_BY_TIME, a, b);
}

static int compare_by_subject(const struct hf__index_node *a, const struct hf__index_node *b)
{
	return compare_in(HF__TIMELINE_BY_SUBJECT, a, b);
}

static int compare_by_type(const struct hf__index_node *a, const struct hf__index_node *b)
{
	return compare_in(HF__TIMELINE_BY_TYPE, a, b);
}

static int compare_by_pair(const struct hf__index_node *a, const struct hf__index_node *b)
{
	return compare_in(HF__TIMELINE_BY_PAIR, a, b);
}

static int compare_by_id(const struct hf__index_node *a, const struct hf__index_node *b)
{
	return compare_in(HF__TIMELINE_BY_ID, a, b);
}

void hf__timeline_orders_init(struct hf__index orders[HF__TIMELINE_VIEWS])
{
	static const hf__index_compare compares[HF__TIMELINE_VIEWS] = {
	    [HF__TIMELINE_BY_TIME] = compare_by_time, [HF__TIMELINE_BY_SUBJECT] = compare_by_subject,
	    [HF__TIMELINE_BY_TYPE] = compare_by_type, [HF__TIMELINE_BY_PAIR] = compare_by_pair,
	    [HF__TIMELINE_BY_ID] = compare_by_id,
	};
	for (unsigned i = 0; i < HF__TIMELINE_VIEWS; i++)
		hf__index_init(&orders[i], compares[i]);
}

/* --- Ranges ----------------------------------------------------------------------------------- */

static int probe_bound(const struct hf__index_node *node, const void *key)
{
	const struct hf__timeline_bound *bound = key;
	const struct hf__timeline_position at =
	    hf__timeline_event_position(hf__timeline_event_of(node, bound->view));
	return compare_positions(bound->view, bound->fields, &at, &bound->at);
}

static struct hf__timeline_event *in_range(const struct hf__index_node *node,
                                           const struct hf__timeline_bound *range)
{
	return node && probe_bound(node, range) == 0 ? hf__timeline_event_of(node, range->view) : NULL;
}

/* The last node before `node`; the last of all for NULL. */
static const struct hf__index_node *node_before(const struct hf__index *order,
                                                const struct hf__index_node *node)
{
	return node ? hf__index_prev(node) : hf__index_last(order);
}

struct hf__timeline_event *hf__timeline_event_first(const struct hf__timeline *timeline,
                                                    const struct hf__timeline_bound *range,
                                                    bool ascending,
                                                    const struct hf__timeline_position *after)
{
	const struct hf__index *order = &timeline->views[range->view];
	struct hf__timeline_bound exact = *range;
	if (after) {
		exact.fields = FIELDS_MAX;
		exact.at = *after;
	}
	if (ascending)
		return in_range(after ? hf__index_after(order, probe_bound, &exact)
		                      : hf__index_seek(order, probe_bound, range),
		                range);
	return in_range(node_before(order, after ? hf__index_seek(order, probe_bound, &exact)
	                                         : hf__index_after(order, probe_bound, range)),
	                range);
}

struct hf__timeline_event *hf__timeline_event_next(const struct hf__timeline_event *event,
                                                   const struct hf__timeline_bound *range,
                                                   bool ascending)
{
	const struct hf__index_node *node = &event->nodes[range->view];
	return in_range(ascending ? hf__index_next(node) : hf__index_prev(node), range);
}

static size_t rank_or_count(const struct hf__index *order, const struct hf__index_node *node)
{
	return node ? hf__index_rank(node) : hf__index_count(order);
}

size_t hf__timeline_event_count_before(const struct hf__timeline *timeline,
                                       const struct hf__timeline_bound *range)
{
	const struct hf__index *order = &timeline->views[range->view];
	return rank_or_count(order, hf__index_seek(order, probe_bound, range));
}

size_t hf__timeline_event_count(const struct hf__timeline *timeline,
                                const struct hf__timeline_bound *range)
{
	const struct hf__index *order = &timeline->views[range->view];
	return rank_or_count(order, hf__index_after(order, probe_bound, range)) -
	       hf__timeline_event_count_before(timeline, range);
}
