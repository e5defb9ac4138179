/* What an entry makes of an item's value. New values are made beside the old ones and put in
 * place by the hook, so that no memory leaves the item as it was. */
#include "domains/outbox/apply.h"

struct hf__outbox_image hf__outbox_image_of(const struct hf__outbox_item *item,
                                            enum hf__outbox_cause cause, int64_t setback)
{
	const struct hf__outbox_value *value = &item->value;
	const struct hf__outbox_holder claim = hf__outbox_claim_of(value);
	const struct hf__outbox_more more = hf__outbox_more_of(value);
	return (struct hf__outbox_image){
	    .cause = cause,
	    .queue = hf__container_name(hf__outbox_queue_of(item)),
	    .id = hf__outbox_id(item),
	    .status = value->status,
	    .attempts = value->attempts,
	    .lost = value->lost,
	    .max_attempts = value->max_attempts,
	    .priority = value->priority,
	    .enqueued_at = value->enqueued_at,
	    .available_at =
	        value->computed ? hf__to_shown(value->available_at, setback) : value->available_at,
	    .computed = value->computed,
	    .last_error = more.last_error,
	    .token = claim.token,
	    .lease_until = hf__to_shown(claim.lease_until, setback),
	    .run_until = hf__to_shown(claim.run_until, setback),
	    .session = claim.session,
	    .owner = claim.owner,
	    .seq = value->seq,
	    .group = hf__outbox_group_name(item),
	    .extra = more.extra,
	    .noted = value->noted,
	    .rerun_enqueued_at = more.rerun_enqueued_at,
	    .rerun_available_at = value->rerun_computed ? hf__to_shown(more.rerun_available_at, setback)
	                                                : more.rerun_available_at,
	    .rerun_computed = value->rerun_computed,
	    .until = HF_UNSET,
	};
}

void hf__outbox_free_claim(struct hf__outbox_image *image)
{
	image->token = image->session = 0;
	image->lease_until = image->run_until = HF_UNSET;
	image->owner = hf_bytes_of(NULL, 0);
}

/* --- Values ----------------------------------------------------------------------------------- */

/* The new value is given up: it holds nothing of its own any more. */
static void drop_value(const struct hf__outbox_value *old, struct hf__outbox_value *value)
{
	hf__value_drop(&hf__outbox_item_type, old, value);
	*value = *old;
}

int64_t hf__outbox_kept(int64_t time, bool computed, int64_t setback)
{
	return computed ? hf__to_mono(time, setback) : time;
}

static int make_value(const struct hf__outbox_value *old, const struct hf__outbox_image *image,
                      const struct hf__outbox_more *more, const struct hf__entry *entry,
                      struct hf__outbox_value *out)
{
	*out = *old;
	out->version = entry->lsn;
	out->enqueued_at = image->enqueued_at;
	out->available_at = hf__outbox_kept(image->available_at, image->computed, entry->setback);
	out->computed = image->computed;
	out->attempts = image->attempts;
	out->lost = image->lost;
	out->max_attempts = image->max_attempts;
	out->priority = image->priority;
	out->status = image->status;
	if (hf__outbox_keep_claim(old, image, entry->setback, &out->claim) &&
	    hf__outbox_keep_more(old, more, &out->more))
		return HF_OK;
	drop_value(old, out);
	return HF_ENOMEM;
}

int hf__outbox_make_value(const struct hf__outbox_value *old, const struct hf__outbox_image *image,
                          const struct hf__entry *entry, struct hf__outbox_value *out)
{
	struct hf__outbox_more more = hf__outbox_more_of(old);
	more.last_error = image->last_error;
	return make_value(old, image, &more, entry, out);
}

static void clear_rerun(struct hf__outbox_value *value)
{
	value->noted = false;
	value->rerun_payload = (struct hf__kept){NULL};
	value->rerun_computed = false;
}

static int keep_payloads(const struct hf__outbox_state *state, const struct hf__entry *entry,
                         const struct hf__outbox_image *image, struct hf__outbox_value *out)
{
	struct hf__kept payload, rerun = {NULL};
	int rc = hf__payload_keep(&state->env, entry, image->payload, &payload);
	if (rc != HF_OK)
		return rc;
	rc = image->noted ? hf__payload_keep(&state->env, entry, image->rerun_payload, &rerun) : HF_OK;
	if (rc != HF_OK) {
		hf__blob_free(payload.bytes);
		return rc;
	}
	out->payload = payload;
	out->noted = image->noted;
	out->rerun_payload = rerun;
	out->rerun_computed = image->rerun_computed;
	return HF_OK;
}

int hf__outbox_make_whole_value(const struct hf__outbox_state *state, const struct hf__entry *entry,
                                const struct hf__outbox_value *old,
                                const struct hf__outbox_image *image, struct hf__outbox_value *out)
{
	const struct hf__outbox_more more = {
	    .rerun_enqueued_at = image->rerun_enqueued_at,
	    .rerun_available_at =
	        hf__outbox_kept(image->rerun_available_at, image->rerun_computed, entry->setback),
	    .extra = image->extra,
	    .last_error = image->last_error,
	};
	int rc = make_value(old, image, &more, entry, out);
	if (rc != HF_OK)
		return rc;
	rc = keep_payloads(state, entry, image, out);
	if (rc != HF_OK)
		drop_value(old, out);
	return rc;
}

/* The bytes are copied: a blob belongs to one place of the value only. */
int hf__outbox_make_rerun_value(const struct hf__outbox_value *old,
                                const struct hf__outbox_image *image, const struct hf__entry *entry,
                                struct hf__outbox_value *out)
{
	const struct hf__outbox_more more = {.extra = hf__outbox_more_of(old).extra,
	                                     .last_error = image->last_error};
	struct hf__kept payload;
	int rc = hf__payload_copy(&old->rerun_payload, &payload);
	if (rc != HF_OK)
		return rc;
	rc = make_value(old, image, &more, entry, out);
	if (rc != HF_OK) {
		hf__blob_free(payload.bytes);
		return rc;
	}
	out->seq = entry->lsn;
	out->payload = payload;
	clear_rerun(out);
	return HF_OK;
}
