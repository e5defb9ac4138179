/* Entries of the idempotency domain: bytes <-> meaning, and in words. FORMAT.md has the table of
 * bodies.
 *
 * They hold an entry as it is afterwards, so that replay needs no rule of its own; the cause is
 * for the feed and for people. Decoding accepts exactly what the mutations can write, as far as
 * the body alone shows: what passes its checksum and still breaks a rule is damage. */
#include "domains/idempotency/entry.h"
#include "domains/common/domains.h"

#include "log/entry.h"

#define BODY_VERSION 1u
#define LSN_OF_TOKEN(token) ((token) & ((UINT64_C(1) << 48) - 1))

const struct hf__kind hf__idempotency_kinds[] = {
    {HF__IDEM_OWNED, BODY_VERSION, HF__IDEM_CAUSES, HF__CAUSE_BEHIND_KEY, 0},
    {HF__IDEM_DONE, BODY_VERSION, HF__IDEM_CAUSES, HF__CAUSE_BEHIND_KEY, 0},
    {HF__IDEM_GONE, BODY_VERSION, HF__IDEM_CAUSES, HF__CAUSE_BEHIND_KEY, 0},
    {HF__IDEM_ENDED, BODY_VERSION, 0, 0, HF__ENDING_ALWAYS},
    {HF__IDEM_CLEARED, BODY_VERSION, 0, 0, 0},
    {0, 0, 0, 0, 0},
};

/* What each cause may write: in which kinds of entries (bit n: kind n). */
static const struct {
	const char *name;
	uint8_t kinds;
} causes[HF__IDEM_CAUSES] = {
    [HF__IDEM_STATE] = {"state", 1u << HF__IDEM_OWNED | 1u << HF__IDEM_DONE},
    [HF__IDEM_BEGIN] = {"begin", 1u << HF__IDEM_OWNED},
    [HF__IDEM_COMPLETE] = {"complete", 1u << HF__IDEM_DONE},
    [HF__IDEM_PUT] = {"put", 1u << HF__IDEM_DONE},
    [HF__IDEM_ABANDON] = {"abandon", 1u << HF__IDEM_GONE},
    [HF__IDEM_REMOVE] = {"remove", 1u << HF__IDEM_GONE},
};

/* --- Names ------------------------------------------------------------------------------------ */

bool hf__idem_scope_ok(struct hf_bytes scope)
{
	return hf__key_part_ok(scope, false);
}

bool hf__idem_key_ok(struct hf_bytes key)
{
	const uint8_t *at = key.data;
	if (!at || key.len == 0 || key.len > HF_IDEMPOTENCY_KEY_MAX)
		return false;
	for (size_t i = 0; i < key.len; i++)
		if (at[i] <= ' ' || at[i] > '~')
			return false;
	return true;
}

/* --- Writing ---------------------------------------------------------------------------------- */

static void put_cause(struct hf__writer *w, const struct hf__idem_image *image)
{
	hf__put_u8(w, (uint8_t)image->cause);
	hf__put_short(w, image->key);
}

static void put_common(struct hf__writer *w, const struct hf__idem_image *image)
{
	put_cause(w, image);
	hf__put_short(w, image->fingerprint);
	hf__put_i64(w, image->created_at);
	hf__put_i64(w, image->expires_at);
	hf__put_u8(w, image->computed);
}

void hf__idem_encode(struct hf__writer *w, enum hf__idem_kind kind,
                     const struct hf__idem_image *image, bool without_response)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_short(w, image->scope);
	switch (kind) {
	case HF__IDEM_OWNED:
		put_common(w, image);
		hf__put_u64(w, image->token);
		hf__put_i64(w, image->lease_until);
		hf__put_u64(w, image->session);
		break;
	case HF__IDEM_DONE:
		put_common(w, image);
		hf__put_i32(w, image->status);
		if (!without_response)
			hf__put_long(w, image->response);
		break;
	case HF__IDEM_GONE:
		put_cause(w, image);
		break;
	case HF__IDEM_ENDED:
		hf__put_short(w, image->key);
		hf__put_u64(w, image->version);
		break;
	case HF__IDEM_CLEARED:
		break;
	}
}

/* --- Reading ---------------------------------------------------------------------------------- */

static bool get_cause(struct hf__reader *r, uint8_t kind, struct hf__idem_image *out)
{
	const uint8_t cause = hf__get_u8(r);
	out->cause = (enum hf__idem_cause)cause;
	out->key = hf__get_short(r);
	return cause < HF__IDEM_CAUSES && (causes[cause].kinds & 1u << kind) &&
	       hf__idem_key_ok(out->key);
}

static bool get_common(struct hf__reader *r, uint8_t kind, struct hf__idem_image *out)
{
	if (!get_cause(r, kind, out))
		return false;
	out->fingerprint = hf__get_short(r);
	out->created_at = hf__get_i64(r);
	out->expires_at = hf__get_i64(r);
	const uint8_t computed = hf__get_u8(r);
	out->computed = computed == 1;
	if (computed > 1 || (computed == 1 && out->expires_at == HF_UNSET))
		return false;
	return out->fingerprint.len <= HF_IDEMPOTENCY_FINGERPRINT_MAX && out->created_at != HF_UNSET;
}

