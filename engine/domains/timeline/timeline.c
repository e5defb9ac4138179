/* Timelines: the row of the domain. Job: hold append-only histories. Happy path: a mutation
 * decides that an event comes or which ones go (timeline/mutate.c), writes that as one entry
 * (timeline/entry.c), and apply() below puts it into the indexes (timeline/index.c,
 * timeline/order.c); reads walk one range of one index (timeline/read.c). Failure modes: a body
 * that no mutation wrote, or that does not follow from the state it meets, is HF_ECORRUPT and
 * changes nothing; no memory leaves what the change did so far to its owner, which undoes it.
 *
 * I-TIMELINE-1: an event's version is the LSN of its append, and nothing of it ever changes.
 * I-TIMELINE-2: a timeline's events are the same ones in each of its orders. I-TIMELINE-3:
 * events go from the old end only: what a CUT removes is a prefix of the order by time. */
#include "domains/timeline/timeline.h"
#include "domains/common/domains.h"
#include "domains/common/objects.h"

/* --- Life ------------------------------------------------------------------------------------- */

static int timeline_init(void *state, const struct hf__domain_env *env)
{
	((struct hf__timeline_state *)state)->env = *env;
	return hf__containers_init(state, &hf__timeline_type, env->hash_key, env->nodes) ? HF_OK
	                                                                                 : HF_ENOMEM;
}

static void timeline_deinit(void *state)
{
	for (struct hf__timeline *timeline = hf__container_first(state); timeline;
	     timeline = hf__container_next(state, timeline))
		hf__index_drain(&timeline->views[HF__TIMELINE_BY_ID], hf__object_drop);
	hf__containers_deinit(state);
}

/* --- Apply ------------------------------------------------------------------------------------ */

/* Where an opening makes the order by id at its end, it is found then that there are two. */
static bool is_there(const struct hf__timeline *timeline, struct hf_bytes id)
{
	return timeline && !hf__index_is_late(&timeline->views[HF__TIMELINE_BY_ID]) &&
	       hf__timeline_event_find(timeline, id);
}

static int apply_event(struct hf__timeline_state *s, struct hf__change *change,
                       const struct hf__entry *entry)
{
	struct hf__timeline_event_image image;
	if (!hf__timeline_get_event(entry->body, &image))
		return HF_ECORRUPT;
	struct hf__timeline *timeline = hf__container_find(s, image.timeline);
	if (is_there(timeline, image.at.id))
		return HF_ECORRUPT;
	int rc;
	timeline = hf__container_get(s, change, image.timeline, &rc);
	if (!timeline)
		return rc;
	struct hf__timeline_event *event = hf__timeline_event_new(timeline, &image.at);
	if (!event)
		return HF_ENOMEM;
	rc = hf__payload_keep(&s->env, entry, image.payload, &event->value.payload);
	if (rc != HF_OK) {
		hf__small_free(event);
		return rc;
	}
	return hf__change_add(change, &event->object);
}

/* Is it there, and do so many go with it? */
static bool cut_follows(const struct hf__timeline *timeline, const struct hf__timeline_cut *cut)
{
	const struct hf__timeline_event *last = hf__timeline_event_find(timeline, cut->id);
	/* found while its order was made */
	if (!last || last->value.happened_at != cut->happened_at ||
	    hf__index_has_twins(&timeline->views[HF__TIMELINE_BY_ID]))
		return false;
	if (hf__index_rank(&timeline->views[HF__TIMELINE_BY_TIME], last) != cut->count - 1)
		return false;
	return cut->cause != HF__TIMELINE_CLEAR || cut->count == hf__timeline_total(timeline);
}

static int apply_cut(struct hf__timeline_state *s, struct hf__change *change,
                     const struct hf__entry *entry)
{
	struct hf__timeline_cut cut;
	if (!hf__timeline_get_cut(entry->body, &cut))
		return HF_ECORRUPT;
	struct hf__timeline *timeline = hf__container_find(s, cut.timeline);
	if (!cut_follows(timeline, &cut))
		return HF_ECORRUPT;
	int rc = HF_OK;
	for (uint64_t i = 0; i < cut.count && rc == HF_OK; i++) {
		const struct hf__index *by_time = &timeline->views[HF__TIMELINE_BY_TIME];
		rc = hf__change_remove(change, hf__index_first_object(by_time));
	}
	return rc;
}

