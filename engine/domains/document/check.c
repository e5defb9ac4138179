/* Every invariant of the document state, recounted. */
#include "domains/common/objects.h"
#include "domains/document/document.h"

/* --- Verify ----------------------------------------------------------------------------------- */

static int broken(struct hf__text *why, const struct hf__collection *collection,
                  const struct hf__document *document, const char *what)
{
	hf__text_add(why, "collection ");
	hf__text_add_quoted(why, hf__container_name(collection));
	if (document) {
		hf__text_add(why, " document ");
		hf__text_add_quoted(why, hf__document_id(document));
	}
	return hf__refuse(why, HF_ECORRUPT, ": %s", what);
}

static const char *document_fault(const struct hf__document_state *state,
                                  const struct hf__document *document)
{
	const struct hf__document_value *value = &document->value;
	const struct hf__collection *collection = hf__document_collection(document);
	const bool ends = value->expires_at != HF_UNSET;
	if (!hf__object_sealed(&document->object))
		return "it was changed beside the hook";
	if (document->object.changed == 0 || value->created_at == HF_UNSET ||
	    value->updated_at == HF_UNSET)
		return "it has no version, or no time";
	if (document->orders != collection->value.orders)
		return "it keeps other orders than its collection";
	if (hf__document_find(state, hf__container_name(collection), hf__document_id(document)) !=
	    document)
		return "it cannot be found by its key";
	if (ends && (!document->ending || !hf__heap_in(&document->ending->heap)))
		return "its ending is not noted";
	return !ends && document->ending && hf__heap_in(&document->ending->heap)
	           ? "an ending is noted for it"
	           : NULL;
}

/* Are the documents of this order, which are `expected`, sound and strictly ascending? */
static int verify_view(const struct hf__document_state *state,
                       const struct hf__collection *collection, enum hf__document_view view,
                       size_t expected, struct hf__text *why)
{
	const struct hf__index *order = &collection->views[view];
	if (!hf__index_sane(order))
		return broken(why, collection, NULL, "an order of it is out of order");
	if (hf__index_count(order) != expected)
		return broken(why, collection, NULL, "an order of it has too many or too few documents");
	for (struct hf__index_at at = hf__index_first(order); at.leaf; at = hf__index_next(at)) {
		const struct hf__document *document = hf__index_object(at);
		if (hf__document_collection(document) != collection || !hf__document_stands(document, view))
			return broken(why, collection, document, "it stands where it does not belong");
		const char *fault = document_fault(state, document);
		if (fault)
			return broken(why, collection, document, fault);
	}
	return HF_OK;
}

static size_t count_ending(const struct hf__collection *collection)
{
	const struct hf__index *order = &collection->views[hf__collection_view(collection)];
	size_t count = 0;
	for (struct hf__index_at at = hf__index_first(order); at.leaf; at = hf__index_next(at)) {
		const struct hf__document *document = hf__index_object(at);
		count += document->value.expires_at != HF_UNSET;
	}
	return count;
}

static int verify_collection(const struct hf__document_state *state,
                             const struct hf__collection *collection, struct hf__text *why,
                             size_t *ending)
{
	const uint32_t orders = collection->value.orders;
	if (!hf__container_sane(state, collection, hf__collection_until(collection)))
		return broken(why, collection, NULL, "broken seal, map or listing");
	if (orders == 0 || orders > HF__DOCUMENT_ALL)
		return broken(why, collection, NULL, "it keeps no order");
	const size_t size = hf__collection_size(collection);
	*ending = count_ending(collection);
	for (unsigned view = 0; view < HF__DOCUMENT_VIEWS; view++) {
		size_t expected = view < HF__DOCUMENT_LISTED ? size : *ending;
		if ((view < HF__DOCUMENT_LISTED && !(orders & 1u << view)) ||
		    (view == HF__DOCUMENT_GROUP_ENDING && !(orders & HF__DOCUMENT_GROUPED)))
			expected = 0;
		const int rc = verify_view(state, collection, (enum hf__document_view)view, expected, why);
		if (rc != HF_OK)
			return rc;
	}
	return HF_OK;
}

int hf__document_verify(const void *raw, struct hf__text *why)
{
	const struct hf__document_state *state = raw;
	size_t documents = 0, endings = 0;
	if (!hf__containers_sane(state)) {
		hf__text_add(why,
		             "document: the order of collections disagrees with the map of collections");
		return HF_ECORRUPT;
	}
	for (const struct hf__collection *collection = hf__container_first(state); collection;
	     collection = hf__container_next(state, collection)) {
		size_t ending = 0;
		const int rc = verify_collection(state, collection, why, &ending);
		if (rc != HF_OK)
			return rc;
		documents += hf__collection_size(collection);
		endings += ending;
	}
	if (state->documents.count != documents)
		return hf__refuse(why, HF_ECORRUPT, "document: %zu documents by key, %zu in orders",
		                  state->documents.count, documents);
	const size_t noted = state->endings[false].count + state->endings[true].count;
	if (!hf__heap_sane(&state->endings[false]) || !hf__heap_sane(&state->endings[true]) ||
	    noted != endings)
		return hf__refuse(why, HF_ECORRUPT, "document: %zu endings noted, %zu due some time", noted,
		                  endings);
	return HF_OK;
}
