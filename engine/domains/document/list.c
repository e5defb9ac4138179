/* Lists of a collection. A list is one range of one view, walked in either direction past what
 * has expired. A page token holds group, time and id of the last item given. A prefix is a range,
 * too, where the order goes by id. */
#include "domains/common/list.h"
#include "domains/common/read.h"
#include "domains/document/document.h"

/* What a list is asked for. */
struct request {
	const struct hf_document_list_args *args;
	struct hf__document_range range;
};

static int check_list(const struct hf_document_list_args *args, struct hf__text *why)
{
	int rc = hf__check_part("collection", args->collection, false, why);
	if (rc == HF_OK)
		rc = hf__check_part("group", args->group, true, why);
	if (rc == HF_OK)
		rc = hf__check_part("id_prefix", args->id_prefix, true, why);
	if (rc != HF_OK)
		return rc;
	if ((unsigned)args->by > HF_DOCUMENT_BY_ID)
		return hf__refuse(why, HF_EINVAL, "no such order: %d", (int)args->by);
	return HF_OK;
}

static int hash_query(const struct request *request, uint64_t *query)
{
	struct hf__writer w = {0};
	hf__put_u8(&w, HF__DOMAIN_DOCUMENT);
	hf__put_short(&w, hf_str("document list"));
	hf__put_u8(&w, (uint8_t)request->range.view);
	hf__put_u8(&w, request->args->descending);
	hf__put_u8(&w, request->range.grouped);
	hf__put_short(&w, request->args->collection);
	hf__put_short(&w, request->range.group);
	hf__put_short(&w, request->args->id_prefix);
	return hf__query_end(&w, query);
}

/* The view that the arguments name; HF_DOCUMENT_BY_ANY is the first one that is kept. */
static enum hf__document_view choose_view(const struct request *request)
{
	const struct hf__collection *collection = request->range.collection;
	const bool grouped = request->range.grouped;
	switch (request->args->by) {
	case HF_DOCUMENT_BY_UPDATED:
		return grouped ? HF__DOCUMENT_GROUP_UPDATED : HF__DOCUMENT_UPDATED;
	case HF_DOCUMENT_BY_ID:
		return grouped ? HF__DOCUMENT_GROUP_ID : HF__DOCUMENT_ID;
	case HF_DOCUMENT_BY_ANY:
		if (collection)
			return grouped ? hf__collection_group_view(collection)
			               : hf__collection_view(collection);
		break;
	case HF_DOCUMENT_BY_CREATED:
		break;
	}
	return grouped ? HF__DOCUMENT_GROUP_CREATED : HF__DOCUMENT_CREATED;
}

/* Does the collection keep the order? One without documents has all of them. */
static int check_kept(struct hf__query *q, const struct request *request)
{
	const struct hf__collection *collection = request->range.collection;
	if (!hf__collection_live(collection, HF__INSTANT_OF(q)) ||
	    collection->value.orders & 1u << request->range.view)
		return HF_OK;
	hf__text_add(&q->why,
	             "the collection does not keep this order (its first put did not ask for it): ");
	hf__text_add_quoted(&q->why, request->args->collection);
	return HF_EINVAL;
}

static int copy_item(struct hf__query *q, const void *document, void *request, void *item)
{
	const bool without_payload = ((const struct request *)request)->args->without_payload;
	return hf__document_answer(q, document, without_payload, item);
}

#define AT(kind_, name) \
	{ \
		.kind = (kind_), .at = offsetof(struct hf__document_position, name) \
	}

static const struct hf__list document_list = {
    .item = sizeof(struct hf_document),
    .position = sizeof(struct hf__document_position),
    .token = {3, {AT(HF__FIELD_PART, group), AT(HF__FIELD_I64, time), AT(HF__FIELD_PART, id)}},
    .foreign = HF__FOREIGN_LIST,
    .copy = copy_item,
};

/* What of a range a prefix leaves. */
struct bounds {
	struct hf__document_position low, high;
	uint8_t end[HF_KEY_MAX];
};

static bool has_prefix(const void *document, const void *request)
{
	return hf__begins_with(hf__document_id(document),
	                       ((const struct request *)request)->args->id_prefix);
}

/* Where the order goes by id the prefix bounds the range; else each document is looked at. */
static void put_prefix(const struct request *request, const struct hf__document_position *at,
                       struct bounds *bounds, struct hf__listing *list)
{
	const struct hf_bytes prefix = request->args->id_prefix;
	const enum hf__document_view view = request->range.view;
	if (prefix.len == 0)
		return;
	if (view != HF__DOCUMENT_ID && view != HF__DOCUMENT_GROUP_ID) {
		list->wanted = has_prefix;
		return;
	}
	bounds->low = bounds->high = *at;
	bounds->low.id = prefix;
	bounds->high.id = hf__prefix_end(prefix, bounds->end);
	list->range.low = &bounds->low;
	list->range.high = bounds->high.id.len > 0 ? &bounds->high : NULL;
}

static int read_list(struct hf__query *q, const void *raw, void *to)
{
	const struct hf_document_list_args *args = raw;
	struct hf_document_page *out = to;
	struct request request = {.args = args};
	struct hf__document_range *range = &request.range;
	int rc = check_list(args, &q->why);
	if (rc != HF_OK)
		return rc;
	if (args->after && args->by == HF_DOCUMENT_BY_ANY) {
		hf__query_refuses(q);
		return hf__refuse(&q->why, HF_EINVAL, "after: a position is of one order; name it");
	}
	range->collection = hf__container_find(q->state, args->collection);
	range->grouped = args->by_group || args->group.len > 0;
	range->group = args->group;
	range->view = choose_view(&request);
	struct hf__listing list = {
	    .list = &document_list, .ctx = &request, .page = args->page, .limit = args->limit};
	rc = hash_query(&request, &list.query);
	if (rc != HF_OK)
		return rc;
	hf__query_depends(q, hf__container_depends(q->state, range->collection, args->collection));
	rc = check_kept(q, &request);
	if (rc != HF_OK)
		return rc;
	const struct hf__index_filter there = hf__lasting(HF__INSTANT_OF(q));
	const struct hf__document_position at = {.group = args->group};
	list.range = (struct hf__range){
	    .fields = range->grouped, .at = &at, .filter = &there, .reverse = args->descending};
	struct bounds bounds;
	put_prefix(&request, &at, &bounds, &list);
	struct hf__document_position after = at;
	if (args->after) {
		after.time = args->after->at;
		after.id = args->after->id;
		list.after = &after;
	}
	if (hf__collection_live(range->collection, HF__INSTANT_OF(q)))
		list.range.index = &range->collection->views[range->view];
	if (hf__query_seen(q) && list.range.index)
		hf__query_sees(q, hf__document_tally(range, HF__INSTANT_OF(q)));
	return hf__list_into(q, &list, &out->items);
}

HF__LIST(hf_document_list, document_list_args, document_page, HF__DOMAIN_DOCUMENT, read_list);
