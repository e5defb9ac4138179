/* Entries -> state: the only writer of the outbox domain's state, live, in replay and from a snapshot.
 *
 * Happy path: decode, find queue and item, compare with what the entry claims to follow, make the new value beside the old one, then
 * put it in place between the two halves of the hook. Failure modes: a body, or a body at this state, that no decide wrote is
 * HF_ECORRUPT before anything was touched; no memory leaves what this change did so far to its owner, who undoes it. */
#include "domains/outbox_apply.h"

struct hf__outbox_image hf__outbox_image_of(const struct hf__outbox_item *item, enum hf__outbox_cause cause)
{
	const struct hf__outbox_value *value = &item->value;
	return (struct hf__outbox_image){
	    .cause = cause,
	    .queue = hf__outbox_queue_name(hf__outbox_queue_of(item)),
	    .id = hf__outbox_id(item),
	    .status = value->status,
	    .attempts = value->attempts,
	    .max_attempts = value->max_attempts,
	    .priority = value->priority,
	    .enqueued_at = value->enqueued_at,
	    .available_at = value->available_at,
	    .last_error = hf__blob_bytes(value->last_error),
	    .token = value->token,
	    .lease_until = value->lease_until,
	    .owner = hf__blob_bytes(value->owner),
	    .seq = item->seq,
	};
}

/* --- Values ----------------------------------------------------------------------------------------------------------------- */

/* The blob for `bytes`: the one there is when it holds them already. */
static bool keep_bytes(struct hf__blob *old, struct hf_bytes bytes, struct hf__blob **out)
{
	if (hf__bytes_equal(hf__blob_bytes(old), bytes)) {
		*out = old;
		return true;
	}
	return hf__blob_new(bytes, out);
}

/* Frees the blobs of `value` that `old` does not hold. */
static void drop_value(const struct hf__outbox_value *old, const struct hf__outbox_value *value)
{
	if (value->owner != old->owner)
		hf__free(value->owner);
	if (value->last_error != old->last_error)
		hf__free(value->last_error);
	if (value->payload.bytes != old->payload.bytes)
		hf__free(value->payload.bytes);
}

/* The value after the entry. The payload is the old one; `out` holds nothing new on failure. */
static int make_value(const struct hf__outbox_value *old, const struct hf__outbox_image *image, uint64_t version,
                      struct hf__outbox_value *out)
{
	*out = *old;
	out->version = version;
	out->enqueued_at = image->enqueued_at;
	out->available_at = image->available_at;
	out->token = image->token;
	out->lease_until = image->lease_until;
	out->attempts = image->attempts;
	out->max_attempts = image->max_attempts;
	out->priority = image->priority;
	out->status = image->status;
	if (keep_bytes(old->owner, image->owner, &out->owner) && keep_bytes(old->last_error, image->last_error, &out->last_error))
		return HF_OK;
	drop_value(old, out);
	return HF_ENOMEM;
}

static int make_whole_value(const struct hf__outbox_state *state, const struct hf__entry *entry, const struct hf__outbox_value *old,
                            const struct hf__outbox_image *image, struct hf__outbox_value *out)
{
	int rc = make_value(old, image, entry->lsn, out);
	if (rc != HF_OK)
		return rc;
	struct hf__payload payload;
	rc = hf__payload_keep(&state->env, entry, image->payload, &payload);
	if (rc != HF_OK)
		drop_value(old, out);
	else
		out->payload = payload;
	return rc;
}

/* Takes over `value`, on failure too. */
static int set_value(struct hf__change *change, struct hf__outbox_item *item, const struct hf__outbox_value *value)
{
	const int rc = hf__before_change(change, &item->object);
	if (rc != HF_OK) {
		drop_value(&item->value, value);
		return rc;
	}
	item->value = *value;
	hf__after_change(change, &item->object);
	return HF_OK;
}

/* --- What an entry must follow ---------------------------------------------------------------------------------------------- */

/* An entry that changes an item leaves what its cause has no say in. */
static bool follows(const struct hf__outbox_value *old, const struct hf__outbox_image *image)
{
	const bool counts = image->cause == HF__OUTBOX_FAIL || image->cause == HF__OUTBOX_MARK_FAILED;
	const uint32_t attempts = counts && old->attempts < UINT32_MAX ? old->attempts + 1 : old->attempts;
	if (image->attempts != attempts || image->max_attempts != old->max_attempts || image->priority != old->priority ||
	    image->enqueued_at != old->enqueued_at)
		return false;
	switch (image->cause) {
	case HF__OUTBOX_EXTEND:
		return old->status == HF_OUTBOX_SENDING && old->token == image->token;
	case HF__OUTBOX_RELEASE:
	case HF__OUTBOX_FAIL:
		return old->status == HF_OUTBOX_SENDING;
	case HF__OUTBOX_RETRY:
		return old->status != HF_OUTBOX_QUEUED;
	default:
		return true;
	}
}

/* May an item be stored over this one (NULL: none)? */
static bool may_store(const struct hf__outbox_item *old, const struct hf__outbox_image *image)
{
	if (!old)
		return image->cause != HF__OUTBOX_REPLACE;
	if (old->seq != image->seq)
		return false;
	/* A claim that was over may be replaced before its ending is logged. */
	return image->cause == HF__OUTBOX_PUT || (image->cause == HF__OUTBOX_REPLACE && old->value.status != HF_OUTBOX_FAILED);
}

