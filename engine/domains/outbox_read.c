/* Reads of the outbox but lists of items (outbox_list.c): one item, stats, which queues there are. All show views: an item whose claim is over is queued, logged or
 * not. */
#include "domains/outbox_verb.h"

/* --- One item --------------------------------------------------------------------------------------------------------------- */

struct get {
	const struct hf_outbox_key *key;
	struct hf_outbox_item *out;
};

static int read_item(struct hf__query *q, void *raw)
{
	const struct get *get = raw;
	const struct hf__outbox_state *state = q->state;
	const int rc = hf__outbox_check_key(get->key->queue, get->key->id, &q->why);
	if (rc != HF_OK)
		return rc;
	const struct hf__outbox_item *item = hf__outbox_find(state, get->key->queue, get->key->id);
	if (item) {
		hf__query_depends(q, &item->object);
		return hf__outbox_answer(q->answer, item, q->now, false, get->out);
	}
	hf__outbox_depend_on_queue(q, hf__outbox_queue_find(state, get->key->queue), get->key->queue);
	hf__text_add(&q->why, "no such item: ");
	hf__text_add_quoted(&q->why, get->key->id);
	hf__text_add(&q->why, " in queue ");
	hf__text_add_quoted(&q->why, get->key->queue);
	return HF_ENOTFOUND;
}

int hf_outbox_get(hf_store *store, const struct hf_outbox_key *key, unsigned flags, struct hf_outbox_got *out, struct hf_error *error)
{
	struct hf__answer answer;
	struct hf_outbox_got got = {0};
	struct get get = {key, &got.item};
	*out = got;
	int rc = hf__read(store, HF__DOMAIN_OUTBOX, read_item, &get, flags, &answer, error);
	if (rc == HF_OK)
		rc = hf__outbox_give(&answer, &got.memory, error);
	if (rc == HF_OK)
		*out = got;
	return rc;
}

/* --- Stats ------------------------------------------------------------------------------------------------------------------ */

struct stats {
	struct hf_bytes queue;
	struct hf_outbox_stats *out;
};

static struct hf_outbox_count count_line(const struct hf__order *line)
{
	return (struct hf_outbox_count){hf__order_count(line), line->root ? line->root->least : HF_UNSET};
}

static int read_stats(struct hf__query *q, void *raw)
{
	const struct stats *stats = raw;
	struct hf_outbox_stats *out = stats->out;
	const int rc = hf__outbox_check_queue(stats->queue, &q->why);
	if (rc != HF_OK)
		return rc;
	const struct hf__outbox_queue *queue = hf__outbox_queue_find(q->state, stats->queue);
	hf__outbox_depend_on_queue(q, queue, stats->queue);
	out->queued.oldest = out->sending.oldest = out->failed.oldest = HF_UNSET;
	out->as_of = q->now;
	out->max_attempts = HF_OUTBOX_ATTEMPTS;
	out->max_lost = HF_OUTBOX_LOST_MAX;
	out->dedup_max = HF_OUTBOX_DEDUP_MAX;
	if (!queue)
		return HF_OK;
	const struct hf__heap_node *held = hf__heap_first(&queue->held);
	out->queued = count_line(&queue->line[HF_OUTBOX_QUEUED]);
	out->failed = count_line(&queue->line[HF_OUTBOX_FAILED]);
	/* The weight there is the end of the lease, so a heap tells the oldest. */
	out->sending.items = hf__order_count(&queue->line[HF_OUTBOX_SENDING]);
	out->sending.oldest = held ? held->deadline : HF_UNSET;
	out->max_attempts = queue->value.max_attempts;
	out->max_lost = queue->value.max_lost;
	out->settings_version = queue->value.version;
	out->paused = queue->value.paused;
	out->groups = queue->groups;
	out->busy_groups = queue->busy_groups;
	out->blocked = queue->blocked;
	out->dedup_window_us = queue->value.dedup_window;
	out->dedup_max = queue->value.dedup_max;
	out->completed = hf__order_count(&queue->done);
	out->dropped = queue->value.dropped;
	return HF_OK;
}

int hf_outbox_stats(hf_store *store, struct hf_bytes queue, unsigned flags, struct hf_outbox_stats *out, struct hf_error *error)
{
	struct hf__answer answer;
	struct hf_outbox_stats got = {0};
	struct stats stats = {queue, &got};
	*out = got;
	const int rc = hf__read(store, HF__DOMAIN_OUTBOX, read_stats, &stats, flags, &answer, error);
	if (rc == HF_OK) {
		hf__answer_reset(&answer);
		*out = got;
	}
	return rc;
}

/* --- Queues ----------------------------------------------------------------------------------------------------------------- */

static const struct hf__order *order_of(const void *state)
{
	return &((const struct hf__outbox_state *)state)->by_name;
}

static struct hf_bytes name_of(const struct hf__order_node *node)
{
	return hf__outbox_queue_name(hf__outbox_queue_of_order(node));
}

static const struct hf__object *root_of(const void *state)
{
	return &((const struct hf__outbox_state *)state)->root;
}

int hf_outbox_queues(hf_store *store, const struct hf_names *args, unsigned flags, struct hf_name_page *out, struct hf_error *error)
{
	static const struct hf__names queues = {
	    .domain = HF__DOMAIN_OUTBOX, .operation = "outbox queues", .order = order_of, .name = name_of, .root = root_of};
	return hf__names_list(store, &queues, args, flags, out, error);
}
