/* Drain: one pass over what was queued when it began, by the public operations alone and so with no lock held while sending.
 *
 * Happy path: note the newest LSN; page through the queued items in enqueue order; claim each at the version it was listed with, send,
 * complete or fail. Whoever else touches an item meanwhile changes its version: the claim is refused, or the item is listed with a
 * version from after the beginning, and it is left alone. So of concurrent drains one at most sends an item, also when that one's send
 * failed and the item is queued again before the others come to it. In a group an item is claimed only when it is the first: behind one that
 * is left alone, or failed and is queued again, the rest of the group is left alone too.
 *
 * Crash: what was claimed and not completed was perhaps sent. The claim ends with its lease or at the next opening, and the item is sent
 * again: at least once is what a queue can promise; the receiver tells repeats by the item's id. */
#include "holdfast/outbox_drain.h"
#include "domains/outbox_outcome.h"
#include "domains/outbox_verb.h"
#include "store/error.h"

#define PAGE 64u

struct drain {
	hf_store *store;
	const struct hf_outbox_drain *args;
	struct hf_outbox_drained *out;
	struct hf_bytes owner;
	hf_lsn began; /* nothing that changed after this LSN is sent */
	hf_time as_of; /* the store's clock when it began */
};

/* Somebody else has it, had it or removed it, or it is not its turn: no business of this pass any more. */
static bool taken(int rc)
{
	return rc == HF_ECLAIMED || rc == HF_EBLOCKED || rc == HF_ECONFLICT || rc == HF_ENOTFOUND || rc == HF_ESTALE;
}

static int settle_sent(const struct drain *drain, const struct hf_outbox_item *item, struct hf_error *error)
{
	const struct hf_outbox_complete complete = {
	    .write.durability = drain->args->durability,
	    .queue = drain->args->queue,
	    .id = item->id,
	    .token = item->token,
	};
	const int rc = hf_outbox_complete(drain->store, NULL, &complete, NULL, error);
	drain->out->sent += rc == HF_OK;
	return rc;
}

static int settle_failed(const struct drain *drain, const struct hf_outbox_item *item, const char *reason, struct hf_error *error)
{
	bool failed = false;
	const struct hf__outbox_fail fail = {
	    .args = {.write.durability = drain->args->durability,
	             .queue = drain->args->queue,
	             .id = item->id,
	             .token = item->token,
	             .max_attempts = drain->args->max_attempts,
	             .reason = hf_str(reason),
	             .backoff = drain->args->backoff},
	    .failed = &failed,
	};
	const int rc = hf__outbox_fail_and_tell(drain->store, NULL, &fail, NULL, error);
	drain->out->failed += rc == HF_OK && failed;
	drain->out->requeued += rc == HF_OK && !failed;
	return rc;
}

static int send_item(const struct drain *drain, const struct hf_outbox_item *item, struct hf_error *error)
{
	char reason[HF_OUTBOX_ERROR_MAX + 1] = "";
	const bool sent = drain->args->send(drain->args->ctx, item, reason, sizeof reason);
	reason[sizeof reason - 1] = '\0';
	return sent ? settle_sent(drain, item, error) : settle_failed(drain, item, reason, error);
}

/* *error tells why it could not be read; afterwards, on failure, what else went wrong. */
static int settle_unread(const struct drain *drain, const struct hf_outbox_item *item, struct hf_error *error)
{
	const struct hf_error unread = *error;
	return settle_failed(drain, item, unread.text, error);
}

static int drain_item(const struct drain *drain, const struct hf_outbox_item *listed, struct hf_error *error)
{
	struct hf_outbox_items claimed;
	const struct hf__outbox_claim claim = {
	    .args = {.write = {.expect = listed->version, .durability = drain->args->durability},
	             .queue = drain->args->queue,
	             .id = listed->id,
	             .owner = drain->owner,
	             .lease_us = drain->args->lease_us},
	    .out = &claimed,
	    .in_turn = true,
	};
	struct hf_error refusal = {0};
	int rc = hf__outbox_claim_one(drain->store, NULL, &claim, NULL, &refusal);
	if (rc == HF_OK)
		rc = send_item(drain, &claimed.items[0], &refusal);
	else if (claimed.count >
	         0) /* it is ours, but its payload cannot be read: an attempt that failed, and no reason to keep back the rest */
		rc = settle_unread(drain, &claimed.items[0], &refusal);
	hf_release(claimed.memory);
	drain->out->skipped += taken(rc);
	if (rc == HF_OK || taken(rc))
		return HF_OK;
	if (error)
		*error = refusal;
	return rc;
}

static int drain_page(const struct drain *drain, const struct hf_outbox_items *page, struct hf_error *error)
{
	int rc = HF_OK;
	for (size_t i = 0; i < page->count && rc == HF_OK; i++) {
		const struct hf_outbox_item *item = &page->items[i];
		if (drain->args->skip_delayed && item->available_at > drain->as_of)
			continue;
		if (item->version > drain->began)
			drain->out->skipped++;
		else
			rc = drain_item(drain, item, error);
	}
	return rc;
}

/* Where the pass begins: the newest LSN and the time. */
static int begin(struct drain *drain, struct hf_error *error)
{
	struct hf_info info;
	struct hf_outbox_stats stats;
	int rc = hf_info(drain->store, &info, error);
	if (rc == HF_OK)
		rc = hf_outbox_stats(drain->store, drain->args->queue, 0, &stats, error);
	if (rc != HF_OK)
		return rc;
	drain->began = info.last_lsn;
	drain->as_of = stats.as_of;
	return HF_OK;
}

static int check(const struct drain *drain, struct hf_error *error)
{
	char text[200] = "";
	struct hf__text why = {text, sizeof text, 0};
	int rc = drain->args->send ? hf__outbox_check_owner(drain->owner, &why) : HF_EINVAL;
	if (!drain->args->send)
		hf__text_add(&why, "it needs somebody to send");
	if (rc == HF_OK)
		rc = hf__outbox_check_span("the lease", drain->args->lease_us, &why);
	if (rc == HF_OK)
		rc = hf__outbox_check_backoff(&drain->args->backoff, &why);
	return rc == HF_OK ? rc : hf__fail(error, rc, 0, "outbox drain: %s", text);
}

int hf_outbox_drain(hf_store *store, const struct hf_outbox_drain *args, struct hf_outbox_drained *out, struct hf_error *error)
{
	struct drain drain = {.store = store, .args = args, .out = out, .owner = args->owner.len > 0 ? args->owner : hf_str("drain")};
	struct hf_outbox_items page = {0};
	*out = (struct hf_outbox_drained){0};
	int rc = check(&drain, error);
	if (rc == HF_OK)
		rc = begin(&drain, error);
	bool more = rc == HF_OK;
	while (more) {
		const struct hf_outbox_list list = {
		    .queue = args->queue, .status = HF_OUTBOX_QUEUED, .without_payload = true, .limit = PAGE, .page = page.next};
		struct hf_outbox_items before = page;
		rc = hf_outbox_list(store, &list, 0, &page, error);
		hf_release(before.memory);
		if (rc == HF_OK)
			rc = drain_page(&drain, &page, error);
		more = rc == HF_OK && page.next;
	}
	hf_release(page.memory);
	return rc;
}
