/* What the outbox mutations have in common. Each looks at what it names, decides what that is
 * afterwards and writes it as one entry an item; what it looked at is what its answer waits for,
 * refusals and "nothing to do" included. */
#include "domains/common/verb.h"
#include "domains/common/objects.h"
#include "domains/outbox/verb.h"

/* --- Form ------------------------------------------------------------------------------------- */

int hf__outbox_check_key(struct hf_bytes queue, struct hf_bytes id, struct hf__text *why)
{
	const int rc = hf__check_part("queue", queue, false, why);
	return rc == HF_OK ? hf__check_part("id", id, false, why) : rc;
}

int hf__outbox_check_group(struct hf_bytes group, struct hf__text *why)
{
	return group.len > 0 ? hf__check_part("group", group, false, why) : HF_OK;
}

int hf__outbox_check_backoff(const struct hf_outbox_backoff *backoff, struct hf__text *why)
{
	if ((unsigned)backoff->kind > HF_OUTBOX_BACKOFF_EXPONENTIAL)
		return hf__refuse(why, HF_EINVAL, "no such backoff: %d", (int)backoff->kind);
	const int rc = hf__check_span("the delay of a backoff", backoff->delay_us, why);
	return rc == HF_OK ? hf__check_span("the cap of a backoff", backoff->cap_us, why) : rc;
}

/* --- Deciding --------------------------------------------------------------------------------- */

static void add_key(struct hf__text *why, struct hf_bytes queue, struct hf_bytes id)
{
	hf__text_add_quoted(why, id);
	hf__text_add(why, " in queue ");
	hf__text_add_quoted(why, queue);
}

int hf__outbox_refuse(struct hf__decision *d, int code, const char *what, struct hf_bytes queue,
                      struct hf_bytes id)
{
	hf__text_add(&d->why, "%s: ", what);
	add_key(&d->why, queue, id);
	return code;
}

int hf__outbox_look(const struct hf__outbox_state *state, struct hf__decision *d,
                    const struct hf_write *write, struct hf_bytes queue, struct hf_bytes id,
                    struct hf__outbox_item **out)
{
	struct hf__outbox_item *item = hf__outbox_find(state, queue, id);
	*out = item;
	if (item) {
		hf__depends(d, &item->object);
		/* then what it is depends on the queue's max_lost, too */
		if (hf__outbox_over(item, HF__OUTBOX_TIME(d)))
			hf__depends(d, &hf__outbox_queue_of(item)->head.object);
	} else {
		(void)hf__look_in(state, d, queue);
	}
	const int rc = hf__expect(d, write->expect, item ? item->value.version : 0);
	if (rc != HF_OK) {
		hf__text_add(&d->why, ": ");
		add_key(&d->why, queue, id);
	}
	return rc;
}

int hf__outbox_require(const struct hf__outbox_state *state, struct hf__decision *d,
                       const struct hf_write *write, struct hf_bytes queue, struct hf_bytes id,
                       struct hf__outbox_item **out)
{
	const int rc = hf__outbox_look(state, d, write, queue, id, out);
	if (rc != HF_OK || *out)
		return rc;
	return hf__outbox_refuse(d, HF_ENOTFOUND, "no such item", queue, id);
}

int hf__outbox_require_claim(const struct hf__outbox_state *state, struct hf__decision *d,
                             const struct hf_write *write, struct hf_bytes queue,
                             struct hf_bytes id, hf_token token, struct hf__outbox_item **out)
{
	const int rc = hf__outbox_require(state, d, write, queue, id, out);
	if (rc != HF_OK)
		return rc;
	if (hf__outbox_status(*out, HF__OUTBOX_TIME(d)) != HF_OUTBOX_SENDING)
		return hf__outbox_refuse(d, HF_ESTALE, "no owner holds the item any more", queue, id);
	if (hf__outbox_claim_of(&(*out)->value).token != token)
		return hf__outbox_refuse(d, HF_ESTALE, "another token holds the item", queue, id);
	return HF_OK;
}

void hf__outbox_tell(struct hf_result *result, unsigned status, int64_t available_at)
{
	result->status = (int)status;
	result->available_at = status == HF_OUTBOX_QUEUED ? available_at : HF_UNSET;
}

