/* What the inbox domain writes into the log. The bytes are specified in log/FORMAT.md.
 *
 * A CHANGE is one list in strict key order, so that no key can be in it twice and equal changes
 * are equal bytes. A MARK leaves the payload out: it may be large, and lie on disk. An ALL names
 * what it touches by a rule (every record of the account whose last save has an LSN of at most
 * up_to and that the mark changes), so that it is as short for a million records as for one; its
 * count is how many there were. Decoding accepts exactly what the mutations can write. */
#include "domains/common/domains.h"
#include "domains/inbox/inbox.h"

#define BODY_VERSION 1u

/* Behind the version of a mark stands which mark it is. */
const struct hf__kind hf__inbox_kinds[] = {
    {HF__INBOX_CHANGE, BODY_VERSION, HF__INBOX_CAUSES, HF__CAUSE_BEHIND_VERSION,
     HF__INBOX_CAUSE_EXPIRE},
    {HF__INBOX_MARK, BODY_VERSION, HF__INBOX_MARK_SNOOZE + 1, HF__CAUSE_BEHIND_VERSION, 0},
    {HF__INBOX_STATUS, BODY_VERSION, 0, 0, 0},
    {HF__INBOX_STATE, BODY_VERSION, 0, 0, 0},
    {HF__INBOX_ALL, BODY_VERSION, HF__INBOX_MARK_SNOOZE + 1, HF__CAUSE_BEHIND_VERSION, 0},
    {0, 0, 0, 0, 0},
};

/* --- Form ------------------------------------------------------------------------------------- */

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
	case HF__INBOX_MARK_SNOOZE:
		return true;
	default:
		return false;
	}
}

/* I-INBOX-1: no time of dismissal without a dismissal. */
static bool image_ok(const struct hf__inbox_image *image)
{
	return !hf__score_nan(image->score) && (image->dismissed || image->dismissed_at == HF_UNSET);
}

static bool parts_ok(struct hf_bytes account, struct hf_bytes thread)
{
	return hf__key_part_ok(account, false) && hf__key_part_ok(thread, false);
}

/* --- Items ------------------------------------------------------------------------------------ */

enum { UNREAD = 1, DISMISSED = 2, SNOOZED = 4, SAVED = 8 };

static uint8_t mark_flags(const struct hf__inbox_image *image)
{
	return (uint8_t)((image->unread ? UNREAD : 0) | (image->dismissed ? DISMISSED : 0));
}

static void put_key(struct hf__writer *w, enum hf__inbox_what what, struct hf_bytes account,
                    struct hf_bytes thread)
{
	hf__put_u8(w, (uint8_t)what);
	hf__put_short(w, account);
	hf__put_short(w, thread);
}

void hf__inbox_put_removed(struct hf__writer *w, struct hf_bytes account, struct hf_bytes thread)
{
	put_key(w, HF__INBOX_REMOVED, account, thread);
}

void hf__inbox_put_lifted(struct hf__writer *w, struct hf_bytes account, struct hf_bytes thread)
{
	put_key(w, HF__INBOX_LIFTED, account, thread);
}

void hf__inbox_put_buried(struct hf__writer *w, struct hf_bytes account, struct hf_bytes thread,
                          const struct hf__tomb_value *tomb)
{
	put_key(w, HF__INBOX_BURIED, account, thread);
	hf__put_u8(w, tomb->dismissed);
	hf__put_i64(w, tomb->until);
	hf__put_i64(w, tomb->dismissed_at);
}

void hf__inbox_put_record(struct hf__writer *w, struct hf_bytes account, struct hf_bytes thread,
                          const struct hf__inbox_image *image)
{
	const bool snoozed = image->snoozed_until != HF_UNSET, saved = image->saved != 0;
	put_key(w, HF__INBOX_PUT, account, thread);
	hf__put_u8(w, (uint8_t)(mark_flags(image) | (snoozed ? SNOOZED : 0) | (saved ? SAVED : 0)));
	hf__put_f64(w, image->score);
	hf__put_i64(w, image->updated_at);
	hf__put_i64(w, image->snapshot_at);
	hf__put_i64(w, image->seen_at);
	hf__put_i64(w, image->read_at);
	hf__put_i64(w, image->dismissed_at);
	if (snoozed)
		hf__put_i64(w, image->snoozed_until);
	if (saved)
		hf__put_u64(w, image->saved);
}