/* A token comes from an entry of this log: from this very one when it is a begin. An entry never
 * expires before its owner's lease is over. */
static bool owner_ok(const struct hf__idem_image *image, uint64_t lsn)
{
	const uint64_t granted = LSN_OF_TOKEN(image->token);
	if (granted == 0 || granted > lsn || (image->cause == HF__IDEM_BEGIN && granted != lsn))
		return false;
	return image->expires_at != HF_UNSET && image->lease_until <= image->expires_at;
}

static bool get_rest(struct hf__reader *r, uint8_t kind, uint64_t lsn, struct hf__idem_image *out)
{
	switch (kind) {
	case HF__IDEM_OWNED:
		if (!get_common(r, kind, out))
			return false;
		out->token = hf__get_u64(r);
		out->lease_until = hf__get_i64(r);
		out->session = hf__get_u64(r);
		return out->computed && owner_ok(out, lsn);
	case HF__IDEM_DONE:
		if (!get_common(r, kind, out))
			return false;
		out->status = hf__get_i32(r);
		out->response = hf__get_payload(r);
		return out->response.len <= HF_PAYLOAD_MAX &&
		       (out->cause != HF__IDEM_COMPLETE || out->computed);
	case HF__IDEM_GONE:
		return get_cause(r, kind, out);
	case HF__IDEM_ENDED:
		out->key = hf__get_short(r);
		out->version = hf__get_u64(r);
		return hf__idem_key_ok(out->key) && out->version > 0 && out->version < lsn;
	default:
		return kind == HF__IDEM_CLEARED;
	}
}

bool hf__idem_decode(uint8_t kind, uint64_t lsn, struct hf_bytes body, struct hf__idem_image *out)
{
	struct hf__reader r = hf__reader(body);
	*out = (struct hf__idem_image){.lease_until = HF_UNSET};
	if (hf__get_u8(&r) != BODY_VERSION)
		return false;
	out->scope = hf__get_short(&r);
	return hf__idem_scope_ok(out->scope) && get_rest(&r, kind, lsn, out) && hf__reader_done(&r);
}

/* --- Words ------------------------------------------------------------------------------------ */

void hf__idem_add_name(struct hf__text *text, struct hf_bytes scope, struct hf_bytes key)
{
	hf__text_add_quoted(text, scope);
	hf__text_add(text, ":");
	hf__text_add_quoted(text, key);
}

/* In whole seconds, relative to the entry's own time; times far apart saturate instead of
 * overflowing. */
static void add_span(struct hf__text *out, const char *word, int64_t from, int64_t to)
{
	const uint64_t us = to > from ? (uint64_t)to - (uint64_t)from : 0;
	hf__text_add(out, " %s %llus", word, (unsigned long long)(us / 1000000u));
}

static void add_details(struct hf__text *out, const struct hf__entry *entry,
                        const struct hf__idem_image *image)
{
	if (entry->kind == HF__IDEM_DONE)
		hf__text_add(out, " status %ld, %zu bytes", (long)image->status, image->response.len);
	else if (image->lease_until == HF_UNSET)
		hf__text_add(out, " without lease");
	else
		add_span(out, "lease", entry->at, image->lease_until);
	if (image->expires_at == HF_UNSET)
		hf__text_add(out, " forever");
	else
		add_span(out, "expires in", entry->at, image->expires_at);
}

void hf__idem_describe(const struct hf__entry *entry, struct hf__text *out)
{
	struct hf__idem_image image;
	if (!hf__idem_decode(entry->kind, entry->lsn, entry->body, &image)) {
		hf__text_add(out, "damaged entry of kind %u, %zu bytes", entry->kind, entry->body.len);
		return;
	}
	if (entry->kind == HF__IDEM_CLEARED) {
		hf__text_add(out, "clear ");
		hf__text_add_quoted(out, image.scope);
		return;
	}
	hf__text_add(out, "%s ", entry->kind == HF__IDEM_ENDED ? "end" : causes[image.cause].name);
	hf__idem_add_name(out, image.scope, image.key);
	if (entry->kind == HF__IDEM_OWNED || entry->kind == HF__IDEM_DONE)
		add_details(out, entry, &image);
}

bool hf__idem_about(const struct hf__entry *entry, struct hf__about *out)
{
	struct hf__idem_image image;
	*out = (struct hf__about){0};
	if (!hf__idem_decode(entry->kind, entry->lsn, entry->body, &image))
		return false;
	const bool many = entry->kind == HF__IDEM_CLEARED;
	out->operation = many                            ? "clear"
	                 : entry->kind == HF__IDEM_ENDED ? "end"
	                                                 : causes[image.cause].name;
	out->key[0] = image.scope;
	out->key[1] = image.key;
	out->parts = many ? 1 : 2;
	out->many = many;
	out->removed = entry->kind != HF__IDEM_OWNED && entry->kind != HF__IDEM_DONE;
	return true;
}
