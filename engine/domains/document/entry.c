/* Entries of the document domain: bytes <-> meaning. The bytes are specified in log/FORMAT.md.
 *
 * Entries hold a document as it is afterwards, so that replay needs no rule of its own; the
 * cause is for the feed and for people. Decoding accepts exactly what the mutations can write,
 * as far as the body alone shows: what passes its checksum and still breaks a rule is damage. */
#include "domains/common/domains.h"
#include "domains/document/document.h"

#define BODY_VERSION 1u

const struct hf__kind hf__document_kinds[] = {
    {HF__DOCUMENT_WHOLE, BODY_VERSION, HF__DOCUMENT_CAUSES, HF__CAUSE_BEHIND_VERSION, 0},
    {HF__DOCUMENT_REGROUPED, BODY_VERSION, HF__DOCUMENT_CAUSES, HF__CAUSE_BEHIND_VERSION, 0},
    {HF__DOCUMENT_GONE, BODY_VERSION, HF__DOCUMENT_CAUSES, HF__CAUSE_BEHIND_VERSION,
     HF__DOCUMENT_EXPIRE},
    {HF__DOCUMENT_CLEARED, BODY_VERSION, HF__DOCUMENT_CAUSES, HF__CAUSE_BEHIND_VERSION,
     HF__DOCUMENT_EXPIRE},
    {0, 0, 0, 0, 0},
};

/* In which kind of entries each cause stands (bit n: kind n). */
static const uint8_t kinds_of[HF__DOCUMENT_CAUSES] = {
    [HF__DOCUMENT_STATE] = 1u << HF__DOCUMENT_WHOLE,
    [HF__DOCUMENT_CREATE] = 1u << HF__DOCUMENT_WHOLE,
    [HF__DOCUMENT_REPLACE] = 1u << HF__DOCUMENT_WHOLE,
    [HF__DOCUMENT_REGROUP] = 1u << HF__DOCUMENT_REGROUPED,
    [HF__DOCUMENT_REMOVE] = 1u << HF__DOCUMENT_GONE,
    [HF__DOCUMENT_EXPIRE] = 1u << HF__DOCUMENT_GONE | 1u << HF__DOCUMENT_CLEARED,
    [HF__DOCUMENT_CLEAR] = 1u << HF__DOCUMENT_CLEARED,
};

/* --- Writing ---------------------------------------------------------------------------------- */

/* Bytes of times: one look at what is left for all of them. */
#define FIXED 25u
/* Version, cause, and what says how long the collection, id and group are, and which orders. */
#define LENGTHS (2u + 2u + 2u + 1u + 2u)

static uint8_t *put_name(uint8_t *at, struct hf_bytes name)
{
	hf__store_u16(at, (uint16_t)name.len);
	hf__copy(at + 2, name.data, name.len);
	return at + 2 + name.len;
}

/* All of it at once: it is what most entries are. */
static void put_whole(struct hf__writer *w, const struct hf__document_image *image,
                      bool without_payload)
{
	const size_t names = image->collection.len + image->id.len + image->group.len;
	const size_t payload = without_payload ? 0 : sizeof(uint32_t) + image->payload.len;
	w->bad = w->bad || names > UINT16_MAX || image->payload.len > UINT32_MAX;
	uint8_t *at = hf__writer_room(w, LENGTHS + names + FIXED + payload);
	if (!at)
		return;
	at[0] = BODY_VERSION;
	at[1] = (uint8_t)image->cause;
	at = put_name(at + 2, image->collection);
	at = put_name(at, image->id);
	at[0] = image->orders;
	at = put_name(at + 1, image->group);
	hf__store_u64(at, (uint64_t)image->created_at);
	hf__store_u64(at + 8, (uint64_t)image->updated_at);
	hf__store_u64(at + 16, (uint64_t)image->expires_at);
	at[24] = image->computed;
	if (without_payload)
		return;
	hf__store_u32(at + FIXED, (uint32_t)image->payload.len);
	hf__copy(at + FIXED + sizeof(uint32_t), image->payload.data, image->payload.len);
}