void hf__outbox_tell_unchanged(struct hf_result *result, const struct hf__outbox_item *item,
                               const struct hf__decision *d)
{
	const struct hf__outbox_time t = HF__OUTBOX_TIME(d);
	struct hf__outbox_view view;
	hf__outbox_view(item, t, &view);
	result->version = item->value.version;
	hf__outbox_tell(result, view.status, hf__outbox_shown(view.available_at, view.computed, t));
}

int hf__outbox_mutate_ended(hf_store *store, hf_txn *txn, const struct hf__verb *verb,
                            const void *call, bool *again, struct hf_result *result,
                            struct hf__answer *answer, int64_t wait_us, struct hf_error *error)
{
	struct hf_error mine = {0}; /* tries that were not the last one must not show */
	int rc;
	do {
		*again = false;
		rc = txn || wait_us == 0
		         ? hf__mutate(store, txn, verb, call, result, answer, &mine)
		         : hf__mutate_wait(store, verb, call, wait_us, result, answer, &mine);
		if (*again)
			rc = hf__settle(store, HF__DOMAIN_OUTBOX, &mine);
	} while (*again && rc == HF_OK);
	if (rc != HF_OK && error)
		*error = mine;
	return rc;
}

int hf__outbox_emit(struct hf__decision *d, enum hf__outbox_kind kind,
                    const struct hf__outbox_image *image, struct hf_result *result)
{
	hf__changed(result, kind == HF__OUTBOX_GONE || kind == HF__OUTBOX_DONE ? 0 : hf__next_lsn(d));
	if (kind == HF__OUTBOX_ITEM || kind == HF__OUTBOX_CHANGED)
		hf__outbox_tell(result, image->status, image->available_at);
	hf__outbox_encode(hf__entry_body(d), kind, image, false);
	return hf__emit(d, (uint8_t)kind);
}

int hf__outbox_fade(struct hf__decision *d, const struct hf__outbox_done *done)
{
	const struct hf__outbox_image image = {.queue = hf__container_name(hf__outbox_done_queue(done)),
	                                       .id = hf__outbox_done_id(done)};
	hf__outbox_encode(hf__entry_body(d), HF__OUTBOX_FADED, &image, false);
	return hf__emit(d, HF__OUTBOX_FADED);
}

/* Those whose time is over are no loss and do not count as dropped. Upkeep leaves few of them;
 * what is beyond goes with the oldest. */
static int fade_some(struct hf__decision *d, const struct hf__outbox_queue *queue, size_t keep)
{
	const struct hf__index_filter over = {.low = INT64_MIN, .high = d->mono};
	for (unsigned i = 0; i < 256 && hf__index_count(&queue->done) > keep; i++) {
		const struct hf__outbox_done *done =
		    hf__index_object(hf__index_first_pass(&queue->done, &over));
		if (!done)
			break;
		const int rc = hf__outbox_fade(d, done);
		if (rc != HF_OK)
			return rc;
	}
	return HF_OK;
}

int hf__outbox_cut(struct hf__decision *d, const struct hf__outbox_queue *queue, size_t keep)
{
	if (!queue || hf__index_count(&queue->done) <= keep)
		return HF_OK;
	const int rc = fade_some(d, queue, keep);
	if (rc != HF_OK || hf__index_count(&queue->done) <= keep)
		return rc;
	const struct hf__outbox_image image = {.queue = hf__container_name(queue),
	                                       .dropped = hf__index_count(&queue->done) - keep};
	hf__outbox_encode(hf__entry_body(d), HF__OUTBOX_DROPPED, &image, false);
	return hf__emit(d, HF__OUTBOX_DROPPED);
}

int hf__outbox_end_all(struct hf__decision *d, const struct hf__outbox_queue *queue, bool *again)
{
	const struct hf__outbox_time t = HF__OUTBOX_TIME(d);
	unsigned count = 0;
	for (struct hf__outbox_item *item; queue && (item = hf__outbox_first_over(queue, t)); count++) {
		if (again && count == HF__OUTBOX_END_MAX) {
			*again = true;
			return HF_EBLOCKED; /* no caller sees it: hf__outbox_mutate_ended */
		}
		const int rc = hf__outbox_end(d, item);
		if (rc != HF_OK)
			return rc;
	}
	return HF_OK;
}

