/* What concerns a queue as a whole: configure, pause, resume, clear. */
#include <stddef.h>

#include "domains/common/objects.h"
#include "domains/common/verb.h"
#include "domains/outbox/verb.h"

/* The queue's settings as an entry would hold them; those of a queue that is not there are the
 * defaults. */
static struct hf__outbox_image settings_of(const struct hf__outbox_queue *queue,
                                           struct hf_bytes name, enum hf__outbox_cause cause)
{
	return (struct hf__outbox_image){
	    .cause = cause,
	    .queue = name,
	    .max_attempts = queue ? queue->value.max_attempts : HF_OUTBOX_ATTEMPTS,
	    .max_lost = queue ? queue->value.max_lost : HF_OUTBOX_LOST_MAX,
	    .dedup_window = queue ? queue->value.dedup_window : 0,
	    .dedup_max = queue ? queue->value.dedup_max : HF_OUTBOX_DEDUP_MAX,
	    .paused = queue && queue->value.paused,
	};
}

static int look_at_queue(const struct hf__outbox_state *state, struct hf__decision *d,
                         const struct hf_write *write, struct hf_bytes name,
                         const struct hf__outbox_queue **out, struct hf_result *result)
{
	*out = hf__look_in(state, d, name);
	result->version = *out ? (*out)->value.version : 0;
	return hf__expect(d, write->expect, result->version);
}

/* Settings that are the defaults are none: they have no version, and alone they do not keep the
 * queue. */
static int emit_settings(struct hf__decision *d, const struct hf__outbox_queue *queue,
                         const struct hf__outbox_image *image, struct hf_result *result)
{
	const struct hf__outbox_queue_value value = {
	    .max_attempts = image->max_attempts,
	    .max_lost = image->max_lost,
	    .dedup_window = image->dedup_window,
	    .dedup_max = image->dedup_max,
	    .paused = image->paused,
	    .dropped = queue ? queue->value.dropped : 0, /* cut before, if it was */
	};
	const int rc = hf__outbox_emit(d, HF__OUTBOX_SETTINGS, image, result);
	if (rc == HF_OK && hf__outbox_queue_plain(&value))
		result->version = 0;
	return rc;
}

/* --- Configure -------------------------------------------------------------------------------- */

enum {
	LEAVE_ALL = HF_OUTBOX_LEAVE_MAX_ATTEMPTS | HF_OUTBOX_LEAVE_MAX_LOST |
	            HF_OUTBOX_LEAVE_DEDUP_WINDOW | HF_OUTBOX_LEAVE_DEDUP_MAX
};

/* What goes through the store: `again` as hf__outbox_end_all takes it. */
struct configure {
	struct hf_outbox_configure_args args;
	bool *again;
};

static int configure_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_configure_args *args = raw;
	const int rc = hf__check_part("queue", args->queue, false, why);
	if (rc != HF_OK)
		return rc;
	if (args->leave & ~(uint32_t)LEAVE_ALL)
		return hf__refuse(why, HF_EINVAL, "leave has bits that stand for nothing: %#lx",
		                  (unsigned long)args->leave);
	if (args->leave & HF_OUTBOX_LEAVE_DEDUP_WINDOW)
		return HF_OK;
	return hf__check_span("the dedup window", args->dedup_window_us, why);
}

/* What is asked for, and what is left as it was. */
static void settings_given(const struct hf_outbox_configure_args *args,
                           struct hf__outbox_image *image)
{
	if (!(args->leave & HF_OUTBOX_LEAVE_MAX_ATTEMPTS))
		image->max_attempts = args->max_attempts ? args->max_attempts : HF_OUTBOX_ATTEMPTS;
	if (!(args->leave & HF_OUTBOX_LEAVE_MAX_LOST))
		image->max_lost = args->max_lost ? args->max_lost : HF_OUTBOX_LOST_MAX;
	if (!(args->leave & HF_OUTBOX_LEAVE_DEDUP_WINDOW))
		image->dedup_window = args->dedup_window_us;
	if (!(args->leave & HF_OUTBOX_LEAVE_DEDUP_MAX))
		image->dedup_max = args->dedup_max ? args->dedup_max : HF_OUTBOX_DEDUP_MAX;
}

static int configure_decide(void *state, struct hf__decision *d, const void *raw,
                            struct hf_result *result)
{
	const struct configure *call = raw;
	const struct hf_outbox_configure_args *args = &call->args;
	const struct hf__outbox_queue *queue;
	int rc = look_at_queue(state, d, &args->write, args->queue, &queue, result);
	if (rc != HF_OK)
		return rc;
	const struct hf__outbox_image old = settings_of(queue, args->queue, HF__OUTBOX_CONFIGURE);
	struct hf__outbox_image image = old;
	settings_given(args, &image);
	if (image.max_attempts == old.max_attempts && image.max_lost == old.max_lost &&
	    image.dedup_window == old.dedup_window && image.dedup_max == old.dedup_max)
		return HF_OK;
	/* What has ended has ended by the bound of then. */
	rc = image.max_lost != old.max_lost ? hf__outbox_end_all(d, queue, call->again) : HF_OK;
	if (rc == HF_OK)
		rc = hf__outbox_cut(d, queue, image.dedup_max);
	return rc == HF_OK ? emit_settings(d, queue, &image, result) : rc;
}

static void *configure_copy(struct hf__arena *arena, const void *args)
{
	return hf__outbox_copy_call(arena, args, sizeof(struct configure),
	                            offsetof(struct configure, again), &hf__api_outbox_configure_args);
}

