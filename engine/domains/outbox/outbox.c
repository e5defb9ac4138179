/* Outboxes: the row of the domain. Job: durable work queues, from which each item is claimed by
 * one worker at a time. Happy path: a mutation (outbox/enqueue.c, outbox_claim.c,
 * claim/outcome.c) decides what an item is afterwards and writes that as one entry
 * (outbox/entry.c); apply (outbox/apply.c) puts it into the indexes (outbox/state.c); reads walk
 * them (outbox/read.c). What time or a new opening ends, ends as a view first; settle() below
 * logs it later. Failure modes: a body that no mutation wrote is HF_ECORRUPT and changes
 * nothing; no memory leaves what the change did so far to its owner, which undoes it. */
#include "domains/common/domains.h"
#include "domains/common/objects.h"
#include "domains/outbox/verb.h"

static int outbox_init(void *raw, const struct hf__domain_env *env)
{
	struct hf__outbox_state *state = raw;
	state->env = *env;
	state->incarnation = UINT64_MAX;
	state->fading.deadline = hf__outbox_done_until;
	return hf__outbox_indexes_init(state, env) &&
	               hf__map_init(&state->done, hf__outbox_done_hash, env->hash_key)
	           ? HF_OK
	           : HF_ENOMEM;
}

static void outbox_deinit(void *raw)
{
	struct hf__outbox_state *state = raw;
	hf__objects_free(&state->items);
	hf__objects_free(&state->done);
	hf__map_deinit(&state->groups); /* empty: a group is gone with its last item */
	hf__containers_deinit(state);
}

static int64_t outbox_next_ending(const void *raw, int64_t setback)
{
	const struct hf__outbox_state *state = raw;
	const int64_t claim = hf__first_ending(&state->endings), id = hf__first_ending(&state->fading);
	return hf__to_shown(claim < id ? claim : id, setback);
}

/* Crash: before the entry is durable the claim is over all the same, as a view; the next opening
 * logs it. */
static int log_over(struct hf__decision *d, const struct hf__heap_node *due)
{
	return hf__outbox_end(d, hf__outbox_of_ending(due));
}

static int log_faded(struct hf__decision *d, const struct hf__heap_node *due)
{
	return hf__outbox_fade(d, hf__outbox_done_of_fading(due));
}

static int outbox_settle(void *raw, struct hf__decision *d, unsigned budget, bool *more)
{
	const struct hf__outbox_state *state = raw;
	*more = false;
	const int rc = hf__settle_heap(&state->endings, d->mono, d, &budget, more, log_over);
	return rc == HF_OK ? hf__settle_heap(&state->fading, d->mono, d, &budget, more, log_faded) : rc;
}

const struct hf__domain hf__outbox_domain = {
    .id = HF__DOMAIN_OUTBOX,
    .name = "outbox",
    .kinds = hf__outbox_kinds,
    .api = &hf__api_outbox_part,
    .state_size = sizeof(struct hf__outbox_state),
    .init = outbox_init,
    .deinit = outbox_deinit,
    .apply = hf__outbox_apply,
    .expect = hf__outbox_expect,
    .shelf = hf__outbox_shelf,
    .in_containers = true,
    .show = hf__outbox_show,
    .show_container = hf__outbox_show_queue,
    .describe = hf__outbox_describe,
    .about = hf__outbox_about,
    .concerns = hf__outbox_concerns,
    .verify = hf__outbox_verify,
    .removed = hf__containers_removed,
    .opened = hf__outbox_opened,
    .settle = outbox_settle,
    .next_ending = outbox_next_ending,
    .figures = &hf__outbox_figures,
    .objects = hf__outbox_objects,
};
