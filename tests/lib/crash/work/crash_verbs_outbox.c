/* Operations on outboxes: see crash_verbs.h. */
#include "lib/crash/work/crash_verbs.h"

#include <string.h>

static void tell_item(struct tale *told, const struct hf_outbox_item *i)
{
	hf__put_short(&told->bytes, i->id);
	hf__put_long(&told->bytes, i->payload);
	hf__put_u8(&told->bytes, (uint8_t)i->status);
	hf__put_u32(&told->bytes, i->attempts);
	hf__put_u32(&told->bytes, i->lost);
	hf__put_i64(&told->bytes, i->enqueued_at);
	hf__put_i64(&told->bytes, i->available_at);
	hf__put_short(&told->bytes, i->last_error);
	verb_tell_token(told, i->token);
	hf__put_short(&told->bytes, i->owner);
	hf__put_i64(&told->bytes, i->lease_until);
	hf__put_i64(&told->bytes, i->run_until);
	verb_tell_version(told, i->version);
	hf__put_short(&told->bytes, i->group);
	hf__put_u8(&told->bytes, i->rerun != NULL);
	if (i->rerun)
		hf__put_long(&told->bytes, i->rerun->payload);
}

void script_tell_items(struct tale *told, const struct hf_outbox_items *items)
{
	hf__put_u64(&told->bytes, items->count);
	for (size_t i = 0; i < items->count; i++)
		tell_item(told, &items->items[i]);
}

int verb_outbox_enqueue(const struct call *c, const struct names *n)
{
	const struct hf_outbox_enqueue_args args = {
	    .write = verb_write(c),
	    .queue = hf_str(c->op->place),
	    .id = n->part[0],
	    .payload = verb_bytes(n->cstr[0], c->op->size),
	    .available_at = c->op->number,
	    .dedup = c->op->verb == OUTBOX_ENQUEUE_OR_REPLACE ? HF_OUTBOX_REPLACE
	             : c->op->verb == OUTBOX_ENQUEUE_RERUN    ? HF_OUTBOX_RERUN
	                                                      : HF_OUTBOX_KEEP,
	    .group = hf_str(c->op->verb == OUTBOX_ENQUEUE_GROUPED ? "g" : ""),
	    /* Given, so that the same rerun once more changes nothing: times that are filled in
	     * differ. */
	    .enqueued_at = c->op->verb == OUTBOX_ENQUEUE_RERUN ? 1 : 0,
	};
	return hf_outbox_enqueue(c->store, c->txn, &args, c->result, c->error);
}

int verb_outbox_enqueue_many(const struct call *c, const struct names *n)
{
	struct hf_outbox_input items[NAMES_MAX];
	memset(items, 0, sizeof items);
	for (size_t i = 0; i < n->count; i++) {
		items[i].id = n->part[i];
		items[i].payload = verb_bytes(n->cstr[i], c->op->size);
		items[i].priority = (int32_t)i;
	}
	const struct hf_outbox_enqueue_many_args args = {
	    .write = verb_write(c), .queue = hf_str(c->op->place), .items = items, .count = n->count};
	return hf_outbox_enqueue_many(c->store, c->txn, &args, c->result, c->error);
}

int verb_outbox_queue(const struct call *c, const struct names *n)
{
	const struct hf_bytes queue = hf_str(c->op->place);
	const struct hf_outbox_put_args put = {
	    .write = verb_write(c),
	    .queue = queue,
	    .item = {.id = n->part[0],
	             .payload = verb_bytes(n->cstr[0], c->op->size),
	             .attempts = 2,
	             .enqueued_at = 1,
	             .available_at = 2},
	};
	const struct hf_outbox_configure_args configure = {
	    .write = verb_write(c), .queue = queue, .max_attempts = (uint32_t)c->op->number};
	const struct hf_outbox_clear_args clear = {.write = verb_write(c), .queue = queue};
	switch (c->op->verb) {
	case OUTBOX_PUT:
		return hf_outbox_put(c->store, c->txn, &put, c->result, c->error);
	case OUTBOX_CONFIGURE:
		return hf_outbox_configure(c->store, c->txn, &configure, c->result, c->error);
	default:
		return hf_outbox_clear(c->store, c->txn, &clear, c->result, c->error);
	}
}