int hf_outbox_configure(hf_store *store, hf_txn *txn, const struct hf_outbox_configure_args *args,
                        struct hf_result *result, struct hf_error *error)
{
	HF__CALL;
	static const struct hf__verb verb = {.name = "outbox configure",
	                                     .domain = HF__DOMAIN_OUTBOX,
	                                     .check = configure_check,
	                                     .decide = configure_decide,
	                                     .copy = configure_copy,
	                                     .takes = &hf__api_outbox_configure_args};
	HF__TAKE(outbox_configure_args, args);
	bool again;
	const struct configure call = {*args, &again};
	return hf__outbox_mutate_ended(store, txn, &verb, &call, &again, result, NULL, 0, error);
}

/* --- Pause and resume ------------------------------------------------------------------------- */

static int pause_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_pause_args *args = raw;
	if (args->wait_us < -1)
		return hf__refuse(why, HF_EINVAL, "the wait must be -1 (forever), 0 or more");
	return hf__check_part("queue", args->queue, false, why);
}

static int set_paused(const struct hf__outbox_state *state, struct hf__decision *d,
                      const struct hf_outbox_pause_args *args, bool paused,
                      struct hf_result *result)
{
	const struct hf__outbox_queue *queue;
	const int rc = look_at_queue(state, d, &args->write, args->queue, &queue, result);
	if (rc != HF_OK)
		return rc;
	struct hf__outbox_image image =
	    settings_of(queue, args->queue, paused ? HF__OUTBOX_PAUSE : HF__OUTBOX_RESUME);
	if (image.paused == paused)
		return HF_OK;
	image.paused = paused;
	return emit_settings(d, queue, &image, result);
}

static int pause_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	return set_paused(state, d, raw, true, result);
}

static int resume_decide(void *state, struct hf__decision *d, const void *raw,
                         struct hf_result *result)
{
	return set_paused(state, d, raw, false, result);
}

/* Refuses while anything of the queue is sending, and waits for that to end. */
static int idle_decide(void *state, struct hf__decision *d, const void *raw,
                       struct hf_result *result)
{
	const struct hf_outbox_pause_args *args = raw;
	const struct hf__outbox_queue *queue = hf__container_find(state, args->queue);
	const struct hf__outbox_time t = HF__OUTBOX_TIME(d);
	size_t held = queue ? hf__index_count(&queue->line[HF_OUTBOX_SENDING]) : 0;
	(void)result;
	hf__depends(d, hf__container_depends(state, queue, args->queue));
	for (const struct hf__outbox_item *item = queue ? hf__outbox_first_over(queue, t) : NULL; item;
	     item = hf__outbox_next_over(item, t))
		held--;
	if (held == 0)
		return HF_OK;
	hf__wait_on_many(d, hf__outbox_next_end(queue, t));
	return hf__refuse(&d->why, HF_ETIMEDOUT,
	                  "the queue is paused, but %zu of its items are still being sent", held);
}

int hf_outbox_pause(hf_store *store, hf_txn *txn, const struct hf_outbox_pause_args *args,
                    struct hf_result *result, struct hf_error *error)
{
	HF__CALL;
	static const struct hf__verb verb = {.name = "outbox pause",
	                                     .domain = HF__DOMAIN_OUTBOX,
	                                     .check = pause_check,
	                                     .decide = pause_decide,
	                                     .takes = &hf__api_outbox_pause_args};
	static const struct hf__verb idle = {.name = "outbox pause",
	                                     .domain = HF__DOMAIN_OUTBOX,
	                                     .check = pause_check,
	                                     .decide = idle_decide,
	                                     .takes = &hf__api_outbox_pause_args};
	HF__TAKE(outbox_pause_args, args);
	if (txn)
		return hf__run_at_once(store, txn, &verb, args, args->wait_us, result, error);
	struct hf_result paused = {0};
	int rc = result ? hf__can_give(&hf__api_result, result, error) : HF_OK;
	if (rc == HF_OK)
		rc = hf__run(store, NULL, &verb, args, &paused, error);
	if (result)
		hf__give_result(result, &paused);
	if (rc != HF_OK || args->wait_us == 0)
		return rc;
	struct hf_outbox_pause_args wait = *args;
	wait.write.expect = 0;
	wait.write.ticket = NULL;
	return hf__mutate_wait(store, &idle, &wait, args->wait_us, NULL, NULL, error);
}

HF__MUTATION(hf_outbox_resume, outbox_pause_args, hf__run, "outbox resume", HF__DOMAIN_OUTBOX,
             .check = pause_check, .decide = resume_decide);

/* --- Clear ------------------------------------------------------------------------------------ */

static int clear_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf_outbox_clear_args *args = raw;
	const struct hf__outbox_queue *queue = hf__look_in(state, d, args->queue);
	const struct hf__outbox_image image = {.queue = args->queue};
	const size_t count = queue ? hf__outbox_queue_count(queue) : 0;
	/* Ids that block no more are gone for everyone, whether or not that was logged: to forget
	 * them would be no change. */
	if (count == 0 && (!queue || !hf__outbox_done_walk(queue, d->mono, 0)))
		return HF_OK;
	result->changed = true;
	result->count = count;
	hf__outbox_encode(hf__entry_body(d), HF__OUTBOX_CLEARED, &image, false);
	return hf__emit(d, HF__OUTBOX_CLEARED);
}

HF__MUTATION(hf_outbox_clear, outbox_clear_args, hf__run_unversioned, "outbox clear",
             HF__DOMAIN_OUTBOX, .decide = clear_decide);
