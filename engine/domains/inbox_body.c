/* What the inbox domain writes into the log.
 *
 * Every body begins with a version byte (1); every key part is a short (u16 length, bytes), payload and status are longs (u32 length, bytes):
 *   CHANGE  u8 version, u8 cause, user, i64 generated_at, u32 count, then so many items in key order, each
 *             u8 0, account, thread                                                     removed, or
 *             u8 1, account, thread, u8 flags, f64 score, i64 updated_at, i64 snapshot_at,
 *             i64 seen_at, i64 read_at, i64 dismissed_at, payload                       as it is afterwards
 *   MARK    u8 version, u8 mark, user, account, thread, u8 flags, i64 seen_at, i64 read_at, i64 dismissed_at
 *   STATUS  u8 version, user, status
 *   STATE   u8 version, user, i64 generated_at, u64 status_version, status
 * Flags: bit 0 unread, bit 1 dismissed.
 *
 * A CHANGE is one list in strict key order, so that no key can be in it twice and equal changes are equal bytes. A MARK leaves the payload
 * out: it may be large, and lie on disk. Decoding accepts exactly what the mutations can write. */
#include <math.h>

#include "domains/inbox_state.h"

#define BODY_VERSION 1u

/* --- Form ------------------------------------------------------------------------------------------------------------------- */

struct hf_bytes hf__inbox_account(struct hf_bytes account)
{
	return account.len > 0 ? account : hf_str("primary");
}

bool hf__inbox_part_ok(const char *name, struct hf_bytes part, struct hf__text *why)
{
	if (hf__key_part_ok(part, false))
		return true;
	hf__text_add(why, "%s must have 1 to %u bytes and no NUL: ", name, HF_KEY_MAX);
	hf__text_add_quoted(why, part);
	return false;
}

bool hf__inbox_user_ok(struct hf_bytes user, struct hf__text *why)
{
	return hf__inbox_part_ok("user", user, why);
}

bool hf__inbox_key(const struct hf_inbox_key *key, struct hf__inbox_key *out, struct hf__text *why)
{
	out->user = key->user;
	out->account = hf__inbox_account(key->account);
	out->thread = key->thread;
	return hf__inbox_user_ok(out->user, why) && hf__inbox_part_ok("account", out->account, why) &&
	       hf__inbox_part_ok("thread", out->thread, why);
}

int hf__inbox_compare_keys(struct hf_bytes account_a, struct hf_bytes thread_a, struct hf_bytes account_b, struct hf_bytes thread_b)
{
	const int order = hf__bytes_compare(account_a, account_b);
	return order ? order : hf__bytes_compare(thread_a, thread_b);
}

uint64_t hf__score_bits(double score)
{
	uint64_t bits;
	memcpy(&bits, &score, sizeof bits);
	return bits;
}

bool hf__inbox_mark_changes(enum hf__inbox_mark mark, bool unread, bool dismissed, int64_t seen_at)
{
	switch (mark) {
	case HF__INBOX_MARK_DISMISS:
		return !dismissed;
	case HF__INBOX_MARK_UNDISMISS:
		return dismissed;
	case HF__INBOX_MARK_READ:
		return unread;
	case HF__INBOX_MARK_UNREAD:
		return !unread;
	case HF__INBOX_MARK_SEEN:
		return seen_at == HF_UNSET;
	}
	return false;
}

/* What a mark leaves. */
static bool mark_ok(uint8_t mark, const struct hf__inbox_image *image)
{
	switch (mark) {
	case HF__INBOX_MARK_DISMISS:
		return image->dismissed && image->dismissed_at != HF_UNSET;
	case HF__INBOX_MARK_UNDISMISS:
		return !image->dismissed;
	case HF__INBOX_MARK_READ:
		return !image->unread && image->read_at != HF_UNSET;
	case HF__INBOX_MARK_UNREAD:
		return image->unread && image->read_at == HF_UNSET;
	case HF__INBOX_MARK_SEEN:
		return image->seen_at != HF_UNSET;
	default:
		return false;
	}
}

/* I-INBOX-1: no time of dismissal without a dismissal. */
static bool image_ok(const struct hf__inbox_image *image)
{
	return !isnan(image->score) && (image->dismissed || image->dismissed_at == HF_UNSET);
}