/* --- Kinds of entries ------------------------------------------------------------------------------------------------------- */

static int add_queue(struct hf__outbox_state *state, struct hf__change *change, struct hf_bytes name, struct hf__outbox_queue **out)
{
	*out = hf__outbox_queue_find(state, name);
	if (*out)
		return HF_OK;
	*out = hf__outbox_queue_new(state, name);
	return *out ? hf__change_add(change, &(*out)->object) : HF_ENOMEM;
}

static int add_item(struct hf__outbox_state *state, struct hf__change *change, const struct hf__entry *entry,
                    const struct hf__outbox_image *image)
{
	struct hf__outbox_queue *queue;
	int rc = add_queue(state, change, image->queue, &queue);
	if (rc != HF_OK)
		return rc;
	struct hf__outbox_item *item = hf__outbox_item_new(queue, image->id, image->seq);
	if (!item)
		return HF_ENOMEM;
	const struct hf__outbox_value nothing = item->value;
	rc = make_whole_value(state, entry, &nothing, image, &item->value);
	if (rc != HF_OK) {
		hf__free(item);
		return rc;
	}
	return hf__change_add(change, &item->object);
}

static int apply_item(struct hf__outbox_state *state, struct hf__change *change, const struct hf__entry *entry,
                      const struct hf__outbox_image *image)
{
	struct hf__outbox_item *item = hf__outbox_find(state, image->queue, image->id);
	if (!may_store(item, image))
		return HF_ECORRUPT;
	if (item) {
		struct hf__outbox_value value;
		const int rc = make_whole_value(state, entry, &item->value, image, &value);
		return rc == HF_OK ? set_value(change, item, &value) : rc;
	}
	const struct hf__outbox_queue *queue = hf__outbox_queue_find(state, image->queue);
	if (queue && hf__outbox_seq_taken(queue, image->seq))
		return HF_ECORRUPT;
	return add_item(state, change, entry, image);
}

static int apply_changed(struct hf__change *change, const struct hf__entry *entry, struct hf__outbox_item *item,
                         const struct hf__outbox_image *image)
{
	struct hf__outbox_value value;
	if (!follows(&item->value, image))
		return HF_ECORRUPT;
	const int rc = make_value(&item->value, image, entry->lsn, &value);
	return rc == HF_OK ? set_value(change, item, &value) : rc;
}

static int apply_gone(struct hf__change *change, struct hf__outbox_item *item, const struct hf__outbox_image *image)
{
	if (image->cause == HF__OUTBOX_COMPLETE && item->value.status != HF_OUTBOX_SENDING)
		return HF_ECORRUPT;
	return hf__change_remove(change, &item->object);
}

/* Needs no memory for the value: it only loses things. */
static int apply_ended(struct hf__change *change, struct hf__outbox_item *item, const struct hf__outbox_image *image)
{
	if (item->value.status != HF_OUTBOX_SENDING || item->value.token != image->token)
		return HF_ECORRUPT;
	struct hf__outbox_value value = item->value;
	value.status = HF_OUTBOX_QUEUED;
	value.token = 0;
	value.lease_until = HF_UNSET;
	value.owner = NULL;
	return set_value(change, item, &value);
}

static int apply_settings(struct hf__outbox_state *state, struct hf__change *change, const struct hf__entry *entry,
                          const struct hf__outbox_image *image)
{
	struct hf__outbox_queue *queue;
	int rc = add_queue(state, change, image->queue, &queue);
	if (rc == HF_OK)
		rc = hf__before_change(change, &queue->object);
	if (rc != HF_OK)
		return rc;
	queue->value.version = entry->lsn;
	queue->value.max_attempts = image->max_attempts;
	hf__after_change(change, &queue->object);
	return HF_OK;
}

static int apply_cleared(struct hf__outbox_state *state, struct hf__change *change, const struct hf__outbox_image *image)
{
	struct hf__outbox_queue *queue = hf__outbox_queue_find(state, image->queue);
	if (!queue || hf__outbox_queue_count(queue) == 0)
		return HF_ECORRUPT;
	for (unsigned place = HF_OUTBOX_QUEUED; place < HF__OUTBOX_PLACES; place++) {
		struct hf__order_node *node;
		while ((node = hf__order_first(&queue->line[place]))) {
			const int rc = hf__change_remove(change, &hf__outbox_of_line(node)->object);
			if (rc != HF_OK)
				return rc;
		}
	}
	return HF_OK;
}

int hf__outbox_apply(void *raw, struct hf__change *change, const struct hf__entry *entry)
{
	struct hf__outbox_state *state = raw;
	struct hf__outbox_image image;
	if (!hf__outbox_decode(entry->kind, entry->lsn, entry->body, &image))
		return HF_ECORRUPT;
	switch (entry->kind) {
	case HF__OUTBOX_ITEM:
		return apply_item(state, change, entry, &image);
	case HF__OUTBOX_SETTINGS:
		return apply_settings(state, change, entry, &image);
	case HF__OUTBOX_CLEARED:
		return apply_cleared(state, change, &image);
	default:
		break;
	}
	struct hf__outbox_item *item = hf__outbox_find(state, image.queue, image.id);
	if (!item)
		return HF_ECORRUPT;
	if (entry->kind == HF__OUTBOX_CHANGED)
		return apply_changed(change, entry, item, &image);
	return entry->kind == HF__OUTBOX_GONE ? apply_gone(change, item, &image) : apply_ended(change, item, &image);
}
