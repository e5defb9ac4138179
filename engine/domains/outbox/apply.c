/* Entries about one item -> state: with outbox/apply_queue.c the only writer of the outbox
 * domain's state, live, in replay and from a snapshot.
 *
 * Happy path: decode, find queue and item, compare with what the entry claims to follow, make
 * the new value beside the old one, then put it in place between the two halves of the hook.
 * Failure modes: a body, or a body at this state, that no decide wrote is HF_ECORRUPT before
 * anything was touched; no memory leaves what this change did so far to its owner, which undoes
 * it. */
#include "domains/outbox/apply.h"
#include "domains/common/objects.h"

/* --- What an entry must follow ---------------------------------------------------------------- */

/* Attempts and lost that an entry leaves. */
static bool counts_follow(const struct hf__outbox_value *old, const struct hf__outbox_image *image)
{
	const bool counts = image->cause == HF__OUTBOX_FAIL || image->cause == HF__OUTBOX_MARK_FAILED;
	const uint32_t attempts =
	    counts && old->attempts < UINT32_MAX ? old->attempts + 1 : old->attempts;
	if (image->cause == HF__OUTBOX_RETRY)
		return image->attempts == old->attempts || image->attempts == 0;
	return image->attempts == attempts && image->lost == old->lost;
}

/* Does the image say when what is noted was and shall be queued? */
static bool is_noted(const struct hf__outbox_value *old, const struct hf__outbox_image *image,
                     int64_t setback)
{
	const struct hf__outbox_more more = hf__outbox_more_of(old);
	return image->enqueued_at == more.rerun_enqueued_at &&
	       hf__outbox_kept(image->available_at, image->computed, setback) ==
	           more.rerun_available_at &&
	       image->computed == old->rerun_computed;
}

/* An entry that changes an item leaves what its cause has no say in. */
static bool follows(const struct hf__outbox_item *item, const struct hf__outbox_image *image,
                    int64_t setback)
{
	const struct hf__outbox_value *old = &item->value;
	if (image->max_attempts != old->max_attempts ||
	    (image->priority != old->priority && image->cause != HF__OUTBOX_RESCHEDULE))
		return false;
	if (image->cause == HF__OUTBOX_RERUN)
		return old->status == HF_OUTBOX_SENDING && old->noted && is_noted(old, image, setback);
	if (!counts_follow(old, image) || image->enqueued_at != old->enqueued_at)
		return false;
	switch (image->cause) {
	case HF__OUTBOX_CLAIM:
		return old->status != HF_OUTBOX_SENDING && !hf__outbox_group_holder(item);
	case HF__OUTBOX_EXTEND:
		return old->status == HF_OUTBOX_SENDING && hf__outbox_claim_of(old).token == image->token;
	case HF__OUTBOX_RELEASE:
	case HF__OUTBOX_FAIL:
		return old->status == HF_OUTBOX_SENDING;
	case HF__OUTBOX_RETRY:
		return old->status != HF_OUTBOX_QUEUED;
	case HF__OUTBOX_RESCHEDULE:
		return old->status == HF_OUTBOX_QUEUED;
	default:
		return true;
	}
}

/* May an item be stored over this one (NULL: none)? */
static bool may_store(const struct hf__outbox_item *old, const struct hf__outbox_image *image)
{
	if (!old)
		return image->cause != HF__OUTBOX_REPLACE;
	if (old->value.seq != image->seq)
		return false;
	return image->cause == HF__OUTBOX_PUT ||
	       (image->cause == HF__OUTBOX_REPLACE && old->value.status == HF_OUTBOX_QUEUED &&
	        hf__bytes_equal(hf__outbox_group_name(old), image->group));
}

/* Takes over `value`, on failure too. */
static int set_value(struct hf__change *change, struct hf__outbox_item *item,
                     const struct hf__outbox_value *value)
{
	if (value->status != HF_OUTBOX_SENDING || hf__outbox_may_hold(item))
		return hf__change_set(change, &item->object, value);
	hf__value_drop(hf__type(&item->object), &item->value, value);
	return HF_ENOMEM;
}

/* --- Kinds of entries ------------------------------------------------------------------------- */

