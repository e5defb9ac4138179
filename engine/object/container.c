/* See container.h. */
#include "object/container.h"

#include "base/mem.h"
#include "base/steps.h"

static struct hf__containers *home_of(const struct hf__container *c)
{
	return (void *)((uint8_t *)c->home - offsetof(struct hf__containers, removed));
}

static bool listed(const struct hf__containers *home)
{
	return home->type->by_name.fields.count > 0;
}

static uint64_t hash_of(const struct hf__map *map, const void *container)
{
	const struct hf_bytes name = hf__container_name(container);
	return hf__map_hash(map, name.data, name.len);
}

/* --- All of them ------------------------------------------------------------------------------ */

bool hf__containers_init(void *state, const struct hf__container_type *type,
                         const uint8_t hash_key[16], struct hf__index_nodes *nodes)
{
	struct hf__containers *home = state;
	home->type = type;
	hf__object_is(&home->root, &hf__plain_type);
	home->nodes = nodes;
	hf__index_init(&home->by_name, &type->by_name, nodes);
	hf__removed_init(&home->removed);
	return hf__map_init(&home->map, hash_of, hash_key);
}

static void indexes_deinit(const struct hf__containers *home, struct hf__container *c)
{
	struct hf__index *index = (void *)((uint8_t *)c + home->type->indexes_at);
	for (size_t i = 0; i < home->type->indexes; i++)
		hf__index_deinit(&index[i]);
}

void hf__containers_deinit(void *state)
{
	struct hf__containers *home = state;
	struct hf__map_walk walk = {0};
	struct hf__object *container;
	hf__index_deinit(&home->by_name);
	while ((container = hf__map_next(&home->map, &walk)) != NULL) {
		indexes_deinit(home, (struct hf__container *)container);
		hf__object_free(container);
	}
	hf__map_deinit(&home->map);
}

struct hf__removed *hf__containers_removed(void *state)
{
	return &((struct hf__containers *)state)->removed;
}

/* --- One -------------------------------------------------------------------------------------- */

static bool has_name(const void *container, const void *name)
{
	return hf__bytes_equal(hf__container_name(container), *(const struct hf_bytes *)name);
}

/* Another one than what was found last: apart, so that the usual way saves no registers. */
static __attribute__((noinline)) void *find_other(const struct hf__containers *home,
                                                  const struct hf_bytes *name)
{
	const uint64_t hash = hf__map_hash(&home->map, name->data, name->len);
	struct hf__container *c = hf__map_find(&home->map, hash, has_name, name);
	if (c) /* which is no state */
		((struct hf__containers *)(uintptr_t)home)->recent = c;
	return c;
}

void *hf__container_find(const void *state, struct hf_bytes name)
{
	const struct hf__containers *home = state;
	struct hf__container *recent = home->recent;
	HF__STEP();
	if (recent && hf__bytes_equal(hf__container_name(recent), name))
		return recent;
	return find_other(home, &name);
}

void *hf__container_get(void *state, struct hf__change *change, struct hf_bytes name, int *rc)
{
	struct hf__containers *home = state;
	struct hf__container *c = hf__container_find(state, name);
	*rc = HF_OK;
	if (c)
		return c;
	c = hf__small_alloc(home->type->size + name.len);
	if (!c) {
		*rc = HF_ENOMEM;
		return NULL;
	}
	hf__object_is(&c->object, &home->type->object);
	c->object.container = &home->root;
	c->home = &home->removed;
	c->len = (uint16_t)name.len;
	memcpy((uint8_t *)c + hf__type(&c->object)->name_offset, name.data, name.len);
	if (home->type->init)
		home->type->init(c, state);
	*rc = hf__change_add(change, &c->object);
	return *rc == HF_OK ? c : NULL;
}

const struct hf__object *hf__container_depends(const void *state, const void *container,
                                               struct hf_bytes name)
{
	const struct hf__containers *home = state;
	return hf__removed_depends(&home->removed, &home->map, container, name);
}

void hf__container_until(void *container, int64_t until)
{
	struct hf__container *c = container;
	const int64_t before = c->until;
	if (before == until)
		return;
	c->until = until;
	hf__index_update(&home_of(c)->by_name, c, before, 0);
}

int64_t hf__container_weigh(const void *container, uint8_t *tag)
{
	(void)tag;
	return ((const struct hf__container *)container)->until;
}

void hf__container_enlist(struct hf__object *object)
{
	struct hf__container *c = (struct hf__container *)object;
	struct hf__containers *home = home_of(c);
	hf__map_insert(&home->map, c, hash_of(&home->map, c));
	c->until = INT64_MIN;
	if (listed(home))
		hf__index_insert(&home->by_name, c);
}

void hf__container_delist(struct hf__object *object)
{
	struct hf__container *c = (struct hf__container *)object;
	struct hf__containers *home = home_of(c);
	hf__map_remove(&home->map, c);
	home->recent = NULL;
	if (listed(home))
		hf__index_remove(&home->by_name, c);
}

struct hf__map *hf__container_map(const struct hf__object *object)
{
	return &home_of((const struct hf__container *)object)->map;
}

struct hf__object *hf__container_number(const struct hf__object *object)
{
	const struct hf__container *c = (const struct hf__container *)object;
	return hf__removed_number(c->home, hash_of(&home_of(c)->map, c));
}

/* --- Sane ------------------------------------------------------------------------------------- */

bool hf__container_sane(const void *state, const void *container, int64_t until)
{
	const struct hf__containers *home = state;
	return hf__object_sealed(container) && hf__removed_right(container) &&
	       hf__container_find(state, hf__container_name(container)) == container &&
	       (!listed(home) || ((const struct hf__container *)container)->until == until);
}

bool hf__containers_sane(const void *state)
{
	const struct hf__containers *home = state;
	return hf__removed_sane(&home->removed) && hf__index_sane(&home->by_name) &&
	       (!listed(home) || hf__index_count(&home->by_name) == home->map.count);
}
