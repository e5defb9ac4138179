/* The list of completed ids that still block, in the order of their completion. It shows a view:
 * an id whose time is over is not in it, logged or not. */
#include "domains/common/read.h"
#include "domains/outbox/verb.h"

struct page {
	const struct hf_outbox_list_completed_args *args;
	struct hf_outbox_completed_page out;
};

static int open_page(struct hf__query *q, const struct page *page, uint64_t *query, uint64_t *after)
{
	struct hf__writer w = {0};
	struct hf__page opened;
	hf__put_u8(&w, HF__DOMAIN_OUTBOX);
	hf__put_short(&w, hf_str("completed"));
	hf__put_short(&w, page->args->queue);
	hf__put_short(&w, page->args->id);
	int rc = w.bad ? HF_ENOMEM : HF_OK;
	*query = hf__query_hash(&w);
	hf__writer_deinit(&w);
	if (rc == HF_OK)
		rc = hf__page_open(q->answer, page->args->page, *query, &opened);
	if (rc == HF_OK && opened.after.len != 0 && opened.after.len != sizeof *after)
		rc = HF_EINVAL;
	if (rc == HF_EINVAL)
		hf__text_add(&q->why, "the page token is damaged or belongs to another list");
	*after = rc == HF_OK && opened.after.len > 0 ? hf__load_u64(opened.after.data) : 0;
	return rc;
}

/* How many are left behind `after`, up to the limit: only these are reserved. */
static size_t count_left(const struct hf__query *q, const struct hf__outbox_queue *queue,
                         uint64_t after, size_t limit)
{
	size_t count = 0;
	for (const struct hf__outbox_done *done = hf__outbox_done_walk(queue, q->mono, after);
	     done && (limit == 0 || count < limit);
	     done = hf__outbox_done_walk(queue, q->mono, done->lsn))
		count++;
	return count;
}

static int fill(struct hf__query *q, const struct hf__outbox_queue *queue, uint64_t query,
                uint64_t after, struct page *page)
{
	const size_t room = count_left(q, queue, after, page->args->limit);
	struct hf_outbox_completed_id *ids = hf__answer_alloc(q->answer, room * sizeof *ids);
	if (!ids)
		return HF_ENOMEM;
	for (size_t i = 0; i < room; i++) {
		const struct hf__outbox_done *done = hf__outbox_done_walk(queue, q->mono, after);
		ids[i].until = hf__to_shown(done->until, q->setback);
		ids[i].version = after = done->lsn;
		if (hf__answer_bytes(q->answer, hf__outbox_done_id(done), &ids[i].id) != HF_OK)
			return HF_ENOMEM;
	}
	page->out.ids = ids;
	page->out.count = room;
	if (room == 0 || !hf__outbox_done_walk(queue, q->mono, after))
		return HF_OK;
	uint8_t position[sizeof after];
	hf__store_u64(position, after);
	return hf__page_token(q->answer, query, hf_bytes_of(position, sizeof position),
	                      &page->out.next);
}

static int fill_one(struct hf__query *q, struct page *page)
{
	const struct hf__outbox_done *done =
	    hf__outbox_done_find(q->state, page->args->queue, page->args->id);
	if (!done || done->until <= q->mono)
		return HF_OK;
	struct hf_outbox_completed_id *id = hf__answer_alloc(q->answer, sizeof *id);
	if (!id)
		return HF_ENOMEM;
	id->until = hf__to_shown(done->until, q->setback);
	id->version = done->lsn;
	page->out.ids = id;
	page->out.count = 1;
	return hf__answer_bytes(q->answer, hf__outbox_done_id(done), &id->id);
}

static int read_page(struct hf__query *q, void *raw)
{
	struct page *page = raw;
	uint64_t query, after;
	int rc = page->args->id.len > 0
	             ? hf__outbox_check_key(page->args->queue, page->args->id, &q->why)
	             : hf__outbox_check_queue(page->args->queue, &q->why);
	if (rc == HF_OK)
		rc = open_page(q, page, &query, &after);
	if (rc != HF_OK)
		return rc;
	const struct hf__outbox_queue *queue = hf__outbox_queue_find(q->state, page->args->queue);
	hf__outbox_depend_on_queue(q, queue, page->args->queue);
	if (!queue)
		return HF_OK;
	return page->args->id.len > 0 ? fill_one(q, page) : fill(q, queue, query, after, page);
}

int hf_outbox_list_completed(hf_store *store, const struct hf_outbox_list_completed_args *args,
                             unsigned flags, struct hf_outbox_completed_page *out,
                             struct hf_error *error)
{
	HF__CALL;
	struct hf__answer answer;
	struct page page = {.args = args};
	*out = (struct hf_outbox_completed_page){0};
	int rc = hf__read(store, HF__DOMAIN_OUTBOX, read_page, &page, flags, &answer, error);
	if (rc == HF_OK)
		rc = hf__give_memory(&answer, &page.out.memory, error);
	if (rc == HF_OK)
		*out = page.out;
	return rc;
}
