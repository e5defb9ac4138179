/* What few items have, as blobs of their values: who works on one; and a rerun that is noted, the
 * extra and the last error. An item without them pays 16 bytes. */
#include "domains/outbox/apply.h"

/* --- Who works on it -------------------------------------------------------------------------- */

/* The bytes of a claim: four numbers and the owner. */
#define CLAIM_NUMBERS 4u

struct hf__outbox_holder hf__outbox_claim_of(const struct hf__outbox_value *value)
{
	const struct hf_bytes bytes = hf__blob_bytes(value->claim);
	uint64_t numbers[CLAIM_NUMBERS];
	if (bytes.len == 0)
		return (struct hf__outbox_holder){.lease_until = HF_UNSET, .run_until = HF_UNSET};
	memcpy(numbers, bytes.data, sizeof numbers);
	return (struct hf__outbox_holder){
	    .token = numbers[0],
	    .lease_until = (int64_t)numbers[1],
	    .run_until = (int64_t)numbers[2],
	    .session = numbers[3],
	    .owner =
	        hf_bytes_of((const uint8_t *)bytes.data + sizeof numbers, bytes.len - sizeof numbers),
	};
}

bool hf__outbox_keep_claim(const struct hf__outbox_value *old, const struct hf__outbox_image *image,
                           int64_t setback, struct hf__blob **out)
{
	if (image->status != HF_OUTBOX_SENDING) {
		*out = NULL;
		return true;
	}
	const uint64_t numbers[CLAIM_NUMBERS] = {
	    image->token, (uint64_t)hf__to_mono(image->lease_until, setback),
	    (uint64_t)hf__to_mono(image->run_until, setback), image->session};
	uint8_t bytes[sizeof numbers + HF_KEY_MAX];
	memcpy(bytes, numbers, sizeof numbers);
	if (image->owner.len > 0)
		memcpy(bytes + sizeof numbers, image->owner.data, image->owner.len);
	return hf__blob_keep(old->claim, hf_bytes_of(bytes, sizeof numbers + image->owner.len), out);
}

/* --- What else few have ----------------------------------------------------------------------- */

/* The bytes: this, the extra, the last error. */
struct more {
	int64_t rerun_enqueued_at, rerun_available_at;
	uint64_t extra_len;
};

struct hf__outbox_more hf__outbox_more_in(const struct hf__blob *blob)
{
	struct more more;
	memcpy(&more, blob->data, sizeof more);
	const uint8_t *extra = blob->data + sizeof more, *last_error = extra + more.extra_len;
	const size_t left = hf__blob_bytes(blob).len - sizeof more;
	return (struct hf__outbox_more){
	    .rerun_enqueued_at = more.rerun_enqueued_at,
	    .rerun_available_at = more.rerun_available_at,
	    .extra = hf_bytes_of(extra, (size_t)more.extra_len),
	    .last_error = hf_bytes_of(last_error, left - (size_t)more.extra_len),
	};
}

static bool same_more(const struct hf__outbox_more *a, const struct hf__outbox_more *b)
{
	return a->rerun_enqueued_at == b->rerun_enqueued_at &&
	       a->rerun_available_at == b->rerun_available_at && hf__bytes_equal(a->extra, b->extra) &&
	       hf__bytes_equal(a->last_error, b->last_error);
}

static bool no_more(const struct hf__outbox_more *more)
{
	return more->rerun_enqueued_at == 0 && more->rerun_available_at == 0 && more->extra.len == 0 &&
	       more->last_error.len == 0;
}

bool hf__outbox_keep_more(const struct hf__outbox_value *old, const struct hf__outbox_more *more,
                          struct hf__blob **out)
{
	*out = NULL;
	if (no_more(more))
		return true;
	const struct hf__outbox_more before = hf__outbox_more_of(old);
	if (same_more(&before, more)) {
		*out = old->more;
		return true;
	}
	const struct more fixed = {more->rerun_enqueued_at, more->rerun_available_at, more->extra.len};
	if (!hf__blob_room(sizeof fixed + more->extra.len + more->last_error.len, out))
		return false;
	uint8_t *at = (*out)->data;
	memcpy(at, &fixed, sizeof fixed);
	at += sizeof fixed;
	if (more->extra.len > 0)
		memcpy(at, more->extra.data, more->extra.len);
	if (more->last_error.len > 0)
		memcpy(at + more->extra.len, more->last_error.data, more->last_error.len);
	return true;
}
