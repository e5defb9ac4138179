/* What can be done to a timeline: append an event, let the oldest go, let all go. Each mutation
 * writes at most one entry; what it looked at is what its answer waits for, refusals and
 * "nothing to do" included. */
#include "domains/common/objects.h"
#include "domains/common/verb.h"
#include "domains/timeline/timeline.h"

/* What a mutation of one event found. */
struct found {
	const struct hf__timeline *timeline; /* NULL: never written to */
	const struct hf__timeline_event *event; /* NULL: none */
};

/* --- Form ------------------------------------------------------------------------------------- */

/* Of operations on many events. */
static int check_many(const struct hf_write *write, struct hf_bytes timeline, struct hf__text *why)
{
	if (write->expect != 0)
		return hf__refuse(why, HF_EINVAL, "expect must be 0: many events have no single version");
	return hf__timeline_part_ok("timeline", timeline, false, why) ? HF_OK : HF_EINVAL;
}

static int retain_check(const void *raw, struct hf__text *why)
{
	const struct hf_timeline_retain_args *args = raw;
	if (args->max_age_us < 0)
		return hf__refuse(why, HF_EINVAL, "max_age_us must not be below 0");
	return check_many(&args->write, args->timeline, why);
}

static int clear_check(const void *raw, struct hf__text *why)
{
	const struct hf_timeline_clear_args *args = raw;
	return check_many(&args->write, args->timeline, why);
}

/* --- One event -------------------------------------------------------------------------------- */

/* Finds the event, notes that the answer depends on it, and compares its version with the
 * expected one. */
static int look(const struct hf__timeline_state *s, struct hf__decision *d,
                const struct hf_write *write, const struct hf_timeline_key *key,
                struct found *found)
{
	found->timeline = hf__container_find(s, key->timeline);
	found->event = hf__timeline_event_find(found->timeline, key->id);
	if (found->event)
		hf__depends(d, &found->event->object);
	else
		hf__depends(d, hf__container_depends(s, found->timeline, key->timeline));
	const int rc = hf__expect(d, write->expect, found->event ? found->event->object.changed : 0);
	if (rc != HF_OK) {
		hf__text_add(&d->why, ": ");
		hf__timeline_add_name(&d->why, key->timeline, key->id);
	}
	return rc;
}

/* Did the caller say when it happened? */
static bool dated(const struct hf_timeline_append_args *args)
{
	return hf__given(&args->write, args->happened_at) != HF_UNSET;
}

/* What of the event is other than what is appended; NULL: nothing. */
static const char *difference(const struct hf__timeline_state *s,
                              const struct hf__timeline_event *event,
                              const struct hf_timeline_append_args *args)
{
	const struct hf__timeline_position at = hf__timeline_event_position(event);
	if (!hf__bytes_equal(at.type, args->type))
		return "type";
	if (!hf__bytes_equal(at.subject, args->subject))
		return "subject";
	if (dated(args) && at.happened_at != args->happened_at)
		return "happened_at";
	return hf__payload_equal(&s->env, &event->value.payload, args->payload) ? NULL : "payload";
}

static int repeat(const struct hf__timeline_state *s, struct hf__decision *d,
                  const struct hf__timeline_event *event,
                  const struct hf_timeline_append_args *args, struct hf_result *result)
{
	const char *other = difference(s, event, args);
	if (!other) {
		result->version = event->object.changed;
		return HF_OK;
	}
	hf__text_add(&d->why, "is there with another %s: ", other);
	hf__timeline_add_name(&d->why, args->key.timeline, args->key.id);
	return HF_ECONFLICT;
}

static int append_decide(void *state, struct hf__decision *d, const void *raw,
                         struct hf_result *result)
{
	const struct hf_timeline_append_args *args = raw;
	struct found found;
	const int rc = look(state, d, &args->write, &args->key, &found);
	if (rc != HF_OK)
		return rc;
	if (found.event)
		return repeat(state, d, found.event, args, result);
	const struct hf__timeline_event_image image = {
	    .cause = HF__TIMELINE_APPEND,
	    .timeline = args->key.timeline,
	    .at = {.happened_at = dated(args) ? args->happened_at : d->stamp,
	           .id = args->key.id,
	           .type = args->type,
	           .subject = args->subject},
	};
	hf__changed(result, hf__next_lsn(d));
	struct hf__writer *body = hf__entry_body(d);
	hf__timeline_put_event(body, &image);
	hf__put_long(body, args->payload);
	return hf__emit(d, HF__TIMELINE_EVENT);
}

