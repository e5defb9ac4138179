/* See write.h. */
#include "store/snapshot/write.h"

#include "base/hash.h"

struct writing {
	struct hf__cut_state *cut;
	struct hf__snapshot_writer writer;
	struct hf__payload_file payloads;
	struct hf__writer payload, body;
};

/* The bytes of a payload: from the body as it was sorted, or from where it lies. */
static int payload_bytes(struct writing *t, const struct hf__sorted_ref *ref, const uint8_t *body,
                         struct hf_bytes *out)
{
	struct hf__writer *bytes = &t->payload;
	const uint32_t len = ref->payload.len;
	if (ref->here) {
		*out = hf_bytes_of(body + ref->at, len);
		return HF_OK;
	}
	bytes->len = 0;
	if (!hf__writer_reserve(bytes, len))
		return HF_ENOMEM;
	*out = hf_bytes_of(bytes->data, len);
	if (t->cut->payload)
		return t->cut->payload(t->cut->ctx, &ref->payload, bytes->data, &t->payloads.os_errno);
	return hf__payload_load(t->cut->store, &t->payloads, &ref->payload, bytes->data);
}

/* Into the file, or into the body if it is short, wherever this store keeps it. */
static int put_payload(struct writing *t, const struct hf__sorted_ref *ref, const uint8_t *body)
{
	struct hf_bytes bytes;
	uint8_t stands[HF__SNAPSHOT_REF_SIZE];
	int rc = payload_bytes(t, ref, body, &bytes);
	if (rc != HF_OK)
		return rc;
	if (bytes.len <= HF__SNAPSHOT_INLINE_MAX) {
		hf__put_long(&t->body, bytes);
		return t->cut->moves && !ref->here
		           ? hf__moves_add_bytes(t->cut->moves, &ref->payload, bytes)
		           : HF_OK;
	}
	const struct hf__hash128 content =
	    hf__content_hash(t->cut->store->identity.content_key, bytes.data, bytes.len);
	rc = hf__snapshot_put_payload(&t->writer, bytes, content, stands);
	if (rc == HF_OK && t->cut->moves && !ref->here) {
		const struct hf__snapshot_ref to = hf__snapshot_ref_get(stands);
		rc = hf__moves_add(t->cut->moves, &ref->payload, &to);
	}
	hf__put_u32(&t->body, (uint32_t)bytes.len | HF__SNAPSHOT_REF_BIT);
	hf__put_bytes(&t->body, hf_bytes_of(stands, sizeof stands));
	return rc;
}

/* The body as it stands in the file, in t->body. */
static int put_body(struct writing *t, const struct hf__sorted *sorted, const uint8_t *body,
                    const struct hf__sorted_ref *refs)
{
	size_t at = 0;
	int rc = HF_OK;
	t->body.len = 0;
	for (uint32_t i = 0; i < sorted->refs && rc == HF_OK; i++) {
		hf__put_bytes(&t->body, hf_bytes_of(body + at, refs[i].at - sizeof(uint32_t) - at));
		rc = put_payload(t, &refs[i], body);
		at = refs[i].at + (refs[i].here ? refs[i].payload.len : HF__SNAPSHOT_REF_SIZE);
	}
	hf__put_bytes(&t->body, hf_bytes_of(body + at, sorted->body_len - at));
	return rc == HF_OK && t->body.bad ? HF_ENOMEM : rc;
}

static int put_entry(void *arg, const struct hf__sorted *sorted, const uint8_t *body,
                     const struct hf__sorted_ref *refs)
{
	struct writing *t = arg;
	struct hf__entry entry = {
	    .lsn = sorted->lsn,
	    .domain = t->cut->store->domains->rows[sorted->row]->id,
	    .kind = sorted->kind,
	    .body = hf_bytes_of(body, sorted->body_len),
	};
	const int out =
	    t->cut->leaves_out ? t->cut->leaves_out(t->cut->ctx, &entry, refs, sorted->refs) : HF_OK;
	if (out != HF_OK)
		return out == HF_ENOTFOUND ? HF_OK : out;
	int rc = t->cut->seen ? t->cut->seen(t->cut->ctx, &entry, refs, sorted->refs) : HF_OK;
	if (rc == HF_OK)
		rc = put_body(t, sorted, body, refs);
	entry.body = hf_bytes_of(t->body.data, t->body.len);
	return rc == HF_OK ? hf__snapshot_put_entry(&t->writer, &entry) : rc;
}

static int put_incarnations(struct writing *t)
{
	int rc = HF_OK;
	for (size_t i = 0; i < t->cut->incarnation_count && rc == HF_OK; i++) {
		uint8_t body[sizeof(uint64_t)];
		hf__store_u64(body, (uint64_t)t->cut->incarnations[i].last_at);
		const struct hf__entry entry = {.lsn = t->cut->incarnations[i].first_lsn,
		                                .domain = HF__DOMAIN_STORE,
		                                .kind = HF__STORE_INCARNATION,
		                                .body = hf_bytes_of(body, sizeof body)};
		rc = hf__snapshot_put_entry(&t->writer, &entry);
	}
	return rc;
}

int hf__cut_write(struct hf__cut_state *cut, struct hf__snapshot_sink sink, uint64_t *entries,
                  int *os_errno)
{
	struct writing t = {.cut = cut};
	int rc = hf__snapshot_begin(&t.writer, &cut->header, sink);
	*os_errno = 0;
	if (rc == HF_OK)
		rc = put_incarnations(&t);
	if (rc == HF_OK)
		rc = hf__sorter_give(&cut->sorter, put_entry, &t, os_errno);
	if (rc == HF_OK)
		rc = hf__snapshot_end(&t.writer);
	cut->live = t.writer.entry_count;
	if (*os_errno == 0)
		*os_errno = t.writer.os_errno ? t.writer.os_errno : t.payloads.os_errno;
	if (entries)
		*entries = t.writer.entry_count;
	hf__payload_file_close(cut->store, &t.payloads);
	hf__snapshot_writer_deinit(&t.writer);
	hf__writer_deinit(&t.payload);
	hf__writer_deinit(&t.body);
	return rc;
}
