/* Reads of documents but lists (document/list.c): one document, whether there is one, how many,
 * which collections. All show views: what has expired is gone, logged or not. */
#include "domains/document/document.h"
#include "store/call/error.h"

/* --- One document ----------------------------------------------------------------------------- */

struct get {
	const struct hf_document_key *key;
	struct hf_document *out; /* NULL: only whether it is there */
	bool found;
};

/* Finds it and notes what the answer depends on. NULL: there is none. */
static const struct hf__document *find(struct hf__query *q, const struct hf_document_key *key)
{
	const struct hf__document *document = hf__document_find(q->state, key->collection, key->id);
	const struct hf__collection *collection = hf__collection_find(q->state, key->collection);
	hf__query_depends(q, document ? &document->object
	                              : hf__collection_depends(q->state, collection, key->collection));
	return document && !hf__document_over(document, HF__INSTANT_OF(q)) ? document : NULL;
}

static int read_document(struct hf__query *q, void *raw)
{
	struct get *get = raw;
	const int rc = hf__document_check_key(get->key, &q->why);
	if (rc != HF_OK)
		return rc;
	const struct hf__document *document = find(q, get->key);
	get->found = document != NULL;
	if (!get->out)
		return HF_OK;
	if (document)
		return hf__document_answer(q, document, false, get->out);
	hf__text_add(&q->why, "no such document: ");
	hf__document_add_key(&q->why, get->key);
	return HF_ENOTFOUND;
}

int hf_document_get(hf_store *store, const struct hf_document_key *key, unsigned flags,
                    struct hf_document_got *out, struct hf_error *error)
{
	HF__CALL;
	struct hf__answer answer;
	struct hf_document_got got = {0};
	struct get get = {.key = key, .out = &got.document};
	*out = got;
	int rc = hf__read(store, HF__DOMAIN_DOCUMENT, read_document, &get, flags, &answer, error);
	if (rc == HF_OK)
		rc = hf__document_give(&answer, &got.memory, error);
	if (rc == HF_OK)
		*out = got;
	return rc;
}

int hf_document_has(hf_store *store, const struct hf_document_key *key, unsigned flags, bool *out,
                    struct hf_error *error)
{
	HF__CALL;
	struct hf__answer answer;
	struct get get = {.key = key};
	*out = false;
	const int rc = hf__read(store, HF__DOMAIN_DOCUMENT, read_document, &get, flags, &answer, error);
	if (rc == HF_OK) {
		hf__answer_reset(&answer);
		*out = get.found;
	}
	return rc;
}

/* --- Answers ---------------------------------------------------------------------------------- */

int hf__document_answer(struct hf__query *q, const struct hf__document *document,
                        bool without_payload, struct hf_document *out)
{
	const struct hf__document_value *value = &document->value;
	*out = (struct hf_document){
	    .created_at = value->created_at,
	    .updated_at = value->updated_at,
	    .expires_at = hf__document_expires_at(document, q->setback),
	    .expires_computed = value->computed,
	    .version = value->version,
	};
	int rc = hf__answer_bytes(q->answer, hf__collection_name(hf__document_collection(document)),
	                          &out->key.collection);
	if (rc == HF_OK)
		rc = hf__answer_bytes(q->answer, hf__document_id(document), &out->key.id);
	if (rc == HF_OK)
		rc = hf__answer_bytes(q->answer, hf__blob_bytes(value->group), &out->group);
	if (rc == HF_OK && !without_payload)
		rc = hf__answer_payload(q->answer, &value->payload, &out->payload);
	return rc;
}

int hf__document_give(struct hf__answer *answer, struct hf_memory **memory, struct hf_error *error)
{
	*memory = hf__answer_give(answer);
	return *memory ? HF_OK : hf__fail(error, HF_ENOMEM, 0, "no memory for the answer");
}

/* --- Counts ----------------------------------------------------------------------------------- */

struct count {
	const struct hf_document_count_args *args;
	struct hf_document_counts *out;
};

static int read_count(struct hf__query *q, void *raw)
{
	const struct count *count = raw;
	const struct hf_document_count_args *args = count->args;
	int rc = hf__document_check_collection(args->collection, &q->why);
	if (rc == HF_OK)
		rc = hf__document_check_group(args->group, &q->why);
	if (rc != HF_OK)
		return rc;
	const struct hf__collection *collection = hf__collection_find(q->state, args->collection);
	count->out->as_of = q->now;
	hf__query_depends(q, hf__collection_depends(q->state, collection, args->collection));
	if (!hf__collection_live(collection, HF__INSTANT_OF(q)))
		return HF_OK;
	const bool grouped = args->by_group || args->group.len > 0;
	const uint32_t orders = collection->value.orders;
	struct hf__document_range range = {collection, hf__collection_view(collection), grouped,
	                                   args->group};
	if (grouped && !(orders & HF__DOCUMENT_GROUPED)) {
		hf__text_add(&q->why, "the collection keeps no order within groups: ");
		hf__text_add_quoted(&q->why, args->collection);
		return HF_EINVAL;
	}
	if (grouped)
		range.view = orders & HF_DOCUMENT_GROUP_CREATED ? HF__DOCUMENT_GROUP_CREATED
		                                                : HF__DOCUMENT_GROUP_UPDATED;
	count->out->documents = hf__document_tally(&range, HF__INSTANT_OF(q));
	count->out->orders = orders;
	return HF_OK;
}

int hf_document_count(hf_store *store, const struct hf_document_count_args *args, unsigned flags,
                      struct hf_document_counts *out, struct hf_error *error)
{
	HF__CALL;
	struct hf__answer answer;
	struct hf_document_counts counted = {0};
	struct count count = {args, &counted};
	*out = counted;
	const int rc = hf__read(store, HF__DOMAIN_DOCUMENT, read_count, &count, flags, &answer, error);
	if (rc == HF_OK) {
		hf__answer_reset(&answer);
		*out = counted;
	}
	return rc;
}

/* --- Collections ------------------------------------------------------------------------------ */

static const struct hf__order *order_of(const void *state)
{
	return &((const struct hf__document_state *)state)->by_name;
}

static struct hf_bytes name_of(const struct hf__order_node *node)
{
	return hf__collection_name(hf__collection_of_order(node));
}

static const struct hf__object *root_of(const void *state)
{
	return &((const struct hf__document_state *)state)->root;
}

static bool is_listed(const struct hf__order_node *node, struct hf__instant at)
{
	return hf__collection_live(hf__collection_of_order(node), at);
}

int hf_document_names(hf_store *store, const struct hf_names_args *args, unsigned flags,
                      struct hf_name_page *out, struct hf_error *error)
{
	HF__CALL;
	static const struct hf__names collections = {.domain = HF__DOMAIN_DOCUMENT,
	                                             .operation = "document collections",
	                                             .order = order_of,
	                                             .name = name_of,
	                                             .root = root_of,
	                                             .listed = is_listed};
	return hf__names_list(store, &collections, args, flags, out, error);
}
