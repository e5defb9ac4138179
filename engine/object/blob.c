/* See blob.h. */
#include "object/blob.h"

#include "base/mem.h"
#include "object/small.h"

static size_t size_of(size_t len)
{
	return sizeof(struct hf__blob) + len;
}

bool hf__blob_room(size_t len, struct hf__blob **out)
{
	*out = NULL;
	if (len >= HF__BLOB_REFERS || len > SIZE_MAX - size_of(0))
		return false;
	const size_t size = size_of(len);
	struct hf__blob *blob = size > HF__SMALL_MAX ? hf__alloc(size) : hf__small_raw(size);
	if (!blob)
		return false;
	blob->head = (uint32_t)len;
	*out = blob;
	return true;
}

bool hf__blob_new(struct hf_bytes bytes, struct hf__blob **out)
{
	*out = NULL;
	if (bytes.len == 0)
		return true;
	if (!hf__blob_room(bytes.len, out))
		return false;
	memcpy((*out)->data, bytes.data, bytes.len);
	return true;
}

void hf__blob_drop(struct hf__blob *blob, const struct hf__blob *old)
{
	if (blob != old)
		hf__blob_free(blob);
}

void hf__blob_free(struct hf__blob *blob)
{
	if (blob && size_of(hf__blob_bytes(blob).len) > HF__SMALL_MAX)
		hf__free(blob);
	else
		hf__small_free(blob);
}