void hf__document_encode(struct hf__writer *w, enum hf__document_kind kind,
                         const struct hf__document_image *image, bool without_payload)
{
	if (kind == HF__DOCUMENT_WHOLE) {
		put_whole(w, image, without_payload);
		return;
	}
	hf__put_u8(w, BODY_VERSION);
	hf__put_u8(w, (uint8_t)image->cause);
	hf__put_short(w, image->collection);
	if (kind == HF__DOCUMENT_CLEARED)
		return;
	hf__put_short(w, image->id);
	if (kind != HF__DOCUMENT_REGROUPED)
		return;
	hf__put_short(w, image->group);
	hf__put_i64(w, image->updated_at);
}

/* --- Reading ---------------------------------------------------------------------------------- */

/* Version, cause and the length of the collection: one look at what is left for all of them, as
 * below. Their values count only if they are there. */
#define HEAD 4u
/* Orders and the length of the group. */
#define MIDDLE 3u

static bool get_head(struct hf__reader *r, uint8_t kind, struct hf__document_image *out)
{
	const uint8_t *at = hf__reader_take(r, HEAD);
	if (!at)
		return false;
	const uint8_t version = at[0], cause = at[1];
	out->collection = hf__get_bytes(r, hf__load_u16(at + 2));
	if (version != BODY_VERSION || cause >= HF__DOCUMENT_CAUSES || kind > HF__DOCUMENT_CLEARED)
		return false;
	out->cause = (enum hf__document_cause)cause;
	return kinds_of[cause] & 1u << kind && hf__key_part_ok(out->collection, false);
}

static bool get_whole(struct hf__reader *r, struct hf__document_image *out)
{
	const uint8_t *at = hf__reader_take(r, MIDDLE);
	if (!at)
		return false;
	out->orders = at[0];
	out->group = hf__get_bytes(r, hf__load_u16(at + 1));
	at = hf__reader_take(r, FIXED);
	if (!at)
		return false;
	out->created_at = (int64_t)hf__load_u64(at);
	out->updated_at = (int64_t)hf__load_u64(at + 8);
	out->expires_at = (int64_t)hf__load_u64(at + 16);
	const uint8_t computed = at[24];
	out->computed = computed == 1;
	out->payload = hf__get_payload(r);
	if (computed > 1 || (computed == 1 && out->expires_at == HF_UNSET))
		return false;
	return out->orders != 0 && out->orders <= HF__DOCUMENT_ALL &&
	       hf__key_part_ok(out->group, true) && out->created_at != HF_UNSET &&
	       out->updated_at != HF_UNSET && out->payload.len <= HF_PAYLOAD_MAX;
}

static bool get_regrouped(struct hf__reader *r, struct hf__document_image *out)
{
	out->group = hf__get_short(r);
	out->updated_at = hf__get_i64(r);
	return hf__key_part_ok(out->group, true) && out->updated_at != HF_UNSET;
}

bool hf__document_decode(uint8_t kind, struct hf_bytes body, struct hf__document_image *out)
{
	struct hf__reader r = hf__reader(body);
	if (kind != HF__DOCUMENT_WHOLE) /* which carries all members */
		*out = (struct hf__document_image){.expires_at = HF_UNSET};
	if (!get_head(&r, kind, out))
		return false;
	if (kind == HF__DOCUMENT_CLEARED)
		return hf__reader_done(&r);
	out->id = hf__get_short(&r);
	if (!hf__key_part_ok(out->id, false))
		return false;
	if ((kind == HF__DOCUMENT_WHOLE && !get_whole(&r, out)) ||
	    (kind == HF__DOCUMENT_REGROUPED && !get_regrouped(&r, out)))
		return false;
	return hf__reader_done(&r);
}
