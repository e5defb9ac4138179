/* Entries of the outbox domain: bytes <-> meaning. The bytes are specified in log/FORMAT.md.
 *
 * Entries hold an item or a queue as it is afterwards, so that replay needs no rule of its own;
 * the cause is for the feed and for people. Decoding accepts exactly what the mutations can
 * write, as far as the body alone shows: what passes its checksum and still breaks a rule is
 * damage. A version, kind or cause that is not known here belongs to a newer program: that is
 * looked at before anything else. */
#include "domains/outbox/entry.h"
#include "domains/common/domains.h"

#define BODY_VERSION 1u
#define LSN_OF_TOKEN(token) ((token) & ((UINT64_C(1) << 48) - 1))

const struct hf__kind hf__outbox_kinds[] = {
    {HF__OUTBOX_ITEM, BODY_VERSION, HF__OUTBOX_CAUSES, HF__CAUSE_BEHIND_KEY, 0},
    {HF__OUTBOX_CHANGED, BODY_VERSION, HF__OUTBOX_CAUSES, HF__CAUSE_BEHIND_KEY, 0},
    {HF__OUTBOX_GONE, BODY_VERSION, HF__OUTBOX_CAUSES, HF__CAUSE_BEHIND_KEY, 0},
    {HF__OUTBOX_ENDED, BODY_VERSION, 0, 0, HF__ENDING_ALWAYS},
    {HF__OUTBOX_SETTINGS, BODY_VERSION, HF__OUTBOX_CAUSES, HF__CAUSE_BEHIND_KEY, 0},
    {HF__OUTBOX_CLEARED, BODY_VERSION, 0, 0, 0},
    {HF__OUTBOX_NOTED, BODY_VERSION, 0, 0, 0},
    {HF__OUTBOX_REDRIVEN, BODY_VERSION, 0, 0, 0},
    {HF__OUTBOX_DONE, BODY_VERSION, 0, 0, 0},
    {HF__OUTBOX_FADED, BODY_VERSION, 0, 0, HF__ENDING_ALWAYS},
    {HF__OUTBOX_DROPPED, BODY_VERSION, 0, 0, 0},
    {HF__OUTBOX_PRUNED, BODY_VERSION, 0, 0, 0},
    {0, 0, 0, 0, 0},
};

#define QUEUED (1u << HF_OUTBOX_QUEUED)
#define SENDING (1u << HF_OUTBOX_SENDING)
#define FAILED (1u << HF_OUTBOX_FAILED)

const struct hf__outbox_cause_row hf__outbox_causes[HF__OUTBOX_CAUSES] = {
    [HF__OUTBOX_STATE] = {HF__OUTBOX_ITEM, QUEUED | SENDING | FAILED, "state", NULL},
    [HF__OUTBOX_ENQUEUE] = {HF__OUTBOX_ITEM, QUEUED, "enqueue", NULL},
    [HF__OUTBOX_REPLACE] = {HF__OUTBOX_ITEM, QUEUED, "replace", "enqueue"},
    [HF__OUTBOX_PUT] = {HF__OUTBOX_ITEM, QUEUED | FAILED, "put", NULL},
    [HF__OUTBOX_CLAIM] = {HF__OUTBOX_CHANGED, SENDING, "claim", NULL},
    [HF__OUTBOX_EXTEND] = {HF__OUTBOX_CHANGED, SENDING, "extend", NULL},
    [HF__OUTBOX_RELEASE] = {HF__OUTBOX_CHANGED, QUEUED, "release", NULL},
    [HF__OUTBOX_FAIL] = {HF__OUTBOX_CHANGED, QUEUED | FAILED, "fail", NULL},
    [HF__OUTBOX_MARK_FAILED] = {HF__OUTBOX_CHANGED, FAILED, "mark-failed", "mark_failed"},
    [HF__OUTBOX_RETRY] = {HF__OUTBOX_CHANGED, QUEUED, "retry", NULL},
    [HF__OUTBOX_COMPLETE] = {HF__OUTBOX_GONE, 1u, "complete", NULL},
    [HF__OUTBOX_REMOVE] = {HF__OUTBOX_GONE, 1u, "remove", NULL},
    [HF__OUTBOX_RERUN] = {HF__OUTBOX_CHANGED, QUEUED, "rerun", "complete"},
    [HF__OUTBOX_CONFIGURE] = {HF__OUTBOX_SETTINGS, 1u, "configure", NULL},
    [HF__OUTBOX_PAUSE] = {HF__OUTBOX_SETTINGS, 1u, "pause", NULL},
    [HF__OUTBOX_RESUME] = {HF__OUTBOX_SETTINGS, 1u, "resume", NULL},
    [HF__OUTBOX_RESCHEDULE] = {HF__OUTBOX_CHANGED, QUEUED, "reschedule", NULL},
};

