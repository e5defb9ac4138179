/* Reading timelines. A query is one range of one order, the one that begins with the fields that
 * its filter names, and within the range events are in the order of the contract, walked from
 * either end; how many match in all is known from ranks. */
#include "domains/common/read.h"
#include "domains/common/list.h"
#include "domains/common/objects.h"
#include "domains/timeline/timeline.h"

/* What a filter selects. */
struct selection {
	const struct hf__timeline *timeline; /* NULL: never written to; then nothing matches */
	enum hf__timeline_view view;
	struct hf__range range;
	struct hf__timeline_position at; /* of the range */
};

/* --- One event -------------------------------------------------------------------------------- */

/* `timeline` lies in the answer already. */
static int copy_event(struct hf__query *q, const struct hf__timeline_event *event,
                      struct hf_bytes timeline, bool with_payload, struct hf_timeline_event *out)
{
	const struct hf__timeline_position at = hf__timeline_event_position(event);
	out->key.timeline = timeline;
	out->happened_at = at.happened_at;
	out->version = event->object.changed;
	int rc = hf__answer_bytes(q->answer, at.id, &out->key.id);
	if (rc == HF_OK)
		rc = hf__answer_bytes(q->answer, at.type, &out->type);
	if (rc == HF_OK)
		rc = hf__answer_bytes(q->answer, at.subject, &out->subject);
	if (rc != HF_OK || !with_payload)
		return rc;
	return hf__answer_payload(q->answer, &event->value.payload, &out->payload);
}

static int read_one(struct hf__query *q, const void *raw, void *out)
{
	const struct hf_timeline_key *key = raw;
	struct hf_timeline_got *got = out;
	struct hf_bytes name;
	if (!hf__timeline_part_ok("timeline", key->timeline, false, &q->why) ||
	    !hf__timeline_part_ok("id", key->id, false, &q->why))
		return HF_EINVAL;
	const struct hf__timeline *timeline = hf__container_find(q->state, key->timeline);
	const struct hf__timeline_event *event = hf__timeline_event_find(timeline, key->id);
	if (event) {
		hf__query_depends(q, &event->object);
		const int rc = hf__answer_bytes(q->answer, key->timeline, &name);
		return rc == HF_OK ? copy_event(q, event, name, true, &got->event) : rc;
	}
	hf__query_absent(q, hf__container_depends(q->state, timeline, key->timeline));
	hf__text_add(&q->why, "there is no ");
	hf__timeline_add_name(&q->why, key->timeline, key->id);
	return HF_ENOTFOUND;
}

static const void *append_key(const void *raw, struct hf_bytes room[3], struct hf_bytes *sent)
{
	const struct hf_timeline_append_args *args = raw;
	(void)room;
	*sent = args->payload;
	return &args->key;
}

const struct hf__giving hf__timeline_giving = HF__GIVING(timeline_got, read_one, NULL);
const struct hf__giving hf__timeline_append_giving = HF__GIVING(timeline_got, read_one, append_key);

HF__GET(hf_timeline_get, const struct hf_timeline_key *key, key, timeline_got, HF__DOMAIN_TIMELINE,
        read_one);

/* --- Filters ---------------------------------------------------------------------------------- */

/* The view that begins with the fields that are given; what it goes on with is the order of the
 * contract. */
static enum hf__timeline_view view_of(bool by_subject, bool by_type)
{
	if (by_subject)
		return by_type ? HF__TIMELINE_BY_PAIR : HF__TIMELINE_BY_SUBJECT;
	return by_type ? HF__TIMELINE_BY_TYPE : HF__TIMELINE_BY_TIME;
}

static int select_events(struct hf__query *q, const struct hf_timeline_filter *filter,
                         struct selection *out)
{
	if (!hf__timeline_part_ok("timeline", filter->timeline, false, &q->why) ||
	    !hf__timeline_part_ok("subject", filter->subject, true, &q->why) ||
	    !hf__timeline_part_ok("type", filter->type, true, &q->why))
		return HF_EINVAL;
	out->timeline = hf__query_in(q, filter->timeline);
	const bool by_subject = filter->by_subject || filter->subject.len > 0;
	const bool by_type = filter->type.len > 0;
	out->view = view_of(by_subject, by_type);
	out->at = (struct hf__timeline_position){.subject = filter->subject, .type = filter->type};
	out->range = (struct hf__range){.fields = (unsigned)by_subject + by_type, .at = &out->at};
	if (out->timeline)
		out->range.index = &out->timeline->views[out->view];
	return HF_OK;
}

