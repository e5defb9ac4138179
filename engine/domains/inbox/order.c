/* The orders of an inbox's records: how they compare, and steps within a range that pass over
 * what was not asked for. All are compared by one routine that follows a table of fields. */
#include "domains/inbox/inbox.h"

enum field { BY_CLASS, BY_SNAPSHOT, BY_SCORE, BY_ACCOUNT, BY_THREAD };

#define FIELDS_MAX 5u

struct view {
	unsigned count;
	enum field fields[FIELDS_MAX];
};

static const struct view views[HF__INBOX_VIEWS] = {
    [HF__INBOX_IN_LOAD_ORDER] = {5, {BY_CLASS, BY_SNAPSHOT, BY_SCORE, BY_ACCOUNT, BY_THREAD}},
    [HF__INBOX_BY_ACCOUNT] = {5, {BY_CLASS, BY_ACCOUNT, BY_SNAPSHOT, BY_SCORE, BY_THREAD}},
    [HF__INBOX_BY_KEY] = {2, {BY_ACCOUNT, BY_THREAD}},
};

/* What callers see: no class. */
static const struct view load_order = {4, {BY_SNAPSHOT, BY_SCORE, BY_ACCOUNT, BY_THREAD}};

/* --- From nodes to objects -------------------------------------------------------------------- */

struct hf__inbox *hf__inbox_of_map(const struct hf__map_node *node)
{
	return (struct hf__inbox *)((uintptr_t)node - offsetof(struct hf__inbox, node));
}

struct hf__record *hf__record_of_map(const struct hf__map_node *node)
{
	return (struct hf__record *)((uintptr_t)node - offsetof(struct hf__record, node));
}

struct hf__inbox *hf__inbox_of_order(const struct hf__index_node *node)
{
	return (struct hf__inbox *)((uintptr_t)node - offsetof(struct hf__inbox, by_user));
}

struct hf__record *hf__record_of(const struct hf__index_node *node, enum hf__inbox_view view)
{
	return (struct hf__record *)((uintptr_t)(node - view) - offsetof(struct hf__record, nodes));
}

struct hf__inbox *hf__record_inbox(const struct hf__record *record)
{
	return (struct hf__inbox *)(void *)record->object.container;
}

struct hf_bytes hf__inbox_user(const struct hf__inbox *inbox)
{
	return hf_bytes_of(inbox->user, inbox->len);
}

struct hf_bytes hf__record_account(const struct hf__record *record)
{
	return hf_bytes_of(record->text, record->account_len);
}

struct hf_bytes hf__record_thread(const struct hf__record *record)
{
	return hf_bytes_of(record->text + record->account_len, record->thread_len);
}

struct hf__inbox_position hf__record_position(const struct hf__record *record)
{
	return (struct hf__inbox_position){
	    .class = hf__record_class(record),
	    .snapshot_at = record->value.snapshot_at,
	    .score = record->value.score,
	    .account = hf__record_account(record),
	    .thread = hf__record_thread(record),
	};
}

struct hf__inbox_image hf__record_image(const struct hf__record *record)
{
	const struct hf__record_value *value = &record->value;
	return (struct hf__inbox_image){
	    .unread = value->unread,
	    .dismissed = value->dismissed,
	    .score = value->score,
	    .updated_at = value->updated_at,
	    .snapshot_at = value->snapshot_at,
	    .seen_at = value->seen_at,
	    .read_at = value->read_at,
	    .dismissed_at = value->dismissed_at,
	    .snoozed_until = value->snoozed_until,
	    .saved = value->saved == value->version ? 0 : value->saved,
	};
}

uint8_t hf__record_class(const struct hf__record *record)
{
	return (uint8_t)(record->value.unread | record->value.dismissed << 1);
}

uint8_t hf__record_tag(const struct hf__record *record)
{
	return (uint8_t)(1u << hf__record_class(record));
}

size_t hf__inbox_total(const struct hf__inbox *inbox)
{
	return hf__index_count(&inbox->views[HF__INBOX_BY_KEY]);
}

/* --- Orders ----------------------------------------------------------------------------------- */

static int compare_field(enum field field, const struct hf__inbox_position *a,
                         const struct hf__inbox_position *b)
{
	switch (field) {
	case BY_CLASS:
		return (a->class > b->class) - (a->class < b->class);
	case BY_SNAPSHOT: /* newest first; HF_UNSET is the smallest value, so it comes last */
		return (a->snapshot_at < b->snapshot_at) - (a->snapshot_at > b->snapshot_at);
	case BY_SCORE:
		return hf__score_compare(b->score, a->score); /* highest first */
	case BY_ACCOUNT:
		return hf__bytes_compare(a->account, b->account);
	case BY_THREAD:
		return hf__bytes_compare(a->thread, b->thread);
	}
	return 0;
}

