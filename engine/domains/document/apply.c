/* Entries -> state: the only writer of the document domain's state, live, in replay and from a
 * snapshot.
 *
 * Happy path: decode, find collection and document, compare with what the entry claims to
 * follow, make the new value beside the old one, then put it in place between the two halves of
 * the hook. Failure modes: a body, or a body at this state, that no decide wrote is HF_ECORRUPT
 * before anything was touched; no memory leaves what this change did so far to its owner, which
 * undoes it.
 *
 * I-DOCUMENT-3: what an expire entry removes had expired at the entry's time, and no other entry
 * touches what had. */
#include "domains/document/document.h"

/* --- Values ----------------------------------------------------------------------------------- */

/* The value after the entry; `out` holds nothing new on failure. */
static int make_value(const struct hf__document_state *state, const struct hf__entry *entry,
                      const struct hf__document *document, const struct hf__document_image *image,
                      struct hf__document_value *out)
{
	const struct hf__document_value *old = &document->value;
	*out = *old;
	out->created_at = image->created_at;
	out->updated_at = image->updated_at;
	out->expires_at =
	    image->computed ? hf__to_mono(image->expires_at, entry->setback) : image->expires_at;
	out->computed = image->computed;
	if (!hf__blob_keep(old->group, image->group, &out->group))
		return HF_ENOMEM;
	struct hf__kept payload;
	const int rc = hf__payload_keep(&state->env, entry, image->payload, &payload);
	if (rc != HF_OK)
		hf__value_drop(hf__type(&document->object), old, out);
	else
		out->payload = payload;
	return rc;
}

/* Takes over `value`, on failure too. */
static int set_value(struct hf__change *change, struct hf__document *document,
                     const struct hf__document_value *value)
{
	if (value->expires_at == HF_UNSET || hf__document_may_end(document))
		return hf__change_set(change, &document->object, value);
	hf__value_drop(hf__type(&document->object), &document->value, value);
	return HF_ENOMEM;
}

/* --- What an entry must follow ---------------------------------------------------------------- */

/* An entry is dated at its decision or a little later, so what had expired then has expired at
 * that time; not the other way round. */
static bool ended(const struct hf__document *document, const struct hf__entry *entry)
{
	return hf__document_over(document, HF__INSTANT_AT(entry));
}

/* May a whole document be stored over this one (NULL: none)? */
static bool may_store(const struct hf__document *old, const struct hf__document_image *image,
                      const struct hf__entry *entry)
{
	switch (image->cause) {
	case HF__DOCUMENT_STATE:
		return !old;
	case HF__DOCUMENT_CREATE:
		return !old || ended(old, entry);
	default:
		return old;
	}
}

/* --- Kinds of entries ------------------------------------------------------------------------- */

/* The collection that a new document goes into: the one that is there, if any. Its orders are the
 * entry's while it holds documents; else they become that. */
static int add_collection(struct hf__document_state *state, struct hf__change *change,
                          const struct hf__document_image *image, struct hf__collection **out)
{
	int rc = HF_OK;
	if (!*out)
		*out = hf__container_get(state, change, image->collection, &rc);
	if (!*out || (*out)->value.orders == image->orders)
		return rc;
	const struct hf__collection_value value = {.orders = image->orders};
	return hf__change_set(change, &(*out)->head.object, &value);
}

static int add_document(struct hf__document_state *state, struct hf__change *change,
                        const struct hf__entry *entry, const struct hf__document_image *image,
                        struct hf__collection *collection)
{
	int rc = add_collection(state, change, image, &collection);
	if (rc != HF_OK)
		return rc;
	struct hf__document *document = hf__document_new(collection, image->id);
	if (!document)
		return HF_ENOMEM;
	struct hf__document_value value;
	rc = image->expires_at == HF_UNSET || hf__document_may_end(document) ? HF_OK : HF_ENOMEM;
	if (rc == HF_OK)
		rc = make_value(state, entry, document, image, &value);
	if (rc != HF_OK) {
		hf__document_drop(document);
		return rc;
	}
	document->value = value;
	return hf__change_add(change, &document->object);
}

static int apply_whole(struct hf__document_state *state, struct hf__change *change,
                       const struct hf__entry *entry, const struct hf__document_image *image)
{
	struct hf__collection *collection = hf__container_find(state, image->collection);
	struct hf__document *document = hf__document_find(state, image->collection, image->id);
	if (!may_store(document, image, entry))
		return HF_ECORRUPT;
	if (collection && collection->value.orders != image->orders &&
	    hf__collection_size(collection) > 0)
		return HF_ECORRUPT;
	if (!document)
		return add_document(state, change, entry, image, collection);
	struct hf__document_value value;
	const int rc = make_value(state, entry, document, image, &value);
	return rc == HF_OK ? set_value(change, document, &value) : rc;
}

/* The payload stays where it is. */
static int apply_regrouped(struct hf__change *change, struct hf__document *document,
                           const struct hf__document_image *image)
{
	struct hf__document_value value = document->value;
	if (hf__bytes_equal(hf__blob_bytes(value.group), image->group))
		return HF_ECORRUPT;
	value.updated_at = image->updated_at;
	return hf__blob_new(image->group, &value.group) ? set_value(change, document, &value)
	                                                : HF_ENOMEM;
}

static int apply_gone(struct hf__change *change, const struct hf__entry *entry,
                      struct hf__document *document, const struct hf__document_image *image)
{
	if (image->cause == HF__DOCUMENT_EXPIRE && !ended(document, entry))
		return HF_ECORRUPT;
	return hf__change_remove(change, &document->object);
}

static int apply_cleared(struct hf__document_state *state, struct hf__change *change,
                         const struct hf__entry *entry, const struct hf__document_image *image)
{
	struct hf__collection *collection = hf__container_find(state, image->collection);
	if (!collection || hf__collection_size(collection) == 0)
		return HF_ECORRUPT;
	if (image->cause == HF__DOCUMENT_EXPIRE &&
	    hf__collection_live(collection, HF__INSTANT_AT(entry)))
		return HF_ECORRUPT;
	struct hf__document *document;
	while ((document = hf__collection_any(collection))) {
		const int rc = hf__change_remove(change, &document->object);
		if (rc != HF_OK)
			return rc;
	}
	return HF_OK;
}

int hf__document_apply(void *raw, struct hf__change *change, const struct hf__entry *entry)
{
	struct hf__document_state *state = raw;
	struct hf__document_image image;
	if (entry->lsn == 0 || !hf__document_decode(entry->kind, entry->body, &image))
		return HF_ECORRUPT;
	if (entry->kind == HF__DOCUMENT_WHOLE)
		return apply_whole(state, change, entry, &image);
	if (entry->kind == HF__DOCUMENT_CLEARED)
		return apply_cleared(state, change, entry, &image);
	struct hf__document *document = hf__document_find(state, image.collection, image.id);
	if (!document)
		return HF_ECORRUPT;
	return entry->kind == HF__DOCUMENT_GONE ? apply_gone(change, entry, document, &image)
	                                        : apply_regrouped(change, document, &image);
}

void hf__document_expect(const void *raw, const struct hf__entry *entry)
{
	const struct hf__document_state *state = raw;
	struct hf__reader r = hf__reader(entry->body);
	const uint8_t *at = hf__reader_take(&r, 4); /* version, cause, and a length */
	const struct hf_bytes collection = hf__get_bytes(&r, at ? hf__load_u16(at + 2) : 0),
	                      id = hf__get_short(&r);
	if (!r.bad && id.len > 0)
		hf__map_expect_pair(&state->documents, collection, id);
}
