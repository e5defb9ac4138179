/* Drain: one pass over what was queued and due when it began, by operations of their own and so
 * with no lock held while sending.
 *
 * Happy path: note the newest LSN and the time; page through the queued items in enqueue order;
 * claim each if nothing happened to it since, send, complete or fail. Whatever happens to an
 * item meanwhile, an ending too, moves its newest change beyond the beginning: the claim is
 * refused and the item is left alone. So of concurrent drains one at most sends an item, also
 * when that one's send failed and the item is queued again before the others come to it. In a
 * group an item is claimed only when it is the first: behind one that is left alone, or failed
 * and is queued again, the rest of the group is left alone too.
 *
 * A failure of the store ends the pass and counts as no attempt of the item at hand.
 *
 * Crash: what was claimed and not completed was perhaps sent. The claim ends with its lease or
 * at the next opening, and the item is sent again: at least once is what a queue can promise;
 * the receiver knows repeats by the item's id. */
#include "domains/common/objects.h"
#include "domains/common/verb.h"
#include "domains/outbox/claim/outcome.h"
#include "domains/outbox/verb.h"
#include "holdfast/outbox_drain.h"
#include "store/call/error.h"

#define PAGE 64u

struct drain {
	hf_store *store;
	const struct hf_outbox_drain_args *args;
	struct hf_outbox_drained done;
	struct hf_bytes owner;
	hf_lsn began; /* nothing that changed after this LSN is sent */
	hf_time as_of, as_of_mono; /* the store's clock when it began */
	bool paused; /* then, and the pass keeps to that */
	bool ended; /* by the sender: the rest is only counted */
};

/* Another worker has it, had it or changed it: no business of this pass any more. */
static bool taken(int rc)
{
	return rc == HF_ECLAIMED || rc == HF_ECONFLICT || rc == HF_ENOTFOUND || rc == HF_ESTALE;
}

static int settle_sent(struct drain *drain, const struct hf_outbox_item *item, uint64_t seq,
                       struct hf_error *error)
{
	const struct hf__outbox_sent sent = {
	    .write.durability = drain->args->durability,
	    .queue = drain->args->queue,
	    .item = item,
	    .seq = seq,
	    .owner = drain->owner,
	};
	const int rc = hf__outbox_settle_sent(drain->store, &sent, error);
	drain->done.sent += rc == HF_OK;
	return rc;
}

/* What the sender wrote may have been cut where its room ended, inside a character. */
static struct hf_bytes whole_characters(const char *reason, size_t size)
{
	const size_t len = strlen(reason);
	return len + 1 < size ? hf_bytes_of(reason, len)
	                      : hf__utf8_cut(hf_bytes_of(reason, len), len - 1);
}

static int settle_failed(struct drain *drain, const struct hf_outbox_item *item,
                         struct hf_bytes reason, struct hf_error *error)
{
	struct hf_result result = {0};
	const struct hf_outbox_fail_args fail = {
	    .write.durability = drain->args->durability,
	    .queue = drain->args->queue,
	    .id = item->id,
	    .token = item->token,
	    .max_attempts = drain->args->max_attempts,
	    .reason = reason,
	    .backoff = drain->args->backoff,
	};
	const int rc = hf_outbox_fail(drain->store, NULL, &fail, &result, error);
	drain->done.failed += rc == HF_OK && result.status == HF_OUTBOX_FAILED;
	drain->done.left += rc == HF_OK && result.status != HF_OUTBOX_FAILED;
	return rc;
}

static int settle_released(struct drain *drain, const struct hf_outbox_item *item,
                           struct hf_error *error)
{
	const struct hf_outbox_release_args release = {.write.durability = drain->args->durability,
	                                               .queue = drain->args->queue,
	                                               .id = item->id,
	                                               .token = item->token};
	const int rc = hf_outbox_release(drain->store, NULL, &release, NULL, error);
	drain->done.left += rc == HF_OK;
	return rc;
}

static int send_item(struct drain *drain, const struct hf_outbox_item *item, uint64_t seq,
                     struct hf_error *error)
{
	char reason[HF_OUTBOX_ERROR_MAX + 1] = "";
	const unsigned verdict = drain->args->send(drain->args->ctx, item, reason, sizeof reason);
	reason[sizeof reason - 1] = '\0';
	drain->ended = drain->ended || (verdict & HF_OUTBOX_SEND_END);
	switch (verdict & ~(unsigned)HF_OUTBOX_SEND_END) {
	case HF_OUTBOX_SEND_DONE:
		return settle_sent(drain, item, seq, error);
	case HF_OUTBOX_SEND_RELEASE:
		return settle_released(drain, item, error);
	default:
		return settle_failed(drain, item, whole_characters(reason, sizeof reason), error);
	}
}

/* It is ours, but its payload cannot be read: given back, and no attempt of it. *error says
 * why; what else goes wrong now matters less. */
static void settle_unread(struct drain *drain, const struct hf_outbox_item *item)
{
	(void)settle_released(drain, item, NULL);
}

