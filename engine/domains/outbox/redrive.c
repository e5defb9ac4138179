/* What concerns many items that a filter finds: redrive queues failed ones again, prune removes
 * what will not be delivered. Each is one entry with their ids, an outcome: replay knows no
 * filter. Claims that are over are logged first, so that what a filter finds is what everyone
 * sees. */
#include <stddef.h>
#include <string.h>

#include "domains/common/verb.h"
#include "domains/outbox/verb.h"

/* Items of one status that a filter lets pass, in enqueue order. */
struct filter {
	enum hf_outbox_status status;
	bool (*matches)(const struct hf__outbox_item *item, struct hf_bytes error, const void *args);
	const void *args;
	size_t limit; /* 0: all */
};

/* Those that everyone sees, logged or not. */
static size_t count_seen(const struct filter *f, const struct hf__outbox_queue *queue,
                         struct hf__outbox_time t)
{
	struct hf__outbox_walk walk;
	size_t count = 0;
	hf__outbox_walk_begin(&walk, queue, f->status, t, 0);
	for (const struct hf__outbox_item *item;
	     (f->limit == 0 || count < f->limit) && (item = hf__outbox_walk_next(&walk));) {
		struct hf__outbox_view view;
		hf__outbox_view(item, t, &view);
		count += f->matches(item, view.last_error, f->args);
	}
	return count;
}

/* Adds the ids to the entry's body, which began with the count still 0; gives how many. What is
 * over is logged. */
static uint32_t put_ids(struct hf__writer *body, const struct filter *f,
                        const struct hf__index *line)
{
	const size_t begin = body->len;
	uint32_t count = 0;
	for (struct hf__index_at at = hf__index_first(line);
	     at.leaf && count < UINT32_MAX && (f->limit == 0 || count < f->limit);
	     at = hf__index_next(at)) {
		const struct hf__outbox_item *item = hf__index_object(at);
		if (!f->matches(item, hf__outbox_more_of(&item->value).last_error, f->args))
			continue;
		hf__put_short(body, hf__outbox_id(item));
		count++;
		if (body->bad || body->len - begin > HF_TRANSACTION_MAX) /* emit says which */
			break;
	}
	return count;
}

/* One entry about all that match; none does, or it is only asked how many: nothing. */
static int emit_matches(struct hf__decision *d, const struct hf__outbox_queue *queue,
                        enum hf__outbox_kind kind, const struct hf__outbox_image *image,
                        const struct filter *f, bool dry_run, bool *again, struct hf_result *result)
{
	result->count = queue ? count_seen(f, queue, HF__OUTBOX_TIME(d)) : 0;
	if (result->count == 0 || dry_run)
		return HF_OK;
	const int rc = hf__outbox_end_all(d, queue, again);
	if (rc != HF_OK)
		return rc;
	struct hf__writer *body = hf__entry_body(d);
	hf__outbox_encode(body, kind, image, false);
	const size_t count_at = body->len - sizeof(uint32_t);
	const uint32_t count = put_ids(body, f, &queue->line[f->status]);
	if (!body->bad)
		hf__store_u32(body->data + count_at, count);
	result->changed = true;
	return hf__emit(d, (uint8_t)kind);
}

/* --- Redrive ---------------------------------------------------------------------------------- */

/* As they go through the store: `again` as hf__outbox_end_all takes it. */
struct redrive {
	struct hf_outbox_redrive_args args;
	bool *again;
};

static int redrive_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_redrive_args *args = &((const struct redrive *)raw)->args;
	int rc = hf__check_unversioned(&args->write, why);
	if (rc == HF_OK)
		rc = hf__check_part("queue", args->queue, false, why);
	if (rc == HF_OK)
		rc = hf__outbox_check_group(args->group, why);
	if (rc == HF_OK)
		rc = hf__check_bytes("error", args->error, SIZE_MAX, why);
	if (rc == HF_OK && args->error.len > HF_OUTBOX_ERROR_MAX)
		rc = hf__refuse(why, HF_EINVAL, "no error is longer than %u bytes", HF_OUTBOX_ERROR_MAX);
	return rc;
}

static bool redrive_matches(const struct hf__outbox_item *item, struct hf_bytes error,
                            const void *raw)
{
	const struct hf_outbox_redrive_args *args = raw;
	const hf_time before = hf__given(&args->write, args->enqueued_before);
	if (args->group.len > 0 && !hf__bytes_equal(hf__outbox_group_name(item), args->group))
		return false;
	if (before != HF_UNSET && item->value.enqueued_at >= before)
		return false;
	if (args->attempts_below != 0 && item->value.attempts >= args->attempts_below)
		return false;
	return args->error.len == 0 ||
	       (error.len > 0 && memmem(error.data, error.len, args->error.data, args->error.len));
}

