/* Entries of the outbox domain: bytes <-> meaning.
 *
 * Every body begins with a version byte (1) and the queue's name; `short` is u16 length and bytes, `long` u32 length and bytes.
 *   ITEM      u8 version, short queue, u8 cause, short id, u64 seq, FIELDS, long payload
 *   CHANGED   u8 version, short queue, u8 cause, short id, FIELDS
 *   GONE      u8 version, short queue, u8 cause, short id
 *   ENDED     u8 version, short queue, short id, u64 token
 *   SETTINGS  u8 version, short queue, u32 max_attempts
 *   CLEARED   u8 version, short queue
 *   FIELDS    u8 status, u32 attempts, u32 max_attempts, i32 priority, i64 enqueued_at, i64 available_at, short last_error, and for a
 * status
 *             of sending: u64 token, i64 lease_until (HF_UNSET: none), short owner
 *
 * Entries hold an item as it is afterwards, so that replay needs no rule of its own; the cause is for the feed and for people.
 * Decoding accepts exactly what the mutations can write, as far as the body alone tells: what passes its checksum and still breaks a
 * rule is damage. */
#include "domains/outbox_entry.h"

#define BODY_VERSION 1u
#define LSN_OF_TOKEN(token) ((token) & ((UINT64_C(1) << 48) - 1))

/* What each cause may write: in which kind of entry, and with which statuses (bit n: status n). */
static const struct {
	uint8_t kind, statuses;
} causes[HF__OUTBOX_CAUSES] = {
    [HF__OUTBOX_STATE] = {HF__OUTBOX_ITEM, 1u << HF_OUTBOX_QUEUED | 1u << HF_OUTBOX_SENDING | 1u << HF_OUTBOX_FAILED},
    [HF__OUTBOX_ENQUEUE] = {HF__OUTBOX_ITEM, 1u << HF_OUTBOX_QUEUED},
    [HF__OUTBOX_REPLACE] = {HF__OUTBOX_ITEM, 1u << HF_OUTBOX_QUEUED},
    [HF__OUTBOX_PUT] = {HF__OUTBOX_ITEM, 1u << HF_OUTBOX_QUEUED | 1u << HF_OUTBOX_FAILED},
    [HF__OUTBOX_CLAIM] = {HF__OUTBOX_CHANGED, 1u << HF_OUTBOX_SENDING},
    [HF__OUTBOX_EXTEND] = {HF__OUTBOX_CHANGED, 1u << HF_OUTBOX_SENDING},
    [HF__OUTBOX_RELEASE] = {HF__OUTBOX_CHANGED, 1u << HF_OUTBOX_QUEUED},
    [HF__OUTBOX_FAIL] = {HF__OUTBOX_CHANGED, 1u << HF_OUTBOX_QUEUED | 1u << HF_OUTBOX_FAILED},
    [HF__OUTBOX_MARK_FAILED] = {HF__OUTBOX_CHANGED, 1u << HF_OUTBOX_FAILED},
    [HF__OUTBOX_RETRY] = {HF__OUTBOX_CHANGED, 1u << HF_OUTBOX_QUEUED},
    [HF__OUTBOX_COMPLETE] = {HF__OUTBOX_GONE, 1u},
    [HF__OUTBOX_REMOVE] = {HF__OUTBOX_GONE, 1u},
};

/* --- Writing ---------------------------------------------------------------------------------------------------------------- */

static void put_fields(struct hf__writer *w, const struct hf__outbox_image *image)
{
	hf__put_u8(w, image->status);
	hf__put_u32(w, image->attempts);
	hf__put_u32(w, image->max_attempts);
	hf__put_i32(w, image->priority);
	hf__put_i64(w, image->enqueued_at);
	hf__put_i64(w, image->available_at);
	hf__put_short(w, image->last_error);
	if (image->status != HF_OUTBOX_SENDING)
		return;
	hf__put_u64(w, image->token);
	hf__put_i64(w, image->lease_until);
	hf__put_short(w, image->owner);
}

static void put_cause(struct hf__writer *w, const struct hf__outbox_image *image)
{
	hf__put_u8(w, (uint8_t)image->cause);
	hf__put_short(w, image->id);
}

