/* What can be done to documents beside putting them: regroup, remove, clear, guard; and what all
 * mutations have in common. Each looks at what it names, decides what that is afterwards and
 * writes it as one entry; what it looked at is what its answer waits for, refusals and "nothing
 * to do" included. */
#include "domains/common/objects.h"
#include "domains/common/verb.h"
#include "domains/document/document.h"

/* --- Form ------------------------------------------------------------------------------------- */

int hf__document_check_key(const struct hf_document_key *key, struct hf__text *why)
{
	const int rc = hf__check_part("collection", key->collection, false, why);
	return rc == HF_OK ? hf__check_part("id", key->id, false, why) : rc;
}

/* --- Deciding --------------------------------------------------------------------------------- */

void hf__document_add_key(struct hf__text *why, const struct hf_document_key *key)
{
	hf__text_add_quoted(why, key->id);
	hf__text_add(why, " in collection ");
	hf__text_add_quoted(why, key->collection);
}

int hf__document_look(const struct hf__document_state *state, struct hf__decision *d,
                      const struct hf_write *write, const struct hf_document_key *key,
                      struct hf__document **out)
{
	struct hf__document *document = hf__document_find(state, key->collection, key->id);
	const struct hf__collection *collection = hf__container_find(state, key->collection);
	/* That one has expired depends on the put that said when. */
	hf__depends(d, document ? &document->object
	                        : hf__container_depends(state, collection, key->collection));
	*out = document && !hf__document_over(document, HF__INSTANT_OF(d)) ? document : NULL;
	const int rc = hf__expect(d, write->expect, *out ? (*out)->object.changed : 0);
	if (rc != HF_OK) {
		hf__text_add(&d->why, ": ");
		hf__document_add_key(&d->why, key);
	}
	return rc;
}

/* As above; HF_ENOTFOUND when there is none. */
static int require(const struct hf__document_state *state, struct hf__decision *d,
                   const struct hf_write *write, const struct hf_document_key *key,
                   struct hf__document **out)
{
	const int rc = hf__document_look(state, d, write, key, out);
	if (rc != HF_OK || *out)
		return rc;
	hf__text_add(&d->why, "no such document: ");
	hf__document_add_key(&d->why, key);
	return HF_ENOTFOUND;
}

static int regroup_decide(void *state, struct hf__decision *d, const void *raw,
                          struct hf_result *result)
{
	const struct hf_document_regroup_args *args = raw;
	struct hf__document *document;
	const int rc = require(state, d, &args->write, &args->key, &document);
	if (rc != HF_OK)
		return rc;
	result->version = document->object.changed;
	if (hf__bytes_equal(hf__blob_bytes(document->value.group), args->group))
		return HF_OK;
	struct hf__document_image image =
	    hf__document_image_of(document, HF__DOCUMENT_REGROUP, d->setback);
	image.group = args->group;
	image.updated_at = hf__given_or(&args->write, args->now, d->stamp);
	hf__changed(result, hf__next_lsn(d));
	hf__document_encode(hf__entry_body(d), HF__DOCUMENT_REGROUPED, &image, false);
	return hf__emit(d, HF__DOCUMENT_REGROUPED);
}

static int remove_decide(void *state, struct hf__decision *d, const void *raw,
                         struct hf_result *result)
{
	const struct hf_document_remove_args *args = raw;
	struct hf__document *document;
	const int rc = require(state, d, &args->write, &args->key, &document);
	if (rc != HF_OK)
		return rc;
	const struct hf__document_image image =
	    hf__document_image_of(document, HF__DOCUMENT_REMOVE, d->setback);
	hf__changed(result, 0);
	hf__document_encode(hf__entry_body(d), HF__DOCUMENT_GONE, &image, false);
	return hf__emit(d, HF__DOCUMENT_GONE);
}

/* One entry, however many there are. What has expired goes along and is not counted. */
static int clear_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf_document_clear_args *args = raw;
	const struct hf__collection *collection = hf__look_in(state, d, args->collection);
	const struct hf__document_image image = {.cause = HF__DOCUMENT_CLEAR,
	                                         .collection = args->collection};
	if (!hf__collection_live(collection, HF__INSTANT_OF(d)))
		return HF_OK;
	result->changed = true;
	result->count =
	    hf__document_tally(&(struct hf__document_range){.collection = collection,
	                                                    .view = hf__collection_view(collection)},
	                       HF__INSTANT_OF(d));
	hf__document_encode(hf__entry_body(d), HF__DOCUMENT_CLEARED, &image, false);
	return hf__emit(d, HF__DOCUMENT_CLEARED);
}

static int guard_decide(void *state, struct hf__decision *d, const void *raw,
                        struct hf_result *result)
{
	const struct hf_document_guard_args *args = raw;
	struct hf__document *document;
	const int rc = hf__document_look(state, d, &args->write, &args->key, &document);
	if (rc == HF_OK && document)
		result->version = document->object.changed;
	return rc;
}

/* --- Public ----------------------------------------------------------------------------------- */

HF__MUTATION(hf_document_regroup, document_regroup_args, hf__run, "document regroup",
             HF__DOMAIN_DOCUMENT, .decide = regroup_decide, .giving = &hf__document_giving);
HF__MUTATION(hf_document_remove, document_remove_args, hf__run, "document remove",
             HF__DOMAIN_DOCUMENT, .decide = remove_decide, .giving = &hf__document_giving);
HF__MUTATION(hf_document_clear, document_clear_args, hf__run_unversioned, "document clear",
             HF__DOMAIN_DOCUMENT, .decide = clear_decide);
HF__MUTATION(hf_document_guard, document_guard_args, hf__guard_version, "document guard",
             HF__DOMAIN_DOCUMENT, .decide = guard_decide, .giving = &hf__document_giving);