static bool parts_ok(struct hf_bytes account, struct hf_bytes thread)
{
	return hf__key_part_ok(account, false) && hf__key_part_ok(thread, false);
}

/* --- Items ------------------------------------------------------------------------------------------------------------------ */

static void put_flags(struct hf__writer *w, const struct hf__inbox_image *image)
{
	hf__put_u8(w, (uint8_t)(image->unread | image->dismissed << 1));
}

static bool get_flags(struct hf__reader *r, struct hf__inbox_image *image)
{
	const uint8_t flags = hf__get_u8(r);
	image->unread = flags & 1;
	image->dismissed = flags & 2;
	return flags <= 3;
}

void hf__inbox_put_removed(struct hf__writer *w, struct hf_bytes account, struct hf_bytes thread)
{
	hf__put_u8(w, 0);
	hf__put_short(w, account);
	hf__put_short(w, thread);
}

void hf__inbox_put_record(struct hf__writer *w, struct hf_bytes account, struct hf_bytes thread, const struct hf__inbox_image *image)
{
	hf__put_u8(w, 1);
	hf__put_short(w, account);
	hf__put_short(w, thread);
	put_flags(w, image);
	hf__put_f64(w, image->score);
	hf__put_i64(w, image->updated_at);
	hf__put_i64(w, image->snapshot_at);
	hf__put_i64(w, image->seen_at);
	hf__put_i64(w, image->read_at);
	hf__put_i64(w, image->dismissed_at);
}

static bool get_record(struct hf__reader *r, struct hf__inbox_item *out)
{
	const bool flags_ok = get_flags(r, &out->image);
	out->image.score = hf__get_f64(r);
	out->image.updated_at = hf__get_i64(r);
	out->image.snapshot_at = hf__get_i64(r);
	out->image.seen_at = hf__get_i64(r);
	out->image.read_at = hf__get_i64(r);
	out->image.dismissed_at = hf__get_i64(r);
	out->payload = hf__get_long(r);
	return flags_ok && image_ok(&out->image) && out->payload.len <= HF_PAYLOAD_MAX;
}

bool hf__inbox_get_item(struct hf__reader *r, struct hf__inbox_item *out)
{
	const uint8_t what = hf__get_u8(r);
	*out = (struct hf__inbox_item){.put = what == 1};
	out->account = hf__get_short(r);
	out->thread = hf__get_short(r);
	if (what > 1 || !parts_ok(out->account, out->thread) || (out->put && !get_record(r, out)))
		return false;
	return !r->bad;
}

/* --- CHANGE ----------------------------------------------------------------------------------------------------------------- */

void hf__inbox_put_change(struct hf__writer *w, const struct hf__inbox_change *head)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_u8(w, (uint8_t)head->cause);
	hf__put_short(w, head->user);
	hf__put_i64(w, head->generated_at);
	hf__put_u32(w, head->count);
}

/* May an entry with this cause do what it does? */
static bool cause_ok(const struct hf__inbox_change *head, uint32_t puts)
{
	const bool moves = head->generated_at != HF_UNSET;
	switch (head->cause) {
	case HF__INBOX_CAUSE_STATE:
		return head->count == 1 && puts == 1 && !moves;
	case HF__INBOX_CAUSE_UPSERT:
		return puts == head->count && (moves || head->count > 0);
	case HF__INBOX_CAUSE_REPLACE:
		return moves || head->count > 0;
	case HF__INBOX_CAUSE_PRUNE:
	case HF__INBOX_CAUSE_TRIM:
	case HF__INBOX_CAUSE_CLEAR:
		return puts == 0 && head->count > 0 && !moves;
	case HF__INBOX_CAUSE_REMOVE:
		return puts == 0 && head->count == 1 && !moves;
	case HF__INBOX_CAUSES:
		break;
	}
	return false;
}

/* Every item sound, keys strictly ascending, nothing behind them. */
static bool items_ok(struct hf__reader r, uint32_t count, uint32_t *puts)
{
	struct hf__inbox_item item, before = {0};
	*puts = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (!hf__inbox_get_item(&r, &item))
			return false;
		if (i > 0 && hf__inbox_compare_keys(before.account, before.thread, item.account, item.thread) >= 0)
			return false;
		*puts += item.put;
		before = item;
	}
	return hf__reader_done(&r);
}

