/* Groups of an outbox: at most one item of a group is held, and claim_next keeps the group's
 * order, which is the enqueue order.
 *
 * Happy path: whenever an item that belongs to a group is linked or unlinked, its group is taken
 * out of queue->ready and out of the queue's figures, changed, and put back in. What stands in
 * `ready` for the group is its first item in enqueue order, unless one of them is held. A claim
 * that is over goes on holding until that is logged: a claim logs it first, a read
 * looks past it.
 *
 * A group lives as long as the memory of an item that belongs to it, so taking back a removal
 * finds it where it was. Nothing here can fail but joining.
 *
 * I-OUTBOX-3: group->line holds exactly the members whose value says queued or sending;
 * group->holder is the one that is sending; group->next is the first of the line if none is,
 * else NULL. queue->groups, busy_groups and blocked are sums over the queue's groups. */
#include <stddef.h>

#include "domains/common/objects.h"
#include "domains/outbox/outbox.h"

struct hf_bytes hf__outbox_group_name(const struct hf__outbox_item *item)
{
	return item->group ? hf_bytes_of(item->group->name, item->group->len) : hf_bytes_of(NULL, 0);
}

/* --- Membership ------------------------------------------------------------------------------- */

static const struct hf__index_type line_type = {
    .fields = {1, {{.kind = HF__FIELD_U64, .offset = offsetof(struct hf__outbox_item, value.seq)}}},
};

static bool group_equal(const void *object, const void *raw)
{
	const struct hf__outbox_group *group = object;
	return hf__pair_is(raw, hf__container_name(group->queue), hf_bytes_of(group->name, group->len));
}

uint64_t hf__outbox_group_hash(const struct hf__map *map, const void *object)
{
	const struct hf__outbox_group *group = object;
	return hf__pair_hash(map, hf__container_name(group->queue),
	                     hf_bytes_of(group->name, group->len));
}

static struct hf__outbox_group *group_new(struct hf__outbox_queue *queue, struct hf_bytes name,
                                          uint64_t hash)
{
	struct hf__map *map = &queue->state->groups;
	struct hf__outbox_group *group =
	    hf__map_reserve(map) ? hf__small_alloc(sizeof *group + name.len) : NULL;
	if (!group)
		return NULL;
	group->queue = queue;
	group->len = (uint32_t)name.len;
	memcpy(group->name, name.data, name.len);
	hf__index_init(&group->line, &line_type, queue->state->env.nodes);
	hf__map_insert(map, group, hash);
	return group;
}

/* There is one for each of its members, and none without. */
static struct hf__outbox_group *group_find(const struct hf__outbox_queue *queue,
                                           struct hf_bytes name, uint64_t *hash)
{
	const struct hf__pair key = {hf__container_name(queue), name};
	*hash = hf__pair_hash(&queue->state->groups, key.container, key.name);
	return hf__map_find(&queue->state->groups, *hash, group_equal, &key);
}

static struct hf__outbox_group *group_get(struct hf__outbox_queue *queue, struct hf_bytes name)
{
	uint64_t hash;
	struct hf__outbox_group *group = group_find(queue, name, &hash);
	return group ? group : group_new(queue, name, hash);
}

struct hf__outbox_item *hf__outbox_holder_of(const struct hf__outbox_queue *queue,
                                             struct hf_bytes group)
{
	uint64_t hash;
	const struct hf__outbox_group *found = group.len > 0 ? group_find(queue, group, &hash) : NULL;
	return found ? found->holder : NULL;
}

bool hf__outbox_group_join(struct hf__outbox_queue *queue, struct hf__outbox_item *item,
                           struct hf_bytes name)
{
	if (name.len == 0)
		return true;
	struct hf__outbox_group *group = group_get(queue, name);
	if (!group)
		return false;
	group->references++;
	item->group = group;
	return true;
}

void hf__outbox_group_leave(struct hf__outbox_item *item)
{
	if (!item->group)
		return;
	struct hf__outbox_group *group = item->group;
	if (--group->references == 0) {
		hf__map_remove(&group->queue->state->groups, group);
		hf__map_trim(&group->queue->state->groups);
		hf__index_deinit(&group->line);
		hf__small_free(group);
	}
	item->group = NULL;
}