/* --- Writing ---------------------------------------------------------------------------------- */

/* Bytes of what all items have: one look at what is left for all of them. */
#define FIXED 34u

static void put_fields(struct hf__writer *w, const struct hf__outbox_image *image)
{
	uint8_t *at = hf__writer_room(w, FIXED);
	if (!at)
		return;
	at[0] = image->status;
	hf__store_u32(at + 1, image->attempts);
	hf__store_u32(at + 5, image->lost);
	hf__store_u32(at + 9, image->max_attempts);
	hf__store_u32(at + 13, (uint32_t)image->priority);
	hf__store_u64(at + 17, (uint64_t)image->enqueued_at);
	hf__store_u64(at + 25, (uint64_t)image->available_at);
	at[33] = image->computed;
	hf__put_short(w, image->last_error);
	if (image->status != HF_OUTBOX_SENDING)
		return;
	hf__put_u64(w, image->token);
	hf__put_i64(w, image->lease_until);
	hf__put_i64(w, image->run_until);
	hf__put_u64(w, image->session);
	hf__put_short(w, image->owner);
}

static void put_cause(struct hf__writer *w, const struct hf__outbox_image *image)
{
	hf__put_u8(w, (uint8_t)image->cause);
	hf__put_short(w, image->id);
}

static void put_item(struct hf__writer *w, const struct hf__outbox_image *image,
                     bool without_payload)
{
	put_cause(w, image);
	hf__put_u64(w, image->seq);
	put_fields(w, image);
	hf__put_short(w, image->group);
	hf__put_long(w, image->extra);
	hf__put_u8(w, image->noted);
	if (image->noted) {
		hf__put_i64(w, image->rerun_enqueued_at);
		hf__put_i64(w, image->rerun_available_at);
		hf__put_u8(w, image->rerun_computed);
	}
	if (without_payload)
		return;
	if (image->noted)
		hf__put_long(w, image->rerun_payload);
	hf__put_long(w, image->payload);
}

static void put_settings(struct hf__writer *w, const struct hf__outbox_image *image)
{
	hf__put_u8(w, (uint8_t)image->cause);
	hf__put_u32(w, image->max_attempts);
	hf__put_u32(w, image->max_lost);
	hf__put_i64(w, image->dedup_window);
	hf__put_u32(w, image->dedup_max);
	hf__put_u8(w, image->paused);
	hf__put_u64(w, image->dropped);
}

/* What an item is once its claim is over, as far as that changes it. */
static void put_ended(struct hf__writer *w, const struct hf__outbox_image *image)
{
	hf__put_u64(w, image->token);
	hf__put_u8(w, image->status);
	hf__put_u32(w, image->lost);
	hf__put_i64(w, image->available_at);
	hf__put_u8(w, image->computed);
	hf__put_short(w, image->last_error);
}

/* Kinds about one item that are no image of it. */
static void put_about_item(struct hf__writer *w, enum hf__outbox_kind kind,
                           const struct hf__outbox_image *image)
{
	if (kind == HF__OUTBOX_DONE)
		hf__put_i64(w, image->until);
	hf__put_short(w, image->id);
	if (kind == HF__OUTBOX_ENDED)
		put_ended(w, image);
	if (kind != HF__OUTBOX_NOTED)
		return;
	hf__put_i64(w, image->enqueued_at);
	hf__put_i64(w, image->available_at);
	hf__put_u8(w, image->computed);
	hf__put_long(w, image->payload);
}

