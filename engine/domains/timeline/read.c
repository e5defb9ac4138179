/* Reading timelines. A query is one range of one order, the one that begins with the fields that
 * its filter names, and within the range events are in the order of the contract, walked from
 * either end. A page is walked twice, once to count and once to fill, so that its items lie in
 * one piece; how many match in all is known from ranks. */
#include "domains/common/read.h"
#include "domains/timeline/timeline.h"

/* What a filter selects. */
struct selection {
	const struct hf__timeline *timeline; /* NULL: never written to; then nothing matches */
	struct hf__timeline_bound range;
};

struct walk {
	const struct hf_timeline_query_args *args;
	struct hf_bytes name; /* of the timeline, in the answer's memory */
	struct selection selection;
	uint64_t query;
	/* Found: */
	const struct hf__timeline_event *first;
	size_t count;
	bool more;
};

/* --- One event -------------------------------------------------------------------------------- */

/* `timeline` lies in the answer already. */
static int copy_event(struct hf__query *q, const struct hf__timeline_event *event,
                      struct hf_bytes timeline, bool with_payload, struct hf_timeline_event *out)
{
	const struct hf__timeline_position at = hf__timeline_event_position(event);
	out->key.timeline = timeline;
	out->happened_at = at.happened_at;
	out->version = event->value.version;
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
	const struct hf__timeline *timeline = hf__timeline_find(q->state, key->timeline);
	const struct hf__timeline_event *event = hf__timeline_event_find(timeline, key->id);
	if (event) {
		hf__query_depends(q, &event->object);
		const int rc = hf__answer_bytes(q->answer, key->timeline, &name);
		return rc == HF_OK ? copy_event(q, event, name, true, &got->event) : rc;
	}
	hf__query_depends(q, hf__timeline_depends(q->state, timeline, key->timeline));
	hf__text_add(&q->why, "there is no ");
	hf__timeline_add_name(&q->why, key->timeline, key->id);
	return HF_ENOTFOUND;
}

static const struct hf__reading get_reading = {HF__DOMAIN_TIMELINE, read_one,
                                               sizeof(struct hf_timeline_got),
                                               offsetof(struct hf_timeline_got, memory)};

int hf_timeline_get(hf_store *store, const struct hf_timeline_key *key, unsigned flags,
                    struct hf_timeline_got *out, struct hf_error *error)
{
	HF__CALL;
	return hf__read_into(store, &get_reading, key, flags, out, error);
}

/* --- Filters ---------------------------------------------------------------------------------- */

/* The view that begins with the fields that are given; what it goes on with is the order of the
 * contract. */
static struct hf__timeline_bound range_of(bool by_subject, bool by_type)
{
	if (by_subject && by_type)
		return (struct hf__timeline_bound){.view = HF__TIMELINE_BY_PAIR, .fields = 2};
	if (by_subject)
		return (struct hf__timeline_bound){.view = HF__TIMELINE_BY_SUBJECT, .fields = 1};
	if (by_type)
		return (struct hf__timeline_bound){.view = HF__TIMELINE_BY_TYPE, .fields = 1};
	return (struct hf__timeline_bound){.view = HF__TIMELINE_BY_TIME, .fields = 0};
}

static int select_events(struct hf__query *q, const struct hf_timeline_filter *filter,
                         struct selection *out)
{
	if (!hf__timeline_part_ok("timeline", filter->timeline, false, &q->why) ||
	    !hf__timeline_part_ok("subject", filter->subject, true, &q->why) ||
	    !hf__timeline_part_ok("type", filter->type, true, &q->why))
		return HF_EINVAL;
	out->timeline = hf__timeline_find(q->state, filter->timeline);
	hf__query_depends(q, hf__timeline_depends(q->state, out->timeline, filter->timeline));
	out->range = range_of(filter->by_subject || filter->subject.len > 0, filter->type.len > 0);
	out->range.at.subject = filter->subject;
	out->range.at.type = filter->type;
	return HF_OK;
}

static uint64_t count_selected(const struct selection *selection)
{
	return selection->timeline ? hf__timeline_event_count(selection->timeline, &selection->range)
	                           : 0;
}

static int read_count(struct hf__query *q, const void *filter, void *out)
{
	uint64_t *count = out;
	struct selection selection;
	const int rc = select_events(q, filter, &selection);
	if (rc == HF_OK)
		*count = count_selected(&selection);
	return rc;
}

static const struct hf__reading count_reading = {HF__DOMAIN_TIMELINE, read_count, sizeof(uint64_t),
                                                 0};

int hf_timeline_count(hf_store *store, const struct hf_timeline_filter *args, unsigned flags,
                      uint64_t *out, struct hf_error *error)
{
	HF__CALL;
	return hf__read_into(store, &count_reading, args, flags, out, error);
}

/* --- Pages ------------------------------------------------------------------------------------ */

/* Ties the token to the query and keeps the name for the items. */
static int plan(struct hf__query *q, struct walk *walk)
{
	struct hf__writer w = {0};
	int rc = select_events(q, &walk->args->filter, &walk->selection);
	if (rc != HF_OK)
		return rc;
	hf__put_short(&w, hf_str("timeline query"));
	hf__put_u8(&w, walk->args->ascending);
	hf__put_u8(&w, (uint8_t)walk->selection.range.view);
	hf__put_short(&w, walk->args->filter.timeline);
	hf__put_short(&w, walk->selection.range.at.subject);
	hf__put_short(&w, walk->selection.range.at.type);
	walk->query = hf__query_hash(&w);
	rc = w.bad ? HF_ENOMEM : HF_OK;
	hf__writer_deinit(&w);
	return rc == HF_OK ? hf__answer_bytes(q->answer, walk->args->filter.timeline, &walk->name) : rc;
}

