/* Claims that are over without an answer: what they leave of an item. From the end of the lease
 * on, or once the incarnation that made the claim without one is dead, everyone sees the item
 * with one more `lost`: queued again, from the second loss on after a backoff, so that what
 * kills its workers does not keep the others waiting; or failed, once the queue's max_lost is
 * reached. It is a view until an entry says the same.
 *
 * I-OUTBOX-5: the view depends on the value, on the queue's max_lost and on when the dead
 * incarnation wrote its newest entry. None of these changes between the end and the entry that
 * logs it: a call that changes max_lost logs what has ended first. An answer about such an item
 * depends on the queue's newest change, too: a max_lost that is on its way when the claim ends
 * could still be taken back. */
#include "domains/outbox/verb.h"

#define BACKOFF_FIRST INT64_C(1000000) /* after the second loss; doubles with each further one */
#define BACKOFF_MOST (600 * INT64_C(1000000))

int64_t hf__outbox_end_of(const struct hf__outbox_item *item)
{
	const struct hf__outbox_value *value = &item->value;
	const int64_t lease_until = hf__outbox_claim_of(value).lease_until;
	if (lease_until != HF_UNSET)
		return lease_until;
	/* While sending, the version is that of the claim or of the newest extend: its writer is
	 * of that incarnation. */
	return value->version < hf__outbox_queue_of(item)->state->incarnation ? INT64_MIN : INT64_MAX;
}

int64_t hf__outbox_line_weight(const struct hf__outbox_item *item)
{
	return item->value.status == HF_OUTBOX_SENDING ? hf__outbox_end_of(item)
	                                               : item->value.enqueued_at;
}

bool hf__outbox_ends(const struct hf__outbox_item *item, int64_t *at)
{
	*at = item->value.status == HF_OUTBOX_SENDING ? hf__outbox_end_of(item) : INT64_MAX;
	return *at < INT64_MAX;
}

bool hf__outbox_over(const struct hf__outbox_item *item, struct hf__outbox_time t)
{
	return item->value.status == HF_OUTBOX_SENDING && hf__outbox_end_of(item) <= t.mono;
}

bool hf__outbox_reached(int64_t available_at, bool computed, struct hf__outbox_time t)
{
	return available_at <= (computed ? t.mono : t.now);
}

int64_t hf__outbox_shown(int64_t available_at, bool computed, struct hf__outbox_time t)
{
	return computed ? hf__to_shown(available_at, t.setback) : available_at;
}

/* When the claim ended (mono); HF_UNSET: not known. */
static int64_t ended_at(const struct hf__outbox_item *item)
{
	const int64_t lease_until = hf__outbox_claim_of(&item->value).lease_until;
	if (lease_until != HF_UNSET)
		return lease_until;
	return hf__incarnation_end(&hf__outbox_queue_of(item)->state->env, item->value.version);
}

static int64_t backoff_of(uint32_t lost)
{
	const int64_t backoff = lost - 2 < 20 ? BACKOFF_FIRST << (lost - 2) : BACKOFF_MOST;
	return backoff < BACKOFF_MOST ? backoff : BACKOFF_MOST;
}

static bool too_many(const struct hf__outbox_item *item, uint32_t lost)
{
	const uint32_t most = hf__outbox_queue_of(item)->value.max_lost;
	return most != HF_NEVER && lost >= most;
}

static uint32_t lost_of(const struct hf__outbox_item *item)
{
	return item->value.lost < UINT32_MAX ? item->value.lost + 1 : UINT32_MAX;
}

enum hf_outbox_status hf__outbox_status(const struct hf__outbox_item *item,
                                        struct hf__outbox_time t)
{
	if (!hf__outbox_over(item, t))
		return (enum hf_outbox_status)item->value.status;
	return too_many(item, lost_of(item)) ? HF_OUTBOX_FAILED : HF_OUTBOX_QUEUED;
}

/* An item that was delayed for longer than that stays delayed. */
static void delay(const struct hf__outbox_item *item, struct hf__outbox_time t,
                  struct hf__outbox_view *view)
{
	const int64_t end = ended_at(item);
	if (view->lost < 2 || end == HF_UNSET)
		return;
	const int64_t until = hf__time_add(end, backoff_of(view->lost));
	if (hf__to_shown(until, t.setback) <= hf__outbox_shown(view->available_at, view->computed, t))
		return;
	view->available_at = until;
	view->computed = true;
}

void hf__outbox_view(const struct hf__outbox_item *item, struct hf__outbox_time t,
                     struct hf__outbox_view *out)
{
	const struct hf__outbox_value *value = &item->value;
	out->status = hf__outbox_status(item, t);
	out->lost = value->lost;
	out->available_at = value->available_at;
	out->computed = value->computed;
	out->last_error = hf__outbox_more_of(value).last_error;
	if (!hf__outbox_over(item, t))
		return;
	out->lost = lost_of(item);
	if (out->status == HF_OUTBOX_QUEUED) {
		delay(item, t, out);
		return;
	}
	struct hf__text text = {out->text, sizeof out->text, 0};
	hf__text_add(&text, "lost %lu times: the worker died or let the lease pass, without an answer",
	             (unsigned long)out->lost);
	out->last_error = hf_bytes_of(out->text, text.len);
}

/* --- Logging it ------------------------------------------------------------------------------- */

/* Crash: before the entry is durable the claim is over all the same, as a view; the next opening
 * logs it. */
int hf__outbox_end(struct hf__decision *d, const struct hf__outbox_item *item)
{
	const struct hf__outbox_time t = HF__OUTBOX_TIME(d);
	struct hf__outbox_view view;
	hf__outbox_view(item, t, &view);
	const struct hf__outbox_image image = {
	    .queue = hf__container_name(hf__outbox_queue_of(item)),
	    .id = hf__outbox_id(item),
	    .token = hf__outbox_claim_of(&item->value).token,
	    .status = (uint8_t)view.status,
	    .lost = view.lost,
	    .available_at = hf__outbox_shown(view.available_at, view.computed, t),
	    .computed = view.computed,
	    .last_error = view.last_error,
	};
	hf__outbox_encode(hf__entry_body(d), HF__OUTBOX_ENDED, &image, false);
	return hf__emit(d, HF__OUTBOX_ENDED);
}

int hf__outbox_end_if_over(struct hf__decision *d, const struct hf__outbox_item *item)
{
	return item && hf__outbox_over(item, HF__OUTBOX_TIME(d)) ? hf__outbox_end(d, item) : HF_OK;
}
