/* Reads of the outbox but lists of items (outbox/list.c): one item, stats, which queues there
 * are. All show views: an item whose claim is over is queued, logged or not. */
#include "domains/common/read.h"
#include "domains/common/objects.h"
#include "domains/outbox/verb.h"

/* --- One item --------------------------------------------------------------------------------- */

static int read_item(struct hf__query *q, const void *raw, void *out)
{
	const struct hf_outbox_key *key = raw;
	struct hf_outbox_got *got = out;
	const struct hf__outbox_state *state = q->state;
	const int rc = hf__outbox_check_key(key->queue, key->id, &q->why);
	if (rc != HF_OK)
		return rc;
	const struct hf__outbox_item *item = hf__outbox_find(state, key->queue, key->id);
	if (item) {
		struct hf_bytes queue;
		hf__query_depends(q, &item->object);
		/* then what it is depends on the queue's max_lost, too */
		if (hf__outbox_over(item, HF__OUTBOX_TIME(q)))
			hf__query_absent(q, &hf__outbox_queue_of(item)->head.object);
		if (hf__answer_bytes(q->answer, key->queue, &queue) != HF_OK)
			return HF_ENOMEM;
		hf__query_sees(q, hf__outbox_status(item, HF__OUTBOX_TIME(q)));
		got->place = item->value.seq;
		return hf__outbox_answer(q->answer, item, queue, HF__OUTBOX_TIME(q), false, &got->item);
	}
	hf__query_absent(
	    q, hf__container_depends(state, hf__container_find(state, key->queue), key->queue));
	hf__text_add(&q->why, "no such item: ");
	hf__text_add_quoted(&q->why, key->id);
	hf__text_add(&q->why, " in queue ");
	hf__text_add_quoted(&q->why, key->queue);
	return HF_ENOTFOUND;
}

/* Queue and id stand first in the arguments of all but put. */
static const void *item_key(const void *args, struct hf_bytes room[3], struct hf_bytes *sent)
{
	(void)sent;
	memcpy(room, (const uint8_t *)args + sizeof(struct hf__args), sizeof(struct hf_outbox_key));
	return room;
}

static const void *enqueue_key(const void *args, struct hf_bytes room[3], struct hf_bytes *sent)
{
	*sent = ((const struct hf_outbox_enqueue_args *)args)->payload;
	return item_key(args, room, sent);
}

static const void *put_key(const void *raw, struct hf_bytes room[3], struct hf_bytes *sent)
{
	const struct hf_outbox_put_args *args = raw;
	room[0] = args->queue;
	room[1] = args->item.id;
	*sent = args->item.payload;
	return room;
}

const struct hf__giving hf__outbox_giving = HF__GIVING(outbox_got, read_item, item_key);
const struct hf__giving hf__outbox_enqueue_giving = HF__GIVING(outbox_got, read_item, enqueue_key);
const struct hf__giving hf__outbox_put_giving = HF__GIVING(outbox_got, read_item, put_key);

HF__GET(hf_outbox_get, const struct hf_outbox_key *key, key, outbox_got, HF__DOMAIN_OUTBOX,
        read_item);

/* --- Stats ------------------------------------------------------------------------------------ */

static struct hf_outbox_status_stats count_line(const struct hf__index *line)
{
	return (struct hf_outbox_status_stats){
	    hf__index_count(line), hf__index_count(line) > 0 ? hf__index_least(line) : HF_UNSET};
}

static void add_to(struct hf_outbox_status_stats *count, int64_t enqueued_at)
{
	if (count->items++ == 0 || enqueued_at < count->oldest)
		count->oldest = enqueued_at;
}

/* The oldest that is held: in the heap's order, past the claims that are over. Only these and
 * what stands right behind them are looked at. */
static int64_t oldest_held(const struct hf__heap_node *node, struct hf__outbox_time t)
{
	if (!node)
		return INT64_MAX;
	if (!hf__outbox_over(hf__outbox_of_held(node), t))
		return hf__outbox_of_held(node)->value.enqueued_at;
	const int64_t left = oldest_held(node->left, t), right = oldest_held(node->right, t);
	return left < right ? left : right;
}

/* What stands in the queue's orders is queued and next. */
static void count_standing(const struct hf__outbox_queue *queue, struct hf__outbox_time t,
                           struct hf_outbox_stats *out)
{
	for (unsigned computed = 0; computed < 2; computed++) {
		const size_t due = hf__outbox_due(queue, computed, t),
		             all = hf__index_count(&queue->due[computed]);
		out->ready += due;
		out->delayed += all - due;
		if (due == 0)
			continue;
		const int64_t first = hf__outbox_shown(hf__outbox_due_first(queue, computed), computed, t);
		if (out->oldest_due == HF_UNSET || first < out->oldest_due)
			out->oldest_due = first;
	}
}

