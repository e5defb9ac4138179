/* Lists of a collection. A list is one range of one view, walked in either direction past what
 * has expired. A page is walked twice, once to count and once to fill, so that its items lie in
 * one piece. A page token holds group, time and id of the last item given. */
#include "domains/common/read.h"
#include "domains/document/document.h"

/* What a list is asked for, and what it finds. */
struct walk {
	const struct hf_document_list_args *args;
	struct hf__document_range range;
	uint64_t query;
	struct hf__page page;
	const struct hf__document *first;
	size_t count;
	bool more;
	struct hf_document_page *out;
};

static int check_list(const struct hf_document_list_args *args, struct hf__text *why)
{
	int rc = hf__document_check_collection(args->collection, why);
	if (rc == HF_OK)
		rc = hf__document_check_group(args->group, why);
	if (rc != HF_OK || (unsigned)args->by <= HF_DOCUMENT_BY_ANY)
		return rc;
	hf__text_add(why, "no such order: %d", (int)args->by);
	return HF_EINVAL;
}

static int hash_query(struct walk *walk)
{
	struct hf__writer w = {0};
	hf__put_u8(&w, HF__DOMAIN_DOCUMENT);
	hf__put_short(&w, hf_str("document list"));
	hf__put_u8(&w, (uint8_t)walk->range.view);
	hf__put_u8(&w, walk->args->descending);
	hf__put_u8(&w, walk->range.grouped);
	hf__put_short(&w, walk->args->collection);
	hf__put_short(&w, walk->range.group);
	const int rc = w.bad ? HF_ENOMEM : HF_OK;
	walk->query = hf__query_hash(&w);
	hf__writer_deinit(&w);
	return rc;
}

/* The view that the arguments name; HF_DOCUMENT_BY_ANY is the first one that is kept. */
static enum hf__document_view choose_view(const struct walk *walk)
{
	const struct hf__collection *collection = walk->range.collection;
	const bool grouped = walk->range.grouped;
	switch (walk->args->by) {
	case HF_DOCUMENT_BY_UPDATED:
		return grouped ? HF__DOCUMENT_GROUP_UPDATED : HF__DOCUMENT_UPDATED;
	case HF_DOCUMENT_BY_ANY:
		if (grouped && collection && !(collection->value.orders & HF_DOCUMENT_GROUP_CREATED))
			return HF__DOCUMENT_GROUP_UPDATED;
		if (!grouped && collection)
			return hf__collection_view(collection);
		break;
	case HF_DOCUMENT_BY_CREATED:
		break;
	}
	return grouped ? HF__DOCUMENT_GROUP_CREATED : HF__DOCUMENT_CREATED;
}

static int plan(struct hf__query *q, struct walk *walk)
{
	const struct hf_document_list_args *args = walk->args;
	const int rc = check_list(args, &q->why);
	if (rc != HF_OK)
		return rc;
	walk->range.collection = hf__collection_find(q->state, args->collection);
	walk->range.grouped = args->by_group || args->group.len > 0;
	walk->range.group = args->group;
	walk->range.view = choose_view(walk);
	return hash_query(walk);
}

/* Does the collection keep the order? One without documents has all of them. */
static int check_kept(struct hf__query *q, const struct walk *walk)
{
	const struct hf__collection *collection = walk->range.collection;
	if (!hf__collection_live(collection, HF__INSTANT_OF(q)) ||
	    collection->value.orders & 1u << walk->range.view)
		return HF_OK;
	hf__text_add(&q->why,
	             "the collection does not keep this order (its first put did not ask for it): ");
	hf__text_add_quoted(&q->why, walk->args->collection);
	return HF_EINVAL;
}

static int open_page(struct hf__query *q, struct walk *walk, struct hf__document_position *after,
                     bool *resumed)
{
	int rc = hf__page_open(q->answer, walk->args->page, walk->query, &walk->page);
	*resumed = rc == HF_OK && walk->page.after.len > 0;
	if (*resumed) {
		struct hf__reader r = hf__reader(walk->page.after);
		after->group = hf__get_short(&r);
		after->time = hf__get_i64(&r);
		after->id = hf__get_short(&r);
		rc = hf__reader_done(&r) ? HF_OK : HF_EINVAL;
	}
	if (rc == HF_EINVAL)
		hf__text_add(&q->why, "the page token is damaged or belongs to another list");
	return rc;
}

/* Finds the page: its first document, how many it has, whether more follow. */
static int find_page(struct hf__query *q, struct walk *walk)
{
	struct hf__document_position after = {0};
	bool resumed = false;
	const int rc = open_page(q, walk, &after, &resumed);
	if (rc != HF_OK || !hf__collection_live(walk->range.collection, HF__INSTANT_OF(q)))
		return rc;
	const bool reverse = walk->args->descending;
	walk->first =
	    hf__document_first(&walk->range, resumed ? &after : NULL, HF__INSTANT_OF(q), reverse);
	const struct hf__document *document = walk->first;
	for (; document && (walk->args->limit == 0 || walk->count < walk->args->limit); walk->count++)
		document = hf__document_next(document, &walk->range, HF__INSTANT_OF(q), reverse);
	walk->more = document != NULL;
	return HF_OK;
}

static int put_token(struct hf__query *q, const struct walk *walk, const struct hf__document *last)
{
	if (!walk->more || !last)
		return HF_OK;
	struct hf__writer w = {0};
	const struct hf__document_position at = hf__document_position_of(last, walk->range.view);
	hf__put_short(&w, at.group);
	hf__put_i64(&w, at.time);
	hf__put_short(&w, at.id);
	const int rc = w.bad ? HF_ENOMEM
	                     : hf__page_token(q->answer, walk->query, hf_bytes_of(w.data, w.len),
	                                      &walk->out->next);
	hf__writer_deinit(&w);
	return rc;
}

static int fill_page(struct hf__query *q, const struct walk *walk)
{
	struct hf_document *items = hf__answer_alloc(q->answer, walk->count * sizeof *items);
	if (!items)
		return HF_ENOMEM;
	const struct hf__document *document = walk->first, *last = NULL;
	for (size_t i = 0; i < walk->count; i++) {
		const int rc = hf__document_answer(q, document, walk->args->without_payload, &items[i]);
		if (rc != HF_OK)
			return rc;
		last = document;
		document =
		    hf__document_next(document, &walk->range, HF__INSTANT_OF(q), walk->args->descending);
	}
	walk->out->items = items;
	walk->out->count = walk->count;
	return put_token(q, walk, last);
}

static int read_list(struct hf__query *q, const void *args, void *out)
{
	struct walk one = {.args = args, .out = out}, *walk = &one;
	int rc = plan(q, walk);
	if (rc != HF_OK)
		return rc;
	hf__query_depends(
	    q, hf__collection_depends(q->state, walk->range.collection, walk->args->collection));
	rc = check_kept(q, walk);
	if (rc == HF_OK)
		rc = find_page(q, walk);
	return rc == HF_OK ? fill_page(q, walk) : rc;
}

static const struct hf__reading list_reading = {HF__DOMAIN_DOCUMENT, read_list,
                                                sizeof(struct hf_document_page),
                                                offsetof(struct hf_document_page, memory)};

int hf_document_list(hf_store *store, const struct hf_document_list_args *args, unsigned flags,
                     struct hf_document_page *out, struct hf_error *error)
{
	HF__CALL;
	return hf__read_into(store, &list_reading, args, flags, out, error);
}