static int drain_item(struct drain *drain, const struct hf_outbox_item *listed,
                      struct hf_error *error)
{
	struct hf_outbox_items claimed = {0};
	uint64_t seq = 0;
	const struct hf__outbox_claim claim = {
	    .args = {.write = {.expect = listed->version, .durability = drain->args->durability},
	             .queue = drain->args->queue,
	             .id = listed->id,
	             .owner = drain->owner,
	             .lease_us = drain->args->lease_us},
	    .out = &claimed,
	    .in_turn = true,
	    .with_paused = drain->args->with_paused,
	    .began = drain->began,
	    .as_of = drain->as_of_mono,
	    .seq = &seq,
	};
	struct hf_error refusal = {0};
	int rc = hf__outbox_claim_one(drain->store, NULL, &claim, NULL, &refusal);
	if (rc == HF_OK)
		rc = send_item(drain, &claimed.items[0], seq, &refusal);
	else if (claimed.count > 0)
		settle_unread(drain, &claimed.items[0]);
	hf_release(claimed.memory);
	drain->done.changed += taken(rc);
	drain->done.left += rc == HF_EBLOCKED;
	if (rc == HF_OK || taken(rc) || rc == HF_EBLOCKED)
		return HF_OK;
	if (error)
		*error = refusal;
	return rc;
}

static int drain_page(struct drain *drain, const struct hf_outbox_items *page,
                      struct hf_error *error)
{
	int rc = HF_OK;
	for (size_t i = 0; i < page->count && rc == HF_OK; i++) {
		const struct hf_outbox_item *item = &page->items[i];
		if (!drain->args->with_delayed && item->available_at > drain->as_of)
			continue;
		if (item->version > drain->began)
			drain->done.changed++;
		else if (drain->ended || (drain->paused && !drain->args->with_paused))
			drain->done.left++;
		else
			rc = drain_item(drain, item, error);
	}
	return rc;
}

/* Where the pass begins: the newest LSN, durable yet or not, and the time. */
static int read_begin(struct hf__query *q, void *raw)
{
	struct drain *drain = raw;
	const struct hf__outbox_queue *queue = hf__query_in(q, drain->args->queue);
	drain->began = hf__query_last_lsn(q);
	drain->as_of = q->now;
	drain->as_of_mono = q->mono;
	drain->paused = queue && queue->value.paused;
	return HF_OK;
}

static int begin(struct drain *drain, struct hf_error *error)
{
	struct hf__answer answer;
	static const struct hf__asking asking = {.domain = HF__DOMAIN_OUTBOX, .read = read_begin};
	const int rc = hf__read(drain->store, &asking, drain, 0, &answer, error);
	if (rc == HF_OK)
		hf__answer_reset(&answer);
	return rc;
}

static int check(const struct drain *drain, struct hf_error *error)
{
	char text[200] = "";
	struct hf__text why = {text, sizeof text, 0};
	int rc = hf__check_part("queue", drain->args->queue, false, &why);
	if (rc == HF_OK && !drain->args->send)
		rc = hf__refuse(&why, HF_EINVAL, "it needs a sender");
	if (rc == HF_OK)
		rc = hf__check_part("owner", drain->owner, false, &why);
	if (rc == HF_OK)
		rc = hf__check_span("the lease", drain->args->lease_us, &why);
	if (rc == HF_OK)
		rc = hf__outbox_check_backoff(&drain->args->backoff, &why);
	if (rc == HF_OK && drain->args->durability != HF_DURABLE && drain->args->durability != HF_OS)
		rc = hf__refuse(&why, HF_EINVAL, "no such durability: %d", (int)drain->args->durability);
	return rc == HF_OK ? rc : hf__fail(error, rc, 0, "outbox drain: %s", text);
}

static int drain_pages(struct drain *drain, struct hf_error *error)
{
	struct hf_outbox_items page = {0};
	bool more = true;
	int rc = HF_OK;
	while (more) {
		const struct hf_outbox_list_args list = {.queue = drain->args->queue,
		                                         .status = HF_OUTBOX_QUEUED,
		                                         .without_payload = true,
		                                         .limit = PAGE,
		                                         .page = page.next};
		struct hf_outbox_items before = page;
		rc = hf_outbox_list(drain->store, &list, 0, &page, error);
		hf_release(before.memory);
		if (rc == HF_OK)
			rc = drain_page(drain, &page, error);
		more = rc == HF_OK && page.next;
	}
	hf_release(page.memory);
	return rc;
}

int hf_outbox_drain(hf_store *store, const struct hf_outbox_drain_args *args,
                    struct hf_outbox_drained *out, struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(outbox_drain_args, args);
	struct drain drain = {
	    .store = store, .args = args, .owner = args->owner.len > 0 ? args->owner : hf_str("drain")};
	int rc = hf__took(&hf__api_outbox_drain_args, args, error);
	if (rc == HF_OK)
		rc = hf__can_give(&hf__api_outbox_drained, out, error);
	if (rc == HF_OK)
		rc = check(&drain, error);
	if (rc == HF_OK)
		rc = begin(&drain, error);
	if (rc == HF_OK)
		rc = drain_pages(&drain, error);
	hf__give(&hf__api_outbox_drained, out, &drain.done);
	return rc;
}