static int timeline_apply(void *state, struct hf__change *change, const struct hf__entry *entry)
{
	if (entry->lsn == 0)
		return HF_ECORRUPT;
	if (entry->kind == HF__TIMELINE_EVENT)
		return apply_event(state, change, entry);
	if (entry->kind == HF__TIMELINE_CUT)
		return apply_cut(state, change, entry);
	return HF_ECORRUPT;
}

/* --- Snapshot --------------------------------------------------------------------------------- */

static const struct hf__index *timeline_shelf(const void *owner, unsigned i)
{
	return i == 0 ? &((const struct hf__timeline *)owner)->views[HF__TIMELINE_BY_ID] : NULL;
}

static int timeline_show(const void *object, struct hf__emitter *emitter)
{
	const struct hf__timeline_event *event = object;
	const struct hf__timeline_event_image image = {
	    .cause = HF__TIMELINE_STATE,
	    .timeline = hf__container_name(hf__timeline_event_timeline(event)),
	    .at = hf__timeline_event_position(event),
	};
	hf__timeline_put_event(&emitter->body, &image);
	const int rc = hf__show_payload(emitter, &event->value.payload);
	return rc == HF_OK ? emitter->emit(emitter, event->object.changed, HF__TIMELINE_EVENT) : rc;
}

/* --- Verify ----------------------------------------------------------------------------------- */

static int unsound(struct hf__text *why, const char *what, const struct hf__timeline *timeline)
{
	hf__text_add(why, "%s of timeline ", what);
	hf__text_add_quoted(why, hf__container_name(timeline));
	return HF_ECORRUPT;
}

static bool event_sane(const struct hf__timeline *timeline, const struct hf__timeline_event *event)
{
	return event->object.changed != 0 && event->value.happened_at != HF_UNSET &&
	       hf__object_sealed(&event->object) && hf__timeline_event_timeline(event) == timeline &&
	       hf__timeline_event_find(timeline, hf__timeline_event_position(event).id) == event;
}

/* I-TIMELINE-2: sound, strictly ascending, as many as by id, and each of them found by its id. */
static bool view_sane(const struct hf__timeline *timeline, enum hf__timeline_view view)
{
	const struct hf__index *order = &timeline->views[view];
	if (!hf__index_sane(order) || hf__index_count(order) != hf__timeline_total(timeline))
		return false;
	size_t count = 0;
	for (struct hf__index_at at = hf__index_first(order); at.leaf; at = hf__index_next(at), count++)
		if (!event_sane(timeline, hf__index_object(at)))
			return false;
	return count == hf__timeline_total(timeline);
}

static int verify_timeline(const struct hf__timeline_state *s, const struct hf__timeline *timeline,
                           struct hf__text *why)
{
	if (!hf__container_sane(s, timeline, hf__timeline_until(timeline)))
		return unsound(why, "broken seal, map or listing", timeline);
	for (enum hf__timeline_view view = 0; view < HF__TIMELINE_VIEWS; view++)
		if (!view_sane(timeline, view))
			return unsound(why, "broken order", timeline);
	return HF_OK;
}

static int timeline_verify(const void *state, struct hf__text *why)
{
	const bool sound = hf__containers_sane(state);
	for (const struct hf__timeline *timeline = hf__container_first(state); timeline && sound;
	     timeline = hf__container_next(state, timeline)) {
		const int rc = verify_timeline(state, timeline, why);
		if (rc != HF_OK)
			return rc;
	}
	if (sound)
		return HF_OK;
	return hf__refuse(why, HF_ECORRUPT,
	                  "the order of timelines disagrees with the map of timelines");
}

/* --- Figures ---------------------------------------------------------------------------------- */

static const char *timeline_objects(const void *raw, unsigned kind, uint64_t *count)
{
	*count = ((const struct hf__timeline_state *)raw)->events;
	return kind == 0 ? "event" : NULL;
}

const struct hf__domain hf__timeline_domain = {
    .id = HF__DOMAIN_TIMELINE,
    .name = "timeline",
    .kinds = hf__timeline_kinds,
    .api = &hf__api_timeline_part,
    .state_size = sizeof(struct hf__timeline_state),
    .init = timeline_init,
    .deinit = timeline_deinit,
    .apply = timeline_apply,
    .shelf = timeline_shelf,
    .in_containers = true,
    .show = timeline_show,
    .describe = hf__timeline_describe,
    .about = hf__timeline_about,
    .verify = timeline_verify,
    .removed = hf__containers_removed,
    .objects = timeline_objects,
};
