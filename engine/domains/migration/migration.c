/* Migrations: the row of the domain. Job: remember which of the caller's migrations were
 * applied. Happy path: a mutation (migration/run.c) writes a name once as APPLIED; apply() below
 * makes an object of it. Failure modes: a body that no mutation wrote is HF_ECORRUPT and changes
 * nothing; no memory leaves what the change did so far to its owner, which undoes it.
 *
 * I-MIGRATION-1: a name is there once, under the LSN of the entry that recorded it, and no two
 * have the same. */
#include <stddef.h>

#include "domains/common/domains.h"
#include "domains/migration/migration.h"

#define BODY_VERSION 1u

static const struct hf__kind kinds[] = {
    {HF__MIGRATION_APPLIED, BODY_VERSION, HF__MIGRATION_CAUSES, HF__CAUSE_BEHIND_VERSION, 0},
    {HF__MIGRATION_FORGOTTEN, BODY_VERSION, 0, 0, 0},
    {0, 0, 0, 0, 0},
};

/* --- Entries ---------------------------------------------------------------------------------- */

struct image {
	enum hf__migration_cause cause;
	struct hf_bytes name;
	struct hf__migration_value value; /* without the version */
};

void hf__migration_put_applied(struct hf__writer *w, enum hf__migration_cause cause,
                               struct hf_bytes name, const struct hf__migration_value *value)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_u8(w, (uint8_t)cause);
	hf__put_short(w, name);
	hf__put_i64(w, value->applied_at);
	hf__put_u8(w, value->has_checksum);
	if (value->has_checksum)
		hf__put_u64(w, value->checksum);
}

void hf__migration_put_forgotten(struct hf__writer *w, struct hf_bytes name)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_short(w, name);
}

/* false: no mutation wrote this. */
static bool decode(uint8_t kind, struct hf_bytes body, struct image *out)
{
	struct hf__reader r = hf__reader(body);
	*out = (struct image){.cause = HF__MIGRATION_STATE};
	if (hf__get_u8(&r) != BODY_VERSION ||
	    (kind != HF__MIGRATION_APPLIED && kind != HF__MIGRATION_FORGOTTEN))
		return false;
	const uint8_t cause = kind == HF__MIGRATION_APPLIED ? hf__get_u8(&r) : 0;
	out->cause = (enum hf__migration_cause)cause;
	out->name = hf__get_short(&r);
	if (kind == HF__MIGRATION_FORGOTTEN)
		return hf__reader_done(&r) && hf__key_part_ok(out->name, false);
	out->value.applied_at = hf__get_i64(&r);
	const uint8_t has_checksum = hf__get_u8(&r);
	out->value.has_checksum = has_checksum == 1;
	out->value.checksum = out->value.has_checksum ? hf__get_u64(&r) : 0;
	return hf__reader_done(&r) && cause < HF__MIGRATION_CAUSES &&
	       hf__key_part_ok(out->name, false) && has_checksum <= 1 &&
	       out->value.applied_at != HF_UNSET;
}

static const char *word_of(uint8_t kind, const struct image *image)
{
	static const char *const words[HF__MIGRATION_CAUSES] = {"state", "apply", "record"};
	return kind == HF__MIGRATION_FORGOTTEN ? "forget" : words[image->cause];
}

static void migration_describe(const struct hf__entry *entry, struct hf__text *out)
{
	struct image image;
	if (!decode(entry->kind, entry->body, &image)) {
		hf__text_add(out, "damaged entry of kind %u, %zu bytes", entry->kind, entry->body.len);
		return;
	}
	hf__text_add(out, "%s ", word_of(entry->kind, &image));
	hf__text_add_quoted(out, image.name);
}

static bool migration_about(const struct hf__entry *entry, struct hf__about *out)
{
	struct image image;
	*out = (struct hf__about){0};
	if (!decode(entry->kind, entry->body, &image))
		return false;
	out->operation = word_of(entry->kind, &image);
	out->key[0] = image.name;
	out->parts = 1;
	out->removed = entry->kind == HF__MIGRATION_FORGOTTEN;
	return true;
}

/* --- Objects ---------------------------------------------------------------------------------- */

struct hf_bytes hf__migration_name(const struct hf__migration *migration)
{
	return hf_bytes_of(migration->name, migration->len);
}

static const struct hf__index_type by_name = HF__INDEX_BY_NAME(struct hf__migration);

/* A position is the LSN. */
static const struct hf__index_type by_lsn = {
    .fields = {1,
               {{.kind = HF__FIELD_U64, .offset = offsetof(struct hf__migration, value.version)}}},
};

struct hf__migration *hf__migration_find(const struct hf__migration_state *state,
                                         struct hf_bytes name)
{
	struct hf__migration *found = hf__index_object(hf__index_seek(&state->by_name, &name, 1));
	return found && hf__bytes_equal(hf__migration_name(found), name) ? found : NULL;
}

struct hf__migration *hf__migration_after(const struct hf__migration_state *state, uint64_t lsn)
{
	return hf__index_object(hf__index_after(&state->by_lsn, &lsn, 1));
}

