/* Objects of the outbox domain: lookups, birth, and the hooks that put items into the indexes
 * and take them out.
 *
 * Happy path: the store's hook calls enlist at birth and link after every change; link puts the
 * item where its value says, unlink takes it out by the same rules, so nothing has to remember
 * where it was. What the indexes need is there before: neither can fail.
 *
 * I-OUTBOX-1: an item is in exactly one line, that of its value's status; in `ready` and `due`
 * iff it is queued and (I-OUTBOX-3, outbox/group.c) next in its group; in `held` iff it is
 * sending; in `endings` iff it is sending and time or an opening ends that. I-OUTBOX-2: where it
 * stands depends on the value and on state->incarnation alone, and the latter changes only in
 * hf__outbox_opened(). */
#include "domains/common/objects.h"
#include "domains/outbox/outbox.h"

#include <stddef.h>

/* --- Lookup ----------------------------------------------------------------------------------- */

static bool item_equal(const void *object, const void *raw)
{
	const struct hf__outbox_item *item = object;
	return hf__pair_is(raw, hf__container_name(hf__outbox_queue_of(item)), hf__outbox_id(item));
}

struct hf__outbox_item *hf__outbox_find(const struct hf__outbox_state *state, struct hf_bytes queue,
                                        struct hf_bytes id)
{
	return hf__pair_find(&state->items, queue, id, item_equal);
}

static uint64_t item_hash(const struct hf__map *map, const void *object)
{
	const struct hf__outbox_item *item = object;
	return hf__pair_hash(map, hf__container_name(hf__outbox_queue_of(item)), hf__outbox_id(item));
}

static struct hf__map *item_map(const struct hf__object *object)
{
	return &hf__outbox_queue_of((const void *)object)->state->items;
}

static int64_t item_deadline(const struct hf__heap_node *node)
{
	int64_t at = INT64_MAX;
	(void)hf__outbox_ends(hf__outbox_of_ending(node), &at);
	return at;
}

/* --- Hooks ------------------------------------------------------------------------------------ */

/* A queue that is empty and was never configured is no state; nor is one of which only completed
 * ids are left whose time is over, logged or not. */
int64_t hf__outbox_queue_until(const struct hf__outbox_queue *queue)
{
	return queue->enlisted > 0 || queue->value.version != 0 ? INT64_MAX
	                                                        : hf__index_most(&queue->done);
}

bool hf__outbox_queue_plain(const struct hf__outbox_queue_value *value)
{
	return value->max_attempts == HF_OUTBOX_ATTEMPTS && value->max_lost == HF_OUTBOX_LOST_MAX &&
	       value->dedup_window == 0 && value->dedup_max == HF_OUTBOX_DEDUP_MAX && !value->paused &&
	       value->dropped == 0;
}

void hf__outbox_queue_tag(struct hf__outbox_queue *queue)
{
	hf__container_until(queue, hf__outbox_queue_until(queue));
}

uint64_t hf__outbox_wait_key(const struct hf__outbox_state *state, struct hf_bytes queue)
{
	return hf__wait_key(HF__DOMAIN_OUTBOX, hf__map_hash(&state->queues.map, queue.data, queue.len));
}

static uint64_t queue_wait_key(const struct hf__object *object)
{
	const struct hf__outbox_queue *queue = (const void *)object;
	return hf__outbox_wait_key(queue->state, hf__container_name(queue));
}

static void queue_link(struct hf__object *object)
{
	hf__outbox_queue_tag((void *)object);
}

static void item_enlist(struct hf__object *object)
{
	struct hf__outbox_item *item = (void *)object;
	struct hf__outbox_queue *queue = hf__outbox_queue_of(item);
	hf__map_insert(&queue->state->items, item, item_hash(&queue->state->items, item));
	hf__outbox_group_count(item, true);
	queue->enlisted++;
	hf__outbox_queue_tag(queue);
}

static void item_delist(struct hf__object *object)
{
	struct hf__outbox_item *item = (void *)object;
	struct hf__outbox_queue *queue = hf__outbox_queue_of(item);
	hf__map_remove(&queue->state->items, item);
	hf__outbox_group_count(item, false);
	queue->enlisted--;
	hf__outbox_queue_tag(queue);
}

static void link_ending(struct hf__outbox_queue *queue, struct hf__outbox_item *item)
{
	int64_t at;
	if (hf__outbox_ends(item, &at))
		hf__heap_insert(&queue->state->endings, &item->hold->ending);
}

static void unlink_ending(struct hf__outbox_queue *queue, struct hf__outbox_item *item)
{
	if (hf__heap_in(&item->hold->ending))
		hf__heap_remove(&queue->state->endings, &item->hold->ending);
}

static void link_claim(struct hf__outbox_queue *queue, struct hf__outbox_item *item)
{
	link_ending(queue, item);
	hf__heap_insert(&queue->held, &item->hold->held);
	if (hf__outbox_claim_of(&item->value).lease_until == HF_UNSET &&
	    item->value.version > queue->state->newest_unleased)
		queue->state->newest_unleased = item->value.version;
}

static void item_link(struct hf__object *object)
{
	struct hf__outbox_item *item = (void *)object;
	struct hf__outbox_queue *queue = hf__outbox_queue_of(item);
	hf__index_insert(&queue->line[item->value.status], item);
	hf__outbox_ready_link(item);
	if (item->value.seq > queue->newest_seq)
		queue->newest_seq = item->value.seq;
	if (item->value.status == HF_OUTBOX_SENDING)
		link_claim(queue, item);
}