static bool get_record(struct hf__reader *r, struct hf__inbox_item *out)
{
	struct hf__inbox_image *image = &out->image;
	const uint8_t flags = hf__get_u8(r);
	image->unread = flags & UNREAD;
	image->dismissed = flags & DISMISSED;
	image->score = hf__get_f64(r);
	image->updated_at = hf__get_i64(r);
	image->snapshot_at = hf__get_i64(r);
	image->seen_at = hf__get_i64(r);
	image->read_at = hf__get_i64(r);
	image->dismissed_at = hf__get_i64(r);
	image->snoozed_until = flags & SNOOZED ? hf__get_i64(r) : HF_UNSET;
	image->saved = flags & SAVED ? hf__get_u64(r) : 0;
	out->payload = hf__get_payload(r);
	const bool whole = (flags & SNOOZED) == 0 || image->snoozed_until != HF_UNSET;
	return flags <= (UNREAD | DISMISSED | SNOOZED | SAVED) && whole &&
	       ((flags & SAVED) == 0 || image->saved != 0) && image_ok(image) &&
	       out->payload.len <= HF_PAYLOAD_MAX;
}

/* I-INBOX-5: every tombstone has an end. */
static bool get_buried(struct hf__reader *r, struct hf__inbox_item *out)
{
	const uint8_t dismissed = hf__get_u8(r);
	out->tomb.dismissed = dismissed == 1;
	out->tomb.until = hf__get_i64(r);
	out->tomb.dismissed_at = hf__get_i64(r);
	return dismissed <= 1 && out->tomb.until != HF_UNSET &&
	       (out->tomb.dismissed || out->tomb.dismissed_at == HF_UNSET);
}

bool hf__inbox_get_item(struct hf__reader *r, struct hf__inbox_item *out)
{
	const uint8_t what = hf__get_u8(r);
	*out = (struct hf__inbox_item){.account = hf__get_short(r)};
	out->thread = hf__get_short(r);
	if (what >= HF__INBOX_WHATS || !parts_ok(out->account, out->thread))
		return false;
	out->what = (enum hf__inbox_what)what;
	if ((out->what == HF__INBOX_PUT && !get_record(r, out)) ||
	    (out->what == HF__INBOX_BURIED && !get_buried(r, out)))
		return false;
	return !r->bad;
}

/* --- CHANGE ----------------------------------------------------------------------------------- */

void hf__inbox_put_change(struct hf__writer *w, const struct hf__inbox_change *head)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_u8(w, (uint8_t)head->cause);
	hf__put_short(w, head->user);
	hf__put_i64(w, head->generated_at);
	hf__put_u32(w, head->count);
}

void hf__inbox_put_head(struct hf__writer *w, enum hf__inbox_cause cause, struct hf_bytes user,
                        size_t count)
{
	hf__inbox_put_change(
	    w, &(struct hf__inbox_change){
	           .cause = cause, .user = user, .generated_at = HF_UNSET, .count = (uint32_t)count});
}

