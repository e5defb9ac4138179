/* What the cursor domain writes into the log. The bytes are specified in log/FORMAT.md.
 *
 * A SET holds the cursor as it is afterwards, so that replay needs no rule of its own; the cause
 * is for the feed and for people. Decoding accepts exactly what the mutations can write: a body
 * that passes its checksum and still breaks a rule is damage. */
#include "domains/common/domains.h"
#include "domains/cursor/cursor.h"

#define BODY_VERSION 1u

const struct hf__kind hf__cursor_kinds[] = {
    {HF__CURSOR_SET, BODY_VERSION, HF__CURSOR_PUT + 1, HF__CAUSE_BEHIND_VERSION, 0},
    {HF__CURSOR_REMOVE, BODY_VERSION, 0, 0, 0},
    {0, 0, 0, 0, 0},
};

/* --- Form ------------------------------------------------------------------------------------- */

static bool part_ok(struct hf_bytes part, unsigned which)
{
	return hf__key_part_ok(part, which == HF__SUBJECT);
}

bool hf__cursor_key(const struct hf_cursor_key *key, struct hf__cursor_position *out,
                    struct hf__text *why)
{
	static const char *const names[] = {"consumer", "stream", "subject"};
	const struct hf_bytes given[] = {key->consumer, key->stream, key->subject};
	out->sequence = 0;
	for (unsigned i = 0; i < HF__CURSOR_PARTS; i++) {
		out->part[i] = hf__trim(given[i]);
		if (part_ok(out->part[i], i))
			continue;
		hf__text_add(why, "%s must have %s%u bytes and no NUL: ", names[i],
		             i == HF__SUBJECT ? "at most " : "1 to ", HF_KEY_MAX);
		hf__text_add_quoted(why, out->part[i]);
		return false;
	}
	return true;
}

bool hf__cursor_delivery_id_ok(struct hf_bytes id)
{
	return (id.data || id.len == 0) && id.len <= HF_CURSOR_DELIVERY_ID_MAX;
}

static bool key_ok(const struct hf__cursor_position *key)
{
	for (unsigned i = 0; i < HF__CURSOR_PARTS; i++)
		if (!part_ok(key->part[i], i) || hf__trim(key->part[i]).len != key->part[i].len)
			return false;
	return true;
}

/* What holds for every cursor, whatever happened to it. */
static bool image_ok(const struct hf__cursor_image *image)
{
	if (image->last_sequence < 0 || image->updated_at == HF_UNSET ||
	    !hf__cursor_delivery_id_ok(image->delivery_id))
		return false;
	if (image->last_error.len > HF_CURSOR_ERROR_MAX ||
	    (image->error_count == 0) != (image->last_error.len == 0))
		return false;
	if (image->reset_at == HF_UNSET)
		return image->reset_reason.len == 0;
	return image->reset_reason.len <= HF_CURSOR_REASON_MAX && !hf__blank(image->reset_reason);
}

/* What a mutation of this kind leaves, beyond that. */
static bool cause_ok(uint8_t cause, const struct hf__cursor_image *image)
{
	switch (cause) {
	case HF__CURSOR_STATE:
	case HF__CURSOR_PUT:
		return true;
	case HF__CURSOR_ADVANCE:
	case HF__CURSOR_REPLAY:
		return image->last_sequence > 0 && image->error_count == 0 &&
		       image->last_delivered_at != HF_UNSET;
	case HF__CURSOR_RESET:
		return image->error_count == 0 && image->reset_at == image->updated_at;
	case HF__CURSOR_RECORD_ERROR:
		return image->error_count > 0;
	default:
		return false;
	}
}

bool hf__cursor_images_equal(const struct hf__cursor_image *a, const struct hf__cursor_image *b)
{
	return a->last_sequence == b->last_sequence &&
	       hf__bytes_equal(a->delivery_id, b->delivery_id) &&
	       a->last_delivered_at == b->last_delivered_at &&
	       hf__bytes_equal(a->last_error, b->last_error) && a->error_count == b->error_count &&
	       a->updated_at == b->updated_at && hf__bytes_equal(a->reset_reason, b->reset_reason) &&
	       a->reset_at == b->reset_at;
}

/* --- Bytes ------------------------------------------------------------------------------------ */

static void put_key(struct hf__writer *w, const struct hf__cursor_position *key)
{
	for (unsigned i = 0; i < HF__CURSOR_PARTS; i++)
		hf__put_short(w, key->part[i]);
}

static void get_key(struct hf__reader *r, struct hf__cursor_position *key)
{
	for (unsigned i = 0; i < HF__CURSOR_PARTS; i++)
		key->part[i] = hf__get_short(r);
	key->sequence = 0;
}

void hf__cursor_put_set(struct hf__writer *w, enum hf__cursor_cause cause,
                        const struct hf__cursor_position *key, const struct hf__cursor_image *image)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_u8(w, (uint8_t)cause);
	put_key(w, key);
	hf__put_i64(w, image->last_sequence);
	hf__put_short(w, image->delivery_id);
	hf__put_i64(w, image->last_delivered_at);
	hf__put_short(w, image->last_error);
	hf__put_u64(w, image->error_count);
	hf__put_i64(w, image->updated_at);
	hf__put_short(w, image->reset_reason);
	hf__put_i64(w, image->reset_at);
}

