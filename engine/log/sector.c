/* One-sector structures.
 *
 * Job: the frame of IDENTITY, of segment headers and of witness slots. Each is one 512-byte
 * sector of its own, so a crash leaves the old one or the new one (powersafe overwrite), and at
 * worst one that does not verify.
 *
 * Happy path: begin zeroes the sector and puts the magic, the owner fills in fields, seal puts
 * the checksum in the last 8 bytes.
 *
 * Failure modes: a sector of a newer format must differ from a damaged one. So magic, versions,
 * masks, uuid, epoch, number and checksum stay where they are forever, and so does the seed.
 * Only a sector whose checksum holds is believed when it claims to be newer: a flipped bit in
 * the version field is damage. */
#include "log/sector.h"

#include "base/bytes.h"
#include "base/hash.h"

#define CHECKSUM_AT (HF__SECTOR - 8u)

void hf__sector_begin(uint8_t sector[HF__SECTOR], const char *magic)
{
	memset(sector, 0, HF__SECTOR);
	memcpy(sector, magic, HF__MAGIC_SIZE);
}

void hf__sector_seal(uint8_t sector[HF__SECTOR], uint64_t seed)
{
	hf__store_u64(sector + CHECKSUM_AT, hf__checksum(sector, CHECKSUM_AT, seed));
}

bool hf__sector_valid(const uint8_t sector[HF__SECTOR], const char *magic, uint64_t seed)
{
	return memcmp(sector, magic, HF__MAGIC_SIZE) == 0 &&
	       hf__load_u64(sector + CHECKSUM_AT) == hf__checksum(sector, CHECKSUM_AT, seed);
}

void hf__head_put(uint8_t sector[HF__SECTOR], const struct hf__head *head)
{
	hf__store_u32(sector + 8, head->format_major);
	hf__store_u32(sector + 12, head->format_minor);
	hf__store_u32(sector + 16, head->compat);
	hf__store_u32(sector + 20, head->ro_compat);
	hf__store_u32(sector + 24, head->incompat);
	memcpy(sector + 32, head->uuid, sizeof head->uuid);
	hf__store_u16(sector + 48, head->epoch);
	hf__store_u32(sector + 52, head->number);
}

struct hf__head hf__head_get(const uint8_t sector[HF__SECTOR])
{
	struct hf__head head = {
	    .format_major = hf__load_u32(sector + 8),
	    .format_minor = hf__load_u32(sector + 12),
	    .compat = hf__load_u32(sector + 16),
	    .ro_compat = hf__load_u32(sector + 20),
	    .incompat = hf__load_u32(sector + 24),
	    .epoch = hf__load_u16(sector + 48),
	    .number = hf__load_u32(sector + 52),
	};
	memcpy(head.uuid, sector + 32, sizeof head.uuid);
	return head;
}

int hf__head_check(const struct hf__head *head)
{
	if (head->format_major == 0)
		return HF_ECORRUPT;
	/* A newer minor version only adds what the masks allow to ignore. ro_compat bits are the
	 * opener's to judge: they forbid writing. */
	/* Major 1 was never released; nothing reads it. */
	bool newer = head->format_major != HF__FORMAT_MAJOR ||
	             (head->incompat & ~HF__FEATURE_INCOMPAT_KNOWN) != 0;
	return newer ? HF_EVERSION : HF_OK;
}