/* May an entry with this cause do what it does? `n` counts its items by what they are. */
static bool cause_ok(const struct hf__inbox_change *head, const uint32_t n[HF__INBOX_WHATS])
{
	const bool moves = head->generated_at != HF_UNSET;
	const uint32_t count = head->count;
	switch (head->cause) {
	case HF__INBOX_CAUSE_STATE:
		return count == 1 && n[HF__INBOX_PUT] + n[HF__INBOX_BURIED] == 1 && !moves;
	case HF__INBOX_CAUSE_UPSERT:
		return n[HF__INBOX_PUT] == count && (moves || count > 0);
	case HF__INBOX_CAUSE_REPLACE:
		return n[HF__INBOX_LIFTED] == 0 && (moves || count > 0);
	case HF__INBOX_CAUSE_PRUNE:
	case HF__INBOX_CAUSE_TRIM:
		return n[HF__INBOX_REMOVED] + n[HF__INBOX_BURIED] == count && count > 0 && !moves;
	case HF__INBOX_CAUSE_CLEAR:
		/* none: it takes generated_at alone */
		return n[HF__INBOX_REMOVED] + n[HF__INBOX_LIFTED] == count && !moves;
	case HF__INBOX_CAUSE_REMOVE:
		return count == 1 && n[HF__INBOX_REMOVED] + n[HF__INBOX_BURIED] == 1 && !moves;
	case HF__INBOX_CAUSE_EXPIRE:
		return count == 1 && n[HF__INBOX_LIFTED] == 1 && !moves;
	case HF__INBOX_CAUSE_TOMBSTONE:
		return count == 1 && n[HF__INBOX_LIFTED] + n[HF__INBOX_BURIED] == 1 && !moves;
	case HF__INBOX_CAUSES:
		break;
	}
	return false;
}

/* Every item sound, keys strictly ascending, nothing behind them. */
static bool items_ok(const struct hf__inbox_change *head, uint32_t n[HF__INBOX_WHATS])
{
	struct hf__reader r = head->items;
	struct hf__inbox_item item, before = {0};
	for (uint32_t i = 0; i < head->count; i++) {
		if (!hf__inbox_get_item(&r, &item))
			return false;
		if (i > 0 &&
		    hf__inbox_compare_keys(before.account, before.thread, item.account, item.thread) >= 0)
			return false;
		if (item.image.saved != 0 && head->cause != HF__INBOX_CAUSE_STATE)
			return false;
		n[item.what]++;
		before = item;
	}
	return hf__reader_done(&r);
}

bool hf__inbox_get_change(struct hf_bytes body, struct hf__inbox_change *out)
{
	struct hf__reader r = hf__reader(body);
	uint32_t counts[HF__INBOX_WHATS] = {0};
	const uint8_t version = hf__get_u8(&r);
	const uint8_t cause = hf__get_u8(&r);
	out->user = hf__get_short(&r);
	out->generated_at = hf__get_i64(&r);
	out->count = hf__get_u32(&r);
	out->items = r;
	if (r.bad || version != BODY_VERSION || cause >= HF__INBOX_CAUSES ||
	    !hf__key_part_ok(out->user, false))
		return false;
	out->cause = (enum hf__inbox_cause)cause;
	return items_ok(out, counts) && cause_ok(out, counts);
}

/* --- MARK, ALL, STATUS, STATE ----------------------------------------------------------------- */

void hf__inbox_put_mark(struct hf__writer *w, enum hf__inbox_mark mark,
                        const struct hf__inbox_key *key, const struct hf__inbox_image *image)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_u8(w, (uint8_t)mark);
	hf__put_short(w, key->user);
	hf__put_short(w, key->account);
	hf__put_short(w, key->thread);
	hf__put_u8(w, mark_flags(image));
	hf__put_i64(w, image->seen_at);
	hf__put_i64(w, image->read_at);
	hf__put_i64(w, image->dismissed_at);
	if (mark == HF__INBOX_MARK_SNOOZE)
		hf__put_i64(w, image->snoozed_until);
}

bool hf__inbox_get_mark(struct hf_bytes body, enum hf__inbox_mark *mark, struct hf__inbox_key *key,
                        struct hf__inbox_image *image)
{
	struct hf__reader r = hf__reader(body);
	const uint8_t version = hf__get_u8(&r);
	const uint8_t raw_mark = hf__get_u8(&r);
	key->user = hf__get_short(&r);
	key->account = hf__get_short(&r);
	key->thread = hf__get_short(&r);
	const uint8_t flags = hf__get_u8(&r);
	*image = (struct hf__inbox_image){.unread = flags & UNREAD, .dismissed = flags & DISMISSED};
	image->seen_at = hf__get_i64(&r);
	image->read_at = hf__get_i64(&r);
	image->dismissed_at = hf__get_i64(&r);
	image->snoozed_until = raw_mark == HF__INBOX_MARK_SNOOZE ? hf__get_i64(&r) : HF_UNSET;
	if (!hf__reader_done(&r) || version != BODY_VERSION || flags > (UNREAD | DISMISSED) ||
	    !image_ok(image) || !mark_ok(raw_mark, image))
		return false;
	*mark = (enum hf__inbox_mark)raw_mark;
	return hf__key_part_ok(key->user, false) && parts_ok(key->account, key->thread);
}

