/* Timelines and events in memory: how they are found, and how they enter and leave the indexes
 * at birth and removal. Events never change, so nothing happens in between. */
#include "domains/common/objects.h"
#include "domains/timeline/timeline.h"

/* --- Lookups ---------------------------------------------------------------------------------- */

struct hf__timeline_event *hf__timeline_event_find(const struct hf__timeline *timeline,
                                                   struct hf_bytes id)
{
	const struct hf__timeline_position at = {.id = id};
	if (!timeline)
		return NULL;
	const struct hf__range range = {
	    .index = &timeline->views[HF__TIMELINE_BY_ID], .fields = 1, .at = &at};
	return hf__index_object(hf__range_first(&range, NULL));
}

/* --- Objects ---------------------------------------------------------------------------------- */

/* A timeline without events is no state. */
static void list_timeline(struct hf__timeline *timeline)
{
	hf__container_until(timeline, hf__timeline_until(timeline));
}

static void enlist_event(struct hf__object *object)
{
	struct hf__timeline_event *event = (void *)object;
	struct hf__timeline *timeline = hf__timeline_event_timeline(event);
	for (unsigned i = 0; i < HF__TIMELINE_VIEWS; i++)
		hf__index_insert(&timeline->views[i], event);
	timeline->state->events++;
	list_timeline(timeline);
}

static void delist_event(struct hf__object *object)
{
	struct hf__timeline_event *event = (void *)object;
	struct hf__timeline *timeline = hf__timeline_event_timeline(event);
	for (unsigned i = 0; i < HF__TIMELINE_VIEWS; i++)
		hf__index_remove(&timeline->views[i], event);
	timeline->state->events--;
	list_timeline(timeline);
}

static bool timeline_idle(const struct hf__object *object)
{
	return hf__timeline_total((const struct hf__timeline *)(const void *)object) == 0;
}

static const struct hf__type event_type = {
    .name = "event",
    .value_offset = offsetof(struct hf__timeline_event, value),
    .value_size = sizeof(struct hf__timeline_event_value),
    .blob_count = 1,
    .blob_offsets = {offsetof(struct hf__timeline_event, value.payload.bytes)},
    .payload_count = 1,
    .enlist = enlist_event,
    .delist = delist_event,
};

static void timeline_init(void *container, void *state)
{
	struct hf__timeline *timeline = container;
	timeline->state = state;
	for (unsigned i = 0; i < HF__TIMELINE_VIEWS; i++)
		hf__index_init(&timeline->views[i], &hf__timeline_views[i],
		               timeline->state->timelines.nodes);
}

const struct hf__container_type hf__timeline_type = {
    .object = {.name = "timeline",
               .value_offset = offsetof(struct hf__timeline, name),
               HF__CONTAINER(struct hf__timeline),
               .idle = timeline_idle},
    .size = sizeof(struct hf__timeline),
    .by_name = HF__INDEX_OF_NAMES(struct hf__timeline),
    .init = timeline_init,
    .indexes_at = offsetof(struct hf__timeline, views),
    .indexes = HF__TIMELINE_VIEWS,
};

struct hf__timeline_event *hf__timeline_event_new(struct hf__timeline *timeline,
                                                  const struct hf__timeline_position *at)
{
	struct hf__timeline_event *event =
	    hf__small_alloc(sizeof *event + at->id.len + at->type.len + at->subject.len);
	if (!event)
		return NULL;
	hf__object_is(&event->object, &event_type);
	event->object.container = &timeline->head.object;
	event->value.happened_at = at->happened_at;
	event->lens[0] = (uint16_t)at->id.len;
	event->lens[1] = (uint16_t)at->type.len;
	event->lens[2] = (uint16_t)at->subject.len;
	memcpy(event->text, at->id.data, at->id.len);
	memcpy(event->text + at->id.len, at->type.data, at->type.len);
	if (at->subject.len > 0)
		memcpy(event->text + at->id.len + at->type.len, at->subject.data, at->subject.len);
	return event;
}