void hf__outbox_group_count(const struct hf__outbox_item *item, bool lives)
{
	if (!item->group)
		return;
	struct hf__outbox_group *group = item->group;
	group->members = lives ? group->members + 1 : group->members - 1;
}

/* --- Standing in the queue -------------------------------------------------------------------- */

/* The first is next, or one is held: all others are kept back. */
size_t hf__outbox_group_blocked(const struct hf__outbox_group *group)
{
	const size_t count = hf__index_count(&group->line);
	return count > 0 ? count - 1 : 0;
}

static struct hf__outbox_item *find_next(const struct hf__outbox_group *group)
{
	return group->holder ? NULL : hf__index_first_object(&group->line);
}

static void add_up(const struct hf__outbox_group *group, bool in)
{
	struct hf__outbox_queue *queue = group->queue;
	const size_t there = hf__index_count(&group->line) > 0, busy = group->holder != NULL,
	             blocked = hf__outbox_group_blocked(group);
	queue->groups = in ? queue->groups + there : queue->groups - there;
	queue->busy_groups = in ? queue->busy_groups + busy : queue->busy_groups - busy;
	queue->blocked = in ? queue->blocked + blocked : queue->blocked - blocked;
}

static void step_out(struct hf__outbox_group *group)
{
	add_up(group, false);
	if (group->next)
		hf__outbox_stand_down(group->next);
	group->next = NULL;
}

static void step_in(struct hf__outbox_group *group)
{
	add_up(group, true);
	group->next = find_next(group);
	if (group->next)
		hf__outbox_stand(group->next);
}

void hf__outbox_ready_link(struct hf__outbox_item *item)
{
	struct hf__outbox_group *group = item->group;
	if (!group) {
		if (item->value.status == HF_OUTBOX_QUEUED)
			hf__outbox_stand(item);
		return;
	}
	if (item->value.status == HF_OUTBOX_FAILED)
		return;
	step_out(group);
	hf__index_insert(&group->line, item);
	if (item->value.status == HF_OUTBOX_SENDING)
		group->holder = item;
	step_in(group);
}

void hf__outbox_ready_unlink(struct hf__outbox_item *item)
{
	struct hf__outbox_group *group = item->group;
	if (!group) {
		if (item->value.status == HF_OUTBOX_QUEUED)
			hf__outbox_stand_down(item);
		return;
	}
	if (item->value.status == HF_OUTBOX_FAILED)
		return;
	step_out(group);
	hf__index_remove(&group->line, item);
	if (group->holder == item)
		group->holder = NULL;
	step_in(group);
}

/* --- Asking ----------------------------------------------------------------------------------- */

struct hf__outbox_item *hf__outbox_group_holder(const struct hf__outbox_item *item)
{
	return item->group ? item->group->holder : NULL;
}

struct hf__outbox_item *hf__outbox_group_first(const struct hf__outbox_group *group,
                                               struct hf__outbox_time t)
{
	struct hf__index_at at = hf__index_first(&group->line);
	while (at.leaf && hf__outbox_status(hf__index_object(at), t) != HF_OUTBOX_QUEUED)
		at = hf__index_next(at); /* one at most: the holder */
	return hf__index_object(at);
}

bool hf__outbox_in_turn(const struct hf__outbox_item *item, struct hf__outbox_time t)
{
	return !item->group || hf__outbox_group_first(item->group, t) == item;
}

/* Counts its line anew. Everything that `ready` and the queue's figures are made from is looked
 * at here. */
const char *hf__outbox_group_fault(const struct hf__outbox_group *group)
{
	const struct hf__outbox_item *holder = NULL;
	if (!hf__index_sane(&group->line))
		return "the line of a group is out of order";
	for (struct hf__index_at at = hf__index_first(&group->line); at.leaf; at = hf__index_next(at)) {
		const struct hf__outbox_item *item = hf__index_object(at);
		if (item->value.status == HF_OUTBOX_FAILED || item->group != group)
			return "an item stands in the line of a group that is none of its own";
		if (item->value.status == HF_OUTBOX_SENDING && holder)
			return "two items of a group are held";
		if (item->value.status == HF_OUTBOX_SENDING)
			holder = item;
	}
	if (group->holder != holder)
		return "who is held of a group is wrong";
	if (group->next != find_next(group))
		return "what is next in a group is wrong";
	return NULL;
}
