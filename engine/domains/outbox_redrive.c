/* Redrive: failed items that match a filter are queued again, all in one entry, so that they share one version. The entry holds their ids, an outcome: replay
 * knows no filter. */
#include <stddef.h>
#include <string.h>

#include "domains/outbox_verb.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static int redrive_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_redrive *args = raw;
	int rc = hf__outbox_check_no_expect(&args->write, why);
	if (rc == HF_OK)
		rc = hf__outbox_check_queue(args->queue, why);
	if (rc == HF_OK)
		rc = hf__outbox_check_group(args->group, why);
	if (rc == HF_OK)
		rc = hf__check_bytes("error", args->error, SIZE_MAX, why);
	return rc;
}

static bool matches(const struct hf__outbox_item *item, const struct hf_outbox_redrive *args)
{
	const struct hf_bytes error = hf__blob_bytes(item->value.last_error);
	if (args->group.len > 0 && !hf__bytes_equal(hf__outbox_group_name(item), args->group))
		return false;
	const hf_time before = hf__given(&args->write, args->enqueued_before);
	if (before != HF_UNSET && item->value.enqueued_at >= before)
		return false;
	if (args->attempts_below != 0 && item->value.attempts >= args->attempts_below)
		return false;
	return args->error.len == 0 || (error.len > 0 && memmem(error.data, error.len, args->error.data, args->error.len));
}

/* Adds the ids to the entry's body, which began with the count still 0; gives how many. */
static uint32_t put_ids(struct hf__writer *body, const struct hf__outbox_queue *queue, const struct hf_outbox_redrive *args)
{
	const size_t begin = body->len;
	uint32_t count = 0;
	for (const struct hf__order_node *node = hf__order_first(&queue->line[HF_OUTBOX_FAILED]);
	     node && count < UINT32_MAX && (args->limit == 0 || count < args->limit); node = hf__order_next(node)) {
		const struct hf__outbox_item *item = hf__outbox_of_line(node);
		if (!matches(item, args))
			continue;
		hf__put_short(body, hf__outbox_id(item));
		count++;
		if (body->bad || body->len - begin > HF_TRANSACTION_MAX) /* emit says which */
			break;
	}
	return count;
}

static bool any_matches(const struct hf__outbox_queue *queue, const struct hf_outbox_redrive *args)
{
	const struct hf__order_node *node = hf__order_first(&queue->line[HF_OUTBOX_FAILED]);
	while (node && !matches(hf__outbox_of_line(node), args))
		node = hf__order_next(node);
	return node != NULL;
}

static int redrive_decide(void *state, struct hf__decision *d, const void *raw, struct hf_result *result)
{
	const struct hf_outbox_redrive *args = raw;
	const struct hf__outbox_queue *queue = hf__outbox_queue_find(state, args->queue);
	const struct hf__outbox_image image = {.queue = args->queue, .available_at = d->now};
	hf__depends(d, hf__outbox_queue_depends(state, queue, args->queue));
	if (!queue || !any_matches(queue, args))
		return HF_OK;
	struct hf__writer *body = hf__entry_body(d);
	hf__outbox_encode(body, HF__OUTBOX_REDRIVEN, &image, false);
	const size_t count_at = body->len - sizeof(uint32_t);
	const uint32_t count = put_ids(body, queue, args);
	if (!body->bad)
		hf__store_u32(body->data + count_at, count);
	result->changed = true;
	result->count = count;
	return hf__emit(d, HF__OUTBOX_REDRIVEN);
}

static void *redrive_copy(struct hf__arena *arena, const void *args)
{
	static const size_t bytes[] = {offsetof(struct hf_outbox_redrive, queue), offsetof(struct hf_outbox_redrive, group),
	                               offsetof(struct hf_outbox_redrive, error)};
	return hf__outbox_copy(arena, args, sizeof(struct hf_outbox_redrive), bytes, COUNT_OF(bytes));
}

int hf_outbox_redrive(hf_store *store, hf_txn *txn, const struct hf_outbox_redrive *args, struct hf_result *result, struct hf_error *error)
{
	static const struct hf__verb verb = {"outbox redrive", HF__DOMAIN_OUTBOX, redrive_check, redrive_decide, redrive_copy};
	return hf__mutate(store, txn, &verb, args, args->write.durability, result, NULL, error);
}