void hf__outbox_encode(struct hf__writer *w, enum hf__outbox_kind kind,
                       const struct hf__outbox_image *image, bool without_payload)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_short(w, image->queue);
	switch (kind) {
	case HF__OUTBOX_ITEM:
		put_item(w, image, without_payload);
		break;
	case HF__OUTBOX_CHANGED:
		put_cause(w, image);
		put_fields(w, image);
		break;
	case HF__OUTBOX_GONE:
		put_cause(w, image);
		hf__put_i64(w, image->until);
		break;
	case HF__OUTBOX_ENDED:
	case HF__OUTBOX_NOTED:
	case HF__OUTBOX_DONE:
	case HF__OUTBOX_FADED:
		put_about_item(w, kind, image);
		break;
	case HF__OUTBOX_SETTINGS:
		put_settings(w, image);
		break;
	case HF__OUTBOX_CLEARED:
		break;
	case HF__OUTBOX_REDRIVEN:
		hf__put_i64(w, image->available_at);
		hf__put_u8(w, image->reset);
		hf__put_u32(w, image->count);
		hf__put_bytes(w, image->ids);
		break;
	case HF__OUTBOX_PRUNED:
		hf__put_u32(w, image->count);
		hf__put_bytes(w, image->ids);
		break;
	case HF__OUTBOX_DROPPED:
		hf__put_u64(w, image->dropped);
		break;
	}
}

/* --- Reading ---------------------------------------------------------------------------------- */

/* A token comes from an entry of this log, the present one at the latest. */
static bool token_ok(uint64_t token, uint64_t lsn)
{
	return LSN_OF_TOKEN(token) > 0 && LSN_OF_TOKEN(token) <= lsn;
}

/* One byte that is 0 or 1. */
static bool get_bool(struct hf__reader *r, bool *out)
{
	const uint8_t byte = hf__get_u8(r);
	*out = byte == 1;
	return byte <= 1;
}

/* Does the cause go with the entry's kind? */
static bool cause_ok(const struct hf__outbox_image *image, uint8_t kind)
{
	return hf__outbox_causes[image->cause].kind == kind ||
	       (kind == HF__OUTBOX_SETTINGS && image->cause == HF__OUTBOX_STATE);
}

static bool get_fields(struct hf__reader *r, struct hf__outbox_image *out)
{
	const uint8_t *at = hf__reader_take(r, FIXED);
	if (!at)
		return false;
	out->status = at[0];
	out->attempts = hf__load_u32(at + 1);
	out->lost = hf__load_u32(at + 5);
	out->max_attempts = hf__load_u32(at + 9);
	out->priority = (int32_t)hf__load_u32(at + 13);
	out->enqueued_at = (int64_t)hf__load_u64(at + 17);
	out->available_at = (int64_t)hf__load_u64(at + 25);
	const bool ok = at[33] <= 1;
	out->computed = at[33] == 1;
	out->last_error = hf__get_short(r);
	if (out->status != HF_OUTBOX_SENDING)
		return ok;
	out->token = hf__get_u64(r);
	out->lease_until = hf__get_i64(r);
	out->run_until = hf__get_i64(r);
	out->session = hf__get_u64(r);
	out->owner = hf__get_short(r);
	return ok;
}

/* A claim with a bound has a lease, which ends no later. */
static bool claim_ok(const struct hf__outbox_image *image, uint64_t lsn)
{
	const bool bounded = image->run_until == HF_UNSET ||
	                     (image->lease_until != HF_UNSET && image->lease_until <= image->run_until);
	return token_ok(image->token, lsn) && hf__key_part_ok(image->owner, false) && bounded &&
	       image->session < lsn;
}

