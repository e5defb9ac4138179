/* Payloads: short ones live in memory, longer ones stay where the log has them and are read by
 * position. A read is verified against the hash that apply took from the verified entry, so a
 * payload can be read alone. */
#include "base/hash.h"
#include "log/entry.h"
#include "log/snapshot.h"
#include "store/internal.h"

/* All 128 bits, under the store's own key: a checksum with a public seed would leave it to a
 * caller to make two payloads equal. */
static bool is_content(const struct hf__domain_env *env, const struct hf__payload *payload,
                       const void *data)
{
	const struct hf__hash128 hash = hf__content_hash(env->content_key, data, payload->len);
	return payload->content.low == hash.low && payload->content.high == hash.high;
}

struct hf_bytes hf__get_payload(struct hf__reader *r)
{
	const uint32_t word = hf__get_u32(r), len = word & ~HF__SNAPSHOT_REF_BIT;
	if (word == len)
		return hf__get_bytes(r, len);
	const struct hf_bytes ref = hf__get_bytes(r, HF__SNAPSHOT_REF_SIZE);
	if (r->bad || len == 0 || len > HF_PAYLOAD_MAX) {
		hf__reader_spoil(r);
		return hf_bytes_of(NULL, 0);
	}
	return hf_bytes_of(ref.data, len);
}

bool hf__payload_stands_elsewhere(const struct hf__entry *entry, struct hf_bytes bytes)
{
	const uint8_t *at = bytes.data, *body = entry->body.data;
	return bytes.len > 0 && at - body >= (ptrdiff_t)sizeof(uint32_t) &&
	       hf__load_u32(at - sizeof(uint32_t)) & HF__SNAPSHOT_REF_BIT;
}

/* --- As an object keeps it -------------------------------------------------------------------- */

/* The bytes of a blob that refers. */
struct place {
	struct hf__hash128 content;
	uint32_t len, segment, offset, in_snapshot;
};

static struct place place_of(const struct hf__payload *payload)
{
	return (struct place){.content = payload->content,
	                      .len = payload->len,
	                      .segment = payload->segment,
	                      .offset = payload->offset,
	                      .in_snapshot = payload->in_snapshot};
}

static int keep_place(const struct hf__payload *payload, struct hf__kept *out)
{
	const struct place place = place_of(payload);
	if (!hf__blob_new(hf_bytes_of(&place, sizeof place), &out->bytes))
		return HF_ENOMEM;
	out->bytes->head |= HF__BLOB_REFERS;
	return HF_OK;
}

struct hf__payload hf__payload_of(const struct hf__kept *kept)
{
	struct place place;
	if (!hf__blob_refers(kept->bytes))
		return (struct hf__payload){.bytes = kept->bytes,
		                            .len = (uint32_t)hf__blob_bytes(kept->bytes).len};
	memcpy(&place, kept->bytes->data, sizeof place);
	return (struct hf__payload){.content = place.content,
	                            .len = place.len,
	                            .segment = place.segment,
	                            .offset = place.offset,
	                            .in_snapshot = (uint8_t)place.in_snapshot};
}

int hf__payload_copy(const struct hf__kept *kept, struct hf__kept *out)
{
	if (!hf__blob_new(hf__blob_bytes(kept->bytes), &out->bytes))
		return HF_ENOMEM;
	if (kept->bytes)
		out->bytes->head = kept->bytes->head;
	return HF_OK;
}

void hf__payload_moved(struct hf__kept *kept, const struct hf__payload *to)
{
	const struct place place = place_of(to);
	memcpy(kept->bytes->data, &place, sizeof place);
}

/* --- Keeping and comparing -------------------------------------------------------------------- */

/* Only an entry of a snapshot may say so. */
static int keep_reference(const struct hf__entry *entry, struct hf_bytes bytes,
                          struct hf__kept *out)
{
	const struct hf__snapshot_ref ref = hf__snapshot_ref_get(bytes.data);
	const struct hf__payload payload = {.len = (uint32_t)bytes.len,
	                                    .segment = ref.block,
	                                    .offset = ref.offset,
	                                    .in_snapshot = entry->in_snapshot,
	                                    .content = ref.content};
	return entry->in_snapshot ? keep_place(&payload, out) : HF_ECORRUPT;
}

