/* See objects.h. */
#include "domains/common/objects.h"

void hf__pair_join(struct hf__pair *pair, struct hf_bytes container, struct hf_bytes name)
{
	pair->container = container;
	pair->name = name;
	pair->len = 2 + container.len + name.len;
	hf__store_u16(pair->bytes, (uint16_t)container.len);
	memcpy(pair->bytes + 2, container.data, container.len);
	memcpy(pair->bytes + 2 + container.len, name.data, name.len);
}

struct hf__map_node *hf__pair_find(const struct hf__map *map, struct hf_bytes container,
                                   struct hf_bytes name, hf__map_equal equal)
{
	struct hf__pair pair;
	hf__pair_join(&pair, container, name);
	return hf__map_find(map, hf__map_hash(map, pair.bytes, pair.len), equal, &pair);
}

/* The object that a map's node lies in. */
static struct hf__object *object_of(struct hf__map_node *node, size_t offset)
{
	return (struct hf__object *)(void *)((uint8_t *)node - offset);
}

void hf__objects_free(struct hf__map *map, size_t offset)
{
	struct hf__map_node *next;
	for (struct hf__map_node *node = hf__map_next(map, NULL); node; node = next) {
		next = hf__map_next(map, node);
		hf__object_free(object_of(node, offset));
	}
	hf__map_deinit(map);
}

void hf__objects_opened(struct hf__map *map, size_t offset, uint64_t newest_unleased,
                        uint64_t first_lsn, uint64_t *incarnation)
{
	if (newest_unleased < first_lsn) {
		*incarnation = first_lsn;
		return;
	}
	struct hf__map_node *node = NULL;
	while ((node = hf__map_next(map, node)) != NULL) {
		struct hf__object *object = object_of(node, offset);
		object->type->unlink(object);
	}
	*incarnation = first_lsn;
	while ((node = hf__map_next(map, node)) != NULL) {
		struct hf__object *object = object_of(node, offset);
		object->type->link(object);
	}
}

int hf__emit_each(const void *state,
                  int (*emit)(const void *container, struct hf__emitter *emitter),
                  struct hf__emitter *emitter)
{
	int rc = HF_OK;
	for (const void *container = hf__container_first(state); container && rc == HF_OK;
	     container = hf__container_next(state, container))
		rc = emit(container, emitter);
	return rc;
}

int64_t hf__next_ending(const struct hf__heap endings[2], int64_t setback)
{
	const struct hf__heap_node *named = hf__heap_first(&endings[false]),
	                           *computed = hf__heap_first(&endings[true]);
	const int64_t first = named ? named->deadline : INT64_MAX,
	              other = computed ? hf__to_shown(computed->deadline, setback) : INT64_MAX;
	return first < other ? first : other;
}

const struct hf__heap_node *hf__next_due(const struct hf__heap endings[2], struct hf__instant at)
{
	for (unsigned computed = 0; computed < 2; computed++) {
		const struct hf__heap_node *first = hf__heap_first(&endings[computed]);
		if (first && hf__over(first->deadline, computed, at))
			return first;
	}
	return NULL;
}

/* Each entry is applied as it is emitted, and takes the object out of its heap. */
int hf__settle_due(const struct hf__heap endings[2], struct hf__decision *d, unsigned budget,
                   bool *more, int (*log)(struct hf__decision *d, const struct hf__heap_node *due))
{
	const struct hf__heap_node *due = hf__next_due(endings, HF__INSTANT_OF(d));
	for (unsigned i = 0; i < budget && due; i++, due = hf__next_due(endings, HF__INSTANT_OF(d))) {
		const int rc = log(d, due);
		if (rc != HF_OK)
			return rc;
	}
	*more = due != NULL;
	return HF_OK;
}
