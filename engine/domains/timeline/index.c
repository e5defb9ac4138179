/* Timelines and events in memory: how they are found, and how they enter and leave the indexes
 * at birth and removal. Events never change, so nothing happens in between. */
#include "domains/common/container.h"
#include "domains/timeline/timeline.h"

/* --- Lookups ---------------------------------------------------------------------------------- */

static bool timeline_has_name(const struct hf__map_node *node, const void *name)
{
	return hf__bytes_equal(hf__timeline_name(hf__timeline_of_map(node)),
	                       *(const struct hf_bytes *)name);
}

struct hf__timeline *hf__timeline_find(const struct hf__timeline_state *state, struct hf_bytes name)
{
	struct hf__map_node *node = hf__name_find(&state->timelines, name, timeline_has_name);
	return node ? hf__timeline_of_map(node) : NULL;
}

const struct hf__object *hf__timeline_depends(const struct hf__timeline_state *state,
                                              const struct hf__timeline *timeline,
                                              struct hf_bytes name)
{
	return hf__removed_depends(&state->removed, &state->timelines,
	                           timeline ? &timeline->object : NULL, name);
}

struct hf__timeline_event *hf__timeline_event_find(const struct hf__timeline *timeline,
                                                   struct hf_bytes id)
{
	const struct hf__timeline_position at = {.id = id};
	if (!timeline)
		return NULL;
	const struct hf__range range = {
	    .index = &timeline->views[HF__TIMELINE_BY_ID], .fields = 1, .at = &at};
	return hf__index_object(range.index, hf__range_first(&range, NULL));
}

/* --- Objects ---------------------------------------------------------------------------------- */

static void free_memory(struct hf__object *object)
{
	hf__free(object);
}

static void enlist_timeline(struct hf__object *object)
{
	struct hf__timeline *timeline = (struct hf__timeline *)(void *)object;
	hf__name_enlist(HF__NAMED(timeline, timelines), hf__timeline_name(timeline));
}

static void delist_timeline(struct hf__object *object)
{
	struct hf__timeline *timeline = (struct hf__timeline *)(void *)object;
	hf__name_delist(HF__NAMED(timeline, timelines));
}

/* A timeline without events is no state. */
static void list_timeline(struct hf__timeline *timeline)
{
	hf__name_until(&timeline->state->by_name, &timeline->by_name,
	               hf__timeline_total(timeline) > 0 ? INT64_MAX : INT64_MIN);
}

static void enlist_event(struct hf__object *object)
{
	struct hf__timeline_event *event = (struct hf__timeline_event *)(void *)object;
	struct hf__timeline *timeline = hf__timeline_event_timeline(event);
	for (unsigned i = 0; i < HF__TIMELINE_VIEWS; i++)
		hf__index_insert(&timeline->views[i], &event->nodes[i]);
	list_timeline(timeline);
}

static void delist_event(struct hf__object *object)
{
	struct hf__timeline_event *event = (struct hf__timeline_event *)(void *)object;
	struct hf__timeline *timeline = hf__timeline_event_timeline(event);
	for (unsigned i = 0; i < HF__TIMELINE_VIEWS; i++)
		hf__index_remove(&timeline->views[i], &event->nodes[i]);
	list_timeline(timeline);
}

static bool timeline_idle(const struct hf__object *object)
{
	return hf__timeline_total((const struct hf__timeline *)(const void *)object) == 0;
}

static struct hf__object *timeline_number(const struct hf__object *object)
{
	const struct hf__timeline *timeline = (const struct hf__timeline *)(const void *)object;
	return hf__removed_number(timeline->vacancy.home, timeline->node.hash);
}

static const struct hf__type timeline_type = {
    .name = "timeline",
    .value_offset = offsetof(struct hf__timeline, name),
    .enlist = enlist_timeline,
    .delist = delist_timeline,
    .free = free_memory,
    .number = timeline_number,
    .idle = timeline_idle,
    .vacancy_offset = offsetof(struct hf__timeline, vacancy),
};

/* The root holds no value: it is only ever noted as the container of something that changed. */
static const struct hf__type root_type = {.name = "timelines",
                                          .value_offset = sizeof(struct hf__object)};

static const struct hf__type event_type = {
    .name = "event",
    .value_offset = offsetof(struct hf__timeline_event, value),
    .value_size = sizeof(struct hf__timeline_event_value),
    .blob_count = 1,
    .blob_offsets = {offsetof(struct hf__timeline_event, value.payload.bytes)},
    .enlist = enlist_event,
    .delist = delist_event,
    .free = free_memory,
};

struct hf__timeline *hf__timeline_new(struct hf__timeline_state *state, struct hf_bytes name)
{
	struct hf__timeline *timeline = hf__alloc(sizeof *timeline + name.len);
	if (!timeline)
		return NULL;
	timeline->object.type = &timeline_type;
	timeline->object.container = &state->root;
	timeline->state = state;
	timeline->vacancy.home = &state->removed;
	for (unsigned i = 0; i < HF__TIMELINE_VIEWS; i++)
		hf__index_init(&timeline->views[i], &hf__timeline_views[i]);
	timeline->len = (uint16_t)name.len;
	memcpy(timeline->name, name.data, name.len);
	return timeline;
}

struct hf__timeline_event *hf__timeline_event_new(struct hf__timeline *timeline,
                                                  const struct hf__timeline_position *at)
{
	struct hf__timeline_event *event =
	    hf__alloc(sizeof *event + at->id.len + at->type.len + at->subject.len);
	if (!event)
		return NULL;
	event->object.type = &event_type;
	event->object.container = &timeline->object;
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

bool hf__timeline_indexes_init(struct hf__timeline_state *state, const struct hf__domain_env *env)
{
	state->env = *env;
	state->root.type = &root_type;
	hf__removed_init(&state->removed);
	hf__index_init(&state->by_name, &hf__timeline_by_name);
	return hf__map_init(&state->timelines, env->hash_key);
}
