/* Documents: the row of the domain. Job: small keyed state with listings by time, over all or
 * within groups. Happy path: a mutation (document/put.c, document/mutate.c) decides what a
 * document is afterwards and writes that as one entry (document/entry.c); apply
 * (document/apply.c) puts it into the indexes (document/index.c); reads walk them
 * (document/read.c, document/list.c). What expires is gone as a view first; settle() below logs
 * it later. Failure modes: a body that no mutation wrote is HF_ECORRUPT and changes nothing; no
 * memory leaves what the change did so far to its owner, which undoes it. */
#include "domains/document/document.h"
#include "domains/common/domains.h"
#include "domains/common/objects.h"

static void document_deinit(void *raw)
{
	struct hf__document_state *state = raw;
	hf__objects_free(&state->documents);
	hf__containers_deinit(state);
}

static int64_t document_next_ending(const void *raw, int64_t setback)
{
	return hf__next_ending(((const struct hf__document_state *)raw)->endings, setback);
}

/* Crash: before the entry is durable the document is gone all the same, as a view; the next
 * opening logs it. */
static int log_expired(struct hf__decision *d, const struct hf__heap_node *due)
{
	const struct hf__document_image image =
	    hf__document_image_of(hf__document_of_heap(due), HF__DOCUMENT_EXPIRE, d->setback);
	hf__document_encode(hf__entry_body(d), HF__DOCUMENT_GONE, &image, false);
	return hf__emit(d, HF__DOCUMENT_GONE);
}

static int document_settle(void *raw, struct hf__decision *d, unsigned budget, bool *more)
{
	const struct hf__document_state *state = raw;
	return hf__settle_due(state->endings, d, budget, more, log_expired);
}

/* --- Snapshot --------------------------------------------------------------------------------- */

static const struct hf__index *document_shelf(const void *owner, unsigned i)
{
	const struct hf__collection *collection = owner;
	return i == 0 ? &collection->views[hf__collection_view(collection)] : NULL;
}

/* One that has expired and whose ending is not logged too. */
static int document_show(const void *object, struct hf__emitter *emitter)
{
	const struct hf__document *document = object;
	const struct hf__document_image image =
	    hf__document_image_of(document, HF__DOCUMENT_STATE, emitter->setback);
	hf__document_encode(&emitter->body, HF__DOCUMENT_WHOLE, &image, true);
	const int rc = hf__show_payload(emitter, &document->value.payload);
	return rc == HF_OK ? emitter->emit(emitter, document->object.changed, HF__DOCUMENT_WHOLE) : rc;
}

/* --- Figures ---------------------------------------------------------------------------------- */

static const char *document_objects(const void *raw, unsigned kind, uint64_t *count)
{
	*count = ((const struct hf__document_state *)raw)->documents.count;
	return kind == 0 ? "document" : NULL;
}

const struct hf__domain hf__document_domain = {
    .id = HF__DOMAIN_DOCUMENT,
    .name = "document",
    .kinds = hf__document_kinds,
    .api = &hf__api_document_part,
    .state_size = sizeof(struct hf__document_state),
    .init = hf__document_state_init,
    .deinit = document_deinit,
    .apply = hf__document_apply,
    .expect = hf__document_expect,
    .shelf = document_shelf,
    .in_containers = true,
    .show = document_show,
    .describe = hf__document_describe,
    .about = hf__document_about,
    .verify = hf__document_verify,
    .removed = hf__containers_removed,
    .settle = document_settle,
    .next_ending = document_next_ending,
    .objects = document_objects,
};
