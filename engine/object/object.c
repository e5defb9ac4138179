/* See object.h. Freeing, and the seals of test builds: a checksum of each value, so that a change
 * beside the hook shows. */
#include "object/object.h"

#include "base/hash.h"

const struct hf__type hf__plain_type = {.name = "no value",
                                        .value_offset = sizeof(struct hf__object)};

void hf__object_free(struct hf__object *object)
{
	for (unsigned i = 0; i < object->type->blob_count; i++)
		hf__blob_free(hf__object_blob(object->type, hf__object_value(object), i));
	if (object->type->free)
		object->type->free(object);
	else
		hf__small_free(object);
}

void hf__object_drop(void *object)
{
	hf__object_free(object);
}

#ifdef HF_TESTING
static uint64_t seal_of(const struct hf__object *object)
{
	uint64_t seal = hf__checksum(hf__object_value(object), object->type->value_size, 0);
	for (unsigned i = 0; i < object->type->blob_count; i++) {
		const struct hf_bytes bytes =
		    hf__blob_bytes(hf__object_blob(object->type, hf__object_value(object), i));
		seal = hf__checksum(bytes.data, bytes.len, seal);
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
