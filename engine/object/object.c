/* See object.h. Freeing, and the seals of test builds: a checksum of each value, so that a change
 * beside the hook shows. */
#include "object/object.h"

#include "base/hash.h"
#include "base/map.h"

const struct hf__type hf__plain_type = {.name = "no value",
                                        .value_offset = sizeof(struct hf__object)};

void hf__object_free(struct hf__object *object)
{
	for (unsigned i = 0; i < hf__type(object)->blob_count; i++)
		hf__blob_free(hf__object_blob(hf__type(object), hf__object_value(object), i));
	if (hf__type(object)->free)
		hf__type(object)->free(object);
	else
		hf__small_free(object);
}

void hf__object_gone(struct hf__object *object)
{
	struct hf__map *map = hf__type(object)->map ? hf__type(object)->map(object) : NULL;
	hf__object_free(object);
	if (map)
		hf__map_trim(map);
}

void hf__object_drop(void *object)
{
	hf__object_free(object);
}

#ifdef HF_TESTING
/* No checksum, which tests count: hf__hash_watch. */
static uint64_t seal_of(const struct hf__object *object)
{
	uint8_t key[16] = {0};
	uint64_t seal = hf__keyed_hash(key, hf__object_value(object), hf__type(object)->value_size);
	for (unsigned i = 0; i < hf__type(object)->blob_count; i++) {
		const struct hf_bytes bytes =
		    hf__blob_bytes(hf__object_blob(hf__type(object), hf__object_value(object), i));
		memcpy(key, &seal, sizeof seal);
		seal = hf__keyed_hash(key, bytes.data, bytes.len);
	}
	return seal;
}

void hf__object_seal(struct hf__object *object)
{
	object->sealed = seal_of(object);
}

bool hf__object_sealed(const struct hf__object *object)
{
	return object->sealed == seal_of(object);
}
#endif
