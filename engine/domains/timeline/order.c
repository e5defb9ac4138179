/* The orders of a timeline's events, and what an event says of itself. What a filter selects is
 * one range of one view, so its size is the difference of two ranks. */
#include "domains/timeline/timeline.h"

#define EVENT struct hf__timeline_event
#define POSITION struct hf__timeline_position
#define TIME HF__FIELD(HF__FIELD_I64, EVENT, value.happened_at, POSITION, happened_at)
#define ID HF__PART(EVENT, text, lens, 0, POSITION, id)
#define TYPE HF__PART(EVENT, text, lens, 1, POSITION, type)
#define SUBJECT HF__PART(EVENT, text, lens, 2, POSITION, subject)

/* All events of a type begin alike there. */
static int compare_by_type(const void *a, const void *b)
{
	const EVENT *x = a, *y = b;
	const uint8_t *x_type = x->text + x->lens[0], *y_type = y->text + y->lens[0];
	int sign =
	    hf__field_compare_bytes(hf_bytes_of(x_type, x->lens[1]), hf_bytes_of(y_type, y->lens[1]));
	if (sign == 0)
		sign = (x->value.happened_at > y->value.happened_at) -
		       (x->value.happened_at < y->value.happened_at);
	return sign ? sign
	            : hf__field_compare_bytes(hf_bytes_of(x->text, x->lens[0]),
	                                      hf_bytes_of(y->text, y->lens[0]));
}

const struct hf__index_type hf__timeline_views[HF__TIMELINE_VIEWS] = {
    [HF__TIMELINE_BY_TIME] = {.fields = {2, {TIME, ID}}},
    [HF__TIMELINE_BY_SUBJECT] = {.fields = {3, {SUBJECT, TIME, ID}}},
    [HF__TIMELINE_BY_TYPE] = {.fields = {3, {TYPE, TIME, ID}}, .compare = compare_by_type},
    [HF__TIMELINE_BY_PAIR] = {.fields = {4, {SUBJECT, TYPE, TIME, ID}}},
    [HF__TIMELINE_BY_ID] = {.fields = {1, {ID}}},
};

struct hf__timeline *hf__timeline_event_timeline(const struct hf__timeline_event *event)
{
	return (struct hf__timeline *)(void *)event->object.container;
}

size_t hf__timeline_total(const struct hf__timeline *timeline)
{
	return hf__index_count(&timeline->views[HF__TIMELINE_BY_ID]);
}

int64_t hf__timeline_until(const struct hf__timeline *timeline)
{
	return hf__timeline_total(timeline) > 0 ? INT64_MAX : INT64_MIN;
}

struct hf__timeline_position hf__timeline_event_position(const struct hf__timeline_event *event)
{
	struct hf__timeline_position at;
	hf__fields_position(&hf__timeline_views[HF__TIMELINE_BY_PAIR].fields, event, &at);
	return at;
}
