/* Reads one state: figures of every queue, claims, the number of locks. */
#include "look/look.h"

#include <stdlib.h>
#include <time.h>

enum { NAMES_A_PAGE = 512 };

static int no_memory(struct hf_error *error)
{
	*error = (struct hf_error){.code = HF_ENOMEM, .text = "there is no memory for another look"};
	return HF_ENOMEM;
}

/* Takes the memory over in every case. */
static int keep(struct look_state *state, struct hf_memory *memory, struct hf_error *error)
{
	struct hf_memory **kept = reallocarray(state->kept, state->kept_count + 1, sizeof *state->kept);
	if (!kept) {
		hf_release(memory);
		return no_memory(error);
	}
	state->kept = kept;
	state->kept[state->kept_count++] = memory;
	return HF_OK;
}

/* --- Queues ----------------------------------------------------------------------------------- */

static void add_up(struct look_totals *totals, const struct hf_outbox_stats *stats)
{
	totals->ready += stats->ready;
	totals->delayed += stats->delayed;
	totals->blocked += stats->blocked;
	totals->sending += stats->sending.items;
	totals->failed += stats->failed.items;
	totals->paused += stats->paused;
	if (stats->oldest_due != HF_UNSET &&
	    (totals->oldest_due == HF_UNSET || stats->oldest_due < totals->oldest_due))
		totals->oldest_due = stats->oldest_due;
}

static int add_queues(hf_store *store, struct look_state *state, const struct hf_name_page *page,
                      struct hf_error *error)
{
	struct look_queue *queues =
	    reallocarray(state->queues, state->queue_count + page->count + 1, sizeof *queues);
	if (!queues)
		return no_memory(error);
	state->queues = queues;
	for (size_t i = 0; i < page->count; i++) {
		struct look_queue *queue = &state->queues[state->queue_count];
		*queue = (struct look_queue){.name = page->items[i]};
		const int rc = hf_outbox_get_stats(store, queue->name, 0, &queue->stats, error);
		if (rc != HF_OK)
			return rc;
		add_up(&state->totals, &queue->stats);
		state->queue_count++;
	}
	return HF_OK;
}

static int collect_queues(hf_store *store, struct look_state *state, struct hf_error *error)
{
	struct hf_names_args args = {.limit = NAMES_A_PAGE};
	state->totals.oldest_due = HF_UNSET;
	do {
		struct hf_name_page page = {0};
		int rc = hf_outbox_names(store, &args, 0, &page, error);
		if (rc == HF_OK)
			rc = keep(state, page.memory, error);
		if (rc == HF_OK)
			rc = add_queues(store, state, &page, error);
		if (rc != HF_OK)
			return rc;
		args.page = page.next;
	} while (args.page && state->queue_count < LOOK_QUEUES_MAX);
	state->more_queues = args.page != NULL;
	return HF_OK;
}

/* --- Claims ----------------------------------------------------------------------------------- */

/* Tokens grow with the grants: the smallest was granted first. */
static int compare_claims(const void *a, const void *b)
{
	const struct look_claim *left = a, *right = b;
	return (left->token > right->token) - (left->token < right->token);
}

static int claims_of(hf_store *store, struct look_state *state, struct hf_bytes queue,
                     struct hf_error *error)
{
	const struct hf_outbox_list_args args = {.queue = queue,
	                                         .status = HF_OUTBOX_SENDING,
	                                         .without_payload = true,
	                                         .limit = LOOK_CLAIMS_MAX - state->claim_count};
	struct hf_outbox_items items = {0};
	int rc = hf_outbox_list(store, &args, 0, &items, error);
	if (rc == HF_OK)
		rc = keep(state, items.memory, error);
	for (size_t i = 0; rc == HF_OK && i < items.count; i++) {
		const struct hf_outbox_item *item = &items.items[i];
		state->claims[state->claim_count++] = (struct look_claim){.queue = queue,
		                                                          .id = item->id,
		                                                          .owner = item->owner,
		                                                          .token = item->token,
		                                                          .lease_until = item->lease_until,
		                                                          .at = HF_UNSET};
	}
	if (rc == HF_OK)
		state->more_claims = state->more_claims || items.next;
	return rc;
}

static int collect_claims(hf_store *store, struct look_state *state, struct hf_error *error)
{
	int rc = HF_OK;
	state->claims = calloc(LOOK_CLAIMS_MAX, sizeof *state->claims);
	if (!state->claims)
		return no_memory(error);
	for (size_t i = 0; rc == HF_OK && i < state->queue_count; i++) {
		if (state->queues[i].stats.sending.items == 0)
			continue;
		if (state->claim_count < LOOK_CLAIMS_MAX)
			rc = claims_of(store, state, state->queues[i].name, error);
		else
			state->more_claims = true;
	}
	qsort(state->claims, state->claim_count, sizeof *state->claims, compare_claims);
	return rc;
}

static int collect_locks(hf_store *store, struct look_state *state, struct hf_error *error)
{
	struct hf_lock_stats stats = {0};
	const int rc = hf_lock_get_stats(store, 0, &stats, error);
	state->locks = stats.held;
	return rc;
}

/* --- All of it -------------------------------------------------------------------------------- */

int look_collect(hf_store *store, struct look_state *out, struct hf_error *error)
{
	struct timespec now = {0};
	int rc = hf_get_info(store, &out->info, error);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	out->wall = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	out->clock = out->info.clock;
	if (rc == HF_OK)
		rc = collect_queues(store, out, error);
	if (rc == HF_OK)
		rc = collect_claims(store, out, error);
	return rc == HF_OK ? collect_locks(store, out, error) : rc;
}

void look_free(struct look_state *state)
{
	for (size_t i = 0; i < state->kept_count; i++)
		hf_release(state->kept[i]);
	free(state->kept);
	free(state->queues);
	free(state->claims);
	*state = (struct look_state){0};
}
