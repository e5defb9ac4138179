/* See names.h. Job: one page of names, in byte order. Happy path: seek behind the position of
 * the token, walk what is listed, copy. A position is the last name given, so a walk goes on
 * behind it even when it is gone by then. Failure modes: a token of another list is HF_EINVAL;
 * no memory is HF_ENOMEM and gives nothing. */
#include "store/call/names.h"

#include "store/call/error.h"

struct list {
	const struct hf__names *names;
	const struct hf_names_args *args;
	uint64_t query;
	struct hf_name_page *out;
};

struct key {
	const struct hf__names *names;
	struct hf_bytes name;
};

void hf__name_until(struct hf__index *order, struct hf__index_node *node, int64_t until)
{
	if (node->weight != until)
		hf__index_update(order, node, until, 0);
}

/* What holds something now. By one bound alone, so that the filter is exact. */
static struct hf__index_filter listed_at(const struct hf__query *q, const struct hf__names *names)
{
	const int64_t now = names->mono ? q->mono : q->now;
	return (struct hf__index_filter){.low = now < INT64_MAX ? now + 1 : INT64_MAX,
	                                 .high = INT64_MAX};
}

static int probe(const struct hf__index_node *node, const void *raw)
{
	const struct key *key = raw;
	return hf__bytes_compare(key->names->name(node), key->name);
}

/* From this node on. */
static const struct hf__index_node *settle_on(const struct hf__query *q, const struct list *list,
                                              const struct hf__index_node *node)
{
	const struct hf__index_filter listed = listed_at(q, list->names);
	node = hf__index_pass(node, &listed);
	while (node && list->names->listed && !list->names->listed(node, HF__INSTANT_OF(q)))
		node = hf__index_pass(hf__index_next(node), &listed);
	return node;
}

static const struct hf__index_node *next_listed(const struct hf__query *q, const struct list *list,
                                                const struct hf__index_node *node)
{
	return settle_on(q, list, hf__index_next(node));
}

/* Where the page begins; NULL: it is empty. */
static int find_start(struct hf__query *q, const struct list *list,
                      const struct hf__index_node **start)
{
	const struct hf__index *order = list->names->order(q->state);
	struct hf__page page;
	const int rc = hf__page_open(q->answer, list->args->page, list->query, &page);
	if (rc == HF_EINVAL)
		hf__text_add(&q->why, "the page token is damaged or belongs to another list");
	if (rc != HF_OK)
		return rc;
	const struct key key = {list->names, page.after};
	*start = settle_on(
	    q, list, page.after.len > 0 ? hf__index_after(order, probe, &key) : hf__index_first(order));
	return HF_OK;
}

static int fill(struct hf__query *q, const struct list *list, const struct hf__index_node *node,
                size_t count)
{
	struct hf_bytes *items = hf__answer_alloc(q->answer, count * sizeof *items);
	if (!items)
		return HF_ENOMEM;
	for (size_t i = 0; i < count; i++, node = next_listed(q, list, node)) {
		const int rc = hf__answer_bytes(q->answer, list->names->name(node), &items[i]);
		if (rc != HF_OK)
			return rc;
	}
	list->out->items = items;
	list->out->count = count;
	/* `node` is the first one of the next page. */
	return node && count > 0
	           ? hf__page_token(q->answer, list->query, items[count - 1], &list->out->next)
	           : HF_OK;
}

static int read_names(struct hf__query *q, void *raw)
{
	const struct list *list = raw;
	const struct hf__index_node *start = NULL;
	const int rc = find_start(q, list, &start);
	if (rc != HF_OK)
		return rc;
	hf__query_depends(q, list->names->root(q->state));
	size_t count = 0;
	for (const struct hf__index_node *node = start;
	     node && (list->args->limit == 0 || count < list->args->limit); count++)
		node = next_listed(q, list, node);
	return fill(q, list, start, count);
}

static int hash_query(const struct hf__names *names, uint64_t *query)
{
	struct hf__writer w = {0};
	hf__put_u8(&w, names->domain);
	hf__put_short(&w, hf_str(names->operation));
	const int rc = w.bad ? HF_ENOMEM : HF_OK;
	*query = hf__query_hash(&w);
	hf__writer_deinit(&w);
	return rc;
}

int hf__names_list(struct hf_store *store, const struct hf__names *names,
                   const struct hf_names_args *args, unsigned flags, struct hf_name_page *out,
                   struct hf_error *error)
{
	static const struct hf_names_args all = {0};
	struct hf__answer answer;
	struct hf_name_page page = {0};
	struct list list = {.names = names, .args = args ? args : &all, .out = &page};
	*out = page;
	int rc = hash_query(names, &list.query);
	if (rc != HF_OK)
		return hf__fail(error, rc, 0, "no memory for the answer");
	rc = hf__read(store, names->domain, read_names, &list, flags, &answer, error);
	if (rc != HF_OK)
		return rc;
	page.memory = hf__answer_give(&answer);
	if (!page.memory)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for the answer");
	*out = page;
	return HF_OK;
}