/* The item is queued at the instant, and next. */
static void add_next(const struct hf__outbox_item *item, struct hf__outbox_time t,
                     struct hf_outbox_stats *out)
{
	struct hf__outbox_view view;
	hf__outbox_view(item, t, &view);
	if (!hf__outbox_reached(view.available_at, view.computed, t)) {
		out->delayed++;
		return;
	}
	const int64_t since = hf__outbox_shown(view.available_at, view.computed, t);
	out->ready++;
	if (out->oldest_due == HF_UNSET || since < out->oldest_due)
		out->oldest_due = since;
}

/* Its group is free again by it, and one of the group is next; all others of it are kept back,
 * as before. */
static void add_group_of(const struct hf__outbox_item *item, struct hf__outbox_time t,
                         struct hf_outbox_stats *out)
{
	const struct hf__outbox_group *group = item->group;
	const struct hf__outbox_item *first = hf__outbox_group_first(group, t);
	out->busy_groups--;
	if (!first)
		out->groups--;
	else
		add_next(first, t, out);
	if (first && hf__outbox_status(item, t) == HF_OUTBOX_FAILED)
		out->blocked--;
}

/* The indexes have what is logged. This adds what has ended beside it, of so many at most, and
 * gives how many that were. */
static size_t add_over(const struct hf__outbox_queue *queue, struct hf__outbox_time t, size_t most,
                       struct hf_outbox_stats *out)
{
	size_t looked = 0;
	for (const struct hf__outbox_item *item = hf__outbox_first_over(queue, t);
	     item && looked < most; item = hf__outbox_next_over(item, t), looked++) {
		const bool queued = hf__outbox_status(item, t) == HF_OUTBOX_QUEUED;
		out->sending.items--;
		add_to(queued ? &out->queued : &out->failed, item->value.enqueued_at);
		if (item->group)
			add_group_of(item, t, out);
		else if (queued)
			add_next(item, t, out);
	}
	return looked;
}

size_t hf__outbox_count(const struct hf__outbox_queue *queue, struct hf__outbox_time t, size_t most,
                        struct hf_outbox_stats *out)
{
	out->oldest_due = HF_UNSET;
	out->queued = count_line(&queue->line[HF_OUTBOX_QUEUED]);
	out->failed = count_line(&queue->line[HF_OUTBOX_FAILED]);
	out->sending.items = hf__index_count(&queue->line[HF_OUTBOX_SENDING]);
	out->groups = queue->groups;
	out->busy_groups = queue->busy_groups;
	out->blocked = queue->blocked;
	count_standing(queue, t, out);
	return add_over(queue, t, most, out);
}

static void put_stats(const struct hf__outbox_queue *queue, struct hf__outbox_time t,
                      struct hf_outbox_stats *out)
{
	(void)hf__outbox_count(queue, t, SIZE_MAX, out);
	out->sending.oldest = out->sending.items > 0 ? oldest_held(queue->held.root, t) : HF_UNSET;
	out->max_attempts = queue->value.max_attempts;
	out->max_lost = queue->value.max_lost;
	out->settings_version = queue->value.version;
	out->paused = queue->value.paused;
	out->dedup_window_us = queue->value.dedup_window;
	out->dedup_max = queue->value.dedup_max;
	out->completed = hf__outbox_done_count(queue, t.mono);
	out->dropped = queue->value.dropped;
}

static void note_stats(struct hf__query *q, const struct hf_outbox_stats *stats)
{
	const uint64_t moved[] = {stats->ready,        stats->delayed,       stats->blocked,
	                          stats->queued.items, stats->sending.items, stats->failed.items,
	                          stats->completed};
	for (size_t i = 0; i < sizeof moved / sizeof moved[0]; i++)
		hf__query_sees(q, moved[i]);
}

static int read_stats(struct hf__query *q, const void *raw, void *to)
{
	const struct hf_bytes *name = raw;
	struct hf_outbox_stats *out = to;
	const int rc = hf__check_part("queue", *name, false, &q->why);
	if (rc != HF_OK)
		return rc;
	const struct hf__outbox_queue *queue = hf__query_in(q, *name);
	out->queued.oldest = out->sending.oldest = out->failed.oldest = out->oldest_due = HF_UNSET;
	out->as_of = q->now;
	out->max_attempts = HF_OUTBOX_ATTEMPTS;
	out->max_lost = HF_OUTBOX_LOST_MAX;
	out->dedup_max = HF_OUTBOX_DEDUP_MAX;
	if (queue)
		put_stats(queue, HF__OUTBOX_TIME(q), out);
	note_stats(q, out);
	return HF_OK;
}

HF__FIGURES(hf_outbox_get_stats, struct hf_bytes queue, &queue, outbox_stats, HF__DOMAIN_OUTBOX,
            read_stats);

/* --- Queues ----------------------------------------------------------------------------------- */

HF__NAMES(hf_outbox_names, HF__DOMAIN_OUTBOX, .operation = "outbox queues", .mono = true);