bool hf__cursor_get_set(struct hf_bytes body, enum hf__cursor_cause *cause,
                        struct hf__cursor_position *key, struct hf__cursor_image *image)
{
	struct hf__reader r = hf__reader(body);
	const uint8_t version = hf__get_u8(&r);
	const uint8_t raw_cause = hf__get_u8(&r);
	get_key(&r, key);
	image->last_sequence = hf__get_i64(&r);
	image->delivery_id = hf__get_short(&r);
	image->last_delivered_at = hf__get_i64(&r);
	image->last_error = hf__get_short(&r);
	image->error_count = hf__get_u64(&r);
	image->updated_at = hf__get_i64(&r);
	image->reset_reason = hf__get_short(&r);
	image->reset_at = hf__get_i64(&r);
	if (!hf__reader_done(&r) || version != BODY_VERSION || !key_ok(key) || !image_ok(image) ||
	    !cause_ok(raw_cause, image))
		return false;
	*cause = (enum hf__cursor_cause)raw_cause;
	key->sequence = image->last_sequence;
	return true;
}

void hf__cursor_put_remove(struct hf__writer *w, const struct hf__cursor_position *key)
{
	hf__put_u8(w, BODY_VERSION);
	put_key(w, key);
}

bool hf__cursor_get_remove(struct hf_bytes body, struct hf__cursor_position *key)
{
	struct hf__reader r = hf__reader(body);
	const uint8_t version = hf__get_u8(&r);
	get_key(&r, key);
	return hf__reader_done(&r) && version == BODY_VERSION && key_ok(key);
}

/* --- Words ------------------------------------------------------------------------------------ */

void hf__cursor_add_name(struct hf__text *text, const struct hf__cursor_position *key)
{
	hf__text_add(text, "consumer ");
	hf__text_add_quoted(text, key->part[HF__CONSUMER]);
	hf__text_add(text, " stream ");
	hf__text_add_quoted(text, key->part[HF__STREAM]);
	if (key->part[HF__SUBJECT].len == 0)
		return;
	hf__text_add(text, " subject ");
	hf__text_add_quoted(text, key->part[HF__SUBJECT]);
}

static void describe_set(struct hf_bytes body, struct hf__text *out)
{
	static const char *const words[] = {"state at", "advance to",      "replay of",
	                                    "reset to", "record error at", "put at"};
	enum hf__cursor_cause cause;
	struct hf__cursor_position key;
	struct hf__cursor_image image;
	if (!hf__cursor_get_set(body, &cause, &key, &image)) {
		hf__text_add(out, "damaged cursor set");
		return;
	}
	hf__text_add(out, "%s %lld: ", words[cause], (long long)image.last_sequence);
	hf__cursor_add_name(out, &key);
	if (cause != HF__CURSOR_RESET && cause != HF__CURSOR_RECORD_ERROR)
		return;
	hf__text_add(out, ": ");
	hf__text_add_quoted(out, cause == HF__CURSOR_RESET ? image.reset_reason : image.last_error);
}

static void describe_remove(struct hf_bytes body, struct hf__text *out)
{
	struct hf__cursor_position key;
	if (!hf__cursor_get_remove(body, &key)) {
		hf__text_add(out, "damaged cursor remove");
		return;
	}
	hf__text_add(out, "remove ");
	hf__cursor_add_name(out, &key);
}

void hf__cursor_describe(const struct hf__entry *entry, struct hf__text *out)
{
	if (entry->kind == HF__CURSOR_SET)
		describe_set(entry->body, out);
	else if (entry->kind == HF__CURSOR_REMOVE)
		describe_remove(entry->body, out);
	else
		hf__text_add(out, "unknown cursor entry of kind %u", entry->kind);
}

/* --- What it is about ------------------------------------------------------------------------- */

bool hf__cursor_about(const struct hf__entry *entry, struct hf__about *out)
{
	static const char *const operations[] = {"state", "advance",      "advance",
	                                         "reset", "record_error", "put"};
	enum hf__cursor_cause cause = HF__CURSOR_STATE;
	struct hf__cursor_position key;
	struct hf__cursor_image image = {0};
	const bool removed = entry->kind == HF__CURSOR_REMOVE;
	*out = (struct hf__about){0};
	if (!removed && entry->kind != HF__CURSOR_SET)
		return false;
	if (!(removed ? hf__cursor_get_remove(entry->body, &key)
	              : hf__cursor_get_set(entry->body, &cause, &key, &image)))
		return false;
	out->operation = removed ? "remove" : operations[cause];
	out->removed = removed;
	out->parts = HF__CURSOR_PARTS;
	memcpy(out->key, key.part, sizeof key.part);
	if (cause == HF__CURSOR_RESET || cause == HF__CURSOR_RECORD_ERROR)
		out->reason = cause == HF__CURSOR_RESET ? image.reset_reason : image.last_error;
	return true;
}
