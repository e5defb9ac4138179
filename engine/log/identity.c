/* IDENTITY.
 *
 * Job: the sector that makes a directory a store.
 *
 * Happy path: encoded once at creation, written under another name, synced, renamed; decoded at
 * every opening.
 *
 * Failure modes: it is needed to learn uuid and epoch, so its own checksum is seeded with 0.
 * Damage is HF_ECORRUPT, a newer format HF_EVERSION: then only what the frozen head says is
 * filled in, since the places of all else are unknown. */
#include "log/identity.h"

#include "base/bytes.h"
#include "log/sector.h"

#define MAGIC "hfstore\n"
#define SEED 0u

enum place {
	AT_SEGMENT_SIZE = HF__HEAD_SIZE,
	AT_SYNC_METHOD = 60,
	AT_PAD = 64,
	AT_CONTENT_KEY = 72,
};

void hf__identity_encode(const struct hf__identity *identity, uint8_t out[HF__IDENTITY_SIZE])
{
	struct hf__head head = {
	    .format_major = identity->format_major,
	    .format_minor = identity->format_minor,
	    .compat = identity->compat,
	    .ro_compat = identity->ro_compat,
	    .incompat = identity->incompat,
	    .epoch = identity->epoch,
	};
	memcpy(head.uuid, identity->uuid, sizeof head.uuid);
	hf__sector_begin(out, MAGIC);
	hf__head_put(out, &head);
	hf__store_u32(out + AT_SEGMENT_SIZE, identity->segment_size);
	hf__store_u32(out + AT_SYNC_METHOD, identity->sync_method);
	hf__store_u32(out + AT_PAD, identity->pad);
	memcpy(out + AT_CONTENT_KEY, identity->content_key, sizeof identity->content_key);
	hf__sector_seal(out, SEED);
}

static void identity_take_head(struct hf__identity *out, const struct hf__head *head)
{
	out->format_major = head->format_major;
	out->format_minor = head->format_minor;
	out->compat = head->compat;
	out->ro_compat = head->ro_compat;
	out->incompat = head->incompat;
	memcpy(out->uuid, head->uuid, sizeof out->uuid);
	out->epoch = head->epoch;
}

static bool size_possible(uint32_t size)
{
	return size >= HF__SEGMENT_SIZE_MIN && size <= HF__SEGMENT_SIZE_MAX && size % HF__BLOCK == 0;
}

static bool pad_possible(uint32_t pad)
{
	return pad == 0 || pad == HF__SECTOR || pad == HF__BLOCK;
}

/* Reserved bytes are what the encoder leaves zero. */
static bool reserved_allowed(const struct hf__identity *identity, const uint8_t *bytes)
{
	uint8_t again[HF__IDENTITY_SIZE];
	if (hf__features_unknown(identity->compat, identity->ro_compat))
		return true;
	hf__identity_encode(identity, again);
	return memcmp(again, bytes, sizeof again) == 0;
}

int hf__identity_decode(const uint8_t *bytes, size_t len, struct hf__identity *out)
{
	memset(out, 0, sizeof *out);
	if (len < HF__IDENTITY_SIZE || !hf__sector_valid(bytes, MAGIC, SEED))
		return HF_ECORRUPT;
	const struct hf__head head = hf__head_get(bytes);
	const int rc = hf__head_check(&head);
	if (rc == HF_ECORRUPT)
		return rc;
	identity_take_head(out, &head);
	if (rc == HF_EVERSION)
		return rc;
	out->segment_size = hf__load_u32(bytes + AT_SEGMENT_SIZE);
	out->sync_method = hf__load_u32(bytes + AT_SYNC_METHOD);
	out->pad = hf__load_u32(bytes + AT_PAD);
	memcpy(out->content_key, bytes + AT_CONTENT_KEY, sizeof out->content_key);
	/* A method or a padding that this version cannot carry out is no damage. */
	if (out->sync_method != 0 || !pad_possible(out->pad))
		return HF_EVERSION;
	if (len > HF__IDENTITY_SIZE || head.number != 0 || !size_possible(out->segment_size) ||
	    !reserved_allowed(out, bytes)) {
		memset(out, 0, sizeof *out);
		return HF_ECORRUPT;
	}
	return HF_OK;
}
