/* Entries of the lock domain: bytes <-> meaning, and words for people. log/FORMAT.md, "Lock",
 * specifies the bytes.
 *
 * Entries hold a lock as it is afterwards, so that replay needs no rule of its own; the cause is
 * for the feed and for people. Decoding accepts exactly what the mutations can write, as far as
 * the body alone shows: what passes its checksum and still breaks a rule is damage. */
#include "domains/common/domains.h"
#include "domains/lock/lock.h"

#define BODY_VERSION 1u
#define LSN_OF_TOKEN(token) ((token) & ((UINT64_C(1) << 48) - 1))

const struct hf__kind hf__lock_kinds[] = {
    {HF__LOCK_HELD, BODY_VERSION, HF__LOCK_CAUSES, HF__CAUSE_BEHIND_VERSION, 0},
    {HF__LOCK_FREE, BODY_VERSION, HF__LOCK_CAUSES, HF__CAUSE_BEHIND_VERSION, HF__LOCK_ENDED},
    {0, 0, 0, 0, 0},
};

/* What each cause may write, and the contract's word for it. */
static const struct {
	uint8_t kind;
	const char *word;
} causes[HF__LOCK_CAUSES] = {
    [HF__LOCK_STATE] = {HF__LOCK_HELD, "state"},
    [HF__LOCK_ACQUIRE] = {HF__LOCK_HELD, "acquire"},
    [HF__LOCK_RENEW] = {HF__LOCK_HELD, "renew"},
    [HF__LOCK_PUT] = {HF__LOCK_HELD, "put"},
    [HF__LOCK_RELEASE] = {HF__LOCK_FREE, "release"},
    [HF__LOCK_FORCE] = {HF__LOCK_FREE, "force_release"},
    [HF__LOCK_ENDED] = {HF__LOCK_FREE, "ended"},
};

/* --- Bytes ------------------------------------------------------------------------------------ */

void hf__lock_encode(struct hf__writer *w, enum hf__lock_kind kind,
                     const struct hf__lock_image *image)
{
	hf__put_u8(w, BODY_VERSION);
	hf__put_u8(w, (uint8_t)image->cause);
	hf__put_short(w, image->name);
	hf__put_u64(w, image->token);
	if (kind == HF__LOCK_FREE) {
		hf__put_short(w, image->reason);
		return;
	}
	hf__put_short(w, image->owner);
	hf__put_i64(w, image->acquired_at);
	hf__put_i64(w, image->lease_until);
	hf__put_u64(w, image->session);
}

/* A grant's token is its own LSN; any other one is of this log, the present entry at the latest. */
static bool token_ok(const struct hf__lock_image *image, uint64_t lsn)
{
	const uint64_t granted = LSN_OF_TOKEN(image->token);
	if (image->cause == HF__LOCK_ACQUIRE || image->cause == HF__LOCK_PUT)
		return granted == lsn;
	return image->cause == HF__LOCK_STATE ? granted > 0 && granted <= lsn
	                                      : granted > 0 && granted < lsn;
}

static bool reason_ok(const struct hf__lock_image *image)
{
	if (image->cause != HF__LOCK_FORCE)
		return image->reason.len == 0;
	return !hf__blank(image->reason) && image->reason.len <= HF_LOCK_REASON_MAX;
}

static bool holder_ok(const struct hf__lock_image *image)
{
	return hf__key_part_ok(image->owner, false) && image->acquired_at != HF_UNSET &&
	       (image->cause != HF__LOCK_PUT || image->lease_until != HF_UNSET);
}

bool hf__lock_decode(uint8_t kind, uint64_t lsn, struct hf_bytes body, struct hf__lock_image *out)
{
	struct hf__reader r = hf__reader(body);
	*out = (struct hf__lock_image){0};
	const uint8_t version = hf__get_u8(&r), cause = hf__get_u8(&r);
	if (version != BODY_VERSION || cause >= HF__LOCK_CAUSES || causes[cause].kind != kind)
		return false;
	out->cause = (enum hf__lock_cause)cause;
	out->name = hf__get_short(&r);
	out->token = hf__get_u64(&r);
	if (kind == HF__LOCK_FREE) {
		out->reason = hf__get_short(&r);
	} else {
		out->owner = hf__get_short(&r);
		out->acquired_at = hf__get_i64(&r);
		out->lease_until = hf__get_i64(&r);
		out->session = hf__get_u64(&r);
	}
	return hf__reader_done(&r) && hf__key_part_ok(out->name, false) && token_ok(out, lsn) &&
	       (kind == HF__LOCK_FREE ? reason_ok(out) : holder_ok(out));
}

/* --- Words ------------------------------------------------------------------------------------ */

/* Relative to the entry's own time. Times far apart are shown as zero rather than overflowing. */
static void add_lease(struct hf__text *out, int64_t at, int64_t until)
{
	const uint64_t us = until > at ? (uint64_t)until - (uint64_t)at : 0;
	if (until == HF_UNSET)
		hf__text_add(out, " without lease");
	else
		hf__text_add(out, " lease %llu.%06llus", (unsigned long long)(us / 1000000),
		             (unsigned long long)(us % 1000000));
}

void hf__lock_describe(const struct hf__entry *entry, struct hf__text *out)
{
	struct hf__lock_image image;
	if (!hf__lock_decode(entry->kind, entry->lsn, entry->body, &image)) {
		hf__text_add(out, "damaged entry of kind %u, %zu bytes", entry->kind, entry->body.len);
		return;
	}
	hf__text_add(out, "%s ", causes[image.cause].word);
	hf__text_add_quoted(out, image.name);
	if (entry->kind == HF__LOCK_HELD) {
		hf__text_add(out, " by ");
		hf__text_add_quoted(out, image.owner);
		add_lease(out, entry->at, image.lease_until);
	} else if (image.reason.len > 0) {
		hf__text_add(out, " because ");
		hf__text_add_quoted(out, image.reason);
	}
}

bool hf__lock_about(const struct hf__entry *entry, struct hf__about *out)
{
	struct hf__lock_image image;
	if (!hf__lock_decode(entry->kind, entry->lsn, entry->body, &image))
		return false;
	*out = (struct hf__about){
	    .operation = causes[image.cause].word,
	    .key = {image.name},
	    .parts = 1,
	    .removed = entry->kind == HF__LOCK_FREE,
	    .reason = image.reason,
	};
	return true;
}
