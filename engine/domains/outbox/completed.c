/* The list of completed ids that still block, in the order of their completion. It shows a view:
 * an id whose time is over is not in it, logged or not. */
#include "domains/common/list.h"
#include "domains/common/read.h"
#include "domains/outbox/verb.h"

static int copy_item(struct hf__query *q, const void *raw, void *ctx, void *item)
{
	const struct hf__outbox_done *done = raw;
	struct hf_outbox_completed_id *out = item;
	(void)ctx;
	out->until = hf__to_shown(done->until, q->setback);
	out->version = done->lsn;
	return hf__answer_bytes(q->answer, hf__outbox_done_id(done), &out->id);
}

static const struct hf__list completed_list = {
    .item = sizeof(struct hf_outbox_completed_id),
    .position = sizeof(uint64_t),
    .token = {1, {{.kind = HF__FIELD_U64}}},
    .foreign = HF__FOREIGN_LIST,
    .copy = copy_item,
};

/* The range of the one with this id: there is no page to go on. */
static struct hf__range range_of_id(const struct hf__query *q, const struct hf__outbox_queue *queue,
                                    struct hf_bytes id, uint64_t *lsn)
{
	const struct hf__outbox_done *done =
	    hf__outbox_done_find(q->state, hf__container_name(queue), id);
	*lsn = done ? done->lsn : 0;
	return (struct hf__range){.index = done ? &queue->done : NULL, .fields = 1, .at = lsn};
}

static int read_page(struct hf__query *q, const void *raw, void *to)
{
	const struct hf_outbox_list_completed_args *args = raw;
	struct hf_outbox_completed_page *out = to;
	struct hf__listing list = {.list = &completed_list,
	                           .page = args->page,
	                           .limit = args->limit,
	                           .after = args->after > 0 ? &args->after : NULL};
	uint64_t lsn;
	int rc = args->id.len > 0 ? hf__outbox_check_key(args->queue, args->id, &q->why)
	                          : hf__check_part("queue", args->queue, false, &q->why);
	if (rc != HF_OK)
		return rc;
	struct hf__writer w = {0};
	hf__put_u8(&w, HF__DOMAIN_OUTBOX);
	hf__put_short(&w, hf_str("completed"));
	hf__put_short(&w, args->queue);
	hf__put_short(&w, args->id);
	rc = hf__query_end(&w, &list.query);
	if (rc != HF_OK)
		return rc;
	const struct hf__outbox_queue *queue = hf__container_find(q->state, args->queue);
	const struct hf__index_filter blocks = hf__index_above(q->mono);
	list.depends = hf__container_depends(q->state, queue, args->queue);
	if (queue)
		list.range = args->id.len > 0 ? range_of_id(q, queue, args->id, &lsn)
		                              : (struct hf__range){.index = &queue->done};
	list.range.filter = &blocks;
	if (queue && hf__query_seen(q))
		hf__query_sees(q, hf__outbox_done_count(queue, q->mono));
	return hf__list_into(q, &list, &out->ids);
}

HF__LIST(hf_outbox_list_completed, outbox_list_completed_args, outbox_completed_page,
         HF__DOMAIN_OUTBOX, read_page);
