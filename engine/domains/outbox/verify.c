/* Every invariant of the outbox state, recounted.
 *
 * Queue by queue: each item is asked where its value says that it stands, and the counts of all
 * indexes make sure that it stands nowhere else. The first item of each group adds the group to
 * the queue's sums; the groups themselves are looked at once, at the end. */
#include "domains/outbox/apply.h"

/* --- Verify ----------------------------------------------------------------------------------- */

/* What the items say should be in the indexes, counted over all of them. `members` are those of
 * groups. */
struct tally {
	size_t items, claimable, endings, done, members;
	size_t groups, busy_groups, blocked;
};

static int broken(struct hf__text *why, const struct hf__outbox_queue *queue,
                  const struct hf__outbox_item *item, const char *what)
{
	hf__text_add(why, "outbox queue ");
	hf__text_add_quoted(why, hf__container_name(queue));
	if (item) {
		hf__text_add(why, " item ");
		hf__text_add_quoted(why, hf__outbox_id(item));
	}
	return hf__refuse(why, HF_ECORRUPT, ": %s", what);
}

static const char *value_fault(const struct hf__outbox_item *item)
{
	const struct hf__outbox_value *value = &item->value;
	if (value->status < HF_OUTBOX_QUEUED || value->status > HF_OUTBOX_FAILED)
		return "no such status";
	if (value->seq == 0 || value->version < value->seq)
		return "its version is older than the item";
	const struct hf__outbox_more more = hf__outbox_more_of(value);
	if (!value->noted && (value->rerun_payload.bytes || more.rerun_enqueued_at ||
	                      more.rerun_available_at || value->rerun_computed))
		return "what is noted for a rerun is not said to be there";
	if (value->status != HF_OUTBOX_SENDING)
		return value->claim ? "a claim beside a status other than sending" : NULL;
	const struct hf__outbox_holder claim = hf__outbox_claim_of(value);
	return claim.token && claim.owner.len > 0 ? NULL : "sending without token or owner";
}

/* The item that is first in its group counts for all of it. */
static void tally_member(const struct hf__outbox_item *item, struct tally *tally)
{
	const struct hf__outbox_group *group = item->group;
	tally->members++;
	if (item->value.status == HF_OUTBOX_FAILED || hf__index_first_object(&group->line) != item)
		return;
	tally->groups++;
	tally->busy_groups += group->holder != NULL;
	tally->blocked += hf__outbox_group_blocked(group);
	tally->claimable += group->next != NULL;
}

/* The deadlines of a held item. */
static const char *claim_fault(const struct hf__outbox_item *item, struct tally *tally)
{
	int64_t at;
	const bool ends = hf__outbox_ends(item, &at);
	tally->endings += ends;
	if (!item->hold)
		return "it is claimed and may not be";
	if (hf__heap_in(&item->hold->ending) != ends)
		return "its ending is not noted";
	return !hf__heap_in(&item->hold->held) ? "it is not noted as held" : NULL;
}

/* Is it where its value says? Counts make sure that it is nowhere else. */
static const char *place_fault(const struct hf__outbox_state *state,
                               const struct hf__outbox_item *item, enum hf_outbox_status line,
                               struct tally *tally)
{
	const struct hf__outbox_group *group = item->group;
	if (item->value.status != line)
		return "it stands in the wrong line";
	if (hf__outbox_find(state, hf__container_name(hf__outbox_queue_of(item)),
	                    hf__outbox_id(item)) != item)
		return "it cannot be found by its key";
	if (group && group->queue != hf__outbox_queue_of(item))
		return "its group is not its own";
	if (group)
		tally_member(item, tally);
	else
		tally->claimable += line == HF_OUTBOX_QUEUED;
	return line == HF_OUTBOX_SENDING ? claim_fault(item, tally) : NULL;
}

static int verify_line(const struct hf__outbox_state *state, const struct hf__outbox_queue *queue,
                       enum hf_outbox_status line, struct hf__text *why, struct tally *tally)
{
	if (!hf__index_sane(&queue->line[line]))
		return broken(why, queue, NULL, "a line is out of order");
	for (struct hf__index_at at = hf__index_first(&queue->line[line]); at.leaf;
	     at = hf__index_next(at)) {
		const struct hf__outbox_item *item = hf__index_object(at);
		if (!hf__object_sealed(&item->object)) /* its id's length is a part of the value */
			return broken(why, queue, NULL, "an item was changed beside the hook");
		const char *fault = value_fault(item);
		if (!fault)
			fault = place_fault(state, item, line, tally);
		if (!fault && hf__outbox_queue_of(item) != queue)
			fault = "it belongs to another queue";
		if (fault)
			return broken(why, queue, item, fault);
		tally->items++;
	}
	return HF_OK;
}

static const char *done_fault(const struct hf__outbox_state *state,
                              const struct hf__outbox_done *done)
{
	const struct hf_bytes queue = hf__container_name(hf__outbox_done_queue(done));
	if (done->lsn == 0 || !hf__heap_in(&done->fading))
		return "the time of a completed id is not noted";
	if (hf__outbox_done_find(state, queue, hf__outbox_done_id(done)) != done)
		return "a completed id cannot be found";
	return hf__outbox_find(state, queue, hf__outbox_done_id(done)) ? "a completed id is live"
	                                                               : NULL;
}