int hf__payload_keep(const struct hf__domain_env *env, const struct hf__entry *entry,
                     struct hf_bytes bytes, struct hf__kept *out)
{
	*out = (struct hf__kept){NULL};
	if (bytes.len == 0)
		return HF_OK;
	if (hf__payload_stands_elsewhere(entry, bytes))
		return keep_reference(entry, bytes, out);
	if (entry->place.segment == 0 || bytes.len <= env->inline_max)
		return hf__blob_new(bytes, &out->bytes) ? HF_OK : HF_ENOMEM;
	const size_t in_body =
	    (size_t)((const uint8_t *)bytes.data - (const uint8_t *)entry->body.data);
	const struct hf__payload payload = {
	    .len = (uint32_t)bytes.len,
	    .segment = entry->place.segment,
	    .offset = entry->place.offset + (uint32_t)in_body,
	    .content = hf__content_hash(env->content_key, bytes.data, bytes.len)};
	return keep_place(&payload, out);
}

bool hf__payload_equal(const struct hf__domain_env *env, const struct hf__kept *kept,
                       struct hf_bytes bytes)
{
	if (!hf__blob_refers(kept->bytes))
		return hf__bytes_equal(hf__blob_bytes(kept->bytes), bytes);
	const struct hf__payload payload = hf__payload_of(kept);
	return payload.len == bytes.len && is_content(env, &payload, bytes.data);
}

static bool inside(const struct hf__buffer *b, const struct hf__payload *payload)
{
	if (!b->begun || b->start.segment != payload->segment || payload->offset < b->start.offset)
		return false;
	const size_t in_group = payload->offset - b->start.offset;
	const size_t group = b->bytes.len - b->header;
	return in_group <= group && payload->len <= group - in_group;
}

bool hf__payload_from_buffer(const struct hf_store *s, const struct hf__payload *payload,
                             uint8_t *out)
{
	for (unsigned i = 0; i < 2 && !payload->in_snapshot; i++) {
		const struct hf__buffer *b = &s->writer.buffers[i];
		if (!inside(b, payload))
			continue;
		memcpy(out, b->bytes.data + b->header + (payload->offset - b->start.offset), payload->len);
		return true;
	}
	return false;
}

void hf__payload_file_name(const struct hf_store *s, const struct hf__payload *payload,
                           char out[HF__NAME_MAX])
{
	if (payload->in_snapshot)
		hf__snapshot_name(s->bases[payload->in_snapshot - 1].reader.header.lsn, out);
	else
		hf__segment_name(payload->segment, out);
}

void hf__payload_file_close(struct hf_store *s, struct hf__payload_file *file)
{
	if (file->segment)
		hf__payload_unpin(s, file->segment);
	file->segment = 0;
}

static int open_segment(struct hf_store *s, struct hf__payload_file *file, uint32_t segment)
{
	if (file->segment == segment)
		return 0;
	hf__payload_file_close(s, file);
	const int rc = hf__payload_pin(s, segment, &file->file);
	file->segment = rc == 0 ? segment : 0;
	return rc;
}

static int read_at(struct hf_store *s, struct hf__payload_file *file,
                   const struct hf__payload *payload, uint8_t *out)
{
	size_t got = 0;
	int rc = open_segment(s, file, payload->segment);
	if (rc == 0)
		rc = s->os->read(s->os->ctx, file->file, out, payload->len, payload->offset, &got);
	file->os_errno = rc;
	if (rc)
		return hf__code_of_reading(rc);
	return got == payload->len ? HF_OK : HF_ECORRUPT;
}

/* After a failed sync reads may show old bytes where something was written that never became
 * durable: that is no damage. */
static int damaged_or_lost(struct hf_store *s, const struct hf__payload_file *file,
                           const struct hf__payload *payload)
{
	if (!atomic_load(&s->fault) || payload->in_snapshot)
		return HF_ECORRUPT;
	if (!file->locked)
		(void)pthread_mutex_lock(&s->lock);
	const struct hf__position durable = s->durable.end;
	if (!file->locked)
		(void)pthread_mutex_unlock(&s->lock);
	const bool is_durable =
	    payload->segment < durable.segment ||
	    (payload->segment == durable.segment && payload->offset < durable.offset);
	return is_durable ? HF_ECORRUPT : HF_EFAILED;
}

int hf__payload_load(struct hf_store *s, struct hf__payload_file *file,
                     const struct hf__payload *payload, uint8_t *out)
{
	if (payload->len == 0)
		return HF_OK;
	if (payload->bytes) {
		memcpy(out, payload->bytes->data, payload->len);
		return HF_OK;
	}
	const int rc = payload->in_snapshot ? hf__base_payload(&s->bases[payload->in_snapshot - 1],
	                                                       payload, out, &file->os_errno)
	                                    : read_at(s, file, payload, out);
	if (rc == HF_OK && is_content(&s->world.env, payload, out))
		return HF_OK;
	return rc == HF_OK || rc == HF_ECORRUPT ? damaged_or_lost(s, file, payload) : rc;
}