int verb_outbox_claim(const struct call *c, const struct names *n)
{
	const struct hf_bytes queue = hf_str(c->op->place), owner = hf_str("worker");
	const bool bounded = c->op->verb == OUTBOX_CLAIM_BOUNDED;
	const struct hf_outbox_claim_args one = {.write = verb_write(c),
	                                         .queue = queue,
	                                         .id = n->part[0],
	                                         .owner = owner,
	                                         .lease_us = bounded ? 60000000 : c->op->number,
	                                         .max_run_us = bounded ? c->op->number : 0};
	const struct hf_outbox_claim_next_args next = {.write = verb_write(c),
	                                               .queue = queue,
	                                               .max = n->count ? (uint32_t)n->count : 1,
	                                               .owner = owner,
	                                               .lease_us = c->op->number};
	if (bounded || c->op->verb == OUTBOX_CLAIM || c->op->verb == OUTBOX_CLAIM_GROUPED)
		return hf_outbox_claim(c->store, c->txn, &one, c->items, c->result, c->error);
	return hf_outbox_claim_next(c->store, c->txn, &next, c->items, c->result, c->error);
}

int verb_outbox_holding(const struct call *c, const struct names *n)
{
	const struct hf_bytes queue = hf_str(c->op->place), id = n->part[0];
	const struct hf_outbox_extend_args extend = {.write = verb_write(c),
	                                             .queue = queue,
	                                             .id = id,
	                                             .token = c->token,
	                                             .lease_us = c->op->number};
	const struct hf_outbox_complete_args complete = {
	    .write = verb_write(c), .queue = queue, .id = id, .token = c->token};
	const struct hf_outbox_fail_args failure = {
	    .write = verb_write(c),
	    .queue = queue,
	    .id = id,
	    .token = c->token,
	    .reason = verb_bytes(n->cstr[0], c->op->size),
	    .backoff = {.kind = HF_OUTBOX_BACKOFF_FIXED, .delay_us = c->op->number},
	};
	const struct hf_outbox_release_args release = {.write = verb_write(c),
	                                               .queue = queue,
	                                               .id = id,
	                                               .token = c->token,
	                                               .delay_us = c->op->number};
	const struct hf_outbox_guard_claim_args guard = {
	    .write = verb_write(c), .queue = queue, .id = id, .token = c->token};
	switch (c->op->verb) {
	case OUTBOX_EXTEND:
		return hf_outbox_extend(c->store, c->txn, &extend, c->result, c->error);
	case OUTBOX_COMPLETE:
		return hf_outbox_complete(c->store, c->txn, &complete, c->result, c->error);
	case OUTBOX_FAIL:
		return hf_outbox_fail(c->store, c->txn, &failure, c->result, c->error);
	case OUTBOX_RELEASE:
		return hf_outbox_release(c->store, c->txn, &release, c->result, c->error);
	default:
		return hf_outbox_guard_claim(c->store, c->txn, &guard, c->result, c->error);
	}
}

int verb_outbox_outside(const struct call *c, const struct names *n)
{
	const struct hf_bytes queue = hf_str(c->op->place), id = n->part[0];
	const struct hf_outbox_remove_args gone = {.write = verb_write(c), .queue = queue, .id = id};
	const struct hf_outbox_mark_failed_args failed = {.write = verb_write(c),
	                                                  .queue = queue,
	                                                  .id = id,
	                                                  .reason =
	                                                      verb_bytes(n->cstr[0], c->op->size)};
	const struct hf_outbox_retry_args retry = {.write = verb_write(c), .queue = queue, .id = id};
	const struct hf_outbox_guard_args guard = {.write = verb_write(c), .queue = queue, .id = id};
	const struct hf_outbox_reschedule_args reschedule = {.write = verb_write(c),
	                                                     .queue = queue,
	                                                     .id = id,
	                                                     .set_available_at = true,
	                                                     .available_at = c->op->number};
	switch (c->op->verb) {
	case OUTBOX_RESCHEDULE:
		return hf_outbox_reschedule(c->store, c->txn, &reschedule, c->result, c->error);
	case OUTBOX_REMOVE:
		return hf_outbox_remove(c->store, c->txn, &gone, c->result, c->error);
	case OUTBOX_MARK_FAILED:
		return hf_outbox_mark_failed(c->store, c->txn, &failed, c->result, c->error);
	case OUTBOX_RETRY:
		return hf_outbox_retry(c->store, c->txn, &retry, c->result, c->error);
	default:
		return hf_outbox_guard(c->store, c->txn, &guard, c->result, c->error);
	}
}