int64_t hf__outbox_lease_end(const struct hf__decision *d, int64_t lease_us)
{
	return lease_us == 0 ? HF_UNSET : hf__time_after(d->now, lease_us);
}

int64_t hf__outbox_bounded(int64_t lease_end, int64_t bound)
{
	if (bound == HF_UNSET)
		return lease_end;
	return lease_end == HF_UNSET || lease_end > bound ? bound : lease_end;
}

/* --- Answers ---------------------------------------------------------------------------------- */

static int answer_rerun(struct hf__answer *answer, const struct hf__outbox_value *value,
                        struct hf__outbox_time t, bool without_payload,
                        const struct hf_outbox_rerun **out)
{
	struct hf_outbox_rerun *rerun = hf__answer_alloc(answer, sizeof *rerun);
	if (!rerun)
		return HF_ENOMEM;
	const struct hf__outbox_more more = hf__outbox_more_of(value);
	rerun->enqueued_at = more.rerun_enqueued_at;
	rerun->available_at = hf__outbox_shown(more.rerun_available_at, value->rerun_computed, t);
	rerun->available_computed = value->rerun_computed;
	*out = rerun;
	return without_payload ? HF_OK
	                       : hf__answer_payload(answer, &value->rerun_payload, &rerun->payload);
}

static int answer_bytes(struct hf__answer *answer, const struct hf__outbox_item *item,
                        const struct hf__outbox_view *view, struct hf_outbox_item *out)
{
	const struct hf__outbox_value *value = &item->value;
	int rc = hf__answer_bytes(answer, hf__outbox_id(item), &out->id);
	if (rc == HF_OK)
		rc = hf__answer_bytes(answer, hf__outbox_group_name(item), &out->group);
	if (rc == HF_OK)
		rc = hf__answer_bytes(answer, view->last_error, &out->last_error);
	if (rc == HF_OK)
		rc = hf__answer_bytes(answer, hf__outbox_more_of(value).extra, &out->extra);
	if (rc == HF_OK && view->status == HF_OUTBOX_SENDING)
		rc = hf__answer_bytes(answer, hf__outbox_claim_of(value).owner, &out->owner);
	return rc;
}

int hf__outbox_answer(struct hf__answer *answer, const struct hf__outbox_item *item,
                      struct hf_bytes queue, struct hf__outbox_time t, bool without_payload,
                      struct hf_outbox_item *out)
{
	const struct hf__outbox_value *value = &item->value;
	struct hf__outbox_view view;
	hf__outbox_view(item, t, &view);
	const bool held = view.status == HF_OUTBOX_SENDING;
	const struct hf__outbox_holder claim = hf__outbox_claim_of(value);
	*out = (struct hf_outbox_item){
	    .queue = queue,
	    .status = view.status,
	    .attempts = value->attempts,
	    .lost = view.lost,
	    .max_attempts = value->max_attempts,
	    .priority = value->priority,
	    .enqueued_at = value->enqueued_at,
	    .available_at = hf__outbox_shown(view.available_at, view.computed, t),
	    .available_computed = view.computed,
	    .token = held ? claim.token : 0,
	    .lease_until = held ? hf__to_shown(claim.lease_until, t.setback) : HF_UNSET,
	    .run_until = held ? hf__to_shown(claim.run_until, t.setback) : HF_UNSET,
	    .version = value->version,
	};
	int rc = answer_bytes(answer, item, &view, out);
	if (rc == HF_OK && !without_payload)
		rc = hf__answer_payload(answer, &value->payload, &out->payload);
	return rc == HF_OK && value->noted
	           ? answer_rerun(answer, value, t, without_payload, &out->rerun)
	           : rc;
}

void *hf__outbox_copy_call(struct hf__arena *arena, const void *args, size_t size, size_t again,
                           const struct hf_api_struct *of)
{
	uint8_t *copy = hf__copy_args(arena, args, size, of);
	if (copy)
		memset(copy + again, 0, sizeof(bool *));
	return copy;
}
