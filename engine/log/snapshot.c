/* Snapshot files: the first sector, names, references.
 *
 * Job: what says of a file whose state it holds, up to which entry, and where the log goes on.
 *
 * Happy path: the sector begins with the frozen head, as IDENTITY and segment headers do, and is
 * sealed by the number of the segment behind it.
 *
 * Failure modes: it is judged under the uuid and epoch that it bears itself, so that an import can
 * read what another store exported; a caller that wants its own store compares them afterwards. A
 * newer format is told from damage by the head alone. */
#include "log/snapshot.h"

#include "log/name.h"
#include "log/sector.h"

#define MAGIC "hfsnapsh"
#define EXPORTED 1u
/* All set-backs together: see the clock's entries. */
#define SETBACK_MAX ((INT64_C(1) << 61) - 1)

enum place {
	AT_OFFSET = HF__HEAD_SIZE,
	AT_FLAGS = 60,
	AT_LSN = 64,
	AT_CHAIN = 72,
	AT_INCARNATION = 80,
	AT_CLOCK = 88,
	AT_SETBACK = 96,
	AT_FIELDS_END = 104,
};

/* --- Header ----------------------------------------------------------------------------------- */

void hf__snapshot_header_encode(const struct hf__snapshot_header *header,
                                uint8_t out[HF__SNAPSHOT_HEADER_SIZE])
{
	struct hf__head head = {
	    .format_major = header->format_major,
	    .format_minor = header->format_minor,
	    .compat = header->compat,
	    .ro_compat = header->ro_compat,
	    .incompat = header->incompat,
	    .epoch = header->epoch,
	    .number = header->position.segment,
	};
	memcpy(head.uuid, header->uuid, sizeof head.uuid);
	hf__sector_begin(out, MAGIC);
	hf__head_put(out, &head);
	hf__store_u32(out + AT_OFFSET, header->position.offset);
	hf__store_u32(out + AT_FLAGS, header->exported ? EXPORTED : 0);
	hf__store_u64(out + AT_LSN, header->lsn);
	hf__store_u64(out + AT_CHAIN, header->chain);
	hf__store_u64(out + AT_INCARNATION, header->incarnation_lsn);
	hf__store_u64(out + AT_CLOCK, (uint64_t)header->clock);
	hf__store_u64(out + AT_SETBACK, (uint64_t)header->setback);
	hf__sector_seal(out, hf__seed_at(hf__seed_base(header->uuid, header->epoch), head.number));
}

uint64_t hf__snapshot_seed(const struct hf__snapshot_header *header)
{
	uint8_t sector[HF__SNAPSHOT_HEADER_SIZE];
	uint64_t base = hf__seed_base(header->uuid, header->epoch);
	if (header->exported) {
		hf__snapshot_header_encode(header, sector);
		base = hf__checksum(sector + AT_OFFSET, AT_FIELDS_END - AT_OFFSET, 0);
	}
	return hf__seed_at(base, header->lsn);
}

static void take_head(struct hf__snapshot_header *out, const struct hf__head *head)
{
	out->format_major = head->format_major;
	out->format_minor = head->format_minor;
	out->compat = head->compat;
	out->ro_compat = head->ro_compat;
	out->incompat = head->incompat;
	memcpy(out->uuid, head->uuid, sizeof out->uuid);
	out->epoch = head->epoch;
	out->position.segment = head->number;
}

static void load(struct hf__snapshot_header *out, const uint8_t *bytes)
{
	out->position.offset = hf__load_u32(bytes + AT_OFFSET);
	out->exported = (hf__load_u32(bytes + AT_FLAGS) & EXPORTED) != 0;
	out->lsn = hf__load_u64(bytes + AT_LSN);
	out->chain = hf__load_u64(bytes + AT_CHAIN);
	out->incarnation_lsn = hf__load_u64(bytes + AT_INCARNATION);
	out->clock = (int64_t)hf__load_u64(bytes + AT_CLOCK);
	out->setback = (int64_t)hf__load_u64(bytes + AT_SETBACK);
}

static bool fields_possible(const struct hf__snapshot_header *h)
{
	const struct hf__position at = h->position;
	if (at.segment ? at.offset < HF__SEGMENT_HEADER_SIZE || at.offset % HF__ALIGN != 0
	               : at.offset != 0)
		return false;
	return h->lsn <= HF__LSN_MAX && h->incarnation_lsn <= HF__LSN_MAX && h->setback >= 0 &&
	       h->setback <= SETBACK_MAX;
}

/* Reserved bytes and unknown flags are what the encoder leaves zero. */
static bool reserved_allowed(const struct hf__snapshot_header *header, const uint8_t *bytes)
{
	uint8_t again[HF__SNAPSHOT_HEADER_SIZE];
	if (hf__features_unknown(header->compat, header->ro_compat))
		return true;
	hf__snapshot_header_encode(header, again);
	return memcmp(again, bytes, sizeof again) == 0;
}

int hf__snapshot_header_decode(const uint8_t *bytes, size_t len, struct hf__snapshot_header *out)
{
	memset(out, 0, sizeof *out);
	if (len < HF__SNAPSHOT_HEADER_SIZE)
		return HF_ECORRUPT;
	const struct hf__head head = hf__head_get(bytes);
	const uint64_t seed = hf__seed_at(hf__seed_base(head.uuid, head.epoch), head.number);
	if (!hf__sector_valid(bytes, MAGIC, seed))
		return HF_ECORRUPT;
	const int rc = hf__head_check(&head);
	if (rc == HF_ECORRUPT)
		return rc;
	take_head(out, &head);
	if (rc == HF_EVERSION)
		return rc;
	load(out, bytes);
	if (!fields_possible(out) || !reserved_allowed(out, bytes)) {
		memset(out, 0, sizeof *out);
		return HF_ECORRUPT;
	}
	return HF_OK;
}

bool hf__snapshot_header_of(const struct hf__log_id *id, const struct hf__snapshot_header *header)
{
	return header->epoch == id->epoch && memcmp(header->uuid, id->uuid, sizeof id->uuid) == 0;
}

/* --- Names ------------------------------------------------------------------------------------ */

static const struct hf__name snapshot_kind = {"snapshot-", 12};

void hf__snapshot_name(uint64_t lsn, char out[HF__NAME_MAX])
{
	hf__name_put(&snapshot_kind, lsn, out);
}

void hf__snapshot_tmp_name_of(uint64_t lsn, char out[HF__NAME_MAX])
{
	hf__name_put_tmp(&snapshot_kind, lsn, out);
}

bool hf__snapshot_name_parse(const char *name, uint64_t *lsn)
{
	return hf__name_parse(&snapshot_kind, name, lsn);
}

bool hf__snapshot_tmp_name(const char *name)
{
	uint64_t lsn;
	return hf__name_tmp(&snapshot_kind, name, &lsn);
}

/* --- References ------------------------------------------------------------------------------- */

void hf__snapshot_ref_put(const struct hf__snapshot_ref *ref, uint8_t out[HF__SNAPSHOT_REF_SIZE])
{
	hf__store_u32(out, ref->block);
	hf__store_u32(out + 4, ref->offset);
	hf__store_u64(out + 8, ref->content.low);
	hf__store_u64(out + 16, ref->content.high);
}

struct hf__snapshot_ref hf__snapshot_ref_get(const uint8_t at[HF__SNAPSHOT_REF_SIZE])
{
	return (struct hf__snapshot_ref){
	    .block = hf__load_u32(at),
	    .offset = hf__load_u32(at + 4),
	    .content = {hf__load_u64(at + 8), hf__load_u64(at + 16)},
	};
}