static int compare_positions(const struct view *view, unsigned fields,
                             const struct hf__inbox_position *a, const struct hf__inbox_position *b)
{
	for (unsigned i = 0; i < fields && i < view->count; i++) {
		const int order = compare_field(view->fields[i], a, b);
		if (order)
			return order;
	}
	return 0;
}

int hf__record_compare_load(const struct hf__record *a, const struct hf__record *b)
{
	const struct hf__inbox_position at = hf__record_position(a), bt = hf__record_position(b);
	return compare_positions(&load_order, FIELDS_MAX, &at, &bt);
}

static int compare_in(enum hf__inbox_view view, const struct hf__index_node *a,
                      const struct hf__index_node *b)
{
	const struct hf__inbox_position at = hf__record_position(hf__record_of(a, view));
	const struct hf__inbox_position bt = hf__record_position(hf__record_of(b, view));
	return compare_positions(&views[view], FIELDS_MAX, &at, &bt);
}

static int compare_in_load_order(const struct hf__index_node *a, const struct hf__index_node *b)
{
	return compare_in(HF__INBOX_IN_LOAD_ORDER, a, b);
}

static int compare_by_account(const struct hf__index_node *a, const struct hf__index_node *b)
{
	return compare_in(HF__INBOX_BY_ACCOUNT, a, b);
}

static int compare_by_key(const struct hf__index_node *a, const struct hf__index_node *b)
{
	return compare_in(HF__INBOX_BY_KEY, a, b);
}

static const hf__index_compare compares[HF__INBOX_VIEWS] = {
    [HF__INBOX_IN_LOAD_ORDER] = compare_in_load_order,
    [HF__INBOX_BY_ACCOUNT] = compare_by_account,
    [HF__INBOX_BY_KEY] = compare_by_key,
};

static int probe_bound(const struct hf__index_node *node, const void *key)
{
	const struct hf__inbox_bound *bound = key;
	const struct hf__inbox_position at = hf__record_position(hf__record_of(node, bound->view));
	return compare_positions(&views[bound->view], bound->fields, &at, &bound->at);
}

/* From `node` on, the first that passes; NULL when that is beyond the range. */
static struct hf__record *pass(const struct hf__index_node *node,
                               const struct hf__inbox_bound *range)
{
	const struct hf__index_filter filter = {
	    .low = INT64_MIN, .high = range->bounded ? range->most : INT64_MAX, .tags = range->tags};
	node = hf__index_pass(node, &filter);
	return node && probe_bound(node, range) == 0 ? hf__record_of(node, range->view) : NULL;
}

struct hf__record *hf__record_first(const struct hf__inbox *inbox,
                                    const struct hf__inbox_bound *range,
                                    const struct hf__inbox_position *after)
{
	const struct hf__index *order = &inbox->views[range->view];
	if (!after)
		return pass(hf__index_seek(order, probe_bound, range), range);
	struct hf__inbox_bound exact = {.view = range->view, .fields = FIELDS_MAX, .at = *after};
	exact.at.class = range->at.class;
	return pass(hf__index_after(order, probe_bound, &exact), range);
}

struct hf__record *hf__record_next(const struct hf__record *record,
                                   const struct hf__inbox_bound *range)
{
	return pass(hf__index_next(&record->nodes[range->view]), range);
}

struct hf__record *hf__record_beyond(const struct hf__inbox *inbox,
                                     const struct hf__inbox_bound *range)
{
	struct hf__index_node *node = hf__index_after(&inbox->views[range->view], probe_bound, range);
	return node ? hf__record_of(node, range->view) : NULL;
}

/* --- Backwards, and counting ------------------------------------------------------------------ */

static struct hf__record *within(const struct hf__index_node *node,
                                 const struct hf__inbox_bound *range)
{
	return node && probe_bound(node, range) == 0 ? hf__record_of(node, range->view) : NULL;
}

struct hf__record *hf__record_last(const struct hf__inbox *inbox,
                                   const struct hf__inbox_bound *range)
{
	const struct hf__index *order = &inbox->views[range->view];
	const struct hf__index_node *beyond = hf__index_after(order, probe_bound, range);
	return within(beyond ? hf__index_prev(beyond) : hf__index_last(order), range);
}

struct hf__record *hf__record_prev(const struct hf__record *record,
                                   const struct hf__inbox_bound *range)
{
	return within(hf__index_prev(&record->nodes[range->view]), range);
}

size_t hf__records_up_to(const struct hf__inbox *inbox, const struct hf__inbox_bound *range)
{
	const struct hf__index *order = &inbox->views[range->view];
	const struct hf__index_node *beyond = hf__index_after(order, probe_bound, range);
	return beyond ? hf__index_rank(beyond) : hf__index_count(order);
}

void hf__inbox_orders_init(struct hf__index orders[HF__INBOX_VIEWS])
{
	for (unsigned i = 0; i < HF__INBOX_VIEWS; i++)
		hf__index_init(&orders[i], compares[i]);
}