int verb_outbox_get(const struct call *c, const struct names *n)
{
	const struct hf_outbox_key key = {hf_str(c->op->place), n->part[0]};
	struct hf_outbox_got got;
	const int rc = hf_outbox_get(c->store, &key, c->flags, &got, c->error);
	if (rc == HF_OK)
		tell_item(c->told, &got.item);
	hf_release(got.memory);
	return rc;
}

int verb_outbox_list(const struct call *c, const struct names *n)
{
	const struct hf_outbox_list_args args = {.queue = hf_str(c->op->place)};
	struct hf_outbox_items items;
	(void)n;
	const int rc = hf_outbox_list(c->store, &args, c->flags, &items, c->error);
	script_tell_items(c->told, &items);
	hf_release(items.memory);
	return rc;
}

int verb_outbox_stats(const struct call *c, const struct names *n)
{
	struct hf_outbox_stats stats;
	(void)n;
	const int rc = hf_outbox_get_stats(c->store, hf_str(c->op->place), c->flags, &stats, c->error);
	hf__put_u64(&c->told->bytes, stats.queued.items);
	hf__put_u64(&c->told->bytes, stats.sending.items);
	hf__put_u64(&c->told->bytes, stats.failed.items);
	hf__put_u32(&c->told->bytes, stats.max_attempts);
	hf__put_u32(&c->told->bytes, stats.max_lost);
	hf__put_u64(&c->told->bytes, stats.groups);
	hf__put_u64(&c->told->bytes, stats.busy_groups);
	hf__put_u64(&c->told->bytes, stats.blocked);
	hf__put_u64(&c->told->bytes, stats.completed);
	hf__put_u64(&c->told->bytes, stats.dropped);
	hf__put_u8(&c->told->bytes, stats.paused);
	return rc;
}

int verb_outbox_whole(const struct call *c, const struct names *n)
{
	const struct hf_bytes queue = hf_str(c->op->place);
	const struct hf_outbox_put_completed_args completed = {
	    .write = verb_write(c), .queue = queue, .id = n->part[0], .until = c->op->number};
	const struct hf_outbox_configure_args window = {
	    .write = verb_write(c), .queue = queue, .dedup_window_us = c->op->number, .dedup_max = 2};
	const struct hf_outbox_pause_args pause = {.write = verb_write(c), .queue = queue};
	const struct hf_outbox_redrive_args redrive = {.write = verb_write(c), .queue = queue};
	const struct hf_outbox_prune_args prune = {.write = verb_write(c), .queue = queue};
	const struct hf_outbox_configure_args lost = {.write = verb_write(c),
	                                              .queue = queue,
	                                              .max_lost = (uint32_t)c->op->number,
	                                              .leave = HF_OUTBOX_LEAVE_MAX_ATTEMPTS |
	                                                       HF_OUTBOX_LEAVE_DEDUP_WINDOW |
	                                                       HF_OUTBOX_LEAVE_DEDUP_MAX};
	switch (c->op->verb) {
	case OUTBOX_PRUNE:
		return hf_outbox_prune(c->store, c->txn, &prune, c->result, c->error);
	case OUTBOX_MAX_LOST:
		return hf_outbox_configure(c->store, c->txn, &lost, c->result, c->error);
	case OUTBOX_PUT_COMPLETED:
		return hf_outbox_put_completed(c->store, c->txn, &completed, c->result, c->error);
	case OUTBOX_WINDOW:
		return hf_outbox_configure(c->store, c->txn, &window, c->result, c->error);
	case OUTBOX_PAUSE:
		return hf_outbox_pause(c->store, c->txn, &pause, c->result, c->error);
	case OUTBOX_RESUME:
		return hf_outbox_resume(c->store, c->txn, &pause, c->result, c->error);
	default:
		return hf_outbox_redrive(c->store, c->txn, &redrive, c->result, c->error);
	}
}

int verb_outbox_completed(const struct call *c, const struct names *n)
{
	const struct hf_outbox_list_completed_args args = {.queue = hf_str(c->op->place)};
	struct hf_outbox_completed_page page;
	(void)n;
	const int rc = hf_outbox_list_completed(c->store, &args, c->flags, &page, c->error);
	for (size_t i = 0; i < page.count; i++) {
		hf__put_short(&c->told->bytes, page.ids[i].id);
		hf__put_i64(&c->told->bytes, page.ids[i].until);
		verb_tell_version(c->told, page.ids[i].version);
	}
	hf_release(page.memory);
	return rc;
}