static void item_unlink(struct hf__object *object)
{
	struct hf__outbox_item *item = (void *)object;
	struct hf__outbox_queue *queue = hf__outbox_queue_of(item);
	hf__index_remove(&queue->line[item->value.status], item);
	hf__outbox_ready_unlink(item);
	if (item->value.status != HF_OUTBOX_SENDING)
		return;
	unlink_ending(queue, item);
	hf__heap_remove(&queue->held, &item->hold->held);
}

static void item_free(struct hf__object *object)
{
	struct hf__outbox_item *item = (void *)object;
	hf__outbox_group_leave(item);
	hf__small_free(item->hold);
	hf__small_free(item);
}

static bool queue_idle(const struct hf__object *object)
{
	const struct hf__outbox_queue *queue = (const void *)object;
	return queue->enlisted == 0 && queue->value.version == 0 && hf__index_count(&queue->done) == 0;
}

const struct hf__type hf__outbox_item_type = {
    .name = "outbox item",
    .value_offset = offsetof(struct hf__outbox_item, value),
    .value_size = sizeof(struct hf__outbox_value),
    .blob_count = 4,
    .blob_offsets = {offsetof(struct hf__outbox_item, value.payload.bytes),
                     offsetof(struct hf__outbox_item, value.rerun_payload.bytes),
                     offsetof(struct hf__outbox_item, value.more),
                     offsetof(struct hf__outbox_item, value.claim)},
    .payload_count = 2,
    .enlist = item_enlist,
    .delist = item_delist,
    .map = item_map,
    .link = item_link,
    .unlink = item_unlink,
    .free = item_free,
};

/* --- Birth ------------------------------------------------------------------------------------ */

static void queue_init(void *container, void *state)
{
	struct hf__outbox_queue *queue = container;
	queue->state = state;
	queue->value.max_attempts = HF_OUTBOX_ATTEMPTS;
	queue->value.max_lost = HF_OUTBOX_LOST_MAX;
	queue->value.dedup_max = HF_OUTBOX_DEDUP_MAX;
	hf__outbox_orders_init(queue);
	hf__index_init(&queue->done, &hf__outbox_done_by_lsn, queue->state->queues.nodes);
}

static const struct hf__container_type queue_type = {
    .object = {.name = "outbox queue",
               .value_offset = offsetof(struct hf__outbox_queue, value),
               .value_size = sizeof(struct hf__outbox_queue_value),
               HF__CONTAINER(struct hf__outbox_queue),
               .link = queue_link,
               .wait_key = queue_wait_key,
               .idle = queue_idle},
    .size = sizeof(struct hf__outbox_queue),
    .by_name = HF__INDEX_OF_NAMES(struct hf__outbox_queue),
    .init = queue_init,
    .indexes_at = offsetof(struct hf__outbox_queue, ready),
    .indexes = 2 + 2 + HF__OUTBOX_PLACES + 1, /* ready, due, line, done */
};

bool hf__outbox_may_hold(struct hf__outbox_item *item)
{
	if (!item->hold && (item->hold = hf__small_alloc(sizeof *item->hold)) != NULL)
		item->hold->item = item;
	return item->hold != NULL;
}

struct hf__outbox_item *hf__outbox_item_new(struct hf__outbox_queue *queue, struct hf_bytes id,
                                            struct hf_bytes group, uint64_t seq)
{
	struct hf__outbox_item *item = hf__small_alloc(sizeof *item + id.len);
	if (!item)
		return NULL;
	hf__object_is(&item->object, &hf__outbox_item_type);
	item->object.container = &queue->head.object;
	item->value.seq = seq;
	item->value.len = (uint16_t)id.len;
	hf__copy(item->id, id.data, id.len);
	if (hf__outbox_group_join(queue, item, group))
		return item;
	hf__small_free(item);
	return NULL;
}

bool hf__outbox_indexes_init(struct hf__outbox_state *state, const struct hf__domain_env *env)
{
	state->endings.deadline = item_deadline;
	return hf__containers_init(state, &queue_type, env->hash_key, env->nodes) &&
	       hf__map_init(&state->items, item_hash, env->hash_key) &&
	       hf__map_init(&state->groups, hf__outbox_group_hash, env->hash_key);
}

/* --- A new incarnation ------------------------------------------------------------------------ */

/* The end of a claim is all that depends on the incarnation: the groups stay as they are. With its
 * holder out of it each of them would put another item forward. */
static void claim_out(struct hf__object *object)
{
	struct hf__outbox_item *item = (void *)object;
	struct hf__outbox_queue *queue = hf__outbox_queue_of(item);
	if (item->value.status != HF_OUTBOX_SENDING)
		return;
	hf__index_remove(&queue->line[HF_OUTBOX_SENDING], item);
	unlink_ending(queue, item);
}

static void claim_in(struct hf__object *object)
{
	struct hf__outbox_item *item = (void *)object;
	struct hf__outbox_queue *queue = hf__outbox_queue_of(item);
	if (item->value.status != HF_OUTBOX_SENDING)
		return;
	hf__index_insert(&queue->line[HF_OUTBOX_SENDING], item);
	link_ending(queue, item);
}

/* Until now everything without a lease stood with the queued. */
void hf__outbox_opened(void *raw, uint64_t first_lsn)
{
	struct hf__outbox_state *state = raw;
	const struct hf__held held = {.map = &state->items,
	                              .nodes = state->env.nodes,
	                              .out = claim_out,
	                              .in = claim_in,
	                              .newest_unleased = state->newest_unleased,
	                              .incarnation = &state->incarnation};
	hf__objects_opened(&held, first_lsn);
}
