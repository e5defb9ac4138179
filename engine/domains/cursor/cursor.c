/* Cursors: the row of the domain. Job: hold confirmed delivery positions. Happy path: a mutation
 * decides a cursor's whole new value (cursor/mutate.c), writes it as one SET entry
 * (cursor/entry.c), and apply() below puts it into the indexes (cursor/index.c); reads walk one
 * range of one index (cursor/read.c). Failure modes: a body that no mutation wrote is
 * HF_ECORRUPT and changes nothing; no memory leaves what the change did so far to its owner, which
 * undoes it.
 *
 * I-CURSOR-1: a cursor's version is the LSN of the entry that last set it. I-CURSOR-2: an
 * advance never lowers last_sequence, replayed or live. */
#include "domains/cursor/cursor.h"
#include "domains/common/domains.h"
#include "domains/common/objects.h"

/* --- Life ------------------------------------------------------------------------------------- */

static void cursor_deinit(void *state)
{
	struct hf__cursor_state *s = state;
	hf__objects_free(&s->cursors);
	for (unsigned i = 0; i < HF__CURSOR_VIEWS; i++)
		hf__index_deinit(&s->views[i]);
	hf__containers_deinit(state);
}

/* --- Apply ------------------------------------------------------------------------------------ */

/* The value after the entry; `out` holds nothing new on failure. */
static int make_value(const struct hf__cursor *cursor, const struct hf__cursor_image *image,
                      struct hf__cursor_value *out)
{
	const struct hf__cursor_value *old = &cursor->value;
	*out = *old;
	out->last_sequence = image->last_sequence;
	out->last_delivered_at = image->last_delivered_at;
	out->updated_at = image->updated_at;
	if (hf__blob_keep(old->delivery_id, image->delivery_id, &out->delivery_id) &&
	    hf__cursor_keep_mishap(old, image, &out->mishap))
		return HF_OK;
	hf__value_drop(hf__type(&cursor->object), old, out);
	return HF_ENOMEM;
}

static int add_cursor(struct hf__cursor_state *s, struct hf__change *change,
                      const struct hf__cursor_position *key, const struct hf__cursor_image *image)
{
	int rc;
	struct hf__stream *stream = hf__container_get(s, change, key->part[HF__STREAM], &rc);
	if (!stream)
		return rc;
	struct hf__cursor *cursor = hf__cursor_new(stream, key);
	if (!cursor)
		return HF_ENOMEM;
	struct hf__cursor_value value;
	rc = make_value(cursor, image, &value);
	if (rc != HF_OK) {
		hf__small_free(cursor);
		return rc;
	}
	cursor->value = value;
	return hf__change_add(change, &cursor->object);
}

static int change_cursor(struct hf__cursor *cursor, struct hf__change *change,
                         const struct hf__cursor_image *image)
{
	struct hf__cursor_value value;
	const int rc = make_value(cursor, image, &value);
	return rc == HF_OK ? hf__change_set(change, &cursor->object, &value) : rc;
}

/* Could a mutation with this cause have followed the state there is? */
static bool follows(const struct hf__cursor *cursor, enum hf__cursor_cause cause,
                    const struct hf__cursor_image *image)
{
	const int64_t at = cursor ? cursor->value.last_sequence : 0;
	const uint64_t errors = cursor ? hf__cursor_mishap_of(&cursor->value).error_count : 0;
	switch (cause) {
	case HF__CURSOR_ADVANCE:
		return image->last_sequence > at;
	case HF__CURSOR_REPLAY:
		return cursor && image->last_sequence == at &&
		       hf__bytes_equal(image->delivery_id, hf__blob_bytes(cursor->value.delivery_id));
	case HF__CURSOR_RECORD_ERROR:
		return image->last_sequence == at && image->error_count == errors + (errors < UINT64_MAX);
	case HF__CURSOR_STATE:
		return !cursor;
	case HF__CURSOR_PUT:
		return image->last_sequence >= at;
	case HF__CURSOR_RESET:
		return true;
	}
	return false;
}

static int apply_set(struct hf__cursor_state *s, struct hf__change *change,
                     const struct hf__entry *entry)
{
	enum hf__cursor_cause cause;
	struct hf__cursor_position key;
	struct hf__cursor_image image;
	if (entry->lsn == 0 || !hf__cursor_get_set(entry->body, &cause, &key, &image))
		return HF_ECORRUPT;
	struct hf__cursor *cursor = hf__cursor_find(s, &key);
	if (!follows(cursor, cause, &image))
		return HF_ECORRUPT;
	return cursor ? change_cursor(cursor, change, &image) : add_cursor(s, change, &key, &image);
}

