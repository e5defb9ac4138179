/* Idempotency: the row of the domain. Job: let each piece of work be done once per key, and give
 * its response to a caller that asks again. Happy path: a mutation (idempotency/begin.c,
 * idempotency/raw.c) decides what the entry of a key is afterwards and writes that as one log
 * entry (idempotency/entry.c); apply (idempotency/apply.c) puts it into the indexes
 * (idempotency/state.c); reads walk them (idempotency/read.c, idempotency/list.c). What time or
 * a new opening ends is gone as a view first; settle() below logs it later. Failure modes: a
 * body that no mutation wrote is HF_ECORRUPT and changes nothing; no memory leaves what the
 * change did so far to its owner, which undoes it. */
#include "domains/common/domains.h"
#include "domains/common/objects.h"
#include "domains/idempotency/apply.h"

static void idem_deinit(void *raw)
{
	struct hf__idem_state *state = raw;
	hf__objects_free(&state->entries);
	hf__containers_deinit(state);
}

static int64_t idem_next_ending(const void *raw, int64_t setback)
{
	return hf__next_ending(((const struct hf__idem_state *)raw)->endings, setback);
}

/* Crash: before the log entry is durable the key is free all the same, as a view; the next
 * opening logs it. */
static int log_ended(struct hf__decision *d, const struct hf__heap_node *due)
{
	const struct hf__idem_image image =
	    hf__idem_image_of(hf__idem_of_ending(due), HF__IDEM_STATE, d->setback);
	hf__idem_encode(hf__entry_body(d), HF__IDEM_ENDED, &image, false);
	return hf__emit(d, HF__IDEM_ENDED);
}

static int idem_settle(void *raw, struct hf__decision *d, unsigned budget, bool *more)
{
	const struct hf__idem_state *state = raw;
	return hf__settle_due(state->endings, d, budget, more, log_ended);
}

/* --- Snapshot --------------------------------------------------------------------------------- */

static const struct hf__index *idem_shelf(const void *owner, unsigned i)
{
	return i == 0 ? &((const struct hf__idem_scope *)owner)->by_key : NULL;
}

static int idem_show(const void *object, struct hf__emitter *emitter)
{
	const struct hf__idem_entry *entry = object;
	const struct hf__idem_image image = hf__idem_image_of(entry, HF__IDEM_STATE, emitter->setback);
	const enum hf__idem_kind kind = entry->value.done ? HF__IDEM_DONE : HF__IDEM_OWNED;
	hf__idem_encode(&emitter->body, kind, &image, true);
	const int rc = entry->value.done ? hf__show_payload(emitter, &entry->value.response) : HF_OK;
	return rc == HF_OK ? emitter->emit(emitter, entry->object.changed, (uint8_t)kind) : rc;
}

/* --- Figures ---------------------------------------------------------------------------------- */

static const char *idem_objects(const void *raw, unsigned kind, uint64_t *count)
{
	*count = ((const struct hf__idem_state *)raw)->entries.count;
	return kind == 0 ? "key" : NULL;
}

const struct hf__domain hf__idempotency_domain = {
    .id = HF__DOMAIN_IDEMPOTENCY,
    .name = "idempotency",
    .kinds = hf__idempotency_kinds,
    .api = &hf__api_idempotency_part,
    .state_size = sizeof(struct hf__idem_state),
    .init = hf__idem_state_init,
    .deinit = idem_deinit,
    .apply = hf__idem_apply,
    .shelf = idem_shelf,
    .in_containers = true,
    .show = idem_show,
    .describe = hf__idem_describe,
    .about = hf__idem_about,
    .verify = hf__idem_verify,
    .removed = hf__containers_removed,
    .opened = hf__idem_opened,
    .settle = idem_settle,
    .next_ending = idem_next_ending,
    .objects = idem_objects,
};
