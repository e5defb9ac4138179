/* Cursors and streams in memory: how they are found, and how they enter and leave the indexes at
 * birth, around every change, and at removal. */
#include "domains/common/objects.h"
#include "domains/cursor/cursor.h"

/* --- Maps ------------------------------------------------------------------------------------- */

/* The parts of a full key joined by NUL, which none of them holds. */
static uint64_t hash_of(const struct hf__map *map, const struct hf__cursor_position *key)
{
	uint8_t joined[HF__CURSOR_PARTS * (HF_KEY_MAX + 1)];
	size_t len = 0;
	for (unsigned i = 0; i < HF__CURSOR_PARTS; i++) {
		if (key->part[i].len > 0)
			memcpy(joined + len, key->part[i].data, key->part[i].len);
		len += key->part[i].len;
		joined[len++] = 0;
	}
	return hf__map_hash(map, joined, len);
}

static uint64_t cursor_hash(const struct hf__map *map, const void *cursor)
{
	const struct hf__cursor_position key = hf__cursor_position_of(cursor);
	return hash_of(map, &key);
}

static struct hf__map *cursor_map(const struct hf__object *object)
{
	return &hf__cursor_stream((const void *)object)->state->cursors;
}

static bool cursor_has_key(const void *cursor, const void *key)
{
	return hf__fields_compare_at(&hf__cursor_views[HF__CURSOR_BY_CONSUMER].fields, HF__CURSOR_PARTS,
	                             cursor, key) == 0;
}

struct hf__cursor *hf__cursor_find(const struct hf__cursor_state *state,
                                   const struct hf__cursor_position *key)
{
	return hf__map_find(&state->cursors, hash_of(&state->cursors, key), cursor_has_key, key);
}

const struct hf__object *hf__cursor_depends(const struct hf__cursor_state *state,
                                            const struct hf__cursor *cursor, struct hf_bytes name)
{
	return cursor ? &cursor->object
	              : hf__container_depends(state, hf__container_find(state, name), name);
}

/* --- Objects ---------------------------------------------------------------------------------- */

static void enlist_cursor(struct hf__object *object)
{
	struct hf__cursor *cursor = (void *)object;
	struct hf__cursor_state *state = hf__cursor_stream(cursor)->state;
	hf__map_insert(&state->cursors, cursor, cursor_hash(&state->cursors, cursor));
	for (unsigned i = 0; i < HF__CURSOR_FIRST_BY_VALUE; i++)
		hf__index_insert(&state->views[i], cursor);
	hf__cursor_stream(cursor)->cursors++;
}

static void delist_cursor(struct hf__object *object)
{
	struct hf__cursor *cursor = (void *)object;
	struct hf__cursor_state *state = hf__cursor_stream(cursor)->state;
	hf__map_remove(&state->cursors, cursor);
	for (unsigned i = 0; i < HF__CURSOR_FIRST_BY_VALUE; i++)
		hf__index_remove(&state->views[i], cursor);
	hf__cursor_stream(cursor)->cursors--;
}

static void link_cursor(struct hf__object *object)
{
	struct hf__cursor *cursor = (void *)object;
	struct hf__cursor_state *state = hf__cursor_stream(cursor)->state;
	for (unsigned i = HF__CURSOR_FIRST_BY_VALUE; i < HF__CURSOR_VIEWS; i++)
		hf__index_insert(&state->views[i], cursor);
}

static void unlink_cursor(struct hf__object *object)
{
	struct hf__cursor *cursor = (void *)object;
	struct hf__cursor_state *state = hf__cursor_stream(cursor)->state;
	for (unsigned i = HF__CURSOR_FIRST_BY_VALUE; i < HF__CURSOR_VIEWS; i++)
		hf__index_remove(&state->views[i], cursor);
}

static bool stream_idle(const struct hf__object *object)
{
	return ((const struct hf__stream *)(const void *)object)->cursors == 0;
}

static const struct hf__type cursor_type = {
    .name = "cursor",
    .value_offset = offsetof(struct hf__cursor, value),
    .value_size = sizeof(struct hf__cursor_value),
    .blob_count = 2,
    .blob_offsets = {offsetof(struct hf__cursor, value.delivery_id),
                     offsetof(struct hf__cursor, value.mishap)},
    .enlist = enlist_cursor,
    .delist = delist_cursor,
    .map = cursor_map,
    .link = link_cursor,
    .unlink = unlink_cursor,
};

static void stream_init(void *stream, void *state)
{
	((struct hf__stream *)stream)->state = state;
}

static const struct hf__container_type stream_type = {
    .object = {.name = "stream",
               .value_offset = offsetof(struct hf__stream, name),
               HF__CONTAINER(struct hf__stream),
               .idle = stream_idle},
    .size = sizeof(struct hf__stream),
    .init = stream_init,
};

struct hf__cursor *hf__cursor_new(struct hf__stream *stream, const struct hf__cursor_position *key)
{
	const struct hf_bytes consumer = key->part[HF__CONSUMER], subject = key->part[HF__SUBJECT];
	struct hf__cursor *cursor = hf__small_alloc(sizeof *cursor + consumer.len + subject.len);
	if (!cursor)
		return NULL;
	hf__object_is(&cursor->object, &cursor_type);
	cursor->object.container = &stream->head.object;
	cursor->lens[0] = (uint16_t)consumer.len;
	cursor->lens[1] = (uint16_t)subject.len;
	memcpy(cursor->text, consumer.data, consumer.len);
	if (subject.len > 0)
		memcpy(cursor->text + consumer.len, subject.data, subject.len);
	return cursor;
}

int hf__cursor_state_init(void *raw, const struct hf__domain_env *env)
{
	struct hf__cursor_state *state = raw;
	for (unsigned i = 0; i < HF__CURSOR_VIEWS; i++)
		hf__index_init(&state->views[i], &hf__cursor_views[i], env->nodes);
	return hf__containers_init(state, &stream_type, env->hash_key, env->nodes) &&
	               hf__map_init(&state->cursors, cursor_hash, env->hash_key)
	           ? HF_OK
	           : HF_ENOMEM;
}
