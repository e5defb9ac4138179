/* Documents: the row of the domain. Job: small keyed state with listings by time, over all or
 * within groups. Happy path: a mutation (document/put.c, document/mutate.c) decides what a
 * document is afterwards and writes that as one entry (document/entry.c); apply
 * (document/apply.c) puts it into the indexes (document/index.c); reads walk them
 * (document/read.c, document/list.c). What expires is gone as a view first; settle() below logs
 * it later. Failure modes: a body that no mutation wrote is HF_ECORRUPT and changes nothing; no
 * memory leaves what the change did so far to its owner, which undoes it. */
#include "domains/document/document.h"
#include "domains/common/domains.h"

static int document_init(void *state, const struct hf__domain_env *env)
{
	return hf__document_indexes_init(state, env) ? HF_OK : HF_ENOMEM;
}

static void document_deinit(void *raw)
{
	struct hf__document_state *state = raw;
	struct hf__map_node *next;
	for (struct hf__map_node *node = hf__map_next(&state->documents, NULL); node; node = next) {
		next = hf__map_next(&state->documents, node);
		hf__object_free(&hf__document_of_map(node)->object);
	}
	for (struct hf__map_node *node = hf__map_next(&state->collections, NULL); node; node = next) {
		next = hf__map_next(&state->collections, node);
		hf__object_free(&hf__collection_of_map(node)->object);
	}
	hf__map_deinit(&state->documents);
	hf__map_deinit(&state->collections);
}

static int64_t document_next_ending(const void *raw, int64_t setback)
{
	const struct hf__document_state *state = raw;
	const struct hf__heap_node *named = hf__heap_first(&state->endings[false]),
	                           *computed = hf__heap_first(&state->endings[true]);
	const int64_t first = named ? named->deadline : INT64_MAX,
	              other = computed ? hf__to_shown(computed->deadline, setback) : INT64_MAX;
	return first < other ? first : other;
}

/* One that has expired; NULL: none. */
static const struct hf__document *next_due(const struct hf__document_state *state,
                                           struct hf__instant at)
{
	for (unsigned computed = 0; computed < 2; computed++) {
		const struct hf__heap_node *first = hf__heap_first(&state->endings[computed]);
		if (first && hf__over(first->deadline, computed, at))
			return hf__document_of_heap(first);
	}
	return NULL;
}

/* Crash: before the entry is durable the document is gone all the same, as a view; the next
 * opening logs it. */
static int document_settle(void *raw, struct hf__decision *d, unsigned budget, bool *more)
{
	const struct hf__document_state *state = raw;
	const struct hf__document *document = next_due(state, HF__INSTANT_OF(d));
	for (unsigned i = 0; i < budget && document;
	     i++, document = next_due(state, HF__INSTANT_OF(d))) {
		const struct hf__document_image image =
		    hf__document_image_of(document, HF__DOCUMENT_EXPIRE, d->setback);
		hf__document_encode(hf__entry_body(d), HF__DOCUMENT_GONE, &image, false);
		const int rc = hf__emit(d, HF__DOCUMENT_GONE);
		if (rc != HF_OK)
			return rc;
	}
	*more = document != NULL;
	return HF_OK;
}

static struct hf__removed *document_removed(void *state)
{
	return &((struct hf__document_state *)state)->removed;
}

const struct hf__domain hf__document_domain = {
    .id = HF__DOMAIN_DOCUMENT,
    .name = "document",
    .kinds = hf__document_kinds,
    .state_size = sizeof(struct hf__document_state),
    .init = document_init,
    .deinit = document_deinit,
    .apply = hf__document_apply,
    .snapshot = hf__document_snapshot,
    .describe = hf__document_describe,
    .about = hf__document_about,
    .verify = hf__document_verify,
    .removed = document_removed,
    .settle = document_settle,
    .next_ending = document_next_ending,
};