static int verify_done(const struct hf__outbox_state *state, const struct hf__outbox_queue *queue,
                       struct hf__text *why, struct tally *tally)
{
	if (!hf__index_sane(&queue->done))
		return broken(why, queue, NULL, "the order of completed ids is wrong");
	if (hf__index_count(&queue->done) > queue->value.dedup_max)
		return broken(why, queue, NULL, "it remembers too many completed ids");
	for (struct hf__index_at at = hf__index_first(&queue->done); at.leaf; at = hf__index_next(at)) {
		const struct hf__outbox_done *done = hf__index_object(at);
		const char *fault = hf__outbox_done_queue(done) == queue
		                        ? done_fault(state, done)
		                        : "a completed id belongs to another queue";
		if (fault)
			return broken(why, queue, NULL, fault);
		tally->done++;
	}
	return HF_OK;
}

static int verify_lines(const struct hf__outbox_state *state, const struct hf__outbox_queue *queue,
                        struct hf__text *why, struct tally *tally)
{
	int rc = HF_OK;
	for (unsigned line = HF_OUTBOX_QUEUED; line < HF__OUTBOX_PLACES && rc == HF_OK; line++)
		rc = verify_line(state, queue, (enum hf_outbox_status)line, why, tally);
	return rc == HF_OK ? verify_done(state, queue, why, tally) : rc;
}

/* The indexes and figures of the queue beside what its items come to. */
static const char *queue_fault(const struct hf__outbox_queue *queue, const struct tally *tally)
{
	size_t ready = 0, due = 0;
	for (unsigned computed = 0; computed < 2; computed++) {
		if (!hf__index_sane(&queue->ready[computed]) || !hf__index_sane(&queue->due[computed]))
			return "an order of what can be claimed is wrong";
		ready += hf__index_count(&queue->ready[computed]);
		due += hf__index_count(&queue->due[computed]);
	}
	if (ready != tally->claimable || due != tally->claimable)
		return "the orders of what can be claimed have not what they should";
	if (!hf__heap_sane(&queue->held) ||
	    queue->held.count != hf__index_count(&queue->line[HF_OUTBOX_SENDING]))
		return "the heap of what is held is wrong";
	if (queue->groups != tally->groups || queue->busy_groups != tally->busy_groups ||
	    queue->blocked != tally->blocked)
		return "its figures about groups are wrong";
	return queue->enlisted != tally->items ? "its count of items is wrong" : NULL;
}

static int verify_queue(const struct hf__outbox_state *state, const struct hf__outbox_queue *queue,
                        struct hf__text *why, struct tally *total)
{
	struct tally tally = {0};
	if (!hf__container_sane(state, queue, hf__outbox_queue_until(queue)))
		return broken(why, queue, NULL, "broken seal, map or listing");
	if (queue->value.max_attempts == 0 || queue->value.max_lost == 0 ||
	    queue->value.dedup_max == 0 || queue->value.dedup_window < 0)
		return broken(why, queue, NULL, "its settings break their rules");
	if ((queue->value.version == 0) != hf__outbox_queue_plain(&queue->value))
		return broken(why, queue, NULL, "it has a version without settings, or none with");
	const int rc = verify_lines(state, queue, why, &tally);
	if (rc != HF_OK)
		return rc;
	const char *fault = queue_fault(queue, &tally);
	if (fault)
		return broken(why, queue, NULL, fault);
	total->items += tally.items;
	total->endings += tally.endings;
	total->done += tally.done;
	total->members += tally.members;
	return HF_OK;
}

/* Each group once. All items were counted by now: `members` of them belong to groups. */
static int verify_groups(const struct hf__outbox_state *state, size_t members, struct hf__text *why)
{
	size_t count = 0;
	struct hf__map_walk walk = {0};
	for (const struct hf__outbox_group *group;
	     (group = hf__map_next(&state->groups, &walk)) != NULL;) {
		const char *fault = hf__outbox_group_fault(group);
		if (fault)
			return broken(why, group->queue, NULL, fault);
		count += group->members;
	}
	if (count == members)
		return HF_OK;
	return hf__refuse(why, HF_ECORRUPT, "outbox: %zu items belong to groups, the groups count %zu",
	                  members, count);
}

int hf__outbox_verify(const void *raw, struct hf__text *why)
{
	const struct hf__outbox_state *state = raw;
	struct tally total = {0};
	const bool ascending = hf__containers_sane(state);
	const struct hf__outbox_queue *queue = hf__container_first(state);
	for (; queue && ascending; queue = hf__container_next(state, queue)) {
		const int rc = verify_queue(state, queue, why, &total);
		if (rc != HF_OK)
			return rc;
	}
	if (!ascending)
		return hf__refuse(why, HF_ECORRUPT,
		                  "outbox: the order of queues disagrees with the map of queues");
	if (state->items.count != total.items)
		return hf__refuse(why, HF_ECORRUPT, "outbox: %zu items by key, %zu in lines",
		                  state->items.count, total.items);
	if (state->done.count != total.done || !hf__heap_sane(&state->fading) ||
	    state->fading.count != total.done)
		return hf__refuse(why, HF_ECORRUPT,
		                  "outbox: %zu completed ids by key, %zu by time, %zu in lines",
		                  state->done.count, state->fading.count, total.done);
	if (!hf__heap_sane(&state->endings) || state->endings.count != total.endings)
		return hf__refuse(why, HF_ECORRUPT, "outbox: %zu endings noted, %zu due some time",
		                  state->endings.count, total.endings);
	return verify_groups(state, total.members, why);
}