static bool fields_ok(const struct hf__outbox_image *image, uint64_t lsn)
{
	if (image->status > HF_OUTBOX_FAILED ||
	    !(hf__outbox_causes[image->cause].statuses & 1u << image->status))
		return false;
	if (image->last_error.len > HF_OUTBOX_ERROR_MAX)
		return false;
	if (image->cause == HF__OUTBOX_ENQUEUE && image->seq != lsn)
		return false;
	const bool anew = image->cause == HF__OUTBOX_ENQUEUE || image->cause == HF__OUTBOX_REPLACE ||
	                  image->cause == HF__OUTBOX_RERUN;
	if (anew && (image->attempts > 0 || image->lost > 0 || image->last_error.len > 0))
		return false;
	if (image->cause == HF__OUTBOX_RETRY && image->lost > 0)
		return false;
	if (image->cause == HF__OUTBOX_CLAIM && LSN_OF_TOKEN(image->token) != lsn)
		return false;
	return image->status != HF_OUTBOX_SENDING || claim_ok(image, lsn);
}

static bool get_rerun(struct hf__reader *r, struct hf__outbox_image *out)
{
	if (!get_bool(r, &out->noted))
		return false;
	if (!out->noted)
		return true;
	out->rerun_enqueued_at = hf__get_i64(r);
	out->rerun_available_at = hf__get_i64(r);
	const bool ok = get_bool(r, &out->rerun_computed);
	out->rerun_payload = hf__get_payload(r);
	return ok && (out->cause == HF__OUTBOX_PUT || out->cause == HF__OUTBOX_STATE) &&
	       out->rerun_payload.len <= HF_PAYLOAD_MAX;
}

static bool get_item(struct hf__reader *r, uint64_t lsn, struct hf__outbox_image *out)
{
	out->id = hf__get_short(r);
	out->seq = hf__get_u64(r);
	if (!get_fields(r, out))
		return false;
	out->group = hf__get_short(r);
	out->extra = hf__get_long(r);
	if (!get_rerun(r, out))
		return false;
	out->payload = hf__get_payload(r);
	return out->payload.len <= HF_PAYLOAD_MAX && out->extra.len <= HF_OUTBOX_EXTRA_MAX &&
	       out->seq > 0 && out->seq <= lsn && hf__key_part_ok(out->group, true) &&
	       fields_ok(out, lsn);
}

static bool get_settings(struct hf__reader *r, struct hf__outbox_image *out)
{
	out->max_attempts = hf__get_u32(r);
	out->max_lost = hf__get_u32(r);
	out->dedup_window = hf__get_i64(r);
	out->dedup_max = hf__get_u32(r);
	const bool ok = get_bool(r, &out->paused);
	out->dropped = hf__get_u64(r);
	if (!ok || out->max_attempts == 0 || out->max_lost == 0 || out->dedup_window < 0 ||
	    out->dedup_max == 0)
		return false;
	if (out->cause == HF__OUTBOX_STATE)
		return true;
	return out->dropped == 0 &&
	       (out->cause == HF__OUTBOX_CONFIGURE || out->paused == (out->cause == HF__OUTBOX_PAUSE));
}

/* Every id has to be there and to be one. */
static bool get_ids(struct hf__reader *r, struct hf__outbox_image *out)
{
	out->count = hf__get_u32(r);
	out->ids = hf_bytes_of(r->at, r->left);
	for (uint32_t i = 0; i < out->count; i++)
		if (!hf__key_part_ok(hf__get_short(r), false)) /* too few of them read as empty ones */
			return false;
	return out->count > 0;
}

static bool get_redriven(struct hf__reader *r, struct hf__outbox_image *out)
{
	out->available_at = hf__get_i64(r);
	return get_bool(r, &out->reset) && get_ids(r, out);
}

/* A claim that was lost leaves the item queued or failed. */
static bool get_ended(struct hf__reader *r, uint64_t lsn, struct hf__outbox_image *out)
{
	out->token = hf__get_u64(r);
	out->status = hf__get_u8(r);
	out->lost = hf__get_u32(r);
	out->available_at = hf__get_i64(r);
	const bool ok = get_bool(r, &out->computed);
	out->last_error = hf__get_short(r);
	return ok && token_ok(out->token, lsn) && out->last_error.len <= HF_OUTBOX_ERROR_MAX &&
	       (out->status == HF_OUTBOX_QUEUED || out->status == HF_OUTBOX_FAILED);
}