static void migration_enlist(struct hf__object *object)
{
	struct hf__migration *migration = (void *)object;
	hf__index_insert(&migration->state->by_name, migration);
	hf__index_insert(&migration->state->by_lsn, migration);
}

static void migration_delist(struct hf__object *object)
{
	struct hf__migration *migration = (void *)object;
	hf__index_remove(&migration->state->by_name, migration);
	hf__index_remove(&migration->state->by_lsn, migration);
}

static const struct hf__type migration_type = {
    .name = "migration",
    .value_offset = offsetof(struct hf__migration, value),
    .value_size = sizeof(struct hf__migration_value),
    .enlist = migration_enlist,
    .delist = migration_delist,
};

/* --- The row ---------------------------------------------------------------------------------- */

static int migration_init(void *raw, const struct hf__domain_env *env)
{
	struct hf__migration_state *state = raw;
	hf__object_is(&state->root, &hf__plain_type);
	hf__index_init(&state->by_name, &by_name, env->nodes);
	hf__index_init(&state->by_lsn, &by_lsn, env->nodes);
	return HF_OK;
}

static void migration_deinit(void *raw)
{
	struct hf__migration_state *state = raw;
	hf__index_deinit(&state->by_name);
	hf__index_drain(&state->by_lsn, hf__object_drop);
}

static int apply_applied(struct hf__migration_state *state, struct hf__change *change,
                         const struct image *image, uint64_t lsn)
{
	const uint64_t before = lsn - 1;
	const struct hf__migration *next = lsn ? hf__migration_after(state, before) : NULL;
	if (lsn == 0 || hf__migration_find(state, image->name) || (next && next->value.version == lsn))
		return HF_ECORRUPT;
	struct hf__migration *migration = hf__small_alloc(sizeof *migration + image->name.len);
	if (!migration)
		return HF_ENOMEM;
	hf__object_is(&migration->object, &migration_type);
	migration->object.container = &state->root;
	migration->state = state;
	migration->value = image->value;
	migration->value.version = lsn;
	migration->len = (uint16_t)image->name.len;
	if (image->name.len > 0) /* always: decoding saw to it */
		memcpy(migration->name, image->name.data, image->name.len);
	return hf__change_add(change, &migration->object);
}

static int migration_apply(void *state, struct hf__change *change, const struct hf__entry *entry)
{
	struct image image;
	if (!decode(entry->kind, entry->body, &image))
		return HF_ECORRUPT;
	if (entry->kind == HF__MIGRATION_APPLIED)
		return apply_applied(state, change, &image, entry->lsn);
	struct hf__migration *migration = hf__migration_find(state, image.name);
	return migration ? hf__change_remove(change, &migration->object) : HF_ECORRUPT;
}

static const struct hf__index *migration_shelf(const void *state, unsigned i)
{
	return i == 0 ? &((const struct hf__migration_state *)state)->by_name : NULL;
}

static int migration_show(const void *object, struct hf__emitter *emitter)
{
	const struct hf__migration *migration = object;
	hf__migration_put_applied(&emitter->body, HF__MIGRATION_STATE, hf__migration_name(migration),
	                          &migration->value);
	return emitter->emit(emitter, migration->value.version, HF__MIGRATION_APPLIED);
}

/* I-MIGRATION-1. */
static int migration_verify(const void *raw, struct hf__text *why)
{
	const struct hf__migration_state *state = raw;
	if (!hf__index_sane(&state->by_name) || !hf__index_sane(&state->by_lsn) ||
	    hf__index_count(&state->by_name) != hf__index_count(&state->by_lsn))
		return hf__refuse(why, HF_ECORRUPT, "the orders of migrations disagree");
	for (struct hf__index_at at = hf__index_first(&state->by_lsn); at.leaf;
	     at = hf__index_next(at)) {
		const struct hf__migration *migration = hf__index_object(at);
		if (hf__object_sealed(&migration->object) && migration->value.version != 0 &&
		    migration->value.applied_at != HF_UNSET &&
		    hf__migration_find(state, hf__migration_name(migration)) == migration)
			continue;
		return hf__refuse_named(why, HF_ECORRUPT, hf__migration_name(migration),
		                        "unsound migration");
	}
	return HF_OK;
}

/* --- Figures ---------------------------------------------------------------------------------- */

static const char *migration_objects(const void *raw, unsigned kind, uint64_t *count)
{
	*count = hf__index_count(&((const struct hf__migration_state *)raw)->by_name);
	return kind == 0 ? "migration" : NULL;
}

const struct hf__domain hf__migration_domain = {
    .id = HF__DOMAIN_MIGRATION,
    .name = "migration",
    .kinds = kinds,
    .api = &hf__api_migration_part,
    .state_size = sizeof(struct hf__migration_state),
    .init = migration_init,
    .deinit = migration_deinit,
    .apply = migration_apply,
    .shelf = migration_shelf,
    .show = migration_show,
    .describe = migration_describe,
    .about = migration_about,
    .verify = migration_verify,
    .objects = migration_objects,
};
