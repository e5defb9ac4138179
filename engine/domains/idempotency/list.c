/* Lists of a scope's entries, by key. What has ended is passed over by its weight, however much
 * of it lies between. A page token holds the key of the last entry given, so that the walk goes
 * on behind it even when it is gone by then. */
#include "domains/common/read.h"
#include "domains/idempotency/read.h"

/* What a page is asked for, and what it gives. */
struct list {
	const struct hf_idempotency_list_args *args;
	uint64_t query;
	struct hf_idempotency_page *out;
	struct hf__index_filter alive;
};

static int hash_query(struct list *list)
{
	struct hf__writer w = {0};
	hf__put_u8(&w, HF__DOMAIN_IDEMPOTENCY);
	hf__put_short(&w, hf_str("list"));
	hf__put_bytes(&w, list->args->scope); /* the last of variable length */
	list->query = hf__query_hash(&w);
	const int rc = w.bad ? HF_ENOMEM : HF_OK;
	hf__writer_deinit(&w);
	return rc;
}

/* The sign of node minus key. */
static int key_probe(const struct hf__index_node *node, const void *key)
{
	return hf__bytes_compare(hf__idem_key(hf__idem_of_key(node)), *(const struct hf_bytes *)key);
}

/* Where the page begins; NULL: it is empty. */
static int find_start(struct hf__query *q, const struct list *list,
                      const struct hf__idem_scope *scope, const struct hf__index_node **start)
{
	struct hf__page page;
	const int rc = hf__page_open(q->answer, list->args->page, list->query, &page);
	if (rc == HF_EINVAL)
		hf__text_add(&q->why, "the page token is damaged or belongs to another list");
	if (rc != HF_OK || !scope)
		return rc;
	if (page.after.len > 0)
		*start =
		    hf__index_pass(hf__index_after(&scope->by_key, key_probe, &page.after), &list->alive);
	else
		*start = hf__index_first_pass(&scope->by_key, &list->alive);
	return HF_OK;
}

static const struct hf__index_node *next_alive(const struct list *list,
                                               const struct hf__index_node *node)
{
	return hf__index_pass(hf__index_next(node), &list->alive);
}

static int fill(struct hf__query *q, const struct list *list, const struct hf__index_node *node,
                size_t count)
{
	struct hf_idempotency_entry *items = hf__answer_alloc(q->answer, count * sizeof *items);
	if (!items)
		return HF_ENOMEM;
	for (size_t i = 0; i < count; i++, node = next_alive(list, node)) {
		const int rc =
		    hf__idem_answer(q, hf__idem_of_key(node), list->args->without_response, &items[i]);
		if (rc != HF_OK)
			return rc;
	}
	list->out->items = items;
	list->out->count = count;
	/* `node` is the first one of the next page. */
	return node && count > 0
	           ? hf__page_token(q->answer, list->query, items[count - 1].key.key, &list->out->next)
	           : HF_OK;
}

static int read_list(struct hf__query *q, const void *args, void *out)
{
	struct list one = {.args = args, .out = out}, *list = &one;
	const struct hf__index_node *start = NULL;
	int rc = hf__idem_check_scope(list->args->scope, &q->why);
	if (rc == HF_OK)
		rc = hash_query(list);
	if (rc != HF_OK)
		return rc;
	const struct hf__idem_scope *scope = hf__idem_scope_find(q->state, list->args->scope);
	hf__query_depends(q, hf__idem_scope_depends(q->state, scope, list->args->scope));
	list->alive = hf__lasting(HF__INSTANT_OF(q));
	rc = find_start(q, list, scope, &start);
	if (rc != HF_OK)
		return rc;
	size_t count = 0;
	for (const struct hf__index_node *node = start;
	     node && (list->args->limit == 0 || count < list->args->limit); count++)
		node = next_alive(list, node);
	return fill(q, list, start, count);
}

static const struct hf__reading list_reading = {HF__DOMAIN_IDEMPOTENCY, read_list,
                                                sizeof(struct hf_idempotency_page),
                                                offsetof(struct hf_idempotency_page, memory)};

int hf_idempotency_list(hf_store *store, const struct hf_idempotency_list_args *args,
                        unsigned flags, struct hf_idempotency_page *out, struct hf_error *error)
{
	HF__CALL;
	return hf__read_into(store, &list_reading, args, flags, out, error);
}