static bool get_about_item(struct hf__reader *r, uint8_t kind, uint64_t lsn,
                           struct hf__outbox_image *out)
{
	bool ok = true;
	if (kind == HF__OUTBOX_DONE) {
		out->until = hf__get_i64(r);
		ok = out->until != HF_UNSET;
	}
	out->id = hf__get_short(r);
	if (kind == HF__OUTBOX_ENDED) {
		ok = get_ended(r, lsn, out);
	} else if (kind == HF__OUTBOX_NOTED) {
		out->enqueued_at = hf__get_i64(r);
		out->available_at = hf__get_i64(r);
		ok = get_bool(r, &out->computed);
		out->payload = hf__get_payload(r);
		ok = ok && out->payload.len <= HF_PAYLOAD_MAX;
	}
	return ok && hf__key_part_ok(out->id, false);
}

static bool get_gone(struct hf__reader *r, struct hf__outbox_image *out)
{
	out->id = hf__get_short(r);
	out->until = hf__get_i64(r);
	return out->until == HF_UNSET || out->cause == HF__OUTBOX_COMPLETE;
}

static bool get_rest(struct hf__reader *r, uint8_t kind, uint64_t lsn, struct hf__outbox_image *out)
{
	switch (kind) {
	case HF__OUTBOX_ITEM:
		return get_item(r, lsn, out) && hf__key_part_ok(out->id, false);
	case HF__OUTBOX_CHANGED:
		out->id = hf__get_short(r);
		return get_fields(r, out) && hf__key_part_ok(out->id, false) && fields_ok(out, lsn);
	case HF__OUTBOX_GONE:
		return get_gone(r, out) && hf__key_part_ok(out->id, false);
	case HF__OUTBOX_SETTINGS:
		return get_settings(r, out);
	case HF__OUTBOX_REDRIVEN:
		return get_redriven(r, out);
	case HF__OUTBOX_PRUNED:
		return get_ids(r, out);
	case HF__OUTBOX_DROPPED:
		out->dropped = hf__get_u64(r);
		return out->dropped > 0;
	case HF__OUTBOX_CLEARED:
		return true;
	default:
		return get_about_item(r, kind, lsn, out);
	}
}

static bool has_cause(uint8_t kind)
{
	return kind == HF__OUTBOX_ITEM || kind == HF__OUTBOX_CHANGED || kind == HF__OUTBOX_GONE ||
	       kind == HF__OUTBOX_SETTINGS;
}

/* HF_EVERSION: written by a newer program. The cause stands where no kind has it otherwise, so
 * that it can be looked at first. */
static int get_head(struct hf__reader *r, uint8_t kind, struct hf__outbox_image *out)
{
	const uint8_t version = hf__get_u8(r);
	if (r->bad || version == 0 || kind == 0)
		return HF_ECORRUPT;
	if (version > BODY_VERSION || kind > HF__OUTBOX_PRUNED)
		return HF_EVERSION;
	out->queue = hf__get_short(r);
	if (!has_cause(kind))
		return HF_OK;
	const uint8_t cause = hf__get_u8(r);
	if (cause >= HF__OUTBOX_CAUSES)
		return HF_EVERSION;
	out->cause = (enum hf__outbox_cause)cause;
	return cause_ok(out, kind) ? HF_OK : HF_ECORRUPT;
}

int hf__outbox_decode(uint8_t kind, uint64_t lsn, struct hf_bytes body,
                      struct hf__outbox_image *out)
{
	struct hf__reader r = hf__reader(body);
	*out = (struct hf__outbox_image){
	    .lease_until = HF_UNSET, .run_until = HF_UNSET, .until = HF_UNSET};
	const int rc = get_head(&r, kind, out);
	if (rc != HF_OK)
		return rc;
	return hf__key_part_ok(out->queue, false) && get_rest(&r, kind, lsn, out) && hf__reader_done(&r)
	           ? HF_OK
	           : HF_ECORRUPT;
}
