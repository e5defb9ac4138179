/* Bytes that an object owns. */
#ifndef HF_OBJECT_BLOB_H
#define HF_OBJECT_BLOB_H

#include "base/bytes.h"

/* Owned, immutable bytes. NULL stands for the empty value. */
struct hf__blob {
	uint32_t head; /* the length, and HF__BLOB_REFERS */
	uint8_t data[];
};
/* The bytes are not the value, but say where it lies. */
#define HF__BLOB_REFERS (UINT32_C(1) << 31)
/* NULL gives the empty value. */
static inline struct hf_bytes hf__blob_bytes(const struct hf__blob *blob)
{
	return blob ? hf_bytes_of(blob->data, blob->head & ~HF__BLOB_REFERS) : hf_bytes_of(NULL, 0);
}
/* *out = NULL for empty bytes. false: out of memory. */
bool hf__blob_new(struct hf_bytes bytes, struct hf__blob **out);
/* One of `len` bytes, more than none, that the caller fills. false: out of memory. */
bool hf__blob_room(size_t len, struct hf__blob **out);
static inline bool hf__blob_refers(const struct hf__blob *blob)
{
	return blob && blob->head & HF__BLOB_REFERS;
}
/* *out = `old` if it holds these bytes already, else a new one. false: out of memory. */
static inline bool hf__blob_keep(struct hf__blob *old, struct hf_bytes bytes, struct hf__blob **out)
{
	if (!hf__bytes_equal(hf__blob_bytes(old), bytes))
		return hf__blob_new(bytes, out);
	*out = old;
	return true;
}
void hf__blob_free(struct hf__blob *blob); /* NULL is nothing */
/* Takes back what hf__blob_keep() gave. */
void hf__blob_drop(struct hf__blob *blob, const struct hf__blob *old);

#endif