static int add_item(struct hf__outbox_state *state, struct hf__change *change,
                    const struct hf__entry *entry, const struct hf__outbox_image *image)
{
	int rc;
	struct hf__outbox_queue *queue = hf__container_get(state, change, image->queue, &rc);
	if (!queue)
		return rc;
	struct hf__outbox_item *item = hf__outbox_item_new(queue, image->id, image->group, image->seq);
	if (!item)
		return HF_ENOMEM;
	const struct hf__outbox_value nothing = item->value;
	rc = hf__outbox_make_whole_value(state, entry, &nothing, image, &item->value);
	if (rc == HF_OK && item->value.status == HF_OUTBOX_SENDING && !hf__outbox_may_hold(item))
		rc = HF_ENOMEM;
	if (rc != HF_OK) {
		hf__object_free(&item->object);
		return rc;
	}
	return hf__change_add(change, &item->object);
}

/* An id that is put is live again. */
static int drop_done(struct hf__outbox_state *state, struct hf__change *change,
                     const struct hf__outbox_image *image)
{
	struct hf__outbox_done *done = hf__outbox_done_find(state, image->queue, image->id);
	return done ? hf__change_remove(change, &done->object) : HF_OK;
}

/* A group is fixed for the life of an item: one that is put into another group is an item of its
 * own, in the same place. */
static int regroup_item(struct hf__outbox_state *state, struct hf__change *change,
                        const struct hf__entry *entry, struct hf__outbox_item *item,
                        const struct hf__outbox_image *image)
{
	const int rc = hf__change_remove(change, &item->object);
	return rc == HF_OK ? add_item(state, change, entry, image) : rc;
}

static int apply_item(struct hf__outbox_state *state, struct hf__change *change,
                      const struct hf__entry *entry, const struct hf__outbox_image *image)
{
	struct hf__outbox_item *item = hf__outbox_find(state, image->queue, image->id);
	if (!may_store(item, image))
		return HF_ECORRUPT;
	if (item && !hf__bytes_equal(hf__outbox_group_name(item), image->group))
		return regroup_item(state, change, entry, item, image);
	if (item) {
		struct hf__outbox_value value;
		const int rc = hf__outbox_make_whole_value(state, entry, &item->value, image, &value);
		return rc == HF_OK ? set_value(change, item, &value) : rc;
	}
	const struct hf__outbox_queue *queue = hf__container_find(state, image->queue);
	if (queue && hf__outbox_seq_taken(queue, image->seq))
		return HF_ECORRUPT;
	if (queue && image->status == HF_OUTBOX_SENDING && hf__outbox_holder_of(queue, image->group))
		return HF_ECORRUPT;
	const int rc = drop_done(state, change, image);
	return rc == HF_OK ? add_item(state, change, entry, image) : rc;
}

static int apply_changed(struct hf__change *change, const struct hf__entry *entry,
                         struct hf__outbox_item *item, const struct hf__outbox_image *image)
{
	struct hf__outbox_value value;
	if (!follows(item, image, entry->setback))
		return HF_ECORRUPT;
	if (image->cause == HF__OUTBOX_RERUN &&
	    hf__outbox_seq_taken(hf__outbox_queue_of(item), entry->lsn))
		return HF_ECORRUPT;
	const int rc = image->cause == HF__OUTBOX_RERUN
	                   ? hf__outbox_make_rerun_value(&item->value, image, entry, &value)
	                   : hf__outbox_make_value(&item->value, image, entry, &value);
	return rc == HF_OK ? set_value(change, item, &value) : rc;
}

/* An item with a rerun noted is not done when it is completed. */
static int apply_gone(struct hf__outbox_state *state, struct hf__change *change,
                      const struct hf__entry *entry, struct hf__outbox_item *item,
                      const struct hf__outbox_image *image)
{
	if (image->cause == HF__OUTBOX_COMPLETE &&
	    (item->value.status != HF_OUTBOX_SENDING || item->value.noted))
		return HF_ECORRUPT;
	const int rc = hf__change_remove(change, &item->object);
	return rc == HF_OK && image->until != HF_UNSET
	           ? hf__outbox_add_done(state, change, entry, image)
	           : rc;
}