bool hf__inbox_get_change(struct hf_bytes body, struct hf__inbox_change *out)
{
	struct hf__reader r = hf__reader(body);
	uint32_t puts;
	const uint8_t version = hf__get_u8(&r);
	const uint8_t cause = hf__get_u8(&r);
	out->user = hf__get_short(&r);
	out->generated_at = hf__get_i64(&r);
	out->count = hf__get_u32(&r);
	out->items = r;
	if (r.bad || version != BODY_VERSION || cause >= HF__INBOX_CAUSES || !hf__key_part_ok(out->user, false))
		return false;
	out->cause = (enum hf__inbox_cause)cause;
	return items_ok(r, out->count, &puts) && cause_ok(out, puts);
}

/* --- MARK, STATUS, STATE ---------------------------------------------------------------------------------------------------- */

void hf__inbox_put_mark(struct hf__writer *w, enum hf__inbox_mark mark, const struct hf__inbox_key *key,
                        const struct hf__inbox_image *image)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_u8(w, (uint8_t)mark);
	hf__put_short(w, key->user);
	hf__put_short(w, key->account);
	hf__put_short(w, key->thread);
	put_flags(w, image);
	hf__put_i64(w, image->seen_at);
	hf__put_i64(w, image->read_at);
	hf__put_i64(w, image->dismissed_at);
}

bool hf__inbox_get_mark(struct hf_bytes body, enum hf__inbox_mark *mark, struct hf__inbox_key *key, struct hf__inbox_image *image)
{
	struct hf__reader r = hf__reader(body);
	const uint8_t version = hf__get_u8(&r);
	const uint8_t raw_mark = hf__get_u8(&r);
	key->user = hf__get_short(&r);
	key->account = hf__get_short(&r);
	key->thread = hf__get_short(&r);
	*image = (struct hf__inbox_image){0};
	const bool flags_ok = get_flags(&r, image);
	image->seen_at = hf__get_i64(&r);
	image->read_at = hf__get_i64(&r);
	image->dismissed_at = hf__get_i64(&r);
	if (!hf__reader_done(&r) || version != BODY_VERSION || !flags_ok || !image_ok(image) || !mark_ok(raw_mark, image))
		return false;
	*mark = (enum hf__inbox_mark)raw_mark;
	return hf__key_part_ok(key->user, false) && parts_ok(key->account, key->thread);
}

void hf__inbox_put_status(struct hf__writer *w, struct hf_bytes user, struct hf_bytes status)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_short(w, user);
	hf__put_long(w, status);
}

bool hf__inbox_get_status(struct hf_bytes body, struct hf_bytes *user, struct hf_bytes *status)
{
	struct hf__reader r = hf__reader(body);
	const uint8_t version = hf__get_u8(&r);
	*user = hf__get_short(&r);
	*status = hf__get_long(&r);
	return hf__reader_done(&r) && version == BODY_VERSION && hf__key_part_ok(*user, false) && status->len <= HF_INBOX_STATUS_MAX;
}

void hf__inbox_put_state(struct hf__writer *w, struct hf_bytes user, const struct hf__inbox_value *value)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_short(w, user);
	hf__put_i64(w, value->generated_at);
	hf__put_u64(w, value->status_version);
	hf__put_long(w, hf__blob_bytes(value->status));
}

bool hf__inbox_get_state(struct hf_bytes body, struct hf_bytes *user, struct hf__inbox_value *value, struct hf_bytes *status)
{
	struct hf__reader r = hf__reader(body);
	const uint8_t version = hf__get_u8(&r);
	*value = (struct hf__inbox_value){0};
	*user = hf__get_short(&r);
	value->generated_at = hf__get_i64(&r);
	value->status_version = hf__get_u64(&r);
	*status = hf__get_long(&r);
	if (!hf__reader_done(&r) || version != BODY_VERSION || !hf__key_part_ok(*user, false) || status->len > HF_INBOX_STATUS_MAX)
		return false;
	return value->status_version != 0 || (status->len == 0 && value->generated_at != HF_UNSET);
}