void hf__inbox_put_all(struct hf__writer *w, const struct hf__inbox_all *all)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_u8(w, (uint8_t)all->mark);
	hf__put_short(w, all->user);
	hf__put_short(w, all->account);
	hf__put_u64(w, all->up_to);
	hf__put_i64(w, all->at);
	hf__put_u32(w, all->count);
}

bool hf__inbox_get_all(struct hf_bytes body, struct hf__inbox_all *out)
{
	struct hf__reader r = hf__reader(body);
	const uint8_t version = hf__get_u8(&r);
	const uint8_t mark = hf__get_u8(&r);
	out->user = hf__get_short(&r);
	out->account = hf__get_short(&r);
	out->up_to = hf__get_u64(&r);
	out->at = hf__get_i64(&r);
	out->count = hf__get_u32(&r);
	if (!hf__reader_done(&r) || version != BODY_VERSION ||
	    (mark != HF__INBOX_MARK_READ && mark != HF__INBOX_MARK_DISMISS))
		return false;
	out->mark = (enum hf__inbox_mark)mark;
	return hf__key_part_ok(out->user, false) && hf__key_part_ok(out->account, true) &&
	       out->up_to != 0 && out->at != HF_UNSET && out->count > 0;
}

void hf__inbox_put_status(struct hf__writer *w, const struct hf__inbox_status *status)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_short(w, status->user);
	hf__put_long(w, status->status);
	hf__put_u8(w, status->sets_extra);
	if (status->sets_extra)
		hf__put_long(w, status->extra);
}

static bool status_ok(const struct hf__inbox_status *status)
{
	return hf__key_part_ok(status->user, false) && status->status.len <= HF_INBOX_STATUS_MAX &&
	       status->extra.len <= HF_INBOX_EXTRA_MAX;
}

bool hf__inbox_get_status(struct hf_bytes body, struct hf__inbox_status *out)
{
	struct hf__reader r = hf__reader(body);
	const uint8_t version = hf__get_u8(&r);
	*out = (struct hf__inbox_status){.user = hf__get_short(&r)};
	out->status = hf__get_long(&r);
	const uint8_t sets = hf__get_u8(&r);
	out->sets_extra = sets == 1;
	if (out->sets_extra)
		out->extra = hf__get_long(&r);
	return hf__reader_done(&r) && version == BODY_VERSION && sets <= 1 && status_ok(out);
}

void hf__inbox_put_state(struct hf__writer *w, struct hf_bytes user,
                         const struct hf__inbox_value *value)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_short(w, user);
	hf__put_i64(w, value->generated_at);
	hf__put_u64(w, value->status_version);
	hf__put_long(w, hf__blob_bytes(value->status));
	hf__put_long(w, hf__blob_bytes(value->extra));
}

bool hf__inbox_get_state(struct hf_bytes body, struct hf__inbox_value *value,
                         struct hf__inbox_status *status)
{
	struct hf__reader r = hf__reader(body);
	const uint8_t version = hf__get_u8(&r);
	*value = (struct hf__inbox_value){0};
	*status = (struct hf__inbox_status){.user = hf__get_short(&r), .sets_extra = true};
	value->generated_at = hf__get_i64(&r);
	value->status_version = hf__get_u64(&r);
	status->status = hf__get_long(&r);
	status->extra = hf__get_long(&r);
	if (!hf__reader_done(&r) || version != BODY_VERSION || !status_ok(status))
		return false;
	return value->status_version != 0 ||
	       (status->status.len == 0 && status->extra.len == 0 && value->generated_at != HF_UNSET);
}