static int apply_remove(struct hf__cursor_state *s, struct hf__change *change,
                        const struct hf__entry *entry)
{
	struct hf__cursor_position key;
	if (!hf__cursor_get_remove(entry->body, &key))
		return HF_ECORRUPT;
	struct hf__cursor *cursor = hf__cursor_find(s, &key);
	return cursor ? hf__change_remove(change, &cursor->object) : HF_ECORRUPT;
}

static int cursor_apply(void *state, struct hf__change *change, const struct hf__entry *entry)
{
	if (entry->kind == HF__CURSOR_SET)
		return apply_set(state, change, entry);
	if (entry->kind == HF__CURSOR_REMOVE)
		return apply_remove(state, change, entry);
	return HF_ECORRUPT;
}

/* --- Snapshot --------------------------------------------------------------------------------- */

static const struct hf__index *cursor_shelf(const void *state, unsigned i)
{
	return i == 0 ? &((const struct hf__cursor_state *)state)->views[HF__CURSOR_BY_STREAM] : NULL;
}

static int cursor_show(const void *object, struct hf__emitter *emitter)
{
	const struct hf__cursor *cursor = object;
	const struct hf__cursor_position key = hf__cursor_position_of(cursor);
	const struct hf__cursor_image image = hf__cursor_image_of(cursor);
	hf__cursor_put_set(&emitter->body, HF__CURSOR_STATE, &key, &image);
	return emitter->emit(emitter, cursor->object.changed, HF__CURSOR_SET);
}

/* --- Verify ----------------------------------------------------------------------------------- */

static bool cursor_sane(const struct hf__cursor_state *s, const struct hf__cursor *cursor)
{
	const struct hf__cursor_position key = hf__cursor_position_of(cursor);
	return cursor->object.changed != 0 && cursor->value.last_sequence >= 0 &&
	       hf__object_sealed(&cursor->object) && hf__cursor_find(s, &key) == cursor &&
	       hf__container_find(s, key.part[HF__STREAM]) == hf__cursor_stream(cursor);
}

/* Sound, strictly ascending, and as many as in the map. */
static bool view_sane(const struct hf__cursor_state *s, enum hf__cursor_view view)
{
	const struct hf__index *order = &s->views[view];
	return hf__index_sane(order) && hf__index_count(order) == s->cursors.count;
}

/* A stream without cursors waits to go, and no other does. */
static bool streams_sane(const struct hf__cursor_state *s)
{
	size_t cursors = 0, count = 0;
	struct hf__map_walk walk = {0};
	for (const struct hf__stream *stream; (stream = hf__map_next(&s->streams.map, &walk)) != NULL;
	     count++) {
		if (!hf__container_sane(s, stream, 0))
			return false;
		cursors += stream->cursors;
	}
	return cursors == s->cursors.count && count == s->streams.map.count && hf__containers_sane(s);
}

static int cursor_verify(const void *state, struct hf__text *why)
{
	const struct hf__cursor_state *s = state;
	for (enum hf__cursor_view view = 0; view < HF__CURSOR_VIEWS; view++) {
		if (view_sane(s, view))
			continue;
		return hf__refuse(why, HF_ECORRUPT, "cursor order %u disagrees with the cursors",
		                  (unsigned)view);
	}
	size_t count = 0;
	struct hf__map_walk walk = {0};
	for (const struct hf__cursor *cursor; (cursor = hf__map_next(&s->cursors, &walk)) != NULL;
	     count++) {
		const struct hf__cursor_position key = hf__cursor_position_of(cursor);
		if (cursor_sane(s, cursor))
			continue;
		hf__text_add(why, "unsound cursor: ");
		hf__cursor_add_name(why, &key);
		return HF_ECORRUPT;
	}
	if (!streams_sane(s))
		return hf__refuse(why, HF_ECORRUPT, "the streams disagree with the cursors");
	if (count == s->cursors.count)
		return HF_OK;
	return hf__refuse(why, HF_ECORRUPT, "%zu cursors in the map, which counts %zu", count,
	                  s->cursors.count);
}

const struct hf__domain hf__cursor_domain = {
    .id = HF__DOMAIN_CURSOR,
    .name = "cursor",
    .kinds = hf__cursor_kinds,
    .api = &hf__api_cursor_part,
    .state_size = sizeof(struct hf__cursor_state),
    .init = hf__cursor_state_init,
    .deinit = cursor_deinit,
    .apply = cursor_apply,
    .shelf = cursor_shelf,
    .show = cursor_show,
    .describe = hf__cursor_describe,
    .about = hf__cursor_about,
    .verify = cursor_verify,
    .removed = hf__containers_removed,
    .figures = &hf__cursor_figures,
    .objects = hf__cursor_objects,
};