static int guard_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf_timeline_guard_args *args = raw;
	struct found found;
	const int rc = look(state, d, &args->write, &args->key, &found);
	if (rc == HF_OK && found.event)
		result->version = found.event->object.changed;
	return rc;
}

/* --- Many events ------------------------------------------------------------------------------ */

/* Lets the `count` oldest ones go. They have to be removed one by one anyway: walking to the
 * last of them costs no more. */
static int cut(struct hf__decision *d, const struct hf__timeline *timeline,
               enum hf__timeline_cause cause, size_t count, struct hf_result *result)
{
	if (count == 0)
		return HF_OK;
	const struct hf__index *by_time = &timeline->views[HF__TIMELINE_BY_TIME];
	struct hf__index_at at = hf__index_first(by_time);
	for (size_t i = 1; i < count; i++)
		at = hf__index_next(at);
	const struct hf__timeline_event *last = hf__index_object(at);
	const struct hf__timeline_cut what = {
	    .cause = cause,
	    .timeline = hf__container_name(timeline),
	    .count = count,
	    .happened_at = last->value.happened_at,
	    .id = hf__timeline_event_position(last).id,
	};
	result->changed = true;
	result->count = count;
	hf__timeline_put_cut(hf__entry_body(d), &what);
	return hf__emit(d, HF__TIMELINE_CUT);
}

/* The oldest happened_at that is young enough; events are never at HF_UNSET. */
static int64_t oldest_allowed(int64_t now, int64_t max_age_us)
{
	return now < HF_UNSET + 1 + max_age_us ? HF_UNSET + 1 : now - max_age_us;
}

/* How many lie beyond either bound: O(log n). */
static size_t count_beyond(const struct hf__timeline *timeline,
                           const struct hf_timeline_retain_args *args, int64_t now)
{
	const size_t total = hf__timeline_total(timeline);
	size_t count = 0;
	if (args->max_events > 0 && args->max_events < total)
		count = total - (size_t)args->max_events;
	if (args->max_age_us == 0)
		return count;
	const struct hf__timeline_position at = {.happened_at = oldest_allowed(now, args->max_age_us)};
	const struct hf__range young = {
	    .index = &timeline->views[HF__TIMELINE_BY_TIME], .fields = 1, .at = &at};
	const size_t old = hf__range_before(&young);
	return old > count ? old : count;
}

static int retain_decide(void *state, struct hf__decision *d, const void *raw,
                         struct hf_result *result)
{
	const struct hf_timeline_retain_args *args = raw;
	const struct hf__timeline *timeline = hf__look_in(state, d, args->timeline);
	if (!timeline)
		return HF_OK;
	const size_t count =
	    count_beyond(timeline, args, hf__given_or(&args->write, args->now, d->now));
	if (!args->dry_run)
		return cut(d, timeline, HF__TIMELINE_RETAIN, count, result);
	result->count = count;
	return HF_OK;
}

static int clear_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf_timeline_clear_args *args = raw;
	const struct hf__timeline *timeline = hf__look_in(state, d, args->timeline);
	return timeline ? cut(d, timeline, HF__TIMELINE_CLEAR, hf__timeline_total(timeline), result)
	                : HF_OK;
}

/* --- Public ----------------------------------------------------------------------------------- */

HF__MUTATION(hf_timeline_append, timeline_append_args, hf__run, "timeline append",
             HF__DOMAIN_TIMELINE, .decide = append_decide, .giving = &hf__timeline_append_giving);
HF__MUTATION(hf_timeline_retain, timeline_retain_args, hf__run, "timeline retain",
             HF__DOMAIN_TIMELINE, .check = retain_check, .decide = retain_decide);
HF__MUTATION(hf_timeline_clear, timeline_clear_args, hf__run, "timeline clear", HF__DOMAIN_TIMELINE,
             .check = clear_check, .decide = clear_decide);
HF__MUTATION(hf_timeline_guard, timeline_guard_args, hf__guard_version, "timeline guard",
             HF__DOMAIN_TIMELINE, .decide = guard_decide, .giving = &hf__timeline_giving);