static uint64_t count_selected(const struct selection *selection)
{
	if (!selection->timeline)
		return 0;
	return hf__range_until(&selection->range) - hf__range_before(&selection->range);
}

static int read_count(struct hf__query *q, const void *raw, void *out)
{
	const struct hf_timeline_count_args *args = raw;
	uint64_t *count = out;
	struct selection selection;
	const int rc = select_events(q, &args->filter, &selection);
	if (rc == HF_OK)
		*count = count_selected(&selection);
	return rc;
}

HF__NUMBER(hf_timeline_count, timeline_count_args, HF__DOMAIN_TIMELINE, read_count);

/* --- Pages ------------------------------------------------------------------------------------ */

struct page {
	struct hf_bytes timeline; /* in the answer's memory */
	bool with_payload;
};

static int copy_item(struct hf__query *q, const void *event, void *ctx, void *item)
{
	const struct page *page = ctx;
	return copy_event(q, event, page->timeline, page->with_payload, item);
}

/* A token holds time and id of the last item; subject and type are the filter's. */
static const struct hf__list query_list = {
    .item = sizeof(struct hf_timeline_event),
    .position = sizeof(struct hf__timeline_position),
    .token = {2,
              {{.kind = HF__FIELD_I64, .at = offsetof(struct hf__timeline_position, happened_at)},
               {.kind = HF__FIELD_PART, .at = offsetof(struct hf__timeline_position, id)}}},
    .foreign = HF__FOREIGN_QUERY,
    .damaged = "the page token is damaged",
    .copy = copy_item,
};

static int hash_query(const struct hf_timeline_query_args *args, const struct selection *selection,
                      uint64_t *query)
{
	struct hf__writer w = {0};
	hf__put_short(&w, hf_str("timeline query"));
	hf__put_u8(&w, args->ascending);
	hf__put_u8(&w, (uint8_t)selection->view);
	hf__put_short(&w, args->filter.timeline);
	hf__put_short(&w, selection->at.subject);
	hf__put_short(&w, selection->at.type);
	return hf__query_end(&w, query);
}

static int read_page(struct hf__query *q, const void *raw, void *to)
{
	const struct hf_timeline_query_args *args = raw;
	struct hf_timeline_page *out = to;
	struct selection selection;
	struct page page = {.with_payload = !args->without_payload};
	int rc = select_events(q, &args->filter, &selection);
	if (rc != HF_OK)
		return rc;
	struct hf__listing list = {.list = &query_list,
	                           .ctx = &page,
	                           .page = args->page,
	                           .limit = args->limit,
	                           .range = selection.range};
	list.range.reverse = !args->ascending;
	struct hf__timeline_position after = selection.at;
	if (args->after) {
		after.happened_at = args->after->happened_at;
		after.id = args->after->id;
		list.after = &after;
	}
	rc = hash_query(args, &selection, &list.query);
	if (rc == HF_OK)
		rc = hf__answer_bytes(q->answer, args->filter.timeline, &page.timeline);
	if (rc == HF_OK)
		rc = hf__list_page(q, &list);
	out->items = list.got.items;
	out->count = list.got.count;
	out->next = list.got.next;
	out->total = count_selected(&selection);
	return rc;
}

HF__LIST(hf_timeline_query, timeline_query_args, timeline_page, HF__DOMAIN_TIMELINE, read_page);

/* --- Whole timelines -------------------------------------------------------------------------- */

static int read_latest(struct hf__query *q, const void *raw, void *out)
{
	const struct hf_bytes *name = raw;
	hf_time *latest = out;
	*latest = HF_UNSET;
	const struct hf_timeline_filter filter = {.timeline = *name};
	struct selection all;
	const int rc = select_events(q, &filter, &all);
	if (rc != HF_OK || !all.timeline)
		return rc;
	const struct hf__timeline_event *newest = hf__index_object(hf__index_last(all.range.index));
	if (newest)
		*latest = newest->value.happened_at;
	return HF_OK;
}

static const struct hf__reading latest_reading = {
    .domain = HF__DOMAIN_TIMELINE, .read = read_latest, .size = sizeof(hf_time)};

int hf_timeline_latest_at(hf_store *store, struct hf_bytes timeline, unsigned flags, hf_time *out,
                          struct hf_error *error)
{
	HF__CALL;
	const int rc = hf__read_into(store, &latest_reading, &timeline, flags, out, error);
	if (rc != HF_OK)
		*out = HF_UNSET;
	return rc;
}

HF__NAMES(hf_timeline_names, HF__DOMAIN_TIMELINE, .operation = "timelines");
