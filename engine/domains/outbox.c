/* Outboxes: the row of the domain. Job: durable work queues, from which each item is claimed by one worker at a time. Happy path: a
 * mutation (outbox_enqueue.c, outbox_claim.c, outbox_outcome.c) decides what an item is afterwards and writes that as one entry
 * (outbox_entry.c); apply (outbox_apply.c) puts it into the indexes (outbox_state.c); reads walk them (outbox_read.c). What time or
 * a new opening ends, ends as a view first; settle() below logs it later. Failure modes: a body that no mutation wrote is
 * HF_ECORRUPT and changes nothing; no memory leaves what the change did so far to its owner, who undoes it. */
#include "domains/domains.h"
#include "domains/outbox_apply.h"

static int outbox_init(void *raw, const struct hf__domain_env *env)
{
	struct hf__outbox_state *state = raw;
	state->env = *env;
	state->incarnation = UINT64_MAX;
	return hf__outbox_indexes_init(state, env) ? HF_OK : HF_ENOMEM;
}

static void outbox_deinit(void *raw)
{
	struct hf__outbox_state *state = raw;
	struct hf__map_node *next;
	for (struct hf__map_node *node = hf__map_next(&state->items, NULL); node; node = next) {
		next = hf__map_next(&state->items, node);
		hf__object_free(&hf__outbox_of_map(node)->object);
	}
	for (struct hf__map_node *node = hf__map_next(&state->queues, NULL); node; node = next) {
		next = hf__map_next(&state->queues, node);
		hf__object_free(&hf__outbox_queue_of_map(node)->object);
	}
	hf__map_deinit(&state->items);
	hf__map_deinit(&state->queues);
}

static void outbox_opened(void *state, uint64_t first_lsn)
{
	hf__outbox_opened(state, first_lsn);
}

static int64_t outbox_next_ending(const void *raw)
{
	const struct hf__outbox_state *state = raw;
	const struct hf__heap_node *first = hf__heap_first(&state->endings);
	return first ? first->deadline : INT64_MAX;
}

/* Crash: before the entry is durable the claim is over all the same, as a view; the next opening logs it. */
static int outbox_settle(void *raw, struct hf__decision *d, unsigned budget, bool *more)
{
	const struct hf__outbox_state *state = raw;
	for (unsigned i = 0; i < budget && outbox_next_ending(state) <= d->now && state->endings.count > 0; i++) {
		const struct hf__outbox_item *item = hf__outbox_of_ending(hf__heap_first(&state->endings));
		const struct hf__outbox_image image = hf__outbox_image_of(item, HF__OUTBOX_STATE);
		hf__outbox_encode(hf__entry_body(d), HF__OUTBOX_ENDED, &image, false);
		const int rc = hf__emit(d, HF__OUTBOX_ENDED);
		if (rc != HF_OK)
			return rc;
	}
	*more = state->endings.count > 0 && outbox_next_ending(state) <= d->now;
	return HF_OK;
}

const struct hf__domain hf__outbox_domain = {
    .id = HF__DOMAIN_OUTBOX,
    .name = "outbox",
    .state_size = sizeof(struct hf__outbox_state),
    .init = outbox_init,
    .deinit = outbox_deinit,
    .apply = hf__outbox_apply,
    .snapshot = hf__outbox_snapshot,
    .describe = hf__outbox_describe,
    .about = hf__outbox_about,
    .verify = hf__outbox_verify,
    .opened = outbox_opened,
    .settle = outbox_settle,
    .next_ending = outbox_next_ending,
};