/* A position is time and id of the last item, so that the walk goes on behind it even when it is
 * gone by then; subject and type are the filter's. */
static int get_position(struct hf__query *q, const struct walk *walk, struct hf_bytes bytes,
                        struct hf__timeline_position *out)
{
	struct hf__reader r = hf__reader(bytes);
	*out = walk->selection.range.at;
	out->happened_at = hf__get_i64(&r);
	out->id = hf__get_short(&r);
	if (hf__reader_done(&r))
		return HF_OK;
	hf__text_add(&q->why, "the page token is damaged");
	return HF_EINVAL;
}

static int put_token(struct hf__query *q, const struct walk *walk,
                     const struct hf__timeline_event *last, struct hf_timeline_page *out)
{
	if (!walk->more)
		return HF_OK;
	struct hf__writer w = {0};
	const struct hf__timeline_position at = hf__timeline_event_position(last);
	hf__put_i64(&w, at.happened_at);
	hf__put_short(&w, at.id);
	const int rc =
	    w.bad ? HF_ENOMEM
	          : hf__page_token(q->answer, walk->query, hf_bytes_of(w.data, w.len), &out->next);
	hf__writer_deinit(&w);
	return rc;
}

/* Finds the page: its first event, how many it has, whether more follow. */
static int find_page(struct hf__query *q, struct walk *walk)
{
	struct hf__page page;
	struct hf__timeline_position after;
	const struct hf_timeline_query_args *args = walk->args;
	int rc = hf__page_open(q->answer, args->page, walk->query, &page);
	if (rc == HF_EINVAL)
		hf__text_add(&q->why, "the page token is damaged or belongs to another query");
	const bool resumed = rc == HF_OK && page.after.len > 0;
	if (resumed)
		rc = get_position(q, walk, page.after, &after);
	if (rc != HF_OK || !walk->selection.timeline)
		return rc;
	walk->first = hf__timeline_event_first(walk->selection.timeline, &walk->selection.range,
	                                       args->ascending, resumed ? &after : NULL);
	const struct hf__timeline_event *event = walk->first;
	for (walk->count = 0; event && (args->limit == 0 || walk->count < args->limit); walk->count++)
		event = hf__timeline_event_next(event, &walk->selection.range, args->ascending);
	walk->more = event != NULL;
	return HF_OK;
}

static int fill_page(struct hf__query *q, const struct walk *walk, struct hf_timeline_page *out)
{
	struct hf_timeline_event *items = hf__answer_alloc(q->answer, walk->count * sizeof *items);
	if (!items)
		return HF_ENOMEM;
	const struct hf__timeline_event *event = walk->first, *last = NULL;
	for (size_t i = 0; i < walk->count; i++) {
		const int rc = copy_event(q, event, walk->name, !walk->args->without_payload, &items[i]);
		if (rc != HF_OK)
			return rc;
		last = event;
		event = hf__timeline_event_next(event, &walk->selection.range, walk->args->ascending);
	}
	out->items = items;
	out->count = walk->count;
	out->total = count_selected(&walk->selection);
	return put_token(q, walk, last, out);
}

static int read_page(struct hf__query *q, const void *args, void *out)
{
	struct walk walk = {.args = args};
	int rc = plan(q, &walk);
	if (rc == HF_OK)
		rc = find_page(q, &walk);
	return rc == HF_OK ? fill_page(q, &walk, out) : rc;
}

static const struct hf__reading query_reading = {HF__DOMAIN_TIMELINE, read_page,
                                                 sizeof(struct hf_timeline_page),
                                                 offsetof(struct hf_timeline_page, memory)};

int hf_timeline_query(hf_store *store, const struct hf_timeline_query_args *args, unsigned flags,
                      struct hf_timeline_page *out, struct hf_error *error)
{
	HF__CALL;
	return hf__read_into(store, &query_reading, args, flags, out, error);
}

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
	const struct hf__timeline_event *newest =
	    hf__timeline_event_first(all.timeline, &all.range, false, NULL);
	if (newest)
		*latest = newest->value.happened_at;
	return HF_OK;
}

static const struct hf__reading latest_reading = {HF__DOMAIN_TIMELINE, read_latest, sizeof(hf_time),
                                                  0};

int hf_timeline_latest_at(hf_store *store, struct hf_bytes timeline, unsigned flags, hf_time *out,
                          struct hf_error *error)
{
	HF__CALL;
	const int rc = hf__read_into(store, &latest_reading, &timeline, flags, out, error);
	if (rc != HF_OK)
		*out = HF_UNSET;
	return rc;
}

static const struct hf__index *order_of(const void *state)
{
	return &((const struct hf__timeline_state *)state)->by_name;
}

static struct hf_bytes name_of(const struct hf__index_node *node)
{
	return hf__timeline_name(hf__timeline_of_order(node));
}

static const struct hf__object *root_of(const void *state)
{
	return &((const struct hf__timeline_state *)state)->root;
}

int hf_timeline_names(hf_store *store, const struct hf_names_args *args, unsigned flags,
                      struct hf_name_page *out, struct hf_error *error)
{
	HF__CALL;
	static const struct hf__names timelines = {.domain = HF__DOMAIN_TIMELINE,
	                                           .operation = "timelines",
	                                           .order = order_of,
	                                           .name = name_of,
	                                           .root = root_of};
	return hf__names_list(store, &timelines, args, flags, out, error);
}