static int apply_noted(struct hf__outbox_state *state, struct hf__change *change,
                       const struct hf__entry *entry, struct hf__outbox_item *item,
                       const struct hf__outbox_image *image)
{
	struct hf__outbox_value value = item->value;
	if (value.status != HF_OUTBOX_SENDING)
		return HF_ECORRUPT;
	const int rc = hf__payload_keep(&state->env, entry, image->payload, &value.rerun_payload);
	if (rc != HF_OK)
		return rc;
	struct hf__outbox_more more = hf__outbox_more_of(&item->value);
	more.rerun_enqueued_at = image->enqueued_at;
	more.rerun_available_at = hf__outbox_kept(image->available_at, image->computed, entry->setback);
	if (!hf__outbox_keep_more(&item->value, &more, &value.more)) {
		hf__value_drop(hf__type(&item->object), &item->value, &value);
		return HF_ENOMEM;
	}
	value.version = entry->lsn;
	value.noted = true;
	value.rerun_computed = image->computed;
	return hf__change_set(change, &item->object, &value);
}

/* The version stays: no answer changes. */
static int apply_ended(struct hf__change *change, const struct hf__entry *entry,
                       struct hf__outbox_item *item, const struct hf__outbox_image *image)
{
	const struct hf__outbox_value *old = &item->value;
	if (old->status != HF_OUTBOX_SENDING || hf__outbox_claim_of(old).token != image->token ||
	    image->lost != old->lost + (old->lost < UINT32_MAX))
		return HF_ECORRUPT;
	struct hf__outbox_image after = hf__outbox_image_of(item, HF__OUTBOX_STATE, entry->setback);
	struct hf__outbox_value value;
	after.status = image->status;
	after.lost = image->lost;
	after.available_at = image->available_at;
	after.computed = image->computed;
	after.last_error = image->last_error;
	hf__outbox_free_claim(&after);
	const int rc = hf__outbox_make_value(old, &after, entry, &value);
	if (rc != HF_OK)
		return rc;
	value.version = old->version;
	return hf__change_set(change, &item->object, &value);
}

static int apply_to_item(struct hf__outbox_state *state, struct hf__change *change,
                         const struct hf__entry *entry, const struct hf__outbox_image *image)
{
	struct hf__outbox_item *item = hf__outbox_find(state, image->queue, image->id);
	if (!item)
		return HF_ECORRUPT;
	switch (entry->kind) {
	case HF__OUTBOX_CHANGED:
		return apply_changed(change, entry, item, image);
	case HF__OUTBOX_GONE:
		return apply_gone(state, change, entry, item, image);
	case HF__OUTBOX_NOTED:
		return apply_noted(state, change, entry, item, image);
	default:
		return apply_ended(change, entry, item, image);
	}
}

int hf__outbox_apply(void *state, struct hf__change *change, const struct hf__entry *entry)
{
	struct hf__outbox_image image;
	const int rc = hf__outbox_decode(entry->kind, entry->lsn, entry->body, &image);
	if (rc != HF_OK)
		return rc;
	switch (entry->kind) {
	case HF__OUTBOX_ITEM:
		return apply_item(state, change, entry, &image);
	case HF__OUTBOX_CHANGED:
	case HF__OUTBOX_GONE:
	case HF__OUTBOX_NOTED:
	case HF__OUTBOX_ENDED:
		return apply_to_item(state, change, entry, &image);
	default:
		return hf__outbox_apply_queue(state, change, entry, &image);
	}
}

void hf__outbox_expect(const void *raw, const struct hf__entry *entry)
{
	const struct hf__outbox_state *state = raw;
	struct hf__reader r = hf__reader(entry->body);
	(void)hf__get_u8(&r); /* version */
	const struct hf_bytes queue = hf__get_short(&r);
	if (entry->kind == HF__OUTBOX_ITEM || entry->kind == HF__OUTBOX_CHANGED ||
	    entry->kind == HF__OUTBOX_GONE)
		(void)hf__get_u8(&r); /* cause */
	const struct hf_bytes id = hf__get_short(&r);
	if (!r.bad && id.len > 0)
		hf__map_expect_pair(&state->items, queue, id);
}