static int redrive_decide(void *state, struct hf__decision *d, const void *raw,
                          struct hf_result *result)
{
	const struct redrive *call = raw;
	const struct hf_outbox_redrive_args *args = &call->args;
	const struct hf__outbox_queue *queue = hf__container_find(state, args->queue);
	const struct hf__outbox_image image = {
	    .queue = args->queue, .available_at = d->now, .reset = args->reset_attempts};
	const struct filter filter = {HF_OUTBOX_FAILED, redrive_matches, args, args->limit};
	hf__depends(d, hf__container_depends(state, queue, args->queue));
	return emit_matches(d, queue, HF__OUTBOX_REDRIVEN, &image, &filter, args->dry_run, call->again,
	                    result);
}

static void *redrive_copy(struct hf__arena *arena, const void *args)
{
	return hf__outbox_copy_call(arena, args, sizeof(struct redrive),
	                            offsetof(struct redrive, again), &hf__api_outbox_redrive_args);
}

int hf_outbox_redrive(hf_store *store, hf_txn *txn, const struct hf_outbox_redrive_args *args,
                      struct hf_result *result, struct hf_error *error)
{
	HF__CALL;
	static const struct hf__verb verb = {.name = "outbox redrive",
	                                     .domain = HF__DOMAIN_OUTBOX,
	                                     .check = redrive_check,
	                                     .decide = redrive_decide,
	                                     .copy = redrive_copy,
	                                     .takes = &hf__api_outbox_redrive_args};
	HF__TAKE(outbox_redrive_args, args);
	bool again;
	const struct redrive call = {*args, &again};
	return hf__outbox_mutate_ended(store, txn, &verb, &call, &again, result, NULL, 0, error);
}

/* --- Prune ------------------------------------------------------------------------------------ */

struct prune {
	struct hf_outbox_prune_args args;
	bool *again;
};

static int prune_check(const void *raw, struct hf__text *why)
{
	const struct hf_outbox_prune_args *args = &((const struct prune *)raw)->args;
	const int rc = hf__check_unversioned(&args->write, why);
	if (rc != HF_OK)
		return rc;
	if (args->status == HF_OUTBOX_ANY || args->status == HF_OUTBOX_FAILED ||
	    args->status == HF_OUTBOX_QUEUED)
		return hf__check_part("queue", args->queue, false, why);
	return hf__refuse(why, HF_EINVAL, "only queued or failed items can be pruned");
}

static bool prune_matches(const struct hf__outbox_item *item, struct hf_bytes error,
                          const void *raw)
{
	(void)error;
	const struct hf_outbox_prune_args *args = raw;
	const hf_time before = hf__given(&args->write, args->enqueued_before);
	return before == HF_UNSET || item->value.enqueued_at < before;
}

static int prune_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct prune *call = raw;
	const struct hf_outbox_prune_args *args = &call->args;
	const struct hf__outbox_queue *queue = hf__container_find(state, args->queue);
	const struct hf__outbox_image image = {.queue = args->queue};
	const enum hf_outbox_status status =
	    args->status == HF_OUTBOX_QUEUED ? HF_OUTBOX_QUEUED : HF_OUTBOX_FAILED;
	const struct filter filter = {status, prune_matches, args, args->limit};
	hf__depends(d, hf__container_depends(state, queue, args->queue));
	return emit_matches(d, queue, HF__OUTBOX_PRUNED, &image, &filter, args->dry_run, call->again,
	                    result);
}

static void *prune_copy(struct hf__arena *arena, const void *args)
{
	return hf__outbox_copy_call(arena, args, sizeof(struct prune), offsetof(struct prune, again),
	                            &hf__api_outbox_prune_args);
}

int hf_outbox_prune(hf_store *store, hf_txn *txn, const struct hf_outbox_prune_args *args,
                    struct hf_result *result, struct hf_error *error)
{
	HF__CALL;
	static const struct hf__verb verb = {.name = "outbox prune",
	                                     .domain = HF__DOMAIN_OUTBOX,
	                                     .check = prune_check,
	                                     .decide = prune_decide,
	                                     .copy = prune_copy,
	                                     .takes = &hf__api_outbox_prune_args};
	HF__TAKE(outbox_prune_args, args);
	bool again;
	const struct prune call = {*args, &again};
	return hf__outbox_mutate_ended(store, txn, &verb, &call, &again, result, NULL, 0, error);
}