void hf__outbox_encode(struct hf__writer *w, enum hf__outbox_kind kind, const struct hf__outbox_image *image, bool without_payload)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_short(w, image->queue);
	switch (kind) {
	case HF__OUTBOX_ITEM:
		put_cause(w, image);
		hf__put_u64(w, image->seq);
		put_fields(w, image);
		if (!without_payload)
			hf__put_long(w, image->payload);
		break;
	case HF__OUTBOX_CHANGED:
		put_cause(w, image);
		put_fields(w, image);
		break;
	case HF__OUTBOX_GONE:
		put_cause(w, image);
		break;
	case HF__OUTBOX_ENDED:
		hf__put_short(w, image->id);
		hf__put_u64(w, image->token);
		break;
	case HF__OUTBOX_SETTINGS:
		hf__put_u32(w, image->max_attempts);
		break;
	case HF__OUTBOX_CLEARED:
		break;
	}
}

/* --- Reading ---------------------------------------------------------------------------------------------------------------- */

/* A token comes from an entry of this log, the present one at the latest. */
static bool token_ok(uint64_t token, uint64_t lsn)
{
	return LSN_OF_TOKEN(token) > 0 && LSN_OF_TOKEN(token) <= lsn;
}

static bool get_cause(struct hf__reader *r, uint8_t kind, struct hf__outbox_image *out)
{
	const uint8_t cause = hf__get_u8(r);
	out->id = hf__get_short(r);
	out->cause = (enum hf__outbox_cause)cause;
	return cause < HF__OUTBOX_CAUSES && causes[cause].kind == kind && hf__key_part_ok(out->id, false);
}

static void get_fields(struct hf__reader *r, struct hf__outbox_image *out)
{
	out->status = hf__get_u8(r);
	out->attempts = hf__get_u32(r);
	out->max_attempts = hf__get_u32(r);
	out->priority = hf__get_i32(r);
	out->enqueued_at = hf__get_i64(r);
	out->available_at = hf__get_i64(r);
	out->last_error = hf__get_short(r);
	if (out->status != HF_OUTBOX_SENDING)
		return;
	out->token = hf__get_u64(r);
	out->lease_until = hf__get_i64(r);
	out->owner = hf__get_short(r);
}

static bool fields_ok(const struct hf__outbox_image *image, uint64_t lsn)
{
	if (image->status > HF_OUTBOX_FAILED || !(causes[image->cause].statuses & 1u << image->status))
		return false;
	if (image->last_error.len > HF_OUTBOX_ERROR_MAX)
		return false;
	if (image->cause == HF__OUTBOX_ENQUEUE && (image->attempts > 0 || image->last_error.len > 0 || image->seq != lsn))
		return false;
	if (image->cause == HF__OUTBOX_CLAIM && LSN_OF_TOKEN(image->token) != lsn)
		return false;
	return image->status != HF_OUTBOX_SENDING || (token_ok(image->token, lsn) && hf__key_part_ok(image->owner, false));
}

static bool get_rest(struct hf__reader *r, uint8_t kind, uint64_t lsn, struct hf__outbox_image *out)
{
	switch (kind) {
	case HF__OUTBOX_ITEM:
		if (!get_cause(r, kind, out))
			return false;
		out->seq = hf__get_u64(r);
		get_fields(r, out);
		out->payload = hf__get_long(r);
		return out->payload.len <= HF_PAYLOAD_MAX && out->seq > 0 && out->seq <= lsn && fields_ok(out, lsn);
	case HF__OUTBOX_CHANGED:
		if (!get_cause(r, kind, out))
			return false;
		get_fields(r, out);
		return fields_ok(out, lsn);
	case HF__OUTBOX_GONE:
		return get_cause(r, kind, out);
	case HF__OUTBOX_ENDED:
		out->id = hf__get_short(r);
		out->token = hf__get_u64(r);
		return hf__key_part_ok(out->id, false) && token_ok(out->token, lsn);
	case HF__OUTBOX_SETTINGS:
		out->max_attempts = hf__get_u32(r);
		return out->max_attempts > 0;
	default:
		return kind == HF__OUTBOX_CLEARED;
	}
}

bool hf__outbox_decode(uint8_t kind, uint64_t lsn, struct hf_bytes body, struct hf__outbox_image *out)
{
	struct hf__reader r = hf__reader(body);
	*out = (struct hf__outbox_image){.lease_until = HF_UNSET};
	if (hf__get_u8(&r) != BODY_VERSION)
		return false;
	out->queue = hf__get_short(&r);
	return hf__key_part_ok(out->queue, false) && get_rest(&r, kind, lsn, out) && hf__reader_done(&r);
}
