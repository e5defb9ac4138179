/* Reads of documents but lists (document/list.c): one document, whether there is one, how many,
 * which collections. All show views: what has expired is gone, logged or not. */
#include "domains/common/read.h"
#include "domains/common/objects.h"
#include "domains/document/document.h"

/* --- One document ----------------------------------------------------------------------------- */

/* Finds it and notes what the answer depends on. NULL: there is none. */
static const struct hf__document *find(struct hf__query *q, const struct hf_document_key *key)
{
	const struct hf__document *document = hf__document_find(q->state, key->collection, key->id);
	const struct hf__collection *collection = hf__container_find(q->state, key->collection);
	if (document && !hf__document_over(document, HF__INSTANT_OF(q))) {
		hf__query_depends(q, &document->object);
		return document;
	}
	hf__query_absent(q, document ? &document->object
	                             : hf__container_depends(q->state, collection, key->collection));
	return NULL;
}

static int read_document(struct hf__query *q, const void *key, void *out)
{
	struct hf_document_got *got = out;
	const int rc = hf__document_check_key(key, &q->why);
	if (rc != HF_OK)
		return rc;
	const struct hf__document *document = find(q, key);
	if (document)
		return hf__document_answer(q, document, false, &got->document);
	hf__text_add(&q->why, "no such document: ");
	hf__document_add_key(&q->why, key);
	return HF_ENOTFOUND;
}

static int read_has(struct hf__query *q, const void *key, void *out)
{
	bool *found = out;
	const int rc = hf__document_check_key(key, &q->why);
	*found = rc == HF_OK && find(q, key);
	return rc;
}

static const void *put_key(const void *raw, struct hf_bytes room[3], struct hf_bytes *sent)
{
	const struct hf_document_put_args *args = raw;
	(void)room;
	*sent = args->payload;
	return &args->key;
}

const struct hf__giving hf__document_giving = HF__GIVING(document_got, read_document, NULL);
const struct hf__giving hf__document_put_giving = HF__GIVING(document_got, read_document, put_key);

HF__GET(hf_document_get, const struct hf_document_key *key, key, document_got, HF__DOMAIN_DOCUMENT,
        read_document);

HF__HAS(hf_document_has, const struct hf_document_key *key, key, HF__DOMAIN_DOCUMENT, read_has);

/* --- Answers ---------------------------------------------------------------------------------- */

int hf__document_answer(struct hf__query *q, const struct hf__document *document,
                        bool without_payload, struct hf_document *out)
{
	const struct hf__document_value *value = &document->value;
	if (!without_payload) /* it is fetched while the rest is copied */
		__builtin_prefetch(value->payload.bytes);
	*out = (struct hf_document){
	    .created_at = value->created_at,
	    .updated_at = value->updated_at,
	    .expires_at = hf__document_expires_at(document, q->setback),
	    .expires_computed = value->computed,
	    .version = document->object.changed,
	};
	int rc = hf__answer_bytes(q->answer, hf__container_name(hf__document_collection(document)),
	                          &out->key.collection);
	if (rc == HF_OK)
		rc = hf__answer_bytes(q->answer, hf__document_id(document), &out->key.id);
	if (rc == HF_OK)
		rc = hf__answer_bytes(q->answer, hf__blob_bytes(value->group), &out->group);
	if (rc == HF_OK && !without_payload)
		rc = hf__answer_payload(q->answer, &value->payload, &out->payload);
	return rc;
}

/* --- Counts ----------------------------------------------------------------------------------- */

static int read_count(struct hf__query *q, const void *raw, void *out)
{
	struct hf_document_counts *counts = out;
	const struct hf_document_count_args *args = raw;
	int rc = hf__check_part("collection", args->collection, false, &q->why);
	if (rc == HF_OK)
		rc = hf__check_part("group", args->group, true, &q->why);
	if (rc != HF_OK)
		return rc;
	const struct hf__collection *collection = hf__query_in(q, args->collection);
	counts->as_of = q->now;
	if (!hf__collection_live(collection, HF__INSTANT_OF(q)))
		return HF_OK;
	const bool grouped = args->by_group || args->group.len > 0;
	const uint32_t orders = collection->value.orders;
	struct hf__document_range range = {collection, hf__collection_view(collection), grouped,
	                                   args->group};
	if (grouped && !(orders & HF__DOCUMENT_GROUPED))
		return hf__refuse_named(&q->why, HF_EINVAL, args->collection,
		                        "the collection keeps no order within groups");
	if (grouped)
		range.view = hf__collection_group_view(collection);
	counts->documents = hf__document_tally(&range, HF__INSTANT_OF(q));
	counts->orders = orders;
	hf__query_sees(q, counts->documents);
	return HF_OK;
}

HF__COUNT(hf_document_count, document_count_args, document_counts, HF__DOMAIN_DOCUMENT, read_count);

/* --- Collections ------------------------------------------------------------------------------ */

static bool is_listed(const void *collection, struct hf__instant at)
{
	return hf__collection_live(collection, at);
}

HF__NAMES(hf_document_names, HF__DOMAIN_DOCUMENT, .operation = "document collections",
          .listed = is_listed);
